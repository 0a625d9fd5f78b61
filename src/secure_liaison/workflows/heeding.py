"""Heeding a notice: what the originator says of a label is opened with a permit, checked, kept.

Rules:

- It is done when the notice is collected; whether the officer reads it changes nothing.
- Only the officer who sent an object is believed about it: nobody else, of whatever agency.
- What is in force changes in order: a change that does not follow waits, one that is old is noted.

Source: docs/spec/determination.md §11.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.audit.events import Event, EventType
from secure_liaison.capsule.claims import unwrap
from secure_liaison.capsule.format import parse_envelope
from secure_liaison.capsule.notice import MEDIA_TYPE, LabelNotice, decode_notice
from secure_liaison.capsule.unseal import reveal
from secure_liaison.errors import CredentialError, FormatError, LiaisonError, VerificationError
from secure_liaison.labels.determination import AHEAD_S
from secure_liaison.labels.in_force import Fate, fate_of
from secure_liaison.monitor.decision import Action
from secure_liaison.vault.changes import KeptChange
from secure_liaison.workflows import asking, entries, labelling
from secure_liaison.workflows.publishing import TEXT_TYPE, MemorySink

if TYPE_CHECKING:
    from secure_liaison.capsule.core import Core
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.labels.in_force import Change
    from secure_liaison.monitor.gate import Permit
    from secure_liaison.office import Office
    from secure_liaison.vault.inbox import InboxItem
    from secure_liaison.wire.mailbox import MailboxItem

__all__ = ["Heeded", "open_notice", "require_small", "take_in"]

_MAX_BODY_BYTES: Final = 64 * 1024
_PARTS: Final = [TEXT_TYPE, MEDIA_TYPE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heeded:
    """A notice that was opened and checked, to be kept with its object.

    Attributes:
        verified: The capsule that carried it.
        permit: With which it was opened; its effect is still to be written.
        record: As it came.
        notice: What it says.
        core: Of the object that it is about.
    """

    verified: VerifiedCapsule
    permit: Permit
    record: bytes
    notice: LabelNotice
    core: Core


def require_small(item: MailboxItem) -> None:
    """Refuse a notice that claims to be large, before it is fetched.

    Raises:
        FormatError: ``notice-size``.
    """
    if item.body_size > _MAX_BODY_BYTES:
        raise FormatError("notice-size", limit=_MAX_BODY_BYTES)


def open_notice(
    office: Office, verified: VerifiedCapsule, *, leaves: bytes, body: BinaryIO
) -> Heeded:
    """Open a notice's record and check it; the steps are those of docs/spec/determination.md §11.2.

    Raises:
        AccessDeniedError: this desk may not open it.
        FormatError: ``notice-parts``, malformed, ``notice-realm``, ``notice-event``.
        VerificationError: ``notice-ahead``, ``notice-object``.
        FormatError: ``pack-unknown``, ``label-level-unknown``.
        LiaisonError: it does not open.
    """
    permit = office.gate.permit(
        asking.read_question(office, verified, action=Action.OPEN),
        core_hash=verified.core_hash,
        key_ids=[verified.key_id],
        roster_sequences=office.directory.roster_sequences(),
        object_digest=verified.digest.hex(),
    )
    try:
        record = _open_record(office, verified, permit, leaves=leaves, body=body)
        notice = decode_notice(record, office.realm)
        core = _checked(office, verified, notice)
    except LiaisonError as exc:
        entries.write_failure(office, permit, EventType.LABEL_CHANGE, verified=verified, error=exc)
        raise
    return Heeded(verified=verified, permit=permit, record=record, notice=notice, core=core)


def take_in(office: Office, heeded: Heeded) -> None:
    """Keep what a notice says, and what follows from it, within the caller's transaction."""
    notice = heeded.notice
    counted = [*labelling.counted(office, notice.about)]
    fate = _fate(heeded, notice.change, counted)
    if fate in {Fate.COUNTS, Fate.WAITS}:
        office.mail.label_changes.keep(
            KeptChange(
                notice=heeded.verified.digest,
                about=notice.about,
                record=heeded.record,
                number=len(counted) + 1 if fate is Fate.COUNTS else None,
                taken_at=office.clock.now(),
            )
        )
    done = entries.event_about(office, EventType.LABEL_CHANGE, heeded.verified)
    office.gate.effect(heeded.permit, replace(done, detail=_told(notice, fate)))
    if fate is Fate.COUNTS:
        _let_waiting_count(office, heeded, [*counted, notice.change])


