"""Filing: what came is parsed, unwrapped, verified and kept, or quarantined with its reason.

Rules:

- A digest counts as seen only after full verification; the same object under other claims is a
  replay and goes to quarantine.
- An object is released at the relay only after it is safe in the vault, its body compared with
  what was signed; a quarantined one stays at the relay, so nothing is lost while its cause is
  looked into.
- No item stands in the way of the next; what lies in quarantine is not looked at again until the
  directory changed or an hour has passed.
- A flood is counted: quarantine and ledger stay small whatever is sent.
- What a notice says of a label takes effect in the transaction that keeps the notice.

Source: docs/spec/capsule.md §16; docs/spec/receipts.md §3; DESIGN §6.
"""

from __future__ import annotations

from enum import Enum
from shutil import disk_usage
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.format import parse_envelope
from secure_liaison.capsule.unseal import check_body, unwrap, verify
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Tag, tagged_hash
from secure_liaison.errors import (
    LiaisonError,
    RelayError,
    RelayUnreachableError,
    ReplayError,
    UnsupportedVersionError,
    VaultDamagedError,
    VaultError,
)
from secure_liaison.vault.inbox import InboxItem, InboxState
from secure_liaison.workflows import entries, heeding, receiving

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.capsule.format import Capsule
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.crypto.keys import Secret
    from secure_liaison.office import Office
    from secure_liaison.relay.http import HttpRelay
    from secure_liaison.wire.mailbox import MailboxItem

    Progress = Callable[[int, int], None]

__all__ = ["Filed", "file_item", "load", "verified_capsule"]

_ENVELOPE: Final = Tag("secure_liaison/draft-0/unreadable-envelope")
_AGAIN_S: Final = 3600
"""What lies in quarantine is looked at again after an hour, or when the directory changed."""
_OF_THE_BODY: Final = frozenset(
    {
        "capsule-leaf-list",
        "capsule-payload-root",
        "capsule-range",
        "capsule-body-short",
        "capsule-body-long",
    }
)
"""What the relay gave out beside the envelope; the next time it may be the genuine one."""
_OF_THE_NOTICE: Final = frozenset({"notice-event", "notice-parts", "notice-realm", "notice-size"})
"""What no time and no directory mends: it is not looked at again."""
_LONGEST_WAIT: Final = 24
"""The wait before the next look grows with each look, up to a day."""
_MOST_KEPT: Final = 500
"""Envelopes kept in quarantine, about 11 kB each; what is more is counted only."""
_MOST_TOLD: Final = 20
"""Lines that the ledger gets for one cause within an hour."""
_RESERVE_BYTES: Final = 64 * 2**20
"""Free space on the disk that a collection leaves alone."""


class Filed(Enum):
    """What became of one mailbox item."""

    TAKEN = "taken"
    """It is in the vault, or known, or nothing that anybody could read: the relay may let go."""
    QUARANTINED = "quarantined"
    """It is kept apart with its reason; the relay keeps its copy."""
    WAITING = "waiting"
    """Nothing is wrong with it as far as known, but it cannot be taken now."""


def file_item(
    office: Office, item: MailboxItem, relay: HttpRelay, progress: Progress | None = None
) -> Filed:
    """Take one mailbox item in; one that cannot be taken never stands in the way of the next.

    Raises:
        RelayUnreachableError: the connection broke; the item stays at the relay.
        VaultDamagedError: nothing can be kept any more.
    """
    try:
        capsule = parse_envelope(item.envelope)
    except UnsupportedVersionError as exc:  # a newer release will read it: it stays at the relay
        _count_unreadable(office, item, exc)
        return Filed.WAITING
    except LiaisonError as exc:
        _count_unreadable(office, item, exc)
        return Filed.TAKEN
    if _is_settled(office, item, capsule):
        return Filed.QUARANTINED
    try:
        if _is_filed(office, capsule):
            return Filed.TAKEN
        verified = verified_capsule(office, capsule, arriving=True)
        if verified.core.kind is ObjectKind.RECEIPT:
            receiving.file_receipt(office, item, relay, verified)
        else:
            _keep(office, item, relay, verified=verified, progress=progress)
    except (RelayUnreachableError, VaultDamagedError):
        raise
    except (RelayError, VaultError):  # says nothing about the object: it comes again
        return Filed.WAITING
    except LiaisonError as exc:
        _quarantine(office, item, capsule, exc)
        return Filed.QUARANTINED
    return Filed.TAKEN


def verified_capsule(
    office: Office, capsule: Capsule, *, kept: Secret | None = None, arriving: bool = False
) -> VerifiedCapsule:
    """Take a parsed envelope through unwrapping and verification.

    Args:
        office: The desk.
        capsule: As it was parsed.
        kept: The share of an object that was opened before.
        arriving: Whether it is taken in now. Then its pack must be in force; what is here already,
            a receipt for what was sent from here, and a notice about what is here, is read under a
            pack that has ended too.

    Raises:
        LiaisonError: as `unwrap` and `verify`.
    """
    claims = unwrap(capsule, office.keyring.private_key, office.realm, kept=kept)
    anew = arriving and claims.core.kind not in {ObjectKind.RECEIPT, ObjectKind.NOTICE}
    packs = office.packs.to_write() if anew else office.packs.to_read()
    return verify(
        claims,
        view=office.directory,
        pack_of=lambda label: packs.named(label.policy),
        device=office.keys.handle,
        now=office.clock.now(),
    )


