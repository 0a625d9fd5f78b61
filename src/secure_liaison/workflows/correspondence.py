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
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.format import Role, parse_envelope
from secure_liaison.capsule.receipt import MEDIA_TYPE, Receipt, open_receipt, sign_receipt
from secure_liaison.capsule.seal import PartSource
from secure_liaison.capsule.unseal import reveal
from secure_liaison.errors import (
    LiaisonError,
    OutOfOrderError,
)
from secure_liaison.monitor.decision import Action
from secure_liaison.vault.cases import CaseObject
from secure_liaison.vault.inbox import InboxState
from secure_liaison.workflows import (
    addressing,
    collecting,
    composing,
    delivering,
    drafting,
    entries,
    filing,
    labelling,
    notifying,
)
from secure_liaison.workflows.drafting import Draft
from secure_liaison.workflows.listing import Listed, Outcome, body_of, inbox, permit_for, sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.capsule.body import PartSink
    from secure_liaison.capsule.head import HeadRecord
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.crypto.keys import Digest
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.standing import Standing
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.monitor.gate import Permit
    from secure_liaison.office import Office
    from secure_liaison.vault.inbox import InboxItem
    from secure_liaison.wire.header import ObjectId
    from secure_liaison.workflows.collecting import Taken
    from secure_liaison.workflows.delivering import Delivered

    Progress = Callable[[int, int], None]