def _open_record(
    office: Office, verified: VerifiedCapsule, permit: Permit, *, leaves: bytes, body: BinaryIO
) -> bytes:
    sink, now = MemorySink(), office.clock.now()
    head = reveal(verified, permit, leaves=leaves, body=body, sink=sink, now=now)
    if [part.media_type for part in head.parts] != _PARTS:
        raise FormatError("notice-parts")
    return sink.parts[1][1]


def _checked(office: Office, verified: VerifiedCapsule, notice: LabelNotice) -> Core:
    """Check steps 3 to 5, and return the core of the object that it is about.

    Raises:
        VerificationError: ``notice-ahead``, ``notice-object``.
        FormatError: ``pack-unknown``, ``label-level-unknown``, ``label-audience-size``.
    """
    # 3. Not from the future.
    if notice.change.at > office.clock.now() + AHEAD_S:
        raise VerificationError("notice-ahead")
    # 4. About an object of the same officer: one answer for all that is not.
    item = office.mail.inbox.get(notice.about)
    if item is None or item.object_id != notice.object_id or not _is_owner(office, verified, item):
        raise VerificationError("notice-object")
    # 5. A label that can be judged by, also together with what waits.
    core = _core_of(office, item)
    if notice.change.new is not None:
        office.packs.to_read().named(notice.change.new.policy).level(notice.change.new.level)
        labelling.with_another(office, core.label, notice.about, notice.change)
    return core


def _is_owner(office: Office, verified: VerifiedCapsule, item: InboxItem) -> bool:
    """Whether the officer who sends a notice is the one who sent the object, on any device."""
    try:
        owner = office.directory.owner_of(item.originator)
    except CredentialError:  # left the book since: nobody else speaks for them
        return False
    return (owner.agency, owner.officer) == (verified.agency, verified.officer.officer)


def _core_of(office: Office, item: InboxItem) -> Core:
    # It was verified when it was filed; who signed it may have left the directory since.
    shares = office.mail.shares.of(item.digest)
    capsule = parse_envelope(item.envelope)
    kept = shares[0] if shares else None
    return unwrap(capsule, office.keyring.private_key, office.realm, kept=kept).core


def _fate(heeded: Heeded, change: Change, counted: list[Change]) -> Fate:
    core = heeded.core
    return fate_of(change, first=core.label, created=core.created, counted=counted)


def _let_waiting_count(office: Office, heeded: Heeded, counted: list[Change]) -> None:
    """Let those follow that waited for what counts now, one after the other."""
    changes = office.mail.label_changes
    while ready := [
        (notice.change.at, each.notice, notice)
        for each in changes.waiting(heeded.notice.about)
        if _fate(heeded, (notice := decode_notice(each.record, office.realm)).change, counted)
        is Fate.COUNTS
    ]:
        _, digest, notice = min(ready, key=lambda each: each[:2])
        counted.append(notice.change)
        changes.count(digest, number=len(counted))
        office.ledger.append(
            Event(
                type=EventType.LABEL_CHANGE,
                object_digest=digest.hex(),
                actor=office.login,
                detail=_told(notice, Fate.COUNTS),
            )
        )


def _told(notice: LabelNotice, fate: Fate) -> dict[str, str | int]:
    return {
        "about": notice.about.hex(),
        "case": notice.case.hex(),
        "event": notice.change.event.value,
        "became": fate.value,
    }
