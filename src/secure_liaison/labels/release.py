"""Between an audience and the markings that say it: releasable to, only, contexts.

Rules:

- A widening value stands in the group of home; a narrowing value in a group without home; a value
  of a home category (a NATO context) is home itself.
- Which group is said where, `wording` decides; what rules look at and what is said agree. A group
  of which no marking can say anything is named, never dropped in silence.
- Markings always add a group of home. Where no category names it, a list without home is said as a
  release and as the list: who is of home and not on the list is kept out by the list.
- Where a category names home and no group of the audience holds one, none is said: a person must.
- Groups carry the day at which their membership is judged: the day of the label.

Source: docs/spec/labels.md §3, §6; labels report §0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience, dated, undated
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.wording import Words, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from secure_liaison.labels.policy import Category, PolicyPack
    from secure_liaison.labels.wording import Group, Wording

__all__ = ["Release", "audience_of", "home_leaves", "markings_in", "narrowed_to", "release_of"]

_ANY_DAY: Final = "2000-01-01"
_REMEMBERED: Final = 64
_HOME: Final = ""
"""The place of home among those of narrowing categories, which have the category's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """An audience said in markings.

    Attributes:
        markings: ``category:value`` of widening, narrowing and home categories.
        exact: Whether the markings say exactly the audience; otherwise they say a smaller one, and
            of that only what they can.
        unsaid: Groups that no marking of the pack can say; whoever drops them widens.
    """

    markings: frozenset[str]
    exact: bool
    unsaid: tuple[frozenset[str], ...]


def home_leaves(pack: PolicyPack, owner: str) -> frozenset[str]:
    """Return the leaves that are home, without days: of the categories, the pack, or the owner."""
    return pack.index.categories.homes or frozenset({undated(pack.home or owner)})


def markings_in(audience: Audience, pack: PolicyPack, owner: str) -> frozenset[str]:
    """Return every widening, narrowing and home value that is present, for rules to look at.

    Of an audience that markings say exactly, these are the markings; of any other also those that
    stand in a group and are lost when it is said.
    """
    if not pack.index.categories.by_leaf:
        return frozenset()
    way, words = _way(audience, pack, owner)
    here: dict[str, set[str]] = {name: set() for name in (_HOME, *words.narrowing)}
    for place, group in way.placed:
        here[place] |= group
    for place in words.narrowing:
        here[place] |= frozenset().union(*way.unsaid)
    return _markings(here, pack, owner)


def audience_of(markings: Iterable[str], pack: PolicyPack, *, owner: str, day: str) -> Audience:
    """Return the audience that markings say; of other kinds of category nothing is taken.

    Args:
        markings: ``category:value``; unknown values are the caller's to refuse.
        pack: The pack that they are of.
        owner: Leaf of the label's owner: home where the pack names none.
        day: ``YYYY-MM-DD`` at which memberships of groups are judged.

    Raises:
        FormatError: ``label-marking-count``: no home is named where a category must name it.
    """
    present = frozenset(markings)
    homes: set[str] = set()
    widened: set[str] = set()
    naming = [category for category in pack.categories if category.home]
    for category in pack.categories:
        if category.home:
            homes |= _leaves_of(category, present, day)
        elif category.kind is CategoryKind.WIDEN:
            widened |= _leaves_of(category, present, day)
    if not naming:
        homes = {dated(pack.home or owner, day)}
    if not homes:
        raise FormatError("label-marking-count", category=naming[0].id)
    return Audience.of(homes | widened).join(narrowed_to(present, pack, day=day))


def narrowed_to(markings: Iterable[str], pack: PolicyPack, *, day: str) -> Audience:
    """Return what narrowing markings say alone, whatever home is; everybody if there are none.

    Args:
        markings: As for `audience_of`; others are passed over.
        pack: The pack that they are of.
        day: As for `audience_of`.
    """
    present = frozenset(markings)
    groups = (
        _leaves_of(category, present, day)
        for category in pack.categories
        if category.kind is not CategoryKind.WIDEN and not category.home
    )
    return Audience.of(*(group for group in groups if group))


def release_of(audience: Audience, pack: PolicyPack, owner: str) -> Release:
    """Return an audience in the pack's markings, never a wider one in what they say."""
    way, _ = _way(audience, pack, owner)
    at_home = (way.homes or frozenset()).union(*way.wide.values())
    markings = _markings({_HOME: at_home, **way.narrow}, pack, owner)
    return Release(
        markings=markings, exact=_is_said(audience, markings, pack, owner), unsaid=way.unsaid
    )


def _way(audience: Audience, pack: PolicyPack, owner: str) -> tuple[Wording, Words]:
    words = _words(pack, owner)
    # Without their days one group may contain another.
    bare = {frozenset(map(undated, group)) for group in audience.groups}
    return word((each for each in bare if not any(other < each for other in bare)), words), words


@lru_cache(maxsize=_REMEMBERED)
def _words(pack: PolicyPack, owner: str) -> Words:
    home, leaves = home_leaves(pack, owner), pack.index.categories.leaves
    wide: Group = frozenset().union(*(leaves[each.id] for each in _of(pack, CategoryKind.WIDEN)))
    named = bool(pack.index.categories.homes)
    return Words(
        home=home,
        naming={_HOME: home} if named else {},
        widening={_HOME: wide if named else wide | home},
        narrowing={each.id: leaves[each.id] for each in _of(pack, CategoryKind.NARROW)},
        home_needed=True,
    )


def _markings(said: Mapping[str, AbstractSet[str]], pack: PolicyPack, owner: str) -> frozenset[str]:
    home = home_leaves(pack, owner)
    return frozenset(
        marking
        for place, leaves in said.items()
        for leaf in leaves
        for category, marking in pack.index.categories.by_leaf.get(leaf, ())
        # Home is not released to itself.
        if (place == category.id)
        or (place == _HOME and (category.home or (_widens(category) and leaf not in home)))
    )


def _is_said(audience: Audience, markings: frozenset[str], pack: PolicyPack, owner: str) -> bool:
    days = {leaf.partition("@")[2] for group in audience.groups for leaf in group} - {""}
    try:
        said = audience_of(markings, pack, owner=owner, day=min(days, default=_ANY_DAY))
    except FormatError:
        return False  # no home is named
    return said == audience


def _leaves_of(category: Category, present: frozenset[str], day: str) -> frozenset[str]:
    return frozenset(
        dated(value.leaf, day)
        for value in category.values
        if value.leaf and f"{category.id}:{value.id}" in present
    )


def _of(pack: PolicyPack, kind: CategoryKind) -> list[Category]:
    return [each for each in pack.categories if each.kind is kind and not each.home]


def _widens(category: Category) -> bool:
    return category.kind is CategoryKind.WIDEN
