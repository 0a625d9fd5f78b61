from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.crypto.keys import Digest, Realm, random_bytes
from secure_liaison.crypto.payload import sealed_size
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.encoding import encode
from secure_liaison.errors import (
    FormatError,
    SignatureError,
    TamperedError,
    UnsupportedVersionError,
)
from secure_liaison.wire import (
    HEAD_SIZES,
    MAX_MAILBOXES,
    MAX_SEQ,
    MAX_TIME,
    STANZA_SIZE,
    Collected,
    Delivery,
    Header,
    MailboxItem,
    MailboxState,
    MailboxStatus,
    ObjectId,
    RefusalCode,
    RelayErrorBody,
    Status,
    Submission,
    decode_bundles,
    decode_collected,
    decode_envelope,
    decode_handles,
    decode_header,
    decode_refusal,
    decode_status,
    decode_submission,
    decode_taken,
    encode_bundles,
    encode_collected,
    encode_envelope,
    encode_handles,
    encode_header,
    encode_refusal,
    encode_status,
    encode_submission,
    header_hash,
    leaf_count,
    max_submission_size,
    object_digest,
    open_mailbox_receipt,
    sign_mailbox_receipt,
    submission_of,
)
from secure_liaison.wire.sizes import padme
from tests.parcels import make_parcel

REALM = Realm(bytes([7]) * 32)
INSTANCE = bytes([6]) * 16
BORIS, CHEN = bytes([2]) * 16, bytes([3]) * 16
octets16 = st.binary(min_size=16, max_size=16)
octets32 = st.binary(min_size=32, max_size=32)
paths = st.lists(octets32, min_size=2, max_size=16).map(tuple)
stanzas = st.binary(min_size=8, max_size=8).map(lambda drawn: drawn.ljust(STANZA_SIZE))
headers = st.builds(
    Header,
    realm=octets32.map(Realm),
    object_id=octets16.map(ObjectId),
    salt=octets32,
    commitment=octets32,
    head_length=st.sampled_from(sorted(HEAD_SIZES)),
    payload_length=st.integers(4096, 2**32).map(padme).map(sealed_size),
    expiry_day=st.integers(0, 2**20),
    suite=st.just(1),
)
deliveries = st.builds(
    Delivery,
    mailbox=octets16,
    stanza=stanzas,
    blind=octets32,
    index=st.integers(0, 3),
    path=paths,
)
submissions = st.builds(
    Submission,
    header=st.binary(max_size=200),
    payload_root=octets32,
    stanza_root=octets32,
    claims=st.sampled_from([bytes(8192), bytes(16384)]),
    leaf_count=st.integers(2, 80_000),
    head_length=st.integers(1, 65_536),
    body_size=st.integers(2, 2**32),
    deliveries=st.lists(
        deliveries, min_size=1, max_size=4, unique_by=lambda each: each.mailbox
    ).map(tuple),
)


@given(headers)
def test_a_header_reads_back(header: Header) -> None:
    assert header == decode_header(encode_header(header))


@given(submissions)
def test_a_submission_reads_back(submission: Submission) -> None:
    assert submission == decode_submission(encode_submission(submission))


@given(submissions)
def test_an_envelope_reads_back(submission: Submission) -> None:
    envelope = submission.envelope(submission.deliveries[0])
    assert envelope == decode_envelope(encode_envelope(envelope))


@given(st.integers(0, 2**16), st.integers(0, 2**32), st.booleans())
def test_what_a_mailbox_answers_reads_back(seq: int, size: int, more: bool) -> None:  # noqa: FBT001  # drawn
    item = MailboxItem(
        seq=seq + 1,
        envelope=b"envelope",
        received_at=size,
        body_size=size,
        leaf_count=seq,
        head_length=seq,
    )
    collected = Collected(items=(item,), more=more, instance=INSTANCE)
    assert collected == decode_collected(encode_collected(collected))


@given(st.lists(st.tuples(octets16, st.sampled_from(MailboxState)), max_size=5))
def test_a_status_reads_back(rows: list[tuple[bytes, MailboxState]]) -> None:
    status = Status(
        digest=Digest(bytes(32)),
        received_at=5,
        mailboxes=tuple(MailboxStatus(mailbox=box, state=state, at=7) for box, state in rows),
    )
    assert status == decode_status(encode_status(status))


