"""``vault.keys``: a damaged file is never taken for a wrong passphrase."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NoReturn

import pytest

from secure_liaison.crypto.keys import Secret, tagged_hash
from secure_liaison.crypto.passphrase import TEST_COST, seal_slot
from secure_liaison.encoding import Value, decode, encode
from secure_liaison.errors import (
    VaultDamagedError,
    VaultError,
    VaultTooNewError,
    WrongPassphraseError,
)
from secure_liaison.vault import slots
from secure_liaison.vault.slots import change_passphrase, open_key, write_slots
from secure_liaison.vault.store import create_vault, open_vault

if TYPE_CHECKING:
    from pathlib import Path

KEY = Secret(bytes(range(32)))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_slots(tmp_path, "old", KEY, cost=TEST_COST)
    return tmp_path


def rewrite(place: Path, listed: list[Value], *, version: int = 0) -> None:
    checksum = tagged_hash(slots._CHECKSUM, slots._NO_REALM, listed)
    (place / "vault.keys").write_bytes(encode({0: version, 1: listed, 2: checksum}))


def test_the_passphrase_gives_the_key_back(place: Path) -> None:
    assert open_key(place, "old") == KEY


def test_the_recovery_slot_is_reserved_and_empty(place: Path) -> None:
    fields = decode((place / "vault.keys").read_bytes(), max_bytes=4096)
    assert isinstance(fields, dict)
    assert list(fields) == [0, 1, 2]
    assert fields[0] == 0
    assert isinstance(fields[1], list)
    assert [type(slot) for slot in fields[1]] == [bytes, type(None)]


def test_the_key_does_not_stand_in_the_file(place: Path) -> None:
    assert KEY.reveal() not in (place / "vault.keys").read_bytes()


def test_every_flipped_byte_is_damage_or_a_newer_version(place: Path) -> None:
    path = place / "vault.keys"
    whole = path.read_bytes()
    for position in range(len(whole)):
        octets = bytearray(whole)
        octets[position] ^= 1
        path.write_bytes(octets)
        with pytest.raises((VaultDamagedError, VaultTooNewError), match="key-file"):
            open_key(place, "old")
        assert path.read_bytes() == octets


def test_every_truncation_is_damage(place: Path) -> None:
    path = place / "vault.keys"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(VaultDamagedError, match="key-file"):
            open_key(place, "old")


@pytest.mark.parametrize("listed", [[], [b"x"], [None, None], [b"not a slot", None], [1, None]])
def test_slots_of_another_form_are_damage(place: Path, listed: list[Value]) -> None:
    rewrite(place, listed)
    with pytest.raises(VaultDamagedError, match="key-file"):
        open_key(place, "old")


def test_a_newer_key_file_is_too_new(place: Path) -> None:
    rewrite(place, [seal_slot("old", KEY, cost=TEST_COST), None], version=1)
    with pytest.raises(VaultTooNewError, match="key-file"):
        open_key(place, "old")


def test_a_newer_slot_is_too_new(place: Path) -> None:
    slot = decode(seal_slot("old", KEY, cost=TEST_COST), max_bytes=512)
    assert isinstance(slot, dict)
    rewrite(place, [encode({**slot, 0: 1}), None])
    with pytest.raises(VaultTooNewError, match="key-file"):
        open_key(place, "old")


def test_the_new_passphrase_opens_and_the_old_one_no_longer(folder: Path) -> None:
    create_vault(folder, "old", cost=TEST_COST).close()
    change_passphrase(folder, "old", "new", cost=TEST_COST)
    open_vault(folder, "new").close()
    with pytest.raises(WrongPassphraseError):
        open_vault(folder, "old")


def test_a_new_passphrase_leaves_the_recovery_slot_alone(place: Path) -> None:
    recovery = seal_slot("recovery words", KEY, cost=TEST_COST)
    rewrite(place, [seal_slot("old", KEY, cost=TEST_COST), recovery])
    change_passphrase(place, "old", "new", cost=TEST_COST)
    assert slots._read(place).recovery == recovery
    assert open_key(place, "new") == KEY


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("wrong", "new", WrongPassphraseError), ("old", "", VaultError)],
)
def test_a_refused_change_leaves_the_file_as_it_is(
    place: Path, old: str, new: str, expected: type[VaultError]
) -> None:
    before = (place / "vault.keys").read_bytes()
    with pytest.raises(expected):
        change_passphrase(place, old, new, cost=TEST_COST)
    assert (place / "vault.keys").read_bytes() == before


def test_a_full_disk_leaves_the_old_passphrase_in_force(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "full")

    before = (place / "vault.keys").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("secure_liaison.vault.folder.os.fsync", full)
        with pytest.raises(VaultError, match="disk-full"):
            change_passphrase(place, "old", "new", cost=TEST_COST)
    assert (place / "vault.keys").read_bytes() == before
    assert sorted(path.name for path in place.iterdir()) == ["vault.keys", "vault.lock"]


def test_a_missing_key_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="not-found"):
        open_key(tmp_path, "old")
    with pytest.raises(VaultError, match="not-found"):
        change_passphrase(tmp_path, "old", "new", cost=TEST_COST)
