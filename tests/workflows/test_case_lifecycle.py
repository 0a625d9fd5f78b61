"""Unclear items and disputes between agencies, and what the worklist makes of them."""

from __future__ import annotations

import io

import pytest

from secure_liaison.clock import from_iso
from secure_liaison.errors import LiaisonError
from secure_liaison.labels.acts import (
    Assert,
    Decide,
    Propose,
    Protect,
    ProtectionCause,
    Purpose,
    Receive,
    Report,
    Settle,
)
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.case import CaseState
from secure_liaison.labels.label import DeterminationKind, Label
from secure_liaison.labels.lifecycle import Deadline, Duty, DutyKind
from secure_liaison.labels.period import PeriodForm, period_end
from secure_liaison.workflows import determining, enrolment, lifecycle, proposing
from secure_liaison.workflows.authorising import agency_leaf, officer_leaf
from secure_liaison.workflows.determining import DeskCase
from secure_liaison.workflows.proposing import Words
from tests.attacks.world import VICTIM, Scene, opened_text
from tests.workflows.casework import (
    APPROVER,
    BUREAU,
    DAY,
    PROPOSER,
    began,
    carried,
    determined,
    did,
    first_label,
    prepare,
)
from tests.workflows.desks import newcomer, republish


def duties(scene: Scene, login: str, **changes: int) -> list[tuple[DutyKind, Deadline]]:
    found, broken = lifecycle.duties(scene.desk(login), **changes)  # type: ignore[arg-type]  # days
    assert () == broken
    return [(each.kind, each.deadline) for each in found]


def protected(scene: Scene) -> DeskCase:
    """Let m.rossi protect an unclear item."""
    found, desk = began(scene), scene.desk(PROPOSER)
    step = Protect(label=first_label(desk, found), cause=ProtectionCause.UNCLEAR)
    return determining.act(desk, found.case.id, step)


def reported(scene: Scene) -> DeskCase:
    found = protected(scene)
    to = agency_leaf(scene.agency("EMB-A"))
    return did(scene, PROPOSER, found, Report(to=to), BUREAU)


def test_an_unclear_item_is_decided_by_two_officers_of_the_bureau(scene: Scene) -> None:
    prepare(scene)
    second, made = newcomer(scene, "EMB-A", "zhao.min")
    for login in (PROPOSER, APPROVER, BUREAU):
        enrolment.import_book(scene.desk(login), made.book)
    found = protected(scene)
    assert [(DutyKind.REPORT, Deadline.SOON)] == duties(scene, PROPOSER)
    assert DeterminationKind.PROVISIONAL is _protecting(scene, found).determination.kind
    found = did(scene, PROPOSER, found, Report(to=agency_leaf(scene.agency("EMB-A"))), BUREAU)
    assert [(DutyKind.RECEIVE, Deadline.LATER)] == duties(scene, BUREAU)
    found = did(scene, BUREAU, found, Receive())
    assert [(DutyKind.DECIDE, Deadline.SOON)] == duties(scene, BUREAU)
    assert found.case.pending is not None
    found = did(scene, BUREAU, found, Decide(), PROPOSER)
    assert CaseState.DETERMINED is found.case.state
    label = found.case.label
    assert label is not None
    assert [officer_leaf(scene.desk(each).me().officer) for each in (PROPOSER, BUREAU)] == [
        label.determination.proposer,
        label.determination.approver,
    ]
    assert second.login == "zhao.min"


def test_a_report_goes_where_it_must(scene: Scene) -> None:
    prepare(scene)
    found = protected(scene)
    with pytest.raises(LiaisonError, match="case-report-elsewhere"):
        determining.act(
            scene.desk(PROPOSER), found.case.id, Report(to=agency_leaf(scene.agency("EMB-B")))
        )


def test_a_clock_that_runs_into_an_unknown_year_names_it(scene: Scene) -> None:
    prepare(scene)
    scene.clock.advance(from_iso("2026-12-28") - scene.clock.now())
    for code in ("EMB-A", "EMB-B"):
        republish(scene, code, PROPOSER)
    protected(scene)
    (duty,), _ = lifecycle.duties(scene.desk(PROPOSER))
    assert (Deadline.UNKNOWN, 2027) == (duty.deadline, duty.year_missing)


def test_a_report_that_is_late_stays_on_the_list(scene: Scene) -> None:
    prepare(scene)
    protected(scene)
    assert [(DutyKind.REPORT, Deadline.LATER)] == duties(scene, PROPOSER, remind_days=0)
    scene.clock.advance(20 * DAY)
    assert [(DutyKind.REPORT, Deadline.OVERDUE)] == duties(scene, PROPOSER)