@given(st.sampled_from(RefusalCode), st.none() | st.integers(0, 86_400))
def test_a_refusal_reads_back(code: RefusalCode, wait: int | None) -> None:
    refusal = RelayErrorBody(code=code, request_id="0a" * 16, retry_after=wait)
    assert refusal == decode_refusal(encode_refusal(refusal))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b'{"code":"clock"}',
        b'{"code":"clock","request_id":"x"}',
        b'{"code":1,"request_id":"' + b"0" * 32 + b'"}',
        b'{"code":"clock","request_id":"' + b"0" * 32 + b'","more":1}',
        b'{"code":"clock","request_id":"' + b"0" * 32 + b'","retry_after":true}',
        b" " * 2000,
    ],
)
def test_a_refusal_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="refusal-shape"):
        decode_refusal(data)


def test_an_unknown_code_is_a_fault_of_the_relay() -> None:
    data = b'{"code":"new-code","request_id":"' + b"0" * 32 + b'"}'
    assert RefusalCode.INTERNAL is decode_refusal(data).code


def test_an_unknown_suite_is_told_as_such() -> None:
    parcel = make_parcel(REALM, [BORIS])
    other = replace(decode_header(parcel.record.header), suite=2)
    with pytest.raises(UnsupportedVersionError, match="unknown-suite"):
        decode_header(encode_header(other))


def test_the_header_tells_the_size_of_the_body() -> None:
    parcel = make_parcel(REALM, [BORIS], size=100_000)
    assert len(parcel.body) == decode_header(parcel.record.header).body_size


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [(1, 2, 2), (2048, 2048 + 65_536, 2), (2048, 2048 + 65_537, 3), (10, 10 + 131_072, 3)],
)
def test_there_is_one_leaf_for_the_head_and_one_for_each_range(
    head: int, body: int, expected: int
) -> None:
    assert expected == leaf_count(head, body)


def test_every_part_and_the_realm_change_the_digest() -> None:
    parts = [bytes([number]) * 32 for number in range(3)]
    seen = {object_digest(REALM, *parts), object_digest(Realm(bytes(32)), *parts)}
    for place in range(3):
        seen.add(
            object_digest(REALM, *(b"x" * 32 if at == place else p for at, p in enumerate(parts)))
        )
    assert 5 == len(seen)


def test_a_header_hash_depends_on_the_realm() -> None:
    assert header_hash(b"header", REALM) != header_hash(b"header", Realm(bytes(32)))


def test_a_part_of_another_size_has_no_digest() -> None:
    with pytest.raises(FormatError, match="digest-size"):
        object_digest(REALM, bytes(31), bytes(32), bytes(32))


def test_claims_have_one_of_two_sizes() -> None:
    with pytest.raises(FormatError, match="claims-size"):
        decode_submission(make_parcel(REALM, [BORIS]).changed(claims=bytes(8191)).submission)


def test_a_mailbox_is_named_once() -> None:
    with pytest.raises(FormatError, match="mailbox-twice"):
        decode_submission(make_parcel(REALM, [BORIS, BORIS]).submission)


def test_a_submission_names_a_mailbox() -> None:
    with pytest.raises(FormatError, match="no-mailbox"):
        decode_submission(make_parcel(REALM, [BORIS]).changed(deliveries=()).submission)


@pytest.mark.parametrize(
    "row",
    [
        [],
        [BORIS],
        "text",
        [BORIS, bytes(STANZA_SIZE), bytes(32), 0, [bytes(32), b"short"]],
        [BORIS, bytes(STANZA_SIZE - 1), bytes(32), 0, [bytes(32)] * 2],
        [BORIS, bytes(STANZA_SIZE + 1), bytes(32), 0, [bytes(32)] * 2],
        [BORIS, bytes(STANZA_SIZE), bytes(32), 0, [bytes(32)]],
        [BORIS, bytes(STANZA_SIZE), bytes(32), 4, [bytes(32)] * 2],
    ],
)
def test_a_delivery_of_another_shape_is_refused(row: object) -> None:
    record = make_parcel(REALM, [BORIS]).record
    fields = {
        0: 0,
        1: record.header,
        2: record.payload_root,
        3: record.stanza_root,
        4: record.claims,
        5: 2,
        6: record.head_length,
        7: record.body_size,
        8: [row],
    }
    with pytest.raises(FormatError):
        decode_submission(encode(fields))  # type: ignore[arg-type]  # on purpose


