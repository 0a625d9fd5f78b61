"""Hash trees over SHA-256: roots, inclusion and consistency proofs, roots in constant memory.

Rules:

- Leaves and nodes are hashed under different prefixes; all hashes are 32 bytes.
- Makers of proofs trust their input: a wrong index is a ``ValueError``. Verifiers trust nothing:
  whatever is wrong with a proof, an index or a size is one typed refusal.
- A proof has exactly the length that its index and sizes require; not one hash more.
- A size counts only together with its root, both from one signed checkpoint: a path alone does not
  fix the size of its tree (§4).
- An empty old tree proves nothing, so no consistency proof starts from size 0.

Source: docs/spec/merkle-and-notes.md §1–5; RFC 6962 §2.1; RFC 9162 §2.1.
"""

from __future__ import annotations

from functools import reduce
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from secure_liaison import encoding
from secure_liaison.errors import AuditInconsistentError, TamperedError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "MAX_TREE_SIZE",
    "CompactRange",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root_of",
    "verify_consistency",
    "verify_inclusion",
]

HASH_SIZE: Final = 32
"""Bytes of every leaf hash, node hash and root."""

MAX_TREE_SIZE: Final = 2**63 - 1
"""Most leaves a tree may claim; other readers hold sizes in 64 signed bits."""

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""

_STATE_VERSION: Final = 0
_MAX_STATE_BYTES: Final = 32 + 64 * HASH_SIZE


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ data), 32 bytes.

    Source: RFC 6962 §2.1.
    """
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right), 32 bytes.

    Source: RFC 6962 §2.1.
    """
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes of 32 bytes each; `EMPTY_ROOT` if there are none.

    Raises:
        ValueError: a leaf hash is not 32 bytes long.

    Source: docs/spec/merkle-and-notes.md §2; RFC 6962 §2.1.
    """
    level = _checked(leaf_hashes)
    while len(level) > 1:
        level = _level_above(level)
    return level[0] if level else EMPTY_ROOT


class CompactRange:
    """The root of a growing tree, kept as the roots of its full subtrees: at most 63 hashes.

    Not safe for use by several threads at once.

    Source: docs/spec/merkle-and-notes.md §3.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        """Start with the empty tree."""
        self._size = 0
        self._peaks: list[bytes] = []  # largest subtree first, one for each bit set in the size

    @classmethod
    def from_state(cls, state: bytes) -> CompactRange:
        """Restore what `state` returned.

        The bytes carry no proof: compare `size` and `root` with a signed checkpoint.

        Raises:
            FormatError: not the one canonical encoding, or not one hash for each full subtree.
            UnsupportedVersionError: ``unknown-version``.
        """
        fields = encoding.decode_fields(state, max_bytes=_MAX_STATE_BYTES)
        fields.version(0, supported=frozenset({_STATE_VERSION}))
        restored = cls()
        restored._size = fields.integer(1, high=MAX_TREE_SIZE)
        peaks = fields.octets(2, size=restored._size.bit_count() * HASH_SIZE)
        fields.done()
        restored._peaks = [
            peaks[start : start + HASH_SIZE] for start in range(0, len(peaks), HASH_SIZE)
        ]
        return restored

    @property
    def size(self) -> int:
        """The number of leaves appended so far."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash of 32 bytes at the end.

        Raises:
            ValueError: it is not 32 bytes long, or the tree is full.
        """
        if len(leaf) != HASH_SIZE or self._size == MAX_TREE_SIZE:
            msg = "not a leaf hash of 32 bytes, or the tree is full"
            raise ValueError(msg)
        full = leaf
        size = self._size
        while size & 1:  # the last subtree has a sibling now
            full = node_hash(self._peaks.pop(), full)
            size >>= 1
        self._peaks.append(full)
        self._size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far, 32 bytes."""
        if not self._peaks:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self._peaks))

    def state(self) -> bytes:
        """Return the range as bytes for `from_state`; at most 2,080."""
        return encoding.encode({0: _STATE_VERSION, 1: self._size, 2: b"".join(self._peaks)})


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Return the sibling hashes from leaf ``index`` (from 0) up to the root.

    Raises:
        ValueError: a leaf hash is not 32 bytes long, or there is no such leaf.

    Source: docs/spec/merkle-and-notes.md §4; RFC 6962 §2.1.1.
    """
    level = _checked(leaf_hashes)
    if not 0 <= index < len(level):
        msg = f"no leaf {index} in a tree of {len(level)}"
        raise ValueError(msg)
    proof: list[bytes] = []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):  # the last node of an odd level moves up alone
            proof.append(level[sibling])
        level = _level_above(level)
        index >>= 1
    return proof


