"""A clock an hour off, either way, and a clock that is set back."""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import Clock, FixedClock, GuardedClock
from secure_liaison.crypto.keys import Digest
from secure_liaison.directory import roster
from secure_liaison.errors import FormatError, LiaisonError, RelayRefusedError
from secure_liaison.vault.outbox import OutboxState
from secure_liaison.vault.sent import RecipientState
from secure_liaison.wire import (
    MailboxState,
    MailboxStatus,
    Status,
    decode_status,
    encode_status,
)
from secure_liaison.workflows import correspondence, enrolment, registry
from secure_liaison.workflows.correspondence import Draft
from tests.attacks.world import (
    INSIDER,
    SENDER,
    SUBJECT,
    TEXT,
    VICTIM,
    Scene,
    assert_genuine_opens,
    events,
    opened_text,
    refusal_of,
    whys,
)
from tests.capsule.forge import NOW

HOUR_S = 3600
DAY_S = 24 * HOUR_S
BOTH_WAYS = pytest.mark.parametrize("offset", [-HOUR_S, HOUR_S], ids=["behind", "ahead"])


def sealed_by_a_wrong_clock(scene: Scene, clock: Clock) -> Digest:
    draft = Draft(subject=SUBJECT, level="秘密", period="10年", text=TEXT, to=(f"{VICTIM}@EMB-B",))
    return correspondence.send(scene.desk(SENDER, clock), draft)


def assert_kept_and_then_sent(scene: Scene, clock: FixedClock, offset: int) -> None:
    """Seal, be refused, put the clock right, and demand that everything arrives."""
    digest = sealed_by_a_wrong_clock(scene, clock)
    desk = scene.desk(SENDER)
    [tried] = correspondence.deliver(desk)
    assert str(tried.error) == "relay.refused: clock"
    row = desk.mail.outbox.get(digest)
    assert row is not None
    assert row.state is OutboxState.QUEUED
    assert [RecipientState.QUEUED] == [each.state for each in desk.mail.sent.recipients(digest)]
    assert ("relay.refused", "clock") in whys(desk, EventType.DOC_SUBMIT)
    clock.advance(-offset)
    assert [None] == [each.error for each in correspondence.deliver(desk)]
    assert_genuine_opens(scene, VICTIM, digest)


@BOTH_WAYS
def test_the_real_relay_refuses_a_wrong_clock_and_the_outbox_waits_for_the_right_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, offset: int
) -> None:
    with scene.real_relay(monkeypatch):
        assert_kept_and_then_sent(scene, FixedClock(NOW + offset), offset)


