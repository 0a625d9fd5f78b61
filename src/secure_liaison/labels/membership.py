"""Which groups a reader belongs to, on the day that the label names.

Rules:

- The day is that of the leaf (``group:KFOR@2026-03-01``), never today: information made before a
  nation joined does not go to it; one that left later may read what was made while it was in.
- Where the pack lists members, the pack decides, and what a clearance states does not count; where
  it lists none, the clearance must state exactly that leaf.
- Groups hold nations, agencies and officers, no groups.

Source: docs/spec/labels.md §13; labels report §0.6.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from secure_liaison.labels.audience import Audience
    from secure_liaison.labels.policy import Membership, PolicyPack

__all__ = ["groups_held", "is_member", "meets", "members_listed", "permitted"]

_REMEMBERED: Final = 4096
_GROUP: Final = "group:"


def permitted(audience: Audience, memberships: frozenset[str], pack: PolicyPack) -> bool:
    """Whether a reader with these leaves meets every group of an audience."""
    return all(meets(group, memberships, pack) for group in audience.groups)


def meets(group: frozenset[str], memberships: frozenset[str], pack: PolicyPack) -> bool:
    """Whether a reader with these leaves meets one any-of group."""
    if not pack.index.members:
        return not group.isdisjoint(memberships)
    return not _reaching(group, pack).isdisjoint(memberships)


def groups_held(
    leaves: frozenset[str], memberships: frozenset[str], pack: PolicyPack
) -> frozenset[str]:
    """Return those of the group leaves that a reader holds."""
    return frozenset(
        leaf
        for leaf in leaves
        if leaf.startswith(_GROUP) and meets(frozenset({leaf}), memberships, pack)
    )


def is_member(member: Membership, day: str) -> bool:
    """Whether a membership holds on a day, ``YYYY-MM-DD``."""
    return member.joined <= day and (not member.left or day < member.left)


def members_listed(leaf: str, pack: PolicyPack) -> tuple[Membership, ...]:
    """Return every membership, of whatever time, that the pack lists for a group's leaf."""
    return pack.index.members.get(leaf.removeprefix(_GROUP).partition("@")[0], ())


@lru_cache(maxsize=_REMEMBERED)
def _reaching(group: frozenset[str], pack: PolicyPack) -> frozenset[str]:
    # The leaves of which a reader must hold one: a listed group is replaced by its members.
    reaching: set[str] = set()
    for leaf in group:
        listed = members_listed(leaf, pack) if leaf.startswith(_GROUP) else ()
        if listed:
            day = leaf.partition("@")[2]
            reaching |= {member.leaf for member in listed if is_member(member, day)}
        else:
            reaching.add(leaf)
    return frozenset(reaching)
