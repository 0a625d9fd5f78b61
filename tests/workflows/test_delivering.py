"""The outbox goes out: decided again, to each recipient's relay, exactly once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import FixedClock
from secure_liaison.crypto.keys import Digest
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
from secure_liaison.monitor.decision import Action
from secure_liaison.office import Office
from secure_liaison.vault.outbox import OutboxRow, OutboxState
from secure_liaison.wire.envelopes import decode_submission
from secure_liaison.workflows import collecting, correspondence, enrolment, registry
from secure_liaison.workflows.delivering import Delivered
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import SENDER, TEXT, Scene, whys
from tests.capsule.forge import NOW
from tests.simulator import SimulatedRelay
from tests.workflows.desks import (
    ADDRESS,
    OTHER_READER,
    READER,
    draft,
    leave,
    newcomer,
    queued,
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
    assert (OutboxState.REFUSED, "refused") == (
        row_of(scene, digest).state,
        row_of(scene, digest).reason,
    )
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
    collecting.refresh_directory(scene.desk(SENDER))
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
    desk, _ = newcomer(scene, "EMB-B", READER, endorsers=[scene.desk(READER).keys.signing])
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

    def submit(
        relay: SimulatedRelay, submission: bytes, leaves: bytes, body: Path, *_: object
    ) -> None:
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
    assert (OutboxState.REFUSED, reason) == (
        row_of(scene, digest).state,
        row_of(scene, digest).reason,
    )
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
    return colleague, correspondence.send(scene.desk(SENDER), draft(to=("wang.li@EMB-A", ADDRESS)))


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

    def submit(
        relay: SimulatedRelay, submission: bytes, leaves: bytes, body: Path, *_: object
    ) -> None:
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


def test_what_waits_goes_out_with_the_next_collection(scene: Scene) -> None:
    """The relay answered just now, so nobody has to wait for the rest of the hour."""
    queued(scene)
    scene.relay.down = True
    delivered(scene)
    scene.relay.down = False
    correspondence.collect(scene.desk(SENDER))
    assert {ADDRESS: "sent"} == states(scene)
