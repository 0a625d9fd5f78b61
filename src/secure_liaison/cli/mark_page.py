"""What holds of an object's label, as one line for a person and as data for programs.

Rules:

- A mark that no longer holds says so in words: meaning never hangs on a line through a text.
- What is no longer secret shows 「解密」, the event and the moment; what never was, says so.

Source: docs/spec/determination.md §11.3; docs/guides/officer.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secure_liaison import i18n
from secure_liaison.clock import to_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.lifecycle import DECLASSIFIED_MARK
from secure_liaison.labels.marking import EXERCISE_PREFIX
from secure_liaison.monitor.cases import mark_text
from secure_liaison.workflows import addressing

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.i18n import Language
    from secure_liaison.labels.in_force import InForce
    from secure_liaison.labels.label import Label
    from secure_liaison.office import Office

__all__ = ["banner_of", "mark_as_data", "mark_as_text"]


def mark_as_data(office: Office, holds: InForce) -> dict[str, Any]:
    """Return what holds of a label for ``--json``: the last mark there was, and its history."""
    follows = holds.successor
    return {
        "mark": _marks(office, holds.judged if holds.label is None else holds.label),
        "declassified": holds.label is None,
        "struck": [_marks(office, each) for each in holds.struck],
        "label_event": "" if holds.event is None else holds.event.value,
        "label_since": None if holds.since is None else to_iso(holds.since),
        "successor": None
        if follows is None
        else {"mark": _marks(office, follows.label), "at": to_iso(follows.at)},
    }


def mark_as_text(surface: Surface, office: Office, holds: InForce) -> str:
    """Return each struck-out mark, what holds, since when and why, and what follows of itself."""
    language = surface.language
    chain = [
        surface.text("cli.mark.struck", mark=_mark(office, each, language)) for each in holds.struck
    ]
    if holds.label is not None:
        chain.append(_mark(office, holds.label, language))
    else:
        chain.append(_residual(holds) or surface.text("cli.mark.not-secret"))
    line = " → ".join(chain)
    if holds.event is not None:
        line = surface.text(
            "cli.mark.since",
            marks=line,
            event=surface.text(f"case.event.{holds.event.value}"),
            at=surface.moment(holds.since),
        )
    if holds.successor is None:
        return line
    return surface.text(
        "cli.mark.successor",
        marks=line,
        mark=_mark(office, holds.successor.label, language),
        at=surface.moment(holds.successor.at),
    )


def banner_of(surface: Surface, office: Office, holds: InForce) -> str:
    """Return the line that stands first and last around everything shown of an object."""
    if holds.label is not None:
        pack = addressing.pack_of(office, holds.label)
        return mark_text(holds.label, pack, exercise=office.exercise)
    prefix = EXERCISE_PREFIX if office.exercise else ""
    return f"{prefix}{_residual(holds) or surface.text('cli.mark.not-secret')}"


def _residual(holds: InForce) -> str:
    return f"「{DECLASSIFIED_MARK}」" if holds.struck else ""


def _mark(office: Office, label: Label, language: Language) -> str:
    try:
        return addressing.mark_in(office, label, language)
    except FormatError:
        # The gate refuses a label that its policy cannot mark; it must not hide what else there is.
        pack = addressing.pack_of(office, label)
        return mark_text(label, pack, exercise=office.exercise)


def _marks(office: Office, label: Label) -> dict[str, str]:
    return {each.value: _mark(office, label, each) for each in i18n.Language}
