"""Mailboxes and prekeys: collect, receipts, put and take.

Source: docs/spec/wire.md §5, §6, §8.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from anyio.to_thread import run_sync
from starlette.responses import Response

from liaison_relay.routes.exchange import (
    admit,
    admit_empty,
    parts_of,
    read_content,
    read_record,
    record,
)
from liaison_relay.storage.port import PrekeyRow, Taker
from secure_liaison.crypto.keys import Realm
from secure_liaison.crypto.signing import VerifyKey
from secure_liaison.errors import FormatError, RelayRefusedError
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.identity.prekeys import open_bundle
from secure_liaison.wire import (
    MAX_COLLECT,
    MAX_PREKEY_AGE_S,
    MAX_PREKEYS_SIZE,
    MAX_RECEIPT_SIZE,
    MAX_SEQ,
    MAX_STOCK,
    MAX_TAKING_SIZE,
    MEDIA_TYPE,
    decode_bundles,
    decode_handles,
    encode_bundles,
    encode_collected,
    open_mailbox_receipt,
)

if TYPE_CHECKING:
    from starlette.requests import Request

    from liaison_relay.auth import Caller

__all__ = ["collect", "put_prekeys", "receipts", "take_prekeys"]

_QUERY: Final = re.compile(r"after=(0|[1-9][0-9]{0,17})&limit=([1-9][0-9]{0,2})")


async def collect(request: Request) -> Response:
    """Give what the caller's own mailbox holds after a number."""
    caller = await admit_empty(request)
    match = _QUERY.fullmatch(request.url.query)
    if match is None or int(match[2]) > MAX_COLLECT or int(match[1]) > MAX_SEQ:
        raise FormatError("relay-query")
    read = partial(
        parts_of(request).store.collect,
        caller.device.handle,
        after=int(match[1]),
        limit=int(match[2]),
    )
    return Response(encode_collected(await run_sync(read)), media_type=MEDIA_TYPE)


async def receipts(request: Request) -> Response:
    """Delete items of the caller's own mailbox for its signed mailbox receipt."""
    caller = await admit(request)
    content = await read_content(request, caller, max_bytes=MAX_RECEIPT_SIZE)
    parts, device = parts_of(request), caller.device
    seqs = await read_record(
        request,
        lambda: open_mailbox_receipt(
            content,
            device=device.handle,
            key=VerifyKey(device.signing_key),
            realm=Realm(device.realm),
        ),
    )

    def release() -> int:
        released = parts.store.release(device.handle, seqs, now=caller.now)
        parts.bodies.remove(released.bodies)
        return released.count

    return record(await run_sync(release))


async def put_prekeys(request: Request) -> Response:
    """Take in the caller's own prekey bundles, also none; tells how many keys are left."""
    caller = await admit(request)
    content = await read_content(request, caller, max_bytes=MAX_PREKEYS_SIZE)
    rows = await read_record(
        request, lambda: [_verified(bundle, caller) for bundle in decode_bundles(content)]
    )
    put = partial(
        parts_of(request).store.put_prekeys,
        caller.device.handle,
        rows,
        now=caller.now,
        max_stock=MAX_STOCK,
    )
    left = await run_sync(put)
    if left is None:
        raise RelayRefusedError("too-large")
    return record(left)


async def take_prekeys(request: Request) -> Response:
    """Hand out one bundle for each asked device."""
    caller = await admit(request)
    content = await read_content(request, caller, max_bytes=MAX_TAKING_SIZE)
    handles = await read_record(request, lambda: decode_handles(content))
    parts = parts_of(request)
    taker = Taker(
        handle=caller.device.handle,
        realm=caller.device.realm,
        per_hour=parts.settings.takings_per_hour,
    )
    take = partial(parts.store.take_prekeys, handles, taker=taker, now=caller.now)
    return Response(encode_bundles(await run_sync(take)), media_type=MEDIA_TYPE)


def _verified(data: bytes, caller: Caller) -> PrekeyRow:
    realm = Realm(caller.device.realm)
    bundle = open_bundle(data, realm)
    prekey = bundle.verify(
        VerifyKey(caller.device.signing_key),
        realm,
        device=DeviceHandle(caller.device.handle),
        now=caller.now,
    )
    if bundle.expires > caller.now + MAX_PREKEY_AGE_S:
        raise FormatError("prekey-age")
    return PrekeyRow(
        key_id=prekey.public_key.key_id(realm),
        bundle=data,
        last_resort=prekey.last_resort,
        expires=bundle.expires,
    )