def test_a_stanza_proves_its_place() -> None:
    record = make_parcel(REALM, [BORIS, CHEN]).record
    for delivery in record.deliveries:
        record.envelope(delivery).check_path()
    moved = replace(record.deliveries[0], index=1)
    with pytest.raises(TamperedError):
        record.envelope(moved).check_path()


def test_envelopes_of_one_object_make_its_submission() -> None:
    parcel = make_parcel(REALM, [BORIS, CHEN])
    pairs = [
        (each.mailbox, encode_envelope(parcel.record.envelope(each)))
        for each in parcel.record.deliveries
    ]
    assert parcel.submission == submission_of(pairs)


def test_envelopes_of_two_objects_make_none() -> None:
    one, two = make_parcel(REALM, [BORIS]), make_parcel(REALM, [CHEN])
    pairs = [
        (
            each.record.deliveries[0].mailbox,
            encode_envelope(each.record.envelope(each.record.deliveries[0])),
        )
        for each in (one, two)
    ]
    with pytest.raises(ValueError, match="one object"):
        submission_of(pairs)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generate()


def test_a_mailbox_receipt_gives_its_numbers_in_order(key: SigningKey) -> None:
    data = sign_mailbox_receipt([5, 2, 2], device=BORIS, key=key, realm=REALM, created=1)
    opened = open_mailbox_receipt(data, device=BORIS, key=key.verify_key, realm=REALM)
    assert (2, 5) == opened


def test_a_mailbox_receipt_counts_for_its_device_and_realm_only(key: SigningKey) -> None:
    data = sign_mailbox_receipt([1], device=BORIS, key=key, realm=REALM, created=1)
    for device, realm in ((CHEN, REALM), (BORIS, Realm(bytes(32)))):
        with pytest.raises(FormatError, match="receipt-of-other"):
            open_mailbox_receipt(data, device=device, key=key.verify_key, realm=realm)


def test_a_mailbox_receipt_of_another_key_is_refused(key: SigningKey) -> None:
    data = sign_mailbox_receipt(
        [1], device=BORIS, key=SigningKey.generate(), realm=REALM, created=1
    )
    with pytest.raises(SignatureError):
        open_mailbox_receipt(data, device=BORIS, key=key.verify_key, realm=REALM)


@pytest.mark.parametrize("seqs", [[], [0], [2, 1], [1, 1], [True], ["1"]])
def test_numbers_of_a_receipt_rise_from_one(seqs: list[object]) -> None:
    body = encode({0: 0, 1: REALM.octets, 2: BORIS, 3: 1, 4: seqs})  # type: ignore[dict-item]  # on purpose
    data = encode({0: 0, 1: body, 2: bytes(3373)})
    with pytest.raises(FormatError, match="receipt-order"):
        open_mailbox_receipt(data, device=BORIS, key=SigningKey(bytes(64)).verify_key, realm=REALM)


@pytest.mark.parametrize("seqs", [[], list(range(1, 4098))])
def test_a_receipt_holds_one_to_4096_numbers(key: SigningKey, seqs: list[int]) -> None:
    with pytest.raises(ValueError, match="numbers"):
        sign_mailbox_receipt(seqs, device=BORIS, key=key, realm=REALM, created=1)


def test_bundles_and_handles_read_back() -> None:
    assert (b"one", None) == decode_taken(encode_bundles([b"one", None]))
    assert (b"one",) == decode_bundles(encode_bundles([b"one"]))
    assert () == decode_bundles(encode_bundles([]))
    assert (BORIS, CHEN) == decode_handles(encode_handles([BORIS, CHEN]))


@pytest.mark.parametrize("bundles", [[None], [random_bytes(6 * 1024 + 1)], [5]])
def test_a_put_holds_bundles_only(bundles: list[object]) -> None:
    with pytest.raises(FormatError, match="prekey-bundle"):
        decode_bundles(encode({0: 0, 1: bundles}))  # type: ignore[dict-item]  # on purpose


