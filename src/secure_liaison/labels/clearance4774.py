"""Between a reader of ours and the clearances of STANAG 4774: never more than either holds.

Rules:

- Who holds a home (a NATO context) holds every value of a widening category, because a release to
  others takes nothing from home. Who is released to holds the flag `RELEASABLE` and the own values.
  Both in one clearance would let a reader use the flag with other people's values; so a reader who
  is both has two clearances, and each is asked alone.
- Levels are read from the lowest up to the first that is missing: a list without a lower level
  gives nothing above the gap.
- A leaf is believed only where every category that could ask for it lists it.

Source: docs/spec/stanag4774.md §7.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import undated
from secure_liaison.labels.audience4774 import RELEASABLE
from secure_liaison.labels.categories4774 import is_flag, leaf_named, leaf_names
from secure_liaison.labels.label4774 import Category4774, CategoryType, Clearance4774
from secure_liaison.labels.names4774 import (
    TYPES,
    find_level,
    find_value,
    level_name,
    names_policy,
    policy_name,
    policy_uri,
    tag_name,
    tag_uri,
    tagged,
    value_name,
)
from secure_liaison.labels.policy import Category, CategoryKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.policy import Level, PolicyPack

__all__ = ["HeardReader", "Reader", "clearances_of", "reader_of"]

_WITHOUT_LEAF = (CategoryKind.RESTRICT, CategoryKind.CONTROL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads, under one policy.

    Attributes:
        level: Id of the highest level.
        memberships: Audience leaves and ``category:value`` of restricting categories, as
            `secure_liaison.labels.may_read` asks for them.
        controls: Controls that the reader's system enforces.
    """

    level: str
    memberships: frozenset[str]
    controls: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardReader:
    """What a clearance says for certain.

    Attributes:
        reader: Never more than the clearance gives.
        dropped: Places of what was not taken over.
        unproven: Leaves that are listed, but not so that they count as the reader's, ascending.
    """

    reader: Reader
    dropped: tuple[str, ...]
    unproven: tuple[str, ...] = ()


def clearances_of(reader: Reader, pack: PolicyPack, *, day: str) -> tuple[Clearance4774, ...]:
    """Return a reader's clearances, one or two; who holds them is admitted by any one.

    Args:
        reader: Under this pack; leaves that the pack has no words for are not written.
        pack: Whose names are used.
        day: ``YYYY-MM-DD`` of the labels that are to be read: groups of this day stand without it.

    Raises:
        FormatError: ``label-level-unknown``, ``label4774-ambiguous``.
    """
    rank = pack.level(reader.level).rank
    levels = tuple(level_name(pack, level) for level in pack.levels if level.rank <= rank)
    held = {
        each.id: leaf_names(pack, each, reader.memberships, day=day)
        for each in pack.categories
        if TYPES[each.kind] is CategoryType.PERMISSIVE
    }
    for each in pack.categories:
        if each.kind in _WITHOUT_LEAF:
            owned = reader.memberships | reader.controls
            held[each.id] = [
                value_name(pack, each, value)
                for value in each.values
                if f"{each.id}:{value.id}" in owned
            ]
    return tuple(
        Clearance4774(
            policy=policy_name(pack),
            policy_uri=policy_uri(pack),
            classifications=levels,
            categories=_categories(pack, values),
        )
        for values in _ways(pack, held)
    )


