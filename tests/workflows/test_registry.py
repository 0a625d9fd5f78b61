"""The registry: every change signed and written down, in force with the next roster."""

from __future__ import annotations

from pathlib import Path

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialError,
    FormatError,
    OutOfOrderError,
    SecondPersonRequiredError,
    SignatureError,
)
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.identity.names import Names
from secure_liaison.identity.statements import encode_signed
from secure_liaison.labels.agreement_terms import terms_up_to
from secure_liaison.labels.pack import BUILTIN_PACKS
from secure_liaison.office import Registry, open_registry
from secure_liaison.vault.key_files import read_key_file
from secure_liaison.workflows import correspondence, enrolment, founding, registry
from secure_liaison.workflows.enrolment import Enrolled
from tests.attacks.world import SENDER, Scene, snapshot_of
from tests.workflows.desks import (
    LIAISON,
    READER,
    queued,
    registry_events,
    republish,
)

A, B = "EMB-A", "EMB-B"


def one_of(scene: Scene, code: str = B) -> list[SigningKey]:
    return list(scene.keys(code).registrars[:1])


def asked(scene: Scene, home: Path, code: str = B, login: str = "new.one") -> Enrolled:
    """Let a new desk of an agency ask to be admitted."""
    keys = scene.keys(code)
    return enrolment.enrol(
        home,
        "passphrase",
        anchor=keys.anchor_octets,
        typed_digits=keys.anchor.digits(),
        login=login,
        names=Names(zh="新人", en="Newcomer"),
        clock=scene.clock,
        cost=TEST_COST,
    )


def admit(scene: Scene, request: Enrolled, *, digits: str = "", **fields: object) -> None:
    registry.admit(
        scene.registry(B),
        request.request,
        fields.pop("keys", one_of(scene)),  # type: ignore[arg-type]  # tests know the fields
        typed_digits=digits or request.digits,
        post=LIAISON,
        **fields,  # type: ignore[arg-type]  # likewise
    )


class Unchanged:
    """Demands that neither the state nor the ledger of a registry changes inside."""

    def __init__(self, office: Registry) -> None:
        self._office = office

    def __enter__(self) -> None:
        self._before = self._office.state.to_bytes(), registry_events(self._office)

    def __exit__(self, *_: object) -> None:
        assert self._before == (self._office.state.to_bytes(), registry_events(self._office))


# --- admit ------------------------------------------------------------------------------------


def test_admitting_states_officer_and_device_and_is_written_down(
    scene: Scene, tmp_path: Path
) -> None:
    request = asked(scene, tmp_path / "new")
    admit(scene, request)
    office = scene.registry(B)
    officer = office.state.officer_by_login("new.one")
    assert 1 == len(office.state.active_devices(officer.officer, now=scene.clock.now()))
    (entry,) = [
        each.event for each in office.ledger.entries() if each.event.counterpart == ("new.one",)
    ]
    assert (EventType.DEVICE_ENROL, B) == (entry.type, entry.actor)


def test_the_digits_may_be_typed_with_or_without_spaces(scene: Scene, tmp_path: Path) -> None:
    request = asked(scene, tmp_path / "new")
    admit(scene, request, digits=request.digits.replace(" ", ""))


def test_wrong_digits_admit_nobody(scene: Scene, tmp_path: Path) -> None:
    request = asked(scene, tmp_path / "new")
    with Unchanged(scene.registry(B)), pytest.raises(CredentialError, match="digits"):
        admit(scene, request, digits="0000 0000 0000")


def test_a_request_to_another_agency_admits_nobody(scene: Scene, tmp_path: Path) -> None:
    request = asked(scene, tmp_path / "new", A)
    with Unchanged(scene.registry(B)), pytest.raises(CredentialError, match="other-agency"):
        admit(scene, request)


def test_a_request_of_another_realm_admits_nobody(scene: Scene, tmp_path: Path) -> None:
    request = asked(scene, tmp_path / "new", "EMB-X")
    with Unchanged(scene.registry(B)), pytest.raises(CredentialError, match="other-realm"):
        admit(scene, request)


def test_a_device_is_admitted_once(scene: Scene, tmp_path: Path) -> None:
    request = asked(scene, tmp_path / "new")
    admit(scene, request)
    with Unchanged(scene.registry(B)), pytest.raises(CredentialError, match="device-known"):
        admit(scene, request)


