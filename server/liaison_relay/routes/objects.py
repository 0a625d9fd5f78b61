"""Objects: submit, leaf list, body, status.

Source: docs/spec/wire.md §4, §5, §7.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from anyio.to_thread import run_sync
from starlette.responses import Response, StreamingResponse

from liaison_relay.intake.objects import Intake
from liaison_relay.routes.exchange import (
    admit,
    admit_empty,
    arriving,
    drain,
    parts_of,
    read_record,
    record,
)
from liaison_relay.storage.port import SubmitOutcome
from secure_liaison.crypto.keys import DIGEST_SIZE
from secure_liaison.errors import FormatError, LiaisonError, RelayRefusedError
from secure_liaison.wire import MEDIA_TYPE, OBJECT_TYPE, encode_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from liaison_relay.storage.port import HeldBody

__all__ = ["body", "leaves", "status", "submit"]

_BATCH: Final = 2**20
_RANGE: Final = re.compile(r"bytes=([1-9][0-9]{0,12})-")
_LENGTH: Final = re.compile(r"[1-9][0-9]{0,12}")


async def submit(request: Request) -> Response:
    """Take one object; answers when it is on durable storage."""
    caller = await admit(request)
    announced = request.headers.get("content-length", "")
    if not _LENGTH.fullmatch(announced) or request.headers.get("content-type") != OBJECT_TYPE:
        raise FormatError("content-length")
    parts = parts_of(request)
    async with parts.uploads:
        intake = Intake(
            parts.room,
            device=caller.device,
            request=caller.request,
            now=caller.now,
            content_length=int(announced),
        )
        try:
            outcome, digest = await _take(request, intake)
        finally:
            intake.abandon()
    return record(digest, status=201 if outcome is SubmitOutcome.STORED else 200)


async def _take(request: Request, intake: Intake) -> tuple[SubmitOutcome, bytes]:
    """Feed the content in batches; after a refusal let the rest pass, so the answer arrives."""
    stream = arriving(request)
    waiting = bytearray()
    try:
        async for chunk in stream:
            waiting += chunk
            if len(waiting) >= _BATCH:
                await _feed(request, intake, bytes(waiting))
                waiting.clear()
        await _feed(request, intake, bytes(waiting))
        return await run_sync(intake.finish)
    except LiaisonError:
        intake.abandon()
        await drain(stream)
        raise


async def _feed(request: Request, intake: Intake, octets: bytes) -> None:
    if intake.is_opened:
        await run_sync(intake.feed, octets)
    else:
        await read_record(request, partial(intake.feed, octets))


async def leaves(request: Request) -> Response:
    """Give an object's leaf list to a device whose mailbox holds it."""
    held = await _held(request)
    with _opened(request, held) as stream:
        listed = await run_sync(stream.read, DIGEST_SIZE * held.leaf_count)
    return Response(listed, media_type="application/octet-stream")


async def body(request: Request) -> Response:
    """Give an object's body, from a byte on, to a device whose mailbox holds it."""
    held = await _held(request)
    wanted = request.headers.get("range")
    match = _RANGE.fullmatch(wanted or "")
    start = int(match[1]) if match else 0
    if (wanted is not None and match is None) or start >= held.body_size:
        raise FormatError("relay-range")
    stream = _opened(request, held)
    stream.seek(DIGEST_SIZE * held.leaf_count + start)
    headers = {"content-length": str(held.body_size - start)}
    if match:
        headers["content-range"] = f"bytes {start}-{held.body_size - 1}/{held.body_size}"
    return StreamingResponse(
        _chunks(stream),
        status_code=206 if match else 200,
        headers=headers,
        media_type="application/octet-stream",
    )


async def status(request: Request) -> Response:
    """Tell the submitting device what became of its object."""
    caller = await admit_empty(request)
    found = await run_sync(parts_of(request).store.status, caller.device.handle, _digest(request))
    if found is None:
        raise RelayRefusedError("not-found")
    return Response(encode_status(found), media_type=MEDIA_TYPE)


async def _held(request: Request) -> HeldBody:
    caller = await admit_empty(request)
    find = partial(parts_of(request).store.held_body, caller.device.handle, _digest(request))
    held = await run_sync(find)
    if held is None:
        raise RelayRefusedError("not-found")
    return held


def _digest(request: Request) -> bytes:
    return bytes.fromhex(request.path_params["digest"])


def _opened(request: Request, held: HeldBody) -> BinaryIO:
    try:
        return parts_of(request).bodies.open(held.body)
    except FileNotFoundError as exc:  # released between the look-up and now
        raise RelayRefusedError("not-found") from exc


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(_BATCH):
            yield chunk
