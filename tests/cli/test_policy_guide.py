"""The guide "Write a policy pack" is done from its first line to its last."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.clock import SystemClock
from tests.cli.running import run
from tests.cli.stage import Agency
from tests.simulator import Simulator

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "policy-pack.md"
BLOCK = re.compile(r"^```(\{code-block\} json|diff|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHANGES = re.compile(r"20\d\d-\d\d-\d\d$|\b[0-9a-f]{8}\b")
"""What differs from run to run: the last day of a signature, and ids."""
CODES = {"error ": 1, "LABEL_INVALID": 3, "CLEARANCE_MISSING": 3, "another agency": 4}
"""What a block shows of a failure, and how the command ends."""


def edit(path: Path, block: str) -> None:
    """Do in the file what a block of changes shows."""
    gone, come = (line[1:] for line in block.splitlines())
    text = path.read_text(encoding="utf-8")
    assert text.count(gone) == 1
    path.write_text(text.replace(gone, come), encoding="utf-8")


def taken_out(words: list[str], option: str) -> Iterator[str]:
    """Take an option out of a command line, and give its values."""
    while option in words:
        place = words.index(option)
        yield words[place + 1]
        del words[place : place + 2]


def opened(words: list[str], agencies: dict[str, Agency]) -> list[str | Path]:
    """Return the options that open what the guide names by folder, login and key."""
    extra: list[str | Path] = []
    for folder in taken_out(words, "--registry"):
        extra += agencies[folder].of_registry()
    keys = list(taken_out(words, "--registrar-key"))
    if keys:
        extra += agencies[keys[0].partition("/")[0]].of_signers(len(keys))
    for login in taken_out(words, "--home"):
        (home,) = [each for each in agencies.values() if login in each.desks]
        extra += home.of_desk(login)
    if "propose" in words:
        extra += ["--digits", agencies["emb-b"].digits]
    return extra


def perform(block: str, agencies: dict[str, Agency], ids: list[str]) -> list[str]:
    """Run the command of a block; return the lines that it shows and that did not come."""
    command, _, shown = block.replace("\\\n", "").partition("\n")
    words = shlex.split(command)[2:]
    extra = opened(words, agencies)
    if words[0] == "read":
        words[1] = ids[-1]
    ran = run(*words, *extra, "--lang", "en")
    assert ran.code == next((CODES[each] for each in CODES if each in shown), 0), ran.out + ran.err
    if words[0] == "send" and not ran.code:
        ids.append(ran.out[:8])
    came = [CHANGES.sub("…", line) for line in (ran.out + ran.err).splitlines()]
    return [line for line in shown.splitlines() if CHANGES.sub("…", line) not in came]


def test_the_guide_is_true_from_beginning_to_end(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(names["tmp"])
    Simulator(SystemClock()).attach(monkeypatch)
    agencies: dict[str, Agency] = {"emb-a": names["A"], "emb-b": names["B"]}
    shutil.copy(names["B"].anchor, "emb-b.anchor")
    pack, ids = Path("aurelia.json"), list[str]()
    for kind, block in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if kind == "console":
            assert perform(block, agencies, ids) == []
        elif kind == "diff":
            if '"version"' in block:
                old, pack = pack, Path("aurelia-2027.json")
                pack.write_bytes(old.read_bytes())
            edit(pack, block)
        else:
            pack.write_text(block.partition("\n\n")[2], encoding="utf-8")
    assert pack.name == "aurelia-2027.json"
    assert 1 == len(ids)
