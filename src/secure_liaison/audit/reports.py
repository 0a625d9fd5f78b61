"""What a security officer asks: who read what, and who was refused and why.

Rules:

- Entries of several desks are put into one order of time; each row keeps index and leaf hash, so
  that it can be found again in the export it came from.
- Feed only entries of verified exports or of the own ledger.

Source: docs/spec/audit.md §9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import EventType, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.audit.rows import LedgerEntry

__all__ = ["ReadRow", "RefusalRow", "merge", "refusals", "who_read"]

_READING: Final = frozenset({EventType.DOC_OPEN, EventType.DOC_EXPORT, EventType.DOC_PRINT})
_DIGEST_HEX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One act of reading.

    Attributes:
        t_us: Microseconds UTC.
        actor: Login of the reader.
        device: 32 hex.
        act: ``doc.open``, ``doc.export`` or ``doc.print``.
        object_digest: 64 hex.
        label: The mark shown.
        originator: 64 hex of the originator's agency, where the decision names it.
        index: In that desk's ledger.
        leaf_hash: 64 hex.
    """

    t_us: int
    actor: str
    device: str
    act: str
    object_digest: str
    label: str
    originator: str
    index: int
    leaf_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """One refusal.

    Attributes:
        t_us: Microseconds UTC.
        actor: Login of whoever asked.
        device: 32 hex.
        action: ``seal``, ``open`` and so on.
        object_digest: 64 hex, or empty where nothing existed.
        label: The mark, or empty.
        counterpart: Recipients, or the originator's agency.
        reason_codes: In alphabetical order.
        explained: One line for each unmet rule.
        ref: Six characters that the one who asked was shown.
        index: In that desk's ledger.
        leaf_hash: 64 hex.
    """

    t_us: int
    actor: str
    device: str
    action: str
    object_digest: str
    label: str
    counterpart: tuple[str, ...]
    reason_codes: tuple[str, ...]
    explained: tuple[str, ...]
    ref: str
    index: int
    leaf_hash: str


def merge(*desks: Iterable[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Return the entries of all desks in order of time; equal times by device and index."""
    together = [entry for desk in desks for entry in desk]
    return tuple(sorted(together, key=_order))


def who_read(entries: Iterable[LedgerEntry]) -> tuple[ReadRow, ...]:
    """Return every opening, export and print that was done, in order of time."""
    ordered = merge(entries)
    decisions = {
        (entry.event.device, entry.event.permit): entry.event
        for entry in ordered
        if entry.event.type is EventType.GATE_DECISION and entry.event.permit
    }
    rows = []
    for entry in ordered:
        event = entry.event
        if event.type not in _READING or event.decision == Outcome.ERROR.value:
            continue
        decision = decisions.get((event.device, event.permit), event)
        sides = event.counterpart or decision.counterpart
        rows.append(
            ReadRow(
                t_us=event.t_us,
                actor=event.actor or decision.actor,
                device=event.device,
                act=event.type.value,
                object_digest=event.object_digest or decision.object_digest,
                label=event.label or decision.label,
                originator=sides[0] if sides and len(sides[0]) == _DIGEST_HEX else "",
                index=entry.index,
                leaf_hash=entry.leaf_hash.hex(),
            )
        )
    return tuple(rows)


def refusals(entries: Iterable[LedgerEntry]) -> tuple[RefusalRow, ...]:
    """Return every refusal of the gate, in order of time."""
    return tuple(
        RefusalRow(
            t_us=entry.event.t_us,
            actor=entry.event.actor,
            device=entry.event.device,
            action=str(entry.event.detail.get("action", "")),
            object_digest=entry.event.object_digest,
            label=entry.event.label,
            counterpart=entry.event.counterpart,
            reason_codes=entry.event.reason_codes,
            explained=_explained(entry),
            ref=entry.event.ref,
            index=entry.index,
            leaf_hash=entry.leaf_hash.hex(),
        )
        for entry in merge(entries)
        if entry.event.type is EventType.GATE_DECISION
        and entry.event.decision == Outcome.DENY.value
    )


def _explained(entry: LedgerEntry) -> tuple[str, ...]:
    lines = [
        (int(name.removeprefix("why_")), str(line))
        for name, line in entry.event.detail.items()
        if name.removeprefix("why_").isdigit()
    ]
    return tuple(line for _, line in sorted(lines))


def _order(entry: LedgerEntry) -> tuple[int, str, int]:
    return entry.event.t_us, entry.event.device, entry.index
