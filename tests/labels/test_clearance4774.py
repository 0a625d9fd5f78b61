"""Clearances of STANAG 4774: never more levels, leaves or markings than they give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.clearance4774 import Reader, clearances_of, reader_of
from secure_liaison.labels.label4774 import Category4774, CategoryType, Clearance4774
from tests.labels.access4774 import clearance
from tests.labels.pack4774 import (
    DAY,
    HOMELESS,
    KFOR_HOME,
    NATO_HOME,
    PACK,
    load,
    nato_file,
)

U, R, S = "UNCLASSIFIED", "RESTRICTED", "SECRET"


def levels(*names: str) -> Clearance4774:
    return Clearance4774(policy="NATO", classifications=names)


def memberships(found: Clearance4774, **changes: Any) -> set[str]:
    return set(reader_of(replace(found, **changes), PACK, day=DAY).reader.memberships)


def test_list_with_a_gap_gives_the_levels_below_it() -> None:
    found = reader_of(levels(S, R, U), PACK, day=DAY)
    assert "restricted" == found.reader.level
    assert ("ClassificationList/Classification[1]",) == found.dropped


@pytest.mark.parametrize("names", [(S,), (R, S), ("OTHER",)])
def test_list_without_the_lowest_level_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(FormatError, match="clearance4774-levels"):
        reader_of(levels(*names), PACK, day=DAY)


def test_list_of_all_levels_gives_the_highest() -> None:
    found = reader_of(levels(U, R, "CONFIDENTIAL", S, "TOP SECRET"), PACK, day=DAY)
    assert ("top-secret", ()) == (found.reader.level, found.dropped)


def test_unknown_level_is_dropped() -> None:
    assert ("ClassificationList/Classification[2]",) == reader_of(
        levels(U, "OTHER"), PACK, day=DAY
    ).dropped


def test_clearance_of_another_policy_is_refused() -> None:
    with pytest.raises(FormatError, match="label4774-policy"):
        reader_of(levels(U), HOMELESS, day=DAY)


def test_home_is_not_believed_to_be_everybody_it_lists() -> None:
    """Home lists all that is released to anybody; that makes it no Swede."""
    found = clearance("SECRET", Context=["NATO"], Releasable_To=["Sweden", "EAPC"], Only=["NATO"])
    assert {NATO_HOME} == memberships(found)
    assert ("group:EAPC@2026-03-01", "nation:SWE") == reader_of(found, PACK, day=DAY).unproven


def test_nation_is_believed_where_every_category_lists_it() -> None:
    everywhere = clearance(
        "SECRET", Context=["Releasable"], Releasable_To=["Sweden"], Only=["Sweden"]
    )
    assert {"nation:SWE"} == memberships(everywhere)
    somewhere = clearance("SECRET", Context=["Releasable"], Releasable_To=["Sweden"])
    assert set() == memberships(somewhere)


def test_flag_beside_a_home_proves_nothing() -> None:
    found = clearance("SECRET", Context=["NATO/KFOR", "Releasable"], Releasable_To=["EAPC"])
    assert {KFOR_HOME} == memberships(found)
    alone = clearance("SECRET", Context=["Releasable"], Releasable_To=["EAPC"])
    assert {f"group:EAPC@{DAY}"} == memberships(alone)


def test_unknown_categories_and_values_give_nothing() -> None:
    found = reader_of(
        clearance(
            "SECRET",
            Other=["X"],
            Context=["NATO", "Atlantis"],
            Only=["NATO"],
            Additional_Sensitivity=["ATOMAL", "OTHER"],
        ),
        PACK,
        day=DAY,
    )
    assert found.reader.memberships == {NATO_HOME, "sens:atomal"}
    assert found.dropped == ("Category[1]", "Category[2]", "Category[4]")


def test_two_categories_that_differ_in_case_give_what_both_list() -> None:
    first = Category4774(type=CategoryType.PERMISSIVE, tag="Only", values=("Sweden", "NATO"))
    second = replace(first, tag="ONLY", values=("NATO",))
    context = replace(first, tag="Context", values=("NATO", "NATO/KFOR"))
    assert {NATO_HOME, KFOR_HOME} == memberships(levels(U), categories=(context, first, second))


def test_reader_at_home_and_released_to_has_two_clearances() -> None:
    reader = Reader(
        level="restricted",
        memberships=frozenset({KFOR_HOME, "nation:SWE", "sens:crypto"}),
        controls=frozenset({"ctrl:no-onward"}),
    )
    home, released = clearances_of(reader, PACK, day=DAY)
    said = [{each.tag: each.values for each in one.categories} for one in (home, released)]
    assert (U, R) == home.classifications
    assert ("NATO/KFOR",) == said[0]["Context"]
    assert 6 == len(said[0]["Releasable To"])
    assert ("Releasable",) == said[1]["Context"]
    assert ("Sweden",) == said[1]["Releasable To"]
    assert ("No onward release",) == said[0]["ctrl"] == said[1]["ctrl"]


def test_reader_without_memberships_has_one_clearance() -> None:
    (only,) = clearances_of(Reader(level="unclassified", memberships=frozenset()), PACK, day=DAY)
    assert () == only.categories


def test_values_under_one_tag_are_added_up_only_where_all_are_asked_for() -> None:
    same = nato_file()["categories"]
    same[4]["tag"] = "Additional Sensitivity"
    reader = Reader(
        level="secret",
        memberships=frozenset({"sens:atomal", "nation:SWE"}),
        controls=frozenset({"ctrl:no-onward"}),
    )
    (one,) = clearances_of(reader, load(categories=same), day=DAY)
    assert ("ATOMAL", "No onward release") == one.categories[-1].values
    same[1]["tag"] = "Releasable To"
    same[1]["values"] = [each for each in same[1]["values"] if each["id"] == "nato"]
    with pytest.raises(FormatError, match="label4774-ambiguous"):
        clearances_of(
            Reader(level="secret", memberships=frozenset({NATO_HOME})),
            load(categories=same),
            day=DAY,
        )
