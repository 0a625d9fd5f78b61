"""Sealed bodies as files beside the database, and the one way an attachment leaves as a file.

Rules:

- A sealed body is named by 32 random hex digits; the name of an attachment is never part of a path
  inside the vault.
- A body is published before the transaction that names it and removed after the one that forgets
  it; `BodyStore.sweep` clears what a crash between the two leaves.
- An exported attachment gets a harmless name, mode 0600, and never replaces a file.

Source: docs/spec/vault.md §6; Unicode TR36 §2 (bidirectional controls).
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.crypto.keys import random_bytes
from secure_liaison.errors import VaultDamagedError
from secure_liaison.vault.folder import (
    PartialFile,
    remove_partial_files,
    reserve,
    storage_errors,
    sync_folder,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from typing import Self

__all__ = ["BodyStore", "BodyWriter", "export_part", "harmless_name"]

_READ: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NAME_BYTES: Final = 16
_NAME: Final = re.compile(r"[0-9a-f]{32}")
_MAX_CHARACTERS: Final = 120
_MAX_BYTES: Final = 240
"""Most file systems allow 255 bytes; the rest is for " (2)"."""
_MAX_EXTENSION: Final = 20
_NAMELESS: Final = "attachment"
_SEPARATORS: Final = re.compile(r"[/\\\u2044\u2215\u29f8\uff0f\uff3c]")
_SPECIAL: Final = re.compile(r'[<>:"|?*]')
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE
)


class BodyWriter:
    """One sealed body that is being written; leaving its ``with`` block unpublished removes it."""

    def __init__(self, folder: Path) -> None:
        """Begin an empty body in ``folder``; use `BodyStore.new`."""
        self._folder = folder
        self._partial = PartialFile(folder)

    @property
    def stream(self) -> BinaryIO:
        """Where the bytes go; it may be read back and seeked before `publish`."""
        return self._partial.stream

    def publish(self) -> str:
        """Bring the bytes to the disk; returns the body's name, 32 hex digits.

        Raises:
            VaultError: ``disk-full``, ``no-access`` or ``disk``; the body is then removed.
        """
        name = random_bytes(_NAME_BYTES).hex()
        self._partial.publish(self._folder / name)
        return name

    def abort(self) -> None:
        """Remove what was written; after `publish` it changes nothing."""
        self._partial.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()


class BodyStore:
    """The folder of sealed bodies."""

    def __init__(self, folder: Path) -> None:
        """Use an existing folder: `Vault.bodies_folder`."""
        self._folder = folder

    def new(self) -> BodyWriter:
        """Begin a body.

        Raises:
            VaultError: ``disk-full``, ``no-access`` or ``disk``.
        """
        return BodyWriter(self._folder)

    def path(self, name: str) -> Path:
        """Return where a body lies.

        Raises:
            ValueError: ``name`` is not 32 hex digits.
        """
        if not _NAME.fullmatch(name):
            msg = "not the name of a body"
            raise ValueError(msg)
        return self._folder / name

    def open(self, name: str) -> BinaryIO:
        """Open a body for reading.

        Raises:
            ValueError: ``name`` is not 32 hex digits.
            VaultDamagedError: ``body-missing``.
            VaultError: ``no-access`` or ``disk``.
        """
        path = self.path(name)
        with storage_errors():
            try:
                return os.fdopen(os.open(path, _READ), "rb")
            except FileNotFoundError as exc:
                raise VaultDamagedError("body-missing") from exc

    def remove(self, name: str) -> None:
        """Delete a body; one that is gone already changes nothing.

        Raises:
            ValueError: ``name`` is not 32 hex digits.
            VaultError: ``no-access`` or ``disk``.
        """
        path = self.path(name)
        with storage_errors():
            path.unlink(missing_ok=True)
            sync_folder(self._folder)

    def sweep(self, known: Collection[str]) -> int:
        """Delete unfinished bodies and those that nothing names; returns how many.

        Args:
            known: Every name that the vault's tables hold. Call it at start, before anything is
                written.

        Raises:
            VaultError: ``no-access`` or ``disk``.
        """
        with storage_errors():
            orphans = [
                path
                for path in self._folder.iterdir()
                if _NAME.fullmatch(path.name) and path.name not in known
            ]
            for path in orphans:
                path.unlink()
            return len(orphans) + remove_partial_files(self._folder)


def export_part(folder: Path, name: str) -> Path:
    """Reserve an empty file for an attachment: harmless name, mode 0600, never one that exists.

    Write the content to a `PartialFile` in the same folder and ``publish`` it to the path returned,
    after the last check.

    Args:
        folder: Where the officer wants it; must exist.
        name: The attachment's name as its sender wrote it: any text.

    Raises:
        VaultError: ``no-access``, ``disk-full``, ``disk`` or ``no-free-name``.
    """
    return reserve(folder, harmless_name(name))


def harmless_name(name: str) -> str:
    """Turn any text into one plain file name of at most 120 characters and 240 bytes.

    Folders, invisible and direction-changing characters, leading and trailing dots and spaces go;
    characters that Windows refuses become ``_``; names of Windows devices get a ``_`` in front; a
    name that would read as an option of a command too. The extension stays. Applying it twice
    changes nothing more.
    """
    last = _SEPARATORS.split(unicodedata.normalize("NFC", name))[-1]
    visible = "".join(sign for sign in last if unicodedata.category(sign) not in _INVISIBLE)
    plain = _trim(_SPECIAL.sub("_", unicodedata.normalize("NFC", visible)))
    if not plain:
        return _NAMELESS
    if plain.startswith("-") or _RESERVED.fullmatch(plain.partition(".")[0].strip()):
        plain = f"_{plain}"
    while (shorter := _shorten(plain)) != plain:
        plain = shorter
    return plain


def _trim(name: str) -> str:
    return re.sub(r"^[.\s]+|[.\s]+$", "", name)


def _shorten(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    ending = f"{dot}{extension}" if stem and len(extension) <= _MAX_EXTENSION else ""
    stem = name.removesuffix(ending)
    while len(stem + ending) > _MAX_CHARACTERS or len((stem + ending).encode()) > _MAX_BYTES:
        stem = stem[:-1]
    return _trim(stem) + ending
