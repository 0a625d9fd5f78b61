from __future__ import annotations

import hashlib
from dataclasses import replace

import httpx2
import pytest

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.keys import random_bytes
from secure_liaison.crypto.signing import RequestSigningKey
from secure_liaison.directory import registry
from secure_liaison.directory.roster import encode_snapshot
from secure_liaison.errors import RelayRefusedError
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.wire import EMPTY_DIGEST, OBJECT_TYPE, RefusalCode, decode_refusal, sign_request
from tests.factories import DeviceBundle, published
from tests.parcels import make_parcel
from tests.server.conftest import URL, Inside

READER, OTHER = "j.okafor@EMB-B", "m.rossi@EMB-B"
MAILBOX = "/v0/mailbox?after=0&limit=9"


def signed(
    inside: Inside,
    device: DeviceBundle,
    *,
    method: str = "GET",
    target: str = MAILBOX,
    content: bytes = b"",
    created: int | None = None,
) -> dict[str, str]:
    return sign_request(
        method=method,
        target_uri=URL + target,
        content_digest=hashlib.sha256(content).digest(),
        created=inside.clock.now() if created is None else created,
        device=device.handle,
        key=device.request,
    )


def code_of(response: httpx2.Response) -> RefusalCode:
    return decode_refusal(response.content).code


def without_id(response: httpx2.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    request_id = decode_refusal(response.content).request_id
    headers = sorted(response.headers.items())
    return response.status_code, response.content.replace(request_id.encode(), b""), headers


def test_a_signed_request_is_let_in(inside: Inside) -> None:
    headers = signed(inside, inside.device(READER))
    assert 200 == inside.client.get(MAILBOX, headers=headers).status_code


def test_the_same_request_is_refused_the_second_time(inside: Inside) -> None:
    headers = signed(inside, inside.device(READER))
    inside.client.get(MAILBOX, headers=headers)
    again = inside.client.get(MAILBOX, headers=headers)
    assert (401, RefusalCode.NOT_ADMITTED) == (again.status_code, code_of(again))


@pytest.mark.parametrize("offset", [-3600, -61, 61, 3600])
def test_a_clock_that_is_off_is_told_so(inside: Inside, offset: int) -> None:
    late = signed(inside, inside.device(READER), created=inside.clock.now() + offset)
    assert RefusalCode.CLOCK is code_of(inside.client.get(MAILBOX, headers=late))


@pytest.mark.parametrize("offset", [-60, 60])
def test_a_minute_either_way_is_allowed(inside: Inside, offset: int) -> None:
    headers = signed(inside, inside.device(READER), created=inside.clock.now() + offset)
    assert 200 == inside.client.get(MAILBOX, headers=headers).status_code


def test_a_nonce_is_remembered_as_long_as_its_request_would_pass(inside: Inside) -> None:
    headers = signed(inside, inside.device(READER), created=inside.clock.now() + 60)
    inside.client.get(MAILBOX, headers=headers)
    inside.clock.advance(120)
    inside.store.expire(inside.clock.now())
    again = inside.client.get(MAILBOX, headers=headers)
    assert RefusalCode.NOT_ADMITTED is code_of(again)


def test_the_desk_names_how_far_its_clock_is_off(inside: Inside) -> None:
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER, clock=FixedClock(inside.clock.now() + 3600)).collect()
    assert "clock" == caught.value.reason
    assert "skew_s" in caught.value.facts


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v0/mailbox?after=1&limit=9"),
        ("GET", "/v0/mailbox"),
        ("POST", "/v0/receipts"),
        ("GET", f"/v0/directory/{'0' * 64}"),
    ],
)
def test_a_signature_counts_for_its_own_method_and_target_only(
    inside: Inside, method: str, target: str
) -> None:
    headers = signed(inside, inside.device(READER))
    assert RefusalCode.NOT_ADMITTED is code_of(
        inside.client.request(method, target, headers=headers)
    )


