"""Key files of root and registrars."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from secure_liaison.crypto.keys import Realm
from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.errors import (
    FormatError,
    LiaisonError,
    OutOfOrderError,
    WrongPassphraseError,
)
from secure_liaison.vault.key_files import read_key_file, write_key_file

if TYPE_CHECKING:
    from pathlib import Path

REALM = Realm(b"r" * 32)
KEY = SigningKey(bytes(range(64)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file under the passphrase ``one two``."""
    path = tmp_path / "registrar-1.key"
    write_key_file(path, KEY, "one two", realm=REALM, cost=TEST_COST)
    return path


def test_key_file_gives_its_key_back(path: Path) -> None:
    assert KEY.seed() == read_key_file(path, "one two").seed()


def test_key_file_is_for_its_owner_only(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_key_file_holds_no_seed_in_the_clear(path: Path) -> None:
    assert KEY.seed()[:16] not in path.read_bytes()


def test_wrong_passphrase_is_one_clear_error(path: Path) -> None:
    with pytest.raises(WrongPassphraseError, match="no-slot"):
        read_key_file(path, "one three")


def test_key_file_is_never_written_over(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(OutOfOrderError, match="key-file-exists"):
        write_key_file(path, SigningKey.generate(), "x", realm=REALM, cost=TEST_COST)
    assert before == path.read_bytes()


def test_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutOfOrderError, match="key-file-missing"):
        read_key_file(tmp_path / "root.key", "one two")


def test_cut_key_file_is_malformed(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FormatError):
        read_key_file(path, "one two")


def test_key_moved_into_another_slot_does_not_open(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "registrar-2.key"
    write_key_file(other, SigningKey.generate(), "one two", realm=REALM, cost=TEST_COST)
    mixed = bytearray(path.read_bytes())
    mixed[-80:] = other.read_bytes()[-80:]
    path.write_bytes(bytes(mixed))
    with pytest.raises(LiaisonError):
        read_key_file(path, "one two")
