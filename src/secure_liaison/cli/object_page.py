"""Received and sent objects as lines for a person and as data for programs.

Source: docs/guides/officer.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from secure_liaison import i18n
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.cli.mark_page import mark_as_data, mark_as_text
from secure_liaison.clock import to_iso
from secure_liaison.errors import AccessDeniedError
from secure_liaison.labels.label import decode_label
from secure_liaison.labels.marking import urgency_text
from secure_liaison.monitor.decision import refusal_json
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import addressing, labelling

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.clock import Instant
    from secure_liaison.errors import LiaisonError
    from secure_liaison.i18n import Language
    from secure_liaison.labels.in_force import InForce
    from secure_liaison.labels.label import Label
    from secure_liaison.office import Office
    from secure_liaison.vault.sent import SentItem
    from secure_liaison.workflows.correspondence import Listed, Outcome

__all__ = ["listed_as_data", "listed_as_lines", "sent_as_data", "sent_as_lines"]

_SHORT: Final = 8


def listed_as_data(office: Office, listed: Listed) -> dict[str, Any]:
    """Return one line of the inbox for ``--json``."""
    item = listed.item
    data: dict[str, Any] = {
        "id": item.digest.hex(),
        "object_id": item.object_id.hex(),
        "state": item.state.value,
        "received": to_iso(item.received_at),
        "opened": _iso(item.opened_at),
        "acknowledged": _iso(item.acknowledged_at),
    }
    if listed.verified is not None:
        core = listed.verified.core
        data |= {
            **mark_as_data(office, labelling.of_received(office, listed.verified)),
            "urgency": core.urgency,
            "from": addressing.address_of(office, listed.verified.officer),
            "kind": core.kind.name.lower(),
            "due": _iso(core.acknowledge_by),
            "expires": to_iso(core.expires),
        }
    if listed.head is not None:
        data["subject"] = listed.head.subject
    if listed.refusal is not None:
        data["refusal"] = _refusal(listed.refusal)
    return data


def listed_as_lines(surface: Surface, office: Office, listed: Listed) -> list[str]:
    """Return one object of the inbox for a person."""
    item, language = listed.item, surface.language
    state = surface.text(f"cli.state.{item.state.value}")
    first = [item.digest.hex()[:_SHORT], state]
    due = None
    if listed.verified is not None:
        core = listed.verified.core
        due = core.acknowledge_by
        holds = labelling.of_received(office, listed.verified)
        if core.kind is ObjectKind.NOTICE:
            first.append(surface.text("cli.inbox.notice"))
        first += [
            mark_as_text(surface, office, holds),
            _urgency(office, core.label, core.urgency, language),
        ]
        first.append(addressing.address_of(office, listed.verified.officer))
    lines = ["  ".join(first)]
    if listed.head is not None:
        lines.append(f"  {listed.head.subject}")
    if listed.refusal is not None:
        lines.append(f"  {_refused(surface, listed.refusal)}")
    lines.append("  " + surface.text("cli.inbox.received", at=surface.moment(item.received_at)))
    if due is not None and item.acknowledged_at is None:
        lines.append("  " + surface.text("cli.inbox.due", at=surface.moment(due)))
    return lines


def sent_as_data(
    office: Office, item: SentItem, outcomes: tuple[Outcome, ...], *, holds: InForce
) -> dict[str, Any]:
    """Return one sent object for ``--json``."""
    row, now = office.mail.outbox.get(item.digest), office.clock.now()
    return {
        "id": item.digest.hex(),
        "object_id": item.object_id.hex(),
        "kind": item.kind.name.lower(),
        "subject": item.subject,
        **mark_as_data(office, holds),
        "urgency": item.urgency,
        "created": to_iso(item.created),
        "due": _iso(item.acknowledge_by),
        "refused_because": "" if row is None else row.reason,
        "recipients": [
            {
                "address": each.address,
                "state": each.state.value,
                "at": _iso(each.at),
                "late": _is_late(item, each, now),
            }
            for each in outcomes
        ],
    }


def sent_as_lines(
    surface: Surface,
    office: Office,
    item: SentItem,
    *,
    outcomes: tuple[Outcome, ...],
    holds: InForce,
) -> list[str]:
    """Return one sent object for a person: a line for the object, one for each recipient."""
    label, language = decode_label(item.label), surface.language
    mark = mark_as_text(surface, office, holds)
    urgency = _urgency(office, label, item.urgency, language)
    lines = [f"{item.digest.hex()[:_SHORT]}  {mark}  {urgency}  {item.subject}"]
    row = office.mail.outbox.get(item.digest)
    for each in outcomes:
        parts = [each.address, surface.text(f"state.{each.state.value}"), surface.moment(each.at)]
        if each.state is RecipientState.REFUSED and row is not None:
            parts.append(surface.text("cli.sent.because", reason=row.reason))
        elif item.acknowledge_by is not None and each.state is not RecipientState.ACKNOWLEDGED:
            parts.append(surface.text("cli.sent.due", at=surface.moment(item.acknowledge_by)))
        if _is_late(item, each, office.clock.now()):
            parts.append(surface.text("cli.sent.late"))
        lines.append("  " + "  ".join(part for part in parts if part))
    return lines


def _is_late(item: SentItem, outcome: Outcome, now: Instant) -> bool:
    if item.acknowledge_by is None:
        return False
    if outcome.state is RecipientState.ACKNOWLEDGED:
        return outcome.at is not None and outcome.at > item.acknowledge_by
    return now > item.acknowledge_by


def _urgency(office: Office, label: Label, urgency: str, language: Language) -> str:
    return urgency_text(urgency, addressing.pack_of(office, label), language)


def _refusal(error: LiaisonError) -> dict[str, Any]:
    if isinstance(error, AccessDeniedError):
        return refusal_json(error)
    return {"code": error.code, "reason": error.reason}


def _refused(surface: Surface, error: LiaisonError) -> str:
    if isinstance(error, AccessDeniedError):
        codes = " ".join(dict.fromkeys(each.code for each in error.reasons))
        cause = i18n.cause(error, surface.language)
        return surface.text("cli.inbox.refused", codes=codes or cause, ref=error.ref)
    return i18n.cause(error, surface.language)


def _iso(instant: Instant | None) -> str | None:
    return None if instant is None else to_iso(instant)