def verify_inclusion(
    leaf_hash: bytes,
    *,
    index: int,
    size: int,
    proof: Sequence[bytes],
    root: bytes,
) -> None:
    """Prove that the leaf hash stands at ``index`` (from 0) of the tree with ``size`` and ``root``.

    ``size`` and ``root`` must come from one signed checkpoint.

    Raises:
        TamperedError: ``merkle-inclusion``: any of the five does not fit the others.

    Source: docs/spec/merkle-and-notes.md §4; RFC 9162 §2.1.3.2.
    """
    if not 0 <= index < size <= MAX_TREE_SIZE or not _all_hashes((leaf_hash, root, *proof)):
        raise TamperedError("merkle-inclusion")
    # Below `shared`, the path has a sibling on each level; above it, only to the left.
    shared = (index ^ (size - 1)).bit_length()
    if len(proof) != shared + (index >> shared).bit_count():
        raise TamperedError("merkle-inclusion")
    computed = leaf_hash
    for level, sibling in enumerate(proof):
        if level < shared and not (index >> level) & 1:
            computed = node_hash(computed, sibling)
        else:
            computed = node_hash(sibling, computed)
    if computed != root:
        raise TamperedError("merkle-inclusion")


def consistency_proof(leaf_hashes: Sequence[bytes], old_size: int, new_size: int) -> list[bytes]:
    """Return the hashes proving that the first ``new_size`` leaves extend the first ``old_size``.

    Raises:
        ValueError: a leaf hash is not 32 bytes long, or not 1 ≤ old ≤ new ≤ number of leaves.

    Source: docs/spec/merkle-and-notes.md §5; RFC 6962 §2.1.2.
    """
    leaves = _checked(leaf_hashes)
    if not 1 <= old_size <= new_size <= len(leaves):
        msg = f"no step from {old_size} to {new_size} leaves in a tree of {len(leaves)}"
        raise ValueError(msg)
    return _subproof(leaves[:new_size], old_size, old_root_known=True)


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Prove that the new tree is the old one with leaves added at the end.

    A caller that has seen nothing yet has nothing to compare; it must not call this with size 0.

    Raises:
        AuditInconsistentError: ``merkle-consistency``: any of the five does not fit the others, or
            the old tree is empty.

    Source: docs/spec/merkle-and-notes.md §5; RFC 9162 §2.1.4.2.
    """
    if not 1 <= old_size <= new_size <= MAX_TREE_SIZE or not _all_hashes(
        (old_root, new_root, *proof)
    ):
        raise AuditInconsistentError("merkle-consistency")
    if old_size == new_size:
        if proof or old_root != new_root:
            raise AuditInconsistentError("merkle-consistency")
        return
    # A full old tree is itself the first node of the path, and the proof leaves it out.
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    if not path or _fold(path, old_size, new_size) != (old_root, new_root):
        raise AuditInconsistentError("merkle-consistency")


def _fold(path: list[bytes], old_size: int, new_size: int) -> tuple[bytes, bytes] | None:
    """Return the two roots that the path leads to; none if it is too short or too long.

    The names ``fn``, ``sn``, ``fr``, ``sr`` are those of RFC 9162 §2.1.4.2.
    """
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for step in path[1:]:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            fr, sr = node_hash(step, fr), node_hash(step, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, step)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr) if sn == 0 else None


def _subproof(leaves: list[bytes], old_size: int, *, old_root_known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2; m is ``old_size``, b is ``old_root_known``."""
    if old_size == len(leaves):
        return [] if old_root_known else [root_of(leaves)]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    if old_size <= k:
        left = _subproof(leaves[:k], old_size, old_root_known=old_root_known)
        return [*left, root_of(leaves[k:])]
    right = _subproof(leaves[k:], old_size - k, old_root_known=False)
    return [*right, root_of(leaves[:k])]


def _level_above(level: list[bytes]) -> list[bytes]:
    above = [
        sha256(b"\x01" + left + right).digest()
        for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    if len(level) % 2:
        above.append(level[-1])
    return above


def _all_hashes(hashes: Sequence[bytes]) -> bool:
    return all(len(item) == HASH_SIZE for item in hashes)


def _checked(leaf_hashes: Sequence[bytes]) -> list[bytes]:
    # Hashes of other lengths could be shifted against each other without changing a root.
    if not _all_hashes(leaf_hashes):
        msg = "a leaf hash is not 32 bytes long"
        raise ValueError(msg)
    return list(leaf_hashes)
