"""The grammar of a policy's marks, as data: what stands where, and what separates it.

Rules:

- A mark is a row of segments: the level once, the period at most once, values of categories.
- A mark has one original language; what stands in the others is a gloss of it and says so.
- A portion mark stands in brackets before a paragraph, in short forms.

Source: docs/spec/labels.md §7; labels report §8.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from secure_liaison.labels.naming import MarkLanguage, MarkText

__all__ = [
    "ForeignMarks",
    "LevelSegment",
    "MarkingGrammar",
    "PeriodSegment",
    "PeriodStyle",
    "PortionGrammar",
    "Segment",
    "ValuesPart",
    "ValuesSegment",
]


class PeriodStyle(Enum):
    """How the period is written."""

    STAR = "star"
    """``机密★10年``; the star is reserved for real material, an exercise has a space instead."""
    DOT = "dot"
    """``SECRET · 10Y``; a period without end is not printed."""
    NONE = "none"
    """Not at all: the policy's marks do not state a period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSegment:
    """The level's own mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSegment:
    """The period, in the grammar's style."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesPart:
    """The values of one category that are present, in the pack's order.

    Attributes:
        category: Its id.
        before: Text in front of the first value; likewise between two and after the last one.
    """

    category: str
    before: MarkText
    between: MarkText
    after: MarkText


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesSegment:
    """Values of one or more categories; not printed at all when no value is present.

    Attributes:
        before: Text in front of the first part; likewise between two parts that have values.
    """

    before: MarkText
    between: MarkText
    parts: tuple[ValuesPart, ...]


Segment: TypeAlias = "LevelSegment | PeriodSegment | ValuesSegment"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortionGrammar:
    """Portion marks: the brackets, and the segments between them."""

    opening: str
    closing: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignMarks:
    """Marks of other states that a policy's carriers may show, so that they are told apart.

    Attributes:
        prefix: What such a mark begins with (``//``).
        category: Id of the category whose values' marks name the owners.
        joint: Word that stands where several owners share the mark (``JOINT``), or empty.
    """

    prefix: str
    category: str
    joint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkingGrammar:
    """How a policy's marks are written.

    Attributes:
        original: The language in which the marks are the policy's own. Where it is not Chinese, a
            Chinese mark is the original followed by the level's gloss in brackets.
        languages: In which marks can be written.
        period: Style of the period.
        segments: From left to right; the level stands in them exactly once.
        portion: Grammar of portion marks, or none.
        foreign: How marks of other states begin, or none; they are refused with their owner named.
    """

    original: MarkLanguage
    languages: frozenset[MarkLanguage]
    period: PeriodStyle
    segments: tuple[Segment, ...]
    portion: PortionGrammar | None
    foreign: ForeignMarks | None = None