def test_a_second_device_needs_the_endorsement_of_the_first(scene: Scene, tmp_path: Path) -> None:
    request = asked(scene, tmp_path / "new", login=READER)
    with (
        Unchanged(scene.registry(B)),
        pytest.raises(SecondPersonRequiredError, match="device-endorsement"),
    ):
        admit(scene, request)
    admit(scene, request, endorsers=[scene.desk(READER).keys.signing])
    officer = scene.registry(B).state.officer_by_login(READER)
    assert 2 == len(scene.registry(B).state.active_devices(officer.officer, now=scene.clock.now()))


def test_only_a_registrar_admits(scene: Scene, tmp_path: Path) -> None:
    request = asked(scene, tmp_path / "new")
    with Unchanged(scene.registry(B)), pytest.raises(SignatureError, match="wrong-signer"):
        admit(scene, request, keys=[SigningKey.generate()])


# --- clear, brief, withdraw, retire, accredit -------------------------------------------------


def test_nobody_is_cleared_briefed_withdrawn_or_retired_before_being_admitted(
    scene: Scene,
) -> None:
    office, keys = scene.registry(B), one_of(scene)
    acts = (
        lambda: registry.clear(office, "nobody", keys, level="秘密", person_class="general"),
        lambda: registry.brief(office, "nobody", keys, topic="secrecy"),
        lambda: registry.withdraw_clearance(office, "nobody"),
        lambda: registry.retire(
            office, "nobody", mode=RevocationMode.RETIRED, since=scene.clock.now()
        ),
    )
    for act in acts:
        with Unchanged(office), pytest.raises(OutOfOrderError, match="officer-first"):
            act()


def test_a_level_that_the_pack_does_not_know_is_not_stated(scene: Scene) -> None:
    office = scene.registry(B)
    with Unchanged(office), pytest.raises(FormatError):
        registry.clear(office, READER, one_of(scene), level="很密", person_class="general")


def test_a_new_clearance_replaces_the_one_before(scene: Scene) -> None:
    registry.clear(scene.registry(B), READER, one_of(scene), level="秘密", person_class="general")
    republish(scene, B, SENDER)
    with pytest.raises(AccessDeniedError) as caught:
        queued(scene, level="机密")
    assert "CLEARANCE_BELOW_LABEL" in {each.code for each in caught.value.reasons}


def test_a_clearance_ends_after_its_days(scene: Scene) -> None:
    registry.clear(
        scene.registry(B),
        READER,
        one_of(scene),
        level="机密",
        person_class="important",
        days=1,
    )
    republish(scene, B, SENDER)
    scene.clock.advance(86400)
    with pytest.raises(AccessDeniedError) as caught:
        queued(scene)
    assert "CLEARANCE_EXPIRED" in {each.code for each in caught.value.reasons}


def test_withdrawing_acts_with_the_next_roster_and_not_before(scene: Scene) -> None:
    registry.withdraw_clearance(scene.registry(B), READER)
    queued(scene)
    republish(scene, B, SENDER)
    with pytest.raises(AccessDeniedError):
        queued(scene)


def test_a_clearance_that_nobody_holds_cannot_be_withdrawn(scene: Scene) -> None:
    office = scene.registry(B)
    registry.withdraw_clearance(office, READER)
    with Unchanged(office), pytest.raises(CredentialError, match="unknown-statement"):
        registry.withdraw_clearance(office, READER)
    with Unchanged(office), pytest.raises(CredentialError, match="unknown-statement"):
        registry.withdraw_clearance(office, "m.rossi", pack="generic")


@pytest.mark.parametrize("mode", list(RevocationMode))
def test_retiring_stops_every_device_and_says_how(scene: Scene, mode: RevocationMode) -> None:
    office = scene.registry(B)
    assert 1 == registry.retire(office, READER, mode=mode, since=scene.clock.now())
    assert mode.name.lower() == list(office.ledger.entries())[-1].event.detail["mode"]
    republish(scene, B, SENDER)
    with pytest.raises(AccessDeniedError) as caught:
        queued(scene)
    assert ["NO_DEVICE"] == [each.code for each in caught.value.reasons]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [(RevocationMode.RETIRED, "retired"), (RevocationMode.COMPROMISED, "compromised")],
)
def test_what_a_retired_device_signed_says_which_of_the_two_it_was(
    scene: Scene, mode: RevocationMode, reason: str
) -> None:
    scene.send()
    correspondence.collect(scene.desk(READER))
    registry.retire(scene.registry(A), SENDER, mode=mode, since=scene.clock.now())
    republish(scene, A, READER)
    (line,) = correspondence.inbox(scene.desk(READER))
    assert line.refusal is not None
    assert reason == line.refusal.reason


def test_an_officer_without_a_device_has_none_to_retire(scene: Scene) -> None:
    office = scene.registry(B)
    for count in (1, 0):
        assert count == registry.retire(
            office, READER, mode=RevocationMode.RETIRED, since=scene.clock.now()
        )


