"""What came is verified and kept, or quarantined with its reason and kept at the relay."""

from __future__ import annotations

from pathlib import Path
from shutil import disk_usage
from typing import Any

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import VaultDamagedError, VaultError
from secure_liaison.office import Office
from secure_liaison.vault.bodies import BodyStore
from secure_liaison.workflows import collecting, correspondence, enrolment, filing
from secure_liaison.workflows.collecting import Taken
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import SENDER, TEXT, Scene, events, whys
from tests.simulator import SimulatedRelay
from tests.workflows.desks import READER, bodies, draft, forge, label_of, newcomer, quarantined

NO_ENVELOPE = b"\x00 no envelope"
HOUR = 3600


def from_newcomer(scene: Scene) -> tuple[Digest, bytes]:
    """Let a new officer of EMB-A send to a desk that has not seen the book; returns the book."""
    new, made = newcomer(scene, "EMB-A", "wang.li")
    digest = correspondence.send(new, draft())
    correspondence.deliver(new)
    return digest, made.book


def test_without_the_senders_book_it_lies_in_quarantine_and_stays_at_the_relay(
    scene: Scene,
) -> None:
    from_newcomer(scene)
    desk = scene.desk(READER)
    assert Taken(filed=0, quarantined=1) == correspondence.collect(desk)
    assert [("credential", "unknown-owner")] == quarantined(desk)
    assert () == correspondence.inbox(desk)
    assert 1 == len(scene.relay.mailboxes[desk.keys.handle])


def test_after_the_book_was_imported_the_next_collection_accepts_it(scene: Scene) -> None:
    digest, book = from_newcomer(scene)
    desk = scene.desk(READER)
    correspondence.collect(desk)
    enrolment.import_book(desk, book)
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)
    assert [] == quarantined(desk)
    sink = MemorySink()
    correspondence.read(desk, digest.hex(), sink)
    assert TEXT == sink.parts[0][1].decode()


def test_what_is_tried_again_stands_in_the_ledger_once_per_cause(scene: Scene) -> None:
    from_newcomer(scene)
    desk = scene.desk(READER)
    for _ in range(3):
        correspondence.collect(desk)
    assert [("credential", "unknown-owner")] == whys(desk, EventType.DOC_QUARANTINE)
    (row,) = desk.mail.quarantine.rows()
    assert 3 == row.times


def test_what_lies_behind_a_quarantined_object_comes_in_all_the_same(scene: Scene) -> None:
    from_newcomer(scene)
    digest = scene.send()
    desk = scene.desk(READER)
    assert Taken(filed=1, quarantined=1) == correspondence.collect(desk)
    assert [digest] == [line.item.digest for line in correspondence.inbox(desk)]
    assert Taken(filed=0, quarantined=1) == correspondence.collect(desk)


def test_what_cannot_be_parsed_is_counted_and_let_go(scene: Scene) -> None:
    desk = scene.desk(READER)
    item = scene.relay.hand_out(desk.keys.handle, NO_ENVELOPE)
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)
    (row,) = desk.mail.quarantine.rows()
    assert (None, len(NO_ENVELOPE)) == (row.envelope, row.size_bytes)
    assert (desk.keys.handle, item.seq) in scene.relay.released
    assert 1 == len(events(desk, EventType.DOC_QUARANTINE))


def test_a_body_that_is_not_what_was_signed_is_quarantined_and_not_kept(scene: Scene) -> None:
    digest = scene.send()
    genuine = scene.relay.bodies[digest]
    scene.relay.bodies[digest] = genuine[:-1] + bytes([genuine[-1] ^ 1])
    desk = scene.desk(READER)
    correspondence.collect(desk)
    assert [("verification.tampered", "capsule-range")] == quarantined(desk)
    assert set() == bodies(desk)
    scene.relay.bodies[digest] = genuine
    scene.clock.advance(HOUR)
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)


def test_what_was_taken_in_under_other_claims_is_a_replay(scene: Scene) -> None:
    digest = scene.send()
    desk = scene.desk(READER)
    with desk.transaction():
        desk.mail.inbox.mark_seen(digest, Digest(bytes(32)), at=desk.clock.now())
    assert Taken(filed=0, quarantined=1) == correspondence.collect(desk)
    assert [("verification.replay", "other-claims")] == quarantined(desk)


def test_trouble_with_the_own_disk_says_nothing_about_the_object(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.send()
    desk = scene.desk(READER)

    def new(_: BodyStore) -> None:
        raise VaultError("disk-full")

    with monkeypatch.context() as full:
        full.setattr(BodyStore, "new", new)
        assert Taken(filed=0, quarantined=0, waiting=1) == correspondence.collect(desk)
    assert [] == quarantined(desk)
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)


def test_a_damaged_vault_ends_the_collection(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.send()
    desk = scene.desk(READER)

    def new(_: BodyStore) -> None:
        raise VaultDamagedError("database")

    with monkeypatch.context() as damaged:
        damaged.setattr(BodyStore, "new", new)
        with pytest.raises(VaultDamagedError):
            correspondence.collect(desk)
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)