def test_a_signature_for_another_relay_counts_nothing(inside: Inside) -> None:
    device = inside.device(READER)
    headers = sign_request(
        method="GET",
        target_uri=f"https://other.test{MAILBOX}",
        content_digest=EMPTY_DIGEST,
        created=inside.clock.now(),
        device=device.handle,
        key=device.request,
    )
    response = inside.client.get(MAILBOX, headers={**headers, "host": "other.test"})
    assert RefusalCode.NOT_ADMITTED is code_of(response)


def test_another_content_than_the_signed_one_is_refused(inside: Inside) -> None:
    headers = signed(
        inside, inside.device(READER), method="POST", target="/v0/prekeys/take", content=b"one"
    )
    response = inside.client.post("/v0/prekeys/take", headers=headers, content=b"two")
    assert RefusalCode.TAMPERED is code_of(response)


def test_unknown_device_wrong_key_replay_and_no_signature_answer_alike(inside: Inside) -> None:
    device = inside.device(READER)
    unknown = replace(device, handle=DeviceHandle(random_bytes(16)))
    wrong = replace(device, request=RequestSigningKey.generate())
    seen = signed(inside, device)
    inside.client.get(MAILBOX, headers=seen)
    answers = [
        without_id(inside.client.get(MAILBOX, headers=headers))
        for headers in (signed(inside, unknown), signed(inside, wrong), seen, {})
    ]
    assert [answers[0]] * 4 == answers


def test_an_object_of_another_and_none_at_all_answer_alike(inside: Inside) -> None:
    device = inside.device(OTHER)
    answers = []
    for digest in (bytes(32), bytes([1]) * 32):
        target = f"/v0/objects/{digest.hex()}/leaves"
        response = inside.client.get(target, headers=signed(inside, device, target=target))
        answers.append(without_id(response))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("mode", list(RevocationMode))
def test_a_device_that_left_the_roster_is_refused_at_once(
    inside: Inside, mode: RevocationMode
) -> None:
    agency = inside.world.agencies["EMB-B"]
    now = inside.clock.now()
    left = registry.retire_device(
        agency.registry, inside.device(READER).handle, mode=mode, since=now
    )
    newer = published(replace(agency, registry=left), now=now)
    registrar = inside.desk("sec@EMB-B")
    registrar.put_directory(agency.agency_id, encode_snapshot(newer.snapshot))
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).collect()
    assert "not-admitted" == caught.value.reason


def test_nothing_is_delivered_to_a_device_that_left_the_roster(inside: Inside) -> None:
    agency = inside.world.agencies["EMB-B"]
    now = Instant(inside.clock.now())
    handle = inside.device(READER).handle
    left = registry.retire_device(agency.registry, handle, mode=RevocationMode.RETIRED, since=now)
    newer = published(replace(agency, registry=left), now=now)
    inside.desk("sec@EMB-B").put_directory(agency.agency_id, encode_snapshot(newer.snapshot))
    parcel = make_parcel(inside.realm, [handle])
    file = inside.settings.folder / "parcel"
    file.write_bytes(parcel.body)
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk("li.wei@EMB-A").submit(parcel.submission, parcel.leaves, file)
    assert "mailbox-unknown" == caught.value.reason


def test_a_body_under_another_digest_than_the_signed_one_is_refused(inside: Inside) -> None:
    parcel = make_parcel(inside.realm, [inside.device(READER).handle])
    target = "/v0/objects"
    headers = signed(inside, inside.device(OTHER), method="POST", target=target, content=b"other")
    headers["content-type"] = OBJECT_TYPE
    response = inside.client.post(target, headers=headers, content=parcel.content)
    assert RefusalCode.TAMPERED is code_of(response)
    assert [] == inside.files()
    assert 0 == inside.store.counts()["objects"]


