"""Lifecycle: where each case on a desk stands now, and what is to be done about it.

Rules:

- A case that cannot be verified now is named with its reason and hides no other.
- Each policy counts its clocks in its own zone; a year without a calendar is named, never guessed.

Source: docs/spec/determination.md §7, §9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.labels.lifecycle import Duty, standing, worklist
from secure_liaison.labels.workdays import builtin_calendar
from secure_liaison.workflows import determining

if TYPE_CHECKING:
    from secure_liaison.labels.lifecycle import Standing
    from secure_liaison.labels.workdays import WorkCalendar
    from secure_liaison.office import Office
    from secure_liaison.workflows.determining import DeskCase, ListedCase

__all__ = ["REMIND_DAYS", "duties", "standing_of"]

REMIND_DAYS: Final = 30


def duties(
    office: Office, *, calendar: WorkCalendar | None = None, remind_days: int = REMIND_DAYS
) -> tuple[tuple[Duty, ...], tuple[ListedCase, ...]]:
    """Return what is to be done, most overdue first, and the cases that do not verify now.

    Args:
        office: The desk.
        calendar: Of working days; the built-in one of China by default.
        remind_days: How many days before its date a duty is "soon".
    """
    found, now = determining.cases(office), office.clock.now()
    days = calendar or builtin_calendar("cn")
    every = [
        duty
        for each in found
        if each.found is not None
        for duty in worklist(
            [each.found.case],
            now,
            each.found.setting,
            calendar=days,
            offset_minutes=each.found.setting.packs[-1].period.utc_offset_minutes,
            remind_days=remind_days,
        )
    ]
    broken = tuple(each for each in found if each.found is None)
    return tuple(sorted(every, key=_order)), broken


def standing_of(office: Office, found: DeskCase) -> Standing:
    """Return what holds of a case now: label, mark and state."""
    return standing(found.case, office.clock.now(), found.setting)


def _order(duty: Duty) -> tuple[bool, int, bytes, str]:
    return duty.due is None, duty.due or 0, duty.case, duty.kind.value
