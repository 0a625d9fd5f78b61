"""Who may know: an AND of any-of groups, the one form in which audiences combine exactly.

Rules:

- A reader is permitted when the reader's leaves meet *every* group.
- Joining is the union of the groups; a group that contains another is implied by it and dropped,
  so each audience has one normal form and one encoding.
- An empty group is nobody; no groups at all is the public, valid at a pack's lowest rank only.
- A group's name carries the date at which its membership is judged (``group:KFOR@2026-03-01``).

Source: docs/spec/labels.md §3; DESIGN §4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.encoding import Value

__all__ = ["LEAF_KINDS", "Audience", "dated", "require_leaf", "require_pack_leaf", "undated"]

LEAF_KINDS: Final = frozenset({"agency", "officer", "nation", "group"})
MAX_GROUPS: Final = 64
MAX_LEAVES: Final = 256

_LEAF: Final = re.compile(
    r"(?:agency|officer):[0-9a-f]{2,128}"
    r"|nation:[A-Z]{2,3}"
    r"|group:[A-Z0-9][A-Z0-9.-]{0,63}@[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
)


def require_leaf(text: str) -> str:
    """Return ``text`` if it is an audience leaf.

    Raises:
        FormatError: ``label-audience-leaf``.
    """
    if _LEAF.fullmatch(text) is None:
        raise FormatError("label-audience-leaf")
    return text


def require_pack_leaf(text: str) -> str:
    """Return ``text`` if it is a leaf as packs write it: a group stands without a date there.

    Raises:
        FormatError: ``label-audience-leaf``.
    """
    if text.startswith("group:") and "@" not in text:
        require_leaf(f"{text}@2000-01-01")
        return text
    return require_leaf(text)


def dated(leaf: str, day: str) -> str:
    """Return a pack's leaf as labels write it: a group with the day of its membership."""
    return f"{leaf}@{day}" if leaf.startswith("group:") and "@" not in leaf else leaf


def undated(leaf: str) -> str:
    """Return a leaf as packs write it: a group without its day."""
    return leaf.partition("@")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """An AND of any-of groups of leaves, always in normal form.

    Attributes:
        groups: No group contains another; groups given otherwise are reduced at construction.

    Raises:
        FormatError: ``label-audience-leaf``, ``label-audience-size``.
    """

    groups: frozenset[frozenset[str]]

    def __post_init__(self) -> None:
        for group in self.groups:
            for leaf in group:
                require_leaf(leaf)
        object.__setattr__(self, "groups", _reduced(self.groups))

    @classmethod
    def of(cls, *groups: Iterable[str]) -> Audience:
        """Build from any-of groups; ``of()`` is the public, ``of([])`` is nobody."""
        return cls(groups=frozenset(frozenset(group) for group in groups))

    @classmethod
    def home(cls, leaf: str, *released_to: str) -> Audience:
        """Build ``{home}``, or ``{home and those it is released to}``."""
        return cls.of([leaf, *released_to])

    @property
    def is_public(self) -> bool:
        """Whether everyone is permitted."""
        return not self.groups

    def permits(self, memberships: frozenset[str]) -> bool:
        """Whether a reader with these leaves meets every group."""
        return all(not group.isdisjoint(memberships) for group in self.groups)

    def join(self, other: Audience) -> Audience:
        """Return the audience of those, and only those, whom both permit."""
        return Audience._of_leaves_known(self.groups | other.groups)

    def meet(self, other: Audience) -> Audience:
        """Return the smallest audience within which both lie: all unions of two groups."""
        return Audience._of_leaves_known(
            frozenset(mine | theirs for mine in self.groups for theirs in other.groups)
        )

    @classmethod
    def joined(cls, audiences: Iterable[Audience]) -> Audience:
        """Return the audience of those, and only those, whom all of them permit."""
        return cls._of_leaves_known(frozenset().union(*(each.groups for each in audiences)))

    def narrowed_to(self, leaves: Iterable[str]) -> Audience:
        """Return this audience with one more group to meet."""
        return Audience(groups=self.groups | {frozenset(leaves)})

    def within(self, other: Audience) -> bool:
        """Whether everyone permitted here is permitted by ``other``."""
        return all(any(mine <= theirs for mine in self.groups) for theirs in other.groups)

    @classmethod
    def _of_leaves_known(cls, groups: frozenset[frozenset[str]]) -> Audience:
        # The leaves come from audiences: each was looked at when its own was built.
        made = object.__new__(cls)
        object.__setattr__(made, "groups", _reduced(groups))
        return made

    def to_lists(self) -> list[list[str]]:
        """Return the sorted form that is encoded."""
        return sorted(sorted(group) for group in self.groups)

    @classmethod
    def from_value(cls, value: Value) -> Audience:
        """Read the encoded form.

        Raises:
            FormatError: ``label-audience-form``, ``label-audience-leaf``, ``label-audience-size``,
                ``label-audience-order``.
        """
        groups: list[list[str]] = []
        for group in value if isinstance(value, list) else [None]:
            if not isinstance(group, list):
                raise FormatError("label-audience-form")
            groups.append([leaf for leaf in group if isinstance(leaf, str)])
            if len(groups[-1]) != len(group):
                raise FormatError("label-audience-form")
        audience = cls.of(*groups)
        if audience.to_lists() != value:
            raise FormatError("label-audience-order")
        return audience


def _reduced(groups: frozenset[frozenset[str]]) -> frozenset[frozenset[str]]:
    # From small to large, so that what is kept once is never dropped, and too many end it early.
    kept: list[frozenset[str]] = []
    for group in sorted(groups, key=len):
        if not any(other <= group for other in kept):
            kept.append(group)
            if len(kept) > MAX_GROUPS or len(group) > MAX_LEAVES:
                raise FormatError("label-audience-size", limit=MAX_GROUPS)
    return frozenset(kept)
