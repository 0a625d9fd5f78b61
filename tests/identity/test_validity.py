from __future__ import annotations

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import (
    CredentialExpiredError,
    CredentialNotYetValidError,
    FormatError,
)
from secure_liaison.identity.validity import CLOCK_TOLERANCE_S, Validity

START, END = Instant(1_000_000), Instant(2_000_000)
PERIOD = Validity(not_before=START, not_after=END)
HOUR_S = 3600


@pytest.mark.parametrize("at", [START - CLOCK_TOLERANCE_S, START, START + 1, END - 1])
def test_inside_the_period_nothing_is_denied(at: int) -> None:
    PERIOD.require(Instant(at))
    assert PERIOD.holds(Instant(at))


@pytest.mark.parametrize("at", [0, START - HOUR_S, START - CLOCK_TOLERANCE_S - 1])
def test_a_clock_that_is_slow_denies(at: int) -> None:
    assert not PERIOD.holds(Instant(at))
    with pytest.raises(CredentialNotYetValidError, match="not-begun"):
        PERIOD.require(Instant(at))


@pytest.mark.parametrize("at", [END, END + 1, END - 1 + HOUR_S])
def test_a_clock_that_is_fast_denies(at: int) -> None:
    assert not PERIOD.holds(Instant(at))
    with pytest.raises(CredentialExpiredError, match="ended"):
        PERIOD.require(Instant(at))


@pytest.mark.parametrize("end", [START, START - 1])
def test_a_period_ends_after_it_begins(end: int) -> None:
    with pytest.raises(FormatError, match="validity-order"):
        Validity(not_before=START, not_after=Instant(end))
