"""Time as an argument, and a clock that may only deny."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import (
    BUILD_TIME,
    FixedClock,
    GuardedClock,
    SystemClock,
    from_iso,
    to_iso,
)

YEAR_9999_S = 253_402_300_799


def test_build_time_is_the_date_it_claims() -> None:
    assert to_iso(BUILD_TIME) == "2026-11-22T00:00:00Z"


def test_the_machine_counts_seconds_and_microseconds_alike() -> None:
    clock = SystemClock()
    before_us = clock.now_us()
    now = clock.now()
    after_us = clock.now_us()
    assert before_us // 1_000_000 <= now <= after_us // 1_000_000


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(1000)
    clock.advance(60)
    clock.advance(-10)
    assert (clock.now(), clock.now_us()) == (1050, 1_050_000_000)


def test_a_guarded_clock_follows_the_machine_above_its_floor() -> None:
    clock = GuardedClock(FixedClock(BUILD_TIME + 500))
    assert clock.now() == BUILD_TIME + 500


def test_no_time_before_the_build_is_believed() -> None:
    clock = GuardedClock(FixedClock(0), floor=0)
    assert clock.now() == BUILD_TIME


def test_setting_the_machine_back_revives_nothing() -> None:
    machine = FixedClock(BUILD_TIME + 7200)
    clock = GuardedClock(machine)
    clock.raise_floor_us(clock.now_us())
    machine.advance(-3600)
    assert clock.now() == BUILD_TIME + 7200


def test_an_earlier_proof_lowers_nothing() -> None:
    clock = GuardedClock(FixedClock(0), floor=BUILD_TIME + 100)
    clock.raise_floor_us(BUILD_TIME * 1_000_000)
    assert clock.now() == BUILD_TIME + 100


@given(st.lists(st.tuples(st.booleans(), st.integers(-(10**6), 10**6)), max_size=20))
def test_a_proven_time_is_never_undercut(moves: list[tuple[bool, int]]) -> None:
    machine = FixedClock()
    clock = GuardedClock(machine)
    proven_us = 0
    for is_proof, seconds in moves:
        if is_proof:
            proven_us = max(proven_us, machine.now_us())
            clock.raise_floor_us(machine.now_us())
        else:
            machine.advance(seconds)
        assert clock.now_us() >= proven_us


@given(st.integers(0, YEAR_9999_S))
def test_instants_survive_their_text(instant: int) -> None:
    assert from_iso(to_iso(instant)) == instant


def test_a_date_is_its_first_second() -> None:
    assert from_iso("2026-11-22") == BUILD_TIME


@pytest.mark.parametrize(
    "text", ["", "2026-11-22T08:00:00", "2026-11-22T08:00:00+08:00", "22.11.2026", "2026-13-01"]
)
def test_any_other_form_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not match|unconverted"):
        from_iso(text)
