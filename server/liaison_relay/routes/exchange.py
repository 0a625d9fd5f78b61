"""One request and its answer: admission, content, refusals in their one shape, the log line.

Rules:

- Every refusal is made by `refusal_of` and nowhere else.
- A log line holds the request id, route, status and duration; never a handle, address or key.
- Synchronous work runs in threads; the event loop only moves bytes.
- Only a few records are read at the same time: reading costs memory and time before it is known
  whether the record is any good.

Source: docs/spec/wire.md §10, §11.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

import anyio
import anyio.to_thread
from starlette.responses import Response

from secure_liaison.encoding import encode
from secure_liaison.errors import (
    FormatError,
    LiaisonError,
    RelayRefusedError,
    VerificationError,
)
from secure_liaison.wire import MEDIA_TYPE, RefusalCode, RelayErrorBody, encode_refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from liaison_relay.auth import Authenticator, Caller
    from liaison_relay.intake.objects import IntakeRoom
    from liaison_relay.settings import RelaySettings
    from liaison_relay.storage.bodies import Bodies
    from liaison_relay.storage.port import RelayStore
    from secure_liaison.clock import Clock
    from secure_liaison.encoding import Value

__all__ = [
    "Parts",
    "admit",
    "admit_empty",
    "arriving",
    "drain",
    "parts_of",
    "read_content",
    "read_record",
    "record",
    "refusal_of",
]

Read = TypeVar("Read")
_WAIT_S: Final = {
    RefusalCode.BUSY: 10,
    RefusalCode.QUOTA: 3600,
    RefusalCode.MAILBOX_FULL: 3600,
}
_DRAIN: Final = 64 * 2**20
_MIN_BYTES_PER_S: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the routes work with."""

    store: RelayStore
    bodies: Bodies
    settings: RelaySettings
    clock: Clock
    authenticator: Authenticator
    room: IntakeRoom
    uploads: anyio.CapacityLimiter
    readings: anyio.CapacityLimiter
    publications: anyio.CapacityLimiter


def parts_of(request: Request) -> Parts:
    """Return the application's parts."""
    return cast("Parts", request.app.state.parts)


async def admit(request: Request) -> Caller:
    """Let the request in; its content is still to be checked.

    Raises:
        RelayRefusedError: ``clock``, ``not-admitted``.
    """
    target = cast("bytes", request.scope["raw_path"]).decode("latin-1")
    query = cast("bytes", request.scope["query_string"]).decode("latin-1")
    headers = [
        (key.decode("latin-1"), value.decode("latin-1")) for key, value in request.headers.raw
    ]
    return await anyio.to_thread.run_sync(
        parts_of(request).authenticator.admit,
        request.method,
        f"{target}?{query}" if query else target,
        headers,
    )


async def admit_empty(request: Request) -> Caller:
    """Let a request without content in.

    Raises:
        RelayRefusedError: as `admit`; ``too-large``, ``tampered``.
    """
    caller = await admit(request)
    await read_content(request, caller, max_bytes=0)
    return caller


async def read_content(request: Request, caller: Caller, *, max_bytes: int) -> bytes:
    """Read a content of at most ``max_bytes`` and check its digest.

    Raises:
        RelayRefusedError: ``too-large``; ``busy`` (it comes too slowly).
        TamperedError: ``content-digest``.
    """
    content = bytearray()
    try:
        with anyio.fail_after(parts_of(request).settings.idle_s + max_bytes / _MIN_BYTES_PER_S):
            async for chunk in arriving(request):
                content += chunk
                if len(content) > max_bytes:
                    raise RelayRefusedError("too-large")
    except TimeoutError as exc:
        raise RelayRefusedError("busy") from exc
    caller.request.check_content(hashlib.sha256(content).digest())
    return bytes(content)


async def read_record(request: Request, read: Callable[[], Read]) -> Read:
    """Read and verify a record in a thread, while few others do the same."""
    return await anyio.to_thread.run_sync(read, limiter=parts_of(request).readings)


async def drain(stream: AsyncIterator[bytes]) -> None:
    """Let the rest of a content pass unread, so that a refusal arrives; at most 64 MiB."""
    drained = 0
    async for chunk in stream:
        drained += len(chunk)
        if drained > _DRAIN:
            return


async def arriving(request: Request) -> AsyncIterator[bytes]:
    """Yield the content as it comes; a sender who falls silent is refused.

    Raises:
        RelayRefusedError: ``busy``.
    """
    stream = request.stream()
    idle_s = parts_of(request).settings.idle_s
    while True:
        try:
            with anyio.fail_after(idle_s):
                chunk = await anext(stream, None)
        except TimeoutError as exc:
            raise RelayRefusedError("busy") from exc
        if chunk is None:
            return
        if chunk:
            yield chunk


def record(*values: Value, status: int = 200) -> Response:
    """Answer with a record: version 0, then the values from key 1 on."""
    content = encode({0: 0, **dict(enumerate(values, start=1))})
    return Response(content, status_code=status, media_type=MEDIA_TYPE)


def refusal_of(error: LiaisonError | RefusalCode, request_id: str) -> Response:
    """Answer with a refusal."""
    code = error if isinstance(error, RefusalCode) else _code_of(error)
    wait = _WAIT_S.get(code)
    body = RelayErrorBody(code=code, request_id=request_id, retry_after=wait)
    headers = {} if wait is None else {"retry-after": str(wait)}
    return Response(
        encode_refusal(body),
        status_code=code.status,
        headers=headers,
        media_type="application/json",
    )


def _code_of(error: LiaisonError) -> RefusalCode:
    match error:
        case RelayRefusedError():
            return RefusalCode(error.reason)
        case FormatError():
            return RefusalCode.MALFORMED
        case VerificationError():
            return RefusalCode.TAMPERED
        case _:
            return RefusalCode.INTERNAL
