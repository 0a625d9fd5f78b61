"""Correspondence: send, deliver, collect, read, acknowledge. Begin reading here.

Each function is a list of verbs. All of them keep four promises:

- **Ask, then act.** The gate decides and records before anything is sealed or shown.
- **All or nothing.** One recipient who may not read refuses the whole, before anything is sent.
- **Commit, then speak.** The vault keeps the object, the ledger line and the outbox row in one
  transaction; the relay hears of it afterwards, as often as needed.
- **What fails is kept.** An object that cannot be accepted lies in quarantine with its reason.

Source: docs/concepts/correspondence.md; DESIGN §3, §6, §7.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.audit.events import EventType
from secure_liaison.audit.events import Outcome as Result
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.format import Role
from secure_liaison.capsule.receipt import MEDIA_TYPE, Receipt, sign_receipt
from secure_liaison.capsule.seal import PartSource
from secure_liaison.capsule.unseal import open_head, reveal
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialError,
    LiaisonError,
    OutOfOrderError,
)
from secure_liaison.monitor.decision import Action
from secure_liaison.vault.inbox import InboxState
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import addressing, composing, filing, transport
from secure_liaison.workflows.composing import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.capsule.body import PartSink
    from secure_liaison.capsule.head import HeadRecord
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import Digest
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.standing import Standing
    from secure_liaison.identity.ids import AgencyId, OfficerId
    from secure_liaison.monitor.gate import Permit
    from secure_liaison.office import Office
    from secure_liaison.vault.inbox import InboxItem
    from secure_liaison.vault.sent import Recipient, SentItem
    from secure_liaison.workflows.transport import Delivered, Taken

    Progress = Callable[[int, int], None]

__all__ = [
    "Draft",
    "Listed",
    "Opened",
    "Outcome",
    "acknowledge",
    "collect",
    "deliver",
    "inbox",
    "read",
    "send",
    "sent",
]


_PROGRESS: Final = (
    RecipientState.QUEUED,
    RecipientState.REFUSED,
    RecipientState.SENT,
    RecipientState.FETCHED,
    RecipientState.ACKNOWLEDGED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the inbox.

    Attributes:
        item: The object as it is kept.
        verified: What was verified about it just now, or nothing if it does not verify any more.
        head: Subject and parts, or nothing if they may not be shown.
        refusal: Why they may not.
    """

    item: InboxItem
    verified: VerifiedCapsule | None
    head: HeadRecord | None
    refusal: LiaisonError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An object that was opened into a sink."""

    verified: VerifiedCapsule
    head: HeadRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How far one recipient of a sent object is: the furthest of their devices.

    Attributes:
        address: ``login@CODE``, or the officer's id if the directory no longer knows them.
        state: Queued, refused, sent, fetched (the relay's word) or acknowledged (signed).
        at: Since when, seconds UTC.
    """

    address: str
    state: RecipientState
    at: Instant | None


def send(office: Office, draft: Draft, *, progress: Progress | None = None) -> Digest:
    """Seal an object and put it into the outbox; `deliver` brings it to the relay.

    Raises:
        AccessDeniedError: a recipient, or the sender, may not: with every reason, for all of them.
        CredentialError: ``unknown-officer``.
        FormatError: the label or the draft cannot be encoded.
    """
    composed = composing.compose(office, draft)
    return composing.seal_and_keep(office, composed, progress=progress)


def deliver(office: Office, *, progress: Progress | None = None) -> tuple[Delivered, ...]:
    """Bring everything that is due to its relays, after asking the gate once more."""
    return transport.deliver_due(office, progress)


def collect(office: Office, *, progress: Progress | None = None) -> Taken:
    """Refresh the directory, take in what came, and send what is due.

    Raises:
        RelayError: the relay does not answer or broke off; what was filed is filed.
    """
    transport.refresh_directory(office)
    taken = transport.take_in(office, progress)
    transport.deliver_due(office)
    return taken


def inbox(office: Office) -> tuple[Listed, ...]:
    """List what came, newest first; each subject is shown after a permit of its own."""
    return tuple(_listed(office, item) for item in office.mail.inbox.items())


