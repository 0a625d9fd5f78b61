"""The guide "Write a policy pack" is done from its first line to its last."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import run

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "policy-pack.md"
BLOCK = re.compile(r"^```(\{code-block\} json|diff|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UNTIL = re.compile(r"valid until \S+")


def edit(path: Path, block: str) -> None:
    """Do in the file what a block of changes shows."""
    gone, come = (line[1:] for line in block.splitlines())
    text = path.read_text(encoding="utf-8")
    assert text.count(gone) == 1
    path.write_text(text.replace(gone, come), encoding="utf-8")


def perform(block: str, names: dict[str, Any]) -> list[str]:
    """Run the command of a block; return the lines that it shows and that did not come."""
    command, _, shown = block.replace("\\\n", "").partition("\n")
    words = shlex.split(command)[2:]
    agency = names["A"]
    extra: list[str | Path] = []
    if words[1] == "sign":
        given = agency.of_signers(2)
        extra = [*agency.of_registry(), *given[2:4], *given[6:8]]
    elif words[1] == "verify":
        extra = agency.of_desk("li.wei")
    ran = run(*words, *extra, "--lang", "en")
    assert ran.code == (1 if "error " in shown else 0)
    came = UNTIL.sub("valid until", ran.out + ran.err).splitlines()
    return [line for line in UNTIL.sub("valid until", shown).splitlines() if line not in came]


def test_the_guide_is_true_from_beginning_to_end(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(names["A"].folder)
    pack = Path("aurelia.json")
    for kind, block in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if kind == "console":
            assert perform(block, names) == []
        elif kind == "diff":
            if '"version"' in block:
                old, pack = pack, Path("aurelia-2027.json")
                pack.write_bytes(old.read_bytes())
            edit(pack, block)
        else:
            pack.write_text(block.partition("\n\n")[2], encoding="utf-8")
    assert pack.name == "aurelia-2027.json"
