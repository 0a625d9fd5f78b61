"""How a decision is written down: one ledger event, and what closes it.

Rules:

- Every decision, granted or refused, gives an event of the same shape.
- The reasons stand there in full, whatever the one who asked was told.

Source: docs/spec/audit.md §7.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels import marking
from secure_liaison.monitor.decision import ReadQuestion, SealQuestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secure_liaison.audit.ledger import LedgerEntry
    from secure_liaison.errors import Reason
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.monitor.decision import Decision

__all__ = ["closing_event", "decision_event", "unfinished", "unknown_event", "written_sequences"]

_SHOWN_REASONS: Final = 48
_SHOWN_CHARACTERS: Final = 160
_SHOWN_AGENCIES: Final = 64
_SHOWN_COUNTERPARTS: Final = 256


def decision_event(
    question: SealQuestion | ReadQuestion,
    decision: Decision,
    *,
    permit: str,
    object_digest: str,
    bound: Mapping[str, str],
) -> Event:
    """Return the ledger event of one decision.

    Args:
        question: What was asked.
        decision: What the rules said.
        permit: 32 hex of the permit's id, empty for a refusal.
        object_digest: 64 hex, or empty where the object does not exist yet.
        bound: What the permit is bound to, as hex.
    """
    return Event(
        type=EventType.GATE_DECISION,
        decision=(Outcome.PERMIT if decision.permitted else Outcome.DENY).value,
        reason_codes=tuple(sorted({reason.code for reason in decision.reasons})),
        object_digest=object_digest,
        label=_mark_of(question),
        actor=_asked_by(question),
        counterpart=_counterpart(question),
        ref=decision.ref,
        permit=permit,
        detail={
            "action": decision.action.value,
            "disclosure": decision.disclosure.value,
            "obligations": " ".join(decision.obligations),
            "pack": decision.pack,
            **bound,
            **_explained(decision.reasons),
        },
    )


def unknown_event(event: Event) -> Event:
    """Return the event of a decoy as the security officer is to read it: nothing was there."""
    kept = ("action", "disclosure", "core", "keys", "rosters")
    return replace(
        event,
        reason_codes=("NOT_FOUND",),
        label="",
        counterpart=(),
        detail={name: event.detail[name] for name in kept},
    )


def unfinished(entries: Iterable[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Return the decisions whose permit no later entry mentions, in their order."""
    open_ones: dict[str, LedgerEntry] = {}
    for entry in entries:
        permit = entry.event.permit
        if not permit:
            continue
        if entry.event.type is EventType.GATE_DECISION:
            open_ones[permit] = entry
        else:
            open_ones.pop(permit, None)
    return tuple(open_ones.values())


def closing_event(decision: LedgerEntry) -> Event:
    """Return the event that closes a permit nothing was written for."""
    return Event(
        type=EventType.GATE_UNFINISHED,
        decision=Outcome.ERROR.value,
        object_digest=decision.event.object_digest,
        label=decision.event.label,
        actor=decision.event.actor,
        counterpart=decision.event.counterpart,
        ref=decision.event.ref,
        permit=decision.event.permit,
        detail={"decided_at": decision.index, "action": decision.event.detail.get("action", "")},
    )


def written_sequences(sequences: Mapping[AgencyId, tuple[int, int]]) -> str:
    """Return ``<8 hex of the agency>:<epoch>.<sequence>`` for each agency, in order."""
    written = [
        f"{agency.hex()[:8]}:{epoch}.{sequence}"
        for agency, (epoch, sequence) in sorted(sequences.items())
    ]
    return " ".join(written[:_SHOWN_AGENCIES])


def _mark_of(question: SealQuestion | ReadQuestion) -> str:
    try:
        return marking.render(
            question.label, question.pack, Language.ZH, exercise=question.exercise
        )
    except FormatError:  # the refusal says that the label is invalid
        return ""


def _asked_by(question: SealQuestion | ReadQuestion) -> str:
    if isinstance(question, SealQuestion):
        return question.sender.officer.login
    return question.reader.officer.login


def _counterpart(question: SealQuestion | ReadQuestion) -> tuple[str, ...]:
    if isinstance(question, SealQuestion):
        return tuple(each.subject for each in question.recipients)[:_SHOWN_COUNTERPARTS]
    return (question.originator_agency.hex(),)


def _explained(reasons: tuple[Reason, ...]) -> dict[str, str | int]:
    shown: dict[str, str | int] = {
        f"why_{place}": _line(reason)[:_SHOWN_CHARACTERS]
        for place, reason in enumerate(reasons[:_SHOWN_REASONS])
    }
    return {**shown, "why_more": max(0, len(reasons) - _SHOWN_REASONS)}


def _line(reason: Reason) -> str:
    parts = (reason.code, reason.subject, f"have {reason.have}", f"need {reason.need}", reason.rule)
    return " | ".join(parts)
