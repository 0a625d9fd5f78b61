from __future__ import annotations

from collections.abc import Callable

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.strict_xml import read_xml
from secure_liaison.labels.xml_fields import XmlFields

XSI = "http://www.w3.org/2001/XMLSchema-instance"


def fields(text: str) -> XmlFields:
    return XmlFields(read_xml(text.encode(), max_bytes=10_000), namespace="urn:x", name="a")


def refused(act: Callable[[], object]) -> tuple[str, int | str, int | str]:
    with pytest.raises(FormatError) as caught:
        act()
    return caught.value.reason, caught.value.facts["line"], caught.value.facts["place"]


def test_parts_are_taken_once_and_nothing_is_left() -> None:
    found = fields(
        "<a xmlns='urn:x' xmlns:y='urn:y' b='1' y:b='2'><c> t </c><d/><d/><y:e/><f><g/></f></a>"
    )
    assert found.line == 1
    assert found.attribute("b") == "1"
    assert found.attribute("b", namespace="urn:y") == "2"
    assert found.optional_attribute("b") is None
    inner = found.child("c")
    assert inner.text() == "t"
    inner.done()
    assert [2, 0] == [len(found.children("d")), len(found.children("d"))]
    assert found.optional_child("e") is None
    assert found.child("e", namespace="urn:y").path == "a/e"
    assert found.child("f").child("g").path == "a/f/g"
    found.done()


def test_an_element_of_another_name_is_refused() -> None:
    assert ("xml-part-unknown", 1, "b") == refused(lambda: fields("<b xmlns='urn:x'/>"))
    assert ("xml-part-unknown", 1, "a") == refused(lambda: fields("<a/>"))
    assert ("xml-part-unknown", 1, "a") == refused(lambda: fields("<a xmlns='urn:y'/>"))


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("<a xmlns='urn:x'\n b='1'/>", "a/@b", 2),
        ("<a xmlns='urn:x'>\n<c/></a>", "a/c", 2),
        ("<a xmlns='urn:x'>\n<c xmlns='urn:y'/></a>", "a/c", 2),
        ("<a xmlns='urn:x'>text</a>", "a/text()", 1),
    ],
)
def test_what_is_left_over_is_refused_with_line_and_path(text: str, place: str, line: int) -> None:
    assert ("xml-part-unknown", line, place) == refused(fields(text).done)


def test_a_schema_location_may_be_left_over() -> None:
    fields(
        f"<a xmlns='urn:x' xmlns:s='{XSI}' s:schemaLocation='u v' s:noNamespaceSchemaLocation='w'/>"
    ).done()
    with pytest.raises(FormatError, match="xml-part-unknown"):
        fields(f"<a xmlns='urn:x' xmlns:s='{XSI}' s:type='t'/>").done()


def test_a_missing_part_is_refused() -> None:
    found = fields("<a xmlns='urn:x'/>")
    assert refused(lambda: found.attribute("b")) == ("xml-part-missing", 1, "a/@b")
    assert refused(lambda: found.child("c")) == ("xml-part-missing", 1, "a/c")


def test_a_part_that_stands_twice_is_refused() -> None:
    found = fields("<a xmlns='urn:x'>\n<c/>\n<c/></a>")
    assert refused(lambda: found.child("c")) == ("xml-part-twice", 3, "a/c")


@pytest.mark.parametrize("value", ["", "four"])
def test_a_value_outside_its_size_is_refused(value: str) -> None:
    found = fields(f"<a xmlns='urn:x' b='{value}'><c>{value}</c></a>")
    assert refused(lambda: found.attribute("b", max_size=3)) == ("xml-part-value", 1, "a/@b")
    inner = found.child("c")
    assert refused(lambda: inner.text(max_size=3)) == ("xml-part-value", 1, "a/c")


def test_elements_takes_what_is_left_in_order() -> None:
    found = fields("<a xmlns='urn:x'><c/><d xmlns='urn:y'/><c/></a>")
    assert ["c", "d", "c"] == [element.name for element in found.elements()]
    found.done()


def test_a_long_path_is_cut() -> None:
    found = fields(f"<a xmlns='urn:x'><{'b' * 300}/></a>")
    assert len(found.child("b" * 300).path) == 200
