"""Labels to ESS and back under a pack: exactly, more narrowly where asked for, never wider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.ess import (
    EssEffect,
    EssForm,
    EssLabel,
    EssTag,
    from_base64,
    read_ess,
    write_ess,
)
from secure_liaison.labels.ess_mapping import EssWriting, Unsaid, from_ess, to_ess
from secure_liaison.labels.label import (
    Alternative,
    Determination,
    DeterminationKind,
    Label,
    Successor,
)
from secure_liaison.labels.pack import load_pack
from secure_liaison.labels.period import Period
from tests.labels.ess_samples import (
    ONLY_OID,
    PACK,
    POLICY_OID,
    PROJECT_OID,
    RELEASE_OID,
    labelled,
    numbered,
    numbered_file,
)
from tests.labels.samples import CREATED, EMBASSY, MINISTRY, as_bytes

EVERYTHING = labelled(
    audience=Audience.of([MINISTRY, "nation:FRA"], ["nation:FRA", "nation:SWE"]),
    restrict=frozenset({"project:alpha", "project:charlie"}),
    control=frozenset({"limit:no-copy"}),
    inform=frozenset({"note:staff"}),
    privacy_mark="仅供参考",
)


def refusal(label: Label, **options: Any) -> str:
    with pytest.raises(FormatError) as caught:
        to_ess(label, options.pop("pack", PACK), **options)
    return caught.value.reason


def read_refusal(label: EssLabel) -> FormatError:
    with pytest.raises(FormatError) as caught:
        from_ess(write_ess(label), PACK, owner=MINISTRY, created=CREATED)
    return caught.value


def tag(effect: EssEffect, tag_set: str, *numbers: int) -> EssTag:
    return EssTag(
        effect=effect, form=EssForm.ENUMERATED, tag_set=tag_set, numbers=frozenset(numbers)
    )


def test_a_published_label_is_read_under_its_policy() -> None:
    label = from_ess(from_base64("MQYCAQQGASk="), PACK, owner=MINISTRY, created=CREATED)
    foreign = Determination(kind=DeterminationKind.FOREIGN)
    assert labelled("secret", determination=foreign) == label
    assert EssWriting(octets=from_base64("MQYCAQQGASk="), exact=True, unsaid=frozenset()) == to_ess(
        label, PACK
    )


def test_everything_that_ess_can_say_reads_back() -> None:
    written = to_ess(EVERYTHING, PACK)
    assert written.exact
    back = from_ess(written.octets, PACK, owner=MINISTRY, created=CREATED)
    assert (
        EVERYTHING.to_value()
        == labelled(
            audience=back.audience,
            restrict=back.restrict,
            control=back.control,
            inform=back.inform,
            privacy_mark=back.privacy_mark,
        ).to_value()
    )


def test_markings_of_one_set_and_effect_stand_together() -> None:
    said = read_ess(to_ess(EVERYTHING, PACK).octets)
    assert {
        (EssEffect.PERMISSIVE, EssForm.ENUMERATED, RELEASE_OID, frozenset({250})),
        (EssEffect.PERMISSIVE, EssForm.ENUMERATED, ONLY_OID, frozenset({250, 752})),
        (EssEffect.RESTRICTIVE, EssForm.BITMAP, PROJECT_OID, frozenset({0, 2, 3})),
        (EssEffect.INFORMATIVE, EssForm.BITMAP, PROJECT_OID, frozenset({9})),
    } == {(each.effect, each.form, each.tag_set, each.numbers) for each in said.tags}


def test_the_caller_chooses_the_form_of_a_category() -> None:
    forms = {"project": EssForm.ENUMERATED, "rel": EssForm.BITMAP}
    label = labelled(
        restrict=frozenset({"project:alpha"}), audience=Audience.of([MINISTRY, "nation:FRA"])
    )
    said = read_ess(to_ess(label, PACK, forms=forms).octets)
    assert {RELEASE_OID: EssForm.BITMAP, PROJECT_OID: EssForm.ENUMERATED} == {
        each.tag_set: each.form for each in said.tags
    }


@pytest.mark.parametrize(
    ("unsaid", "changes"),
    [
        (Unsaid.PERIOD, {"period": Period.of_years(10, start=CREATED)}),
        (Unsaid.DETERMINATION, {"determination": Determination(reason="as decided")}),
        (Unsaid.REVIEW, {"review_at": CREATED + 1}),
        (Unsaid.SUCCESSOR, {"successor": Successor(at=CREATED, label=labelled("public"))}),
        (
            Unsaid.ALTERNATIVES,
            {
                "alternatives": (
                    Alternative(label=labelled(), agreement="a", article="1", by="x", at=CREATED),
                )
            },
        ),
    ],
)
def test_what_ess_has_no_place_for_is_left_out_only_when_named(
    unsaid: Unsaid, changes: dict[str, Any]
) -> None:
    label = labelled(**changes)
    with pytest.raises(FormatError) as caught:
        to_ess(label, PACK)
    assert ("ess-left-out", unsaid.value) == (caught.value.reason, caught.value.facts["what"])
    written = to_ess(label, PACK, leave_out=Unsaid)
    assert (frozenset({unsaid}), True) == (written.unsaid, written.exact)


def test_an_audience_of_names_is_refused_even_if_narrowing_is_allowed() -> None:
    label = labelled(audience=Audience.of([MINISTRY, "nation:FRA"], ["officer:aa"]))
    assert "ess-audience" == refusal(label, narrow=True)


def test_nobody_cannot_be_said() -> None:
    assert "ess-audience" == refusal(labelled(audience=Audience.of([])), narrow=True)


def test_a_smaller_audience_is_written_only_when_asked_for() -> None:
    joined = labelled(audience=Audience.of([MINISTRY, "nation:FRA"], [MINISTRY, "nation:SWE"]))
    assert "ess-narrower" == refusal(joined)
    written = to_ess(joined, PACK, narrow=True)
    assert not written.exact
    back = from_ess(written.octets, PACK, owner=MINISTRY, created=CREATED)
    assert Audience.of([MINISTRY]) == back.audience


def test_a_list_of_only_is_written_as_released_too_and_reads_back() -> None:
    """A pack's markings always add home; the list keeps out who is of home and not on it."""
    swedes = labelled(audience=Audience.of(["nation:SWE"]))
    written = to_ess(swedes, PACK)
    back = from_ess(written.octets, PACK, owner=MINISTRY, created=CREATED)
    assert (True, swedes.audience) == (written.exact, back.audience)


