"""The vault's file: one clear error for each thing that can go wrong, and nothing lost."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.errors import (
    VaultDamagedError,
    VaultError,
    VaultLockedError,
    VaultTooNewError,
    WrongPassphraseError,
)
from secure_liaison.vault import slots, store
from secure_liaison.vault.migrations import Migration, released_migrations
from secure_liaison.vault.records import Records
from secure_liaison.vault.store import Vault, create_vault, open_vault

PASSPHRASE = "correct horse"
PAGE = 4096


def contents(folder: Path) -> dict[str, bytes]:
    """What a vault at rest consists of, without SQLite's own side files and the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm", ".lock"))
    }


@pytest.fixture
def closed(folder: Path) -> Path:
    """A vault at rest with one setting in it."""
    with create_vault(folder, PASSPHRASE, cost=TEST_COST) as vault, vault.transaction():
        Records(vault).set_setting("post", "第一秘书")
    return folder


def setting(folder: Path, *, migrations: tuple[Migration, ...] | None = None) -> str | None:
    with open_vault(folder, PASSPHRASE, migrations=migrations) as vault:
        return Records(vault).setting("post")


# ------------------------------------------------------------------------------ opening


def test_what_was_committed_is_there_after_reopening(closed: Path) -> None:
    assert setting(closed) == "第一秘书"


def test_a_wrong_passphrase_is_refused_and_nothing_changes(closed: Path) -> None:
    before = contents(closed)
    with pytest.raises(WrongPassphraseError, match="no-slot"):
        open_vault(closed, "incorrect horse")
    assert contents(closed) == before
    assert setting(closed) == "第一秘书"


def test_passphrases_typed_in_either_normal_form_are_one(folder: Path) -> None:
    create_vault(folder, "caf\u00e9", cost=TEST_COST).close()
    open_vault(folder, "cafe\u0301").close()


@pytest.mark.parametrize(
    "length", [0, 1, 15, 16, 100, 512, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, -PAGE, -1]
)
def test_a_truncated_database_is_damage_and_stays_as_it_is(closed: Path, length: int) -> None:
    path = closed / "vault.db"
    octets = path.read_bytes()[:length]
    path.write_bytes(octets)
    before = contents(closed)
    with pytest.raises(VaultDamagedError, match="database"):
        open_vault(closed, PASSPHRASE)
    assert contents(closed) == before


def test_a_flipped_bit_in_any_page_is_damage_and_stays_as_it_is(closed: Path) -> None:
    path = closed / "vault.db"
    whole = path.read_bytes()
    for start in range(0, len(whole), PAGE):
        octets = bytearray(whole)
        octets[start + 1000] ^= 1
        path.write_bytes(octets)
        before = contents(closed)
        with pytest.raises(VaultDamagedError, match="database"):
            open_vault(closed, PASSPHRASE)
        assert contents(closed) == before
    path.write_bytes(whole)
    assert setting(closed) == "第一秘书"


