from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest

from liaison_relay.intake import objects as intake
from secure_liaison.errors import RelayRefusedError
from secure_liaison.wire import (
    OBJECT_TYPE,
    MailboxState,
    RefusalCode,
    decode_envelope,
    decode_header,
    decode_refusal,
    encode_header,
    max_submission_size,
    sign_request,
)
from tests.parcels import Parcel, make_parcel
from tests.server.conftest import URL, Inside

SENDER, READER, OTHER = "li.wei@EMB-A", "j.okafor@EMB-B", "m.rossi@EMB-B"


def submit(inside: Inside, parcel: Parcel, tmp_path: Path, sender: str = SENDER) -> None:
    file = tmp_path / "body"
    file.write_bytes(parcel.body)
    inside.desk(sender).submit(parcel.submission, parcel.leaves, file)


def parcel_for(inside: Inside, *addresses: str, size: int = 5000) -> Parcel:
    handles = [inside.device(address).handle for address in addresses]
    return make_parcel(inside.realm, handles, size=size)


def refusal(inside: Inside, parcel: Parcel, tmp_path: Path) -> str:
    with pytest.raises(RelayRefusedError) as caught:
        submit(inside, parcel, tmp_path)
    return caught.value.reason


def assert_nothing_kept(inside: Inside) -> None:
    assert inside.store.counts()["objects"] == 0
    assert inside.files() == []


def test_each_recipient_gets_the_shared_parts_and_its_own_stanza(
    inside: Inside, tmp_path: Path
) -> None:
    parcel = parcel_for(inside, READER, OTHER)
    submit(inside, parcel, tmp_path)
    for position, address in enumerate((READER, OTHER)):
        collected = inside.desk(address).collect()
        assert [item.seq for item in collected.items] == [1]
        envelope = decode_envelope(collected.items[0].envelope)
        assert envelope == parcel.record.envelope(parcel.record.deliveries[position])
        assert envelope.digest() == parcel.digest


def test_leaf_list_and_body_arrive_as_they_were_sent(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER, size=200_000)
    submit(inside, parcel, tmp_path)
    reader, sink = inside.desk(READER), io.BytesIO()
    assert parcel.leaves == reader.fetch_leaves(parcel.digest, leaf_count=parcel.record.leaf_count)
    reader.fetch_body(parcel.digest, sink, size=len(parcel.body))
    assert parcel.body == sink.getvalue()


def test_a_download_resumes_where_it_broke_off(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER, size=200_000)
    submit(inside, parcel, tmp_path)
    sink = io.BytesIO()
    inside.desk(READER).fetch_body(parcel.digest, sink, size=len(parcel.body), start=150_000)
    assert parcel.body[150_000:] == sink.getvalue()


def test_the_body_is_stored_once_for_any_number_of_mailboxes(
    inside: Inside, tmp_path: Path
) -> None:
    submit(inside, parcel_for(inside, READER, OTHER, "sec@EMB-B"), tmp_path)
    assert len(inside.files()) == 1


def test_a_repeat_changes_nothing(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER)
    submit(inside, parcel, tmp_path)
    submit(inside, parcel, tmp_path)
    assert len(inside.desk(READER).collect().items) == 1
    assert len(inside.files()) == 1


def test_a_repeat_with_other_claims_is_a_conflict(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER)
    submit(inside, parcel, tmp_path)
    assert "conflict" == refusal(inside, parcel.changed(claims=bytes(8192)), tmp_path)
    assert len(inside.desk(READER).collect().items) == 1


def test_another_submitter_may_carry_the_same_object(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER)
    submit(inside, parcel, tmp_path)
    submit(inside, parcel, tmp_path, sender="sec@EMB-A")
    assert [1, 2] == [item.seq for item in inside.desk(READER).collect().items]


