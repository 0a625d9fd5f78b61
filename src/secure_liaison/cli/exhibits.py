"""The demonstration's attachments, made on the spot: a PDF, a DOCX, a picture and one large file.

Rules:

- Every file opens in ordinary programs; nothing is shipped in the package for it.
- Every file says that it is an exercise; none bears the mark that the law reserves.

Source: docs/guides/demo.md.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import random_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["LARGE_SIZE_BYTES", "make_exhibits"]

LARGE_SIZE_BYTES: Final = 200 * 2**20
_PIECE: Final = 2**20

_PDF_LINES: Final = ("EXERCISE - EXERCISE - EXERCISE", "Annex 1 to bulletin 17", "No real content")
_DOCX_LINES: Final = (
    "演练 EXERCISE",
    "通报第17号附件二",
    "Annex 2 to bulletin 17: no real content",
)

_CONTENT_TYPES: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONSHIPS: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
_WORD_NAMESPACE: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def make_exhibits(
    folder: Path,
    *,
    large_size_bytes: int = LARGE_SIZE_BYTES,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Path, ...]:
    """Write the four attachments into ``folder`` and return their paths.

    Args:
        folder: An existing folder.
        large_size_bytes: Size of the large file; at least 200 MiB in the demonstration.
        progress: Called with (bytes written, bytes in all) of the large file.
    """
    pdf, docx = folder / "附件一 annex-1.pdf", folder / "附件二 annex-2.docx"
    picture, large = folder / "附件三 map.png", folder / "附件四 survey.bin"
    pdf.write_bytes(_pdf(_PDF_LINES))
    _write_docx(docx, _DOCX_LINES)
    picture.write_bytes(_png(320, 200))
    _write_random(large, large_size_bytes, progress)
    return pdf, docx, picture, large


def _pdf(lines: tuple[str, ...]) -> bytes:
    """One A4 page of Helvetica (ISO 32000-1 §7.5)."""
    text = " T* ".join(f"({line}) Tj" for line in lines)
    stream = f"BT /F1 20 Tf 28 TL 72 740 Td {text} ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _write_docx(path: Path, lines: tuple[str, ...]) -> None:
    """The smallest WordprocessingML package (ECMA-376 part 1 §11.3.10)."""
    paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines)
    document = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<w:document xmlns:w="{_WORD_NAMESPACE}"><w:body>{paragraphs}</w:body></w:document>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", _CONTENT_TYPES)
        package.writestr("_rels/.rels", _RELATIONSHIPS)
        package.writestr("word/document.xml", document)


def _png(width: int, height: int) -> bytes:
    """A truecolour picture of diagonal bands (ISO/IEC 15948 §5)."""
    bands = (b"\x00\x50\x9e", b"\xff\xff\xff", b"\xb3\x00\x1b")
    rows = b"".join(
        b"\x00" + b"".join(bands[(column + row) // 40 % len(bands)] for column in range(width))
        for row in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def _write_random(path: Path, size: int, progress: Callable[[int, int], None] | None) -> None:
    """Random bytes, so that nothing on the way can compress or guess them."""
    written = 0
    with path.open("wb") as stream:
        while written < size:
            written += stream.write(random_bytes(min(_PIECE, size - written)))
            if progress is not None:
                progress(written, size)
