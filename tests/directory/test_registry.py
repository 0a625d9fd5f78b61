from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.keys import Digest, random_bytes
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.directory import registry
from secure_liaison.directory.leaf import LeafStatus
from secure_liaison.directory.page import read_page, roster_digest
from secure_liaison.directory.registry import RegistryState
from secure_liaison.directory.roster import NO_RELAY
from secure_liaison.encoding import decode, encode
from secure_liaison.errors import (
    CredentialError,
    CredentialExpiredError,
    FormatError,
    OutOfOrderError,
    SecondPersonRequiredError,
    SignatureError,
)
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.identity.enrolment import EnrolmentRequest, open_request
from secure_liaison.identity.ids import DeviceHandle, OfficerId
from secure_liaison.identity.key_list import in_key_order
from secure_liaison.identity.names import Names
from secure_liaison.identity.statements import (
    BriefingContent,
    ClearanceContent,
    DeviceContent,
    OfficerContent,
    RegistrarContent,
    encode_signed,
    make_statement,
    sign_statement,
)
from tests.factories import (
    POLICY,
    YEAR_S,
    DeviceBundle,
    make_agency,
    make_agreement,
    make_charter,
    make_device,
    make_enrolment,
    make_world,
)

NOW = FixedClock().now()
UNTIL = Instant(NOW + YEAR_S)
NAMES = Names(zh="李伟", en="Li Wei")
WORLD = make_world(NOW)
A, B = WORLD.agencies["EMB-A"], WORLD.agencies["EMB-B"]
STATE, KEYS = A.registry, A.registrar_keys
LI = A.officers["li.wei"]
CLEARANCE = ClearanceContent(officer=LI.officer, policy=POLICY, level="mimi")
DATA = STATE.to_bytes()


def request_for(device: DeviceBundle, login: str = "li.wei") -> EnrolmentRequest:
    return open_request(make_enrolment(A, device, login, NAMES, now=NOW))


def admit(request: EnrolmentRequest, *endorsers: SigningKey) -> RegistryState:
    return registry.admit_device(
        STATE, KEYS[:1], request, now=NOW, not_after=UNTIL, endorsers=endorsers
    )


def test_a_registry_survives_its_encoding() -> None:
    assert STATE == RegistryState.from_bytes(DATA)


def test_a_registry_before_its_first_roster_survives_too() -> None:
    fresh = registry.found_registry(
        STATE.anchor, STATE.registrars, minimum_packs=("generic@2026-01-01", "a@2026-01-01")
    )
    assert fresh == RegistryState.from_bytes(fresh.to_bytes())
    assert ("a@2026-01-01", "generic@2026-01-01") == fresh.minimum_packs


def test_only_registrars_make_statements() -> None:
    for keys in ((), (B.registrar_keys[0],), A.root_keys):
        with pytest.raises(SignatureError, match="wrong-signer"):
            registry.grant_clearance(STATE, keys, CLEARANCE, now=NOW, not_after=UNTIL)


def test_a_new_clearance_takes_the_place_of_the_old_one() -> None:
    state = registry.grant_clearance(STATE, KEYS[:1], CLEARANCE, now=NOW, not_after=UNTIL)
    found = [
        one.statement.content
        for one in state.about(LI.officer)
        if isinstance(one.statement.content, ClearanceContent)
    ]
    assert [CLEARANCE] == found


def test_nothing_is_said_about_an_officer_who_is_not_stated() -> None:
    nobody = OfficerId(random_bytes(16))
    with pytest.raises(OutOfOrderError, match="officer-first"):
        registry.grant_clearance(
            STATE, KEYS, replace(CLEARANCE, officer=nobody), now=NOW, not_after=UNTIL
        )
    with pytest.raises(OutOfOrderError, match="officer-first"):
        registry.record_briefing(
            STATE,
            KEYS,
            BriefingContent(officer=nobody, topic="secrecy", pledged=NOW),
            now=NOW,
            not_after=UNTIL,
        )
    with pytest.raises(OutOfOrderError, match="officer-first"):
        admit(request_for(make_device(A.anchor), login="nobody"))


def test_a_login_belongs_to_one_officer() -> None:
    content = replace(STATE.officer_by_login("li.wei"), officer=OfficerId(random_bytes(16)))
    with pytest.raises(CredentialError, match="login-taken"):
        registry.admit_officer(STATE, KEYS, content, now=NOW, not_after=UNTIL)


