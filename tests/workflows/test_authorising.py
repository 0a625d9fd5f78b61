"""What registrars sign about authority: given out only as a desk will take it, taken in once."""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import Instant
from secure_liaison.encoding import encode
from secure_liaison.errors import LiaisonError
from secure_liaison.labels.grants import AuthorityGrant
from secure_liaison.workflows import authorising
from secure_liaison.workflows.authorising import agency_leaf
from tests.attacks.world import FOUNDED, Scene, events
from tests.workflows.casework import APPROVER, BUREAU, DAY, PROPOSER, body_list, designation
from tests.workflows.desks import registry_events

A, B = "EMB-A", "EMB-B"


def given(scene: Scene, granter: str = A, **changes: object) -> AuthorityGrant:
    values = {
        "id": "grant.1",
        "granter": agency_leaf(scene.agency(granter)),
        "grantee": agency_leaf(scene.agency(B)),
        "levels": frozenset({"mimi"}),
        "granted_at": FOUNDED,
        "valid_from": FOUNDED,
        "valid_to": None,
        "document": "密授〔2026〕1号",
    }
    return AuthorityGrant(**{**values, **changes})  # type: ignore[arg-type]  # tests know the fields


def test_a_grant_is_taken_in_by_every_desk_that_knows_the_granter(scene: Scene) -> None:
    made = authorising.grant(scene.registry(A), given(scene), scene.keys(A).registrars)
    assert EventType.AUTHORITY_SIGN == registry_events(scene.registry(A))[-1]
    desk = scene.desk(APPROVER)
    assert given(scene) == authorising.accept(desk, made)
    assert given(scene) == authorising.accept(desk, made)
    assert (given(scene),) == desk.cases.authority()
    assert ["grant"] * 2 == [e.detail["kind"] for e in events(desk, EventType.AUTHORITY_ACCEPT)]


def test_a_grant_ends_when_the_first_of_its_records_ends(scene: Scene) -> None:
    desk, keys = scene.desk(APPROVER), scene.keys(A).registrars
    own = authorising.bodies(scene.registry(B), body_list(scene), scene.keys(B).registrars)
    authorising.accept(desk, own)
    end, late = Instant(FOUNDED + DAY), Instant(FOUNDED + 2 * DAY)
    for each in (
        given(scene, valid_to=end),
        given(scene),
        given(scene, granted_at=late, valid_from=late),
        given(scene, id="grant.2"),
    ):
        authorising.accept(desk, authorising.grant(scene.registry(A), each, keys))
    found = {(each.id, each.valid_to) for each in authorising.powers_of(desk).grants}
    assert {("grant.1", end), ("grant.2", None)} == found
    assert 3 == len(authorising.powers_of(desk).grants)


def test_one_registrar_alone_gives_nothing_out(scene: Scene) -> None:
    office, one = scene.registry(A), scene.keys(A).registrars[:1]
    before = registry_events(office)
    with pytest.raises(LiaisonError, match="too-few-signatures"):
        authorising.grant(office, given(scene), one)
    with pytest.raises(LiaisonError, match="too-few-signatures"):
        authorising.bodies(office, body_list(scene), one)
    wrong = given(scene, B, grantee=agency_leaf(scene.agency(A)))
    with pytest.raises(LiaisonError, match="authority-issuer"):
        authorising.grant(office, wrong, scene.keys(A).registrars)
    assert before == registry_events(office)


def test_an_officer_is_designated_by_the_own_registrars_only(scene: Scene) -> None:
    with pytest.raises(LiaisonError, match="officer-first"):
        authorising.designate(
            scene.registry(A),
            APPROVER,
            scene.keys(A).registrars,
            levels=("秘密",),
            since=FOUNDED,
            until=None,
            trained_at=None,
        )
    made = authorising.accept(scene.desk(BUREAU), designation(scene))
    assert (made,) == scene.desk(BUREAU).cases.authority()


@pytest.mark.parametrize("data", [b"", b"x", encode({0: 0, 1: 1, 2: b"x"})])
def test_what_is_no_record_is_refused_and_written_down(scene: Scene, data: bytes) -> None:
    desk = scene.desk(PROPOSER)
    with pytest.raises(LiaisonError):
        authorising.accept(desk, data)
    assert 1 == len(events(desk, EventType.AUTHORITY_REFUSE))


def test_a_record_of_an_agency_that_nobody_knows_is_refused(scene: Scene) -> None:
    stranger = agency_leaf(scene.agency("EMB-X"))
    made = authorising.grant(
        scene.registry("EMB-X"), given(scene, granter="EMB-X"), scene.keys("EMB-X").registrars
    )
    assert stranger
    with pytest.raises(LiaisonError, match="unknown-agency"):
        authorising.accept(scene.desk(PROPOSER), made)


def test_an_older_list_of_bodies_does_not_come_back(scene: Scene) -> None:
    office, keys, desk = scene.registry(B), scene.keys(B).registrars, scene.desk(PROPOSER)
    older = authorising.bodies(office, body_list(scene), keys)
    scene.clock.advance(60)
    authorising.accept(desk, authorising.bodies(office, body_list(scene, EMB_B="province"), keys))
    with pytest.raises(LiaisonError, match="bodies-older"):
        authorising.accept(desk, older)
    bodies = authorising.powers_of(desk).organisation
    assert "province" == bodies.body(agency_leaf(scene.agency(B))).kind
