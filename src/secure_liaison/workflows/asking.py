"""What the gate is asked: an object and its people, as the directory knows them at this moment.

Rules:

- What goes out later is asked about again with the directory of that moment.
- Ceilings are those of both sides: a relay's by the agency that uses it, a device's by its agency.
- Reading is asked under the label that is in force, not under the one that the object bears.
- Who is cleared under another policy only is asked under the level that the agreement gives.
- What is sealed anew is judged by packs that are in force. A receipt or notice belongs to an object
  that exists, and is judged by the pack by which that object is read.

Source: docs/concepts/refusals.md; DESIGN §4, §5.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from secure_liaison.capsule.core import ObjectKind
from secure_liaison.errors import LiaisonError
from secure_liaison.identity.contents import AccreditationScope
from secure_liaison.labels.equivalence import readings_of
from secure_liaison.monitor.decision import (
    NOWHERE,
    Action,
    Elsewhere,
    ReadQuestion,
    RecipientQuestion,
    SealQuestion,
)
from secure_liaison.workflows import labelling
from secure_liaison.workflows.addressing import age_s

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.capsule.core import Core
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.clock import Instant
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.standing import Standing
    from secure_liaison.identity.ids import AgencyId, OfficerId
    from secure_liaison.labels.agreement import Agreement
    from secure_liaison.labels.equivalence import Reading
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.shelf import Shelf
    from secure_liaison.monitor.decision import PartQuestion
    from secure_liaison.office import Office
    from secure_liaison.workflows.addressing import Addressee

__all__ = [
    "Asked",
    "asked_of",
    "question_of_reading",
    "question_of_sealing",
    "read_question",
    "seal_question",
]


class Asked(NamedTuple):
    """What is known of an object before it exists as well as after.

    Attributes:
        topic: Subject in the words of agreements.
        forward_secrecy: Whether only one-time keys are used.
        follows: Labels that the label follows, as in `SealQuestion`.
    """

    label: Label
    urgency: str
    topic: str
    forward_secrecy: bool
    follows: tuple[Label, ...] = ()


def seal_question(
    office: Office,
    core: Core,
    addressees: tuple[Addressee, ...],
    *,
    action: Action,
    follows: tuple[Label, ...] = (),
    parts: tuple[PartQuestion, ...] = (),
) -> SealQuestion:
    """Ask whether an object may be sealed for, or delivered to, all of these at this moment.

    Raises:
        FormatError: ``pack-unknown``.
        LiaisonError: the label's pack is not in force, with the reason.
    """
    answers = core.kind in {ObjectKind.RECEIPT, ObjectKind.NOTICE}
    packs = office.packs.to_read() if answers else office.packs.to_write()
    asked = asked_of(core)._replace(follows=follows)
    return question_of_sealing(office, asked, addressees, action=action, packs=packs, parts=parts)


def read_question(office: Office, verified: VerifiedCapsule, *, action: Action) -> ReadQuestion:
    """Ask whether this desk's officer may do something with a verified object at this moment."""
    _, device = office.directory.device(office.keys.handle)
    holds = labelling.of_received(office, verified)
    question = question_of_reading(
        office,
        asked_of(verified.core)._replace(label=holds.judged),
        reader=office.me().officer,
        device=device,
        originator=verified.agency,
        expires=verified.core.expires,
        action=action,
    )
    return replace(question, level_asked=holds.level_asked)


def asked_of(core: Core) -> Asked:
    """Return what a question asks about an object."""
    return Asked(
        label=core.label,
        urgency=core.urgency,
        topic=core.topic,
        forward_secrecy=core.forward_secrecy,
    )


def question_of_sealing(
    office: Office,
    asked: Asked,
    addressees: tuple[Addressee, ...],
    *,
    action: Action,
    packs: Shelf,
    parts: tuple[PartQuestion, ...] = (),
) -> SealQuestion:
    """Ask as `seal_question`, about an object that may not exist.

    Raises:
        LiaisonError: as `Shelf.named`, for the label's pack.
    """
    now, me, pack = office.clock.now(), office.me(), packs.named(asked.label.policy)
    involved = {each.officer.agency for each in addressees} | {office.agency}
    return SealQuestion(
        label=asked.label,
        pack=pack,
        sender=office.directory.standing(me.officer, now, policy=pack.id),
        recipients=tuple(
            _recipient(office, each, asked.label, pack, packs=packs) for each in addressees
        ),
        accreditation=office.directory.accreditation(office.agency, pack.id, now),
        relay_ceiling=_relay_ceiling(office, pack, involved),
        exercise=office.exercise,
        now=now,
        forward_secrecy=asked.forward_secrecy,
        urgency=asked.urgency,
        minimum_packs=_minimum_packs(office, involved),
        action=action,
        provider_ceiling=_provider_ceiling(office, pack, office.agency),
        topic=asked.topic,
        follows=asked.follows,
        parts=tuple(_part(office, each, pack, involved) for each in parts),
    )


