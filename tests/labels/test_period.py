import pytest

from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.period import (
    MAX_INSTANT,
    Period,
    PeriodForm,
    add_months,
    join_periods,
    months_of,
    period_dominates,
    period_end,
)

START = from_iso("2026-03-01")
OPEN = Period(form=PeriodForm.OPEN, value="")


def condition(text: str) -> Period:
    return Period(form=PeriodForm.CONDITION, value=text)


def moment(day: str) -> Period:
    return Period(form=PeriodForm.MOMENT, value=day, start=START)


def duration(value: str) -> Period:
    return Period(form=PeriodForm.DURATION, value=value, start=START)


def test_ten_years_end_on_the_same_day() -> None:
    assert period_end(Period.of_years(10, start=START)) == from_iso("2036-03-01")


def test_six_months_end_on_the_same_day() -> None:
    assert period_end(duration("P6M")) == from_iso("2026-09-01")


def test_a_day_that_the_month_lacks_is_its_last() -> None:
    assert add_months(from_iso("2024-02-29"), 12) == from_iso("2025-02-28")
    assert add_months(from_iso("2026-08-31"), 6) == from_iso("2027-02-28")


def test_the_time_of_day_is_kept() -> None:
    assert add_months(from_iso("2026-03-01T08:15:00Z"), 1) == from_iso("2026-04-01T08:15:00Z")


def test_an_end_past_the_last_year_stays_at_it() -> None:
    assert add_months(from_iso("9990-01-01"), 999 * 12) == MAX_INSTANT


def test_a_moment_ends_at_its_first_second() -> None:
    assert period_end(moment("2027-03-01")) == from_iso("2027-03-01")


def test_condition_and_open_have_no_dated_end() -> None:
    assert period_end(condition("会议开始前")) is None
    assert period_end(OPEN) is None


def test_a_duration_without_start_has_no_end_to_compute() -> None:
    with pytest.raises(ValueError, match="start"):
        period_end(Period.of_years(10))


def test_months_of_counts_durations_only() -> None:
    assert months_of(duration("P2Y")) == 24
    assert months_of(duration("P6M")) == 6
    assert months_of(moment("2027-03-01")) is None


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (PeriodForm.DURATION, "P0Y"),
        (PeriodForm.DURATION, "P10D"),
        (PeriodForm.DURATION, "10Y"),
        (PeriodForm.DURATION, "P1000Y"),
        (PeriodForm.MOMENT, "2027-02-30"),
        (PeriodForm.MOMENT, "1969-12-31"),
        (PeriodForm.MOMENT, "2027-3-1"),
        (PeriodForm.OPEN, "长期"),
    ],
)
def test_malformed_value_is_refused(form: PeriodForm, value: str) -> None:
    with pytest.raises(FormatError, match="label-period-value"):
        Period(form=form, value=value)


@pytest.mark.parametrize(
    "text",
    ["", "10年", "三 十 年", "３１年", "10Y", "9999年", "١٠年", "长期", "会议★后", "2027-3-1"],
)
def test_a_mistyped_period_is_not_a_condition(text: str) -> None:
    with pytest.raises(FormatError, match="label-period-condition"):
        condition(text)


@pytest.mark.parametrize("text", ["会议\u202e后", " 会议后", "会议后\n", "x" * 201, "e\u0301"])
def test_a_condition_is_plain_text(text: str) -> None:
    with pytest.raises(FormatError, match="label-text"):
        condition(text)


def test_longer_of_two_dated_periods_is_their_join() -> None:
    assert join_periods(duration("P6M"), moment("2027-03-01")) == moment("2027-03-01")


def test_join_of_two_writings_of_one_end_is_the_same_from_either_side() -> None:
    assert join_periods(duration("P12M"), duration("P1Y")) == join_periods(
        duration("P1Y"), duration("P12M")
    )


def test_join_of_a_condition_and_a_date_is_open_because_either_may_come_first() -> None:
    assert join_periods(condition("会议开始前"), duration("P10Y")) == OPEN
    assert join_periods(condition("会议开始前"), condition("会议结束后")) == OPEN
    assert join_periods(condition("会议开始前"), condition("会议开始前")) == condition("会议开始前")
    assert join_periods(OPEN, duration("P10Y")) == OPEN


def test_period_order() -> None:
    assert period_dominates(OPEN, condition("会议开始前"))
    assert not period_dominates(duration("P10Y"), OPEN)
    assert period_dominates(condition("会议开始前"), condition("会议开始前"))
    assert not period_dominates(condition("会议开始前"), duration("P6M"))
    assert not period_dominates(duration("P10Y"), condition("会议开始前"))
    assert period_dominates(duration("P12M"), duration("P1Y"))
    assert not period_dominates(duration("P6M"), duration("P1Y"))


@pytest.mark.parametrize(
    "value", [{0: 0, 1: "", 2: None}, {0: 5, 1: "", 2: None}, {0: 4, 1: ""}, {0: 4, 1: "", 2: -1}]
)
def test_reading_is_strict(value: dict[int, int | str | None]) -> None:
    with pytest.raises(FormatError):
        Period.from_value(value)
