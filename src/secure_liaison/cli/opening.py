"""Opening what a command works on: a desk, a registry, registrars' keys, files.

Rules:

- A folder without a vault is told before a passphrase is asked for.
- Every registrar's key has a passphrase of its own, paired in the order given.
- A file that exists is never replaced; a new one appears only when it is complete.

Source: docs/reference/commands.md.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

import typer
from platformdirs import user_data_path

from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.options import kept, voice
from secure_liaison.cli.passphrases import PassphraseSource, obtain
from secure_liaison.cli.surface import Exit
from secure_liaison.crypto.passphrase import DESK_COST, TEST_COST, Cost
from secure_liaison.errors import FormatError, OutOfOrderError, VaultError
from secure_liaison.office import open_office, open_registry
from secure_liaison.vault.folder import PartialFile
from secure_liaison.vault.key_files import read_key_file
from secure_liaison.vault.slots import KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.office import Office, Registry

__all__ = [
    "STREAM",
    "cost_of",
    "desk",
    "desk_home",
    "digits_of",
    "output",
    "passphrase",
    "read_input",
    "registry",
    "registry_home",
    "require_new",
    "require_no_vault",
    "signing_keys",
    "typed",
    "write_output",
]

STREAM: Final = "-"
_MAX_INPUT: Final = 64 * 2**20


def desk_home(context: typer.Context) -> Path:
    """Return the desk's folder: ``--home``, ``LIAISON_HOME``, or the user's own."""
    return kept(context, "home") or user_data_path("secure-liaison") / "desk"


def registry_home(context: typer.Context) -> Path:
    """Return the registry's folder: ``--registry``, ``LIAISON_REGISTRY``, or the user's own."""
    return kept(context, "registry_folder") or user_data_path("secure-liaison") / "registry"


def passphrase(context: typer.Context, *, prompt: str, new: bool = False) -> str:
    """Obtain the vault's passphrase from where the command line says.

    Raises:
        OSError, OutOfOrderError: as `obtain`.
    """
    surface = voice(context)
    source = PassphraseSource(
        file=kept(context, "passphrase_file"), descriptor=kept(context, "passphrase_fd")
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
    files: list[Path] = list(kept(context, "registrar_key") or [])
    sources: list[Path] = list(kept(context, "registrar_passphrase_file") or [])
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
    """Treat what does not fit as typed wrongly by a person, not as a file to be distrusted.

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


def require_no_vault(home: Path) -> None:
    """Demand a folder without a vault, before anybody thinks of a passphrase.

    Raises:
        VaultError: ``exists``.
    """
    if (home / KEY_FILE).exists():
        raise VaultError("exists")


def _require_vault(home: Path) -> None:
    if not (home / KEY_FILE).exists():
        raise VaultError("not-found")
