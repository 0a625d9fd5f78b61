import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.i18n import Language
from secure_liaison.labels.handling import Consent
from secure_liaison.labels.naming import BasisStatus
from secure_liaison.labels.pack import (
    MAX_PACK_BYTES,
    POLICIES,
    builtin_pack,
    builtin_packs,
    load_pack,
    pack_in_force,
)
from tests.labels.samples import CN, GENERIC, as_bytes, pack_file


def test_built_in_packs_load() -> None:
    assert tuple(pack.id for pack in builtin_packs()) == POLICIES
    assert CN.policy_id == "cn.state-secrets@2024-09-01"
    assert builtin_pack("generic@2024-09-01") is not None


@pytest.mark.parametrize("name", ["ru.levels", "../cn", "generic@2030-01-01", ""])
def test_unknown_pack_is_refused(name: str) -> None:
    with pytest.raises(FormatError, match="pack-unknown"):
        builtin_pack(name)


def test_digest_counts_content_and_not_layout() -> None:
    value = pack_file("generic")
    spaced = json.dumps(value, indent=7, sort_keys=True).encode()
    expected = hashlib.sha256(rfc8785.dumps(value)).digest()
    assert expected == load_pack(spaced).digest() == load_pack(as_bytes(value)).digest()
    assert expected == GENERIC.digest()


def test_levels_of_the_state_secrets_law() -> None:
    found = [(lv.names.zh, lv.rank, lv.max_period_years, lv.reserved) for lv in CN.levels]
    assert found == [("秘密", 1, 10, True), ("机密", 2, 20, True), ("绝密", 3, 30, True)]


def test_top_level_needs_custody_and_a_core_person() -> None:
    profile = CN.handling_of("juemi")
    assert (profile.custody, profile.min_person_class) == (True, "core")
    assert (profile.forward, profile.copies) == (Consent.NEVER, Consent.ORIGINATOR)
    assert not CN.handling_of("jimi").custody


def test_every_level_names_the_law_that_was_read() -> None:
    for level in CN.levels:
        assert any(basis.status is BasisStatus.CHECKED for basis in level.basis)


def test_english_never_calls_a_chinese_level_by_a_bare_western_word() -> None:
    for level in CN.levels:
        for text in (level.names.en, level.mark.en):
            assert "CN" in text
            assert not {"SECRET", "CONFIDENTIAL", "RESTRICTED"} & set(text.upper().split())


def test_chinese_names_of_the_generic_pack_are_no_levels_of_state_secrets() -> None:
    own = {text for lv in CN.levels for text in (lv.names.zh, lv.mark.zh, *lv.aliases)}
    for level in GENERIC.levels:
        assert not any(text in level.mark.zh or text in level.names.zh for text in own)


def test_urgencies_have_both_names() -> None:
    found = [(u.id, u.names.zh, u.names.en) for u in CN.urgencies]
    assert found == [
        ("flash", "特提", "Flash"),
        ("immediate", "特急", "Immediate"),
        ("priority", "加急", "Priority"),
        ("routine", "平急", "Routine"),
    ]
    assert [u.id for u in GENERIC.urgencies] == [u.id for u in CN.urgencies]


@pytest.mark.parametrize("text", ["jimi", "机密", "机 密", "機密", "CN JIMI (机密, 2 of 3)"])
def test_a_level_is_found_as_people_write_it(text: str) -> None:
    assert CN.find_level(text).id == "jimi"


@pytest.mark.parametrize("text", ["", "SECRET", "密", "极机密", "jimi2"])
def test_a_level_that_is_not_there_is_not_found(text: str) -> None:
    with pytest.raises(FormatError, match="label-level-unknown"):
        CN.find_level(text)
    with pytest.raises(FormatError, match="label-level-unknown"):
        CN.level(text)


def test_urgency_is_found_by_id_and_by_name() -> None:
    assert CN.urgency("特急") == CN.urgency("immediate") == CN.urgency("Immediate")
    with pytest.raises(FormatError, match="urgency-unknown"):
        CN.urgency("now")


def test_person_classes_are_ordered_and_unknown_ones_are_below_all() -> None:
    ranks = [CN.person_class_rank(name) for name in ("", "other", "general", "important", "core")]
    assert ranks == [-1, -1, 1, 2, 3]


def test_version_is_in_force_between_its_dates() -> None:
    first = from_iso("2024-09-01")
    assert CN.in_force(first)
    assert not CN.in_force(Instant(first - 1))
    value = pack_file("generic")
    value["valid"]["to"] = "2025-01-01"
    ended = load_pack(as_bytes(value))
    assert ended.in_force(Instant(from_iso("2025-01-01") - 1))
    assert not ended.in_force(from_iso("2025-01-01"))


