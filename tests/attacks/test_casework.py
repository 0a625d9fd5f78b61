"""Cases at desks: approving alone on a modified desk, leaving acts out, ended powers, false lists.

Each attack is refused; then the one defence that refused it is taken away, and it succeeds.
"""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import Instant
from secure_liaison.errors import LiaisonError
from secure_liaison.identity.case_file import open_case_file, write_case_file
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.labels.acts import Approve, Propose, Purpose, Return
from secure_liaison.labels.case import CaseState, Setting
from secure_liaison.labels.grants import Designation
from secure_liaison.workflows import authorising, determining, enrolment, exchanging, registry
from secure_liaison.workflows.determining import DeskCase
from tests.attacks.world import FOUNDED, HOME, Scene, events
from tests.workflows.casework import (
    APPROVER,
    BUREAU,
    PROPOSER,
    body_list,
    carried,
    designation,
    determined,
    did,
    prepare,
    proposed,
)

LONE = dict.fromkeys(("needs_two_persons",), lambda *_labels: False)


# --- approving alone on a modified desk ---------------------------------------------------------


def approved_alone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Let m.rossi, designated too, approve the own proposal on a desk that does not mind."""
    prepare(scene)
    own = designation(scene, PROPOSER)
    for login in (PROPOSER, APPROVER):
        authorising.accept(scene.desk(login), own)
    found = proposed(scene)
    with monkeypatch.context() as modified:
        modified.setattr(Setting, "needs_two_persons", LONE["needs_two_persons"])
        made = determining.act(scene.desk(PROPOSER), found.case.id, Approve())
        assert CaseState.DETERMINED is made.case.state
        return exchanging.export_case(scene.desk(PROPOSER), found.case.id)


def test_what_one_officer_approved_alone_convinces_no_other_desk(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = approved_alone(scene, monkeypatch)
    desk = scene.desk(APPROVER)
    with pytest.raises(LiaisonError, match="case-same-person"):
        exchanging.import_case(desk, data)
    assert () == desk.cases.ids()
    assert "case-same-person" == events(desk, EventType.CASE_REFUSE)[-1].detail["reason"]


def test_without_a_second_person_the_other_desk_would_believe_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that the pack asks for two persons."""
    data = approved_alone(scene, monkeypatch)
    monkeypatch.setattr(Setting, "needs_two_persons", LONE["needs_two_persons"])
    taken = exchanging.import_case(scene.desk(APPROVER), data)
    assert CaseState.DETERMINED is taken.found.case.state


# --- leaving an act out -------------------------------------------------------------------------


def changed(scene: Scene) -> DeskCase:
    """Determine a label, propose to end it, and let that be returned; both desks have it."""
    prepare(scene)
    found = determined(scene)
    ending = Propose(purpose=Purpose.DECLASSIFY, label=None, reason="no-longer-needed")
    did(scene, PROPOSER, found, ending, APPROVER)
    return did(scene, APPROVER, found, Return(reason="仍需保密"), PROPOSER)


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (slice(1, None), "determination-number"),
        (slice(None, -1), "determination-rolled-back"),
        (slice(None, 1), "determination-rolled-back"),
    ],
)
def test_a_case_without_one_of_its_acts_is_refused(scene: Scene, left: slice, reason: str) -> None:
    found, desk = changed(scene), scene.desk(APPROVER)
    data = write_case_file(found.chain[left], desk.realm)
    with pytest.raises(LiaisonError, match=reason):
        exchanging.import_case(desk, data)
    assert found.case == determining.load(desk, found.case.id).case


def test_without_what_the_desk_holds_an_older_state_would_be_believed(scene: Scene) -> None:
    """Removed: that the desk compares with the acts that it accepted."""
    found, desk = changed(scene), scene.desk(APPROVER)
    older = open_case_file(write_case_file(found.chain[:-1], desk.realm), desk.realm)
    assert determining.verified(desk, older, kept=()).case.pending is not None
    assert found.case.pending is None


# --- a designation that ended -------------------------------------------------------------------


