from dataclasses import replace

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.lattice import may_read
from secure_liaison.labels.membership import groups_held, members_listed
from secure_liaison.labels.pack import load_pack
from secure_liaison.labels.policy import PolicyPack
from tests.labels.rich import KFOR, LISTED_BY_NAME, NATO, RICH, member, rich, rich_file, value
from tests.labels.samples import GENERIC, MINISTRY, as_bytes, generic

SWEDE, FINN, BELGIAN = (frozenset({f"nation:{name}"}) for name in ("SWE", "FIN", "BEL"))


def reads(who: frozenset[str], leaf: str, pack: PolicyPack = RICH) -> bool:
    label = replace(rich(), audience=Audience.of([leaf]))
    return may_read(label, pack, clearance_rank=3, memberships=who)


def test_information_made_before_a_nation_joined_does_not_go_to_it() -> None:
    assert not reads(SWEDE, "group:NATO@2026-03-01")
    assert reads(SWEDE, "group:NATO@2026-03-02")
    assert reads(BELGIAN, "group:NATO@2026-03-01")


def test_a_nation_that_left_may_read_what_was_made_while_it_was_in() -> None:
    assert reads(FINN, "group:KFOR@2026-02-28")
    assert not reads(FINN, "group:KFOR@2026-03-01")


def test_a_nation_that_came_back_is_a_member_in_both_terms_only() -> None:
    days = ["1999-06-10", "1999-06-11", "2019-12-31", "2020-01-01", "2026-01-31", "2026-02-01"]
    found = [reads(SWEDE, f"group:KFOR@{day}") for day in days]
    assert [False, True, True, False, False, True] == found


def test_an_agency_may_be_a_member_itself() -> None:
    assert reads(frozenset({MINISTRY}), KFOR)


def test_a_clearance_makes_nobody_a_member_of_what_the_pack_lists() -> None:
    assert not reads(frozenset({NATO, KFOR}), NATO)
    assert not reads(SWEDE | {NATO}, NATO)


def test_a_group_without_listed_members_is_held_by_who_states_exactly_that_day() -> None:
    assert reads(frozenset({LISTED_BY_NAME}), LISTED_BY_NAME)
    assert not reads(frozenset({"group:EXPERTS@2026-03-02"}), LISTED_BY_NAME)
    assert not reads(BELGIAN, LISTED_BY_NAME)


def test_a_pack_without_groups_takes_what_the_clearance_states() -> None:
    label = generic(audience=Audience.of([KFOR]))
    for who, expected in ((frozenset({KFOR}), True), (BELGIAN, False)):
        assert expected is may_read(label, GENERIC, clearance_rank=3, memberships=who)


def test_groups_held_are_those_of_the_label_only() -> None:
    leaves = frozenset({KFOR, NATO, LISTED_BY_NAME, "nation:BEL"})
    assert frozenset({KFOR, NATO}) == groups_held(leaves, BELGIAN, RICH)
    assert frozenset({LISTED_BY_NAME}) == groups_held(leaves, frozenset({LISTED_BY_NAME}), RICH)


def test_members_are_listed_with_their_days() -> None:
    found = [(each.leaf, each.joined) for each in members_listed(NATO, RICH)]
    assert ("nation:SWE", "2026-03-02") in found
    assert (
        () == members_listed(LISTED_BY_NAME, RICH) == members_listed("group:ELSE@2026-03-01", RICH)
    )


# --- packs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([member("group:KFOR@2026-03-01", "2020-01-01")], "pack-field-value"),
        ([member("nation:BEL", "2020-01-01", "2020-01-01")], "pack-dates"),
        ([member("nation:BEL", "2020-02-30")], "pack-dates"),
        ([member("nation:Belgium", "2020-01-01")], "label-audience-leaf"),
    ],
)
def test_pack_with_a_membership_that_cannot_be_judged_is_refused(
    members: list[object], reason: str
) -> None:
    pack = rich_file()
    pack["groups"][0]["members"] = members
    with pytest.raises(FormatError, match=reason):
        load_pack(as_bytes(pack))


def test_pack_that_lists_a_group_twice_is_refused() -> None:
    pack = rich_file()
    pack["groups"].append(pack["groups"][0])
    with pytest.raises(FormatError, match="pack-duplicate"):
        load_pack(as_bytes(pack))


@pytest.mark.parametrize(
    ("kind", "binds"),
    [("control", ["copying"]), ("control", ["copy", "copy"]), ("restrict", ["copy"])],
)
def test_pack_whose_value_binds_what_it_cannot_is_refused(kind: str, binds: list[str]) -> None:
    pack = rich_file()
    category = next(each for each in pack["categories"] if each["kind"] == kind)
    category["values"].append(value("x", None, *binds))
    with pytest.raises(FormatError, match="pack-field-value"):
        load_pack(as_bytes(pack))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("raise_to", "higher"), ("level", "higher"), ("marking", "project:zulu")],
)
def test_pack_whose_compilation_refers_to_nothing_is_refused(name: str, wrong: str) -> None:
    pack = rich_file()
    rule = pack["compilation"][1 if name == "marking" else 0]
    rule[name] = wrong
    with pytest.raises(FormatError, match="pack-reference"):
        load_pack(as_bytes(pack))


def test_what_is_not_in_a_pack_is_not_found() -> None:
    assert frozenset() == RICH.value("limit:seen").binds
    with pytest.raises(FormatError, match="label-marking-unknown"):
        RICH.value("limit:nothing")
    with pytest.raises(FormatError, match="label-marking-unknown"):
        RICH.category("nothing")
