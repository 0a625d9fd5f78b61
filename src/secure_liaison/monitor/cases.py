"""What a rule looks at: one object, or one person against one object; and how it says no.

Rules:

- Both kinds of question are taken apart into the same cases, so one rule serves both.
- Levels and dates in a reason are written so that both languages can read them.

Source: docs/concepts/refusals.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.marking import banner
from secure_liaison.labels.membership import meets
from secure_liaison.monitor.decision import (
    NOWHERE,
    Action,
    Elsewhere,
    ReadQuestion,
    SealQuestion,
)
from secure_liaison.monitor.finding import Asked, Concerned

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.standing import Standing
    from secure_liaison.labels.agreement import Agreement
    from secure_liaison.labels.equivalence import Reading
    from secure_liaison.labels.handling import HandlingProfile
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.naming import MarkText, Names
    from secure_liaison.labels.policy import Level, PolicyPack
    from secure_liaison.monitor.decision import PartQuestion

__all__ = [
    "ObjectCase",
    "PartCase",
    "PersonCase",
    "Side",
    "cases_of_parts",
    "cases_of_reading",
    "cases_of_sealing",
    "level_text",
    "mark_text",
    "names_text",
    "rank_of",
]


class Side(Enum):
    """Whose standing is looked at."""

    SENDER = "sender"
    OWN = "own"
    """A recipient or reader of the deciding desk's agency."""
    FOREIGN = "foreign"
    """A recipient of another agency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCase:
    """The object as such.

    Attributes:
        level: Of the label under the pack; none if the label does not fit the pack.
        profile: Its handling; none with ``level``.
        mapped: Handling of the levels under which agreements have it protected, and the packs of
            those levels.
        topic: Subject of the object in the agreement's words; may be empty.
        parts: Every label bound to a part; empty when reading.
        relay_ceiling: As the relay's operator states it, or none stated.
        provider_ceiling: Level id up to which the accreditation accepts this software's ciphers
            although the law asks for others, or none.
        minimum_packs: ``policy@version``; labels under an older version are refused.
        expires: The object's end, seconds UTC; none while it is being sealed.
        follows: Labels that the label follows; nothing where the object exists and its sealing
            was the moment to ask.
        level_asked: Whether the level is asked of a reader; as in `ReadQuestion`.
        concerned: What findings say of it; computed from the rest.
    """

    action: Action
    label: Label
    pack: PolicyPack
    level: Level | None
    profile: HandlingProfile | None
    topic: str
    parts: tuple[PartQuestion, ...]
    accreditation: str | None
    relay_ceiling: str | None
    provider_ceiling: str | None
    minimum_packs: tuple[str, ...]
    exercise: bool
    now: Instant
    expires: Instant | None
    custody_groups: int
    forward_secrecy: bool
    mapped: tuple[HandlingProfile, ...] = ()
    mapped_packs: tuple[PolicyPack, ...] = ()
    level_asked: bool = True
    follows: tuple[Label, ...] | None = None
    concerned: Concerned = field(init=False)

    def __post_init__(self) -> None:
        concerned = Concerned(subject="", pack=self.pack.policy_id, replaceable=True)
        object.__setattr__(self, "concerned", concerned)

    @property
    def profiles(self) -> tuple[HandlingProfile, ...]:
        """Everything whose handling it must have; its own first."""
        return self.mapped if self.profile is None else (self.profile, *self.mapped)

    def ask(self, rule: str, *, have: str = "", need: str = "", basis: str = "") -> Asked:
        """Return a rule that is being asked about this object."""
        return Asked(rule, self.concerned, have, need, basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCase:
    """One label bound to a part, against the label of the whole; no part at all is asked once."""

    about: ObjectCase
    part: PartQuestion | None

    def ask(self, rule: str, *, have: str = "", need: str = "") -> Asked:
        """Return a rule that is being asked about this part."""
        concerned = Concerned(
            subject="" if self.part is None else self.part.name,
            pack=self.about.concerned.pack,
            replaceable=False,
        )
        return Asked(rule, concerned, have, need, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCase:
    """One person against the object.

    Attributes:
        about: The object.
        side: Whose standing it is.
        subject: How the sender's side names the person; empty for the reader at this desk.
        standing: As the directory knows it; none if the agency is not verified.
        devices: That would get a stanza, or the one that opens.
        device_ceiling: Lowest level id that is stated for one of them, or none stated.
        needs_agreement: Whether the object passes between two agencies.
        agreement: In force between them, or none.
        directory_age_s: Seconds since the directory was last checked.
        max_age_s: Oldest directory with which this act is allowed, seconds.
        elsewhere: What the person holds under another policy than the label's.
        unmet_groups: Groups of the audience that leave the person out; computed from the rest.
        concerned: What findings say of the person; computed from the rest.
    """

    about: ObjectCase
    side: Side
    subject: str
    standing: Standing | None
    devices: tuple[RosterLeaf, ...]
    device_ceiling: str | None
    needs_agreement: bool
    agreement: Agreement | None
    directory_age_s: int
    max_age_s: int
    elsewhere: Elsewhere = NOWHERE
    unmet_groups: tuple[frozenset[str], ...] = field(init=False)
    concerned: Concerned = field(init=False)

    def __post_init__(self) -> None:
        # Two rules look at them, and finding them is the dearest part of both. No rule asks whether
        # the sender, or somebody of whom nothing is known, is in the audience.
        unmet: tuple[frozenset[str], ...] = ()
        if self.standing is not None and self.side is not Side.SENDER:
            held, pack = self.standing.memberships, self.about.pack
            groups = self.about.label.audience.groups
            unmet = tuple(group for group in groups if not meets(group, held, pack))
        object.__setattr__(self, "unmet_groups", unmet)
        concerned = Concerned(
            subject=self.subject,
            pack=self.about.concerned.pack,
            replaceable=bool(self.subject) and self.side is not Side.SENDER,
        )
        object.__setattr__(self, "concerned", concerned)

    def ask(self, rule: str, *, have: str = "", need: str = "", basis: str = "") -> Asked:
        """Return a rule that is being asked about this person."""
        return Asked(rule, self.concerned, have, need, basis)

    @property
    def reading(self) -> Reading | None:
        """How the agreement has the label protected under the policy of the person's clearance."""
        return self.elsewhere.reading

    @property
    def pack(self) -> PolicyPack:
        """The policy under which the person's clearance is asked for."""
        return self.about.pack if self.reading is None else self.reading.pack

    @property
    def exercise(self) -> bool:
        """Whether the realm is an exercise."""
        return self.about.exercise

    @property
    def level_id(self) -> str:
        """The level id that is asked for, of `pack`."""
        return self.about.label.level if self.reading is None else self.reading.level

    @property
    def level(self) -> Level | None:
        """The level that is asked for, or none where the label fits no pack."""
        return self.about.level if self.reading is None else self.pack.level(self.reading.level)

    @property
    def profile(self) -> HandlingProfile | None:
        """The handling that is asked for."""
        if self.reading is None:
            return self.about.profile
        return self.pack.handling_of(self.reading.level)

    @property
    def mapping_article(self) -> str:
        """What the agreement says about levels that it does not compare."""
        if self.agreement is None:
            return ""
        return self.agreement.cite_level(self.about.pack.id, self.about.label.level)

    @property
    def security_officer(self) -> str:
        """Catalogue key of the security officer in charge of this person."""
        foreign = self.side is Side.FOREIGN
        return "office.their-security-officer" if foreign else "office.own-security-officer"

    @property
    def registrar(self) -> str:
        """Catalogue key of the registrar in charge of this person's devices."""
        return "office.their-registrar" if self.side is Side.FOREIGN else "office.own-registrar"


