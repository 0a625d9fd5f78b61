"""Filing: what came is parsed, unwrapped, verified and kept, or quarantined with its reason.

Rules:

- A digest counts as seen only after full verification; the same object under other claims is a
  replay and goes to quarantine.
- An object is released at the relay only after it is safe in the vault, its body compared with
  what was signed; a quarantined one stays at the relay, so nothing is lost while its cause is
  looked into.
- A receipt is filed by the desk itself: it opens with a permit like everything else.

Source: docs/spec/capsule.md §16; docs/spec/receipts.md §3; DESIGN §6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.format import parse_envelope
from secure_liaison.capsule.receipt import open_receipt
from secure_liaison.capsule.unseal import check_body, reveal, unwrap, verify
from secure_liaison.crypto.keys import Digest, Tag, tagged_hash
from secure_liaison.errors import (
    LiaisonError,
    RelayError,
    ReplayError,
    VaultError,
    VerificationError,
)
from secure_liaison.monitor.decision import Action
from secure_liaison.vault.inbox import InboxItem, InboxState
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import addressing
from secure_liaison.workflows.publishing import MemorySink

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.capsule.format import Capsule
    from secure_liaison.capsule.receipt import Receipt
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.crypto.keys import Secret
    from secure_liaison.monitor.gate import Permit
    from secure_liaison.office import Office
    from secure_liaison.relay.http import HttpRelay
    from secure_liaison.wire.mailbox import MailboxItem

    Progress = Callable[[int, int], None]

__all__ = ["event_about", "file_item", "load", "verified_capsule", "write_failure"]

_CLAIMS: Final = Tag("secure_liaison/draft-0/seen-claims")
_ENVELOPE: Final = Tag("secure_liaison/draft-0/unreadable-envelope")


def file_item(
    office: Office, item: MailboxItem, relay: HttpRelay, progress: Progress | None = None
) -> bool:
    """Take one mailbox item in; returns whether the relay may let go of it.

    Raises:
        RelayError: the body could not be fetched; the item stays at the relay.
        VaultError: it could not be kept; likewise.
    """
    try:
        capsule = parse_envelope(item.envelope)
    except LiaisonError as exc:
        _count_unreadable(office, item, exc)
        return True
    try:
        if _is_filed(office, capsule):
            return True
        verified = verified_capsule(office, capsule)
    except LiaisonError as exc:
        _quarantine(office, item, capsule, exc)
        return False
    try:
        if verified.core.kind is ObjectKind.RECEIPT:
            _file_receipt(office, item, relay, verified)
        else:
            _keep(office, item, relay, verified=verified, progress=progress)
    except (RelayError, VaultError):
        raise  # says nothing about the object: it comes again
    except LiaisonError as exc:
        _quarantine(office, item, capsule, exc)
        return False
    return True


def verified_capsule(
    office: Office, capsule: Capsule, *, kept: Secret | None = None
) -> VerifiedCapsule:
    """Take a parsed envelope through unwrapping and verification.

    Raises:
        LiaisonError: as `unwrap` and `verify`.
    """
    claims = unwrap(capsule, office.keyring.private_key, office.realm, kept=kept)
    return verify(
        claims,
        view=office.directory,
        pack_of=addressing.pack_of,
        device=office.keys.handle,
        now=office.clock.now(),
    )


def load(office: Office, item: InboxItem) -> VerifiedCapsule:
    """Verify a kept object again, with the directory of this moment.

    Raises:
        LiaisonError: as `unwrap` and `verify`.
    """
    shares = office.mail.shares.of(item.digest)
    kept = shares[0] if shares else None
    return verified_capsule(office, parse_envelope(item.envelope), kept=kept)


def event_about(
    office: Office,
    kind: EventType,
    verified: VerifiedCapsule,
    *,
    outcome: Outcome = Outcome.PERMIT,
    **detail: str | int,
) -> Event:
    """Return the ledger event of something done with a verified object."""
    core = verified.core
    return Event(
        type=kind,
        decision=outcome.value,
        object_digest=verified.claims.capsule.digest.hex(),
        object_id=core.object_id.hex(),
        label=addressing.mark_of(office, core.label),
        actor=office.login,
        counterpart=(addressing.address_of(office, verified.officer),),
        detail=detail,
    )


def write_failure(
    office: Office,
    permit: Permit,
    kind: EventType,
    *,
    verified: VerifiedCapsule,
    error: LiaisonError,
) -> None:
    """Close a permit whose act failed, with the error's code, so that an auditor sees why."""
    failed = event_about(
        office, kind, verified, outcome=Outcome.ERROR, code=error.code, reason=error.reason
    )
    with office.transaction():
        office.gate.effect(permit, failed)


def _is_filed(office: Office, capsule: Capsule) -> bool:
    """Whether exactly this was taken in before.

    Raises:
        ReplayError: ``other-claims``: this object was, but under other claims.
    """
    seen = office.mail.inbox.seen_claims(capsule.digest)
    if seen is not None and seen != _claims_digest(office, capsule):
        raise ReplayError("other-claims")
    return seen is not None


def _claims_digest(office: Office, capsule: Capsule) -> Digest:
    return tagged_hash(_CLAIMS, office.realm, capsule.envelope.claims)


