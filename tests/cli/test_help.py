"""Help: every command and parameter is explained in both languages, and no line is too wide."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from rich.cells import cell_len

from secure_liaison.cli.app import app
from secure_liaison.cli.localise import help_key, language_of, localise, wants_json
from secure_liaison.i18n import Language, catalogue
from tests.cli.running import run

WIDEST = 80


def commands(language: Language) -> Iterator[Any]:
    """Every command and group, with its texts."""
    program = typer.main.get_command(app)
    localise(program, language)
    waiting: list[Any] = [program]
    while waiting:
        command = waiting.pop()
        yield command
        waiting += getattr(command, "commands", {}).values()


PATHS = sorted(command.path for command in commands(Language.EN))


@pytest.mark.parametrize("language", Language)
def test_every_command_has_its_texts(language: Language) -> None:
    texts = catalogue(language)
    missing = [
        help_key(kind, command.path)
        for command in commands(language)
        for kind in ("help", *(() if hasattr(command, "commands") else ("example",)))
        if help_key(kind, command.path) not in texts
    ]
    assert missing == []


@pytest.mark.parametrize("language", Language)
def test_every_parameter_has_its_text(language: Language) -> None:
    silent = [
        (command.path, parameter.name)
        for command in commands(language)
        for parameter in command.params
        if not parameter.help
    ]
    assert silent == []


def test_every_text_of_a_command_belongs_to_one() -> None:
    known = {help_key(kind, path) for path in PATHS for kind in ("help", "example")}
    orphans = [
        key
        for key in catalogue(Language.EN)
        if key.startswith(("cli.help.", "cli.example.")) and key not in known
    ]
    assert orphans == []


def test_every_text_of_a_parameter_belongs_to_one() -> None:
    known = {"cli.param.help"}
    for command in commands(Language.EN):
        for parameter in command.params:
            known |= {f"cli.param.{parameter.name}"}
            known |= {".".join(("cli.param", *command.path, parameter.name))}
    orphans = [key for key in catalogue(Language.EN) if key.startswith("cli.param.")]
    assert [key for key in orphans if key not in known] == []


@pytest.mark.parametrize("path", PATHS, ids=".".join)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_fits_the_terminal_and_shows_an_example(
    path: tuple[str, ...], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDEST))
    page = run(*path, "--help", "--lang", language)
    assert 0 == page.code
    assert "" == page.err
    wide = [
        line
        for line in page.out.splitlines()
        if cell_len(line) > WIDEST and not line.lstrip().startswith(("liaison ", "--"))
    ]
    assert wide == []
    if catalogue(Language(language)).get(help_key("example", path)):
        assert " ".join(("  liaison", *path)) in page.out


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_every_command_takes_json_and_language(path: tuple[str, ...]) -> None:
    options = {
        name
        for command in commands(Language.EN)
        if command.path == path
        for parameter in command.params
        for name in parameter.opts
    }
    assert {"--json", "--lang"} <= options


def test_no_passphrase_is_an_argument() -> None:
    taking = {
        name
        for command in commands(Language.EN)
        for parameter in command.params
        for name in parameter.opts
        if "passphrase" in name and not name.endswith(("-file", "-fd"))
    }
    assert taking == set()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--lang", "zh", "inbox"], Language.ZH),
        (["inbox", "--lang=zh"], Language.ZH),
        (["inbox", "--lang", "fr"], Language.EN),
        (["inbox", "--lang"], Language.EN),
        (["inbox", "--", "--lang", "zh"], Language.EN),
        (["inbox"], Language.EN),
    ],
)
def test_the_language_is_known_before_parsing(arguments: list[str], expected: Language) -> None:
    assert expected is language_of(arguments, {"LANG": "en_GB.UTF-8"})


def test_the_locale_chooses_where_nobody_else_does() -> None:
    assert Language.ZH is language_of(["inbox"], {"LANG": "zh_CN.UTF-8"})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["inbox", "--json"], True), (["inbox"], False), (["inbox", "--", "--json"], False)],
)
def test_json_is_known_before_parsing(arguments: list[str], *, expected: bool) -> None:
    assert expected is wants_json(arguments)


def test_an_unknown_language_is_refused_by_the_parser() -> None:
    ran = run("inbox", "--lang", "fr")
    assert 2 == ran.code
    assert "the value of --lang cannot be used" in ran.err


def test_help_loads_neither_a_desk_nor_the_network() -> None:
    code = (
        "import sys; sys.argv = ['liaison', '--help']\n"
        "from secure_liaison.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'httpx2', 'sqlcipher3', 'secure_liaison.office', 'secure_liaison.relay.http'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "[]\n" == done.stderr
