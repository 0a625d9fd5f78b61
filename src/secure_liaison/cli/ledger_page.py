"""Ledger entries, acts of reading and refusals as lines and as data.

Source: docs/spec/audit.md §9; docs/reference/events.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from secure_liaison import i18n
from secure_liaison.clock import to_iso

if TYPE_CHECKING:
    from secure_liaison.audit.reports import ReadRow, RefusalRow
    from secure_liaison.audit.rows import LedgerEntry
    from secure_liaison.cli.surface import Surface

__all__ = [
    "entry_as_data",
    "entry_as_lines",
    "entry_line",
    "read_as_data",
    "read_line",
    "refusal_as_data",
    "refusal_lines",
]

_US: Final = 1_000_000
_SHORT: Final = 8
_PARTS: Final = 5
"""Of a line that explains an unmet rule: code, whom it concerns, held, needed, rule."""


def entry_as_data(entry: LedgerEntry) -> dict[str, Any]:
    """Return one entry in full for ``--json``."""
    event = entry.event
    return {
        "index": entry.index,
        "leaf_hash": entry.leaf_hash.hex(),
        "type": event.type.value,
        "at": to_iso(event.t_us // _US),
        "t_us": event.t_us,
        "decision": event.decision,
        "reason_codes": list(event.reason_codes),
        "object": event.object_digest,
        "object_id": event.object_id,
        "label": event.label,
        "actor": event.actor,
        "device": event.device,
        "counterpart": list(event.counterpart),
        "ref": event.ref,
        "permit": event.permit,
        "detail": dict(event.detail),
    }


def entry_line(surface: Surface, entry: LedgerEntry) -> str:
    """Return one entry as one line."""
    event = entry.event
    parts = [
        f"{entry.index:>6}",
        to_iso(event.t_us // _US),
        event.type.value,
        surface.text(f"event.{event.type.value}"),
        "" if event.decision == "n/a" else surface.text(f"cli.decision.{event.decision}"),
        " ".join(event.reason_codes),
        event.actor,
        event.object_digest[:_SHORT],
    ]
    return "  ".join(part for part in parts if part)


def entry_as_lines(surface: Surface, entry: LedgerEntry) -> list[str]:
    """Return one entry in full: a name and a value in each line."""
    event, data = entry.event, entry_as_data(entry)
    data |= {"at": surface.moment(event.t_us // _US), "detail": ""}
    lines = [f"{entry.index}  {surface.text(f'event.{event.type.value}')}"]
    for name, value in data.items():
        shown = " ".join(value) if isinstance(value, list) else str(value)
        if shown and name != "index":
            lines.append(f"  {name}: {shown}")
    return [*lines, *(f"  {name}: {value}" for name, value in sorted(event.detail.items()))]


def read_as_data(row: ReadRow) -> dict[str, Any]:
    """Return one act of reading for ``--json``."""
    return {
        "at": to_iso(row.t_us // _US),
        "actor": row.actor,
        "device": row.device,
        "act": row.act,
        "object": row.object_digest,
        "label": row.label,
        "originator": row.originator,
        "index": row.index,
        "leaf_hash": row.leaf_hash,
    }


def read_line(surface: Surface, row: ReadRow) -> str:
    """Return one act of reading as one line."""
    act = surface.text(f"event.{row.act}")
    at, digest = surface.moment(row.t_us // _US), row.object_digest[:_SHORT]
    place = surface.text("cli.audit.place", index=row.index, device=row.device[:_SHORT])
    return f"{at}  {row.actor}  {act}  {digest}  {row.label}  {place}"


def refusal_as_data(row: RefusalRow) -> dict[str, Any]:
    """Return one refusal for ``--json``."""
    return {
        "at": to_iso(row.t_us // _US),
        "actor": row.actor,
        "device": row.device,
        "action": row.action,
        "object": row.object_digest,
        "label": row.label,
        "counterpart": list(row.counterpart),
        "reason_codes": list(row.reason_codes),
        "explained": list(row.explained),
        "ref": row.ref,
        "index": row.index,
        "leaf_hash": row.leaf_hash,
    }


def refusal_lines(surface: Surface, row: RefusalRow) -> list[str]:
    """Return one refusal: a line for the act, then each unmet rule as the one refused saw it."""
    place = surface.text("cli.audit.place", index=row.index, device=row.device[:_SHORT])
    head = surface.text(
        "cli.audit.refusal",
        at=surface.moment(row.t_us // _US),
        actor=row.actor,
        action=surface.text(f"cli.action.{row.action}"),
        label=row.label or "—",
        place=place,
    )
    # Where nothing may be explained to the one who asked, the code alone stands in the ledger.
    told = row.explained or row.reason_codes
    lines = [line for each in told for line in _unmet(surface, each)]
    ref = surface.text("refusal-line.ref", ref=row.ref)
    return [head, *(f"  {line}" for line in (*lines, ref))]


def _unmet(surface: Surface, explained: str) -> list[str]:
    parts = explained.split(" | ")
    if f"refusal.{parts[0]}" not in i18n.catalogue(surface.language):
        return [explained]
    sentence = surface.text(f"refusal.{parts[0]}")
    if len(parts) != _PARTS:
        return [surface.text("refusal-line.head-alone", code=parts[0], sentence=sentence)]
    code, subject, have, need, rule = parts
    head = "refusal-line.head" if subject else "refusal-line.head-alone"
    return [
        surface.text(head, code=code, subject=subject, sentence=sentence),
        surface.text(
            "refusal-line.need",
            need=_shown(surface, need.removeprefix("need ")) or "—",
            have=_shown(surface, have.removeprefix("have "))
            or surface.text("refusal-line.nothing"),
        ),
        surface.text("refusal-line.rule", rule=rule),
    ]


def _shown(surface: Surface, value: str) -> str:
    # What is needed may be a sentence of its own (`need.active-device`); marks and dates are not.
    value = value.strip()
    return surface.text(value) if value in i18n.catalogue(surface.language) else value
