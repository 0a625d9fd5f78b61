"""Between labels of ours and STANAG 4774: what is refused, what is told, what is carried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.audience4774 import Unsayable
from secure_liaison.labels.clearance4774 import Reader, clearances_of, reader_of
from secure_liaison.labels.label import (
    Alternative,
    Determination,
    DeterminationKind,
    Successor,
)
from secure_liaison.labels.label4774 import (
    Category4774,
    CategoryType,
    Label4774,
    LabelRoot,
    Remark,
    Succession4774,
    remarks_on,
)
from secure_liaison.labels.label_file import LabelForm, read_label_file, write_4774
from secure_liaison.labels.moment4774 import read_moment
from secure_liaison.labels.period import Period
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.labels.stanag4774 import Beside, alternative_of, label_of, write_back
from secure_liaison.labels.stanag4774_json import read_label_json, write_label_json
from secure_liaison.labels.stanag4774_xml import read_label_xml, write_label_xml
from secure_liaison.labels.wording import Loss
from tests.labels.pack4774 import (
    _NATIONS,
    CREATED,
    DAY,
    HOMELESS,
    KFOR_HOME,
    NATO_HOME,
    OWNER,
    PACK,
    REVIEW,
    category,
    label,
    load,
    nato_file,
)
from tests.labels.samples import CN, GENERIC, generic, jimi

OFFICER = "officer:aa"


def foreign(*categories: Category4774, **changes: Any) -> Label4774:
    made = Label4774(policy="NATO", classification="SECRET", created=CREATED, categories=categories)
    return replace(made, **changes)


def permissive(tag: str, *values: str) -> Category4774:
    return Category4774(type=CategoryType.PERMISSIVE, tag=tag, values=values)


def restrictive(tag: str, *values: str) -> Category4774:
    return Category4774(type=CategoryType.RESTRICTIVE, tag=tag, values=values)


NATO = permissive("Context", "NATO")


def heard(*categories: Category4774, pack: PolicyPack = PACK) -> Audience:
    return label_of(foreign(*categories), pack, owner=OWNER).label.audience


def reason(action: Any, *arguments: Any, **more: Any) -> tuple[str, object]:
    with pytest.raises(FormatError) as caught:
        action(*arguments, **more)
    return caught.value.reason, caught.value.facts.get("place")


def test_officers_are_refused_by_default_and_never_left_out() -> None:
    one = label([NATO_HOME, "nation:SWE"], [OFFICER])
    assert reason(write_back, one, PACK) == ("label4774-audience", None)
    assert reason(write_back, one, PACK, unsayable=Unsayable.NARROW) == ("label4774-nobody", None)
    back = write_back(one, PACK, unsayable=Unsayable.CARRY, native=False)
    assert back.label.categories[-1].values == (OFFICER,)
    assert label_of(back.label, PACK).label.audience == one.audience


def test_narrow_leaves_out_of_a_group_what_has_no_word() -> None:
    one = label([NATO_HOME, "nation:SWE", OFFICER])
    back = write_back(one, PACK, unsayable=Unsayable.NARROW, native=False)
    assert back.narrowed == (Loss(category="rel", lost=frozenset({OFFICER})),)
    assert label_of(back.label, PACK).label.audience == Audience.of([NATO_HOME, "nation:SWE"])


def test_carry_takes_over_where_narrowing_would_leave_nobody() -> None:
    one = label(["nation:IRL"], ["nation:SWE"], ["nation:UKR"])
    assert reason(write_back, one, PACK) == ("label4774-nobody", None)
    back = write_back(one, PACK, unsayable=Unsayable.CARRY, native=False)
    assert label_of(back.label, PACK).label.audience == one.audience


def test_labels_of_agencies_are_carried_whole() -> None:
    for one, pack in ((jimi(), CN), (generic(), GENERIC)):
        back = write_back(one, pack, unsayable=Unsayable.CARRY, review_at=REVIEW)
        assert back.narrowed == ()
        assert label_of(read_label_xml(write_label_xml(back.label)), pack).label == one


def test_public_label_is_heard_as_home_where_no_context_names_it() -> None:
    public = generic("public", audience=Audience.of())
    back = write_back(public, GENERIC, review_at=REVIEW, native=False)
    assert label_of(back.label, GENERIC).label.audience == Audience.of([public.owner])


def test_control_is_restrictive_and_comes_back_as_control() -> None:
    one = label([NATO_HOME], control=frozenset({"ctrl:no-onward"}))
    back = write_back(one, PACK, native=False)
    assert restrictive("ctrl", "No onward release") in back.label.categories
    assert label_of(back.label, PACK).label.control == one.control


def test_group_of_another_day_carries_it_and_reads_back() -> None:
    one = label(["group:KFOR@2025-01-01"])
    back = write_back(one, PACK, native=False)
    assert permissive("Context", "NATO/KFOR@2025-01-01") in back.label.categories
    assert label_of(back.label, PACK).label.audience == one.audience


def test_all_days_are_written_where_asked() -> None:
    back = write_back(label([KFOR_HOME]), PACK, all_days=True)
    assert permissive("Context", f"NATO/KFOR@{DAY}") in back.label.categories
    assert label_of(back.label, PACK).native


def test_review_is_demanded_on_writing_and_remarked_on_reading() -> None:
    one = label([NATO_HOME], review_at=None)
    assert reason(write_back, one, PACK) == ("label4774-review", None)
    assert write_back(one, PACK, review_at=REVIEW).label.review_at == REVIEW
    assert remarks_on(foreign(NATO)) == (Remark.NO_REVIEW,)


def test_successor_is_written_and_read() -> None:
    later = label([NATO_HOME], level="unclassified", review_at=None)
    one = label(
        [NATO_HOME], successor=Successor(at=Instant(CREATED + 60), label=later), review_at=None
    )
    back = write_back(one, PACK, native=False).label
    assert back.succession is not None
    assert back.succession.label.review_at == CREATED + 60
    found = label_of(back, PACK).label.successor
    assert found is not None
    assert (found.at, found.label.level) == (CREATED + 60, "unclassified")


def test_what_has_no_place_is_named() -> None:
    inner = label([NATO_HOME])
    one = label(
        [NATO_HOME],
        period=Period.of_years(5, start=CREATED),
        determination=Determination(
            kind=DeterminationKind.DERIVED, sources=frozenset({"label:" + "0" * 64})
        ),
        alternatives=(Alternative(label=inner, agreement="a", article="1", by="b", at=CREATED),),
    )
    assert write_back(one, PACK).beside == tuple(Beside)
    assert write_back(inner, PACK).beside == ()


def test_carried_label_counts_only_with_the_label_around_it() -> None:
    honest = write_back(label([KFOR_HOME]), PACK).label
    wider = write_back(label([KFOR_HOME, "nation:SWE"]), PACK).label
    forged = replace(honest, native=wider.native)
    assert reason(label_of, forged, PACK) == ("label4774-extension", None)
    other = replace(PACK, version="2025-01-01")
    assert reason(label_of, honest, other) == ("label4774-extension", None)
    assert label_of(honest, PACK).native


def test_both_forms_carry_the_native_label() -> None:
    back = write_back(label([KFOR_HOME]), PACK).label
    assert read_label_json(write_label_json(back)) == back
    assert read_label_xml(write_label_xml(back)) == back


def test_home_that_a_widening_category_names_is_written_there() -> None:
    one = label(
        ["nation:USA", "nation:SWE"], ["nation:IRL", "nation:SWE"], policy=HOMELESS.policy_id
    )
    one = replace(one, level="secret")
    back = write_back(one, HOMELESS, native=False)
    assert back.label.categories == (
        permissive("REL TO", "USA", "Sweden"),
        permissive("EYES ONLY", "Ireland", "Sweden"),
    )
    assert label_of(back.label, HOMELESS).label.audience == one.audience
    (only,) = clearances_of(
        Reader(level="secret", memberships=frozenset({"nation:SWE"})), HOMELESS, day=DAY
    )
    assert reader_of(only, HOMELESS, day=DAY).reader.memberships == {"nation:SWE"}


def test_label_of_another_version_is_not_written() -> None:
    one = label([NATO_HOME], policy="test.nato@2020-01-01")
    assert reason(write_back, one, PACK) == ("label-policy-mismatch", None)


def test_unknown_marking_is_not_written() -> None:
    one = label([NATO_HOME], restrict=frozenset({"sens:other"}))
    assert reason(write_back, one, PACK) == ("label-marking-unknown", None)


def test_alternative_label_becomes_a_partners_reading() -> None:
    found = foreign(NATO, root=LabelRoot.ALTERNATIVE)
    made = alternative_of(found, PACK, owner=OWNER, agreement="agr", article="2", by="registry")
    assert (made.label.level, made.article, made.at) == ("secret", "2", CREATED)
    for wrong in (
        foreign(NATO),
        replace(found, succession=Succession4774(at=REVIEW, label=foreign(NATO))),
    ):
        refused = reason(
            alternative_of, wrong, PACK, owner=OWNER, agreement="a", article="2", by="r"
        )
        assert refused == ("label4774-alternative", None)


def test_alternative_of_our_label_is_written_under_its_root() -> None:
    back = write_back(label([NATO_HOME]), PACK, root=LabelRoot.ALTERNATIVE).label
    assert b"<alternativeConfidentialityLabel" in write_label_xml(back)
    assert label_of(back, PACK).native


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (foreign(NATO, policy="ACME"), ("label4774-policy", None)),
        (foreign(NATO, policy_uri="urn:oid:1.2.3"), ("label4774-policy", None)),
        (foreign(NATO, classification="SECRETISH"), ("label-level-unknown", None)),
        (foreign(), ("label-marking-count", None)),
        (foreign(permissive("Context", "NATO", "Releasable")), ("label4774-releasable", None)),
        (foreign(NATO, permissive("Releasable To", "Sweden")), ("label4774-releasable", None)),
        (foreign(NATO, permissive("Other", "X")), ("label4774-category", "Category[2]")),
        (foreign(NATO, restrictive("Only", "Sweden")), ("label4774-category", "Category[2]")),
        (foreign(NATO, permissive("CONTEXT", "NATO")), ("label4774-category", "Category[2]")),
        (
            foreign(NATO, permissive("Only", "Sweden", "Atlantis")),
            ("label4774-category-value", "Category[2]/GenericValue[2]"),
        ),
        (
            foreign(NATO, permissive("Only", f"Sweden@{DAY}")),
            ("label4774-category-value", "Category[2]/GenericValue[1]"),
        ),
        (
            foreign(NATO, restrictive("Additional Sensitivity", "OTHER")),
            ("label4774-category-value", "Category[2]/GenericValue[1]"),
        ),
    ],
)
def test_foreign_label_is_refused_where_a_protection_would_be_lost(
    found: Label4774, expected: tuple[str, str | None]
) -> None:
    assert reason(label_of, found, PACK, owner=OWNER) == expected


def test_owner_must_be_known() -> None:
    assert reason(label_of, foreign(NATO), PACK) == ("label4774-owner", None)
    named = foreign(NATO, originator="registry@example.org")
    assert reason(label_of, named, PACK) == ("label4774-owner", None)


def test_names_of_nato_are_read_without_regard_to_case() -> None:
    found = foreign(
        permissive("context", "nato", "RELEASABLE"), permissive("releasable to", "sweden")
    )
    found = replace(found, policy="Nato", classification="Secret")
    assert label_of(found, PACK, owner=OWNER).label.audience == Audience.of(
        [NATO_HOME, "nation:SWE"]
    )


def test_names_of_other_policies_are_read_exactly() -> None:
    found = foreign(policy="of a state (test)")
    assert reason(label_of, found, HOMELESS, owner=OWNER) == ("label4774-policy", None)


def test_level_is_read_by_mark_and_id_too() -> None:
    for name in ("NATO SECRET", "COSMIC SECRET", "N3", "secret"):
        found = foreign(NATO, classification=name)
        if name.startswith("COSMIC"):
            assert reason(label_of, found, PACK, owner=OWNER)[0] == "label-level-unknown"
        else:
            assert label_of(found, PACK, owner=OWNER).label.level == "secret"


def test_unknown_informative_values_are_dropped_by_name() -> None:
    unknown = Category4774(type=CategoryType.INFORMATIVE, tag="Other", values=("X",))
    some = Category4774(type=CategoryType.INFORMATIVE, tag="Administrative", values=("STAFF", "Y"))
    found = label_of(foreign(NATO, unknown, some), PACK, owner=OWNER)
    assert found.label.inform == frozenset({"admin:staff"})
    assert found.dropped == ("Category[2]", "Category[3]/GenericValue[2]")


def test_missing_release_is_heard_as_home_only() -> None:
    found = foreign(policy="Of a state", classification="NATO SECRET")
    pack = load(
        id="test.states",
        oid=None,
        home="nation:USA",
        names={"zh": "某国", "en": "Of a state"},
        categories=[category("widen", "rel", "REL TO", values=_NATIONS)],
    )
    assert label_of(found, pack, owner=OWNER).label.audience == Audience.of(["nation:USA"])
    released = replace(found, categories=(permissive("REL TO", "Sweden"),))
    one = label_of(released, pack, owner=OWNER).label
    assert one.audience == Audience.of(["nation:USA", "nation:SWE"])
    assert reason(write_back, replace(one, review_at=REVIEW), pack) == ("label4774-audience", None)
    back = write_back(one, pack, unsayable=Unsayable.NARROW, review_at=REVIEW, native=False)
    assert back.label.categories == (permissive("REL TO", "Sweden"),)
    home = replace(one, audience=Audience.of(["nation:USA"]))
    refused = reason(write_back, home, pack, unsayable=Unsayable.NARROW, review_at=REVIEW)
    assert refused == ("label4774-nobody", None)


def test_two_widening_categories_say_two_groups_exactly() -> None:
    second = category("widen", "more", "Displayable To", values={"fin": ("nation:FIN", "Finland")})
    pack = load(categories=[*nato_file()["categories"], second])
    one = label([NATO_HOME, "nation:SWE"], [NATO_HOME, "nation:FIN"])
    back = write_back(one, pack, native=False)
    assert back.narrowed == ()
    assert [each.tag for each in back.label.categories] == [
        "Context",
        "Releasable To",
        "Displayable To",
    ]
    assert label_of(back.label, pack).label.audience == one.audience


def test_values_under_one_tag_are_added_up_only_where_all_are_asked_for() -> None:
    same = nato_file()["categories"]
    same[4]["tag"] = "Additional Sensitivity"
    pack = load(categories=same)
    one = label(
        [NATO_HOME],
        restrict=frozenset({"sens:atomal"}),
        control=frozenset({"ctrl:no-onward"}),
    )
    back = write_back(one, pack, native=False)
    found = label_of(back.label, pack).label
    assert restrictive("Additional Sensitivity", "ATOMAL", "No onward release").values == (
        back.label.categories[1].values
    )
    assert (found.restrict, found.control) == (one.restrict, one.control)


def test_home_of_a_second_home_category_is_lost_rather_than_asked_for_as_well() -> None:
    second = category("narrow", "place", "Place", values={"x": ("group:X", "X")}, home=True)
    pack = load(categories=[*nato_file()["categories"], second])
    one = label([NATO_HOME, f"group:X@{DAY}"])
    back = write_back(one, pack, native=False)
    assert back.narrowed == (Loss(category="context", lost=frozenset({f"group:X@{DAY}"})),)
    assert label_of(back.label, pack).label.audience == Audience.of([NATO_HOME])


def test_groups_of_two_homes_are_narrowed_to_what_both_have() -> None:
    pack = load(categories=[each for each in nato_file()["categories"] if each["id"] != "only"])
    one = label([NATO_HOME, "nation:SWE"], [KFOR_HOME, "nation:SWE"])
    back = write_back(one, pack, native=False)
    assert [each.values for each in back.label.categories] == [("Releasable",), ("Sweden",)]
    apart = label([NATO_HOME], [KFOR_HOME])
    assert reason(write_back, apart, pack) == ("label4774-nobody", None)
    nested = label([NATO_HOME, KFOR_HOME], [KFOR_HOME, f"group:ISAF@{DAY}"])
    back = write_back(nested, pack, native=False)
    assert label_of(back.label, pack).label.audience == Audience.of([KFOR_HOME])


def test_two_permissive_categories_under_one_tag_are_refused() -> None:
    same = nato_file()["categories"]
    same[1]["tag"] = "Releasable To"
    same[1]["values"] = [value for value in same[1]["values"] if value["id"] == "nato"]
    pack = load(categories=same)
    one = label([KFOR_HOME, "nation:SWE"], [NATO_HOME])
    assert reason(write_back, one, pack) == ("label4774-ambiguous", None)
    twice = (permissive("Context", "NATO", "Releasable"), permissive("Releasable To", "Sweden"))
    refused = reason(label_of, foreign(*twice), pack, owner=OWNER)
    assert refused == ("label4774-category", "Category[2]")


def test_names_that_two_things_have_are_not_written() -> None:
    same = nato_file()["categories"]
    for value in same[3]["values"]:
        value["names"] = {"zh": "同", "en": "SAME"}
    pack = load(categories=same)
    one = label([NATO_HOME], restrict=frozenset({"sens:atomal"}))
    assert reason(write_back, one, pack) == ("label4774-ambiguous", None)
    assert reason(
        label_of, foreign(NATO, restrictive("Additional Sensitivity", "SAME")), pack, owner=OWNER
    ) == (
        "label4774-category-value",
        "Category[2]/GenericValue[1]",
    )


@pytest.mark.parametrize("name", ["Releasable", "NATO@2025-01-01"])
def test_context_called_like_the_flag_or_like_a_day_is_not_written(name: str) -> None:
    contexts = {"nato": ("group:NATO", "NATO"), "kfor": ("group:KFOR", name)}
    first = category("narrow", "context", "Context", values=contexts, home=True, min=1, max=1)
    pack = load(categories=[first, *nato_file()["categories"][1:]])
    one = label([KFOR_HOME] if name == "Releasable" else ["group:NATO@2025-01-01"])
    assert reason(write_back, one, pack) == ("label4774-ambiguous", None)


def test_name_of_a_level_keeps_the_policys_where_another_level_has_it_without() -> None:
    levels = nato_file()["levels"]
    levels[3]["names"]["en"], levels[2]["names"]["en"] = "NATO CODE", "CODE"
    pack = load(levels=levels)
    for level, name in (("secret", "NATO CODE"), ("confidential", "CODE")):
        back = write_back(label([NATO_HOME], level=level), pack, native=False).label
        assert name == back.classification
        assert level == label_of(back, pack).label.level


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda: foreign(originator_type="rfc822Name"), "OriginatorID/@IDType"),
        (lambda: foreign(native=bytes(6145)), "Label"),
        (lambda: foreign(created=Instant(-1)), "CreationDateTime"),
        (lambda: foreign(policy=""), "PolicyIdentifier"),
        (lambda: foreign(*(permissive(f"T{n}", "X") for n in range(65))), "Category"),
    ],
)
def test_value_that_cannot_be_written_is_not_made(make: Any, place: str) -> None:
    assert reason(make) == ("label4774-value", place)


@pytest.mark.parametrize(
    ("text", "up", "seconds"),
    [
        ("1970-01-01T00:00:00Z", False, 0),
        ("1970-01-01T08:00:00.9+08:00", False, 0),
        ("1970-01-01T08:00:00.9+08:00", True, 1),
        ("1970-01-01T00:00:00.000Z", True, 0),
        ("1969-12-31T23:00:00-01:00", False, 0),
    ],
)
def test_moment_is_read_into_whole_seconds(text: str, *, up: bool, seconds: int) -> None:
    assert seconds == read_moment(text, round_up=up)


@pytest.mark.parametrize(
    "text",
    ["", "2026-03-01", "2026-03-01T24:00:00Z", "2026-03-01T08:00:00", "２026-03-01T08:00:00Z"],
)
def test_other_moments_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dateTime"):
        read_moment(text)


def test_native_form_is_not_written_as_4774() -> None:
    with pytest.raises(ValueError, match="written by"):
        write_4774(foreign(NATO), LabelForm.NATIVE)


def test_file_of_no_label_is_refused() -> None:
    assert reason(read_label_file, b"")[0] == "not-cbor"
