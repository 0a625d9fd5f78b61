"""Duplicated: the relay hands out again, byte for byte, what was handed out before."""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.vault.inbox import Inbox, InboxItem, InboxState
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import correspondence, filing
from tests.attacks.world import (
    SENDER,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_nothing_shown,
    events,
)


def test_the_same_object_twice_is_one_line_of_the_inbox(scene: Scene) -> None:
    genuine = scene.send()
    [item] = scene.relay.mailboxes[scene.box(VICTIM)]
    scene.relay.hand_out(scene.box(VICTIM), item.envelope)
    desk = scene.desk(VICTIM)
    correspondence.collect(desk)
    assert_nothing_shown(desk, genuine, shown=(genuine,))
    assert len(events(desk, EventType.DOC_RECEIVE)) == 1
    assert len(scene.relay.released) == 2
    assert_genuine_opens(scene, VICTIM, genuine)


def test_an_acknowledged_object_that_comes_again_stays_acknowledged(scene: Scene) -> None:
    genuine = scene.send()
    [item] = scene.relay.mailboxes[scene.box(VICTIM)]
    assert_genuine_opens(scene, VICTIM, genuine)
    correspondence.acknowledge(scene.desk(VICTIM), genuine.hex())
    scene.relay.hand_out(scene.box(VICTIM), item.envelope)
    desk = scene.reopen(VICTIM)
    correspondence.collect(desk)
    [kept] = desk.mail.inbox.items()
    assert kept.state is InboxState.ACKNOWLEDGED
    assert len(events(desk, EventType.DOC_RECEIVE)) == 1


def test_without_the_memory_of_digests_an_acknowledged_object_would_come_as_a_new_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the memory of digests, and the schema's one row for one digest."""
    genuine = scene.send()
    [item] = scene.relay.mailboxes[scene.box(VICTIM)]
    assert_genuine_opens(scene, VICTIM, genuine)
    desk = scene.desk(VICTIM)
    correspondence.acknowledge(desk, genuine.hex())
    scene.relay.hand_out(scene.box(VICTIM), item.envelope)
    forgetful(monkeypatch)
    correspondence.collect(desk)
    [kept] = desk.mail.inbox.items()
    assert kept.state is InboxState.RECEIVED
    assert len(events(desk, EventType.DOC_RECEIVE)) == 2


def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the memory of digests and the schema's one row for one digest."""
    real = Inbox.add

    def over_the_old_one(inbox: Inbox, item: InboxItem) -> None:
        inbox._vault.execute("DELETE FROM inbox WHERE digest = ?", (item.digest,))
        real(inbox, item)

    monkeypatch.setattr(filing, "_is_filed", lambda *_args: False)
    monkeypatch.setattr(Inbox, "add", over_the_old_one)


def acknowledged(scene: Scene) -> bytes:
    """Let the victim sign for a bulletin; returns the receipt's envelope, handed out twice."""
    genuine = scene.send()
    assert_genuine_opens(scene, VICTIM, genuine)
    correspondence.acknowledge(scene.desk(VICTIM), genuine.hex())
    correspondence.deliver(scene.desk(VICTIM))
    [item] = scene.relay.mailboxes[scene.box(SENDER)]
    scene.relay.hand_out(scene.box(SENDER), item.envelope)
    return item.envelope


def test_the_same_receipt_twice_counts_once(scene: Scene) -> None:
    acknowledged(scene)
    desk = scene.desk(SENDER)
    correspondence.collect(desk)
    [(_, [outcome])] = correspondence.sent(desk)
    assert outcome.state is RecipientState.ACKNOWLEDGED
    assert len(events(desk, EventType.RECEIPT_RECEIVE)) == 1


def test_without_the_memory_of_digests_a_receipt_would_count_twice(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the memory of digests."""
    acknowledged(scene)
    forgetful(monkeypatch)
    desk = scene.desk(SENDER)
    correspondence.collect(desk)
    assert len(events(desk, EventType.RECEIPT_RECEIVE)) == 2
