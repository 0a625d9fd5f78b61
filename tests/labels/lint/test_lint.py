"""The lint: what it finds in packs that were changed in one place, as a table that reads itself."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language, catalogue
from secure_liaison.labels.agreement import Treatment
from secure_liaison.labels.finding import Finding, FindingCode, Severity
from secure_liaison.labels.lint import lint, lint_equivalences, lint_errors
from secure_liaison.labels.lint_rules import lint_rules
from secure_liaison.labels.pack import BUILTIN_PACKS, builtin_pack, load_pack, read_unchecked
from tests.labels.samples import GENERIC, agreement, as_bytes, equivalence, pack_file

CASES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "findings.toml").read_text(encoding="utf-8")
)["case"]
BASIS = [{"cite": "test 1", "status": "known"}]
NAMES = {"zh": "测试", "en": "test"}
IN_VALUES_ONLY = {
    FindingCode.BASIS_MISSING,
    FindingCode.EQUIVALENCE_DANGLING,
    FindingCode.LINT_TOO_COMPLEX,
}
"""Seen below: no file can hold them, or it would be long."""


def plain(value: Any) -> Any:
    """Undo what TOML cannot write."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return None if value == "null" else value


def category(given: dict[str, Any]) -> dict[str, Any]:
    empty = {"leaf": None, "mark": None, "portion": None, "lacv": None, "obsolete": False}
    head = {"kind": "control", "tag": None, "oid": None, "home": False, "min": 0, "max": None}
    values = [{**empty, "names": NAMES, **each} for each in given["values"]]
    return {**head, "names": NAMES, "basis": BASIS, **given, "values": values}


def place_of(pack: dict[str, Any], path: str) -> tuple[Any, Any]:
    """Return what holds the value at a dotted path, and its name or index there."""
    holder: Any = pack
    *way, last = [int(name) if name.isdigit() else name for name in path.split(".")]
    for name in way:
        holder = holder[name]
    return holder, last


def changed(case: dict[str, Any]) -> bytes:
    pack = pack_file(case.get("pack", "generic"))
    case = plain(case)
    if case.get("period") == "none":
        pack["marking"]["period"] = "none"
        pack["marking"]["segments"] = [{"segment": "level"}]
    for path, value in case.get("set", {}).items():
        holder, last = place_of(pack, path)
        holder[last] = value
    for path, value in case.get("add", {}).items():
        holder, last = place_of(pack, path)
        more = {} if path == "marking.segments" else {"basis": BASIS}
        named = {"groups": {"names": NAMES}, "compilation": {"say": NAMES}}.get(path, {})
        holder[last].append({**more, **named, **value})
    pack["categories"] += [category(each) for each in case.get("categories", [])]
    for each in case.get("rules", []):
        pack["rules"].append({"say": NAMES, "basis": BASIS, **each, "id": each["id"].lower()})
    return as_bytes(pack)


def expected(case: dict[str, Any]) -> Finding:
    code, place, *names = case["finding"]
    ids = {each["id"]: each["id"].lower() for each in case.get("rules", [])}
    return Finding(
        code=FindingCode(code),
        place=".".join(ids.get(word, word) for word in place.split(".")),
        names=tuple(ids.get(name, name) for name in names),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["say"])
def test_the_lint_finds_what_was_changed(case: dict[str, Any]) -> None:
    found = lint(read_unchecked(changed(case)))
    assert expected(case) in found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["say"])
def test_an_error_refuses_the_pack_and_a_warning_does_not(case: dict[str, Any]) -> None:
    data = changed(case)
    if any(True for _ in lint_errors(read_unchecked(data))):
        with pytest.raises(FormatError):
            load_pack(data)
    else:
        assert expected(case).severity is Severity.WARNING
        assert load_pack(data) == read_unchecked(data)


def test_every_finding_is_seen_once() -> None:
    seen = {FindingCode(case["finding"][0]) for case in CASES}
    assert set(FindingCode) - seen == IN_VALUES_ONLY


@pytest.mark.parametrize("name", BUILTIN_PACKS)
def test_a_pack_that_is_built_in_has_no_error(name: str) -> None:
    assert list(lint_errors(builtin_pack(name))) == []


@pytest.mark.parametrize("name", ["generic", "cn.state-secrets"])
def test_the_packs_that_are_changed_here_are_clean(name: str) -> None:
    assert lint(builtin_pack(name)) == ()


def test_all_findings_come_at_once_and_errors_first() -> None:
    value = pack_file("generic")
    value["levels"][0]["basis"] = [{"cite": "Law", "status": "checked"}]
    value["supersedes"] = "generic"
    value["rules"][0]["then"] = {"forbid": "caveat"}
    found = [each.code for each in lint(read_unchecked(as_bytes(value)))]
    assert found == [
        FindingCode.SUPERSEDES,
        FindingCode.REFERENCE_UNKNOWN,
        FindingCode.BASIS_VAGUE,
    ]


