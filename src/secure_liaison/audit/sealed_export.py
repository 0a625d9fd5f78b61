"""An export sealed to the office: only the own agency's security officers and auditors open it.

Rules:

- One random share, sealed to each office key; from it the one key of the stream.
- Whatever was opened counts only after `open_export` has returned: a cut shows at the end.
- Sealing hides; that the content is true is shown by the export's own signatures alone.

Source: docs/spec/audit.md §8; RFC 9180; c2sp.org/chunked-encryption (Cobblestone-256).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.crypto.hpke import OVERHEAD
from secure_liaison.crypto.keys import (
    DIGEST_SIZE,
    SECRET_SIZE,
    Secret,
    Tag,
    derive,
    frame,
    random_bytes,
    tagged_hash,
)
from secure_liaison.crypto.payload import PayloadOpener, PayloadSealer
from secure_liaison.encoding import Fields, decode_fields, encode
from secure_liaison.errors import FormatError, NotAddressedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.hpke import KemPrivateKey, KemPublicKey
    from secure_liaison.crypto.keys import Realm

__all__ = ["MAX_OFFICE_KEYS", "open_export", "seal_export"]

MAX_OFFICE_KEYS: Final = 32
_VERSION: Final = frozenset({0})
_SALT_SIZE: Final = 32
_LENGTH_SIZE: Final = 4
_MAX_HEAD_BYTES: Final = 64 * 1024
_BLOCK: Final = 64 * 1024
_HEAD: Final = Tag("secure_liaison/draft-0/sealed-export-head")
_STANZA: Final = Tag("secure_liaison/draft-0/sealed-export-stanza")
_STREAM: Final = Tag("secure_liaison/draft-0/sealed-export-stream")


def seal_export(
    source: BinaryIO, sealed: BinaryIO, *, office_keys: Sequence[KemPublicKey], realm: Realm
) -> None:
    """Seal a whole export, in constant memory.

    Args:
        source: The export.
        sealed: Takes the sealed bytes.
        office_keys: 1..32 different keys; each alone opens it.
        realm: The federation.

    Raises:
        ValueError: no key, too many, or one twice.
    """
    key_ids = [key.key_id(realm) for key in office_keys]
    if not 1 <= len(key_ids) <= MAX_OFFICE_KEYS or len(set(key_ids)) != len(key_ids):
        msg = "an export is sealed to 1..32 different keys"
        raise ValueError(msg)
    salt, share = random_bytes(_SALT_SIZE), Secret.generate()
    stanzas = [
        [key_id, key.seal(share.reveal(), info=frame(_STANZA, realm, salt, key_id))]
        for key, key_id in zip(office_keys, key_ids, strict=True)
    ]
    head = encode({0: 0, 1: salt, 2: stanzas})
    sealed.write(len(head).to_bytes(_LENGTH_SIZE, "big") + head)
    bound = tagged_hash(_HEAD, realm, head)
    key = derive(_STREAM, realm, share.reveal(), salt=salt, context=bound)
    stream = PayloadSealer(key, context=bound)
    while block := source.read(_BLOCK):
        sealed.write(stream.update(block))
    sealed.write(stream.finish())


def open_export(sealed: BinaryIO, opened: BinaryIO, *, key: KemPrivateKey, realm: Realm) -> None:
    """Open a sealed export, in constant memory.

    Args:
        sealed: What `seal_export` wrote.
        opened: Takes the export; discard it if this raises.
        key: One of the office's keys.
        realm: The federation.

    Raises:
        FormatError: ``sealed-export-head`` or not one canonical head.
        UnsupportedVersionError: ``unknown-version``.
        NotAddressedError: ``other-office``.
        TamperedError: ``hpke-open``, ``payload``.
    """
    length = int.from_bytes(sealed.read(_LENGTH_SIZE), "big")
    if length > _MAX_HEAD_BYTES:
        raise FormatError("sealed-export-head")
    head = sealed.read(length)
    fields = decode_fields(head, max_bytes=_MAX_HEAD_BYTES)
    fields.version(0, supported=_VERSION)
    salt = fields.octets(1, size=_SALT_SIZE)
    stanzas = _read_stanzas(fields)
    fields.done()
    key_id = key.public_key.key_id(realm)
    if key_id not in stanzas:
        raise NotAddressedError("other-office")
    share = key.open(stanzas[key_id], info=frame(_STANZA, realm, salt, key_id))
    bound = tagged_hash(_HEAD, realm, head)
    stream = PayloadOpener(derive(_STREAM, realm, share, salt=salt, context=bound), context=bound)
    while block := sealed.read(_BLOCK):
        opened.write(stream.update(block))
    opened.write(stream.finish())


def _read_stanzas(fields: Fields) -> dict[bytes, bytes]:
    stanzas: dict[bytes, bytes] = {}
    for item in fields.items(2, max_items=MAX_OFFICE_KEYS):
        match item:
            case [bytes(key_id), bytes(stanza)] if (
                len(key_id) == DIGEST_SIZE and len(stanza) == OVERHEAD + SECRET_SIZE
            ):
                stanzas[key_id] = stanza
            case _:
                raise FormatError("sealed-export-head")
    return stanzas
