"""Content of a case: the subject that the same files always give, whatever their order and names.

Rules:

- A subject is computed from content only, so a label is never carried over to other files.
- Files are read piece by piece; a received object is read from its sealed body into nothing else.

Source: docs/spec/determination.md §10.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Realm, Tag, tagged_hash
from secure_liaison.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.capsule.head import PartEntry

__all__ = ["ContentDigest", "SubjectSink", "subject_from"]

_PIECE: Final = 2**20
_SUBJECT: Final = Tag("secure_liaison/draft-0/case-subject")
_CONTENT: Final = Tag("secure_liaison/draft-0/case-content")


class ContentDigest:
    """The digest of one file, in pieces of 1 MiB however it comes."""

    def __init__(self, realm: Realm) -> None:
        """Begin an empty file."""
        self._realm = realm
        self._rest = bytearray()
        self._digests: list[bytes] = []
        self.size_bytes = 0

    def update(self, octets: bytes) -> None:
        """Take the next bytes."""
        self.size_bytes += len(octets)
        self._rest += octets
        while len(self._rest) >= _PIECE:
            self._digests.append(self._of(bytes(self._rest[:_PIECE])))
            del self._rest[:_PIECE]

    def finish(self) -> bytes:
        """Return the digest, 32 bytes; nothing more is taken after it."""
        if self._rest:
            self._digests.append(self._of(bytes(self._rest)))
            self._rest.clear()
        return tagged_hash(_CONTENT, self._realm, list(self._digests))

    def _of(self, piece: bytes) -> bytes:
        return tagged_hash(_CONTENT, self._realm, piece)


class SubjectSink:
    """A sink of an object's parts that keeps their digests and nothing of them."""

    def __init__(self, realm: Realm) -> None:
        """Keep nothing yet."""
        self._realm = realm
        self._parts: list[ContentDigest] = []

    def begin(self, part: PartEntry) -> None:  # noqa: ARG002  # a name is no content
        """Begin the next part."""
        self._parts.append(ContentDigest(self._realm))

    def write(self, piece: bytes) -> None:
        """Take the next bytes of the part begun last."""
        self._parts[-1].update(piece)

    def commit(self) -> None:
        """Do nothing: there is nothing to publish."""

    def abort(self) -> None:
        """Forget everything."""
        self._parts.clear()

    def subject(self) -> str:
        """Return the subject of the parts that are not empty.

        Raises:
            WorkflowError: ``case-without-content``.
        """
        return subject_from(self._realm, (each.finish() for each in self._parts if each.size_bytes))


def subject_from(realm: Realm, digests: Iterable[bytes]) -> str:
    """Return the subject of files by their digests.

    Raises:
        WorkflowError: ``case-without-content``: there is none.
    """
    found = sorted(digests)
    if not found:
        raise WorkflowError("case-without-content")
    return f"object:{tagged_hash(_SUBJECT, realm, list(found)).hex()}"
