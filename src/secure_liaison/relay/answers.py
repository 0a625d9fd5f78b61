"""What a desk demands of a relay's answers before it uses them.

Rules:

- A lie that can be seen is a `ReceiptError`; nothing of such an answer is used.
- A refusal becomes one typed error; its text comes from the catalogues, never from the relay.

Source: docs/spec/wire.md §4, §5, §7, §11.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from secure_liaison.encoding import decode_fields
from secure_liaison.errors import (
    FormatError,
    ReceiptError,
    RelayRefusedError,
    TamperedError,
    UnsupportedVersionError,
)
from secure_liaison.wire import (
    Collected,
    MailboxItem,
    RefusalCode,
    Status,
    decode_collected,
    decode_envelope,
    decode_refusal,
    decode_status,
    decode_taken,
    leaf_count,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Read = TypeVar("Read")

__all__ = [
    "read_collected",
    "read_number",
    "read_refusal",
    "read_status",
    "read_stored",
    "read_taken",
]

_VERSIONS: Final = frozenset({0})
_MAX_SMALL: Final = 256
_DATE: Final = re.compile(
    r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [1-9][0-9]{3} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
)


def read_stored(data: bytes, digest: bytes) -> None:
    """Check that the relay confirms the object of this digest.

    Raises:
        ReceiptError: ``answer`` (malformed), ``digest`` (another object).
    """
    if _strictly(_read_digest, data) != digest:
        raise ReceiptError("digest")


def read_number(data: bytes, *, high: int) -> int:
    """Read an answer that holds one number from 0 to ``high``.

    Raises:
        ReceiptError: ``answer``.
    """

    def read(data: bytes) -> int:
        fields = decode_fields(data, max_bytes=_MAX_SMALL)
        fields.version(0, supported=_VERSIONS)
        number = fields.integer(1, high=high)
        fields.done()
        return number

    return _strictly(read, data)


def read_collected(data: bytes, *, after: int, limit: int) -> Collected:
    """Check numbers, sizes and paths of what a mailbox gave.

    Raises:
        ReceiptError: ``answer`` (malformed, or more is promised after no item), ``order`` (numbers
            do not rise from ``after``, or more than asked for), ``item`` (parts of one item
            contradict each other; those of a later version cannot be compared).
    """
    collected = _strictly(decode_collected, data)
    if len(collected.items) > limit:
        raise ReceiptError("order")
    last = after
    for item in collected.items:
        if item.seq <= last:
            raise ReceiptError("order")
        last = item.seq
        _check_item(item)
    return collected


def read_status(data: bytes, digest: bytes) -> Status:
    """Check that a status is about the asked object.

    Raises:
        ReceiptError: ``answer`` (malformed), ``digest`` (another object).
    """
    status = _strictly(decode_status, data)
    if status.digest != digest:
        raise ReceiptError("digest")
    return status


def read_taken(data: bytes, asked: int) -> tuple[bytes | None, ...]:
    """Check that there is one answer for each asked device.

    Raises:
        ReceiptError: ``answer``.
    """
    taken = _strictly(decode_taken, data)
    if len(taken) != asked:
        raise ReceiptError("answer")
    return taken


def read_refusal(data: bytes, *, status: int, date: str, now: int) -> RelayRefusedError:
    """Return the error for an answer that is not a success.

    Args:
        data: The answer's content.
        status: Its HTTP status.
        date: Its ``Date`` header; may be empty.
        now: The desk's time, seconds UTC.

    Raises:
        ReceiptError: ``answer``: no refusal of the agreed shape, or its status is another code's.
    """
    refusal = _strictly(decode_refusal, data)
    if refusal.code is not RefusalCode.INTERNAL and refusal.code.status != status:
        raise ReceiptError("answer")
    if refusal.code is RefusalCode.CLOCK:
        return RelayRefusedError("clock", skew_s=_skew_s(date, now), request_id=refusal.request_id)
    return RelayRefusedError(
        refusal.code.value,
        request_id=refusal.request_id,
        retry_after_s=refusal.retry_after or 0,
    )


def _check_item(item: MailboxItem) -> None:
    try:
        envelope = decode_envelope(item.envelope)
        header = envelope.read_header()
        envelope.check_path()
    except UnsupportedVersionError:
        return  # of a later release: kept at the relay until this desk can read it
    except (FormatError, TamperedError) as exc:
        raise ReceiptError("item") from exc
    said = (item.head_length, item.body_size, item.leaf_count)
    count = leaf_count(header.head_length, header.body_size)
    if said != (header.head_length, header.body_size, count):
        raise ReceiptError("item")


def _strictly(read: Callable[[bytes], Read], data: bytes) -> Read:
    try:
        return read(data)
    except FormatError as exc:
        raise ReceiptError("answer") from exc


def _read_digest(data: bytes) -> bytes:
    fields = decode_fields(data, max_bytes=_MAX_SMALL)
    fields.version(0, supported=_VERSIONS)
    digest = fields.octets(1, size=32)
    fields.done()
    return digest


def _skew_s(date: str, now: int) -> int:
    """Return how far the desk's time is ahead of the relay's, in seconds; 0 if it does not say."""
    if _DATE.fullmatch(date) is None:
        return 0
    try:
        return now - int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):  # the thirtieth of February
        return 0