def test_an_accreditation_is_in_force_with_the_next_book(scene: Scene) -> None:
    desk, office = scene.desk(SENDER), scene.registry(A)
    registry.accredit(
        office, one_of(scene, A), level="秘密", granted_by="national office", basis="decision 7"
    )
    republish(scene, A, SENDER)
    policy = "cn.state-secrets"
    assert "mimi" == desk.directory.accreditation(desk.agency, policy, scene.clock.now())
    assert EventType.ACCREDITATION_RECORD in registry_events(office)


# --- agreements -------------------------------------------------------------------------------


def proposed(scene: Scene, **fields: object) -> bytes:
    return registry.propose_agreement(
        scene.registry(A),
        fields.pop("partner", scene.keys(B).anchor),  # type: ignore[arg-type]  # tests know
        one_of(scene, A),
        name="agr:second",
        terms=terms_up_to("秘密"),
        **fields,  # type: ignore[arg-type]  # likewise
    )


def test_an_agreement_is_in_force_once_both_have_signed_and_published(scene: Scene) -> None:
    scene.clock.advance(60)
    signed = registry.countersign(scene.registry(B), proposed(scene), one_of(scene, B))
    for code in (A, B):
        assert "agr:second" == registry.adopt_agreement(scene.registry(code), signed).id
    desk = scene.desk(SENDER)
    for code in (A, B):
        republish(scene, code, SENDER)
    found = desk.directory.agreement_between(scene.agency(A), scene.agency(B), scene.clock.now())
    assert found is not None
    assert "agr:second" == found.id


def test_nothing_is_agreed_with_another_realm(scene: Scene) -> None:
    with pytest.raises(CredentialError, match="other-realm"):
        proposed(scene, partner=scene.keys("EMB-X").anchor)


def test_proposing_and_countersigning_change_no_registry(scene: Scene) -> None:
    with Unchanged(scene.registry(A)), Unchanged(scene.registry(B)):
        registry.countersign(scene.registry(B), proposed(scene), one_of(scene, B))


def test_only_a_registrar_proposes_and_countersigns(scene: Scene) -> None:
    with pytest.raises(SignatureError, match="wrong-signer"):
        registry.propose_agreement(
            scene.registry(A),
            scene.keys(B).anchor,
            [SigningKey.generate()],
            name="agr:second",
            terms=terms_up_to("秘密"),
        )
    with pytest.raises(SignatureError, match="too-few-signatures"):
        registry.countersign(scene.registry(B), proposed(scene), [SigningKey.generate()])


def test_without_the_own_signature_nothing_is_adopted(scene: Scene) -> None:
    with (
        Unchanged(scene.registry(B)),
        pytest.raises(SignatureError, match="too-few-signatures"),
    ):
        registry.adopt_agreement(scene.registry(B), proposed(scene))


def test_a_third_agency_has_nothing_to_adopt(scene: Scene) -> None:
    with pytest.raises(CredentialError, match="other-realm"):
        registry.adopt_agreement(scene.registry("EMB-X"), proposed(scene))


def test_what_is_no_agreement_is_not_adopted(scene: Scene) -> None:
    officer = scene.registry(B).state.signed()[0]
    with Unchanged(scene.registry(B)), pytest.raises(CredentialError, match="wrong-kind"):
        registry.adopt_agreement(scene.registry(B), encode_signed(officer))
    with pytest.raises(FormatError):
        registry.countersign(scene.registry(B), b"no statement", one_of(scene))


def test_an_agreement_names_every_version_that_old_labels_may_bear(scene: Scene) -> None:
    made = registry.read_agreement(proposed(scene))
    assert {each.policy for each in made.packs} == set(BUILTIN_PACKS)


def test_an_agreement_signed_by_one_side_only_is_not_in_force(scene: Scene) -> None:
    """A publishes what only A signed; B never agreed to the higher level."""
    octets = registry.propose_agreement(
        scene.registry(A),
        scene.keys(B).anchor,
        one_of(scene, A),
        name="agr:alone",
        terms=terms_up_to("绝密"),
    )
    registry.adopt_agreement(scene.registry(A), octets)
    republish(scene, A, SENDER)
    desk = scene.desk(SENDER)
    found = desk.directory.agreement_between(scene.agency(A), scene.agency(B), scene.clock.now())
    assert found is not None
    assert "agr:attacks" == found.id


# --- publish ----------------------------------------------------------------------------------


def test_one_registrar_publishes_nothing(scene: Scene) -> None:
    office = scene.registry(B)
    with Unchanged(office), pytest.raises(SecondPersonRequiredError, match="roster"):
        registry.publish(office, one_of(scene))


