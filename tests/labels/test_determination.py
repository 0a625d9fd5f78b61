"""The machine of determination, beyond its tables: promises, routes and what it writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError, LiaisonError, OutOfOrderError, WorkflowError
from secure_liaison.labels.acts import (
    Act,
    Approve,
    Assert,
    Decide,
    Open,
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
)
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.case import (
    CaseState,
    case_id,
    effective_label,
    join_all,
    label_sources,
    state_at,
)
from secure_liaison.labels.competence import report_goes_to
from secure_liaison.labels.determination import MAX_ASSERTIONS, open_case
from secure_liaison.labels.label import (
    Alternative,
    Determination,
    DeterminationKind,
    Label,
    Successor,
    label_digest,
)
from secure_liaison.labels.organisation import Organisation
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.validity import validate
from tests.labels.cases import (
    BEGUN,
    BODIES,
    DAY,
    NONCE,
    REALM,
    SETTING,
    SUBJECT,
    Story,
    actor,
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
from tests.labels.samples import CN, GENERIC
from tests.labels.test_catalogue import catalogue_file, loaded

FOREIGN = Label(
    policy=GENERIC.policy_id,
    level="secret",
    audience=Audience.of([leaf("province"), leaf("city")]),
    owner=leaf("firm"),
    created=BEGUN,
    period=Period.of_years(10, start=BEGUN),
)
READING = Alternative(label=FOREIGN, agreement="agr:2026", article="3", by="registry", at=BEGUN)
HELD = label(alternatives=(READING,))
TAKEN_OVER = Propose(purpose=Purpose.FOREIGN, label=HELD)
WITH_PACKS = setting(packs=(CN, GENERIC))


def refusal(story: Story, step: Step, who: str, **changes: Any) -> str:
    with pytest.raises(LiaisonError) as caught:
        story.do(step, who, **changes)
    return caught.value.reason


# --- what the machine writes --------------------------------------------------------------------


def test_a_label_says_who_proposed_who_approved_and_on_which_ground() -> None:
    proposal = original(reason="外事", catalogue="exercise.items@2026-01-01#12.3")
    story = opened(under=setting(catalogues=(loaded(),)))
    made = story.do(proposal, "province-1").do(Approve(), "province-2").case.label
    assert made is not None
    assert made.determination == Determination(
        proposer=officer("province-1"),
        approver=officer("province-2"),
        authority="table:province",
        catalogue="exercise.items@2026-01-01#12.3",
        reason="外事",
    )
    assert label() == replace(made, determination=Determination())


def test_a_derived_label_names_its_sources() -> None:
    source = label(owner="city")
    proposal = Propose(
        purpose=Purpose.DERIVED, label=label(), reason="summarises", sources=(source,)
    )
    story = opened().do(proposal, "province-1").do(Approve(), "province-2")
    assert story.case.label is not None
    made = story.case.label.determination
    assert DeterminationKind.DERIVED is made.kind
    assert {f"label:{label_digest(source).hex()}"} == set(made.sources)
    assert "derived" == made.authority


def test_an_opening_fixes_object_and_id() -> None:
    case = opened().case
    assert SUBJECT == case.subject
    assert case_id(REALM, leaf("province"), SUBJECT, NONCE) == case.id
    assert 16 == len(case.id)


@pytest.mark.parametrize(
    ("step", "agency", "known", "reason"),
    [
        (Approve(), leaf("province"), BEGUN, "case-not-opened"),
        (Open(subject=SUBJECT, nonce=NONCE), leaf("province"), BEGUN - 301, "case-time-ahead"),
        (Open(subject=SUBJECT, nonce=NONCE), "agency:" + "ff" * 32, BEGUN, "case-body"),
    ],
)
def test_an_opening_is_the_first_act_of_a_listed_body(
    step: Step, agency: str, known: int, reason: str
) -> None:
    who = replace(actor("province-1"), agency=agency)
    act = Act(step=step, actor=who, at=BEGUN, known=Instant(known))
    with pytest.raises(LiaisonError, match=reason):
        open_case(act, SETTING, REALM)


def test_time_runs_forwards_and_not_ahead() -> None:
    assert "case-time-backwards" == refusal(opened(), original(), "province-1", day=-1)
    early = Instant(BEGUN + DAY - 301)
    assert "case-time-ahead" == refusal(opened(), original(), "province-1", day=1, known=early)


# --- drafts protect -----------------------------------------------------------------------------


def test_everything_drafted_protects_until_somebody_decides() -> None:
    story = opened().do(original(label("juemi")), "province-1")
    story.do(Return(reason="过高"), "province-2").do(original(label("mimi")), "province-1")
    effective = effective_label(story.case, SETTING)
    assert effective is not None
    assert ("juemi", DeterminationKind.PROVISIONAL) == (
        effective.level,
        effective.determination.kind,
    )
    story.do(Approve(), "province-2")
    assert story.case.label is not None
    assert "mimi" == story.case.label.level


def test_nothing_protects_before_a_draft() -> None:
    assert effective_label(opened().case, SETTING) is None
    assert join_all((), SETTING) is None
    assert "" == report_goes_to(opened().case, BEGUN, SETTING)


def test_what_was_not_secret_can_be_decided_again() -> None:
    story = opened().do(not_secret(), "province-1").do(Approve(), "province-2")
    states = [story.case.state]
    states.append(story.do(original(), "province-1").case.state)
    states.append(story.do(Approve(), "province-2").case.state)
    assert [CaseState.UNCLASSIFIED, CaseState.PROPOSED, CaseState.DETERMINED] == states


# --- what is unclear ----------------------------------------------------------------------------


def test_a_bureau_decides_otherwise_than_drafted() -> None:
    story = received().do(not_secret(), "pb-2")
    assert "case-proposal-pending" == refusal(story, original(label(owner="city")), "pb-3")
    story.do(Return(reason="再议"), "pb-3")
    assert "case-nothing-proposed" == refusal(story, Decide(), "pb-3")
    assert "case-nothing-proposed" == refusal(story, Return(reason="无"), "pb-3")
    low = label("mimi", owner="city")
    story.do(original(low), "pb-2").do(Decide(), "pb-3")
    assert story.case.label is not None
    assert ("mimi", leaf("pb")) == (story.case.label.level, story.case.decided_by)


def test_a_bureau_decides_that_an_item_is_not_secret() -> None:
    story = received().do(not_secret(), "pb-2").do(Decide(), "pb-3")
    assert CaseState.UNCLASSIFIED is story.case.state
    assert effective_label(story.case, SETTING) is None


def test_what_a_bureau_decided_the_drafting_body_may_propose_to_change_and_not_change() -> None:
    story = received().do(Decide(), "pb-2")
    low = label("mimi", owner="city")
    story.do(change(low), "city-1")
    assert "case-body" == refusal(story, Approve(), "city-2")
    story.do(Approve(), "pb-2")
    assert story.case.label is not None
    assert "mimi" == story.case.label.level


def test_a_draft_that_a_successor_must_report_is_reported_by_it() -> None:
    gone = Instant(BEGUN + DAY)
    bodies = tuple(
        replace(body, dissolved=gone, successor=leaf("firm")) if body.leaf == leaf("city") else body
        for body in BODIES
    )
    table = Organisation(bodies=bodies, national_bureau=leaf("nb"))
    story = opened("city-1", setting(powers=powers(organisation=table)))
    story.do(Protect(label=label(owner="city"), cause=ProtectionCause.UNCLEAR), "city-1")
    assert "case-body" == refusal(story, Report(to=leaf("pb")), "city-1", day=2)
    story.do(Report(to=leaf("pb")), "firm-1", day=2).do(Receive(), "pb-1")
    assert CaseState.RECEIVED is story.case.state


# --- disputes -----------------------------------------------------------------------------------


def test_a_dispute_ends_pending_proposals_and_raises_protection() -> None:
    story = determined().do(change(label("mimi")), "province-1")
    story.do(Assert(label=label("juemi"), reason="影响更大"), "firm-1")
    assert story.case.pending is None
    effective = effective_label(story.case, SETTING)
    assert effective is not None
    assert ("juemi", DeterminationKind.DISPUTED) == (
        effective.level,
        effective.determination.kind,
    )


def test_that_something_is_not_secret_can_be_disputed_and_settled() -> None:
    story = opened().do(not_secret(), "province-1").do(Approve(), "province-2")
    assert "case-nothing-disputed" == refusal(story, Assert(label=None, reason="同意"), "city-1")
    story.do(Assert(label=label("mimi"), reason="涉密"), "city-1")
    effective = effective_label(story.case, SETTING)
    assert effective is not None
    assert "mimi" == effective.level
    story.do(not_secret(), "pb-2").do(Settle(), "pb-3")
    assert CaseState.UNCLASSIFIED is story.case.state


def test_only_listed_bodies_dispute_and_not_for_ever() -> None:
    story = determined()
    strange = replace(actor("city-1"), agency="agency:" + "ff" * 32)
    raised = Assert(label=None, reason="已经公开")
    assert "case-body" == refusal(story, raised, "city-1", actor=strange)
    for _ in range(MAX_ASSERTIONS):
        story.do(raised, "city-1")
    assert "case-assertions" == refusal(story, raised, "city-1")


def test_a_level_of_the_provincial_bureau_is_settled_by_it_and_by_the_national_one() -> None:
    for bureau in ("pb", "nb"):
        story = determined().do(Assert(label=None, reason="已经公开"), "city-1")
        story.do(not_secret(), f"{bureau}-2").do(Settle(), f"{bureau}-3")
        assert leaf(bureau) == story.case.decided_by
    story = determined().do(Assert(label=label("juemi"), reason="影响更大"), "city-1")
    assert "case-body" == refusal(story, original(label("juemi")), "pb-2")


# --- derived and foreign ------------------------------------------------------------------------


def derived(*sources: Label, **changes: Any) -> Story:
    proposal = Propose(purpose=Purpose.DERIVED, label=label(), reason="summarises", sources=sources)
    story = opened().do(replace(proposal, **changes), "province-1")
    return story.do(Approve(), "province-2")


def test_a_derived_label_keeps_to_its_sources_for_life() -> None:
    story = derived(label())
    low, weaker = change(label("mimi")), label("mimi")
    assert "case-below-source" == refusal(story, low, "province-1")
    moved = replace(low, sources=(weaker,))
    assert "case-without-consent" == refusal(story, moved, "province-1")
    consented = replace(moved, consent="来源单位〔2026〕5号")
    story.do(consented, "province-1").do(Approve(), "province-2")
    assert (weaker,) == story.case.sources
    assert story.case.label is not None
    assert DeterminationKind.DERIVED is story.case.label.determination.kind


def test_a_derived_label_is_declassified_with_its_source_only() -> None:
    story = derived(label())
    assert "case-without-consent" == refusal(story, ending(), "province-1")
    story.do(ending(consent="来源单位〔2026〕6号"), "province-1").do(Approve(), "province-2")
    assert CaseState.DECLASSIFIED is story.case.state


def test_sources_belong_to_derived_labels() -> None:
    given = original(sources=(label(),))
    assert "case-sources-given" == refusal(opened(), given, "province-1")
    foreign = replace(TAKEN_OVER, sources=(label(),))
    assert "case-sources-given" == refusal(opened(under=WITH_PACKS), foreign, "province-1")


UK = builtin_pack("uk.gscp-2024")
LEGACY = setting(packs=(UK,))


def legacy(level: str = "restricted", **changes: Any) -> Label:
    made = label(level, policy=UK.policy_id, period=Period(form=PeriodForm.OPEN, value=""))
    return replace(made, **changes)


def following(made: Label, *sources: Label) -> Propose:
    return Propose(purpose=Purpose.DERIVED, label=made, reason="summarises", sources=sources)


def test_an_obsolete_level_is_derived_from_a_source_that_bears_it() -> None:
    """What the past marked so keeps it; a summary of it is not a new marking."""
    story = opened(under=LEGACY).do(following(legacy(), legacy()), "province-1")
    made = story.do(Approve(), "province-2").case.label
    assert made is not None
    assert DeterminationKind.DERIVED is made.determination.kind
    validate(made, UK, follows=story.case.sources)
    asserted = Assert(label=legacy(), reason="仍有争议")
    disputed = story.do(asserted, "province-1").case
    stands = effective_label(disputed, LEGACY)
    assert stands is not None
    validate(stands, UK, follows=None)


def test_an_obsolete_level_is_never_new() -> None:
    lower = legacy("official", created=Instant(BEGUN - DAY))
    for proposal in (original(legacy()), following(legacy("confidential"), lower, legacy())):
        assert "label-obsolete" == refusal(opened(under=LEGACY), proposal, "province-1")
    story = opened(under=LEGACY).do(following(legacy(), legacy()), "province-1")
    story.do(Approve(), "province-2")
    moved = replace(change(legacy("confidential")), grounds=("情况变化", "", ""))
    assert "label-obsolete" == refusal(story, moved, "province-1")


def test_a_returned_draft_of_an_obsolete_level_still_names_what_it_followed() -> None:
    story = opened(under=LEGACY).do(following(legacy(), legacy()), "province-1")
    story.do(Return(reason="重新起草"), "province-2")
    draft = Protect(label=legacy("official"), cause=ProtectionCause.UNCLEAR)
    stands = effective_label(story.do(draft, "province-1").case, LEGACY)
    assert stands is not None
    assert "official" == stands.level  # in that country the level in use ranks above the old one
    assert label_sources((legacy(),)) <= stands.determination.sources


def test_an_open_period_ends_by_a_decision_only() -> None:
    story = opened(under=LEGACY).do(following(legacy("official"), legacy("official")), "province-1")
    story.do(Approve(), "province-2")
    assert CaseState.DETERMINED is state_at(story.case, Instant(BEGUN + 36525 * DAY), LEGACY)


SURPLUS = [
    pytest.param(label("jimi"), id="higher"),
    pytest.param(label("mimi", period=Period.of_years(10, start=Instant(BEGUN + DAY))), id="long"),
]


@pytest.mark.parametrize("made", SURPLUS)
def test_what_a_derived_label_adds_to_its_sources_needs_the_authority_for_its_level(
    made: Label,
) -> None:
    """County has no authority of its own and is not limited in following others."""
    source = label("mimi", owner="city")
    same = replace(source, owner=leaf("county"))
    story = opened("county-1").do(following(same, source), "county-1")
    assert story.do(Approve(), "county-2").case.label is not None
    above = replace(made, owner=leaf("county"))
    story = opened("county-1").do(following(above, source), "county-1")
    assert "authority-level" == refusal(story, Approve(), "county-2")
    # A body with the authority decides the same, and the label says on which ground.
    above = replace(made, owner=leaf("province"))
    found = opened().do(following(above, source), "province-1").do(Approve(), "province-2").case
    assert found.label is not None
    assert DeterminationKind.DERIVED is found.label.determination.kind
    assert "table:province" == found.label.determination.authority


def test_a_narrower_audience_is_no_surplus() -> None:
    source = label("mimi", owner="city")
    narrow = replace(source, owner=leaf("county"), audience=Audience.of([leaf("city")]))
    story = opened("county-1").do(following(narrow, source), "county-1")
    assert story.do(Approve(), "county-2").case.label is not None


def test_a_derived_label_is_not_raised_later_without_the_authority_either() -> None:
    source = label("mimi", owner="city")
    same = replace(source, owner=leaf("county"))
    story = opened("county-1").do(following(same, source), "county-1").do(Approve(), "county-2")
    raised = replace(change(replace(same, level="jimi")), grounds=("情况变化", "", ""))
    story.do(raised, "county-1")
    assert "authority-level" == refusal(story, Approve(), "county-2")


def held() -> Story:
    story = opened(under=WITH_PACKS).do(TAKEN_OVER, "province-1")
    return story.do(Approve(), "province-2")


def test_foreign_material_keeps_its_originators_reading() -> None:
    story = held()
    assert story.case.label is not None
    assert DeterminationKind.FOREIGN is story.case.label.determination.kind
    assert (READING,) == story.case.label.alternatives
    other = replace(READING, article="4")
    changed = change(label("juemi", alternatives=(other,)))
    assert "case-alternatives" == refusal(story, changed, "province-1")
    assert "case-without-agreement" == refusal(story, change(label("juemi")), "province-1")


def test_foreign_material_without_an_agreement_is_refused() -> None:
    bare = replace(TAKEN_OVER, label=label())
    assert "case-without-agreement" == refusal(opened(), bare, "province-1")
    own = replace(READING, label=label())
    same = replace(TAKEN_OVER, label=label(alternatives=(own,)))
    assert "case-without-agreement" == refusal(opened(), same, "province-1")


def test_foreign_material_is_relaxed_with_the_originators_consent_only() -> None:
    low = change(replace(HELD, level="mimi"))
    assert "case-without-consent" == refusal(held(), low, "province-1")
    assert "case-without-consent" == refusal(held(), ending(), "province-1")
    story = held().do(replace(low, consent="note 17"), "province-1").do(Approve(), "province-2")
    assert CaseState.DETERMINED is story.case.state
    raised = held().do(change(replace(HELD, level="juemi")), "province-1")
    assert raised.case.pending is not None


# --- every label --------------------------------------------------------------------------------

LATER = Instant(BEGUN + 31 * DAY)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (label(determination=Determination(proposer="x")), "case-label-determined"),
        (label(successor=Successor(at=LATER, label=label("mimi"))), "case-label-successor"),
        (label(owner="city"), "case-owner"),
        (label(created=LATER), "case-label-created"),
        (label(period=Period.of_years(10, start=LATER)), "case-period-start"),
        (
            label(period=Period(form=PeriodForm.MOMENT, value="2026-03-02", start=BEGUN)),
            "case-period-ended",
        ),
        (label(policy="cn.state-secrets@2030-01-01"), "pack-unknown"),
        (label("secret"), "label-level-unknown"),
        (label(created=Instant(0)), "label-policy-not-in-force"),
        (label(period=Period(form=PeriodForm.OPEN, value="")), "label-period-form"),
    ],
)
def test_a_label_that_is_not_admissible_is_refused(made: Label, reason: str) -> None:
    assert reason == refusal(opened(), original(made), "province-1")


def test_a_condition_is_a_period_without_a_maximum() -> None:
    made = label(period=Period(form=PeriodForm.CONDITION, value="会议开始前"))
    assert CaseState.DETERMINED is determined(made).case.state


def test_a_pack_that_is_no_longer_in_force_makes_no_new_labels() -> None:
    old = replace(CN, valid_to="2026-03-03")
    story = opened(under=setting(packs=(old,)))
    assert "label-policy-not-in-force" == refusal(story, original(), "province-1", day=1)


def test_a_label_longer_than_the_maximum_names_the_provision_that_was_cited() -> None:
    """Without it every gate would refuse the label, and nobody could ask on what it rests."""
    longer = label(period=Period.of_years(25, start=BEGUN))
    cited = original(longer, provision="某专项规定第三条")
    made = opened().do(cited, "province-1").do(Approve(), "province-2").case.label
    assert made is not None
    assert "某专项规定第三条" == made.determination.provision
    validate(made, CN)


def test_what_was_cited_still_stands_in_a_draft_and_in_a_dispute() -> None:
    """Without it the joined label would be invalid, and the paper could not go to anybody."""
    longer = label(period=Period.of_years(25, start=BEGUN))
    cited = original(longer, provision="某专项规定第三条")
    story = opened().do(cited, "province-1").do(Return(reason="再核"), "province-2")
    draft = Protect(label=label("mimi"), cause=ProtectionCause.UNCLEAR)
    stands = effective_label(story.do(draft, "province-1").case, SETTING)
    assert stands is not None
    assert ("jimi", longer.period) == (stands.level, stands.period)
    assert DeterminationKind.PROVISIONAL is stands.determination.kind
    validate(stands, CN)
    story = opened().do(cited, "province-1").do(Approve(), "province-2")
    for each in (None, label("mimi"), label("jimi")):
        story.do(Assert(label=each, reason="应低一级"), "city-1")
        stands = effective_label(story.case, SETTING)
        assert stands is not None
        assert "某专项规定第三条" == stands.determination.provision
        assert DeterminationKind.DISPUTED is stands.determination.kind
        validate(stands, CN)


def test_a_provision_lifts_the_maximum_and_nothing_else() -> None:
    until = Period(form=PeriodForm.MOMENT, value="2050-01-01", start=BEGUN)
    no_moments = replace(CN.period, forms=frozenset({PeriodForm.DURATION}))
    story = opened(under=setting(packs=(replace(CN, period=no_moments),)))
    cited = original(label(period=until), provision="某专项规定第三条")
    assert "label-period-form" == refusal(story, cited, "province-1")
    wrong = label(control=frozenset({"limit:unheard-of"}), period=Period.of_years(25, start=BEGUN))
    cited = original(wrong, provision="某专项规定第三条")
    assert "label-marking-unknown" == refusal(opened(), cited, "province-1")


@pytest.mark.parametrize(
    ("proposal", "reason"),
    [
        (change(label()), "case-purpose"),
        (Propose(purpose=Purpose.DERIVED, label=None, reason="x"), "case-label-missing"),
    ],
)
def test_a_first_proposal_determines(proposal: Propose, reason: str) -> None:
    assert reason == refusal(opened(), proposal, "province-1")


def test_declassifying_sets_no_label() -> None:
    given = ending(label=label())
    assert "case-label-given" == refusal(determined(), given, "province-1")


def test_a_second_proposal_waits_for_the_first() -> None:
    story = determined().do(change(label("mimi")), "province-1")
    assert "case-proposal-pending" == refusal(story, change(label("juemi")), "province-1")
    story.do(Return(reason="不同意"), "province-2").do(change(label("juemi")), "province-1")
    story.do(Approve(), "province-2")
    assert "case-nothing-proposed" == refusal(story, Approve(), "province-2")


def test_each_thing_that_changes_has_its_ground() -> None:
    wide = label("mimi", audience=Audience.of([leaf("province")]))
    for grounds, reason in (
        (("情况变化", "", ""), "case-change-grounds"),
        (("", "", "情况变化"), "case-change-grounds"),
    ):
        asked = change(wide, grounds=grounds)
        assert reason == refusal(determined(), asked, "province-1")
    asked = change(wide, grounds=("情况变化", "", "情况变化"))
    assert determined().do(asked, "province-1").case.pending is not None


def test_reasons_come_from_the_list_where_there_is_one() -> None:
    listed = setting(reasons=frozenset({("extend", "still-needed"), ("derive", "same")}))
    longer = extension(label(period=Period.of_years(12, start=BEGUN)))
    story = determined(under=listed)
    assert "case-reason" == refusal(story, longer, "province-1")
    story.do(replace(longer, reason="still-needed"), "province-1")
    assert story.case.pending is not None


@pytest.mark.parametrize(
    ("proposal", "reason"),
    [
        (original(catalogue="exercise.items@2026-01-01#12.3"), ""),
        (original(catalogue="exercise.items@2026-01-01#99"), "catalogue-item-unknown"),
        (original(catalogue="other@2026-01-01#1"), "case-catalogue-unknown"),
        (
            original(label("mimi"), catalogue="exercise.items@2026-01-01#12.3"),
            "case-departs-from-catalogue",
        ),
        (
            original(label("mimi"), catalogue="exercise.items@2026-01-01#12.3", remark="仅部分"),
            "",
        ),
        (original(catalogue="exercise.items@2026-01-01#13.1"), "case-departs-from-catalogue"),
        (not_secret(catalogue="exercise.items@2026-01-01#13.1"), ""),
        (
            not_secret(catalogue="exercise.items@2026-01-01#12.3"),
            "case-departs-from-catalogue",
        ),
    ],
)
def test_departing_from_the_catalogue_is_said(proposal: Propose, reason: str) -> None:
    assert catalogue_file()
    story = opened(under=setting(catalogues=(loaded(),)))
    if reason:
        assert reason == refusal(story, proposal, "province-1")
    else:
        assert CaseState.PROPOSED is story.do(proposal, "province-1").case.state


# --- power and time -----------------------------------------------------------------------------


def test_a_power_that_ended_before_the_act_is_proven_gives_nothing() -> None:
    short = tuple(
        replace(each, valid_to=Instant(BEGUN + DAY))
        for each in powers().designations
        if each.officer == officer("province-2")
    )
    under = setting(powers=powers(designations=short))
    story = opened(under=under).do(original(), "province-1")
    late = Instant(BEGUN + 2 * DAY)
    reason = refusal(story, Approve(), "province-2", known=late)
    assert "authority-designation-not-in-force" == reason
    story.at -= 60
    assert CaseState.DETERMINED is story.do(Approve(), "province-2").case.state


def test_an_approval_needs_authority_for_the_old_level_too() -> None:
    narrow = tuple(
        replace(each, levels=frozenset({"mimi"})) if each.officer == officer("province-2") else each
        for each in powers().designations
    )
    under = setting(powers=powers(designations=narrow))
    story = opened(under=under).do(original(), "province-1").do(Approve(), "province-3")
    story.do(change(label("mimi")), "province-1")
    assert "authority-designation-level" == refusal(story, Approve(), "province-2")
    assert CaseState.DETERMINED is story.do(Approve(), "province-3").case.state


def test_a_pack_that_allows_it_lets_one_person_do_both() -> None:
    alone = replace(CN, workflow=replace(CN.workflow, proposer_is_not_approver=False))
    story = opened(under=setting(packs=(alone,))).do(original(), "province-2")
    assert CaseState.DETERMINED is story.do(Approve(), "province-2").case.state
    other = opened(under=setting(packs=(GENERIC, alone))).do(not_secret(), "province-2")
    assert CaseState.UNCLASSIFIED is other.do(Approve(), "province-2").case.state


@pytest.mark.parametrize(
    "step",
    [
        original(),
        Review(remark="继续保密"),
        Assert(label=None, reason="已经公开"),
        Return(reason="无"),
    ],
)
def test_nothing_can_be_done_after_the_end(step: Step) -> None:
    with pytest.raises(OutOfOrderError, match="case-expired"):
        determined().do(step, "province-1", day=3653)


def test_labels_of_two_versions_are_not_joined() -> None:
    newer = replace(CN, version="2026-01-01")
    story = determined(under=setting(packs=(CN, newer)))
    other = label("juemi", policy=newer.policy_id)
    with pytest.raises(FormatError, match="label-policy-mismatch"):
        story.do(Assert(label=other, reason="影响更大"), "city-1")


def test_a_successor_extends_what_its_predecessor_determined() -> None:
    gone = from_iso("2027-01-01")
    bodies = tuple(
        replace(body, dissolved=gone, successor=leaf("city"))
        if body.leaf == leaf("province")
        else body
        for body in BODIES
    )
    table = Organisation(bodies=bodies, national_bureau=leaf("nb"))
    story = determined(under=setting(powers=powers(organisation=table)))
    longer = extension(label(owner="city", period=Period.of_years(15, start=BEGUN)))
    assert "case-body" == refusal(story, longer, "province-1", day=400)
    story.do(longer, "city-1", day=400).do(Approve(), "city-2")
    assert leaf("city") == story.case.decided_by
    raised = Assert(label=None, reason="已经公开")
    assert "case-body" == refusal(story, raised, "province-1")


def test_a_stranger_in_the_table_decides_nothing() -> None:
    make: Callable[[], Story] = determined
    for who in ("firm-2", "county-2", "city-2", "pb-2", "nb-2"):
        assert "case-body" == refusal(make(), change(label("mimi")), who)
    with pytest.raises(WorkflowError, match="case-body"):
        opened().do(Protect(label=label(), cause=ProtectionCause.UNCLEAR), "city-1")


def test_a_cited_provision_stands_in_the_label_that_it_made_possible() -> None:
    long = label(period=Period.of_years(25, start=BEGUN))
    story = opened().do(original(long, provision="某专项规定第三条"), "province-1")
    story.do(Approve(), "province-2")
    assert story.case.label is not None
    assert "某专项规定第三条" == story.case.label.determination.provision
    validate(story.case.label, CN)
    with pytest.raises(FormatError, match="label-period-over-maximum"):
        validate(replace(story.case.label, determination=Determination()), CN)


@pytest.mark.parametrize(
    ("late_s", "expected"), [(-1, ""), (0, "case-expired"), (1, "case-expired")]
)
def test_a_period_ends_at_local_midnight_and_not_at_that_of_utc(late_s: int, expected: str) -> None:
    zone = CN.period.utc_offset_minutes
    short = label(
        period=Period(form=PeriodForm.MOMENT, value="2026-06-01", start=BEGUN, offset_minutes=zone)
    )
    story = determined(short)
    end = int(from_iso("2026-06-01")) - zone * 60
    longer = replace(short, period=replace(short.period, value="2026-07-01"))
    day = (end + late_s - BEGUN) / DAY
    if expected:
        assert expected == refusal(story, extension(longer), "province-1", day=day)
    else:
        assert story.do(extension(longer), "province-1", day=day).case.pending is not None
