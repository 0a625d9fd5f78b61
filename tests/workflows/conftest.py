"""The world of the attacks, without an attacker; after each test every decision has its effect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.attacks.world import Scene, Template
from tests.workflows.desks import assert_settled, open_desks


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("world"))


@pytest.fixture
def scene(template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    folder = tmp_path / "scene"
    folder.mkdir()
    with ExitStack() as opened:
        made = Scene(template, folder, monkeypatch, opened)
        yield made
        for desk in open_desks(made):
            assert_settled(desk)
