"""Cases as lines for a person and as data for programs: what stands, who did what, what is due.

Source: docs/guides/determination.md; docs/reference/commands.md.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from secure_liaison import i18n
from secure_liaison.cli.proposal_page import proposal_as_data, proposal_as_lines
from secure_liaison.clock import to_iso
from secure_liaison.errors import LiaisonError
from secure_liaison.i18n import Language
from secure_liaison.identity.ids import OfficerId
from secure_liaison.labels.acts import (
    Assert,
    Propose,
    Protect,
    Purpose,
    Report,
    Return,
    Review,
    kind_of,
)
from secure_liaison.labels.case import ends_at
from secure_liaison.labels.lifecycle import mark_lines
from secure_liaison.workflows import addressing, lifecycle
from secure_liaison.workflows.authorising import agency_leaf

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.identity.determination_record import SignedAct
    from secure_liaison.labels.case import Case
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.lifecycle import Duty, MarkLines
    from secure_liaison.office import Office
    from secure_liaison.workflows.determining import DeskCase, ListedCase
    from secure_liaison.workflows.notifying import Told

__all__ = [
    "case_as_data",
    "case_as_lines",
    "duty_as_data",
    "duty_as_line",
    "listed_as_data",
    "listed_as_lines",
    "name_of",
    "told_as_data",
    "told_as_line",
]

_SHORT: Final = 8


def name_of(office: Office, leaf: str) -> str:
    """Return how people write a leaf: ``login@CODE`` or ``CODE``; the leaf if nobody knows it."""
    kind, _, octets = leaf.partition(":")
    if kind == "agency":
        codes = {agency_leaf(each.agency_id): each.code for each in office.directory.agencies()}
        return codes.get(leaf, leaf)
    try:
        officer = office.directory.officer(OfficerId(bytes.fromhex(octets)))
        return addressing.address_of(office, officer)
    except LiaisonError:  # left the book since
        return leaf


def case_as_data(office: Office, found: DeskCase) -> dict[str, Any]:
    """Return a case for ``--json``."""
    case, stands = found.case, lifecycle.standing_of(office, found)
    end = ends_at(case, found.setting)
    return {
        "case": case.id.hex(),
        "subject": case.subject,
        "body": name_of(office, case.body),
        "state": stands.state.value,
        "mark_state": stands.mark.value,
        "mark": {each.value: _mark(office, found, each) for each in i18n.Language},
        "struck": {each.value: _struck(office, found, each) for each in i18n.Language},
        "ends": None if end is None else to_iso(end),
        "declassified": None if stands.declassified_at is None else to_iso(stands.declassified_at),
        "decided_by": name_of(office, case.decided_by) if case.decided_by else "",
        "determination": _determination(office, stands.label),
        "pending": _pending(office, case),
        "acts": [
            {
                **_act_as_data(office, found, each),
                "said": {one.value: _said(office, each, one) for one in i18n.Language},
            }
            for each in found.chain
        ],
    }


def case_as_lines(surface: Surface, office: Office, found: DeskCase) -> list[str]:
    """Return a case for a person: where it stands, then every act."""
    lines = _head(surface, office, found)
    end = ends_at(found.case, found.setting)
    if end is not None:
        lines.append("  " + surface.text("cli.case.ends", at=surface.moment(end)))
    made = _determination(office, lifecycle.standing_of(office, found).label)
    if made.get("approver"):
        lines.append("  " + surface.text("cli.case.decided", **made))
    lines += _pending_lines(surface, office, found.case)
    for number, signed in enumerate(found.chain):
        told = _act_as_data(office, found, signed)
        line = surface.text(
            "cli.case.act",
            number=number,
            at=surface.moment(signed.act.at),
            who=told["officer"],
            act=surface.text(f"case.act.{told['act']}"),
            said=_said(office, signed, surface.language),
        )
        lines.append(f"  {line.rstrip()}")
    return lines


def listed_as_data(office: Office, listed: ListedCase) -> dict[str, Any]:
    """Return one line of the list of cases for ``--json``."""
    if listed.found is not None:
        return case_as_data(office, listed.found)
    error = listed.refusal
    return {"case": listed.id.hex(), "refusal": "" if error is None else error.reason}


def listed_as_lines(surface: Surface, office: Office, listed: ListedCase) -> list[str]:
    """Return one line of the list of cases for a person, with the reason if it does not verify."""
    if listed.found is not None:
        return _head(surface, office, listed.found)
    error = listed.refusal
    cause = "" if error is None else i18n.cause(error, surface.language)
    return [f"{listed.id.hex()[:_SHORT]}  {surface.text('cli.case.refused', cause=cause)}"]


def duty_as_data(office: Office, duty: Duty) -> dict[str, Any]:
    """Return one duty for ``--json``."""
    return {
        "case": duty.case.hex(),
        "duty": duty.kind.value,
        "body": name_of(office, duty.body),
        "own": duty.body == agency_leaf(office.agency),
        "person": name_of(office, duty.person) if duty.person else "",
        "due": None if duty.due is None else to_iso(duty.due),
        "deadline": duty.deadline.value,
        "year_missing": duty.year_missing,
    }


def duty_as_line(surface: Surface, office: Office, duty: Duty) -> str:
    """Return one duty for a person."""
    told = duty_as_data(office, duty)
    parts = [
        duty.case.hex()[:_SHORT],
        surface.text(f"case.deadline.{duty.deadline.value}"),
        surface.text(f"case.duty.{duty.kind.value}"),
        told["person"] or told["body"],
        surface.moment(duty.due),
    ]
    if duty.year_missing:
        parts.append(surface.text("cli.case.year-missing", year=duty.year_missing))
    return "  ".join(part for part in parts if part)


def told_as_data(surface: Surface, told: Told) -> dict[str, Any]:
    """Return one notice to one holder for ``--json``."""
    return {
        "event": told.event.value,
        "at": to_iso(told.at),
        "about": told.about.hex(),
        "holder": told.address,
        "notice": "" if told.digest is None else told.digest.hex(),
        "acknowledged": told.acknowledged,
        "cause": "" if told.error is None else i18n.cause(told.error, surface.language),
    }


def told_as_line(surface: Surface, told: Told) -> str:
    """Return one notice to one holder for a person."""
    state = "made" if told.digest is not None else "missing"
    line = surface.text(
        f"cli.case.notice-{state}",
        holder=told.address,
        event=surface.text(f"case.event.{told.event.value}"),
        about=told.about.hex()[:_SHORT],
        id="" if told.digest is None else told.digest.hex()[:_SHORT],
    )
    cause = "" if told.error is None else i18n.cause(told.error, surface.language)
    return f"{line}  {cause}".rstrip()


def _head(surface: Surface, office: Office, found: DeskCase) -> list[str]:
    stands = lifecycle.standing_of(office, found)
    parts = [
        found.case.id.hex()[:_SHORT],
        surface.text(f"case.state.{stands.state.value}"),
        _mark(office, found, surface.language),
        surface.text(f"case.mark.{stands.mark.value}"),
    ]
    lines = ["  ".join(part for part in parts if part)]
    struck = _struck(office, found, surface.language)
    lines += ["  " + surface.text("cli.case.struck", mark=mark) for mark in struck]
    return lines


def _mark(office: Office, found: DeskCase, language: Language) -> str:
    return _lines(office, found, language).current


def _struck(office: Office, found: DeskCase, language: Language) -> list[str]:
    return list(_lines(office, found, language).struck)


def _lines(office: Office, found: DeskCase, language: Language) -> MarkLines:
    stands, packs = lifecycle.standing_of(office, found), office.packs.to_show()
    return mark_lines(stands, found.setting, language, exercise=office.exercise, packs=packs)


def _determination(office: Office, label: Label | None) -> dict[str, Any]:
    if label is None:
        return {}
    made = label.determination
    return {
        "kind": made.kind.name.lower(),
        "proposer": name_of(office, made.proposer) if made.proposer else "",
        "approver": name_of(office, made.approver) if made.approver else "",
        "authority": made.authority,
        "catalogue": made.catalogue,
        "reason": made.reason,
        "sources": sorted(made.sources),
        "provision": made.provision,
    }


def _pending(office: Office, case: Case) -> dict[str, Any]:
    if case.pending is None:
        return {}
    by = name_of(office, case.pending.by.officer)
    return {"by": by, **proposal_as_data(office, case.pending.proposal)}


def _pending_lines(surface: Surface, office: Office, case: Case) -> list[str]:
    if case.pending is None:
        return []
    proposal, by = case.pending.proposal, name_of(office, case.pending.by.officer)
    purpose = surface.text(f"case.purpose.{proposal.purpose.name.lower()}")
    told = proposal_as_lines(surface, office, proposal, name_of=partial(name_of, office))
    head = surface.text("cli.case.pending", by=by, purpose=purpose)
    return [f"  {head}", *(f"    {line}" for line in told)]


def _act_as_data(office: Office, found: DeskCase, signed: SignedAct) -> dict[str, str]:
    digest = signed.digest(office.realm)
    return {
        "act": kind_of(signed.act.step).name.lower(),
        "officer": name_of(office, f"officer:{signed.act.officer.hex()}"),
        "at": to_iso(signed.act.at),
        "proven": to_iso(found.proven[digest]),
        "digest": digest.hex(),
    }


def _said(office: Office, signed: SignedAct, language: Language) -> str:
    def mark(label: Label | None, *, foreign: bool = False) -> str:
        return addressing.mark_in(office, label, language, foreign=foreign) if label else ""

    match signed.act.step:
        case Propose(purpose=purpose, label=label, reason=reason):
            asked = i18n.text(f"case.purpose.{purpose.name.lower()}", language)
            shown = mark(label, foreign=purpose is Purpose.FOREIGN)
            return " ".join(part for part in (asked, shown, reason) if part)
        case Protect(label=label):
            return mark(label)
        case Assert(label=label, reason=reason):
            return f"{mark(label)} {reason}".strip()
        case Return(reason=said) | Review(remark=said):
            return said
        case Report(to=to):
            return name_of(office, to)
        case _:
            return ""
