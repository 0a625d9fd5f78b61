"""What many commands take, and how a desk, a registry or registrars' keys are opened with it.

Rules:

- Options that belong to the surface or to opening are declared once, here; a command function sees
  only what is its own.
- A folder without a vault is told before a passphrase is asked for.
- Every registrar's key has a passphrase of its own, paired in the order given.

Source: docs/reference/commands.md.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer
from platformdirs import user_data_path

from secure_liaison.cli.help_page import HelpCommand, HelpGroup
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.passphrases import PassphraseSource, obtain
from secure_liaison.cli.surface import Exit, Surface
from secure_liaison.crypto.passphrase import DESK_COST, TEST_COST, Cost
from secure_liaison.errors import FormatError, OutOfOrderError, VaultError
from secure_liaison.i18n import Language
from secure_liaison.office import open_office, open_registry
from secure_liaison.vault.folder import PartialFile
from secure_liaison.vault.key_files import read_key_file
from secure_liaison.vault.slots import KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.office import Office, Registry

__all__ = [
    "DeskCommand",
    "DigitsOption",
    "PlainCommand",
    "RegistryCommand",
    "SigningCommand",
    "cost_of",
    "desk",
    "desk_home",
    "digits_of",
    "group",
    "output",
    "read_input",
    "registry",
    "registry_home",
    "require_new",
    "signing_keys",
    "typed",
    "voice",
    "write_output",
]

STREAM: Final = "-"
_META: Final = "secure_liaison."
_MAX_INPUT: Final = 64 * 2**20

DigitsOption = Annotated[str | None, typer.Option("--digits", metavar="DIGITS")]


def _keep(context: typer.Context, param: typer.CallbackParam, value: Any) -> Any:
    context.meta[f"{_META}{param.name}"] = value
    return value


def _everywhere(
    *,
    as_json: Annotated[bool, typer.Option("--json", expose_value=False)] = False,
    lang: Annotated[Language | None, typer.Option("--lang", expose_value=False)] = None,
) -> None:
    """Options that were read before parsing; the parser only has to know them."""


def _desk(
    *,
    home: Annotated[
        Path | None,
        typer.Option("--home", envvar="LIAISON_HOME", callback=_keep, expose_value=False),
    ] = None,
) -> None:
    """Which desk."""


def _registry(
    *,
    registry_folder: Annotated[
        Path | None,
        typer.Option("--registry", envvar="LIAISON_REGISTRY", callback=_keep, expose_value=False),
    ] = None,
) -> None:
    """Which registry."""


def _passphrase(
    *,
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", callback=_keep, expose_value=False)
    ] = None,
    passphrase_fd: Annotated[
        int | None, typer.Option("--passphrase-fd", callback=_keep, expose_value=False)
    ] = None,
) -> None:
    """Where the vault's passphrase comes from."""