@pytest.mark.parametrize("cut", [1, 3000, 9000])
def test_a_submission_that_announces_too_little_is_refused(inside: Inside, cut: int) -> None:
    content = make_parcel(inside.realm, [inside.device(READER).handle]).content[:-cut]
    target = "/v0/objects"
    headers = signed(inside, inside.device(OTHER), method="POST", target=target, content=content)
    headers["content-type"] = OBJECT_TYPE
    response = inside.client.post(target, headers=headers, content=content)
    assert RefusalCode.MALFORMED is code_of(response)
    assert [] == inside.files()


def test_a_submission_without_length_or_type_is_refused(inside: Inside) -> None:
    content = make_parcel(inside.realm, [inside.device(READER).handle]).content
    target = "/v0/objects"
    headers = signed(inside, inside.device(OTHER), method="POST", target=target, content=content)
    response = inside.client.post(target, headers=headers, content=content)
    assert RefusalCode.MALFORMED is code_of(response)
    again = signed(inside, inside.device(OTHER), method="POST", target=target, content=content)
    chunked = inside.client.post(
        target, headers={**again, "content-type": OBJECT_TYPE}, content=iter([content])
    )
    assert RefusalCode.MALFORMED is code_of(chunked)


def test_a_device_past_its_validity_is_refused(inside: Inside) -> None:
    inside.clock.advance(366 * 86_400)
    with pytest.raises(RelayRefusedError) as caught:
        inside.desk(READER).collect()
    assert "not-admitted" == caught.value.reason


@pytest.mark.parametrize(
    "target",
    [
        "/v0/mailbox",
        "/v0/mailbox?after=00&limit=9",
        "/v0/mailbox?limit=9&after=0",
        "/v0/mailbox?after=0&limit=0",
        "/v0/mailbox?after=0&limit=257",
        "/v0/mailbox?after=-1&limit=1",
    ],
)
def test_a_query_of_another_form_is_refused(inside: Inside, target: str) -> None:
    headers = signed(inside, inside.device(READER), target=target)
    assert RefusalCode.MALFORMED is code_of(inside.client.get(target, headers=headers))


@pytest.mark.parametrize(
    "wanted", ["bytes=0-", "bytes=5-9", "bytes=-5", "bytes=99999-", "lines=1-"]
)
def test_a_range_of_another_form_is_refused(inside: Inside, wanted: str) -> None:
    parcel = make_parcel(inside.realm, [inside.device(READER).handle])
    file = inside.settings.folder / "parcel"
    file.write_bytes(parcel.body)
    inside.desk(OTHER).submit(parcel.submission, parcel.leaves, file)
    target = f"/v0/objects/{parcel.digest.hex()}/body"
    headers = {**signed(inside, inside.device(READER), target=target), "range": wanted}
    assert RefusalCode.MALFORMED is code_of(inside.client.get(target, headers=headers))


def test_a_content_where_none_belongs_is_refused(inside: Inside) -> None:
    headers = signed(inside, inside.device(READER))
    response = inside.client.request("GET", MAILBOX, headers=headers, content=b"x")
    assert RefusalCode.TOO_LARGE is code_of(response)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/", RefusalCode.NOT_FOUND),
        ("GET", "/v0/objects/xyz/body", RefusalCode.NOT_FOUND),
        ("GET", "/v0/mailbox/", RefusalCode.NOT_FOUND),
        ("DELETE", "/v0/mailbox", RefusalCode.METHOD),
    ],
)
def test_unknown_paths_and_methods_are_refused_in_the_one_shape(
    inside: Inside, method: str, path: str, code: RefusalCode
) -> None:
    response = inside.client.request(method, path)
    assert (code.status, code) == (response.status_code, code_of(response))


def test_an_unexpected_fault_has_the_one_shape_too(inside: Inside) -> None:
    inside.store.close()
    response = inside.client.get(MAILBOX, headers=signed(inside, inside.device(READER)))
    assert (500, RefusalCode.INTERNAL) == (response.status_code, code_of(response))
