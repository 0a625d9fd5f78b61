"""Equivalence in an agreement: directed, dated, never chained, one answer or none."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError
from secure_liaison.labels.agreement import Agreement, Equivalence, Treatment
from tests.labels.samples import CREATED, agreement
from tests.labels.strategies import law

DAY = 86_400
POLICIES = ["p.one", "p.two", "p.three"]
LEVELS = ["low", "middle", "high"]

levels, policies = st.sampled_from(LEVELS), st.sampled_from(POLICIES)
days = st.integers(0, 20).map(lambda day: Instant(CREATED + day * DAY))


@st.composite
def entries(draw: st.DrawFn) -> Equivalence:
    refuses = draw(st.booleans())
    begun = draw(days)
    lasting = draw(st.none() | st.integers(1, 10))
    return Equivalence(
        from_policy=draw(policies),
        from_level=draw(levels),
        to_policy=draw(policies),
        to_level="" if refuses else draw(levels),
        treatment=Treatment.REFUSE if refuses else Treatment.PROTECT_AS,
        article="3",
        valid_from=begun,
        valid_to=None if lasting is None else Instant(begun + lasting * DAY),
    )


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    try:
        return agreement(equivalences=tuple(draw(st.lists(entries(), max_size=6))))
    except FormatError:  # two answers to one question
        assume(condition=False)
        raise


@law
@given(agreements(), policies, levels, policies, days)
def test_an_answer_is_an_entry_for_exactly_this_question_and_day(
    signed: Agreement, source: str, level: str, target: str, at: Instant
) -> None:
    fitting = [
        each
        for each in signed.equivalences
        if (each.from_policy, each.from_level, each.to_policy) == (source, level, target)
        and each.valid_from <= at
        and (each.valid_to is None or at < each.valid_to)
    ]
    assert len(fitting) <= 1
    found = signed.equivalence(source, level, to_policy=target, at=at)
    assert found == (fitting[0] if fitting else None)


@law
@given(agreements(), levels, days)
def test_two_entries_in_a_row_are_no_third(signed: Agreement, level: str, at: Instant) -> None:
    first = signed.equivalence("p.one", level, to_policy="p.two", at=at)
    second = first and signed.equivalence("p.two", first.to_level, to_policy="p.three", at=at)
    direct = signed.equivalence("p.one", level, to_policy="p.three", at=at)
    if second and direct is None:
        assert not any(
            (each.from_policy, each.from_level, each.to_policy) == ("p.one", level, "p.three")
            and each.covers(at)
            for each in signed.equivalences
        )


@law
@given(agreements(), policies, levels, policies, days)
def test_a_refusal_names_no_level_and_protection_names_one(
    signed: Agreement, source: str, level: str, target: str, at: Instant
) -> None:
    found = signed.equivalence(source, level, to_policy=target, at=at)
    if found is not None:
        assert (found.treatment is Treatment.PROTECT_AS) is (found.to_level in LEVELS)


@law
@given(agreements())
def test_an_agreement_reads_back(signed: Agreement) -> None:
    assert signed == Agreement.from_value(signed.to_value())
