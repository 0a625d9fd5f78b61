"""What every adapter of the relay's store keeps to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from liaison_relay.storage.port import (
    AgencyRow,
    DeviceRow,
    Limits,
    NewObject,
    PrekeyRow,
    PublishOutcome,
    RelayStore,
    SubmitOutcome,
    Taker,
)
from liaison_relay.storage.sqlcipher import SqlcipherStore
from secure_liaison.crypto.keys import Realm, Secret
from secure_liaison.errors import VaultDamagedError, VaultError, VaultTooNewError
from secure_liaison.wire import MailboxState
from tests.parcels import Parcel, make_parcel

NOW = 1_795_400_000
DAY = 86_400
KEY = Secret(bytes(range(32)))
REALM = Realm(bytes([7]) * 32)
ALICE, BORIS, CHEN = (bytes([number]) * 16 for number in (1, 2, 3))
Open = Callable[[Path], RelayStore]


def open_sqlcipher(folder: Path) -> RelayStore:
    return SqlcipherStore(folder / "relay.db", KEY)


@pytest.fixture(params=[open_sqlcipher])
def open_store(request: pytest.FixtureRequest) -> Open:
    opener: Open = request.param
    return opener


@pytest.fixture
def store(open_store: Open, tmp_path: Path) -> Iterator[RelayStore]:
    opened = open_store(tmp_path)
    opened.publish(AGENCY, [device(handle) for handle in (ALICE, BORIS, CHEN)])
    yield opened
    opened.close()


AGENCY = AgencyRow(
    agency=bytes([9]) * 32,
    realm=REALM.octets,
    anchor=b"anchor",
    snapshot=b"snapshot 1",
    epoch=1,
    sequence=1,
)


def device(handle: bytes, agency: AgencyRow = AGENCY) -> DeviceRow:
    return DeviceRow(
        handle=handle,
        agency=agency.agency,
        realm=agency.realm,
        request_key=sha256(handle).digest(),
        signing_key=b"signing",
        not_before=NOW - DAY,
        not_after=NOW + DAY,
    )


LIMITS = Limits(quota_bytes=2**40, objects=10**6, items=10**6)


def new_object(
    parcel: Parcel, *, body: str = "body", limits: Limits = LIMITS, submitter: bytes = ALICE
) -> NewObject:
    return NewObject(
        submitter=device(submitter),
        digest=parcel.digest,
        record_hash=sha256(parcel.submission).digest(),
        submission=parcel.record,
        body=body,
        received_at=NOW,
        keep_until=NOW + DAY,
        stored_bytes=len(parcel.content),
        limits=limits,
    )


def taker(handle: bytes = ALICE, *, realm: Realm = REALM, per_hour: int = 100) -> Taker:
    return Taker(handle=handle, realm=realm.octets, per_hour=per_hour)


def test_an_unknown_agency_and_device_are_none(store: RelayStore) -> None:
    assert store.agency(bytes(32)) is None
    assert store.device(bytes(16)) is None


def test_what_was_published_is_found(store: RelayStore) -> None:
    assert store.agency(AGENCY.agency) == AGENCY
    assert store.device(BORIS) == device(BORIS)


def test_a_newer_snapshot_replaces_all_devices(store: RelayStore) -> None:
    newer = replace(AGENCY, snapshot=b"snapshot 2", sequence=2)
    assert store.publish(newer, [device(BORIS)]) is PublishOutcome.STORED
    assert store.device(ALICE) is None
    assert store.device(BORIS) == device(BORIS)


@pytest.mark.parametrize(("epoch", "sequence"), [(1, 1), (1, 0), (0, 9)])
def test_an_older_or_second_snapshot_is_a_rollback(
    store: RelayStore, epoch: int, sequence: int
) -> None:
    other = replace(AGENCY, snapshot=b"other", epoch=epoch, sequence=sequence)
    assert store.publish(other, []) is PublishOutcome.ROLLBACK
    assert store.device(ALICE) is not None


def test_the_same_snapshot_is_a_repeat(store: RelayStore) -> None:
    assert store.publish(AGENCY, []) is PublishOutcome.REPEATED
    assert store.device(ALICE) is not None


OTHERS = replace(AGENCY, agency=bytes([8]) * 32, snapshot=b"theirs")
DORA = bytes([4]) * 16


def test_a_handle_of_another_agency_is_left_out_and_nothing_else(store: RelayStore) -> None:
    outcome = store.publish(OTHERS, [device(ALICE, OTHERS), device(DORA, OTHERS)])
    assert outcome is PublishOutcome.STORED
    assert store.agency(OTHERS.agency) == OTHERS
    assert store.device(ALICE) == device(ALICE)
    assert store.device(DORA) == device(DORA, OTHERS)


def test_a_mailbox_stays_its_agencys_after_its_device_has_gone(store: RelayStore) -> None:
    store.submit(new_object(make_parcel(REALM, [BORIS])))
    store.publish(replace(AGENCY, snapshot=b"snapshot 2", sequence=2), [device(ALICE)])
    store.publish(OTHERS, [device(BORIS, OTHERS)])
    assert store.device(BORIS) is None


def test_a_store_is_one_instance_for_ever_and_no_two_are_the_same(
    open_store: Open, tmp_path: Path
) -> None:
    seen = []
    for name in ("one", "one", "two"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        store = open_store(folder)
        seen.append(store.collect(ALICE, after=0, limit=1).instance)
        store.close()
    assert (16, True, 2) == (len(seen[0]), seen[0] == seen[1], len(set(seen)))


def test_a_restored_store_is_another_instance(open_store: Open, tmp_path: Path) -> None:
    first = open_store(tmp_path)
    before = first.collect(ALICE, after=0, limit=1).instance
    first.renew()
    after = first.collect(ALICE, after=0, limit=1).instance
    first.close()
    second = open_store(tmp_path)
    assert before != after == second.collect(ALICE, after=0, limit=1).instance
    second.close()


def test_an_open_store_answers_a_check(store: RelayStore) -> None:
    store.check()


def test_a_nonce_is_taken_once_per_device(store: RelayStore) -> None:
    claims = [
        store.claim_nonce(handle, b"n" * 16, now=NOW, keep_until=NOW + 120)
        for handle in (ALICE, ALICE, BORIS)
    ]
    assert claims == [True, False, True]


def test_of_many_claims_at_once_one_wins(store: RelayStore) -> None:
    barrier = threading.Barrier(8)

    def claim(_: int) -> bool:
        barrier.wait()
        return store.claim_nonce(ALICE, b"n" * 16, now=NOW, keep_until=NOW + 120)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(8))) == 1


def test_a_nonce_past_its_time_is_let_go(store: RelayStore) -> None:
    store.claim_nonce(ALICE, b"n" * 16, now=NOW, keep_until=NOW + 120)
    assert store.claim_nonce(ALICE, b"n" * 16, now=NOW + 121, keep_until=NOW + 300)


def test_nonces_survive_reopening(open_store: Open, tmp_path: Path) -> None:
    first = open_store(tmp_path)
    first.claim_nonce(ALICE, b"n" * 16, now=NOW, keep_until=NOW + 120)
    first.close()
    second = open_store(tmp_path)
    assert not second.claim_nonce(ALICE, b"n" * 16, now=NOW, keep_until=NOW + 120)
    second.close()


def test_an_object_and_its_items_survive_reopening(open_store: Open, tmp_path: Path) -> None:
    first = open_store(tmp_path)
    first.publish(AGENCY, [device(ALICE), device(BORIS)])
    first.submit(new_object(make_parcel(REALM, [BORIS])))
    before = first.collect(BORIS, after=0, limit=9)
    first.close()
    second = open_store(tmp_path)
    assert second.collect(BORIS, after=0, limit=9) == before
    assert len(before.items) == 1
    second.close()


def test_judging_changes_nothing(store: RelayStore) -> None:
    new = new_object(make_parcel(REALM, [BORIS]))
    assert store.judge(new) is SubmitOutcome.STORED
    assert store.counts()["objects"] == 0


def test_a_repeat_is_seen_and_another_record_is_a_conflict(store: RelayStore) -> None:
    new = new_object(make_parcel(REALM, [BORIS]))
    other = replace(new, record_hash=bytes(32))
    outcomes = [store.submit(each) for each in (new, new, other)]
    assert outcomes == [SubmitOutcome.STORED, SubmitOutcome.REPEATED, SubmitOutcome.CONFLICT]
    assert len(store.collect(BORIS, after=0, limit=9).items) == 1


def test_an_unknown_mailbox_keeps_the_object_out_of_all(store: RelayStore) -> None:
    new = new_object(make_parcel(REALM, [BORIS, bytes(16)]))
    assert store.submit(new) is SubmitOutcome.MAILBOX_UNKNOWN
    assert store.collect(BORIS, after=0, limit=9).items == ()
    assert store.bodies() == frozenset()


def test_a_mailbox_of_another_realm_is_unknown(store: RelayStore) -> None:
    other = replace(AGENCY, agency=bytes([8]) * 32, realm=bytes(32), snapshot=b"theirs")
    store.publish(other, [device(bytes([4]) * 16, other)])
    new = new_object(make_parcel(REALM, [bytes([4]) * 16]))
    assert store.submit(new) is SubmitOutcome.MAILBOX_UNKNOWN


def test_the_quota_counts_everything_that_is_held(store: RelayStore) -> None:
    parcels = [make_parcel(REALM, [BORIS, CHEN]) for _ in range(2)]
    quota = replace(LIMITS, quota_bytes=2 * len(parcels[0].content) - 1)
    one, two = (
        new_object(parcel, body=name, limits=quota)
        for parcel, name in zip(parcels, ("a", "b"), strict=True)
    )
    assert store.submit(one) is SubmitOutcome.STORED
    assert store.submit(two) is SubmitOutcome.QUOTA
    store.release(BORIS, [1], now=NOW)
    assert store.submit(two) is SubmitOutcome.QUOTA
    store.release(CHEN, [1], now=NOW)
    assert store.submit(two) is SubmitOutcome.STORED


def test_what_expires_unfetched_frees_the_quota_and_the_mailbox(store: RelayStore) -> None:
    size = len(make_parcel(REALM, [BORIS]).content)
    tight = replace(LIMITS, quota_bytes=size, items=1)
    for name in ("a", "b", "c"):
        new = new_object(make_parcel(REALM, [BORIS]), body=name, limits=tight)
        assert store.submit(new) is SubmitOutcome.STORED
        store.expire(NOW + DAY)


def test_one_agency_cannot_fill_a_mailbox_for_the_others(store: RelayStore) -> None:
    store.publish(OTHERS, [device(DORA, OTHERS)])
    few = replace(LIMITS, items=2)

    def outcome(submitter: DeviceRow, mailbox: bytes = BORIS) -> SubmitOutcome:
        new = new_object(make_parcel(REALM, [mailbox]), limits=few)
        return store.submit(replace(new, submitter=submitter))

    stored, full = SubmitOutcome.STORED, SubmitOutcome.MAILBOX_FULL
    ours = [outcome(device(handle)) for handle in (ALICE, CHEN, ALICE)]
    assert [stored, stored, full] == ours
    assert stored is outcome(device(ALICE), CHEN)
    assert stored is outcome(device(DORA, OTHERS))
    store.release(BORIS, [1], now=NOW)
    assert stored is outcome(device(ALICE))


def test_a_device_is_remembered_for_so_many_objects_and_no_more(store: RelayStore) -> None:
    few = replace(LIMITS, objects=2)
    outcomes = []
    for number in range(3):
        new = new_object(make_parcel(REALM, [BORIS]), body=str(number), limits=few)
        outcomes.append(store.submit(new))
        store.release(BORIS, [number + 1], now=NOW)  # what is fetched still counts
    stored, quota = SubmitOutcome.STORED, SubmitOutcome.QUOTA
    assert [stored, stored, quota] == outcomes
    assert stored is store.submit(
        new_object(make_parcel(REALM, [BORIS]), limits=few, submitter=CHEN)
    )
    store.expire(NOW + 31 * DAY)
    again = new_object(make_parcel(REALM, [BORIS]), limits=few)
    assert stored is store.submit(again)


def test_numbers_rise_without_gap_and_are_never_used_twice(store: RelayStore) -> None:
    for name in ("a", "b"):
        store.submit(new_object(make_parcel(REALM, [BORIS]), body=name))
    store.release(BORIS, [1, 2], now=NOW)
    store.submit(new_object(make_parcel(REALM, [BORIS]), body="c"))
    assert [item.seq for item in store.collect(BORIS, after=0, limit=9).items] == [3]


def test_many_submissions_at_once_give_each_its_own_number(store: RelayStore) -> None:
    news = [new_object(make_parcel(REALM, [BORIS]), body=str(number)) for number in range(50)]
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(store.submit, news)) == {SubmitOutcome.STORED}
    items = store.collect(BORIS, after=0, limit=100).items
    assert [item.seq for item in items] == list(range(1, 51))


def half_storable(new: NewObject) -> NewObject:
    """Return an object whose row can be written and whose item cannot."""
    (delivery,) = new.submission.deliveries
    bad = replace(delivery, stanza=object())  # type: ignore[arg-type]  # on purpose
    return replace(new, submission=replace(new.submission, deliveries=(bad,)))


def test_a_failing_change_takes_no_neighbour_along(store: RelayStore) -> None:
    news = [new_object(make_parcel(REALM, [BORIS]), body=str(number)) for number in range(12)]
    broken = {4, 8}
    calls = [half_storable(new) if number in broken else new for number, new in enumerate(news)]

    def attempt(new: NewObject) -> bool:
        try:
            return store.submit(new) is SubmitOutcome.STORED
        except Exception:  # noqa: BLE001  # the adapter's own class
            return False

    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(attempt, calls))
    assert [number for number, done in enumerate(results) if not done] == sorted(broken)
    assert len(store.collect(BORIS, after=0, limit=99).items) == 10
    assert store.counts()["objects"] == 10


def test_releasing_frees_the_body_with_its_last_item(store: RelayStore) -> None:
    store.submit(new_object(make_parcel(REALM, [BORIS, CHEN])))
    first = store.release(BORIS, [1, 5], now=NOW)
    assert (first.count, first.bodies) == (1, ())
    last = store.release(CHEN, [1], now=NOW)
    assert (last.count, last.bodies) == (1, ("body",))
    assert store.bodies() == frozenset()


def test_a_body_is_found_through_a_mailbox_that_holds_it_only(store: RelayStore) -> None:
    parcel = make_parcel(REALM, [BORIS])
    store.submit(new_object(parcel))
    held = store.held_body(BORIS, parcel.digest)
    assert held is not None
    assert (held.body, held.body_size) == ("body", len(parcel.body))
    assert store.held_body(CHEN, parcel.digest) is None
    store.release(BORIS, [1], now=NOW)
    assert store.held_body(BORIS, parcel.digest) is None


def test_status_tells_the_submitter_and_nobody_else(store: RelayStore) -> None:
    parcel = make_parcel(REALM, [BORIS, CHEN])
    store.submit(new_object(parcel))
    store.release(CHEN, [1], now=NOW + 5)
    status = store.status(ALICE, parcel.digest)
    assert status is not None
    assert [(each.mailbox, each.state, each.at) for each in status.mailboxes] == [
        (BORIS, MailboxState.HELD, NOW),
        (CHEN, MailboxState.FETCHED, NOW + 5),
    ]
    assert store.status(BORIS, parcel.digest) is None


def test_expiry_takes_items_at_once_and_the_status_later(store: RelayStore) -> None:
    parcel = make_parcel(REALM, [BORIS])
    store.submit(new_object(parcel))
    assert store.expire(NOW + DAY - 1) == ()
    assert store.expire(NOW + DAY) == ("body",)
    assert store.collect(BORIS, after=0, limit=9).items == ()
    status = store.status(ALICE, parcel.digest)
    assert status is not None
    assert status.mailboxes[0].state is MailboxState.EXPIRED
    store.expire(NOW + 31 * DAY)
    assert store.status(ALICE, parcel.digest) is None


def prekey(number: int, *, last_resort: bool = False, expires: int = NOW + DAY) -> PrekeyRow:
    return PrekeyRow(
        key_id=bytes([number]) * 32,
        bundle=b"bundle %d" % number,
        last_resort=last_resort,
        expires=expires,
    )


def put(store: RelayStore, rows: list[PrekeyRow], *, now: int = NOW, most: int = 99) -> int | None:
    return store.put_prekeys(BORIS, rows, now=now, max_stock=most)


def take(store: RelayStore, taker: Taker, *, now: int = NOW) -> bytes | None:
    return store.take_prekeys([BORIS], taker=taker, now=now)[0]


def test_of_many_takers_at_once_each_gets_another_prekey(store: RelayStore) -> None:
    put(store, [prekey(number) for number in range(20)])
    with ThreadPoolExecutor(10) as pool:
        taken = list(pool.map(lambda _: take(store, taker()), range(20)))
    assert len(set(taken)) == 20
    assert None not in taken


def test_a_new_last_resort_replaces_the_old_one(store: RelayStore) -> None:
    put(store, [prekey(1, last_resort=True)])
    put(store, [prekey(2, last_resort=True)])
    assert [b"bundle 2"] * 2 == [take(store, taker()) for _ in range(2)]


def test_nothing_put_tells_how_many_can_be_handed_out(store: RelayStore) -> None:
    assert 0 == put(store, [])
    put(store, [prekey(1), prekey(2, expires=NOW + 5), prekey(3, last_resort=True)])
    assert 2 == put(store, [])
    assert 1 == put(store, [], now=NOW + 5)
    take(store, taker(), now=NOW + 5)
    assert 0 == put(store, [], now=NOW + 5)


def test_a_key_counts_once_however_often_it_is_put(store: RelayStore) -> None:
    assert 1 == put(store, [prekey(1), prekey(1)])
    assert 1 == put(store, [prekey(1)])


def test_more_keys_than_the_stock_takes_are_refused_as_a_whole(store: RelayStore) -> None:
    assert 2 == put(store, [prekey(1), prekey(2)], most=3)
    assert put(store, [prekey(3), prekey(4)], most=3) is None
    assert 3 == put(store, [prekey(3)], most=3)


def test_who_has_taken_many_within_the_hour_gets_the_last_resort(store: RelayStore) -> None:
    put(store, [*(prekey(number) for number in range(9)), prekey(9, last_resort=True)])
    greedy, patient = taker(ALICE, per_hour=2), taker(CHEN, per_hour=2)
    taken = [take(store, greedy) for _ in range(4)]
    assert [b"bundle 0", b"bundle 1", b"bundle 9", b"bundle 9"] == taken
    assert b"bundle 2" == take(store, patient)
    assert b"bundle 3" == take(store, greedy, now=NOW + 3600)


def test_the_count_of_takings_survives_reopening(open_store: Open, tmp_path: Path) -> None:
    first = open_store(tmp_path)
    first.publish(AGENCY, [device(ALICE), device(BORIS)])
    put(first, [prekey(1), prekey(2)])
    assert b"bundle 1" == take(first, taker(per_hour=1))
    first.close()
    second = open_store(tmp_path)
    assert take(second, taker(per_hour=1)) is None
    second.close()


def test_a_device_of_another_realm_gets_no_key(store: RelayStore) -> None:
    put(store, [prekey(1), prekey(2, last_resort=True)])
    assert take(store, taker(realm=Realm(bytes(32)))) is None


def test_all_that_is_known_of_an_object_is_sizes_times_and_handles(store: RelayStore) -> None:
    parcel = make_parcel(REALM, [BORIS])
    store.submit(new_object(parcel))
    (seen,) = store.seen()
    assert (seen.digest, seen.submitter, seen.body_size) == (
        parcel.digest,
        ALICE,
        len(parcel.body),
    )
    assert seen.mailboxes == ((BORIS, MailboxState.HELD.value, NOW),)


def test_a_closed_store_answers_nothing(open_store: Open, tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.close()
    store.close()
    for call in (lambda: store.expire(NOW), store.counts, store.check):
        with pytest.raises(RuntimeError):
            call()


def test_a_store_of_before_is_counted_anew(tmp_path: Path) -> None:
    """The second step of the schema fills its counters from what lies there."""
    store = SqlcipherStore(tmp_path / "relay.db", KEY)
    store.publish(AGENCY, [device(handle) for handle in (ALICE, BORIS, CHEN)])
    parcels = [make_parcel(REALM, [BORIS, CHEN]) for _ in range(3)]
    for number, parcel in enumerate(parcels):
        store.submit(new_object(parcel, body=str(number)))
    store.release(BORIS, [1, 2], now=NOW)
    store.release(CHEN, [1], now=NOW)
    undo = (
        "DROP TABLE relay; DROP TABLE occupied; DROP TABLE taking;"
        "ALTER TABLE object DROP COLUMN stored; ALTER TABLE agency DROP COLUMN stored;"
        "ALTER TABLE mailbox DROP COLUMN submitted; ALTER TABLE mailbox DROP COLUMN agency;"
        "CREATE INDEX object_held ON object (agency, body_size) WHERE body IS NOT NULL;"
        "PRAGMA user_version = 1;"
    )
    store._own.executescript(undo)
    store.close()
    again = SqlcipherStore(tmp_path / "relay.db", KEY)
    counted = again._own.execute("SELECT mailbox, items FROM occupied ORDER BY 1").fetchall()
    assert [(BORIS, 1), (CHEN, 2)] == counted
    assert (
        3
        == again._own.execute(
            "SELECT submitted FROM mailbox WHERE handle = ?", (ALICE,)
        ).fetchone()[0]
    )
    (held,) = again._own.execute("SELECT stored FROM agency").fetchone()
    whole = sum(len(parcel.content) for parcel in parcels[1:])
    assert 0 < held <= whole
    assert whole - held < 4096
    other = replace(AGENCY, agency=bytes([8]) * 32, snapshot=b"theirs")
    again.publish(other, [device(BORIS, other)])
    assert again.device(BORIS) == device(BORIS)
    again.close()


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    open_sqlcipher(tmp_path).close()
    with pytest.raises(VaultDamagedError) as caught:
        SqlcipherStore(tmp_path / "relay.db", Secret.generate())
    assert caught.value.reason == "relay-store"


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    store = SqlcipherStore(tmp_path / "relay.db", KEY)
    store._own.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(VaultTooNewError):
        open_sqlcipher(tmp_path)


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(VaultError) as caught:
        open_sqlcipher(tmp_path / "nowhere")
    assert caught.value.reason == "relay-disk"


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("synchronous", 2),
        ("journal_mode", "wal"),
        ("cipher_page_size", "16384"),
        ("secure_delete", 1),
        ("cipher_memory_security", "1"),
    ],
)
def test_the_file_is_durable_and_private(tmp_path: Path, pragma: str, value: object) -> None:
    store = SqlcipherStore(tmp_path / "relay.db", KEY)
    assert store._own.execute(f"PRAGMA {pragma}").fetchone()[0] == value
    store.close()
