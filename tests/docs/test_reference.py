"""Every public name, command, error and event is documented, in words and not only by name."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import secure_liaison
from docs._ext.reference_pages import GENERATORS, commands
from secure_liaison import errors
from secure_liaison.audit.events import EventType
from secure_liaison.errors import LiaisonError
from secure_liaison.i18n import Language, catalogue
from secure_liaison.labels.finding import FindingCode

DOCS = Path(__file__).resolve().parents[2] / "docs"
PROGRAMS = {"liaison": "secure_liaison.cli.app", "liaison-relay": "liaison_relay.app"}
OFFICER = ("enrol", "trust", "send", "collect", "inbox", "read", "acknowledge", "sent")
WHOLE_JOB = (
    *OFFICER,
    "init",
    "book export",
    "book import",
    "audit list",
    "audit show",
    "audit export",
    "audit verify",
    "policy show",
    "policy lint",
    "policy diff",
    "policy sign",
    "policy verify",
    "config show",
    "demo",
)
CLASSES = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, LiaisonError)
]


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_every_generated_text_has_its_place(name: str) -> None:
    places = [
        path
        for path in DOCS.rglob("*.md")
        if f"<!-- generated: {name} -->" in path.read_text(encoding="utf-8")
    ]
    assert len(places) == 1


def test_the_library_has_a_public_surface() -> None:
    assert 0 < len(secure_liaison.__all__) <= 40


def test_every_public_name_exists_and_is_explained() -> None:
    page = GENERATORS["api"]()
    unexplained = [
        name
        for name in secure_liaison.__all__
        if f"## `{name}`" not in page or not (getattr(secure_liaison, name).__doc__ or "").strip()
    ]
    assert unexplained == []


@pytest.mark.parametrize("found", CLASSES, ids=lambda found: found.__name__)
def test_every_class_of_error_is_on_its_page(found: type[LiaisonError]) -> None:
    assert f"### `{found.code}`" in GENERATORS["errors"]()


def test_every_sentence_of_an_error_is_on_its_page() -> None:
    page = GENERATORS["errors"]()
    missing = [
        key
        for key, sentence in catalogue(Language.ZH).items()
        if key.startswith("error.") and sentence.replace("|", "\\|") not in page
    ]
    assert missing == []


@pytest.mark.parametrize("code", FindingCode, ids=lambda code: str(code.value))
def test_every_finding_of_the_lint_is_on_its_page(code: FindingCode) -> None:
    assert f"`{code.value}` | {code.severity.value}" in GENERATORS["findings"]()


@pytest.mark.parametrize("event", EventType, ids=lambda event: str(event.value))
def test_every_event_is_on_its_page(event: EventType) -> None:
    assert f"`{event.value}`" in GENERATORS["events"]()


def test_every_refusal_is_on_its_page() -> None:
    page = GENERATORS["refusals"]()
    keys = [key for key in catalogue(Language.EN) if key.startswith("refusal.")]
    assert keys
    assert [key for key in keys if f"`{key.removeprefix('refusal.')}`" not in page] == []


@pytest.mark.parametrize("name", WHOLE_JOB)
def test_every_step_of_the_job_is_a_command(name: str) -> None:
    assert name in commands(PROGRAMS["liaison"])


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_every_command_is_explained_with_an_example(program: str) -> None:
    silent = [
        name
        for name, (help_text, _) in commands(PROGRAMS[program]).items()
        if f"{program} {name}" not in help_text
    ]
    assert silent == []


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_every_command_is_on_its_page(program: str) -> None:
    page = GENERATORS["commands"]()
    missing = [name for name in commands(PROGRAMS[program]) if f"## `{program} {name}`" not in page]
    assert missing == []


@pytest.mark.parametrize("page", ["guides/officer.md", "zh/officer.md"])
def test_the_officers_page_names_every_command_of_an_officer(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert [name for name in OFFICER if f"liaison {name}" not in text] == []


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.stem)
def test_pages_name_only_commands_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    unknown = []
    for program, module in PROGRAMS.items():
        known = commands(module)
        begun = {" ".join(name.split()[:2]) for name in known}
        for words in re.findall(rf"^\$ {program} ([a-z-]+(?: [a-z-]+)?)", text, re.MULTILINE):
            first = words.split()[0]
            if words not in begun and first not in known:
                unknown.append(f"{program} {words}")
    assert unknown == []


def test_programs_of_the_wheel_can_be_loaded() -> None:
    assert all(callable(importlib.import_module(module).main) for module in PROGRAMS.values())