def test_rules_are_not_judged_while_they_lead_nowhere() -> None:
    value = pack_file("generic")
    value["rules"][0] |= {"if": {"level_in": ["other"]}, "then": {"raise_to": "secret"}}
    found = lint(read_unchecked(as_bytes(value)))
    assert [each.code for each in found] == [FindingCode.REFERENCE_UNKNOWN]


def test_a_fact_without_a_basis_is_found_in_a_pack_that_no_file_was() -> None:
    rule = replace(GENERIC.rules[0], basis=())
    found = lint(replace(GENERIC, rules=(rule, GENERIC.rules[1])))
    assert found == (
        Finding(code=FindingCode.BASIS_MISSING, place=f"rules.{rule.id}.basis", names=()),
    )


def test_a_default_at_a_level_that_is_not_there_is_found() -> None:
    value = pack_file("generic")
    value["period"]["defaults"] = [{"level": "other", "duration": "P1Y"}]
    found = lint(read_unchecked(as_bytes(value)))
    assert [(each.place, each.names) for each in found] == [("period.defaults", ("other",))]


def wide(categories: int) -> bytes:
    value = pack_file("generic")
    value["categories"] += [
        category(
            {"id": f"c{k}", "values": [{"id": "v", "mark": {"zh": f"V{k:03}", "en": f"V{k:03}"}}]}
        )
        for k in range(categories)
    ]
    part = {"before": "", "between": ", ", "after": ""}
    value["marking"]["segments"][1:1] = [
        {
            "segment": "values",
            "before": " ",
            "between": "//",
            "parts": [{"category": f"c{k}", **part} for k in range(categories)],
        }
    ]
    return as_bytes(value)


def test_a_mark_of_many_categories_reads_back() -> None:
    assert lint(load_pack(wide(200))) == ()


def test_many_values_are_tried_in_rows() -> None:
    value = pack_file("generic")
    value["categories"].append(
        category(
            {
                "id": "code",
                "values": [
                    {"id": f"v{k}", "mark": {"zh": f"V{k}X", "en": f"V{k}X"}} for k in range(300)
                ],
            }
        )
    )
    part = {"category": "code", "before": "", "between": "/", "after": ""}
    values = {"segment": "values", "before": "//", "between": "//", "parts": [part]}
    value["marking"]["segments"].insert(1, values)
    assert lint(load_pack(as_bytes(value))) == ()
    value["categories"][-1]["values"][7]["mark"] = {"zh": "V1X/V2X", "en": "V1X/V2X"}
    found = {each.code for each in lint(read_unchecked(as_bytes(value)))}
    assert found == {
        FindingCode.MARK_SPLITS,
        FindingCode.MARK_BEGINS_ANOTHER,
    }


def test_an_equivalence_with_a_level_of_no_pack_dangles() -> None:
    named = equivalence(from_policy="generic", to_policy="generic", to_level="high")
    found = lint_equivalences(agreement(equivalences=(named,)), [GENERIC])
    assert found == (
        Finding(
            code=FindingCode.EQUIVALENCE_DANGLING,
            place="equivalences[0]",
            names=("generic:high", "3"),
        ),
    )
    refused = equivalence(to_policy="generic", to_level="", treatment=Treatment.REFUSE)
    assert lint_equivalences(agreement(equivalences=(refused,)), [GENERIC]) == ()
    elsewhere = equivalence(to_level="", treatment=Treatment.REFUSE)
    (dangling,) = lint_equivalences(agreement(equivalences=(elsewhere,)), [GENERIC])
    assert dangling.names == ("test.partner:", "3")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", FindingCode)
def test_every_finding_says_what_is_wrong_and_what_to_do(
    code: FindingCode, language: Language
) -> None:
    found = Finding(code=code, place="levels[1].mark", names=("a", "b"))
    assert (
        "levels[1].mark" in found.cause(language)
        or code is FindingCode.LEVELS_MISSING
        or (code is FindingCode.LEVELS_ORDER)
    )
    assert found.hint(language)


def test_no_sentence_of_a_finding_is_left_over() -> None:
    codes = {code.value for code in FindingCode}
    said = {key for key in catalogue(Language.EN) if key.startswith(("lint.", "lint-hint."))}
    assert said == {f"{kind}.{code}" for kind in ("lint", "lint-hint") for code in codes}


def test_rules_that_depend_on_each_other_too_much_are_said_to_do_so() -> None:
    found = list(lint_rules(GENERIC, steps=1))
    assert found == [Finding(code=FindingCode.LINT_TOO_COMPLEX, place="rules")]
    assert list(lint_rules(GENERIC)) == []


