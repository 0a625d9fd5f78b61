"""The roster's page and its device leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.keys import Digest, Realm
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.directory.leaf import LeafStatus, RosterLeaf, decode_leaf, require_leaf_order
from secure_liaison.directory.page import (
    RelayPointer,
    Roster,
    blinded_leaf,
    open_roster,
    roster_digest,
    sign_roster,
)
from secure_liaison.errors import (
    CredentialError,
    FormatError,
    LiaisonError,
    SecondPersonRequiredError,
    SignatureError,
)
from secure_liaison.identity.chain import Registrars, verify_registrars
from secure_liaison.identity.ids import AgencyId, DeviceHandle
from secure_liaison.identity.statements import decode_signed
from secure_liaison.transparency.merkle import EMPTY_ROOT
from tests.factories import DeviceBundle, make_agency, make_charter, make_device, make_leaf

NOW = FixedClock().now()
AGENCY = make_agency(make_charter(), "EMB-A", now=NOW, registrars=3)
KEYS = AGENCY.registrar_keys
REGISTRARS: Registrars = verify_registrars(
    AGENCY.trusted, decode_signed(AGENCY.registry.registrars), at=NOW
)
ROSTER = Roster(
    realm=AGENCY.anchor.realm,
    agency=AGENCY.agency_id,
    epoch=1,
    sequence=7,
    previous=Digest(b"\x05" * 32),
    device_root=EMPTY_ROOT,
    device_count=0,
    statement_root=EMPTY_ROOT,
    statement_count=0,
    created=NOW,
    expires=Instant(NOW + 1000),
    relay=RelayPointer(
        url="https://relay.example:8440",
        directory_origin="relay.example/directory",
        audit_origin="relay.example/audit",
        relay_key=b"\x06" * 32,
    ),
    minimum_packs=("cn.state-secrets@2024-09-01", "generic@2026-01-01"),
    heartbeat_key=b"\x07" * 32,
    heartbeat_period_s=6 * 3600,
    log_policy="log …",
)
SIGNED = sign_roster(ROSTER, KEYS[:2])
ANCHOR = make_agency(make_charter(), "EMB-A", now=NOW).anchor
DEVICE = make_device(ANCHOR)


def leaf_of(device: DeviceBundle, status: LeafStatus = LeafStatus.ACTIVE) -> RosterLeaf:
    return replace(
        make_leaf(ANCHOR, device, now=NOW),
        not_after=Instant(NOW + 1000),
        status=status,
        since=None if status is LeafStatus.ACTIVE else Instant(NOW + 10),
    )


LEAF = leaf_of(DEVICE)


def test_a_roster_survives_its_encoding() -> None:
    assert ROSTER == open_roster(SIGNED, REGISTRARS)


def test_a_third_signature_makes_no_other_roster() -> None:
    again = open_roster(sign_roster(ROSTER, KEYS), REGISTRARS)
    assert roster_digest(ROSTER) == roster_digest(again)


@pytest.mark.parametrize("keys", [KEYS[:1], (KEYS[0], KEYS[0]), ()])
def test_one_registrar_alone_cannot_sign(keys: tuple[SigningKey, ...]) -> None:
    with pytest.raises(SecondPersonRequiredError, match="roster"):
        sign_roster(ROSTER, keys)


def test_a_roster_with_a_foreign_signature_is_refused() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        open_roster(sign_roster(ROSTER, (KEYS[0], SigningKey.generate())), REGISTRARS)


def test_the_root_does_not_sign_rosters() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        open_roster(sign_roster(ROSTER, (*KEYS, AGENCY.root_keys[0])), REGISTRARS)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (replace(ROSTER, realm=Realm(b"\x01" * 32)), "other-realm"),
        (replace(ROSTER, agency=AgencyId(bytes(32))), "other-agency"),
        (replace(ROSTER, epoch=2), "other-epoch"),
    ],
)
def test_a_roster_of_elsewhere_is_refused(changed: Roster, reason: str) -> None:
    with pytest.raises(CredentialError, match=reason):
        open_roster(sign_roster(changed, KEYS), REGISTRARS)


@pytest.mark.parametrize("changes", [{"epoch": 0}, {"sequence": 0}, {"previous": None}])
def test_a_roster_has_its_place(changes: dict[str, int | None]) -> None:
    with pytest.raises(FormatError, match="roster-sequence"):
        replace(ROSTER, **changes)  # type: ignore[arg-type]  # one field at a time


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expires": NOW}, "validity-order"),
        ({"minimum_packs": ("b@2026-01-01", "a@2026-01-01")}, "minimum-packs"),
        ({"minimum_packs": ("a",)}, "minimum-packs"),
        ({"heartbeat_key": b"\x01"}, "log-key"),
        ({"heartbeat_period_s": 60}, "heartbeat-period"),
        ({"heartbeat_period_s": 8 * 86400}, "heartbeat-period"),
    ],
)
def test_fields_outside_their_range_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        replace(ROSTER, **changes)  # type: ignore[arg-type]  # one field at a time


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "https://a b", "javascript:x", "relay", "http://relay.example"]
)
def test_a_relay_is_reached_by_http(url: str) -> None:
    with pytest.raises(FormatError, match="relay-url"):
        RelayPointer(url=url)


@given(position=st.integers(0, len(SIGNED) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_in_a_roster_is_refused(position: int, bit: int) -> None:
    flipped = bytearray(SIGNED)
    flipped[position] ^= 1 << bit
    with pytest.raises(LiaisonError):
        open_roster(bytes(flipped), REGISTRARS)


@given(size=st.integers(0, len(SIGNED) - 1))
def test_a_truncated_roster_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        open_roster(SIGNED[:size], REGISTRARS)


def test_a_statements_leaf_depends_on_salt_digest_and_realm() -> None:
    realm, digest = AGENCY.anchor.realm, Digest(b"\x01" * 32)
    leaves = {
        blinded_leaf(realm, b"\x02" * 32, digest),
        blinded_leaf(realm, b"\x03" * 32, digest),
        blinded_leaf(realm, b"\x02" * 32, Digest(b"\x04" * 32)),
        blinded_leaf(Realm(b"\x05" * 32), b"\x02" * 32, digest),
    }
    assert 4 == len(leaves)


@pytest.mark.parametrize("status", LeafStatus)
def test_a_leaf_survives_its_encoding(status: LeafStatus) -> None:
    leaf = leaf_of(DEVICE, status)
    assert leaf == decode_leaf(leaf.encode())


def test_a_status_and_its_moment_belong_together() -> None:
    with pytest.raises(FormatError, match="leaf-status"):
        replace(LEAF, since=NOW)
    with pytest.raises(FormatError, match="leaf-status"):
        replace(LEAF, status=LeafStatus.RETIRED)


def test_a_leafs_period_does_not_end_before_it_begins() -> None:
    with pytest.raises(FormatError, match="validity-order"):
        replace(LEAF, not_after=NOW)


def test_a_retired_device_is_active_until_its_moment() -> None:
    leaf = leaf_of(DEVICE, LeafStatus.RETIRED)
    assert [True, False] == [leaf.is_active(now=Instant(NOW + n)) for n in (9, 10)]


def test_a_compromised_device_is_not_active_at_all() -> None:
    assert not leaf_of(DEVICE, LeafStatus.COMPROMISED).is_active(now=NOW)


def test_handles_stand_in_order_and_once() -> None:
    one, other = sorted((LEAF, leaf_of(make_device(ANCHOR))), key=lambda leaf: leaf.handle)
    require_leaf_order([one, other])
    for leaves in ([other, one], [one, one]):
        with pytest.raises(FormatError, match="roster-order"):
            require_leaf_order(leaves)


@pytest.mark.parametrize("name", ["signing_key", "request_key", "vault_key", "ledger_key"])
def test_no_key_stands_in_two_leaves(name: str) -> None:
    other = replace(leaf_of(make_device(ANCHOR)), handle=DeviceHandle(b"\xff" * 16))
    shared = replace(other, **{name: getattr(LEAF, name)})
    with pytest.raises(FormatError, match="roster-key-twice"):
        require_leaf_order([LEAF, shared])


@given(size=st.integers(0, len(LEAF.encode()) - 1))
def test_a_truncated_leaf_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        decode_leaf(LEAF.encode()[:size])
