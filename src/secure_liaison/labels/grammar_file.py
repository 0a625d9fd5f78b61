"""From a pack's ``marking`` to the grammar of its marks.

Rules:

- Shape only; whether marks parse back is checked by `secure_liaison.labels.pack`.

Source: docs/spec/labels.md §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.grammar import (
    ForeignMarks,
    LevelSegment,
    MarkingGrammar,
    PeriodSegment,
    PeriodStyle,
    PortionGrammar,
    Segment,
    ValuesPart,
    ValuesSegment,
)
from secure_liaison.labels.naming import MarkLanguage
from secure_liaison.labels.pack_fields import read_enum, read_optional, read_piece, read_slug

if TYPE_CHECKING:
    from secure_liaison.labels.strict_json import JsonFields

__all__ = ["read_grammar"]


def read_grammar(fields: JsonFields) -> MarkingGrammar:
    """Read the grammar.

    Raises:
        FormatError: as `JsonFields`, and ``pack-field-value``.
    """
    written = fields.texts("languages")
    try:
        languages = frozenset(MarkLanguage(each) for each in written)
    except ValueError as exc:
        raise FormatError("pack-field-value", place=fields.at("languages")) from exc
    grammar = MarkingGrammar(
        original=read_enum(fields, "original", MarkLanguage),
        languages=languages,
        period=read_enum(fields, "period", PeriodStyle),
        segments=_segments(fields),
        portion=None if fields.is_null("portion") else _portion(fields.fields("portion")),
        foreign=_foreign(fields.fields("foreign")) if fields.has("foreign") else None,
    )
    if not {grammar.original, MarkLanguage.ZH, MarkLanguage.EN} <= grammar.languages:
        raise FormatError("pack-field-value", place=fields.at("languages"))
    periods = sum(isinstance(each, PeriodSegment) for each in grammar.segments)
    if periods != (0 if grammar.period is PeriodStyle.NONE else 1):
        raise FormatError("pack-field-value", place=fields.at("period"))
    if periods and not isinstance(grammar.segments[-1], PeriodSegment):
        raise FormatError("pack-field-value", place=fields.at("segments"))
    fields.done()
    return grammar


def _portion(fields: JsonFields) -> PortionGrammar:
    portion = PortionGrammar(
        opening=fields.text("open", max_size=4),
        closing=fields.text("close", max_size=4),
        segments=_segments(fields),
    )
    if any(isinstance(each, PeriodSegment) for each in portion.segments):
        raise FormatError("pack-field-value", place=fields.at("segments"))
    fields.done()
    return portion


def _foreign(fields: JsonFields) -> ForeignMarks:
    foreign = ForeignMarks(
        prefix=fields.text("prefix", max_size=16),
        category=read_slug(fields, "category"),
        joint=read_optional(fields, "joint"),
    )
    fields.done()
    return foreign


def _segments(fields: JsonFields) -> tuple[Segment, ...]:
    segments = tuple(_segment(each) for each in fields.objects("segments"))
    if sum(isinstance(each, LevelSegment) for each in segments) != 1:
        raise FormatError("pack-field-value", place=fields.at("segments"))
    return segments


def _segment(fields: JsonFields) -> Segment:
    segment: Segment
    match fields.text("segment"):
        case "level":
            segment = LevelSegment()
        case "period":
            segment = PeriodSegment()
        case "values":
            segment = ValuesSegment(
                before=read_piece(fields, "before"),
                between=read_piece(fields, "between"),
                parts=tuple(_part(each) for each in fields.objects("parts")),
            )
        case _:
            raise FormatError("pack-field-value", place=fields.at("segment"))
    fields.done()
    return segment


def _part(fields: JsonFields) -> ValuesPart:
    part = ValuesPart(
        category=read_slug(fields, "category"),
        before=read_piece(fields, "before"),
        between=read_piece(fields, "between"),
        after=read_piece(fields, "after"),
    )
    fields.done()
    return part
