"""A sender whose desk ignores agreement and ceilings: the receiving desk asks as well.

The attacker is an officer with a desk that was changed so that its gate does not ask a rule when it
seals. Everything is signed and addressed correctly; only the rule is broken.
"""

from __future__ import annotations

from typing import Any

import pytest

from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import AccessDeniedError
from secure_liaison.identity.contents import AccreditationScope
from secure_liaison.monitor.agreement_rules import agreement_covers_subject, link_accredited
from secure_liaison.monitor.object_rules import accredited, provider_suffices, relay_ceiling
from secure_liaison.monitor.person_rules import device_accredited
from secure_liaison.office import Office
from secure_liaison.workflows import correspondence
from tests.attacks.agreeing import JIMI, MIMI, accredit, agree, publish, unasked
from tests.attacks.world import (
    TEXT,
    URL,
    VICTIM,
    Scene,
    opened_text,
    refusal_of,
)


def sent_on(scene: Scene, **fields: Any) -> Digest:
    digest = scene.send(**fields)
    correspondence.collect(scene.desk(VICTIM))
    return digest


# --- subjects -----------------------------------------------------------------------------------


def test_a_subject_that_was_not_agreed_is_not_opened(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(scene, subjects=("consular",))
    unasked(monkeypatch, "SEAL_RULES", agreement_covers_subject)
    outside = sent_on(scene, topic="trade")
    unnamed = sent_on(scene)
    genuine = sent_on(scene, topic="consular")
    desk = scene.desk(VICTIM)
    assert ["SUBJECT_NOT_AGREED"] == refusal_of(desk, outside)
    assert ["SUBJECT_NOT_AGREED"] == refusal_of(desk, unnamed)
    assert TEXT == opened_text(scene, VICTIM, genuine)


def test_without_asking_for_the_subject_at_the_receiver_it_would_open(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the rule about subjects where objects are read."""
    agree(scene, subjects=("consular",))
    unasked(monkeypatch, "SEAL_RULES", agreement_covers_subject)
    unasked(monkeypatch, "READ_RULES", agreement_covers_subject)
    assert TEXT == opened_text(scene, VICTIM, sent_on(scene, topic="trade"))


# --- ceilings -----------------------------------------------------------------------------------

CEILINGS = pytest.mark.parametrize(
    ("case", "rule"),
    [
        ("deployment", accredited),
        ("link", link_accredited),
        ("relay", relay_ceiling),
        ("device", device_accredited),
        ("provider", provider_suffices),
    ],
)


def in_earnest(scene: Scene, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """Accredit everything up to 机密, but one thing up to 秘密 only, and end the exercise."""
    agree(scene, accreditation=MIMI if case == "link" else JIMI)
    handle = scene.desk(VICTIM).keys.handle.hex()
    accredit(scene, "EMB-A", "机密")
    accredit(scene, "EMB-B", "秘密" if case == "deployment" else "机密")
    for code in ("EMB-A", "EMB-B"):
        lower = case == "provider" and code == "EMB-B"
        scope = AccreditationScope.PROVIDER
        accredit(scene, code, "秘密" if lower else "机密", scope=scope)
    low = {"relay": (AccreditationScope.RELAY, URL), "device": (AccreditationScope.DEVICE, handle)}
    if case in low:
        scope, target = low[case]
        accredit(scene, "EMB-B", "秘密", scope=scope, target=target)
    publish(scene)
    # The gate sees a realm in earnest; its records and keys are those of the exercise.
    monkeypatch.setattr(Office, "exercise", False)


@CEILINGS
def test_above_any_ceiling_the_receiver_refuses(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, case: str, rule: object
) -> None:
    in_earnest(scene, monkeypatch, case)
    unasked(monkeypatch, "SEAL_RULES", rule)
    above = sent_on(scene, level="机密")
    below = sent_on(scene, level="秘密")
    assert ["NOT_ACCREDITED"] == refusal_of(scene.desk(VICTIM), above)
    assert TEXT == opened_text(scene, VICTIM, below)


@CEILINGS
def test_without_asking_for_the_ceiling_at_the_receiver_it_would_open(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, case: str, rule: object
) -> None:
    """Removed: the rule about that one ceiling where objects are read."""
    in_earnest(scene, monkeypatch, case)
    unasked(monkeypatch, "SEAL_RULES", rule)
    unasked(monkeypatch, "READ_RULES", rule)
    assert TEXT == opened_text(scene, VICTIM, sent_on(scene, level="机密"))


@pytest.mark.parametrize("scope", [AccreditationScope.RELAY, AccreditationScope.DEVICE])
def test_a_ceiling_that_ended_is_not_lifted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, scope: AccreditationScope
) -> None:
    """Who waits until the statement is over, or moves the clock, reads no more than before."""
    in_earnest(scene, monkeypatch, "none")
    targets = {
        AccreditationScope.RELAY: URL,
        AccreditationScope.DEVICE: scene.desk(VICTIM).keys.handle.hex(),
    }
    accredit(scene, "EMB-B", "秘密", scope=scope, target=targets[scope], days=1)
    publish(scene)
    scene.clock.advance(86_400 + 60)
    publish(scene)
    with pytest.raises(AccessDeniedError) as caught:
        scene.send(level="机密")
    assert {"NOT_ACCREDITED"} == {each.code for each in caught.value.reasons}
