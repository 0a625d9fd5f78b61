"""Signed grants and designations: by registrars of the agency that gives them, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.crypto.keys import Realm
from secure_liaison.encoding import encode
from secure_liaison.errors import FormatError, LiaisonError, SignatureError
from secure_liaison.identity import authority_record
from secure_liaison.identity.authority_record import (
    AuthorityContent,
    AuthorityFile,
    AuthorityKind,
    Issuer,
    issuer_of,
    open_authority,
    open_designation,
    open_grant,
    read_authority_file,
    read_content,
    sign_body_list,
    sign_catalogue,
    sign_designation,
    sign_grant,
)
from secure_liaison.identity.records import encode_record, sign_record
from secure_liaison.labels.adopted import AdoptedCatalogue
from secure_liaison.labels.body_list import BodyList
from secure_liaison.labels.organisation import Organisation
from tests.identity.case_chain import agency_id, key
from tests.labels.cases import BEGUN, BODIES, REALM, designation, grant, leaf
from tests.labels.test_catalogue import catalogue_file

REGISTRARS = (key("registrar-one"), key("registrar-two"))
CITY = Issuer(
    agency=agency_id("city-1"), keys=tuple(each.verify_key for each in REGISTRARS), threshold=2
)
GRANT = grant("city", "county", "jimi")
SIGNED = sign_grant(GRANT, REALM, REGISTRARS)


def test_a_grant_says_what_was_signed() -> None:
    assert GRANT == open_grant(SIGNED, REALM, CITY)


def test_a_designation_says_what_was_signed() -> None:
    made = designation("city-2")
    assert made == open_designation(sign_designation(made, REALM, REGISTRARS), REALM, CITY)


def test_one_registrar_alone_grants_nothing() -> None:
    with pytest.raises(SignatureError, match="too-few-signatures"):
        open_grant(sign_grant(GRANT, REALM, REGISTRARS[:1]), REALM, CITY)


def test_a_stranger_grants_nothing() -> None:
    signed = sign_grant(GRANT, REALM, (*REGISTRARS, key("stranger")))
    with pytest.raises(SignatureError, match="wrong-signer"):
        open_grant(signed, REALM, CITY)


def test_an_agency_grants_and_designates_in_its_own_name_only() -> None:
    county = replace(CITY, agency=agency_id("county-1"))
    with pytest.raises(SignatureError, match="authority-issuer"):
        open_grant(SIGNED, REALM, county)
    signed = sign_designation(designation("city-2"), REALM, REGISTRARS)
    with pytest.raises(SignatureError, match="authority-issuer"):
        open_designation(signed, REALM, county)


def test_a_designation_does_not_serve_as_a_grant() -> None:
    signed = sign_designation(designation("city-2"), REALM, REGISTRARS)
    with pytest.raises(SignatureError):
        open_grant(signed, REALM, CITY)


def test_a_grant_of_another_realm_is_refused() -> None:
    other = Realm(b"s" * 32)
    body = encode({0: 0, 1: other.octets, 2: GRANT.to_value()})
    signed = encode_record(sign_record(authority_record._GRANT, REALM, body, keys=REGISTRARS))
    with pytest.raises(FormatError, match="determination-realm"):
        open_grant(signed, REALM, CITY)


@pytest.mark.parametrize("data", [SIGNED[:-1], SIGNED + b"\x00", b""])
def test_cut_or_extended_records_are_malformed(data: bytes) -> None:
    with pytest.raises(FormatError):
        open_grant(data, REALM, CITY)


def test_an_unknown_field_is_refused() -> None:
    body = encode({0: 0, 1: REALM.octets, 2: GRANT.to_value(), 3: 0})
    signed = encode_record(sign_record(authority_record._GRANT, REALM, body, keys=REGISTRARS))
    with pytest.raises(LiaisonError, match="unknown-field"):
        open_grant(signed, REALM, CITY)


BY_LEAF = tuple(sorted(BODIES, key=lambda body: body.leaf))
LIST = BodyList(
    issuer=leaf("city"),
    issued_at=BEGUN,
    organisation=Organisation(bodies=BY_LEAF, national_bureau=leaf("nb")),
)
ITEMS = AdoptedCatalogue(issuer=leaf("city"), adopted_at=BEGUN, file=catalogue_file())
FILES: dict[AuthorityKind, tuple[AuthorityContent, bytes]] = {
    AuthorityKind.GRANT: (GRANT, SIGNED),
    AuthorityKind.DESIGNATION: (
        designation("city-2"),
        sign_designation(designation("city-2"), REALM, REGISTRARS),
    ),
    AuthorityKind.BODIES: (LIST, sign_body_list(LIST, REALM, REGISTRARS)),
    AuthorityKind.CATALOGUE: (ITEMS, sign_catalogue(ITEMS, REALM, REGISTRARS)),
}


@pytest.mark.parametrize("kind", AuthorityKind)
def test_a_file_says_what_was_signed_and_whose_it_is(kind: AuthorityKind) -> None:
    content, record = FILES[kind]
    file = read_authority_file(AuthorityFile(kind=kind, record=record).encode())
    assert leaf("city") == issuer_of(file)
    assert content == open_authority(file, REALM, CITY)
    assert content == read_content(kind, content.to_value())


def test_a_record_under_another_kind_is_refused() -> None:
    for kind, (_, record) in FILES.items():
        for other in set(AuthorityKind) - {kind}:
            with pytest.raises(LiaisonError):
                open_authority(AuthorityFile(kind=other, record=record), REALM, CITY)


def test_an_agency_lists_bodies_for_its_own_desks_only() -> None:
    county = replace(CITY, agency=agency_id("county-1"))
    file = AuthorityFile(kind=AuthorityKind.BODIES, record=FILES[AuthorityKind.BODIES][1])
    with pytest.raises(SignatureError, match="authority-issuer"):
        open_authority(file, REALM, county)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        encode({0: 0, 1: 5, 2: SIGNED}),
        encode({0: 0, 1: 1, 2: bytes(2**16 + 1)}),
        encode({0: 0, 1: 1}),
        encode({0: 0, 1: 1, 2: b"", 3: 0}),
    ],
)
def test_a_malformed_file_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_authority_file(data)
