"""Transcripts: what commands say and how they end, in both languages, as data a reader can check.

A file of ``transcripts/`` is one story on a fresh copy of the stage (`tests.cli.stage`). Its steps
run in order. In ``run``: ``{tmp}`` is a folder of the story, ``{samples}`` holds policy packs,
``{A.anchor}`` and the like are of an agency, ``@A:li.wei`` are the options that open a desk, ``@A``
a registry, ``@A!2`` a registry with two registrars' keys. ``zh`` and ``en`` list patterns that must
be found: ``out`` in the output, ``err`` in the talk; ``json`` gives values of the JSON
document by their dotted paths. ``keep`` gives a name to the id with which the output begins.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.vault.folder import FolderLock
from secure_liaison.vault.slots import LOCK_FILE
from tests.cli.running import Ran, run
from tests.cli.stage import Agency

STORIES = sorted((Path(__file__).parent / "transcripts").glob("*.toml"))


def opened(word: str, names: dict[str, Any]) -> list[str]:
    """Undo the short forms of a command line: ``@A:li.wei``, ``@A``, ``@A!2``."""
    form = re.fullmatch(r"@([AB])(?::([\w.]+)|!(\d))?", word)
    if form is None:
        return [word.format(**names)]
    agency: Agency = names[form[1]]
    if form[2]:
        return [str(each) for each in agency.of_desk(form[2])]
    signers = agency.of_signers(int(form[3])) if form[3] else []
    return [str(each) for each in (*agency.of_registry(), *signers)]


def prepare(step: dict[str, Any], names: dict[str, Any]) -> Iterator[FolderLock]:
    """Write the files of a step; hold the vault that another process shall hold."""
    for each in step.get("write", []):
        path = Path(each["path"].format(**names))
        path.write_bytes(each.get("text", "").encode() or bytes.fromhex(each.get("hex", "")))
        path.chmod(int(each.get("mode", "600"), 8))
    if "held" in step:
        yield FolderLock(Path(step["held"].format(**names)) / LOCK_FILE)


def perform(step: dict[str, Any], names: dict[str, Any], *extra: str) -> Ran:
    """Run one step."""
    words = [each for word in shlex.split(step["run"]) for each in opened(word, names)]
    with ExitStack() as held:
        for lock in prepare(step, names):
            held.callback(lock.release)
        return run(*words, *extra, stdin=step.get("stdin", "").encode())


def wrong_values(ran: Ran, expected: dict[str, Any]) -> list[str]:
    """Compare values of the document by their dotted paths."""
    wrong = []
    for path, value in expected.items():
        told: Any = ran.data
        for name in path.split("."):
            told = told[int(name) if name.isdigit() else name]
        if told != value:
            wrong.append(f"{path} is {told!r}, not {value!r}")
    return wrong


def wrong_sentences(ran: Ran, expected: dict[str, list[str]], names: dict[str, Any]) -> list[str]:
    """Return the patterns that were not found."""
    return [
        f"{place} lacks {pattern!r}"
        for place, text in (("out", ran.out), ("err", ran.err))
        for pattern in expected.get(place, [])
        if not re.search(pattern.format_map(Escaped(names)), text, re.MULTILINE)
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_a_transcript_is_what_the_program_says(
    story: Path, language: str, names: dict[str, Any]
) -> None:
    for step in tomllib.loads(story.read_text(encoding="utf-8"))["step"]:
        as_json = ["--json"] if "json" in step else []
        ran = perform(step, names, *as_json, "--lang", language)
        wrong = wrong_sentences(ran, step.get(language, {}), names)
        if as_json:
            wrong += wrong_values(ran, step["json"])
        if ran.code != step.get("code", 0):
            wrong.append(f"it ended with {ran.code}")
        if "keep" in step:
            names[step["keep"]] = ran.out[:8]
        if wrong:
            pytest.fail("\n".join([step["run"], *wrong, ran.out, ran.err]), pytrace=False)


class Escaped(dict[str, Any]):
    """Names in a pattern stand for themselves; everything else in braces is the pattern's."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def test_every_command_line_of_the_transcripts_names_a_hint_after_a_failure() -> None:
    """A failure that does not say what to do next is not finished."""
    silent = [
        (story.stem, step["run"])
        for story in STORIES
        for step in tomllib.loads(story.read_text(encoding="utf-8"))["step"]
        if step.get("code", 0) and "json" not in step
        for language in ("zh", "en")
        if len(step.get(language, {}).get("err", [])) < 2
    ]
    assert silent == []
