"""The guide "Label files" is done from its first line to its last."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.running import run

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "labels.md"
BLOCK = re.compile(
    r"^```(?:\{code-block\} \w+\n:caption: (\S+)\n|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
COMMANDS = 5


def test_the_guide_is_true_from_beginning_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = 0
    for name, block in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if name:
            Path(name).write_text(block, encoding="utf-8")
            continue
        command, _, shown = block.replace("\\\n", "").partition("\n")
        told = run(*shlex.split(command)[2:], "--lang", "en")
        assert told.out + told.err == shown
        assert told.code == (4 if shown.startswith("liaison:") else 0)
        ran += 1
    assert ran > COMMANDS
