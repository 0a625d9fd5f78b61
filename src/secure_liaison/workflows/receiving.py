"""Receiving 签收: a receipt that came is opened with a permit, checked, filed with what was sent.

Rules:

- A receipt is small: one that claims to be large is refused before it is fetched.
- It counts only under a label that the object has borne, as its capsule's only part.
- What the record says about time is evidence; the state's moment is the own clock's.

Source: docs/spec/receipts.md §3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.receipt import MEDIA_TYPE, open_receipt
from secure_liaison.capsule.unseal import reveal
from secure_liaison.errors import FormatError, LiaisonError, VerificationError
from secure_liaison.monitor.decision import Action
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import asking, entries, labelling
from secure_liaison.workflows.publishing import MemorySink

if TYPE_CHECKING:
    from secure_liaison.capsule.receipt import Receipt
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.monitor.gate import Permit
    from secure_liaison.office import Office
    from secure_liaison.relay.http import HttpRelay
    from secure_liaison.wire.mailbox import MailboxItem

__all__ = ["file_receipt"]

_MAX_BODY_BYTES: Final = 64 * 1024


def file_receipt(
    office: Office, item: MailboxItem, relay: HttpRelay, verified: VerifiedCapsule
) -> None:
    """Take a receipt in.

    Raises:
        FormatError: ``receipt-size``.
        RelayError: its body could not be fetched.
        AccessDeniedError: this desk may not open it.
        LiaisonError: it does not open, or is not what docs/spec/receipts.md §3 demands.
    """
    if item.body_size > _MAX_BODY_BYTES:
        raise FormatError("receipt-size", limit=_MAX_BODY_BYTES)
    with office.bodies.new() as body:
        # Fetched before the gate is asked: a relay that breaks off leaves no permit behind.
        leaves = relay.fetch_leaves(verified.digest, leaf_count=item.leaf_count)
        relay.fetch_body(verified.digest, body.stream, size=item.body_size)
        body.stream.seek(0)
        permit = office.gate.permit(
            asking.read_question(office, verified, action=Action.OPEN),
            core_hash=verified.core_hash,
            key_ids=[verified.key_id],
            roster_sequences=office.directory.roster_sequences(),
            object_digest=verified.digest.hex(),
        )
        try:
            record = _open_record(office, verified, permit, leaves=leaves, body=body.stream)
            receipt = _checked_receipt(office, verified, record)
        except LiaisonError as exc:
            entries.write_failure(
                office, permit, EventType.RECEIPT_RECEIVE, verified=verified, error=exc
            )
            raise
    with office.transaction():
        office.mail.sent.advance(
            receipt.digest,
            receipt.device,
            RecipientState.ACKNOWLEDGED,
            at=office.clock.now(),
            receipt=record,
        )
        entries.mark_taken(office, verified.claims.capsule)
        office.gate.effect(
            permit,
            entries.event_about(
                office, EventType.RECEIPT_RECEIVE, verified, acknowledged=receipt.digest.hex()
            ),
        )


def _open_record(
    office: Office, verified: VerifiedCapsule, permit: Permit, *, leaves: bytes, body: BinaryIO
) -> bytes:
    sink = MemorySink()
    now = office.clock.now()
    head = reveal(verified, permit, leaves=leaves, body=body, sink=sink, now=now)
    if [part.media_type for part in head.parts] != [MEDIA_TYPE]:
        raise FormatError("receipt-parts")
    return sink.parts[0][1]


def _checked_receipt(office: Office, verified: VerifiedCapsule, record: bytes) -> Receipt:
    """Check a receipt; the steps are those of docs/spec/receipts.md §3.

    Raises:
        FormatError: malformed, ``receipt-realm``.
        VerificationError: ``receipt-device``.
        SignatureError: the record's own signature.
        VerificationError: ``receipt-unknown-object``, ``receipt-label``,
            ``receipt-not-addressee``.
    """
    # 2. It parses and names this realm.
    signed = open_receipt(record, office.realm)
    claimed = signed.receipt
    # 3. Device, officer and the capsule's own signer are one.
    sender = (verified.device.handle, verified.officer.officer)
    if (claimed.device, claimed.officer) != sender or signed.key_id != verified.core.originator:
        raise VerificationError("receipt-device")
    # 4. Its own signature.
    receipt = signed.verify(verified.device.signing_key, office.realm)
    # 5. An object that this desk sent.
    sent = office.mail.sent.get(receipt.digest)
    if sent is None or sent.object_id != receipt.object_id:
        raise VerificationError("receipt-unknown-object")
    if verified.core.label not in labelling.borne(office, sent):
        raise VerificationError("receipt-label")
    # 6. To this officer's device.
    reached = {(each.device, each.officer) for each in office.mail.sent.recipients(sent.digest)}
    if sender not in reached:
        raise VerificationError("receipt-not-addressee")
    return receipt