__all__ = [
    "Draft",
    "Listed",
    "Opened",
    "Outcome",
    "acknowledge",
    "answered",
    "collect",
    "deliver",
    "find_received",
    "inbox",
    "read",
    "send",
    "sent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An object that was opened into a sink."""

    verified: VerifiedCapsule
    head: HeadRecord


def send(office: Office, draft: Draft, *, progress: Progress | None = None) -> Digest:
    """Seal an object and put it into the outbox; `deliver` brings it to the relay.

    Raises:
        AccessDeniedError: a recipient, or the sender, may not: with every reason, for all of them.
        CredentialError: ``unknown-officer``.
        FormatError: the label or the draft cannot be encoded.
        OutOfOrderError, WorkflowError: an attachment is missing, the draft names a case that gives
            no label for it, or the marking leaves out the sender.
    """
    composed = drafting.compose(office, draft)
    case = draft.case
    if case is None:
        return composing.seal_and_keep(office, composed, progress=progress)

    def under_the_case(digest: Digest) -> None:
        office.cases.add_object(case, CaseObject(digest=digest))

    return composing.seal_and_keep(office, composed, progress=progress, also=under_the_case)


def deliver(office: Office, *, progress: Progress | None = None) -> tuple[Delivered, ...]:
    """Bring everything that is due to its relays, after asking the gate once more."""
    return delivering.deliver_due(office, progress)


def collect(office: Office, *, progress: Progress | None = None) -> Taken:
    """Refresh the directory, take in what came, tell holders what is due, and send what waits.

    Raises:
        RelayError: the relay does not answer or broke off; what was filed is filed.
    """
    collecting.refresh_directory(office)
    taken = replace(collecting.take_in(office, progress), notices=notifying.notify_all(office))
    delivering.deliver_due(office, without_waiting=True)
    return taken


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
    item = find_received(office, reference, Action.OPEN)
    verified = filing.load(office, item, EventType.DOC_OPEN)
    permit = permit_for(office, verified, Action.OPEN)
    try:
        with office.bodies.open(body_of(item)) as body:
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
        entries.write_failure(office, permit, EventType.DOC_OPEN, verified=verified, error=exc)
        raise
    with office.transaction():
        now = office.clock.now()
        office.mail.inbox.mark_opened(item.digest, at=now)
        office.mail.shares.keep(item.digest, [verified.share])
        stanza = verified.claims.capsule.stanza
        if stanza.role is Role.PREKEY:
            office.keyring.prekeys.spend(stanza.key_id, at=now)
        office.gate.effect(permit, entries.event_about(office, EventType.DOC_OPEN, verified))
    if stanza.role is Role.PREKEY:
        office.vault.checkpoint()  # until then the write-ahead file still holds the spent key
    return Opened(verified=verified, head=head)


def acknowledge(office: Office, reference: str, *, remark: str = "") -> Digest:
    """Sign 签收 for one opened object and put the receipt into the outbox.

    Raises:
        AccessDeniedError: as `read`.
        OutOfOrderError: ``not-opened``, ``already-acknowledged``.
        FormatError: the remark is too long.
        AccessDeniedError: the originator may not have the receipt any more.
    """
    item = find_received(office, reference, Action.ACKNOWLEDGE)
    verified = filing.load(office, item, EventType.RECEIPT_SIGN)
    permit = permit_for(office, verified, Action.ACKNOWLEDGE)
    try:
        return _sign(office, item, verified, permit=permit, remark=remark)
    except LiaisonError as exc:
        entries.write_failure(office, permit, EventType.RECEIPT_SIGN, verified=verified, error=exc)
        raise


def answered(office: Office, reference: str) -> ObjectId:
    """Return the id that a reply names; who may not list an object may not point at it either.

    Raises:
        AccessDeniedError: as `read`.
        LiaisonError: the object does not verify any more.
    """
    item = find_received(office, reference, Action.LIST)
    verified = filing.load(office, item, EventType.DOC_LIST)
    permit = permit_for(office, verified, Action.LIST)
    permit.spend(
        action=Action.LIST,
        core_hash=verified.core_hash,
        key_ids=[verified.key_id],
        now=office.clock.now(),
    )
    with office.transaction():
        office.gate.effect(permit, entries.event_about(office, EventType.DOC_LIST, verified))
    return item.object_id


def _sign(
    office: Office, item: InboxItem, verified: VerifiedCapsule, *, permit: Permit, remark: str
) -> Digest:
    # Looked at behind the gate: before it, the answer would tell an outsider that it exists.
    if item.state is InboxState.ACKNOWLEDGED:
        raise OutOfOrderError("already-acknowledged")
    if item.state is InboxState.RECEIVED:
        raise OutOfOrderError("not-opened")
    permit.spend(
        action=Action.ACKNOWLEDGE,
        core_hash=verified.core_hash,
        key_ids=[verified.key_id],
        now=office.clock.now(),
    )
    record = sign_receipt(_receipt(office, item, remark), office.keys.signing, office.realm)
    open_receipt(record, office.realm)  # what the originator's desk would refuse must not go out
    done = entries.event_about(office, EventType.RECEIPT_SIGN, verified)

    def signed(_: Digest) -> None:
        office.mail.inbox.mark_acknowledged(item.digest, at=office.clock.now())
        office.gate.effect(permit, done)

    return composing.seal_and_keep(office, _receipt_capsule(office, verified, record), also=signed)


def find_received(office: Office, reference: str, action: Action) -> InboxItem:
    """Return the object of the inbox whose id or digest begins so; nothing is asked about it yet.

    Raises:
        OutOfOrderError: ``reference-ambiguous``.
        AccessDeniedError: ``not-found-or-not-permitted``, with the work and the line of a refusal.
    """
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
            filing.verified_capsule(office, parse_envelope(item.envelope))


def _myself(office: Office) -> tuple[Standing, tuple[AgencyId, RosterLeaf]]:
    standing = office.directory.standing(office.me().officer, office.clock.now())
    return standing, office.directory.device(office.keys.handle)


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
        label=labelling.receipted(office, verified),
        urgency=core.urgency,
        acknowledge_by=None,
        expires=core.expires,
        forward_secrecy=False,
        topic=core.topic,
        follows=(core.label,),
    )
    return composing.compose_object(
        office,
        wrapping,
        to=(addressing.of_officer(office, verified.officer),),
        subject="",
        reply_to=core.object_id,
        parts=(part,),
    )
