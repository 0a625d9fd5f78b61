from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import (
    Determination,
    DeterminationKind,
    Label,
    Successor,
    label_digest,
)
from secure_liaison.labels.pack import load_pack
from secure_liaison.labels.period import MAX_INSTANT, Period, PeriodForm
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.labels.validity import markings_of, validate
from tests.labels.samples import (
    CN,
    CREATED,
    EMBASSY,
    GENERIC,
    MINISTRY,
    as_bytes,
    generic,
    jimi,
    pack_file,
)
from tests.labels.test_pack import narrow_category

DERIVED = DeterminationKind.DERIVED


def refused(label: Label, pack: PolicyPack, *, follows: tuple[Label, ...] | None = ()) -> str:
    with pytest.raises(FormatError) as caught:
        validate(label, pack, follows=follows)
    return caught.value.reason


def moment(day: str) -> Period:
    return Period(form=PeriodForm.MOMENT, value=day, start=CREATED)


def test_plain_labels_are_valid() -> None:
    validate(jimi(), CN)
    validate(jimi(control=frozenset({"limit:no-copy"}), inform=frozenset({"note:midian"})), CN)
    validate(generic(restrict=frozenset({"project:alpha"})), GENERIC)


def test_another_policy_is_refused() -> None:
    assert refused(jimi(), GENERIC) == "label-policy-mismatch"
    assert refused(jimi(policy="cn.state-secrets@2014-03-01"), CN) == "label-policy-mismatch"


def test_unknown_level_is_refused() -> None:
    assert refused(jimi(level="secret"), CN) == "label-level-unknown"


def test_label_made_before_the_pack_was_in_force_is_refused() -> None:
    early = from_iso("2024-08-31")
    assert refused(jimi(created=early), CN) == "label-policy-not-in-force"


def test_public_exists_at_the_lowest_rank_only() -> None:
    validate(generic("public", audience=Audience.of()), GENERIC)
    assert refused(generic("internal", audience=Audience.of()), GENERIC) == "label-audience-public"
    assert refused(jimi(audience=Audience.of()), CN) == "label-audience-public"


@pytest.mark.parametrize(
    "marking", [{"restrict": "limit:no-copy"}, {"control": "limit:other"}, {"inform": "x:y"}]
)
def test_marking_that_the_pack_does_not_list_under_that_kind_is_refused(
    marking: dict[str, str],
) -> None:
    field, value = next(iter(marking.items()))
    assert refused(jimi(**{field: frozenset({value})}), CN) == "label-marking-unknown"


@pytest.mark.parametrize(
    ("level", "years", "valid"),
    [
        ("mimi", 10, True),
        ("mimi", 11, False),
        ("jimi", 20, True),
        ("jimi", 21, False),
        ("juemi", 30, True),
        ("juemi", 31, False),
    ],
)
def test_maximum_period(level: str, years: int, valid: bool) -> None:  # noqa: FBT001  # a table
    label = jimi(level=level, period=Period.of_years(years, start=CREATED))
    if valid:
        validate(label, CN)
    else:
        assert refused(label, CN) == "label-period-over-maximum"


def test_maximum_counts_a_moment_from_its_start() -> None:
    validate(jimi(period=moment("2046-03-01")), CN)
    assert refused(jimi(period=moment("2046-03-02")), CN) == "label-period-over-maximum"


def test_moment_before_its_start_is_refused() -> None:
    assert refused(jimi(period=moment("2026-03-01")), CN) == "label-period-value"


def test_condition_is_allowed_and_an_open_period_is_older_practice() -> None:
    validate(jimi(period=Period(form=PeriodForm.CONDITION, value="会议开始前")), CN)
    assert refused(jimi(period=Period(form=PeriodForm.OPEN, value="")), CN) == "label-period-form"


def test_proposer_may_not_approve() -> None:
    same = Determination(proposer="officer:aa", approver="officer:aa")
    assert refused(jimi(determination=same), CN) == "label-same-person"
    validate(generic(determination=same), GENERIC)


