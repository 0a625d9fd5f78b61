"""Who may get a label and who may not, and why: group by group, leaf by leaf.

Rules:

- The answer is that of `may_read`'s audience part; this only says how it comes about.
- Membership is judged on the day of the leaf; a member that joined later or left before is told
  with the day.

Source: docs/spec/labels.md §13; labels report §6 (releasability).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from secure_liaison.labels.membership import is_member, meets, members_listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["GroupFinding", "LeafFinding", "LeafStanding", "Releasability", "releasability"]


class LeafStanding(Enum):
    """How a reader stands to one leaf."""

    HELD = "held"
    OTHER = "other"
    """Another agency, officer or nation."""
    NOT_MEMBER = "not-member"
    JOINED_LATER = "joined-later"
    LEFT_BEFORE = "left-before"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafFinding:
    """One leaf of a group.

    Attributes:
        day: ``YYYY-MM-DD`` of joining or leaving, where that decides; else empty.
    """

    leaf: str
    standing: LeafStanding
    day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFinding:
    """One group of the audience: met by one leaf that is held.

    Attributes:
        leaves: Ascending.
    """

    met: bool
    leaves: tuple[LeafFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Releasability:
    """Whether one reader stands in the audience: every group must be met.

    Attributes:
        groups: In the order in which a label writes them.
    """

    reader: str
    releasable: bool
    groups: tuple[GroupFinding, ...]


def releasability(
    label: Label, pack: PolicyPack, readers: Mapping[str, frozenset[str]]
) -> tuple[Releasability, ...]:
    """Return the answer for every reader, in the order given.

    Args:
        label: Of this pack.
        pack: Judges memberships.
        readers: By a name for display: the leaves of a person, or of a nation alone.
    """
    return tuple(_of_reader(label, pack, name, leaves) for name, leaves in readers.items())


def _of_reader(
    label: Label, pack: PolicyPack, name: str, memberships: frozenset[str]
) -> Releasability:
    groups = tuple(
        GroupFinding(
            met=meets(frozenset(group), memberships, pack),
            leaves=tuple(_of_leaf(leaf, memberships, pack) for leaf in group),
        )
        for group in label.audience.to_lists()
    )
    return Releasability(reader=name, releasable=all(each.met for each in groups), groups=groups)


def _of_leaf(leaf: str, memberships: frozenset[str], pack: PolicyPack) -> LeafFinding:
    if meets(frozenset({leaf}), memberships, pack):
        return LeafFinding(leaf=leaf, standing=LeafStanding.HELD)
    if not leaf.startswith("group:"):
        return LeafFinding(leaf=leaf, standing=LeafStanding.OTHER)
    day = leaf.partition("@")[2]
    mine = [each for each in members_listed(leaf, pack) if each.leaf in memberships]
    left = [each.left for each in mine if each.joined <= day and not is_member(each, day)]
    if left:
        return LeafFinding(leaf=leaf, standing=LeafStanding.LEFT_BEFORE, day=max(left))
    if mine:
        first = min(each.joined for each in mine)
        return LeafFinding(leaf=leaf, standing=LeafStanding.JOINED_LATER, day=first)
    return LeafFinding(leaf=leaf, standing=LeafStanding.NOT_MEMBER)
