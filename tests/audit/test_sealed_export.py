from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.audit.sealed_export import ExportOpener, ExportSealer
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import Realm, Secret
from secure_liaison.encoding import encode
from secure_liaison.errors import (
    FormatError,
    LiaisonError,
    NotAddressedError,
    TamperedError,
    UnsupportedVersionError,
)
from tests.audit.desk import OTHER_REALM, REALM, Desk, read

SECURITY = KemPrivateKey(Secret(b"\x11" * 32))
AUDITOR = KemPrivateKey(Secret(b"\x12" * 32))
STRANGER = KemPrivateKey(Secret(b"\x13" * 32))


def sealed(data: bytes, *keys: KemPrivateKey) -> bytes:
    out = io.BytesIO()
    sealer = ExportSealer(out, office_keys=[key.public_key for key in keys], realm=REALM)
    sealer.write(data)
    sealer.finish()
    return out.getvalue()


def opened(data: bytes, key: KemPrivateKey, realm: Realm = REALM) -> bytes:
    return io.BufferedReader(ExportOpener(io.BytesIO(data), key=key, realm=realm)).read()


SMALL = sealed(b"what happened", SECURITY, AUDITOR)


@pytest.mark.parametrize("key", [SECURITY, AUDITOR])
def test_each_office_key_opens_an_export_and_it_verifies(key: KemPrivateKey) -> None:
    export = Desk().write(3).export()
    assert read(opened(sealed(export, SECURITY, AUDITOR), key)).summary.count == 3


@pytest.mark.parametrize("size", [0, 1, 65_536, 200_001])
def test_any_size_comes_back(size: int) -> None:
    data = bytes(size)
    assert data == opened(sealed(data, SECURITY), SECURITY)


def test_a_stranger_does_not_open_it() -> None:
    with pytest.raises(NotAddressedError) as caught:
        opened(SMALL, STRANGER)
    assert "other-office" == caught.value.reason


def test_another_realm_does_not_open_it() -> None:
    with pytest.raises(NotAddressedError):
        opened(SMALL, SECURITY, OTHER_REALM)


def test_nothing_readable_stands_in_it() -> None:
    assert b"what happened" not in SMALL


@given(
    position=st.integers(min_value=0, max_value=len(SMALL) - 1),
    mask=st.integers(min_value=1, max_value=255),
)
def test_any_flipped_byte_is_found(position: int, mask: int) -> None:
    flipped = bytearray(SMALL)
    flipped[position] ^= mask
    with pytest.raises(LiaisonError):
        opened(bytes(flipped), SECURITY)


@given(length=st.integers(min_value=0, max_value=len(SMALL) - 1))
def test_any_cut_is_found(length: int) -> None:
    with pytest.raises((FormatError, TamperedError)):
        opened(SMALL[:length], SECURITY)


def test_something_appended_is_found() -> None:
    with pytest.raises(TamperedError):
        opened(SMALL + b"\x00", SECURITY)


@pytest.mark.parametrize("keys", [[], [SECURITY, SECURITY], [SECURITY] * 33])
def test_an_export_is_sealed_to_different_keys_and_not_too_many(keys: list[KemPrivateKey]) -> None:
    with pytest.raises(ValueError, match="different keys"):
        sealed(b"", *keys)


@pytest.mark.parametrize(
    ("head", "error"),
    [
        (encode({0: 1}), UnsupportedVersionError),
        (encode({0: 0, 1: bytes(32), 2: [[bytes(32), b"short"]]}), FormatError),
        (encode({0: 0, 1: bytes(32), 2: ["x"]}), FormatError),
        (encode({0: 0, 1: bytes(32), 2: [], 3: 0}), FormatError),
    ],
)
def test_a_malformed_head_is_refused(head: bytes, error: type[FormatError]) -> None:
    with pytest.raises(error):
        opened(len(head).to_bytes(4, "big") + head, SECURITY)


def test_an_endless_head_is_not_read() -> None:
    with pytest.raises(FormatError) as caught:
        opened(b"\xff" * 100, SECURITY)
    assert "sealed-export-head" == caught.value.reason
