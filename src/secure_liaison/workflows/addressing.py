"""Who is meant: addresses to officers, officers to devices.

Rules:

- An address is ``login@CODE`` of an agency whose root was compared; nothing is guessed.
- Every device of a recipient gets a stanza; a recipient without one is refused by the gate.

Source: DESIGN §5, §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.i18n import Language
from secure_liaison.labels.held_mark import render_held

if TYPE_CHECKING:
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.standing import OfficerRecord
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Office

__all__ = [
    "Addressee",
    "address_of",
    "age_s",
    "find",
    "mark_in",
    "mark_of",
    "of_officer",
    "pack_of",
]

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


def pack_of(office: Office, label: Label) -> PolicyPack:
    """Return the pack version that a label names, for the marks of what is here.

    It decides nothing: what may be sent or opened is asked under `Shelves.to_write` and
    `Shelves.to_read`.

    Raises:
        FormatError: ``pack-unknown`` (this desk does not have that version).
    """
    return office.packs.to_show().named(label.policy)


def mark_of(office: Office, label: Label) -> str:
    """Return a label's mark as the ledger keeps it."""
    return mark_in(office, label, Language.ZH)


def mark_in(office: Office, label: Label, language: Language, *, foreign: bool = False) -> str:
    """Return a label's mark as this desk shows it, after those of its originators.

    Args:
        office: The desk.
        label: Any label.
        language: In which policies that have a choice are written.
        foreign: As in `render_held`.

    Raises:
        FormatError: ``pack-unknown``, or as `render`.
    """
    packs = office.packs.to_show()
    pack, exercise = packs.named(label.policy), office.exercise
    return render_held(label, pack, language, exercise=exercise, foreign=foreign, packs=packs)


def age_s(office: Office, agency: AgencyId) -> int:
    """Return the seconds since an agency's directory was last obtained."""
    checked = office.agency_record(agency).checked_at
    return _NEVER_S if checked is None else max(0, office.clock.now() - checked)
