"""Working days: the yearly calendar as data, and the days that a clock of the law counts.

Rules:

- A year stands in the calendar with its holidays and make-up working days, or it is not known;
  nothing is ever guessed from weekends alone.
- Days are days of the agency's own zone; the day on which a clock starts is not counted.
- Reading is strict: a date out of order, out of its year or on both lists is an error.

Source: docs/spec/determination.md §7; 民法典 第二百零一条 (the first day is not counted).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError, WorkflowError
from secure_liaison.labels.pack_fields import read_basis, read_names
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from secure_liaison.labels.naming import Basis, Names

__all__ = [
    "BUILTIN_CALENDARS",
    "CALENDAR_VERSION",
    "WorkCalendar",
    "WorkYear",
    "builtin_calendar",
    "due_at",
    "is_workday",
    "load_calendar",
    "local_day",
    "workdays_after",
]

CALENDAR_VERSION: Final = 0
"""draft-0."""
MAX_CALENDAR_BYTES: Final = 2**18
BUILTIN_CALENDARS: Final = ("cn",)

_FORMAT: Final = "secure-liaison/workdays"
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_DAYS_OF_WEEK: Final = 7
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkYear:
    """One year of a calendar.

    Attributes:
        year: Of the Gregorian calendar.
        holidays: Days on which nobody works; they may fall on a weekend.
        workdays: Days of a weekend on which people work all the same.
        basis: The notice, and how well its text is known.
    """

    year: int
    holidays: frozenset[date]
    workdays: frozenset[date]
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """A calendar of whole years; built by `load_calendar` only.

    Attributes:
        weekend: Days of the week, 1 is Monday.
    """

    id: str
    names: Names
    weekend: frozenset[int]
    basis: tuple[Basis, ...]
    years: tuple[WorkYear, ...]

    def year_of(self, day: date) -> WorkYear:
        """Return the year that a day belongs to.

        Raises:
            WorkflowError: ``workdays-year-unknown``.
        """
        for year in self.years:
            if year.year == day.year:
                return year
        raise WorkflowError("workdays-year-unknown", year=day.year)


def load_calendar(data: bytes) -> WorkCalendar:
    """Read one calendar strictly, at most 256 KiB.

    Raises:
        FormatError: those of `read_json` and `JsonFields`, ``workdays-format``,
            ``workdays-value``.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = JsonFields(read_json(data, max_bytes=MAX_CALENDAR_BYTES))
    fields.require_format(_FORMAT, CALENDAR_VERSION, other=FormatError("workdays-format"))
    calendar = WorkCalendar(
        id=fields.text("id", max_size=64),
        names=read_names(fields),
        weekend=_read_weekend(fields),
        basis=read_basis(fields),
        years=tuple(_read_year(each) for each in fields.objects("years")),
    )
    fields.done()
    numbers = [year.year for year in calendar.years]
    if not numbers or numbers != sorted(set(numbers)):
        raise FormatError("workdays-value", place="years")
    return calendar


@cache
def builtin_calendar(calendar_id: str) -> WorkCalendar:
    """Return a calendar that ships with the library.

    Raises:
        FormatError: ``workdays-unknown``.
    """
    if calendar_id not in BUILTIN_CALENDARS:
        raise FormatError("workdays-unknown")
    file = resources.files("secure_liaison.labels") / "calendars" / f"{calendar_id}.json"
    return load_calendar(file.read_bytes())


def is_workday(day: date, calendar: WorkCalendar) -> bool:
    """Whether people work on a day.

    Raises:
        WorkflowError: ``workdays-year-unknown``.
    """
    year = calendar.year_of(day)
    if day in year.holidays:
        return False
    return day in year.workdays or day.isoweekday() not in calendar.weekend


def workdays_after(day: date, count: int, calendar: WorkCalendar) -> date:
    """Return the ``count``-th working day after ``day``, which itself is not counted.

    Args:
        day: The day on which the clock starts; it need not be a working day.
        count: From 1.
        calendar: Must hold every year that is passed through, that of ``day`` too.

    Raises:
        ValueError: ``count`` is below 1; a programmer's mistake.
        WorkflowError: ``workdays-year-unknown``.
    """
    if count < 1:
        msg = "a clock counts one working day or more"
        raise ValueError(msg)
    calendar.year_of(day)
    while count:
        day += _ONE_DAY
        count -= is_workday(day, calendar)
    return day


def local_day(at: Instant, offset_minutes: int) -> date:
    """Return the day that a moment falls on, in a zone of a fixed offset from UTC."""
    zone = timezone(timedelta(minutes=offset_minutes))
    return datetime.fromtimestamp(at, tz=zone).date()


def due_at(start: Instant, count: int, calendar: WorkCalendar, *, offset_minutes: int) -> Instant:
    """Return the first second that is too late for a clock of ``count`` working days.

    Args:
        start: When the clock started, seconds UTC.
        count: Working days, from 1.
        calendar: Of the agency.
        offset_minutes: The agency's zone; a day ends at its local midnight.

    Raises:
        WorkflowError: ``workdays-year-unknown``.
    """
    last = workdays_after(local_day(start, offset_minutes), count, calendar)
    midnight = datetime(last.year, last.month, last.day, tzinfo=UTC) + _ONE_DAY
    return Instant(int(midnight.timestamp()) - offset_minutes * 60)


def _read_weekend(fields: JsonFields) -> frozenset[int]:
    taken = fields.value("weekend")
    days = [day for day in taken if type(day) is int] if isinstance(taken, list) else []
    in_week = all(1 <= day <= _DAYS_OF_WEEK for day in days)
    if days != taken or not in_week or days != sorted(set(days)) or len(days) == _DAYS_OF_WEEK:
        raise FormatError("workdays-value", place=fields.at("weekend"))
    return frozenset(days)


def _read_year(fields: JsonFields) -> WorkYear:
    number = fields.integer("year", low=_FIRST_YEAR, high=_LAST_YEAR)
    holidays = _read_days(fields, "holidays", number)
    workdays = _read_days(fields, "workdays", number)
    if holidays & workdays:
        raise FormatError("workdays-value", place=fields.at("workdays"))
    year = WorkYear(year=number, holidays=holidays, workdays=workdays, basis=read_basis(fields))
    fields.done()
    return year


def _read_days(fields: JsonFields, name: str, year: int) -> frozenset[date]:
    days = []
    for text in fields.texts(name):
        try:
            day = date.fromisoformat(text)
        except ValueError as exc:
            raise FormatError("workdays-value", place=fields.at(name)) from exc
        if day.isoformat() != text or day.year != year:
            raise FormatError("workdays-value", place=fields.at(name))
        days.append(day)
    if days != sorted(days):
        raise FormatError("workdays-value", place=fields.at(name))
    return frozenset(days)
