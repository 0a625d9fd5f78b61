"""Delivering: the outbox goes out, each recipient's part to that recipient's relay.

Rules:

- What goes out later is decided again with the directory of that moment: a recipient who lost the
  clearance or the device since then refuses the whole object, and the sender sees why.
- A submission is known by its digest and may be repeated; a relay that has it is left alone.
- One relay that refuses or is away holds up neither the others nor the next object.

Source: docs/spec/wire.md §4; docs/concepts/correspondence.md; DESIGN §3 rule 4.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.capsule.core import core_hash, decode_core
from secure_liaison.capsule.format import decode_stanza
from secure_liaison.clock import Instant
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialError,
    DirectoryStaleError,
    LiaisonError,
    RelayRefusedError,
    VaultDamagedError,
    VerificationError,
)
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.labels.period import MAX_INSTANT
from secure_liaison.monitor.decision import Action
from secure_liaison.vault.sent import RecipientState
from secure_liaison.wire.envelopes import decode_submission, encode_submission
from secure_liaison.wire.mailbox import MailboxState
from secure_liaison.workflows import addressing, asking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secure_liaison.capsule.core import Core
    from secure_liaison.crypto.keys import Digest
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.identity.ids import AgencyId, OfficerId
    from secure_liaison.monitor.gate import Permit
    from secure_liaison.office import Office
    from secure_liaison.relay.http import HttpRelay
    from secure_liaison.vault.sent import Recipient, SentItem
    from secure_liaison.wire.envelopes import Delivery as WireDelivery
    from secure_liaison.wire.envelopes import Submission
    from secure_liaison.wire.mailbox import MailboxStatus

    Progress = Callable[[int, int], None]

__all__ = ["Delivered", "deliver_due", "refresh_states"]

_FIRST_WAIT_S: Final = 30
_LONGEST_WAIT_S: Final = 3600
_FOR_GOOD: Final = frozenset(
    {"conflict", "too-large", "malformed", "tampered", "realm", "expired", "mailbox-unknown"}
)
"""Refusals that another try with the same bytes cannot change."""
_PASSING: Final = frozenset({"BOOK_OUTDATED", "DIRECTORY_STALE"})
"""Refusals of the own gate that the next book or collection may lift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of one row of the outbox; ``error`` is nothing if it went out."""

    digest: Digest
    error: LiaisonError | None


def deliver_due(
    office: Office, progress: Progress | None = None, *, without_waiting: bool = False
) -> tuple[Delivered, ...]:
    """Send everything that is due, or everything where a relay is known to answer again."""
    until = Instant(MAX_INSTANT) if without_waiting else office.clock.now()
    return tuple(
        Delivered(digest=row.digest, error=_deliver(office, row.digest, row.tries, progress))
        for row in office.mail.outbox.due(until)
    )


def refresh_states(office: Office, items: Sequence[SentItem]) -> None:
    """Ask each recipient's relay which devices have fetched what; its word, shown as such.

    Raises:
        RelayError: a relay does not answer, or refuses.
    """
    relays: dict[str, HttpRelay] = {}
    with ExitStack() as opened:
        for item in items:
            waiting = [
                each
                for each in office.mail.sent.recipients(item.digest)
                if each.state is RecipientState.SENT
            ]
            for url, agency in _relays_of(office, waiting).items():
                if url not in relays:
                    relays[url] = office.relay(agency)
                    opened.callback(relays[url].close)
                _note_fetched(office, item, _mailboxes(relays[url], item.digest), waiting)


def _relays_of(office: Office, recipients: Sequence[Recipient]) -> dict[str, AgencyId]:
    found: dict[str, AgencyId] = {}
    for each in recipients:
        try:
            agency, _ = office.directory.device(each.device)
        except CredentialError:  # left the roster since; nobody can be asked about it any more
            continue
        found.setdefault(office.relay_url(agency), agency)
    return found


def _mailboxes(relay: HttpRelay, digest: Digest) -> Sequence[MailboxStatus]:
    try:
        return relay.status(digest).mailboxes
    except RelayRefusedError as exc:
        if exc.reason != "not-found":  # a relay forgets what nobody is waiting for any more
            raise
        return ()


def _note_fetched(
    office: Office,
    item: SentItem,
    mailboxes: Sequence[MailboxStatus],
    waiting: Sequence[Recipient],
) -> None:
    fetched = {each.mailbox: each.at for each in mailboxes if each.state is MailboxState.FETCHED}
    with office.transaction():
        for recipient in waiting:
            if recipient.device in fetched:
                office.mail.sent.advance(
                    item.digest,
                    recipient.device,
                    RecipientState.FETCHED,
                    at=Instant(fetched[recipient.device]),
                )


def _deliver(
    office: Office, digest: Digest, tries: int, progress: Progress | None
) -> LiaisonError | None:
    item = office.mail.sent.get(digest)
    if item is None:  # the outbox refers to what was sent; the schema keeps that
        return None
    core = decode_core(item.core, office.realm)
    submission = decode_submission(item.submission)
    try:
        office.bodies.open(item.body_name).close()  # the disk's errors, before anybody is asked
        permit = _ask_again(office, item, core, submission)
    except AccessDeniedError as exc:
        passing = {reason.code for reason in exc.reasons} <= _PASSING
        return _wait(office, item, exc, tries) if passing else _give_up(office, item, exc)
    except DirectoryStaleError as exc:  # the pack cannot be judged before the next roster
        office.note(_submit_event(office, item, core, error=exc))
        return _wait(office, item, exc, tries)
    except (VerificationError, VaultDamagedError) as exc:  # nobody, nothing, or not under this pack
        office.note(_submit_event(office, item, core, error=exc))
        return _give_up(office, item, exc)
    later, never = _submit(office, item, submission, progress)
    with office.transaction():
        office.gate.effect(permit, _submit_event(office, item, core, error=later or never))
    if later is not None:
        return _wait(office, item, later, tries)
    states = {each.state for each in office.mail.sent.recipients(digest)}
    if never is not None and states == {RecipientState.REFUSED}:
        return _give_up(office, item, never)
    with office.transaction():
        office.mail.outbox.mark_sent(digest)
    return never


def _ask_again(office: Office, item: SentItem, core: Core, submission: Submission) -> Permit:
    sealed_for: dict[OfficerId, list[DeviceHandle]] = {}
    for each in office.mail.sent.recipients(item.digest):
        sealed_for.setdefault(each.officer, []).append(each.device)
    addressees = tuple(
        replace(
            addressing.of_officer(office, office.directory.officer(officer)),
            devices=_sealed_for(office, officer, handles),
        )
        for officer, handles in sealed_for.items()
    )
    keys = frozenset(decode_stanza(each.stanza).key_id for each in submission.deliveries)
    digest_of_core = core_hash(core, office.realm)
    permit = office.gate.permit(
        asking.seal_question(office, core, addressees, action=Action.DELIVER),
        core_hash=digest_of_core,
        key_ids=keys,
        roster_sequences=office.directory.roster_sequences(),
        object_digest=item.digest.hex(),
    )
    permit.spend(
        action=Action.DELIVER, core_hash=digest_of_core, key_ids=keys, now=office.clock.now()
    )
    return permit


def _sealed_for(
    office: Office, officer: OfficerId, handles: Sequence[DeviceHandle]
) -> tuple[RosterLeaf, ...]:
    """Return the devices that hold a stanza; none if one of them does not count any more."""
    now = office.clock.now()
    usable = {leaf.handle: leaf for leaf in office.directory.devices_of(officer, now)}
    if usable.keys() >= set(handles):
        return tuple(usable[handle] for handle in handles)
    known = [office.directory.device(handle)[1] for handle in handles]
    return tuple(leaf for leaf in known if not leaf.is_active(now=now))


def _submit(
    office: Office, item: SentItem, submission: Submission, progress: Progress | None
) -> tuple[LiaisonError | None, LiaisonError | None]:
    """Give every relay its part; returns what to try again for, and what was refused for good."""
    queued = {
        each.device
        for each in office.mail.sent.recipients(item.digest)
        if each.state is RecipientState.QUEUED
    }
    later = never = None
    for agency, deliveries in _by_relay(office, submission, queued):
        handles = [DeviceHandle(each.mailbox) for each in deliveries]
        part = encode_submission(replace(submission, deliveries=deliveries))
        state = RecipientState.SENT
        try:
            _exchange(office, agency, part, item=item, progress=progress)
        except LiaisonError as exc:
            if not (isinstance(exc, RelayRefusedError) and exc.reason in _FOR_GOOD):
                later = exc
                continue
            never, state = exc, RecipientState.REFUSED
        with office.transaction():
            for handle in handles:
                office.mail.sent.advance(item.digest, handle, state, at=office.clock.now())
    return later, never


def _by_relay(
    office: Office, submission: Submission, queued: set[DeviceHandle]
) -> list[tuple[AgencyId, tuple[WireDelivery, ...]]]:
    found: dict[str, tuple[AgencyId, list[WireDelivery]]] = {}
    for delivery in submission.deliveries:
        if delivery.mailbox in queued:  # the others have it since an earlier try
            agency, _ = office.directory.device(DeviceHandle(delivery.mailbox))
            found.setdefault(office.relay_url(agency), (agency, []))[1].append(delivery)
    return [(agency, tuple(deliveries)) for agency, deliveries in found.values()]


def _exchange(
    office: Office, agency: AgencyId, part: bytes, *, item: SentItem, progress: Progress | None
) -> None:
    with closing(office.relay(agency)) as relay:
        relay.submit(part, item.leaves, office.bodies.path(item.body_name), progress)


def _wait(office: Office, item: SentItem, error: LiaisonError, tries: int) -> LiaisonError:
    wait = min(_FIRST_WAIT_S * 2 ** min(tries, 10), _LONGEST_WAIT_S)
    if error.reason == "clock":  # a person puts the clock right; the relay is there
        wait = 0
    with office.transaction():
        office.mail.outbox.postpone(item.digest, next_try=Instant(office.clock.now() + wait))
    return error


def _give_up(office: Office, item: SentItem, error: LiaisonError) -> LiaisonError:
    now = office.clock.now()
    with office.transaction():
        office.mail.outbox.refuse(item.digest, error.reason)
        for recipient in office.mail.sent.recipients(item.digest):
            if recipient.state is RecipientState.QUEUED:
                office.mail.sent.advance(
                    item.digest, recipient.device, RecipientState.REFUSED, at=now
                )
    return error


def _submit_event(
    office: Office, item: SentItem, core: Core, *, error: LiaisonError | None = None
) -> Event:
    detail: dict[str, str | int] = {"kind": item.kind.name.lower()}
    if error is not None:
        detail |= {"code": error.code, "reason": error.reason}
    return Event(
        type=EventType.DOC_SUBMIT,
        decision=(Outcome.PERMIT if error is None else Outcome.ERROR).value,
        object_digest=item.digest.hex(),
        object_id=item.object_id.hex(),
        label=addressing.mark_of(office, core.label),
        actor=office.login,
        detail=detail,
    )
