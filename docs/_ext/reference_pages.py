"""The reference pages, written from the program itself at each build.

Rules:

- A page holds ``<!-- generated: NAME -->`` where the text of `GENERATORS` belongs.
- What the program cannot say (an error or an event without a sentence) stops the build.
"""

from __future__ import annotations

import importlib
import inspect
import re
from typing import TYPE_CHECKING, Final

import typer
from typer.main import get_command

from secure_liaison import errors
from secure_liaison.errors import LiaisonError
from secure_liaison.i18n import Language, catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sphinx.application import Sphinx

__all__ = ["GENERATORS", "commands", "setup"]

_PLACE: Final = re.compile(r"<!-- generated: ([a-z]+) -->")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [_row(*head), _row(*("---" for _ in head)), *(_row(*cells) for cells in rows)]
    return "\n".join(lines)


def _error_classes(root: type[LiaisonError] = LiaisonError) -> Iterator[type[LiaisonError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _error_classes(child)


def _first_line(documented: object) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def error_pages() -> str:
    """Every class with its reasons, sentences and next steps, in both languages."""
    zh, en = catalogue(Language.ZH), catalogue(Language.EN)
    parts = []
    for found in _error_classes():
        prefix = f"error.{found.code}."
        reasons = sorted(
            key.removeprefix(prefix)
            for key in en
            if key.startswith(prefix) and "." not in key.removeprefix(prefix)
        )
        parts += [
            f"### `{found.code}`",
            f"{found.__name__}: {_first_line(found)}",
            f"Next step: {en[f'hint.{found.code}']}\n{zh[f'hint.{found.code}']}",
        ]
        if reasons:
            rows = [(f"`{reason}`", en[prefix + reason], zh[prefix + reason]) for reason in reasons]
            parts.append(_table(("Reason", "English", "中文"), rows))
    return "\n\n".join(parts)


def refusal_pages() -> str:
    """Every code with which the gate can refuse, in both languages."""
    zh, en = catalogue(Language.ZH), catalogue(Language.EN)
    keys = sorted(key for key in en if key.startswith("refusal."))
    rows = [(f"`{key.removeprefix('refusal.')}`", en[key], zh[key]) for key in keys]
    return _table(("Code", "English", "中文"), rows)


def event_pages() -> str:
    """The closed catalogue of events, in both languages."""
    events = importlib.import_module("secure_liaison.audit.events")
    zh, en = catalogue(Language.ZH), catalogue(Language.EN)
    rows = [
        (f"`{event.value}`", en[f"event.{event.value}"], zh[f"event.{event.value}"])
        for event in events.EventType
    ]
    return _table(("Event", "English", "中文"), rows)


def api_pages() -> str:
    """The public names of the library."""
    library = importlib.import_module("secure_liaison")
    parts = []
    for name in sorted(library.__all__):
        public = getattr(library, name)
        signature = ""
        if inspect.isclass(public) or inspect.isfunction(public):
            signature = _signature(public)
        parts += [f"## `{name}`", f"```python\n{name}{signature}\n```"]
        parts.append(f"```text\n{inspect.getdoc(public) or ''}\n```")
    return "\n\n".join(parts)


def _signature(public: Callable[..., object]) -> str:
    try:
        text = str(inspect.signature(public))
    except ValueError:  # enumerations and exceptions of the interpreter tell none
        return ""
    return re.sub(r" at 0x[0-9a-f]+", "", text).replace("'", "")


def commands(module_name: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the help text and the options of each command of one program."""
    module = importlib.import_module(module_name)
    apps = [found for found in vars(module).values() if isinstance(found, typer.Typer)]
    if not apps:
        msg = f"{module_name} holds no typer application"
        raise LookupError(msg)
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    _walk(get_command(apps[0]), (), found)
    return found


def _walk(
    command: object, path: tuple[str, ...], found: dict[str, tuple[str, tuple[str, ...]]]
) -> None:
    below = getattr(command, "commands", None)
    if below is not None:
        for name, child in below.items():
            _walk(child, (*path, name), found)
        return
    options = tuple(
        " ".join(getattr(option, "opts", ())) if option.opts[0].startswith("-") else option.name
        for option in getattr(command, "params", ())
        if not getattr(option, "hidden", False)
    )
    found[" ".join(path)] = (str(getattr(command, "help", "") or ""), options)


def command_pages() -> str:
    """Every command of both programs, with its help."""
    parts = []
    for program, module in (
        ("liaison", "secure_liaison.cli.app"),
        ("liaison-relay", "liaison_relay.app"),
    ):
        for name, (help_text, options) in sorted(commands(module).items()):
            parts += [
                f"## `{program} {name}`".replace(" `", " `", 1),
                f"```text\n{help_text.strip()}\n```",
            ]
            if options:
                parts.append("Takes: " + ", ".join(f"`{option}`" for option in options) + ".")
    return "\n\n".join(parts)


def finding_pages() -> str:
    """Every finding of the lint, in both languages."""
    finding = importlib.import_module("secure_liaison.labels.finding")
    zh, en = catalogue(Language.ZH), catalogue(Language.EN)
    rows = [
        (
            f"`{code.value}`",
            code.severity.value,
            *(
                f"{each[f'lint.{code.value}']} {each[f'lint-hint.{code.value}']}"
                for each in (en, zh)
            ),
        )
        for code in finding.FindingCode
    ]
    return _table(("Finding", "Severity", "English", "中文"), rows)


GENERATORS: Final[dict[str, Callable[[], str]]] = {
    "api": api_pages,
    "commands": command_pages,
    "errors": error_pages,
    "events": event_pages,
    "findings": finding_pages,
    "refusals": refusal_pages,
}


def _fill(_app: Sphinx, _docname: str, content: list[str]) -> None:
    content[0] = _PLACE.sub(lambda place: GENERATORS[place.group(1)](), content[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension with Sphinx."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
