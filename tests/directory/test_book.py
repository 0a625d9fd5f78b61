from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.keys import Digest, random_bytes
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.directory import registry
from secure_liaison.directory.book import (
    Book,
    VerifiedBook,
    build_book,
    decode_book,
    encode_book,
    verify_book,
)
from secure_liaison.directory.registry import RegistryState
from secure_liaison.directory.roster import NO_RELAY, encode_snapshot
from secure_liaison.encoding import encode
from secure_liaison.errors import (
    CredentialError,
    CredentialExpiredError,
    FormatError,
    LiaisonError,
    SignatureError,
    TamperedError,
)
from secure_liaison.identity.enrolment import open_request
from secure_liaison.identity.ids import OfficerId
from secure_liaison.identity.names import Names
from secure_liaison.identity.officer_contents import new_officer
from secure_liaison.identity.statements import (
    AgreementContent,
    BriefingContent,
    ClearanceContent,
    Content,
    DeviceContent,
    OfficerContent,
    SignedStatement,
    add_signature,
    decode_signed,
    encode_signed,
    make_statement,
    sign_statement,
)
from tests.factories import (
    DAY_S,
    POLICY,
    AgencyFixture,
    make_agency,
    make_charter,
    make_device,
    make_enrolment,
    make_world,
)

NOW = FixedClock().now()
UNTIL = Instant(NOW + 365 * DAY_S)
WORLD = make_world(NOW)
A, B = WORLD.agencies["EMB-A"], WORLD.agencies["EMB-B"]
BYTES = encode_book(A.book)
LI = A.officers["li.wei"]


def verify(book: Book, agency: AgencyFixture = A) -> VerifiedBook:
    return verify_book(book, agency.trusted, now=NOW)


def statement(content: Content, agency: AgencyFixture = A) -> SignedStatement:
    made = make_statement(
        content,
        realm=agency.anchor.realm,
        agency=agency.agency_id,
        not_before=NOW,
        not_after=UNTIL,
    )
    return sign_statement(made, agency.registrar_keys[:1])


def slipped_in(*signed: SignedStatement, state: RegistryState = A.registry) -> RegistryState:
    """Return a registry with statements that its own functions would not have taken."""
    entries = tuple((random_bytes(32), encode_signed(one)) for one in signed)
    return replace(state, statements=(*state.statements, *entries))


def publish(state: RegistryState) -> Book:
    """Publish; `next_roster` verifies its own result as a reader would."""
    return registry.next_roster(state, A.registrar_keys, now=NOW, relay=NO_RELAY)[2]


def test_a_book_survives_its_encoding() -> None:
    assert A.book == decode_book(BYTES)


def test_a_book_tells_who_is_who() -> None:
    index = verify(A.book).index
    assert {"li.wei", "sec"} == set(index.logins)
    assert {one.officer for one in A.officers.values()} == set(index.officers)


def test_another_agencys_book_is_refused() -> None:
    with pytest.raises(TamperedError, match="snapshot-anchor"):
        verify(B.book)


def test_a_statement_left_out_is_noticed() -> None:
    with pytest.raises(TamperedError, match="statement-root"):
        verify(replace(A.book, statements=A.book.statements[1:]))


def test_a_statement_added_is_noticed() -> None:
    content = ClearanceContent(officer=LI.officer, policy=POLICY, level="juemi")
    added = (random_bytes(32), encode_signed(statement(content)))
    with pytest.raises(TamperedError, match="statement-root"):
        verify(build_book(A.snapshot, (*A.book.statements, added)))


def test_a_statement_exchanged_for_an_older_one_is_noticed() -> None:
    _, first = A.book.statements[0]
    changed = build_book(A.snapshot, ((random_bytes(32), first), *A.book.statements[1:]))
    with pytest.raises(TamperedError, match="statement-root"):
        verify(changed)


def test_statements_out_of_order_are_refused() -> None:
    with pytest.raises(FormatError, match="book-order"):
        verify(replace(A.book, statements=A.book.statements[::-1]))


def test_a_statement_twice_is_refused() -> None:
    with pytest.raises(FormatError, match="book-order"):
        verify(replace(A.book, statements=A.book.statements[:1] * 2))


