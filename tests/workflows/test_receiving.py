"""A receipt counts only if everything in docs/spec/receipts.md §3 holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.receipt import MEDIA_TYPE
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import RelayUnreachableError
from secure_liaison.office import Office
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import correspondence
from secure_liaison.workflows.collecting import Taken
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import SENDER, Scene, events, whys
from tests.simulator import SimulatedRelay
from tests.workflows.desks import (
    OTHER_READER,
    READER,
    core_of,
    forge,
    kinds,
    label_of,
    only_for,
    plant,
    plant_receipt,
    quarantined,
    receipt_record,
    withdraw,
)


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


ONE = (("receipt", MEDIA_TYPE, b"x"),)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((), "receipt-parts"),
        (ONE * 2, "receipt-parts"),
        ((("receipt", "text/plain", b"x"),), "receipt-parts"),
        ((("receipt", MEDIA_TYPE, bytes(64 * 1024)),), "receipt-size"),
    ],
    ids=["none", "two", "a text", "too large"],
)
def test_a_receipt_is_one_small_part_of_its_own_kind(
    scene: Scene, parts: tuple[tuple[str, str, bytes], ...], reason: str
) -> None:
    digest = scene.send()
    desk = scene.desk(SENDER)
    forged = forge(
        scene.desk(READER),
        desk,
        label_of(scene, digest),
        parts=parts,
        changes={"core": lambda core: core | {3: ObjectKind.RECEIPT.value}},
    )
    plant(scene, desk, forged)
    correspondence.collect(desk)
    assert [("format", reason)] == quarantined(desk)


def test_a_receipt_under_another_label_than_the_object_is_quarantined(scene: Scene) -> None:
    digest, reader = scene.send(), scene.desk(READER)
    label = label_of(scene, digest)
    other = only_for(label, *(f"agency:{scene.agency(code).hex()}" for code in ("EMB-A", "EMB-B")))
    record = receipt_record(reader, digest, object_id=object_id(scene, digest))
    plant_receipt(scene, reader, other, record)
    desk = scene.desk(SENDER)
    correspondence.collect(desk)
    assert [("verification", "receipt-label")] == quarantined(desk)


def test_the_moment_of_an_acknowledgement_is_that_of_the_own_clock(scene: Scene) -> None:
    """What the reader's clock said stays in the receipt as evidence."""
    digest, reader = scene.send(), scene.desk(READER)
    record = receipt_record(reader, digest, object_id=object_id(scene, digest), at=1)
    plant_receipt(scene, reader, label_of(scene, digest), record)
    desk = scene.desk(SENDER)
    correspondence.collect(desk)
    (recipient,) = desk.mail.sent.recipients(digest)
    assert (scene.clock.now(), record) == (recipient.acknowledged_at, recipient.receipt)


def test_a_refused_receipt_stays_at_the_relay_and_changes_no_state(scene: Scene) -> None:
    desk = refused_receipt(scene, lambda signer, _: receipt_record(signer, Digest(bytes(32))))
    assert 1 == len(scene.relay.mailboxes[desk.keys.handle])
    ((item, _),) = correspondence.sent(desk, ask_relay=False)
    assert [RecipientState.SENT] == [each.state for each in desk.mail.sent.recipients(item.digest)]
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
