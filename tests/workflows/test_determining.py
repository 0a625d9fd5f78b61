"""Cases at real desks: two officers, acts that travel, refusals with their reasons."""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.errors import LiaisonError, OutOfOrderError, WorkflowError
from secure_liaison.labels.acts import Approve, Propose, Purpose, Return, Review
from secure_liaison.labels.case import CaseState
from secure_liaison.workflows import determining, exchanging
from tests.attacks.world import Scene, events
from tests.workflows.casework import (
    APPROVER,
    PROPOSER,
    began,
    carried,
    determined,
    did,
    prepare,
    proposed,
)


def test_two_officers_determine_a_label(scene: Scene) -> None:
    prepare(scene)
    found = determined(scene)
    label = found.case.label
    assert CaseState.DETERMINED is found.case.state
    assert label is not None
    made = label.determination
    desks = [scene.desk(login) for login in (PROPOSER, APPROVER)]
    assert [f"officer:{desk.me().officer.hex()}" for desk in desks] == [
        made.proposer,
        made.approver,
    ]
    assert "table:central" == made.authority
    assert 480 == label.period.offset_minutes
    for desk in desks:
        assert found.case == determining.load(desk, found.case.id).case


def test_a_case_survives_a_restart(scene: Scene) -> None:
    prepare(scene)
    found = determined(scene)
    again = determining.load(scene.reopen(APPROVER), found.case.id)
    assert (found.case, found.chain, found.proven) == (again.case, again.chain, again.proven)


def test_without_a_list_of_bodies_nothing_is_judged(scene: Scene) -> None:
    with pytest.raises(WorkflowError, match="bodies-missing"):
        began(scene)
    assert () == determining.cases(scene.desk(PROPOSER))


def test_a_proposer_does_not_approve_and_the_attempt_is_written_down(scene: Scene) -> None:
    prepare(scene, PROPOSER)
    found = proposed(scene)
    desk = scene.desk(PROPOSER)
    with pytest.raises(LiaisonError, match="case-same-person"):
        determining.act(desk, found.case.id, Approve())
    assert found == determining.load(desk, found.case.id)
    (refused,) = events(desk, EventType.CASE_REFUSE)
    assert ("case-same-person", "approve") == (refused.detail["reason"], refused.detail["act"])
    assert ["open", "propose"] == [each.detail["act"] for each in events(desk, EventType.CASE_ACT)]


def test_an_officer_who_is_not_designated_approves_nothing(scene: Scene) -> None:
    prepare(scene, designated=False)
    found = proposed(scene)
    carried(scene, found.case.id, PROPOSER, APPROVER)
    with pytest.raises(LiaisonError, match="authority-not-designated"):
        determining.act(scene.desk(APPROVER), found.case.id, Approve())


def test_what_is_returned_can_be_proposed_again(scene: Scene) -> None:
    prepare(scene)
    found = proposed(scene)
    carried(scene, found.case.id, PROPOSER, APPROVER)
    found = did(scene, APPROVER, found, Return(reason="期限过长"), PROPOSER)
    assert CaseState.DRAFT is found.case.state
    label = found.chain[1].act.step
    assert isinstance(label, Propose)
    did(scene, PROPOSER, found, Propose(purpose=Purpose.ORIGINAL, label=label.label), APPROVER)
    found = did(scene, APPROVER, found, Approve(), PROPOSER)
    assert CaseState.DETERMINED is found.case.state
    did(scene, APPROVER, found, Review(remark="仍需保密"), PROPOSER)


def test_taking_in_the_same_case_twice_changes_nothing(scene: Scene) -> None:
    prepare(scene)
    found = determined(scene)
    data = exchanging.export_case(scene.desk(PROPOSER), found.case.id)
    before = len(events(scene.desk(APPROVER), EventType.CASE_ACCEPT))
    assert 0 == exchanging.import_case(scene.desk(APPROVER), data).new
    assert before == len(events(scene.desk(APPROVER), EventType.CASE_ACCEPT))


def test_an_older_file_is_refused_and_nothing_is_lost(scene: Scene) -> None:
    prepare(scene)
    found = proposed(scene)
    older = exchanging.export_case(scene.desk(PROPOSER), found.case.id)
    carried(scene, found.case.id, PROPOSER, APPROVER)
    did(scene, APPROVER, found, Approve())
    desk = scene.desk(APPROVER)
    with pytest.raises(LiaisonError, match="determination-rolled-back"):
        exchanging.import_case(desk, older)
    assert CaseState.DETERMINED is determining.load(desk, found.case.id).case.state
    assert "determination-rolled-back" == events(desk, EventType.CASE_REFUSE)[-1].detail["reason"]


def test_cases_are_found_by_the_beginning_of_their_id(scene: Scene) -> None:
    prepare(scene, PROPOSER)
    desk, found = scene.desk(PROPOSER), began(scene)
    assert found.case.id == determining.find(desk, found.case.id.hex()[:6])
    for unknown in ("zz", "", "f" * 32):
        with pytest.raises(OutOfOrderError, match="case-not-found"):
            determining.find(desk, unknown)
    with pytest.raises(OutOfOrderError, match="case-not-found"):
        determining.load(desk, bytes(16))
    for _ in range(16):
        began(scene)
    starts = [each.id.hex()[0] for each in determining.cases(desk)]
    twice = next(each for each in starts if starts.count(each) > 1)
    with pytest.raises(OutOfOrderError, match="reference-ambiguous"):
        determining.find(desk, twice)


def test_a_case_that_does_not_hold_any_more_hides_no_other(scene: Scene) -> None:
    prepare(scene, PROPOSER)
    desk = scene.desk(PROPOSER)
    first = began(scene)
    with desk.transaction():
        desk.vault.execute("DROP TRIGGER case_acts_are_not_changed")
        desk.vault.execute("UPDATE case_acts SET proven_at = 0")
    second = began(scene, b"another paper")
    listed = {each.id: each for each in determining.cases(desk)}
    assert listed[second.case.id].found == determining.load(desk, second.case.id)
    refusal = listed[first.case.id].refusal
    assert refusal is not None
    assert "case-time-ahead" == refusal.reason
