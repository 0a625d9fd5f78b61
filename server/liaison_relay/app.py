"""The commands ``liaison-relay …``: serve, admit an agency, show what the relay saw.

Rules:

- Results to stdout, talk to stderr; exit codes 0 done, 1 failed, 2 usage, 4 not verified.
- Settings come from ``LIAISON_RELAY_*``, options go before them; secrets are never arguments.
- An agency is admitted only with the 40 digits of its anchor, typed by the operator.
- Log lines are JSON on stderr and hold no handle, address or key.

Source: docs/guides/operator.md; docs/spec/wire.md §9.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import structlog
import typer
import uvicorn
from pydantic import ValidationError
from typing_extensions import override

from liaison_relay.intake.snapshots import anchor_of, read_admission
from liaison_relay.routes.application import build_application
from liaison_relay.settings import RelaySettings, load_key
from liaison_relay.storage.bodies import Bodies
from liaison_relay.storage.port import PublishOutcome
from liaison_relay.storage.sqlcipher import SqlcipherStore
from secure_liaison import i18n
from secure_liaison.clock import SystemClock, to_iso
from secure_liaison.errors import (
    DirectoryRollbackError,
    FormatError,
    LiaisonError,
    OutOfOrderError,
    VaultError,
    VaultLockedError,
    VerificationError,
)
from secure_liaison.wire import MailboxState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liaison_relay.storage.port import AgencyRow, DeviceRow, SeenObject

__all__ = ["app", "main"]

_FAILED: Final = 1
_NOT_VERIFIED: Final = 4
_MAX_ADMISSION: Final = 16 * 2**20

FolderOption = Annotated[Path | None, typer.Option("--folder")]
KeyFileOption = Annotated[Path | None, typer.Option("--key-file")]
KeyFdOption = Annotated[int | None, typer.Option("--key-fd")]
LangOption = Annotated[str | None, typer.Option("--lang")]
JsonOption = Annotated[bool, typer.Option("--json")]


def main() -> None:
    """Run ``liaison-relay`` and exit with its code."""
    language = _language(_wish(sys.argv))
    command = typer.main.get_command(_command_line(language))
    for each in (command, *getattr(command, "commands", {}).values()):
        for parameter in each.params:  # options get their help from the catalogues, too
            if parameter.param_type_name == "option" and parameter.name != "help":
                parameter.help = i18n.text(f"relay.option.{parameter.name}", language)
    try:
        command()
    except LiaisonError as error:
        _say(i18n.cause(error, language))
        _say(f"{i18n.text('relay.hint', language)}: {i18n.hint(error, language)}")
        not_verified = isinstance(error, VerificationError | FormatError)
        sys.exit(_NOT_VERIFIED if not_verified else _FAILED)
    except ValidationError as error:
        names = ", ".join(str(found["loc"][0]) for found in error.errors() if found["loc"])
        _say(i18n.text("relay.settings-wrong", language, names=names))
        sys.exit(2)


def _command_line(language: i18n.Language) -> typer.Typer:
    def told(key: str) -> str:
        return i18n.text(key, language)

    line = typer.Typer(
        help=told("relay.help"),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    line.callback()(_any)
    for name, run in (("serve", _serve), ("admit", _admit), ("show", _show)):
        example = told(f"relay.example.{name}")
        line.command(name, help=f"{told(f'relay.help.{name}')}\n\n{example}")(run)
    return line


def _any(*, lang: LangOption = None) -> None:
    """Take ``--lang`` before the command, too; `main` has read it already."""


def _serve(
    *,
    folder: FolderOption = None,
    host: Annotated[str | None, typer.Option("--host")] = None,
    port: Annotated[int | None, typer.Option("--port")] = None,
    public_url: Annotated[str | None, typer.Option("--public-url")] = None,
    key_file: KeyFileOption = None,
    key_fd: KeyFdOption = None,
    ready_file: Annotated[Path | None, typer.Option("--ready-file")] = None,
    restored: Annotated[bool, typer.Option("--restored")] = False,
    lang: LangOption = None,
) -> None:
    settings = _settings(
        folder=folder,
        host=host,
        port=port,
        public_url=public_url,
        key_file=key_file,
        key_fd=key_fd,
    )
    _log_as_json()
    _make_folder(settings.folder)
    with _only_server(settings.folder):
        store = _open_store(settings)
        if restored:
            store.renew()
        bodies = Bodies(settings.bodies)
        bodies.sweep(store.bodies())
        listening = _listen(settings)
        taken = listening.getsockname()[1]
        address = f"[{settings.host}]" if ":" in settings.host else settings.host
        application = build_application(
            store=store,
            bodies=bodies,
            settings=settings,
            clock=SystemClock(),
            public_url=settings.public_url or f"http://{address}:{taken}",
        )
        _say(i18n.text("relay.listening", _language(lang or _wish(sys.argv)), port=taken))
        _run(application, settings, listening, ready_file)


def _admit(
    *,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    digits: Annotated[str | None, typer.Option("--digits")] = None,
    folder: FolderOption = None,
    key_file: KeyFileOption = None,
    key_fd: KeyFdOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    language = _language(lang or _wish(sys.argv))
    settings = _settings(folder=folder, key_file=key_file, key_fd=key_fd)
    with file.open("rb") as stream:
        data = stream.read(_MAX_ADMISSION + 1)
    anchor = anchor_of(data)
    if digits is None:
        _say(i18n.text("relay.digits-compare", language, code=anchor.code, digits=anchor.digits()))
        if not sys.stdin.isatty():
            raise OutOfOrderError("relay-digits")
        digits = str(typer.prompt(i18n.text("relay.digits-prompt", language), err=True))
    row, devices = read_admission(data, typed_digits=digits, now=SystemClock().now())
    outcome, left_out = _publish(settings, row, devices)
    if left_out:
        _say(i18n.text("relay.admit-left-out", language, count=left_out))
    told = {
        "agency": row.agency.hex(),
        "code": anchor.code,
        "epoch": row.epoch,
        "sequence": row.sequence,
        "devices": len(devices) - left_out,
        "outcome": outcome.value,
    }
    key = f"relay.admit-{outcome.value}"
    line = i18n.text(
        key, language, **{name: told[name] for name in ("code", "devices", "sequence")}
    )
    typer.echo(_as_json(told) if as_json else line)


def _publish(
    settings: RelaySettings, row: AgencyRow, devices: tuple[DeviceRow, ...]
) -> tuple[PublishOutcome, int]:
    """Return what the snapshot came to, and how many devices have another agency's handle."""
    _make_folder(settings.folder)
    store = _open_store(settings)
    try:
        outcome = store.publish(row, devices)
        found = [store.device(device.handle) for device in devices]
    finally:
        store.close()
    if outcome is PublishOutcome.ROLLBACK:
        raise DirectoryRollbackError("relay-sequence")
    return outcome, sum(each is None or each.agency != row.agency for each in found)