def test_fetching_tells_how_far_it_is(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.send()
    asked: list[object] = []
    real = SimulatedRelay.fetch_body

    def fetch_body(relay: SimulatedRelay, *args: Any, **kwargs: Any) -> None:
        asked.append(kwargs["progress"])
        real(relay, *args, **kwargs)

    def progress(_done: int, _total: int) -> None:
        """Take it."""

    monkeypatch.setattr(SimulatedRelay, "fetch_body", fetch_body)
    correspondence.collect(scene.desk(READER), progress=progress)
    assert [progress] == asked


def test_what_a_newer_release_wrote_stays_at_the_relay(scene: Scene) -> None:
    genuine = scene.send()
    sender, desk = scene.desk(SENDER), scene.desk(READER)
    scene.relay.withhold(desk.keys.handle)
    newer = forge(
        sender,
        desk,
        label_of(scene, genuine),
        changes={"envelope": lambda envelope: envelope | {0: 9}},
    )
    scene.relay.hand_out(desk.keys.handle, newer.envelope)
    assert Taken(filed=0, quarantined=0, waiting=1) == correspondence.collect(desk)
    assert 1 == len(scene.relay.mailboxes[desk.keys.handle])
    assert [("format.version", "unknown-version")] == quarantined(desk)


def test_an_object_larger_than_the_free_disk_waits_and_the_next_comes_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(2**20))
    large, small = scene.send(attachments=(path,)), scene.send()
    desk = scene.desk(READER)
    usage = disk_usage(desk.vault.bodies_folder)
    with monkeypatch.context() as full:
        full.setattr(
            filing, "disk_usage", lambda _: usage._replace(free=filing._RESERVE_BYTES + 2**19)
        )
        assert Taken(filed=1, quarantined=0, waiting=1) == correspondence.collect(desk)
    assert [small] == [line.item.digest for line in correspondence.inbox(desk)]
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)
    assert {large, small} == {line.item.digest for line in correspondence.inbox(desk)}


def spoilt(scene: Scene, count: int) -> Office:
    """Let objects come whose bodies are not what was signed."""
    for digest in [scene.send() for _ in range(count)]:
        scene.relay.bodies[digest] = bytes(len(scene.relay.bodies[digest]))
    return scene.desk(READER)


def looked_at(scene: Scene, desk: Office, *seconds: int) -> list[int]:
    """Collect once and after each pause; return how often the object was looked at till then."""
    found = []
    for pause in (*seconds, 0):
        correspondence.collect(desk)
        found.append(desk.mail.quarantine.rows()[0].times)
        scene.clock.advance(pause)
    return found


def waiting_for_a_book(scene: Scene) -> Office:
    """Let an object come whose sender's roster is known since a second and whose book is not."""
    from_newcomer(scene)
    desk = scene.desk(READER)
    collecting.refresh_directory(desk)
    scene.clock.advance(1)
    return desk


def test_what_lies_in_quarantine_is_looked_at_again_after_an_hour(scene: Scene) -> None:
    assert [1, 1, 1, 2] == looked_at(scene, waiting_for_a_book(scene), 1, 1, HOUR)


def test_what_lies_in_quarantine_is_looked_at_again_when_the_directory_changed(
    scene: Scene,
) -> None:
    desk = waiting_for_a_book(scene)
    assert [1] == looked_at(scene, desk)
    scene.clock.advance(1)
    scene.publish("EMB-A")
    assert [2] == looked_at(scene, desk)


def test_a_body_that_was_wrong_is_fetched_again_each_time(scene: Scene) -> None:
    """The relay may give out the right one at any moment."""
    assert [1, 2, 3] == looked_at(scene, spoilt(scene, 1), 1, 1)


def test_a_flood_of_one_cause_fills_neither_ledger_nor_quarantine(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "_MOST_TOLD", 2)
    monkeypatch.setattr(filing, "_MOST_KEPT", 4)
    desk = spoilt(scene, 6)
    assert Taken(filed=0, quarantined=6) == correspondence.collect(desk)
    rows = desk.mail.quarantine.rows()
    assert 4 == sum(row.envelope is not None for row in rows)
    assert [2] == [row.times for row in rows if row.envelope is None]
    assert 2 == len(events(desk, EventType.DOC_QUARANTINE))


def test_a_flood_that_nobody_can_read_is_one_row_and_one_line(scene: Scene) -> None:
    desk = scene.desk(READER)
    for number in range(9):
        scene.relay.hand_out(desk.keys.handle, b"\x00%d" % number)
    assert Taken(filed=9, quarantined=0) == correspondence.collect(desk)
    assert [9] == [row.times for row in desk.mail.quarantine.rows()]
    assert 1 == len(events(desk, EventType.DOC_QUARANTINE))
