"""The trusted view: what is accepted, what is in force, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.keys import KeyId, random_bytes
from secure_liaison.directory import registry
from secure_liaison.directory.leaf import device_root
from secure_liaison.directory.page import NO_RELAY, Roster, read_page, roster_digest, sign_roster
from secure_liaison.directory.roster import RosterLeaf
from secure_liaison.directory.view import DirectoryView
from secure_liaison.errors import (
    CredentialError,
    CredentialExpiredError,
    CredentialNotYetValidError,
    CredentialRevokedError,
    DirectoryRollbackError,
    DirectoryStaleError,
    FormatError,
    LiaisonError,
    SignatureError,
    TamperedError,
)
from secure_liaison.identity.anchors import accept_anchor
from secure_liaison.identity.contents import RevocationContent, RevocationMode
from secure_liaison.identity.ids import DeviceHandle, OfficerId, device_handle
from secure_liaison.identity.officer_contents import DeviceContent
from secure_liaison.identity.records import decode_record, encode_record
from secure_liaison.identity.statements import encode_signed
from secure_liaison.transparency.merkle import EMPTY_ROOT
from tests.factories import (
    DAY_S,
    AgencyFixture,
    appoint,
    make_agency,
    make_charter,
    make_device,
    make_leaf,
    make_world,
    proven,
    published,
)

NOW = FixedClock().now()
HOUR_S = 3600
LATER = Instant(NOW + HOUR_S)
WORLD = make_world(NOW)
VIEW = WORLD.view
A, B = WORLD.agencies["EMB-A"], WORLD.agencies["EMB-B"]
LI = WORLD.officer("li.wei@EMB-A")
EMPTY = make_agency(WORLD.charter, "EMB-C", now=NOW)
THIEF = make_agency(WORLD.charter, "AAA-P", now=NOW)
SIGNER = LI.device.signing.verify_key.key_id(WORLD.realm)


def compromised(agency: AgencyFixture, handle: bytes, *, since: int) -> AgencyFixture:
    state = registry.retire_device(
        agency.registry,
        type(LI.device.handle)(handle),
        mode=RevocationMode.COMPROMISED,
        since=Instant(since),
    )
    return published(replace(agency, registry=state), now=LATER)


# --- who is trusted --------------------------------------------------------------------------


def test_an_agency_without_a_trusted_anchor_is_unknown() -> None:
    empty = DirectoryView(WORLD.realm)
    with pytest.raises(CredentialError, match="unknown-agency"):
        empty.with_book(A.book, NOW)
    with pytest.raises(CredentialError, match="unknown-agency"):
        empty.with_snapshot(A.snapshot, NOW)


def test_an_agency_of_another_realm_is_refused() -> None:
    other = make_agency(make_charter(exercise=False), "EMB-C", now=NOW)
    with pytest.raises(CredentialError, match="other-realm"):
        VIEW.with_anchor(other.trusted)


def test_a_second_agency_with_the_same_code_is_refused() -> None:
    double = make_agency(WORLD.charter, "EMB-A", now=NOW)
    with pytest.raises(CredentialError, match="agency-code-taken"):
        VIEW.with_anchor(double.trusted)


def test_a_known_anchor_changes_nothing() -> None:
    assert VIEW is VIEW.with_anchor(A.trusted)


def thief_with(leaf: RosterLeaf) -> AgencyFixture:
    """Return an agency whose newest roster lists the leaf without having asked its device."""
    page = Roster(
        realm=WORLD.realm,
        agency=THIEF.agency_id,
        epoch=1,
        sequence=2,
        previous=roster_digest(read_page(THIEF.snapshot.roster)),
        device_root=device_root([leaf.encode()]),
        device_count=1,
        statement_root=EMPTY_ROOT,
        statement_count=0,
        created=NOW,
        expires=Instant(NOW + DAY_S),
        relay=NO_RELAY,
    )
    signed = sign_roster(page, THIEF.registrar_keys)
    snapshot = replace(THIEF.snapshot, roster=signed, leaves=(leaf.encode(),))
    return replace(THIEF, snapshot=snapshot)


def test_an_agency_cannot_list_anothers_device() -> None:
    offered = thief_with(A.registry.leaves[0])
    with pytest.raises(FormatError, match="device-handle"):
        VIEW.with_anchor(THIEF.trusted).with_snapshot(offered.snapshot, NOW)


def test_an_agency_cannot_list_a_key_that_it_has_only_seen() -> None:
    seen = A.registry.leaves[0]
    named = replace(seen, handle=device_handle(WORLD.realm, THIEF.agency_id, seen.signing_key))
    forger = make_device(THIEF.anchor).signing
    for leaf in (named, proven(named, THIEF.anchor, forger)):
        with pytest.raises(SignatureError):
            VIEW.with_anchor(THIEF.trusted).with_snapshot(thief_with(leaf).snapshot, NOW)


def test_an_agency_cannot_give_its_own_device_anothers_handle() -> None:
    own = make_device(THIEF.anchor)
    leaf = replace(make_leaf(THIEF.anchor, own, now=NOW), handle=LI.device.handle)
    leaf = proven(leaf, THIEF.anchor, own.signing)
    with pytest.raises(FormatError, match="device-handle"):
        VIEW.with_anchor(THIEF.trusted).with_snapshot(thief_with(leaf).snapshot, NOW)


def test_an_agency_cannot_state_anothers_officer() -> None:
    with pytest.raises(FormatError, match="officer-id"):
        registry.admit_officer(
            THIEF.registry,
            THIEF.registrar_keys[:1],
            A.registry.officer_by_login("li.wei"),
            now=NOW,
            not_after=Instant(NOW + DAY_S),
        )


def test_a_key_listed_twice_by_its_holder_makes_that_device_alone_unusable() -> None:
    twice = make_device(THIEF.anchor, signing=LI.device.signing)
    offered = thief_with(make_leaf(THIEF.anchor, twice, now=NOW))
    view = VIEW.with_anchor(THIEF.trusted).with_snapshot(offered.snapshot, NOW)
    for look_up in (
        lambda: view.device_by_signing_key(SIGNER),
        lambda: view.check_signer(SIGNER, at_now=NOW, witnessed_at=None),
        lambda: view.device(LI.device.handle),
        lambda: view.device(twice.handle),
        lambda: view.owner_of(LI.device.handle),
    ):
        with pytest.raises(CredentialError, match="device-elsewhere"):
            look_up()
    assert () == view.devices_of(LI.officer, NOW)
    other = A.officers["sec"]
    assert [other.device.handle] == [one.handle for one in view.devices_of(other.officer, NOW)]
    # What the clash came from does not stop the agency's next word about that very device.
    lost = compromised(A, LI.device.handle, since=LATER)
    for newer in (view.with_snapshot(lost.snapshot, LATER), view.with_book(lost.book, LATER)):
        assert (1, 3) == newer.roster_sequences()[A.agency_id]
    assert view.to_state() == DirectoryView.from_state(view.to_state()).to_state()


# --- sequence --------------------------------------------------------------------------------


def test_a_newer_roster_is_accepted() -> None:
    newer = published(A, now=LATER)
    assert (1, 3) == VIEW.with_snapshot(newer.snapshot, LATER).roster_sequences()[A.agency_id]


def test_a_roster_rolled_back_is_refused() -> None:
    newer = VIEW.with_snapshot(published(A, now=LATER).snapshot, LATER)
    with pytest.raises(DirectoryRollbackError, match="sequence"):
        newer.with_snapshot(A.snapshot, LATER)
    with pytest.raises(DirectoryRollbackError, match="sequence"):
        newer.with_book(A.book, LATER)


def test_a_refused_roster_changes_nothing() -> None:
    newer = VIEW.with_snapshot(published(A, now=LATER).snapshot, LATER)
    before = newer.to_state()
    with pytest.raises(DirectoryRollbackError):
        newer.with_snapshot(A.snapshot, LATER)
    assert before == newer.to_state()


def test_two_rosters_at_one_place_are_refused() -> None:
    one, other = published(A, now=LATER), published(A, now=Instant(LATER + 1))
    view = VIEW.with_snapshot(one.snapshot, LATER)
    with pytest.raises(DirectoryRollbackError, match="equivocation"):
        view.with_snapshot(other.snapshot, Instant(LATER + 1))
    with pytest.raises(DirectoryRollbackError, match="equivocation"):
        view.with_book(other.book, Instant(LATER + 1))


def test_a_roster_that_does_not_follow_the_known_one_is_refused() -> None:
    forked = published(A, now=LATER)
    fork_of_three = published(forked, now=Instant(LATER + 1))
    known = VIEW.with_snapshot(published(A, now=Instant(LATER + 2)).snapshot, Instant(LATER + 2))
    with pytest.raises(DirectoryRollbackError, match="previous"):
        known.with_snapshot(fork_of_three.snapshot, Instant(LATER + 2))


def test_a_gap_in_the_sequence_is_allowed() -> None:
    far = published(published(A, now=LATER), now=Instant(LATER + 1))
    view = VIEW.with_snapshot(far.snapshot, Instant(LATER + 1))
    assert (1, 4) == view.roster_sequences()[A.agency_id]


def test_the_same_roster_with_other_signatures_is_the_same() -> None:
    resigned = sign_roster(read_page(A.snapshot.roster), A.registrar_keys)
    assert A.snapshot.roster != resigned
    view = VIEW.with_snapshot(replace(A.snapshot, roster=resigned), NOW)
    assert (1, 2) == view.roster_sequences()[A.agency_id]
    assert view.agency_by_code("EMB-A").statements_current


def test_a_roster_re_signed_by_one_registrar_only_is_refused() -> None:
    newer = published(A, now=LATER)
    record = decode_record(newer.snapshot.roster, max_bytes=2**20)
    alone = encode_record(replace(record, signatures=record.signatures[:1]))
    with pytest.raises(SignatureError, match="too-few-signatures"):
        VIEW.with_snapshot(replace(newer.snapshot, roster=alone), LATER)


def next_epoch(epoch: int = 2) -> AgencyFixture:
    """Let the root appoint new registrars, who begin with an empty registry."""
    keys = make_agency(WORLD.charter, "X1", now=NOW).registrar_keys
    appointed = appoint(A.anchor, A.root_keys, keys, now=NOW, epoch=epoch)
    state = registry.found_registry(A.registry.anchor, encode_signed(appointed))
    state = replace(state, leaves=A.registry.leaves, last_roster=A.registry.last_roster)
    return published(replace(A, registrar_keys=keys, registry=state), now=LATER)


def test_a_new_epoch_begins_again_at_one() -> None:
    view = VIEW.with_snapshot(next_epoch().snapshot, LATER)
    assert (2, 1) == view.roster_sequences()[A.agency_id]


def test_an_older_epoch_does_not_come_back_with_a_high_sequence() -> None:
    view = VIEW.with_snapshot(next_epoch().snapshot, LATER)
    old = published(published(A, now=LATER), now=LATER)
    with pytest.raises(DirectoryRollbackError, match="sequence"):
        view.with_snapshot(old.snapshot, LATER)


def test_two_sets_of_registrars_in_one_epoch_are_refused() -> None:
    with pytest.raises(DirectoryRollbackError, match="equivocation"):
        VIEW.with_snapshot(next_epoch(epoch=1).snapshot, LATER)


def test_statements_of_an_earlier_epoch_do_not_carry_over() -> None:
    renewed = next_epoch()
    carried = replace(renewed.registry, statements=A.registry.statements)
    with pytest.raises(SignatureError):
        published(replace(renewed, registry=carried), now=LATER)


# --- time ------------------------------------------------------------------------------------


def test_an_expired_roster_is_not_accepted() -> None:
    with pytest.raises(CredentialExpiredError, match="roster-expired"):
        VIEW.with_snapshot(A.snapshot, Instant(NOW + 30 * DAY_S))


def test_a_roster_from_the_future_is_not_accepted() -> None:
    tomorrow = published(A, now=Instant(NOW + DAY_S))
    with pytest.raises(CredentialNotYetValidError, match="roster-not-yet"):
        VIEW.with_snapshot(tomorrow.snapshot, NOW)


def test_a_fresh_directory_is_fresh() -> None:
    VIEW.check_fresh(A.agency_id, now=Instant(NOW + DAY_S), max_age_s=DAY_S)


def test_a_directory_grows_stale() -> None:
    with pytest.raises(DirectoryStaleError, match="too-old") as caught:
        VIEW.check_fresh(A.agency_id, now=Instant(NOW + DAY_S + 1), max_age_s=DAY_S)
    assert {"hours": 24} == caught.value.facts


def test_the_same_roster_again_makes_it_fresh() -> None:
    later = Instant(NOW + 2 * DAY_S)
    VIEW.with_snapshot(A.snapshot, later).check_fresh(A.agency_id, now=later, max_age_s=DAY_S)


def test_a_book_renews_the_contact_no_further_than_its_roster_was_signed() -> None:
    later = VIEW.with_book(A.book, Instant(NOW + 2 * DAY_S))
    assert NOW == later.agency_by_code("EMB-A").checked_at


def test_the_moment_of_contact_never_moves_back() -> None:
    later = Instant(NOW + 2 * DAY_S)
    view = VIEW.with_snapshot(A.snapshot, later).with_snapshot(A.snapshot, NOW)
    assert later == view.agency_by_code("EMB-A").checked_at


def test_a_clock_set_back_an_hour_makes_nothing_fresh() -> None:
    with pytest.raises(DirectoryStaleError, match="contact-ahead"):
        VIEW.check_fresh(A.agency_id, now=Instant(NOW - HOUR_S), max_age_s=DAY_S)


def test_an_expired_roster_is_not_fresh_however_new_the_contact() -> None:
    late = Instant(NOW + 30 * DAY_S)
    view = VIEW.with_snapshot(A.snapshot, Instant(late - 1))
    with pytest.raises(DirectoryStaleError, match="expired"):
        view.check_fresh(A.agency_id, now=late, max_age_s=DAY_S)


def test_an_agency_never_heard_of_is_not_fresh() -> None:
    c = make_agency(WORLD.charter, "EMB-C", now=NOW)
    with pytest.raises(DirectoryStaleError, match="never-checked"):
        VIEW.with_anchor(c.trusted).check_fresh(c.agency_id, now=NOW, max_age_s=DAY_S)
    with pytest.raises(CredentialError, match="unknown-agency"):
        VIEW.check_fresh(c.agency_id, now=NOW, max_age_s=DAY_S)


# --- look-ups --------------------------------------------------------------------------------


def test_agencies_are_listed_by_code() -> None:
    found = VIEW.agencies()
    assert ["EMB-A", "EMB-B"] == [one.code for one in found]
    assert all(one.statements_current and one.checked_at == NOW for one in found)


def test_an_officer_is_found_by_address_id_and_device() -> None:
    record = VIEW.find_officer("li.wei@EMB-A")
    assert (LI.officer, A.agency_id, "Li Wei") == (record.officer, record.agency, record.names.en)
    assert record == VIEW.officer(LI.officer) == VIEW.owner_of(LI.device.handle)


def test_an_agencys_officers_are_listed_by_login() -> None:
    assert ["li.wei", "sec"] == [one.login for one in VIEW.officers_of(A.agency_id)]
    assert () == VIEW.with_anchor(EMPTY.trusted).officers_of(EMPTY.agency_id)
    with pytest.raises(CredentialError, match="unknown-agency"):
        VIEW.officers_of(EMPTY.agency_id)


def test_a_device_without_a_book_has_no_owner() -> None:
    view = DirectoryView(WORLD.realm).with_anchor(A.trusted).with_snapshot(A.snapshot, NOW)
    with pytest.raises(CredentialError, match="unknown-owner"):
        view.owner_of(LI.device.handle)
    view.check_signer(SIGNER, at_now=NOW, witnessed_at=None)
    assert A.agency_id == DirectoryView.from_state(view.to_state()).device(LI.device.handle)[0]


def test_a_device_whose_statement_was_withdrawn_has_no_owner() -> None:
    digest = next(
        one.digest
        for one in A.registry.about(LI.officer)
        if isinstance(one.statement.content, DeviceContent)
    )
    state = registry.withdraw(A.registry, digest)
    view = VIEW.with_book(published(replace(A, registry=state), now=LATER).book, LATER)
    with pytest.raises(CredentialError, match="unknown-owner"):
        view.owner_of(LI.device.handle)
    assert () == view.devices_of(LI.officer, LATER)


@pytest.mark.parametrize("address", ["li.wei", "@EMB-A", "li.wei@", ""])
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(FormatError, match="address"):
        VIEW.find_officer(address)


def test_unknown_names_are_told_apart() -> None:
    with pytest.raises(CredentialError, match="unknown-agency"):
        VIEW.find_officer("li.wei@EMB-C")
    with pytest.raises(CredentialError, match="unknown-officer"):
        VIEW.find_officer("li.wie@EMB-A")
    with pytest.raises(CredentialError, match="unknown-officer"):
        VIEW.standing(OfficerId(bytes(16)), NOW)
    with pytest.raises(CredentialError, match="unknown-device"):
        VIEW.device(DeviceHandle(bytes(16)))
    with pytest.raises(CredentialError, match="unknown-key"):
        VIEW.device_by_signing_key(KeyId(bytes(32)))


def test_an_agency_says_under_which_packs_it_takes_labels() -> None:
    state = replace(A.registry, minimum_packs=("cn.state-secrets@2024-09-01",))
    newer = published(replace(A, registry=state), now=LATER)
    view = VIEW.with_snapshot(newer.snapshot, LATER).with_anchor(EMPTY.trusted)
    assert ("cn.state-secrets@2024-09-01",) == view.minimum_packs(A.agency_id)
    assert () == view.minimum_packs(B.agency_id) == view.minimum_packs(EMPTY.agency_id)
    with pytest.raises(CredentialError, match="unknown-agency"):
        view.minimum_packs(THIEF.agency_id)


def test_a_device_is_found_by_handle_and_key() -> None:
    agency, leaf = VIEW.device(LI.device.handle)
    assert (A.agency_id, LI.device.signing.verify_key) == (agency, leaf.signing_key)
    assert (agency, leaf) == VIEW.device_by_signing_key(SIGNER)
    assert (leaf,) == VIEW.devices_of(LI.officer, NOW)


def test_a_device_outside_its_period_is_not_used() -> None:
    assert () == VIEW.devices_of(LI.officer, Instant(NOW - HOUR_S))
    assert () == VIEW.devices_of(LI.officer, Instant(NOW + 30 * DAY_S))


def test_a_lost_device_is_not_used_any_more() -> None:
    lost = compromised(A, LI.device.handle, since=NOW)
    view = VIEW.with_book(lost.book, LATER)
    assert () == view.devices_of(LI.officer, LATER)
    assert LI.officer == view.owner_of(LI.device.handle).officer


def test_an_older_book_names_no_owner_for_exchanged_keys() -> None:
    own = next(leaf for leaf in A.registry.leaves if leaf.handle == LI.device.handle)
    stranger = replace(own, vault_key=make_device(A.anchor).kem.public_key)
    stranger = proven(stranger, A.anchor, LI.device.signing)
    swapped = replace(A.registry, statements=()).with_leaf(stranger)
    view = VIEW.with_snapshot(published(replace(A, registry=swapped), now=LATER).snapshot, LATER)
    with pytest.raises(CredentialError, match="unknown-owner"):
        view.owner_of(LI.device.handle)


# --- signers ---------------------------------------------------------------------------------


def test_an_active_signer_counts() -> None:
    VIEW.check_signer(SIGNER, at_now=NOW, witnessed_at=None)


def test_an_unknown_signer_does_not() -> None:
    with pytest.raises(CredentialError, match="unknown-key"):
        VIEW.check_signer(KeyId(bytes(32)), at_now=NOW, witnessed_at=None)


def test_a_compromised_signer_counts_only_for_what_was_witnessed_before() -> None:
    since = NOW + 100
    view = VIEW.with_snapshot(compromised(A, LI.device.handle, since=since).snapshot, LATER)
    view.check_signer(SIGNER, at_now=LATER, witnessed_at=Instant(since - 1))
    for witnessed in (None, Instant(since)):
        with pytest.raises(CredentialRevokedError, match="compromised"):
            view.check_signer(SIGNER, at_now=LATER, witnessed_at=witnessed)


def test_a_revocation_statement_counts_as_the_leaf_does() -> None:
    revoked = registry.revoke(
        A.registry,
        A.registrar_keys[:1],
        RevocationContent(target=SIGNER, mode=RevocationMode.COMPROMISED, since=NOW),
        now=LATER,
        not_after=Instant(LATER + DAY_S),
    )
    view = VIEW.with_book(published(replace(A, registry=revoked), now=LATER).book, LATER)
    with pytest.raises(CredentialRevokedError, match="compromised"):
        view.check_signer(SIGNER, at_now=LATER, witnessed_at=None)
    assert () == view.devices_of(LI.officer, LATER)


def test_a_revocation_acts_after_its_own_period_and_without_a_matching_book() -> None:
    revoked = registry.revoke(
        A.registry,
        A.registrar_keys[:1],
        RevocationContent(target=SIGNER, mode=RevocationMode.COMPROMISED, since=NOW),
        now=LATER,
        not_after=Instant(LATER + 1),
    )
    with_it = published(replace(A, registry=revoked), now=LATER)
    newer = published(with_it, now=Instant(LATER + 10))
    view = VIEW.with_book(with_it.book, LATER).with_snapshot(newer.snapshot, Instant(LATER + 10))
    with pytest.raises(CredentialRevokedError):
        view.check_signer(SIGNER, at_now=Instant(LATER + 10), witnessed_at=None)


def test_one_agency_cannot_revoke_anothers_key() -> None:
    revoked = registry.revoke(
        B.registry,
        B.registrar_keys[:1],
        RevocationContent(target=SIGNER, mode=RevocationMode.COMPROMISED, since=NOW),
        now=LATER,
        not_after=Instant(LATER + DAY_S),
    )
    view = VIEW.with_book(published(replace(B, registry=revoked), now=LATER).book, LATER)
    view.check_signer(SIGNER, at_now=LATER, witnessed_at=None)


def test_under_an_expired_roster_only_a_witnessed_time_counts() -> None:
    late = Instant(NOW + 30 * DAY_S)
    VIEW.check_signer(SIGNER, at_now=late, witnessed_at=NOW)
    with pytest.raises(CredentialExpiredError, match="roster-expired"):
        VIEW.check_signer(SIGNER, at_now=late, witnessed_at=None)


def test_a_clock_an_hour_slow_denies_a_signer() -> None:
    with pytest.raises(CredentialNotYetValidError):
        VIEW.check_signer(SIGNER, at_now=Instant(NOW - HOUR_S), witnessed_at=None)


# --- state -----------------------------------------------------------------------------------


def test_a_view_survives_its_state() -> None:
    state = VIEW.to_state()
    restored = DirectoryView.from_state(state)
    assert state == restored.to_state()
    assert VIEW.agencies() == restored.agencies()
    assert VIEW.standing(LI.officer, NOW) == restored.standing(LI.officer, NOW)


def test_a_view_with_an_outdated_book_survives_its_state() -> None:
    view = VIEW.with_snapshot(published(A, now=LATER).snapshot, LATER)
    restored = DirectoryView.from_state(view.to_state())
    assert view.agencies() == restored.agencies()
    assert not restored.agency_by_code("EMB-A").statements_current


def test_a_restored_view_still_refuses_a_rollback() -> None:
    newer = VIEW.with_snapshot(published(A, now=LATER).snapshot, LATER)
    with pytest.raises(DirectoryRollbackError, match="sequence"):
        DirectoryView.from_state(newer.to_state()).with_snapshot(A.snapshot, LATER)


def test_a_view_whose_rosters_have_expired_can_still_be_read() -> None:
    restored = DirectoryView.from_state(VIEW.to_state())
    assert "Li Wei" == restored.find_officer("li.wei@EMB-A").names.en


def test_an_empty_view_survives_its_state() -> None:
    assert () == DirectoryView.from_state(DirectoryView(WORLD.realm).to_state()).agencies()


STATE = VIEW.to_state()


@given(size=st.integers(0, len(STATE) - 1))
def test_a_truncated_state_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        DirectoryView.from_state(STATE[:size])


def test_a_state_whose_anchor_was_exchanged_is_refused() -> None:
    other = make_agency(WORLD.charter, "EMB-C", now=NOW)
    digits = A.anchor.digits().encode()
    assert digits in STATE
    with pytest.raises(TamperedError, match="digits"):
        DirectoryView.from_state(STATE.replace(digits, other.anchor.digits().encode()))


@given(position=st.integers(0, len(STATE) - 1))
def test_a_flipped_byte_never_reads_as_another_roster(position: int) -> None:
    flipped = bytearray(STATE)
    flipped[position] ^= 0x01
    try:
        restored = DirectoryView.from_state(bytes(flipped))
    except LiaisonError:
        return
    sequences = restored.roster_sequences()
    assert VIEW.roster_sequences() == sequences


def test_digits_are_needed_for_every_new_anchor() -> None:
    with pytest.raises(TamperedError, match="digits"):
        accept_anchor(A.anchor, typed_digits=B.anchor.digits())


def test_noise_is_no_state() -> None:
    with pytest.raises(FormatError):
        DirectoryView.from_state(random_bytes(40))


# --- who signs for an agency ------------------------------------------------------------------


def test_who_signs_for_an_agency_is_known_under_its_roster_in_force() -> None:
    registrars, revocations = VIEW.signers(A.agency_id, NOW)
    assert {key.verify_key for key in A.registrar_keys} == set(registrars.keys)
    assert revocations.find(bytes(32)) is None


def test_nobody_signs_for_an_agency_whose_roster_is_unknown_or_has_ended() -> None:
    with pytest.raises(CredentialError, match="unknown-agency"):
        VIEW.signers(THIEF.agency_id, NOW)
    with pytest.raises(DirectoryStaleError, match="never-checked"):
        VIEW.with_anchor(EMPTY.trusted).signers(EMPTY.agency_id, NOW)
    with pytest.raises(DirectoryStaleError, match="expired"):
        VIEW.signers(A.agency_id, Instant(NOW + 400 * DAY_S))
