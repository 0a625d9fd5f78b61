"""Bodies: who answers for whom, and which bureau decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError
from secure_liaison.labels.organisation import Body, Organisation
from tests.labels.cases import BEGUN, BODIES, DAY, ROUTING, leaf, powers

TABLE = powers().organisation
LATER = Instant(BEGUN + DAY)


def with_changes(**changes: dict[str, Any]) -> Organisation:
    bodies = tuple(
        replace(body, **changes.get(name, {}))
        for name in ("centre", "province", "city", "county", "nb", "pb", "firm")
        for body in BODIES
        if body.leaf == leaf(name)
    )
    return Organisation(bodies=bodies, national_bureau=leaf("nb"))


def test_a_body_answers_for_itself_until_it_is_dissolved() -> None:
    table = with_changes(city={"dissolved": LATER, "successor": leaf("firm")})
    assert leaf("city") == table.responsible(leaf("city"), BEGUN)
    assert leaf("firm") == table.responsible(leaf("city"), LATER)


def test_without_a_successor_the_superior_answers() -> None:
    table = with_changes(city={"dissolved": LATER})
    assert leaf("province") == table.responsible(leaf("city"), LATER)


def test_without_a_superior_the_bureau_of_the_place_answers() -> None:
    table = with_changes(firm={"dissolved": LATER})
    assert leaf("pb") == table.responsible(leaf("firm"), LATER)


def test_without_anybody_the_national_bureau_answers() -> None:
    table = with_changes(centre={"dissolved": LATER}, nb={"dissolved": LATER})
    assert leaf("nb") == table.responsible(leaf("centre"), LATER)


def test_a_successor_of_a_successor_answers() -> None:
    table = with_changes(
        county={"dissolved": LATER, "successor": leaf("city")},
        city={"dissolved": LATER, "successor": leaf("firm")},
    )
    assert leaf("firm") == table.responsible(leaf("county"), LATER)


def test_superiors_are_all_above_and_may_decide() -> None:
    assert (leaf("city"), leaf("province"), leaf("centre")) == TABLE.superiors(leaf("county"))
    assert TABLE.may_decide_for(leaf("centre"), leaf("county"), BEGUN)
    assert TABLE.may_decide_for(leaf("county"), leaf("county"), BEGUN)
    assert not TABLE.may_decide_for(leaf("county"), leaf("city"), BEGUN)
    assert not TABLE.may_decide_for(leaf("firm"), leaf("city"), BEGUN)


def test_a_dissolved_body_decides_nothing_any_more() -> None:
    table = with_changes(city={"dissolved": LATER, "successor": leaf("firm")})
    assert not table.may_decide_for(leaf("city"), leaf("city"), LATER)
    assert table.may_decide_for(leaf("firm"), leaf("city"), LATER)
    assert table.may_decide_for(leaf("province"), leaf("city"), LATER)


def test_a_dissolved_superior_decides_nothing_either() -> None:
    table = with_changes(province={"dissolved": LATER, "successor": leaf("city")})
    assert not table.may_decide_for(leaf("province"), leaf("city"), LATER)
    assert not table.may_decide_for(leaf("province"), leaf("province"), LATER)
    assert table.may_decide_for(leaf("city"), leaf("province"), LATER)


@pytest.mark.parametrize(
    ("body", "level", "bureau"),
    [
        ("city", "mimi", "pb"),
        ("city", "jimi", "pb"),
        ("city", "juemi", "nb"),
        ("centre", "mimi", "nb"),
        ("firm", "jimi", "pb"),
        ("nb", "mimi", "nb"),
    ],
)
def test_level_and_kind_of_body_choose_the_bureau(body: str, level: str, bureau: str) -> None:
    assert leaf(bureau) == TABLE.bureau_for(leaf(body), level, ROUTING)


def test_a_body_without_a_bureau_goes_to_the_national_one() -> None:
    assert leaf("nb") == with_changes(firm={"bureau": ""}).bureau_for(leaf("firm"), "mimi", ROUTING)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"city": {"superior": leaf("county")}}, "organisation-cycle"),
        ({"city": {"dissolved": LATER, "successor": leaf("city")}}, "organisation-cycle"),
        ({"city": {"superior": "agency:" + "ff" * 32}}, "organisation-reference"),
        ({"city": {"bureau": "agency:" + "ff" * 32}}, "organisation-reference"),
        ({"city": {"leaf": leaf("firm")}}, "organisation-repeated"),
        ({"city": {"successor": leaf("firm")}}, "organisation-successor"),
        ({"city": {"superior": "the province"}}, "label-audience-leaf"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    changes: dict[str, dict[str, Any]], reason: str
) -> None:
    with pytest.raises(FormatError, match=reason):
        with_changes(**changes)


def test_an_unknown_body_is_refused() -> None:
    stranger = Body(leaf="agency:" + "ff" * 32, kind="central")
    assert not TABLE.knows(stranger.leaf)
    with pytest.raises(FormatError, match="organisation-unknown"):
        TABLE.body(stranger.leaf)
