"""Extended: bytes, fields, hashes or ranges are added to what was sealed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

import cbor2
import pytest

from secure_liaison import encoding
from secure_liaison.capsule import unseal
from secure_liaison.capsule.body import LeafList
from secure_liaison.encoding import Value
from secure_liaison.workflows import filing
from tests.attacks.world import (
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    opened_text,
)
from tests.simulator import changed

EXTRA = b"\x00"


def test_a_byte_behind_the_envelope_is_refused(scene: Scene) -> None:
    genuine = scene.send()
    [item] = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), item.envelope + EXTRA)
    assert_quarantined(scene, VICTIM, "format", "not-canonical")
    scene.relay.give_back(scene.box(VICTIM), [item])
    assert_genuine_opens(scene, VICTIM, genuine)


def test_an_unknown_field_is_refused(scene: Scene) -> None:
    genuine = scene.send()
    [item] = scene.relay.withhold(scene.box(VICTIM))
    fields = cbor2.loads(item.envelope) | {9: b"passenger"}
    scene.relay.hand_out(scene.box(VICTIM), cbor2.dumps(fields, canonical=True))
    assert_quarantined(scene, VICTIM, "format", "unknown-field")
    scene.relay.give_back(scene.box(VICTIM), [item])
    assert_genuine_opens(scene, VICTIM, genuine)


def test_a_lenient_reader_would_carry_passengers(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the demand that nothing follows an encoding."""
    genuine = scene.send()
    [item] = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), item.envelope + b"passenger")

    def first_value(data: bytes, *, max_bytes: int, **_limits: int) -> Value:
        return cbor2.load(io.BytesIO(data[:max_bytes]))  # type: ignore[no-any-return]  # a reader of anything

    monkeypatch.setattr(encoding, "decode", first_value)
    assert opened_text(scene, VICTIM, genuine)
    [kept] = scene.desk(VICTIM).mail.inbox.items()
    assert kept.envelope.endswith(b"passenger")


def test_a_longer_path_is_refused(scene: Scene) -> None:
    genuine = scene.send()
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    [item] = scene.relay.withhold(scene.box(VICTIM))
    longer = changed(envelope, path=(*envelope.path, bytes(32)))
    scene.relay.hand_out(scene.box(VICTIM), longer)
    assert_quarantined(scene, VICTIM, "verification.tampered", "capsule-path")
    scene.relay.give_back(scene.box(VICTIM), [item])
    assert_genuine_opens(scene, VICTIM, genuine)


def test_a_longer_leaf_list_is_refused(scene: Scene) -> None:
    genuine = scene.send()
    scene.relay.leaves[genuine] += bytes(32)
    assert_quarantined(scene, VICTIM, "format", "capsule-leaf-list")
    scene.relay.leaves[genuine] = scene.relay.leaves[genuine][:-32]
    assert_genuine_opens(scene, VICTIM, genuine)


def test_a_longer_body_is_refused(scene: Scene) -> None:
    genuine = scene.send()
    scene.relay.bodies[genuine] += EXTRA
    assert_quarantined(scene, VICTIM, "format", "capsule-body-long")
    scene.relay.bodies[genuine] = scene.relay.bodies[genuine][:-1]
    assert_genuine_opens(scene, VICTIM, genuine)


def test_without_the_check_of_the_end_a_longer_body_would_be_kept(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the check on filing, and the look behind the last range on opening."""
    genuine = scene.send()
    scene.relay.bodies[genuine] += b"passenger"

    def no_look_behind(body: BinaryIO, size: int, leaves: LeafList) -> Iterator[memoryview]:
        for index, start in enumerate(range(0, size, 65536), start=1):
            piece = memoryview(body.read(min(65536, size - start)))
            leaves.check(index, piece)
            yield piece

    monkeypatch.setattr(filing, "check_body", lambda *_args, **_named: None)
    monkeypatch.setattr(unseal, "payload_ranges", no_look_behind)
    assert opened_text(scene, VICTIM, genuine)
    [kept] = scene.desk(VICTIM).mail.inbox.items()
    body = scene.desk(VICTIM).bodies.path(kept.body_name or "").read_bytes()
    assert body.endswith(b"passenger")
