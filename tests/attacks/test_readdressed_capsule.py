"""Re-addressed: what was sealed for one officer is handed, or sealed on, to another."""

from __future__ import annotations

import pytest

from secure_liaison.capsule import unseal
from secure_liaison.monitor import rules
from secure_liaison.monitor.person_rules import need_to_know
from secure_liaison.vault.keyring import Keyring
from secure_liaison.workflows import correspondence, filing
from tests.attacks.forgery import reclaim, stanza_for, steal
from tests.attacks.world import (
    INSIDER,
    TEXT,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    opened_text,
    refusal_of,
)
from tests.simulator import changed


def test_an_envelope_in_the_wrong_mailbox_opens_nothing(scene: Scene) -> None:
    genuine = scene.send(level="机密")
    [item] = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(INSIDER), item.envelope)
    assert_quarantined(scene, INSIDER, "not-addressed", "capsule-other-device")
    scene.relay.give_back(scene.box(VICTIM), [item])
    assert_genuine_opens(scene, VICTIM, genuine)


def test_an_officer_who_holds_the_key_but_is_not_named_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a stanza opens with the key of one device only."""
    hand_over_the_key(scene, monkeypatch)
    assert_quarantined(scene, INSIDER, "not-addressed", "capsule-officer-not-named")


def test_without_keys_names_and_audience_a_wrong_mailbox_would_show_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: one key for one device, the named officers, and the rules of audience."""
    genuine = hand_over_the_key(scene, monkeypatch)
    take_for_named(monkeypatch)
    correspondence.collect(scene.desk(INSIDER))
    with pytest.raises(filing.LiaisonError, match="not-found-or-not-permitted"):
        opened_text(scene, INSIDER, genuine)
    without_audience(monkeypatch)
    assert opened_text(scene, INSIDER, genuine) == TEXT


def hand_over_the_key(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> filing.Digest:
    genuine = scene.send()
    [item] = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(INSIDER), item.envelope)
    key = scene.desk(VICTIM).keys.kem
    monkeypatch.setattr(Keyring, "private_key", lambda *_args: key)
    return genuine


def take_for_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the check that the reader is among the officers whom the originator named."""
    monkeypatch.setattr(unseal.NotAddressedError, "__new__", _never_raised)
    real = unseal.verify

    def lenient(claims, **named):  # type: ignore[no-untyped-def]  # hands through what verify takes
        view, device = named["view"], named["device"]
        named["view"] = _NamedView(view, device, claims.core)
        return real(claims, **named)

    monkeypatch.undo if False else None
    monkeypatch.setattr(filing, "verify", lenient)
