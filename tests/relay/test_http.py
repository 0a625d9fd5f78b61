"""A desk before a relay that lies, breaks off or refuses; honest relays are in tests/server."""

from __future__ import annotations

import io
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import httpx2
import pytest

from secure_liaison.clock import FixedClock
from secure_liaison.crypto.keys import Digest, Realm
from secure_liaison.crypto.signing import RequestSigningKey, SigningKey
from secure_liaison.encoding import encode
from secure_liaison.errors import (
    FormatError,
    ReceiptError,
    RelayRefusedError,
    RelayUnreachableError,
)
from secure_liaison.identity.ids import AgencyId, DeviceHandle
from secure_liaison.relay.http import HttpRelay
from secure_liaison.relay.pace import GRACE_S, MIN_BYTES_PER_S, Pace
from secure_liaison.wire import (
    Collected,
    MailboxItem,
    RefusalCode,
    RelayErrorBody,
    Status,
    decode_header,
    encode_collected,
    encode_envelope,
    encode_header,
    encode_refusal,
    encode_status,
)
from tests.parcels import Parcel, make_parcel

URL = "https://relay.test"
ME = DeviceHandle(bytes([2]) * 16)
REALM = Realm(bytes([7]) * 32)
INSTANCE, OTHER_INSTANCE = bytes([5]) * 16, bytes([6]) * 16
CLOCK = FixedClock()
Answer = Callable[[httpx2.Request], httpx2.Response]
Facing = Callable[[Answer], HttpRelay]


@pytest.fixture
def parcel() -> Parcel:
    return make_parcel(REALM, [ME])


@pytest.fixture
def facing() -> Iterator[Facing]:
    clients: list[httpx2.Client] = []

    def make(answer: Answer) -> HttpRelay:
        client = httpx2.Client(transport=httpx2.MockTransport(answer))
        clients.append(client)
        return HttpRelay(
            URL, device=ME, key=RequestSigningKey.generate(), clock=CLOCK, client=client
        )

    yield make
    for client in clients:
        client.close()


