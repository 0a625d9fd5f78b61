"""The application: paths, request ids, the log line, and what runs beside the requests.

Rules:

- Whatever happens, the answer is a protocol answer: an unknown path and an unexpected fault, too.
- Objects past their time go once an hour; on stopping, the store finishes what it was told.

Source: docs/spec/wire.md §1, §11, §12.
"""

from __future__ import annotations

import traceback
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import structlog
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route
from typing_extensions import override

from liaison_relay.auth import Authenticator
from liaison_relay.intake.objects import IntakeRoom
from liaison_relay.routes import directory, mailboxes, objects
from liaison_relay.routes.exchange import Parts, parts_of, refusal_of
from secure_liaison.crypto.keys import random_bytes
from secure_liaison.errors import LiaisonError
from secure_liaison.wire import ROOT, RefusalCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from liaison_relay.settings import RelaySettings
    from liaison_relay.storage.bodies import Bodies
    from liaison_relay.storage.port import RelayStore
    from secure_liaison.clock import Clock

__all__ = ["build_application"]

_REQUEST_ID_SIZE: Final = 16
_HOUR_S: Final = 3600
_LOG: Final = "liaison_relay"


class _Digest(Convertor[str]):
    """64 lower-case hexadecimal digits in a path."""

    regex = "[0-9a-f]{64}"

    @override
    def convert(self, value: str) -> str:
        return value

    @override
    def to_string(self, value: str) -> str:
        return value


register_url_convertor("digest", _Digest())


def build_application(
    *,
    store: RelayStore,
    bodies: Bodies,
    settings: RelaySettings,
    clock: Clock,
    public_url: str,
) -> ASGIApp:
    """Return the application; on shutdown it closes ``store``."""
    application = Starlette(
        routes=[Route(f"{ROOT}{path}", call, methods=[method]) for method, path, call in _ROUTES],
        exception_handlers={
            LiaisonError: _refuse,
            HTTPException: _refuse_route,
            Exception: _refuse,
        },
        lifespan=_lifespan,
    )
    application.router.redirect_slashes = False
    application.state.parts = Parts(
        store=store,
        bodies=bodies,
        settings=settings,
        clock=clock,
        authenticator=Authenticator(
            store, clock=clock, public_url=public_url, window_s=settings.window_s
        ),
        room=IntakeRoom(store=store, bodies=bodies, settings=settings),
        uploads=anyio.CapacityLimiter(settings.max_uploads),
        readings=anyio.CapacityLimiter(settings.max_readings),
        publications=anyio.CapacityLimiter(settings.max_publications),
    )
    return _Logged(application, clock)


async def health(request: Request) -> Response:
    """Say that the store answers; unsigned, so it costs and tells next to nothing."""
    await run_sync(parts_of(request).store.check)
    return JSONResponse({"status": "ok"})


_ROUTES: Final[tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...]] = (
    ("GET", "/health", health),
    ("POST", "/objects", objects.submit),
    ("GET", "/objects/{digest:digest}/leaves", objects.leaves),
    ("GET", "/objects/{digest:digest}/body", objects.body),
    ("GET", "/objects/{digest:digest}/status", objects.status),
    ("GET", "/mailbox", mailboxes.collect),
    ("POST", "/receipts", mailboxes.receipts),
    ("PUT", "/prekeys", mailboxes.put_prekeys),
    ("POST", "/prekeys/take", mailboxes.take_prekeys),
    ("GET", "/directory/{agency:digest}", directory.get_directory),
    ("PUT", "/directory/{agency:digest}", directory.put_directory),
)


@asynccontextmanager
async def _lifespan(application: Starlette) -> AsyncIterator[None]:
    parts: Parts = application.state.parts
    async with anyio.create_task_group() as beside:
        beside.start_soon(_expire_hourly, parts)
        yield
        beside.cancel_scope.cancel()
    parts.store.close()


async def _expire_hourly(parts: Parts) -> None:
    while True:
        try:
            bodies = await run_sync(parts.store.expire, parts.clock.now())
            await run_sync(parts.bodies.remove, bodies)
        except Exception as exc:  # noqa: BLE001  # a full disk must not end the service
            _log_fault(exc, request_id="-")
        await anyio.sleep(_HOUR_S)


def _log_fault(error: Exception, *, request_id: str) -> None:
    """Say where a fault arose, never what it says: a message may hold anything."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    structlog.get_logger(_LOG).error(
        "fault", request_id=request_id, kind=type(error).__name__, place=place
    )


async def _refuse(request: Request, error: Exception) -> Response:
    code = error if isinstance(error, LiaisonError) else RefusalCode.INTERNAL
    return refusal_of(code, request.state.request_id)


async def _refuse_route(request: Request, error: Exception) -> Response:
    method = isinstance(error, HTTPException) and error.status_code == RefusalCode.METHOD.status
    code = RefusalCode.METHOD if method else RefusalCode.NOT_FOUND
    return refusal_of(code, request.state.request_id)


class _Logged:
    """Gives each request its id, writes one line about it, and answers for unexpected faults."""

    def __init__(self, application: ASGIApp, clock: Clock) -> None:
        self._application = application
        self._clock = clock
        self._log = structlog.get_logger(_LOG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        request_id = random_bytes(_REQUEST_ID_SIZE).hex()
        scope.setdefault("state", {})["request_id"] = request_id
        began_us = self._clock.now_us()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._application(scope, receive, noting)
        except Exception as exc:  # noqa: BLE001  # the surface: the caller gets its one shape
            _log_fault(exc, request_id=request_id)
            if status == 0:
                await refusal_of(RefusalCode.INTERNAL, request_id)(scope, receive, noting)
        route = scope.get("route")
        self._log.info(
            "request",
            request_id=request_id,
            method=scope["method"],
            route=getattr(route, "path", "-"),
            status=status,
            ms=(self._clock.now_us() - began_us) // 1000,
        )
