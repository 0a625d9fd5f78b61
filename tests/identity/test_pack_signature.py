"""The signature of an agency under a policy pack: whose, of which bytes, when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.keys import Digest
from secure_liaison.encoding import encode
from secure_liaison.errors import (
    CredentialError,
    CredentialExpiredError,
    CredentialNotYetValidError,
    CredentialRevokedError,
    FormatError,
    LiaisonError,
    SignatureError,
    TamperedError,
)
from secure_liaison.identity.chain import NO_REVOCATIONS, verify_registrars
from secure_liaison.identity.contents import RevocationContent, RevocationMode
from secure_liaison.identity.pack_signature import PackSignature, sign_pack, verify_pack
from secure_liaison.identity.records import decode_record, encode_record, sign_record
from secure_liaison.identity.revocations import Revocations
from secure_liaison.identity.statements import StatementKind, decode_signed, kind_tag
from secure_liaison.labels.pack import builtin_pack
from tests.factories import make_agency, make_charter

NOW = FixedClock().now()
DAY_S = 86_400
CHARTER = make_charter()
A = make_agency(CHARTER, "EMB-A", now=NOW, registrars=3)
B = make_agency(CHARTER, "EMB-B", now=NOW)
FOREIGN = make_agency(make_charter(exercise=False), "EMB-A", now=NOW)
PACK = builtin_pack("generic")
REGISTRARS = verify_registrars(A.trusted, decode_signed(A.registry.registrars), at=NOW)


def stated(**changes: Any) -> PackSignature:
    made = PackSignature(
        realm=A.anchor.realm,
        agency=A.agency_id,
        policy=PACK.policy_id,
        digest=PACK.digest(),
        not_before=NOW,
        not_after=Instant(NOW + DAY_S),
    )
    return replace(made, **changes)


def verify(
    data: bytes, *, at: Instant = NOW, revocations: Revocations = NO_REVOCATIONS
) -> PackSignature:
    return verify_pack(data, PACK, REGISTRARS, at=at, revocations=revocations)


SIGNED = sign_pack(stated(), A.registrar_keys[:2])


def test_a_pack_is_what_its_agency_signed() -> None:
    assert stated() == verify(SIGNED)
    assert stated() == verify(SIGNED, at=Instant(NOW + DAY_S - 1))


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (sign_pack(stated(realm=FOREIGN.anchor.realm), A.registrar_keys[:2]), "other-realm"),
        (sign_pack(stated(agency=B.agency_id), A.registrar_keys[:2]), "other-agency"),
        (sign_pack(stated(), B.registrar_keys), "wrong-signer"),
        (sign_pack(stated(), A.root_keys), "wrong-signer"),
        (sign_pack(stated(), A.registrar_keys[:1]), "too-few-signatures"),
        (sign_pack(stated(policy="generic@2025-01-01"), A.registrar_keys[:2]), "pack-other"),
        (sign_pack(stated(digest=Digest(bytes(32))), A.registrar_keys[:2]), "pack-digest"),
    ],
)
def test_what_was_not_signed_by_the_agency_for_this_pack_is_refused(
    data: bytes, refused: str
) -> None:
    with pytest.raises((CredentialError, SignatureError, TamperedError), match=refused):
        verify(data)


def test_a_signature_holds_in_its_period_only() -> None:
    with pytest.raises(CredentialNotYetValidError, match="not-begun"):
        verify(SIGNED, at=Instant(NOW - DAY_S))
    with pytest.raises(CredentialExpiredError, match="ended"):
        verify(SIGNED, at=Instant(NOW + DAY_S))


def test_a_revoked_key_does_not_sign_packs() -> None:
    target = A.registrar_keys[0].verify_key.key_id(A.anchor.realm)
    revoked = RevocationContent(target=target, mode=RevocationMode.COMPROMISED, since=NOW)
    with pytest.raises(CredentialRevokedError, match="compromised"):
        verify(SIGNED, revocations=Revocations.of([revoked]))


def test_a_signature_under_another_tag_is_none() -> None:
    tag = kind_tag(StatementKind.ACCREDITATION)
    record = sign_record(tag, A.anchor.realm, stated().to_bytes(), keys=A.registrar_keys[:2])
    with pytest.raises(SignatureError, match="ml-dsa"):
        verify(encode_record(record))


def test_a_changed_byte_is_refused() -> None:
    record = decode_record(SIGNED, max_bytes=len(SIGNED))
    longer = stated(not_after=Instant(NOW + 2 * DAY_S)).to_bytes()
    with pytest.raises(SignatureError, match="ml-dsa"):
        verify(encode_record(replace(record, body=longer)))


def test_a_signature_of_no_key_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(ValueError, match="key"):
        sign_pack(stated(), [])


@pytest.mark.parametrize("policy", ["generic", "Generic@2024-09-01", "generic@2024-9-1", ""])
def test_the_name_of_a_pack_has_a_version(policy: str) -> None:
    with pytest.raises(FormatError, match="label-policy"):
        stated(policy=policy)


def test_a_signature_does_not_end_before_it_begins() -> None:
    with pytest.raises(FormatError, match="validity-order"):
        stated(not_after=NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        encode({0: 1}),
        encode({0: 0}),
        stated().to_bytes() + b"\x00",
        encode({0: 0, 1: b"", 2: b"", 3: "", 4: b"", 5: 0, 6: 1}),
        encode(
            {
                0: 0,
                1: A.anchor.realm.octets,
                2: A.agency_id,
                3: PACK.policy_id,
                4: PACK.digest(),
                5: NOW,
                6: NOW + 1,
                7: 0,
            }
        ),
    ],
)
def test_what_is_no_signature_is_not_read(body: bytes) -> None:
    record = sign_record(
        kind_tag(StatementKind.BRIEFING), A.anchor.realm, body, keys=A.registrar_keys[:1]
    )
    with pytest.raises(LiaisonError, match=r"^format"):
        verify(encode_record(record))
    with pytest.raises(FormatError):
        verify(body)
