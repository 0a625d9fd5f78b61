"""What lies in the inbox, and what became of what was sent.

Rules:

- A subject is shown after a permit for listing, which opens the head and nothing else.
- What may not be listed shows no subject; outside the audience not even level and sender.
- "Fetched" is the relay's word and is shown as such; "acknowledged" is a signature.

Source: docs/concepts/correspondence.md; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.unseal import open_head
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialError,
    LiaisonError,
    OutOfOrderError,
)
from secure_liaison.monitor.decision import Action
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import addressing, asking, delivering, entries, filing

if TYPE_CHECKING:
    from secure_liaison.capsule.head import HeadRecord
    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.clock import Instant
    from secure_liaison.identity.ids import OfficerId
    from secure_liaison.monitor.gate import Permit
    from secure_liaison.office import Office
    from secure_liaison.vault.inbox import InboxItem
    from secure_liaison.vault.sent import Recipient, SentItem

__all__ = ["Listed", "Outcome", "body_of", "inbox", "permit_for", "sent"]

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


def inbox(office: Office) -> tuple[Listed, ...]:
    """List what came, newest first; each subject is shown after a permit of its own."""
    return tuple(_listed(office, item) for item in office.mail.inbox.items())


def sent(
    office: Office, *, ask_relay: bool = True
) -> tuple[tuple[SentItem, tuple[Outcome, ...]], ...]:
    """List what was sent and how far each recipient is, newest first; receipts are left out.

    Raises:
        RelayError: a relay was to be asked and does not answer, or refuses.
    """
    items = [item for item in office.mail.sent.items() if item.kind is not ObjectKind.RECEIPT]
    if ask_relay:
        delivering.refresh_states(office, items)
    return tuple((item, _outcomes(office, item)) for item in items)


def permit_for(office: Office, verified: VerifiedCapsule, action: Action) -> Permit:
    """Ask the gate about something to be done with a verified object.

    Raises:
        AccessDeniedError: ``refused`` with every reason, or ``not-found-or-not-permitted``.
    """
    return office.gate.permit(
        asking.read_question(office, verified, action=action),
        core_hash=verified.core_hash,
        key_ids=[verified.key_id],
        roster_sequences=office.directory.roster_sequences(),
        object_digest=verified.claims.capsule.digest.hex(),
    )


def body_of(item: InboxItem) -> str:
    """Return the name of an object's sealed body.

    Raises:
        OutOfOrderError: ``body-not-fetched``.
    """
    if item.body_name is None:
        raise OutOfOrderError("body-not-fetched")
    return item.body_name


def _listed(office: Office, item: InboxItem) -> Listed:
    try:
        verified = filing.load(office, item, EventType.DOC_LIST)
    except LiaisonError as exc:
        return Listed(item=item, verified=None, head=None, refusal=exc)
    try:
        permit = permit_for(office, verified, Action.LIST)
    except AccessDeniedError as exc:
        # Outside the audience not even level and sender are told.
        shown = verified if exc.reasons else None
        return Listed(item=item, verified=shown, head=None, refusal=exc)
    except LiaisonError as exc:  # no question can be asked about it; it must not hide the others
        return Listed(item=item, verified=None, head=None, refusal=exc)
    try:
        with office.bodies.open(body_of(item)) as body:
            sealed = body.read(item.head_length)
        head = open_head(
            verified, permit, leaves=item.leaves or b"", head=sealed, now=office.clock.now()
        )
    except LiaisonError as exc:  # one bad object must not hide the others
        entries.write_failure(office, permit, EventType.DOC_LIST, verified=verified, error=exc)
        return Listed(item=item, verified=verified, head=None, refusal=exc)
    with office.transaction():
        office.gate.effect(permit, entries.event_about(office, EventType.DOC_LIST, verified))
    return Listed(item=item, verified=verified, head=head, refusal=None)


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