def test_the_same_registrar_twice_publishes_nothing(scene: Scene) -> None:
    office = scene.registry(B)
    with Unchanged(office), pytest.raises(SecondPersonRequiredError, match="roster"):
        registry.publish(office, one_of(scene) * 2)


def test_a_stranger_as_second_registrar_publishes_nothing(scene: Scene) -> None:
    office = scene.registry(B)
    with Unchanged(office), pytest.raises(SignatureError, match="wrong-signer"):
        registry.publish(office, [*one_of(scene), SigningKey.generate()])


def new_registry(scene: Scene, home: Path) -> tuple[Registry, list[SigningKey]]:
    words = founding.Passphrases(registry="registry", root="root", registrars=("one", "two"))
    found = founding.found_agency(
        home,
        charter=scene.desk(SENDER).charter,
        names=Names(zh="新馆", en="New embassy"),
        code="EMB-N",
        passphrases=words,
        clock=scene.clock,
        cost=TEST_COST,
    )
    keys = [
        read_key_file(path, word)
        for path, word in zip(found.key_files[1:], words.registrars, strict=True)
    ]
    return open_registry(home, "registry", clock=scene.clock), keys


def test_a_first_roster_needs_a_relay(scene: Scene, tmp_path: Path) -> None:
    office, keys = new_registry(scene, tmp_path / "new")
    with office:
        with pytest.raises(OutOfOrderError, match="no-relay"):
            registry.publish(office, keys)
        with pytest.raises(OutOfOrderError, match="no-roster"):
            registry.book(office)
        made = registry.publish(office, keys, relay_url="https://relay.example")
        assert 1 == made.sequence
        assert made == registry.book(office)


def test_the_relay_of_the_last_roster_stays_unless_another_is_named(scene: Scene) -> None:
    office, keys = scene.registry(B), scene.keys(B).registrars
    desk = scene.desk(SENDER)
    for url in ("https://relay.example", None):
        made = registry.publish(office, keys, relay_url=url)
        enrolment.import_book(desk, made.book)
        assert "https://relay.example" == desk.relay_url(scene.agency(B))


def test_every_roster_is_one_further_and_its_book_is_kept(scene: Scene) -> None:
    office = scene.registry(B)
    before = registry.book(office).sequence
    made = [scene.publish(B) for _ in range(2)]
    assert [before + 1, before + 2] == [each.sequence for each in made]
    assert made[1] == registry.book(office)
    assert made[1].snapshot == snapshot_of(made[1].book)


def test_a_snapshot_names_nobody(scene: Scene) -> None:
    made = scene.publish(B)
    for word in (READER, "Okafor", "奥卡福", "jimi", "agr:attacks"):
        assert word.encode() not in made.snapshot
        assert word.encode() in made.book


# --- the registry's own ledger ----------------------------------------------------------------


def test_every_change_is_one_line_in_the_registrys_ledger(scene: Scene, tmp_path: Path) -> None:
    office, keys = scene.registry(B), one_of(scene)
    before = len(registry_events(office))
    admit(scene, asked(scene, tmp_path / "new"))
    registry.clear(office, "new.one", keys, level="秘密", person_class="general")
    registry.brief(office, "new.one", keys, topic="secrecy")
    registry.accredit(office, keys, level="秘密", granted_by="office", basis="decision")
    signed = registry.countersign(office, proposed(scene), keys)
    registry.adopt_agreement(office, signed)
    registry.withdraw_clearance(office, "new.one")
    registry.retire(office, "new.one", mode=RevocationMode.RETIRED, since=scene.clock.now())
    scene.publish(B)
    assert [
        EventType.DEVICE_ENROL,
        EventType.CLEARANCE_GRANT,
        EventType.BRIEFING_RECORD,
        EventType.ACCREDITATION_RECORD,
        EventType.AGREEMENT_SIGN,
        EventType.CLEARANCE_WITHDRAW,
        EventType.DEVICE_REVOKE,
        EventType.ROSTER_PUBLISH,
    ] == registry_events(office)[before:]


def test_a_registry_opened_again_holds_what_was_kept(scene: Scene, tmp_path: Path) -> None:
    office, keys = new_registry(scene, tmp_path / "new")
    with office:
        registry.publish(office, keys, relay_url="https://relay.example")
        kept = office.state.to_bytes()
    with open_registry(tmp_path / "new", "registry", clock=scene.clock) as again:
        assert kept == again.state.to_bytes()
        assert [EventType.ADMIN_INIT, EventType.ROSTER_PUBLISH] == registry_events(again)
