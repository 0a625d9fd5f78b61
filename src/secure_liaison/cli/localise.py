"""The language of the command line: its help, its parameters, what was used wrongly.

Rules:

- The language is chosen before anything is parsed, from ``--lang``, otherwise from the locale.
- Texts stand in the catalogues: ``cli.help.<path>``, ``cli.example.<path>``, and for a parameter
  ``cli.param.<path>.<name>`` or, where it means the same everywhere, ``cli.param.<name>``.
- A command or parameter without its text is a programmer's mistake and raises ``KeyError``.

Source: docs/reference/i18n.md; docs/reference/commands.md.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import typer

from secure_liaison import i18n
from secure_liaison.cli.surface import Exit
from secure_liaison.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secure_liaison.cli.surface import Surface

__all__ = ["UsageProblem", "explain_usage", "help_key", "language_of", "localise", "wants_json"]

ROOT: Final = "liaison"
_END: Final = "--"
_KINDS: Final = {
    "BadArgumentUsage": "value",
    "BadOptionUsage": "option-value",
    "BadParameter": "value",
    "MissingParameter": "missing",
    "NoArgsIsHelpError": "help",
    "NoSuchOption": "no-such-option",
}
"""Classes that the parser raises; it keeps them private, so their names have to do."""


class UsageProblem(typer.BadParameter):
    """Something used wrongly that only a command can see.

    Args:
        key: Catalogue key, ``cli.usage.<reason>``.
        values: For the sentence.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def language_of(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Language:
    """Choose the language before anything is parsed; an unknown wish is refused by the parser."""
    known = {each.value for each in Language}
    wish = None
    for position, argument in enumerate(_before_end(arguments)):
        if argument.startswith("--lang="):
            wish = argument.removeprefix("--lang=")
        elif argument == "--lang" and position + 1 < len(arguments):
            wish = arguments[position + 1]
    return i18n.choose_language(wish if wish in known else None, environ)


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the result shall be JSON; known before parsing, for problems of usage too."""
    return "--json" in _before_end(arguments)


def help_key(kind: str, path: tuple[str, ...]) -> str:
    """Return the catalogue key of a command's text: ``cli.help.audit.list``."""
    return ".".join(("cli", kind, *(path or (ROOT,))))


def localise(command: Any, language: Language, path: tuple[str, ...] = ()) -> None:
    """Give a command, its parameters and all commands below their texts.

    Args:
        command: A command or group made by typer.
        language: Of the texts.
        path: Names from the program down to the command, without the program.

    Raises:
        KeyError: a text is missing.
    """
    command.language, command.path = language, path
    command.help = command.explained = i18n.text(help_key("help", path), language)
    command.short_help = command.help.partition("\n")[0]
    if getattr(command, "commands", None) is None:
        command.epilog = i18n.text(help_key("example", path), language)
        command.help += f"\n\n{i18n.text('cli.page.example', language)}\n{command.epilog}"
    texts = i18n.catalogue(language)
    for parameter in command.params:
        own = ".".join(("cli.param", *path, parameter.name))
        parameter.help = texts[own] if own in texts else texts[f"cli.param.{parameter.name}"]
    if hasattr(command, "localise_below"):
        command.localise_below()


def explain_usage(surface: Surface, problem: typer.TyperException) -> Exit:
    """Say what was used wrongly and how to go on; returns the exit code."""
    context = getattr(problem, "ctx", None)
    kind = _KINDS.get(type(problem).__name__, "other")
    if kind == "help" and context is not None:
        surface.page(context.get_help())
        return Exit.USAGE
    if isinstance(problem, UsageProblem):
        kind = problem.key.rpartition(".")[2]
        cause = surface.text(problem.key, **problem.values)
    else:
        cause = surface.text(f"cli.usage.{kind}", name=_name(problem), said=problem.message)
    where = context.command_path if context is not None else ROOT
    hint = surface.text("cli.usage.hint", command=where)
    surface.explain("usage", kind, cause, hint)
    return Exit.USAGE


def _name(problem: typer.TyperException) -> str:
    option = getattr(problem, "option_name", None)
    if option:
        return str(option)
    parameter = getattr(problem, "param", None)
    if parameter is None:
        return ""
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name.upper())


def _before_end(arguments: Sequence[str]) -> Sequence[str]:
    return arguments[: arguments.index(_END)] if _END in arguments else arguments
