"""Re-labelled: a reader lowers the level, or changes who may know, of an object of others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.capsule import claims
from secure_liaison.capsule.core import Core
from secure_liaison.crypto.keys import Digest
from secure_liaison.labels.audience import Audience
from secure_liaison.workflows import correspondence
from tests.attacks.forgery import reclaim, skip, stanza_for, steal
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

CHANGES = ["lower", "wider", "longer"]


def relabelled(core: Core, change: str) -> Core:
    match change:
        case "lower":
            return replace(core, label=replace(core.label, level="neibu"))
        case "wider":
            groups = core.label.audience.groups
            agencies = next(each for each in groups if any(a.startswith("agency:") for a in each))
            return replace(core, label=replace(core.label, audience=Audience.of(agencies)))
        case _:
            return replace(core, expires=core.expires + 1)


def plant(scene: Scene, change: str, *, own_stanza: bool = False) -> Digest:
    """Let the insider, a reader too, hand the victim the object under another label."""
    genuine = scene.send(to=(VICTIM, INSIDER))
    stolen = steal(scene, INSIDER, genuine)
    core = relabelled(stolen.core, change)
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    fields: dict[str, object] = {"claims": reclaim(stolen, core=core)}
    if own_stanza:
        fields["stanza"] = stanza_for(stolen, scene.desk(VICTIM), core)
    scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), changed(envelope, **fields))
    return genuine


@pytest.mark.parametrize("own_stanza", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_claims_with_another_label_do_not_fit_the_header(
    scene: Scene, change: str, *, own_stanza: bool
) -> None:
    genuine = plant(scene, change, own_stanza=own_stanza)
    assert_quarantined(scene, VICTIM, "verification.tampered", "capsule-commitment")
    give_back(scene, genuine)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_the_stanza_stops_another_label_that_the_header_does_not(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the header's commitment."""
    plant(scene, "lower")
    skip(monkeypatch, claims, "capsule-commitment")
    assert_quarantined(scene, VICTIM, "verification.tampered", "capsule-core")


@pytest.mark.parametrize("change", ["wider", "longer"])
def test_without_both_commitments_another_label_would_be_shown_as_the_originators(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Removed: the header's commitment, and that of the stanza, to the core."""
    genuine = plant(scene, change)
    skip(monkeypatch, claims, "capsule-commitment", "capsule-core")
    assert opened_text(scene, VICTIM, genuine) == TEXT
    [line] = correspondence.inbox(scene.desk(VICTIM))
    assert line.verified is not None
    assert line.verified.core == relabelled(steal(scene, INSIDER, genuine).core, change)
    assert line.verified.officer.login == "li.wei"


def give_back(scene: Scene, digest: Digest) -> None:
    envelope = scene.relay.envelope(digest, scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), changed(envelope))