def cases_of_sealing(
    question: SealQuestion,
) -> tuple[ObjectCase, PersonCase, tuple[PersonCase, ...]]:
    """Return the object, its sender and every recipient."""
    about = _about(question, expires=None, parts=question.parts)
    max_age_s = question.pack.freshness.send_hours * 3600
    sender = PersonCase(
        about=about,
        side=Side.SENDER,
        subject=question.sender.officer.login,
        standing=question.sender,
        devices=(),
        device_ceiling=None,
        needs_agreement=False,
        agreement=None,
        directory_age_s=0,
        max_age_s=max_age_s,
    )
    recipients = tuple(
        PersonCase(
            about=about,
            side=Side.OWN if each.own_agency else Side.FOREIGN,
            subject=each.subject,
            standing=each.standing,
            devices=each.devices,
            device_ceiling=each.device_ceiling,
            needs_agreement=not each.own_agency,
            agreement=each.agreement,
            directory_age_s=each.directory_age_s,
            max_age_s=max_age_s,
            elsewhere=each.elsewhere,
        )
        for each in question.recipients
    )
    return about, sender, recipients


def cases_of_parts(about: ObjectCase) -> tuple[PartCase, ...]:
    """Return every label bound to a part; one case without any where there is none."""
    return tuple(PartCase(about=about, part=each) for each in about.parts or (None,))


