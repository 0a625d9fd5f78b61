"""Replayed: an object comes again in other clothes, or long after its time."""

from __future__ import annotations

from typing import Any

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.unseal import Claims, VerifiedCapsule, verify
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest
from secure_liaison.monitor import rules
from secure_liaison.monitor.object_rules import not_expired
from secure_liaison.vault.inbox import Inbox
from secure_liaison.workflows import correspondence, filing
from tests.attacks.forgery import reclaim, steal
from tests.attacks.test_duplicated_capsule import forgetful
from tests.attacks.world import (
    INSIDER,
    SENDER,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_nothing_shown,
    assert_quarantined,
    events,
    opened_text,
    refusal_of,
)
from tests.simulator import changed

DAY_S = 86400


def reclothed(scene: Scene) -> tuple[Digest, bytes]:
    """Let a reader seal the claims of a common object anew: the same D, other bytes."""
    genuine = scene.send(to=(VICTIM, INSIDER))
    stolen = steal(scene, INSIDER, genuine)
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    return genuine, changed(envelope, claims=reclaim(stolen))


def test_the_same_object_under_other_claims_is_a_replay(scene: Scene) -> None:
    genuine, again = reclothed(scene)
    assert_genuine_opens(scene, VICTIM, genuine)
    scene.relay.hand_out(scene.box(VICTIM), again)
    assert_quarantined(scene, VICTIM, "verification.replay", "other-claims", shown=(genuine,))
    assert len(events(scene.desk(VICTIM), EventType.DOC_RECEIVE)) == 1
    assert opened_text(scene, VICTIM, genuine)


def test_a_restart_does_not_make_a_replay_new(scene: Scene) -> None:
    genuine, again = reclothed(scene)
    correspondence.collect(scene.desk(VICTIM))
    scene.reopen(VICTIM)
    scene.relay.hand_out(scene.box(VICTIM), again)
    assert_quarantined(scene, VICTIM, "verification.replay", "other-claims", shown=(genuine,))


def test_without_the_memory_of_claims_a_replay_would_take_the_objects_place(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the memory of digests and claims, and the schema's one row for one digest."""
    genuine, again = reclothed(scene)
    assert_genuine_opens(scene, VICTIM, genuine)
    scene.relay.hand_out(scene.box(VICTIM), again)
    forgetful(monkeypatch)
    monkeypatch.setattr(Inbox, "mark_seen", lambda *_args, **_named: None)
    correspondence.collect(scene.desk(VICTIM))
    [kept] = scene.desk(VICTIM).mail.inbox.items()
    assert kept.envelope == again
    assert len(events(scene.desk(VICTIM), EventType.DOC_RECEIVE)) == 2


def test_an_object_held_back_until_after_its_end_is_refused(scene: Scene) -> None:
    scene.send(days=10)
    scene.clock.advance(11 * DAY_S)
    assert_quarantined(scene, VICTIM, "verification", "capsule-expired")
    correspondence.collect(scene.desk(SENDER))  # an old directory sends nothing
    assert_genuine_opens(scene, VICTIM, scene.send())


def test_without_the_end_an_object_held_back_would_be_shown_as_news(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the end on verifying, and the rule about it at the gate."""
    old = scene.send(days=10)
    sent_at = Instant(scene.clock.now())
    scene.clock.advance(11 * DAY_S)

    def as_if_new(claims: Claims, **named: Any) -> VerifiedCapsule:
        return verify(claims, **{**named, "now": sent_at})

    monkeypatch.setattr(filing, "verify", as_if_new)
    correspondence.collect(scene.desk(VICTIM))
    assert refusal_of(scene.desk(VICTIM), old) == ["EXPIRED"]
    kept = [rule for rule in rules.READ_RULES.about_object if rule is not not_expired]
    monkeypatch.setattr(rules, "READ_RULES", rules.READ_RULES._replace(about_object=tuple(kept)))
    assert opened_text(scene, VICTIM, old)


def test_an_opened_object_is_not_opened_again_after_its_end(scene: Scene) -> None:
    old = scene.send(days=10)
    assert_genuine_opens(scene, VICTIM, old)
    scene.clock.advance(11 * DAY_S)
    desk = scene.reopen(VICTIM)
    assert [line.head for line in correspondence.inbox(desk)] == [None]
    assert refusal_of(desk, old) == []
    assert_nothing_shown(desk, old, shown=(old,))