def test_an_old_label_is_judged_by_the_version_in_force() -> None:
    assert pack_in_force("generic", from_iso("2026-03-01")) == GENERIC
    with pytest.raises(FormatError, match="pack-none-in-force"):
        pack_in_force("us.eo13526", from_iso("2001-01-01"))
    with pytest.raises(FormatError, match="pack-unknown"):
        pack_in_force("elsewhere", from_iso("2026-03-01"))


def test_names_exist_in_both_languages() -> None:
    assert CN.names.text(Language.ZH) == "国家秘密"
    assert CN.names.text(Language.EN) == "PRC State Secrets"


def narrow_category(**changes: Any) -> dict[str, Any]:
    value = {
        "id": "x",
        "leaf": "nation:FRA",
        "names": {"zh": "法国", "en": "France"},
        "mark": None,
        "portion": None,
        "lacv": None,
        "obsolete": False,
    }
    category = {
        "id": "only",
        "kind": "narrow",
        "tag": None,
        "oid": None,
        "home": False,
        "names": {"zh": "限", "en": "Only"},
        "min": 0,
        "max": 1,
        "values": [value],
        "basis": [{"cite": "test", "status": "known"}],
    }
    return {**category, **changes}


BREAKS: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "format": ("pack-field-value", lambda p: p.update(format="other")),
    "unknown field": ("pack-field-unknown", lambda p: p.update(extra=1)),
    "unknown field inside": ("pack-field-unknown", lambda p: p["levels"][0].update(extra=1)),
    "missing field": ("pack-field-missing", lambda p: p.pop("levels")),
    "missing field inside": ("pack-field-missing", lambda p: p["levels"][1].pop("rank")),
    "no levels": ("pack-levels", lambda p: p.update(levels=[], authority=[], handling=[])),
    "levels not ascending": ("pack-levels", lambda p: p["levels"].reverse()),
    "shorter maximum above": (
        "pack-levels",
        lambda p: (
            p["levels"][0].update(max_period_years=20) or p["levels"][1].update(max_period_years=10)
        ),
    ),
    "level twice": ("pack-duplicate", lambda p: p["levels"][1].update(id="public")),
    "rank twice": ("pack-duplicate", lambda p: p["levels"][1].update(rank=0)),
    "alias twice": ("pack-duplicate", lambda p: p["levels"][1].update(aliases=["PUB LIC"])),
    "name twice": (
        "pack-duplicate",
        lambda p: p["levels"][1].update(names={"zh": "公开级", "en": "x"}),
    ),
    "rule twice": ("pack-duplicate", lambda p: p["rules"][1].update(id=p["rules"][0]["id"])),
    "value twice": (
        "pack-duplicate",
        lambda p: p["categories"][0]["values"][1].update(id="alpha"),
    ),
    "urgency rank twice": ("pack-duplicate", lambda p: p["urgencies"][0].update(rank=0)),
    "handling missing": ("pack-reference", lambda p: p["levels"][0].update(handling="none")),
    "handling unused": (
        "pack-reference",
        lambda p: p["handling"].append({**p["handling"][0], "id": "spare"}),
    ),
    "person class missing": (
        "pack-reference",
        lambda p: p["handling"][0].update(min_person_class="core"),
    ),
    "authority level missing": (
        "pack-reference",
        lambda p: p["authority"][0].update(levels=["other"]),
    ),
    "rule level missing": (
        "pack-reference",
        lambda p: p["rules"][0].update({"if": {"level_in": ["other"]}}),
    ),
    "rule marking missing": (
        "pack-reference",
        lambda p: p["rules"][0].update({"if": {"not": {"has": "project:zulu"}}}),
    ),
    "rule one of missing": (
        "pack-reference",
        lambda p: p["rules"][0].update(then={"one_of": ["project:zulu"]}),
    ),
    "rule category missing": (
        "pack-reference",
        lambda p: p["rules"][0].update(
            {"if": {"any": [{"count": {"category": "x", "min": 1, "max": 2}}]}}
        ),
    ),
    "rule word unknown": ("pack-rule", lambda p: p["rules"][0].update({"if": {"eval": "1"}})),
    "rule effect unknown": ("pack-rule", lambda p: p["rules"][0].update(then={"run": "1"})),
    "rule with two words": (
        "pack-field-unknown",
        lambda p: p["rules"][0].update({"if": {"has": "project:alpha", "all": []}}),
    ),
    "no basis": ("pack-field-value", lambda p: p["levels"][0].update(basis=[])),
    "basis status unknown": (
        "pack-field-value",
        lambda p: p["basis"][0].update(status="certain"),
    ),
    "id is no slug": ("pack-field-value", lambda p: p.update(id="Generic!")),
    "version is no date": ("pack-field-value", lambda p: p.update(version="1.0")),
    "date does not exist": ("pack-dates", lambda p: p.update(version="2024-13-01")),
    "dates reversed": ("pack-dates", lambda p: p["valid"].update(to="2024-09-01")),
    "home is no leaf": ("label-audience-leaf", lambda p: p.update(home="CN")),
    "category named like a leaf": (
        "pack-field-value",
        lambda p: p["categories"].append(narrow_category(id="agency")),
    ),
    "value without its leaf": (
        "pack-field-value",
        lambda p: p["categories"].append(narrow_category(kind="restrict")),
    ),
    "period form unknown": (
        "pack-field-value",
        lambda p: p["period"].update(forms=["decade"]),
    ),
    "period form both": (
        "pack-field-value",
        lambda p: p["period"].update(older_forms=["open"]),
    ),
    "default names no level": (
        "pack-reference",
        lambda p: p["period"].update(defaults=[{"level": "other", "duration": "P1Y"}]),
    ),
    "mark does not parse back": (
        "pack-mark",
        lambda p: p["levels"][1].update(mark={"zh": "公开级 PUBLIC · 一", "en": "PUBLIC · 1Y"}),
    ),
    "number is a boolean": ("pack-field-type", lambda p: p["levels"][0].update(rank=True)),
    "boolean is a number": ("pack-field-type", lambda p: p["levels"][0].update(reserved=0)),
    "text is a number": ("pack-field-type", lambda p: p.update(id=7)),
    "texts are no texts": ("pack-field-value", lambda p: p["levels"][0].update(aliases=[1])),
    "texts are no list": ("pack-field-type", lambda p: p["levels"][0].update(aliases="x")),
    "objects are no list": ("pack-field-type", lambda p: p.update(levels={})),
    "object is no object": ("pack-field-type", lambda p: p.update(levels=[1])),
    "number out of range": ("pack-field-value", lambda p: p["levels"][0].update(rank=256)),
    "text is empty": ("pack-field-value", lambda p: p["names"].update(zh="")),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_pack_is_refused(broken: str) -> None:
    reason, break_it = BREAKS[broken]
    value = pack_file("generic")
    break_it(value)
    with pytest.raises(FormatError, match=rf"{reason}$"):
        load_pack(as_bytes(value))


