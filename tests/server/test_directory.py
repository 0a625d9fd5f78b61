from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from liaison_relay.intake import objects as intake
from liaison_relay.routes import directory, mailboxes
from liaison_relay.routes.exchange import Parts
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.directory.roster import encode_snapshot
from secure_liaison.errors import RelayRefusedError
from secure_liaison.identity.ids import AgencyId
from secure_liaison.identity.prekeys import make_batch, open_bundle
from tests.factories import make_agency, published
from tests.parcels import make_parcel
from tests.server.conftest import Inside

READER, SENDER = "j.okafor@EMB-B", "li.wei@EMB-A"


def test_every_device_reads_every_admitted_agency(inside: Inside) -> None:
    for code, agency in inside.world.agencies.items():
        assert encode_snapshot(agency.snapshot) == inside.desk(READER).get_directory(
            agency.agency_id
        ), code


def test_an_agency_that_was_not_admitted_is_not_found(inside: Inside) -> None:
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).get_directory(AgencyId(bytes(32)))
    assert "not-found" == caught.value.reason


def test_a_newer_snapshot_replaces_the_old_one(inside: Inside) -> None:
    agency = inside.world.agencies["EMB-B"]
    newer = encode_snapshot(published(agency, now=inside.clock.now()).snapshot)
    inside.desk(READER).put_directory(agency.agency_id, newer)
    assert newer == inside.desk(SENDER).get_directory(agency.agency_id)


def test_the_same_snapshot_may_be_put_again(inside: Inside) -> None:
    agency = inside.world.agencies["EMB-B"]
    inside.desk(READER).put_directory(agency.agency_id, encode_snapshot(agency.snapshot))


def test_an_older_snapshot_is_refused(inside: Inside) -> None:
    agency = inside.world.agencies["EMB-B"]
    newer = published(agency, now=inside.clock.now())
    inside.desk(READER).put_directory(agency.agency_id, encode_snapshot(newer.snapshot))
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).put_directory(agency.agency_id, encode_snapshot(agency.snapshot))
    assert "rollback" == caught.value.reason


def test_a_second_roster_of_one_number_is_refused(inside: Inside) -> None:
    agency = inside.world.agencies["EMB-B"]
    one = published(agency, now=inside.clock.now())
    inside.clock.advance(1)
    two = published(agency, now=inside.clock.now())
    inside.desk(READER).put_directory(agency.agency_id, encode_snapshot(one.snapshot))
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).put_directory(agency.agency_id, encode_snapshot(two.snapshot))
    assert "rollback" == caught.value.reason


def test_nobody_publishes_for_another_agency(inside: Inside) -> None:
    agency = inside.world.agencies["EMB-B"]
    newer = published(agency, now=inside.clock.now())
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(SENDER).put_directory(agency.agency_id, encode_snapshot(newer.snapshot))
    assert "not-found" == caught.value.reason


def test_a_snapshot_under_another_anchor_is_refused(inside: Inside) -> None:
    agency = inside.world.agencies["EMB-B"]
    stranger = make_agency(inside.world.charter, "EMB-B", now=inside.world.now)
    newer = published(replace(stranger), now=inside.clock.now())
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).put_directory(agency.agency_id, encode_snapshot(newer.snapshot))
    assert "tampered" == caught.value.reason


def make_bundles(inside: Inside, count: int, *, days: int = 1) -> list[bytes]:
    device = inside.device(READER)
    return make_batch(
        [KemPrivateKey.generate().public_key for _ in range(count)],
        device=device.handle,
        signing_key=device.signing,
        realm=inside.realm,
        expires=inside.clock.now() + days * 86_400,
    )


def test_each_prekey_is_handed_out_once_then_the_last_resort(inside: Inside) -> None:
    bundles = make_bundles(inside, 3)
    assert 2 == inside.desk(READER).put_prekeys(bundles)
    handle = inside.device(READER).handle
    taken = [inside.desk(SENDER).take_prekeys([handle])[0] for _ in range(4)]
    assert [*bundles, bundles[-1]] == taken


def test_a_prekey_that_was_handed_out_never_comes_back(inside: Inside) -> None:
    bundles = make_bundles(inside, 2)
    inside.desk(READER).put_prekeys(bundles)
    handle = inside.device(READER).handle
    inside.desk(SENDER).take_prekeys([handle])
    assert 0 == inside.desk(READER).put_prekeys(bundles)
    last = inside.desk(SENDER).take_prekeys([handle])[0]
    assert last is not None
    assert open_bundle(last, inside.realm).prekey.last_resort


