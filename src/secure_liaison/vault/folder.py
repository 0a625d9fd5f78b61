"""Files of the vault's folder: private, complete or absent, never overwritten by accident.

Rules:

- Every file is born with mode 0600, under a new name, and never through a symbolic link.
- A file gets its final name only after its bytes are on the disk; the folder is synchronised too.
- Failures of the disk become one `VaultError`; no path ever stands in it.

Source: docs/spec/vault.md §1, §6.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from typing_extensions import override

from secure_liaison.crypto.keys import random_bytes
from secure_liaison.errors import VaultError, VaultLockedError

if sys.platform == "win32":  # pragma: no cover
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from typing_extensions import Buffer

__all__ = [
    "FolderLock",
    "PartialFile",
    "copy_file",
    "remove_partial_files",
    "reserve",
    "storage_errors",
    "sync_folder",
    "write_atomically",
]

_MODE: Final = 0o600
_PARTIAL: Final = re.compile(r"\.[0-9a-f]{32}\.part")
_NEVER_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NEW: Final = os.O_CREAT | os.O_EXCL | _NEVER_FOLLOW
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_MOST_COPIES: Final = 9999


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the operating system says about files into a `VaultError`.

    Raises:
        VaultError: ``disk-full``, ``no-access`` or ``disk``.
    """
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise VaultError("disk-full") from exc
        if exc.errno in _REFUSED:
            raise VaultError("no-access") from exc
        raise VaultError("disk") from exc


class FolderLock:
    """Holds the vault's folder for this process until `release`, or until the process ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock without waiting.

        Raises:
            VaultError: the lock's file cannot be made (``no-access``, ``disk-full``, ``disk``).
            VaultLockedError: ``second-process``.
        """
        with storage_errors():
            self._descriptor: int | None = os.open(
                path, os.O_RDWR | os.O_CREAT | _NEVER_FOLLOW, _MODE
            )
        try:
            with storage_errors():
                _lock(self._descriptor)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let the next process in; a second call changes nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _lock(descriptor: int) -> None:
    try:
        if sys.platform == "win32":  # pragma: no cover
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        if exc.errno in {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}:
            raise VaultLockedError("second-process") from exc
        raise


class _Raw(io.FileIO):
    """A file whose writes fail with the project's own errors."""

    @override
    def write(self, octets: Buffer, /) -> int:
        with storage_errors():
            return super().write(octets)


class PartialFile:
    """A file that is being written: nobody sees it under its final name before `publish`.

    As a context manager it removes itself unless it was published.
    """

    def __init__(self, folder: Path) -> None:
        """Make an empty file of mode 0600 in ``folder`` under a random, hidden name.

        Raises:
            VaultError: ``no-access``, ``disk-full`` or ``disk``.
        """
        self._path = folder / f".{random_bytes(16).hex()}.part"
        with storage_errors():
            descriptor = os.open(self._path, os.O_RDWR | _NEW, _MODE)
        self.stream: BinaryIO = io.BufferedRandom(_Raw(descriptor, "r+b"))

    def publish(self, path: Path) -> None:
        """Bring the bytes to the disk and give them their name; replaces what stands there.

        Args:
            path: In the same file system; a name reserved before, or one that may be replaced.

        Raises:
            VaultError: ``disk-full``, ``no-access`` or ``disk``; the file is then removed.
        """
        try:
            with storage_errors():
                self.stream.flush()
                os.fsync(self.stream.fileno())
                self.stream.close()
                self._path.replace(path)
                sync_folder(path.parent)
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Remove the unfinished file; after `publish` it changes nothing."""
        raw = cast("io.BufferedRandom", self.stream).raw
        raw.close()  # not the buffer: on a full disk its last flush would fail again
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()


def write_atomically(path: Path, octets: bytes) -> None:
    """Replace ``path`` by ``octets``: after a crash it holds all of the old or all of the new.

    Raises:
        VaultError: ``disk-full``, ``no-access`` or ``disk``; the old content is then still there.
    """
    with PartialFile(path.parent) as partial:
        partial.stream.write(octets)
        partial.publish(path)


def reserve(folder: Path, name: str) -> Path:
    """Make an empty file that nobody else can have made: ``name``, else ``name (2)`` and so on.

    Args:
        folder: Where.
        name: A single file name, already made harmless.

    Raises:
        VaultError: ``no-free-name``, ``no-access``, ``disk-full`` or ``disk``.
    """
    parts = PurePath(name)
    for copy in range(1, _MOST_COPIES + 1):
        path = folder / (name if copy == 1 else f"{parts.stem} ({copy}){parts.suffix}")
        with storage_errors():
            try:
                os.close(os.open(path, os.O_WRONLY | _NEW, _MODE))
            except FileExistsError:
                continue
            return path
    raise VaultError("no-free-name")


def copy_file(source: Path, folder: Path, name: str) -> Path:
    """Copy a file into ``folder``, complete or not at all; returns the path it got.

    Raises:
        VaultError: ``no-free-name``, ``no-access``, ``disk-full`` or ``disk``.
    """
    with storage_errors(), PartialFile(folder) as copy, source.open("rb") as stream:
        shutil.copyfileobj(stream, copy.stream)
        path = reserve(folder, name)
        copy.publish(path)
        return path


def remove_partial_files(folder: Path) -> int:
    """Remove what a killed process left unfinished in ``folder``; returns how many files."""
    found = [path for path in folder.iterdir() if _PARTIAL.fullmatch(path.name)]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` survive a power cut, where the system can do that."""
    if sys.platform == "win32":  # pragma: no cover
        return  # folders cannot be opened there; NTFS journals names by itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
