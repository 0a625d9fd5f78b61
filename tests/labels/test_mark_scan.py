"""The reader of marks: what it forgives, what it does not, and that its work is bounded."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.marking import MAX_MARK, parse_mark, parse_portion, render_portion
from secure_liaison.labels.pack import builtin_pack, load_pack
from tests.labels.samples import CN, as_bytes, jimi, pack_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from secure_liaison.labels.policy import PolicyPack

NATO, US = builtin_pack("nato"), builtin_pack("us.eo13526")
LONG = [
    ("nato", "NATO SECRET Releasable to ", "Austria, "),
    ("nato", "NATO SECRET ", "SIOP "),
    ("nato", "NATO SECRET ", "SIOP ESI "),
    ("nato", "", "NATO + "),
    ("nato", "NATO", " "),
    ("nato", "NATO SECRET", "(北约 "),
    ("us.eo13526", "SECRET//REL TO USA, ", "FRA, "),
    ("us.eo13526", "SECRET", "/"),
    ("us.eo13526", "SECRET", "//SI"),
    ("us.eo13526", "TOP SECRET//", "SI/"),
    ("us.eo13526", "TOP SECRET//FGI ", "FGI "),
    ("us.eo13526", "//", "JOINT "),
    ("cn.state-secrets", "", "机 "),
    ("cn.state-secrets", "机密★", "几"),
    ("cn.state-secrets", "机密★", "十"),
    ("cn.state-secrets", "CN JIMI ", "(机密, 2 of 3) "),
]


def work(text: str, pack: PolicyPack) -> int:
    """Count the calls that reading a text takes."""
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, argument: object) -> None:
        del frame, argument
        calls[event] += 1

    before: Any = sys.getprofile()
    sys.setprofile(count)
    try:
        parse_mark(text, pack)
    except FormatError:
        pass
    finally:
        sys.setprofile(before)
    return calls["call"] + calls["c_call"]


@pytest.mark.parametrize(("name", "start", "again"), LONG)
def test_twice_the_text_is_about_twice_the_work(name: str, start: str, again: str) -> None:
    pack = builtin_pack(name)
    once = start + again * (1000 // len(again))
    twice = start + again * (2000 // len(again))
    work(once, pack)  # the grammar is made ready once
    assert work(twice, pack) <= 2.5 * work(once, pack)


@pytest.mark.parametrize("again", ["SI", "SI/", "A B ", "AA", " "])
def test_values_that_begin_with_each_other_are_no_work_either(again: str) -> None:
    value = pack_file("us.eo13526")
    sci = value["categories"][0]["values"]
    sci[:] = [
        {**sci[0], "id": f"a{n}", "mark": {"zh": "A" * n, "en": "A" * n}} for n in range(1, 20)
    ]
    value["rules"] = []
    value["marking"]["portion"] = None
    pack = load_pack(as_bytes(value))
    once, twice = (f"SECRET//{again * (n // len(again))}" for n in (1000, 2000))
    work(once, pack)
    assert work(twice, pack) <= 2.5 * work(once, pack)


def test_a_mark_of_the_longest_length_is_read() -> None:
    text = "NATO SECRET" + " " * (MAX_MARK - 30) + "ATOMAL"
    assert parse_mark(text, NATO).markings == {"context:nato", "sens:atomal"}
    with pytest.raises(FormatError, match="mark-too-long"):
        parse_portion("(" + "S" * MAX_MARK + ")", US)


@pytest.mark.parametrize(
    "text",
    [
        "NATO SECRET",
        "  NATO  SECRET ",
        "NATO\tSECRET\n",
        "NATO SÉCRET",
        "NATO\u00a0SECRET",
        "NATO\u3000SECRET",
    ],
)
def test_spaces_and_accents_do_not_count(text: str) -> None:
    assert parse_mark(text, NATO).level == "s"


@pytest.mark.parametrize("text", ["NATOSECRET", "NATO SECRET.", "NATO SECRЕT", "NATO S ECRET"])
def test_letters_do_count(text: str) -> None:
    with pytest.raises(FormatError):
        parse_mark(text, NATO)


def test_between_chinese_characters_no_space_is_needed_and_any_is_read() -> None:
    for text in ("机密★10年", "机 密★10年", "机   密 ★10年"):
        assert parse_mark(text, CN).level == "jimi"


def test_column_is_that_of_the_text_as_it_was_given() -> None:
    for text, column in (
        ("SECRET//NOFORN//SI", 17),
        ("  SECRET//NOFORN//SI", 19),
        ("演练 EXERCISE · SECRET//NOFORN//SI", 31),
        ("SECRET   WHATEVER", 10),
    ):
        with pytest.raises(FormatError) as caught:
            parse_mark(text, US)
        assert caught.value.facts == {"column": column}
    with pytest.raises(FormatError) as caught:
        parse_portion("  (S//XX)", US)
    assert caught.value.facts == {"column": 7}


def test_portions_of_a_policy_without_them_are_refused() -> None:
    with pytest.raises(FormatError, match="mark-no-portions"):
        parse_portion("(S)", CN)
    with pytest.raises(FormatError, match="mark-no-portions"):
        render_portion(jimi(), CN)


def test_gloss_stands_before_the_period() -> None:
    value = pack_file("us.eo13526")
    value["marking"]["period"] = "dot"
    value["marking"]["segments"].append({"segment": "period"})
    pack = load_pack(as_bytes(value))
    found = parse_mark("SECRET//NOFORN(美国 第二级) · 10Y", pack)
    assert (found.level, found.period.value) == ("s", "P10Y")
    with pytest.raises(FormatError, match="mark-gloss"):
        parse_mark("SECRET//NOFORN(美国 第一级) · 10Y", pack)


GRAMMAR_FAULTS: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "a language that nobody writes": (
        "languages",
        lambda grammar: grammar.update(languages=["en", "zh", "xx"]),
    ),
    "no original among the languages": (
        "languages",
        lambda grammar: grammar.update(languages=["zh", "fr"]),
    ),
    "a period without a style": (
        "period",
        lambda grammar: grammar["segments"].append({"segment": "period"}),
    ),
    "no level": ("segments", lambda grammar: grammar.update(segments=[])),
    "a period in portion marks": (
        "portion.segments",
        lambda grammar: grammar["portion"]["segments"].append({"segment": "period"}),
    ),
    "a segment that nobody knows": (
        "segments[0].segment",
        lambda grammar: grammar["segments"][0].update(segment="flag"),
    ),
}


@pytest.mark.parametrize("fault", GRAMMAR_FAULTS)
def test_a_broken_grammar_is_refused_at_its_place(fault: str) -> None:
    place, break_it = GRAMMAR_FAULTS[fault]
    value = pack_file("us.eo13526")
    break_it(value["marking"])
    with pytest.raises(FormatError) as caught:
        load_pack(as_bytes(value))
    assert (caught.value.reason, caught.value.facts) == (
        "pack-field-value",
        {"place": f"marking.{place}"},
    )


def test_period_stands_last() -> None:
    value = pack_file("generic")
    value["marking"]["segments"].reverse()
    with pytest.raises(FormatError) as caught:
        load_pack(as_bytes(value))
    assert (caught.value.reason, caught.value.facts) == (
        "pack-field-value",
        {"place": "marking.segments"},
    )


def test_owners_of_foreign_marks_come_from_a_category_of_the_pack() -> None:
    value = pack_file("us.eo13526")
    value["marking"]["foreign"]["category"] = "elsewhere"
    with pytest.raises(FormatError, match="pack-reference"):
        load_pack(as_bytes(value))
    value["marking"]["foreign"] = {"prefix": "//", "category": "rel", "joint": None}
    pack = load_pack(as_bytes(value))
    with pytest.raises(FormatError, match="mark-level"):
        parse_mark("//JOINT SECRET CAN USA", pack)


def test_owners_of_a_joint_mark_are_named() -> None:
    with pytest.raises(FormatError) as caught:
        parse_mark("//JOINT SECRET CAN GBR USA//REL TO USA, CAN, GBR", US)
    assert caught.value.facts == {"owners": "CAN, GBR, USA"}
    with pytest.raises(FormatError) as caught:
        parse_mark("//GBR SECRET//REL TO USA", US)
    assert caught.value.facts == {"owner": "GBR"}
