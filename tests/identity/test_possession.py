"""The proof that a device asked for its place in one agency."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from secure_liaison.clock import FixedClock
from secure_liaison.crypto.keys import Digest, Realm
from secure_liaison.errors import FormatError, SignatureError
from secure_liaison.identity.enrolment import make_request, open_request
from secure_liaison.identity.ids import AgencyId, DeviceHandle, device_handle
from secure_liaison.identity.names import Names
from secure_liaison.identity.possession import prove_possession, verify_possession
from tests.factories import make_agency, make_charter, make_device, make_enrolment

NOW = FixedClock().now()
AGENCY = make_agency(make_charter(), "EMB-A", now=NOW)
DEVICE = make_device(AGENCY.anchor)
REALM = AGENCY.anchor.realm
REQUEST = open_request(
    make_enrolment(AGENCY, DEVICE, "li.wei", Names(zh="李伟", en="Li Wei"), now=NOW)
)


class Claim(NamedTuple):
    """What a proof is about."""

    realm: Realm = REALM
    agency: AgencyId = AGENCY.agency_id
    handle: DeviceHandle = DEVICE.handle
    keys_digest: Digest = REQUEST.keys_digest


def prove(claim: Claim) -> bytes:
    return prove_possession(DEVICE.signing, **claim._asdict())


def verify(proof: bytes, claim: Claim) -> None:
    verify_possession(DEVICE.signing.verify_key, proof, **claim._asdict())


PROOF = prove(Claim())


def test_the_proof_of_a_device_verifies() -> None:
    verify(PROOF, Claim())


def test_a_request_carries_the_proof_for_the_leaf() -> None:
    assert DEVICE.signing.verify_key == REQUEST.signing_key
    verify(REQUEST.possession, Claim())


def test_the_proof_binds_realm_agency_and_every_key() -> None:
    other = make_agency(make_charter(), "EMB-B", now=NOW)
    key = DEVICE.signing.verify_key
    exchanged = replace(REQUEST, vault_key=make_device(other.anchor).kem.public_key)
    for changed in (
        Claim(agency=other.agency_id, handle=device_handle(REALM, other.agency_id, key)),
        Claim(
            realm=other.anchor.realm,
            handle=device_handle(other.anchor.realm, AGENCY.agency_id, key),
        ),
        Claim(keys_digest=exchanged.keys_digest),
    ):
        with pytest.raises(SignatureError):
            verify(PROOF, changed)


def test_the_handle_follows_from_agency_and_key() -> None:
    other = make_device(AGENCY.anchor)
    assert DEVICE.handle != other.handle
    assert DEVICE.handle != device_handle(REALM, AgencyId(bytes(32)), DEVICE.signing.verify_key)
    claim = Claim(handle=other.handle)
    with pytest.raises(FormatError, match="device-handle"):
        verify(prove(claim), claim)


def test_a_request_for_anothers_handle_is_refused() -> None:
    stolen = replace(REQUEST, handle=make_device(AGENCY.anchor).handle)
    with pytest.raises(FormatError, match="device-handle"):
        open_request(make_request(stolen, signing_key=DEVICE.signing))
