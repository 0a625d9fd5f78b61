from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from secure_liaison.audit import rows as rows_module
from secure_liaison.audit.events import Event, EventType
from secure_liaison.audit.ledger import Ledger, MemoryLedgerStore
from secure_liaison.audit.rows import LedgerRow, decode_leaf, encode_leaf, make_row
from secure_liaison.clock import FixedClock
from secure_liaison.errors import AuditInconsistentError, FormatError
from secure_liaison.transparency.merkle import leaf_hash, root_of
from secure_liaison.transparency.note import Checkpoint, open_checkpoint
from tests.audit.desk import HANDLE, LEDGER_KEY, ORIGIN, REALM, Desk


def test_an_empty_ledger_signs_an_empty_tree() -> None:
    desk = Desk()
    opened = open_checkpoint(
        desk.ledger.checkpoint(), origin=ORIGIN, required=[desk.ledger.note_key]
    )
    assert (opened.size, opened.root) == (0, root_of([]))


def test_the_head_is_the_tree_over_all_leaves() -> None:
    desk = Desk().write(5)
    hashes = [leaf_hash(row.leaf) for row in desk.store.rows(0, 5)]
    assert desk.ledger.head() == Checkpoint(origin=ORIGIN, size=5, root=root_of(hashes))


def test_what_was_written_is_read() -> None:
    desk = Desk().write(3)
    assert [0, 1, 2] == [entry.event.detail["number"] for entry in desk.ledger.entries()]
    assert [1] == [entry.index for entry in desk.ledger.entries(1, 2)]


def test_a_leaf_says_nothing_but_links_and_commitments() -> None:
    desk = Desk()
    desk.ledger.append(Event(type=EventType.DOC_OPEN, actor="li.wei", label="机密★10年"))
    leaf = next(desk.store.rows(0, 1)).leaf
    assert {"v", "id", "device", "n", "prev", "tags", "own", "shared"} == set(json.loads(leaf))
    assert b"li.wei" not in leaf
    assert len(leaf) < 500


def test_each_leaf_names_the_one_before() -> None:
    rows = list(Desk().write(3).store.rows(0, 3))
    assert [b"", rows[0].leaf_hash, rows[1].leaf_hash] == [
        decode_leaf(row.leaf).previous for row in rows
    ]


def test_two_equal_events_have_different_leaves() -> None:
    desk = Desk()
    one = desk.ledger.append(Event(type=EventType.ADMIN_START, t_us=1))
    other = desk.ledger.append(Event(type=EventType.ADMIN_START, t_us=1))
    own = [json.loads(row.leaf)["own"] for row in desk.store.rows(0, 2)]
    assert one.leaf_hash != other.leaf_hash
    assert own[0] != own[1]


def test_times_do_not_go_back_with_the_machines_clock() -> None:
    desk = Desk().write(1)
    first = desk.ledger.last_time_us()
    desk.machine.advance(-7200)
    assert desk.ledger.append(Event(type=EventType.ADMIN_STOP)).event.t_us == first
    assert desk.ledger.append(Event(type=EventType.ADMIN_STOP, t_us=5)).event.t_us == first


def test_the_clock_learns_the_last_time_at_start() -> None:
    desk = Desk().write(1)
    before = desk.clock.now()
    late = Desk(machine=FixedClock(before - 9000), store=desk.store)
    assert late.clock.now_us() == desk.ledger.last_time_us()


def test_a_plain_clock_is_guarded_too() -> None:
    desk = Desk().write(1)
    ledger = Ledger(
        desk.store,
        device=HANDLE,
        realm=REALM,
        signing=LEDGER_KEY,
        clock=FixedClock(0),
        origin=ORIGIN,
    )
    entry = ledger.append(Event(type=EventType.ADMIN_START))
    assert entry.event.t_us >= desk.ledger.last_time_us() > 0


def test_a_ledger_is_taken_up_where_it_was_left() -> None:
    desk = Desk().write(3)
    again = desk.again()
    again.append(Event(type=EventType.ADMIN_START))
    assert (4, desk.ledger.root()) == (again.size, again.root())
    again.check()


