"""The lint decides about rules exactly: it is compared with trying every label of small packs."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.labels.finding import FindingCode
from secure_liaison.labels.lint_rules import lint_rules
from secure_liaison.labels.pack import read_unchecked
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.labels.rules import Facts, applies, is_met
from tests.labels.lint.test_lint import category
from tests.labels.samples import as_bytes, pack_file
from tests.properties.test_label_laws import law

LEVELS = ("public", "internal")
VALUES = {"x": ("a", "b", "c"), "y": ("d", "e")}
MARKINGS = tuple(f"{name}:{value}" for name, values in VALUES.items() for value in values)
LABELS = tuple(
    frozenset(some) for size in range(len(MARKINGS) + 1) for some in combinations(MARKINGS, size)
)


def counts() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda name, low, more: {
            "count": {"category": name, "min": low, "max": None if more is None else low + more}
        },
        st.sampled_from(sorted(VALUES)),
        st.integers(0, 4),
        st.none() | st.integers(0, 2),
    )


conditions = st.recursive(
    st.one_of(
        st.sampled_from(LEVELS).map(lambda level: {"level_at_least": level}),
        st.sampled_from(LEVELS).map(lambda level: {"level_in": [level]}),
        st.sampled_from(MARKINGS).map(lambda marking: {"has": marking}),
        counts(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=4,
)
effects = st.one_of(
    st.builds(
        lambda name, count: {"need": {"category": name, "count": count}},
        st.sampled_from(sorted(VALUES)),
        st.integers(1, 4),
    ),
    st.sampled_from(sorted(VALUES)).map(lambda name: {"forbid": name}),
    st.lists(st.sampled_from(MARKINGS), unique=True, max_size=4).map(lambda many: {"one_of": many}),
    st.sampled_from(LEVELS).map(lambda level: {"raise_to": level}),
)


@st.composite
def packs(draw: st.DrawFn) -> PolicyPack:
    """A pack with two levels, two categories and a few rules."""
    value = pack_file("generic")
    value["levels"] = value["levels"][: len(LEVELS)]
    value["authority"] = []
    value["categories"] = []
    for name, values in VALUES.items():
        least = draw(st.sampled_from([0, 0, 0, 1]))
        most = draw(st.none() | st.integers(least, 3))
        made = {"id": name, "min": least, "max": most, "values": [{"id": v} for v in values]}
        value["categories"].append(category(made))
    rule = value["rules"][0]
    written = draw(st.lists(st.tuples(conditions, effects), max_size=4))
    value["rules"] = [
        {**rule, "id": f"r{k}", "if": condition, "then": effect}
        for k, (condition, effect) in enumerate(written)
    ]
    return read_unchecked(as_bytes(value))


def counted(pack: PolicyPack, facts: Facts) -> bool:
    return all(
        each.least <= facts.count(each.id) <= (99 if each.most is None else each.most)
        for each in pack.categories
    )


def labels_of(pack: PolicyPack, level: str) -> list[Facts]:
    ranks = {each.id: each.rank for each in pack.levels}
    every = (
        Facts(rank=ranks[level], level=level, ranks=ranks, markings=markings) for markings in LABELS
    )
    return [facts for facts in every if counted(pack, facts)]


def met(pack: PolicyPack, facts: Facts) -> bool:
    return all(not applies(r.condition, facts) or is_met(r.effect, facts) for r in pack.rules)


@law
@given(packs())
def test_a_level_is_reported_exactly_if_no_label_of_it_meets_the_rules(pack: PolicyPack) -> None:
    unusable = {
        level for level in LEVELS if not any(met(pack, each) for each in labels_of(pack, level))
    }
    found = [
        each
        for each in lint_rules(pack)
        if each.code in {FindingCode.LEVEL_UNUSABLE, FindingCode.RULES_CONTRADICT}
    ]
    at = {each.names[-1] for each in found}
    reported = {level for level in LEVELS if level in at}
    if any(each.code is FindingCode.LEVEL_UNUSABLE for each in found):
        assert unusable
    # Levels of which the rules say the same are reported by the first of them.
    assert not unusable or reported & unusable


@law
@given(packs())
def test_a_value_is_reported_exactly_if_no_valid_label_carries_it(pack: PolicyPack) -> None:
    found = list(lint_rules(pack))
    usable = [level for level in LEVELS if any(met(pack, each) for each in labels_of(pack, level))]
    carried = {
        marking
        for level in usable
        for each in labels_of(pack, level)
        if met(pack, each)
        for marking in each.markings
    }
    reported = {
        f"{each.place.split('.')[1]}:{value}"
        for each in found
        if each.code is FindingCode.VALUE_UNUSABLE
        for value in each.names
    }
    assert not usable or reported == set(MARKINGS) - carried


@law
@given(packs())
def test_a_rule_is_reported_exactly_if_nothing_fits_or_meets_it(pack: PolicyPack) -> None:
    found = {(each.code, each.place) for each in lint_rules(pack)}
    every = [facts for level in LEVELS for facts in labels_of(pack, level)]
    for rule in pack.rules:
        fits = any(applies(rule.condition, facts) for facts in every)
        can = any(is_met(rule.effect, facts) for facts in every)
        impossible = (FindingCode.RULE_IMPOSSIBLE, f"rules.{rule.id}") in found
        never = (FindingCode.RULE_NEVER_APPLIES, f"rules.{rule.id}") in found
        assert (impossible, never) == (not can, can and not fits)
