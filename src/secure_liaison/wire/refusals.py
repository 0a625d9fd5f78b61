"""The one shape in which a relay refuses, and the closed list of its codes.

Rules:

- Two refusals of one code differ in the request id only, so they tell nothing about who exists.
- A code that this release does not know is read as `RefusalCode.INTERNAL`, never trusted as text.

Source: docs/spec/wire.md §11.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Final

from secure_liaison.errors import FormatError

__all__ = ["RefusalCode", "RelayErrorBody", "decode_refusal", "encode_refusal"]

_MAX_SIZE: Final = 1024
_REQUEST_ID_SIZE: Final = 32
_MAX_WAIT_S: Final = 86_400
_HEX: Final = frozenset("0123456789abcdef")


class RefusalCode(Enum):
    """Why a relay refuses; ``error.relay.refused.<value>`` is the catalogue key."""

    MALFORMED = "malformed"
    NOT_ADMITTED = "not-admitted"
    CLOCK = "clock"
    NOT_FOUND = "not-found"
    METHOD = "method"
    CONFLICT = "conflict"
    ROLLBACK = "rollback"
    TOO_LARGE = "too-large"
    MAILBOX_UNKNOWN = "mailbox-unknown"
    TAMPERED = "tampered"
    REALM = "realm"
    EXPIRED = "expired"
    QUOTA = "quota"
    MAILBOX_FULL = "mailbox-full"
    BUSY = "busy"
    INTERNAL = "internal"

    @property
    def status(self) -> int:
        """The HTTP status of every refusal with this code."""
        return _STATUS[self]


_STATUS: Final = {
    RefusalCode.MALFORMED: 400,
    RefusalCode.NOT_ADMITTED: 401,
    RefusalCode.CLOCK: 401,
    RefusalCode.NOT_FOUND: 404,
    RefusalCode.METHOD: 405,
    RefusalCode.CONFLICT: 409,
    RefusalCode.ROLLBACK: 409,
    RefusalCode.TOO_LARGE: 413,
    RefusalCode.MAILBOX_UNKNOWN: 422,
    RefusalCode.TAMPERED: 422,
    RefusalCode.REALM: 422,
    RefusalCode.EXPIRED: 422,
    RefusalCode.QUOTA: 429,
    RefusalCode.MAILBOX_FULL: 429,
    RefusalCode.INTERNAL: 500,
    RefusalCode.BUSY: 503,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayErrorBody:
    """One refusal.

    Attributes:
        code: Why.
        request_id: 32 hexadecimal digits; the relay's log names the same.
        retry_after: Seconds after which trying again may help; none where it will not.
    """

    code: RefusalCode
    request_id: str
    retry_after: int | None = None


def encode_refusal(refusal: RelayErrorBody) -> bytes:
    """Return the refusal as JSON."""
    shape: dict[str, str | int] = {
        "code": refusal.code.value,
        "request_id": refusal.request_id,
    }
    if refusal.retry_after is not None:
        shape["retry_after"] = refusal.retry_after
    return json.dumps(shape, separators=(",", ":")).encode()


def decode_refusal(data: bytes) -> RelayErrorBody:
    """Read a refusal strictly.

    Raises:
        FormatError: ``refusal-shape``.
    """
    try:
        shape = json.loads(data) if len(data) <= _MAX_SIZE else None
    except (ValueError, RecursionError) as exc:  # the latter from brackets within brackets
        raise FormatError("refusal-shape") from exc
    if not isinstance(shape, dict) or not shape.keys() <= {"code", "request_id", "retry_after"}:
        raise FormatError("refusal-shape")
    code, request_id, wait = (shape.get(key) for key in ("code", "request_id", "retry_after"))
    if (
        not isinstance(code, str)
        or not isinstance(request_id, str)
        or len(request_id) != _REQUEST_ID_SIZE
        or not _HEX.issuperset(request_id)
        or not (wait is None or (type(wait) is int and 0 <= wait <= _MAX_WAIT_S))
    ):
        raise FormatError("refusal-shape")
    known = {each.value: each for each in RefusalCode}
    return RelayErrorBody(
        code=known.get(code, RefusalCode.INTERNAL), request_id=request_id, retry_after=wait
    )