@BOTH_WAYS
def test_collecting_with_a_wrong_clock_says_by_how_much(scene: Scene, offset: int) -> None:
    genuine = scene.send()
    clock = FixedClock(NOW + offset)
    desk = scene.desk(VICTIM, clock)
    with pytest.raises(RelayRefusedError) as caught:
        correspondence.collect(desk)
    assert (caught.value.reason, caught.value.facts["skew_s"]) == ("clock", offset)
    assert desk.mail.inbox.items() == ()
    clock.advance(-offset)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_a_desk_that_was_ahead_is_heard_as_soon_as_its_clock_is_right(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a clock of the machine's own for requests, the ledger's floor would keep it out.

    Removed: that requests carry the machine's time, and not the guarded one.
    """
    clock = FixedClock(NOW + HOUR_S)
    digest = sealed_by_a_wrong_clock(scene, clock)
    desk = scene.desk(SENDER)
    clock.advance(-HOUR_S)
    with monkeypatch.context() as as_before:
        as_before.setattr(desk, "machine_clock", desk.clock)
        [tried] = correspondence.deliver(desk)
        assert str(tried.error) == "relay.refused: clock"
    assert [None] == [each.error for each in correspondence.deliver(desk)]
    assert_genuine_opens(scene, VICTIM, digest)


# --- statements, seen by a wrong clock ----------------------------------------------------------


def test_a_clock_behind_takes_no_roster_from_the_future(scene: Scene) -> None:
    genuine = scene.send()
    clock = FixedClock(NOW - HOUR_S)
    desk = scene.desk(VICTIM, clock)
    made = scene.publish("EMB-B")
    with pytest.raises(LiaisonError, match="roster-not-yet"):
        enrolment.import_book(desk, made.book)
    assert [("credential.not-yet-valid", "roster-not-yet")] == whys(
        desk, EventType.DIRECTORY_REFUSE
    )
    clock.advance(HOUR_S)
    enrolment.import_book(desk, made.book)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_without_asking_when_a_roster_begins_it_would_be_in_force_before_its_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the look at the beginning of a roster."""
    keys = scene.keys("EMB-B").registrars[:1]
    registry.withdraw_clearance(scene.registry("EMB-B"), INSIDER)
    registry.clear(scene.registry("EMB-B"), INSIDER, keys, level="机密", person_class="important")
    made = scene.publish("EMB-B")
    desk = scene.desk(VICTIM, FixedClock(NOW - HOUR_S))
    monkeypatch.setattr(roster, "has_begun", lambda *_args, **_named: True)
    enrolment.import_book(desk, made.book)
    assert (1, 2) in desk.directory.roster_sequences().values()


def short_clearance(scene: Scene, *, days: int) -> None:
    """Clear the victim for some days only, on every desk that looks at it."""
    keys = scene.keys("EMB-B").registrars[:1]
    registry.clear(
        scene.registry("EMB-B"), VICTIM, keys, level="机密", person_class="important", days=days
    )
    made = scene.publish("EMB-B")
    for login in (SENDER, VICTIM):
        enrolment.import_book(scene.desk(login), made.book)


def test_a_clock_ahead_denies_what_has_not_ended_yet_and_nothing_is_lost(scene: Scene) -> None:
    short_clearance(scene, days=1)
    genuine = scene.send()
    correspondence.collect(scene.desk(VICTIM))
    clock = FixedClock(NOW + DAY_S - HOUR_S // 2 + HOUR_S)
    desk = scene.reopen(VICTIM, clock)
    assert refusal_of(desk, genuine) == ["CLEARANCE_EXPIRED"]
    clock.advance(-HOUR_S)
    keys = scene.keys("EMB-B").registrars[:1]
    scene.clock.advance(DAY_S - HOUR_S // 2)
    registry.clear(scene.registry("EMB-B"), VICTIM, keys, level="机密", person_class="important")
    enrolment.import_book(desk, scene.publish("EMB-B").book)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_setting_the_clock_back_revives_nothing(scene: Scene) -> None:
    genuine, clock = ended(scene)
    assert refusal_of(scene.desk(VICTIM), genuine) == ["CLEARANCE_EXPIRED"]
    clock.advance(-2 * DAY_S)
    assert refusal_of(scene.desk(VICTIM), genuine) == ["CLEARANCE_EXPIRED"]
    desk = scene.reopen(VICTIM, clock)
    assert refusal_of(desk, genuine) == ["CLEARANCE_EXPIRED"]
    times = [each.t_us for each in events(desk, EventType.GATE_DECISION)]
    assert times == sorted(times)


def test_without_the_ledgers_floor_setting_the_clock_back_would_revive_a_clearance(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that the desk's clock never falls behind the ledger."""
    genuine, clock = ended(scene)
    assert refusal_of(scene.desk(VICTIM), genuine) == ["CLEARANCE_EXPIRED"]
    clock.advance(-2 * DAY_S)
    monkeypatch.setattr(GuardedClock, "now_us", lambda guarded: guarded._clock.now_us())
    assert opened_text(scene, VICTIM, genuine) == TEXT


def ended(scene: Scene) -> tuple[Digest, FixedClock]:
    """Let the victim's clearance end while the object lies unopened in the inbox."""
    short_clearance(scene, days=1)
    genuine = scene.send()
    correspondence.collect(scene.desk(VICTIM))
    clock = FixedClock(NOW + 2 * DAY_S)
    scene.reopen(VICTIM, clock)
    return genuine, clock


def test_a_relay_cannot_name_a_moment_that_no_calendar_has() -> None:
    box = MailboxStatus(mailbox=bytes(16), state=MailboxState.FETCHED, at=2**62)
    octets = encode_status(Status(digest=Digest(bytes(32)), received_at=NOW, mailboxes=(box,)))
    with pytest.raises(FormatError, match="field-range"):
        decode_status(octets)
