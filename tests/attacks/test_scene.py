"""The scene itself: without an attack everything arrives and opens."""

from __future__ import annotations

import re
from pathlib import Path

from tests.attacks.world import INSIDER, VICTIM, Scene, assert_genuine_opens


def test_without_an_attack_a_bulletin_arrives_and_opens(scene: Scene) -> None:
    digest = scene.send(to=(VICTIM, INSIDER))
    assert_genuine_opens(scene, VICTIM, digest)
    assert_genuine_opens(scene, INSIDER, digest)


def test_every_attack_stands_on_the_page_and_the_page_names_no_other() -> None:
    here = Path(__file__)
    page = here.parents[2] / "docs" / "concepts" / "attacks.md"
    named = set(re.findall(r"`(test_[a-z_]+\.py)`", page.read_text(encoding="utf-8")))
    assert named == {path.name for path in here.parent.glob("test_*.py")} - {here.name}
