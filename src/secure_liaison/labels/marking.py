"""Marks as people print and read them, in Chinese and English, and back to values.

Rules:

- ``机密★10年`` and ``CN JIMI (机密, 2 of 3) ★10Y``: an English gloss of a Chinese level is never a
  bare Western word.
- The star is reserved for real material: an exercise has ``演练 EXERCISE · `` in front, no star,
  and a reader of marks refuses each in the other's place.
- What is rendered parses back to the same level, period and realm kind; a foreign mark parses as
  nothing.
- A banner always shows both languages.

Source: docs/spec/labels.md §7; DESIGN §4; 保密法实施条例(2024) 第二十一条.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.period import Period, PeriodForm, months_of
from secure_liaison.labels.policy import Level, MarkingGrammar, PolicyPack
from secure_liaison.labels.term import read_term, write_term

if TYPE_CHECKING:
    from secure_liaison.labels.label import Label

__all__ = [
    "EXERCISE_PREFIX",
    "ParsedMark",
    "banner",
    "mark_level",
    "parse_mark",
    "render",
    "urgency_text",
    "write_mark",
]

EXERCISE_PREFIX: Final = "演练 EXERCISE · "
MAX_MARK: Final = 400
"""Characters; the longest condition and the longest level name fit."""

_STAR: Final = "★"
_EXERCISE: Final = re.compile(r"演[练練]\s*EXERCISE\s*·\s*")
_CJK: Final = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMark:
    """What a mark says.

    Attributes:
        level: Level id.
        period: Without a start: a mark does not print it.
        exercise: Whether it is a mark of an exercise.
        older_practice: Whether it is written as was usual before and must not be written now: no
            period after the star (read as the maximum), or a form that the pack only still reads.
    """

    level: str
    period: Period
    exercise: bool
    older_practice: bool = False


def render(label: Label, pack: PolicyPack, language: Language, *, exercise: bool) -> str:
    """Return the mark of a label in one language.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``.
    """
    _require_policy(label, pack)
    level = pack.level(label.level)
    return write_mark(level, label.period, pack.marking, language=language, exercise=exercise)


def banner(label: Label, pack: PolicyPack, *, exercise: bool) -> str:
    """Return the line for the top and bottom of every page: both languages, always.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``.
    """
    zh = render(label, pack, Language.ZH, exercise=exercise)
    en = render(label, pack, Language.EN, exercise=exercise)
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


def write_mark(
    level: Level,
    period: Period,
    grammar: MarkingGrammar,
    *,
    language: Language,
    exercise: bool,
) -> str:
    """Return a mark from its parts."""
    name, term = level.mark.text(language), write_term(period, language)
    match grammar:
        case MarkingGrammar.STAR:
            if exercise:
                return f"{EXERCISE_PREFIX}{name} {term}"
            return f"{name}{' ' if language is Language.EN else ''}{_STAR}{term}"
        case MarkingGrammar.PLAIN:
            shown = name if period.form is PeriodForm.OPEN else f"{name} · {term}"
            return f"{EXERCISE_PREFIX}{shown}" if exercise else shown
        case _:
            assert_never(grammar)


def parse_mark(text: str, pack: PolicyPack) -> ParsedMark:
    """Read a mark in either language.

    Accepted in Chinese beside the canonical form: spaces inside the level, traditional characters,
    full-width digits, Chinese numerals.

    Raises:
        FormatError: ``mark-too-long``, ``mark-level``, then by grammar ``mark-star-missing``,
            ``mark-star-in-exercise``, ``mark-star-not-used``, ``mark-period-missing``,
            ``mark-period``, ``label-period-value``, ``label-period-condition``, ``label-text``,
            ``mark-period-form``, ``mark-period-over-maximum``.
    """
    if len(text) > MAX_MARK:
        raise FormatError("mark-too-long", limit=MAX_MARK)
    rest = text.strip()
    prefix = _EXERCISE.match(rest)
    exercise = prefix is not None
    if prefix is not None:
        rest = rest[prefix.end() :]
    level, language, rest = _read_level(rest, pack)
    match pack.marking:
        case MarkingGrammar.STAR:
            term = _after_star(rest, exercise=exercise)
        case MarkingGrammar.PLAIN:
            term = _after_dot(rest)
        case _:
            assert_never(pack.marking)
    older = False
    if term:
        period = read_term(term, language)
    elif pack.marking is MarkingGrammar.PLAIN and not pack.period.required:
        period = Period(form=PeriodForm.OPEN, value="")
    elif level.max_period_years is not None and not exercise:
        period, older = Period.of_years(level.max_period_years), True
    else:
        raise FormatError("mark-period-missing")
    older = _check_term(period, level, pack) or older
    return ParsedMark(level=level.id, period=period, exercise=exercise, older_practice=older)


def _read_level(text: str, pack: PolicyPack) -> tuple[Level, Language, str]:
    candidates = [
        (written, level, language)
        for level in pack.levels
        for language, names in (
            (Language.ZH, (level.mark.zh, *level.aliases)),
            (Language.EN, (level.mark.en,)),
        )
        for written in names
    ]
    # The longest first: a level whose name begins with another's must not be read as that one.
    for written, level, language in sorted(candidates, key=lambda each: -len(each[0])):
        found = _pattern(written).match(text)
        if found is not None:
            return level, language, text[found.end() :]
    raise FormatError("mark-level")


def _pattern(written: str) -> re.Pattern[str]:
    parts = []
    for mark, following in zip(written, [*written[1:], ""], strict=True):
        if mark.isspace():
            parts.append(r"\s+")
        else:
            spaced = _CJK.match(mark) and _CJK.match(following)
            parts.append(re.escape(mark) + (r"\s*" if spaced else ""))
    return re.compile("".join(parts))


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
