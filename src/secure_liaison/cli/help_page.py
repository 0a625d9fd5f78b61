"""The page that ``--help`` shows, in one language, and the commands that carry their texts.

Rules:

- Chinese characters are two columns wide and break anywhere; lines never run over the terminal.
- The program's own group loads a command's module only when that command is used.

Source: docs/reference/commands.md.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import typer
from rich.cells import cell_len
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

from secure_liaison import i18n
from secure_liaison.cli.localise import UsageProblem, help_key, localise
from secure_liaison.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter

__all__ = ["HelpCommand", "HelpGroup", "LazyGroup"]

_WIDE: Final = "\u2e80-\u9fff\uff00-\uffef\u3000-\u303f"
_TOKEN: Final = re.compile(rf"[(《“[［]*[{_WIDE}][,。;:、!?)》”］]*|[^\s{_WIDE}]+|[^\S\n]+")
_WIDEST_NAME: Final = 30
_EXPLAINED: Final = "help"


class HelpCommand(TyperCommand):
    """A command whose texts come from the catalogues.

    Attributes:
        language: Of its page.
        path: Names from the program down to it.
        explained: What it does; its help holds the example too, for whoever asks the parser.
    """

    language = Language.EN
    path: tuple[str, ...] = ()
    explained = ""

    @override
    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        formatter.write(_page(self, ctx, formatter.width))

    @override
    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        with _told_where(ctx):
            return super().parse_args(ctx, args)

    @override
    def invoke(self, ctx: Context) -> Any:
        with _told_where(ctx):
            return super().invoke(ctx)


class HelpGroup(TyperGroup):
    """A group whose texts come from the catalogues; an unknown command is told in its language.

    Attributes:
        language: Of its page.
        path: Names from the program down to it.
        explained: What it does; its help holds the example too, for whoever asks the parser.
    """

    language = Language.EN
    path: tuple[str, ...] = ()
    explained = ""

    @override
    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        formatter.write(_page(self, ctx, formatter.width))

    @override
    def invoke(self, ctx: Context) -> Any:
        # The parser keeps the command's name apart from what follows it.
        if not (getattr(ctx, "_protected_args", None) or ctx.args):
            with _told_where(ctx):
                raise UsageProblem("cli.usage.no-command")
        return super().invoke(ctx)

    @override
    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        if args[0] not in self.commands:
            raise UsageProblem("cli.usage.no-such-command", name=args[0])
        return super().resolve_command(ctx, args)

    def localise_below(self) -> None:
        """Give every command of the group its texts."""
        for name, command in self.commands.items():
            localise(command, self.language, (*self.path, name))


class LazyGroup(HelpGroup):
    """The program: knows the names of its commands and loads one when it is asked for.

    Attributes:
        modules: Which module of this package holds a command.
    """

    modules: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **attributes: Any) -> None:
        """Take the commands from `modules`; nothing is loaded yet."""
        super().__init__(**attributes)
        self.commands = _Later(self)
        localise(self, Language.EN)

    @override
    def localise_below(self) -> None:
        """Do nothing: a command gets its texts when it is loaded."""


class _Later(MutableMapping[str, "Command"]):
    """Commands by name, each loaded when first looked at."""

    def __init__(self, group: LazyGroup) -> None:
        self._group = group
        self._loaded: dict[str, Command] = {}

    @override
    def __getitem__(self, name: str) -> Command:
        module = importlib.import_module(f"{__package__}.{self._group.modules[name]}")
        if name not in self._loaded:
            self._loaded |= typer.main.get_group(module.commands).commands
        localise(self._loaded[name], self._group.language, (name,))
        return self._loaded[name]

    @override
    def __setitem__(self, name: str, command: Command) -> None:
        self._loaded[name] = command

    @override
    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._group.modules)

    @override
    def __len__(self) -> int:
        return len(self._group.modules)

    @override
    def __contains__(self, name: object) -> bool:
        return name in self._group.modules


@contextmanager
def _told_where(ctx: Context) -> Iterator[None]:
    """Let a problem of usage know the command, so that its hint names the right page."""
    try:
        yield
    except typer.TyperException as problem:
        if getattr(problem, "ctx", None) is None:
            problem.ctx = ctx  # type: ignore[attr-defined]  # the parser's own attribute
        raise


def _page(command: HelpCommand | HelpGroup, ctx: Context, width: int) -> str:
    def told(name: str) -> str:
        return i18n.text(f"cli.page.{name}", command.language)

    shown = [each for each in command.get_params(ctx) if not getattr(each, "hidden", False)]
    arguments = [each for each in shown if each.param_type_name == "argument"]
    options = [each for each in shown if each.param_type_name == "option"]
    usage = " ".join((told("options-place"), *(_argument(each) for each in arguments)))
    below = command.commands if isinstance(command, HelpGroup) else {}
    if below:
        usage += f" {told('command-place')}"
    line = f"{ctx.command_path} {usage}"
    parts = [i18n.text("cli.page.usage", command.language, line=line), ""]
    parts += [_wrapped(line, width, "  ") for line in command.explained.split("\n")]
    parts += _table(told("arguments"), [_row(each, command) for each in arguments], width)
    parts += _table(told("options"), [_row(each, command) for each in options], width)
    parts += _table(told("commands"), [(n, _short(command, n)) for n in below], width)
    if command.epilog:
        examples = (f"  {line}" for line in command.epilog.split("\n"))
        parts += ["", told("example"), *examples]
    return "\n".join(parts) + "\n"


def _short(group: HelpCommand | HelpGroup, name: str) -> str:
    return i18n.text(help_key(_EXPLAINED, (*group.path, name)), group.language).partition("\n")[0]


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    shown = name if parameter.required else f"[{name}]"
    return f"{shown}…" if parameter.nargs != 1 else str(shown)


def _row(parameter: Any, command: HelpCommand | HelpGroup) -> tuple[str, str]:
    language = command.language
    if parameter.param_type_name == "argument":
        name = str(parameter.metavar or parameter.name.upper())
    else:
        name = ", ".join((*parameter.opts, *parameter.secondary_opts))
        if not parameter.is_flag:
            name += f" {parameter.metavar or parameter.name.upper()}"
    if parameter.name == _EXPLAINED:
        return name, i18n.text("cli.param.help", language)
    notes = []
    if parameter.required:
        notes.append(i18n.text("cli.page.required", language))
    if parameter.envvar:
        notes.append(f"${parameter.envvar}")
    if parameter.default not in {None, False, ""} and not isinstance(parameter.default, Path):
        value = getattr(parameter.default, "value", parameter.default)
        notes.append(i18n.text("cli.page.default", language, value=value))
    if getattr(parameter, "multiple", False):
        notes.append(i18n.text("cli.page.repeatable", language))
    if not notes:
        return name, str(parameter.help)
    together = i18n.text("cli.page.and", language).join(notes)
    return name, f"{parameter.help}{i18n.text('cli.page.notes', language, notes=together)}"


def _table(title: str, rows: list[tuple[str, str]], width: int) -> list[str]:
    if not rows:
        return []
    column = min(max(cell_len(name) for name, _ in rows), _WIDEST_NAME) + 4
    lines = ["", title]
    for name, explained in rows:
        told = _wrapped(explained, width, " " * column)
        if cell_len(name) + 4 > column:
            lines += [f"  {name}", told]
        else:
            padding = " " * (column - 2 - cell_len(name))
            lines.append(f"  {name}{padding}{told.lstrip()}")
    return lines


def _wrapped(line: str, width: int, indent: str) -> str:
    lines, current = [], ""
    for token in _TOKEN.findall(line):
        if current and cell_len(indent + current + token.rstrip()) > width:
            lines.append(indent + current.rstrip())
            current = ""
        current += token if current else token.lstrip()
    return "\n".join([*lines, indent + current.rstrip()]).rstrip()