def test_the_public_can_only_be_narrowed_to_home() -> None:
    public = labelled("public", audience=Audience.of())
    assert "ess-narrower" == refusal(public)
    assert not to_ess(public, PACK, narrow=True).exact


def test_a_group_of_another_day_is_refused() -> None:
    file = numbered_file()
    rel = next(each for each in file["categories"] if each["id"] == "rel")
    rel["values"][0]["leaf"] = "group:KFOR"
    pack = load_pack(as_bytes(file))
    today = labelled(audience=Audience.of([MINISTRY, "group:KFOR@2026-03-01"]))
    assert to_ess(today, pack).exact
    earlier = labelled(audience=Audience.of([MINISTRY, "group:KFOR@2020-01-01"]))
    assert "ess-audience" == refusal(earlier, pack=pack, narrow=True)


def test_what_has_no_number_is_refused() -> None:
    swiss = labelled(audience=Audience.of([MINISTRY, "nation:CHE"]))
    assert "ess-no-number" == refusal(swiss)
    assert "ess-no-number" == refusal(labelled(inform=frozenset({"unnumbered:x"})))
    assert "ess-no-number" == refusal(labelled(inform=frozenset({"nothing:x"})))
    assert "ess-no-number" == refusal(labelled(), pack=numbered(oid=None))
    file = numbered_file()
    file["levels"][3]["lacv"] = None
    assert "ess-no-number" == refusal(labelled(), pack=load_pack(as_bytes(file)))


