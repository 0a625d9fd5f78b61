"""The mailbox comes in, the directory is kept fresh."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import OutOfOrderError, RelayUnreachableError
from secure_liaison.wire import Collected
from secure_liaison.workflows import collecting, correspondence
from secure_liaison.workflows.collecting import Taken
from tests.attacks.world import SENDER, Scene, events, whys
from tests.capsule.forge import NOW
from tests.simulator import SimulatedRelay
from tests.workflows.desks import READER, draft, republish

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
    again = scene.relay.hand_out(desk.keys.handle, scene.relay.octets(digest, desk.keys.handle))
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
    monkeypatch.setattr(
        SimulatedRelay, "collect", lambda relay, after=0, **_known: real(relay, after, 2)
    )
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
    assert () == collecting.refresh_directory(desk)
    agency = scene.agency("EMB-A")
    assert (1, made.sequence) == desk.directory.roster_sequences()[agency]
    assert NOW == desk.agency_record(agency).checked_at
    assert agency.hex() == events(desk, EventType.DIRECTORY_IMPORT)[-1].detail["agency"]


def test_an_older_roster_offered_by_the_relay_is_written_down_and_not_believed(
    scene: Scene,
) -> None:
    desk = scene.desk(READER)
    older = scene.relay.directory[scene.agency("EMB-A")]
    republish(scene, "EMB-A", READER)
    known = desk.directory.roster_sequences()
    scene.relay.directory[scene.agency("EMB-A")] = older
    (problem,) = collecting.refresh_directory(desk)
    assert ("directory.rollback", "sequence") == (problem.code, problem.reason)
    assert known == desk.directory.roster_sequences()
    assert [("directory.rollback", "sequence")] == whys(desk, EventType.DIRECTORY_REFUSE)


def test_one_agency_that_is_not_to_be_had_does_not_keep_back_the_others(scene: Scene) -> None:
    desk = scene.desk(READER)
    del scene.relay.directory[scene.agency("EMB-A")]
    made = scene.publish("EMB-B")
    (problem,) = collecting.refresh_directory(desk)
    assert ("relay.refused", "not-found") == (problem.code, problem.reason)
    assert (1, made.sequence) == desk.directory.roster_sequences()[scene.agency("EMB-B")]


def test_a_relay_that_answers_nobody_is_an_error(scene: Scene) -> None:
    desk = scene.desk(READER)
    scene.relay.down = True
    with pytest.raises(RelayUnreachableError):
        collecting.refresh_directory(desk)
    with pytest.raises(RelayUnreachableError):
        correspondence.collect(desk)


def test_a_contact_that_brings_nothing_new_is_renewed_without_a_line(scene: Scene) -> None:
    desk = scene.desk(READER)
    before = desk.ledger.size
    scene.clock.advance(60)
    collecting.refresh_directory(desk)
    assert NOW + 60 == desk.agency_record(scene.agency("EMB-A")).checked_at
    assert before == desk.ledger.size


# --- what cannot be taken now, and what is given up -------------------------------------------


def test_a_relay_that_has_nothing_but_says_more_is_asked_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, real = [], SimulatedRelay.collect

    def collect(relay: SimulatedRelay, after: int = 0, **_known: object) -> Collected:
        asked.append(after)
        return replace(real(relay, after), more=True)

    monkeypatch.setattr(SimulatedRelay, "collect", collect)
    assert Taken(filed=0, quarantined=0) == correspondence.collect(scene.desk(READER))
    assert [0] == asked


def test_a_relay_that_never_ends_is_left_alone_until_the_next_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SimulatedRelay.collect
    monkeypatch.setattr(
        SimulatedRelay,
        "collect",
        lambda relay, after=0, **_known: replace(real(relay, after, 1), more=True),
    )
    monkeypatch.setattr(collecting, "_MOST_PAGES", 2)
    for _ in range(3):
        scene.send()
    desk = scene.desk(READER)
    assert [2, 1] == [correspondence.collect(desk).filed for _ in range(2)]


def test_an_object_that_the_relay_does_not_give_out_does_not_keep_back_the_next(
    scene: Scene,
) -> None:
    first, second = scene.send(), scene.send()
    leaves = scene.relay.leaves.pop(first)
    desk = scene.desk(READER)
    assert Taken(filed=1, quarantined=0, waiting=1) == correspondence.collect(desk)
    assert [second] == [line.item.digest for line in correspondence.inbox(desk)]
    scene.relay.leaves[first] = leaves
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)


def quarantine_two(scene: Scene) -> tuple[Digest, Digest]:
    """Let two objects lie in quarantine, behind bytes that nobody can read."""
    digests = scene.send(), scene.send()
    for digest in digests:
        scene.relay.bodies[digest] = bytes(len(scene.relay.bodies[digest]))
    box = scene.box(READER)
    scene.relay.hand_out(box, b"no envelope")
    scene.relay.mailboxes[box].sort(key=lambda item: len(item.envelope))
    correspondence.collect(scene.desk(READER))
    scene.relay.hand_out(box, b"no envelope")
    return digests


def test_what_is_given_up_leaves_quarantine_and_relay_and_is_written_down(scene: Scene) -> None:
    given_up, kept = quarantine_two(scene)
    desk = scene.desk(READER)
    collecting.discard(desk, given_up)
    assert [kept] == [row.digest for row in desk.mail.quarantine.rows() if row.envelope]
    assert [given_up.hex()] == [each.object_digest for each in events(desk, EventType.DOC_DESTROY)]
    left = scene.relay.mailboxes[desk.keys.handle]
    assert [b"no envelope"] == [item.envelope for item in left if len(item.envelope) < 100]
    assert 2 == len(left)


def test_giving_up_looks_through_every_page(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SimulatedRelay.collect
    _, last = quarantine_two(scene)
    monkeypatch.setattr(
        SimulatedRelay, "collect", lambda relay, after=0, **_known: real(relay, after, 1)
    )
    collecting.discard(scene.desk(READER), last)
    assert 2 == len(scene.relay.mailboxes[scene.box(READER)])


def test_giving_up_ends_although_the_relay_does_not(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SimulatedRelay.collect
    given_up, _ = quarantine_two(scene)
    monkeypatch.setattr(
        SimulatedRelay, "collect", lambda relay, **_: replace(real(relay, 0), more=True)
    )
    monkeypatch.setattr(collecting, "_MOST_PAGES", 2)
    collecting.discard(scene.desk(READER), given_up)
    assert scene.desk(READER).mail.quarantine.get(given_up) is None


def test_nothing_but_what_lies_in_quarantine_can_be_given_up(scene: Scene) -> None:
    digest = scene.send()
    desk = scene.desk(READER)
    correspondence.collect(desk)
    with pytest.raises(OutOfOrderError, match="not-in-quarantine"):
        collecting.discard(desk, digest)
    assert 1 == len(correspondence.inbox(desk))


def test_without_the_relay_nothing_is_given_up(scene: Scene) -> None:
    given_up, _ = quarantine_two(scene)
    desk = scene.desk(READER)
    scene.relay.down = True
    with pytest.raises(RelayUnreachableError):
        collecting.discard(desk, given_up)
    assert desk.mail.quarantine.get(given_up) is not None
