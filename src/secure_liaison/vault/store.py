"""The vault's file: the only door to ``sqlcipher3`` on the desk.

Rules:

- The database has a random raw key; memory security is on, loading of extensions is off.
- One process (``vault.lock``), one connection, one transaction at a time; WAL, synchronised fully.
- Before anything is written on opening, the file is read as a whole through a read-only
  connection: wrong passphrase, damage and a newer schema leave every byte as it was.
- Each migration is one transaction, and a verified copy of the file is made before it.

Can I?

=====================  ==============  ===============  ======
operation              outside         in transaction   closed
=====================  ==============  ===============  ======
``query``              yes             yes              no
``execute``            no              yes              no
``transaction``        yes             no (no nesting)  no
``checkpoint``         yes             no               no
``close``              yes             rolls back       yes
=====================  ==============  ===============  ======

Each "no" is a programmer's mistake: ``RuntimeError``.

Source: docs/spec/vault.md §1, §3–§5; sqlite.org/wal.html; zetetic.net/sqlcipher/sqlcipher-api.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlcipher3 import dbapi2 as sqlcipher

from secure_liaison.crypto.keys import Secret
from secure_liaison.errors import VaultDamagedError, VaultError, VaultLockedError, VaultTooNewError
from secure_liaison.vault.folder import (
    FolderLock,
    copy_file,
    remove_partial_files,
    reserve,
    storage_errors,
    sync_folder,
)
from secure_liaison.vault.migrations import Migration, released_migrations
from secure_liaison.vault.row import Row, SqlValue
from secure_liaison.vault.slots import KEY_FILE, LOCK_FILE, open_key, write_slots

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Self

    from secure_liaison.crypto.passphrase import Cost

__all__ = ["Vault", "create_vault", "open_vault"]

_DATABASE: Final = "vault.db"
_UNPUBLISHED: Final = "vault.db.new"
_BODIES: Final = "bodies"
_BACKUPS: Final = "backup"

_BEFORE_KEY: Final = ("PRAGMA cipher_log_level = NONE", "PRAGMA cipher_memory_security = ON")
_AFTER_KEY: Final = (
    "PRAGMA cipher_compatibility = 4",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA synchronous = FULL",
)
_DAMAGE: Final = frozenset({sqlcipher.SQLITE_CORRUPT, sqlcipher.SQLITE_NOTADB})
_HELD: Final = frozenset({sqlcipher.SQLITE_BUSY, sqlcipher.SQLITE_LOCKED})
_DISK: Final = frozenset(
    {
        sqlcipher.SQLITE_IOERR,
        sqlcipher.SQLITE_CANTOPEN,
        sqlcipher.SQLITE_READONLY,
        sqlcipher.SQLITE_PERM,
    }
)
_PRIMARY_CODE: Final = 0xFF


def create_vault(
    folder: Path,
    passphrase: str,
    *,
    cost: Cost,
    migrations: Sequence[Migration] | None = None,
) -> Vault:
    """Make a new, empty vault in ``folder`` and open it.

    The folder may exist, but must hold no part of a vault. A crash on the way leaves nothing that
    stands in the way of a second call: the vault exists from the moment its key file does.

    Args:
        folder: Made with mode 0700 if it is missing.
        passphrase: Opens the first key slot.
        cost: Argon2id cost of that slot.
        migrations: Steps of the schema; those of this release by default.

    Raises:
        VaultError: ``no-access``, ``disk-full``, ``disk``, ``exists`` or ``passphrase-empty``.
        VaultLockedError: ``second-process``.
    """
    steps = released_migrations() if migrations is None else tuple(migrations)
    with storage_errors():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FolderLock(folder / LOCK_FILE)
    try:
        _refuse_another(folder)
        key = Secret.generate()
        _build(folder, key, steps)
        write_slots(folder, passphrase, key, cost=cost)
        return _open(folder, key, lock, steps=steps)
    except BaseException:
        lock.release()
        raise


def open_vault(
    folder: Path, passphrase: str, *, migrations: Sequence[Migration] | None = None
) -> Vault:
    """Open the vault in ``folder`` for this process alone.

    Args:
        folder: The vault's folder.
        passphrase: Opens one of the key slots.
        migrations: Steps of the schema; those of this release by default.

    Raises:
        VaultDamagedError: ``key-file-missing`` (a database without key file).
        VaultError: ``not-found``, or the disk's reasons.
        VaultLockedError: ``second-process``.
        VaultTooNewError: ``key-file``.
        VaultDamagedError: ``key-file``.
        WrongPassphraseError: ``no-slot``.
        VaultDamagedError: ``database-missing``, ``database``.
        VaultTooNewError: ``schema``.
    """
    steps = released_migrations() if migrations is None else tuple(migrations)
    if not (folder / KEY_FILE).exists():
        if (folder / _DATABASE).exists():
            raise VaultDamagedError("key-file-missing")
        raise VaultError("not-found")
    lock = FolderLock(folder / LOCK_FILE)
    try:
        return _open(folder, open_key(folder, passphrase), lock, steps=steps)
    except BaseException:
        lock.release()
        raise


class Vault:
    """An open vault. Made by `create_vault` and `open_vault` only."""

    def __init__(self, folder: Path, connection: Any, lock: FolderLock) -> None:
        """Take over a keyed connection and the folder's lock."""
        self._folder = folder
        self._connection: Any = connection
        self._lock = lock
        self._closed = False

    @property
    def folder(self) -> Path:
        """The vault's folder."""
        return self._folder

    @property
    def bodies_folder(self) -> Path:
        """Where the sealed bodies lie."""
        return self._folder / _BODIES

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside, or, if anything is raised inside, nothing of it.

        Raises:
            RuntimeError: the vault is closed, or a transaction is already open.
            VaultError: the disk's reasons; nothing was changed.
        """
        if self._usable().in_transaction:
            msg = "transactions do not nest"
            raise RuntimeError(msg)
        with _sql_errors():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with _sql_errors():
                self._usable().execute("COMMIT")
        except BaseException:
            if not self._closed and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def execute(self, sql: str, parameters: Sequence[SqlValue] = ()) -> int:
        """Change rows; for the modules of this package only. Returns how many were changed.

        Raises:
            RuntimeError: outside a transaction.
            ValueError: a constraint of the schema refuses it.
            VaultError: the disk's reasons.
        """
        if not self._usable().in_transaction:
            msg = "changes need `with vault.transaction():`"
            raise RuntimeError(msg)
        with _sql_errors():
            changed: int = self._connection.execute(sql, tuple(parameters)).rowcount
            return changed

    def query(self, sql: str, parameters: Sequence[SqlValue] = ()) -> list[Row]:
        """Return the rows of one SELECT; for the modules of this package only.

        Raises:
            RuntimeError: the vault is closed.
            ValueError: the statement is no SELECT.
            VaultError: the disk's reasons, or `VaultDamagedError` ``database``.
        """
        if not sql.startswith("SELECT "):
            msg = "query() reads; use execute() in a transaction"
            raise ValueError(msg)
        with _sql_errors():
            cursor = self._usable().execute(sql, tuple(parameters))
            names = [column[0] for column in cursor.description]
            return [Row(dict(zip(names, values, strict=True))) for values in cursor.fetchall()]

    def checkpoint(self) -> None:
        """Move everything committed into ``vault.db`` and empty the write-ahead file.

        Call it after private halves of keys were deleted: until then that file still holds the
        pages as they were before, under the vault's key.

        Raises:
            RuntimeError: the vault is closed, or a transaction is open.
            VaultLockedError: ``second-process`` (a foreign program reads the file).
            VaultError: the disk's reasons.
        """
        if self._usable().in_transaction:
            msg = "a checkpoint follows the transaction"
            raise RuntimeError(msg)
        with _sql_errors():
            _empty_write_ahead(self._connection)

    def discard_backups(self) -> int:
        """Delete the copies made before migrations; returns how many.

        They hold what was destroyed later, so destroying anything begins with this.

        Raises:
            VaultError: the disk's reasons.
        """
        with storage_errors():
            found = sorted((self._folder / _BACKUPS).glob("*.db"))
            for path in found:
                path.unlink()
            sync_folder(self._folder / _BACKUPS)
        return len(found)

    def close(self) -> None:
        """Roll back what is not committed, close the file and let the next process in."""
        if not self._closed:
            self._closed = True
            self._connection.close()
            self._lock.release()

    def _usable(self) -> Any:
        if self._closed:
            msg = "the vault is closed"
            raise RuntimeError(msg)
        return self._connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _sql_errors() -> Iterator[None]:
    """Turn what SQLite says about the file into a `VaultError`; wrong SQL passes as it is."""
    try:
        yield
    except sqlcipher.IntegrityError as exc:
        msg = "refused by a constraint of the schema"
        raise ValueError(msg) from exc
    except sqlcipher.DatabaseError as exc:
        code = getattr(exc, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code in _DAMAGE:
            raise VaultDamagedError("database") from exc
        if code in _HELD:
            raise VaultLockedError("second-process") from exc
        if code == sqlcipher.SQLITE_FULL:
            raise VaultError("disk-full") from exc
        if code in _DISK:
            raise VaultError("disk") from exc
        raise


def _refuse_another(folder: Path) -> None:
    if any(os.path.lexists(folder / name) for name in (KEY_FILE, _DATABASE)):
        raise VaultError("exists")


def _build(folder: Path, key: Secret, steps: Sequence[Migration]) -> None:
    path = folder / _UNPUBLISHED
    with storage_errors():
        for leftover in folder.glob(f"{_UNPUBLISHED}*"):
            leftover.unlink()  # a creation that was cut short: it never held anything
        for name in (_BODIES, _BACKUPS):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        reserve(folder, _UNPUBLISHED)
    with _sql_errors(), closing(_connect(path, key, mode="mode=rw")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for step in steps:
            _apply(connection, step)


def _open(folder: Path, key: Secret, lock: FolderLock, *, steps: Sequence[Migration]) -> Vault:
    path = folder / _DATABASE
    with storage_errors():
        if not path.exists():
            if not (folder / _UNPUBLISHED).exists():
                raise VaultDamagedError("database-missing")
            (folder / _UNPUBLISHED).rename(path)
            sync_folder(folder)
        version = _inspect(path, key, newest=steps[-1].number)
        for name in (_BODIES, _BACKUPS):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        for place in (folder, folder / _BACKUPS):
            remove_partial_files(place)
    with _sql_errors():
        connection = _connect(path, key, mode="mode=rw")
        try:
            for step in steps[version:]:
                _back_up(folder, connection, key, version=step.number - 1)
                _apply(connection, step)
        except BaseException:
            connection.close()
            raise
    return Vault(folder, connection, lock)


def _connect(path: Path, key: Secret, *, mode: str) -> Any:
    uri = f"{path.resolve().as_uri()}?{mode}"
    connection = sqlcipher.connect(uri, uri=True, isolation_level=None)
    try:
        connection.enable_load_extension(False)  # noqa: FBT003  # the library takes it by position
        for pragma in _BEFORE_KEY:
            connection.execute(pragma).fetchall()
        connection.execute(f"PRAGMA key = \"x'{key.reveal().hex()}'\"").fetchall()
        for pragma in _AFTER_KEY:
            connection.execute(pragma).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _inspect(path: Path, key: Secret, *, newest: int, mode: str = "mode=ro") -> int:
    """Read the whole file without the right to write; returns the schema's number.

    ``quick_check`` goes through the pager, so it authenticates every page in use and sees pages
    that still lie in the write-ahead file; ``cipher_integrity_check`` would call a page damaged
    whose last write was cut off and which that file heals.
    """
    with _sql_errors(), closing(_connect(path, key, mode=mode)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > newest:
            raise VaultTooNewError("schema", found=version, known=newest)
        if version < 1 or connection.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            raise VaultDamagedError("database")
        return version


def _apply(connection: Any, step: Migration) -> None:
    connection.executescript(
        f"BEGIN IMMEDIATE;\n{step.sql}\n;PRAGMA user_version = {step.number:d};\nCOMMIT;"
    )


def _empty_write_ahead(connection: Any) -> None:
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:  # a foreign program reads the file; what it holds back would be missing in a copy
        raise VaultLockedError("second-process")


def _back_up(folder: Path, connection: Any, key: Secret, *, version: int) -> None:
    _empty_write_ahead(connection)
    path = copy_file(folder / _DATABASE, folder / _BACKUPS, f"vault-schema-{version}.db")
    _inspect(path, key, newest=version, mode="mode=ro&immutable=1")
