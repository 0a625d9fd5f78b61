"""The pack `us.eo13526`: the labels report §3.5, §8.4 and §9, and `tests/policy/us.toml`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.lattice import join
from secure_liaison.labels.marking import parse_mark, parse_portion, render, render_portion
from secure_liaison.labels.naming import BasisStatus
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.validity import markings_of, validate
from tests.labels.marked import cases, marked
from tests.labels.samples import CREATED

US = builtin_pack("us.eo13526")
CASES = cases("us.toml")
VALID = [case for case in CASES if "refused" not in case]
REFUSED = [case for case in CASES if "refused" in case]
CHINESE_LEVELS = ("秘密", "机密", "绝密", "秘级")


def say(case: dict[str, Any]) -> str:
    found: str = case["say"]
    return found


@pytest.mark.parametrize("case", VALID, ids=say)
def test_valid_label_has_its_banner_and_portion_mark(case: dict[str, Any]) -> None:
    label = marked(US, **{**case, "markings": frozenset(case["markings"])})
    validate(label, US)
    assert markings_of(label, US) == frozenset(case["markings"])
    assert render(label, US, Language.EN, exercise=False) == case["mark"]
    assert render_portion(label, US) == case["portion"]
    assert parse_mark(case["mark"], US).markings == frozenset(case["markings"])
    assert parse_portion(case["portion"], US).markings == frozenset(case["markings"])


@pytest.mark.parametrize("case", REFUSED, ids=say)
def test_label_is_refused_by_the_rule_named(case: dict[str, Any]) -> None:
    label = marked(US, **{**case, "markings": frozenset(case["markings"])})
    with pytest.raises(FormatError) as caught:
        validate(label, US)
    assert caught.value.reason == case["refused"]
    if "rule" in case:
        assert caught.value.facts == {"rule": case["rule"]}


@pytest.mark.parametrize("case", REFUSED, ids=say)
def test_mark_that_breaks_a_rule_is_read_as_what_it_says(case: dict[str, Any]) -> None:
    label = marked(US, **{**case, "markings": frozenset(case["markings"])})
    text = render(label, US, Language.EN, exercise=False)
    assert parse_mark(text, US).markings == frozenset(case["markings"])


def test_every_rule_has_a_case_that_it_refuses() -> None:
    shown = {case["rule"] for case in REFUSED if "rule" in case}
    assert shown == {rule.id for rule in US.rules}


def test_open_period_is_not_fixed() -> None:
    label = marked(US, "s", frozenset())
    never = Period(form=PeriodForm.OPEN, value="")
    with pytest.raises(FormatError, match="label-period-form"):
        validate(replace(label, period=never), US)


def test_shortest_period_of_an_unclassified_part_leaves_the_others() -> None:
    month = Period(form=PeriodForm.DURATION, value="P1M", start=CREATED)
    part = marked(US, "u", frozenset())
    part = replace(part, period=month)
    validate(part, US)
    whole = marked(US, "s", frozenset())
    assert join(part, whole, US).period == whole.period
    assert ("u", "P1M") in US.period.defaults


def test_home_is_never_a_release_value() -> None:
    assert US.home == "nation:USA"
    assert not any(value.leaf == US.home for value in US.category("rel").values)


def test_release_values_stand_as_trigraphs_in_order_and_then_as_groups() -> None:
    marks = [value.mark.en for value in US.category("rel").values if value.mark]
    trigraphs = [mark for mark in marks if len(mark) == 3]
    assert marks == [*sorted(trigraphs), "ACGU", "FVEY", "NATO"]


def test_chinese_mark_is_the_original_and_a_gloss_that_names_no_chinese_level() -> None:
    label = marked(US, "s", frozenset({"rel:gbr"}))
    assert render(label, US, Language.ZH, exercise=False) == "SECRET//REL TO USA, GBR(美国 第二级)"
    for level in US.levels:
        for name in (level.names.zh, level.mark.zh, level.meaning.zh):
            assert not any(word in name for word in CHINESE_LEVELS)


def test_reasons_are_those_of_the_order() -> None:
    original = [reason.id for reason in US.reasons if reason.id.startswith("eo-1.4")]
    assert original == [f"eo-1.4{letter}" for letter in "abcdefgh"]
    assert {basis.status for reason in US.reasons for basis in reason.basis} == {BasisStatus.KNOWN}
