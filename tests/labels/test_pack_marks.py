"""Packs whose marks do not read back as what they say are refused when they are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.pack import load_pack
from tests.labels.samples import as_bytes, pack_file

if TYPE_CHECKING:
    from collections.abc import Callable


def value_of(pack: dict[str, Any], category: str, value: str) -> dict[str, Any]:
    values = next(each["values"] for each in pack["categories"] if each["id"] == category)
    found: dict[str, Any] = next(each for each in values if each["id"] == value)
    return found


def mark(pack: dict[str, Any], category: str, value: str, text: str, *, between: str = "/") -> None:
    if category == "sci":
        pack["marking"]["segments"][1]["parts"][0]["between"] = between
    value_of(pack, category, value)["mark"] = {"zh": text, "en": text}


BREAKS: dict[str, tuple[str, dict[str, str], Callable[[dict[str, Any]], object]]] = {
    "two values are written alike": (
        "pack-mark-values",
        {"category": "sci"},
        lambda p: mark(p, "sci", "tk", "SI"),
    ),
    "a value holds what separates values": (
        "pack-mark-values",
        {"category": "rel"},
        lambda p: mark(p, "rel", "afg", "AGO, ALB"),
    ),
    "a value is written like three others without a separator": (
        "pack-mark-values",
        {"category": "sci"},
        lambda p: mark(p, "sci", "hcs", "SITKSI", between=""),
    ),
    "two values have one portion": (
        "pack-mark-values",
        {"category": "nonic"},
        lambda p: value_of(p, "nonic", "exdis").update(portion="ND"),
    ),
    "two levels have one portion": (
        "pack-mark",
        {"level": "c"},
        lambda p: p["levels"][1].update(portion="U"),
    ),
    "a level says what the pack does not know": (
        "pack-reference",
        {"place": "levels.s.says", "name": "diss:other"},
        lambda p: p["levels"][2].update(says=["diss:other"]),
    ),
    "a segment prints what the pack does not know": (
        "pack-reference",
        {"place": "marking", "name": "other"},
        lambda p: p["marking"]["segments"][1]["parts"][0].update(category="other"),
    ),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_pack_with_ambiguous_marks_is_refused(broken: str) -> None:
    reason, facts, break_it = BREAKS[broken]
    value = pack_file("us.eo13526")
    break_it(value)
    with pytest.raises(FormatError) as caught:
        load_pack(as_bytes(value))
    assert (caught.value.reason, caught.value.facts) == (reason, facts)


def test_long_values_are_tried_in_rows() -> None:
    value = pack_file("us.eo13526")
    nations = value["categories"][6]["values"]
    for n, each in enumerate(nations):
        each["mark"] = {"zh": f"{n:0>400}", "en": f"{n:0>400}"}
    value["marking"]["foreign"]["category"] = "rel"
    assert load_pack(as_bytes(value)).category("rel").values


def test_a_pack_of_a_thousand_values_is_loaded() -> None:
    value = pack_file("us.eo13526")
    sample = value["categories"][0]["values"][0]
    value["categories"][0]["values"] = [
        {**sample, "id": f"v{n}", "mark": {"zh": f"VALUE {n}", "en": f"VALUE {n}"}}
        for n in range(1000)
    ]
    assert len(load_pack(as_bytes(value)).category("sci").values) == 1000


def test_values_that_are_not_printed_are_not_tried() -> None:
    value = pack_file("us.eo13526")
    for each in value["categories"][0]["values"]:
        each["mark"] = None
    assert load_pack(as_bytes(value)).category("sci").values