def reader_of(clearance: Clearance4774, pack: PolicyPack, *, day: str) -> HeardReader:
    """Return what a clearance gives under a pack, never more.

    Args:
        clearance: What was read.
        pack: The version to judge it by.
        day: ``YYYY-MM-DD`` of the labels that are to be read: groups without a day are of it.

    Raises:
        FormatError: ``label4774-policy``, ``clearance4774-levels``.
    """
    if not names_policy(pack, clearance.policy, clearance.policy_uri):
        raise FormatError("label4774-policy")
    level, dropped = _highest(clearance.classifications, pack)
    listed: dict[str, list[set[str]]] = defaultdict(list)
    markings: set[str] = set()
    flagged = False
    for number, found in enumerate(clearance.categories, start=1):
        meant = tagged(pack, found.type, found.tag)
        place = f"Category[{number}]"
        if found.type is CategoryType.PERMISSIVE and len(meant) == 1:
            flagged = flagged or any(is_flag(meant[0], name) for name in found.values)
            leaves = {
                name: leaf_named(pack, meant[0], name, day=day)
                for name in found.values
                if not is_flag(meant[0], name)
            }
            listed[meant[0].id].append({leaf for leaf in leaves.values() if leaf is not None})
            dropped += [place] if None in leaves.values() else []
        elif found.type is CategoryType.RESTRICTIVE and meant:
            values = [find_value(pack, meant, name) for name in found.values]
            markings |= {f"{each[0].id}:{each[1].id}" for each in values if each is not None}
            dropped += [place] if None in values else []
        else:
            dropped.append(place)
    controls = {each for each in markings if _is_control(pack, each)}
    leaves_held = _believed(pack, {name: set.intersection(*all_) for name, all_ in listed.items()})
    at_home = any(listed[each.id] != [set()] for each in _named(pack) if each.id in listed)
    if _named(pack) and (at_home or not flagged):
        # Home lists all that is released to anybody: that proves no membership of its own.
        leaves_held = {leaf for leaf in leaves_held if undated(leaf) in _narrow_words(pack)}
    return HeardReader(
        reader=Reader(
            level=level.id,
            memberships=frozenset(leaves_held | (markings - controls)),
            controls=frozenset(controls),
        ),
        dropped=tuple(dropped),
        unproven=tuple(sorted(set().union(*chain(*listed.values())) - leaves_held)),
    )


def _ways(pack: PolicyPack, held: dict[str, list[str]]) -> Iterable[dict[str, list[str]]]:
    """Yield what the reader holds at home, and as one who is released to."""
    naming = _named(pack)
    widening = [each for each in pack.categories if each.kind is CategoryKind.WIDEN]
    if not naming:
        yield held
        return
    at_home = any(held[each.id] for each in naming)
    released = any(held[each.id] for each in widening)
    if at_home:
        everyone = {
            each.id: list(
                dict.fromkeys(
                    [*(value_name(pack, each, value) for value in each.values), *held[each.id]]
                )
            )
            for each in widening
        }
        yield held | everyone
    if released or not at_home:
        yield held | {each.id: [RELEASABLE] if released else [] for each in naming}


def _categories(pack: PolicyPack, held: dict[str, list[str]]) -> tuple[Category4774, ...]:
    found: dict[tuple[CategoryType, str], Category4774] = {}
    for each in pack.categories:
        key = (TYPES[each.kind], tag_name(each))
        values = held.get(each.id, [])
        if values and key in found:
            if key[0] is CategoryType.PERMISSIVE:
                raise FormatError("label4774-ambiguous", category=each.id)
            values = [*found[key].values, *values]
        if values:
            found[key] = Category4774(
                type=key[0], tag=key[1], values=tuple(values), uri=tag_uri(each)
            )
    return tuple(found.values())


def _highest(names: tuple[str, ...], pack: PolicyPack) -> tuple[Level, list[str]]:
    """Return the highest level below which none is missing, and the places of what lies above."""
    places: dict[str, str] = {}
    dropped = []
    for number, name in enumerate(names, start=1):
        place = f"ClassificationList/Classification[{number}]"
        try:
            places[find_level(pack, name).id] = place
        except FormatError:
            dropped.append(place)
    reached = None
    for level in pack.levels:
        if level.id not in places:
            break
        reached = level
        del places[level.id]
    if reached is None:
        raise FormatError("clearance4774-levels")
    return reached, [*dropped, *places.values()]


def _believed(pack: PolicyPack, listed: dict[str, set[str]]) -> set[str]:
    """Return the leaves that every category which has a word for them lists."""
    return {
        leaf
        for leaf in set().union(*listed.values())
        if all(
            leaf in listed.get(each.id, set())
            for each in pack.categories
            if undated(leaf) in {value.leaf for value in each.values}
        )
    }


def _narrow_words(pack: PolicyPack) -> set[str]:
    narrow = [each for each in pack.categories if each.kind is CategoryKind.NARROW]
    return {value.leaf for each in narrow for value in each.values}


def _named(pack: PolicyPack) -> list[Category]:
    return [each for each in pack.categories if each.home]


def _is_control(pack: PolicyPack, marking: str) -> bool:
    return pack.category(marking.partition(":")[0]).kind is CategoryKind.CONTROL
