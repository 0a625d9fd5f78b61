"""How long a label binds: a duration, a moment, a condition, or open.

Rules:

- Calendar arithmetic by the wall clock of the agency that fixed the period, given as an offset from
  UTC: a month later is the same day and time there, or the month's last day.
- Order: dated periods by their end; a condition is comparable to itself and to open only; open is
  above all. The join of two periods that cannot be compared is therefore open: it never ends early.
- A condition is a sentence about an event; a text that reads like a duration or a date is not one,
  and neither is a vague one (``几年``): it would bind for ever without a decision.

Source: docs/spec/labels.md §4; 保守国家秘密法(2024) 第二十条.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.clock import Instant, from_iso
from secure_liaison.encoding import Fields
from secure_liaison.errors import FormatError
from secure_liaison.labels.plain_text import require_plain
from secure_liaison.labels.vagueness import is_vague

if TYPE_CHECKING:
    from secure_liaison.encoding import Value

__all__ = [
    "MAX_INSTANT",
    "Period",
    "PeriodForm",
    "join_periods",
    "meet_periods",
    "months_after",
    "months_of",
    "period_dominates",
    "period_end",
]

MAX_INSTANT: Final = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second that has a written form."""

_DURATION: Final = re.compile(r"P([1-9][0-9]{0,2})([YM])")
_DATE: Final = re.compile(r"(?:19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}")
_UNITS: Final = frozenset("年月日天周時时小分秒个個長长期PYMWDTHS-./,:+")
_MAX_CONDITION: Final = 200
_LAST_YEAR: Final = 9999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Counted from, because not every system turns a moment before it into a date."""
_MAX_OFFSET: Final = 14 * 60


class PeriodForm(Enum):
    """The forms that a period may take; the numbers are those of the encoding."""

    DURATION = 1
    MOMENT = 2
    CONDITION = 3
    OPEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One period.

    Attributes:
        form: Which of the four forms.
        value: ``P10Y`` or ``P6M``; ``2027-03-01``; the condition's text; empty for open.
        start: When a duration or moment was fixed, seconds UTC; in a label always there for these
            two and never for the others. A printed mark does not state it.
        offset_minutes: The agency's local time minus UTC, −840 to 840; 0 for condition and open.

    Raises:
        FormatError: ``label-text``, ``label-period-value``, ``label-period-condition``,
            ``label-period-vague``, ``label-period-offset``.
    """

    form: PeriodForm
    value: str
    start: Instant | None = None
    offset_minutes: int = 0

    def __post_init__(self) -> None:
        match self.form:
            case PeriodForm.DURATION:
                good = _DURATION.fullmatch(self.value) is not None
            case PeriodForm.MOMENT:
                good = _is_date(self.value)
            case PeriodForm.CONDITION:
                good = _is_condition(self.value)
            case PeriodForm.OPEN:
                good = not self.value
            case _:
                assert_never(self.form)
        if not good:
            raise FormatError("label-period-value")
        undated = self.form in {PeriodForm.CONDITION, PeriodForm.OPEN}
        if abs(self.offset_minutes) > (0 if undated else _MAX_OFFSET):
            raise FormatError("label-period-offset")

    @classmethod
    def of_years(cls, years: int, *, start: Instant | None = None) -> Period:
        """Build a duration of ``years``, 1 to 999."""
        return cls(form=PeriodForm.DURATION, value=f"P{years}Y", start=start)

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {0: self.form.value, 1: self.value, 2: self.start, 3: self.offset_minutes}

    @classmethod
    def from_value(cls, value: Value) -> Period:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, then as the constructor.
        """
        fields = Fields(value)
        form = PeriodForm(fields.integer(0, low=1, high=len(PeriodForm)))
        text = fields.text(1, max_size=_MAX_CONDITION)
        start = None if fields.is_null(2) else Instant(fields.integer(2, high=MAX_INSTANT))
        offset = fields.integer(3, low=-_MAX_OFFSET, high=_MAX_OFFSET)
        fields.done()
        return cls(form=form, value=text, start=start, offset_minutes=offset)


def months_of(period: Period) -> int | None:
    """Return the length of a duration in months; nothing for the other forms."""
    found = _DURATION.fullmatch(period.value)
    if period.form is not PeriodForm.DURATION or found is None:
        return None
    return int(found[1]) * (12 if found[2] == "Y" else 1)


def period_end(period: Period) -> Instant | None:
    """Return the first second (UTC) after the period; nothing if it has no dated end.

    Raises:
        ValueError: a duration without a start; a programmer's mistake, labels always have one.
    """
    match period.form:
        case PeriodForm.DURATION:
            return months_after(period, months_of(period) or 0)
        case PeriodForm.MOMENT:
            return Instant(from_iso(period.value) - 60 * period.offset_minutes)
        case PeriodForm.CONDITION | PeriodForm.OPEN:
            return None
        case _:
            assert_never(period.form)


def months_after(period: Period, months: int) -> Instant:
    """Return the moment ``months`` after a dated period's start, by its own wall clock.

    Raises:
        ValueError: a period without a start; a programmer's mistake.
    """
    if period.start is None:
        msg = "only a dated period has a start"
        raise ValueError(msg)
    ahead = 60 * period.offset_minutes
    return Instant(min(add_months(Instant(period.start + ahead), months) - ahead, MAX_INSTANT))


def add_months(start: Instant, months: int) -> Instant:
    """Return the same day and time ``months`` later, in UTC; never past the year 9999."""
    # A start at the very end, told by a clock ahead of UTC, lies past the year 9999 already.
    moment = _EPOCH + timedelta(seconds=min(start, MAX_INSTANT))
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    if year > _LAST_YEAR:
        return Instant(MAX_INSTANT)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return Instant(int(moment.replace(year=year, month=month + 1, day=day).timestamp()))


def period_dominates(high: Period, low: Period) -> bool:
    """Whether ``high`` certainly binds at least as long as ``low``."""
    if high.form is PeriodForm.OPEN:
        return True
    if high.form is PeriodForm.CONDITION or low.form is PeriodForm.CONDITION:
        return (high.form, high.value) == (low.form, low.value)
    high_end, low_end = period_end(high), period_end(low)
    return high_end is not None and low_end is not None and high_end >= low_end


def join_periods(a: Period, b: Period) -> Period:
    """Return the shortest period that binds at least as long as both."""
    if PeriodForm.OPEN in {a.form, b.form}:
        return Period(form=PeriodForm.OPEN, value="")
    if PeriodForm.CONDITION in {a.form, b.form}:
        return a if a == b else Period(form=PeriodForm.OPEN, value="")
    return max(a, b, key=_dated_key)


def meet_periods(a: Period, b: Period) -> Period | None:
    """Return the longest period that binds no longer than either; nothing where there is none."""
    if PeriodForm.OPEN in {a.form, b.form}:
        return b if a.form is PeriodForm.OPEN else a
    if PeriodForm.CONDITION in {a.form, b.form}:
        return a if a == b else None
    return min(a, b, key=_dated_key)


def _dated_key(period: Period) -> tuple[int, int, str, int, int]:
    # Two ways of writing one end are told apart, so that the join has one result.
    return (
        period_end(period) or 0,
        period.form.value,
        period.value,
        period.start or 0,
        period.offset_minutes,
    )


def _is_date(text: str) -> bool:
    if _DATE.fullmatch(text) is None:
        return False
    try:
        from_iso(text)
    except ValueError:
        return False
    return True


def _is_condition(text: str) -> bool:
    require_plain(text, max_size=_MAX_CONDITION)
    # A mistyped duration (`31年`, `1０Y`) must never become a condition that nobody can meet.
    letters = "".join(unicodedata.normalize("NFKC", text).split())
    numbers_only = all(
        mark in _UNITS or unicodedata.numeric(mark, None) is not None for mark in letters
    )
    if numbers_only or "★" in text:
        raise FormatError("label-period-condition")
    if is_vague(text):
        raise FormatError("label-period-vague")
    return True
