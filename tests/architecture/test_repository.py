"""What may not stand in the repository: machine paths, hosts in locks, quiet skips."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

TEXTS = sorted(
    path
    for folder in ("src", "server", "docs", "tests", "benchmarks", "deploy", "requirements")
    for path in (ROOT / folder).rglob("*")
    if path.is_file()
    and path.suffix in {".py", ".md", ".po", ".toml", ".txt", ".sql", ".json", ".yaml", ".yml"}
    and "_build" not in path.parts
)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/[\w.-]+")
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
HOST = re.compile(
    r"://|\b[\w-]+\.(?:org|com|net|io|dev|cn)\b|^\s*--(?!hash=)|(?<![=!<>])@", re.MULTILINE
)
SKIP = re.compile(r"pytest\.(?:skip|importorskip|mark\.(?:skip|xfail))")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b|NotImplementedError")
SELF = Path(__file__).name
# Third-party vectors are not kept here; the tests of them say so when they are absent.
SAYS_WHEN_ABSENT = [
    "tests/crypto/test_signing.py: pytest.skip",
    "tests/labels/test_spif.py: pytest.skip",
]


def test_no_text_names_a_folder_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in TEXTS
        for hit in MACHINE_PATH.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_nothing_is_skipped_or_left_unfinished() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in TEXTS
        if path.suffix == ".py" and path.name != SELF
        for pattern in (SKIP, UNFINISHED)
        for hit in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert sorted(found) == SAYS_WHEN_ABSENT


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_host_and_no_option(lock: Path) -> None:
    assert HOST.search(lock.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_version_is_exact_and_hashed(lock: Path) -> None:
    text = re.sub(r"\\\n", " ", lock.read_text(encoding="utf-8"))
    entries = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(entries) > 20
    loose = [line[:60] for line in entries if "==" not in line or "--hash=sha256:" not in line]
    assert loose == []


def locked(lock: Path) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


def test_tests_run_with_the_versions_that_are_delivered() -> None:
    run, test = (locked(ROOT / "requirements" / name) for name in ("run.txt", "test.txt"))
    assert [name for name in run if run[name] != test.get(name)] == []


def test_vectors_are_those_of_the_library() -> None:
    test = locked(ROOT / "requirements" / "test.txt")
    assert test["cryptography"] == test["cryptography-vectors"]


def test_every_dependency_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["relay"]]
    names = {re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0].lower() for line in wanted}
    assert names - locked(ROOT / "requirements" / "run.txt").keys() == set()


def test_continuous_integration_runs_the_test_command() -> None:
    run = ROOT / ".ci" / "run"
    assert run.read_text(encoding="utf-8").rstrip().endswith("exec make test")
    assert run.stat().st_mode & 0o111


def test_hooks_run_tools_of_this_repository_only() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"repo: (\S+)", hooks) == ["local"]
