"""Bit-flipped: one bit differs, wherever it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from typing_extensions import override

from secure_liaison.capsule import unseal
from secure_liaison.capsule.body import LeafList
from secure_liaison.capsule.format import parse_envelope
from secure_liaison.crypto.keys import Digest, Secret
from secure_liaison.crypto.payload import PayloadOpener
from secure_liaison.errors import TamperedError
from secure_liaison.transparency.merkle import leaf_hash, root_of
from secure_liaison.wire import Envelope, Header, encode_header
from secure_liaison.workflows import correspondence, filing
from tests.attacks.world import (
    TEXT,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    opened_octets,
    opened_text,
)
from tests.simulator import changed

TAMPERED = "verification.tampered"


def flipped(octets: bytes, at: int = -1) -> bytes:
    """Return the bytes with one bit changed."""
    whole = bytearray(octets)
    whole[at] ^= 1
    return bytes(whole)


def with_header(envelope: Envelope, **fields: object) -> bytes:
    header: Header = replace(envelope.read_header(), **fields)  # type: ignore[arg-type]  # tests know the fields
    return changed(envelope, header=encode_header(header))


@pytest.mark.parametrize(
    ("field", "code", "reason"),
    [
        ("payload_root", "verification.signature", "capsule-signature"),
        ("stanza_root", "verification.signature", "capsule-signature"),
        ("claims", TAMPERED, "capsule-claims"),
        ("stanza", TAMPERED, "capsule-stanza"),
        ("blind", TAMPERED, "capsule-path"),
    ],
)
def test_a_bit_of_the_envelope(scene: Scene, field: str, code: str, reason: str) -> None:
    genuine = scene.send()
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    items = scene.relay.withhold(scene.box(VICTIM))
    bad = changed(envelope, **{field: flipped(getattr(envelope, field))})
    scene.relay.hand_out(scene.box(VICTIM), bad)
    assert_quarantined(scene, VICTIM, code, reason)
    scene.relay.give_back(scene.box(VICTIM), items)
    assert_genuine_opens(scene, VICTIM, genuine)


@pytest.mark.parametrize("field", ["object_id", "salt", "commitment", "expiry_day"])
def test_a_bit_of_the_header_closes_the_stanza(scene: Scene, field: str) -> None:
    genuine = scene.send()
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    items = scene.relay.withhold(scene.box(VICTIM))
    value = getattr(envelope.read_header(), field)
    other = value ^ 1 if isinstance(value, int) else flipped(value)
    scene.relay.hand_out(scene.box(VICTIM), with_header(envelope, **{field: other}))
    assert_quarantined(scene, VICTIM, TAMPERED, "capsule-stanza")
    scene.relay.give_back(scene.box(VICTIM), items)
    assert_genuine_opens(scene, VICTIM, genuine)


@pytest.mark.parametrize("part", ["index", "path"])
def test_a_bit_of_the_place_in_the_tree(scene: Scene, part: str) -> None:
    genuine = scene.send()
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    items = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), misplaced(envelope, part))
    assert_quarantined(scene, VICTIM, TAMPERED, "capsule-path")
    scene.relay.give_back(scene.box(VICTIM), items)
    assert_genuine_opens(scene, VICTIM, genuine)


@pytest.mark.parametrize("part", ["index", "path"])
def test_without_the_path_a_stanza_without_a_place_would_be_taken(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Removed: the check of the stanza's path."""
    genuine = scene.send()
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), misplaced(envelope, part))
    monkeypatch.setattr(unseal, "_check_path", lambda _capsule: None)
    assert opened_text(scene, VICTIM, genuine)


def misplaced(envelope: Envelope, part: str) -> bytes:
    if part == "index":
        return changed(envelope, index=envelope.index ^ 1)
    return changed(envelope, path=(flipped(envelope.path[0]), *envelope.path[1:]))


@pytest.mark.parametrize(
    ("place", "reason"),
    [("head", "capsule-range"), ("payload", "capsule-range"), ("leaves", "capsule-payload-root")],
)
def test_a_bit_of_what_is_fetched(scene: Scene, place: str, reason: str) -> None:
    genuine = scene.send()
    body, leaves = scene.relay.bodies[genuine], scene.relay.leaves[genuine]
    if place == "leaves":
        scene.relay.leaves[genuine] = flipped(leaves)
    else:
        scene.relay.bodies[genuine] = flipped(body, 0 if place == "head" else -1)
    assert_quarantined(scene, VICTIM, TAMPERED, reason)
    scene.relay.bodies[genuine], scene.relay.leaves[genuine] = body, leaves
    assert_genuine_opens(scene, VICTIM, genuine)