def test_what_the_level_says_needs_no_number() -> None:
    file = numbered_file()
    file["levels"][3]["says"] = ["unnumbered:x"]
    pack = load_pack(as_bytes(file))
    label = labelled(inform=frozenset({"unnumbered:x"}))
    written = to_ess(label, pack)
    back = from_ess(written.octets, pack, owner=MINISTRY, created=CREATED)
    assert label.inform == back.inform


def test_a_level_that_would_add_readers_by_itself_is_refused() -> None:
    file = numbered_file()
    file["levels"][3]["says"] = ["rel:fra"]
    assert "ess-audience" == refusal(labelled(), pack=load_pack(as_bytes(file)), narrow=True)


def test_a_label_of_another_pack_is_refused() -> None:
    assert "label-policy-mismatch" == refusal(labelled(policy="generic@2024-09-01"))


@pytest.mark.parametrize(
    ("reason", "facts", "label"),
    [
        ("ess-policy", {"policy": "1.2"}, EssLabel(policy="1.2", classification=1)),
        ("ess-level", {"number": 9}, EssLabel(policy=POLICY_OID, classification=9)),
        (
            "ess-tag-set",
            {"tag_set": "1.2.3"},
            EssLabel(
                policy=POLICY_OID,
                classification=4,
                tags=(tag(EssEffect.PERMISSIVE, "1.2.3", 1),),
            ),
        ),
        (
            "ess-effect",
            {"tag_set": RELEASE_OID, "effect": "informative"},
            EssLabel(
                policy=POLICY_OID,
                classification=4,
                tags=(tag(EssEffect.INFORMATIVE, RELEASE_OID, 250),),
            ),
        ),
        (
            "ess-value",
            {"tag_set": RELEASE_OID, "number": 251},
            EssLabel(
                policy=POLICY_OID,
                classification=4,
                tags=(tag(EssEffect.PERMISSIVE, RELEASE_OID, 250, 251),),
            ),
        ),
    ],
)
def test_what_the_pack_does_not_know_is_refused_and_named(
    reason: str, facts: dict[str, Any], label: EssLabel
) -> None:
    error = read_refusal(label)
    assert (reason, facts) == (error.reason, error.facts)


def test_a_number_that_means_two_things_is_refused() -> None:
    # No pack that is read holds such numbers; one that is built otherwise must not be believed.
    levels = tuple(
        replace(each, lacv=4) if each.id == "confidential" else each for each in PACK.levels
    )
    categories = tuple(
        replace(each, values=tuple(replace(value, lacv=250) for value in each.values))
        if each.id == "rel"
        else each
        for each in PACK.categories
    )
    pack = replace(PACK, levels=levels, categories=categories)
    assert "ess-ambiguous" == refusal(labelled(), pack=pack)
    french = EssLabel(
        policy=POLICY_OID, classification=2, tags=(tag(EssEffect.PERMISSIVE, RELEASE_OID, 250),)
    )
    with pytest.raises(FormatError) as caught:
        from_ess(write_ess(french), pack, owner=MINISTRY, created=CREATED)
    assert ("ess-ambiguous", {"place": RELEASE_OID, "number": 250}) == (
        caught.value.reason,
        caught.value.facts,
    )


leaves = st.frozensets(
    st.sampled_from([MINISTRY, EMBASSY, "nation:FRA", "nation:SWE", "nation:CHE", "officer:aa"])
)


@given(
    st.lists(leaves, max_size=3),
    st.frozensets(st.sampled_from(["project:alpha", "project:bravo"])),
    st.frozensets(st.sampled_from(["limit:no-copy", "limit:no-onward"])),
    st.sampled_from(["public", "internal", "secret"]),
)
def test_no_label_is_ever_written_wider(
    groups: list[frozenset[str]], restrict: frozenset[str], control: frozenset[str], level: str
) -> None:
    label = labelled(level, audience=Audience.of(*groups), restrict=restrict, control=control)
    try:
        written = to_ess(label, PACK, narrow=True)
    except FormatError:
        return
    back = from_ess(written.octets, PACK, owner=MINISTRY, created=CREATED)
    assert back.audience.within(label.audience)
    assert written.exact == (back.audience == label.audience)
    assert (label.level, restrict, control) == (back.level, back.restrict, back.control)
