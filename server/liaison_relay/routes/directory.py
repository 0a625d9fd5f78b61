"""Snapshots of the admitted agencies: read by all devices, published by the agency's own.

Source: docs/spec/wire.md §9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from anyio.to_thread import run_sync
from starlette.responses import Response

from liaison_relay.intake.snapshots import read_publication
from liaison_relay.routes.exchange import (
    admit,
    admit_empty,
    arriving,
    drain,
    parts_of,
    read_content,
    read_record,
    record,
)
from liaison_relay.storage.port import PublishOutcome
from secure_liaison.clock import Instant
from secure_liaison.errors import RelayRefusedError
from secure_liaison.wire import MAX_DIRECTORY_SIZE, MEDIA_TYPE

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["get_directory", "put_directory"]


async def get_directory(request: Request) -> Response:
    """Give an admitted agency's newest snapshot."""
    await admit_empty(request)
    row = await run_sync(parts_of(request).store.agency, _agency(request))
    if row is None:
        raise RelayRefusedError("not-found")
    return Response(row.snapshot, media_type=MEDIA_TYPE)


async def put_directory(request: Request) -> Response:
    """Take the own agency's newer snapshot; its devices change at once."""
    caller = await admit(request)
    agency = _agency(request)
    store = parts_of(request).store
    known = await run_sync(store.agency, agency)
    if known is None or caller.device.agency != agency:
        await drain(arriving(request))
        raise RelayRefusedError("not-found")
    async with parts_of(request).publications:
        content = await read_content(request, caller, max_bytes=MAX_DIRECTORY_SIZE)
        row, devices = await read_record(
            request, lambda: read_publication(content, known=known, now=Instant(caller.now))
        )
    match await run_sync(store.publish, row, devices):
        case PublishOutcome.STORED | PublishOutcome.REPEATED:
            return record(row.epoch, row.sequence)
        case PublishOutcome.ROLLBACK:
            raise RelayRefusedError("rollback")
        case outcome:
            assert_never(outcome)


def _agency(request: Request) -> bytes:
    return bytes.fromhex(request.path_params["agency"])
