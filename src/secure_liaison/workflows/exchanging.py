"""Cases between desks: a case goes out as a file or in an object; whoever takes it in verifies it.

Rules:

- A case is taken as a whole or not at all; a refusal is written down with its reason.
- What this desk held before must be the beginning of what comes: a case only grows.
- In an object a case lies under the label that protects its paper at that moment, a draft as
  drafted; who sent it proves nothing, the acts do.

Source: docs/spec/determination.md §10.3, §10.5; docs/guides/determination.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.seal import PartSource
from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError, LiaisonError, WorkflowError
from secure_liaison.i18n import Language, text
from secure_liaison.identity.case_file import MAX_CASE_BYTES, open_case_file, write_case_file
from secure_liaison.workflows import (
    addressing,
    agreed,
    composing,
    correspondence,
    determining,
    lifecycle,
)
from secure_liaison.workflows.publishing import TEXT_TYPE

if TYPE_CHECKING:
    from secure_liaison.capsule.head import PartEntry
    from secure_liaison.crypto.keys import Digest
    from secure_liaison.office import Office
    from secure_liaison.workflows.determining import DeskCase

__all__ = ["CASE_TYPE", "Taken", "case_received", "export_case", "import_case", "send_case"]

CASE_TYPE: Final = "application/vnd.secure-liaison.case"
_HOUR_S: Final = 3600
_READABLE_S: Final = 365 * 24 * _HOUR_S
_SHORT: Final = 8


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


def send_case(office: Office, case: bytes, to: tuple[str, ...], *, topic: str = "") -> Digest:
    """Seal a case for other desks under its own label; it waits in the outbox.

    Args:
        office: The desk.
        case: Its id, 16 bytes.
        to: Addresses.
        topic: Subject in the words of agreements; may be empty.

    Raises:
        OutOfOrderError: ``case-not-found``.
        WorkflowError: ``case-without-label`` (nothing protects it now: it goes as a file),
            ``case-onward-never``, ``case-agreement-unknown``.
        CredentialError: ``unknown-officer``.
        AccessDeniedError: somebody addressed may not; nothing was sealed.
        LiaisonError: the case does not verify now.
    """
    found = determining.load(office, case)
    data = write_case_file(found.chain, office.realm)
    addressees = tuple(addressing.find(office, each) for each in to)
    agreed.check_onward(office, found.case.label, [each.officer.agency for each in addressees])
    composed = composing.compose_object(
        office,
        _wrapping(office, found, topic),
        to=addressees,
        subject=_words(case, "case.sent.subject"),
        reply_to=None,
        parts=(
            _part("case.txt", TEXT_TYPE, _words(case, "case.sent.text").encode()),
            _part(f"{case.hex()[:_SHORT]}.case", CASE_TYPE, data),
        ),
    )
    done = determining.event_of(office, EventType.CASE_EXPORT, case, number=len(found.chain))

    def written(_: Digest) -> None:
        office.ledger.append(done)

    return composing.seal_and_keep(office, composed, also=written)


def case_received(office: Office, reference: str) -> bytes:
    """Open a received object and return the file of the case that it carries, not trusted yet.

    Raises:
        AccessDeniedError: as `correspondence.read`.
        WorkflowError: ``case-not-in-object``.
        FormatError: ``case-file-size``.
        LiaisonError: the object does not verify any more.
    """
    sink = _CaseSink()
    correspondence.read(office, reference, sink)
    if sink.data is None:
        raise WorkflowError("case-not-in-object")
    return sink.data


class _CaseSink:
    """Keeps the one part that is a case; all others pass by unread."""

    def __init__(self) -> None:
        self._kept: bytearray | None = None
        self._keeping = False
        self.data: bytes | None = None

    def begin(self, part: PartEntry) -> None:
        self._keeping = part.media_type == CASE_TYPE and self._kept is None
        if self._keeping and part.size > MAX_CASE_BYTES:
            raise FormatError("case-file-size", limit=MAX_CASE_BYTES)
        if self._keeping:
            self._kept = bytearray()

    def write(self, piece: bytes) -> None:
        if self._keeping and self._kept is not None:
            self._kept += piece

    def commit(self) -> None:
        self.data = None if self._kept is None else bytes(self._kept)

    def abort(self) -> None:
        self._kept = None


def _wrapping(office: Office, found: DeskCase, topic: str) -> composing.Wrapping:
    label = lifecycle.standing_of(office, found).label
    if label is None:
        raise WorkflowError("case-without-label")
    urgency, now = addressing.pack_of(office, label).urgency("routine"), office.clock.now()
    return composing.Wrapping(
        kind=ObjectKind.MESSAGE,
        label=label,
        urgency=urgency.id,
        acknowledge_by=Instant(now + urgency.acknowledge_hours * _HOUR_S),
        expires=Instant(now + _READABLE_S),
        forward_secrecy=False,
        topic=topic,
        # The machine took this very label from what the case follows.
        follows=(label,),
    )


def _words(case: bytes, key: str) -> str:
    separator = " " if key.endswith("subject") else "\n\n"
    return separator.join(text(key, each, case=case.hex()[:_SHORT]) for each in Language)


def _part(name: str, media_type: str, octets: bytes) -> PartSource:
    return PartSource(
        name=name, media_type=media_type, size=len(octets), open=lambda: BytesIO(octets)
    )
