"""Marks as people print and read them, in Chinese, English and French, and back to values.

Rules:

- What stands where is the pack's grammar; nothing here knows a policy.
- ``机密★10年`` and ``CN JIMI (机密, 2 of 3) ★10Y``: an English gloss of a Chinese level is never a
  bare Western word. A foreign mark in Chinese is the original first, then ``(北约 第三级)``.
- The star is reserved for real material: an exercise has ``演练 EXERCISE · `` in front, no star,
  and a reader of marks refuses each in the other's place.
- What is rendered parses back to the same level, period, printed markings and realm kind; a foreign
  mark parses as nothing.
- A mark never says more readers than the label has; a banner always shows both languages.

Source: docs/spec/labels.md §7; DESIGN §4; 保密法实施条例(2024) 第二十一条.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.grammar import (
    LevelSegment,
    PeriodSegment,
    PeriodStyle,
    Segment,
    ValuesSegment,
)
from secure_liaison.labels.mark_pattern import mark_pattern, read_values
from secure_liaison.labels.naming import MarkLanguage
from secure_liaison.labels.period import Period, PeriodForm, months_of
from secure_liaison.labels.release import release_of
from secure_liaison.labels.term import read_term, write_term

if TYPE_CHECKING:
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import CategoryValue, Level, PolicyPack

__all__ = [
    "EXERCISE_PREFIX",
    "ParsedMark",
    "banner",
    "mark_level",
    "parse_mark",
    "parse_portion",
    "printed_markings",
    "render",
    "render_portion",
    "urgency_text",
    "write_mark",
    "write_portion",
]

EXERCISE_PREFIX: Final = "演练 EXERCISE · "
MAX_MARK: Final = 4000
"""Characters; the longest condition, the longest level name and a list of all nations fit."""

_STAR: Final = "★"
_EXERCISE: Final = re.compile(r"演[练練]\s*EXERCISE\s*·\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMark:
    """What a mark says.

    Attributes:
        level: Level id.
        period: Without a start: a mark does not print it.
        exercise: Whether it is a mark of an exercise.
        older_practice: Whether it is written as was usual before and must not be written now: no
            period after the star (read as the maximum), or a form that the pack only still reads.
        markings: ``category:value`` of everything that the mark says beside the level.
    """

    level: str
    period: Period
    exercise: bool
    older_practice: bool = False
    markings: frozenset[str] = frozenset()


def render(
    label: Label, pack: PolicyPack, language: Language | MarkLanguage, *, exercise: bool
) -> str:
    """Return the mark of a label in one language.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``.
    """
    _require_policy(label, pack)
    return write_mark(
        pack,
        pack.level(label.level),
        label.period,
        markings=printed_markings(label, pack),
        language=MarkLanguage(language.value),
        exercise=exercise,
    )


def render_portion(label: Label, pack: PolicyPack) -> str:
    """Return the portion mark of a label, in the policy's own language: ``(S//NF)``.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``, ``mark-no-portions``.
    """
    _require_policy(label, pack)
    return write_portion(pack, pack.level(label.level), printed_markings(label, pack))


def write_portion(pack: PolicyPack, level: Level, markings: frozenset[str]) -> str:
    """Return a portion mark from its parts.

    Raises:
        FormatError: ``mark-no-portions``.
    """
    grammar, language = pack.marking.portion, pack.marking.original
    if grammar is None:
        raise FormatError("mark-no-portions")
    inner = "".join(
        level.portion or level.mark.text(language)
        if isinstance(each, LevelSegment)
        else _values(each, pack, markings - level.says, language=language, short=True)
        for each in grammar.segments
    )
    return f"{grammar.opening}{inner}{grammar.closing}"


def banner(label: Label, pack: PolicyPack, *, exercise: bool) -> str:
    """Return the line for the top and bottom of every page: both languages, always.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``.
    """
    zh = render(label, pack, Language.ZH, exercise=exercise)
    en = render(label, pack, Language.EN, exercise=exercise)
    if pack.marking.original is not MarkLanguage.ZH:
        return zh  # holds the original already
    return f"{zh} | {en.removeprefix(EXERCISE_PREFIX)}"


def mark_level(level: Level, language: Language) -> str:
    """Return how marks print a level alone, for lists of clearances and refusals; no star."""
    return level.mark.text(language)


def urgency_text(urgency_id: str, pack: PolicyPack, language: Language) -> str:
    """Return the name of an urgency in one language.

    Raises:
        FormatError: ``urgency-unknown``.
    """
    return pack.urgency(urgency_id).names.text(language)


def printed_markings(label: Label, pack: PolicyPack) -> frozenset[str]:
    """Return the markings that a mark of this label may print; never wider than the label."""
    said = release_of(label.audience, pack, label.owner).markings
    return said | label.restrict | label.control | label.inform


def write_mark(
    pack: PolicyPack,
    level: Level,
    period: Period,
    *,
    language: MarkLanguage,
    exercise: bool,
    markings: frozenset[str] = frozenset(),
) -> str:
    """Return a mark from its parts; a language that the pack does not write is its original."""
    grammar = pack.marking
    shown = language if language in grammar.languages else grammar.original
    glossed = shown is MarkLanguage.ZH and grammar.original is not MarkLanguage.ZH
    inside = grammar.original if glossed else shown
    written = ""
    for segment in grammar.segments:
        match segment:
            case LevelSegment():
                written += level.mark.text(inside)
            case PeriodSegment():
                written += _period(period, grammar.period, inside, exercise=exercise)
            case ValuesSegment():
                written += _values(
                    segment, pack, markings - level.says, language=inside, short=False
                )
            case _:
                assert_never(segment)
    gloss = level.mark.zh.removeprefix(level.mark.text(grammar.original)) if glossed else ""
    return f"{EXERCISE_PREFIX if exercise else ''}{written.strip()}{gloss}"


def parse_mark(text: str, pack: PolicyPack) -> ParsedMark:
    """Read a mark in any language of the pack's marks.

    Accepted in Chinese beside the canonical form: spaces inside the level, traditional characters,
    full-width digits, Chinese numerals.

    Raises:
        FormatError: ``mark-too-long``, ``mark-level``, ``mark-rest``, then by style
            ``mark-star-missing``, ``mark-star-in-exercise``, ``mark-star-not-used``,
            ``mark-period-missing``, ``mark-period``, ``label-period-value``,
            ``label-period-condition``, ``label-text``, ``mark-period-form``,
            ``mark-period-over-maximum``.
    """
    if len(text) > MAX_MARK:
        raise FormatError("mark-too-long", limit=MAX_MARK)
    rest = text.strip()
    prefix = _EXERCISE.match(rest)
    exercise = prefix is not None
    if prefix is not None:
        rest = rest[prefix.end() :]
    found, language = _longest(rest, pack)
    level, markings = read_values(found, pack, language, short=False)
    tail = rest[found.end() :]
    match pack.marking.period:
        case PeriodStyle.STAR:
            term = _after_star(tail, exercise=exercise)
        case PeriodStyle.DOT:
            term = _after_dot(tail)
        case PeriodStyle.NONE:
            term = _after_nothing(tail, at=len(text) - len(tail) + 1)
        case _:
            assert_never(pack.marking.period)
    period, older = _read_period(term, level, pack, language=language, exercise=exercise)
    return ParsedMark(
        level=level.id, period=period, exercise=exercise, older_practice=older, markings=markings
    )


def parse_portion(text: str, pack: PolicyPack) -> ParsedMark:
    """Read a portion mark; it says no period.

    Raises:
        FormatError: ``mark-no-portions``, ``mark-too-long``, ``mark-level``, ``mark-rest``.
    """
    grammar = pack.marking.portion
    if grammar is None:
        raise FormatError("mark-no-portions")
    if len(text) > MAX_MARK:
        raise FormatError("mark-too-long", limit=MAX_MARK)
    inner = text.strip()
    if not (inner.startswith(grammar.opening) and inner.endswith(grammar.closing)):
        raise FormatError("mark-level")
    inner = inner.removeprefix(grammar.opening).removesuffix(grammar.closing)
    language = pack.marking.original
    found = mark_pattern(pack, language, short=True).match(inner)
    if found is None:
        raise FormatError("mark-level")
    _after_nothing(inner[found.end() :], at=found.end() + len(grammar.opening) + 1)
    level, markings = read_values(found, pack, language, short=True)
    return ParsedMark(
        level=level.id,
        period=Period(form=PeriodForm.OPEN, value=""),
        exercise=False,
        markings=markings,
    )


def _longest(text: str, pack: PolicyPack) -> tuple[re.Match[str], MarkLanguage]:
    grammar = pack.marking
    # A Chinese gloss is the original and more: of equal beginnings the longer one is meant.
    order = sorted(grammar.languages, key=lambda each: (each is not grammar.original, each.value))
    best: tuple[re.Match[str], MarkLanguage] | None = None
    for language in order:
        found = mark_pattern(pack, language, short=False).match(text)
        if found is not None and (best is None or found.end() > best[0].end()):
            best = found, language
    if best is None:
        raise FormatError("mark-level")
    return best


def _values(
    segment: Segment,
    pack: PolicyPack,
    markings: frozenset[str],
    *,
    language: MarkLanguage,
    short: bool,
) -> str:
    if not isinstance(segment, ValuesSegment):
        return ""
    written = []
    for part in segment.parts:
        values = [
            _printed(value, language, short=short)
            for value in pack.category(part.category).values
            if f"{part.category}:{value.id}" in markings and value.mark is not None
        ]
        if values:
            joined = part.between.text(language).join(values)
            written.append(part.before.text(language) + joined + part.after.text(language))
    if not written:
        return ""
    return segment.before.text(language) + segment.between.text(language).join(written)


def _printed(value: CategoryValue, language: MarkLanguage, *, short: bool) -> str:
    if short and value.portion:
        return value.portion
    return value.mark.text(language) if value.mark is not None else ""


def _period(period: Period, style: PeriodStyle, language: MarkLanguage, *, exercise: bool) -> str:
    term = write_term(period, Language.ZH if language is MarkLanguage.ZH else Language.EN)
    match style:
        case PeriodStyle.STAR:
            if exercise:
                return f" {term}"
            return f"{'' if language is MarkLanguage.ZH else ' '}{_STAR}{term}"
        case PeriodStyle.DOT:
            return "" if period.form is PeriodForm.OPEN else f" · {term}"
        case PeriodStyle.NONE:
            return ""
        case _:
            assert_never(style)


def _read_period(
    term: str, level: Level, pack: PolicyPack, *, language: MarkLanguage, exercise: bool
) -> tuple[Period, bool]:
    style = pack.marking.period
    older = False
    if term:
        written = Language.ZH if language is MarkLanguage.ZH else Language.EN
        period = read_term(term, written)
    elif style is PeriodStyle.NONE or (style is PeriodStyle.DOT and not pack.period.required):
        return Period(form=PeriodForm.OPEN, value=""), False
    elif level.max_period_years is not None and not exercise:
        period, older = Period.of_years(level.max_period_years), True
    else:
        raise FormatError("mark-period-missing")
    return period, _check_term(period, level, pack) or older


def _after_star(rest: str, *, exercise: bool) -> str:
    if exercise:
        if _STAR in rest:
            raise FormatError("mark-star-in-exercise")
        if rest.strip() and not rest[0].isspace():
            raise FormatError("mark-level")
        return rest.strip()
    rest = rest.strip()
    if not rest.startswith(_STAR):
        raise FormatError("mark-star-missing")
    return rest.removeprefix(_STAR).strip()


def _after_dot(rest: str) -> str:
    if _STAR in rest:
        raise FormatError("mark-star-not-used")
    if not rest.strip():
        return ""
    term = rest.strip().removeprefix("·").strip()
    if not rest.strip().startswith("·"):
        raise FormatError("mark-level")
    if not term:
        raise FormatError("mark-period-missing")
    return term


def _after_nothing(rest: str, *, at: int) -> str:
    if _STAR in rest:
        raise FormatError("mark-star-not-used")
    if rest.strip():
        raise FormatError("mark-rest", column=at)
    return ""


def _check_term(period: Period, level: Level, pack: PolicyPack) -> bool:
    older = period.form in pack.period.older_forms
    if period.form not in pack.period.forms and not older:
        raise FormatError("mark-period-form")
    months = months_of(period)
    years = level.max_period_years
    if months is not None and years is not None and months > 12 * years:
        raise FormatError("mark-period-over-maximum", limit=years)
    return older


def _require_policy(label: Label, pack: PolicyPack) -> None:
    if label.policy != pack.policy_id:
        raise FormatError("label-policy-mismatch")
