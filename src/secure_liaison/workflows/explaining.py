"""Explain a decision before anybody asks for it: every rule, what it read, what came of it.

Rules:

- It is the gate's own decision over the gate's own question; nothing is computed a second way.
- Explaining gives no permit and opens nothing; but it shows what a person holds, so who asked about
  whom, and under which mark, stands in the ledger before it is shown.
- A question about an object outside of whose audience one stands is refused, and recorded, as any
  act is.
- A label is given as a mark, as people write it; it is the label that sending would make.

Source: docs/concepts/refusals.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType
from secure_liaison.audit.events import Outcome as Came
from secure_liaison.clock import Instant
from secure_liaison.errors import CredentialError, Disclosure
from secure_liaison.i18n import Language, text
from secure_liaison.monitor.decision import Action, Decision, shown_value
from secure_liaison.monitor.finding import Outcome
from secure_liaison.monitor.rules import decide
from secure_liaison.workflows import addressing, correspondence, filing
from secure_liaison.workflows.asking import (
    Asked,
    question_of_reading,
    question_of_sealing,
    read_question,
)
from secure_liaison.workflows.label_words import Marked, label_for
from secure_liaison.workflows.listing import permit_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.shelf import Shelf
    from secure_liaison.monitor.decision import ReadQuestion, SealQuestion
    from secure_liaison.monitor.finding import Finding
    from secure_liaison.office import Office
    from secure_liaison.workflows.addressing import Addressee

__all__ = ["decision_json", "explain", "explain_received", "render_decision"]

_YEAR_S: Final = 366 * 86_400


def explain(
    office: Office,
    mark: str,
    address: str,
    *,
    action: Action = Action.SEAL,
    pack: str = "",
    topic: str = "",
    period: str = "",
) -> tuple[Label, Decision]:
    """Return the label that a mark stands for, and what the rules say of it for one officer.

    Args:
        office: The desk; its officer is the sender, or the originator of what would be opened.
        mark: As people write it: ``机密★10年``.
        address: ``login@CODE`` of the recipient or reader.
        action: `Action.SEAL` for a recipient, `Action.OPEN` for a reader.
        pack: Id of the policy; empty takes the only one of this desk that reads the mark.
        topic: Subject in the words of agreements.
        period: Of a policy whose marks state none.

    Raises:
        CredentialError: ``unknown-officer``, ``no-device`` (nobody opens without one).
        FormatError: as `label_for`.
        LiaisonError: as `Shelf.named`, for a policy that is named.
    """
    someone = addressing.find(office, address)
    packs = office.packs.to_write() if action is Action.SEAL else office.packs.to_read()
    words = Marked(mark=mark, period=period, pack=pack)
    label = label_for(office, words, (someone,), packs=packs)
    policy = packs.named(label.policy)
    asked = Asked(label=label, urgency=policy.urgencies[0].id, topic=topic, forward_secrecy=False)
    decision = decide(_question(office, asked, someone, action, packs=packs), ref="")
    event = Event(
        type=EventType.GATE_EXPLAIN,
        decision=Came.PERMIT.value if decision.permitted else Came.DENY.value,
        reason_codes=tuple(each.code for each in decision.reasons),
        label=addressing.mark_of(office, label),
        actor=office.login,
        counterpart=(someone.address,),
        detail={"action": action.value},
    )
    office.note(event)
    return label, decision


def _question(
    office: Office, asked: Asked, someone: Addressee, action: Action, *, packs: Shelf
) -> SealQuestion | ReadQuestion:
    if action is Action.SEAL:
        return question_of_sealing(office, asked, (someone,), action=action, packs=packs)
    if not someone.devices:
        raise CredentialError("no-device")
    return question_of_reading(
        office,
        asked,
        reader=someone.officer.officer,
        device=someone.devices[0],
        originator=office.agency,
        expires=Instant(office.clock.now() + _YEAR_S),
        action=action,
    )


def explain_received(office: Office, reference: str) -> tuple[VerifiedCapsule, Decision]:
    """Return what the rules say now of opening one object of the inbox, under its label of now.

    Raises:
        AccessDeniedError: ``not-found-or-not-permitted``, outside the audience as for what does
            not exist.
        LiaisonError: the object does not verify any more.
    """
    item = correspondence.find_received(office, reference, Action.OPEN)
    verified = filing.load(office, item, EventType.DOC_OPEN)
    decision = decide(read_question(office, verified, action=Action.OPEN), ref="")
    if decision.disclosure is Disclosure.NONE:
        permit_for(office, verified, Action.OPEN)  # records it, and refuses
    return verified, decision


def render_decision(
    decision: Decision, language: Language, *, unmet_only: bool = False
) -> list[str]:
    """Return a decision as lines for a person: what came of it, then every rule asked for."""
    unmet = len(decision.reasons)
    lines = [
        text("explain.permitted", language)
        if decision.permitted
        else text("explain.refused", language, count=unmet, asked=len(decision.findings))
    ]
    for finding in decision.findings:
        if finding.outcome is Outcome.UNMET or not unmet_only:
            lines += _lines(finding, language, decision.marks)
    return lines


def decision_json(decision: Decision) -> dict[str, object]:
    """Return a decision as data for programs, with the sentences of both languages."""
    return {
        "action": decision.action.value,
        "permitted": decision.permitted,
        "pack": decision.pack,
        "obligations": list(decision.obligations),
        "findings": [
            {
                "rule": each.rule,
                "subject": each.subject,
                "outcome": each.outcome.value,
                "code": each.reason.code if each.reason is not None else "",
                "have": each.have,
                "need": each.need,
                "why": each.why.removeprefix("not-asked."),
                "basis": each.basis,
                "zh": text(f"rule.{each.rule}", Language.ZH),
                "en": text(f"rule.{each.rule}", Language.EN),
            }
            for each in decision.findings
        ],
    }


def _lines(finding: Finding, language: Language, marks: Mapping[str, str]) -> list[str]:
    lines = [
        text(
            "explain.line",
            language,
            outcome=text(f"explain.{finding.outcome.value}", language),
            rule=finding.rule,
            subject=f" {finding.subject}" if finding.subject else "",
            sentence=text(f"rule.{finding.rule}", language),
        )
    ]
    if finding.outcome is Outcome.NOT_ASKED:
        return [*lines, text("explain.why", language, why=text(finding.why, language))]
    if finding.need:
        nothing = text("refusal-line.nothing", language)
        have, need = (shown_value(each, language, marks) for each in (finding.have, finding.need))
        lines.append(text("explain.read", language, have=have or nothing, need=need))
    if finding.basis:
        lines.append(text("explain.basis", language, basis=finding.basis))
    return lines
