"""Time as an argument: instants are whole seconds UTC, ledger times are microseconds UTC.

Rules:

- No module of the core reads the machine's clock; it is handed a `Clock` or an `Instant`.
- The clock may only deny: `GuardedClock` never goes back behind a time already proven
  (last ledger time, highest witness time, build time), so setting it back revives nothing.

Source: docs/spec/statements.md §time; DESIGN §5.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NewType, Protocol

__all__ = [
    "BUILD_TIME",
    "Clock",
    "FixedClock",
    "GuardedClock",
    "Instant",
    "SystemClock",
    "from_iso",
    "to_iso",
]

Instant = NewType("Instant", int)
"""Seconds since 1970-01-01T00:00:00Z, without leap seconds."""

BUILD_TIME: Final = Instant(1_795_305_600)
"""2026-11-22T00:00:00Z: no honest clock of this release is earlier."""


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> Instant:
        """Return the present moment in seconds UTC."""
        ...

    def now_us(self) -> int:
        """Return the present moment in microseconds UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        """Return the machine's time in seconds UTC."""
        return Instant(self.now_us() // 1_000_000)

    def now_us(self) -> int:
        """Return the machine's time in microseconds UTC."""
        return time.time_ns() // 1000


class FixedClock:
    """A clock that moves only when told to; for tests and simulations."""

    def __init__(self, now: int = BUILD_TIME + 3600) -> None:
        """Start at ``now``, in seconds UTC."""
        self._now_us = now * 1_000_000

    def now(self) -> Instant:
        """Return the set time in seconds UTC."""
        return Instant(self._now_us // 1_000_000)

    def now_us(self) -> int:
        """Return the set time in microseconds UTC."""
        return self._now_us

    def advance(self, seconds: int) -> None:
        """Move by ``seconds``, also backwards."""
        self._now_us += seconds * 1_000_000


class GuardedClock:
    """A clock that never falls behind what is already proven."""

    def __init__(self, clock: Clock, *, floor: int = BUILD_TIME) -> None:
        """Guard ``clock`` with a first ``floor`` in seconds UTC."""
        self._clock = clock
        self._floor_us = max(floor, BUILD_TIME) * 1_000_000

    def now(self) -> Instant:
        """Return max(machine's time, proven time) in seconds UTC."""
        return Instant(self.now_us() // 1_000_000)

    def now_us(self) -> int:
        """Return max(machine's time, proven time) in microseconds UTC."""
        return max(self._clock.now_us(), self._floor_us)

    def raise_floor_us(self, proven_us: int) -> None:
        """Remember a proven time in microseconds UTC; an earlier one changes nothing."""
        self._floor_us = max(self._floor_us, proven_us)


# One moment is written many times in one decision, and writing it costs more than the decision.
@lru_cache(maxsize=4096)
def to_iso(instant: int) -> str:
    """Render seconds UTC as ``2026-11-22T08:00:00Z``."""
    return datetime.fromtimestamp(instant, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_iso(text: str) -> Instant:
    """Parse ``2026-11-22T08:00:00Z`` or a date ``2026-11-22`` (its first second, UTC).

    Raises:
        ValueError: any other form.
    """
    form = "%Y-%m-%dT%H:%M:%SZ" if "T" in text else "%Y-%m-%d"
    moment = datetime.strptime(text, form).replace(tzinfo=UTC)
    if moment.strftime(form) != text:
        msg = "digits are missing"
        raise ValueError(msg)
    return Instant(int(moment.timestamp()))
