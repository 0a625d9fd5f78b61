"""The demonstration's world: everything through the same functions, everything closed again."""

from __future__ import annotations

from pathlib import Path

import pytest

from secure_liaison.cli import demo_world
from secure_liaison.cli.demo_world import World
from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.office import Office, open_office
from secure_liaison.workflows import registry


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the passphrases cost nothing."""
    monkeypatch.setattr(demo_world, "_COST", TEST_COST)


def test_two_agencies_and_five_officers_of_one_exercise(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with World(tmp_path, progress=lambda *step: told.append(step)) as world:
        assert ["EMB-A", "EMB-B"] == list(world.agencies)
        assert [(done, 5) for done in range(1, 6)] == told
        desks = [world.desk(login) for login in ("li.wei", "j.okafor", "m.rossi", "s.lind")]
        assert {True} == {desk.exercise for desk in desks}
        assert {world.charter.realm} == {desk.realm for desk in desks}
    assert all(desk.vault._closed for desk in desks)


def test_both_registries_hold_the_agreement(tmp_path: Path) -> None:
    with World(tmp_path, progress=lambda *_: None) as world:
        world.agree()
        for agency in world.agencies.values():
            published = agency.publish("http://127.0.0.1:1")
            assert b"agr:exercise-demo" in published.book
            assert published == registry.book(agency.registry)


def test_a_world_that_cannot_be_finished_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Office] = []

    def open_two(home: Path, passphrase: str) -> Office:
        if len(opened) == 2:
            raise KeyboardInterrupt
        opened.append(open_office(home, passphrase))
        return opened[-1]

    monkeypatch.setattr(demo_world, "open_office", open_two)
    with pytest.raises(KeyboardInterrupt):
        World(tmp_path, progress=lambda *_: None)
    assert [True, True] == [desk.vault._closed for desk in opened]