def test_a_bit_of_the_payload_under_a_tree_made_to_fit_it(scene: Scene) -> None:
    genuine = scene.send()
    body, leaves = scene.relay.bodies[genuine], scene.relay.leaves[genuine]
    items = scene.relay.withhold(scene.box(VICTIM))
    plant_fitting(scene, items[0].envelope, flipped(body))
    assert_quarantined(scene, VICTIM, "verification.signature", "capsule-signature")
    scene.relay.bodies[genuine], scene.relay.leaves[genuine] = body, leaves
    scene.relay.give_back(scene.box(VICTIM), items)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_with_a_cipher_without_tags_a_bit_would_turn_one_letter_into_another(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the ranges' hashes, on filing and on opening, and the cipher's tags."""
    genuine = scene.send()
    body = scene.relay.bodies[genuine]
    monkeypatch.setattr(WithoutTags, "genuine", payload_of(scene, genuine))
    scene.relay.bodies[genuine] = flipped(body, first_letter(scene, genuine))
    monkeypatch.setattr(LeafList, "check", lambda *_args: None)
    monkeypatch.setattr(unseal, "PayloadOpener", WithoutTags)
    assert opened_octets(scene, VICTIM, genuine) == flipped(TEXT.encode(), 0)


def test_without_the_signature_such_a_cipher_would_not_be_helped_by_the_tree(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the originator's signature over the roots, and the cipher's tags."""
    genuine = scene.send()
    body = scene.relay.bodies[genuine]
    monkeypatch.setattr(WithoutTags, "genuine", payload_of(scene, genuine))
    [item] = scene.relay.withhold(scene.box(VICTIM))
    forged = plant_fitting(scene, item.envelope, flipped(body, first_letter(scene, genuine)))
    monkeypatch.setattr(unseal, "check_roots", lambda *_args, **_named: None)
    monkeypatch.setattr(unseal, "PayloadOpener", WithoutTags)
    assert opened_octets(scene, VICTIM, forged) == flipped(TEXT.encode(), 0)


class WithoutTags(PayloadOpener):
    """The payload's cipher as it would be without its tags: a flipped bit stays a flipped bit."""

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
        plain = bytearray(super().update(self.genuine) + super().finish())
        for at, (one, other) in enumerate(zip(self._came[56:], self.genuine[56:], strict=True)):
            if one != other:
                plain[at] ^= one ^ other  # the first chunk's bytes stand where its plaintext does
        return bytes(plain)


def payload_of(scene: Scene, digest: Digest) -> bytes:
    return scene.relay.bodies[digest][first_letter(scene, digest) - 56 :]


def first_letter(scene: Scene, digest: Digest) -> int:
    """Return where the sealed first letter of the text stands in the body."""
    envelope = scene.relay.envelope(digest, scene.box(VICTIM))
    return envelope.read_header().head_length + 56


def plant_fitting(scene: Scene, octets: bytes, body: bytes) -> Digest:
    """Hand out a changed body with leaves and root that fit it."""
    envelope = parse_envelope(octets).envelope
    start = envelope.read_header().head_length
    pieces = [body[:start]]
    pieces += [body[at : at + 65536] for at in range(start, len(body), 65536)]
    leaves = [leaf_hash(piece) for piece in pieces]
    bad = changed(envelope, payload_root=root_of(leaves))
    return scene.relay.plant(scene.box(VICTIM), bad, leaves=b"".join(leaves), body=body)


def test_without_the_check_on_filing_a_spoilt_body_would_cost_the_genuine_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the check on filing.

    The desk would keep the spoilt body, let the relay delete its own, and know the object as seen
    when it comes again.
    """
    genuine = scene.send()
    [item] = scene.relay.mailboxes[scene.box(VICTIM)]
    body = scene.relay.bodies[genuine]
    scene.relay.bodies[genuine] = flipped(body)
    monkeypatch.setattr(filing, "check_body", lambda *_args, **_named: None)
    correspondence.collect(scene.desk(VICTIM))
    scene.relay.bodies[genuine] = body
    scene.relay.hand_out(scene.box(VICTIM), item.envelope)
    with pytest.raises(TamperedError, match="capsule-range"):
        opened_octets(scene, VICTIM, genuine)
    assert scene.relay.mailboxes[scene.box(VICTIM)] == []
