"""`retired` against `compromised since`, with and without a witnessed time."""

from __future__ import annotations

import pytest

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import KeyId
from secure_liaison.errors import (
    CredentialExpiredError,
    CredentialNotYetValidError,
    CredentialRevokedError,
)
from secure_liaison.identity.contents import RevocationContent, RevocationMode
from secure_liaison.identity.revocations import NO_REVOCATIONS, Revocations, check_key
from secure_liaison.identity.validity import Validity

KEY = KeyId(b"k" * 32)
START, SINCE, END = Instant(100_000), Instant(500_000), Instant(900_000)
PERIOD = Validity(not_before=START, not_after=END)
RETIRED, COMPROMISED = RevocationMode.RETIRED, RevocationMode.COMPROMISED


def revoked(*modes: RevocationMode, since: int = SINCE) -> Revocations:
    return Revocations.of(
        RevocationContent(target=KEY, mode=mode, since=Instant(since)) for mode in modes
    )


def check(revocations: Revocations, *, now: int, witnessed: int | None = None) -> None:
    check_key(
        KEY,
        revocations,
        validity=PERIOD,
        now=Instant(now),
        witnessed_at=None if witnessed is None else Instant(witnessed),
    )


def test_an_unrevoked_key_counts_inside_its_period() -> None:
    check(NO_REVOCATIONS, now=SINCE)


@pytest.mark.parametrize("mode", RevocationMode)
def test_what_was_witnessed_before_the_moment_counts(mode: RevocationMode) -> None:
    check(revoked(mode), now=SINCE + 1000, witnessed=SINCE - 1)


@pytest.mark.parametrize("mode", RevocationMode)
@pytest.mark.parametrize("witnessed", [SINCE, SINCE + 1])
def test_what_was_witnessed_later_does_not(mode: RevocationMode, witnessed: int) -> None:
    with pytest.raises(CredentialRevokedError, match=mode.name.lower()):
        check(revoked(mode), now=SINCE + 1000, witnessed=witnessed)


@pytest.mark.parametrize("mode", RevocationMode)
def test_without_a_witnessed_time_a_revoked_key_does_not_count(mode: RevocationMode) -> None:
    with pytest.raises(CredentialRevokedError, match=mode.name.lower()):
        check(revoked(mode), now=SINCE)


def test_a_key_to_be_retired_counts_until_then() -> None:
    check(revoked(RETIRED), now=SINCE - 1)


def test_a_compromised_key_is_revoked_at_once() -> None:
    with pytest.raises(CredentialRevokedError, match="compromised"):
        check(revoked(COMPROMISED), now=SINCE - 1)


def test_a_compromise_dated_back_takes_away_what_retiring_would_have_kept() -> None:
    check(revoked(RETIRED, since=SINCE), now=END - 1, witnessed=SINCE - 10)
    with pytest.raises(CredentialRevokedError, match="compromised"):
        check(revoked(COMPROMISED, since=SINCE - 1000), now=END - 1, witnessed=SINCE - 10)


def test_of_two_revocations_the_stricter_counts() -> None:
    both = Revocations.of(
        [
            RevocationContent(target=KEY, mode=COMPROMISED, since=SINCE),
            RevocationContent(target=KEY, mode=RETIRED, since=Instant(SINCE - 1000)),
        ]
    )
    found = both.find(KEY)
    assert found is not None
    assert (COMPROMISED, SINCE - 1000) == (found.mode, found.since)


def test_a_revocation_of_another_key_does_not_matter() -> None:
    other = Revocations.of([RevocationContent(target=b"o" * 32, mode=COMPROMISED, since=START)])
    check(other, now=SINCE)


def test_a_witnessed_time_outside_the_period_does_not_count() -> None:
    with pytest.raises(CredentialExpiredError):
        check(NO_REVOCATIONS, now=SINCE, witnessed=END)
    with pytest.raises(CredentialNotYetValidError):
        check(NO_REVOCATIONS, now=SINCE, witnessed=START - 3600)


def test_a_witnessed_time_inside_the_period_counts_after_its_end() -> None:
    check(NO_REVOCATIONS, now=END + 1000, witnessed=END - 1)


@pytest.mark.parametrize(
    ("now", "error"),
    [(START - 3600, CredentialNotYetValidError), (END - 1 + 3600, CredentialExpiredError)],
)
def test_a_clock_an_hour_off_denies(now: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        check(NO_REVOCATIONS, now=now)
