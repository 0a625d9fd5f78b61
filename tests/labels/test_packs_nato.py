"""The pack `nato`: rows of the labels report §3.1, §8.4 and §9, and `tests/policy/nato.toml`."""

from __future__ import annotations

from typing import Any

import pytest

from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.lattice import join, may_read
from secure_liaison.labels.marking import banner, parse_mark, render, render_portion
from secure_liaison.labels.naming import BasisStatus, MarkLanguage
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.validity import markings_of, validate
from tests.labels.marked import DAY, cases, marked

NATO = builtin_pack("nato")
CASES = cases("nato.toml")
VALID = [case for case in CASES if "refused" not in case]
REFUSED = [case for case in CASES if "refused" in case]
CHINESE_LEVELS = ("秘密", "机密", "绝密", "秘级")


def say(case: dict[str, Any]) -> str:
    found: str = case["say"]
    return found


@pytest.mark.parametrize("case", VALID, ids=say)
def test_valid_label_has_its_mark_in_english_and_french(case: dict[str, Any]) -> None:
    label = marked(NATO, **{**case, "markings": frozenset(case["markings"])})
    validate(label, NATO)
    assert markings_of(label, NATO) == frozenset(case["markings"])
    assert render(label, NATO, Language.EN, exercise=False) == case["mark"]
    if "fr" in case:
        assert render(label, NATO, MarkLanguage.FR, exercise=False) == case["fr"]


@pytest.mark.parametrize("case", REFUSED, ids=say)
def test_label_is_refused_by_the_rule_named(case: dict[str, Any]) -> None:
    label = marked(NATO, **{**case, "markings": frozenset(case["markings"])})
    with pytest.raises(FormatError) as caught:
        validate(label, NATO)
    assert caught.value.reason == case["refused"]
    if "rule" in case:
        assert caught.value.facts == {"rule": case["rule"]}


def test_every_rule_has_a_case_that_it_refuses() -> None:
    # That a context is named, the number of its values says before any rule is asked.
    shown = {case["rule"] for case in REFUSED if "rule" in case} | {"context-required"}
    assert shown == {rule.id for rule in NATO.rules}


def test_levels_have_the_numbers_of_the_example_policy() -> None:
    assert [(level.id, level.lacv) for level in NATO.levels] == [
        ("u", 1),
        ("r", 2),
        ("c", 3),
        ("s", 4),
        ("ts", 5),
    ]
    assert NATO.oid == "1.3.26.1.3.1"


def test_tags_are_those_of_the_standard() -> None:
    assert {(each.tag, each.kind, each.oid) for each in NATO.categories} == {
        ("Context", CategoryKind.NARROW, ""),
        ("Additional Sensitivity", CategoryKind.RESTRICT, "1.3.26.1.4.1"),
        ("Releasable To", CategoryKind.WIDEN, "1.3.26.1.4.2"),
        ("Administrative", CategoryKind.INFORM, "1.3.26.1.4.3"),
        ("Only", CategoryKind.NARROW, ""),
    }


def test_numbers_of_values_are_those_of_the_example_policy() -> None:
    numbers = {
        f"{category.id}:{value.id}": value.lacv
        for category in NATO.categories
        for value in category.values
    }
    wanted = {"sens:atomal": 1, "sens:crypto": 2, "sens:siop": 3, "sens:siop-esi": 4}
    wanted |= {"rel:swe": 752, "rel:rou": 642, "rel:eapc": 9984, "admin:staff": 2}
    assert {name: numbers[name] for name in wanted} == wanted


def test_members_of_nato_have_the_days_of_their_accession() -> None:
    group = next(group for group in NATO.groups if group.id == "NATO")
    joined = {member.leaf: member.joined for member in group.members}
    assert len(joined) == 32
    assert joined["nation:FRA"] == "1949-08-24"
    assert joined["nation:FIN"] == "2023-04-04"
    assert joined["nation:SWE"] == "2024-03-07"
    assert all(not member.left for member in group.members)


def test_a_member_is_read_as_a_release_value_but_not_given_anew() -> None:
    values = {value.id: value for value in NATO.category("rel").values}
    assert values["swe"].obsolete
    assert not values["che"].obsolete
    assert parse_mark("NATO SECRET Releasable to Sweden", NATO).markings == {
        "context:nato",
        "rel:swe",
    }