class RollingBack(MemoryLedgerStore):
    """Forgets what a transaction wrote that was rolled back."""

    def rolled_back_to(self, size: int, state: bytes) -> None:
        self._rows = self._rows[:size]
        self._state = state


def test_a_transaction_rolled_back_leaves_no_trace() -> None:
    store = RollingBack()
    desk = Desk(store=store).write(3)
    state, root = store.range_state(), desk.ledger.root()
    desk.ledger.append(Event(type=EventType.ADMIN_STOP))
    store.rolled_back_to(3, state)
    assert desk.ledger.root() == root
    desk.ledger.append(Event(type=EventType.ADMIN_STOP))
    desk.ledger.check()


def test_a_store_takes_the_next_row_only() -> None:
    row = make_row(
        Event(type=EventType.ADMIN_START, device=HANDLE.hex()), index=1, previous=b"", realm=REALM
    )
    with pytest.raises(ValueError, match="row 1 after 0"):
        MemoryLedgerStore().append(row)


def with_row(desk: Desk, place: int, row: LedgerRow) -> Ledger:
    """What someone does who can write into the store, but holds no key."""
    rows = list(desk.store.rows(0, desk.store.size()))
    rows[place] = row
    desk.store._rows = rows
    return desk.ledger


def forged_row(desk: Desk, place: int, event: Event) -> LedgerRow:
    """What a forger writes who knows how a row is made: all of it anew, but the link after it."""
    rows = list(desk.store.rows(0, desk.store.size()))
    previous = rows[place - 1].leaf_hash if place else b""
    return make_row(event, index=place, previous=previous, realm=REALM)


def with_leaf(row: LedgerRow, **members: object) -> LedgerRow:
    """Change the leaf and its hash alike."""
    leaf = encode_leaf(replace(decode_leaf(row.leaf), **members))  # type: ignore[arg-type]  # by name
    return replace(row, leaf=leaf, leaf_hash=leaf_hash(leaf))