def test_damage_says_nothing_on_standard_error(
    closed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (closed / "vault.db").write_bytes((closed / "vault.db").read_bytes()[:-PAGE])
    with pytest.raises(VaultDamagedError):
        open_vault(closed, PASSPHRASE)
    assert capfd.readouterr() == ("", "")


def test_a_database_of_another_vault_is_damage(closed: Path, tmp_path: Path) -> None:
    create_vault(tmp_path / "other", PASSPHRASE, cost=TEST_COST).close()
    (closed / "vault.db").write_bytes((tmp_path / "other" / "vault.db").read_bytes())
    with pytest.raises(VaultDamagedError, match="database"):
        open_vault(closed, PASSPHRASE)


def test_a_newer_schema_is_refused_and_stays_as_it_is(closed: Path) -> None:
    with open_vault(closed, PASSPHRASE) as vault, vault.transaction():
        vault.execute(f"PRAGMA user_version = {released_migrations()[-1].number + 1}")
    before = contents(closed)
    with pytest.raises(VaultTooNewError, match="schema") as caught:
        open_vault(closed, PASSPHRASE)
    newest = released_migrations()[-1].number
    assert caught.value.facts == {"found": newest + 1, "known": newest}
    assert contents(closed) == before


FROM_THE_FUTURE = """
import os, sys
from pathlib import Path
from secure_liaison.vault.store import open_vault
vault = open_vault(Path(sys.argv[1]), sys.argv[2])
with vault.transaction():
    vault.execute("PRAGMA user_version = 99")
os._exit(9)
"""


def test_a_newer_schema_is_left_alone_with_its_write_ahead_file(closed: Path) -> None:
    """Opening for writing would move that file's pages into the database on closing."""
    command = [sys.executable, "-c", FROM_THE_FUTURE, str(closed), PASSPHRASE]
    assert subprocess.run(command, check=False).returncode == 9
    names = ("vault.db", "vault.db-wal")
    before = [(closed / name).read_bytes() for name in names]
    assert before[1]
    with pytest.raises(VaultTooNewError, match="schema"):
        open_vault(closed, PASSPHRASE)
    assert [(closed / name).read_bytes() for name in names] == before


def test_a_page_that_belongs_to_nothing_is_damage(closed: Path) -> None:
    """Every page is authentic here; what does not fit is how they hang together."""
    with open_vault(closed, PASSPHRASE) as vault:
        vault._connection.execute("PRAGMA writable_schema = ON")
        vault._connection.execute("DELETE FROM sqlite_schema WHERE name = 'pairings'")
    before = contents(closed)
    with pytest.raises(VaultDamagedError, match="database"):
        open_vault(closed, PASSPHRASE)
    assert contents(closed) == before


def test_a_missing_vault_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="not-found"):
        open_vault(tmp_path, PASSPHRASE)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_key_file_is_told_from_a_missing_vault(closed: Path) -> None:
    (closed / "vault.keys").unlink()
    with pytest.raises(VaultDamagedError, match="key-file-missing"):
        open_vault(closed, PASSPHRASE)


def test_a_missing_database_is_damage_and_no_new_one_is_made(closed: Path) -> None:
    (closed / "vault.db").unlink()
    with pytest.raises(VaultDamagedError, match="database-missing"):
        open_vault(closed, PASSPHRASE)
    assert not (closed / "vault.db").exists()


# ---------------------------------------------------------------------- second process


HOLDER = """
import sys
from pathlib import Path
from secure_liaison.vault.store import open_vault
vault = open_vault(Path(sys.argv[1]), sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_ends(closed: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(closed), PASSPHRASE]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(VaultLockedError, match="second-process"):
            open_vault(closed, PASSPHRASE)
        with pytest.raises(VaultLockedError, match="second-process"):
            slots.change_passphrase(closed, PASSPHRASE, "other", cost=TEST_COST)
        holder.kill()  # not even a clean end is needed
    assert setting(closed) == "第一秘书"


def test_the_same_process_is_refused_too(vault: Vault) -> None:
    with pytest.raises(VaultLockedError, match="second-process"):
        open_vault(vault.folder, PASSPHRASE)


def test_a_file_system_without_locks_is_told(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.ENOLCK, "no locks")

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse)
        with pytest.raises(VaultError, match=r": disk$"):
            open_vault(closed, PASSPHRASE)
    assert setting(closed) == "第一秘书"


def test_a_failed_opening_lets_go_of_the_lock(closed: Path) -> None:
    with pytest.raises(WrongPassphraseError):
        open_vault(closed, "wrong")
    open_vault(closed, PASSPHRASE).close()


# ------------------------------------------------------------------------ transactions


KILLED = """
import os, sys
from pathlib import Path
from secure_liaison.vault.records import Records
from secure_liaison.vault.store import open_vault
vault = open_vault(Path(sys.argv[1]), sys.argv[2])
records = Records(vault)
with vault.transaction():
    records.set_setting("before", "kept")
with vault.transaction():
    records.set_setting("post", "changed")
    os._exit(9)
