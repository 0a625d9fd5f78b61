"""What is in force: clearances, briefings, agreements, accreditations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.keys import Digest
from secure_liaison.directory import registry
from secure_liaison.directory.registry import RegistryState
from secure_liaison.directory.view import DirectoryView
from secure_liaison.identity.contents import RevocationContent, RevocationMode
from secure_liaison.identity.ids import OfficerId
from secure_liaison.identity.statements import (
    AccreditationContent,
    AgreementContent,
    ClearanceContent,
    OfficerContent,
    SignedStatement,
    encode_signed,
    sign_statement,
)
from tests.factories import DAY_S, POLICY, YEAR_S, make_agreement, make_world, published

NOW = FixedClock().now()
HOUR_S = 3600
LATER = Instant(NOW + HOUR_S)
WORLD = make_world(NOW)
VIEW = WORLD.view
A, B = WORLD.agencies["EMB-A"], WORLD.agencies["EMB-B"]
OKAFOR = WORLD.officer("j.okafor@EMB-B").officer
OWN = {f"agency:{B.agency_id.hex()}", f"officer:{OKAFOR.hex()}"}


def find(kind: type, state: RegistryState = B.registry, officer: bytes | None = None) -> Digest:
    """Return the digest of the first statement of a kind, about an officer if one is given."""
    return next(
        one.digest
        for one in state.signed()
        if isinstance(one.statement.content, kind)
        and (officer is None or one in state.about(OfficerId(officer)))
    )


def after(state: RegistryState, *, at: Instant = LATER) -> DirectoryView:
    """Return the view after EMB-B published what its registry now holds."""
    return VIEW.with_book(published(replace(B, registry=state), now=at).book, at)


def cleared(
    *, start: int = NOW, end: int = NOW + YEAR_S, leaves: tuple[str, ...] = ()
) -> RegistryState:
    content = ClearanceContent(officer=OKAFOR, policy=POLICY, level="jimi", memberships=leaves)
    return registry.grant_clearance(
        B.registry, B.registrar_keys[:1], content, now=Instant(start), not_after=Instant(end)
    )


def revoked(target: bytes) -> RegistryState:
    content = RevocationContent(target=target, mode=RevocationMode.COMPROMISED, since=NOW)
    return registry.revoke(
        B.registry, B.registrar_keys[:1], content, now=NOW, not_after=Instant(NOW + YEAR_S)
    )


def test_a_clearance_in_force_is_told() -> None:
    standing = VIEW.standing(OKAFOR, NOW)
    assert standing.clearance is not None
    assert (POLICY, "jimi", "important") == (
        standing.clearance.policy,
        standing.clearance.level,
        standing.clearance.person_class,
    )
    assert ("", NOW + YEAR_S, NOW) == (
        standing.clearance_problem,
        standing.briefed_until,
        standing.pledged,
    )
    assert OWN == standing.memberships


def test_a_clearance_is_asked_for_by_policy_with_or_without_version() -> None:
    for policy in (POLICY, f"{POLICY}@2024-09-01"):
        assert VIEW.standing(OKAFOR, NOW, policy=policy).clearance is not None
    other = VIEW.standing(OKAFOR, NOW, policy="generic")
    assert (None, "none") == (other.clearance, other.clearance_problem)


def test_memberships_come_with_the_clearance_only() -> None:
    leaves = ("nation:FRA",)
    assert OWN | set(leaves) == after(cleared(leaves=leaves)).standing(OKAFOR, LATER).memberships
    lapsed = after(cleared(end=LATER + 1, leaves=leaves))
    assert OWN == lapsed.standing(OKAFOR, Instant(LATER + 1)).memberships


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        (NOW, LATER, "expired"),
        (NOW, LATER + 1, ""),
        (LATER + HOUR_S, NOW + YEAR_S, "not-yet"),
        (LATER + 299, NOW + YEAR_S, ""),
    ],
)
def test_a_clearance_holds_for_its_period_only(start: int, end: int, problem: str) -> None:
    standing = after(cleared(start=start, end=end)).standing(OKAFOR, LATER)
    assert (problem, not problem) == (standing.clearance_problem, standing.clearance is not None)


def test_a_clearance_left_out_of_the_new_roster_is_withdrawn() -> None:
    state = registry.withdraw(B.registry, find(ClearanceContent, officer=OKAFOR))
    standing = after(state).standing(OKAFOR, LATER)
    assert (None, "withdrawn") == (standing.clearance, standing.clearance_problem)
    assert "withdrawn" == after(state).standing(OKAFOR, LATER, policy=POLICY).clearance_problem
    assert "none" == after(state).standing(OKAFOR, LATER, policy="generic").clearance_problem


def test_a_withdrawal_is_remembered_in_the_state_and_ended_by_a_new_clearance() -> None:
    state = registry.withdraw(B.registry, find(ClearanceContent, officer=OKAFOR))
    without = published(replace(B, registry=state), now=LATER)
    view = DirectoryView.from_state(VIEW.with_book(without.book, LATER).to_state())
    assert "withdrawn" == view.standing(OKAFOR, LATER).clearance_problem
    content = ClearanceContent(officer=OKAFOR, policy=POLICY, level="mimi")
    again = registry.grant_clearance(
        without.registry,
        B.registrar_keys[:1],
        content,
        now=LATER,
        not_after=Instant(NOW + YEAR_S),
    )
    granted = published(replace(without, registry=again), now=LATER)
    assert "" == view.with_book(granted.book, LATER).standing(OKAFOR, LATER).clearance_problem


def test_a_view_that_never_knew_it_says_none() -> None:
    state = registry.withdraw(B.registry, find(ClearanceContent, officer=OKAFOR))
    book = published(replace(B, registry=state), now=LATER).book
    view = DirectoryView(WORLD.realm).with_anchor(B.trusted).with_book(book, LATER)
    assert "none" == view.standing(OKAFOR, LATER).clearance_problem


def test_a_revoked_clearance_is_withdrawn() -> None:
    view = after(revoked(find(ClearanceContent, officer=OKAFOR)))
    assert "withdrawn" == view.standing(OKAFOR, LATER).clearance_problem


def test_statements_by_a_revoked_registrar_key_are_not_in_force() -> None:
    key_id = B.registrar_keys[0].verify_key.key_id(WORLD.realm)
    view = after(revoked(key_id))
    assert None is view.standing(OKAFOR, LATER).clearance
    assert () == view.devices_of(OKAFOR, LATER)


def test_an_officer_whose_statement_is_revoked_has_no_standing() -> None:
    view = after(revoked(find(OfficerContent, officer=OKAFOR)))
    standing = view.standing(OKAFOR, LATER)
    assert (None, "none", None) == (
        standing.clearance,
        standing.clearance_problem,
        standing.briefed_until,
    )
    assert () == view.devices_of(OKAFOR, LATER)


def test_without_the_matching_book_nothing_is_in_force() -> None:
    newer = published(B, now=LATER)
    view = VIEW.with_snapshot(newer.snapshot, LATER)
    standing = view.standing(OKAFOR, LATER)
    assert (None, "none", None, False) == (
        standing.clearance,
        standing.clearance_problem,
        standing.briefed_until,
        standing.statements_current,
    )
    assert OWN == standing.memberships
    assert () == view.devices_of(OKAFOR, LATER)
    assert None is view.agreement_between(A.agency_id, B.agency_id, LATER)
    assert "J. Okafor" == view.find_officer("j.okafor@EMB-B").names.en
    assert view.with_book(newer.book, LATER).standing(OKAFOR, LATER).statements_current


def test_under_an_expired_roster_nothing_is_in_force() -> None:
    late = Instant(NOW + 30 * DAY_S)
    standing = VIEW.standing(OKAFOR, late)
    assert (None, False) == (standing.clearance, standing.statements_current)
    assert None is VIEW.agreement_between(A.agency_id, B.agency_id, late)


def test_a_clock_an_hour_slow_denies() -> None:
    assert None is VIEW.standing(OKAFOR, Instant(NOW - HOUR_S)).clearance


# --- agreements ------------------------------------------------------------------------------


def test_an_agreement_is_in_force_both_ways() -> None:
    found = VIEW.agreement_between(A.agency_id, B.agency_id, NOW)
    assert found is not None
    assert "agr:exercise" == found.id
    assert found == VIEW.agreement_between(B.agency_id, A.agency_id, NOW)


def test_there_is_no_agreement_with_oneself_or_a_stranger() -> None:
    assert None is VIEW.agreement_between(A.agency_id, A.agency_id, NOW)
    assert None is VIEW.agreement_between(A.agency_id, type(A.agency_id)(bytes(32)), NOW)


def test_either_party_ends_an_agreement_alone() -> None:
    view = after(registry.withdraw(B.registry, find(AgreementContent)))
    assert None is view.agreement_between(A.agency_id, B.agency_id, LATER)


def test_an_agreement_revoked_by_one_party_is_not_in_force() -> None:
    view = after(revoked(find(AgreementContent)))
    assert None is view.agreement_between(A.agency_id, B.agency_id, LATER)


def with_agreement(mine: SignedStatement, theirs: SignedStatement) -> DirectoryView:
    """Return a view in which each side published its own copy, and no other agreement."""
    view = VIEW
    for agency, copy in ((A, mine), (B, theirs)):
        state = registry.withdraw(agency.registry, find(AgreementContent, agency.registry))
        entry = (bytes(32), encode_signed(copy))
        state = replace(state, statements=(*state.statements, entry))
        view = view.with_book(published(replace(agency, registry=state), now=LATER).book, LATER)
    return view


def only(signed: SignedStatement, *agencies: object) -> SignedStatement:
    """Return the statement with the signatures of some agencies only."""
    ids = {
        key.verify_key.key_id(WORLD.realm)
        for agency in (A, B)
        if agency in agencies
        for key in agency.registrar_keys
    }
    return replace(signed, signatures=tuple(pair for pair in signed.signatures if pair[0] in ids))


def test_each_side_may_have_signed_its_own_copy_only() -> None:
    signed = make_agreement(A, B, now=NOW)
    view = with_agreement(only(signed, A), only(signed, B))
    assert view.agreement_between(A.agency_id, B.agency_id, LATER) is not None


def test_an_agreement_that_the_other_party_does_not_hold_is_not_in_force() -> None:
    state = registry.withdraw(A.registry, find(AgreementContent, A.registry))
    state = registry.add_agreement(state, only(make_agreement(A, B, now=NOW), A))
    view = VIEW.with_book(published(replace(A, registry=state), now=LATER).book, LATER)
    assert None is view.agreement_between(A.agency_id, B.agency_id, LATER)


def test_a_forged_signature_of_the_other_party_does_not_count() -> None:
    signed = make_agreement(A, B, now=NOW)
    ((ours, good),) = only(signed, A).signatures
    ((theirs, _),) = only(signed, B).signatures
    forged = replace(signed, signatures=tuple(sorted([(ours, good), (theirs, good)])))
    view = with_agreement(forged, signed)
    assert None is view.agreement_between(A.agency_id, B.agency_id, LATER)


def test_an_agreement_whose_statement_has_ended_is_not_in_force() -> None:
    signed = make_agreement(A, B, now=NOW)
    short = replace(signed.statement, not_after=Instant(LATER + 1))
    renewed = sign_statement(short, (A.registrar_keys[0], B.registrar_keys[0]))
    view = with_agreement(renewed, renewed)
    assert view.agreement_between(A.agency_id, B.agency_id, LATER) is not None
    assert None is view.agreement_between(A.agency_id, B.agency_id, Instant(LATER + 1))


# --- accreditation ---------------------------------------------------------------------------


def test_an_accreditation_is_told_for_its_policy_and_period() -> None:
    content = AccreditationContent(
        policy=POLICY, ceiling="mimi", granted_by="某局", basis="第 3 号"
    )
    state = registry.accredit(
        B.registry, B.registrar_keys[:1], content, now=NOW, not_after=Instant(LATER + 10)
    )
    view = after(state)
    assert "mimi" == view.accreditation(B.agency_id, POLICY, LATER)
    assert "mimi" == view.accreditation(B.agency_id, f"{POLICY}@2024-09-01", LATER)
    assert None is view.accreditation(B.agency_id, "generic", LATER)
    assert None is view.accreditation(A.agency_id, POLICY, LATER)
    assert None is view.accreditation(B.agency_id, POLICY, Instant(LATER + 10))
