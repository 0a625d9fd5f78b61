"""Foreign: of another realm, or of an agency whose root nobody here compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.capsule.claims import Claims, unwrap
from secure_liaison.capsule.format import Capsule
from secure_liaison.crypto.keys import Digest, KeyId
from secure_liaison.directory.leaf import RosterLeaf
from secure_liaison.directory.view import DirectoryView
from secure_liaison.identity.ids import AgencyId
from secure_liaison.workflows import filing
from tests.attacks.forgery import FORGED_TEXT, make, plant, steal
from tests.attacks.world import (
    SENDER,
    STRANGER,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    opened_text,
)


def foreign(scene: Scene, **fields: Any) -> Digest:
    """Let the stranger seal a bulletin under the own key, as from li.wei's device."""
    like = steal(scene, VICTIM, scene.send()).core
    scene.relay.withhold(scene.box(VICTIM))
    forged = make(
        signer=scene.desk(STRANGER).keys.signing,
        signer_device=scene.desk(SENDER).keys.handle,
        reader=scene.desk(VICTIM),
        like=like,
        **fields,
    )
    return plant(scene, VICTIM, forged)


def of_another_realm(scene: Scene) -> Digest:
    return foreign(scene, realm=scene.desk(STRANGER).realm.octets)


def test_an_object_of_another_realm_is_refused(scene: Scene) -> None:
    of_another_realm(scene)
    assert_quarantined(scene, VICTIM, "verification", "capsule-other-realm")
    assert_genuine_opens(scene, VICTIM, scene.send())


def test_an_object_of_an_agency_that_nobody_compared_is_refused(scene: Scene) -> None:
    foreign(scene)
    assert_quarantined(scene, VICTIM, "credential", "unknown-key")
    assert_genuine_opens(scene, VICTIM, scene.send())


def test_without_a_directory_any_key_would_be_somebodys(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a signing key must stand in the roster of a compared agency."""
    forged = foreign(scene)
    take_any_key(scene, monkeypatch)
    assert opened_text(scene, VICTIM, forged) == FORGED_TEXT


def test_the_realm_alone_stops_a_key_that_the_directory_takes(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the directory."""
    of_another_realm(scene)
    take_any_key(scene, monkeypatch)
    assert_quarantined(scene, VICTIM, "verification", "capsule-other-realm")


def test_without_realm_and_directory_foreign_words_would_be_shown_as_own(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the own realm, the realm in the ids of keys, and the directory."""
    forged = of_another_realm(scene)
    take_any_key(scene, monkeypatch)
    key = scene.desk(VICTIM).keys.kem

    def of_any_realm(capsule: Capsule, *_rest: object, **_named: object) -> Claims:
        return unwrap(capsule, lambda _role, _key_id: key, capsule.header.realm)

    monkeypatch.setattr(filing, "unwrap", of_any_realm)
    assert opened_text(scene, VICTIM, forged) == FORGED_TEXT


def take_any_key(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the directory take the stranger's key for one of li.wei's device."""
    known = scene.desk(VICTIM).directory.device(scene.desk(SENDER).keys.handle)
    strange = scene.desk(STRANGER).keys.signing.verify_key

    def anybody(_view: DirectoryView, _key_id: KeyId) -> tuple[AgencyId, RosterLeaf]:
        return known[0], replace(known[1], signing_key=strange)

    monkeypatch.setattr(DirectoryView, "device_by_signing_key", anybody)
    monkeypatch.setattr(DirectoryView, "check_signer", lambda *_args, **_named: None)
