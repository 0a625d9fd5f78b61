"""A decision as data: what is asked, what came of it, and how a refusal is told.

Rules:

- A question holds values only: standings, devices and agreements as the directory gave them at one
  moment; nothing is looked up while deciding.
- A refusal names every unmet rule, what is held, what is needed, who can change it and what is
  possible instead. To a reader outside the audience it says none of that.
- Codes are stable for ever; sentences may improve.

Source: docs/concepts/refusals.md; DESIGN §3 rule 3, §4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from secure_liaison.i18n import Language, catalogue, cause, hint, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.clock import Instant
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.standing import Standing
    from secure_liaison.errors import AccessDeniedError, Disclosure, Reason
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.labels.agreement import Agreement
    from secure_liaison.labels.equivalence import Reading
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.monitor.finding import Finding

__all__ = [
    "NOWHERE",
    "Action",
    "Decision",
    "Elsewhere",
    "PartQuestion",
    "ReadQuestion",
    "RecipientQuestion",
    "SealQuestion",
    "refusal_json",
    "render_refusal",
    "shown_value",
]

REF_SIZE: Final = 6
"""Characters of a refusal's reference, Crockford base 32."""


class Action(Enum):
    """What a permit can be for."""

    SEAL = "seal"
    DELIVER = "deliver"
    LIST = "list"
    OPEN = "open"
    ACKNOWLEDGE = "acknowledge"
    EXPORT = "export"


class Elsewhere(NamedTuple):
    """What a person holds under another policy than the label's, where that is all they hold.

    Attributes:
        policy: Id of the policy under which the person is cleared, or empty.
        reading: How the agreement has the label protected under that policy, or none.
        accreditation: Highest level id of the reading's policy for which the person's agency is
            accredited, its relay's and the devices' ceilings included, or none.
        provider_ceiling: Likewise, for which that accreditation accepts our ciphers.
    """

    policy: str = ""
    reading: Reading | None = None
    accreditation: str | None = None
    provider_ceiling: str | None = None


