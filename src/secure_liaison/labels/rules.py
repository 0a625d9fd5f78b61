"""Rules of a pack in a closed vocabulary: data that is evaluated, never code.

Rules:

- Conditions: ``level_at_least``, ``level_in``, ``has``, ``count``, ``all``, ``any``, ``not``.
- Effects: ``need``, ``forbid``, ``one_of``, ``raise_to``.
- Evaluation is total: for each rule and each label there is an answer, in time linear in both.
- ``raise_to`` never changes a label; a label below it is refused until a person decides the level.

Source: docs/spec/labels.md §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.labels.strict_json import JsonFields

__all__ = [
    "AllOf",
    "AnyOf",
    "Condition",
    "Count",
    "Effect",
    "Facts",
    "Forbid",
    "Has",
    "LevelAtLeast",
    "LevelIn",
    "Need",
    "Not",
    "OneOf",
    "RaiseTo",
    "applies",
    "is_met",
    "read_condition",
    "read_effect",
]

_MAX_DEPTH: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a rule may look at.

    Attributes:
        rank: The label's rank.
        level: The label's level id.
        ranks: The rank of every level of the pack.
        markings: ``category:value`` of every marking present.
    """

    rank: int
    level: str
    ranks: Mapping[str, int]
    markings: frozenset[str]

    def count(self, category: str) -> int:
        """Return how many values of a category are present."""
        return sum(marking.startswith(f"{category}:") for marking in self.markings)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAtLeast:
    """The level is this one or higher."""

    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelIn:
    """The level is one of these."""

    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Has:
    """The marking ``category:value`` is present."""

    marking: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The number of values of a category lies in ``low..high``; no ``high`` is no upper limit."""

    category: str
    low: int
    high: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """Every part holds; without parts, always."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one part holds; without parts, never."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition: TypeAlias = "LevelAtLeast | LevelIn | Has | Count | AllOf | AnyOf | Not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """At least ``count`` values of a category must be present."""

    category: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbid:
    """No value of a category may be present."""

    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """Exactly one of these markings must be present."""

    markings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseTo:
    """The level must be at least this one."""

    level: str


Effect: TypeAlias = "Need | Forbid | OneOf | RaiseTo"


def applies(condition: Condition, facts: Facts) -> bool:
    """Whether the condition holds."""
    match condition:
        case LevelAtLeast(level=level):
            return facts.rank >= facts.ranks[level]
        case LevelIn(levels=levels):
            return facts.level in levels
        case Has(marking=marking):
            return marking in facts.markings
        case Count(category=category, low=low, high=high):
            return low <= facts.count(category) and (high is None or facts.count(category) <= high)
        case AllOf(parts=parts):
            return all(applies(part, facts) for part in parts)
        case AnyOf(parts=parts):
            return any(applies(part, facts) for part in parts)
        case Not(part=part):
            return not applies(part, facts)
        case _:
            assert_never(condition)


def is_met(effect: Effect, facts: Facts) -> bool:
    """Whether a label satisfies an effect."""
    match effect:
        case Need(category=category, count=count):
            return facts.count(category) >= count
        case Forbid(category=category):
            return facts.count(category) == 0
        case OneOf(markings=markings):
            return len(facts.markings.intersection(markings)) == 1
        case RaiseTo(level=level):
            return facts.rank >= facts.ranks[level]
        case _:
            assert_never(effect)


def read_condition(fields: JsonFields, *, depth: int = 0) -> Condition:
    """Read one condition: an object with exactly one name of the vocabulary.

    Raises:
        FormatError: as `JsonFields`, then ``pack-rule``.
    """
    found: Condition
    if depth > _MAX_DEPTH:
        raise FormatError("pack-rule", place=fields.at("if"))
    if fields.has("level_at_least"):
        found = LevelAtLeast(level=fields.text("level_at_least"))
    elif fields.has("level_in"):
        found = LevelIn(levels=fields.texts("level_in"))
    elif fields.has("has"):
        found = Has(marking=fields.text("has"))
    elif fields.has("count"):
        found = _read_count(fields.fields("count"))
    elif fields.has("all"):
        found = AllOf(parts=_read_parts(fields, "all", depth))
    elif fields.has("any"):
        found = AnyOf(parts=_read_parts(fields, "any", depth))
    elif fields.has("not"):
        found = Not(part=read_condition(fields.fields("not"), depth=depth + 1))
    else:
        raise FormatError("pack-rule", place=fields.at("if"))
    fields.done()
    return found


def read_effect(fields: JsonFields) -> Effect:
    """Read one effect: an object with exactly one name of the vocabulary.

    Raises:
        FormatError: as `JsonFields`, then ``pack-rule``.
    """
    found: Effect
    if fields.has("need"):
        need = fields.fields("need")
        found = Need(category=need.text("category"), count=need.integer("count", low=1))
        need.done()
    elif fields.has("forbid"):
        found = Forbid(category=fields.text("forbid"))
    elif fields.has("one_of"):
        found = OneOf(markings=fields.texts("one_of"))
    elif fields.has("raise_to"):
        found = RaiseTo(level=fields.text("raise_to"))
    else:
        raise FormatError("pack-rule", place=fields.at("then"))
    fields.done()
    return found


def _read_count(fields: JsonFields) -> Count:
    category, low = fields.text("category"), fields.integer("min")
    high = None if fields.is_null("max") else fields.integer("max", low=low)
    fields.done()
    return Count(category=category, low=low, high=high)


def _read_parts(fields: JsonFields, name: str, depth: int) -> tuple[Condition, ...]:
    return tuple(read_condition(part, depth=depth + 1) for part in fields.objects(name))
