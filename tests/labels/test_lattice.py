from dataclasses import replace

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import (
    Determination,
    DeterminationKind,
    Successor,
    label_digest,
)
from secure_liaison.labels.lattice import dominates, join, may_read
from secure_liaison.labels.pack import builtin_pack, load_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.release import release_of
from secure_liaison.labels.validity import validate
from tests.labels.samples import (
    CN,
    CREATED,
    EMBASSY,
    GENERIC,
    MINISTRY,
    OFFICER,
    as_bytes,
    generic,
    jimi,
    pack_file,
)

LONGER = jimi(period=Period.of_years(20, start=CREATED))


def test_reader_needs_the_rank_the_audience_and_every_restriction() -> None:
    label = generic(restrict=frozenset({"project:alpha"}))
    full = frozenset({MINISTRY, "project:alpha"})
    assert may_read(label, GENERIC, clearance_rank=3, memberships=full)
    assert not may_read(label, GENERIC, clearance_rank=2, memberships=full)
    assert not may_read(label, GENERIC, clearance_rank=3, memberships=frozenset({MINISTRY}))
    assert not may_read(label, GENERIC, clearance_rank=3, memberships=frozenset({"project:alpha"}))


def test_nobody_reads_a_label_of_another_policy_by_this_packs_ranks() -> None:
    assert not may_read(jimi(), GENERIC, clearance_rank=255, memberships=frozenset({MINISTRY}))


@pytest.mark.parametrize(
    "lower",
    [
        {"level": "mimi"},
        {"audience": Audience.of([MINISTRY, EMBASSY, OFFICER])},
        {"control": frozenset[str]()},
        {"restrict": frozenset[str]()},
        {"period": Period.of_years(1, start=CREATED)},
    ],
)
def test_domination_fails_when_one_respect_is_lower(lower: dict[str, object]) -> None:
    high = jimi(control=frozenset({"limit:no-copy"}), restrict=frozenset({"project:alpha"}))
    low = replace(high, **lower)  # type: ignore[arg-type]  # one field at a time
    assert dominates(high, low, CN)
    assert not dominates(low, high, CN)


def test_information_alone_does_not_decide_domination() -> None:
    assert dominates(jimi(), jimi(inform=frozenset({"note:midian"})), CN)


def test_labels_of_different_policies_never_dominate() -> None:
    assert not dominates(generic(), jimi(), GENERIC)
    assert not dominates(generic(), jimi(), CN)


def test_join_takes_the_stricter_of_everything() -> None:
    a = jimi(control=frozenset({"limit:no-copy"}), inform=frozenset({"note:midian"}))
    b = jimi(
        level="mimi",
        owner=EMBASSY,
        audience=Audience.of([EMBASSY, OFFICER]),
        created=Instant(CREATED + 5),
        period=Period.of_years(20, start=CREATED),
    )
    joined = join(a, b, CN)
    assert joined.level == "jimi"
    assert joined.owner == MINISTRY
    assert joined.audience == Audience.of([MINISTRY, EMBASSY], [EMBASSY, OFFICER])
    assert joined.control == frozenset({"limit:no-copy"})
    assert joined.inform == frozenset({"note:midian"})
    assert joined.period == Period.of_years(20, start=CREATED)
    assert joined.created == CREATED + 5


def test_join_of_different_labels_is_derived_from_both_and_determined_by_nobody() -> None:
    signed = jimi(determination=Determination(proposer="a", approver="b", reason="c"))
    joined = join(signed, LONGER, CN)
    assert joined.determination == Determination(
        kind=DeterminationKind.DERIVED,
        sources=frozenset({f"label:{label_digest(each).hex()}" for each in (signed, LONGER)}),
    )


def test_a_label_that_people_derived_is_a_source_of_its_own() -> None:
    derived = jimi(
        determination=Determination(
            kind=DeterminationKind.DERIVED,
            proposer=OFFICER,
            sources=frozenset({"object:" + "ee" * 32}),
        )
    )
    joined = join(derived, LONGER, CN)
    assert f"label:{label_digest(derived).hex()}" in joined.determination.sources
    assert "object:" + "ee" * 32 not in joined.determination.sources