def test_an_unknown_device_and_one_without_prekeys_are_alike(inside: Inside) -> None:
    handles = [inside.device(READER).handle, type(inside.device(READER).handle)(bytes(16))]
    assert (None, None) == inside.desk(SENDER).take_prekeys(handles)


def test_prekeys_of_another_device_are_refused(inside: Inside) -> None:
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(SENDER).put_prekeys(make_bundles(inside, 2))
    assert "tampered" == caught.value.reason


def test_an_expired_prekey_is_not_handed_out(inside: Inside) -> None:
    inside.desk(READER).put_prekeys(make_bundles(inside, 2))
    inside.clock.advance(86_400)
    handle = inside.device(READER).handle
    assert (None,) == inside.desk(SENDER).take_prekeys([handle])


def test_the_desk_learns_how_many_keys_are_left(inside: Inside) -> None:
    reader, handle = inside.desk(READER), inside.device(READER).handle
    assert 0 == reader.count_prekeys()
    reader.put_prekeys(make_bundles(inside, 4))
    assert 3 == reader.count_prekeys()
    inside.desk(SENDER).take_prekeys([handle])
    assert 2 == reader.count_prekeys()
    inside.clock.advance(86_400)
    assert 0 == reader.count_prekeys()


def test_a_device_named_twice_in_one_taking_is_refused(inside: Inside) -> None:
    inside.desk(READER).put_prekeys(make_bundles(inside, 4))
    handle = inside.device(READER).handle
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(SENDER).take_prekeys([handle] * 2)
    assert "malformed" == caught.value.reason
    assert 3 == inside.desk(READER).count_prekeys()


def test_one_device_cannot_use_up_anothers_keys(inside: Inside) -> None:
    object.__setattr__(inside.settings, "takings_per_hour", 2)
    bundles = make_bundles(inside, 5)
    inside.desk(READER).put_prekeys(bundles)
    handle = inside.device(READER).handle
    greedy = [inside.desk(SENDER).take_prekeys([handle])[0] for _ in range(5)]
    assert [*bundles[:2], *bundles[-1:] * 3] == greedy
    assert (bundles[2],) == inside.desk("sec@EMB-A").take_prekeys([handle])
    inside.clock.advance(3600)
    assert (bundles[3],) == inside.desk(SENDER).take_prekeys([handle])


def test_a_key_that_would_live_too_long_is_refused(inside: Inside) -> None:
    inside.desk(READER).put_prekeys(make_bundles(inside, 2, days=90))
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).put_prekeys(make_bundles(inside, 2, days=91))
    assert "malformed" == caught.value.reason


def test_more_keys_than_the_relay_keeps_are_refused(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailboxes, "MAX_STOCK", 3)
    inside.desk(READER).put_prekeys(make_bundles(inside, 4))
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).put_prekeys(make_bundles(inside, 2))
    assert "too-large" == caught.value.reason
    assert 3 == inside.desk(READER).count_prekeys()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (mailboxes, "open_mailbox_receipt"),
        (mailboxes, "decode_bundles"),
        (mailboxes, "decode_handles"),
        (directory, "read_publication"),
        (intake, "decode_submission"),
    ],
)
def test_a_record_is_read_while_few_others_are(
    inside: Inside,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
) -> None:
    parts: Parts = inside.client.app._application.state.parts  # type: ignore[attr-defined]  # wrapped for the log
    real, seen = getattr(module, name), []

    def watched(*args: object, **named: object) -> object:
        seen.append(parts.readings.borrowed_tokens)
        return real(*args, **named)

    monkeypatch.setattr(module, name, watched)
    desk, device = inside.desk(READER), inside.device(READER)
    file = tmp_path / "body"
    parcel = make_parcel(inside.realm, [device.handle])
    file.write_bytes(parcel.body)
    desk.submit(parcel.submission, parcel.leaves, file)
    desk.acknowledge_receipt([1], signing_key=device.signing, realm=inside.realm)
    desk.put_prekeys(make_bundles(inside, 2))
    desk.take_prekeys([device.handle])
    agency = inside.world.agencies["EMB-B"]
    desk.put_directory(agency.agency_id, encode_snapshot(agency.snapshot))
    assert [1] == seen
    assert 0 == parts.readings.borrowed_tokens


def test_health_counts_nothing(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(type(inside.store), "counts")
    assert {"status": "ok"} == inside.client.get("/v0/health").json()


def test_a_relay_whose_store_is_closed_is_not_healthy(inside: Inside) -> None:
    inside.store.close()
    assert 500 == inside.client.get("/v0/health").status_code
