"""What the sealed head of a capsule lists: subject, serial, the object answered, the parts.

Rules:

- The subject stands here and not in the core, so a list shows it with the head's key alone.
- A part's name is a name and never a path: whoever writes a part chooses the place without it.
- The parts' sizes add up to the payload; the reader refuses a head whose sizes do not.

Source: docs/spec/capsule.md §9; DESIGN §6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.encoding import Fields, decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.labels.plain_text import require_plain
from secure_liaison.wire.header import ObjectId

if TYPE_CHECKING:
    from secure_liaison.encoding import Value

__all__ = ["MAX_PARTS", "HeadRecord", "PartEntry", "decode_head_record", "encode_head_record"]

MAX_PARTS: Final = 64
MAX_SUBJECT: Final = 512
MAX_NAME: Final = 255
MAX_RECORD_BYTES: Final = 32768
_OBJECT_ID_SIZE: Final = 16
_VERSIONS: Final = frozenset({0})
_MEDIA_TYPE: Final = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEntry:
    """One part as the head lists it.

    Attributes:
        name: 1 to 255 characters of plain text; a name, never a path.
        media_type: ``application/pdf``.
        size: Bytes.

    Raises:
        FormatError: ``label-text``, ``capsule-part``.
    """

    name: str
    media_type: str
    size: int

    def __post_init__(self) -> None:
        require_plain(self.name, max_size=MAX_NAME)
        if not self.name or _MEDIA_TYPE.fullmatch(self.media_type) is None or self.size < 0:
            raise FormatError("capsule-part")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRecord:
    """What the sealed head says; the first thing that is shown of an object.

    Attributes:
        subject: At most 512 characters of plain text.
        serial: The sender's number for this correspondence; 0 is none.
        reply_to: The object answered, or nothing.
        parts: In the order of their bytes in the payload; at most 64.

    Raises:
        FormatError: ``label-text``, ``capsule-part``.
    """

    subject: str
    serial: int
    reply_to: ObjectId | None
    parts: tuple[PartEntry, ...]

    def __post_init__(self) -> None:
        require_plain(self.subject, max_size=MAX_SUBJECT)
        if len(self.parts) > MAX_PARTS or self.serial < 0:
            raise FormatError("capsule-part")

    @property
    def total_size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)


def encode_head_record(record: HeadRecord) -> bytes:
    """Return the one encoding of a head record."""
    parts: list[Value] = [{0: part.name, 1: part.media_type, 2: part.size} for part in record.parts]
    return encode({0: 0, 1: record.subject, 2: record.serial, 3: record.reply_to, 4: parts})


def decode_head_record(data: bytes) -> HeadRecord:
    """Read a head record strictly.

    Raises:
        FormatError: as `decode_fields`, then as the constructors.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = decode_fields(data, max_bytes=MAX_RECORD_BYTES)
    fields.version(0, supported=_VERSIONS)
    record = HeadRecord(
        subject=fields.text(1, max_size=MAX_SUBJECT),
        serial=fields.integer(2),
        reply_to=None if fields.is_null(3) else ObjectId(fields.octets(3, size=_OBJECT_ID_SIZE)),
        parts=tuple(_part(Fields(item)) for item in fields.items(4, max_items=MAX_PARTS)),
    )
    fields.done()
    return record


def _part(fields: Fields) -> PartEntry:
    part = PartEntry(
        name=fields.text(0, max_size=MAX_NAME),
        media_type=fields.text(1),
        size=fields.integer(2),
    )
    fields.done()
    return part
