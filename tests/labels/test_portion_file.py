"""A paper in portions, read from its file: marks, the whole, compilations, renditions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.portion_file import Paper, paper_from, read_portion_file, rendition_of

US: dict[str, Any] = {
    "policy": "us.eo13526",
    "owner": "agency:a1a1",
    "created": "2026-03-01",
    "period": "10Y",
    "portion": [
        {"mark": "(U//REL TO USA, FRA)", "text": "open"},
        {"mark": "(S//REL TO USA, FRA)", "text": "shared"},
        {"mark": "(S//NF)", "text": "own", "secret_point": True},
    ],
}
CN: dict[str, Any] = {
    "policy": "cn.state-secrets",
    "owner": "agency:a1a1",
    "created": "2026-03-01T08:00:00Z",
    "portion": [{"mark": "秘密★10年", "text": f"item {k}"} for k in range(10)],
}


def paper(value: dict[str, Any], **changes: Any) -> Paper:
    octets = json.dumps({**value, **changes}).encode()
    return paper_from(read_portion_file(octets), builtin_pack)


def reason(octets: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        paper_from(read_portion_file(octets), builtin_pack)
    return caught.value.reason


def test_the_whole_is_what_the_portions_make_together() -> None:
    found = paper(US)
    assert ("s", False) == (found.label.level, found.stated)
    assert {frozenset({"nation:USA"})} == found.label.audience.groups
    assert frozenset({"diss:noforn"}) == found.label.control
    assert [False, False, True] == [each.portion.secret_point for each in found.pieces]


def test_toml_and_json_say_the_same() -> None:
    text = (
        'policy = "us.eo13526"\nowner = "agency:a1a1"\ncreated = "2026-03-01"\nperiod = "10Y"\n'
        '[[portion]]\nmark = "(S//NF)"\ntext = "own"\n'
    )
    found = paper_from(read_portion_file(text.encode()), builtin_pack)
    assert paper(US, portion=[{"mark": "(S//NF)", "text": "own"}]) == found


def test_a_marked_whole_is_held_against_its_portions() -> None:
    assert paper(US, document="SECRET//NOFORN").stated
    with pytest.raises(FormatError, match="label-below-portions") as caught:
        paper(US, document="SECRET//REL TO USA, FRA")
    assert 3 == caught.value.facts["number"]
    with pytest.raises(FormatError, match="label-above-portions"):
        paper(US, document="TOP SECRET//NOFORN")
    above = paper(US, document="TOP SECRET//NOFORN", reason="compiled")
    assert ("ts", "compiled") == (above.label.level, above.label.determination.reason)


def test_rules_for_compilations_are_told_and_not_applied() -> None:
    found = paper(CN)
    assert "mimi" == found.label.level
    assert [(10, "jimi", False)] == [
        (each.counted, each.raise_to.id, each.met) for each in found.findings
    ]
    raised = paper(CN, document="机密★10年", reason="aggregated")
    assert [True] == [each.met for each in raised.findings]


def test_a_mark_that_names_no_readers_means_the_owner() -> None:
    assert {frozenset({"agency:a1a1"})} == paper(CN).label.audience.groups


def test_a_rendition_holds_what_its_mark_covers() -> None:
    found = paper(US)
    kept = rendition_of(found, "SECRET//REL TO USA, FRA")
    assert [b"open", b"shared"] == [each.octets for each in kept.pieces]
    assert (b"open",) == tuple(
        each.octets for each in rendition_of(found, "UNCLASSIFIED//REL TO USA, FRA").pieces
    )
    assert () == rendition_of(found, "UNCLASSIFIED").pieces[1:]
    with pytest.raises(FormatError, match="mark-level"):
        rendition_of(found, "hush")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"portion": []}, "portion-count"),
        ({"created": "last week"}, "portion-file-date"),
        ({"owner": "me"}, "label-audience-leaf"),
        ({"policy": "no-such"}, "pack-unknown"),
        ({"extra": "x"}, "pack-field-unknown"),
        ({"portion": [{"mark": "(S)", "text": "x", "more": 1}]}, "pack-field-unknown"),
        ({"portion": [{"mark": "(S//XX)", "text": "x"}]}, "mark-rest"),
        ({"portion": [{"mark": "S//NF", "text": "x"}]}, "mark-level"),
        ({"period": ""}, "pack-field-value"),
    ],
)
def test_what_is_not_such_a_file_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert expected == reason(json.dumps({**US, **changes}).encode())


def test_a_policy_that_wants_a_period_gets_one() -> None:
    without = {name: value for name, value in US.items() if name != "period"}
    assert "mark-period-apart" == reason(json.dumps(without).encode())
    assert "mark-period-twice" != reason(json.dumps({**CN, "owner": ""}).encode())


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"= broken", "portion-file-toml"),
        (b"\xff\xfe", "portion-file-toml"),
        (b"{", "pack-not-json"),
        (b"#" * (4 * 2**20 + 1), "too-long"),
    ],
)
def test_what_cannot_be_read_is_refused(octets: bytes, expected: str) -> None:
    assert expected == reason(octets)
