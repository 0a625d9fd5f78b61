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
        prompt: The question on the terminal.
        new: Whether it is being chosen now: then it is asked twice and must be long enough.

    Raises:
        OSError: the file cannot be read.
        OutOfOrderError: ``passphrase-file-open`` (readable by others), ``passphrase-descriptor``
            (cannot be read from), ``passphrase-not-text``, ``passphrase-missing`` (no terminal to
            ask), ``passphrase-differs``, ``passphrase-short``.
    """
    chosen = _chosen(surface, source, prompt=prompt, new=new)
    if new and len(chosen) < MIN_CHARACTERS:
        raise OutOfOrderError("passphrase-short", least=MIN_CHARACTERS)
    return chosen


def _chosen(surface: Surface, source: PassphraseSource, *, prompt: str, new: bool) -> str:
    if source.file is not None:
        if stat.S_IMODE(source.file.stat().st_mode) & 0o077:
            raise OutOfOrderError("passphrase-file-open")
        return _first_line(source.file.read_bytes())
    if source.descriptor is not None:
        return _first_line(_read_descriptor(source.descriptor))
    # A body may come through a pipe while a person sits at the terminal.
    if not (sys.stdin.isatty() or sys.stderr.isatty()):
        raise OutOfOrderError("passphrase-missing")
    chosen = getpass.getpass(f"{prompt}: ")
    if new and chosen != getpass.getpass(f"{surface.text('cli.prompt.again')}: "):
        raise OutOfOrderError("passphrase-differs")
    return chosen


def _read_descriptor(descriptor: int) -> bytes:
    try:
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            return stream.read(_MAX_BYTES)
    except (OSError, OverflowError) as exc:
        raise OutOfOrderError("passphrase-descriptor") from exc


def _first_line(octets: bytes) -> str:
    try:
        return octets[:_MAX_BYTES].decode().split("\n", 1)[0].rstrip("\r")
    except UnicodeDecodeError as exc:
        raise OutOfOrderError("passphrase-not-text") from exc