def cases_of_reading(question: ReadQuestion) -> tuple[ObjectCase, PersonCase]:
    """Return the object and its reader."""
    about = _about(question, expires=question.expires, parts=())
    return about, PersonCase(
        about=about,
        side=Side.OWN,
        subject="",
        standing=question.reader,
        devices=(question.device,),
        device_ceiling=question.device_ceiling,
        needs_agreement=not question.own_agency,
        agreement=question.agreement,
        directory_age_s=question.directory_age_s,
        max_age_s=question.pack.freshness.open_hours * 3600,
        elsewhere=question.elsewhere,
    )


def rank_of(pack: PolicyPack, level_id: str | None) -> int:
    """Return a level's rank; −1 for none and for a level that the pack does not know."""
    if level_id is None:
        return -1
    try:
        return pack.level(level_id).rank
    except FormatError:
        return -1


@lru_cache(maxsize=1024)
def level_text(pack: PolicyPack, level_id: str | None) -> str:
    """Return a level's mark as both languages can read it; empty for none."""
    if level_id is None:
        return ""
    try:
        return names_text(pack.level(level_id).mark)
    except FormatError:
        return level_id


def mark_text(label: Label, pack: PolicyPack, *, exercise: bool) -> str:
    """Return a label's mark in both languages; of one that cannot be marked, its level."""
    try:
        return banner(label, pack, exercise=exercise)
    except FormatError:
        return level_text(pack, label.level)


def names_text(names: Names | MarkText) -> str:
    """Return ``zh / en``, or the one that holds the other."""
    if names.zh in names.en:
        return names.en
    return names.zh if names.en in names.zh else f"{names.zh} / {names.en}"


def _about(
    question: SealQuestion | ReadQuestion,
    *,
    expires: Instant | None,
    parts: tuple[PartQuestion, ...],
) -> ObjectCase:
    label, pack = question.label, question.pack
    known = label.policy == pack.policy_id and rank_of(pack, label.level) >= 0
    asked = (question,) if isinstance(question, ReadQuestion) else question.recipients
    readings = [each.elsewhere.reading for each in asked if each.elsewhere.reading is not None]
    follows = None
    if isinstance(question, SealQuestion) and question.action is Action.SEAL:
        follows = question.follows
    return ObjectCase(
        action=question.action,
        label=label,
        pack=pack,
        level=pack.level(label.level) if known else None,
        profile=pack.handling_of(label.level) if known else None,
        topic=question.topic,
        parts=parts,
        accreditation=question.accreditation,
        relay_ceiling=question.relay_ceiling,
        provider_ceiling=question.provider_ceiling,
        minimum_packs=question.minimum_packs,
        exercise=question.exercise,
        now=question.now,
        expires=expires,
        custody_groups=question.custody_groups,
        forward_secrecy=question.forward_secrecy,
        mapped=tuple(each.pack.handling_of(each.level) for each in readings),
        mapped_packs=tuple(dict.fromkeys(each.pack for each in readings)),
        level_asked=not isinstance(question, ReadQuestion) or question.level_asked,
        follows=follows,
    )
