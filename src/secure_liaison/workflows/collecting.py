"""Collecting: the mailbox comes in, and the directory is kept fresh.

Rules:

- Every exchange may be repeated: a receipt is known by its numbers, an object by its digest.
- What was taken is gone from the relay, so what is left there is simply wanted again.
- A relay that offers an older or a second roster is written down and not believed.

Source: docs/spec/wire.md; docs/spec/directory.md §6; DESIGN §3 rule 4.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.capsule.format import parse_envelope
from secure_liaison.directory.roster import decode_snapshot
from secure_liaison.errors import LiaisonError, OutOfOrderError, RelayUnreachableError
from secure_liaison.workflows import enrolment, filing
from secure_liaison.workflows.notifying import NOTHING_TOLD, Notified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from secure_liaison.crypto.keys import Digest
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.office import Office
    from secure_liaison.relay.http import HttpRelay
    from secure_liaison.wire.mailbox import MailboxItem

    Progress = Callable[[int, int], None]

__all__ = ["Taken", "discard", "refresh_directory", "take_in"]


_MOST_PAGES: Final = 4096
"""Pages of one collection: a relay that never ends is left alone until the next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one collection brought.

    Attributes:
        filed: Objects and receipts now in the vault.
        quarantined: Objects kept apart with their reason.
        waiting: Objects that could not be taken now: no room on the disk, a body that the relay
            does not give out, or a format of a newer release.
        notices: What this desk told holders about labels, and which cases do not verify.
    """

    filed: int
    quarantined: int
    waiting: int = 0
    notices: Notified = NOTHING_TOLD


def refresh_directory(office: Office) -> tuple[LiaisonError, ...]:
    """Fetch every known agency's newest snapshot; returns what was refused or not to be had.

    Raises:
        RelayUnreachableError: the own relay does not answer.
    """
    problems: list[LiaisonError] = []
    with closing(office.relay()) as relay:
        for agency in office.directory.agencies():
            try:
                snapshot = decode_snapshot(relay.get_directory(agency.agency_id))
                view = office.directory.with_snapshot(snapshot, office.clock.now())
            except RelayUnreachableError:
                raise
            except LiaisonError as exc:
                problems.append(exc)
                office.note(_directory_event(office, agency.agency_id, error=exc))
            else:
                same = view.roster_sequences() == office.directory.roster_sequences()
                event = None if same else _directory_event(office, agency.agency_id)
                office.adopt(view, event)
    return tuple(problems)


def take_in(office: Office, progress: Progress | None = None) -> Taken:
    """Collect everything that the relay holds for this device.

    Raises:
        RelayError: it broke off; what was filed is filed, the rest comes next time.
        VaultDamagedError: nothing can be kept any more.
    """
    count = dict.fromkeys(filing.Filed, 0)
    with closing(office.relay()) as relay:
        for page in _pages(relay):
            done = []
            for item in page:
                became = filing.file_item(office, item, relay, progress)
                count[became] += 1
                if became is filing.Filed.TAKEN:
                    done.append(item.seq)
            _let_go(office, relay, done)
        enrolment.stock_prekeys(office, relay)
    return Taken(
        filed=count[filing.Filed.TAKEN],
        quarantined=count[filing.Filed.QUARANTINED],
        waiting=count[filing.Filed.WAITING],
    )


def discard(office: Office, digest: Digest) -> None:
    """Give up one quarantined object: the relay lets go of it, and the ledger says so.

    Raises:
        OutOfOrderError: ``not-in-quarantine``.
        RelayError: the relay is not to be had, or refuses; the object stays.
    """
    if office.mail.quarantine.get(digest) is None:
        raise OutOfOrderError("not-in-quarantine")
    with closing(office.relay()) as relay:
        for page in _pages(relay):
            _let_go(office, relay, [each.seq for each in page if _digest_of(each) == digest])
    with office.transaction():
        office.mail.quarantine.release(digest)
        office.ledger.append(
            Event(
                type=EventType.DOC_DESTROY,
                decision=Outcome.NOT_APPLICABLE.value,
                object_digest=digest.hex(),
                actor=office.login,
                detail={"from": "quarantine"},
            )
        )


def _pages(relay: HttpRelay) -> Iterator[tuple[MailboxItem, ...]]:
    """Yield the mailbox page by page, from its beginning: what was taken is gone from it."""
    after, instance = 0, None
    for _ in range(_MOST_PAGES):
        collected = relay.collect(after=after, instance=instance)
        yield collected.items
        if not collected.more or not collected.items:
            return
        after, instance = collected.items[-1].seq, collected.instance


def _let_go(office: Office, relay: HttpRelay, seqs: list[int]) -> None:
    if seqs:
        relay.acknowledge_receipt(seqs, signing_key=office.keys.signing, realm=office.realm)


def _digest_of(item: MailboxItem) -> Digest | None:
    try:
        return parse_envelope(item.envelope).digest
    except LiaisonError:
        return None


def _directory_event(
    office: Office, agency: AgencyId, *, error: LiaisonError | None = None
) -> Event:
    detail: dict[str, str | int] = {"agency": agency.hex()}
    if error is not None:
        detail |= {"code": error.code, "reason": error.reason}
    return Event(
        type=EventType.DIRECTORY_IMPORT if error is None else EventType.DIRECTORY_REFUSE,
        decision=Outcome.NOT_APPLICABLE.value if error is None else Outcome.ERROR.value,
        actor=office.login,
        detail=detail,
    )
