"""Files of equivalent levels: read strictly, taken one direction at a time, never chained."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Callable
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.agreement import Treatment
from secure_liaison.labels.equivalence_file import (
    BUILTIN_EQUIVALENCES,
    EquivalenceTable,
    builtin_equivalences,
    equivalences_for,
    load_equivalences,
)
from secure_liaison.labels.naming import BasisStatus
from secure_liaison.labels.pack import POLICIES, builtin_pack
from tests.labels.samples import agreement, as_bytes

HERE = Path(__file__).parent
TABLE = HERE.parent / "policy" / "equivalence.toml"
ROWS: list[dict[str, Any]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["row"]
TEST_AGREEMENTS = {
    path.stem: load_equivalences(path.read_bytes()) for path in (HERE / "agreements").glob("*.json")
}
TABLES = {name: builtin_equivalences(name) for name in BUILTIN_EQUIVALENCES} | TEST_AGREEMENTS
TODAY = "2026-11-22"

every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
shipped = pytest.mark.parametrize("name", BUILTIN_EQUIVALENCES)


def file_of(name: str) -> dict[str, Any]:
    folder = resources.files("secure_liaison.labels") / "equivalences"
    value: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
    return value


def find(table: EquivalenceTable, mark: str, policy: str | None) -> tuple[str, str]:
    found = [
        (each.id, level)
        for each in table.policies
        for level, written in each.levels
        if written == mark and policy in {None, each.id}
    ]
    assert len(found) == 1, f"{mark} is of several policies: say which with `of`"
    return found[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["say"])
def test_level_stands_for_what_the_table_says(row: dict[str, Any]) -> None:
    table = TABLES[row["file"]]
    policy, level = find(table, row["from"], row.get("of"))
    others = [each.id for each in table.policies if each.id != policy]
    hub = table.policies[0].id
    to_policy = row.get("in") or (others[0] if policy == hub else hub)
    at = from_iso(row.get("day", TODAY))
    made = agreement(equivalences=equivalences_for(table, policy, to_policy, valid_from=at))
    entry = made.equivalence(policy, level, to_policy=to_policy, at=at)
    answer = entry.to_level if entry is not None else ""
    target = table.policy(to_policy)
    assert target is not None
    assert row.get("to") == dict(target.levels).get(answer)
    if entry is not None:
        assert (entry.treatment is Treatment.REFUSE) is ("to" not in row)
        assert entry.article


@every_table
def test_equivalence_never_lowers(table: EquivalenceTable) -> None:
    """There and back is at least where it began, on every day on which both ways are open."""
    for there, back in product(table.entries, table.entries):
        joined = (there.from_policy, there.to_policy, there.to_level)
        if not there.meets(back) or joined != (back.to_policy, back.from_policy, back.from_level):
            continue
        home = table.policy(there.from_policy)
        assert home is not None
        assert not back.to_level or home.rank(back.to_level) >= home.rank(there.from_level)


@every_table
def test_higher_levels_never_map_to_lower_ones(table: EquivalenceTable) -> None:
    for one, other in product(table.entries, table.entries):
        pair = (one.from_policy, one.to_policy)
        if pair != (other.from_policy, other.to_policy) or not one.meets(other):
            continue
        home, target = (table.policy(policy) for policy in pair)
        assert home is not None
        assert target is not None
        if (
            one.to_level
            and other.to_level
            and home.rank(one.from_level) < home.rank(other.from_level)
        ):
            assert target.rank(one.to_level) <= target.rank(other.to_level)


def test_no_shipped_file_is_about_china() -> None:
    folder = resources.files("secure_liaison.labels") / "equivalences"
    files = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir()}
    assert sorted(files) == sorted(f"{name}.json" for name in BUILTIN_EQUIVALENCES)
    for text in files.values():
        for word in ('"cn.', "cn.state-secrets", "秘密", "机密", "绝密", "中国"):
            assert word not in text


@shipped
def test_no_shipped_fact_claims_to_have_been_checked(name: str) -> None:
    table = builtin_equivalences(name)
    found = {basis.status for basis in (*table.basis, *(b for e in table.entries for b in e.basis))}
    expected = BasisStatus.PAGE if name == "eu-members" else BasisStatus.KNOWN
    assert found == {expected}


@shipped
def test_levels_of_shipped_packs_are_named_as_the_packs_name_them(name: str) -> None:
    for policy in builtin_equivalences(name).policies:
        if policy.id in POLICIES:
            pack = builtin_pack(policy.id)
            ranks = [pack.level(level).rank for level, _ in policy.levels]
            assert ranks == sorted(ranks)


def test_nothing_is_chained() -> None:
    """Germany and France both stand beside the EU; that says nothing about the two of them."""
    table = builtin_equivalences("eu-members")
    assert equivalences_for(table, "de.national", "fr.national", valid_from=Instant(0)) == ()


def test_entries_are_directional() -> None:
    table = TEST_AGREEMENTS["at-fr"]
    there = equivalences_for(table, "at.national", "fr.national", valid_from=Instant(0))
    back = equivalences_for(table, "fr.national", "at.national", valid_from=Instant(0))
    assert (len(there), len(back)) == (4, 3)
    assert {each.from_policy for each in there} == {"at.national"}


def test_entries_are_cut_to_the_days_of_the_agreement() -> None:
    table = builtin_equivalences("nato-uk")
    start, end = from_iso("2014-01-01"), from_iso("2015-01-01")
    found = equivalences_for(table, "nato", "uk.gscp-2024", valid_from=start, valid_to=end)
    days = {
        (each.from_level, each.to_level): (each.valid_from, each.valid_to)
        for each in found
        if each.from_level == "c"
    }
    turn = from_iso("2014-04-02")
    assert days == {
        ("c", "confidential"): (start, turn),
        ("c", "secret"): (turn, end),
    }
    later = equivalences_for(table, "nato", "uk.gscp-2024", valid_from=turn)
    assert all(each.valid_to is None for each in later)
    assert len(later) == 4


def test_entries_make_an_agreement_in_both_directions() -> None:
    table = builtin_equivalences("nato-eu")
    both = [
        each
        for pair in (("nato", "eu.2013-488"), ("eu.2013-488", "nato"))
        for each in equivalences_for(table, *pair, valid_from=Instant(0))
    ]
    assert len(agreement(equivalences=tuple(both)).equivalences) == 9


def test_policy_that_a_file_does_not_know_is_refused() -> None:
    table = builtin_equivalences("nato-eu")
    for pair in (("nato", "us.eo13526"), ("cn.state-secrets", "nato")):
        with pytest.raises(FormatError, match="equivalence-reference"):
            equivalences_for(table, *pair, valid_from=Instant(0))


@pytest.mark.parametrize("name", ["cn-ru", "../packs/generic@2024-09-01", ""])
def test_file_that_does_not_ship_is_unknown(name: str) -> None:
    with pytest.raises(FormatError, match="equivalence-unknown"):
        builtin_equivalences(name)


def first(value: dict[str, Any], **changes: Any) -> None:
    value["entries"][0].update(changes)


def twice(value: dict[str, Any]) -> None:
    value["entries"].append(copy.deepcopy(value["entries"][0]))


BREAKS: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "format": ("pack-field-value", lambda v: v.update(format="secure-liaison/policy")),
    "unknown field": ("pack-field-unknown", lambda v: v.update(extra=1)),
    "unknown field in an entry": ("pack-field-unknown", lambda v: first(v, extra=1)),
    "unknown field in a direction": (
        "pack-field-unknown",
        lambda v: v["entries"][0]["to"].update(x=1),
    ),
    "unknown field in a policy": ("pack-field-unknown", lambda v: v["policies"][0].update(x=1)),
    "unknown field in a level": (
        "pack-field-unknown",
        lambda v: v["policies"][0]["levels"][0].update(x=1),
    ),
    "missing article": ("pack-field-missing", lambda v: v["entries"][0].pop("article")),
    "empty article": ("pack-field-value", lambda v: first(v, article="")),
    "no basis": ("pack-field-value", lambda v: first(v, basis=[])),
    "treatment unknown": ("pack-field-value", lambda v: first(v, treatment="allow")),
    "policy twice": ("equivalence-duplicate", lambda v: v["policies"].append(v["policies"][0])),
    "level twice": (
        "equivalence-duplicate",
        lambda v: v["policies"][0]["levels"].append(v["policies"][0]["levels"][0]),
    ),
    "policy not listed": (
        "equivalence-reference",
        lambda v: v["entries"][0]["to"].update(policy="us.eo13526"),
    ),
    "level not listed": (
        "equivalence-reference",
        lambda v: v["entries"][0]["from"].update(level="cosmic"),
    ),
    "policy to itself": (
        "equivalence-same-policy",
        lambda v: first(v, to={"policy": "nato", "level": "s"}),
    ),
    "refused with a level": ("equivalence-treatment", lambda v: first(v, treatment="refuse")),
    "accepted without a level": (
        "equivalence-treatment",
        lambda v: v["entries"][0]["to"].update(level=None),
    ),
    "day does not exist": ("equivalence-dates", lambda v: first(v, from_day="2024-02-30")),
    "days reversed": (
        "equivalence-dates",
        lambda v: first(v, from_day="2024-01-02", to_day="2024-01-01"),
    ),
    "no day at all": (
        "equivalence-dates",
        lambda v: first(v, from_day="2024-01-01", to_day="2024-01-01"),
    ),
    "day is no date": ("pack-field-value", lambda v: first(v, to_day="soon")),
    "two answers": ("equivalence-overlap", twice),
    "there and back lowers": (
        "equivalence-lowers",
        lambda v: v["entries"][3]["to"].update(level="r"),
    ),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_broken_file_is_refused(broken: str) -> None:
    reason, break_it = BREAKS[broken]
    value = file_of("nato-eu")
    break_it(value)
    with pytest.raises(FormatError, match=rf"{reason}$"):
        load_equivalences(as_bytes(value))


def test_another_format_version_is_refused() -> None:
    with pytest.raises(UnsupportedVersionError, match="unknown-version"):
        load_equivalences(as_bytes(file_of("nato-eu") | {"format_version": 1}))


def test_entries_one_after_the_other_are_two_answers_to_two_questions() -> None:
    value = file_of("nato-eu")
    twice(value)
    value["entries"][0]["to_day"] = value["entries"][-1]["from_day"] = "2024-01-01"
    assert len(load_equivalences(as_bytes(value)).entries) == 10