def test_an_officer_stated_anew_keeps_the_id() -> None:
    content = replace(STATE.officer_by_login("li.wei"), post=Names(zh="参赞", en="Counsellor"))
    state = registry.admit_officer(STATE, KEYS[:1], content, now=NOW, not_after=UNTIL)
    assert content == state.officer_by_login("li.wei")
    assert len(STATE.officers()) == len(state.officers())


def test_a_request_for_elsewhere_is_refused() -> None:
    request = request_for(make_device(A.anchor))
    with pytest.raises(CredentialError, match="other-realm"):
        admit(replace(request, realm=make_charter().realm))
    with pytest.raises(CredentialError, match="other-agency"):
        admit(replace(request, agency=B.agency_id))


def test_a_device_is_registered_once() -> None:
    with pytest.raises(CredentialError, match="device-known"):
        admit(request_for(LI.device), LI.device.signing)


def test_a_second_device_needs_the_endorsement_of_the_first() -> None:
    request = request_for(make_device(A.anchor))
    with pytest.raises(SecondPersonRequiredError, match="device-endorsement"):
        admit(request)
    with pytest.raises(SecondPersonRequiredError, match="device-endorsement"):
        admit(request, A.officers["sec"].device.signing)
    state = admit(request, LI.device.signing)
    assert 2 == len(state.active_devices(LI.officer, now=NOW))
    assert registry.next_roster(state, KEYS, now=NOW, relay=NO_RELAY)


def test_a_device_after_a_lost_one_needs_no_endorsement() -> None:
    state = registry.retire_device(
        STATE, LI.device.handle, mode=RevocationMode.COMPROMISED, since=NOW
    )
    state = registry.admit_device(
        state, KEYS[:1], request_for(make_device(A.anchor)), now=NOW, not_after=UNTIL
    )
    assert 1 == len(state.active_devices(LI.officer, now=NOW))


@pytest.mark.parametrize("mode", RevocationMode)
def test_a_retired_device_stays_in_the_roster(mode: RevocationMode) -> None:
    state = registry.retire_device(STATE, LI.device.handle, mode=mode, since=NOW)
    found = {leaf.handle: leaf.status for leaf in state.leaves}
    assert LeafStatus[mode.name] is found[LI.device.handle]


def test_retirement_is_not_dated_back_behind_the_last_roster() -> None:
    retired = RevocationMode.RETIRED
    with pytest.raises(FormatError, match="revocation-backdated"):
        registry.retire_device(STATE, LI.device.handle, mode=retired, since=Instant(NOW - 1))
    lost = registry.retire_device(
        STATE, LI.device.handle, mode=RevocationMode.COMPROMISED, since=Instant(NOW - 1)
    )
    assert registry.next_roster(lost, KEYS, now=NOW, relay=NO_RELAY)


def test_what_was_said_about_a_lost_device_stays() -> None:
    since, later = Instant(NOW + 5), Instant(NOW + 9)
    lost = registry.retire_device(
        STATE, LI.device.handle, mode=RevocationMode.COMPROMISED, since=since
    )
    for mode in RevocationMode:
        assert lost == registry.retire_device(lost, LI.device.handle, mode=mode, since=later)


NO_DEVICE = DeviceHandle(bytes(16))


def test_an_unknown_device_cannot_be_retired() -> None:
    with pytest.raises(CredentialError, match="unknown-device"):
        registry.retire_device(STATE, NO_DEVICE, mode=RevocationMode.RETIRED, since=NOW)


def test_what_is_withdrawn_is_not_in_the_next_book() -> None:
    digest = next(
        one.digest
        for one in STATE.about(LI.officer)
        if isinstance(one.statement.content, ClearanceContent)
    )
    state = registry.withdraw(STATE, digest)
    _, _, book = registry.next_roster(state, KEYS, now=NOW, relay=NO_RELAY)
    assert len(A.book.statements) - 1 == len(book.statements)


def test_withdrawing_an_officer_withdraws_all_about_the_officer() -> None:
    digest = next(
        one.digest
        for one in STATE.about(LI.officer)
        if isinstance(one.statement.content, OfficerContent)
    )
    state = registry.withdraw(STATE, digest)
    assert () == state.about(LI.officer)
    assert registry.next_roster(state, KEYS, now=NOW, relay=NO_RELAY)


