"""Between an audience and the markings that say it: releasable to, only, contexts.

Rules:

- A widening value stands in the group of home; a narrowing value in a group without home; a value
  of a home category (a NATO context) is home itself.
- Where several groups must be said in one marking, the intersection is said, and of a group of home
  what markings can say of it: that may keep readers out, it never lets one in. A group of which no
  marking of the pack can say anything is named, never dropped in silence.
- Groups carry the day at which their membership is judged: the day of the label.

Source: docs/spec/labels.md §3, §6; labels report §0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience, dated, undated
from secure_liaison.labels.policy import CategoryKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.policy import Category, PolicyPack

__all__ = ["Release", "audience_of", "home_leaves", "markings_in", "release_of"]


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
    """Return every widening, narrowing and home value that is present, for rules to look at."""
    by_leaf = pack.index.categories.by_leaf
    if not by_leaf:
        return frozenset()
    at_home, others = _split(audience, pack, owner)
    return frozenset(
        marking
        for leaf in frozenset().union(*at_home, *others)
        for category, marking in by_leaf.get(leaf, ())
        if any(leaf in group for group in _where(category, at_home, others))
    )


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
    homes, widened, narrowed = set(), set(), []
    naming = [category for category in pack.categories if category.home]
    for category in pack.categories:
        leaves = {
            dated(value.leaf, day)
            for value in category.values
            if value.leaf and f"{category.id}:{value.id}" in present
        }
        if category.home:
            homes |= leaves
        elif category.kind is CategoryKind.WIDEN:
            widened |= leaves
        elif leaves:
            narrowed.append(leaves)
    if not naming:
        homes = {dated(pack.home or owner, day)}
    if not homes:
        raise FormatError("label-marking-count", category=naming[0].id)
    return Audience.of(homes | widened, *narrowed)


def release_of(audience: Audience, pack: PolicyPack, owner: str) -> Release:
    """Return an audience in the pack's markings, never a wider one in what they say."""
    at_home, others = _split(audience, pack, owner)
    home, widening = home_leaves(pack, owner), _values(pack, CategoryKind.WIDEN)
    said = [group & (home | widening.keys()) for group in at_home]
    leaves = frozenset.intersection(*said) if said else frozenset()
    markings = {name for leaf, name in widening.items() if leaf in leaves - home}
    markings |= {name for leaf, name in _naming(pack).items() if leaf in leaves}
    unsaid: list[frozenset[str]] = []
    exact = said == at_home and len(at_home) == 1 and _one_day(audience)
    for category in _narrowing(pack):
        values = {value.leaf: f"{category.id}:{value.id}" for value in category.values}
        mine = [group for group in others if group <= values.keys()]
        others = [group for group in others if group not in mine]
        both = frozenset.intersection(*mine) if mine else frozenset()
        markings |= {values[leaf] for leaf in both}
        exact = exact and len(mine) <= 1
        unsaid += [] if both else mine
    unsaid += others
    return Release(markings=frozenset(markings), exact=exact and not unsaid, unsaid=tuple(unsaid))


_Groups: TypeAlias = "list[frozenset[str]]"


def _split(audience: Audience, pack: PolicyPack, owner: str) -> tuple[_Groups, _Groups]:
    """Return the groups of home and the others, both without days, from small to large."""
    home = home_leaves(pack, owner)
    groups = sorted({frozenset(map(undated, group)) for group in audience.groups}, key=_size)
    # A list of ONLY may hold a home as well (`Ireland, NATO ONLY`): what it could not say is home;
    # where it could say all of them, the smallest is.
    lists = [{value.leaf for value in category.values} for category in _narrowing(pack)]
    naming = [group for group in groups if group & home]
    certain = [group for group in naming if not any(group <= each for each in lists)]
    own = next((group & home for group in (*certain, *naming)), frozenset())
    at_home = [group for group in groups if own and group & home == own]
    return at_home, [group for group in groups if group not in at_home]


def _where(category: Category, at_home: _Groups, others: _Groups) -> _Groups:
    match category.kind:
        case CategoryKind.WIDEN:
            return at_home
        case CategoryKind.NARROW:
            return at_home if category.home else others
        case CategoryKind.RESTRICT | CategoryKind.CONTROL | CategoryKind.INFORM:
            return []
        case _:
            assert_never(category.kind)


def _values(pack: PolicyPack, kind: CategoryKind) -> dict[str, str]:
    return {
        value.leaf: f"{category.id}:{value.id}"
        for category in pack.categories
        if category.kind is kind
        for value in category.values
    }


def _naming(pack: PolicyPack) -> dict[str, str]:
    return {
        value.leaf: f"{category.id}:{value.id}"
        for category in pack.categories
        if category.home
        for value in category.values
    }


def _narrowing(pack: PolicyPack) -> list[Category]:
    return [
        category
        for category in pack.categories
        if category.kind is CategoryKind.NARROW and not category.home
    ]


def _one_day(audience: Audience) -> bool:
    leaves = {leaf for group in audience.groups for leaf in group if leaf.startswith("group:")}
    return len({leaf.partition("@")[2] for leaf in leaves}) <= 1


def _size(group: frozenset[str]) -> tuple[int, list[str]]:
    return len(group), sorted(group)
