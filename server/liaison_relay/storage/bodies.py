"""Sealed bodies as files: one for each object, however many mailboxes hold it.

Rules:

- A file has a random name, mode 0600, and holds the leaf list and then the body.
- It is written under ``incoming/`` and appears under its name only when it is complete and on
  durable storage; what a crash leaves in ``incoming/`` goes at the next start.
- A file that the store does not refer to goes at the next start, too.

Source: docs/spec/wire.md §4, §12.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.crypto.keys import random_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Bodies", "IncomingBody"]

_NAME_SIZE: Final = 16


class IncomingBody:
    """One body that is still arriving."""

    def __init__(self, folder: Path, incoming: Path) -> None:
        """Open a new file."""
        self.name = random_bytes(_NAME_SIZE).hex()
        self._final = folder / self.name
        self._partial = incoming / self.name
        descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._stream: BinaryIO = os.fdopen(descriptor, "wb")

    def write(self, octets: bytes | memoryview) -> None:
        """Append bytes."""
        self._stream.write(octets)

    def publish(self) -> str:
        """Put the file on durable storage under its name; returns the name."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._partial.rename(self._final)
        _sync_folder(self._final.parent)
        return self.name

    def discard(self) -> None:
        """Remove the file; may be called at any time, also twice."""
        self._stream.close()
        self._partial.unlink(missing_ok=True)


class Bodies:
    """The folder of all bodies."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, made with mode 0700 if it is missing."""
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)

    def begin(self) -> IncomingBody:
        """Open a file for a body that begins to arrive."""
        return IncomingBody(self._folder, self._incoming)

    def open(self, name: str) -> BinaryIO:
        """Open a body for reading.

        Raises:
            FileNotFoundError: it went in the meantime.
        """
        return (self._folder / name).open("rb")

    def remove(self, names: Iterable[str]) -> None:
        """Remove bodies that nobody holds any longer."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)

    def sweep(self, referred: frozenset[str]) -> int:
        """Remove what a crash left behind; returns how many files went."""
        left = [path for path in self._folder.iterdir() if path.is_file()]
        orphans = [path for path in left if path.name not in referred]
        orphans += list(self._incoming.iterdir())
        for path in orphans:
            path.unlink()
        return len(orphans)

    def free_bytes(self) -> int:
        """Return how much the disk still takes."""
        return shutil.disk_usage(self._folder).free


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
