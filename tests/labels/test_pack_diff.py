"""What changed between two packs, and what it does to protection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from secure_liaison.i18n import Language, catalogue
from secure_liaison.labels.pack import load_pack, read_unchecked
from secure_liaison.labels.pack_diff import Direction, diff_packs
from tests.cli.policy_samples import of_ministry
from tests.labels.samples import CN, GENERIC, as_bytes, pack_file

Edit = Callable[[dict[str, Any]], object]
LOOSER: dict[str, Edit] = {
    "level-period secret": lambda p: [each.update(max_period_years=3) for each in p["levels"]],
    "level secret": lambda p: (
        p["levels"].pop(),
        p["handling"].pop(),
        p["authority"][0]["levels"].pop(),
        p.update(rules=[], compilation=[]),
        p["period"].update(defaults=[]),
    ),
    "handling-copies secret": lambda p: p["handling"][3].update(copies="audience"),
    "handling-printing secret": lambda p: p["handling"][3].update(printing="audience"),
    "handling-forward secret": lambda p: p["handling"][3].update(forward="audience"),
    "handling-export secret": lambda p: p["handling"][3].update(export="approver"),
    "handling-register secret": lambda p: p["handling"][3].update(register_reads=False),
    "handling-acknowledge secret": lambda p: p["handling"][3].update(acknowledge_hours=48),
    "handling-destruction secret": lambda p: p["handling"][3]["destruction"].update(approval=False),
    "rule charlie": lambda p: p["rules"].pop(),
    "compilation parts": lambda p: p.update(compilation=[]),
    "value limit:no-copy": lambda p: (
        p["categories"][1]["values"].pop(0),
        p.update(rules=p["rules"][:2]),
    ),
    "membership KFOR nation:ITA": lambda p: p["groups"][0]["members"][0].update(
        {"from": "2019-01-01"}
    ),
    "membership KFOR nation:FRA": lambda p: p["groups"][0]["members"].append(
        {"leaf": "nation:FRA", "from": "2020-01-01", "to": "2021-01-01"}
    ),
    "freshness-send ": lambda p: p["freshness"].update(send_hours=48),
    "freshness-open ": lambda p: p["freshness"].update(open_hours=400),
    "authority other secret": lambda p: p["authority"].append(
        {**p["authority"][0], "body": "other", "levels": ["secret"]}
    ),
}
TIGHTER: dict[str, Edit] = {
    "handling-custody secret": lambda p: p["handling"][3].update(custody=True),
    "handling-forward-secrecy secret": lambda p: p["handling"][3].update(forward_secrecy=True),
    "handling-persons secret": lambda p: p["handling"][3].update(open_persons=2),
    "handling-suite secret": lambda p: p["handling"][3].update(min_suite=2),
    "handling-witnesses secret": lambda p: p["handling"][3]["destruction"].update(witnesses=2),
    "handling-briefing secret": lambda p: p["handling"][3].update(training_max_age_days=365),
    "handling-copies secret": lambda p: p["handling"][3].update(copies="never"),
    "handling-person-class secret": lambda p: (
        p["person_classes"].append({"id": "core", "rank": 1, "names": {"zh": "核", "en": "core"}}),
        p["handling"][3].update(min_person_class="core"),
    ),
    "level-reserved secret": lambda p: p["levels"][3].update(reserved=True),
    "level-period secret": lambda p: p["levels"][3].update(max_period_years=9),
    "category-min limit": lambda p: p["categories"][1].update(min=1),
    "membership KFOR nation:ITA": lambda p: p["groups"][0]["members"][0].update(to="2024-01-01"),
    "period-required ": lambda p: p["period"].update(required=True),
    "period-review ": lambda p: p["period"].update(review_months=12),
    "two-persons ": lambda p: p["workflow"].update(proposer_is_not_approver=True),
}
TO_JUDGE: dict[str, Edit] = {
    "home ": lambda p: p.update(home="nation:CHN"),
    "code secret": lambda p: p["levels"][3].update(lacv=3),
    "category-kind project": lambda p: p["categories"][0].update(kind="control"),
    "category-max project": lambda p: p["categories"][0].update(max=2),
    "category limit": lambda p: (p["categories"].pop(1), p.update(rules=p["rules"][:2])),
    "value-leaf rel:fra": lambda p: p["categories"][2]["values"][0].update(leaf="nation:ITA"),
    "code rel:fra": lambda p: p["categories"][2]["values"][0].update(lacv=250),
    "value rel:fra": lambda p: p["categories"][2].update(values=[]),
    "rule-changed charlie": lambda p: p["rules"][4].update(then={"raise_to": "secret"}),
    "compilation-changed parts": lambda p: p["compilation"][0].update(count=4),
    "period-forms ": lambda p: p["period"].update(forms=["duration"]),
    "membership KFOR nation:ITA": lambda p: p["groups"][0]["members"][0].update(
        {"from": "2019-01-01", "to": "2024-01-01"}
    ),
    "person-class core": lambda p: p["person_classes"].append(
        {"id": "core", "rank": 1, "names": {"zh": "核", "en": "core"}}
    ),
}
HARMLESS: dict[str, Edit] = {
    "policy ": lambda p: p.update(version="2027-01-01"),
    "names ": lambda p: p["names"].update(en="Levels of the ministry"),
    "valid ": lambda p: p["valid"].update(to="2030-01-01"),
    "marking ": lambda p: p["marking"].update(period="none", segments=[{"segment": "level"}]),
    "level-obsolete secret": lambda p: p["levels"][3].update(obsolete=True),
    "level-mark secret": lambda p: p["levels"][3]["mark"].update(en="GUARDED"),
    "level-names secret": lambda p: p["levels"][3]["names"].update(en="Guarded"),
    "level-meaning secret": lambda p: p["levels"][3]["meaning"].update(en="harm"),
    "basis secret": lambda p: p["levels"][3].update(basis=[{"cite": "x 1", "status": "page"}]),
    "basis charlie": lambda p: p["rules"][4].update(basis=[{"cite": "x 1", "status": "page"}]),
    "basis rel": lambda p: p["categories"][2].update(basis=[{"cite": "x", "status": "page"}]),
    "category-names rel": lambda p: p["categories"][2]["names"].update(en="To"),
    "value-names rel:fra": lambda p: p["categories"][2]["values"][0]["names"].update(en="F"),
    "value-mark rel:fra": lambda p: p["categories"][2]["values"][0].update(
        mark={"zh": "法", "en": "FRA"}
    ),
    "rule-say charlie": lambda p: p["rules"][4]["say"].update(en="Charlie is confidential."),
}
ALL = [
    (direction, name, edit)
    for direction, edits in (
        (Direction.LOOSENS, LOOSER),
        (Direction.TIGHTENS, TIGHTER),
        (Direction.JUDGE, TO_JUDGE),
        (Direction.SAME, HARMLESS),
    )
    for name, edit in edits.items()
]


@pytest.mark.parametrize(("direction", "name", "edit"), ALL, ids=[name for _, name, _ in ALL])
def test_a_change_is_told_with_what_it_does(direction: Direction, name: str, edit: Edit) -> None:
    value = of_ministry()
    old = load_pack(as_bytes(value))
    edit(value)
    new = read_unchecked(as_bytes(value))
    found = {f"{each.subject} {each.name}": each for each in diff_packs(old, new)}
    assert found[name].direction is direction
    assert found[name].before != found[name].after
    backward = {f"{each.subject} {each.name}": each for each in diff_packs(new, old)}
    assert (backward[name].before, backward[name].after) == (found[name].after, found[name].before)


def test_a_pack_has_not_changed_from_itself() -> None:
    assert diff_packs(GENERIC, GENERIC) == ()
    assert diff_packs(CN, CN) == ()


def test_what_loosens_stands_first() -> None:
    found = [each.direction for each in diff_packs(CN, GENERIC)]
    assert found == sorted(found, key=list(Direction).index)
    assert found[0] is Direction.LOOSENS


def test_a_level_that_sinks_below_another_is_looser() -> None:
    value = pack_file("generic")
    value["levels"][2]["rank"], value["levels"][3]["rank"] = 3, 2
    value["levels"][2:] = value["levels"][:1:-1]
    found = diff_packs(GENERIC, load_pack(as_bytes(value)))
    assert [(each.name, each.before, each.after, each.direction) for each in found] == [
        ("secret", "4", "3", Direction.LOOSENS),
        ("confidential", "3", "4", Direction.TIGHTENS),
    ]


def test_no_sentence_of_a_change_is_left_over() -> None:
    subjects = {name.partition(" ")[0] for _, name, _ in ALL} | {"level-place"}
    said = {key.removeprefix("diff.") for key in catalogue(Language.EN) if key.startswith("diff.")}
    assert said == subjects