"""


def test_a_process_killed_inside_a_transaction_leaves_the_old_state(closed: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(closed), PASSPHRASE]
    assert subprocess.run(command, check=False).returncode == 9
    with open_vault(closed, PASSPHRASE) as vault:
        assert Records(vault).settings() == {"before": "kept", "post": "第一秘书"}


def test_an_error_inside_a_transaction_rolls_all_of_it_back(vault: Vault) -> None:
    records = Records(vault)

    def change_two_things() -> NoReturn:
        with vault.transaction():
            records.set_setting("a", "1")
            records.set_setting("b", "2")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        change_two_things()
    assert records.settings() == {}
    with vault.transaction():
        records.set_setting("c", "3")
    assert records.settings() == {"c": "3"}


def test_a_change_outside_a_transaction_is_a_programmers_mistake(vault: Vault) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        Records(vault).set_setting("a", "1")
    assert Records(vault).settings() == {}


def test_transactions_do_not_nest(vault: Vault) -> None:
    with vault.transaction(), pytest.raises(RuntimeError, match="nest"), vault.transaction():
        pass  # never reached


def test_query_only_reads(vault: Vault) -> None:
    with pytest.raises(ValueError, match="execute"):
        vault.query("DELETE FROM settings")


def test_a_constraint_is_a_programmers_mistake_and_rolls_back(vault: Vault) -> None:
    def break_a_rule() -> None:
        with vault.transaction():
            Records(vault).set_setting("a", "1")
            vault.execute("INSERT INTO settings VALUES ('a', '2')")

    with pytest.raises(ValueError, match="constraint"):
        break_a_rule()
    assert Records(vault).settings() == {}


def test_wrong_sql_passes_as_it_is(vault: Vault) -> None:
    with pytest.raises(Exception, match="no such table"):
        vault.query("SELECT * FROM nowhere")


@pytest.mark.parametrize(
    ("setup", "expected"),
    [("PRAGMA max_page_count = 1", "disk-full"), ("PRAGMA query_only = ON", "disk")],
)
def test_a_disk_that_refuses_rolls_back_and_says_so(
    vault: Vault, setup: str, expected: str
) -> None:
    def write_much() -> None:
        with vault.transaction():
            Records(vault).set_document("big", bytes(200_000))

    vault._connection.execute(setup).fetchall()
    with pytest.raises(VaultError, match=expected):
        write_much()
    vault._connection.execute("PRAGMA query_only = OFF")
    assert Records(vault).document("big") is None
    assert not vault._connection.in_transaction


def test_a_file_held_by_a_foreign_program_is_locked(vault: Vault) -> None:
    key = slots.open_key(vault.folder, PASSPHRASE)
    vault._connection.set_busy_timeout(0)
    with closing(store._connect(vault.folder / "vault.db", key, mode="mode=rw")) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(VaultLockedError, match="second-process"), vault.transaction():
            pass  # never reached


def test_a_closed_vault_is_a_programmers_mistake(vault: Vault) -> None:
    vault.close()
    vault.close()
    with pytest.raises(RuntimeError, match="closed"):
        vault.query("SELECT 1")
    with pytest.raises(RuntimeError, match="closed"), vault.transaction():
        pass  # never reached


def test_closing_rolls_back_what_is_open(folder: Path) -> None:
    vault = create_vault(folder, PASSPHRASE, cost=TEST_COST)

    def close_inside() -> None:
        with vault.transaction():
            Records(vault).set_setting("post", "lost")
            vault.close()

    with pytest.raises(RuntimeError, match="closed"):
        close_inside()
    assert setting(folder) is None


# -------------------------------------------------------------------------- what is set


def test_the_pragmas_read_back(vault: Vault) -> None:
    expected = {
        "cipher_memory_security": "1",
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "temp_store": 2,
        "cell_size_check": 1,
    }
    found = {name: vault._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in expected}
    assert found == expected


def test_extensions_cannot_be_loaded(vault: Vault) -> None:
    with pytest.raises(Exception, match="not authorized"):
        vault.query("SELECT load_extension('anything')")


def test_the_files_hold_nothing_in_the_clear(vault: Vault) -> None:
    words = [f"机密正文 number {number}" for number in range(200)]
    with vault.transaction():
        for number, word in enumerate(words):
            Records(vault).set_setting(f"visible-name-{number}", word)
    for name in ("vault.db", "vault.db-wal"):
        octets = (vault.folder / name).read_bytes()
        assert octets
        assert [word for word in words if word.encode() in octets] == []
        assert b"visible-name" not in octets
        assert b"CREATE TABLE" not in octets
        assert b"SQLite format" not in octets


def test_everything_is_for_the_owner_alone(vault: Vault) -> None:
    with vault.transaction():
        Records(vault).set_setting("a", "1")
    modes = {
        path.relative_to(vault.folder).as_posix(): path.stat().st_mode & 0o777
        for path in (vault.folder, *vault.folder.rglob("*"))
    }
    assert modes == {
        ".": 0o700,
        "backup": 0o700,
        "bodies": 0o700,
        "vault.db": 0o600,
        "vault.db-shm": 0o600,
        "vault.db-wal": 0o600,
        "vault.keys": 0o600,
        "vault.lock": 0o600,
    }


def test_a_checkpoint_empties_the_write_ahead_file(vault: Vault) -> None:
    with vault.transaction():
        Records(vault).set_setting("a", "1")
        with pytest.raises(RuntimeError, match="checkpoint"):
            vault.checkpoint()
    assert (vault.folder / "vault.db-wal").stat().st_size > 0
    vault.checkpoint()
    assert (vault.folder / "vault.db-wal").stat().st_size == 0


def test_a_checkpoint_that_a_foreign_reader_holds_back_is_told(vault: Vault) -> None:
    key = slots.open_key(vault.folder, PASSPHRASE)
    vault._connection.set_busy_timeout(0)
    with vault.transaction():
        Records(vault).set_setting("a", "1")
    with closing(store._connect(vault.folder / "vault.db", key, mode="mode=ro")) as foreign:
        foreign.execute("BEGIN")
        foreign.execute("SELECT * FROM settings").fetchall()
        with vault.transaction():
            Records(vault).set_setting("b", "2")
        with pytest.raises(VaultLockedError, match="second-process"):
            vault.checkpoint()
    vault.checkpoint()


# ---------------------------------------------------------------------------- creation


def test_the_bodies_have_their_folder(vault: Vault) -> None:
    assert vault.bodies_folder == vault.folder / "bodies"
    assert vault.bodies_folder.is_dir()


def test_a_vault_is_never_made_over_another(closed: Path) -> None:
    before = contents(closed)
    with pytest.raises(VaultError, match="exists"):
        create_vault(closed, "other", cost=TEST_COST)
    assert contents(closed) == before


@pytest.mark.parametrize("left", ["vault.keys", "vault.db"])
def test_a_vault_is_never_made_over_half_of_another(closed: Path, left: str) -> None:
    gone = {"vault.keys": "vault.db", "vault.db": "vault.keys"}[left]
    (closed / gone).unlink()
    before = contents(closed)
    with pytest.raises(VaultError, match="exists"):
        create_vault(closed, "other", cost=TEST_COST)
    assert contents(closed) == before


def test_an_empty_passphrase_is_refused_and_leaves_the_way_free(folder: Path) -> None:
    with pytest.raises(VaultError, match="passphrase-empty"):
        create_vault(folder, "", cost=TEST_COST)
    create_vault(folder, PASSPHRASE, cost=TEST_COST).close()


@pytest.mark.parametrize("last_step", ["write_slots", "_open"])
def test_a_creation_cut_short_is_finished_or_begun_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, last_step: str
) -> None:
    def die(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, last_step, die)
        with pytest.raises(KeyboardInterrupt):
            create_vault(folder, PASSPHRASE, cost=TEST_COST)
    if last_step == "write_slots":  # the key file is what makes it a vault
        create_vault(folder, PASSPHRASE, cost=TEST_COST).close()
    assert setting(folder) is None


def test_a_folder_that_cannot_be_made_is_no_access(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(VaultError, match="no-access"):
        create_vault(tmp_path / "desk", PASSPHRASE, cost=TEST_COST)


# -------------------------------------------------------------------------- migrations


NEWEST = released_migrations()[-1].number
NEXT = Migration(
    number=NEWEST + 1,
    sql="ALTER TABLE settings ADD COLUMN note TEXT; UPDATE settings SET note = 'moved';",
)
FAILING = Migration(
    number=NEWEST + 1, sql="UPDATE settings SET value = 'half'; INSERT INTO nowhere;"
)


def test_a_migration_keeps_the_data_and_leaves_a_backup(closed: Path) -> None:
    before = (closed / "vault.db").read_bytes()
    steps = (*released_migrations(), NEXT)
    with open_vault(closed, PASSPHRASE, migrations=steps) as vault:
        rows = vault.query("SELECT value, note FROM settings")
        assert [(row.text("value"), row.text("note")) for row in rows] == [("第一秘书", "moved")]
    assert (closed / "backup" / f"vault-schema-{NEWEST}.db").read_bytes() == before
    assert setting(closed, migrations=steps) == "第一秘书"
    assert [path.name for path in (closed / "backup").iterdir()] == [f"vault-schema-{NEWEST}.db"]


def test_the_backup_put_back_is_the_old_vault(closed: Path) -> None:
    open_vault(closed, PASSPHRASE, migrations=(*released_migrations(), NEXT)).close()
    with pytest.raises(VaultTooNewError):
        open_vault(closed, PASSPHRASE)
    (closed / "backup" / f"vault-schema-{NEWEST}.db").replace(closed / "vault.db")
    assert setting(closed) == "第一秘书"


def test_each_of_several_migrations_has_its_backup(closed: Path) -> None:
    third = Migration(number=NEWEST + 2, sql="DELETE FROM settings;")
    steps = (*released_migrations(), NEXT, third)
    assert setting(closed, migrations=steps) is None
    assert sorted(path.name for path in (closed / "backup").iterdir()) == [
        f"vault-schema-{NEWEST}.db",
        f"vault-schema-{NEWEST + 1}.db",
    ]


def test_the_backup_holds_what_was_still_in_the_write_ahead_file(closed: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(closed), PASSPHRASE]
    assert subprocess.run(command, check=False).returncode == 9
    assert (closed / "vault.db-wal").stat().st_size > 0
    open_vault(closed, PASSPHRASE, migrations=(*released_migrations(), NEXT)).close()
    (closed / "backup" / f"vault-schema-{NEWEST}.db").replace(closed / "vault.db")
    with open_vault(closed, PASSPHRASE) as vault:
        assert Records(vault).setting("before") == "kept"


def test_a_failing_migration_changes_nothing_and_its_backup_is_never_replaced(
    closed: Path,
) -> None:
    steps = (*released_migrations(), FAILING)
    for _ in range(2):
        with pytest.raises(Exception, match=r"syntax|nowhere"):
            open_vault(closed, PASSPHRASE, migrations=steps)
    assert setting(closed) == "第一秘书"
    assert sorted(path.name for path in (closed / "backup").iterdir()) == [
        f"vault-schema-{NEWEST} (2).db",
        f"vault-schema-{NEWEST}.db",
    ]


def test_without_room_for_the_backup_nothing_is_migrated(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(VaultError, match="disk-full"):
            open_vault(closed, PASSPHRASE, migrations=(*released_migrations(), NEXT))
    assert list((closed / "backup").iterdir()) == []
    assert setting(closed) == "第一秘书"


def test_discarding_backups_deletes_them(closed: Path) -> None:
    with open_vault(closed, PASSPHRASE, migrations=(*released_migrations(), NEXT)) as vault:
        assert vault.discard_backups() == 1
        assert list((closed / "backup").iterdir()) == []
        assert vault.discard_backups() == 0


def test_a_vault_of_the_first_release_gets_the_tables_of_this_one(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    first = released_migrations()[:1]
    with create_vault(folder, PASSPHRASE, cost=TEST_COST, migrations=first) as vault:
        with vault.transaction():
            Records(vault).set_setting("post", "第一秘书")
        with pytest.raises(Exception, match="case_acts"):
            vault.query("SELECT * FROM case_acts")
    with open_vault(folder, PASSPHRASE) as vault:
        assert Records(vault).setting("post") == "第一秘书"
        assert vault.query("SELECT * FROM case_acts") == []
        assert vault.query("SELECT * FROM packs") == []
    backups = sorted(path.name for path in (folder / "backup").iterdir())
    assert backups == [f"vault-schema-{number}.db" for number in range(1, NEWEST)]


def test_released_migrations_are_numbered_without_a_gap() -> None:
    numbers = [step.number for step in released_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_a_killed_process_left_unfinished_is_cleared(closed: Path) -> None:
    leftovers = [closed / f".{'ab' * 16}.part", closed / "backup" / f".{'cd' * 16}.part"]
    for path in leftovers:
        path.write_bytes(os.urandom(10))
    open_vault(closed, PASSPHRASE).close()
    assert [path for path in leftovers if path.exists()] == []
