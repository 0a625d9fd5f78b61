import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.pack import builtin_pack, load_pack
from secure_liaison.labels.release import (
    Release,
    audience_of,
    home_leaves,
    markings_in,
    release_of,
)
from tests.labels.samples import EMBASSY, GENERIC, MINISTRY, OFFICER, as_bytes, pack_file

NATO, US = builtin_pack("nato"), builtin_pack("us.eo13526")
DAY = "2026-03-01"
ALLIES, KFOR, EAPC = f"group:NATO@{DAY}", f"group:KFOR@{DAY}", f"group:EAPC@{DAY}"
USA, GBR, FRA = "nation:USA", "nation:GBR", "nation:FRA"
AUT, CHE, IRL = "nation:AUT", "nation:CHE", "nation:IRL"


def said(*groups: list[str]) -> Release:
    return release_of(Audience.of(*groups), NATO, MINISTRY)


def release(*markings: str, exact: bool = True, unsaid: tuple[set[str], ...] = ()) -> Release:
    return Release(markings=frozenset(markings), exact=exact, unsaid=tuple(map(frozenset, unsaid)))


def test_home_is_of_the_category_or_the_pack_or_the_owner() -> None:
    assert "group:NATO" in home_leaves(NATO, MINISTRY)
    assert home_leaves(US, MINISTRY) == {USA}
    assert home_leaves(GENERIC, MINISTRY) == {MINISTRY}


def test_context_alone_is_home_alone() -> None:
    assert said([ALLIES]) == release("context:nato")
    assert audience_of(["context:nato"], NATO, owner=MINISTRY, day=DAY) == Audience.of([ALLIES])


def test_release_stands_in_the_group_of_home() -> None:
    assert said([ALLIES, AUT]) == release("context:nato", "rel:aut")
    found = audience_of(["context:nato", "rel:aut"], NATO, owner=MINISTRY, day=DAY)
    assert found == Audience.of([ALLIES, AUT])


def test_group_that_something_is_released_to_has_the_day_of_the_label() -> None:
    found = audience_of(["context:nato", "rel:eapc"], NATO, owner=MINISTRY, day=DAY)
    assert found == Audience.of([ALLIES, EAPC])


def test_only_is_a_group_of_its_own() -> None:
    assert said([KFOR], [IRL, ALLIES]) == release("context:kfor", "only:irl", "only:nato")
    found = audience_of(["context:kfor", "only:irl", "only:nato"], NATO, owner=MINISTRY, day=DAY)
    assert found == Audience.of([KFOR], [IRL, ALLIES])


def test_a_long_release_beside_a_short_list_with_a_home_in_it_keeps_its_context() -> None:
    assert said([KFOR, AUT, CHE], [IRL, ALLIES]) == release(
        "context:kfor", "rel:aut", "rel:che", "only:irl", "only:nato"
    )


def test_of_groups_that_all_could_be_lists_the_smallest_is_home() -> None:
    assert said([ALLIES, AUT], [AUT, CHE]) == release(
        "context:nato", "rel:aut", "only:aut", "only:che"
    )


def test_without_a_home_nothing_is_said_of_it() -> None:
    assert said([OFFICER]) == release(exact=False, unsaid=({OFFICER},))
    assert said([AUT]) == release("only:aut", exact=False)


def test_two_releases_are_said_as_what_both_hold() -> None:
    assert said([KFOR, AUT, CHE], [KFOR, AUT, IRL]) == release(
        "context:kfor", "rel:aut", exact=False
    )


def test_of_two_releases_one_is_a_list_where_a_list_knows_home() -> None:
    assert said([ALLIES, AUT, CHE], [ALLIES, AUT, IRL]) == release(
        "context:nato", "rel:aut", "rel:che", "only:aut", "only:irl", "only:nato"
    )


def test_two_lists_are_said_as_what_both_hold() -> None:
    assert said([KFOR], [AUT, CHE], [AUT, IRL]) == release("context:kfor", "only:aut", exact=False)


def test_of_two_lists_with_nothing_in_common_the_first_is_said() -> None:
    assert said([KFOR], [AUT], [IRL]) == release(
        "context:kfor", "only:aut", exact=False, unsaid=({IRL},)
    )


