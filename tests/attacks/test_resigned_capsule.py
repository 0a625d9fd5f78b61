"""Re-signed: somebody else's signature stands under an object in the originator's name."""

from __future__ import annotations

import pytest

from secure_liaison.capsule import unseal
from secure_liaison.capsule.signature import sign_roots
from secure_liaison.crypto.keys import Digest
from secure_liaison.workflows import correspondence
from tests.attacks.forgery import FORGED_TEXT, make, plant, reclaim, steal
from tests.attacks.world import (
    INSIDER,
    SENDER,
    TEXT,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    opened_text,
)
from tests.simulator import changed

CODE = ("verification.signature", "capsule-signature")


def resigned(scene: Scene) -> Digest:
    """Let a reader put the own signature in the place of the originator's."""
    genuine = scene.send(to=(VICTIM, INSIDER))
    stolen = steal(scene, INSIDER, genuine)
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    own = sign_roots(
        scene.desk(INSIDER).keys.signing, stolen.keys, envelope.payload_root, envelope.stanza_root
    )
    scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(
        scene.box(VICTIM), changed(envelope, claims=reclaim(stolen, signature=own))
    )
    return genuine


def in_the_name_of_the_sender(scene: Scene) -> Digest:
    """Let the insider write a bulletin of the own, in li.wei's name, under the own key."""
    like = steal(scene, INSIDER, scene.send(to=(VICTIM, INSIDER))).core
    scene.relay.withhold(scene.box(VICTIM))
    named = scene.desk(SENDER).keys
    forged = make(
        signer=scene.desk(INSIDER).keys.signing,
        signer_device=named.handle,
        reader=scene.desk(VICTIM),
        like=like,
        changes={
            "core": lambda core: (
                core | {4: named.signing.verify_key.key_id(scene.desk(VICTIM).realm)}
            )
        },
    )
    return plant(scene, VICTIM, forged)


def test_another_signature_under_the_originators_words_is_refused(scene: Scene) -> None:
    genuine = resigned(scene)
    assert_quarantined(scene, VICTIM, *CODE)
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), changed(envelope))
    assert_genuine_opens(scene, VICTIM, genuine)


def test_words_of_an_insider_in_anothers_name_are_refused(scene: Scene) -> None:
    in_the_name_of_the_sender(scene)
    assert_quarantined(scene, VICTIM, *CODE)
    assert_genuine_opens(scene, VICTIM, scene.send())


def test_without_the_signature_any_words_would_be_the_senders(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the originator's signature."""
    forged = in_the_name_of_the_sender(scene)
    monkeypatch.setattr(unseal, "check_roots", lambda *_args, **_named: None)
    assert opened_text(scene, VICTIM, forged) == FORGED_TEXT
    assert [SENDER] == [
        line.verified.officer.login
        for line in correspondence.inbox(scene.desk(VICTIM))
        if line.verified is not None
    ]


def test_without_the_signature_another_signature_would_do(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the originator's signature."""
    genuine = resigned(scene)
    monkeypatch.setattr(unseal, "check_roots", lambda *_args, **_named: None)
    assert opened_text(scene, VICTIM, genuine) == TEXT


def test_the_own_key_on_anothers_device_is_refused(scene: Scene) -> None:
    like = steal(scene, INSIDER, scene.send(to=(VICTIM, INSIDER))).core
    scene.relay.withhold(scene.box(VICTIM))
    forged = make(
        signer=scene.desk(INSIDER).keys.signing,
        signer_device=scene.desk(SENDER).keys.handle,
        reader=scene.desk(VICTIM),
        like=like,
    )
    plant(scene, VICTIM, forged)
    assert_quarantined(scene, VICTIM, "verification.signature", "capsule-originator")
