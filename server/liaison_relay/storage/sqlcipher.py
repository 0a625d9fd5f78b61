"""The store in one SQLCipher file: one writing thread with group commit, readers beside it.

Rules:

- Pages of 16 KiB, WAL, ``synchronous=FULL``, memory security on, raw key of 32 bytes.
- All changes go through the one writer; readers see committed transactions only.
- One server at a time (``relay.lock``); ``admit`` and ``show`` may open the store beside it.
- The schema's number must be known; steps are applied in order, each in one transaction.

Source: DESIGN §8; zetetic.net/sqlcipher/sqlcipher-api.
"""

from __future__ import annotations

import queue
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from sqlcipher3 import dbapi2 as sqlcipher

from liaison_relay.storage import admission_sql, objects_sql
from liaison_relay.storage.writer import GroupWriter
from secure_liaison.crypto.keys import random_bytes
from secure_liaison.errors import VaultDamagedError, VaultError, VaultTooNewError
from secure_liaison.wire import INSTANCE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from liaison_relay.storage.port import (
        AgencyRow,
        DeviceRow,
        HeldBody,
        NewObject,
        PrekeyRow,
        PublishOutcome,
        Released,
        SeenObject,
        SubmitOutcome,
        Taker,
    )
    from secure_liaison.crypto.keys import Secret
    from secure_liaison.wire import Collected, Status

__all__ = ["SqlcipherStore"]

_READERS: Final = 4
_BUSY_S: Final = 30.0
_BEFORE_KEY: Final = ("PRAGMA cipher_log_level = NONE", "PRAGMA cipher_memory_security = ON")
_AFTER_KEY: Final = (
    "PRAGMA cipher_page_size = 16384",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",
    "PRAGMA synchronous = FULL",
)