@pytest.mark.parametrize("place", [0, 2100, 2048 + 65_536 + 5, -1])
def test_a_changed_byte_of_the_body_is_refused_and_nothing_kept(
    inside: Inside, tmp_path: Path, place: int
) -> None:
    parcel = parcel_for(inside, READER, size=150_000)
    body = bytearray(parcel.body)
    body[place] ^= 1
    bad = Parcel(record=parcel.record, leaves=parcel.leaves, body=bytes(body))
    assert "tampered" == refusal(inside, bad, tmp_path)
    assert_nothing_kept(inside)


def test_a_changed_leaf_list_is_refused(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER)
    leaves = bytes([parcel.leaves[0] ^ 1]) + parcel.leaves[1:]
    bad = Parcel(record=parcel.record, leaves=leaves, body=parcel.body)
    assert "tampered" == refusal(inside, bad, tmp_path)
    assert_nothing_kept(inside)


def test_a_stanza_outside_the_stanza_tree_is_refused(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER, OTHER)
    bad = parcel.changed(stanza_root=bytes(32))
    assert "tampered" == refusal(inside, bad, tmp_path)
    assert_nothing_kept(inside)


@pytest.mark.parametrize("change", [{"body_size": 7049}, {"leaf_count": 3}, {"head_length": 2047}])
def test_sizes_that_contradict_each_other_are_refused(
    inside: Inside, tmp_path: Path, change: dict[str, object]
) -> None:
    assert "malformed" == refusal(inside, parcel_for(inside, READER).changed(**change), tmp_path)
    assert_nothing_kept(inside)


def test_one_unknown_mailbox_refuses_the_whole(inside: Inside, tmp_path: Path) -> None:
    parcel = make_parcel(inside.realm, [inside.device(READER).handle, bytes(16)])
    assert "mailbox-unknown" == refusal(inside, parcel, tmp_path)
    assert_nothing_kept(inside)


def test_an_object_of_another_realm_is_refused(inside: Inside, tmp_path: Path) -> None:
    other = type(inside.realm)(bytes(32))
    parcel = make_parcel(other, [inside.device(READER).handle])
    assert "realm" == refusal(inside, parcel, tmp_path)
    assert_nothing_kept(inside)


def test_an_object_past_its_day_is_refused(inside: Inside, tmp_path: Path) -> None:
    yesterday = inside.clock.now() // 86_400 - 1
    parcel = make_parcel(inside.realm, [inside.device(READER).handle], expiry_day=yesterday)
    assert "expired" == refusal(inside, parcel, tmp_path)


def test_an_object_of_another_mailbox_answers_like_none_at_all(
    inside: Inside, tmp_path: Path
) -> None:
    parcel = parcel_for(inside, READER)
    submit(inside, parcel, tmp_path)
    for digest in (parcel.digest, type(parcel.digest)(bytes(32))):
        with pytest.raises(RelayRefusedError) as caught:
            inside.desk(OTHER).fetch_leaves(digest, leaf_count=2)
        assert "not-found" == caught.value.reason


def test_a_cursor_hides_and_deletes_nothing(inside: Inside, tmp_path: Path) -> None:
    for _ in range(3):
        submit(inside, parcel_for(inside, READER), tmp_path)
    reader = inside.desk(READER)
    first = reader.collect(limit=2)
    assert ([1, 2], True) == ([item.seq for item in first.items], first.more)
    second = reader.collect(after=2)
    assert ([3], False) == ([item.seq for item in second.items], second.more)
    assert 3 == len(reader.collect().items)


def test_a_mailbox_receipt_deletes_and_the_last_one_frees_the_body(
    inside: Inside, tmp_path: Path
) -> None:
    parcel = parcel_for(inside, READER, OTHER)
    submit(inside, parcel, tmp_path)
    for address, left in ((READER, 1), (OTHER, 0)):
        key = inside.device(address).signing
        desk = inside.desk(address)
        assert 1 == desk.acknowledge_receipt([1], signing_key=key, realm=inside.realm)
        assert 0 == desk.acknowledge_receipt([1], signing_key=key, realm=inside.realm)
        assert () == desk.collect().items
        assert left == len(inside.files())


