"""The world is built once; every test gets its own copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.attacks.world import Scene, Template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("world"))


@pytest.fixture
def scene(template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    folder = tmp_path / "scene"
    folder.mkdir()
    with ExitStack() as opened:
        yield Scene(template, folder, monkeypatch, opened)
