"""A new desk, the roots it trusts, the books it reads, the one-time keys it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import FixedClock
from secure_liaison.crypto.keys import Digest
from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.errors import (
    CredentialError,
    DirectoryRollbackError,
    FormatError,
    LiaisonError,
    RelayRefusedError,
    SignatureError,
    TamperedError,
    VaultError,
)
from secure_liaison.identity.anchors import RealmCharter, accept_anchor
from secure_liaison.identity.enrolment import open_request
from secure_liaison.identity.names import Names
from secure_liaison.office import Office, open_office
from secure_liaison.workflows import correspondence, enrolment, founding, registry
from secure_liaison.workflows.enrolment import Enrolled
from tests.attacks.world import SENDER, Scene, events, snapshot_of, whys
from tests.capsule.forge import NOW
from tests.simulator import SimulatedRelay
from tests.workflows.desks import newcomer, queued, republish

DAY = 86400
NAMES = Names(zh="新人", en="Newcomer")
WRONG = "0000 " * 10


def enrolled(scene: Scene, home: Path, **fields: str) -> Enrolled:
    keys = scene.keys("EMB-A")
    values = {"typed_digits": keys.anchor.digits(), "login": "wang.li", **fields}
    return enrolment.enrol(
        home,
        "passphrase",
        anchor=keys.anchor_octets,
        names=NAMES,
        clock=scene.clock,
        cost=TEST_COST,
        **values,
    )


# --- enrol ------------------------------------------------------------------------------------


def test_a_new_desk_leaves_a_request_signed_by_its_own_keys(scene: Scene, tmp_path: Path) -> None:
    asked = enrolled(scene, tmp_path / "desk")
    request = open_request(asked.request)
    assert ("wang.li", scene.agency("EMB-A"), request.digits()) == (
        request.login,
        request.agency,
        asked.digits,
    )
    with open_office(tmp_path / "desk", "passphrase", clock=scene.clock) as desk:
        assert request.signing_key == desk.keys.signing.verify_key


def test_a_new_desk_trusts_the_own_root_and_nothing_else(scene: Scene, tmp_path: Path) -> None:
    enrolled(scene, tmp_path / "desk")
    with open_office(tmp_path / "desk", "passphrase", clock=scene.clock) as desk:
        assert ["EMB-A"] == [each.code for each in desk.directory.agencies()]
        assert [EventType.ADMIN_INIT, EventType.ANCHOR_ACCEPT, EventType.ADMIN_START] == [
            entry.event.type for entry in desk.ledger.entries()
        ]


def test_wrong_digits_make_nothing(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(TamperedError, match="digits"):
        enrolled(scene, tmp_path / "desk", typed_digits=WRONG)
    assert not (tmp_path / "desk").exists()


def test_a_login_that_is_not_allowed_makes_nothing(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        enrolled(scene, tmp_path / "desk", login="Wang Li")
    assert not (tmp_path / "desk").exists()


def test_an_existing_desk_is_not_replaced(scene: Scene, tmp_path: Path) -> None:
    enrolled(scene, tmp_path / "desk")
    with pytest.raises(VaultError, match="exists"):
        enrolled(scene, tmp_path / "desk")


# --- trust ------------------------------------------------------------------------------------


def test_a_root_is_trusted_with_its_digits_and_remembered_with_who_compared_them(
    scene: Scene, tmp_path: Path
) -> None:
    enrolled(scene, tmp_path / "desk")
    partner = scene.keys("EMB-B")
    with open_office(tmp_path / "desk", "passphrase", clock=scene.clock) as desk:
        enrolment.trust(
            desk, partner.anchor_octets, typed_digits=partner.anchor.digits().replace(" ", "")
        )
        assert ["EMB-A", "EMB-B"] == [each.code for each in desk.directory.agencies()]
        (found,) = [
            each for each in desk.records.pairings() if each.agency == partner.anchor.agency_id
        ]
        assert ("wang.li", NOW) == (found.accepted_by, found.accepted_at)


def test_wrong_digits_are_refused_and_written_down(scene: Scene, tmp_path: Path) -> None:
    enrolled(scene, tmp_path / "desk")
    partner = scene.keys("EMB-B")
    with open_office(tmp_path / "desk", "passphrase", clock=scene.clock) as desk:
        with pytest.raises(TamperedError, match="digits"):
            enrolment.trust(desk, partner.anchor_octets, typed_digits=WRONG)
        assert ["EMB-A"] == [each.code for each in desk.directory.agencies()]
        assert [partner.anchor.agency_id.hex()] == [
            each.detail["agency"] for each in events(desk, EventType.ANCHOR_REFUSE)
        ]


def test_a_root_of_another_realm_is_not_trusted(scene: Scene) -> None:
    desk, stranger = scene.desk(SENDER), scene.keys("EMB-X")
    with pytest.raises(CredentialError, match="other-realm"):
        enrolment.trust(desk, stranger.anchor_octets, typed_digits=stranger.anchor.digits())


def test_a_code_that_another_agency_has_is_not_trusted(scene: Scene, tmp_path: Path) -> None:
    desk = scene.desk(SENDER)
    charter = RealmCharter(name=desk.charter.name, exercise=True, salt=desk.charter.salt)
    found = founding.found_agency(
        tmp_path / "second",
        charter=charter,
        names=NAMES,
        code="EMB-B",
        passphrases=founding.Passphrases(registry="r", root="root", registrars=("one", "two")),
        clock=FixedClock(NOW),
        cost=TEST_COST,
    )
    with pytest.raises(CredentialError, match="agency-code-taken"):
        enrolment.trust(desk, found.anchor_file.read_bytes(), typed_digits=found.anchor.digits())
    accept_anchor(found.anchor, typed_digits=found.anchor.digits())


# --- books ------------------------------------------------------------------------------------


def test_a_book_is_taken_over_and_written_down(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    made = scene.publish("EMB-B")
    assert scene.agency("EMB-B") == enrolment.import_book(desk, made.book)
    assert (1, made.sequence) == desk.directory.roster_sequences()[scene.agency("EMB-B")]
    assert (
        scene.agency("EMB-B").hex()
        == (events(desk, EventType.DIRECTORY_IMPORT)[-1].detail["agency"])
    )


def test_an_older_book_is_refused_and_written_down(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    older = registry.book(scene.registry("EMB-B")).book
    republish(scene, "EMB-B", SENDER)
    known = desk.directory.roster_sequences()
    with pytest.raises(DirectoryRollbackError, match="sequence"):
        enrolment.import_book(desk, older)
    assert known == desk.directory.roster_sequences()
    assert [("directory.rollback", "sequence")] == whys(desk, EventType.DIRECTORY_REFUSE)


def test_a_book_of_an_agency_that_nobody_compared_is_refused_and_written_down(
    scene: Scene,
) -> None:
    desk = scene.desk(SENDER)
    with pytest.raises(CredentialError, match="unknown-agency"):
        enrolment.import_book(desk, registry.book(scene.registry("EMB-X")).book)
    assert [("credential", "unknown-agency")] == whys(desk, EventType.DIRECTORY_REFUSE)


def test_what_is_no_book_is_a_format_error(scene: Scene) -> None:
    with pytest.raises(FormatError):
        enrolment.import_book(scene.desk(SENDER), b"no book")


def test_a_book_cut_short_is_refused(scene: Scene) -> None:
    made = scene.publish("EMB-B")
    with pytest.raises(LiaisonError):
        enrolment.import_book(scene.desk(SENDER), made.book[:-1])


# --- the own snapshot -------------------------------------------------------------------------


def test_the_own_roster_goes_to_the_relay_without_the_book(scene: Scene) -> None:
    made = scene.publish("EMB-A")
    scene.relay.directory.clear()
    enrolment.publish_snapshot(scene.desk(SENDER), made.book)
    assert {scene.agency("EMB-A"): snapshot_of(made.book)} == scene.relay.directory


def test_another_agencys_roster_is_not_published(scene: Scene) -> None:
    made = scene.publish("EMB-B")
    scene.relay.directory.clear()
    with pytest.raises(CredentialError, match="other-agency"):
        enrolment.publish_snapshot(scene.desk(SENDER), made.book)
    assert {} == scene.relay.directory


# --- one-time keys ----------------------------------------------------------------------------


def stock(desk: Office) -> int:
    relay = desk.relay()
    return enrolment.stock_prekeys(desk, relay)


def fresh(scene: Scene) -> Office:
    """Return a desk that has left no one-time keys yet."""
    desk, _ = newcomer(scene, "EMB-B", "new.one")
    return desk


def published(scene: Scene, desk: Office) -> int:
    return len(scene.relay.prekeys.get(desk.keys.handle, []))


def test_the_first_collection_leaves_one_time_keys_and_one_last_resort(scene: Scene) -> None:
    desk = fresh(scene)
    correspondence.collect(desk)
    assert 21 == published(scene, desk)
    assert [False] * 20 + [True] == sorted(key.last_resort for key in desk.keyring.prekeys.usable())


def test_while_enough_are_left_no_more_are_made(scene: Scene) -> None:
    desk = fresh(scene)
    assert [21, 0] == [stock(desk), stock(desk)]
    spend(desk, 15)
    assert 0 == stock(desk)


def test_when_few_are_left_a_new_batch_is_made(scene: Scene) -> None:
    desk = fresh(scene)
    stock(desk)
    spend(desk, 16)
    assert 21 == stock(desk)
    assert 42 == published(scene, desk)


def spend(desk: Office, count: int) -> None:
    prekeys = desk.keyring.prekeys
    one_time = [key for key in prekeys.usable() if not key.last_resort]
    with desk.transaction():
        for key in one_time[:count]:
            prekeys.spend(key.key_id, at=desk.clock.now())


def test_before_they_expire_a_new_batch_is_made(scene: Scene) -> None:
    desk = fresh(scene)
    stock(desk)
    scene.clock.advance(23 * DAY - 1)
    assert 0 == stock(desk)
    scene.clock.advance(1)
    assert 21 == stock(desk)


def test_what_the_relay_did_not_take_is_left_with_the_next_try(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_prekeys(*_: object) -> None:
        raise RelayRefusedError("busy")

    desk = fresh(scene)
    with monkeypatch.context() as busy:
        busy.setattr(SimulatedRelay, "put_prekeys", put_prekeys)
        for _ in range(3):
            with pytest.raises(RelayRefusedError):
                correspondence.collect(desk)
    assert 21 == stock(desk)
    assert 21 == len(desk.keyring.prekeys.usable()) == published(scene, desk)


def test_keys_kept_from_a_failed_try_open_what_is_sealed_to_them(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_prekeys(*_: object) -> None:
        raise RelayRefusedError("busy")

    desk, made = newcomer(scene, "EMB-B", "new.one")
    with monkeypatch.context() as busy:
        busy.setattr(SimulatedRelay, "put_prekeys", put_prekeys)
        with pytest.raises(RelayRefusedError):
            correspondence.collect(desk)
    correspondence.collect(desk)
    enrolment.import_book(scene.desk(SENDER), made.book)
    digest: Digest = queued(scene, to=("new.one@EMB-B",), forward_secrecy=True)
    correspondence.deliver(scene.desk(SENDER))
    correspondence.collect(desk)
    (line,) = correspondence.inbox(desk)
    assert (digest, None) == (line.item.digest, line.refusal)


def test_a_leftover_that_is_no_batch_is_not_left_alone(scene: Scene) -> None:
    """Without its last resort a rest is no batch; new keys are made."""
    desk = fresh(scene)
    relay = desk.relay()
    with desk.transaction():
        desk.keyring.prekeys.add(
            [desk.keys.kem], realm=desk.realm, created=desk.clock.now(), last_resort=True
        )
    assert 21 == enrolment.stock_prekeys(desk, relay)
    assert 21 == published(scene, desk)


def test_an_anchor_that_does_not_open_is_refused(scene: Scene) -> None:
    keys = scene.keys("EMB-B")
    octets = bytearray(keys.anchor_octets)
    octets[-1] ^= 1
    with pytest.raises((FormatError, SignatureError)):
        enrolment.trust(scene.desk(SENDER), bytes(octets), typed_digits=keys.anchor.digits())
