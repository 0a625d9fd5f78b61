"""What a rule says of markings at one level: numbers of markings, joined by and, or, not.

Rules:

- At one level a condition about levels is true or false; only numbers of markings are left.
- What is always or never true is left out at once, so that equal demands are equal values.

Source: docs/spec/labels.md §6, §9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from secure_liaison.labels.rules import (
    AllOf,
    AnyOf,
    Condition,
    Count,
    Effect,
    Forbid,
    Has,
    LevelAtLeast,
    LevelIn,
    Need,
    Not,
    OneOf,
    RaiseTo,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secure_liaison.labels.policy import PolicyPack

__all__ = [
    "ALWAYS",
    "NEVER",
    "Every",
    "Lacking",
    "MarkingSet",
    "Number",
    "Some",
    "Statement",
    "Vocabulary",
    "certain",
    "every",
    "holds",
    "lacking",
    "numbers_in",
    "some",
]

MarkingSet: TypeAlias = "tuple[str, ...]"
"""``category:value`` of each marking, or the one text ``category:`` for all values of it."""


@dataclass(frozen=True, slots=True)
class Number:
    """That as many markings of a set are present as lie in ``low..high``."""

    markings: MarkingSet
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Every:
    """Every part holds."""

    parts: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Lacking:
    """The part does not hold."""

    part: Statement


Statement: TypeAlias = "Number | Every | Some | Lacking"

ALWAYS: Final = Every(())
NEVER: Final = Some(())


def every(*parts: Statement) -> Statement:
    """Return that every part holds."""
    kept = tuple(part for part in parts if part != ALWAYS)
    if NEVER in kept:
        return NEVER
    return kept[0] if len(kept) == 1 else Every(kept)


def some(*parts: Statement) -> Statement:
    """Return that at least one part holds."""
    kept = tuple(part for part in parts if part != NEVER)
    if ALWAYS in kept:
        return ALWAYS
    return kept[0] if len(kept) == 1 else Some(kept)


def lacking(part: Statement) -> Statement:
    """Return that the part does not hold."""
    if part == ALWAYS:
        return NEVER
    return ALWAYS if part == NEVER else Lacking(part)


class Vocabulary:
    """The levels and categories of one pack whose references resolve."""

    def __init__(self, pack: PolicyPack) -> None:
        """Take what statements need of a pack."""
        self._ranks = {level.id: level.rank for level in pack.levels}
        self.sizes = {each.id: len(each.values) for each in pack.categories}
        self._bounds = {each.id: (each.least, each.most) for each in pack.categories}

    def condition(self, written: Condition, level: str) -> Statement:
        """Return what a condition says of markings at one level."""
        match written:
            case LevelAtLeast(level=least):
                return ALWAYS if self._ranks[level] >= self._ranks[least] else NEVER
            case LevelIn(levels=levels):
                return ALWAYS if level in levels else NEVER
            case Has(marking=marking):
                return Number((marking,), 1, None)
            case Count(category=category, low=low, high=high):
                return self._number((f"{category}:",), low, high)
            case AllOf(parts=parts):
                return every(*(self.condition(part, level) for part in parts))
            case AnyOf(parts=parts):
                return some(*(self.condition(part, level) for part in parts))
            case Not(part=part):
                return lacking(self.condition(part, level))
            case _:
                assert_never(written)

    def effect(self, written: Effect, level: str) -> Statement:
        """Return what an effect demands of markings at one level."""
        match written:
            case Need(category=category, count=count):
                return self._number((f"{category}:",), count, None)
            case Forbid(category=category):
                return self._number((f"{category}:",), 0, 0)
            case OneOf(markings=markings):
                return self._number(tuple(sorted(markings)), 1, 1)
            case RaiseTo(level=least):
                return ALWAYS if self._ranks[level] >= self._ranks[least] else NEVER
            case _:
                assert_never(written)

    def bounds(self, category: str) -> Statement:
        """Return that a category is present in the numbers that it allows."""
        return self._number((f"{category}:",), *self._bounds[category])

    def _number(self, markings: MarkingSet, low: int, high: int | None) -> Statement:
        whole = len(markings) == 1 and markings[0].endswith(":")
        size = self.sizes[markings[0][:-1]] if whole else len(markings)
        if low > size:
            return NEVER
        if low == 0 and (high is None or high >= size):
            return ALWAYS
        return Number(markings, low, high)


def holds(statement: Statement, present: Mapping[MarkingSet, int]) -> bool:
    """Whether a statement holds for these numbers of present markings."""
    match statement:
        case Number(markings=markings, low=low, high=high):
            return low <= present[markings] and (high is None or present[markings] <= high)
        case Every(parts=parts):
            return all(holds(part, present) for part in parts)
        case Some(parts=parts):
            return any(holds(part, present) for part in parts)
        case Lacking(part=part):
            return not holds(part, present)
        case _:
            assert_never(statement)


def certain(
    statement: Statement,
    present: Mapping[MarkingSet, int],
    still: Mapping[MarkingSet, int],
) -> bool | None:
    """Return whether a statement holds if up to ``still`` more may be present; none if open."""
    match statement:
        case Number(markings=markings, low=low, high=high):
            least, most = present[markings], present[markings] + still[markings]
            if most < low or (high is not None and least > high):
                return False
            return True if low <= least and (high is None or most <= high) else None
        case Every(parts=parts):
            found = {certain(part, present, still) for part in parts}
            return False if False in found else None if None in found else True
        case Some(parts=parts):
            found = {certain(part, present, still) for part in parts}
            return True if True in found else None if None in found else False
        case Lacking(part=part):
            inner = certain(part, present, still)
            return None if inner is None else not inner
        case _:
            assert_never(statement)


def numbers_in(statement: Statement) -> Iterable[Number]:
    """Yield every number that a statement speaks of."""
    match statement:
        case Number():
            yield statement
        case Every(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from numbers_in(part)
        case Lacking(part=part):
            yield from numbers_in(part)
        case _:
            assert_never(statement)
