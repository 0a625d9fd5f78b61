"""European Union: bilingual marks, release, originator consent (labels report §3.6, §8.4, §9)."""

from dataclasses import replace

import pytest

from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.handling import Consent
from secure_liaison.labels.label import Label
from secure_liaison.labels.marking import parse_mark, render
from secure_liaison.labels.naming import MarkLanguage
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.release import audience_of
from secure_liaison.labels.validity import validate
from tests.labels.samples import MINISTRY

EU = builtin_pack("eu.2013-488")


def label(*released_to: str, level: str = "secret-ue", day: str = "2026-03-01") -> Label:
    created = from_iso(day)
    return Label(
        policy=EU.policy_id,
        level=level,
        audience=Audience.home(f"group:EU@{day}", *released_to),
        owner=MINISTRY,
        created=created,
        period=Period(form=PeriodForm.OPEN, value=""),
    )


def members(day: str) -> set[str]:
    (group,) = EU.groups
    return {
        member.leaf
        for member in group.members
        if member.joined <= day and (not member.left or day < member.left)
    }


@pytest.mark.parametrize(
    ("level", "mark"),
    [
        ("tres-secret-ue", "TRÈS SECRET UE/EU TOP SECRET"),
        ("secret-ue", "SECRET UE/EU SECRET"),
        ("confidentiel-ue", "CONFIDENTIEL UE/EU CONFIDENTIAL"),
        ("restreint-ue", "RESTREINT UE/EU RESTRICTED"),
    ],
)
def test_marks_are_bilingual_in_every_language(level: str, mark: str) -> None:
    made = label(level=level)
    validate(made, EU)
    assert render(made, EU, MarkLanguage.EN, exercise=False) == mark
    assert render(made, EU, MarkLanguage.FR, exercise=False) == mark
    assert render(made, EU, MarkLanguage.ZH, exercise=False).startswith(f"{mark}(欧盟 第")


def test_releasable_to_is_printed_and_read() -> None:
    made = label("nation:USA", "group:NATO@2026-03-01")
    text = render(made, EU, Language.EN, exercise=False)
    assert text == "SECRET UE/EU SECRET RELEASABLE TO NATO, UNITED STATES"
    found = parse_mark(text, EU).markings
    assert audience_of(found, EU, owner=MINISTRY, day="2026-03-01") == made.audience


@pytest.mark.parametrize(
    ("day", "number", "with_gbr"),
    [
        ("1957-12-31", 0, False),
        ("1958-01-01", 6, False),
        ("1973-01-01", 9, True),
        ("1995-01-01", 15, True),
        ("2004-05-01", 25, True),
        ("2013-07-01", 28, True),
        ("2020-01-31", 28, True),
        ("2020-02-01", 27, False),
        ("2026-11-22", 27, False),
    ],
)
def test_membership_is_judged_at_the_labels_date(day: str, number: int, *, with_gbr: bool) -> None:
    found = members(day)
    assert (len(found), "nation:GBR" in found) == (number, with_gbr)


def test_export_of_every_level_needs_the_originators_consent() -> None:
    for level in EU.levels:
        assert EU.handling_of(level.id).export is Consent.ORIGINATOR


def test_copy_numbers_are_a_marking_of_the_label() -> None:
    validate(replace(label(), control=frozenset({"limit:numbered-copies"})), EU)


def test_classified_information_is_never_public() -> None:
    with pytest.raises(FormatError, match="label-audience-public"):
        validate(replace(label(level="restreint-ue"), audience=Audience.of()), EU)


@pytest.mark.parametrize(
    "word", ["SECRETO", "RESERVADO", "Riservatissimo", "GEHEIM", "VERTRAULICH", "TRÈS SECRET"]
)
def test_national_equivalents_are_no_aliases(word: str) -> None:
    with pytest.raises(FormatError, match="mark-level"):
        parse_mark(word, EU)
    with pytest.raises(FormatError, match="label-level-unknown"):
        EU.find_level(word)


def test_no_level_has_an_alias() -> None:
    assert [level.aliases for level in EU.levels] == [(), (), (), ()]
