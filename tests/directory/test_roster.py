"""Snapshots: what a relay holds, and what it proves against a known anchor."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.directory.roster import (
    Snapshot,
    VerifiedSnapshot,
    decode_snapshot,
    encode_snapshot,
    verify_snapshot,
)
from secure_liaison.encoding import encode
from secure_liaison.errors import (
    CredentialError,
    CredentialExpiredError,
    CredentialNotYetValidError,
    FormatError,
    LiaisonError,
    SignatureError,
    TamperedError,
)
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.records import decode_record, encode_record
from tests.factories import DAY_S, PEOPLE, make_world, published

NOW = FixedClock().now()
HOUR_S = 3600
WORLD = make_world(NOW)
A, B = WORLD.agencies["EMB-A"], WORLD.agencies["EMB-B"]
BYTES = encode_snapshot(A.snapshot)


def verify(snapshot: Snapshot, *, at: int = NOW) -> VerifiedSnapshot:
    return verify_snapshot(snapshot, A.trusted, now=Instant(at))


def test_a_snapshot_survives_its_encoding() -> None:
    assert A.snapshot == decode_snapshot(BYTES)


def test_a_snapshot_gives_the_agencys_devices() -> None:
    found = verify(A.snapshot)
    assert {one.device.handle for one in A.officers.values()} == set(found.leaves)
    assert (1, 2) == found.roster.place


def test_a_relay_verifies_it_against_the_anchor_inside() -> None:
    found = verify_snapshot(A.snapshot, open_anchor(A.snapshot.anchor), now=NOW)
    assert A.agency_id == found.anchor.agency_id


def test_a_snapshot_names_no_person() -> None:
    for address, names, _, _ in PEOPLE:
        for text in (names.zh, names.en, address.partition("@")[0]):
            assert text.encode() not in BYTES


def test_another_agencys_snapshot_is_refused() -> None:
    with pytest.raises(TamperedError, match="snapshot-anchor"):
        verify(B.snapshot)


def test_a_foreign_anchor_inside_is_refused() -> None:
    with pytest.raises(TamperedError, match="snapshot-anchor"):
        verify(replace(A.snapshot, anchor=B.snapshot.anchor))


def test_foreign_registrars_inside_are_refused() -> None:
    with pytest.raises(CredentialError, match="other-agency"):
        verify(replace(A.snapshot, registrars=B.snapshot.registrars))


def test_another_agencys_roster_is_refused() -> None:
    with pytest.raises(CredentialError, match="other-agency"):
        verify(replace(A.snapshot, roster=B.snapshot.roster))


@pytest.mark.parametrize("leaves", [A.snapshot.leaves[1:], B.snapshot.leaves, ()])
def test_other_leaves_than_the_signed_ones_are_refused(leaves: tuple[bytes, ...]) -> None:
    with pytest.raises(TamperedError, match="device-root"):
        verify(replace(A.snapshot, leaves=leaves))


def test_leaves_out_of_order_are_refused() -> None:
    with pytest.raises(FormatError, match="roster-order"):
        verify(replace(A.snapshot, leaves=A.snapshot.leaves[::-1]))


def test_a_leaf_more_is_refused() -> None:
    leaves = tuple(sorted((*A.snapshot.leaves, B.snapshot.leaves[0]), key=lambda leaf: leaf[2:20]))
    with pytest.raises((TamperedError, FormatError)):
        verify(replace(A.snapshot, leaves=leaves))


@pytest.mark.parametrize("at", [NOW + 30 * DAY_S, NOW + 31 * DAY_S])
def test_an_expired_roster_is_refused(at: int) -> None:
    with pytest.raises(CredentialExpiredError, match="roster-expired"):
        verify(A.snapshot, at=at)


def test_a_clock_an_hour_fast_denies_at_the_end() -> None:
    last = NOW + 30 * DAY_S - 1
    verify(A.snapshot, at=last)
    with pytest.raises(CredentialExpiredError):
        verify(A.snapshot, at=last + HOUR_S)


def test_a_clock_an_hour_slow_denies_at_the_beginning() -> None:
    with pytest.raises(CredentialNotYetValidError):
        verify(A.snapshot, at=NOW - HOUR_S)


@pytest.mark.parametrize("keys", [A.root_keys, A.registrar_keys])
def test_a_device_key_is_neither_root_nor_registrar_key(keys: tuple[SigningKey, ...]) -> None:
    leaf = replace(A.registry.leaves[0], signing_key=keys[0].verify_key)
    mixed = replace(A.registry, leaves=(leaf,), statements=())
    with pytest.raises(CredentialError, match="key-two-uses"):
        published(replace(A, registry=mixed), now=NOW)


def test_nobody_else_makes_a_verified_snapshot() -> None:
    found = verify(A.snapshot)
    with pytest.raises(TypeError):
        replace(found, leaves={}, mint=None)


@pytest.mark.parametrize("leaves", [["x"], [bytes(9000)], 7])
def test_malformed_leaves_are_refused(leaves: object) -> None:
    data = encode({0: 0, 1: b"", 2: b"", 3: b"", 4: leaves})  # type: ignore[dict-item]  # what must be refused
    with pytest.raises(FormatError):
        decode_snapshot(data)


@given(position=st.integers(0, len(BYTES) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused(position: int, bit: int) -> None:
    flipped = bytearray(BYTES)
    flipped[position] ^= 1 << bit
    with pytest.raises(LiaisonError):
        verify(decode_snapshot(bytes(flipped)))


@given(size=st.integers(0, len(BYTES) - 1))
def test_a_truncated_snapshot_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        decode_snapshot(BYTES[:size])


@given(tail=st.binary(min_size=1, max_size=40))
def test_an_extended_snapshot_is_refused(tail: bytes) -> None:
    with pytest.raises(FormatError):
        decode_snapshot(BYTES + tail)


def test_a_roster_with_one_signature_taken_away_is_refused() -> None:
    record = decode_record(A.snapshot.roster, max_bytes=2**20)
    alone = encode_record(replace(record, signatures=record.signatures[:1]))
    with pytest.raises(SignatureError, match="too-few-signatures"):
        verify(replace(A.snapshot, roster=alone))
