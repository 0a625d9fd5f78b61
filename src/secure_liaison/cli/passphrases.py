"""Where a passphrase comes from: a file, a descriptor, or the terminal; never an argument.

Source: docs/reference/commands.md.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import OutOfOrderError

if TYPE_CHECKING:
    from pathlib import Path

    from secure_liaison.cli.surface import Surface

__all__ = ["PassphraseSource", "obtain"]

_MAX_BYTES: Final = 4096
MIN_CHARACTERS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PassphraseSource:
    """Where to take a passphrase from; with neither, the terminal is asked."""

    file: Path | None = None
    descriptor: int | None = None


def obtain(surface: Surface, source: PassphraseSource, *, prompt: str, new: bool = False) -> str:
    """Return one passphrase.

    Args:
        surface: Who asks.
        source: File, descriptor, or neither.
        prompt: Catalogue key of the question on the terminal.
        new: Whether it is being chosen now: then it is asked twice and must be long enough.

    Raises:
        OutOfOrderError: ``passphrase-file-open`` (readable by others), ``passphrase-missing``
            (no terminal to ask), ``passphrase-differs``, ``passphrase-short``.
    """
    if source.file is not None:
        if stat.S_IMODE(source.file.stat().st_mode) & 0o077:
            raise OutOfOrderError("passphrase-file-open")
        chosen = _first_line(source.file.read_bytes())
    elif source.descriptor is not None:
        with os.fdopen(os.dup(source.descriptor), "rb") as stream:
            chosen = _first_line(stream.read(_MAX_BYTES))
    elif sys.stdin.isatty():
        chosen = getpass.getpass(f"{surface.text(prompt)}: ")
        if new and chosen != getpass.getpass(f"{surface.text('cli.prompt.again')}: "):
            raise OutOfOrderError("passphrase-differs")
    else:
        raise OutOfOrderError("passphrase-missing")
    if new and len(chosen) < MIN_CHARACTERS:
        raise OutOfOrderError("passphrase-short", least=MIN_CHARACTERS)
    return chosen


def _first_line(octets: bytes) -> str:
    return octets[:_MAX_BYTES].decode().split("\n", 1)[0].rstrip("\r")
