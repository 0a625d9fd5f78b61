"""The part of a notice that a desk reads: which object, what happened to its label, and when.

Rules:

- It carries no act of the case: drafts and remarks stay with those who decide.
- It has no signature of its own; the capsule that carries it is signed as a whole and kept.
- A label is there if and only if the event leaves one.

Source: docs/spec/determination.md §11.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.capsule.core import MAX_TIME, OBJECT_ID_SIZE
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.labels.case import CASE_ID_SIZE, Event
from secure_liaison.labels.in_force import WITHOUT_LABEL, Change
from secure_liaison.labels.label import Label
from secure_liaison.wire.header import ObjectId

if TYPE_CHECKING:
    from secure_liaison.crypto.keys import Realm

__all__ = ["MAX_NOTICE_BYTES", "MEDIA_TYPE", "LabelNotice", "decode_notice", "encode_notice"]

MEDIA_TYPE: Final = "application/vnd.secure-liaison.label-change"
MAX_NOTICE_BYTES: Final = 8192
_VERSIONS: Final = frozenset({0})
_EVENTS: Final = {event.value: event for event in Event}
_MAX_EVENT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNotice:
    """What a notice says to a desk.

    Attributes:
        case: Id of the case, 16 bytes.
        object_id: Of the object that it is about, 16 bytes.
        about: D of that object, 32 bytes.
        change: What happened.

    Raises:
        FormatError: ``notice-event`` (the event leaves a label and there is none, or the reverse).
    """

    case: bytes
    object_id: ObjectId
    about: Digest
    change: Change

    def __post_init__(self) -> None:
        if (self.change.new is None) != (self.change.event in WITHOUT_LABEL):
            raise FormatError("notice-event")


def encode_notice(notice: LabelNotice, realm: Realm) -> bytes:
    """Return the one encoding of a notice in a realm."""
    change = notice.change
    return encode(
        {
            0: 0,
            1: realm.octets,
            2: notice.case,
            3: notice.object_id,
            4: notice.about,
            5: change.event.value,
            6: change.at,
            7: change.old,
            8: change.new.to_value() if change.new is not None else None,
        }
    )


def decode_notice(data: bytes, realm: Realm) -> LabelNotice:
    """Read a notice strictly.

    Raises:
        FormatError: as `decode_fields`, ``notice-realm``, ``notice-event``, as `Label`.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = decode_fields(data, max_bytes=MAX_NOTICE_BYTES)
    fields.version(0, supported=_VERSIONS)
    if fields.octets(1, size=DIGEST_SIZE) != realm.octets:
        raise FormatError("notice-realm")
    case = fields.octets(2, size=CASE_ID_SIZE)
    object_id = ObjectId(fields.octets(3, size=OBJECT_ID_SIZE))
    about = Digest(fields.octets(4, size=DIGEST_SIZE))
    event = _EVENTS.get(fields.text(5, max_size=_MAX_EVENT))
    if event is None:
        raise FormatError("notice-event")
    change = Change(
        event=event,
        at=Instant(fields.integer(6, high=MAX_TIME)),
        old=None if fields.is_null(7) else fields.octets(7, size=DIGEST_SIZE),
        new=None if fields.is_null(8) else Label.from_value(fields.value(8)),
    )
    fields.done()
    return LabelNotice(case=case, object_id=object_id, about=about, change=change)
