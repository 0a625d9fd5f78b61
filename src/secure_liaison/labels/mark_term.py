"""The period in a mark: how each style writes it after the level, and what it reads back.

Source: docs/spec/labels.md §7; 保密法实施条例(2024) 第二十一条.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.grammar import PeriodStyle
from secure_liaison.labels.naming import MarkLanguage
from secure_liaison.labels.period import Period, PeriodForm, months_of
from secure_liaison.labels.term import read_term, write_term

if TYPE_CHECKING:
    from secure_liaison.labels.policy import Level, PolicyPack

__all__ = ["STAR", "read_tail", "write_tail"]

STAR: Final = "★"


def write_tail(
    period: Period, style: PeriodStyle, language: MarkLanguage, *, exercise: bool
) -> str:
    """Return what stands after the level and its values; it may be empty."""
    term = write_term(period, Language.ZH if language is MarkLanguage.ZH else Language.EN)
    match style:
        case PeriodStyle.STAR:
            if exercise:
                return f" {term}"
            return f"{'' if language is MarkLanguage.ZH else ' '}{STAR}{term}"
        case PeriodStyle.DOT:
            return "" if period.form is PeriodForm.OPEN else f" · {term}"
        case PeriodStyle.NONE:
            return ""
        case _:
            assert_never(style)


def read_tail(
    tail: str,
    level: Level,
    pack: PolicyPack,
    *,
    language: MarkLanguage,
    exercise: bool,
    provision: str,
) -> tuple[Period, bool]:
    """Read what stands after the level and its values.

    Returns:
        The period, and whether it is written as was usual before.

    Raises:
        FormatError: ``mark-star-in-exercise``, ``mark-level``, ``mark-star-missing``,
            ``mark-star-not-used``, ``mark-period-missing``, as `read_term`, ``mark-period-form``,
            ``mark-period-over-maximum``.
    """
    style = pack.marking.period
    match style:
        case PeriodStyle.STAR:
            term = _after_star(tail, exercise=exercise)
        case PeriodStyle.DOT:
            term = _after_dot(tail)
        case PeriodStyle.NONE:
            return Period(form=PeriodForm.OPEN, value=""), False
        case _:
            assert_never(style)
    older = False
    if term:
        period = read_term(term, Language.ZH if language is MarkLanguage.ZH else Language.EN)
    elif style is PeriodStyle.DOT and not pack.period.required:
        return Period(form=PeriodForm.OPEN, value=""), False
    elif level.max_period_years is not None and not exercise:
        period, older = Period.of_years(level.max_period_years), True
    else:
        raise FormatError("mark-period-missing")
    return period, _is_older(period, level, pack, provision=provision) or older


def _after_star(rest: str, *, exercise: bool) -> str:
    if exercise:
        if STAR in rest:
            raise FormatError("mark-star-in-exercise")
        if rest.strip() and not rest[0].isspace():
            raise FormatError("mark-level")
        return rest.strip()
    rest = rest.strip()
    if not rest.startswith(STAR):
        raise FormatError("mark-star-missing")
    return rest.removeprefix(STAR).strip()


def _after_dot(rest: str) -> str:
    if STAR in rest:
        raise FormatError("mark-star-not-used")
    if not rest.strip():
        return ""
    term = rest.strip().removeprefix("·").strip()
    if not rest.strip().startswith("·"):
        raise FormatError("mark-level")
    if not term:
        raise FormatError("mark-period-missing")
    return term


def _is_older(period: Period, level: Level, pack: PolicyPack, *, provision: str) -> bool:
    older = period.form in pack.period.older_forms
    if period.form not in pack.period.forms and not older:
        raise FormatError("mark-period-form")
    months = months_of(period)
    years = level.max_period_years
    if months is not None and years is not None and months > 12 * years and not provision:
        raise FormatError("mark-period-over-maximum", limit=years)
    return older