def test_statements_of_another_realm_are_refused() -> None:
    other = make_agency(make_charter(), "EMB-A", now=NOW)
    foreign = statement(
        BriefingContent(officer=LI.officer, topic="other", pledged=NOW), agency=other
    )
    with pytest.raises(CredentialError, match="other-realm"):
        publish(slipped_in(foreign))


def test_statements_of_another_agency_are_refused() -> None:
    foreign = statement(BriefingContent(officer=LI.officer, topic="other", pledged=NOW), agency=B)
    with pytest.raises(CredentialError, match="other-agency"):
        publish(slipped_in(foreign))


def test_statements_by_the_wrong_signer_are_refused() -> None:
    own = statement(BriefingContent(officer=LI.officer, topic="other", pledged=NOW))
    forged = sign_statement(own.statement, B.registrar_keys[:1])
    with pytest.raises(SignatureError, match="wrong-signer"):
        publish(slipped_in(forged))


def test_two_clearances_for_one_policy_are_refused() -> None:
    second = statement(ClearanceContent(officer=LI.officer, policy=POLICY, level="juemi"))
    with pytest.raises(CredentialError, match="book-twice"):
        publish(slipped_in(second))


def test_two_officers_with_one_login_are_refused() -> None:
    content = verify(A.book).index.officers[LI.officer][1]
    double = new_officer(
        WORLD.realm,
        A.agency_id,
        login=content.login,
        names=content.names,
        post=content.post,
        roles=content.roles,
    )
    second = statement(double)
    with pytest.raises(CredentialError, match="book-twice"):
        publish(slipped_in(second))


def test_a_second_owner_of_a_device_is_refused() -> None:
    content = verify(A.book).index.devices[LI.device.handle][1]
    second = statement(replace(content, officer=A.officers["sec"].officer))
    with pytest.raises(CredentialError, match="book-twice"):
        publish(slipped_in(second))


def test_a_clearance_for_nobody_is_refused() -> None:
    nobody = statement(
        ClearanceContent(officer=OfficerId(random_bytes(16)), policy=POLICY, level="jimi")
    )
    with pytest.raises(CredentialError, match="book-officer"):
        publish(slipped_in(nobody))


def test_a_device_statement_for_other_keys_is_refused() -> None:
    without = registry.withdraw(A.registry, device_digest(LI.device.handle))
    content = verify(A.book).index.devices[LI.device.handle][1]
    other = statement(replace(content, keys_digest=Digest(b"\x00" * 32)))
    with pytest.raises(CredentialError, match="book-device"):
        publish(slipped_in(other, state=without))


def test_a_device_statement_without_a_leaf_is_refused() -> None:
    content = verify(A.book).index.devices[LI.device.handle][1]
    other = statement(replace(content, handle=B.officers["sec"].device.handle))
    with pytest.raises(CredentialError, match="book-device"):
        publish(slipped_in(other))


def device_digest(handle: bytes) -> Digest:
    return next(
        one.digest
        for one in A.registry.signed()
        if isinstance(one.statement.content, DeviceContent)
        and one.statement.content.handle == handle
    )


def second_device(*cosigners: SigningKey) -> RegistryState:
    """Return a registry with a second device of the officer that names the first as endorser."""
    device, keys = make_device(A.anchor), A.registrar_keys[:1]
    request = open_request(make_enrolment(A, device, "li.wei", Names(zh="李", en="Li"), now=NOW))
    state = registry.admit_device(
        A.registry, keys, request, now=NOW, not_after=UNTIL, endorsers=[LI.device.signing]
    )
    salt, data = state.statements[-1]
    unsigned = sign_statement(decode_signed(data).statement, (*keys, *cosigners))
    return replace(state, statements=(*state.statements[:-1], (salt, encode_signed(unsigned))))


def test_an_endorsement_by_the_officers_other_device_is_accepted() -> None:
    assert 3 == len(verify(publish(second_device(LI.device.signing))).index.devices)


def test_an_endorsement_that_did_not_sign_is_refused() -> None:
    with pytest.raises(CredentialError, match="book-endorsement"):
        publish(second_device())