def read(
    office: Office, reference: str, sink: PartSink, *, progress: Progress | None = None
) -> Opened:
    """Open one object into a sink.

    Args:
        office: The desk.
        reference: The beginning of the object's id or digest, in hex digits.
        sink: Publishes only after the last check.
        progress: Told bytes opened and bytes in all.

    Raises:
        AccessDeniedError: refused with the reasons, or ``not-found-or-not-permitted``.
        LiaisonError: the object does not verify any more; nothing was shown.
    """
    item = _find(office, reference, Action.OPEN)
    verified = filing.load(office, item)
    permit = _permit(office, verified, Action.OPEN)
    try:
        with office.bodies.open(_body_of(item)) as body:
            head = reveal(
                verified,
                permit,
                leaves=item.leaves or b"",
                body=body,
                sink=sink,
                now=office.clock.now(),
                progress=progress,
            )
    except LiaisonError as exc:
        _write_failure(office, permit, EventType.DOC_OPEN, verified=verified, error=exc)
        raise
    with office.transaction():
        now = office.clock.now()
        office.mail.inbox.mark_opened(item.digest, at=now)
        office.mail.shares.keep(item.digest, [verified.share])
        stanza = verified.claims.capsule.stanza
        if stanza.role is Role.PREKEY:
            office.keyring.prekeys.spend(stanza.key_id, at=now)
        office.gate.effect(permit, filing.event_about(office, EventType.DOC_OPEN, verified))
    if stanza.role is Role.PREKEY:
        office.vault.checkpoint()  # until then the write-ahead file still holds the spent key
    return Opened(verified=verified, head=head)


def acknowledge(office: Office, reference: str, *, remark: str = "") -> Digest:
    """Sign 签收 for one opened object and put the receipt into the outbox.

    Raises:
        AccessDeniedError: as `read`.
        OutOfOrderError: ``not-opened``, ``already-acknowledged``.
    """
    item = _find(office, reference, Action.ACKNOWLEDGE)
    if item.state is InboxState.ACKNOWLEDGED:
        raise OutOfOrderError("already-acknowledged")
    if item.state is InboxState.RECEIVED:
        raise OutOfOrderError("not-opened")
    verified = filing.load(office, item)
    permit = _permit(office, verified, Action.ACKNOWLEDGE)
    permit.spend(
        action=Action.ACKNOWLEDGE,
        core_hash=verified.core_hash,
        key_ids=[verified.key_id],
        now=office.clock.now(),
    )
    record = sign_receipt(_receipt(office, item, remark), office.keys.signing, office.realm)
    receipt = composing.seal_and_keep(office, _receipt_capsule(office, verified, record))
    with office.transaction():
        office.mail.inbox.mark_acknowledged(item.digest, at=office.clock.now())
        office.gate.effect(permit, filing.event_about(office, EventType.RECEIPT_SIGN, verified))
    return receipt


def sent(
    office: Office, *, ask_relay: bool = True
) -> tuple[tuple[SentItem, tuple[Outcome, ...]], ...]:
    """List what was sent and how far each recipient is, newest first; receipts are left out.

    Raises:
        RelayUnreachableError: the relay was to be asked and does not answer.
    """
    items = [item for item in office.mail.sent.items() if item.kind is not ObjectKind.RECEIPT]
    if ask_relay:
        transport.refresh_states(office, items)
    return tuple((item, _outcomes(office, item)) for item in items)


def _find(office: Office, reference: str, action: Action) -> InboxItem:
    try:
        matches = office.mail.inbox.matching(reference)
    except ValueError:
        matches = ()
    item = office.mail.inbox.get(matches[0]) if len(matches) == 1 else None
    if len(matches) > 1:
        raise OutOfOrderError("reference-ambiguous", found=len(matches))
    if item is None:
        reader, (_, device) = _myself(office)
        _verify_anyway(office)
        office.gate.refuse_unknown(action, reader=reader, device=device)
    return item


def _verify_anyway(office: Office) -> None:
    # What exists is verified before the gate is asked; what does not must not be quicker.
    for item in office.mail.inbox.items(limit=1):
        with contextlib.suppress(LiaisonError):
            filing.load(office, item)


def _myself(office: Office) -> tuple[Standing, tuple[AgencyId, RosterLeaf]]:
    standing = office.directory.standing(office.me().officer, office.clock.now())
    return standing, office.directory.device(office.keys.handle)


