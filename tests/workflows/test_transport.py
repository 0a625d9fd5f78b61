"""The outbox goes out, the mailbox comes in, the directory is kept fresh."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import FixedClock
from secure_liaison.crypto.keys import Digest
from secure_liaison.directory import registry as pure
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialError,
    LiaisonError,
    ReceiptError,
    RelayRefusedError,
    RelayUnreachableError,
    VaultDamagedError,
)
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.identity.officer_contents import OfficerContent
from secure_liaison.monitor.decision import Action
from secure_liaison.office import Office
from secure_liaison.vault.outbox import OutboxRow, OutboxState
from secure_liaison.wire.envelopes import decode_submission
from secure_liaison.workflows import correspondence, enrolment, registry, transport
from secure_liaison.workflows.publishing import MemorySink
from secure_liaison.workflows.transport import Delivered, Taken
from tests.attacks.world import SENDER, TEXT, Scene, events, whys
from tests.capsule.forge import NOW
from tests.simulator import SimulatedRelay
from tests.workflows.desks import (
    ADDRESS,
    OTHER_READER,
    READER,
    draft,
    newcomer,
    queued,
    registry_events,
    republish,
    states,
    two_relays,
    withdraw,
)

HOUR = 3600


def row_of(scene: Scene, digest: Digest) -> OutboxRow:
    row = scene.desk(SENDER).mail.outbox.get(digest)
    assert row is not None
    return row


def delivered(scene: Scene) -> Delivered:
    (found,) = correspondence.deliver(scene.desk(SENDER))
    return found


def reasons(error: LiaisonError | None) -> set[str]:
    assert isinstance(error, AccessDeniedError)
    return {reason.code for reason in error.reasons}


def refuse_with(monkeypatch: pytest.MonkeyPatch, error: LiaisonError, times: int = 10**6) -> None:
    """Let relays refuse the next submissions."""
    real, left = SimulatedRelay.submit, [times]

    def submit(
        relay: SimulatedRelay,
        submission: bytes,
        leaves: bytes,
        body: Path,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        real(relay, submission, leaves, body, progress)

    monkeypatch.setattr(SimulatedRelay, "submit", submit)


# --- out: asked again -------------------------------------------------------------------------


def test_what_goes_out_is_decided_again_and_written_down(scene: Scene) -> None:
    digest = queued(scene)
    assert delivered(scene) == Delivered(digest=digest, error=None)
    desk = scene.desk(SENDER)
    decision, effect = [entry.event for entry in desk.ledger.entries()][-2:]
    assert (EventType.GATE_DECISION, Action.DELIVER.value, digest.hex()) == (
        decision.type,
        decision.detail["action"],
        decision.object_digest,
    )
    assert (EventType.DOC_SUBMIT, "permit", decision.permit) == (
        effect.type,
        effect.decision,
        effect.permit,
    )
    assert {ADDRESS: "sent"} == states(scene)


def test_what_went_out_does_not_go_out_again(scene: Scene) -> None:
    queued(scene)
    delivered(scene)
    assert () == correspondence.deliver(scene.desk(SENDER))
    assert 1 == len(scene.relay.mailboxes[scene.box(READER)])


def test_a_clearance_withdrawn_since_refuses_the_delivery(scene: Scene) -> None:
    digest = queued(scene)
    withdraw(scene, READER, SENDER)
    assert {"CLEARANCE_WITHDRAWN"} == reasons(delivered(scene).error)
    assert (OutboxState.REFUSED, "refused") == (row_of(scene, digest).state, row_of(scene, digest).reason)
    assert {ADDRESS: "refused"} == states(scene)
    assert {} == scene.relay.objects
    assert () == correspondence.deliver(scene.desk(SENDER))


def test_one_recipient_who_lost_the_clearance_refuses_the_whole(scene: Scene) -> None:
    queued(scene, READER, OTHER_READER)
    withdraw(scene, OTHER_READER, SENDER)
    assert {"CLEARANCE_WITHDRAWN"} == reasons(delivered(scene).error)
    assert {} == scene.relay.objects


def test_a_newer_roster_without_its_book_refuses_the_delivery(scene: Scene) -> None:
    queued(scene)
    scene.publish("EMB-B")
    transport.refresh_directory(scene.desk(SENDER))
    assert "BOOK_OUTDATED" in reasons(delivered(scene).error)


def test_a_device_retired_since_refuses_although_the_officer_has_another(scene: Scene) -> None:
    """The stanza lies under the key of the lost device."""
    queued(scene)
    registry.retire(
        scene.registry("EMB-B"), READER, mode=RevocationMode.COMPROMISED, since=scene.clock.now()
    )
    newcomer(scene, "EMB-B", READER)
    republish(scene, "EMB-B", SENDER)
    assert {"DEVICE_REVOKED"} == reasons(delivered(scene).error)
    assert {} == scene.relay.objects


def test_a_device_added_since_changes_nothing(scene: Scene) -> None:
    digest = queued(scene)
    desk, _ = newcomer(
        scene, "EMB-B", READER, endorsers=[scene.desk(READER).keys.signing]
    )
    republish(scene, "EMB-B", SENDER)
    assert delivered(scene).error is None
    assert desk.keys.handle not in scene.relay.mailboxes
    assert digest in scene.relay.objects


def test_an_officer_who_left_the_book_refuses_and_does_not_hold_up_the_others(scene: Scene) -> None:
    digest = queued(scene)
    leave(scene, READER)
    other = queued(scene, OTHER_READER)
    found = {each.digest: each.error for each in correspondence.deliver(scene.desk(SENDER))}
    assert isinstance(found[digest], CredentialError)
    assert found[other] is None
    assert ("credential", "unknown-officer") in whys(scene.desk(SENDER), EventType.DOC_SUBMIT)
    assert OutboxState.REFUSED == row_of(scene, digest).state
    assert {digest} == {
        item.digest
        for item, outcomes in correspondence.sent(scene.desk(SENDER))
        if {"refused"} == {each.state.value for each in outcomes}
    }


def leave(scene: Scene, login: str) -> None:
    """Take an officer out of EMB-B's book."""
    office = scene.registry("EMB-B")
    (signed,) = [
        one
        for one in office.state.signed()
        if isinstance(one.statement.content, OfficerContent) and one.statement.content.login == login
    ]
    office.state = pure.withdraw(office.state, signed.digest)
    republish(scene, "EMB-B", SENDER)
    registry_events(office)


