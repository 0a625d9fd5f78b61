"""Truncated: the relay, or the network, cuts envelope, leaf list or body short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pytest
from typing_extensions import override

from secure_liaison.audit.events import EventType
from secure_liaison.capsule import unseal
from secure_liaison.capsule.body import LeafList
from secure_liaison.capsule.format import Capsule, parse_envelope
from secure_liaison.crypto.payload import PayloadOpener
from secure_liaison.errors import TamperedError
from secure_liaison.wire import encode_envelope
from secure_liaison.workflows import correspondence, filing
from tests.attacks.world import (
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    opened_octets,
    opened_text,
    whys,
)

CHUNK = 16400
LONG = "Pay the bearer. " + "See the annex for details. " * 1500 + "All of the above is void."


@pytest.mark.parametrize("left", [0, 500, -1])
def test_a_cut_envelope_is_counted_and_shows_nothing(scene: Scene, left: int) -> None:
    genuine = scene.send()
    [item] = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), item.envelope[:left])
    row = assert_quarantined(scene, VICTIM, "format", "not-cbor")
    assert row.envelope is None
    scene.relay.give_back(scene.box(VICTIM), [item])
    assert_genuine_opens(scene, VICTIM, genuine)


def test_a_flood_of_cut_envelopes_costs_one_row_and_one_line(scene: Scene) -> None:
    scene.send()
    [item] = scene.relay.withhold(scene.box(VICTIM))
    for left in range(1, 21):
        scene.relay.hand_out(scene.box(VICTIM), item.envelope[:-left])
    row = assert_quarantined(scene, VICTIM, "format", "not-cbor")
    assert row.times == 20
    assert len(whys(scene.desk(VICTIM), EventType.DOC_QUARANTINE)) == 1


def test_a_reader_that_fills_up_what_is_missing_would_show_a_cut_envelope(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: strict reading, and the stanza's path, whose last hash was cut."""
    genuine = scene.send()
    [item] = scene.relay.withhold(scene.box(VICTIM))
    scene.relay.hand_out(scene.box(VICTIM), item.envelope[:-1])

    def filled_up(data: bytes) -> Capsule:
        return parse_envelope(data.ljust(len(item.envelope), b"\x00"))

    monkeypatch.setattr(filing, "parse_envelope", filled_up)
    monkeypatch.setattr(unseal, "_check_path", lambda _capsule: None)
    assert opened_text(scene, VICTIM, genuine)


def test_a_shortened_path_is_refused(scene: Scene) -> None:
    genuine = scene.send()
    envelope = scene.relay.envelope(genuine, scene.box(VICTIM))
    [item] = scene.relay.withhold(scene.box(VICTIM))
    shorter = encode_envelope(
        type(envelope)(
            **{name: getattr(envelope, name) for name in envelope.__slots__}
            | {"path": envelope.path[:-1], "index": 0}
        )
    )
    scene.relay.hand_out(scene.box(VICTIM), shorter)
    assert_quarantined(scene, VICTIM, "format", "capsule-place")
    scene.relay.give_back(scene.box(VICTIM), [item])
    assert_genuine_opens(scene, VICTIM, genuine)


@pytest.mark.parametrize("left", [0, 56 + 2 * CHUNK, -1])
def test_a_cut_body_is_not_kept_and_the_whole_one_still_comes(scene: Scene, left: int) -> None:
    genuine = scene.send(text=LONG)
    whole = scene.relay.bodies[genuine]
    scene.relay.bodies[genuine] = whole[:left]
    assert_quarantined(scene, VICTIM, "format", "capsule-body-short")
    scene.relay.bodies[genuine] = whole
    assert_genuine_opens(scene, VICTIM, genuine, text=LONG)


@pytest.mark.parametrize("left", [32, -1])
def test_a_cut_leaf_list_is_refused(scene: Scene, left: int) -> None:
    genuine = scene.send()
    whole = scene.relay.leaves[genuine]
    scene.relay.leaves[genuine] = whole[:left]
    assert_quarantined(scene, VICTIM, "format", "capsule-leaf-list")
    scene.relay.leaves[genuine] = whole
    assert_genuine_opens(scene, VICTIM, genuine)


def test_without_any_check_of_the_end_half_a_bulletin_would_be_shown_as_a_whole(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the check on filing, length and leaves on opening, and the cipher's own end."""
    genuine = scene.send(text=LONG)
    head = scene.relay.envelope(genuine, scene.box(VICTIM)).read_header().head_length
    scene.relay.bodies[genuine] = scene.relay.bodies[genuine][: head + 56 + 2 * CHUNK]

    class EndlessOpener(PayloadOpener):
        @override
        def finish(self) -> bytes:
            return b""

    monkeypatch.setattr(filing, "check_body", lambda *_args, **_named: None)
    monkeypatch.setattr(unseal, "payload_ranges", _whatever_there_is)
    monkeypatch.setattr(unseal, "PayloadOpener", EndlessOpener)
    shown = opened_octets(scene, VICTIM, genuine).decode()
    assert shown.startswith("Pay the bearer.")
    assert "void" not in shown


def test_the_end_alone_stops_half_a_bulletin(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed: everything but the last wall, the cipher's own end."""
    genuine = scene.send(text=LONG)
    head = scene.relay.envelope(genuine, scene.box(VICTIM)).read_header().head_length
    scene.relay.bodies[genuine] = scene.relay.bodies[genuine][: head + 56 + 2 * CHUNK]
    monkeypatch.setattr(filing, "check_body", lambda *_args, **_named: None)
    monkeypatch.setattr(unseal, "payload_ranges", _whatever_there_is)
    with pytest.raises(TamperedError, match="capsule-payload"):
        opened_octets(scene, VICTIM, genuine)
    assert whys(scene.desk(VICTIM), EventType.DOC_OPEN) == [
        ("verification.tampered", "capsule-payload")
    ]


def _whatever_there_is(body: BinaryIO, _size: int, _leaves: LeafList) -> Iterator[memoryview]:
    while piece := body.read(65536):
        yield memoryview(piece)


def test_nothing_of_a_cut_body_reaches_the_inbox_of_a_desk_that_is_opened_again(
    scene: Scene,
) -> None:
    genuine = scene.send()
    scene.relay.bodies[genuine] = b""
    assert_quarantined(scene, VICTIM, "format", "capsule-body-short")
    assert correspondence.inbox(scene.reopen(VICTIM)) == ()
