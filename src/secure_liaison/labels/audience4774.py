"""An audience said in permissive categories: an AND of any-of groups, one group to each category.

Rules:

- Readers of 4774 ask for one value of every permissive category that is there, and nothing for one
  that is not. So each group must stand in a category of its own, and a group left out would let
  everybody in.
- Home is said by a home category (a NATO context). With a widening category beside it, the context
  also holds the flag `RELEASABLE`: home reads by the one, those released to by the other.
- A pack without a home category says home among the values of its widening category.
- Two groups that share a category are said as what both have. That keeps readers out and lets
  nobody in; it is reported.
- What the pack's categories have no word for is refused, unless the caller chooses otherwise
  (`Unsayable`); no choice lets more people read.

Source: docs/spec/stanag4774.md §5; labels report §0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience, undated
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.release import home_leaves
from secure_liaison.labels.wording import Words, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.labels.policy import Category, PolicyPack
    from secure_liaison.labels.wording import Group, Loss, Wording

__all__ = ["RELEASABLE", "SaidAudience", "Unsayable", "hear_audience", "say_audience"]

RELEASABLE: Final = "Releasable"
"""The value of a home category that says: read on in the widening category."""


class Unsayable(Enum):
    """What to do with a group that the pack's categories have no word for."""

    REFUSE = "refuse"
    NARROW = "narrow"
    """Leave out of the group what has no word: fewer read."""
    CARRY = "carry"
    """A category of our own: exact for readers who know it, nobody for all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidAudience:
    """An audience by categories.

    Attributes:
        values: Leaves by the id of the permissive category that says them; one without leaves is a
            home category that holds the flag alone.
        flagged: Whether home categories hold `RELEASABLE`.
        carried: Groups in categories of our own.
        narrowed: What was lost.
    """

    values: Mapping[str, Group]
    flagged: bool = False
    carried: tuple[Group, ...] = ()
    narrowed: tuple[Loss, ...] = ()


def say_audience(
    audience: Audience, pack: PolicyPack, owner: str, *, unsayable: Unsayable = Unsayable.REFUSE
) -> SaidAudience:
    """Return an audience in the pack's permissive categories, never a wider one.

    Raises:
        FormatError: ``label4774-audience`` (no words for a group), ``label4774-nobody`` (what could
            be said would be nobody).
    """
    words = _words(pack, owner)
    if frozenset() in audience.groups:
        raise FormatError("label4774-nobody")
    if unsayable is Unsayable.REFUSE and not all(map(words.know, audience.groups)):
        raise FormatError("label4774-audience")
    carry = unsayable is Unsayable.CARRY
    way = word(audience.groups, words, keep_whole=carry)
    if way.unsaid and not carry:
        raise FormatError("label4774-nobody")
    return _said(way, words)


def hear_audience(said: SaidAudience, pack: PolicyPack, *, home: str) -> Audience:
    """Return what categories say, with the same days.

    Args:
        said: The permissive categories that are there, each with its leaves.
        pack: The pack that they are of.
        home: Leaf of home where no category names it.

    Raises:
        FormatError: ``label4774-releasable`` (flag and widening category do not stand together),
            ``label-marking-count`` (nothing is said where a home category must be).
    """
    widened = [each for each in _widening(pack) if each.id in said.values]
    if _naming(pack):
        homes = [said.values[each.id] for each in _naming(pack) if each.id in said.values]
        if said.flagged is not bool(widened):
            raise FormatError("label4774-releasable")
        more = [said.values[each.id] for each in widened] or [frozenset()]
        groups = [own | other for own in homes for other in more]
    else:
        # A category that has a word for home means home only where it says so.
        known = [undated(home) in {value.leaf for value in each.values} for each in widened]
        groups = [
            said.values[each.id] | (frozenset() if says else {home})
            for each, says in zip(widened, known, strict=True)
        ] or [frozenset({home})]
    groups += [said.values[each.id] for each in _narrowing(pack) if each.id in said.values]
    groups += said.carried
    if not groups:
        # Nothing said would be the public; a policy with home categories has no such label.
        raise FormatError("label-marking-count", category=_naming(pack)[0].id)
    return Audience.of(*groups)


def _words(pack: PolicyPack, owner: str) -> Words:
    leaves = pack.index.categories.leaves
    return Words(
        home=home_leaves(pack, owner),
        naming={each.id: leaves[each.id] for each in _naming(pack)},
        widening={each.id: leaves[each.id] for each in _widening(pack)},
        narrowing={each.id: leaves[each.id] for each in _narrowing(pack)},
        home_needed=False,
    )


def _said(way: Wording, words: Words) -> SaidAudience:
    values = {**way.wide, **way.narrow}
    flagged = bool(words.naming and way.wide)
    homes = way.homes or frozenset()
    bare = {undated(leaf) for leaf in homes}
    own = next((name for name, known in words.naming.items() if bare & known), "")
    if own or flagged:
        values[own or next(iter(words.naming))] = homes
    return SaidAudience(values=values, flagged=flagged, carried=way.unsaid, narrowed=way.losses)


def _naming(pack: PolicyPack) -> list[Category]:
    return [each for each in pack.categories if each.home]


def _widening(pack: PolicyPack) -> list[Category]:
    return [each for each in pack.categories if each.kind is CategoryKind.WIDEN]


def _narrowing(pack: PolicyPack) -> list[Category]:
    return [each for each in pack.categories if each.kind is CategoryKind.NARROW and not each.home]
