"""Moments as XML Schema writes them (``xs:dateTime``), read into whole seconds UTC.

Rules:

- A moment says its distance from UTC; without one it could mean two.
- Written is ``2026-03-01T08:00:00Z`` only.
- Fractions of a second are cut off, except where something is relaxed at that moment: then the next
  whole second is taken, so that nothing is relaxed early.

Source: docs/spec/stanag4774.md §2; XML Schema 1.0 part 2 §3.2.7.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from secure_liaison.clock import Instant

__all__ = ["read_moment"]

_FORM: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):\d{2}:\d{2})(\.\d{1,30})?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)",
    re.ASCII,
)


def read_moment(text: str, *, round_up: bool = False) -> Instant:
    """Return the moment in seconds UTC, from 1970 to 9999.

    Args:
        text: ``2026-03-01T16:00:00.5+08:00``.
        round_up: Whether a fraction counts as a whole second.

    Raises:
        ValueError: any other form, or no such day or time.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError("not a dateTime with a distance from UTC")
    whole, fraction, zone = form.groups()
    moment = datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone))
    # Not by `timestamp`: at the ends of the calendar that leaves the years there are.
    seconds = int((moment.replace(tzinfo=UTC) - datetime.fromtimestamp(0, tz=UTC)).total_seconds())
    offset = moment.utcoffset()
    seconds -= int(offset.total_seconds()) if offset else 0
    later = round_up and bool((fraction or "").strip(".0"))
    return Instant(seconds + later)
