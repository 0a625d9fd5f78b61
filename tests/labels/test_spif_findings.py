"""Everything that can be wrong with a SPIF is told with its line, and all of it at once."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison import labels
from secure_liaison.errors import FormatError, LiaisonError
from secure_liaison.i18n import Language, catalogue
from secure_liaison.labels.import_report import MAX_FINDINGS, Finding, ImportReport, Severity
from secure_liaison.labels.spif import import_spif
from secure_liaison.labels.spif_file import MAX_SPIF_BYTES
from secure_liaison.labels.spif_plan import Decisions
from secure_liaison.labels.spif_supplement import MAX_SUPPLEMENT_BYTES, read_supplement
from tests.architecture.sources import literals
from tests.labels.spif_samples import SPIF, changed, imported, line_of

FOLDER = Path(labels.__file__).parent
ERROR = Severity.ERROR

CASES: list[dict[str, str]] = tomllib.loads(
    (Path(__file__).parent / "spif_findings.toml").read_text(encoding="utf-8")
)["case"]


def found_in(data: bytes, **options: Any) -> list[Finding]:
    return import_spif(data, **options).report.findings


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['code']}: {case['new'][:40]}")
def test_what_is_wrong_is_told_with_its_line(case: dict[str, str]) -> None:
    data = changed((case["old"], case["new"]))
    found = import_spif(data)
    line = line_of(case["at"], data) if case["at"] else 0
    severity = Severity(case["severity"])
    told = {
        (each.severity, each.line) for each in found.report.findings if each.code == case["code"]
    }
    assert (severity, line) in told
    assert (severity is Severity.ERROR) <= (found.pack is None)
    assert found.report.failed == (found.pack is None)


def test_all_problems_are_told_at_once() -> None:
    findings = found_in(
        changed(
            ('hierarchy="10"', 'hierarchy="30"'),
            ('lacv="900"', 'lacv="250"'),
            ('requiredClass="CLOSED"', 'requiredClass="SHUT"'),
            ('applied="both"', 'applied="never"'),
        )
    )
    errors = {each.code for each in findings if each.severity is ERROR}
    assert {"hierarchy-twice", "value-number-twice", "class-unknown", "value-unknown"} <= errors


def test_one_number_for_two_values_names_both() -> None:
    findings = found_in(changed(('lacv="900"', 'lacv="250"')))
    (twice,) = [each for each in findings if each.code == "value-number-twice"]
    assert {"value": "250", "one": "FRA", "other": "BLUE FORCE"} == dict(twice.facts)
    assert "“FRA” and “BLUE FORCE”" in twice.sentence(Language.EN)


def test_numbers_of_different_effects_may_be_equal() -> None:
    findings = found_in(changed(('name="QUIET" lacv="12"', 'name="QUIET" lacv="2"')))
    assert "value-number-twice" not in {each.code for each in findings}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"widen": ["Nothing"]}, "decision-unknown"),
        ({"widen": ["Projects"]}, "decision-not-needed"),
        ({"widen": ["Releasable To"], "narrow": ["Releasable To"]}, "decision-twice"),
        ({"supplement": {"public": "CLOSED"}}, "public-not-lowest"),
        ({"supplement": {"levels": {"NONE": {}}}}, "supplement-unknown"),
        ({"supplement": {"categories": {"None": {}}}}, "supplement-unknown"),
        ({"supplement": {"categories": {"Notes": {"values": {"X": {}}}}}}, "supplement-unknown"),
        ({"supplement": {"names": 5}}, "pack-refused"),
        ({"supplement": {"levels": {"OPEN": {"handling": "x"}}}}, "pack-refused"),
        (
            {"supplement": {"levels": {"OPEN": {"names": {"zh": "绝密", "en": "x"}}}}},
            "state-secret-word",
        ),
    ],
)
def test_a_decision_that_does_not_fit_is_an_error(options: dict[str, Any], code: str) -> None:
    found = imported(**options)
    assert found.pack is None
    assert code in {each.code for each in found.report.of(Severity.ERROR)}


def test_hints_for_other_programs_are_no_findings() -> None:
    hints = (
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xml:space="preserve" '
        'xsi:schemaLocation="http://www.xmlspif.org/spif spif.xsd" schemaVersion="2.1"'
    )
    plain, hinted = imported(), imported(('schemaVersion="2.1"', hints))
    assert plain.report.findings == hinted.report.findings


def test_tags_and_policies_may_be_few() -> None:
    start, end = SPIF.index(" <s:securityCategoryTagSets>"), SPIF.index(" <s:equivalentPolicies>")
    requirement = SPIF[SPIF.index("   <s:requiredCategory") : SPIF.index("  </s:securityClassif")]
    text = (SPIF[:start] + SPIF[end:]).replace(requirement, "")
    assert import_spif(text.encode()).pack is not None
    partners = text[text.index(" <s:equivalentPolicies>") : text.index("</s:SPIF>")]
    mapped = text[text.index("   <s:equivalentClass") : text.index("   <s:markingData")]
    assert import_spif(text.replace(partners, "").replace(mapped, "").encode()).pack is not None


def test_a_tag_without_values_is_left_out() -> None:
    start, end = (
        SPIF.index('    <s:tagCategory name="STAFF"'),
        SPIF.index("   </s:securityCategoryTag>\n  </s:securityCategoryTagSet>\n </s:"),
    )
    text = SPIF[:start] + SPIF[end:]
    text = text.replace('tagType="tagType7" lacv="11"', 'tagType="restrictive" lacv="1"')
    found = import_spif(text.encode())
    assert found.pack is not None
    assert "tag-empty" in {each.code for each in found.report.findings}


@pytest.mark.parametrize(
    ("start", "end", "missing"),
    [
        (" <s:securityClassifications>", " <s:securityCategoryTagSets>", "securityClassifications"),
        ("  <s:securityClassification ", " </s:securityClassifications>", "securityClassification"),
    ],
)
def test_a_policy_without_classifications_is_refused(start: str, end: str, missing: str) -> None:
    text = SPIF[: SPIF.index(start)] + SPIF[SPIF.index(end) :]
    found = import_spif(text.encode())
    (finding,) = found.report.findings
    assert ("element-missing", (("name", missing),)) == (finding.code, finding.facts)


def test_a_requirement_without_groups_is_refused() -> None:
    start, end = SPIF.index("    <s:categoryGroup"), SPIF.index("   </s:requiredCategory>")
    found = import_spif((SPIF[:start] + SPIF[end:]).encode())
    assert "element-missing" in {each.code for each in found.report.of(ERROR)}


def test_another_document_is_refused() -> None:
    (finding,) = found_in(b'<other xmlns="http://www.xmlspif.org/spif"/>')
    assert "root" == finding.code


def test_too_many_levels_are_refused() -> None:
    many = "".join(
        f'<s:securityClassification name="L{k}" lacv="{k % 200}" hierarchy="{k + 100}"/>'
        for k in range(256)
    )
    found = imported(("</s:securityClassifications>", f"{many}</s:securityClassifications>"))
    assert "too-many-levels" in {each.code for each in found.report.findings}


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        ("xml-doctype", b'<!DOCTYPE SPIF [<!ENTITY a "aaaa">]><SPIF>&a;</SPIF>'),
        ("xml-doctype", b'<!DOCTYPE SPIF SYSTEM "file:///etc/passwd"><SPIF/>'),
        ("xml-tag-mismatch", SPIF.replace("</s:equivalentPolicies>", "", 1).encode()),
        ("xml-entity", SPIF.replace("TESTLAND", "&x;").encode()),
        ("too-long", b" " * (MAX_SPIF_BYTES + 1)),
        ("xml-mixed", changed(('<s:tagCategory name="STAFF"', 'words<s:tagCategory name="STAFF"'))),
    ],
)
def test_what_is_no_harmless_xml_is_refused_at_the_door(reason: str, data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        import_spif(data)
    assert reason == caught.value.reason


def test_not_well_formed_is_told_with_line_and_column() -> None:
    with pytest.raises(FormatError) as caught:
        import_spif(SPIF.replace("</s:equivalentPolicies>", "", 1).encode())
    assert {"line", "column"} <= caught.value.facts.keys()


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("pack-field-missing", "{}"),
        ("pack-field-value", '{"format": "x"}'),
        ("unknown-version", '{"format": "secure-liaison/spif-supplement", "format_version": 1}'),
        ("pack-field-unknown", '{HEAD, "more": 1}'),
        ("pack-field-unknown", '{HEAD, "levels": {"A": {"rank": 1}}}'),
        ("pack-field-unknown", '{HEAD, "categories": {"A": {"kind": "inform"}}}'),
        ("pack-field-unknown", '{HEAD, "categories": {"A": {"values": {"B": {"lacv": 1}}}}}'),
        ("pack-field-type", '{HEAD, "levels": []}'),
        ("pack-field-type", '{HEAD, "levels": {"A": 1}}'),
        ("pack-field-type", '{HEAD, "categories": {"A": {"values": 1}}}'),
        ("pack-field-type", '{HEAD, "categories": {"A": {"values": {"B": 1}}}}'),
        ("pack-field-type", '{HEAD, "basis": 1}'),
        ("pack-not-json", "{"),
        ("too-long", " " * (MAX_SUPPLEMENT_BYTES + 1)),
    ],
)
def test_a_supplement_is_read_strictly(reason: str, text: str) -> None:
    head = '"format": "secure-liaison/spif-supplement", "format_version": 0'
    with pytest.raises(FormatError) as caught:
        read_supplement(text.replace("HEAD", head).encode())
    assert reason == caught.value.reason


def codes() -> set[str]:
    """Return every text of the importer's modules that could be a code."""
    return {
        node.value
        for path in FOLDER.glob("spif*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def reported() -> set[str]:
    """Return every code that is written where a finding is made."""
    return {
        text
        for path in FOLDER.glob("spif*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"error", "warn", "note"}
        for text in literals(node.args[0])
    }


def known() -> set[str]:
    return {
        key.removeprefix("finding.") for key in catalogue(Language.EN) if key.startswith("finding.")
    }


def test_every_finding_has_its_sentence_and_no_sentence_is_left_over() -> None:
    assert reported() <= known() <= codes()
    assert {case["code"] for case in CASES} <= known()


def test_a_flood_of_findings_is_cut_and_an_error_still_shows() -> None:
    report = ImportReport()
    for _ in range(MAX_FINDINGS + 5):
        report.warn("tag-empty")
    assert MAX_FINDINGS == len(report.findings)
    report.error("root", name="x" * 500)
    report.error("root", name="x")
    assert MAX_FINDINGS + 1 == len(report.findings)
    assert (("name", "x" * 200),) == report.findings[-1].facts
    assert report.failed


def attempt(data: bytes) -> None:
    try:
        found = import_spif(data, decisions=Decisions(widen=frozenset({"Releasable To"})))
    except LiaisonError:
        return
    for each in found.report.findings:
        assert each.sentence(Language.ZH)
    assert found.report.failed == (found.pack is None)


@given(st.binary(max_size=100))
def test_no_bytes_make_the_importer_fail_otherwise(data: bytes) -> None:
    attempt(data)


@given(st.data())
def test_no_change_of_a_policy_makes_the_importer_fail_otherwise(data: st.DataObject) -> None:
    words = SPIF.split('"')
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(words) // 2 - 1)) * 2 + 1
        words[place] = data.draw(
            st.sampled_from(["", "0", "-1", "9" * 30, "true", "1.2", "FRA", " ", "permissive"])
            | st.sampled_from(words)
            | st.text("aB0 .-:★密(", max_size=8)
        )
    attempt('"'.join(words).encode())


@given(st.data())
def test_no_lost_or_doubled_line_makes_the_importer_fail_otherwise(data: st.DataObject) -> None:
    lines = SPIF.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        lines[place : place + 1] = [lines[place]] * data.draw(st.sampled_from([0, 2]))
    attempt("\n".join(lines).encode())