def _signers(
    *,
    registrar_key: Annotated[
        list[Path], typer.Option("--registrar-key", callback=_keep, expose_value=False)
    ],
    registrar_passphrase_file: Annotated[
        list[Path] | None,
        typer.Option("--registrar-passphrase-file", callback=_keep, expose_value=False),
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


def desk_home(context: typer.Context) -> Path:
    """Return the desk's folder: ``--home``, ``LIAISON_HOME``, or the user's own."""
    return _kept(context, "home") or user_data_path("secure-liaison") / "desk"


def registry_home(context: typer.Context) -> Path:
    """Return the registry's folder: ``--registry``, ``LIAISON_REGISTRY``, or the user's own."""
    return _kept(context, "registry_folder") or user_data_path("secure-liaison") / "registry"


def passphrase(context: typer.Context, *, prompt: str, new: bool = False) -> str:
    """Obtain the vault's passphrase from where the command line says.

    Raises:
        OSError, OutOfOrderError: as `obtain`.
    """
    surface = voice(context)
    source = PassphraseSource(
        file=_kept(context, "passphrase_file"), descriptor=_kept(context, "passphrase_fd")
    )
    return obtain(surface, source, prompt=surface.text(prompt), new=new)


@contextmanager
def desk(context: typer.Context) -> Iterator[Office]:
    """Open the desk for one command.

    Raises:
        OutOfOrderError: as `obtain`, ``not-a-desk``.
        VaultError: ``not-found``, or as `open_office`.
    """
    home = desk_home(context)
    _require_vault(home)
    secret = passphrase(context, prompt="cli.prompt.desk")
    with open_office(home, secret) as opened:
        voice(context).enter(opened.charter)
        yield opened


@contextmanager
def registry(context: typer.Context) -> Iterator[Registry]:
    """Open the registry for one command.

    Raises:
        OutOfOrderError: as `obtain`, ``not-a-desk``.
        VaultError: ``not-found``, or as `open_registry`.
    """
    home = registry_home(context)
    _require_vault(home)
    secret = passphrase(context, prompt="cli.prompt.registry")
    with open_registry(home, secret) as opened:
        voice(context).enter(opened.charter)
        yield opened


def signing_keys(context: typer.Context) -> list[SigningKey]:
    """Open the registrars' keys that the command line names, each with its own passphrase.

    Raises:
        UsageProblem: more passphrase files than keys.
        OSError, OutOfOrderError, FormatError, VaultError: as `obtain` and `read_key_file`.
    """
    surface = voice(context)
    files: list[Path] = list(_kept(context, "registrar_key") or [])
    sources: list[Path] = list(_kept(context, "registrar_passphrase_file") or [])
    if len(sources) > len(files):
        raise UsageProblem("cli.usage.too-many-passphrases", keys=len(files))
    keys = []
    for number, path in enumerate(files):
        source = PassphraseSource(file=sources[number] if number < len(sources) else None)
        prompt = surface.text("cli.prompt.key", name=path.name)
        keys.append(read_key_file(path, obtain(surface, source, prompt=prompt)))
    return keys


@contextmanager
def typed(context: typer.Context) -> Iterator[None]:
    """Treat what does not fit as typed wrongly by a person, not as a file that is not to be trusted.

    Raises:
        typer.Exit: with the code of wrong usage, after the explanation.
    """
    try:
        yield
    except FormatError as error:
        voice(context).fail(error)
        raise typer.Exit(Exit.USAGE) from error


def digits_of(context: typer.Context, digits: str | None, *, prompt: str, **shown: object) -> str:
    """Return the digits given, or ask a person to type what was heard.

    Raises:
        OutOfOrderError: ``digits-missing`` (none given and no terminal to ask).
    """
    if digits is not None:
        return digits
    surface = voice(context)
    if not sys.stdin.isatty():
        raise OutOfOrderError("digits-missing")
    surface.talk("cli.digits.compare", **shown)
    return str(typer.prompt(surface.text(prompt), err=True))


def cost_of(*, rehearsal: bool, exercise: bool) -> Cost:
    """Return what a new passphrase costs to try; rehearsals of an exercise may be quick.

    Raises:
        OutOfOrderError: ``rehearsal-not-exercise``.
    """
    if rehearsal and not exercise:
        raise OutOfOrderError("rehearsal-not-exercise")
    return TEST_COST if rehearsal else DESK_COST


def read_input(path: Path, *, max_bytes: int = _MAX_INPUT) -> bytes:
    """Read a file, or standard input for ``-``; never more than ``max_bytes`` and one.

    Raises:
        OSError: it cannot be read.
    """
    if str(path) == STREAM:
        return sys.stdin.buffer.read(max_bytes + 1)
    with path.open("rb") as stream:
        return stream.read(max_bytes + 1)


def write_output(path: Path, octets: bytes) -> None:
    """Write a new file at once, or to standard output for ``-``; nothing is ever replaced.

    Raises:
        OSError, VaultError: as `output`.
    """
    with output(path) as stream:
        stream.write(octets)


@contextmanager
def output(path: Path) -> Iterator[BinaryIO]:
    """Write a new file that appears only when it is complete, or to standard output for ``-``.

    Raises:
        OSError: it exists already, or its folder does not.
        VaultError: ``no-access``, ``disk-full`` or ``disk``.
    """
    if str(path) == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    require_new(path)
    with PartialFile(path.parent) as partial:
        yield partial.stream
        partial.publish(path)


def require_new(path: Path) -> None:
    """Demand that a file can be made there, before the work whose result it shall hold.

    Raises:
        OSError: it exists already, or its folder does not.
    """
    if str(path) == STREAM:
        return
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))


def _kept(context: typer.Context, name: str) -> Any:
    return context.meta.get(f"{_META}{name}")


def _options(template: Callable[..., None]) -> list[Any]:
    line = typer.Typer(add_completion=False)
    line.command()(template)
    return typer.main.get_command(line).params


def _require_vault(home: Path) -> None:
    if not (home / KEY_FILE).exists():
        raise VaultError("not-found")