def test_a_request_key_alone_empties_no_mailbox(inside: Inside, tmp_path: Path) -> None:
    submit(inside, parcel_for(inside, READER), tmp_path)
    stranger = inside.device(OTHER).signing
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).acknowledge_receipt([1], signing_key=stranger, realm=inside.realm)
    assert "tampered" == caught.value.reason
    assert 1 == len(inside.desk(READER).collect().items)


def test_a_repeat_after_the_body_has_gone_is_still_a_repeat(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER)
    submit(inside, parcel, tmp_path)
    key = inside.device(READER).signing
    inside.desk(READER).acknowledge_receipt([1], signing_key=key, realm=inside.realm)
    submit(inside, parcel, tmp_path)
    assert () == inside.desk(READER).collect().items
    assert [] == inside.files()


def test_the_submitter_sees_what_became_of_an_object(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER, OTHER)
    submit(inside, parcel, tmp_path)
    key = inside.device(READER).signing
    inside.desk(READER).acknowledge_receipt([1], signing_key=key, realm=inside.realm)
    found = {
        each.mailbox: each.state for each in inside.desk(SENDER).status(parcel.digest).mailboxes
    }
    assert {
        inside.device(READER).handle: MailboxState.FETCHED,
        inside.device(OTHER).handle: MailboxState.HELD,
    } == found


def test_nobody_but_the_submitter_sees_the_status(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER)
    submit(inside, parcel, tmp_path)
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).status(parcel.digest)
    assert "not-found" == caught.value.reason


def test_an_agency_over_its_quota_is_refused(inside: Inside, tmp_path: Path) -> None:
    submit(inside, parcel_for(inside, READER, size=20_000), tmp_path)
    object.__setattr__(inside.settings, "quota_bytes", 30_000)
    assert "quota" == refusal(inside, parcel_for(inside, READER, size=20_000), tmp_path)


def test_the_quota_counts_the_record_as_well(inside: Inside, tmp_path: Path) -> None:
    parcel = parcel_for(inside, READER, size=4096)
    quota = len(parcel.content) - 1
    assert quota > len(parcel.body)
    object.__setattr__(inside.settings, "quota_bytes", quota)
    assert "quota" == refusal(inside, parcel, tmp_path)
    assert_nothing_kept(inside)


def test_a_device_may_have_so_many_objects_and_no_more(inside: Inside, tmp_path: Path) -> None:
    object.__setattr__(inside.settings, "quota_objects", 1)
    submit(inside, parcel_for(inside, READER), tmp_path)
    assert "quota" == refusal(inside, parcel_for(inside, OTHER), tmp_path)


def test_a_mailbox_takes_so_much_of_one_agency_and_no_more(inside: Inside, tmp_path: Path) -> None:
    object.__setattr__(inside.settings, "quota_items", 1)
    submit(inside, parcel_for(inside, READER), tmp_path)
    assert "mailbox-full" == refusal(inside, parcel_for(inside, OTHER, READER), tmp_path)
    assert () == inside.desk(OTHER).collect().items
    submit(inside, parcel_for(inside, OTHER), tmp_path)
    submit(inside, parcel_for(inside, READER), tmp_path, sender="m.rossi@EMB-B")


@pytest.mark.parametrize(
    "change", [{"head_length": 2048}, {"head_length": 65_536}, {"payload_length": 5000}]
)
def test_lengths_of_no_capsule_are_refused(inside: Inside, change: dict[str, int]) -> None:
    parcel = parcel_for(inside, READER)
    header = replace(decode_header(parcel.record.header), **change)  # type: ignore[arg-type]  # drawn above
    bad = parcel.changed(
        header=encode_header(header),
        head_length=header.head_length,
        body_size=header.body_size,
    )
    size = header.body_size
    whole = replace(bad, body=parcel.body.ljust(size)[:size])
    assert "malformed" == refusal_of_content(inside, whole.content)
    assert_nothing_kept(inside)


