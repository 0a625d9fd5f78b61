"""What came is verified and kept, or quarantined with its reason and kept at the relay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import RelayUnreachableError, VaultError
from secure_liaison.office import Office
from secure_liaison.vault.bodies import BodyStore
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import correspondence, enrolment
from secure_liaison.workflows.publishing import MemorySink
from secure_liaison.workflows.transport import Taken
from tests.attacks.world import SENDER, TEXT, Scene, events, whys
from tests.simulator import SimulatedRelay
from tests.workflows.desks import (
    OTHER_READER,
    READER,
    bodies,
    core_of,
    draft,
    forge,
    kinds,
    label_of,
    newcomer,
    plant,
    plant_receipt,
    receipt_record,
    withdraw,
)

NO_ENVELOPE = b"\x00 no envelope"


def quarantined(desk: Office) -> list[tuple[str, str]]:
    return [(row.code, row.reason) for row in desk.mail.quarantine.rows()]


# --- objects ----------------------------------------------------------------------------------


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
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)


def test_trouble_with_the_own_disk_says_nothing_about_the_object(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.send()
    desk = scene.desk(READER)

    def new(_: BodyStore) -> None:
        raise VaultError("disk-full")

    with monkeypatch.context() as full:
        full.setattr(BodyStore, "new", new)
        with pytest.raises(VaultError, match="disk-full"):
            correspondence.collect(desk)
    assert [] == quarantined(desk)
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


# --- receipts ---------------------------------------------------------------------------------


def refused_receipt(
    scene: Scene,
    record: Callable[[Office, Digest], bytes],
    *,
    signer: str = READER,
    to: tuple[str, ...] = (READER,),
) -> Office:
    """Let li.wei send, plant a receipt of a signer, and collect it."""
    digest = scene.send(to=to)
    desk = scene.desk(SENDER)
    plant_receipt(
        scene, scene.desk(signer), label_of(scene, digest), record(scene.desk(signer), digest)
    )
    assert Taken(filed=0, quarantined=1) == correspondence.collect(desk)
    return desk


def object_id(scene: Scene, digest: Digest) -> bytes:
    return core_of(scene.desk(SENDER), digest).object_id


def test_a_receipt_of_another_device_is_quarantined(scene: Scene) -> None:
    desk = refused_receipt(
        scene,
        lambda signer, digest: receipt_record(
            signer, digest, object_id=object_id(scene, digest), device=scene.box(OTHER_READER)
        ),
    )
    assert [("verification", "receipt-device")] == quarantined(desk)


def test_a_receipt_in_another_officers_name_is_quarantined(scene: Scene) -> None:
    desk = refused_receipt(
        scene,
        lambda signer, digest: receipt_record(
            signer,
            digest,
            object_id=object_id(scene, digest),
            officer=scene.desk(OTHER_READER).me().officer,
        ),
    )
    assert [("verification", "receipt-device")] == quarantined(desk)


def test_a_receipt_by_somebody_who_never_got_the_object_is_quarantined(scene: Scene) -> None:
    desk = refused_receipt(
        scene,
        lambda signer, digest: receipt_record(signer, digest, object_id=object_id(scene, digest)),
        signer=OTHER_READER,
    )
    assert [("verification", "receipt-not-addressee")] == quarantined(desk)


def test_a_receipt_for_an_unknown_object_is_quarantined(scene: Scene) -> None:
    desk = refused_receipt(scene, lambda signer, _: receipt_record(signer, Digest(bytes(32))))
    assert [("verification", "receipt-unknown-object")] == quarantined(desk)


def test_a_receipt_that_names_another_object_id_is_quarantined(scene: Scene) -> None:
    desk = refused_receipt(
        scene, lambda signer, digest: receipt_record(signer, digest, object_id=bytes(16))
    )
    assert [("verification", "receipt-unknown-object")] == quarantined(desk)


def test_a_receipt_that_is_no_receipt_is_quarantined(scene: Scene) -> None:
    desk = refused_receipt(scene, lambda _signer, _digest: b"no receipt")
    assert ["format"] == [code for code, _ in quarantined(desk)]


def test_a_receipt_without_a_part_is_quarantined(scene: Scene) -> None:
    digest = scene.send()
    desk = scene.desk(SENDER)
    forged = forge(
        scene.desk(READER),
        desk,
        label_of(scene, digest),
        parts=(),
        changes={"core": lambda core: core | {3: ObjectKind.RECEIPT.value}},
    )
    plant(scene, desk, forged)
    correspondence.collect(desk)
    assert ["format"] == [code for code, _ in quarantined(desk)]


def test_a_refused_receipt_stays_at_the_relay_and_changes_no_state(scene: Scene) -> None:
    desk = refused_receipt(scene, lambda signer, _: receipt_record(signer, Digest(bytes(32))))
    assert 1 == len(scene.relay.mailboxes[desk.keys.handle])
    ((item, _),) = correspondence.sent(desk, ask_relay=False)
    assert [RecipientState.SENT] == [
        each.state for each in desk.mail.sent.recipients(item.digest)
    ]
    assert [("verification", "receipt-unknown-object")] == whys(desk, EventType.RECEIPT_RECEIVE)


def acknowledged(scene: Scene) -> tuple[Office, Digest]:
    """Let a genuine receipt wait in li.wei's mailbox."""
    digest, reader = scene.send(), scene.desk(READER)
    correspondence.collect(reader)
    correspondence.read(reader, digest.hex(), MemorySink())
    correspondence.acknowledge(reader, digest.hex())
    correspondence.deliver(reader)
    return scene.desk(SENDER), digest