def test_derived_label_names_its_source() -> None:
    derived = Determination(kind=DeterminationKind.DERIVED)
    assert refused(jimi(determination=derived), CN) == "label-without-source"


def test_unmet_rule_is_named() -> None:
    label = generic("public", restrict=frozenset({"project:alpha"}))
    with pytest.raises(FormatError, match="label-rule") as caught:
        validate(label, GENERIC)
    assert caught.value.facts == {"rule": "public-has-no-project"}


def test_combination_that_must_be_raised_is_refused_below() -> None:
    three = frozenset({"project:alpha", "project:bravo", "project:charlie"})
    assert refused(generic("confidential", restrict=three), GENERIC) == "label-rule"
    validate(generic("secret", restrict=three), GENERIC)


def test_successor_must_come_later_and_be_valid_itself() -> None:
    later = Instant(CREATED + 1)
    validate(jimi(successor=Successor(at=later, label=jimi(level="mimi"))), CN)
    early = Successor(at=CREATED, label=jimi(level="mimi"))
    assert refused(jimi(successor=early), CN) == "label-successor"
    foreign = Successor(at=later, label=generic())
    assert refused(jimi(successor=foreign), CN) == "label-successor"
    broken = Successor(at=later, label=jimi(level="other"))
    assert refused(jimi(successor=broken), CN) == "label-level-unknown"


def test_only_is_seen_where_a_group_leaves_home_out() -> None:
    value = pack_file("generic")
    value["categories"] += [narrow_category(min=1), narrow_category(id="rel", kind="widen")]
    pack = load_pack(as_bytes(value))
    only = generic(audience=Audience.of(["nation:FRA"]))
    released = generic(audience=Audience.of([MINISTRY, "nation:FRA"]))
    neither = generic(audience=Audience.of([EMBASSY]))
    # Home would stand beside it: whom a list names alone, it is released to.
    assert markings_of(only, pack) == frozenset({"only:x", "rel:x"})
    assert markings_of(released, pack) == frozenset({"rel:x"})
    assert markings_of(neither, pack) == frozenset()
    validate(only, pack)
    assert refused(released, pack) == "label-marking-count"


def test_too_many_values_of_a_category_are_refused() -> None:
    value = pack_file("generic")
    value["categories"][0]["max"] = 1
    pack = load_pack(as_bytes(value))
    two = frozenset({"project:alpha", "project:bravo"})
    assert refused(generic(restrict=two), pack) == "label-marking-count"


def test_group_as_of_a_later_day_is_refused() -> None:
    # 2026-03-01 in UTC is already 2026-03-01 everywhere east of it, and not yet the day after.
    validate(jimi(audience=Audience.of([MINISTRY, "group:KFOR@2026-03-01"])), CN)
    later = jimi(audience=Audience.of([MINISTRY, "group:KFOR@2026-03-02"]))
    assert refused(later, CN) == "label-group-date"


def old_generic() -> PolicyPack:
    """Return a pack whose third level and first project are of the past."""
    value = pack_file("generic")
    value["levels"][2]["obsolete"] = True
    value["categories"][0]["values"][0]["obsolete"] = True
    return load_pack(as_bytes(value))


OLD = old_generic()
OLD_SOURCE = generic("confidential", restrict=frozenset({"project:alpha"}))


def following(kind: DeterminationKind, *sources: Label, **changes: Any) -> Label:
    named = frozenset(f"label:{label_digest(source).hex()}" for source in sources)
    made = Determination(kind=kind, sources=named)
    return generic("confidential", **{"determination": made, **changes})


@pytest.mark.parametrize("kind", list(DeterminationKind))
def test_obsolete_level_is_kept_where_it_is_inherited_and_refused_where_it_is_new(
    kind: DeterminationKind,
) -> None:
    label = following(kind, OLD_SOURCE)
    if kind is DeterminationKind.ORIGINAL:
        assert refused(label, OLD, follows=(OLD_SOURCE,)) == "label-obsolete"
        assert refused(label, OLD, follows=None) == "label-obsolete"
    else:
        validate(label, OLD, follows=(OLD_SOURCE,))
        validate(label, OLD, follows=None)


