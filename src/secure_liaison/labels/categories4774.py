"""Between the markings of a label and the categories of STANAG 4774.

Rules:

- Kinds become types: widen and narrow permissive, restrict and control restrictive, inform
  informative.
- Categories stand in the pack's order, their values too.
- A group of another day than the label's carries it: ``KFOR@2026-01-31``. Readers who do not know
  the form hold no such value.
- Groups that the pack has no words for stand in permissive categories of our own, one for each:
  two in one category would be added up.

Source: docs/spec/stanag4774.md §4, §5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import to_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import dated, require_leaf, undated
from secure_liaison.labels.audience4774 import RELEASABLE, SaidAudience
from secure_liaison.labels.label4774 import Category4774, CategoryType
from secure_liaison.labels.names4774 import (
    TYPES,
    find_value,
    tag_name,
    tag_uri,
    tagged,
    value_name,
)
from secure_liaison.labels.policy import CategoryKind

if TYPE_CHECKING:
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import Category, PolicyPack
    from secure_liaison.labels.wording import Group

__all__ = [
    "AUDIENCE_URI",
    "HeardCategories",
    "categories_of",
    "hear_categories",
    "is_flag",
    "leaf_named",
    "leaf_names",
]

AUDIENCE_URI: Final = "urn:x-secure-liaison:audience:0"
"""Of categories that hold leaves themselves."""

_AUDIENCE: Final = "Audience"
_DATED: Final = re.compile(r"(.+)@([0-9]{4}-[0-9]{2}-[0-9]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardCategories:
    """What the categories of a label say.

    Attributes:
        said: The permissive ones.
        restrict: Markings ``category:value`` of restricting categories.
        control: Of controls.
        inform: Of informative ones.
        dropped: Places of informative categories and values that the pack does not know.
    """

    said: SaidAudience
    restrict: frozenset[str]
    control: frozenset[str]
    inform: frozenset[str]
    dropped: tuple[str, ...]


def categories_of(
    label: Label, said: SaidAudience, pack: PolicyPack, *, all_days: bool = False
) -> tuple[Category4774, ...]:
    """Return the categories of a label whose audience is said already.

    Args:
        label: Of this pack.
        said: Its audience.
        pack: The version that it names.
        all_days: Whether groups carry their day even where it is the label's.

    Raises:
        FormatError: ``label-marking-unknown``, ``label4774-ambiguous``.
    """
    day = "" if all_days else to_iso(label.created)[:10]
    left = label.restrict | label.control | label.inform
    found: dict[tuple[CategoryType, str], Category4774] = {}
    for category in pack.categories:
        names = _names(category, said, pack, day)
        for value in category.values:
            marking = f"{category.id}:{value.id}"
            if not value.leaf and marking in left:
                names.append(value_name(pack, category, value))
                left -= {marking}
        key = (TYPES[category.kind], tag_name(category))
        if key in found and names:
            if TYPES[category.kind] is CategoryType.PERMISSIVE:
                raise FormatError("label4774-ambiguous", category=category.id)
            names = [*found[key].values, *names]
        if names:
            found[key] = Category4774(
                type=key[0], tag=key[1], values=tuple(names), uri=tag_uri(category)
            )
    if left:
        raise FormatError("label-marking-unknown")
    carried = (
        Category4774(
            type=CategoryType.PERMISSIVE,
            tag=f"{_AUDIENCE} {number}",
            uri=AUDIENCE_URI,
            values=tuple(sorted(group)),
        )
        for number, group in enumerate(said.carried, start=1)
    )
    return (*found.values(), *carried)


def hear_categories(
    categories: tuple[Category4774, ...], pack: PolicyPack, *, day: str
) -> HeardCategories:
    """Return what categories mean to a pack.

    Args:
        categories: In the order of the label.
        pack: The pack that they are of.
        day: Of the label, ``YYYY-MM-DD``: groups without a day of their own are of it.

    Raises:
        FormatError: ``label4774-category``, ``label4774-category-value``,
            ``label-audience-leaf``.
    """
    values: dict[str, Group] = {}
    markings: dict[CategoryKind, set[str]] = {kind: set() for kind in CategoryKind}
    carried, dropped, flagged = [], [], False
    for number, found in enumerate(categories, start=1):
        place = f"Category[{number}]"
        meant = tagged(pack, found.type, found.tag)
        if found.uri == AUDIENCE_URI and found.type is CategoryType.PERMISSIVE:
            carried.append(frozenset(map(require_leaf, found.values)))
        elif not meant and found.type is CategoryType.INFORMATIVE:
            dropped.append(place)
        elif not meant:
            raise FormatError("label4774-category", place=place)
        elif found.type is CategoryType.PERMISSIVE:
            if len(meant) > 1 or meant[0].id in values:
                raise FormatError("label4774-category", place=place)
            flag, leaves = _leaves(found, meant[0], pack, day=day, place=place)
            values[meant[0].id], flagged = leaves, flagged or flag
        else:
            dropped += _take(found, meant, pack, markings=markings, place=place)
    said = SaidAudience(values=values, flagged=flagged, carried=tuple(carried))
    return HeardCategories(
        said=said,
        restrict=frozenset(markings[CategoryKind.RESTRICT]),
        control=frozenset(markings[CategoryKind.CONTROL]),
        inform=frozenset(markings[CategoryKind.INFORM]),
        dropped=tuple(dropped),
    )


def leaf_names(pack: PolicyPack, category: Category, leaves: Group, *, day: str) -> list[str]:
    """Name leaves in the pack's order; a group of another day carries it.

    Raises:
        FormatError: ``label4774-ambiguous``.
    """
    names = []
    for value in category.values:
        for leaf in sorted(leaf for leaf in leaves if undated(leaf) == value.leaf):
            on = leaf.partition("@")[2]
            name = value_name(pack, category, value)
            name += f"@{on}" if on not in {"", day} else ""
            # A value may be called like the flag, or like another one with a day.
            if is_flag(category, name) or leaf_named(pack, category, name, day=day) != leaf:
                raise FormatError("label4774-ambiguous", category=category.id)
            names.append(name)
    return names


def leaf_named(pack: PolicyPack, category: Category, name: str, *, day: str) -> str | None:
    """Return the leaf that a value means, or nothing; a group without a day is of this one."""
    meant, on, form = find_value(pack, [category], name), day, _DATED.fullmatch(name)
    if meant is None and form is not None:
        meant, on = find_value(pack, [category], form[1]), form[2]
        if meant is not None and not meant[1].leaf.startswith("group:"):
            return None
    return None if meant is None else dated(meant[1].leaf, on)


def is_flag(category: Category, name: str) -> bool:
    """Whether a value of a home category is `RELEASABLE` and no home."""
    return category.home and name.casefold() == RELEASABLE.casefold()


def _names(category: Category, said: SaidAudience, pack: PolicyPack, day: str) -> list[str]:
    """Name what a permissive category says."""
    names = leaf_names(pack, category, said.values.get(category.id, frozenset()), day=day)
    flagged = category.home and category.id in said.values and said.flagged
    return [*names, RELEASABLE] if flagged else names


def _leaves(
    found: Category4774, category: Category, pack: PolicyPack, *, day: str, place: str
) -> tuple[bool, Group]:
    """Return whether the flag stands among the values, and the leaves of the others."""
    leaves, flag = set(), False
    for number, name in enumerate(found.values, start=1):
        if is_flag(category, name):
            flag = True
            continue
        leaf = leaf_named(pack, category, name, day=day)
        if leaf is None:
            raise FormatError("label4774-category-value", place=f"{place}/GenericValue[{number}]")
        leaves.add(leaf)
    return flag, frozenset(leaves)


def _take(
    found: Category4774,
    meant: list[Category],
    pack: PolicyPack,
    *,
    markings: dict[CategoryKind, set[str]],
    place: str,
) -> list[str]:
    """Add the markings of a restrictive or informative category; name what is dropped."""
    dropped = []
    for number, name in enumerate(found.values, start=1):
        value = find_value(pack, meant, name)
        if value is not None:
            markings[value[0].kind].add(f"{value[0].id}:{value[1].id}")
        elif found.type is CategoryType.INFORMATIVE:
            dropped.append(f"{place}/GenericValue[{number}]")
        else:
            raise FormatError("label4774-category-value", place=f"{place}/GenericValue[{number}]")
    return dropped
