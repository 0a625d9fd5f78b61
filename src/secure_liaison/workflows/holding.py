"""Holding a partner's material: it becomes a case of this desk, under an agreement.

Rules:

- The originator's label stays as it is and stands first; ours stands beside it, at the level that
  the agreement gives, or higher.
- Nobody may know here whom the originator kept out, and nothing ends before it does there.
- A label that is itself a reading of another's is not read again: agreements are not chained.

Source: docs/spec/determination.md §6; docs/guides/determination.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from secure_liaison.errors import WorkflowError
from secure_liaison.labels.acts import Propose, Purpose
from secure_liaison.labels.label import Alternative, Label
from secure_liaison.labels.mark_label import period_of
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.workflows import agreed, correspondence, determining, proposing
from secure_liaison.workflows.authorising import agency_leaf
from secure_liaison.workflows.content import SubjectSink
from secure_liaison.workflows.label_words import DEFAULT_PACK
from secure_liaison.workflows.packs import writable

if TYPE_CHECKING:
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.labels.agreement import Agreement
    from secure_liaison.labels.case import Case
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Office
    from secure_liaison.workflows.determining import DeskCase
    from secure_liaison.workflows.proposing import Words

__all__ = ["Material", "hold", "material_received"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Something that a partner gave.

    Attributes:
        label: The originator's.
        partner: From whom it came.
        subject: Of its content, as in a case.
    """

    label: Label
    partner: AgencyId
    subject: str


def material_received(office: Office, reference: str) -> Material:
    """Open a received object to learn its label and its content's digest.

    Raises:
        AccessDeniedError: as `correspondence.read`.
        WorkflowError: ``case-foreign-nested`` (it came through a third), ``case-without-content``.
        LiaisonError: the object does not verify any more.
    """
    sink = SubjectSink(office.realm)
    verified = correspondence.read(office, reference, sink).verified
    label = verified.core.label
    if label.owner != agency_leaf(verified.agency):
        raise WorkflowError("case-foreign-nested")
    return Material(label=label, partner=verified.agency, subject=sink.subject())


def hold(office: Office, material: Material, words: Words, proposal: Propose) -> DeskCase:
    """Open a case for a partner's material and propose its label here, both or neither.

    Args:
        office: The desk.
        material: What came, from whom.
        words: What of level, period and audience shall differ from what the agreement and the
            originator's label give.
        proposal: Reason, remark, provision and consent; its label is made here.

    Raises:
        WorkflowError: ``case-agreement-unknown``, ``case-foreign-nested``,
            ``case-no-equivalence``, then as `check_agreed`.
        FormatError: as `Label`.
        LiaisonError: as `advance`; nothing was kept but the line that it was tried.
    """
    now = office.clock.now()
    agreement = office.directory.agreement_between(office.agency, material.partner, now)
    if agreement is None:
        raise WorkflowError("case-agreement-unknown", agreement="")
    if _is_of_a_third(material) or material.label.alternatives or material.label.successor:
        raise WorkflowError("case-foreign-nested")

    def made(case: Case) -> Propose:
        label = _label(office, material, words, case=case, agreement=agreement)
        return replace(proposal, purpose=Purpose.FOREIGN, label=label)

    return determining.begin(office, material.subject, propose=made)


def _is_of_a_third(material: Material) -> bool:
    # Where a nation owns it, the label does not say which of its agencies wrote it.
    owner = material.label.owner
    return owner.startswith("agency:") and owner != agency_leaf(material.partner)


def _label(
    office: Office, material: Material, words: Words, *, case: Case, agreement: Agreement
) -> Label:
    theirs, pack, now = (
        material.label,
        writable(office, words.pack or DEFAULT_PACK),
        office.clock.now(),
    )
    reading = agreed.reading_under(office, theirs, agreement, pack)
    return Label(
        policy=pack.policy_id,
        level=pack.find_level(words.level).id if words.level else reading.level,
        audience=theirs.audience.join(proposing.audience_of(office, words)),
        owner=case.body,
        created=now,
        period=_period(words.period, theirs, pack, office),
        alternatives=(
            Alternative(
                label=theirs,
                agreement=agreement.id,
                article=reading.article,
                by=agency_leaf(office.agency),
                at=now,
            ),
        ),
    )


def _period(text: str, theirs: Label, pack: PolicyPack, office: Office) -> Period:
    if text.strip():
        return period_of(text, pack, start=office.clock.now())
    if theirs.period.form is PeriodForm.OPEN and PeriodForm.OPEN not in pack.period.forms:
        raise WorkflowError("case-period-unsaid")
    return theirs.period
