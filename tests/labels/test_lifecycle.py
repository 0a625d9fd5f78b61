"""What holds at a moment: label, mark, history, notices and what is due."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import WorkflowError
from secure_liaison.i18n import Language
from secure_liaison.labels.acts import (
    Approve,
    Assert,
    Decide,
    Protect,
    ProtectionCause,
    Receive,
    Report,
    Review,
    Settle,
)
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.case import Case, CaseState, Event
from secure_liaison.labels.lifecycle import (
    Deadline,
    Duty,
    DutyKind,
    MarkState,
    clock_of,
    mark_lines,
    missed,
    standing,
    worklist,
)
from secure_liaison.labels.notices import Acknowledgement, notice_digest, notices, outstanding
from secure_liaison.labels.organisation import Organisation
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.workdays import builtin_calendar
from tests.labels.cases import (
    BEGUN,
    BODIES,
    CALENDAR_ZONE,
    DAY,
    REALM,
    SETTING,
    Story,
    change,
    determined,
    ending,
    extension,
    label,
    leaf,
    not_secret,
    officer,
    opened,
    original,
    powers,
    received,
    setting,
)
from tests.labels.samples import CN

CALENDAR = builtin_calendar("cn")
END = Instant(BEGUN + 3653 * DAY)


def marks(case: Case, now: int, *, exercise: bool = False) -> tuple[tuple[str, ...], str]:
    stands = standing(case, Instant(now), SETTING)
    lines = mark_lines(stands, SETTING, Language.ZH, exercise=exercise)
    return lines.struck, lines.current


def state_of(story: Story, now: int | None = None) -> MarkState:
    return standing(story.case, Instant(story.at if now is None else now), SETTING).mark


def test_a_draft_bears_a_preliminary_mark() -> None:
    assert MarkState.NONE is state_of(opened())
    story = opened().do(original(), "province-1")
    assert MarkState.PRELIMINARY is state_of(story)
    assert ((), "机密★10年") == marks(story.case, BEGUN)
    assert MarkState.PRELIMINARY is state_of(received())
    assert MarkState.NONE is state_of(
        opened().do(not_secret(), "province-1").do(Approve(), "province-2")
    )


def test_a_determined_label_bears_the_formal_mark_until_its_end() -> None:
    story = determined()
    assert MarkState.FORMAL is state_of(story)
    assert ((), "机密★10年") == marks(story.case, END - 1)
    assert (("机密★10年",), "解密") == marks(story.case, END)
    assert MarkState.RESIDUAL is state_of(story, END)


def test_after_a_change_the_old_mark_is_struck_out() -> None:
    story = determined().do(change(label("mimi")), "province-1").do(Approve(), "province-2")
    assert (("机密★10年",), "秘密★10年") == marks(story.case, story.at)
    longer = extension(label("mimi", period=Period.of_years(10, start=Instant(BEGUN + 60))))
    cited = replace(longer, provision="某专项规定第三条")
    story.do(cited, "province-1").do(Approve(), "province-2")
    assert 2 == len(marks(story.case, story.at)[0])


def test_an_exercise_bears_no_star() -> None:
    story = determined()
    assert ((), "演练 EXERCISE · 机密 10年") == marks(story.case, BEGUN, exercise=True)


def test_a_disputed_label_keeps_its_formal_mark_and_shows_what_protects() -> None:
    story = determined().do(Assert(label=label("juemi"), reason="影响更大"), "city-1")
    stands = standing(story.case, Instant(story.at), SETTING)
    assert stands.disputed
    assert MarkState.FORMAL is stands.mark
    assert ((), "绝密★10年") == marks(story.case, story.at)


def test_a_dispute_settled_as_not_secret_leaves_a_residual_mark() -> None:
    story = determined().do(Assert(label=None, reason="已经公开"), "city-1")
    story.do(not_secret(), "province-1").do(Settle(), "province-2")
    stands = standing(story.case, Instant(story.at), SETTING)
    assert (MarkState.RESIDUAL, story.at) == (stands.mark, stands.declassified_at)


def test_declassification_says_since_when() -> None:
    story = determined()
    assert standing(story.case, Instant(END - 1), SETTING).declassified_at is None
    assert END == standing(story.case, Instant(END + DAY), SETTING).declassified_at
    story.do(ending(), "province-1").do(Approve(), "province-2")
    found = standing(story.case, Instant(END + DAY), SETTING)
    assert (story.at, None, CaseState.DECLASSIFIED) == (
        found.declassified_at,
        found.label,
        found.state,
    )


def test_a_draft_never_ends_by_itself() -> None:
    story = received()
    stands = standing(story.case, Instant(END + DAY), SETTING)
    assert stands.label is not None
    assert CaseState.RECEIVED is stands.state


def test_a_condition_ends_by_a_decision_only() -> None:
    story = determined(label(period=Period(form=PeriodForm.CONDITION, value="会议开始前")))
    assert MarkState.FORMAL is state_of(story, END + 100 * 366 * DAY)


# --- clocks -------------------------------------------------------------------------------------


def clock(case: Case) -> Instant | None:
    return clock_of(case, SETTING, CALENDAR, offset_minutes=CALENDAR_ZONE)


def unclear(cause: ProtectionCause = ProtectionCause.UNCLEAR, by: str = "city") -> Story:
    return opened(f"{by}-1").do(Protect(label=label(owner=by), cause=cause), f"{by}-1")


def test_ten_working_days_to_report_and_ten_to_decide() -> None:
    story = unclear()
    # Monday 2 March: the tenth working day after it is Monday 16 March, Beijing time.
    assert from_iso("2026-03-16T16:00:00Z") == clock(story.case)
    story.do(Report(to=leaf("pb")), "city-1", day=1)
    assert clock(story.case) is None
    story.do(Receive(), "pb-1", day=3)
    assert from_iso("2026-03-19T16:00:00Z") == clock(story.case)
    assert clock(story.do(Decide(), "pb-2").case) is None


def test_what_lacks_authority_is_reported_at_once_and_decided_without_a_clock() -> None:
    story = unclear(ProtectionCause.NO_AUTHORITY, by="county")
    assert from_iso("2026-03-03T16:00:00Z") == clock(story.case)
    story.do(Report(to=leaf("city")), "county-1").do(Receive(), "city-1")
    assert clock(story.case) is None


def test_a_late_act_is_taken_and_stays_visible() -> None:
    story = unclear().do(Report(to=leaf("pb")), "city-1", day=13.9)
    story.do(Receive(), "pb-1", day=14).do(Decide(), "pb-2", day=40)
    [late] = missed(story.case, SETTING, CALENDAR, offset_minutes=CALENDAR_ZONE)
    assert (DutyKind.DECIDE, story.at) == (late.kind, late.done)
    story = unclear().do(Report(to=leaf("pb")), "city-1", day=15)
    [late] = missed(story.case, SETTING, CALENDAR, offset_minutes=CALENDAR_ZONE)
    assert (DutyKind.REPORT, from_iso("2026-03-16T16:00:00Z")) == (late.kind, late.due)
    assert () == missed(determined().case, SETTING, CALENDAR, offset_minutes=CALENDAR_ZONE)


def test_a_pack_without_clocks_has_none() -> None:
    none = replace(CN, workflow=replace(CN.workflow, unclear_report_workdays=0))
    under = setting(packs=(none,))
    found = clock_of(unclear().case, under, CALENDAR, offset_minutes=CALENDAR_ZONE)
    assert found is None
    assert clock(opened().case) is None


def test_a_clock_into_a_year_without_a_calendar_is_refused() -> None:
    story = opened("city-1")
    draft = Protect(label=label(owner="city"), cause=ProtectionCause.UNCLEAR)
    story.do(draft, "city-1", day=300)
    with pytest.raises(WorkflowError, match="workdays-year-unknown"):
        clock(story.case)
    [duty] = due(story, now=BEGUN + 310 * DAY)
    assert (Deadline.UNKNOWN, 2027, None) == (duty.deadline, duty.year_missing, duty.due)


# --- worklist -----------------------------------------------------------------------------------


def due(*stories: Story, now: int, remind_days: int = 30) -> tuple[Duty, ...]:
    return worklist(
        (story.case for story in stories),
        Instant(now),
        SETTING,
        calendar=CALENDAR,
        offset_minutes=CALENDAR_ZONE,
        remind_days=remind_days,
    )


def test_the_yearly_review_and_the_end_stand_on_the_list() -> None:
    story = determined()
    review, end = due(story, now=story.at)
    assert (DutyKind.REVIEW, leaf("province"), officer("province-2")) == (
        review.kind,
        review.body,
        review.person,
    )
    assert (DutyKind.EXTEND, END, Deadline.LATER) == (end.kind, end.due, end.deadline)
    year = from_iso("2027-03-02") + 120
    assert year == review.due
    deadlines = {
        now: due(story, now=now)[0].deadline
        for now in (year - 30 * DAY - 1, year - 30 * DAY, year - 1, year)
    }
    assert [Deadline.LATER, Deadline.SOON, Deadline.SOON, Deadline.OVERDUE] == list(
        deadlines.values()
    )


def test_a_review_begins_the_next_year() -> None:
    story = determined().do(Review(remark="继续保密"), "province-2", day=300)
    dates = {duty.kind: duty.due for duty in due(story, now=story.at)}
    assert from_iso("2027-12-27") == dates[DutyKind.REVIEW]


def test_a_pack_without_reviews_asks_for_none() -> None:
    never = replace(CN, period=replace(CN.period, review_months=0))
    found = worklist(
        [determined().case],
        BEGUN,
        setting(packs=(never,)),
        calendar=CALENDAR,
        offset_minutes=0,
        remind_days=0,
    )
    assert [DutyKind.EXTEND] == [duty.kind for duty in found]


def test_every_state_names_who_has_to_do_what() -> None:
    disputed = determined().do(Assert(label=label("juemi"), reason="影响更大"), "city-1")
    reported = unclear().do(Report(to=leaf("pb")), "city-1")
    changing = determined().do(change(label("mimi")), "province-1")
    found = {
        story.case.state: [(duty.kind, duty.body) for duty in due(story, now=story.at)]
        for story in (
            opened(),
            opened().do(original(), "province-1"),
            unclear(),
            reported,
            received(),
            disputed,
        )
    }
    assert {
        CaseState.DRAFT: [],
        CaseState.PROPOSED: [(DutyKind.APPROVE, leaf("province"))],
        CaseState.PROVISIONAL: [(DutyKind.REPORT, leaf("city"))],
        CaseState.REPORTED: [(DutyKind.RECEIVE, leaf("pb"))],
        CaseState.RECEIVED: [(DutyKind.DECIDE, leaf("pb"))],
        CaseState.DISPUTED: [(DutyKind.SETTLE, leaf("province"))],
    } == found
    assert DutyKind.APPROVE in {duty.kind for duty in due(changing, now=changing.at)}
    assert () == due(determined(), now=END)


def test_the_list_begins_with_what_is_most_overdue() -> None:
    stories = (determined(), unclear(), opened().do(original(), "province-1"))
    found = due(*stories, now=BEGUN + 400 * DAY)
    assert [DutyKind.REPORT, DutyKind.REVIEW, DutyKind.EXTEND, DutyKind.APPROVE] == [
        duty.kind for duty in found
    ]
    assert [Deadline.OVERDUE, Deadline.OVERDUE, Deadline.LATER, Deadline.LATER] == [
        duty.deadline for duty in found
    ]


def test_a_successor_inherits_the_duties_and_no_person() -> None:
    gone = tuple(
        replace(body, dissolved=Instant(BEGUN + DAY), successor=leaf("city"))
        if body.leaf == leaf("province")
        else body
        for body in BODIES
    )
    table = Organisation(bodies=gone, national_bureau=leaf("nb"))
    found = worklist(
        [determined().case],
        Instant(BEGUN + 2 * DAY),
        setting(powers=powers(organisation=table)),
        calendar=CALENDAR,
        offset_minutes=0,
        remind_days=0,
    )
    assert {(leaf("city"), "")} == {(duty.body, duty.person) for duty in found}


# --- notices ------------------------------------------------------------------------------------

HOLDER = "officer:" + "c3" * 16


def test_every_change_is_told_to_holders_and_to_both_audiences() -> None:
    narrow = label("mimi", audience=Audience.of([leaf("county"), "nation:CHN"]))
    story = determined().do(change(narrow), "province-1").do(Approve(), "province-2")
    first, second = notices(story.case, [HOLDER], Instant(story.at), SETTING)
    assert [Event.DETERMINED, Event.CHANGED] == [first.event, second.event]
    expected = {HOLDER, leaf("province"), leaf("city"), leaf("county")}
    assert sorted(expected) == list(second.addressees)
    assert first.old is None
    assert first.new == second.old


def test_the_end_of_the_period_yields_its_notice_by_itself() -> None:
    story = determined()
    assert 1 == len(notices(story.case, [], Instant(END - 1), SETTING))
    last = notices(story.case, [], END, SETTING)[-1]
    assert (Event.EXPIRED, END, None) == (last.event, last.at, last.new)


def test_what_a_bureau_decided_is_filed_with_the_national_one() -> None:
    story = received().do(Decide(), "pb-2")
    told = notices(story.case, [], Instant(story.at), SETTING)
    assert [Event.PROTECTED, Event.DETERMINED] == [notice.event for notice in told]
    assert [False, True] == [leaf("nb") in notice.addressees for notice in told]


def test_a_notice_is_open_until_everybody_has_acknowledged_it() -> None:
    story = determined().do(ending(), "province-1").do(Approve(), "province-2")
    told = notices(story.case, [HOLDER], Instant(story.at), SETTING)
    digest = notice_digest(told[-1], REALM)
    assert told[-1].addressees == outstanding(told[-1], [], REALM)
    done = [
        Acknowledgement(notice=digest, holder=leaf_, at=Instant(story.at))
        for leaf_ in told[-1].addressees
    ]
    stray = replace(done[0], notice=notice_digest(told[0], REALM))
    assert (done[0].holder,) == outstanding(told[-1], [stray, *done[1:]], REALM)
    assert () == outstanding(told[-1], done, REALM)


def test_the_digest_of_a_notice_binds_everything_it_says() -> None:
    story = determined().do(ending(), "province-1").do(Approve(), "province-2")
    told = notices(story.case, [HOLDER], Instant(story.at), SETTING)
    changed = [
        replace(told[-1], at=Instant(0)),
        replace(told[-1], event=Event.EXPIRED),
        replace(told[-1], old=None),
        replace(told[-1], new=label()),
        replace(told[-1], addressees=()),
        replace(told[-1], case=b"x" * 16),
        *told,
    ]
    assert len(changed) == len({notice_digest(each, REALM) for each in changed})
