"""The calendar of working days: as the State Council announced it, strict, and never guessed."""

from __future__ import annotations

import json
from datetime import date
from importlib import resources
from typing import Any

import pytest

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError, UnsupportedVersionError, WorkflowError
from secure_liaison.labels.naming import BasisStatus
from secure_liaison.labels.workdays import (
    builtin_calendar,
    due_at,
    is_workday,
    load_calendar,
    local_day,
    workdays_after,
)

CN = builtin_calendar("cn")


def calendar_file() -> dict[str, Any]:
    file = resources.files("secure_liaison.labels") / "calendars" / "cn.json"
    value: dict[str, Any] = json.loads(file.read_bytes())
    return value


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2024-02-09", True),  # the eve: leave was encouraged, yet it is a working day
        ("2024-02-12", False),
        ("2024-02-18", True),  # a Sunday worked instead
        ("2025-01-26", True),
        ("2025-10-08", False),
        ("2026-01-04", True),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-09-20", True),
        ("2026-11-21", False),
        ("2026-11-23", True),
    ],
)
def test_working_days_are_those_announced(day: str, *, works: bool) -> None:
    assert works is is_workday(date.fromisoformat(day), CN)


@pytest.mark.parametrize(("year", "days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_its_number_of_working_days(year: int, days: int) -> None:
    first = date(year, 1, 1).toordinal()
    length = date(year + 1, 1, 1).toordinal() - first
    assert days == sum(is_workday(date.fromordinal(first + n), CN) for n in range(length))


@pytest.mark.parametrize(
    ("day", "count", "last"),
    [
        ("2026-03-02", 10, "2026-03-16"),
        ("2026-03-01", 1, "2026-03-02"),  # from a Sunday
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday worked instead
        ("2026-02-14", 1, "2026-02-24"),  # over the Spring Festival
        ("2025-09-26", 10, "2025-10-16"),  # over the National Day
        ("2025-12-31", 1, "2026-01-04"),  # into the next year
    ],
)
def test_the_day_on_which_a_clock_starts_is_not_counted(day: str, count: int, last: str) -> None:
    assert date.fromisoformat(last) == workdays_after(date.fromisoformat(day), count, CN)


@pytest.mark.parametrize("day", ["2026-12-25", "2027-01-05", "2023-12-29"])
def test_a_year_without_a_calendar_is_refused_by_name(day: str) -> None:
    with pytest.raises(WorkflowError, match="workdays-year-unknown") as caught:
        workdays_after(date.fromisoformat(day), 10, CN)
    assert caught.value.facts["year"] in {2023, 2027}


def test_a_clock_of_no_days_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="one working day"):
        workdays_after(date(2026, 3, 2), 0, CN)


def test_a_day_is_a_day_of_the_agencys_zone() -> None:
    evening = Instant(from_iso("2026-03-02T17:00:00Z"))
    assert date(2026, 3, 2) == local_day(evening, 0)
    assert date(2026, 3, 3) == local_day(evening, 480)
    # 17:00 UTC is 01:00 of the next day in Beijing, so the clock there ends a day later.
    assert from_iso("2026-03-04T00:00:00Z") == due_at(evening, 1, CN, offset_minutes=0)
    assert from_iso("2026-03-04T16:00:00Z") == due_at(evening, 1, CN, offset_minutes=480)


def test_every_year_says_where_it_comes_from() -> None:
    for year in CN.years:
        assert str(year.year) in year.basis[0].cite
        assert {basis.status for basis in year.basis} == {BasisStatus.PAGE}


def test_an_unknown_calendar_is_refused() -> None:
    with pytest.raises(FormatError, match="workdays-unknown"):
        builtin_calendar("xx")


def year(**changes: Any) -> dict[str, Any]:
    one: dict[str, Any] = {
        "year": 2026,
        "holidays": ["2026-01-01"],
        "workdays": ["2026-01-04"],
        "basis": [{"cite": "notice", "status": "known"}],
    }
    return one | changes


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": "secure-liaison/policy"}, "workdays-format"),
        ({"weekend": [6, 6]}, "workdays-value"),
        ({"weekend": [0]}, "workdays-value"),
        ({"weekend": [True]}, "workdays-value"),
        ({"weekend": 6}, "workdays-value"),
        ({"weekend": [1, 2, 3, 4, 5, 6, 7]}, "workdays-value"),
        ({"years": []}, "workdays-value"),
        ({"years": [year(), year()]}, "workdays-value"),
        ({"years": [year(holidays=["2026-02-30"])]}, "workdays-value"),
        ({"years": [year(holidays=["20260101"])]}, "workdays-value"),
        ({"years": [year(holidays=["2025-01-01"])]}, "workdays-value"),
        ({"years": [year(holidays=["2026-01-02", "2026-01-01"])]}, "workdays-value"),
        ({"years": [year(workdays=["2026-01-01"])]}, "workdays-value"),
        ({"years": [year(holidays=["2026-01-01", "2026-01-01"])]}, "pack-field-value"),
        ({"years": [year(year=12)]}, "pack-field-value"),
        ({"years": [year(basis=[])]}, "pack-field-value"),
        ({"years": [year(basis=[{"cite": "x", "status": "sure"}])]}, "pack-field-value"),
        ({"years": [year(more=1)]}, "pack-field-unknown"),
        ({"more": 1}, "pack-field-unknown"),
        ({"names": {"zh": "日历"}}, "pack-field-missing"),
    ],
)
def test_a_calendar_is_read_strictly(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(FormatError, match=f"{reason}$"):
        load_calendar(json.dumps(calendar_file() | changes).encode())


def test_a_later_version_is_refused() -> None:
    with pytest.raises(UnsupportedVersionError):
        load_calendar(json.dumps(calendar_file() | {"format_version": 1}).encode())