def _listed(office: Office, item: InboxItem) -> Listed:
    try:
        verified = filing.load(office, item)
    except LiaisonError as exc:
        return Listed(item=item, verified=None, head=None, refusal=exc)
    try:
        permit = _permit(office, verified, Action.LIST)
    except AccessDeniedError as exc:
        # Outside the audience not even level and sender are told.
        shown = verified if exc.reasons else None
        return Listed(item=item, verified=shown, head=None, refusal=exc)
    try:
        with office.bodies.open(_body_of(item)) as body:
            sealed = body.read(item.head_length)
        head = open_head(
            verified, permit, leaves=item.leaves or b"", head=sealed, now=office.clock.now()
        )
    except LiaisonError as exc:  # one bad object must not hide the others
        _write_failure(office, permit, EventType.DOC_LIST, verified=verified, error=exc)
        return Listed(item=item, verified=verified, head=None, refusal=exc)
    with office.transaction():
        office.gate.effect(permit, filing.event_about(office, EventType.DOC_LIST, verified))
    return Listed(item=item, verified=verified, head=head, refusal=None)


def _write_failure(
    office: Office,
    permit: Permit,
    kind: EventType,
    *,
    verified: VerifiedCapsule,
    error: LiaisonError,
) -> None:
    """Close a permit whose act failed, with the error's code, so that an auditor sees why."""
    failed = filing.event_about(
        office, kind, verified, outcome=Result.ERROR, code=error.code, reason=error.reason
    )
    with office.transaction():
        office.gate.effect(permit, failed)


def _permit(office: Office, verified: VerifiedCapsule, action: Action) -> Permit:
    return office.gate.permit(
        addressing.read_question(office, verified, action=action),
        core_hash=verified.core_hash,
        key_ids=[verified.key_id],
        roster_sequences=office.directory.roster_sequences(),
        object_digest=verified.claims.capsule.digest.hex(),
    )


def _body_of(item: InboxItem) -> str:
    if item.body_name is None:
        raise OutOfOrderError("body-not-fetched")
    return item.body_name


def _receipt(office: Office, item: InboxItem, remark: str) -> Receipt:
    return Receipt(
        digest=item.digest,
        object_id=item.object_id,
        officer=office.me().officer,
        device=office.keys.handle,
        at=office.clock.now(),
        remark=remark,
    )


def _receipt_capsule(
    office: Office, verified: VerifiedCapsule, record: bytes
) -> composing.Composed:
    core = verified.core
    part = PartSource(
        name="receipt", media_type=MEDIA_TYPE, size=len(record), open=lambda: BytesIO(record)
    )
    wrapping = composing.Wrapping(
        kind=ObjectKind.RECEIPT,
        label=core.label,
        urgency=core.urgency,
        acknowledge_by=None,
        expires=core.expires,
        forward_secrecy=False,
    )
    return composing.compose_object(
        office,
        wrapping,
        to=(addressing.of_officer(office, verified.officer),),
        subject="",
        reply_to=core.object_id,
        parts=(part,),
    )


def _outcomes(office: Office, item: SentItem) -> tuple[Outcome, ...]:
    furthest: dict[OfficerId, Recipient] = {}
    for each in office.mail.sent.recipients(item.digest):
        known = furthest.get(each.officer)
        if known is None or _PROGRESS.index(each.state) > _PROGRESS.index(known.state):
            furthest[each.officer] = each
    return tuple(_outcome(office, each) for each in furthest.values())


def _outcome(office: Office, recipient: Recipient) -> Outcome:
    try:
        officer = office.directory.officer(recipient.officer)
    except CredentialError:  # left the book since; the record of what was sent stays
        return Outcome(
            address=recipient.officer.hex(), state=recipient.state, at=_moment(recipient)
        )
    return Outcome(
        address=addressing.address_of(office, officer),
        state=recipient.state,
        at=_moment(recipient),
    )


def _moment(recipient: Recipient) -> Instant | None:
    match recipient.state:
        case RecipientState.QUEUED:
            return None
        case RecipientState.SENT:
            return recipient.sent_at
        case RecipientState.FETCHED:
            return recipient.fetched_at
        case RecipientState.ACKNOWLEDGED:
            return recipient.acknowledged_at
        case RecipientState.REFUSED:
            return recipient.refused_at
        case _:
            assert_never(recipient.state)
