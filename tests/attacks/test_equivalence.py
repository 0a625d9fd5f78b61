"""A partner's level under the own law: what the agreement maps, and whoever tries to go around it.

EMB-A writes under the policy ``generic``; the reader at EMB-B is cleared under ``cn.state-secrets``
alone. Only an article of the agreement may say what one is worth under the other.
"""

from __future__ import annotations

from typing import Any

import pytest

from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import AccessDeniedError
from secure_liaison.identity.contents import AccreditationScope
from secure_liaison.labels.agreement import Article, Ceiling, Equivalence, Treatment
from secure_liaison.monitor.agreement_rules import reading_accredited, reading_provider_suffices
from secure_liaison.office import Office
from secure_liaison.workflows import correspondence, registry
from tests.attacks.agreeing import accredit, agree, publish, unasked
from tests.attacks.world import SENDER, TEXT, VICTIM, Scene, opened_text, refusal_of

UP_TO_SECRET = (Ceiling(policy="generic", level="secret"),)


def mapped(scene: Scene, to_level: str = "jimi", **changes: Any) -> None:
    """Let the agreement have generic SECRET protected as a Chinese level, in this direction."""
    entry = Equivalence(
        **{
            "from_policy": "generic",
            "from_level": "secret",
            "to_policy": "cn.state-secrets",
            "to_level": to_level,
            "treatment": Treatment.PROTECT_AS,
            "article": "3.2",
            "valid_from": scene.clock.now(),
            **changes,
        }
    )
    registry.clear(
        scene.registry("EMB-A"),
        SENDER,
        scene.keys("EMB-A").registrars[:1],
        level="secret",
        person_class="",
        pack="generic",
    )
    agree(
        scene,
        ceilings=UP_TO_SECRET,
        accreditation=UP_TO_SECRET,
        equivalences=(entry,),
        articles=(Article(topic="comparability", article="3"),),
    )


def sent_secret(scene: Scene) -> Digest:
    digest = scene.send(level="SECRET", pack="generic", period="")
    correspondence.collect(scene.desk(VICTIM))
    return digest


def refused(scene: Scene) -> list[tuple[str, str]]:
    with pytest.raises(AccessDeniedError) as caught:
        sent_secret(scene)
    return [(each.code, each.basis) for each in caught.value.reasons]


def test_a_mapped_level_is_read_and_keeps_the_originators_mark(scene: Scene) -> None:
    mapped(scene)
    digest = sent_secret(scene)
    assert TEXT == opened_text(scene, VICTIM, digest)
    (listed,) = correspondence.inbox(scene.desk(VICTIM))
    assert listed.verified is not None
    assert listed.verified.core.label.policy.startswith("generic@")


def test_what_is_mapped_above_the_readers_clearance_is_refused(scene: Scene) -> None:
    mapped(scene, "juemi")
    assert "CLEARANCE_BELOW_LABEL" in {code for code, _ in refused(scene)}


def test_what_is_not_mapped_is_refused_with_the_article(scene: Scene) -> None:
    mapped(scene, from_level="confidential")
    assert ("LEVEL_UNMAPPED", "agr:newer art. 3") in refused(scene)


def test_the_other_direction_maps_nothing(scene: Scene) -> None:
    mapped(
        scene,
        from_policy="cn.state-secrets",
        from_level="jimi",
        to_policy="generic",
        to_level="secret",
    )
    assert ("LEVEL_UNMAPPED", "agr:newer art. 3") in refused(scene)


def test_an_article_that_does_not_hold_yet_maps_nothing(scene: Scene) -> None:
    mapped(scene, valid_from=scene.clock.now() + 30 * 86_400)
    assert "LEVEL_UNMAPPED" in {code for code, _ in refused(scene)}


# --- ceilings under the law that the level is mapped to ----------------------------------------

CEILINGS = pytest.mark.parametrize(
    ("low", "rule"),
    [
        (AccreditationScope.DEPLOYMENT, reading_accredited),
        (AccreditationScope.RELAY, reading_accredited),
        (AccreditationScope.DEVICE, reading_accredited),
        (AccreditationScope.PROVIDER, reading_provider_suffices),
    ],
)


def in_earnest(scene: Scene, monkeypatch: pytest.MonkeyPatch, low: AccreditationScope) -> None:
    """Accredit EMB-B up to 机密 under its own law, but one thing up to 秘密 only."""
    mapped(scene)
    targets = {
        AccreditationScope.RELAY: scene.desk(VICTIM).relay_url(scene.agency("EMB-B")),
        AccreditationScope.DEVICE: scene.desk(VICTIM).keys.handle.hex(),
    }
    for scope in AccreditationScope:
        level = "秘密" if scope is low else "机密"
        accredit(scene, "EMB-B", level, scope=scope, target=targets.get(scope, ""))
    publish(scene)
    monkeypatch.setattr(Office, "exercise", False)


@CEILINGS
def test_above_a_ceiling_of_the_readers_law_both_ends_refuse(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, low: AccreditationScope, rule: object
) -> None:
    in_earnest(scene, monkeypatch, low)
    assert [("NOT_ACCREDITED")] == [code for code, _ in refused(scene)]
    unasked(monkeypatch, "SEAL_RULES", rule)
    above = sent_secret(scene)
    assert ["NOT_ACCREDITED"] == refusal_of(scene.desk(VICTIM), above)


@CEILINGS
def test_without_asking_under_the_readers_law_it_would_open(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, low: AccreditationScope, rule: object
) -> None:
    """Removed: the rule about that ceiling, at both ends."""
    in_earnest(scene, monkeypatch, low)
    unasked(monkeypatch, "SEAL_RULES", rule)
    unasked(monkeypatch, "READ_RULES", rule)
    assert TEXT == opened_text(scene, VICTIM, sent_secret(scene))


def test_with_every_ceiling_high_enough_it_opens(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_earnest(scene, monkeypatch, AccreditationScope.RELAY)
    url = scene.desk(VICTIM).relay_url(scene.agency("EMB-B"))
    accredit(scene, "EMB-B", "机密", scope=AccreditationScope.RELAY, target=url)
    publish(scene)
    assert TEXT == opened_text(scene, VICTIM, sent_secret(scene))