def _keep(
    office: Office,
    item: MailboxItem,
    relay: HttpRelay,
    *,
    verified: VerifiedCapsule,
    progress: Progress | None,
) -> None:
    capsule = verified.claims.capsule
    with office.bodies.new() as body:
        leaves = relay.fetch_leaves(capsule.digest, leaf_count=item.leaf_count)
        relay.fetch_body(capsule.digest, body.stream, size=item.body_size, progress=progress)
        body.stream.seek(0)
        check_body(verified, leaves=leaves, body=body.stream)
        body_name = body.publish()
    with office.transaction():
        office.mail.inbox.add(
            InboxItem(
                digest=capsule.digest,
                object_id=verified.core.object_id,
                relay_seq=item.seq,
                envelope=item.envelope,
                body_name=body_name,
                leaves=leaves,
                originator=verified.device.handle,
                leaf_count=item.leaf_count,
                head_length=item.head_length,
                body_size=item.body_size,
                state=InboxState.RECEIVED,
                received_at=office.clock.now(),
            )
        )
        _mark_taken(office, capsule)
        office.ledger.append(
            event_about(office, EventType.DOC_RECEIVE, verified, bytes=item.body_size)
        )


def _mark_taken(office: Office, capsule: Capsule) -> None:
    digest = _claims_digest(office, capsule)
    office.mail.inbox.mark_seen(capsule.digest, digest, at=office.clock.now())
    office.mail.quarantine.release(capsule.digest)


def _quarantine(office: Office, item: MailboxItem, capsule: Capsule, error: LiaisonError) -> None:
    known = office.mail.quarantine.get(capsule.digest)
    told = known is not None and (known.code, known.reason) == (error.code, error.reason)
    with office.transaction():
        office.mail.quarantine.add_object(
            capsule.digest, error, envelope=item.envelope, sender=b"", at=office.clock.now()
        )
        if not told:  # it is tried again with each collection; the ledger has it once per cause
            office.ledger.append(_quarantine_event(office, error, digest=capsule.digest.hex()))


def _count_unreadable(office: Office, item: MailboxItem, error: LiaisonError) -> None:
    digest = tagged_hash(_ENVELOPE, office.realm, item.envelope)
    with office.transaction():
        office.mail.quarantine.count_unreadable(
            digest, error, size_bytes=len(item.envelope), sender=b"", at=office.clock.now()
        )
        office.ledger.append(_quarantine_event(office, error, digest=digest.hex()))


def _quarantine_event(office: Office, error: LiaisonError, *, digest: str) -> Event:
    return Event(
        type=EventType.DOC_QUARANTINE,
        decision=Outcome.ERROR.value,
        object_digest=digest,
        actor=office.login,
        detail={"code": error.code, "reason": error.reason},
    )


def _file_receipt(
    office: Office, item: MailboxItem, relay: HttpRelay, verified: VerifiedCapsule
) -> None:
    with office.bodies.new() as body:
        # Fetched before the gate is asked: a relay that breaks off leaves no permit behind.
        leaves = relay.fetch_leaves(verified.digest, leaf_count=item.leaf_count)
        relay.fetch_body(verified.digest, body.stream, size=item.body_size)
        body.stream.seek(0)
        permit = office.gate.permit(
            addressing.read_question(office, verified, action=Action.OPEN),
            core_hash=verified.core_hash,
            key_ids=[verified.key_id],
            roster_sequences=office.directory.roster_sequences(),
            object_digest=verified.digest.hex(),
        )
        try:
            record = _open_record(office, verified, permit, leaves=leaves, body=body.stream)
            receipt = _checked_receipt(office, verified, record)
        except LiaisonError as exc:
            write_failure(office, permit, EventType.RECEIPT_RECEIVE, verified=verified, error=exc)
            raise
    with office.transaction():
        office.mail.sent.advance(
            receipt.digest,
            receipt.device,
            RecipientState.ACKNOWLEDGED,
            at=receipt.at,
            receipt=record,
        )
        _mark_taken(office, verified.claims.capsule)
        office.gate.effect(
            permit,
            event_about(
                office, EventType.RECEIPT_RECEIVE, verified, acknowledged=receipt.digest.hex()
            ),
        )


def _open_record(
    office: Office, verified: VerifiedCapsule, permit: Permit, *, leaves: bytes, body: BinaryIO
) -> bytes:
    sink = MemorySink()
    reveal(verified, permit, leaves=leaves, body=body, sink=sink, now=office.clock.now())
    return sink.parts[0][1] if sink.parts else b""


def _checked_receipt(office: Office, verified: VerifiedCapsule, record: bytes) -> Receipt:
    """Check a receipt; the steps are those of docs/spec/receipts.md §3.

    Raises:
        FormatError: malformed, ``receipt-realm``.
        VerificationError: ``receipt-device``.
        SignatureError: the record's own signature.
        VerificationError: ``receipt-unknown-object``, ``receipt-not-addressee``.
    """
    # 2. It parses and names this realm.
    signed = open_receipt(record, office.realm)
    claimed = signed.receipt
    # 3. Device, officer and the capsule's own signer are one.
    sender = (verified.device.handle, verified.officer.officer)
    if (claimed.device, claimed.officer) != sender:
        raise VerificationError("receipt-device")
    # 4. Its own signature.
    receipt = signed.verify(verified.device.signing_key, office.realm)
    # 5. An object that this desk sent.
    sent = office.mail.sent.get(receipt.digest)
    if sent is None or sent.object_id != receipt.object_id:
        raise VerificationError("receipt-unknown-object")
    # 6. To this officer's device.
    reached = {(each.device, each.officer) for each in office.mail.sent.recipients(sent.digest)}
    if sender not in reached:
        raise VerificationError("receipt-not-addressee")
    return receipt