INHERITING = [
    DeterminationKind.DERIVED,
    DeterminationKind.PROVISIONAL,
    DeterminationKind.DISPUTED,
]


@pytest.mark.parametrize("kind", INHERITING)
def test_obsolete_marking_must_be_borne_by_a_source_that_is_named(
    kind: DeterminationKind,
) -> None:
    bare, other = generic("confidential"), generic("secret", restrict=OLD_SOURCE.restrict)
    marked = {"restrict": OLD_SOURCE.restrict}
    validate(following(kind, OLD_SOURCE, **marked), OLD, follows=(OLD_SOURCE,))
    # Together they bear both.
    validate(following(kind, bare, other, **marked), OLD, follows=(bare, other))
    for sources in ((bare,), (other,), ()):
        made = following(kind, *sources, **marked)
        refusal = "label-obsolete" if sources or kind is not DERIVED else "label-without-source"
        assert refused(made, OLD, follows=sources) == refusal
    # A source that is shown and not named counts for nothing, nor does a name without its label.
    assert refused(following(kind, bare), OLD, follows=(OLD_SOURCE,)) == "label-obsolete"
    assert refused(following(kind, OLD_SOURCE), OLD) == "label-obsolete"


def test_a_source_of_another_policy_bears_nothing_of_this_one() -> None:
    foreign = replace(OLD_SOURCE, policy="some.other@2024-09-01")
    made = following(DERIVED, foreign)
    assert refused(made, OLD, follows=(foreign,)) == "label-obsolete"
    older = replace(OLD_SOURCE, policy="generic@2020-01-01")
    validate(following(DERIVED, older), OLD, follows=(older,))


def test_what_lies_under_an_obsolete_label_may_be_answered_under_it() -> None:
    """A receipt bears the label of what it acknowledges: that label exists already."""
    label = following(DERIVED, OLD_SOURCE)
    validate(label, OLD, follows=(label,))
    assert refused(label, OLD) == "label-obsolete"


def test_a_reader_without_the_sources_asks_only_that_some_are_named() -> None:
    assert refused(following(DeterminationKind.DISPUTED), OLD, follows=None) == "label-obsolete"


def test_a_label_made_at_the_end_of_the_calendar_is_judged_like_any_other() -> None:
    """Somebody else wrote it: it must not stop the desk that reads it."""
    group = Audience.of([MINISTRY, "group:KFOR@2026-01-01"])
    start = Period.of_years(10, start=Instant(MAX_INSTANT))
    validate(jimi(created=Instant(MAX_INSTANT), audience=group, period=start), CN)


def test_a_period_that_starts_past_the_end_of_the_calendar_is_refused() -> None:
    late = replace(moment("2030-01-01"), start=Instant(MAX_INSTANT), offset_minutes=840)
    assert refused(jimi(period=late, created=Instant(MAX_INSTANT)), CN) == "label-period-value"


def test_a_period_that_starts_far_ahead_lifts_no_maximum() -> None:
    """What is fixed today for thirty years from 2090 on would bind for more than ninety."""
    later = from_iso("2090-01-01")
    jump = Period.of_years(10, start=later)
    until = Period(form=PeriodForm.MOMENT, value="2095-01-01", start=later)
    assert refused(jimi(period=jump), CN) == "label-period-over-maximum"
    assert refused(jimi(period=until), CN) == "label-period-over-maximum"
    validate(jimi(period=jump, determination=Determination(provision="Law art. 20")), CN)


def test_a_period_may_start_some_days_after_its_label() -> None:
    soon = Instant(CREATED + 30 * 86_400)
    validate(jimi(period=Period.of_years(20, start=soon)), CN)
    late = Period.of_years(20, start=Instant(soon + 1))
    assert refused(jimi(period=late), CN) == "label-period-over-maximum"
