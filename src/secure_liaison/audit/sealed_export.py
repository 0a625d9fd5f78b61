"""An export sealed to the office: only the own agency's security officers and auditors open it.

Rules:

- One random share, sealed to each office key; from it the one key of the stream.
- Both ways are streams: a ledger lies nowhere in the clear, not even in a temporary file.
- Whatever was opened counts only after the stream's end was read: a cut shows there.
- Sealing hides; that the content is true is shown by the export's own signatures alone.

Source: docs/spec/audit.md §8; RFC 9180; c2sp.org/chunked-encryption (Cobblestone-256).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, Final

from typing_extensions import Buffer, override

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

    from _typeshed import WriteableBuffer

    from secure_liaison.crypto.hpke import KemPrivateKey, KemPublicKey
    from secure_liaison.crypto.keys import Realm

__all__ = ["MAX_OFFICE_KEYS", "ExportOpener", "ExportSealer"]

MAX_OFFICE_KEYS: Final = 32
_VERSION: Final = frozenset({0})
_SALT_SIZE: Final = 32
_LENGTH_SIZE: Final = 4
_MAX_HEAD_BYTES: Final = 64 * 1024
_BLOCK: Final = 64 * 1024
_HEAD: Final = Tag("secure_liaison/draft-0/sealed-export-head")
_STANZA: Final = Tag("secure_liaison/draft-0/sealed-export-stanza")
_STREAM: Final = Tag("secure_liaison/draft-0/sealed-export-stream")


class ExportSealer(io.RawIOBase):
    """A stream that seals what is written into it; nothing lies anywhere in the clear.

    ``finish`` ends the sealed export; without it, opening fails.
    """

    def __init__(
        self, sealed: BinaryIO, *, office_keys: Sequence[KemPublicKey], realm: Realm
    ) -> None:
        """Write the head.

        Args:
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
        self._sealed = sealed
        self._stream = PayloadSealer(key, context=bound)

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, octets: Buffer, /) -> int:
        piece = memoryview(octets).cast("B")
        self._sealed.write(self._stream.update(piece))
        return len(piece)

    def finish(self) -> None:
        """Write the end."""
        self._sealed.write(self._stream.finish())


class ExportOpener(io.RawIOBase):
    """A stream that opens a sealed export while it is read; what it gave counts only at its end.

    Reading raises `TamperedError` ``payload`` where the sealed bytes were changed, and at the end
    where they were cut.
    """

    def __init__(self, sealed: BinaryIO, *, key: KemPrivateKey, realm: Realm) -> None:
        """Read the head.

        Args:
            sealed: What `ExportSealer` wrote.
            key: One of the office's keys.
            realm: The federation.

        Raises:
            FormatError: ``sealed-export-head`` or not one canonical head.
            UnsupportedVersionError: ``unknown-version``.
            NotAddressedError: ``other-office``.
            TamperedError: ``hpke-open``.
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
        self._sealed = sealed
        self._stream = PayloadOpener(
            derive(_STREAM, realm, share, salt=salt, context=bound), context=bound
        )
        self._ready = b""
        self._ended = False

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: WriteableBuffer, /) -> int:
        while not self._ready and not self._ended:
            block = self._sealed.read(_BLOCK)
            self._ready = self._stream.update(block) if block else self._stream.finish()
            self._ended = not block
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


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
