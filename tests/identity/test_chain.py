from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.errors import (
    CredentialError,
    CredentialExpiredError,
    CredentialNotYetValidError,
    CredentialRevokedError,
    LiaisonError,
    SignatureError,
)
from secure_liaison.identity.chain import (
    NO_REVOCATIONS,
    Registrars,
    Revocations,
    verify_agreement,
    verify_registrars,
    verify_statement,
)
from secure_liaison.identity.ids import OfficerId
from secure_liaison.identity.statements import (
    AgreementContent,
    BriefingContent,
    RevocationContent,
    RevocationMode,
    SignedStatement,
    add_signature,
    decode_signed,
    encode_signed,
    make_statement,
    sign_statement,
)
from secure_liaison.labels.agreement import Agreement
from tests.factories import AgencyFixture, appoint, make_agency, make_charter

NOW = FixedClock().now()
HOUR_S = 3600
CHARTER = make_charter()
A = make_agency(CHARTER, "EMB-A", now=NOW, roots=2)
B = make_agency(CHARTER, "EMB-B", now=NOW)
FOREIGN_REALM = make_agency(make_charter(exercise=False), "EMB-A", now=NOW)


def registrars_of(agency: AgencyFixture, at: Instant = NOW) -> Registrars:
    return verify_registrars(agency.trusted, decode_signed(agency.registry.registrars), at=at)


REGISTRARS = registrars_of(A)


def briefing(agency: AgencyFixture = A, *, keys: tuple[SigningKey, ...] = ()) -> SignedStatement:
    content = BriefingContent(officer=OfficerId(bytes(16)), topic="secrecy", pledged=NOW)
    statement = make_statement(
        content,
        realm=agency.anchor.realm,
        agency=agency.agency_id,
        not_before=NOW,
        not_after=Instant(NOW + 10 * HOUR_S),
    )
    return sign_statement(statement, keys or agency.registrar_keys[:1])


BRIEFING = briefing()
BYTES = encode_signed(BRIEFING)


def verify(
    signed: SignedStatement, *, at: int = NOW, revoked: Revocations = NO_REVOCATIONS
) -> None:
    verify_statement(signed, REGISTRARS, at=Instant(at), revocations=revoked)


def test_a_statement_by_a_registrar_verifies() -> None:
    found = verify_statement(BRIEFING, REGISTRARS, at=NOW, revocations=NO_REVOCATIONS)
    assert BRIEFING.statement == found


def test_a_statement_signed_by_the_root_itself_is_refused() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        verify(briefing(keys=A.root_keys[:1]))


def test_a_statement_signed_by_another_agencys_registrar_is_refused() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        verify(briefing(keys=B.registrar_keys[:1]))


def test_one_foreign_signature_beside_a_good_one_refuses_the_statement() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        verify(add_signature(BRIEFING, B.registrar_keys[0]))


def test_a_statement_moved_to_another_agency_is_refused() -> None:
    with pytest.raises(CredentialError, match="other-agency"):
        verify_statement(BRIEFING, registrars_of(B), at=NOW, revocations=NO_REVOCATIONS)


def test_a_statement_moved_to_another_realm_is_refused() -> None:
    with pytest.raises(CredentialError, match="other-realm"):
        verify_statement(BRIEFING, registrars_of(FOREIGN_REALM), at=NOW, revocations=NO_REVOCATIONS)


def test_a_statement_relabelled_for_another_agency_does_not_verify() -> None:
    moved = replace(BRIEFING.statement, agency=B.agency_id)
    body = sign_statement(moved, B.registrar_keys[:1]).body
    stolen = decode_signed(
        encode_signed(SignedStatement(body=body, signatures=BRIEFING.signatures, statement=moved))
    )
    with pytest.raises(SignatureError, match="wrong-signer"):
        verify_statement(stolen, registrars_of(B), at=NOW, revocations=NO_REVOCATIONS)


@pytest.mark.parametrize("at", [NOW + 10 * HOUR_S, NOW + 11 * HOUR_S])
def test_an_expired_statement_is_refused(at: int) -> None:
    with pytest.raises(CredentialExpiredError, match="ended"):
        verify(BRIEFING, at=at)


def test_a_statement_not_yet_valid_is_refused_by_a_clock_an_hour_slow() -> None:
    with pytest.raises(CredentialNotYetValidError, match="not-begun"):
        verify(BRIEFING, at=NOW - HOUR_S)


def test_a_revoked_statement_is_refused() -> None:
    revoked = Revocations.of(
        [RevocationContent(target=BRIEFING.digest, mode=RevocationMode.RETIRED, since=NOW)]
    )
    with pytest.raises(CredentialRevokedError, match="retired"):
        verify(BRIEFING, revoked=revoked)