@pytest.mark.parametrize(
    "change", [{"stanza": bytes(1241)}, {"stanza": bytes(1243)}, {"path": (bytes(32),)}]
)
def test_a_stanza_or_a_path_of_no_capsule_is_refused(
    inside: Inside, change: dict[str, object]
) -> None:
    parcel = parcel_for(inside, READER)
    (delivery,) = parcel.record.deliveries
    bad = parcel.changed(deliveries=(replace(delivery, **change),))  # type: ignore[arg-type]  # drawn above
    assert "malformed" == refusal_of_content(inside, bad.content)
    assert_nothing_kept(inside)


def refusal_of_content(inside: Inside, content: bytes) -> str:
    """Submit any bytes, as a hostile device would."""
    device = inside.device(SENDER)
    headers = sign_request(
        method="POST",
        target_uri=f"{URL}/v0/objects",
        content_digest=hashlib.sha256(content).digest(),
        created=inside.clock.now(),
        device=device.handle,
        key=device.request,
    )
    answer = inside.client.post(
        "/v0/objects", content=content, headers={**headers, "content-type": OBJECT_TYPE}
    )
    return decode_refusal(answer.content).code.value


def test_a_record_longer_than_the_mailboxes_allow_is_never_read(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(intake, "decode_submission")
    size = max_submission_size(inside.settings.max_mailboxes) + 1
    assert size < 2**20
    content = size.to_bytes(4, "big") + bytes(size)
    assert RefusalCode.TOO_LARGE.value == refusal_of_content(inside, content)


@pytest.mark.parametrize("filler", [b"\x80", b"\xa0", b"\x00", b"\x81", b"\xf6"])
def test_a_record_of_countless_values_is_refused_and_nothing_kept(
    inside: Inside, filler: bytes
) -> None:
    count = max_submission_size(inside.settings.max_mailboxes) - 5
    record = b"\x9a" + count.to_bytes(4, "big") + filler * count
    content = len(record).to_bytes(4, "big") + record
    assert "malformed" == refusal_of_content(inside, content)
    assert_nothing_kept(inside)


def test_every_answer_to_collect_names_the_same_store(inside: Inside) -> None:
    instances = {inside.desk(address).collect().instance for address in (READER, OTHER, READER)}
    assert [16] == [len(instance) for instance in instances]


def test_a_cursor_of_another_store_counts_for_nothing(inside: Inside, tmp_path: Path) -> None:
    submit(inside, parcel_for(inside, READER), tmp_path)
    reader = inside.desk(READER)
    own = reader.collect().instance
    assert () == reader.collect(after=7, instance=own).items
    assert [1] == [item.seq for item in reader.collect(after=7, instance=bytes(16)).items]


def test_an_object_over_the_relays_limit_is_refused(inside: Inside, tmp_path: Path) -> None:
    object.__setattr__(inside.settings, "max_body_bytes", 4096)
    assert "too-large" == refusal(inside, parcel_for(inside, READER, size=20_000), tmp_path)


def test_what_is_past_its_time_goes_with_its_body(inside: Inside, tmp_path: Path) -> None:
    today = inside.clock.now() // 86_400
    parcel = make_parcel(inside.realm, [inside.device(READER).handle], expiry_day=today)
    submit(inside, parcel, tmp_path)
    inside.bodies.remove(inside.store.expire((today + 1) * 86_400 - 1))
    assert 1 == len(inside.files())
    inside.bodies.remove(inside.store.expire((today + 1) * 86_400))
    assert [] == inside.files()
    assert () == inside.desk(READER).collect().items
    assert MailboxState.EXPIRED is inside.desk(SENDER).status(parcel.digest).mailboxes[0].state
