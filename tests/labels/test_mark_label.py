"""From a mark to a label: what it says of readers, how long it binds, what may stand beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.mark_label import (
    audience_said,
    beside_of,
    label_of_mark,
    longest_period,
    period_said,
)
from secure_liaison.labels.marking import parse_mark, render
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.validity import validate

NOW = Instant(from_iso("2026-11-22T08:00:00Z"))
DAY = "2026-11-22"
HOME = f"agency:{'a1' * 32}"
EVERYBODY = Audience.of()
ADDRESSED = Audience.of({HOME, f"agency:{'b2' * 32}"}, {f"officer:{'01' * 16}"})


def of(mark: str, policy: str, *, period: str = "", audience: Audience = ADDRESSED) -> Label:
    pack = builtin_pack(policy)
    found = parse_mark(mark, pack)
    said = audience_said(found.markings, pack, owner=HOME, created=NOW)
    return label_of_mark(
        found,
        pack,
        owner=HOME,
        created=NOW,
        audience=audience.join(said),
        period=period_said(found, pack, text=period, start=NOW),
    )


MARKS = [
    ("us.eo13526", "SECRET//REL TO USA, FRA", "10Y", [["nation:FRA", "nation:USA"]]),
    ("us.eo13526", "SECRET//NOFORN", "10Y", [["nation:USA"]]),
    (
        "us.eo13526",
        "TOP SECRET//SI/TK//ORCON/REL TO USA, GBR",
        "25Y",
        [["nation:GBR", "nation:USA"]],
    ),
    ("nato", "NATO SECRET", "", [[f"group:NATO@{DAY}"]]),
    ("nato", "NATO SECRET ATOMAL Releasable to Austria", "", None),
    ("nato", "NATO/KFOR SECRET Ireland, NATO ONLY", "", None),
    ("nato", "COSMIC TOP SECRET", "", [[f"group:NATO@{DAY}"]]),
    ("eu.2013-488", "SECRET UE/EU SECRET", "", [[f"group:EU@{DAY}"]]),
    ("uk.gscp-2024", "UK SECRET UK EYES ONLY", "", [["nation:GBR"]]),
    ("uk.gscp-2024", "UK SECRET", "", []),
    ("cn.state-secrets", "机密★10年", "", []),
    ("tlp", "TLP:AMBER", "", []),
]


@pytest.mark.parametrize(("policy", "mark", "period", "groups"), MARKS)
def test_a_mark_narrows_and_is_rendered_again_as_it_was_typed(
    policy: str, mark: str, period: str, groups: list[list[str]] | None
) -> None:
    pack = builtin_pack(policy)
    label = of(mark, policy, period=period)
    assert label.audience.within(ADDRESSED)
    if groups is not None:
        said = Audience.of(*groups)
        assert ADDRESSED.join(said) == label.audience
    assert mark == render(label, pack, pack.marking.original, exercise=False)
    validate(label, pack)


def test_restrictions_and_controls_come_from_the_mark() -> None:
    label = of("TOP SECRET//SI/TK//ORCON/REL TO USA, GBR", "us.eo13526", period="25Y")
    assert frozenset({"sci:si", "sci:tk"}) == label.restrict
    assert frozenset({"diss:orcon"}) == label.control


def test_a_silent_mark_says_home_only_where_the_policy_has_words_for_it() -> None:
    """Else 机密 for two agencies would be for the own one alone."""
    for policy in ("cn.state-secrets", "generic", "tlp", "uk.gscp-2024"):
        assert EVERYBODY == audience_said(
            frozenset(), builtin_pack(policy), owner=HOME, created=NOW
        )
    us = audience_said(frozenset(), builtin_pack("us.eo13526"), owner=HOME, created=NOW)
    assert Audience.of({"nation:USA"}) == us


def test_a_list_that_holds_home_still_narrows_where_the_policy_has_no_words_for_home() -> None:
    """Its normal form swallows home; taking home away again must not take the list away."""
    pack = builtin_pack("uk.gscp-2024")
    eyes = next(each for each in pack.categories if each.kind is CategoryKind.NARROW)
    value = replace(eyes.values[0], leaf=HOME)
    own = tuple(
        replace(eyes, values=(value,)) if each is eyes else each for each in pack.categories
    )
    said = audience_said(
        frozenset({f"{eyes.id}:{value.id}"}), replace(pack, categories=own), owner=HOME, created=NOW
    )
    assert Audience.of({HOME}) == said


@pytest.mark.parametrize(
    ("mark", "policy", "period", "reason"),
    [
        ("机密★", "cn.state-secrets", "", "mark-older-practice"),
        ("机密★10年", "cn.state-secrets", "10年", "mark-period-twice"),
        ("SECRET", "us.eo13526", "", "mark-period-apart"),
        ("SECRET", "us.eo13526", "soon", "mark-period"),
    ],
)
def test_a_period_is_stated_once(mark: str, policy: str, period: str, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        of(mark, policy, period=period)
    assert reason == caught.value.reason


def test_a_period_begins_when_the_label_is_made() -> None:
    dated = of("机密★10年", "cn.state-secrets").period
    assert (PeriodForm.DURATION, NOW, 480) == (dated.form, dated.start, dated.offset_minutes)
    apart = of("SECRET//NOFORN", "us.eo13526", period="10Y").period
    assert (PeriodForm.DURATION, NOW, -300) == (apart.form, apart.start, apart.offset_minutes)
    condition = of("机密★至任务结束", "cn.state-secrets").period
    assert (PeriodForm.CONDITION, None) == (condition.form, condition.start)


def test_a_context_that_nobody_named_is_not_inferred() -> None:
    with pytest.raises(FormatError, match="label-marking-count"):
        audience_said(frozenset(), builtin_pack("nato"), owner=HOME, created=NOW)


def test_limits_stand_beside_a_mark_and_readers_do_not() -> None:
    pack = builtin_pack("cn.state-secrets")
    assert {"limit:no-copy"} == beside_of(["limit:no-copy"], pack)
    with pytest.raises(FormatError, match="label-marking-unknown"):
        beside_of(["limit:no-such"], pack)
    with pytest.raises(FormatError, match="marking-of-readers"):
        beside_of(["rel:fra"], builtin_pack("us.eo13526"))


def test_a_label_that_does_not_say_its_period_binds_as_long_as_its_level_may() -> None:
    cn, nato, work = (builtin_pack(each) for each in ("cn.state-secrets", "nato", "cn.work"))
    twenty = longest_period(cn, cn.level("jimi"), start=NOW)
    assert Period.of_years(20, start=NOW).value == twenty.value
    assert NOW == twenty.start
    assert PeriodForm.OPEN is longest_period(nato, nato.level("s"), start=NOW).form
    assert PeriodForm.OPEN is longest_period(work, work.levels[0], start=NOW).form


def test_what_is_typed_in_another_language_is_rendered_in_the_policys_own() -> None:
    label = of("NATO SECRET(北约 第二级)", "nato")
    assert "NATO SECRET" == render(label, builtin_pack("nato"), Language.EN, exercise=False)
