"""Documents that must be read, and documents that must be refused, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.stanag4774_json import (
    read_clearance_json,
    read_label_json,
    write_clearance_json,
    write_label_json,
)
from secure_liaison.labels.stanag4774_xml import (
    read_clearance_xml,
    read_label_xml,
    write_clearance_xml,
    write_label_xml,
)

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "stanag4774"
FILES = sorted(path for path in VECTORS.rglob("*__*"))
Reader = Callable[[bytes], Any]
Writer = Callable[[Any], bytes]
DOORS: dict[tuple[str, str], tuple[Reader, Writer]] = {
    ("label", ".xml"): (read_label_xml, write_label_xml),
    ("label", ".json"): (read_label_json, write_label_json),
    ("clearance", ".xml"): (read_clearance_xml, write_clearance_xml),
    ("clearance", ".json"): (read_clearance_json, write_clearance_json),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_vector_is_read_or_refused_as_it_says(path: Path) -> None:
    read, write = DOORS[path.parent.name, path.suffix]
    expected = path.name.partition("__")[0]
    if expected != "accept":
        with pytest.raises(FormatError) as caught:
            read(path.read_bytes())
        assert expected == caught.value.reason
        return
    found = read(path.read_bytes())
    assert read(write(found)) == found
    assert write(read(write(found))) == write(found)


def test_both_forms_of_a_label_are_the_same_value() -> None:
    one = read_label_xml((VECTORS / "label" / "accept__plain.xml").read_bytes())
    assert one == read_label_json((VECTORS / "label" / "accept__plain.json").read_bytes())
    assert one == read_label_json((VECTORS / "label" / "accept__statement.json").read_bytes())


@pytest.mark.parametrize(
    ("name", "line", "place"),
    [
        (
            "xml-part-unknown__integer_value.xml",
            6,
            "originatorConfidentialityLabel/ConfidentialityInformation/Category/IntegerValue",
        ),
        (
            "xml-part-value__creation_without_zone.xml",
            8,
            "originatorConfidentialityLabel/CreationDateTime",
        ),
        (
            "label4774-unknown__in_category.json",
            None,
            "ConfidentialityInformation.Category[0].IntegerValues",
        ),
    ],
)
def test_error_names_the_exact_place(name: str, line: int | None, place: str) -> None:
    path = VECTORS / "label" / name
    with pytest.raises(FormatError) as caught:
        DOORS["label", path.suffix][0](path.read_bytes())
    assert (line, place) == (caught.value.facts.get("line"), caught.value.facts["place"])
