"""What the gate is asked: an object and its people, as the directory knows them at this moment.

Rules:

- What goes out later is asked about again with the directory of that moment.
- Ceilings are those of both sides: a relay's by the agency that uses it, a device's by its agency.
- Who is cleared under another policy only is asked under the level that the agreement gives.

Source: docs/concepts/refusals.md; DESIGN §4, §5.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from secure_liaison.errors import LiaisonError
from secure_liaison.identity.contents import AccreditationScope
from secure_liaison.labels.equivalence import readings_of
from secure_liaison.labels.pack import builtin_packs
from secure_liaison.monitor.decision import Action, ReadQuestion, RecipientQuestion, SealQuestion
from secure_liaison.workflows.addressing import age_s, pack_of

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
    """

    label: Label
    urgency: str
    topic: str
    forward_secrecy: bool


def seal_question(
    office: Office,
    core: Core,
    addressees: tuple[Addressee, ...],
    *,
    action: Action,
    parts: tuple[PartQuestion, ...] = (),
) -> SealQuestion:
    """Ask whether an object may be sealed for, or delivered to, all of these at this moment."""
    return question_of_sealing(office, asked_of(core), addressees, action=action, parts=parts)


def read_question(office: Office, verified: VerifiedCapsule, *, action: Action) -> ReadQuestion:
    """Ask whether this desk's officer may do something with a verified object at this moment."""
    _, device = office.directory.device(office.keys.handle)
    return question_of_reading(
        office,
        asked_of(verified.core),
        reader=office.me().officer,
        device=device,
        originator=verified.agency,
        expires=verified.core.expires,
        action=action,
    )


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
    parts: tuple[PartQuestion, ...] = (),
) -> SealQuestion:
    """Ask as `seal_question`, about an object that may not exist."""
    now, me, pack = office.clock.now(), office.me(), pack_of(asked.label)
    involved = {each.officer.agency for each in addressees} | {office.agency}
    return SealQuestion(
        label=asked.label,
        pack=pack,
        sender=office.directory.standing(me.officer, now, policy=pack.id),
        recipients=tuple(_recipient(office, each, asked.label, pack) for each in addressees),
        accreditation=office.directory.accreditation(office.agency, pack.id, now),
        relay_ceiling=_relay_ceiling(office, pack, involved),
        exercise=office.exercise,
        now=now,
        forward_secrecy=asked.forward_secrecy,
        custody_groups=0,
        urgency=asked.urgency,
        minimum_packs=_minimum_packs(office, involved),
        action=action,
        provider_ceiling=_provider_ceiling(office, pack, office.agency),
        topic=asked.topic,
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
    now, pack = office.clock.now(), pack_of(asked.label)
    agency = office.directory.officer(reader).agency
    agreement = office.directory.agreement_between(agency, originator, now)
    standing, reading, elsewhere = _cleared(office, reader, asked.label, agreement)
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
        custody_groups=0,
        forward_secrecy=asked.forward_secrecy,
        minimum_packs=_minimum_packs(office, involved),
        relay_ceiling=_relay_ceiling(office, pack, involved),
        provider_ceiling=_provider_ceiling(office, pack, agency),
        device_ceiling=_device_ceiling(office, pack, agency, (device,)),
        topic=asked.topic,
        reading=reading,
        cleared_elsewhere=elsewhere,
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
    office: Office, addressee: Addressee, label: Label, pack: PolicyPack
) -> RecipientQuestion:
    officer, now = addressee.officer, office.clock.now()
    own = officer.agency == office.agency
    agreement = (
        None if own else office.directory.agreement_between(office.agency, officer.agency, now)
    )
    standing, reading, elsewhere = _cleared(office, officer.officer, label, agreement)
    return RecipientQuestion(
        standing=standing,
        devices=addressee.devices,
        agreement=agreement,
        own_agency=own,
        directory_age_s=age_s(office, officer.agency),
        address=addressee.address,
        device_ceiling=_device_ceiling(office, pack, officer.agency, addressee.devices),
        reading=reading,
        cleared_elsewhere=elsewhere,
    )


def _cleared(
    office: Office, officer: OfficerId, label: Label, agreement: Agreement | None
) -> tuple[Standing, Reading | None, str]:
    """Return the standing that counts, the reading it counts under, and the other policy if any."""
    now = office.clock.now()
    standing = office.directory.standing(officer, now, policy=label.policy)
    if standing.clearance_problem != "none" or agreement is None:
        return standing, None, ""
    for reading in readings_of(label, agreement, builtin_packs(), at=now):
        other = office.directory.standing(officer, now, policy=reading.pack.id)
        if other.clearance is not None:
            return other, reading, reading.pack.id
    other = office.directory.standing(officer, now)
    return standing, None, other.clearance.policy if other.clearance is not None else ""


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