# --- out: the relay ---------------------------------------------------------------------------


def test_without_the_relay_it_waits_and_goes_out_later_exactly_once(scene: Scene) -> None:
    digest = queued(scene)
    scene.relay.down = True
    assert isinstance(delivered(scene).error, RelayUnreachableError)
    assert (OutboxState.QUEUED, 1, NOW + 30) == (
        row_of(scene, digest).state,
        row_of(scene, digest).tries,
        row_of(scene, digest).next_try,
    )
    scene.relay.down = False
    assert () == correspondence.deliver(scene.desk(SENDER))
    scene.clock.advance(30)
    assert delivered(scene).error is None
    assert {ADDRESS: "sent"} == states(scene)
    assert 1 == len(scene.relay.mailboxes[scene.box(READER)])


def test_every_try_waits_twice_as_long_up_to_an_hour(scene: Scene) -> None:
    digest = queued(scene)
    scene.relay.down = True
    waits = []
    for _ in range(9):
        delivered(scene)
        waits.append(row_of(scene, digest).next_try - scene.clock.now())
        scene.clock.advance(waits[-1])
    assert [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] == waits


def test_an_answer_that_was_lost_does_not_send_it_twice(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SimulatedRelay.submit

    def submit(relay: SimulatedRelay, submission: bytes, leaves: bytes, body: Path, *_: object) -> None:
        real(relay, submission, leaves, body)
        raise RelayUnreachableError("broken")

    queued(scene)
    with monkeypatch.context() as broken:
        broken.setattr(SimulatedRelay, "submit", submit)
        assert isinstance(delivered(scene).error, RelayUnreachableError)
    scene.clock.advance(30)
    assert delivered(scene).error is None
    assert 1 == len(scene.relay.mailboxes[scene.box(READER)])


@pytest.mark.parametrize(
    "reason",
    ["conflict", "too-large", "malformed", "tampered", "realm", "expired", "mailbox-unknown"],
)
def test_a_refusal_for_good_gives_up_and_says_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    digest = queued(scene)
    refuse_with(monkeypatch, RelayRefusedError(reason))
    error = delivered(scene).error
    assert error is not None
    assert reason == error.reason
    assert (OutboxState.REFUSED, reason) == (row_of(scene, digest).state, row_of(scene, digest).reason)
    assert {ADDRESS: "refused"} == states(scene)
    assert [("relay.refused", reason)] == whys(scene.desk(SENDER), EventType.DOC_SUBMIT)


@pytest.mark.parametrize(
    "error",
    [RelayRefusedError("busy"), RelayRefusedError("quota"), ReceiptError("length")],
    ids=str,
)
def test_another_refusal_waits(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: LiaisonError
) -> None:
    queued(scene)
    refuse_with(monkeypatch, error, times=1)
    assert delivered(scene).error is error
    assert {ADDRESS: "queued"} == states(scene)
    scene.clock.advance(30)
    assert delivered(scene).error is None


def test_a_wrong_clock_does_not_make_it_wait(scene: Scene) -> None:
    """A person puts the clock right; then it goes out at once."""
    clock = FixedClock(NOW + HOUR)
    desk = scene.desk(SENDER, clock)
    digest = queued(scene)
    error = delivered(scene).error
    assert error is not None
    assert "clock" == error.reason
    assert desk.clock.now() == row_of(scene, digest).next_try
    clock.advance(-HOUR)
    assert delivered(scene).error is None


def test_a_body_that_is_gone_gives_up_and_does_not_hold_up_the_others(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    digest = queued(scene)
    item = desk.mail.sent.get(digest)
    assert item is not None
    desk.bodies.path(item.body_name).unlink()
    other = queued(scene)
    found = {each.digest: each.error for each in correspondence.deliver(desk)}
    assert isinstance(found[digest], VaultDamagedError)
    assert found[other] is None
    assert OutboxState.REFUSED == row_of(scene, digest).state
    assert () == correspondence.deliver(desk)


# --- out: several relays ----------------------------------------------------------------------


def own_colleague(scene: Scene) -> Office:
    """Add a second desk to EMB-A, known to li.wei."""
    desk, made = newcomer(scene, "EMB-A", "wang.li")
    for login in (SENDER, READER):
        enrolment.import_book(scene.desk(login), made.book)
    return desk


def both(scene: Scene) -> tuple[Office, Digest]:
    """Seal one object for officers of both agencies."""
    colleague = own_colleague(scene)
    return colleague, correspondence.send(
        scene.desk(SENDER), draft(to=("wang.li@EMB-A", ADDRESS))
    )


def mailboxes(held: object) -> set[bytes]:
    return {each.mailbox for each in held.submission.deliveries}  # type: ignore[attr-defined]  # a Held


def test_each_relay_gets_only_its_own_mailboxes(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    colleague, digest = both(scene)
    relays = two_relays(scene, monkeypatch)
    assert delivered(scene).error is None
    assert {colleague.keys.handle} == mailboxes(relays.a.objects[digest])
    assert {scene.box(READER)} == mailboxes(relays.b.objects[digest])


def test_every_recipient_opens_it_from_their_own_relay(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    colleague, digest = both(scene)
    two_relays(scene, monkeypatch)
    enrolment.import_book(colleague, registry.book(scene.registry("EMB-B")).book)
    assert delivered(scene).error is None
    for desk in (colleague, scene.desk(READER)):
        correspondence.collect(desk)
        sink = MemorySink()
        correspondence.read(desk, digest.hex(), sink)
        assert TEXT == sink.parts[0][1].decode()


def test_each_relay_is_asked_about_its_own_recipients(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    both(scene)
    two_relays(scene, monkeypatch)
    delivered(scene)
    correspondence.collect(scene.desk(READER))
    assert {"wang.li@EMB-A": "sent", ADDRESS: "fetched"} == states(scene, ask_relay=True)


@pytest.mark.parametrize("reason", ["busy", "too-large"])
def test_what_one_relay_took_stays_sent_when_another_refuses(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    both(scene)
    relays = two_relays(scene, monkeypatch)
    calls: list[frozenset[bytes]] = []
    real = SimulatedRelay.submit

    def submit(relay: SimulatedRelay, submission: bytes, leaves: bytes, body: Path, *_: object) -> None:
        boxes = frozenset(each.mailbox for each in decode_submission(submission).deliveries)
        calls.append(boxes)
        if len(calls) == 2:
            raise RelayRefusedError(reason)
        real(relay, submission, leaves, body)

    monkeypatch.setattr(SimulatedRelay, "submit", submit)
    assert isinstance(delivered(scene).error, RelayRefusedError)
    left = "queued" if reason == "busy" else "refused"
    assert sorted(["sent", left]) == sorted(states(scene).values())
    assert 1 == len(relays.a.objects) + len(relays.b.objects)
    scene.clock.advance(30)
    correspondence.deliver(scene.desk(SENDER))
    if reason == "busy":
        assert {"sent"} == set(states(scene).values())
        assert calls[1:] == [calls[1], calls[1]]


# --- in ---------------------------------------------------------------------------------------


def test_collecting_brings_what_came_and_sends_what_waits(scene: Scene) -> None:
    scene.send()
    desk = scene.desk(READER)
    correspondence.send(desk, draft(to=("li.wei@EMB-A",)))
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)
    assert 0 == desk.mail.outbox.waiting()
    assert 1 == len(scene.relay.mailboxes[scene.box(SENDER)])


def test_collecting_twice_changes_nothing(scene: Scene) -> None:
    scene.send()
    desk = scene.desk(READER)
    correspondence.collect(desk)
    assert Taken(filed=0, quarantined=0) == correspondence.collect(desk)
    assert 1 == len(correspondence.inbox(desk))
    assert 1 == len(events(desk, EventType.DOC_RECEIVE))


def test_the_same_item_again_changes_nothing(scene: Scene) -> None:
    digest = scene.send()
    desk = scene.desk(READER)
    correspondence.collect(desk)
    again = scene.relay.hand_out(
        desk.keys.handle, scene.relay.octets(digest, desk.keys.handle)
    )
    correspondence.collect(desk)
    assert 1 == len(correspondence.inbox(desk))
    assert 1 == len(events(desk, EventType.DOC_RECEIVE))
    assert (desk.keys.handle, again.seq) in scene.relay.released


def test_what_is_safe_in_the_vault_is_let_go_of_at_the_relay(scene: Scene) -> None:
    scene.send()
    desk = scene.desk(READER)
    correspondence.collect(desk)
    assert [] == scene.relay.mailboxes[desk.keys.handle]


def test_a_mailbox_is_emptied_page_by_page(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SimulatedRelay.collect
    monkeypatch.setattr(SimulatedRelay, "collect", lambda relay, after=0: real(relay, after, 2))
    for _ in range(5):
        scene.send()
    assert Taken(filed=5, quarantined=0) == correspondence.collect(scene.desk(READER))


def test_a_collection_that_breaks_off_keeps_what_came_and_goes_on_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        scene.send()
    desk, real, calls = scene.desk(READER), SimulatedRelay.fetch_body, [0]

    def fetch_body(relay: SimulatedRelay, *args: object, **kwargs: object) -> None:
        calls[0] += 1
        if calls[0] == 2:
            raise RelayUnreachableError("broken")
        real(relay, *args, **kwargs)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(SimulatedRelay, "fetch_body", fetch_body)
    with pytest.raises(RelayUnreachableError):
        correspondence.collect(desk)
    assert 1 == len(desk.mail.inbox.items())
    correspondence.collect(desk)
    assert 2 == len(desk.mail.inbox.items())
    assert () == desk.mail.quarantine.rows()
    assert [] == scene.relay.mailboxes[desk.keys.handle]


# --- the directory ----------------------------------------------------------------------------


def test_refreshing_takes_a_newer_roster_and_renews_the_contact(scene: Scene) -> None:
    desk = scene.desk(READER)
    made = scene.publish("EMB-A")
    assert () == transport.refresh_directory(desk)
    agency = scene.agency("EMB-A")
    assert (1, made.sequence) == desk.directory.roster_sequences()[agency]
    assert NOW == desk.agency_record(agency).checked_at
    assert [agency.hex(), scene.agency("EMB-B").hex()] == [
        each.detail["agency"] for each in events(desk, EventType.DIRECTORY_IMPORT)[-2:]
    ]


def test_an_older_roster_offered_by_the_relay_is_written_down_and_not_believed(
    scene: Scene,
) -> None:
    desk = scene.desk(READER)
    older = scene.relay.directory[scene.agency("EMB-A")]
    republish(scene, "EMB-A", READER)
    known = desk.directory.roster_sequences()
    scene.relay.directory[scene.agency("EMB-A")] = older
    (problem,) = transport.refresh_directory(desk)
    assert ("directory.rollback", "sequence") == (problem.code, problem.reason)
    assert known == desk.directory.roster_sequences()
    assert [("directory.rollback", "sequence")] == whys(desk, EventType.DIRECTORY_REFUSE)


def test_one_agency_that_is_not_to_be_had_does_not_keep_back_the_others(scene: Scene) -> None:
    desk = scene.desk(READER)
    del scene.relay.directory[scene.agency("EMB-A")]
    made = scene.publish("EMB-B")
    (problem,) = transport.refresh_directory(desk)
    assert ("relay.refused", "not-found") == (problem.code, problem.reason)
    assert (1, made.sequence) == desk.directory.roster_sequences()[scene.agency("EMB-B")]


def test_a_relay_that_answers_nobody_is_an_error(scene: Scene) -> None:
    desk = scene.desk(READER)
    scene.relay.down = True
    with pytest.raises(RelayUnreachableError):
        transport.refresh_directory(desk)
    with pytest.raises(RelayUnreachableError):
        correspondence.collect(desk)
