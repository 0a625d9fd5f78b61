"""Re-ordered: fields, chunks, leaves or whole objects come in another order."""

from __future__ import annotations

import io

import cbor2
import pytest
from typing_extensions import override

from secure_liaison import encoding
from secure_liaison.capsule import unseal
from secure_liaison.capsule.body import LeafList
from secure_liaison.crypto.keys import Digest, Secret
from secure_liaison.crypto.payload import PayloadOpener
from secure_liaison.encoding import Value
from tests.attacks.world import (
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    opened_octets,
    opened_text,
)

CHUNK = 16400
PREFIX = 56
LONG = "".join(f"{number:06} in this order. " for number in range(5000))


def test_fields_in_another_order_are_refused(scene: Scene) -> None:
    genuine = scene.send()
    [item] = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), backwards(item.envelope))
    assert_quarantined(scene, VICTIM, "format", "not-canonical")
    scene.relay.give_back(scene.box(VICTIM), [item])
    assert_genuine_opens(scene, VICTIM, genuine)


def test_without_one_encoding_for_one_value_any_order_would_pass(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the comparison with the one canonical encoding."""
    genuine = scene.send()
    [item] = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), backwards(item.envelope))

    def any_order(data: bytes, *, max_bytes: int, **_limits: int) -> Value:
        return cbor2.load(io.BytesIO(data[:max_bytes]))  # type: ignore[no-any-return]  # a reader of anything

    monkeypatch.setattr(encoding, "decode", any_order)
    assert opened_text(scene, VICTIM, genuine)


def test_chunks_in_another_order_are_refused(scene: Scene) -> None:
    genuine = scene.send(text=LONG)
    body = scene.relay.bodies[genuine]
    scene.relay.bodies[genuine] = swapped(scene, genuine)
    assert_quarantined(scene, VICTIM, "verification.tampered", "capsule-range")
    scene.relay.bodies[genuine] = body
    assert_genuine_opens(scene, VICTIM, genuine, text=LONG)


def test_leaves_in_another_order_are_refused(scene: Scene) -> None:
    genuine = scene.send(text=LONG)
    leaves = scene.relay.leaves[genuine]
    scene.relay.leaves[genuine] = leaves[:32] + leaves[64:96] + leaves[32:64] + leaves[96:]
    assert_quarantined(scene, VICTIM, "verification.tampered", "capsule-payload-root")
    scene.relay.leaves[genuine] = leaves
    assert_genuine_opens(scene, VICTIM, genuine, text=LONG)


def test_with_chunks_that_do_not_know_their_place_a_text_would_be_shown_in_another_order(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the ranges' hashes, on filing and on opening, and the chunks' positions."""
    genuine = scene.send(text=LONG)
    start = scene.relay.envelope(genuine, scene.box(VICTIM)).read_header().head_length
    monkeypatch.setattr(WithoutPlaces, "genuine", scene.relay.bodies[genuine][start:])
    scene.relay.bodies[genuine] = swapped(scene, genuine)
    monkeypatch.setattr(LeafList, "check", lambda *_args: None)
    monkeypatch.setattr(unseal, "PayloadOpener", WithoutPlaces)
    shown, size = opened_octets(scene, VICTIM, genuine).decode(), 16384
    assert shown == LONG[size : 2 * size] + LONG[:size] + LONG[2 * size :]


def test_objects_in_another_order_all_arrive(scene: Scene) -> None:
    first, second = scene.send(), scene.send()
    items = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.give_back(scene.box(VICTIM), items[::-1])
    assert_genuine_opens(scene, VICTIM, second)
    assert_genuine_opens(scene, VICTIM, first)


class WithoutPlaces(PayloadOpener):
    """The payload's cipher as it would be if chunks were sealed without their position."""

    genuine = b""

    def __init__(self, key: Secret, *, context: bytes) -> None:
        super().__init__(key, context=context)
        self._came = b""

    @override
    def update(self, ciphertext: bytes | memoryview) -> bytes:
        self._came += bytes(ciphertext)
        return b""

    @override
    def finish(self) -> bytes:
        plain = super().update(self.genuine) + super().finish()
        chunks = range(PREFIX, len(self.genuine), CHUNK)
        known = {
            self.genuine[at : at + CHUNK]: plain[16384 * n : 16384 * (n + 1)]
            for n, at in enumerate(chunks)
        }
        return b"".join(known[self._came[at : at + CHUNK]] for at in chunks)


def swapped(scene: Scene, digest: Digest) -> bytes:
    """Return the body with its first two chunks exchanged."""
    body = scene.relay.bodies[digest]
    start = scene.relay.envelope(digest, scene.box(VICTIM)).read_header().head_length + PREFIX
    one, other = start + CHUNK, start + 2 * CHUNK
    return body[:start] + body[one:other] + body[start:one] + body[other:]


def backwards(envelope: bytes) -> bytes:
    return cbor2.dumps(dict(reversed(cbor2.loads(envelope).items())))