def saying(content: bytes, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: streamed(content, status, **named)


def streamed(content: bytes, status: int = 200, **headers: str) -> httpx2.Response:
    """Answer as a connection does: piece by piece."""
    pieces = (content[at : at + 65_536] for at in range(0, len(content), 65_536))
    length = {"content-length": str(len(content))}
    return httpx2.Response(status, content=pieces, headers={**length, **headers})


def item_of(parcel: Parcel, seq: int = 1) -> MailboxItem:
    return MailboxItem(
        seq=seq,
        envelope=encode_envelope(parcel.record.envelope(parcel.record.deliveries[0])),
        received_at=5,
        body_size=len(parcel.body),
        leaf_count=parcel.record.leaf_count,
        head_length=parcel.record.head_length,
    )


def mailbox_of(*items: MailboxItem) -> bytes:
    return encode_collected(Collected(items=items, more=False, instance=INSTANCE))


def reason_of(call: Callable[[], object], kind: type[Exception] = ReceiptError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(getattr(caught.value, "reason", ""))


@pytest.mark.parametrize(
    "url",
    [
        "http://relay.example:8440",
        "https://relay.example/path",
        "https://user@relay.example",
        "https://relay.example:443",
        "https://relay.example/",
        "https://Relay.example",
        "ftp://relay.example",
        "http://127.0.0.1.example",
        "http://relay.example",
        "https://a..b",
        "https://[::::]",
        "https://xn--.example" + "." * 3,
        "https://" + "a" * 64 + ".example",
        "https://relay.example:99999",
        "",
    ],
)
def test_an_address_that_is_unsafe_or_ambiguous_is_refused(url: str) -> None:
    with pytest.raises(FormatError) as caught:
        HttpRelay(url, device=ME, key=RequestSigningKey.generate(), clock=CLOCK)
    assert "relay-url" == caught.value.reason


@pytest.mark.parametrize(
    "raised",
    [httpx2.InvalidURL("no"), UnicodeError("label empty or too long"), UnicodeError()],
)
def test_an_address_that_proves_impossible_when_used_is_one_typed_error(
    facing: Facing, raised: Exception
) -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        raise raised

    assert "relay-url" == reason_of(facing(answer).collect, FormatError)


@pytest.mark.parametrize(
    "url", ["https://relay.example:8440", "http://127.0.0.1:8080", "http://[::1]:8440"]
)
def test_https_and_the_own_machine_are_allowed(url: str) -> None:
    HttpRelay(url, device=ME, key=RequestSigningKey.generate(), clock=CLOCK).close()


def test_an_honest_mailbox_is_believed(facing: Facing, parcel: Parcel) -> None:
    relay = facing(saying(mailbox_of(item_of(parcel))))
    assert (item_of(parcel),) == relay.collect().items


@pytest.mark.parametrize("seqs", [(1, 1), (2, 1), (3,)])
def test_numbers_must_rise_from_the_cursor(
    facing: Facing, parcel: Parcel, seqs: tuple[int, ...]
) -> None:
    relay = facing(saying(mailbox_of(*(item_of(parcel, seq) for seq in seqs))))
    assert "order" == reason_of(lambda: relay.collect(after=3))
    if len(seqs) > 1:
        assert "order" == reason_of(relay.collect)


def test_more_items_than_asked_for_are_a_lie(facing: Facing, parcel: Parcel) -> None:
    relay = facing(saying(mailbox_of(item_of(parcel, 1), item_of(parcel, 2))))
    assert "order" == reason_of(lambda: relay.collect(limit=1))


@pytest.mark.parametrize(
    "change",
    [{"body_size": 1}, {"leaf_count": 9}, {"head_length": 1}, {"envelope": b"\xa0"}],
)
def test_an_item_that_contradicts_itself_is_a_lie(
    facing: Facing, parcel: Parcel, change: dict[str, object]
) -> None:
    bad = replace(item_of(parcel), **change)  # type: ignore[arg-type]  # tests know the fields
    assert "item" == reason_of(facing(saying(mailbox_of(bad))).collect)


def test_a_stanza_under_another_root_is_a_lie(facing: Facing, parcel: Parcel) -> None:
    bad = item_of(parcel.changed(stanza_root=bytes(32)))
    assert "item" == reason_of(facing(saying(mailbox_of(bad))).collect)


def test_an_item_of_a_later_version_is_handed_on_as_it_is(facing: Facing, parcel: Parcel) -> None:
    later = decode_header(parcel.record.header)
    header = encode_header(replace(later, suite=2))
    item = item_of(parcel.changed(header=header))
    assert (item,) == facing(saying(mailbox_of(item))).collect().items


def test_more_after_no_item_is_a_lie(facing: Facing) -> None:
    endless = encode({0: 0, 1: [], 2: True, 3: INSTANCE})
    assert "answer" == reason_of(facing(saying(endless)).collect)


def test_a_number_that_no_mailbox_reaches_is_a_lie(facing: Facing, parcel: Parcel) -> None:
    relay = facing(saying(mailbox_of(item_of(parcel, 2**53 + 1))))
    assert "answer" == reason_of(relay.collect)


def asked(content: bytes, seen: list[str]) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.query.decode())
        return streamed(content)

    return answer


def test_a_cursor_of_the_same_store_is_asked_for_once(facing: Facing, parcel: Parcel) -> None:
    seen: list[str] = []
    relay = facing(asked(mailbox_of(item_of(parcel, 8)), seen))
    collected = relay.collect(after=7, limit=9, instance=INSTANCE)
    assert (INSTANCE, ["after=7&limit=9"]) == (collected.instance, seen)


def test_under_another_store_a_cursor_counts_for_nothing(facing: Facing, parcel: Parcel) -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.query.decode())
        items = () if len(seen) == 1 else (item_of(parcel, 1),)
        return streamed(mailbox_of(*items))

    collected = facing(answer).collect(after=7, limit=9, instance=OTHER_INSTANCE)
    assert [1] == [item.seq for item in collected.items]
    assert ["after=7&limit=9", "after=0&limit=9"] == seen


