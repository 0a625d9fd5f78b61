"""A rendition (tearline): of an object in portions, what one reader may have, and nothing else.

Rules:

- Whole portions only, each matching its digest; nothing is rewritten and nothing is cut.
- Of a portion that is left out there is no octet, no digest, no place and no count: two objects
  that differ only in such portions have equal renditions.

Source: docs/spec/labels.md §15; labels report §6 (tearline).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.labels.protection import at_least, protection_of_all, readable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.portions import Portion
    from secure_liaison.labels.protection import Protection

__all__ = ["Piece", "Rendition", "rendition_for_reader", "rendition_under"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A portion and its octets.

    Raises:
        TamperedError: ``portion-changed``.
    """

    portion: Portion
    octets: bytes

    def __post_init__(self) -> None:
        self.portion.require(self.octets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """What one reader gets.

    Attributes:
        pieces: In the order of the object.
        protection: What they protect together; nothing if there are none.
    """

    pieces: tuple[Piece, ...]
    protection: Protection | None


def rendition_for_reader(
    pieces: Iterable[Piece],
    pack: PolicyPack,
    *,
    clearance_rank: int,
    memberships: frozenset[str],
) -> Rendition:
    """Return what a reader may read; the arguments as `lattice.may_read`.

    Raises:
        FormatError: ``label-level-unknown``, ``label-audience-size``.
    """
    return _made(
        (
            piece
            for piece in pieces
            if readable(
                piece.portion.label, pack, clearance_rank=clearance_rank, memberships=memberships
            )
        ),
        pack,
    )


def rendition_under(label: Label, pieces: Iterable[Piece], pack: PolicyPack) -> Rendition:
    """Return what may stand in a new object under this label: portions that it dominates.

    Raises:
        FormatError: ``label-level-unknown``, ``label-audience-size``.
    """
    return _made((piece for piece in pieces if at_least(label, piece.portion.label, pack)), pack)


def _made(pieces: Iterable[Piece], pack: PolicyPack) -> Rendition:
    kept = tuple(pieces)
    labels = [piece.portion.label for piece in kept]
    return Rendition(pieces=kept, protection=protection_of_all(labels, pack) if labels else None)
