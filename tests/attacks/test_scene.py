"""The scene itself: without an attack everything arrives and opens."""

from __future__ import annotations

from tests.attacks.world import INSIDER, VICTIM, Scene, assert_genuine_opens


def test_without_an_attack_a_bulletin_arrives_and_opens(scene: Scene) -> None:
    digest = scene.send(to=(VICTIM, INSIDER))
    assert_genuine_opens(scene, VICTIM, digest)
    assert_genuine_opens(scene, INSIDER, digest)
