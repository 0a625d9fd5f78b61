"""What a desk holds of one agency: whose keys count, and what is remembered of older books."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.keys import random_bytes
from secure_liaison.directory import holding as holdings
from secure_liaison.directory import registry
from secure_liaison.directory.holding import MAX_WITHDRAWN, Holding, accept_book, accept_snapshot
from secure_liaison.directory.stored_view import decode_view, encode_view
from secure_liaison.directory.view import DirectoryView
from secure_liaison.errors import (
    CredentialError,
    CredentialExpiredError,
    CredentialRevokedError,
    FormatError,
)
from secure_liaison.identity.contents import RevocationContent, RevocationMode
from secure_liaison.identity.ids import OFFICER_ID_SIZE, OfficerId
from secure_liaison.identity.statements import (
    ClearanceContent,
    DeviceContent,
    OfficerContent,
    SignedStatement,
    encode_signed,
    make_statement,
    sign_statement,
)
from tests.factories import DAY_S, POLICY, AgencyFixture, make_world, published

NOW = FixedClock().now()
LATER = Instant(NOW + 3600)
UNTIL = Instant(NOW + 60 * DAY_S)
WORLD = make_world(NOW)
VIEW = WORLD.view
A = WORLD.agencies["EMB-A"]
LI = WORLD.officer("li.wei@EMB-A")
SIGNER = LI.device.signing.verify_key.key_id(WORLD.realm)
TYING = (OfficerContent, DeviceContent)
HELD = accept_book(Holding(trusted=A.trusted), A.book, now=NOW)


def stated(kind: type) -> SignedStatement:
    """Return the statement of a kind about the officer."""
    return next(
        one for one in A.registry.about(LI.officer) if isinstance(one.statement.content, kind)
    )


def revoking(kind: type, mode: RevocationMode, *, since: int = LATER) -> AgencyFixture:
    """Publish a revocation of the officer's statement of a kind, by its digest."""
    content = RevocationContent(
        target=stated(kind).digest, mode=mode, since=Instant(since), reason="更正"
    )
    state = registry.revoke(A.registry, A.registrar_keys[:1], content, now=LATER, not_after=UNTIL)
    return published(replace(A, registry=state), now=LATER)


def check(view: DirectoryView, at: int, *, witnessed_at: int | None = None) -> None:
    seen = None if witnessed_at is None else Instant(witnessed_at)
    view.check_signer(SIGNER, at_now=Instant(at), witnessed_at=seen)


# --- the statements that tie a key to its officer --------------------------------------------


@pytest.mark.parametrize("kind", TYING)
def test_a_compromised_statement_makes_its_officers_signature_void(kind: type) -> None:
    view = VIEW.with_book(revoking(kind, RevocationMode.COMPROMISED).book, LATER)
    for witnessed_at in (None, LATER):
        with pytest.raises(CredentialRevokedError, match="compromised"):
            check(view, LATER, witnessed_at=witnessed_at)
    with pytest.raises(CredentialError, match="unknown-owner"):
        view.owner_of(LI.device.handle)


@pytest.mark.parametrize("kind", TYING)
def test_a_retired_statement_counts_until_its_moment(kind: type) -> None:
    view = VIEW.with_book(revoking(kind, RevocationMode.RETIRED, since=LATER + 10).book, LATER)
    check(view, LATER + 9)
    with pytest.raises(CredentialRevokedError, match="retired"):
        check(view, LATER + 10)
    handle = LI.device.handle
    assert LI.officer == view.owner_of(handle).officer
    assert LI.officer == view.owner_of(handle, at=Instant(LATER + 9)).officer
    with pytest.raises(CredentialError, match="unknown-owner"):
        view.owner_of(handle, at=Instant(LATER + 10))


@pytest.mark.parametrize("kind", TYING)
def test_a_revocation_in_a_book_that_is_not_in_force_still_denies(kind: type) -> None:
    revoked = revoking(kind, RevocationMode.COMPROMISED)
    newest = Instant(LATER + 10)
    view = VIEW.with_book(revoked.book, LATER)
    view = view.with_snapshot(published(revoked, now=newest).snapshot, newest)
    with pytest.raises(CredentialRevokedError, match="compromised"):
        check(view, newest)


