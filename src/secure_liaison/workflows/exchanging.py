"""Cases between desks: a case goes out as a file and is verified by whoever takes it in.

Rules:

- A file is taken as a whole or not at all; a refusal is written down with its reason.
- What this desk held before must be the beginning of what comes: a case only grows.

Source: docs/spec/determination.md §10.3, §10.5; docs/guides/determination.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.audit.events import EventType
from secure_liaison.errors import LiaisonError
from secure_liaison.identity.case_file import open_case_file, write_case_file
from secure_liaison.workflows import determining

if TYPE_CHECKING:
    from secure_liaison.office import Office
    from secure_liaison.workflows.determining import DeskCase

__all__ = ["Taken", "export_case", "import_case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A case that was taken in, and how many of its acts are new here."""

    found: DeskCase
    new: int


def export_case(office: Office, case: bytes) -> bytes:
    """Return a case as a file for another desk.

    Raises:
        OutOfOrderError: ``case-not-found``.
        LiaisonError: it does not verify, so it does not go out.
        FormatError: ``case-file-size``.
    """
    found = determining.load(office, case)
    data = write_case_file(found.chain, office.realm)
    office.note(determining.event_of(office, EventType.CASE_EXPORT, case, number=len(found.chain)))
    return data


def import_case(office: Office, data: bytes) -> Taken:
    """Verify a case that came as a file and keep what is new of it.

    Raises:
        FormatError, UnsupportedVersionError: as `open_case_file`.
        WorkflowError: ``bodies-missing``.
        CredentialError: the device of a new act may not sign now.
        LiaisonError: as `verify_case`; nothing was kept.
    """
    chain = open_case_file(data, office.realm)
    case = chain[0].act.case
    kept = office.cases.acts(case)
    try:
        found = determining.verified(office, chain, kept=kept)
    except LiaisonError as error:
        office.note(determining.event_of(office, EventType.CASE_REFUSE, case, error=error))
        raise
    new = len(chain) - len(kept)
    if new:
        done = determining.event_of(office, EventType.CASE_ACCEPT, case, number=len(chain), new=new)
        determining.keep(office, found, known=len(kept), events=(done,))
    return Taken(found=found, new=new)
