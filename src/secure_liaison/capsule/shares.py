"""Shares of one object, their commitments, and the three keys derived from them.

Rules:

- Every key is bound to ``hh``: nothing of one object opens under another header.
- Each key encrypts one message; claims need the readers' share, head and payload all shares.
- Draw a new `ShareSet` for each object, never for a retry.

Source: docs/spec/capsule.md §4; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import (
    Digest,
    Secret,
    Tag,
    derive,
    frame,
    random_bytes,
    tagged_hash,
)
from secure_liaison.crypto.payload import open_sealed
from secure_liaison.errors import TamperedError

if TYPE_CHECKING:
    from secure_liaison.crypto.keys import Realm
    from secure_liaison.wire.header import ObjectId

__all__ = ["MessageKey", "ObjectKeys", "ShareSet", "capsule_commitment", "share_commitment"]

_SHARE_READER: Final = Tag("secure_liaison/draft-0/capsule-share-reader")
_COMMITMENT: Final = Tag("secure_liaison/draft-0/capsule-commitment")
_CLAIMS_KEY: Final = Tag("secure_liaison/draft-0/capsule-claims-key")
_HEAD_KEY: Final = Tag("secure_liaison/draft-0/capsule-head-key")
_PAYLOAD_KEY: Final = Tag("secure_liaison/draft-0/capsule-payload-key")
_CLAIMS: Final = Tag("secure_liaison/draft-0/capsule-claims")
_HEAD: Final = Tag("secure_liaison/draft-0/capsule-head")
_PAYLOAD: Final = Tag("secure_liaison/draft-0/capsule-payload")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSet:
    """The secrets of one object, drawn before its core is built.

    Attributes:
        share: What every reader gets.
        opening: ``r``, which hides what the header commits to.
        salt: 32 bytes, public.
    """

    share: Secret
    opening: Secret
    salt: bytes

    @classmethod
    def draw(cls) -> ShareSet:
        """Draw the secrets of one new object."""
        return cls(share=Secret.generate(), opening=Secret.generate(), salt=random_bytes(32))

    def commitments(self, object_id: ObjectId, realm: Realm) -> tuple[Digest, ...]:
        """Return what the core's ``commitments`` must be."""
        return (share_commitment(self.share, object_id, realm),)


class MessageKey(Enum):
    """The three messages of an object."""

    CLAIMS = "claims"
    HEAD = "head"
    PAYLOAD = "payload"


_TAGS: Final = {
    MessageKey.CLAIMS: (_CLAIMS_KEY, _CLAIMS),
    MessageKey.HEAD: (_HEAD_KEY, _HEAD),
    MessageKey.PAYLOAD: (_PAYLOAD_KEY, _PAYLOAD),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKeys:
    """Derives the keys of one object, each only when it is needed.

    Attributes:
        share: The readers' share.
        salt: The header's salt, 32 bytes.
        header_hash: ``hh``, 32 bytes.
        realm: The realm.
    """

    share: Secret
    salt: bytes
    header_hash: Digest
    realm: Realm

    def key(self, message: MessageKey) -> Secret:
        """Return the key of one message."""
        tag, _ = _TAGS[message]
        return derive(
            tag,
            self.realm,
            self.share.reveal(),
            salt=self.salt,
            context=self.header_hash,
        )

    def open(self, message: MessageKey, sealed: bytes) -> bytes:
        """Decrypt claims or head, which are short.

        Raises:
            TamperedError: ``capsule-claims`` or ``capsule-head``.
        """
        try:
            return open_sealed(self.key(message), sealed, context=self.context(message))
        except TamperedError as exc:
            head = message is MessageKey.HEAD
            raise TamperedError("capsule-head" if head else "capsule-claims") from exc

    def context(self, message: MessageKey) -> bytes:
        """Return the associated context of one message."""
        _, tag = _TAGS[message]
        return frame(tag, self.realm, self.header_hash)


def share_commitment(share: Secret, object_id: ObjectId, realm: Realm) -> Digest:
    """Return the core's commitment to the readers' share, 32 bytes."""
    return tagged_hash(_SHARE_READER, realm, share.reveal(), object_id)


def capsule_commitment(
    opening: bytes, core_hash: Digest, custody_hash: Digest, *, realm: Realm
) -> Digest:
    """Return the header's commitment to core and custody, 32 bytes; ``opening`` is ``r``."""
    return tagged_hash(_COMMITMENT, realm, opening, core_hash, custody_hash)
