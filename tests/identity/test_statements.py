from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.keys import Digest, KeyId, Realm
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.encoding import Value, decode, encode
from secure_liaison.errors import FormatError, LiaisonError, UnsupportedVersionError
from secure_liaison.identity.ids import AgencyId, DeviceHandle, officer_id
from secure_liaison.identity.key_list import in_key_order
from secure_liaison.identity.names import Names
from secure_liaison.identity.records import SignedRecord, encode_record
from secure_liaison.identity.statements import (
    AccreditationContent,
    AgreementContent,
    BriefingContent,
    ClearanceContent,
    Content,
    DeviceContent,
    OfficerContent,
    RegistrarContent,
    RevocationContent,
    RevocationMode,
    Role,
    StatementKind,
    add_signature,
    decode_signed,
    encode_signed,
    kind_tag,
    make_statement,
    sign_statement,
)
from secure_liaison.labels.agreement import Agreement, Ceiling

NOW = FixedClock().now()
LATER = Instant(NOW + 1000)
REALM = Realm(b"\x01" * 32)
AGENCY = AgencyId(b"\x02" * 32)
NONCE = b"\x03" * 16
OFFICER = officer_id(REALM, AGENCY, NONCE)
HANDLE = DeviceHandle(b"\x04" * 16)
KEYS = tuple(SigningKey(bytes([n]) * 64) for n in (1, 2))
PUBLIC = in_key_order(key.verify_key for key in KEYS)
NAMES = Names(zh="李伟", en="Li Wei")

CONTENTS: dict[StatementKind, Content] = {
    StatementKind.REGISTRAR: RegistrarContent(epoch=1, keys=PUBLIC, threshold=2),
    StatementKind.OFFICER: OfficerContent(
        officer=OFFICER,
        login="li.wei",
        names=NAMES,
        post=Names(zh="二等秘书", en="Second Secretary"),
        roles=frozenset({Role.LIAISON, Role.REGISTRAR}),
        nonce=NONCE,
    ),
    StatementKind.DEVICE: DeviceContent(
        handle=HANDLE,
        officer=OFFICER,
        endorsed_by=(KeyId(b"\x05" * 32), KeyId(b"\x06" * 32)),
        keys_digest=Digest(b"\x07" * 32),
    ),
    StatementKind.CLEARANCE: ClearanceContent(
        officer=OFFICER,
        policy="cn.state-secrets",
        level="jimi",
        person_class="important",
        memberships=("group:KFOR@2026-03-01", "nation:FRA"),
    ),
    StatementKind.BRIEFING: BriefingContent(officer=OFFICER, topic="secrecy", pledged=NOW),
    StatementKind.REVOCATION: RevocationContent(
        target=b"\x08" * 32, mode=RevocationMode.COMPROMISED, since=Instant(NOW - 5), reason="遗失"
    ),
    StatementKind.ACCREDITATION: AccreditationContent(
        policy="cn.state-secrets", ceiling="mimi", granted_by="某局", basis="第 3 号"
    ),
    StatementKind.AGREEMENT: AgreementContent(
        agreement=Agreement(
            id="agr:test",
            parties=("02" * 32, "09" * 32),
            signed_on=NOW,
            valid_from=NOW,
            valid_to=LATER,
            ceilings=(Ceiling(policy="cn.state-secrets", level="jimi"),),
            packs=(),
        )
    ),
}
SIGNED = {
    kind: sign_statement(
        make_statement(content, realm=REALM, agency=AGENCY, not_before=NOW, not_after=LATER), KEYS
    )
    for kind, content in CONTENTS.items()
}
CLEARANCE = encode_signed(SIGNED[StatementKind.CLEARANCE])


def forged(kind: StatementKind, changes: dict[int, Value], within: int | None = None) -> bytes:
    """Return a statement with other fields; signed by nobody who matters, it is only parsed."""
    body = decode(SIGNED[kind].body, max_bytes=2**16)
    assert isinstance(body, dict)
    if within is None:
        body |= changes
    else:
        inner = body[within]
        assert isinstance(inner, dict)
        body[within] = inner | changes
    return encode_record(SignedRecord(body=encode(body), signatures=SIGNED[kind].signatures))


@pytest.mark.parametrize("kind", StatementKind)
def test_every_kind_survives_its_encoding(kind: StatementKind) -> None:
    assert SIGNED[kind] == decode_signed(encode_signed(SIGNED[kind]))


def test_every_kind_has_a_tag_of_its_own() -> None:
    assert len(StatementKind) == len({kind_tag(kind).text for kind in StatementKind})


def test_signing_again_changes_no_digest() -> None:
    again = sign_statement(SIGNED[StatementKind.CLEARANCE].statement, KEYS[:1])
    assert SIGNED[StatementKind.CLEARANCE].digest == add_signature(again, KEYS[1]).digest


def test_two_statements_of_equal_content_are_two() -> None:
    content = CONTENTS[StatementKind.CLEARANCE]
    two = [
        make_statement(content, realm=REALM, agency=AGENCY, not_before=NOW, not_after=LATER)
        for _ in range(2)
    ]
    assert 2 == len({sign_statement(one, KEYS[:1]).digest for one in two})


def test_a_statement_without_a_key_is_a_programmers_mistake() -> None:
    with pytest.raises(ValueError, match="key"):
        sign_statement(SIGNED[StatementKind.CLEARANCE].statement, [])


def test_kind_and_content_belong_together() -> None:
    with pytest.raises(FormatError, match="statement-kind"):
        replace(SIGNED[StatementKind.CLEARANCE].statement, kind=StatementKind.OFFICER)


def test_validity_must_not_end_before_it_begins() -> None:
    with pytest.raises(FormatError, match="validity-order"):
        replace(SIGNED[StatementKind.CLEARANCE].statement, not_after=NOW)


