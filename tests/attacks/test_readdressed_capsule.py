"""Re-addressed: what was sealed for one officer is handed, or sealed on, to another."""

from __future__ import annotations

import pytest

from secure_liaison.capsule import unseal
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import AccessDeniedError
from secure_liaison.monitor import rules
from secure_liaison.monitor.person_rules import need_to_know
from secure_liaison.vault.keyring import Keyring
from secure_liaison.wire import MailboxItem
from tests.attacks.forgery import stanza_for, steal
from tests.attacks.world import (
    INSIDER,
    TEXT,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    opened_text,
)
from tests.simulator import changed


def test_an_envelope_in_the_wrong_mailbox_opens_nothing(scene: Scene) -> None:
    genuine = scene.send()
    items = wrong_mailbox(scene)
    assert_quarantined(scene, INSIDER, "capsule.not-addressed", "capsule-other-device")
    scene.relay.give_back(scene.box(VICTIM), items)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_the_officers_name_stops_whoever_has_the_key(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a stanza opens with the key of one device only."""
    scene.send()
    wrong_mailbox(scene)
    hand_over_the_key(scene, monkeypatch)
    assert_quarantined(scene, INSIDER, "capsule.not-addressed", "capsule-officer-not-named")


def test_the_audience_stops_whoever_has_key_and_name(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: one key for one device, and the look whether the officer is named."""
    genuine = scene.send()
    wrong_mailbox(scene)
    hand_over_the_key(scene, monkeypatch)
    monkeypatch.setattr(unseal, "_check_named", lambda *_args, **_named: None)
    with pytest.raises(AccessDeniedError, match="not-found-or-not-permitted"):
        opened_text(scene, INSIDER, genuine)


def test_without_key_name_and_audience_a_wrong_mailbox_would_show_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: one key for one device, the officer's name, and the rule of need-to-know."""
    genuine = scene.send()
    wrong_mailbox(scene)
    hand_over_the_key(scene, monkeypatch)
    show_to_anybody(monkeypatch)
    assert opened_text(scene, INSIDER, genuine) == TEXT


def test_a_reader_cannot_seal_an_object_on_to_somebody_else(scene: Scene) -> None:
    genuine = scene.send()
    sealed_on(scene, genuine)
    assert_quarantined(scene, INSIDER, "verification.tampered", "capsule-path")
    assert_genuine_opens(scene, VICTIM, genuine)


def test_without_path_name_and_audience_a_reader_could_widen_the_circle(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the stanza's path, the officer's name, and the rule of need-to-know."""
    genuine = scene.send()
    sealed_on(scene, genuine)
    monkeypatch.setattr(unseal, "_check_path", lambda _capsule: None)
    show_to_anybody(monkeypatch)
    assert opened_text(scene, INSIDER, genuine) == TEXT


def wrong_mailbox(scene: Scene) -> list[MailboxItem]:
    items = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(INSIDER), items[0].envelope)
    return items


def sealed_on(scene: Scene, digest: Digest) -> None:
    """Let the victim, who may read it, make a stanza for the insider, who may not."""
    stolen = steal(scene, VICTIM, digest)
    stanza = stanza_for(stolen, scene.desk(INSIDER))
    scene.relay.hand_out(scene.box(INSIDER), changed(stolen.envelope, stanza=stanza))


def hand_over_the_key(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    key = scene.desk(VICTIM).keys.kem
    monkeypatch.setattr(Keyring, "private_key", lambda *_args: key)


def show_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the look whether the officer is named, and the rule of need-to-know."""
    monkeypatch.setattr(unseal, "_check_named", lambda *_args, **_named: None)
    kept = tuple(rule for rule in rules.READ_RULES.about_person if rule is not need_to_know)
    monkeypatch.setattr(rules, "READ_RULES", rules.READ_RULES._replace(about_person=kept))
