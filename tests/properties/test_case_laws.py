"""The laws of determination: whatever is done in whatever order, only two persons lower."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from secure_liaison.clock import Instant
from secure_liaison.errors import LiaisonError
from secure_liaison.labels.acts import (
    Act,
    Approve,
    Assert,
    Decide,
    Propose,
    Protect,
    ProtectionCause,
    Purpose,
    Receive,
    Report,
    Return,
    Review,
    Settle,
    Step,
    StepKind,
)
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.case import Case, CaseState, effective_label, state_at
from secure_liaison.labels.determination import CAN_I, advance
from secure_liaison.labels.label import Label
from secure_liaison.labels.lattice import dominates
from secure_liaison.labels.lifecycle import standing
from secure_liaison.labels.period import Period, period_end
from tests.labels.cases import (
    BEGUN,
    DAY,
    SETTING,
    Story,
    actor,
    determined,
    ending,
    extension,
    label,
    leaf,
    not_secret,
    opened,
    original,
    received,
)
from tests.labels.samples import CN

# A law wants more cases than the quick default; the campaign's number is larger and stands.
law = settings(max_examples=max(200, settings().max_examples))

BODIES = [leaf("province"), leaf("city"), leaf("county")]
groups = st.sampled_from(
    [frozenset(part) for n in range(4) for part in combinations(BODIES, n) if part]
)


@st.composite
def labels(draw: st.DrawFn) -> Label:
    years = draw(st.integers(1, 10))
    return label(
        draw(st.sampled_from(["mimi", "jimi", "juemi"])),
        audience=Audience(groups=frozenset(draw(st.lists(groups, min_size=1, max_size=3)))),
        period=Period.of_years(years, start=BEGUN),
        control=draw(st.sampled_from([frozenset(), frozenset({"limit:no-copy"})])),
    )


def changes(purpose: Purpose) -> st.SearchStrategy[Propose]:
    return st.builds(
        Propose,
        purpose=st.just(purpose),
        label=labels(),
        reason=st.just("情况变化"),
        grounds=st.just(("级", "期", "围")),
    )


firsts = st.one_of(labels().map(original), st.just(not_secret()))
laters = st.one_of(
    changes(Purpose.CHANGE),
    changes(Purpose.EXTEND),
    st.sampled_from([ending(), ending(Purpose.PUBLISH)]),
)
STEPS: dict[StepKind, st.SearchStrategy[Step]] = {
    StepKind.APPROVE: st.just(Approve()),
    StepKind.RETURN: st.just(Return(reason="补充依据")),
    StepKind.PROTECT: st.builds(Protect, label=labels(), cause=st.just(ProtectionCause.UNCLEAR)),
    StepKind.REPORT: st.sampled_from([Report(to=leaf("nb")), Report(to=leaf("pb"))]),
    StepKind.RECEIVE: st.just(Receive()),
    StepKind.DECIDE: st.just(Decide()),
    StepKind.ASSERT: st.builds(Assert, label=st.none() | labels(), reason=st.just("意见不同")),
    StepKind.SETTLE: st.just(Settle()),
    StepKind.REVIEW: st.just(Review(remark="继续保密")),
}
people = st.sampled_from(["province-2", "province-3", "province-1", "nb-2", "pb-2", "pb-3"])

_Taken: TypeAlias = tuple[Case, Case, Step, str]


def province_received() -> Story:
    return received(by="province")


@st.composite
def histories(draw: st.DrawFn) -> list[_Taken]:
    """Before, after, step and actor of each act that was taken: mostly sensible ones."""
    starts: list[Callable[[], Story]] = [opened, determined, province_received]
    start = draw(st.sampled_from(starts))
    story, found = start(), list[_Taken]()
    for _ in range(draw(st.integers(1, 20))):
        kinds = sorted(CAN_I[story.case.state], key=lambda kind: kind.value)
        if not kinds:
            break
        # What leads on is drawn more often, so that histories come far.
        deciding = story.case.pending is not None
        onward = {StepKind.APPROVE, StepKind.DECIDE, StepKind.SETTLE}
        onward = onward if deciding else {StepKind.PROPOSE, StepKind.REPORT, StepKind.RECEIVE}
        kind = draw(st.sampled_from(kinds + 4 * [kind for kind in kinds if kind in onward]))
        if kind is StepKind.PROPOSE:
            later = story.case.state is CaseState.DETERMINED
            step: Step = draw(laters if later else firsts)
        else:
            step = draw(STEPS[kind])
        found += taken(story, [(step, draw(people))])
    return found


def taken(story: Story, acts: list[tuple[Step, str]]) -> list[_Taken]:
    """Take every act that is not refused."""
    found = []
    for step, who in acts:
        before = story.case
        try:
            story.do(step, who)
        except LiaisonError:
            continue
        found.append((before, story.case, step, who))
    return found


def falls(before: Label | None, after: Label | None) -> bool:
    return before is not None and (after is None or not dominates(after, before, CN))


@law
@given(histories())
def test_protection_falls_by_a_decision_of_two_persons_only(history: list[_Taken]) -> None:
    for before, after, step, who in history:
        if falls(effective_label(before, SETTING), effective_label(after, SETTING)):
            assert isinstance(step, Approve | Decide | Settle)
            assert before.pending is not None
            assert before.pending.by != actor(who)


@law
@given(histories())
def test_whoever_approved_is_not_who_proposed(history: list[_Taken]) -> None:
    for _, after, _, _ in history:
        for turn in after.history:
            made = turn.new.determination if turn.new else None
            assert made is None or not made.approver or made.approver != made.proposer


@law
@given(histories())
def test_the_same_acts_come_to_the_same_case(history: list[_Taken]) -> None:
    case = history[0][0] if history else opened().case
    for _, after, step, who in history:
        act = Act(step=step, actor=actor(who), at=after.last_at, known=after.last_at)
        case = advance(case, act, SETTING)
        assert after == case


def test_the_histories_come_to_every_state_and_lower_in_every_way() -> None:
    """The laws above would say nothing about what no history holds."""
    states, lowering = set[CaseState](), set[str]()

    @settings(max_examples=300, derandomize=True, database=None, phases=[Phase.generate])
    @given(histories())
    def look(history: list[_Taken]) -> None:
        for before, after, step, _ in history:
            states.add(after.state)
            if falls(effective_label(before, SETTING), effective_label(after, SETTING)):
                lowering.add(type(step).__name__)

    look()
    assert set(CaseState) == states
    assert {"Approve", "Decide", "Settle"} == lowering


@law
@given(histories())
def test_an_act_that_is_proven_later_never_gives_more(history: list[_Taken]) -> None:
    """Knowing of an act only later may refuse it; it never leads to another case."""
    for before, after, step, who in history:
        late = Instant(after.last_at + 4000 * DAY)
        act = Act(step=step, actor=actor(who), at=after.last_at, known=late)
        try:
            found = advance(before, act, SETTING)
        except LiaisonError:
            continue
        assert after == found


@law
@given(labels(), st.lists(labels(), min_size=1, max_size=4))
def test_a_dispute_protects_at_least_as_each_assertion(made: Label, others: list[Label]) -> None:
    story = determined(made)
    for other in others:
        story.do(Assert(label=other, reason="意见不同"), "city-1")
    effective = effective_label(story.case, SETTING)
    assert effective is not None
    assert all(dominates(effective, each, CN) for each in (made, *others))


@law
@given(labels(), st.lists(labels(), min_size=1, max_size=4))
def test_a_derived_label_protects_at_least_as_each_source(
    made: Label, sources: list[Label]
) -> None:
    proposal = Propose(
        purpose=Purpose.DERIVED, label=made, reason="summarises", sources=tuple(sources)
    )
    story = opened()
    accepted = len(taken(story, [(proposal, "province-1"), (Approve(), "province-2")]))
    least = all(dominates(made, source, CN) for source in sources)
    assert (2 if least else 0) == accepted
    if story.case.label is not None:
        assert all(dominates(story.case.label, source, CN) for source in sources)


@law
@given(
    years=st.integers(1, 9),
    late_days=st.integers(0, 3000),
    claimed_days=st.integers(0, 4000),
    approves=st.booleans(),
)
def test_an_extension_known_after_the_end_is_always_refused(
    *, years: int, late_days: int, claimed_days: int, approves: bool
) -> None:
    story = determined(label(period=Period.of_years(years, start=BEGUN)))
    assert story.case.label is not None
    end = period_end(story.case.label.period)
    assert end is not None
    longer = extension(label(period=Period.of_years(20, start=BEGUN)))
    if approves:
        story.do(longer, "province-1")
    known = Instant(end + late_days * DAY)
    at = Instant(min(story.at + 60 + claimed_days * DAY, known))
    step: Step = Approve() if approves else longer
    found = taken_late(story, step, "province-2" if approves else "province-1", at, known)
    assert "case-expired" == found


def taken_late(story: Story, step: Step, who: str, at: Instant, known: Instant) -> str:
    act = Act(step=step, actor=actor(who), at=at, known=known)
    try:
        advance(story.case, act, SETTING)
    except LiaisonError as refused:
        return refused.reason
    return "taken"


@law
@given(histories(), st.integers(0, 12_000))
def test_a_label_ends_at_its_end_and_for_everybody_alike(history: list[_Taken], days: int) -> None:
    case = history[-1][1] if history else opened().case
    now = Instant(case.last_at + days * DAY)
    stands = standing(case, now, SETTING)
    assert state_at(case, now, SETTING) is stands.state
    if case.state in {CaseState.DETERMINED, CaseState.DISPUTED}:
        label_now = effective_label(case, SETTING)
        end = period_end(label_now.period) if label_now else None
        assert (end is not None and now >= end) is (stands.label is None)
    assert stands.label == standing(replace(case), now, SETTING).label