NOWHERE: Final = Elsewhere()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientQuestion:
    """One recipient of what is to be sealed or delivered.

    Attributes:
        standing: As the directory knows the person; none if the agency is not verified.
        devices: Every device that would get a stanza.
        agreement: In force between both agencies; none within one agency or where none is.
        own_agency: Whether the recipient belongs to the sender's agency.
        directory_age_s: Seconds since the recipient's agency's directory was last checked.
        address: ``login@CODE`` as the sender's side writes it; empty takes the login.
        device_ceiling: Lowest level id stated for one of the devices, or none stated.
        elsewhere: What the person holds under another policy than the label's.
    """

    standing: Standing | None
    devices: tuple[RosterLeaf, ...]
    agreement: Agreement | None
    own_agency: bool
    directory_age_s: int
    address: str = ""
    device_ceiling: str | None = None
    elsewhere: Elsewhere = NOWHERE

    @property
    def subject(self) -> str:
        """How the sender's side names this recipient."""
        return self.address or (self.standing.officer.login if self.standing else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartQuestion:
    """One label that a part of what is to be sealed carries, or what is wrong with it.

    Attributes:
        name: Of the part, as its sender knows it.
        label: What is bound to it; none if that proves nothing.
        pack: The version that the label names; none without a label.
        problem: Catalogue key of why nothing is proved (``part.changed``); empty with a label.
        readings: Of a label of another policy: how each partner's agreement has it protected under
            the object's policy, none where that agreement says nothing.
    """

    name: str
    label: Label | None = None
    pack: PolicyPack | None = None
    problem: str = ""
    readings: tuple[Reading | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealQuestion:
    """May this be sealed for, or delivered to, all of these recipients?

    Attributes:
        label: Of the whole object.
        pack: The version that the label names.
        sender: The officer who seals.
        recipients: Everyone, action and information alike; one unmet rule refuses the whole.
        accreditation: Highest level id for which the own agency is accredited, or none.
        relay_ceiling: Highest level id stated for the relay, or none stated.
        exercise: Whether the realm is an exercise.
        now: Seconds UTC.
        forward_secrecy: Whether only one-time prekeys are used.
        custody_groups: Number of custody groups of the object.
        parts: Every label bound to a part; asked about when sealing.
        urgency: Id of the urgency.
        minimum_packs: ``policy@version`` of each agency involved: labels under older are refused.
        action: `Action.SEAL` or `Action.DELIVER`.
        provider_ceiling: Highest level id for which the accreditation accepts this software's
            commercial ciphers although the law asks for others, or none.
        topic: Subject in the words of agreements; may be empty.
        follows: Labels that a derived label follows, or the label itself where an object already
            bears it; obsolete markings are taken from these only.
    """

    label: Label
    pack: PolicyPack
    sender: Standing
    recipients: tuple[RecipientQuestion, ...]
    accreditation: str | None
    relay_ceiling: str | None
    exercise: bool
    now: Instant
    forward_secrecy: bool
    custody_groups: int = 0
    parts: tuple[PartQuestion, ...] = ()
    urgency: str = ""
    minimum_packs: tuple[str, ...] = ()
    action: Action = Action.SEAL
    provider_ceiling: str | None = None
    topic: str = ""
    follows: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        if self.action not in {Action.SEAL, Action.DELIVER} or not self.recipients:
            msg = "sealing and delivering need recipients; other acts are a ReadQuestion"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQuestion:
    """May this officer list, open, acknowledge or export this object on this device?

    Attributes:
        action: Any but `Action.SEAL` and `Action.DELIVER`.
        label: Of the object.
        pack: The version that the label names.
        reader: The officer at this desk.
        device: This desk's device.
        originator_agency: Who sealed it.
        agreement: In force between both agencies; none within one agency or where none is.
        own_agency: Whether it was sealed within the reader's agency.
        accreditation: Highest level id for which the own agency is accredited, or none.
        exercise: Whether the realm is an exercise.
        now: Seconds UTC.
        directory_age_s: Seconds since the older of both agencies' directories was last checked.
        expires: The object's end, seconds UTC.
        custody_groups: Number of custody groups of the object.
        forward_secrecy: Whether the object claims it.
        minimum_packs: As in `SealQuestion`; likewise the ceilings.
        device_ceiling: Highest level id stated for this desk's device, or none stated.
        topic: Subject in the words of agreements; may be empty.
        elsewhere: As in `RecipientQuestion`.
        level_asked: Whether the level is asked of the reader; not after the originator said that
            the object is not, or no longer, secret. Need-to-know always is.
    """

    action: Action
    label: Label
    pack: PolicyPack
    reader: Standing
    device: RosterLeaf
    originator_agency: AgencyId
    agreement: Agreement | None
    own_agency: bool
    accreditation: str | None
    exercise: bool
    now: Instant
    directory_age_s: int
    expires: Instant
    custody_groups: int = 0
    forward_secrecy: bool = False
    minimum_packs: tuple[str, ...] = ()
    relay_ceiling: str | None = None
    provider_ceiling: str | None = None
    device_ceiling: str | None = None
    topic: str = ""
    elsewhere: Elsewhere = NOWHERE
    level_asked: bool = True

    def __post_init__(self) -> None:
        if self.action in {Action.SEAL, Action.DELIVER}:
            msg = "sealing and delivering are a SealQuestion"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the rules said.

    Attributes:
        action: What was asked for.
        findings: Every rule that was asked, of the object and of every person, in their order.
        obligations: Duties that come with a permit, or that a refusal found unmet.
        disclosure: How much of it the one who asked may be told.
        ref: Six characters by which the security officer finds the decision in the ledger.
        pack: ``id@version`` of the pack that was applied.
        packs: That pack, and those under whose levels agreements had it protected.
    """

    action: Action
    findings: tuple[Finding, ...]
    obligations: tuple[str, ...]
    disclosure: Disclosure
    ref: str
    pack: str
    packs: tuple[PolicyPack, ...] = ()

    @property
    def marks(self) -> dict[str, str]:
        """Marks with a gloss, and each as those who read Chinese know it."""
        # A gloss is for those who do not read the mark itself; whoever reads Chinese gets the mark.
        marks = (level.mark for pack in self.packs for level in pack.levels)
        return {mark.en: mark.zh for mark in marks if mark.zh in mark.en}

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every unmet rule, in the order of the rules and recipients; empty = permitted."""
        return tuple(each.reason for each in self.findings if each.reason is not None)

    @property
    def permitted(self) -> bool:
        """Whether no rule is unmet."""
        return not self.reasons


def render_refusal(error: AccessDeniedError, language: Language) -> list[str]:
    """Return a refusal as lines for a person, the reference last."""
    lines = [cause(error, language)]
    for reason in error.reasons:
        lines += _reason_lines(reason, language, error.marks)
    lines += [
        text("refusal-line.obligation", language, what=text(f"obligation.{code}", language))
        for code in error.obligations
    ]
    lines.append(hint(error, language))
    lines.append(text("refusal-line.ref", language, ref=error.ref))
    return lines


def refusal_json(error: AccessDeniedError) -> dict[str, object]:
    """Return a refusal as data for programs, with the sentences of both languages."""
    return {
        "code": error.code,
        "reason": error.reason,
        "ref": error.ref,
        "zh": cause(error, Language.ZH),
        "en": cause(error, Language.EN),
        "obligations": list(error.obligations),
        "reasons": [_reason_json(reason) for reason in error.reasons],
    }


def _reason_lines(reason: Reason, language: Language, marks: Mapping[str, str]) -> list[str]:
    sentence = text(f"refusal.{reason.code}", language)
    lines = [
        text(
            "refusal-line.head" if reason.subject else "refusal-line.head-alone",
            language,
            code=reason.code,
            subject=reason.subject,
            sentence=sentence,
        )
    ]
    if reason.need:
        nothing = text("refusal-line.nothing", language)
        lines.append(
            text(
                "refusal-line.need",
                language,
                need=shown_value(reason.need, language, marks),
                have=shown_value(reason.have, language, marks) or nothing,
            )
        )
    lines.append(text("refusal-line.rule", language, rule=reason.rule))
    if reason.basis:
        lines.append(text("refusal-line.basis", language, basis=reason.basis))
    if reason.fixable_by:
        lines.append(text("refusal-line.who", language, who=text(reason.fixable_by, language)))
    lines += [
        text("refusal-line.instead", language, what=text(key, language)) for key in reason.instead
    ]
    return lines


def _reason_json(reason: Reason) -> dict[str, object]:
    return {
        "code": reason.code,
        "rule": reason.rule,
        "subject": reason.subject,
        "have": reason.have,
        "need": reason.need,
        "fixable_by": reason.fixable_by,
        "instead": list(reason.instead),
        "basis": reason.basis,
        "zh": text(f"refusal.{reason.code}", Language.ZH),
        "en": text(f"refusal.{reason.code}", Language.EN),
    }


def shown_value(value: str, language: Language, marks: Mapping[str, str]) -> str:
    """Return what is held or needed as one language shows it: sentence, mark or date.

    Args:
        value: As a reason or finding has it.
        language: Of the reader.
        marks: As `Decision.marks` of the decision that it is from.
    """
    # What is needed may be a sentence of its own (`need.active-device`); marks and dates are not.
    if value in catalogue(language):
        return text(value, language)
    return marks.get(value, value) if language is Language.ZH else value
