import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import MAX_GROUPS, Audience
from secure_liaison.labels.label import Determination, DeterminationKind, label_digest
from secure_liaison.labels.lattice import join, join_all
from secure_liaison.labels.period import Period, PeriodForm, meet_periods
from secure_liaison.labels.protection import (
    join_protections,
    meet_protections,
    protection_of,
    protection_of_all,
)
from tests.labels.samples import CN, CREATED, EMBASSY, GENERIC, MINISTRY, OFFICER, generic, jimi

OPEN = Period(form=PeriodForm.OPEN, value="")
TALKS = Period(form=PeriodForm.CONDITION, value="会议开始前")
TEN, TWENTY = (Period.of_years(years, start=CREATED) for years in (10, 20))


def test_meet_is_what_two_labels_have_in_common() -> None:
    a = generic(
        "secret",
        audience=Audience.of([MINISTRY], [OFFICER]),
        restrict=frozenset({"project:alpha", "project:bravo"}),
        control=frozenset({"limit:no-copy"}),
        period=TWENTY,
    )
    b = generic(
        "internal",
        audience=Audience.of([EMBASSY]),
        restrict=frozenset({"project:bravo"}),
        period=TEN,
    )
    met = meet_protections(protection_of(a), protection_of(b), GENERIC)
    assert "internal" == met.level
    assert Audience.of([MINISTRY, EMBASSY], [OFFICER, EMBASSY]) == met.audience
    assert (frozenset({"project:bravo"}), frozenset()) == (met.restrict, met.control)
    assert TEN == met.period


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (OPEN, TEN, TEN),
        (TEN, TWENTY, TEN),
        (OPEN, TALKS, TALKS),
        (TALKS, TALKS, TALKS),
        (OPEN, OPEN, OPEN),
        (TALKS, TEN, None),
        (TALKS, Period(form=PeriodForm.CONDITION, value="the talks end"), None),
    ],
)
def test_meet_of_periods(a: Period, b: Period, expected: Period | None) -> None:
    assert expected == meet_periods(a, b) == meet_periods(b, a)


def test_meet_with_a_condition_is_refused_where_nothing_binds_no_longer() -> None:
    a, b = (protection_of(generic(period=period)) for period in (TALKS, TEN))
    with pytest.raises(FormatError, match="label-meet-period"):
        meet_protections(a, b, GENERIC)


def test_meet_with_the_public_is_public_and_with_nobody_the_other() -> None:
    some = Audience.of([MINISTRY], [OFFICER])
    assert Audience.of() == some.meet(Audience.of())
    assert some == some.meet(Audience.of([]))


def test_meet_with_too_many_groups_is_refused() -> None:
    a = Audience.of(*([f"officer:{n:04x}"] for n in range(9)))
    b = Audience.of(*([f"agency:{n:04x}"] for n in range(8)))
    with pytest.raises(FormatError, match="label-audience-size"):
        a.meet(b)


def test_groups_that_are_dropped_do_not_count_against_the_limit() -> None:
    lists = [[f"officer:{n:04x}"] for n in range(MAX_GROUPS)]
    more = [[*each, OFFICER] for each in lists]
    assert Audience.of(*lists) == Audience.of(*lists, *more)
    assert Audience.of(*lists) == Audience.of(*lists).join(Audience.of(*more))


def test_protections_of_two_policies_never_combine() -> None:
    a, b = protection_of(jimi()), protection_of(generic())
    for combine in (join_protections, meet_protections):
        with pytest.raises(FormatError, match="label-policy-mismatch"):
            combine(a, b, CN)
    with pytest.raises(FormatError, match="label-policy-mismatch"):
        protection_of_all([jimi(), generic()], CN)


def test_nothing_has_no_protection() -> None:
    with pytest.raises(ValueError, match="no parts"):
        protection_of_all([], CN)


# --- joining many -----------------------------------------------------------------------------


def test_join_of_many_is_joining_one_after_the_other() -> None:
    parts = [
        jimi(created=Instant(CREATED + n), privacy_mark=f"P{n % 2}", review_at=Instant(CREATED + n))
        for n in range(5)
    ]
    folded = parts[0]
    for part in parts[1:]:
        folded = join(folded, part, CN)
    assert folded == join_all(parts, CN) == join_all([*parts[::-1], parts[0]], CN)
    assert "P0 / P1" == folded.privacy_mark
    assert (
        Determination(
            kind=DeterminationKind.DERIVED,
            sources=frozenset(f"label:{label_digest(part).hex()}" for part in parts),
        )
        == folded.determination
    )


def test_join_of_more_sources_than_a_label_can_name_is_refused() -> None:
    parts = [generic(created=Instant(CREATED + n)) for n in range(65)]
    assert 64 == len(join_all(parts[:64], GENERIC).determination.sources)
    with pytest.raises(FormatError, match="label-source"):
        join_all(parts, GENERIC)
    assert protection_of(parts[0]) == protection_of_all(parts, GENERIC)
