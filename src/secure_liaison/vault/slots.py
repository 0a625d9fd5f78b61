"""``vault.keys``: the random key of the database, once per way to open it.

Rules:

- Two slots: the passphrase's, and one reserved for recovery (``null`` until recovery exists).
- A checksum tells a damaged key file from a wrong passphrase; it protects nothing else.
- A new passphrase replaces the whole file at once and leaves the key and the recovery slot alone.
- Passphrases are compared in NFC, so one keyboard's accents equal another's.

Source: docs/spec/vault.md §2; RFC 9106; RFC 8265 §4.2.2 (normalisation).
"""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import (
    DIGEST_SIZE,
    Digest,
    Realm,
    Secret,
    Tag,
    tagged_hash,
)
from secure_liaison.crypto.passphrase import DESK_COST, Cost, open_slot, seal_slot
from secure_liaison.encoding import Fields, decode_fields, encode
from secure_liaison.errors import (
    FormatError,
    UnsupportedVersionError,
    VaultDamagedError,
    VaultError,
    VaultTooNewError,
)
from secure_liaison.vault.folder import FolderLock, storage_errors, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KEY_FILE", "LOCK_FILE", "change_passphrase", "open_key", "write_slots"]

KEY_FILE: Final = "vault.keys"
LOCK_FILE: Final = "vault.lock"

_CHECKSUM: Final = Tag("secure_liaison/draft-0/vault-key-file")
_NO_REALM: Final = Realm(bytes(32))
_VERSION: Final = frozenset({0})
_SLOTS: Final = 2
_MAX_SLOT_BYTES: Final = 512
_MAX_FILE_BYTES: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slots:
    passphrase: bytes
    recovery: bytes | None


def write_slots(folder: Path, passphrase: str, key: Secret, *, cost: Cost) -> None:
    """Write a key file with a passphrase slot and an empty recovery slot.

    Raises:
        VaultError: ``passphrase-empty``, or the disk's reasons.
    """
    _write(folder, _Slots(passphrase=_seal(passphrase, key, cost), recovery=None))


def open_key(folder: Path, passphrase: str) -> Secret:
    """Return the database's key, 32 bytes.

    Raises:
        VaultError: ``not-found`` (no key file), or the disk's reasons.
        VaultTooNewError: ``key-file``.
        VaultDamagedError: ``key-file``.
        WrongPassphraseError: ``no-slot``.
    """
    return _open(_read(folder), passphrase)


def change_passphrase(folder: Path, old: str, new: str, *, cost: Cost = DESK_COST) -> None:
    """Replace the passphrase of a vault that no process has open.

    The key stays the same: who has copied the old key file can still open it with the old
    passphrase.

    Raises:
        VaultError: ``not-found``, ``passphrase-empty``, or the disk's reasons.
        VaultLockedError: ``second-process``.
        VaultTooNewError: ``key-file``.
        VaultDamagedError: ``key-file``.
        WrongPassphraseError: ``no-slot``.
    """
    if not (folder / KEY_FILE).exists():
        raise VaultError("not-found")
    lock = FolderLock(folder / LOCK_FILE)
    try:
        slots = _read(folder)
        key = _open(slots, old)
        _write(folder, _Slots(passphrase=_seal(new, key, cost), recovery=slots.recovery))
    finally:
        lock.release()


def _seal(passphrase: str, key: Secret, cost: Cost) -> bytes:
    if not passphrase:
        raise VaultError("passphrase-empty")
    return seal_slot(unicodedata.normalize("NFC", passphrase), key, cost=cost)


def _open(slots: _Slots, passphrase: str) -> Secret:
    try:
        return open_slot(unicodedata.normalize("NFC", passphrase), slots.passphrase)
    except UnsupportedVersionError as exc:
        raise VaultTooNewError("key-file") from exc
    except FormatError as exc:
        raise VaultDamagedError("key-file") from exc


def _write(folder: Path, slots: _Slots) -> None:
    write_atomically(folder / KEY_FILE, encode({0: 0, 1: _listed(slots), 2: _checksum(slots)}))


def _read(folder: Path) -> _Slots:
    with storage_errors():
        try:
            octets = (folder / KEY_FILE).read_bytes()
        except FileNotFoundError as exc:
            raise VaultError("not-found") from exc
    try:
        return _parse(octets)
    except UnsupportedVersionError as exc:
        raise VaultTooNewError("key-file") from exc
    except FormatError as exc:
        raise VaultDamagedError("key-file") from exc


def _parse(octets: bytes) -> _Slots:
    fields = decode_fields(octets, max_bytes=_MAX_FILE_BYTES)
    fields.version(0, supported=_VERSION)
    listed = fields.items(1, max_items=_SLOTS)
    checksum = fields.octets(2, size=DIGEST_SIZE)
    fields.done()
    numbered = Fields(dict(enumerate(listed)))
    passphrase = numbered.octets(0, max_size=_MAX_SLOT_BYTES)
    recovery = None if numbered.is_null(1) else numbered.octets(1, max_size=_MAX_SLOT_BYTES)
    slots = _Slots(passphrase=passphrase, recovery=recovery)
    if not hmac.compare_digest(checksum, _checksum(slots)):
        raise VaultDamagedError("key-file")
    return slots


def _listed(slots: _Slots) -> list[bytes | None]:
    return [slots.passphrase, slots.recovery]


def _checksum(slots: _Slots) -> Digest:
    return tagged_hash(_CHECKSUM, _NO_REALM, _listed(slots))