def question_of_reading(
    office: Office,
    asked: Asked,
    *,
    reader: OfficerId,
    device: RosterLeaf,
    originator: AgencyId,
    expires: Instant,
    action: Action,
) -> ReadQuestion:
    """Ask as `read_question`, about any officer and an object that may not exist."""
    packs = office.packs.to_read()
    now, pack = office.clock.now(), packs.named(asked.label.policy)
    agency = office.directory.officer(reader).agency
    agreement = office.directory.agreement_between(agency, originator, now)
    standing, elsewhere = _held(
        office, reader, asked.label, agreement, packs=packs, devices=(device,)
    )
    involved = {agency, originator}
    return ReadQuestion(
        action=action,
        label=asked.label,
        pack=pack,
        reader=standing,
        device=device,
        originator_agency=originator,
        agreement=agreement,
        own_agency=originator == agency,
        accreditation=office.directory.accreditation(agency, pack.id, now),
        exercise=office.exercise,
        now=now,
        directory_age_s=max(age_s(office, each) for each in involved),
        expires=expires,
        forward_secrecy=asked.forward_secrecy,
        minimum_packs=_minimum_packs(office, involved),
        relay_ceiling=_relay_ceiling(office, pack, involved),
        provider_ceiling=_provider_ceiling(office, pack, agency),
        device_ceiling=_device_ceiling(office, pack, agency, (device,)),
        topic=asked.topic,
        elsewhere=elsewhere,
    )


def _part(
    office: Office, part: PartQuestion, pack: PolicyPack, involved: set[AgencyId]
) -> PartQuestion:
    """Add how the agreement with each partner has a label of another policy protected."""
    if part.label is None or part.label.policy == pack.policy_id:
        return part
    now = office.clock.now()
    readings: list[Reading | None] = []
    for agency in sorted(involved - {office.agency}):
        agreement = office.directory.agreement_between(office.agency, agency, now)
        found = () if agreement is None else readings_of(part.label, agreement, (pack,), at=now)
        readings.append(found[0] if found else None)
    return replace(part, readings=tuple(readings))


def _recipient(
    office: Office, addressee: Addressee, label: Label, pack: PolicyPack, *, packs: Shelf
) -> RecipientQuestion:
    officer, now = addressee.officer, office.clock.now()
    own = officer.agency == office.agency
    agreement = (
        None if own else office.directory.agreement_between(office.agency, officer.agency, now)
    )
    standing, elsewhere = _held(
        office, officer.officer, label, agreement, packs=packs, devices=addressee.devices
    )
    return RecipientQuestion(
        standing=standing,
        devices=addressee.devices,
        agreement=agreement,
        own_agency=own,
        directory_age_s=age_s(office, officer.agency),
        address=addressee.address,
        device_ceiling=_device_ceiling(office, pack, officer.agency, addressee.devices),
        elsewhere=elsewhere,
    )


def _held(
    office: Office,
    officer: OfficerId,
    label: Label,
    agreement: Agreement | None,
    *,
    packs: Shelf,
    devices: Iterable[RosterLeaf],
) -> tuple[Standing, Elsewhere]:
    """Return the standing that counts, and under which other policy it counts, if under any."""
    now = office.clock.now()
    standing = office.directory.standing(officer, now, policy=label.policy)
    if standing.clearance_problem != "none" or agreement is None:
        return standing, NOWHERE
    for reading in readings_of(label, agreement, packs.newest(), at=now):
        other = office.directory.standing(officer, now, policy=reading.pack.id)
        if other.clearance is not None:
            agency = other.officer.agency
            return other, Elsewhere(
                policy=reading.pack.id,
                reading=reading,
                accreditation=_installation_ceiling(office, reading.pack, agency, devices),
                provider_ceiling=_provider_ceiling(office, reading.pack, agency),
            )
    other = office.directory.standing(officer, now)
    return standing, Elsewhere(other.clearance.policy if other.clearance is not None else "")


def _installation_ceiling(
    office: Office, pack: PolicyPack, agency: AgencyId, devices: Iterable[RosterLeaf]
) -> str | None:
    granted = office.directory.accreditation(agency, pack.id, office.clock.now())
    if granted is None:
        return None
    relay = _relay_ceiling(office, pack, {agency})
    return _lowest(pack, (granted, relay, _device_ceiling(office, pack, agency, devices)))


def _minimum_packs(office: Office, involved: set[AgencyId]) -> tuple[str, ...]:
    return tuple(
        least for agency in sorted(involved) for least in office.directory.minimum_packs(agency)
    )


def _provider_ceiling(office: Office, pack: PolicyPack, agency: AgencyId) -> str | None:
    return office.directory.accreditation(
        agency, pack.id, office.clock.now(), scope=AccreditationScope.PROVIDER
    )


def _relay_ceiling(office: Office, pack: PolicyPack, involved: set[AgencyId]) -> str | None:
    stated = []
    for agency in sorted(involved):
        try:
            url = office.relay_url(agency)
        except LiaisonError:  # nothing is known of that agency yet; other rules refuse it
            continue
        stated.append(
            office.directory.accreditation(
                agency,
                pack.id,
                office.clock.now(),
                scope=AccreditationScope.RELAY,
                target=url,
            )
        )
    return _lowest(pack, stated)


def _device_ceiling(
    office: Office, pack: PolicyPack, agency: AgencyId, devices: Iterable[RosterLeaf]
) -> str | None:
    now, scope = office.clock.now(), AccreditationScope.DEVICE
    stated = [
        office.directory.accreditation(
            agency, pack.id, now, scope=scope, target=device.handle.hex()
        )
        for device in devices
    ]
    return _lowest(pack, stated)


def _lowest(pack: PolicyPack, stated: Iterable[str | None]) -> str | None:
    ranks = {level.id: level.rank for level in pack.levels}
    # A level that this version does not know is below all of them: a ceiling may only deny.
    return min(
        (each for each in stated if each is not None),
        key=lambda level: ranks.get(level, -1),
        default=None,
    )
