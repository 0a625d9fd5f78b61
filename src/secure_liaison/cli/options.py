"""Options that many commands share, declared once: a command function sees only its own.

Rules:

- A shared option is kept in the run's context, where `secure_liaison.cli.opening` finds it.

Source: docs/reference/commands.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_liaison.cli.help_page import HelpCommand, HelpGroup
from secure_liaison.cli.surface import Surface
from secure_liaison.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DeskCommand",
    "DigitsOption",
    "MarkedCommand",
    "PlainCommand",
    "RegistryCommand",
    "SigningCommand",
    "group",
    "kept",
    "voice",
]

_META: Final = "secure_liaison."

DigitsOption = Annotated[str | None, typer.Option("--digits", metavar="DIGITS")]


def _keep(context: typer.Context, param: typer.CallbackParam, value: Any) -> Any:
    context.meta[f"{_META}{param.name}"] = value
    return value


def _everywhere(
    *,
    as_json: Annotated[bool, typer.Option("--json", expose_value=False)] = False,
    lang: Annotated[
        Language | None, typer.Option("--lang", metavar="zh|en", expose_value=False)
    ] = None,
) -> None:
    """Options that were read before parsing; the parser only has to know them."""


def _desk(
    *,
    home: Annotated[
        Path | None,
        typer.Option(
            "--home", metavar="FOLDER", envvar="LIAISON_HOME", callback=_keep, expose_value=False
        ),
    ] = None,
) -> None:
    """Which desk."""


def _marked(
    *,
    level: Annotated[
        str, typer.Option("--level", metavar="LEVEL", callback=_keep, expose_value=False)
    ] = "",
    mark: Annotated[
        str, typer.Option("--mark", metavar="MARK", callback=_keep, expose_value=False)
    ] = "",
    period: Annotated[
        str, typer.Option("--period", metavar="PERIOD", callback=_keep, expose_value=False)
    ] = "",
    marking: Annotated[
        list[str] | None,
        typer.Option("--marking", metavar="CATEGORY:VALUE", callback=_keep, expose_value=False),
    ] = None,
    pack: Annotated[
        str, typer.Option("--pack", metavar="PACK", callback=_keep, expose_value=False)
    ] = "",
) -> None:
    """Which label something gets."""


def _registry(
    *,
    registry_folder: Annotated[
        Path | None,
        typer.Option(
            "--registry",
            metavar="FOLDER",
            envvar="LIAISON_REGISTRY",
            callback=_keep,
            expose_value=False,
        ),
    ] = None,
) -> None:
    """Which registry."""


def _passphrase(
    *,
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", metavar="FILE", callback=_keep, expose_value=False),
    ] = None,
    passphrase_fd: Annotated[
        int | None, typer.Option("--passphrase-fd", metavar="N", callback=_keep, expose_value=False)
    ] = None,
) -> None:
    """Where the vault's passphrase comes from."""


def _signers(
    *,
    registrar_key: Annotated[
        list[Path],
        typer.Option("--registrar-key", metavar="FILE", callback=_keep, expose_value=False),
    ],
    registrar_passphrase_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--registrar-passphrase-file", metavar="FILE", callback=_keep, expose_value=False
        ),
    ] = None,
) -> None:
    """Whose signature it gets."""


class PlainCommand(HelpCommand):
    """A command with the options that every command has.

    Attributes:
        shared: Functions whose options are added.
    """

    shared: tuple[Callable[..., None], ...] = (_everywhere,)

    def __init__(self, name: str | None, **attributes: Any) -> None:
        """Add the shared options behind the command's own."""
        super().__init__(name, **attributes)
        self.params = [*self.params, *(each for of in self.shared for each in _options(of))]


class DeskCommand(PlainCommand):
    """A command on a desk."""

    shared = (_desk, _passphrase, _everywhere)


class MarkedCommand(PlainCommand):
    """A command on a desk that gives something a label."""

    shared = (_marked, _desk, _passphrase, _everywhere)


class RegistryCommand(PlainCommand):
    """A command on an agency's registry."""

    shared = (_registry, _passphrase, _everywhere)


class SigningCommand(PlainCommand):
    """A command on a registry that registrars sign."""

    shared = (_signers, _registry, _passphrase, _everywhere)


class _Group(HelpGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.params = [*self.params, *_options(_everywhere)]


def group() -> typer.Typer:
    """Return an empty group of commands."""
    return typer.Typer(
        cls=_Group, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )


def voice(context: typer.Context) -> Surface:
    """Return who speaks for this run."""
    found = context.find_object(Surface)
    if found is None:
        msg = "main gives every command its surface"
        raise TypeError(msg)
    return found


def kept(context: typer.Context, name: str) -> Any:
    """Return the value of a shared option, or nothing."""
    return context.meta.get(f"{_META}{name}")


def _options(template: Callable[..., None]) -> list[Any]:
    line = typer.Typer(add_completion=False)
    line.command()(template)
    return typer.main.get_command(line).params