def test_an_unknown_statement_cannot_be_withdrawn() -> None:
    with pytest.raises(CredentialError, match="unknown-statement"):
        registry.withdraw(STATE, Digest(bytes(32)))


def test_an_agreement_is_added_once() -> None:
    signed = make_agreement(A, B, now=NOW)
    state = registry.add_agreement(registry.add_agreement(STATE, signed), signed)
    assert len(STATE.statements) + 1 == len(state.statements)


def test_only_an_agreement_of_the_own_agency_signed_by_it_is_added() -> None:
    c = make_agency(WORLD.charter, "EMB-C", now=NOW)
    device = next(one for one in STATE.signed() if isinstance(one.statement.content, DeviceContent))
    with pytest.raises(CredentialError, match="wrong-kind"):
        registry.add_agreement(STATE, device)
    with pytest.raises(CredentialError, match="other-agency"):
        registry.add_agreement(STATE, make_agreement(B, c, now=NOW))
    other = make_charter()
    d, e = (make_agency(other, code, now=NOW) for code in ("EMB-D", "EMB-E"))
    with pytest.raises(CredentialError, match="other-realm"):
        registry.add_agreement(STATE, make_agreement(d, e, now=NOW))
    signed = make_agreement(A, B, now=NOW)
    by_b = tuple(pair for pair in signed.signatures if pair[0] not in STATE.registrar_ids())
    with pytest.raises(SignatureError, match="too-few-signatures"):
        registry.add_agreement(STATE, replace(signed, signatures=by_b))


def test_sequence_and_previous_digest_follow_the_last_roster() -> None:
    _, snapshot, _ = registry.next_roster(STATE, KEYS, now=NOW, relay=NO_RELAY)
    last, new = read_page(A.snapshot.roster), read_page(snapshot.roster)
    assert (last.sequence + 1, roster_digest(last)) == (new.sequence, new.previous)


def test_a_roster_takes_two_registrars() -> None:
    for keys in (KEYS[:1], (KEYS[0], KEYS[0]), ()):
        with pytest.raises(SecondPersonRequiredError, match="roster"):
            registry.next_roster(STATE, keys, now=NOW, relay=NO_RELAY)


def test_a_roster_takes_as_many_registrars_as_the_root_demanded() -> None:
    keys = tuple(SigningKey.generate() for _ in range(3))
    content = RegistrarContent(
        epoch=1, keys=in_key_order(key.verify_key for key in keys), threshold=3
    )
    statement = make_statement(
        content, realm=WORLD.realm, agency=A.agency_id, not_before=NOW, not_after=UNTIL
    )
    appointed = encode_signed(sign_statement(statement, A.root_keys))
    state = registry.found_registry(STATE.anchor, appointed)
    with pytest.raises(SecondPersonRequiredError, match="roster") as caught:
        registry.next_roster(state, keys[:2], now=NOW, relay=NO_RELAY)
    assert {"need": 3} == caught.value.facts
    assert registry.next_roster(state, keys, now=NOW, relay=NO_RELAY)


def test_a_stranger_does_not_count_as_the_second_registrar() -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        registry.next_roster(STATE, (KEYS[0], B.registrar_keys[0]), now=NOW, relay=NO_RELAY)


def test_registrars_whose_period_has_ended_publish_nothing() -> None:
    with pytest.raises(CredentialExpiredError):
        registry.next_roster(STATE, KEYS, now=UNTIL, relay=NO_RELAY)


def test_a_salt_stays_with_its_statement() -> None:
    _, _, book = registry.next_roster(STATE, KEYS, now=NOW, relay=NO_RELAY)
    assert A.book.statements == book.statements


@given(size=st.integers(0, len(DATA) - 1))
def test_a_truncated_registry_is_refused(size: int) -> None:
    with pytest.raises(FormatError):
        RegistryState.from_bytes(DATA[:size])


def test_a_malformed_pack_list_is_refused() -> None:
    value = decode(DATA, max_bytes=2**24)
    assert isinstance(value, dict)
    with pytest.raises(FormatError, match="minimum-packs"):
        RegistryState.from_bytes(encode({**value, 2: [7]}))
