"""An office document as the package of parts that it is: a ZIP file taken apart strictly.

Rules:

- No part is decompressed before all that the directory says was checked: names, sizes, kinds.
- Refused are: encrypted, linked and unknown kinds of members; names that are not plain ASCII paths
  below the package; two names that differ in case only; bytes that belong to no member; members
  that overlap; more members, bytes or compression than a document needs.
- A member that does not give the bytes announced for it is refused while it is read.
- Rewriting keeps the bytes, the order, the time and the compression of every other part.

Nothing here knows what the parts mean; `secure_liaison.labels.ooxml` does.

Source: docs/spec/binding.md §4; ECMA-376-2 (Open Packaging Conventions).
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from hashlib import sha384
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "MAX_MEMBERS",
    "MAX_PACKAGE_BYTES",
    "MAX_RATIO",
    "MAX_UNPACKED_BYTES",
    "Package",
    "lists_part",
]

MAX_PACKAGE_BYTES: Final = 256 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
MAX_MEMBERS: Final = 10_000
MAX_RATIO: Final = 200
"""How many times larger a member may become; below 1 MiB it may become any size."""

_FREE_SIZE: Final = 1024 * 1024
_CHUNK: Final = 1024 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9 !#$%&'()+,./;=@\[\]^_`{}~-]{1,400}")
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_DESCRIPTOR: Final = 0x8
_DESCRIPTOR_SIZES: Final = frozenset({12, 16, 20, 24})
_LISTED: Final = b"PK\x01\x02"
_LOCAL_HEADER: Final = 30
_LOCAL_SIZES: Final = 26
_END_RECORD: Final = 22
_FOREIGN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    EOFError,
    RuntimeError,
)
_NEW_PART_TIME: Final = (1980, 1, 1, 0, 0, 0)


def lists_part(document: bytes, name: str) -> bool:
    """Whether a ZIP file, sound or not, lists a member of that name; no member is unpacked.

    Where the list is too long to be read, or broken, the name anywhere in the file counts.
    """
    if document.count(_LISTED) > 4 * MAX_MEMBERS:
        return name.encode() in document
    try:
        with zipfile.ZipFile(io.BytesIO(document)) as opened:
            return name.lower() in {each.lower() for each in opened.namelist()}
    except _FOREIGN:
        return name.encode() in document


class Package:
    """The parts of one document, by name without the leading slash."""

    def __init__(self, document: bytes) -> None:
        """Read the directory of a document and check it; no part is unpacked.

        Raises:
            FormatError: ``too-long``, ``package-members``, ``package-not-zip``,
                ``package-damaged``, ``package-encrypted``, ``package-kind``, ``package-name``,
                ``package-bomb``, ``package-duplicate``, ``package-overlap``, ``package-extra``.
        """
        if len(document) > MAX_PACKAGE_BYTES:
            raise FormatError("too-long", limit=MAX_PACKAGE_BYTES)
        # zipfile reads the whole directory at once; documents inside this one have their own.
        if document.count(_LISTED) > 4 * MAX_MEMBERS:
            raise FormatError("package-members", limit=MAX_MEMBERS)
        if not document.startswith(b"PK\x03\x04"):
            raise FormatError("package-not-zip")
        # A comment or a tail would be bytes that no digest covers.
        if document[-_END_RECORD : -_END_RECORD + 4] != b"PK\x05\x06":
            raise FormatError("package-extra")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(document))
        except _FOREIGN as exc:
            raise FormatError("package-damaged") from exc
        self._infos = {info.filename: info for info in self._zip.infolist()}
        self._check(self._zip.infolist())
        self._check_places(document)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parts, in the order of the file."""
        return tuple(self._infos)

    def size(self, name: str) -> int:
        """Return the size that is announced for a part, in bytes."""
        return self._infos[name].file_size

    def read(self, name: str, *, max_bytes: int) -> bytes:
        """Return a part.

        Raises:
            FormatError: ``too-long``, ``package-damaged``.
        """
        if self.size(name) > max_bytes:
            raise FormatError("too-long", limit=max_bytes)
        return b"".join(self._chunks(name))

    def digest(self, name: str) -> bytes:
        """Return the SHA-384 of a part, 48 bytes; the part is never in memory as a whole.

        Raises:
            FormatError: ``package-damaged``.
        """
        digest = sha384()
        for chunk in self._chunks(name):
            digest.update(chunk)
        return digest.digest()

    def rewritten(self, changes: Mapping[str, bytes]) -> bytes:
        """Return the document with these parts changed or, at its end, added.

        Raises:
            FormatError: ``package-damaged``.
        """
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as written:
            for name, info in self._infos.items():
                kept = zipfile.ZipInfo(name, info.date_time)
                kept.compress_type = info.compress_type
                kept.external_attr = info.external_attr
                kept.create_system = info.create_system
                chunks = iter([changes[name]]) if name in changes else self._chunks(name)
                _write(written, kept, chunks)
            for name in [name for name in changes if name not in self._infos]:
                added = zipfile.ZipInfo(name, _NEW_PART_TIME)
                added.compress_type = zipfile.ZIP_DEFLATED
                _write(written, added, iter([changes[name]]))
        return out.getvalue()

    def _chunks(self, name: str) -> Iterator[bytes]:
        left = self.size(name)
        try:
            with self._zip.open(self._infos[name]) as opened:
                while chunk := opened.read(_CHUNK):
                    left -= len(chunk)
                    yield chunk
        except _FOREIGN as exc:
            raise FormatError("package-damaged") from exc
        if left:
            raise FormatError("package-damaged")

    def _check(self, infos: list[zipfile.ZipInfo]) -> None:
        """Check what the directory says of each member, and of all together."""
        if len(infos) > MAX_MEMBERS:
            raise FormatError("package-members", limit=MAX_MEMBERS)
        for info in infos:
            if info.flag_bits & _ENCRYPTED:
                raise FormatError("package-encrypted")
            _check_kind(info)
            _check_name(info.orig_filename)
            if info.file_size > max(_FREE_SIZE, MAX_RATIO * info.compress_size):
                raise FormatError("package-bomb")
        if sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
            raise FormatError("package-bomb")
        if len({info.filename.lower() for info in infos}) < len(infos):
            raise FormatError("package-duplicate")

    def _check_places(self, document: bytes) -> None:
        """Check that members stand one behind the other, from the first byte to the directory."""
        infos = sorted(self._infos.values(), key=lambda info: info.header_offset)
        places = [*(info.header_offset for info in infos), self._zip.start_dir]
        if places[0] != 0:
            raise FormatError("package-extra")
        if infos[-1].header_offset + _LOCAL_HEADER > self._zip.start_dir:
            raise FormatError("package-overlap")
        for info, following in zip(infos, places[1:], strict=True):
            gap = following - _end(document, info)
            if gap < 0:
                raise FormatError("package-overlap")
            described = info.flag_bits & _DESCRIPTOR and gap in _DESCRIPTOR_SIZES
            if gap > 0 and not described:
                raise FormatError("package-extra")


def _check_kind(info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise FormatError("package-kind")
    match info.compress_type:
        case zipfile.ZIP_STORED:
            if info.compress_size != info.file_size:
                raise FormatError("package-damaged")
        case zipfile.ZIP_DEFLATED:
            pass
        case _:
            raise FormatError("package-kind")


def _check_name(name: str) -> None:
    """A path below the package; a folder is no part."""
    if not _NAME.fullmatch(name) or any(part in {"", ".", ".."} for part in name.split("/")):
        raise FormatError("package-name")


def _end(document: bytes, info: zipfile.ZipInfo) -> int:
    """Return where the bytes of a member end."""
    name_size, extra_size = struct.unpack_from("<HH", document, info.header_offset + _LOCAL_SIZES)
    return info.header_offset + _LOCAL_HEADER + int(name_size + extra_size) + info.compress_size


def _write(written: zipfile.ZipFile, info: zipfile.ZipInfo, chunks: Iterator[bytes]) -> None:
    with written.open(info, "w") as opened:
        for chunk in chunks:
            opened.write(chunk)
