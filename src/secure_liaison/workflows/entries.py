"""What the desk writes down about an object: its ledger lines, and that it was taken in.

Source: docs/spec/audit.md §2; DESIGN §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, Outcome
from secure_liaison.crypto.keys import Digest, Tag, tagged_hash
from secure_liaison.workflows import addressing, labelling

if TYPE_CHECKING:
    from secure_liaison.audit.events import EventType
    from secure_liaison.capsule.format import Capsule
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.errors import LiaisonError
    from secure_liaison.monitor.gate import Permit
    from secure_liaison.office import Office
    from secure_liaison.vault.inbox import InboxItem

__all__ = ["claims_digest", "event_about", "failed_to_verify", "mark_taken", "write_failure"]

_CLAIMS: Final = Tag("secure_liaison/draft-0/seen-claims")


def event_about(
    office: Office,
    kind: EventType,
    verified: VerifiedCapsule,
    *,
    outcome: Outcome = Outcome.PERMIT,
    **detail: str | int,
) -> Event:
    """Return the ledger event of something done with a verified object, under its label of now."""
    core, holds = verified.core, labelling.of_received(office, verified)
    return Event(
        type=kind,
        decision=outcome.value,
        object_digest=verified.claims.capsule.digest.hex(),
        object_id=core.object_id.hex(),
        label=addressing.mark_of(office, holds.judged),
        actor=office.login,
        counterpart=(addressing.address_of(office, verified.officer),),
        detail=detail,
    )


def failed_to_verify(
    office: Office, kind: EventType, item: InboxItem, error: LiaisonError
) -> Event:
    """Return the ledger event of something that could not be done, because it does not verify."""
    return Event(
        type=kind,
        decision=Outcome.ERROR.value,
        object_digest=item.digest.hex(),
        object_id=item.object_id.hex(),
        actor=office.login,
        detail={"code": error.code, "reason": error.reason},
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


def mark_taken(office: Office, capsule: Capsule) -> None:
    """Remember a verified object, within the caller's transaction."""
    digest = claims_digest(office, capsule)
    office.mail.inbox.mark_seen(capsule.digest, digest, at=office.clock.now())
    office.mail.quarantine.release(capsule.digest)


def claims_digest(office: Office, capsule: Capsule) -> Digest:
    """Return the digest by which an object's claims are known again, 32 bytes."""
    return tagged_hash(_CLAIMS, office.realm, capsule.envelope.claims)