def test_retiring_cannot_be_dated_back() -> None:
    content = RevocationContent(
        target=bytes(32), mode=RevocationMode.RETIRED, since=Instant(NOW - 1)
    )
    with pytest.raises(FormatError, match="revocation-backdated"):
        make_statement(content, realm=REALM, agency=AGENCY, not_before=NOW, not_after=LATER)


def test_the_auditor_is_not_the_security_officer() -> None:
    content = CONTENTS[StatementKind.OFFICER]
    assert isinstance(content, OfficerContent)
    with pytest.raises(FormatError, match="roles"):
        replace(content, roles=frozenset({Role.AUDITOR, Role.SECURITY}))
    with pytest.raises(FormatError, match="roles"):
        replace(content, roles=frozenset())


@pytest.mark.parametrize("leaf", ["agency:" + "09" * 32, "officer:" + "03" * 16])
def test_a_clearance_makes_nobody_a_member_of_an_agency(leaf: str) -> None:
    with pytest.raises(FormatError, match="membership"):
        ClearanceContent(officer=OFFICER, policy="p", level="l", memberships=(leaf,))


def test_memberships_stand_in_order_once() -> None:
    for leaves in (("nation:FRA", "nation:DEU"), ("nation:FRA", "nation:FRA")):
        with pytest.raises(FormatError, match="membership"):
            ClearanceContent(officer=OFFICER, policy="p", level="l", memberships=leaves)


def test_two_registrars_or_more_must_sign() -> None:
    for threshold in (0, 1, 3):
        with pytest.raises(FormatError, match="registrar-threshold"):
            RegistrarContent(epoch=1, keys=PUBLIC, threshold=threshold)
    with pytest.raises(FormatError, match="key-order"):
        RegistrarContent(epoch=1, keys=PUBLIC[:1], threshold=2)
    with pytest.raises(FormatError, match="epoch"):
        RegistrarContent(epoch=0, keys=PUBLIC, threshold=2)


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        (StatementKind.OFFICER, {7: [True, 4]}, "roles|statement-form"),
        (StatementKind.OFFICER, {7: [4, 1]}, "roles"),
        (StatementKind.OFFICER, {7: [1, 9]}, "roles"),
        (StatementKind.OFFICER, {7: []}, "roles"),
        (StatementKind.OFFICER, {9: 1}, "unknown-field"),
        (StatementKind.DEVICE, {3: ["x"]}, "statement-form"),
        (StatementKind.DEVICE, {3: [bytes(31)]}, "endorsers"),
        (StatementKind.DEVICE, {3: [b"\x06" * 32, b"\x05" * 32]}, "endorsers"),
        (StatementKind.CLEARANCE, {5: [1]}, "label-audience-leaf"),
        (StatementKind.CLEARANCE, {3: ""}, "token"),
        (StatementKind.REGISTRAR, {2: [b"k", b"l"]}, "key-form"),
        (StatementKind.REGISTRAR, {2: [key.octets for key in PUBLIC[::-1]]}, "key-order"),
        (StatementKind.REVOCATION, {2: 3}, "field-range"),
    ],
)
def test_malformed_contents_are_refused(
    kind: StatementKind, changes: dict[int, Value], reason: str
) -> None:
    with pytest.raises(FormatError, match=reason):
        decode_signed(forged(kind, changes, within=7))


@pytest.mark.parametrize("kind", [0, 9])
def test_an_unknown_kind_is_refused(kind: int) -> None:
    with pytest.raises(FormatError, match="field-range"):
        decode_signed(forged(StatementKind.CLEARANCE, {1: kind}))


def test_a_content_of_another_kind_is_refused() -> None:
    with pytest.raises(FormatError):
        decode_signed(forged(StatementKind.CLEARANCE, {1: StatementKind.OFFICER.value}))


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(UnsupportedVersionError):
        decode_signed(forged(StatementKind.CLEARANCE, {0: 1}))


@given(
    login=st.from_regex(r"[a-z0-9][a-z0-9.-]{0,30}[a-z0-9]", fullmatch=True),
    roles=st.sets(st.sampled_from([Role.LIAISON, Role.SECURITY, Role.REGISTRAR]), min_size=1),
    start=st.integers(0, 2**33),
    length=st.integers(1, 2**33),
)
def test_any_officer_survives_the_encoding(
    login: str, roles: set[Role], start: int, length: int
) -> None:
    content = OfficerContent(
        officer=OFFICER,
        login=login,
        names=NAMES,
        post=NAMES,
        roles=frozenset(roles),
        nonce=NONCE,
    )
    statement = make_statement(
        content,
        realm=REALM,
        agency=AGENCY,
        not_before=Instant(start),
        not_after=Instant(start + length),
    )
    signed = sign_statement(statement, KEYS[:1])
    assert signed == decode_signed(encode_signed(signed))


def test_an_officer_has_an_id_that_only_the_own_agency_can_give() -> None:
    for realm, agency in ((REALM, AgencyId(b"\x09" * 32)), (Realm(b"\x09" * 32), AGENCY)):
        with pytest.raises(FormatError, match="officer-id"):
            make_statement(
                CONTENTS[StatementKind.OFFICER],
                realm=realm,
                agency=agency,
                not_before=NOW,
                not_after=LATER,
            )


@given(size=st.integers(0, len(CLEARANCE) - 1))
def test_a_truncated_statement_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        decode_signed(CLEARANCE[:size])


@given(tail=st.binary(min_size=1, max_size=40))
def test_an_extended_statement_is_refused(tail: bytes) -> None:
    with pytest.raises(FormatError):
        decode_signed(CLEARANCE + tail)


@given(data=st.binary(max_size=300))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(LiaisonError):
        decode_signed(data)
