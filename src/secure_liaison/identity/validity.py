"""Periods of validity: the clock may deny, and nothing else.

Rules:

- ``[not_before, not_after)``: the end itself is outside.
- Two clocks never agree to the second, so a beginning at most 300 seconds ahead counts as reached;
  an end is exact.

Source: docs/spec/statements.md §3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import (
    CredentialExpiredError,
    CredentialNotYetValidError,
    FormatError,
)

if TYPE_CHECKING:
    from secure_liaison.clock import Instant

__all__ = ["CLOCK_TOLERANCE_S", "Validity", "has_begun"]

CLOCK_TOLERANCE_S: Final = 300


def has_begun(moment: Instant, *, at: Instant) -> bool:
    """Whether ``moment`` is not later than ``at``, up to the tolerance of 300 seconds."""
    return moment <= at + CLOCK_TOLERANCE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """One period, in seconds UTC.

    Raises:
        FormatError: ``validity-order``: it would end before it begins.
    """

    not_before: Instant
    not_after: Instant

    def __post_init__(self) -> None:
        if self.not_before >= self.not_after:
            raise FormatError("validity-order")

    def holds(self, at: Instant) -> bool:
        """Whether ``at`` lies inside."""
        return has_begun(self.not_before, at=at) and at < self.not_after

    def require(self, at: Instant) -> None:
        """Demand that ``at`` lies inside.

        Raises:
            CredentialNotYetValidError: ``not-begun``.
            CredentialExpiredError: ``ended``.
        """
        if not has_begun(self.not_before, at=at):
            raise CredentialNotYetValidError("not-begun")
        if at >= self.not_after:
            raise CredentialExpiredError("ended")
