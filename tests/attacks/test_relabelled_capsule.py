"""Re-labelled: a reader lowers the level, or changes who may know, of an object of others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.capsule import claims
from secure_liaison.capsule.core import Core
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest
from secure_liaison.labels.audience import Audience
from secure_liaison.workflows import correspondence, enrolment, registry
from tests.attacks.forgery import reclaim, skip, steal
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


def relabelled(core: Core, change: str) -> Core:
    match change:
        case "lower":
            return replace(core, label=replace(core.label, level="mimi"))
        case "shorter":
            period = replace(core.label.period, value="P1Y")
            return replace(core, label=replace(core.label, period=period))
        case "wider":
            groups = core.label.audience.groups
            agencies = next(each for each in groups if any(a.startswith("agency:") for a in each))
            return replace(core, label=replace(core.label, audience=Audience.of(agencies)))
        case _:
            return replace(core, expires=Instant(core.expires + 1))


def raise_the_insider(scene: Scene) -> None:
    """Clear the insider for 机密: this one betrays what she may read."""
    keys = scene.keys("EMB-B").registrars[:1]
    registry.clear(scene.registry("EMB-B"), INSIDER, keys, level="机密", person_class="important")
    made = scene.publish("EMB-B")
    for login in (SENDER, VICTIM):
        enrolment.import_book(scene.desk(login), made.book)


def plant(scene: Scene, change: str) -> Digest:
    """Let the insider, a reader too, hand the victim the object under another label."""
    raise_the_insider(scene)
    genuine = scene.send(to=(VICTIM, INSIDER), level="机密")
    stolen = steal(scene, INSIDER, genuine)
    core = relabelled(stolen.core, change)
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), changed(envelope, claims=reclaim(stolen, core=core)))
    return genuine


@pytest.mark.parametrize("change", ["lower", "shorter", "wider", "longer"])
def test_claims_with_another_label_do_not_fit_the_header(scene: Scene, change: str) -> None:
    genuine = plant(scene, change)
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


@pytest.mark.parametrize("change", ["lower", "shorter", "wider", "longer"])
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
