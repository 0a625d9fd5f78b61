"""Key files: one signing key of an agency, sealed under one person's passphrase.

Rules:

- Root and registrars' keys live in files of their own, so that they can be carried offline and so
  that one passphrase never opens two persons' keys.
- A key file is written once and never over another.

Source: docs/spec/vault.md §key files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Realm, Secret, Tag, frame
from secure_liaison.crypto.passphrase import Cost, open_slot, seal_slot
from secure_liaison.crypto.payload import open_sealed, seal_whole
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import OutOfOrderError
from secure_liaison.vault.folder import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_key_file", "write_key_file"]

_TAG: Final = Tag("secure_liaison/draft-0/key-file")
_VERSIONS: Final = frozenset({0})
_MAX_BYTES: Final = 4096


def write_key_file(
    path: Path, key: SigningKey, passphrase: str, *, realm: Realm, cost: Cost
) -> None:
    """Write a key, mode 0600.

    Raises:
        OutOfOrderError: ``key-file-exists``.
        VaultError: the disk's reasons; then nothing was written.
    """
    sealing = Secret.generate()
    slot = seal_slot(passphrase, sealing, cost=cost)
    sealed = seal_whole(sealing, key.seed(), context=frame(_TAG, realm, slot))
    data = encode({0: 0, 1: realm.octets, 2: slot, 3: sealed})
    if path.exists():
        raise OutOfOrderError("key-file-exists")
    write_atomically(path, data)


def read_key_file(path: Path, passphrase: str) -> SigningKey:
    """Open a key file.

    Raises:
        OutOfOrderError: ``key-file-missing``.
        FormatError: the file is malformed.
        WrongPassphraseError: ``no-slot``.
        TamperedError: ``payload``.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as exc:
        raise OutOfOrderError("key-file-missing") from exc
    fields = decode_fields(data, max_bytes=_MAX_BYTES)
    fields.version(0, supported=_VERSIONS)
    realm = Realm(fields.octets(1, size=32))
    slot = fields.octets(2)
    sealed = fields.octets(3)
    fields.done()
    opened = open_sealed(open_slot(passphrase, slot), sealed, context=frame(_TAG, realm, slot))
    return SigningKey(opened)
