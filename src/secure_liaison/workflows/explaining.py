"""Explain a decision before anybody asks for it: every rule, what it read, what came of it.

Rules:

- It is the gate's own decision over the gate's own question; nothing is computed a second way.
- Explaining gives no permit and opens nothing, so it leaves no line in the ledger.
- A label is given as a mark, as people write it; it is the label that sending would make.

Source: docs/concepts/refusals.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.errors import CredentialError
from secure_liaison.i18n import Language, text
from secure_liaison.monitor.decision import Action, Decision, shown_value
from secure_liaison.monitor.finding import Outcome
from secure_liaison.monitor.rules import decide
from secure_liaison.workflows import addressing
from secure_liaison.workflows.asking import Asked, question_of_reading, question_of_sealing
from secure_liaison.workflows.labelling import Marked, label_for

if TYPE_CHECKING:
    from secure_liaison.labels.label import Label
    from secure_liaison.monitor.finding import Finding
    from secure_liaison.office import Office

__all__ = ["decision_json", "explain", "render_decision"]

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
        pack: Id of the policy; empty takes the only built-in one that reads the mark.
        topic: Subject in the words of agreements.
        period: Of a policy whose marks state none.

    Raises:
        CredentialError: ``unknown-officer``, ``no-device`` (nobody opens without one).
        FormatError: as `label_for`.
    """
    someone = addressing.find(office, address)
    words = Marked(mark=mark, period=period, pack=pack)
    label = label_for(office, words, (someone,))
    policy = addressing.pack_of(label)
    asked = Asked(label=label, urgency=policy.urgencies[0].id, topic=topic, forward_secrecy=False)
    if action is Action.SEAL:
        return label, decide(question_of_sealing(office, asked, (someone,), action=action), ref="")
    if not someone.devices:
        raise CredentialError("no-device")
    question = question_of_reading(
        office,
        asked,
        reader=someone.officer.officer,
        device=someone.devices[0],
        originator=office.agency,
        expires=Instant(office.clock.now() + _YEAR_S),
        action=action,
    )
    return label, decide(question, ref="")


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
            lines += _lines(finding, language)
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


def _lines(finding: Finding, language: Language) -> list[str]:
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
        have, need = shown_value(finding.have, language), shown_value(finding.need, language)
        lines.append(text("explain.read", language, have=have or nothing, need=need))
    if finding.basis:
        lines.append(text("explain.basis", language, basis=finding.basis))
    return lines