def load(office: Office, item: InboxItem, kind: EventType) -> VerifiedCapsule:
    """Verify a kept object again, with the directory of this moment.

    Args:
        office: The desk.
        item: As it was kept.
        kind: What is to be done with it: a refusal is written down as that.

    Raises:
        LiaisonError: as `unwrap` and `verify`.
    """
    try:
        shares = office.mail.shares.of(item.digest)
        kept = shares[0] if shares else None
        return verified_capsule(office, parse_envelope(item.envelope), kept=kept)
    except LiaisonError as exc:
        office.note(entries.failed_to_verify(office, kind, item, exc))
        raise


def _is_filed(office: Office, capsule: Capsule) -> bool:
    """Whether exactly this was taken in before.

    Raises:
        ReplayError: ``other-claims``: this object was, but under other claims.
    """
    seen = office.mail.inbox.seen_claims(capsule.digest)
    if seen is not None and seen != entries.claims_digest(office, capsule):
        raise ReplayError("other-claims")
    return seen is not None


def _keep(
    office: Office,
    item: MailboxItem,
    relay: HttpRelay,
    *,
    verified: VerifiedCapsule,
    progress: Progress | None,
) -> None:
    capsule, heeded = verified.claims.capsule, None
    if verified.core.kind is ObjectKind.NOTICE:
        heeding.require_small(item)
    if disk_usage(office.vault.bodies_folder).free < item.body_size + _RESERVE_BYTES:
        raise VaultError("disk-full")
    with office.bodies.new() as body:
        leaves = relay.fetch_leaves(capsule.digest, leaf_count=item.leaf_count)
        relay.fetch_body(capsule.digest, body.stream, size=item.body_size, progress=progress)
        body.stream.seek(0)
        check_body(verified, leaves=leaves, body=body.stream)
        if verified.core.kind is ObjectKind.NOTICE:
            body.stream.seek(0)
            heeded = heeding.open_notice(office, verified, leaves=leaves, body=body.stream)
        body_name = body.publish()
    with office.transaction():
        office.mail.inbox.add(
            _row(item, verified, body_name=body_name, leaves=leaves, at=office.clock.now())
        )
        entries.mark_taken(office, capsule)
        office.ledger.append(
            entries.event_about(office, EventType.DOC_RECEIVE, verified, bytes=item.body_size)
        )
        if heeded is not None:
            heeding.take_in(office, heeded)


def _row(
    item: MailboxItem, verified: VerifiedCapsule, *, body_name: str, leaves: bytes, at: Instant
) -> InboxItem:
    return InboxItem(
        digest=verified.digest,
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
        received_at=at,
    )


def _is_settled(office: Office, item: MailboxItem, capsule: Capsule) -> bool:
    """Whether it lies in quarantine, and nothing has changed since that could let it out."""
    row = office.mail.quarantine.get(capsule.digest)
    if row is None or row.envelope != item.envelope or row.reason in _OF_THE_BODY:
        return False
    if row.reason in _OF_THE_NOTICE:
        return True
    age_s = office.clock.now() - row.last_at
    wait_s = min(row.times, _LONGEST_WAIT) * _AGAIN_S
    return row.last_at > office.changed_at() and age_s < wait_s


def _quarantine(office: Office, item: MailboxItem, capsule: Capsule, error: LiaisonError) -> None:
    quarantine, now = office.mail.quarantine, office.clock.now()
    known = quarantine.get(capsule.digest)
    # A flood is counted; the relay has the copies.
    if known is None and quarantine.kept() >= _MOST_KEPT:
        _count_unreadable(office, item, error)
        return
    told = known is not None and (known.code, known.reason) == (error.code, error.reason)
    flood = _told_lately(office, error) >= _MOST_TOLD
    with office.transaction():
        quarantine.add_object(capsule.digest, error, envelope=item.envelope, sender=b"", at=now)
        if not told and not flood:
            office.ledger.append(_quarantine_event(office, error, digest=capsule.digest.hex()))


def _count_unreadable(office: Office, item: MailboxItem, error: LiaisonError) -> None:
    digest = tagged_hash(_ENVELOPE, office.realm, item.envelope)
    told = _told_lately(office, error)
    with office.transaction():
        office.mail.quarantine.count_unreadable(
            digest, error, size_bytes=len(item.envelope), sender=b"", at=office.clock.now()
        )
        if not told:
            office.ledger.append(_quarantine_event(office, error, digest=digest.hex()))


def _told_lately(office: Office, error: LiaisonError) -> int:
    """Return how many rows of the same cause are younger than an hour: each has its line."""
    since = Instant(office.clock.now() - _AGAIN_S)
    return office.mail.quarantine.of_cause(error, since=since)


def _quarantine_event(office: Office, error: LiaisonError, *, digest: str) -> Event:
    return Event(
        type=EventType.DOC_QUARANTINE,
        decision=Outcome.ERROR.value,
        object_digest=digest,
        actor=office.login,
        detail={"code": error.code, "reason": error.reason},
    )
