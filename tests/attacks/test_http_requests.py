"""Requests to the real relay: recorded and sent again, turned to another use, by a lost device."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import httpx2
import pytest

from liaison_relay import auth
from liaison_relay.storage.port import DeviceRow
from liaison_relay.storage.sqlcipher import SqlcipherStore
from secure_liaison.clock import Instant
from secure_liaison.errors import RelayRefusedError
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.wire import (
    RefusalCode,
    SignedRequest,
    decode_collected,
    decode_refusal,
    encode_handles,
    sign_request,
    signatures,
)
from secure_liaison.workflows import correspondence, enrolment, registry
from tests.attacks.world import INSIDER, URL, VICTIM, RealRelay, Scene, assert_genuine_opens

MAILBOX = "/v0/mailbox?after=0&limit=9"
TAKE = "/v0/prekeys/take"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody on the way sees of a request."""

    method: str
    target: str
    content: bytes
    headers: dict[str, str]

    def sent(self, relay: RealRelay) -> httpx2.Response:
        return relay.client.request(
            self.method, self.target, headers=self.headers, content=self.content
        )


def signed(
    scene: Scene, login: str, *, method: str = "GET", target: str = MAILBOX, content: bytes = b""
) -> Request:
    """Return a genuine request of an officer's device."""
    desk = scene.desk(login)
    headers = sign_request(
        method=method,
        target_uri=URL + target,
        content_digest=hashlib.sha256(content).digest(),
        created=scene.clock.now(),
        device=desk.keys.handle,
        key=desk.keys.request,
    )
    return Request(method=method, target=target, content=content, headers=headers)


def refusal(response: httpx2.Response) -> RefusalCode:
    return decode_refusal(response.content).code


def test_a_recorded_request_is_good_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with scene.real_relay(monkeypatch) as relay:
        genuine = scene.send()
        recorded = signed(scene, VICTIM)
        assert recorded.sent(relay).status_code == 200
        assert refusal(recorded.sent(relay)) is RefusalCode.NOT_ADMITTED
        assert_genuine_opens(scene, VICTIM, genuine)


def test_without_the_memory_of_nonces_a_recorded_request_would_read_the_mailbox(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the memory of nonces."""
    with scene.real_relay(monkeypatch) as relay:
        scene.send()
        recorded = signed(scene, VICTIM)
        recorded.sent(relay)
        monkeypatch.setattr(SqlcipherStore, "claim_nonce", lambda *_args, **_named: True)
        assert len(decode_collected(recorded.sent(relay).content).items) == 1


def test_a_request_recorded_an_hour_ago_is_too_old(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scene.real_relay(monkeypatch) as relay:
        recorded = signed(scene, VICTIM)
        forget_nonces(scene, relay, recorded)
        assert refusal(recorded.sent(relay)) is RefusalCode.CLOCK


def test_without_the_window_a_request_would_live_longer_than_its_nonce(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the 60 seconds either way."""
    with scene.real_relay(monkeypatch) as relay:
        recorded = signed(scene, VICTIM)
        forget_nonces(scene, relay, recorded)
        real = signatures.verify_request
        monkeypatch.setattr(
            auth, "verify_request", lambda **named: real(**{**named, "window_s": 86400})
        )
        assert recorded.sent(relay).status_code == 200


def forget_nonces(scene: Scene, relay: RealRelay, recorded: Request) -> None:
    """Use a request up, and let an hour pass, after which the relay forgets its nonce."""
    assert recorded.sent(relay).status_code == 200
    scene.clock.advance(3600)
    relay.store.expire(scene.clock.now())


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/v0/mailbox?after=1&limit=9"), ("POST", "/v0/receipts")],
)
def test_a_request_turned_to_another_use_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, method: str, target: str
) -> None:
    with scene.real_relay(monkeypatch) as relay:
        held_up = signed(scene, VICTIM)
        turned = Request(method=method, target=target, content=b"", headers=held_up.headers)
        assert refusal(turned.sent(relay)) is RefusalCode.NOT_ADMITTED
        assert held_up.sent(relay).status_code == 200


def test_without_the_target_under_the_signature_any_use_would_do(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: method and target from what is signed."""
    monkeypatch.setattr(
        signatures,
        "signature_base",
        lambda *, content_digest, parameters, **_rest: f"{content_digest}{parameters}".encode(),
    )
    with scene.real_relay(monkeypatch) as relay:
        genuine = scene.send()
        held_up = signed(scene, VICTIM)
        target = f"/v0/objects/{genuine.hex()}/body"
        turned = Request(method="GET", target=target, content=b"", headers=held_up.headers)
        assert turned.sent(relay).status_code == 200


def with_other_content(scene: Scene) -> Request:
    """Ask for one-time keys of another device than the signed request did."""
    asked = encode_handles([scene.desk(INSIDER).keys.handle])
    held_up = signed(scene, VICTIM, method="POST", target=TAKE, content=asked)
    other = encode_handles([scene.desk(VICTIM).keys.handle])
    return Request(method="POST", target=TAKE, content=other, headers=held_up.headers)


def test_another_content_than_the_signed_one_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scene.real_relay(monkeypatch) as relay:
        correspondence.collect(scene.desk(VICTIM))  # leaves one-time keys
        assert refusal(with_other_content(scene).sent(relay)) is RefusalCode.TAMPERED


def test_without_the_digest_of_the_content_anybodys_keys_could_be_used_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the comparison of the content with the signed digest."""
    with scene.real_relay(monkeypatch) as relay:
        correspondence.collect(scene.desk(VICTIM))
        monkeypatch.setattr(SignedRequest, "check_content", lambda *_args: None)
        assert with_other_content(scene).sent(relay).status_code == 200


def retired(scene: Scene, mode: RevocationMode) -> None:
    """Let the victim's device be lost, and a colleague bring the new roster to the relay."""
    now = Instant(scene.clock.now())
    registry.retire(scene.registry("EMB-B"), VICTIM, mode=mode, since=now)
    made = scene.publish("EMB-B")
    enrolment.publish_snapshot(scene.desk(INSIDER), made.book)


@pytest.mark.parametrize("mode", list(RevocationMode))
def test_a_device_that_left_the_roster_is_not_let_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, mode: RevocationMode
) -> None:
    with scene.real_relay(monkeypatch) as relay:
        scene.send()
        retired(scene, mode)
        assert refusal(signed(scene, VICTIM).sent(relay)) is RefusalCode.NOT_ADMITTED
        with pytest.raises(RelayRefusedError, match="not-admitted"):
            correspondence.collect(scene.desk(VICTIM))
        assert scene.desk(VICTIM).mail.inbox.items() == ()


def test_without_asking_the_roster_a_lost_device_would_go_on_collecting(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the look whether a device is in use."""
    with scene.real_relay(monkeypatch) as relay:
        scene.send()
        retired(scene, RevocationMode.RETIRED)
        monkeypatch.setattr(DeviceRow, "is_valid", lambda *_args: True)
        assert len(decode_collected(signed(scene, VICTIM).sent(relay).content).items) == 1
