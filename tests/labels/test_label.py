from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.clock import Instant
from secure_liaison.encoding import encode
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import (
    MAX_LABEL_BYTES,
    Alternative,
    Determination,
    DeterminationKind,
    Label,
    Successor,
    decode_label,
    encode_label,
    label_digest,
)
from secure_liaison.labels.period import Period, PeriodForm
from tests.labels.samples import CREATED, EMBASSY, OFFICER, generic, jimi

FULL = jimi(
    restrict=frozenset({"project:alpha", "project:bravo"}),
    control=frozenset({"limit:no-copy"}),
    inform=frozenset({"note:midian"}),
    determination=Determination(
        kind=DeterminationKind.DERIVED,
        proposer=OFFICER,
        approver="officer:" + "d4" * 16,
        authority="grant:7",
        catalogue="item:12.3",
        reason="edits its source",
        sources=frozenset({"object:" + "ee" * 32}),
    ),
    review_at=Instant(CREATED + 86_400),
    successor=Successor(at=Instant(CREATED + 100), label=jimi(level="mimi")),
    alternatives=(
        Alternative(
            label=generic(), agreement="agr:1", article="3", by=EMBASSY, at=Instant(CREATED)
        ),
    ),
    privacy_mark="STAFF",
)


def changed(key: int, value: object) -> dict[int, Any]:
    fields = jimi().to_value()
    assert isinstance(fields, dict)
    return {**fields, key: value}


@pytest.mark.parametrize("label", [jimi(), generic(), FULL])
def test_a_label_reads_back_as_itself(label: Label) -> None:
    assert decode_label(encode_label(label)) == label


def test_field_numbers_are_those_of_the_specification() -> None:
    assert jimi().to_value() == {
        0: 0,
        1: "cn.state-secrets@2024-09-01",
        2: "jimi",
        3: [["agency:" + "a1" * 32, "agency:" + "b2" * 32]],
        4: [],
        5: [],
        6: [],
        7: "agency:" + "a1" * 32,
        8: 1_772_323_200,
        9: {0: 1, 1: "P10Y", 2: 1_772_323_200, 3: 0},
        10: {0: 1, 1: "", 2: "", 3: "", 4: "", 5: "", 6: [], 7: ""},
        11: None,
        12: None,
        13: [],
        14: None,
    }


def test_the_example_of_the_specification_is_this_label() -> None:
    page = (Path(__file__).parents[2] / "docs" / "spec" / "labels.md").read_text(encoding="utf-8")
    example = page.split("Example:")[1].split("```text\n")[1].split("```")[0]
    assert bytes.fromhex("".join(example.split())) == encode_label(jimi())
    assert f"`{label_digest(jimi()).hex()}`" in page


def test_equal_labels_have_equal_bytes_however_they_were_built() -> None:
    a = jimi(audience=Audience.of([EMBASSY, OFFICER], [OFFICER]))
    b = jimi(audience=Audience.of([OFFICER], [OFFICER, EMBASSY]))
    assert encode_label(a) == encode_label(b)
    assert label_digest(a) == label_digest(b)


def test_different_labels_have_different_digests() -> None:
    assert label_digest(jimi()) != label_digest(jimi(level="mimi"))
    assert len(label_digest(jimi())) == 32


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (1, "cn.state-secrets", "label-policy"),
        (2, "机密", "label-level"),
        (4, ["b:b", "a:a"], "label-order"),
        (4, ["a:a", "a:a"], "label-order"),
        (4, [1], "label-order"),
        (5, ["nocolon"], "label-marking"),
        (7, "somebody", "label-audience-leaf"),
        (8, -1, "field-range"),
        (9, {0: 1, 1: "P10Y", 2: None, 3: 0}, "label-period-start"),
        (9, {0: 4, 1: "", 2: 5, 3: 0}, "label-period-start"),
        (9, {0: 4, 1: "", 2: None, 3: 480}, "label-period-offset"),
        (9, {0: 1, 1: "P10Y", 2: 0, 3: 841}, "field-range"),
        (10, {0: 6, 1: "", 2: "", 3: "", 4: "", 5: "", 6: [], 7: ""}, "field-range"),
        (10, {0: 2, 1: "", 2: "", 3: "", 4: "", 5: "", 6: ["sha256"], 7: ""}, "label-source"),
        (10, {0: 1, 1: "a\u200bb", 2: "", 3: "", 4: "", 5: "", 6: [], 7: ""}, "label-text"),
        (14, "a\u202eb", "label-text"),
        (15, None, "unknown-field"),
    ],
)
def test_reading_refuses(key: int, value: object, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        decode_label(encode(changed(key, value)))


def test_reading_refuses_a_missing_field() -> None:
    fields = changed(14, None)
    del fields[11]
    with pytest.raises(FormatError, match="field-missing"):
        Label.from_value(fields)


def test_reading_refuses_another_version() -> None:
    with pytest.raises(UnsupportedVersionError, match="unknown-version"):
        Label.from_value(changed(0, 1))


def test_reading_refuses_a_label_in_a_label_in_a_label() -> None:
    inner = {0: 0, 1: changed(12, {0: 0, 1: jimi().to_value()})}
    with pytest.raises(FormatError, match="label-nested"):
        Label.from_value(changed(12, inner))
    reading = {0: jimi().to_value(), 1: "agr:1", 2: "3", 3: "x", 4: 0}
    inner = {0: 0, 1: changed(13, [reading])}
    with pytest.raises(FormatError, match="label-nested"):
        Label.from_value(changed(12, inner))


def test_building_refuses_nested_labels_too() -> None:
    with pytest.raises(FormatError, match="label-nested"):
        jimi(successor=Successor(at=Instant(CREATED + 1), label=FULL))


def test_reading_refuses_more_than_the_limit_before_it_parses() -> None:
    with pytest.raises(FormatError, match="too-long"):
        decode_label(b"\xff" * (MAX_LABEL_BYTES + 1))


def test_writing_refuses_what_could_not_be_read() -> None:
    crowd = Audience.of(*[[f"officer:{n:02x}{'0' * 126}"] for n in range(60)])
    with pytest.raises(FormatError, match="label-too-large"):
        encode_label(jimi(audience=crowd))


def test_times_past_the_year_9999_are_refused() -> None:
    with pytest.raises(FormatError, match="label-instant"):
        jimi(created=Instant(2**40))


def test_condition_carries_no_start() -> None:
    condition = Period(form=PeriodForm.CONDITION, value="会议开始前")
    assert jimi(period=condition).period == condition
    with pytest.raises(FormatError, match="label-period-start"):
        jimi(period=replace(condition, start=CREATED))


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_truncated_bytes_are_refused(cut: int) -> None:
    with pytest.raises(FormatError):
        decode_label(encode_label(jimi())[:cut])


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(FormatError):
        decode_label(encode_label(jimi()) + b"\x00")
