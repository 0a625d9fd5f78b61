"""Where the parts of an opened object go: files that appear only after the last check, or a screen.

Rules:

- Names of attachments are never paths: a part gets a harmless name of its own in the folder chosen.
- Nothing appears under its final name before every byte of the object was checked; on any failure
  nothing is left behind.
- Files are readable by their owner only and never replace a file that exists.

Source: docs/spec/capsule.md §16 step 15; DESIGN §6.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from secure_liaison.capsule.notice import MEDIA_TYPE as NOTICE_TYPE
from secure_liaison.capsule.receipt import MEDIA_TYPE as RECEIPT_TYPE
from secure_liaison.errors import OutOfOrderError
from secure_liaison.vault.bodies import export_part
from secure_liaison.vault.folder import PartialFile

if TYPE_CHECKING:
    from pathlib import Path

    from secure_liaison.capsule.head import PartEntry

__all__ = ["TEXT_TYPE", "FolderSink", "MemorySink"]

TEXT_TYPE: Final = "text/plain"
_KEPT: Final = frozenset({TEXT_TYPE, RECEIPT_TYPE, NOTICE_TYPE})
_MAX_SHOWN_BYTES: Final = 2**20


class FolderSink:
    """Writes every part into one folder.

    Attributes:
        paths: Where the parts are, once ``commit`` was called.
    """

    def __init__(self, folder: Path) -> None:
        """Write into an existing folder."""
        self._folder = folder
        self._open = ExitStack()
        self._parts: list[tuple[str, PartialFile]] = []
        self.paths: tuple[Path, ...] = ()

    def begin(self, part: PartEntry) -> None:
        """Begin the next part under a name that nobody sees."""
        partial = self._open.enter_context(PartialFile(self._folder))
        self._parts.append((part.name, partial))

    def write(self, piece: bytes) -> None:
        """Take the next bytes of the part begun last."""
        self._parts[-1][1].stream.write(piece)

    def commit(self) -> None:
        """Give all parts their names."""
        paths: list[Path] = []
        try:
            with self._open:
                for name, partial in self._parts:
                    paths.append(export_part(self._folder, name))
                    partial.publish(paths[-1])
        except BaseException:
            for path in paths:
                path.unlink(missing_ok=True)
            raise
        self.paths = tuple(paths)

    def abort(self) -> None:
        """Remove everything."""
        self._open.close()


class MemorySink:
    """Keeps texts, receipts and notices of at most 1 MiB; other parts pass by unread.

    Attributes:
        parts: Media type and content of what was kept, once ``commit`` was called.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept: list[tuple[str, bytearray]] = []
        self._keeping = False
        self.parts: tuple[tuple[str, bytes], ...] = ()

    def begin(self, part: PartEntry) -> None:
        """Begin the next part."""
        self._keeping = part.media_type in _KEPT
        if self._keeping and part.size > _MAX_SHOWN_BYTES:
            raise OutOfOrderError("text-too-long")
        if self._keeping:
            self._kept.append((part.media_type, bytearray()))

    def write(self, piece: bytes) -> None:
        """Take the next bytes of the part begun last."""
        if self._keeping:
            self._kept[-1][1].extend(piece)

    def commit(self) -> None:
        """Give out what was kept."""
        self.parts = tuple((media_type, bytes(content)) for media_type, content in self._kept)

    def abort(self) -> None:
        """Forget everything."""
        self._kept.clear()