def test_a_statement_by_a_revoked_registrar_key_is_refused() -> None:
    revoked = Revocations.of(
        [
            RevocationContent(
                target=BRIEFING.signatures[0][0], mode=RevocationMode.COMPROMISED, since=NOW
            )
        ]
    )
    with pytest.raises(CredentialRevokedError, match="compromised"):
        verify(BRIEFING, revoked=revoked)


def test_a_registrar_statement_is_no_ordinary_statement() -> None:
    with pytest.raises(CredentialError, match="wrong-kind"):
        verify(decode_signed(A.registry.registrars))


def test_an_ordinary_statement_appoints_no_registrars() -> None:
    with pytest.raises(CredentialError, match="wrong-kind"):
        verify_registrars(A.trusted, BRIEFING, at=NOW)


def test_registrars_of_another_agency_are_refused() -> None:
    with pytest.raises(CredentialError, match="other-agency"):
        verify_registrars(A.trusted, decode_signed(B.registry.registrars), at=NOW)


def test_registrars_of_another_realm_are_refused() -> None:
    with pytest.raises(CredentialError, match="other-realm"):
        verify_registrars(A.trusted, decode_signed(FOREIGN_REALM.registry.registrars), at=NOW)


def test_registrars_need_the_roots_threshold() -> None:
    with pytest.raises(SignatureError, match="too-few-signatures"):
        verify_registrars(
            A.trusted, appoint(A.anchor, A.root_keys[:1], A.registrar_keys, now=NOW), at=NOW
        )


def test_registrars_do_not_appoint_themselves() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        verify_registrars(
            A.trusted, appoint(A.anchor, A.registrar_keys, A.registrar_keys, now=NOW), at=NOW
        )


def test_a_root_key_is_no_registrar_key() -> None:
    twice = appoint(A.anchor, A.root_keys, (A.root_keys[0], A.registrar_keys[0]), now=NOW)
    with pytest.raises(CredentialError, match="key-two-uses"):
        verify_registrars(A.trusted, twice, at=NOW)


@pytest.mark.parametrize(
    ("at", "error"),
    [
        (NOW - HOUR_S, CredentialNotYetValidError),
        (NOW + 365 * 24 * HOUR_S, CredentialExpiredError),
    ],
)
def test_registrars_hold_for_their_period_only(at: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        registrars_of(A, Instant(at))


def test_nobody_else_makes_registrars() -> None:
    with pytest.raises(TypeError):
        replace(REGISTRARS, threshold=0, mint=None)


def agreement(*parties: AgencyFixture, keys: tuple[SigningKey, ...]) -> SignedStatement:
    one, other = sorted(party.agency_id.hex() for party in parties)
    content = AgreementContent(
        agreement=Agreement(
            id="agr:test",
            parties=(one, other),
            signed_on=NOW,
            valid_from=NOW,
            valid_to=None,
            ceilings=(),
            packs=(),
        )
    )
    statement = make_statement(
        content,
        realm=A.anchor.realm,
        agency=parties[0].agency_id,
        not_before=NOW,
        not_after=Instant(NOW + HOUR_S),
    )
    return sign_statement(statement, keys)


def test_an_agreement_takes_a_registrar_of_each_party() -> None:
    signed = agreement(A, B, keys=(A.registrar_keys[0], B.registrar_keys[1]))
    a, b = registrars_of(A), registrars_of(B)
    assert signed.statement == verify_agreement(signed, a, b, at=NOW)
    assert signed.statement == verify_agreement(signed, b, a, at=NOW)


@pytest.mark.parametrize("keys", [A.registrar_keys, B.registrar_keys])
def test_an_agreement_signed_by_one_party_only_is_refused(keys: tuple[SigningKey, ...]) -> None:
    with pytest.raises(SignatureError, match="too-few-signatures"):
        verify_agreement(agreement(A, B, keys=keys), registrars_of(A), registrars_of(B), at=NOW)


def test_an_agreement_of_others_is_refused() -> None:
    c = make_agency(CHARTER, "EMB-C", now=NOW)
    signed = agreement(A, c, keys=(A.registrar_keys[0], c.registrar_keys[0]))
    with pytest.raises(CredentialError, match="other-agency"):
        verify_agreement(signed, registrars_of(A), registrars_of(B), at=NOW)


def test_another_statement_is_no_agreement() -> None:
    with pytest.raises(CredentialError, match="wrong-kind"):
        verify_agreement(BRIEFING, registrars_of(A), registrars_of(B), at=NOW)


def test_an_expired_agreement_is_refused() -> None:
    signed = agreement(A, B, keys=(A.registrar_keys[0], B.registrar_keys[1]))
    with pytest.raises(CredentialExpiredError):
        verify_agreement(signed, registrars_of(A), registrars_of(B), at=Instant(NOW + HOUR_S))


@given(position=st.integers(0, len(BYTES) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_refused(position: int, bit: int) -> None:
    flipped = bytearray(BYTES)
    flipped[position] ^= 1 << bit
    with pytest.raises(LiaisonError):
        verify(decode_signed(bytes(flipped)))
