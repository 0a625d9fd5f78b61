"""The fixed lists of rules, and the decision over all of them.

Rules:

- Every rule is asked, every time: a refusal names all unmet rules of all persons, and deciding
  takes the same work whatever comes out.
- Sealing is refused as a whole; there is no sealing for some of the recipients.
- A reader outside the audience is told nothing; everyone else is told the reasons.

Source: docs/concepts/refusals.md; DESIGN §1 promise 1, §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from secure_liaison.errors import Disclosure
from secure_liaison.monitor import agreement_rules, object_rules, part_rules, person_rules
from secure_liaison.monitor.cases import cases_of_parts, cases_of_reading, cases_of_sealing
from secure_liaison.monitor.decision import Action, Decision, ReadQuestion, SealQuestion
from secure_liaison.monitor.finding import Outcome
from secure_liaison.monitor.person_rules import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.monitor.cases import ObjectCase, PartCase, PersonCase
    from secure_liaison.monitor.finding import Finding

__all__ = ["READ_RULES", "SEAL_RULES", "RuleSet", "decide"]


class RuleSet(NamedTuple):
    """The rules of one kind of question, in the order in which reasons are told.

    Attributes:
        about_object: Asked once.
        about_part: Asked for every label that a part carries; none when reading.
        about_sender: Asked once when sealing; none when reading.
        about_person: Asked for every recipient, or for the reader.
    """

    about_object: tuple[Callable[[ObjectCase], Finding], ...]
    about_part: tuple[Callable[[PartCase], Finding], ...]
    about_sender: tuple[Callable[[PersonCase], Finding], ...]
    about_person: tuple[Callable[[PersonCase], Finding], ...]


_CLEARANCE: Final = (
    person_rules.clearance_held,
    person_rules.clearance_in_force,
    person_rules.clearance_level,
    person_rules.person_class,
    person_rules.briefed,
)
_PERSON: Final = (
    person_rules.agency_verified,
    person_rules.releasable,
    person_rules.need_to_know,
    person_rules.level_mapped,
    *_CLEARANCE,
    agreement_rules.agreement_exists,
    agreement_rules.agreement_accepts_pack,
    agreement_rules.agreement_covers_subject,
    agreement_rules.agreement_covers_level,
    agreement_rules.link_accredited,
    agreement_rules.reading_accredited,
    agreement_rules.reading_provider_suffices,
    person_rules.device_exists,
    person_rules.devices_in_force,
    person_rules.device_accredited,
    person_rules.book_current,
    person_rules.directory_fresh,
)
_OBJECT: Final = (
    object_rules.label_valid,
    object_rules.pack_recent,
    object_rules.provider_suffices,
    object_rules.accredited,
    object_rules.relay_ceiling,
    object_rules.custody,
    object_rules.forward_secrecy,
    object_rules.suite,
)

SEAL_RULES: Final = RuleSet(
    about_object=_OBJECT,
    about_part=(part_rules.label_covers_parts,),
    about_sender=(*_CLEARANCE, person_rules.book_current),
    about_person=_PERSON,
)
"""Asked before sealing and before delivering."""

READ_RULES: Final = RuleSet(
    about_object=(*_OBJECT, object_rules.one_person_suffices, object_rules.not_expired),
    about_part=(),
    about_sender=(),
    about_person=_PERSON,
)
"""Asked before listing, opening, acknowledging and exporting."""

_UNMET_DUTIES: Final = {
    "CUSTODY_REQUIRED": "custody",
    "FORWARD_SECRECY_REQUIRED": "forward-secrecy",
    "SECOND_PERSON": "second-person",
}


def decide(question: SealQuestion | ReadQuestion, *, ref: str) -> Decision:
    """Ask every rule.

    Args:
        question: What is asked.
        ref: Six characters for the ledger and for whoever asked.
    """
    if isinstance(question, SealQuestion):
        about, findings = _sealing(question)
    else:
        about, findings = _reading(question)
    codes = frozenset(each.reason.code for each in findings if each.reason is not None)
    return Decision(
        action=question.action,
        findings=findings,
        obligations=_unmet_duties(codes) if codes else _duties(about, findings),
        disclosure=_disclosure(question, codes),
        ref=ref,
        pack=question.pack.policy_id,
        packs=(question.pack, *about.mapped_packs),
    )


def _sealing(question: SealQuestion) -> tuple[ObjectCase, tuple[Finding, ...]]:
    about, sender, recipients = cases_of_sealing(question)
    return about, (
        *(rule(about) for rule in SEAL_RULES.about_object),
        *(rule(each) for each in cases_of_parts(about) for rule in SEAL_RULES.about_part),
        *(rule(sender) for rule in SEAL_RULES.about_sender),
        *(rule(each) for each in recipients for rule in SEAL_RULES.about_person),
    )


def _reading(question: ReadQuestion) -> tuple[ObjectCase, tuple[Finding, ...]]:
    about, reader = cases_of_reading(question)
    return about, (
        *(rule(about) for rule in READ_RULES.about_object),
        *(rule(reader) for rule in READ_RULES.about_person),
    )


def _disclosure(question: SealQuestion | ReadQuestion, codes: frozenset[str]) -> Disclosure:
    # A sender knows of the object already; a reader who is outside must not learn that it exists.
    outside = isinstance(question, ReadQuestion) and not OUTSIDE.isdisjoint(codes)
    return Disclosure.NONE if outside else Disclosure.FULL


def _unmet_duties(codes: frozenset[str]) -> tuple[str, ...]:
    return tuple(duty for code, duty in _UNMET_DUTIES.items() if code in codes)


def _duties(about: ObjectCase, findings: tuple[Finding, ...]) -> tuple[str, ...]:
    duties = []
    if about.action is Action.OPEN and any(each.register_reads for each in about.profiles):
        duties.append("register-read")
    provider = [each for each in findings if each.rule == "accreditation.provider"]
    if any(each.outcome is Outcome.MET for each in provider):
        # The ledger is to say that the law's class of cipher was set aside, and by whose word.
        duties.append("accepted-provider")
    if about.label.determination.provision:
        duties.append("cited-provision")
    return tuple(duties)