def short_lived(kind: type) -> AgencyFixture:
    """Publish the officer's statement of a kind again, with an end a moment from now."""
    old = stated(kind)
    again = make_statement(
        old.statement.content,
        realm=WORLD.realm,
        agency=A.agency_id,
        not_before=NOW,
        not_after=Instant(LATER + 10),
    )
    kept = A.registry.without({old.digest})
    salted = (random_bytes(32), encode_signed(sign_statement(again, A.registrar_keys[:1])))
    state = replace(kept, statements=(*kept.statements, salted))
    return published(replace(A, registry=state), now=LATER)


@pytest.mark.parametrize("kind", TYING)
def test_an_ended_statement_no_longer_ties_the_key(kind: type) -> None:
    agency = short_lived(kind)
    view = VIEW.with_book(agency.book, LATER)
    check(view, LATER + 9)
    with pytest.raises(CredentialExpiredError, match="ended"):
        check(view, LATER + 10)
    check(view, LATER + 10, witnessed_at=LATER + 9)
    with pytest.raises(CredentialError, match="unknown-owner"):
        view.owner_of(LI.device.handle, at=Instant(LATER + 10))


def test_a_signer_whom_the_book_in_force_does_not_state_does_not_count() -> None:
    state = registry.withdraw(A.registry, stated(DeviceContent).digest)
    view = VIEW.with_book(published(replace(A, registry=state), now=LATER).book, LATER)
    with pytest.raises(CredentialError, match="unknown-owner"):
        check(view, LATER)


def test_without_a_book_the_key_alone_is_judged() -> None:
    snapshot = accept_snapshot(Holding(trusted=A.trusted), A.snapshot, now=NOW)
    snapshot.check_signer(SIGNER, now=NOW, witnessed_at=None)


# --- withdrawn clearances --------------------------------------------------------------------


def without_clearance(agency: AgencyFixture, *, now: Instant) -> AgencyFixture:
    state = registry.withdraw(agency.registry, stated(ClearanceContent).digest)
    return published(replace(agency, registry=state), now=now)


def test_a_withdrawn_clearance_is_remembered() -> None:
    held = accept_book(HELD, without_clearance(A, now=LATER).book, now=LATER)
    assert {(LI.officer, POLICY)} == held.withdrawn


def test_of_an_officer_whom_the_book_no_longer_names_nothing_is_remembered() -> None:
    state = registry.withdraw(A.registry, stated(OfficerContent).digest)
    gone = published(replace(A, registry=state), now=LATER)
    assert frozenset() == accept_book(HELD, gone.book, now=LATER).withdrawn


def test_what_is_remembered_is_limited_and_the_newest_stays() -> None:
    many = frozenset((LI.officer, f"policy-{n}") for n in range(MAX_WITHDRAWN))
    full = replace(HELD, withdrawn=many)
    held = accept_book(full, without_clearance(A, now=LATER).book, now=LATER)
    assert MAX_WITHDRAWN == len(held.withdrawn)
    assert (LI.officer, POLICY) in held.withdrawn
    assert held.withdrawn == decode_view(encode_view(WORLD.realm, [held]))[1][0].withdrawn


def test_more_than_can_be_read_again_is_never_written() -> None:
    ids = (OfficerId(n.to_bytes(OFFICER_ID_SIZE, "big")) for n in range(MAX_WITHDRAWN + 1))
    overfull = replace(HELD, withdrawn=frozenset((one, POLICY) for one in ids))
    with pytest.raises(FormatError, match="field-size"):
        encode_view(WORLD.realm, [overfull])


def test_a_book_after_book_of_other_clearances_never_makes_the_state_unreadable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(holdings, "MAX_WITHDRAWN", 2)
    view, agency = VIEW, A
    for number in range(1, 6):
        now = Instant(NOW + number * 60)
        cleared = ClearanceContent(officer=LI.officer, policy=f"policy-{number}", level="jimi")
        held = next(
            one.digest
            for one in agency.registry.about(LI.officer)
            if isinstance(one.statement.content, ClearanceContent)
        )
        state = registry.grant_clearance(
            registry.withdraw(agency.registry, held),
            A.registrar_keys[:1],
            cleared,
            now=now,
            not_after=UNTIL,
        )
        agency = published(replace(agency, registry=state), now=now)
        view = view.with_book(agency.book, now)
    _, found = decode_view(view.to_state())
    own = next(one for one in found if one.anchor.code == "EMB-A")
    assert 2 == len(own.withdrawn)
    assert (LI.officer, "policy-4") in own.withdrawn
