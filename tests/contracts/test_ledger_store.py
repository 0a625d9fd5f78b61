"""What every ledger store keeps to: the one in memory and the one in the vault."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

import pytest

from secure_liaison.audit.events import Event, EventType
from secure_liaison.audit.ledger import Ledger, LedgerRow, LedgerStore, MemoryLedgerStore
from secure_liaison.clock import FixedClock
from secure_liaison.crypto.keys import Realm
from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.crypto.signing import NoteSigningKey
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.vault.ledger import VaultLedgerStore
from secure_liaison.vault.store import create_vault, open_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Adapter(NamedTuple):
    """A store and what a change of it must stand in."""

    store: LedgerStore
    transaction: Callable[[], AbstractContextManager[None]]


@contextmanager
def in_vault(folder: Path) -> Iterator[Adapter]:
    with create_vault(folder, "passphrase", cost=TEST_COST) as vault:
        yield Adapter(VaultLedgerStore(vault), vault.transaction)


@pytest.fixture(params=["memory", "vault"])
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Adapter]:
    if request.param == "memory":
        yield Adapter(MemoryLedgerStore(), nullcontext)
    else:
        with in_vault(tmp_path / "desk") as made:
            yield made


def row(index: int) -> LedgerRow:
    return LedgerRow(
        index=index,
        leaf=b"leaf %d" % index,
        leaf_hash=bytes([index % 256]) * 32,
        own=b"own",
        own_salt=b"o" * 32,
        shared=b"",
        shared_salt=b"s" * 32,
        t_us=1_800_000_000_000_000 + index,
    )


def fill(adapter: Adapter, count: int) -> None:
    with adapter.transaction():
        for index in range(count):
            adapter.store.append(row(index))


def ledger_on(store: LedgerStore, key: NoteSigningKey) -> Ledger:
    return Ledger(
        store,
        device=DeviceHandle(b"d" * 16),
        realm=Realm(b"r" * 32),
        signing=key,
        clock=FixedClock(),
        origin="desk.example/ledger",
    )


def test_a_new_store_is_empty(adapter: Adapter) -> None:
    assert adapter.store.size() == 0
    assert adapter.store.range_state() == b""
    assert list(adapter.store.rows(0, 10)) == []


def test_rows_come_back_as_they_went_in(adapter: Adapter) -> None:
    fill(adapter, 3)
    assert adapter.store.size() == 3
    assert list(adapter.store.rows(0, 3)) == [row(0), row(1), row(2)]


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [(0, 0, []), (1, 3, [1, 2]), (2, 99, [2, 3, 4]), (5, 9, []), (3, 2, [])],
)
def test_a_range_of_rows_ends_before_its_stop(
    adapter: Adapter, start: int, stop: int, expected: list[int]
) -> None:
    fill(adapter, 5)
    assert [found.index for found in adapter.store.rows(start, stop)] == expected


def test_many_rows_are_read_in_order(adapter: Adapter) -> None:
    fill(adapter, 600)
    assert [found.index for found in adapter.store.rows(1, 599)] == list(range(1, 599))


@pytest.mark.parametrize("index", [0, 1, 3])
def test_a_row_is_added_at_the_end_only(adapter: Adapter, index: int) -> None:
    fill(adapter, 2)
    with pytest.raises(ValueError, match="row"), adapter.transaction():
        adapter.store.append(row(index))
    assert list(adapter.store.rows(0, 9)) == [row(0), row(1)]


def test_the_state_of_the_tree_is_the_last_one_set(adapter: Adapter) -> None:
    for state in (b"first", b"s" * 2080):
        with adapter.transaction():
            adapter.store.set_range_state(state)
    assert adapter.store.range_state() == b"s" * 2080


def test_both_stores_carry_the_same_ledger(tmp_path: Path) -> None:
    key = NoteSigningKey.generate()
    event = Event(type=EventType.AUTH_OK)
    with in_vault(tmp_path / "desk") as kept:
        for adapter in (kept, Adapter(MemoryLedgerStore(), nullcontext)):
            ledger = ledger_on(adapter.store, key)
            for _ in range(5):
                with adapter.transaction():
                    ledger.append(event)
            assert ledger.size == 5
            assert len(list(ledger.entries())) == 5


# ------------------------------------------------------------ what only the vault's can show


def test_a_ledger_goes_on_after_the_vault_was_closed(tmp_path: Path) -> None:
    key = NoteSigningKey.generate()
    event = Event(type=EventType.AUTH_OK)
    with create_vault(tmp_path / "desk", "passphrase", cost=TEST_COST) as vault:
        ledger = ledger_on(VaultLedgerStore(vault), key)
        with vault.transaction():
            ledger.append(event)
        root = ledger.root()
    with open_vault(tmp_path / "desk", "passphrase") as vault:
        ledger = ledger_on(VaultLedgerStore(vault), key)
        assert ledger.root() == root
        with vault.transaction():
            ledger.append(event)
        assert ledger.size == 2


def test_a_rolled_back_transaction_leaves_no_line(tmp_path: Path) -> None:
    with in_vault(tmp_path / "desk") as adapter:
        fill(adapter, 1)

        def fail() -> None:
            with adapter.transaction():
                adapter.store.append(row(1))
                adapter.store.set_range_state(b"half")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert adapter.store.size() == 1
        assert adapter.store.range_state() == b""


def test_a_line_outside_a_transaction_is_a_programmers_mistake(tmp_path: Path) -> None:
    with in_vault(tmp_path / "desk") as adapter:
        with pytest.raises(RuntimeError, match="transaction"):
            adapter.store.append(row(0))
        assert adapter.store.size() == 0


@pytest.mark.parametrize("sql", ["DELETE FROM ledger", "UPDATE ledger SET own = x'00'"])
def test_the_database_refuses_to_change_a_line(tmp_path: Path, sql: str) -> None:
    with create_vault(tmp_path / "desk", "passphrase", cost=TEST_COST) as vault:
        fill(Adapter(VaultLedgerStore(vault), vault.transaction), 1)
        with pytest.raises(ValueError, match="constraint"), vault.transaction():
            vault.execute(sql)
        assert list(VaultLedgerStore(vault).rows(0, 1)) == [row(0)]