class SqlcipherStore:
    """`RelayStore` in one encrypted file."""

    def __init__(self, path: Path, key: Secret) -> None:
        """Open the store, making or updating its schema.

        Args:
            path: The file; its folder exists.
            key: 32 bytes, used raw.

        Raises:
            VaultDamagedError: ``relay-store`` (another key's file, or damaged).
            VaultTooNewError: ``relay-store``.
            VaultError: ``relay-disk`` (cannot be read or written).
        """
        self._path, self._key = path, key
        self._closed = False
        with _store_errors():
            self._own = self._connect()
            _migrate(self._own)
            self._own.execute(
                "INSERT OR IGNORE INTO relay VALUES (1, ?)", (random_bytes(INSTANCE_SIZE),)
            )
            self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
            for _ in range(_READERS):
                self._idle.put(self._connect())
        self._writer = GroupWriter(self._own)

    def check(self) -> None:
        """Prove that the store answers."""
        with self._reader() as db:
            db.execute("SELECT 1 FROM relay").fetchone()

    def agency(self, agency: bytes) -> AgencyRow | None:
        """Return an admitted agency."""
        with self._reader() as db:
            return admission_sql.find_agency(db, agency)

    def device(self, handle: bytes) -> DeviceRow | None:
        """Return an active device."""
        with self._reader() as db:
            return admission_sql.find_device(db, handle)

    def publish(self, row: AgencyRow, devices: Sequence[DeviceRow]) -> PublishOutcome:
        """Admit an agency or replace its snapshot."""
        return self._writer.run(lambda: admission_sql.publish(self._own, row, devices))

    def claim_nonce(self, device: bytes, nonce: bytes, *, now: int, keep_until: int) -> bool:
        """Remember a nonce if it is new."""
        return self._writer.run(
            lambda: admission_sql.claim_nonce(
                self._own, device, nonce, now=now, keep_until=keep_until
            )
        )

    def judge(self, new: NewObject) -> SubmitOutcome:
        """Say what `submit` would come to."""
        with self._reader() as db:
            return objects_sql.judge(db, new)

    def submit(self, new: NewObject) -> SubmitOutcome:
        """Store an object for all its mailboxes, or for none."""
        return self._writer.run(lambda: objects_sql.submit(self._own, new))

    def collect(self, mailbox: bytes, *, after: int, limit: int) -> Collected:
        """Return items held."""
        with self._reader() as db:
            return objects_sql.collect(db, mailbox, after=after, limit=limit)

    def renew(self) -> None:
        """Take another instance."""
        instance = random_bytes(INSTANCE_SIZE)
        self._writer.run(lambda: self._own.execute("UPDATE relay SET instance = ?", (instance,)))

    def held_body(self, mailbox: bytes, digest: bytes) -> HeldBody | None:
        """Return where the body lies."""
        with self._reader() as db:
            return objects_sql.held_body(db, mailbox, digest)

    def status(self, submitter: bytes, digest: bytes) -> Status | None:
        """Return what became of an object."""
        with self._reader() as db:
            return objects_sql.status(db, submitter, digest)

    def release(self, mailbox: bytes, seqs: Sequence[int], *, now: int) -> Released:
        """Delete items."""
        return self._writer.run(lambda: objects_sql.release(self._own, mailbox, seqs, now=now))

    def put_prekeys(
        self, device: bytes, rows: Sequence[PrekeyRow], *, now: int, max_stock: int
    ) -> int | None:
        """Add prekeys."""
        return self._writer.run(
            lambda: admission_sql.put_prekeys(self._own, device, rows, now=now, max_stock=max_stock)
        )

    def take_prekeys(
        self, devices: Sequence[bytes], *, taker: Taker, now: int
    ) -> tuple[bytes | None, ...]:
        """Hand out prekeys."""
        return self._writer.run(
            lambda: admission_sql.take_prekeys(self._own, devices, taker=taker, now=now)
        )

    def expire(self, now: int) -> tuple[str, ...]:
        """Let go what is past its time."""
        return self._writer.run(lambda: objects_sql.expire(self._own, now))

    def bodies(self) -> frozenset[str]:
        """Return the names of all bodies referred to."""
        with self._reader() as db:
            return objects_sql.held_bodies(db)

    def seen(self) -> tuple[SeenObject, ...]:
        """Return what is known of every object."""
        with self._reader() as db:
            return objects_sql.seen(db)

    def counts(self) -> dict[str, int]:
        """Count what lies here."""
        with self._reader() as db:
            return objects_sql.counts(db)

    def close(self) -> None:
        """Finish waiting changes and readers, then close every connection."""
        self._writer.close()
        if self._closed:
            return
        self._closed = True
        for _ in range(_READERS):
            self._idle.get().close()
        self._own.close()

    @contextmanager
    def _reader(self) -> Iterator[Any]:
        if self._closed:
            msg = "the store is closed"
            raise RuntimeError(msg)
        connection = self._idle.get()
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.execute("ROLLBACK")
            self._idle.put(connection)

    def _connect(self) -> Any:
        connection = sqlcipher.connect(
            str(self._path), isolation_level=None, check_same_thread=False, timeout=_BUSY_S
        )
        for pragma in _BEFORE_KEY:
            connection.execute(pragma)
        connection.execute(f"PRAGMA key = \"x'{self._key.reveal().hex()}'\"")
        for pragma in _AFTER_KEY:
            connection.execute(pragma)
        connection.execute("PRAGMA journal_mode = WAL")  # the first statement that reads the file
        return connection


def _migrate(connection: Any) -> None:
    folder = resources.files("liaison_relay.storage") / "schema"
    steps = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    connection.execute("BEGIN IMMEDIATE")
    known: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("ROLLBACK")
    if known > len(steps):
        raise VaultTooNewError("relay-store")
    for number, name in enumerate(steps[known:], start=known + 1):
        sql = (folder / name).read_text(encoding="utf-8")
        connection.executescript(f"BEGIN;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except sqlcipher.OperationalError as exc:
        raise VaultError("relay-disk") from exc
    except sqlcipher.DatabaseError as exc:
        raise VaultDamagedError("relay-store") from exc