def chain(length: int) -> bytes:
    """Rules of which each needs what the next one forbids to lack."""
    value = pack_file("generic")
    value["categories"] += [
        category({"id": f"c{k}", "values": [{"id": "v"}]}) for k in range(length + 1)
    ]
    value["rules"] += [
        {
            "id": f"r{k}",
            "if": {"has": f"c{k}:v"},
            "then": {"need": {"category": f"c{k + 1}", "count": 1}},
            "say": NAMES,
            "basis": BASIS,
        }
        for k in range(length)
    ]
    return as_bytes(value)


def test_a_chain_of_rules_too_long_to_follow_ends_with_a_warning() -> None:
    assert lint(read_unchecked(chain(50))) == ()
    found = lint(read_unchecked(chain(200)))
    assert [each.code for each in found] == [FindingCode.LINT_TOO_COMPLEX]
    assert load_pack(chain(200)).rules


def test_a_thousand_values_that_rules_name_are_decided() -> None:
    value = pack_file("generic")
    values = [{"id": f"v{k}"} for k in range(1000)]
    value["categories"].append(category({"id": "code", "values": values}))
    value["rules"] += [
        {
            "id": f"r{k}",
            "if": {"has": f"code:v{k}"},
            "then": {"forbid": "limit"} if k else {"forbid": "code"},
            "say": NAMES,
            "basis": BASIS,
        }
        for k in range(1000)
    ]
    (found,) = lint_rules(read_unchecked(as_bytes(value)))
    assert (found.code, found.names) == (FindingCode.VALUE_UNUSABLE, ("v0",))


def test_values_that_nobody_can_carry_are_listed_in_short() -> None:
    value = pack_file("generic")
    values = [{"id": f"v{k}"} for k in range(12)]
    value["categories"].append(category({"id": "code", "max": 0, "values": values}))
    (found,) = lint_rules(read_unchecked(as_bytes(value)))
    assert found.names == (*(f"v{k}" for k in range(10)), "…")


def test_dates_in_order_are_no_finding() -> None:
    value = pack_file("generic")
    spans = (("2010-01-01", "2015-01-01"), ("2015-01-01", None), ("2012-01-01", "2014-01-01"))
    leaves = ("nation:ITA", "nation:ITA", "nation:FRA")
    value["groups"] = [
        {
            "id": "KFOR",
            "names": NAMES,
            "basis": BASIS,
            "members": [
                {"leaf": leaf, "from": joined, "to": left}
                for leaf, (joined, left) in zip(leaves, spans, strict=True)
            ],
        }
    ]
    value["supersedes"] = "generic@2020-01-01"
    value["version"] = "2024-01-01"
    assert lint(read_unchecked(as_bytes(value))) == ()


@pytest.mark.parametrize("between", ["/", ", ", ""])
def test_portions_and_prefixes_that_read_back_are_no_finding(between: str) -> None:
    value = pack_file("generic")
    marks = {"a": "A", "ab": "AB", "c": "C D"}
    value["categories"].append(
        category(
            {
                "id": "code",
                "values": [
                    {"id": name, "mark": {"zh": mark, "en": mark}} for name, mark in marks.items()
                ],
            }
        )
    )
    part = {"category": "code", "before": "", "between": between, "after": ""}
    segments = [
        {"segment": "level"},
        {"segment": "values", "before": "//", "between": "//", "parts": [part]},
    ]
    value["marking"] |= {
        "period": "none",
        "segments": segments,
        "portion": {"open": "(", "close": ")", "segments": segments},
    }
    assert lint(load_pack(as_bytes(value))) == ()


def beside_a_longer_level(*, portion: bool) -> dict[str, Any]:
    """A level whose mark is another's with a value behind it."""
    value = pack_file("generic")
    texts = {"n": "N", "q": "Q"}
    value["categories"].append(
        category(
            {
                "id": "code",
                "values": [
                    {"id": name, "mark": {"zh": text, "en": text}} for name, text in texts.items()
                ],
            }
        )
    )
    part = {"category": "code", "before": "", "between": "/", "after": ""}
    values = {"segment": "values", "before": "", "between": "//", "parts": [part]}
    segments = [{"segment": "level"}, values]
    if portion:
        value["levels"][0]["portion"], value["levels"][1]["portion"] = "S", "SN"
        value["marking"]["portion"] = {"open": "(", "close": ")", "segments": segments}
    else:
        value["levels"][1]["mark"] = {"zh": "公开级 PUBLICN", "en": "PUBLICN"}
        value["marking"] |= {"period": "none", "segments": segments}
    return value


@pytest.mark.parametrize("portion", [False, True])
def test_a_level_that_reads_as_another_with_a_value_is_found(*, portion: bool) -> None:
    found = lint(read_unchecked(as_bytes(beside_a_longer_level(portion=portion))))
    place = "levels[1].portion" if portion else "levels[1].mark"
    expected = Finding(code=FindingCode.MARK_READS_OTHERWISE, place=place, names=("internal",))
    assert expected in found
