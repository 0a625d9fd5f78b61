"""Receipts: a signature 签收 by, or in the name of, somebody who never got the object."""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.receipt import MEDIA_TYPE, Receipt, open_receipt, sign_receipt
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import correspondence, receiving
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.forgery import make, plant, steal
from tests.attacks.world import INSIDER, SENDER, VICTIM, Scene, events, whys


def claimed(
    scene: Scene, *, by: str, digest: Digest | None = None, at: int | None = None
) -> Digest:
    """Let the insider sign for an object that only the victim got, as ``by``."""
    genuine = scene.send()
    like = steal(scene, VICTIM, genuine).core
    insider, named = scene.desk(INSIDER), scene.desk(by)
    receipt = Receipt(
        digest=digest or genuine,
        object_id=like.object_id,
        officer=named.me().officer,
        device=named.keys.handle,
        at=Instant(scene.clock.now() if at is None else at),
    )
    record = sign_receipt(receipt, insider.keys.signing, insider.realm)
    forged = make(
        signer=insider.keys.signing,
        signer_device=insider.keys.handle,
        reader=scene.desk(SENDER),
        like=like,
        parts=(("receipt", MEDIA_TYPE, record),),
        changes={
            "core": lambda core: core | {3: ObjectKind.RECEIPT.value},
        },
    )
    plant(scene, SENDER, forged)
    return genuine


def states(scene: Scene) -> list[RecipientState]:
    return [each.state for _, found in correspondence.sent(scene.desk(SENDER)) for each in found]


@pytest.mark.parametrize(
    ("by", "digest", "reason"),
    [
        (VICTIM, None, "receipt-device"),
        (INSIDER, None, "receipt-not-addressee"),
        (INSIDER, Digest(bytes(32)), "receipt-unknown-object"),
    ],
    ids=["in-anothers-name", "by-no-addressee", "for-no-object"],
)
def test_a_receipt_by_another_counts_for_nothing(
    scene: Scene, by: str, digest: Digest | None, reason: str
) -> None:
    genuine = claimed(scene, by=by, digest=digest)
    desk = scene.desk(SENDER)
    correspondence.collect(desk)
    assert [("verification", reason)] == [
        (row.code, row.reason) for row in desk.mail.quarantine.rows()
    ]
    assert [("verification", reason)] == whys(desk, EventType.DOC_QUARANTINE)
    assert states(scene) == [RecipientState.SENT]
    assert {each.decision for each in events(desk, EventType.RECEIPT_RECEIVE)} == {"error"}
    victim = scene.desk(VICTIM)
    correspondence.collect(victim)
    correspondence.read(victim, genuine.hex(), MemorySink())
    correspondence.acknowledge(victim, genuine.hex())
    correspondence.deliver(victim)
    correspondence.collect(desk)
    assert states(scene) == [RecipientState.ACKNOWLEDGED]


def test_without_its_checks_anybody_could_sign_for_anybody(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that device, officer and signer of a receipt are one, and its own signature."""
    claimed(scene, by=VICTIM)
    realm = scene.desk(SENDER).realm
    monkeypatch.setattr(
        receiving,
        "_checked_receipt",
        lambda _office, _verified, record: open_receipt(record, realm).receipt,
    )
    correspondence.collect(scene.desk(SENDER))
    assert states(scene) == [RecipientState.ACKNOWLEDGED]


def test_a_relay_that_breaks_off_under_a_receipt_loses_nothing(scene: Scene) -> None:
    genuine = scene.send()
    victim, sender = scene.desk(VICTIM), scene.desk(SENDER)
    correspondence.collect(victim)
    correspondence.read(victim, genuine.hex(), MemorySink())
    receipt = correspondence.acknowledge(victim, genuine.hex())
    correspondence.deliver(victim)
    leaves = scene.relay.leaves.pop(receipt)
    assert 1 == correspondence.collect(sender).waiting
    assert sender.mail.quarantine.rows() == ()
    assert states(scene) == [RecipientState.FETCHED]
    scene.relay.leaves[receipt] = leaves
    correspondence.collect(sender)
    assert states(scene) == [RecipientState.ACKNOWLEDGED]


def test_a_receipt_of_a_moment_that_no_calendar_has_is_refused(scene: Scene) -> None:
    claimed(scene, by=INSIDER, at=2**62)
    desk = scene.desk(SENDER)
    correspondence.collect(desk)
    assert [("format", "field-range")] == whys(desk, EventType.DOC_QUARANTINE)
    assert states(scene) == [RecipientState.SENT]
