from __future__ import annotations

import hashlib
from dataclasses import replace

import httpx2
import pytest

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.signing import RequestSigningKey
from secure_liaison.directory import registry
from secure_liaison.directory.roster import encode_snapshot
from secure_liaison.errors import RelayRefusedError
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.identity.ids import new_device_handle
from secure_liaison.wire import EMPTY_DIGEST, RefusalCode, decode_refusal, sign_request
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
    unknown = replace(device, handle=new_device_handle())
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
