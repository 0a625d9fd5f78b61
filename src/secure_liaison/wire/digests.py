"""The digests that sender, relay and reader compute alike: ``hh`` and ``D``.

Rules:

- Both live here because the relay must know them without knowing anything of a capsule's inside.
- ``D`` is exactly what the originator signs; claims bytes are not in it.

Source: docs/spec/wire.md §3; docs/spec/capsule.md §digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, Tag, tagged_hash
from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from secure_liaison.crypto.keys import Realm

__all__ = ["header_hash", "object_digest"]

_HEADER_HASH: Final = Tag("secure_liaison/draft-0/header-hash")
_OBJECT_DIGEST: Final = Tag("secure_liaison/draft-0/object-digest")


def header_hash(header: bytes, realm: Realm) -> Digest:
    """Return ``hh``, the hash of a header's encoding in ``realm``, 32 bytes.

    Source: docs/spec/wire.md §3.
    """
    return tagged_hash(_HEADER_HASH, realm, header)


def object_digest(realm: Realm, hh: bytes, payload_root: bytes, stanza_root: bytes) -> Digest:
    """Return ``D`` over header hash and both roots (32 bytes each), 32 bytes.

    Raises:
        FormatError: ``digest-size`` if one of the three is not 32 bytes long.

    Source: docs/spec/wire.md §3.
    """
    if any(len(part) != DIGEST_SIZE for part in (hh, payload_root, stanza_root)):
        raise FormatError("digest-size")
    return tagged_hash(_OBJECT_DIGEST, realm, hh, payload_root, stanza_root)