def test_facts_that_were_not_read_say_so() -> None:
    statuses = {basis.status for level in NATO.levels for basis in level.basis}
    assert BasisStatus.KNOWN in statuses
    for profile in NATO.handling:
        assert {basis.status for basis in profile.basis} == {BasisStatus.DEFAULT}


def test_chinese_mark_is_the_original_and_a_gloss_that_names_no_chinese_level() -> None:
    label = marked(NATO, "s", frozenset({"context:nato", "rel:che"}))
    text = render(label, NATO, Language.ZH, exercise=False)
    assert text == "NATO SECRET Releasable to Switzerland(北约 第二级)"
    assert banner(label, NATO, exercise=False) == text
    for level in NATO.levels:
        for name in (level.names.zh, level.mark.zh, level.meaning.zh):
            assert not any(word in name for word in CHINESE_LEVELS)


def test_portion_marks_are_short() -> None:
    def portion(level: str, *markings: str) -> str:
        return render_portion(marked(NATO, level, frozenset(markings)), NATO)

    assert portion("s", "context:nato") == "(NS)"
    assert portion("ts", "context:nato", "sens:atomal") == "(CTS ATOMAL)"
    assert portion("c", "context:kfor", "only:nato") == "(NATO/KFOR C NATO ONLY)"


def test_an_exercise_says_so() -> None:
    label = marked(NATO, "c", frozenset({"context:kfor"}))
    text = render(label, NATO, MarkLanguage.FR, exercise=True)
    assert text == "演练 EXERCISE · NATO/KFOR CONFIDENTIEL"
    assert parse_mark(text, NATO).exercise


def test_a_label_without_context_is_not_rendered() -> None:
    label = marked(NATO, "s", frozenset())
    with pytest.raises(FormatError) as caught:
        render(label, NATO, Language.EN, exercise=False)
    assert (caught.value.reason, caught.value.facts) == (
        "label-marking-count",
        {"category": "context"},
    )


def test_top_secret_of_another_context_is_not_rendered_as_cosmic() -> None:
    label = marked(NATO, "ts", frozenset({"context:kfor"}))
    with pytest.raises(FormatError, match="label-marking-count"):
        render(label, NATO, Language.EN, exercise=False)


def test_nato_unclassified_is_not_public() -> None:
    label = marked(NATO, "u", frozenset(), audience=[])
    with pytest.raises(FormatError, match="label-marking-count"):
        validate(label, NATO)


def test_join_does_not_widen_where_the_published_rules_do() -> None:
    # Report §0.1: left out of the dominant label, ONLY would let New Zealand and Samoa read.
    plain = marked(NATO, "u", frozenset({"context:nato", "rel:nzl", "rel:wsm"}))
    only = marked(NATO, "c", frozenset({"context:kfor", "only:irl", "only:ukr", "only:nato"}))
    joined = join(plain, only, NATO)

    def reads(*leaves: str) -> bool:
        return may_read(joined, NATO, clearance_rank=4, memberships=frozenset(leaves))

    nato, kfor = f"group:NATO@{DAY}", f"group:KFOR@{DAY}"
    assert reads("nation:GBR", nato, kfor)
    assert not reads("nation:NZL", kfor)
    assert not reads("nation:WSM")
    assert not reads("nation:IRL", kfor)
    assert not reads("nation:GBR", nato)


def test_one_home_leaf_in_a_list_of_only_does_not_become_the_context() -> None:
    kfor, nato = f"group:KFOR@{DAY}", f"group:NATO@{DAY}"
    audience = [[kfor, "nation:AUT", "nation:CHE"], [nato, "nation:IRL"]]
    label = marked(NATO, "c", frozenset(), audience=audience)
    assert render(label, NATO, Language.EN, exercise=False) == (
        "NATO/KFOR CONFIDENTIAL Releasable to Austria, Switzerland Ireland, NATO ONLY"
    )


def test_membership_day_of_a_label_is_its_own() -> None:
    label = marked(NATO, "s", frozenset({"context:nato"}))
    assert label.audience == Audience.of([f"group:NATO@{DAY}"])
    assert NATO.in_force(from_iso(DAY))
