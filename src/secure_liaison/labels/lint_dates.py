"""Findings about dates: of the version, of what it replaces, of memberships in groups.

Source: docs/spec/labels.md §5, §9.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import from_iso
from secure_liaison.labels.finding import Finding, FindingCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.labels.policy import Group, PolicyPack

__all__ = ["lint_dates"]

_VERSIONED: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}@([0-9]{4}-[0-9]{2}-[0-9]{2})")


def lint_dates(pack: PolicyPack) -> Iterator[Finding]:
    """Yield days that do not exist and dates out of order."""
    written = (
        ("version", pack.version),
        ("valid.from", pack.valid_from),
        ("valid.to", pack.valid_to),
    )
    for place, day in written:
        if day and not _exists(day):
            yield Finding(code=FindingCode.DATE_UNKNOWN, place=place, names=(day,))
    if pack.valid_to and pack.valid_to <= pack.valid_from:
        yield Finding(
            code=FindingCode.DATES_REVERSED,
            place="valid",
            names=(pack.valid_from, pack.valid_to),
        )
    if pack.supersedes:
        found = _VERSIONED.fullmatch(pack.supersedes)
        # Another id is allowed: one order may replace another under a new name.
        if found is None or not _exists(found[1]) or found[1] >= pack.version:
            yield Finding(code=FindingCode.SUPERSEDES, place="supersedes", names=(pack.supersedes,))
    for group in pack.groups:
        yield from _memberships(group)


def _memberships(group: Group) -> Iterator[Finding]:
    place = f"groups.{group.id}.members"
    for member in group.members:
        for day in (member.joined, member.left):
            if day and not _exists(day):
                yield Finding(code=FindingCode.DATE_UNKNOWN, place=place, names=(day,))
        if member.left and member.left <= member.joined:
            yield Finding(
                code=FindingCode.DATES_REVERSED, place=place, names=(member.joined, member.left)
            )
    spans = sorted((each.leaf, each.joined, each.left) for each in group.members)
    for (leaf, _, left), (other, joined, _) in pairwise(spans):
        if leaf == other and (not left or joined < left):
            yield Finding(code=FindingCode.MEMBERSHIP_OVERLAP, place=place, names=(leaf, joined))


def _exists(day: str) -> bool:
    try:
        from_iso(day)
    except ValueError:
        return False
    return True