@pytest.mark.parametrize("handles", [[], [bytes(15)], [5]])
def test_a_taking_names_handles_only(handles: list[object]) -> None:
    with pytest.raises(FormatError, match="handle-size"):
        decode_handles(encode({0: 0, 1: handles}))  # type: ignore[dict-item]  # on purpose


def test_a_device_is_asked_for_once() -> None:
    with pytest.raises(FormatError, match="handle-twice"):
        decode_handles(encode_handles([BORIS, CHEN, BORIS]))


@pytest.mark.parametrize(
    "change",
    [
        {"head_length": 2048},
        {"head_length": 65_536},
        {"payload_length": 4096},
        {"payload_length": sealed_size(4096) + 1},
    ],
)
def test_a_header_with_lengths_of_no_capsule_is_refused(change: dict[str, int]) -> None:
    header = decode_header(make_parcel(REALM, [BORIS]).record.header)
    with pytest.raises(FormatError, match="capsule-lengths"):
        decode_header(encode_header(replace(header, **change)))  # type: ignore[arg-type]  # drawn above


def test_an_envelope_is_never_longer_than_a_reader_takes() -> None:
    with pytest.raises(FormatError, match="too-long"):
        decode_envelope(bytes(32_769))


def answer(*rows: list[object], more: bool = False, instance: bytes = INSTANCE) -> bytes:
    return encode({0: 0, 1: list(rows), 2: more, 3: instance})  # type: ignore[arg-type]  # on purpose


def test_a_largest_number_and_a_latest_moment_read_back() -> None:
    (item,) = decode_collected(answer([MAX_SEQ, b"", MAX_TIME, 1, 1, 1])).items
    assert (MAX_SEQ, MAX_TIME) == (item.seq, item.received_at)


@pytest.mark.parametrize("row", [[MAX_SEQ + 1, b"", 0, 1, 1, 1], [1, b"", MAX_TIME + 1, 1, 1, 1]])
def test_a_larger_number_or_a_later_moment_is_refused(row: list[object]) -> None:
    with pytest.raises(FormatError, match="field-range"):
        decode_collected(answer(row))


def test_more_is_never_promised_after_nothing() -> None:
    with pytest.raises(FormatError, match="more-of-nothing"):
        decode_collected(answer(more=True))


@pytest.mark.parametrize("instance", [b"", bytes(15), bytes(17)])
def test_every_answer_to_collect_names_its_store(instance: bytes) -> None:
    with pytest.raises(FormatError, match="field-size"):
        decode_collected(answer(instance=instance))


@pytest.mark.parametrize("moment", [MAX_TIME + 1, 2**63 - 1])
def test_a_state_at_a_moment_that_cannot_be_written_is_refused(moment: int) -> None:
    for received, at in ((moment, 1), (1, moment)):
        data = encode({0: 0, 1: bytes(32), 2: received, 3: [[BORIS, 1, at]]})
        with pytest.raises(FormatError, match="field-range"):
            decode_status(data)


@pytest.mark.parametrize("offset_h", [-14, 14])
def test_the_latest_moment_can_be_written_in_every_time_zone(offset_h: int) -> None:
    zone = timezone(timedelta(hours=offset_h))
    assert 9999 == datetime.fromtimestamp(MAX_TIME, tz=zone).year


@pytest.mark.parametrize("data", [b"[" * 1000, b'{"a":' * 200, b'[{"a":' * 150])
def test_brackets_within_brackets_are_no_refusal(data: bytes) -> None:
    with pytest.raises(FormatError, match="refusal-shape"):
        decode_refusal(data)


def test_a_record_for_the_most_mailboxes_fits_and_a_bomb_of_that_size_does_not() -> None:
    record = make_parcel(REALM, [BORIS], claims=bytes(16384)).record
    (one,) = record.deliveries
    deep = replace(one, path=(bytes(32),) * 16, index=2**16 - 1)
    boxes = [number.to_bytes(16, "big") for number in range(MAX_MAILBOXES)]
    full = replace(record, deliveries=tuple(replace(deep, mailbox=box) for box in boxes))
    data = encode_submission(full)
    assert full == decode_submission(data)
    assert len(data) <= max_submission_size(MAX_MAILBOXES)
    count = max_submission_size(MAX_MAILBOXES) - 5
    with pytest.raises(FormatError, match="too-many-items"):
        decode_submission(b"\x9a" + count.to_bytes(4, "big") + b"\x80" * count)