def _show(
    *,
    folder: FolderOption = None,
    key_file: KeyFileOption = None,
    key_fd: KeyFdOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    language = _language(lang or _wish(sys.argv))
    settings = _settings(folder=folder, key_file=key_file, key_fd=key_fd)
    if not settings.store.exists():
        raise VaultError("relay-no-store")
    store = _open_store(settings)
    try:
        counts, seen = store.counts(), store.seen()
    finally:
        store.close()
    objects = [_told(each) for each in seen]
    if as_json:
        typer.echo(_as_json({"counts": counts, "objects": objects}))
        return
    typer.echo(i18n.text("relay.show-counts", language, **counts))
    for each in objects:
        typer.echo(i18n.text("relay.show-object", language, **{**each, "mailboxes": ""}))
        for box in each["mailboxes"]:
            state = i18n.text(f"relay.state-{box['state']}", language)
            typer.echo(i18n.text("relay.show-mailbox", language, **{**box, "state": state}))


def _told(seen: SeenObject) -> dict[str, Any]:
    return {
        "digest": seen.digest.hex(),
        "object_id": seen.object_id.hex(),
        "submitter": seen.submitter.hex(),
        "received_at": to_iso(seen.received_at),
        "keep_until": to_iso(seen.keep_until),
        "body_bytes": seen.body_size,
        "body_held": seen.body_held,
        "mailboxes": [
            {
                "handle": handle.hex(),
                "state": MailboxState(state).name.lower(),
                "at": to_iso(at),
            }
            for handle, state, at in seen.mailboxes
        ],
    }


class _Server(uvicorn.Server):
    """Writes the ready file once requests are taken."""

    ready_file: Path | None = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.ready_file is not None and self.started and sockets:
            partial = self.ready_file.with_suffix(".partial")
            partial.write_text(f"{sockets[0].getsockname()[1]}\n", encoding="ascii")
            partial.replace(self.ready_file)


def _run(
    application: Any, settings: RelaySettings, listening: socket.socket, ready_file: Path | None
) -> None:
    server = _Server(
        uvicorn.Config(
            application,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=settings.grace_s,
        )
    )
    server.ready_file = ready_file
    # uvicorn raises the signal again after it has stopped; by then there is nothing left to end.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    server.run(sockets=[listening])


def _listen(settings: RelaySettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as exc:
        listening.close()
        raise OutOfOrderError("relay-port", port=settings.port) from exc
    listening.listen(256)
    return listening


def _open_store(settings: RelaySettings) -> SqlcipherStore:
    return SqlcipherStore(settings.store, load_key(settings))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise VaultError("relay-disk") from exc


@contextmanager
def _only_server(folder: Path) -> Iterator[None]:
    """Hold the folder for one server; the lock goes with the process."""
    with (folder / "relay.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise VaultLockedError("relay-store") from exc
        yield


def _settings(**options: Any) -> RelaySettings:
    return RelaySettings(**{name: value for name, value in options.items() if value is not None})


def _wish(arguments: list[str]) -> str | None:
    """Return what ``--lang`` says, before anything else is read: the help needs it, too."""
    for position, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
    return None


def _language(wish: str | None) -> i18n.Language:
    known = {each.value for each in i18n.Language}
    return i18n.choose_language(wish if wish in known else None, os.environ)


def _log_as_json() -> None:
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[lines], level=logging.WARNING, force=True)


def _as_json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, indent=2)


def _say(sentence: str) -> None:
    typer.echo(f"liaison-relay: {sentence}", err=True)


app: Final = _command_line(i18n.Language.EN)
"""The commands in English, for the reference pages."""