def test_a_receipt_opens_with_a_permit_like_everything_else(scene: Scene) -> None:
    desk, digest = acknowledged(scene)
    before = desk.ledger.size
    correspondence.collect(desk)
    assert [EventType.GATE_DECISION, EventType.RECEIPT_RECEIVE] == [
        kind for kind in kinds(desk)[before:] if kind is not EventType.DIRECTORY_IMPORT
    ]
    (event,) = events(desk, EventType.RECEIPT_RECEIVE)
    assert digest.hex() == event.detail["acknowledged"]


def test_a_second_receipt_changes_nothing(scene: Scene) -> None:
    desk, digest = acknowledged(scene)
    correspondence.collect(desk)
    (first,) = desk.mail.sent.recipients(digest)
    scene.clock.advance(60)
    reader = scene.desk(READER)
    again = receipt_record(reader, digest, object_id=object_id(scene, digest))
    plant_receipt(scene, reader, label_of(scene, digest), again)
    assert Taken(filed=1, quarantined=0) == correspondence.collect(desk)
    assert (first,) == desk.mail.sent.recipients(digest)


def test_a_receipt_that_its_reader_may_not_open_is_quarantined(scene: Scene) -> None:
    desk, digest = acknowledged(scene)
    withdraw(scene, SENDER, SENDER)
    assert Taken(filed=0, quarantined=1) == correspondence.collect(desk)
    assert [("access.denied", "refused")] == quarantined(desk)
    assert [RecipientState.SENT] == [each.state for each in desk.mail.sent.recipients(digest)]


def test_a_relay_that_breaks_off_leaves_no_permit_and_the_receipt_comes_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, digest = acknowledged(scene)

    def fetch_body(*_args: object, **_kwargs: object) -> None:
        raise RelayUnreachableError("broken")

    with monkeypatch.context() as broken:
        broken.setattr(SimulatedRelay, "fetch_body", fetch_body)
        with pytest.raises(RelayUnreachableError):
            correspondence.collect(desk)
    assert [] == events(desk, EventType.RECEIPT_RECEIVE)
    correspondence.collect(desk)
    assert [RecipientState.ACKNOWLEDGED] == [
        each.state for each in desk.mail.sent.recipients(digest)
    ]