def test_join_drops_a_successor_that_only_one_part_has() -> None:
    later = Successor(at=Instant(CREATED + 9), label=jimi(level="mimi"))
    assert join(jimi(successor=later), LONGER, CN).successor is None
    both = replace(LONGER, successor=later)
    assert join(jimi(successor=later), both, CN).successor == later


def test_join_reviews_at_the_earlier_date() -> None:
    soon, late = Instant(CREATED + 1), Instant(CREATED + 2)
    assert join(jimi(review_at=late), jimi(review_at=soon), CN).review_at == soon
    assert join(jimi(review_at=late), LONGER, CN).review_at == late
    assert join(LONGER, jimi(review_at=late), CN).review_at == late


def test_join_keeps_both_privacy_marks() -> None:
    joined = join(jimi(privacy_mark="STAFF"), jimi(privacy_mark="DRAFT"), CN)
    assert joined.privacy_mark == "DRAFT / STAFF"


def test_join_refuses_two_policies() -> None:
    with pytest.raises(FormatError, match="label-policy-mismatch"):
        join(jimi(), generic(), CN)
    with pytest.raises(FormatError, match="label-policy-mismatch"):
        join(generic(), generic(), CN)


def test_join_of_a_condition_and_a_date_never_ends_early() -> None:
    condition = jimi(period=Period(form=PeriodForm.CONDITION, value="会议开始前"))
    assert join(condition, LONGER, CN).period.form is PeriodForm.OPEN


def test_join_whose_lists_swallow_home_stays_sound_and_waits_for_a_person() -> None:
    nato = builtin_pack("nato")
    home, ireland, austria = "group:NATO@2026-03-01", "nation:IRL", "nation:AUT"
    one = generic("s", policy=nato.policy_id, audience=Audience.of([home, ireland], [austria]))
    two = replace(one, audience=Audience.of([home, austria], [ireland]))
    for part in (one, two):
        validate(part, nato)
    whole = join(one, two, nato)
    assert whole.audience == Audience.of([austria], [ireland])
    for leaves in ({home, ireland}, {home, austria}, {ireland, austria}, {ireland}):
        members = frozenset(leaves)
        both = all(
            may_read(part, nato, clearance_rank=9, memberships=members) for part in (one, two)
        )
        assert may_read(whole, nato, clearance_rank=9, memberships=members) is both
    with pytest.raises(FormatError) as caught:
        validate(whole, nato)
    assert (caught.value.reason, caught.value.facts) == (
        "label-marking-count",
        {"category": "context"},
    )
    # A person names the home: then it holds, for fewer readers.
    validate(replace(whole, audience=Audience.of([home], [ireland])), nato)


def test_join_whose_list_swallows_home_stays_valid_where_the_owner_is_home() -> None:
    value = pack_file("generic")
    nations = pack_file("nato")["categories"]
    kept = [each for each in nations if each["id"] in {"rel", "only"}]
    value["categories"] += [{**each, "values": each["values"][:2]} for each in kept]
    pack = load_pack(as_bytes(value))
    first, second = (each.leaf for each in pack.category("only").values)
    one = generic(audience=Audience.of([MINISTRY, first], [first, second]))
    two = generic(audience=Audience.of([MINISTRY, second], [first]))
    whole = join(one, two, pack)
    validate(whole, pack, follows=(one, two))
    swallowed = replace(whole, audience=Audience.of([first]))
    validate(swallowed, pack, follows=(one, two))
    assert release_of(swallowed.audience, pack, MINISTRY).exact


def test_provisions_of_the_parts_stay_cited_in_any_order() -> None:
    """A period above the maximum is valid by its citation only, and outlives the join with it."""
    long, other = (
        jimi(
            period=Period.of_years(years, start=CREATED), determination=Determination(provision=by)
        )
        for years, by in ((25, "B art. 1"), (22, "A art. 2"))
    )
    plain = jimi(level="mimi", period=Period.of_years(5, start=CREATED))
    whole = join(join(long, plain, CN), other, CN)
    assert whole == join(plain, join(other, long, CN), CN)
    assert "A art. 2 / B art. 1" == whole.determination.provision
    validate(whole, CN)
    assert not join(plain, jimi(), CN).determination.provision
