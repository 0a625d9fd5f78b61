from secure_liaison.labels.audience import Audience
from secure_liaison.labels.releasability import LeafFinding, LeafStanding, releasability
from tests.labels.rich import KFOR, NATO, RICH, rich

READERS = {name: frozenset({f"nation:{name}"}) for name in ("BEL", "FIN", "SWE", "AUT")}


def test_each_nation_is_told_group_by_group_why_not() -> None:
    label = rich(audience=Audience.of([NATO, "nation:AUT"], [KFOR]))
    found = {each.reader: each for each in releasability(label, RICH, READERS)}
    assert {"BEL": True, "FIN": False, "SWE": False, "AUT": False} == {
        name: each.releasable for name, each in found.items()
    }
    assert {"FIN": [False, True], "SWE": [True, False], "AUT": [False, True]} == {
        name: [group.met for group in found[name].groups] for name in ("FIN", "SWE", "AUT")
    }


def test_a_membership_that_ended_is_told_with_its_day() -> None:
    (finn,) = releasability(rich(audience=Audience.of([KFOR])), RICH, {"FIN": READERS["FIN"]})
    (leaf,) = finn.groups[0].leaves
    assert LeafFinding(leaf=KFOR, standing=LeafStanding.LEFT_BEFORE, day="2026-03-01") == leaf


def test_a_membership_that_began_later_is_told_with_its_day() -> None:
    (swede,) = releasability(rich(), RICH, {"SWE": READERS["SWE"]})
    (leaf,) = swede.groups[0].leaves
    assert LeafFinding(leaf=NATO, standing=LeafStanding.JOINED_LATER, day="2026-03-02") == leaf


def test_who_left_and_came_back_is_told_when_the_last_term_before_ended() -> None:
    label = rich(audience=Audience.of(["group:KFOR@2023-01-01"]))
    (swede,) = releasability(label, RICH, {"SWE": READERS["SWE"]})
    (leaf,) = swede.groups[0].leaves
    assert (LeafStanding.LEFT_BEFORE, "2020-01-01") == (leaf.standing, leaf.day)


def test_others_are_no_members_and_no_other_leaf() -> None:
    label = rich(audience=Audience.of([KFOR, "nation:BEL"]))
    (austrian,) = releasability(label, RICH, {"AUT": READERS["AUT"]})
    assert [LeafStanding.NOT_MEMBER, LeafStanding.OTHER] == [
        leaf.standing for leaf in austrian.groups[0].leaves
    ]


def test_everybody_stands_in_the_audience_of_the_public() -> None:
    (answer,) = releasability(rich("public", audience=Audience.of()), RICH, {"x": frozenset()})
    assert (True, ()) == (answer.releasable, answer.groups)
