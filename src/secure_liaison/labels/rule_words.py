"""Rules as a pack's file writes them: what `read_condition` and `read_effect` read.

Source: docs/spec/labels.md §6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

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
    from secure_liaison.labels.strict_json import Json

__all__ = ["condition_words", "effect_words"]


def condition_words(part: Condition) -> dict[str, Json]:
    """Return a condition as the file of a pack writes it."""
    match part:
        case LevelAtLeast(level=level):
            return {"level_at_least": level}
        case LevelIn(levels=levels):
            return {"level_in": list(levels)}
        case Has(marking=marking):
            return {"has": marking}
        case Count(category=category, low=low, high=high):
            return {"count": {"category": category, "min": low, "max": high}}
        case AllOf(parts=parts):
            return {"all": [condition_words(each) for each in parts]}
        case AnyOf(parts=parts):
            return {"any": [condition_words(each) for each in parts]}
        case Not(part=inner):
            return {"not": condition_words(inner)}
        case _:
            assert_never(part)


def effect_words(part: Effect) -> dict[str, Json]:
    """Return an effect as the file of a pack writes it."""
    match part:
        case Need(category=category, count=count):
            return {"need": {"category": category, "count": count}}
        case Forbid(category=category):
            return {"forbid": category}
        case OneOf(markings=markings):
            return {"one_of": list(markings)}
        case RaiseTo(level=level):
            return {"raise_to": level}
        case _:
            assert_never(part)
