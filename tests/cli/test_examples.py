"""Every command line that help and guides show is one that the parser takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from secure_liaison.cli.app import app
from secure_liaison.i18n import Language, catalogue

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = re.compile(r"^\$ (liaison (?:[^\n\\]|\\\n)+)", re.MULTILINE)


def shown() -> list[tuple[str, str]]:
    """Where a command line stands, and the line itself."""
    lines = [
        (path.relative_to(ROOT).as_posix(), line)
        for path in PAGES
        for line in SHOWN.findall(path.read_text(encoding="utf-8"))
    ]
    lines += [
        (f"{language.value} {key}", line)
        for language in Language
        for key, line in catalogue(language).items()
        if key.startswith("cli.example.")
    ]
    return lines


LINES = shown()


@pytest.mark.parametrize(("place", "line"), LINES, ids=[place for place, _ in LINES])
def test_a_command_line_that_is_shown_is_understood(place: str, line: str) -> None:
    command: Any = typer.main.get_command(app)
    words = shlex.split(line.replace("\\\n", " "))[1:]
    while getattr(command, "commands", None) is not None:
        command = command.commands[words.pop(0)]
    assert command.make_context("liaison", words) is not None