@pytest.mark.parametrize("content", [b"", b"\xff", b"<html>", encode({0: 1})])
def test_an_answer_that_is_no_record_is_a_lie(facing: Facing, content: bytes) -> None:
    assert "answer" == reason_of(facing(saying(content)).collect)


def test_a_confirmation_of_another_object_is_a_lie(
    facing: Facing, parcel: Parcel, tmp_path: Path
) -> None:
    body = tmp_path / "body"
    body.write_bytes(parcel.body)
    relay = facing(saying(encode({0: 0, 1: bytes(32)}), 201))
    submit = lambda: relay.submit(parcel.submission, parcel.leaves, body)  # noqa: E731  # called below
    assert "digest" == reason_of(submit)


def test_what_is_sent_is_record_leaf_list_and_body(
    facing: Facing, parcel: Parcel, tmp_path: Path
) -> None:
    body = tmp_path / "body"
    body.write_bytes(parcel.body)
    seen: list[bytes] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.read())
        assert str(len(parcel.content)) == request.headers["content-length"]
        return streamed(encode({0: 0, 1: parcel.digest}), 201)

    facing(answer).submit(parcel.submission, parcel.leaves, body)
    assert [parcel.content] == seen


def test_a_status_of_another_object_is_a_lie(facing: Facing, parcel: Parcel) -> None:
    status = Status(digest=Digest(bytes(32)), received_at=1, mailboxes=())
    relay = facing(saying(encode_status(status)))
    assert "digest" == reason_of(lambda: relay.status(parcel.digest))


def test_a_leaf_list_of_another_length_is_a_lie(facing: Facing, parcel: Parcel) -> None:
    relay = facing(saying(parcel.leaves + b"x"))
    assert "length" == reason_of(lambda: relay.fetch_leaves(parcel.digest, leaf_count=2))


def test_more_bundles_than_asked_for_are_a_lie(facing: Facing) -> None:
    relay = facing(saying(encode({0: 0, 1: [None, None]})))
    assert "answer" == reason_of(lambda: relay.take_prekeys([ME]))


def test_a_body_of_another_length_is_a_lie(facing: Facing, parcel: Parcel) -> None:
    relay = facing(saying(parcel.body))
    fetch = lambda: relay.fetch_body(parcel.digest, io.BytesIO(), size=9)  # noqa: E731  # called below
    assert "length" == reason_of(fetch)


@pytest.mark.parametrize(
    "headers", [{"content-length": "5000", "transfer-encoding": "chunked"}, {}]
)
def test_a_body_larger_than_promised_never_reaches_the_sink(
    facing: Facing, headers: dict[str, str]
) -> None:
    pulled = 0

    def endless() -> Iterator[bytes]:
        nonlocal pulled
        for _ in range(200):
            pulled += 1
            yield bytes(2**20)

    def answer(_request: httpx2.Request) -> httpx2.Response:
        length = headers or {"content-length": "5000"}
        return httpx2.Response(200, content=endless(), headers=length)

    sink = io.BytesIO()
    relay = facing(answer)
    assert "length" == reason_of(lambda: relay.fetch_body(Digest(bytes(32)), sink, size=5000))
    assert (True, 0) == (pulled <= 1, len(sink.getvalue()))


def test_a_body_with_two_announcements_of_its_length_is_refused(
    facing: Facing, parcel: Parcel
) -> None:
    relay, sink = facing(saying(parcel.body, transfer_encoding="chunked")), io.BytesIO()

    def fetch() -> None:
        relay.fetch_body(parcel.digest, sink, size=len(parcel.body))

    assert ("length", b"") == (reason_of(fetch), sink.getvalue())


