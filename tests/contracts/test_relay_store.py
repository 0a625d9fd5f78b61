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
    NewObject,
    PrekeyRow,
    PublishOutcome,
    RelayStore,
    SubmitOutcome,
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


def new_object(parcel: Parcel, *, body: str = "body", quota: int = 2**40) -> NewObject:
    return NewObject(
        submitter=device(ALICE),
        digest=parcel.digest,
        record_hash=sha256(parcel.submission).digest(),
        submission=parcel.record,
        body=body,
        received_at=NOW,
        keep_until=NOW + DAY,
        quota_bytes=quota,
    )


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


def test_no_agency_takes_another_ones_handle(store: RelayStore) -> None:
    other = replace(AGENCY, agency=bytes([8]) * 32, snapshot=b"theirs")
    outcome = store.publish(other, [device(ALICE, other)])
    assert outcome is PublishOutcome.CONFLICT
    assert store.agency(other.agency) is None


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


def test_the_quota_counts_bodies_held(store: RelayStore) -> None:
    one, two = (new_object(make_parcel(REALM, [BORIS]), body=name) for name in ("a", "b"))
    size = one.submission.body_size
    quota = 2 * size - 1
    assert store.submit(replace(one, quota_bytes=quota)) is SubmitOutcome.STORED
    assert store.submit(replace(two, quota_bytes=quota)) is SubmitOutcome.QUOTA
    store.release(BORIS, [1], now=NOW)
    assert store.submit(replace(two, quota_bytes=quota)) is SubmitOutcome.STORED


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


def test_of_many_takers_at_once_each_gets_another_prekey(store: RelayStore) -> None:
    store.put_prekeys(BORIS, [prekey(number) for number in range(20)])
    with ThreadPoolExecutor(10) as pool:
        taken = list(pool.map(lambda _: store.take_prekeys([BORIS], now=NOW)[0], range(20)))
    assert len(set(taken)) == 20
    assert None not in taken


def test_a_new_last_resort_replaces_the_old_one(store: RelayStore) -> None:
    store.put_prekeys(BORIS, [prekey(1, last_resort=True)])
    store.put_prekeys(BORIS, [prekey(2, last_resort=True)])
    taken = [store.take_prekeys([BORIS], now=NOW) for _ in range(2)]
    assert taken == [(b"bundle 2",), (b"bundle 2",)]


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
    for call in (lambda: store.expire(NOW), store.counts):
        with pytest.raises(RuntimeError):
            call()


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
