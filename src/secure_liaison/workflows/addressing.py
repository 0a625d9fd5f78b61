"""Who is meant: addresses to officers, officers to devices, and what the gate is asked about them.

Rules:

- An address is ``login@CODE`` of an agency whose root was compared; nothing is guessed.
- Every device of a recipient gets a stanza; a recipient without one is refused by the gate.
- What goes out later is asked about again with the directory of that moment.

Source: docs/concepts/refusals.md; DESIGN §5, §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.i18n import Language
from secure_liaison.labels.marking import render
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.monitor.decision import (
    Action,
    ReadQuestion,
    RecipientQuestion,
    SealQuestion,
)

if TYPE_CHECKING:
    from secure_liaison.capsule.core import Core
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.standing import OfficerRecord
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Office

__all__ = ["Addressee", "find", "pack_of", "read_question", "seal_question"]

_NEVER_S: Final = 10**9
"""The age of a directory that was never asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """One recipient: the person, and every device that gets a stanza."""

    officer: OfficerRecord
    devices: tuple[RosterLeaf, ...]
    address: str


def find(office: Office, address: str) -> Addressee:
    """Look up ``login@CODE``.

    Raises:
        CredentialError: ``unknown-officer`` (also where the agency is unknown).
    """
    return of_officer(office, office.directory.find_officer(address))


def of_officer(office: Office, officer: OfficerRecord) -> Addressee:
    """Return an officer with the devices that are active now."""
    devices = office.directory.devices_of(officer.officer, office.clock.now())
    return Addressee(officer=officer, devices=devices, address=address_of(office, officer))


def address_of(office: Office, officer: OfficerRecord) -> str:
    """Return how this side writes an officer: ``login@CODE``."""
    return f"{officer.login}@{office.agency_record(officer.agency).code}"


def pack_of(label: Label) -> PolicyPack:
    """Return the pack version that a label names.

    Raises:
        FormatError: ``pack-unknown`` (this release does not carry that version).
    """
    return builtin_pack(label.policy)


def mark_of(office: Office, label: Label) -> str:
    """Return a label's mark as the ledger keeps it."""
    return render(label, pack_of(label), Language.ZH, exercise=office.exercise)


def seal_question(
    office: Office, core: Core, addressees: tuple[Addressee, ...], *, action: Action
) -> SealQuestion:
    """Ask whether an object may be sealed for, or delivered to, all of these at this moment."""
    now, me, pack = office.clock.now(), office.me(), pack_of(core.label)
    return SealQuestion(
        label=core.label,
        pack=pack,
        sender=office.directory.standing(me.officer, now, policy=pack.id),
        recipients=tuple(_recipient(office, each, policy=pack.id) for each in addressees),
        accreditation=office.directory.accreditation(office.agency, pack.id, now),
        relay_ceiling=None,
        exercise=office.exercise,
        now=now,
        forward_secrecy=core.forward_secrecy,
        custody_groups=0,
        urgency=core.urgency,
        minimum_packs=_minimum_packs(office, {each.officer.agency for each in addressees}),
        action=action,
    )


def read_question(office: Office, verified: VerifiedCapsule, *, action: Action) -> ReadQuestion:
    """Ask whether this desk's officer may do something with a verified object at this moment."""
    now, me, core = office.clock.now(), office.me(), verified.core
    pack = pack_of(core.label)
    _, device = office.directory.device(office.keys.handle)
    return ReadQuestion(
        action=action,
        label=core.label,
        pack=pack,
        reader=office.directory.standing(me.officer, now, policy=pack.id),
        device=device,
        originator_agency=verified.agency,
        agreement=office.directory.agreement_between(office.agency, verified.agency, now),
        own_agency=verified.agency == office.agency,
        accreditation=office.directory.accreditation(office.agency, pack.id, now),
        exercise=office.exercise,
        now=now,
        directory_age_s=max(age_s(office, office.agency), age_s(office, verified.agency)),
        expires=core.expires,
        custody_groups=0,
        forward_secrecy=core.forward_secrecy,
        minimum_packs=_minimum_packs(office, {verified.agency}),
    )


def _minimum_packs(office: Office, agencies: set[AgencyId]) -> tuple[str, ...]:
    involved = agencies | {office.agency}
    return tuple(
        least for agency in sorted(involved) for least in office.directory.minimum_packs(agency)
    )


def age_s(office: Office, agency: AgencyId) -> int:
    """Return the seconds since an agency's directory was last obtained."""
    checked = office.agency_record(agency).checked_at
    return _NEVER_S if checked is None else max(0, office.clock.now() - checked)


def _recipient(office: Office, addressee: Addressee, *, policy: str) -> RecipientQuestion:
    officer, now = addressee.officer, office.clock.now()
    own = officer.agency == office.agency
    return RecipientQuestion(
        standing=office.directory.standing(officer.officer, now, policy=policy),
        devices=addressee.devices,
        agreement=None
        if own
        else office.directory.agreement_between(office.agency, officer.agency, now),
        own_agency=own,
        directory_age_s=age_s(office, officer.agency),
        address=addressee.address,
    )
