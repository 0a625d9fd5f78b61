"""A desk before a relay that lies, breaks off or refuses; honest relays are in tests/server."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import httpx2
import pytest

from secure_liaison.clock import FixedClock
from secure_liaison.crypto.keys import Digest, Realm
from secure_liaison.crypto.signing import RequestSigningKey
from secure_liaison.encoding import encode
from secure_liaison.errors import (
    FormatError,
    ReceiptError,
    RelayRefusedError,
    RelayUnreachableError,
)
from secure_liaison.identity.ids import AgencyId, DeviceHandle
from secure_liaison.relay.http import HttpRelay
from secure_liaison.wire import (
    Collected,
    MailboxItem,
    RefusalCode,
    RelayErrorBody,
    Status,
    encode_collected,
    encode_envelope,
    encode_refusal,
    encode_status,
)
from tests.parcels import Parcel, make_parcel

URL = "https://relay.test"
ME = DeviceHandle(bytes([2]) * 16)
REALM = Realm(bytes([7]) * 32)
CLOCK = FixedClock()
Answer = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture
def parcel() -> Parcel:
    return make_parcel(REALM, [ME])


@pytest.fixture
def facing() -> Iterator[Callable[[Answer], HttpRelay]]:
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


Facing = Callable[[Answer], HttpRelay]


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
    return encode_collected(Collected(items=items, more=False))


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
        "",
    ],
)
def test_an_address_that_is_unsafe_or_ambiguous_is_refused(url: str) -> None:
    with pytest.raises(FormatError) as caught:
        HttpRelay(url, device=ME, key=RequestSigningKey.generate(), clock=CLOCK)
    assert "relay-address" == caught.value.reason


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


def test_a_part_that_was_not_asked_for_is_a_lie(facing: Facing, parcel: Parcel) -> None:
    span = f"bytes 5-{len(parcel.body) - 1}/{len(parcel.body)}"
    relay = facing(saying(parcel.body[6:], 206, content_range=span))

    def fetch() -> None:
        relay.fetch_body(parcel.digest, io.BytesIO(), size=len(parcel.body), start=6)

    assert "length" == reason_of(fetch)


def test_a_start_outside_the_body_is_a_mistake(facing: Facing, parcel: Parcel) -> None:
    with pytest.raises(ValueError, match="start"):
        facing(saying(b"")).fetch_body(parcel.digest, io.BytesIO(), size=5, start=5)


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


@pytest.mark.parametrize(
    ("content", "status"),
    [
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