def drip(monkeypatch: pytest.MonkeyPatch, content: bytes, *, every_s: int) -> Answer:
    """Answer byte by byte, on a clock that moves on with each of them."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def dripping() -> Iterator[bytes]:
        nonlocal now
        for octet in content:
            now += every_s
            yield bytes([octet])

    length = {"content-length": str(len(content))}
    return lambda _request: httpx2.Response(200, content=dripping(), headers=length)


def test_a_relay_that_drips_a_body_is_left(
    facing: Facing, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay, sink = facing(drip(monkeypatch, parcel.body, every_s=50)), io.BytesIO()

    def fetch() -> None:
        relay.fetch_body(parcel.digest, sink, size=len(parcel.body))

    assert "timeout" == reason_of(fetch, RelayUnreachableError)
    assert 3 == len(sink.getvalue())


def test_a_relay_that_drips_an_answer_is_left(
    facing: Facing, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = facing(drip(monkeypatch, mailbox_of(item_of(parcel)), every_s=50))
    assert "timeout" == reason_of(relay.collect, RelayUnreachableError)


def test_a_relay_that_takes_a_byte_now_and_then_is_left(
    facing: Facing, parcel: Parcel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = itertools.count(step=1000)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(moments)))
    body = tmp_path / "body"
    body.write_bytes(parcel.body)
    relay = facing(saying(encode({0: 0, 1: parcel.digest}), 201))

    def submit() -> None:
        relay.submit(parcel.submission, parcel.leaves, body)

    assert "timeout" == reason_of(submit, RelayUnreachableError)


def test_a_slow_but_steady_line_is_no_reason_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace = Pace()
    for passed in range(0, 100 * 2**20, 2**20):
        now = passed / MIN_BYTES_PER_S + GRACE_S
        pace.check(passed)
    now += 1
    with pytest.raises(RelayUnreachableError, match="timeout"):
        pace.check(99 * 2**20)


def test_a_part_that_was_not_asked_for_is_a_lie(facing: Facing, parcel: Parcel) -> None:
    span = f"bytes 5-{len(parcel.body) - 1}/{len(parcel.body)}"
    relay = facing(saying(parcel.body[6:], 206, content_range=span))

    def fetch() -> None:
        relay.fetch_body(parcel.digest, io.BytesIO(), size=len(parcel.body), start=6)

    assert "length" == reason_of(fetch)


def test_a_start_outside_the_body_is_a_mistake(facing: Facing, parcel: Parcel) -> None:
    with pytest.raises(ValueError, match="start"):
        facing(saying(b"")).fetch_body(parcel.digest, io.BytesIO(), size=5, start=5)


@pytest.mark.parametrize("number", [2**63 - 1, 513])
def test_a_number_of_prekeys_that_nobody_left_is_a_lie(facing: Facing, number: int) -> None:
    assert "answer" == reason_of(facing(saying(encode({0: 0, 1: number}))).count_prekeys)


def test_counting_prekeys_leaves_none(facing: Facing) -> None:
    sent: list[tuple[str, str, bytes]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append((request.method, request.url.path, request.read()))
        return streamed(encode({0: 0, 1: 7}))

    assert 7 == facing(answer).count_prekeys()
    assert [("PUT", "/v0/prekeys", encode({0: 0, 1: []}))] == sent


def test_more_released_than_named_is_a_lie(facing: Facing) -> None:
    relay, key = facing(saying(encode({0: 0, 1: 3}))), SigningKey.generate()
    release = lambda: relay.acknowledge_receipt([1, 2], signing_key=key, realm=REALM)  # noqa: E731  # called below
    assert "answer" == reason_of(release)


@pytest.mark.parametrize("call", ["collect", "count_prekeys"])
def test_an_answer_far_longer_than_its_kind_is_cut(facing: Facing, call: str) -> None:
    relay = facing(saying(bytes(15 * 2**20)))
    assert "length" == reason_of(getattr(relay, call))


def test_an_endless_answer_is_cut(facing: Facing) -> None:
    relay = facing(saying(bytes(17 * 2**20)))
    assert "length" == reason_of(lambda: relay.get_directory(AgencyId(bytes(32))))


@pytest.mark.parametrize("code", [code for code in RefusalCode if code is not RefusalCode.CLOCK])
def test_a_refusal_becomes_its_error(facing: Facing, code: RefusalCode) -> None:
    refusal = RelayErrorBody(code=code, request_id="0" * 32, retry_after=7)
    relay = facing(saying(encode_refusal(refusal), code.status))
    with pytest.raises(RelayRefusedError) as caught:
        relay.collect()
    assert code.value == caught.value.reason
    assert {"request_id": "0" * 32, "retry_after_s": 7} == caught.value.facts


@pytest.mark.parametrize("offset", [-3600, 75])
def test_a_refused_clock_tells_how_far_it_is_off(facing: Facing, offset: int) -> None:
    refusal = RelayErrorBody(code=RefusalCode.CLOCK, request_id="0" * 32)
    date = formatdate(CLOCK.now() - offset, usegmt=True)
    with pytest.raises(RelayRefusedError) as caught:
        facing(saying(encode_refusal(refusal), 401, date=date)).collect()
    assert ("clock", offset) == (caught.value.reason, caught.value.facts["skew_s"])


@pytest.fixture(params=["UTC", "Asia/Shanghai"])
def zone(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    "date",
    [
        "",
        "x",
        "Mon, 01 Jan 0001 00:00:00 -0000",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -0000",
        "Mon, 99 Jan 2020 00:00:00 GMT",
        "Mon, 30 Feb 2020 00:00:00 GMT",
        "Mon, 01 Jan 0000 00:00:00 GMT",
        "Mon, 01 Jan 2020 00:00:00 +9999999999",
        "Mon, 01 Jan 2020 99999999999999999999:00:00 GMT",
        "1 " * 50,
    ],
)
def test_a_date_that_is_none_says_nothing_of_the_clock(facing: Facing, date: str) -> None:
    refusal = RelayErrorBody(code=RefusalCode.CLOCK, request_id="0" * 32)
    with pytest.raises(RelayRefusedError) as caught:
        facing(saying(encode_refusal(refusal), 401, date=date)).collect()
    assert ("clock", 0) == (caught.value.reason, caught.value.facts["skew_s"])


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"[" * 1000, 502),
        (b'{"a":' * 200, 502),
        (b"<html>bad gateway</html>", 502),
        (json.dumps({"code": "clock"}).encode(), 401),
        (encode_refusal(RelayErrorBody(code=RefusalCode.QUOTA, request_id="0" * 32)), 404),
        (b"", 302),
    ],
)
def test_a_refusal_of_another_shape_is_not_believed(
    facing: Facing, content: bytes, status: int
) -> None:
    relay = facing(saying(content, status, location="https://elsewhere.test/"))
    assert "answer" == reason_of(relay.collect)


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (httpx2.ConnectError("no"), "connect"),
        (httpx2.ConnectTimeout("no"), "connect"),
        (httpx2.ReadTimeout("no"), "timeout"),
        (httpx2.ReadError("no"), "broken"),
        (httpx2.RemoteProtocolError("no"), "broken"),
    ],
)
def test_a_failing_connection_becomes_one_typed_error(
    facing: Facing, raised: Exception, reason: str
) -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        raise raised

    assert reason == reason_of(facing(answer).collect, RelayUnreachableError)


def test_a_body_that_breaks_off_leaves_what_came(facing: Facing, parcel: Parcel) -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        def half() -> Iterator[bytes]:
            yield parcel.body[:3000]
            message = "gone"
            raise httpx2.ReadError(message)

        headers = {"content-length": str(len(parcel.body))}
        return httpx2.Response(200, content=half(), headers=headers)

    sink = io.BytesIO()
    relay = facing(answer)

    def fetch() -> None:
        relay.fetch_body(parcel.digest, sink, size=len(parcel.body))

    assert "broken" == reason_of(fetch, RelayUnreachableError)
    assert parcel.body[: len(sink.getvalue())] == sink.getvalue()
