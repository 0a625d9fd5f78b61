"""Mailboxes and prekeys: collect, receipts, put and take.

Source: docs/spec/wire.md §5, §6, §8.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from anyio.to_thread import run_sync
from starlette.responses import Response

from liaison_relay.routes.exchange import admit, admit_empty, parts_of, read_content, record
from liaison_relay.storage.port import PrekeyRow
from secure_liaison.crypto.keys import Realm
from secure_liaison.crypto.signing import VerifyKey
from secure_liaison.errors import FormatError
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.identity.prekeys import open_bundle
from secure_liaison.wire import (
    MAX_BUNDLE_SIZE,
    MAX_COLLECT,
    MAX_PREKEYS,
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
_MAX_SMALL: Final = 64 * 1024


async def collect(request: Request) -> Response:
    """Give what the caller's own mailbox holds after a number."""
    caller = await admit_empty(request)
    match = _QUERY.fullmatch(request.url.query)
    if match is None or int(match[2]) > MAX_COLLECT:
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
    content = await read_content(request, caller, max_bytes=_MAX_SMALL)
    parts = parts_of(request)

    def release() -> int:
        device = caller.device
        seqs = open_mailbox_receipt(
            content,
            device=device.handle,
            key=VerifyKey(device.signing_key),
            realm=Realm(device.realm),
        )
        released = parts.store.release(device.handle, seqs, now=caller.now)
        parts.bodies.remove(released.bodies)
        return released.count

    return record(await run_sync(release))


async def put_prekeys(request: Request) -> Response:
    """Take in the caller's own prekey bundles."""
    caller = await admit(request)
    content = await read_content(request, caller, max_bytes=MAX_PREKEYS * MAX_BUNDLE_SIZE)
    store = parts_of(request).store

    def put() -> int:
        rows = [_verified(bundle, caller) for bundle in decode_bundles(content)]
        return store.put_prekeys(caller.device.handle, rows)

    return record(await run_sync(put))


async def take_prekeys(request: Request) -> Response:
    """Hand out one bundle for each asked device."""
    caller = await admit(request)
    content = await read_content(request, caller, max_bytes=_MAX_SMALL)
    handles = decode_handles(content)
    take = partial(parts_of(request).store.take_prekeys, handles, now=caller.now)
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
    return PrekeyRow(
        key_id=prekey.public_key.key_id(realm),
        bundle=data,
        last_resort=prekey.last_resort,
        expires=bundle.expires,
    )
