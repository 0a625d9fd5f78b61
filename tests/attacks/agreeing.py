"""What attacks on agreements share: a newer agreement, ceilings, a gate without some rules."""

from __future__ import annotations

from typing import Any

import pytest

from secure_liaison.identity.contents import AccreditationScope
from secure_liaison.labels.agreement import Ceiling
from secure_liaison.labels.agreement_terms import Terms
from secure_liaison.monitor import rules
from secure_liaison.workflows import enrolment, registry
from tests.attacks.world import SENDER, VICTIM, Scene

JIMI = (Ceiling(policy="cn.state-secrets", level="jimi"),)
MIMI = (Ceiling(policy="cn.state-secrets", level="mimi"),)


def agree(scene: Scene, **terms: Any) -> None:
    """Let both agencies sign a newer agreement, and let both desks have the books."""
    scene.clock.advance(60)  # of two agreements the one that began last counts
    a, b = scene.registry("EMB-A"), scene.registry("EMB-B")
    proposed = registry.propose_agreement(
        a,
        scene.keys("EMB-B").anchor,
        scene.keys("EMB-A").registrars[:1],
        name="agr:newer",
        terms=Terms(**{"ceilings": JIMI, **terms}),
    )
    signed = registry.countersign(b, proposed, scene.keys("EMB-B").registrars[:1])
    for each in (a, b):
        registry.adopt_agreement(each, signed)
    publish(scene)


def publish(scene: Scene) -> None:
    for code in ("EMB-A", "EMB-B"):
        made = scene.publish(code)
        for login in (SENDER, VICTIM):
            enrolment.import_book(scene.desk(login), made.book)


def accredit(
    scene: Scene,
    code: str,
    level: str,
    *,
    scope: AccreditationScope = AccreditationScope.DEPLOYMENT,
    target: str = "",
    days: int = registry.YEAR_DAYS,
) -> None:
    registry.accredit(
        scene.registry(code),
        scene.keys(code).registrars[:1],
        level=level,
        granted_by="State Authority",
        basis="No. 12/2026",
        scope=scope,
        target=target,
        days=days,
    )


def unasked(monkeypatch: pytest.MonkeyPatch, name: str, *removed: object) -> None:
    """Take rules out of the gate: of sealing (the attacker's desk), or of reading (the defence)."""
    now = getattr(rules, name)
    kept = now._replace(
        about_object=tuple(each for each in now.about_object if each not in removed),
        about_person=tuple(each for each in now.about_person if each not in removed),
    )
    monkeypatch.setattr(rules, name, kept)