def test_of_a_list_it_is_said_what_can_be() -> None:
    assert said([KFOR], [AUT, OFFICER]) == release("context:kfor", "only:aut", exact=False)


def test_two_homes_of_which_a_list_knows_one_are_said_exactly() -> None:
    assert said([KFOR, AUT], [ALLIES]) == release("context:kfor", "rel:aut", "only:nato")
    assert said([KFOR, AUT], [ALLIES, IRL]) == release(
        "context:kfor", "rel:aut", "only:irl", "only:nato"
    )
    assert said([KFOR, OFFICER], [ALLIES]) == release("context:kfor", "only:nato", exact=False)


def test_a_list_without_home_is_a_release_and_a_list_where_the_pack_knows_home() -> None:
    for home in (None, "nation:USA"):
        value = pack_file("us.eo13526")
        rel = next(each for each in value["categories"] if each["id"] == "rel")
        only = {**rel, "id": "only", "kind": "narrow", "tag": None, "values": rel["values"][:3]}
        value["categories"].append(only)
        value["home"] = home
        pack = load_pack(as_bytes(value))
        one, two = only["values"][:2]
        leaves = Audience.of([one["leaf"], two["leaf"]])
        found = release_of(leaves, pack, MINISTRY)
        names = [f"{place}:{each['id']}" for place in ("rel", "only") for each in (one, two)]
        assert found == release(*names)
        assert audience_of(found.markings, pack, owner=MINISTRY, day=DAY) == leaves
        assert markings_in(leaves, pack, MINISTRY) == found.markings
        officers = Audience.of([one["leaf"], OFFICER])
        assert not release_of(officers, pack, MINISTRY).exact
        rel["values"] = rel["values"][2:]
        value["rules"] = []
        pack = load_pack(as_bytes(value))
        assert release_of(leaves, pack, MINISTRY) == release(*names[2:], exact=False)


def test_no_home_is_inferred_where_a_category_must_name_it() -> None:
    joined = Audience.of([ALLIES, AUT]).join(Audience.of([ALLIES, AUT], [AUT]))
    assert joined == Audience.of([AUT])
    assert release_of(joined, NATO, MINISTRY) == release("only:aut", exact=False)
    assert markings_in(joined, NATO, MINISTRY) == {"only:aut"}


def test_of_a_group_of_home_it_is_said_what_can_be() -> None:
    assert said([ALLIES, AUT, OFFICER]) == release("context:nato", "rel:aut", exact=False)


def test_a_list_of_names_is_named_as_unsaid() -> None:
    assert said([ALLIES], [OFFICER, EMBASSY]) == release(
        "context:nato", exact=False, unsaid=({OFFICER, EMBASSY},)
    )


def test_nobody_and_everybody_are_not_said_exactly() -> None:
    assert said([]) == release(exact=False, unsaid=(set(),))
    assert said() == release(exact=False)


def test_two_days_of_one_group_are_not_said_exactly() -> None:
    earlier = "group:NATO@2020-01-01"
    assert said([ALLIES, earlier]) == release("context:nato", exact=False)
    assert said([KFOR, EAPC.replace(DAY, "2020-01-01")]) == release(
        "context:kfor", "rel:eapc", exact=False
    )


def test_home_of_the_pack_is_not_a_marking() -> None:
    found = release_of(Audience.of([USA, FRA, GBR]), US, MINISTRY)
    assert found == release("rel:fra", "rel:gbr")
    assert markings_in(Audience.of([USA]), US, MINISTRY) == frozenset()


def test_audience_needs_a_home_where_a_category_names_it() -> None:
    with pytest.raises(FormatError) as caught:
        audience_of(["rel:aut"], NATO, owner=MINISTRY, day=DAY)
    assert caught.value.facts == {"category": "context"}


def test_home_of_the_pack_is_not_said_as_released_to() -> None:
    value = pack_file("us.eo13526")
    value["home"] = "nation:GBR"
    pack = load_pack(as_bytes(value))
    assert release_of(Audience.of([GBR, FRA]), pack, MINISTRY) == release("rel:fra")


def test_a_pack_whose_named_home_can_be_released_to_is_refused() -> None:
    value = pack_file("nato")
    value["categories"][2]["values"][0]["leaf"] = "group:KFOR"
    with pytest.raises(FormatError, match="pack-field-value"):
        load_pack(as_bytes(value))