def test_an_endorsement_by_another_officers_device_is_refused() -> None:
    without = registry.withdraw(A.registry, device_digest(LI.device.handle))
    content = verify(A.book).index.devices[LI.device.handle][1]
    endorser = A.officers["sec"].device.signing
    named = replace(content, endorsed_by=(endorser.verify_key.key_id(WORLD.realm),))
    signed = add_signature(statement(named), endorser)
    with pytest.raises(CredentialError, match="book-endorsement"):
        publish(slipped_in(signed, state=without))


def test_a_device_does_not_endorse_itself() -> None:
    without = registry.withdraw(A.registry, device_digest(LI.device.handle))
    content = verify(A.book).index.devices[LI.device.handle][1]
    own = LI.device.signing
    named = replace(content, endorsed_by=(own.verify_key.key_id(WORLD.realm),))
    signed = add_signature(statement(named), own)
    with pytest.raises(CredentialError, match="book-endorsement"):
        publish(slipped_in(signed, state=without))


def test_an_unknown_endorsing_key_is_refused() -> None:
    without = registry.withdraw(A.registry, device_digest(LI.device.handle))
    content = verify(A.book).index.devices[LI.device.handle][1]
    named = replace(content, endorsed_by=(A.registrar_keys[1].verify_key.key_id(WORLD.realm),))
    with pytest.raises(CredentialError, match="book-endorsement"):
        publish(slipped_in(statement(named), state=without))


def test_an_agreement_of_others_is_refused() -> None:
    c = make_agency(WORLD.charter, "EMB-C", now=NOW)
    from_b = next(
        one for one in B.registry.signed() if isinstance(one.statement.content, AgreementContent)
    )
    state, keys = c.registry, c.registrar_keys
    stolen = replace(state, statements=((bytes(32), encode_signed(from_b)),))
    with pytest.raises(CredentialError, match="other-agency"):
        registry.next_roster(stolen, keys, now=NOW, relay=NO_RELAY)


def test_an_expired_statement_does_not_spoil_the_book() -> None:
    later = Instant(NOW + 20 * DAY_S)
    short = registry.grant_clearance(
        A.registry,
        A.registrar_keys[:1],
        ClearanceContent(officer=LI.officer, policy=POLICY, level="jimi"),
        now=NOW,
        not_after=Instant(NOW + DAY_S),
    )
    found = verify_book(publish(short), A.trusted, now=later)
    assert (LI.officer, POLICY) in found.index.clearances


def test_an_expired_roster_spoils_the_book() -> None:
    with pytest.raises(CredentialExpiredError, match="roster-expired"):
        verify_book(A.book, A.trusted, now=Instant(NOW + 30 * DAY_S))


def test_nobody_else_makes_a_verified_book() -> None:
    found = verify(A.book)
    with pytest.raises(TypeError):
        replace(found, raw=B.book, mint=None)


def test_every_officer_has_a_statement() -> None:
    contents = [one.statement.content for one in A.registry.signed()]
    assert 2 == sum(isinstance(content, OfficerContent) for content in contents)


@pytest.mark.parametrize("item", [[], [b"", b""], [bytes(31), b"x"], [bytes(32)], b"x"])
def test_malformed_entries_are_refused(item: object) -> None:
    data = encode({0: 0, 1: encode_snapshot(A.snapshot), 2: [item]})  # type: ignore[list-item]  # what must be refused
    with pytest.raises(FormatError, match="book-form"):
        decode_book(data)


@given(position=st.integers(0, len(BYTES) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused(position: int, bit: int) -> None:
    flipped = bytearray(BYTES)
    flipped[position] ^= 1 << bit
    try:
        book = verify(decode_book(bytes(flipped)))
    except LiaisonError:
        return
    # The other party's signature on an agreement is the view's to judge.
    assert verify(A.book).snapshot.digest == book.snapshot.digest
    assert verify(A.book).index.clearances.keys() == book.index.clearances.keys()


@given(size=st.integers(0, len(BYTES) - 1))
def test_a_truncated_book_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        decode_book(BYTES[:size])


@given(tail=st.binary(min_size=1, max_size=40))
def test_an_extended_book_is_refused(tail: bytes) -> None:
    with pytest.raises(FormatError):
        decode_book(BYTES + tail)