def test_a_mark_that_reads_as_nothing_is_refused() -> None:
    value = pack_file("generic")
    value["levels"][1]["mark"] = {"zh": "内部级★", "en": "INTERNAL·★"}
    value["levels"][3]["mark"] = {"zh": " 秘级", "en": "SECRET"}
    with pytest.raises(FormatError, match="pack-mark"):
        load_pack(as_bytes(value))


def test_every_word_of_the_vocabulary_may_stand_in_a_pack() -> None:
    value = pack_file("generic")
    value["rules"][0]["if"] = {
        "all": [
            {"level_at_least": "internal"},
            {"any": [{"has": "project:alpha"}, {"not": {"level_in": ["public", "secret"]}}]},
            {"count": {"category": "note", "min": 0, "max": 1}},
        ]
    }
    value["rules"][0]["then"] = {"one_of": ["limit:no-copy", "limit:no-onward"]}
    value["rules"][1]["then"] = {"need": {"category": "limit", "count": 1}}
    assert len(load_pack(as_bytes(value)).rules) == 2


def test_default_over_the_maximum_is_refused() -> None:
    value = pack_file("cn.state-secrets")
    value["period"]["defaults"][0]["duration"] = "P11Y"
    with pytest.raises(FormatError, match="pack-field-value"):
        load_pack(as_bytes(value))


def test_category_with_leaves_is_read() -> None:
    value = pack_file("generic")
    value["categories"].append(narrow_category())
    assert load_pack(as_bytes(value)).categories[-1].values[0].leaf == "nation:FRA"


def test_another_format_version_is_refused() -> None:
    value = pack_file("generic")
    value["format_version"] = 1
    with pytest.raises(UnsupportedVersionError, match="unknown-version"):
        load_pack(as_bytes(value))


def test_conditions_nest_only_so_deep() -> None:
    value = pack_file("generic")
    condition: dict[str, Any] = {"has": "project:alpha"}
    for _ in range(9):
        condition = {"not": condition}
    value["rules"][0]["if"] = condition
    with pytest.raises(FormatError, match="pack-rule"):
        load_pack(as_bytes(value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]1",
        b'{"a": 1.5}',
        b'{"a": NaN}',
        b'{"a": 9007199254740993}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_plain_json_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="pack-not-json"):
        load_pack(data)


def test_repeated_names_are_refused_at_any_depth() -> None:
    with pytest.raises(FormatError, match="pack-duplicate-name"):
        load_pack(b'{"levels": [{"id": "a", "id": "b"}]}')


def test_a_pack_over_the_limit_is_not_parsed() -> None:
    with pytest.raises(FormatError, match="too-long"):
        load_pack(b"{" * (MAX_PACK_BYTES + 1))


def test_the_place_of_a_fault_is_named() -> None:
    value = pack_file("generic")
    value["levels"][2]["rank"] = "two"
    with pytest.raises(FormatError) as caught:
        load_pack(as_bytes(value))
    assert caught.value.facts == {"place": "levels[2].rank"}