def test_a_dispute_raises_protection_until_it_is_settled(scene: Scene) -> None:
    prepare(scene)
    found = determined(scene)
    carried(scene, found.case.id, PROPOSER, BUREAU)
    higher = first_label(scene.desk(PROPOSER), found, level="机密")
    found = did(scene, BUREAU, found, Assert(label=higher, reason="涉及底线"), PROPOSER, APPROVER)
    protecting = _protecting(scene, found)
    assert ("jimi", DeterminationKind.DISPUTED) == (protecting.level, protecting.determination.kind)
    assert [(DutyKind.SETTLE, Deadline.LATER)] == duties(scene, APPROVER)
    settled = Propose(purpose=Purpose.ORIGINAL, label=higher)
    did(scene, PROPOSER, found, settled, APPROVER)
    found = did(scene, APPROVER, found, Settle(), PROPOSER)
    assert CaseState.DETERMINED is found.case.state
    assert found.case.label is not None
    assert "jimi" == found.case.label.level


def test_a_determined_label_is_reviewed_each_year_and_extended_or_let_go(scene: Scene) -> None:
    prepare(scene)
    determined(scene)
    kinds = [kind for kind, _ in duties(scene, APPROVER)]
    assert [DutyKind.REVIEW, DutyKind.EXTEND] == kinds
    found: tuple[Duty, ...] = lifecycle.duties(scene.desk(APPROVER))[0]
    assert [officer_leaf(scene.desk(VICTIM).me().officer)] * 2 == [each.person for each in found]


def test_a_case_that_does_not_verify_is_named_on_the_worklist(scene: Scene) -> None:
    prepare(scene, PROPOSER)
    desk = scene.desk(PROPOSER)
    found = began(scene)
    with desk.transaction():
        desk.vault.execute("DELETE FROM authority_records")
    nothing, broken = lifecycle.duties(desk)
    assert ((), [found.case.id]) == (nothing, [each.id for each in broken])


def test_a_label_names_officers_or_agencies(scene: Scene) -> None:
    prepare(scene, PROPOSER)
    desk = scene.desk(PROPOSER)
    own, other = (agency_leaf(scene.agency(code)) for code in ("EMB-B", "EMB-A"))
    assert Audience.of({own}) == proposing.audience_of(desk, Words())
    assert Audience.of({own, other}) == proposing.audience_of(desk, Words(agencies=("EMB-A",)))
    people = {officer_leaf(scene.desk(login).me().officer) for login in (PROPOSER, BUREAU)}
    named = proposing.audience_of(desk, Words(officers=(f"{BUREAU}@EMB-A",)))
    assert Audience.of({own, other}, people) == named


def test_a_case_without_files_or_a_later_label_without_a_first_is_refused(scene: Scene) -> None:
    prepare(scene, PROPOSER)
    desk, found = scene.desk(PROPOSER), began(scene)
    with pytest.raises(LiaisonError, match="case-without-content"):
        proposing.subject_of(desk, [])
    with pytest.raises(LiaisonError, match="case-without-label"):
        proposing.later_label(desk, Words(period="1Y"), found.case)
    two = [io.BytesIO(b"a"), io.BytesIO(b"b")]
    turned = [io.BytesIO(b"b"), io.BytesIO(b"a")]
    assert proposing.subject_of(desk, two) == proposing.subject_of(desk, turned)
    assert proposing.subject_of(desk, [io.BytesIO(b"ab")]) != proposing.subject_of(desk, turned)


def test_a_condition_has_no_start_and_no_zone(scene: Scene) -> None:
    prepare(scene)
    found = determined(scene, period="条约签署之日")
    label = found.case.label
    assert label is not None
    assert (None, 0) == (label.period.start, label.period.offset_minutes)
    unsaid = first_label(scene.desk(PROPOSER), found, period="")
    assert PeriodForm.OPEN is unsaid.period.form
    later = proposing.later_label(scene.desk(PROPOSER), Words(level="机密"), found.case)
    assert (label.period, "jimi", label.audience) == (later.period, later.level, later.audience)
    assert period_end(label.period) is None


def test_a_derived_label_follows_what_was_received(scene: Scene) -> None:
    prepare(scene)
    digest = scene.send(to=(PROPOSER,))
    opened_text(scene, PROPOSER, digest)
    desk = scene.desk(PROPOSER)
    source = proposing.source_label(desk, digest.hex()[:8])
    found = began(scene)
    with pytest.raises(LiaisonError, match="case-without-label"):
        proposing.source_label(desk, found.case.id.hex())
    with pytest.raises(LiaisonError, match="source-not-found"):
        proposing.source_label(desk, "nothing")
    with pytest.raises(LiaisonError, match="case-below-source"):
        _derive(scene, found, source, Words(level="秘密", period="5年"))
    derived = first_label(desk, found, officers=(f"{BUREAU}@EMB-A",), agencies=())
    assert derived.level == source.level


def _derive(scene: Scene, found: DeskCase, source: Label, words: Words) -> DeskCase:
    desk = scene.desk(PROPOSER)
    step = Propose(
        purpose=Purpose.DERIVED,
        label=proposing.label_from(desk, words, found.case),
        reason="same-as-source",
        sources=(source,),
    )
    return determining.act(desk, found.case.id, step)


def _protecting(scene: Scene, found: DeskCase) -> Label:
    label = lifecycle.standing_of(scene.desk(PROPOSER), found).label
    assert label is not None
    return label