CHANGES: dict[str, Callable[[LedgerRow], LedgerRow]] = {
    "entry-index": lambda row: replace(row, index=7),
    "entry-leaf": lambda row: replace(row, leaf=row.leaf + b" "),
    "entry-leaf-hash": lambda row: replace(row, leaf_hash=bytes(32)),
    "entry-counter": lambda row: with_leaf(row, counter=9),
    "entry-device": lambda row: with_leaf(row, device=bytes(16)),
    "entry-previous": lambda row: with_leaf(row, previous=bytes(32)),
    "entry-own": lambda row: replace(row, own=row.own.replace(b'"number":2', b'"number":3')),
    "entry-shared": lambda row: replace(row, shared_salt=bytes(32)),
    "entry-parts": lambda row: replace(row, t_us=row.t_us + 1),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_each_kind_of_change_is_named_with_its_entry(reason: str) -> None:
    desk = Desk().write(5)
    row = list(desk.store.rows(0, 5))[2]
    with pytest.raises(AuditInconsistentError) as caught:
        with_row(desk, 2, CHANGES[reason](row)).check()
    assert (reason, {"index": 2}) == (caught.value.reason, caught.value.facts)


def test_a_detail_that_is_committed_to_but_malformed_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk().write(1)
    monkeypatch.setattr(rows_module, "encode_own", lambda _event: b"{}")
    desk.write(1)
    with pytest.raises(AuditInconsistentError) as caught:
        desk.ledger.check()
    assert ("entry-detail", {"index": 1}) == (caught.value.reason, caught.value.facts)


def test_a_row_forged_as_a_whole_breaks_the_link_after_it() -> None:
    desk = Desk().write(5)
    forged = Event(type=EventType.ADMIN_STOP, t_us=desk.ledger.last_time_us(), device=HANDLE.hex())
    ledger = with_row(desk, 2, forged_row(desk, 2, forged))
    with pytest.raises(AuditInconsistentError) as caught:
        ledger.check()
    assert ("entry-previous", 3) == (caught.value.reason, caught.value.facts["index"])


def test_the_last_row_forged_as_a_whole_breaks_the_tree() -> None:
    desk = Desk().write(5)
    forged = Event(type=EventType.ADMIN_STOP, t_us=desk.ledger.last_time_us(), device=HANDLE.hex())
    ledger = with_row(desk, 4, forged_row(desk, 4, forged))
    with pytest.raises(AuditInconsistentError) as caught:
        ledger.check()
    assert "ledger-state" == caught.value.reason


def test_a_time_forged_backwards_is_named() -> None:
    desk = Desk().write(3)
    forged = Event(type=EventType.ADMIN_STOP, t_us=1, device=HANDLE.hex())
    ledger = with_row(desk, 2, forged_row(desk, 2, forged))
    with pytest.raises(AuditInconsistentError) as caught:
        ledger.check()
    assert ("entry-time", 2) == (caught.value.reason, caught.value.facts["index"])


def test_parts_that_contradict_each_other_are_named() -> None:
    desk = Desk().write(2)
    forged = Event(type=EventType.ADMIN_STOP, t_us=desk.ledger.last_time_us(), device="ab" * 16)
    row = with_leaf(forged_row(desk, 1, forged), device=HANDLE)
    ledger = with_row(desk, 1, row)
    with pytest.raises(AuditInconsistentError) as caught:
        ledger.check()
    assert ("entry-parts", 1) == (caught.value.reason, caught.value.facts["index"])


def test_a_ledger_cut_at_its_end_is_noticed_at_once() -> None:
    desk = Desk().write(5)
    desk.store._rows = desk.store._rows[:3]
    with pytest.raises(AuditInconsistentError) as caught:
        desk.again()
    assert "ledger-state" == caught.value.reason


def test_a_ledger_extends_every_earlier_head_of_its_own() -> None:
    desk = Desk()
    heads = [desk.write(count).ledger.head() for count in (0, 1, 2, 4)]
    for head in heads:
        desk.ledger.check_extends(head)


def cut_to(desk: Desk, size: int) -> Desk:
    """What an owner does who puts an older copy of the vault back."""
    older = Desk(machine=desk.machine)
    for row in desk.store.rows(0, size):
        older.store.append(row)
    grown, _ = desk.ledger.range_at(size)
    older.store.set_range_state(grown.state())
    older.ledger = older.again()
    return older


def test_a_ledger_cut_and_not_regrown_is_found_by_a_head_seen_earlier() -> None:
    desk = Desk().write(5)
    with pytest.raises(AuditInconsistentError) as caught:
        cut_to(desk, 3).ledger.check_extends(desk.ledger.head())
    assert ("ledger-cut", {"size": 3, "expected": 5}) == (caught.value.reason, caught.value.facts)


@pytest.mark.parametrize("more", [2, 3])
def test_a_ledger_cut_and_regrown_is_found_by_a_head_seen_earlier(more: int) -> None:
    desk = Desk().write(5)
    regrown = cut_to(desk, 3).write(more)
    regrown.ledger.check()
    with pytest.raises(AuditInconsistentError) as caught:
        regrown.ledger.check_extends(desk.ledger.head())
    assert "merkle-consistency" == caught.value.reason


def test_another_ledger_extends_nothing() -> None:
    desk = Desk().write(1)
    with pytest.raises(AuditInconsistentError) as caught:
        desk.ledger.check_extends(replace(desk.ledger.head(), origin="ledger.test/other"))
    assert "checkpoint-other-log" == caught.value.reason


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"v": 1}, "ledger-leaf-version"),
        ({"tags": ["ab" * 32]}, "ledger-leaf-tags"),
        ({"id": "ab"}, "ledger-member"),
        ({"device": "AB" * 16}, "ledger-member"),
        ({"prev": "ab"}, "ledger-member"),
        ({"n": -1}, "ledger-member"),
        ({"more": ""}, "ledger-member-unknown"),
    ],
)
def test_a_malformed_leaf_is_refused(members: dict[str, object], reason: str) -> None:
    row = next(Desk().write(1).store.rows(0, 1))
    value = json.loads(row.leaf) | members
    data = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(FormatError) as caught:
        decode_leaf(data)
    assert reason == caught.value.reason