def test_a_designation_that_ended_decides_nothing(scene: Scene) -> None:
    prepare(scene, designated=False)
    ended = designation(scene, until=Instant(scene.clock.now()))
    for login in (PROPOSER, APPROVER):
        authorising.accept(scene.desk(login), ended)
    found = proposed(scene)
    carried(scene, found.case.id, PROPOSER, APPROVER)
    with pytest.raises(LiaisonError, match="authority-designation-not-in-force"):
        determining.act(scene.desk(APPROVER), found.case.id, Approve())


def test_without_its_dates_a_designation_would_never_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a designation holds between its dates only."""
    prepare(scene, designated=False)
    ended = designation(scene, until=Instant(scene.clock.now()))
    for login in (PROPOSER, APPROVER):
        authorising.accept(scene.desk(login), ended)
    found = proposed(scene)
    carried(scene, found.case.id, PROPOSER, APPROVER)
    monkeypatch.setattr(Designation, "in_force", lambda *_: True)
    made = determining.act(scene.desk(APPROVER), found.case.id, Approve())
    assert CaseState.DETERMINED is made.case.state


@pytest.mark.parametrize("backwards", [False, True])
def test_an_end_brought_forward_counts_in_whatever_order_it_comes(
    scene: Scene, *, backwards: bool
) -> None:
    prepare(scene, designated=False)
    records = [designation(scene), designation(scene, until=Instant(FOUNDED + 60))]
    for each in records[::-1] if backwards else records:
        authorising.accept(scene.desk(APPROVER), each)
        authorising.accept(scene.desk(PROPOSER), each)
    ends = {each.valid_to for each in authorising.powers_of(scene.desk(APPROVER)).designations}
    assert {FOUNDED + 60} == ends
    found = proposed(scene)
    carried(scene, found.case.id, PROPOSER, APPROVER)
    with pytest.raises(LiaisonError, match="authority-designation-not-in-force"):
        determining.act(scene.desk(APPROVER), found.case.id, Approve())


# --- another agency's list, another agency's officer --------------------------------------------


def test_an_agency_makes_itself_central_at_its_own_desks_only(scene: Scene) -> None:
    own = authorising.bodies(
        scene.registry("EMB-B"), body_list(scene), scene.keys("EMB-B").registrars
    )
    desk = scene.desk(BUREAU)
    with pytest.raises(LiaisonError, match="authority-issuer"):
        authorising.accept(desk, own)
    assert () == desk.cases.authority()
    assert "authority-issuer" == events(desk, EventType.AUTHORITY_REFUSE)[-1].detail["reason"]


def test_a_body_that_another_agency_calls_an_office_has_no_authority_there(scene: Scene) -> None:
    prepare(scene)
    found = determined(scene)
    scene.clock.advance(1)
    lowly = authorising.bodies(
        scene.registry("EMB-A"), body_list(scene, EMB_B="office"), scene.keys("EMB-A").registrars
    )
    authorising.accept(scene.desk(BUREAU), lowly)
    data = exchanging.export_case(scene.desk(APPROVER), found.case.id)
    with pytest.raises(LiaisonError, match="authority-level"):
        exchanging.import_case(scene.desk(BUREAU), data)


# --- a device that was retired ------------------------------------------------------------------


def test_a_retired_device_makes_no_new_act_and_its_old_ones_stay(scene: Scene) -> None:
    prepare(scene)
    found = determined(scene)
    scene.clock.advance(60)
    code = HOME[PROPOSER]
    registry.retire(
        scene.registry(code), PROPOSER, mode=RevocationMode.RETIRED, since=scene.clock.now()
    )
    made = scene.publish(code)
    ending = Propose(purpose=Purpose.DECLASSIFY, label=None, reason="no-longer-needed")
    determining.act(scene.desk(PROPOSER), found.case.id, ending)  # it has not heard of it yet
    data = exchanging.export_case(scene.desk(PROPOSER), found.case.id)
    desk = scene.desk(APPROVER)
    enrolment.import_book(desk, made.book)
    with pytest.raises(LiaisonError, match="retired"):
        exchanging.import_case(desk, data)
    assert found.case == determining.load(desk, found.case.id).case
    enrolment.import_book(scene.desk(PROPOSER), made.book)
    with pytest.raises(LiaisonError, match="retired"):
        determining.act(scene.desk(PROPOSER), found.case.id, Return(reason="x"))
