from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language, cause, hint
from secure_liaison.labels import strict_xml
from secure_liaison.labels.strict_xml import Element, read_xml, write_xml

LIMIT = 20_000_000

BILLION_LAUGHS = (
    '<!DOCTYPE a [<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
    + "]><a>&l9;</a>"
)
QUADRATIC = f'<!DOCTYPE a [<!ENTITY x "{"x" * 50_000}">]><a>{"&x;" * 50_000}</a>'


def read(text: str | bytes) -> Element:
    return read_xml(text.encode() if isinstance(text, str) else text, max_bytes=LIMIT)


def refused(text: str | bytes) -> FormatError:
    with pytest.raises(FormatError) as caught:
        read(text)
    for language in Language:
        assert cause(caught.value, language)
        assert hint(caught.value, language)
    return caught.value


def test_elements_attributes_and_text_are_read_by_namespace() -> None:
    found = read(
        "<a xmlns='urn:x' xmlns:y='urn:y'>\n <y:b c='1' y:c='2'> t&amp;x </y:b>\n <d/>\n</a>"
    )
    assert found == Element(
        namespace="urn:x",
        name="a",
        children=(
            Element(
                namespace="urn:y",
                name="b",
                attributes={("", "c"): "1", ("urn:y", "c"): "2"},
                text=" t&x ",
            ),
            Element(namespace="urn:x", name="d"),
        ),
    )
    assert [2, 3] == [child.line for child in found.children]


def test_comments_are_dropped_and_sections_are_text() -> None:
    assert read("<!-- x --><a>1<!-- y -->2<![CDATA[<3>]]></a><!-- z -->").text == "12<3>"


@pytest.mark.parametrize(
    ("text", "reason", "line", "column"),
    [
        ("", "xml-no-element", 1, 1),
        ("\n plain text", "xml-no-element", 2, 2),
        ("<a>\n<b>", "xml-unfinished", 2, 4),
        ("<a>\n <b>\n</a>", "xml-tag-mismatch", 3, 5),
        ("<a b='x", "xml-unfinished", 1, 8),
        ("<a><!-- x</a>", "xml-unfinished", 1, 14),
        ("<a><![CDATA[x</a>", "xml-unfinished", 1, 18),
        ("<a", "xml-unfinished", 1, 3),
        ("<a/>\n<b/>", "xml-content-after", 2, 1),
        ("<a/>x", "xml-content-after", 1, 5),
        ("<a b='1' b='2'/>", "xml-attribute-twice", 1, 15),
        (
            "<a xmlns:x='urn:u' xmlns:y='urn:u' x:b='1' y:b='2'/>",
            "xml-attribute-twice",
            1,
            51,
        ),
        ("<p:a/>", "xml-prefix", 1, 5),
        ("<a p:b='1'/>", "xml-prefix", 1, 11),
        ("<a>&nbsp;</a>", "xml-entity", 1, 10),
    ],
)
def test_what_is_not_well_formed_is_named_with_its_place(
    text: str, reason: str, line: int, column: int
) -> None:
    error = refused(text)
    assert (reason, line, column) == (error.reason, error.facts["line"], error.facts["column"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<a>x & y</a>", "name-required"),
        ("<a>&amp</a>", "entityref-semicol-missing"),
        ("<a b=1/>", "attribute-not-started"),
        ("<a b='<'/>", "lt-in-attribute"),
        ("<a b='1'c='2'/>", "space-required"),
        ("<a>&#0;</a>", "invalid-char"),
        ("<a>]]></a>", "misplaced-cdata-end"),
        ("<a><!-- -- --></a>", "hyphen-in-comment"),
        (" <?xml version='1.0'?><a/>", "reserved-xml-name"),
        ("<a xmlns:xml='urn:u'/>", "xml-namespace"),
        ("<a>" * 300 + "</a>" * 300, "resource-limit"),
    ],
)
def test_other_problems_carry_the_name_that_libxml2_gives_them(text: str, problem: str) -> None:
    error = refused(text)
    assert ("xml-not-well-formed", problem) == (error.reason, error.facts["problem"])


def test_a_problem_without_a_name_is_told_by_its_number() -> None:
    assert strict_xml._problem(987_654) == "987654"


def test_an_error_holds_no_word_of_the_document() -> None:
    error = refused("<secret>\n<name></nam></secret>")
    assert "secret" not in str(error)
    assert error.facts.keys() == {"line", "column"}


@pytest.mark.parametrize(
    "text",
    [
        BILLION_LAUGHS,
        QUADRATIC,
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>",
        "<!DOCTYPE a PUBLIC '-//x' 'file:///etc/hostname'><a/>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///etc/hostname'> %p;]><a/>",
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'default'>]><a/>",
        "<!DOCTYPE a><a/>",
        "<?xml version='1.0'?>\n<!-- x -->\n<!DOCTYPE a><a/>",
    ],
)
def test_a_document_type_is_refused_whatever_it_holds(text: str) -> None:
    assert refused(text).reason == "xml-doctype"


def test_a_document_type_is_refused_with_its_line() -> None:
    assert refused("<?xml version='1.0'?>\n\n<!DOCTYPE a><a/>").facts == {"line": 3}


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_a_document_type_is_refused_in_utf_16_too(mark: str) -> None:
    data = "\ufeff<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>".encode(mark)
    assert refused(data).reason == "xml-doctype"


class _Counting(HTTPServer):
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Counting)
        self.server.asked += 1
        self.send_error(404)


@pytest.fixture
def listener() -> Iterator[_Counting]:
    with _Counting(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_nothing_is_fetched(listener: _Counting, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("top", encoding="utf-8")
    url = f"http://127.0.0.1:{listener.server_port}/x"
    for place in (url, (tmp_path / "secret.txt").as_uri()):
        refused(f"<!DOCTYPE a SYSTEM '{place}'><a/>")
        refused(f"<!DOCTYPE a [<!ENTITY x SYSTEM '{place}'>]><a>&x;</a>")
        found = read(
            "<a xmlns:xi='http://www.w3.org/2001/XInclude' xml:base='" + url + "' "
            "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
            f"xsi:schemaLocation='urn:x {place}'><xi:include href='{place}' parse='text'/></a>"
        )
        assert [("http://www.w3.org/2001/XInclude", "include", "")] == [
            (child.namespace, child.name, child.text) for child in found.children
        ]
    assert listener.asked == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<?xml-stylesheet href='x'?><a/>", 1),
        ("<a/>\n<?x y?>", 2),
        ("<a>\n<?x y?></a>", 2),
    ],
)
def test_processing_instructions_are_refused(text: str, line: int) -> None:
    error = refused(text)
    assert ("xml-instruction", line) == (error.reason, error.facts["line"])


@pytest.mark.parametrize("text", ["<a>x<b/></a>", "<a><b/>x</a>", "<a><b/>x<c/></a>"])
def test_text_beside_elements_is_refused(text: str) -> None:
    assert refused(text).reason == "xml-mixed"


def test_a_depth_over_the_limit_is_refused() -> None:
    depth = strict_xml.MAX_DEPTH
    assert read("<a>" * depth + "</a>" * depth).name == "a"
    assert refused("<a>" * (depth + 1) + "</a>" * (depth + 1)).reason == "xml-depth"


def test_too_many_elements_are_refused_before_a_tree_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strict_xml, "MAX_ELEMENTS", 10)
    assert len(read("<a>" + "<b/>" * 9 + "</a>").children) == 9
    assert refused("<a>" + "<b/>" * 10 + "</a>").reason == "xml-elements"
    monkeypatch.delattr(strict_xml, "_parsed")
    assert refused("<a>" + "<b/>" * 40 + "</a>").reason == "xml-elements"


def test_too_many_attributes_are_refused() -> None:
    count = strict_xml.MAX_ATTRIBUTES
    attributes = [f"a{k}=''" for k in range(count + 1)]
    assert len(read(f"<a {' '.join(attributes[:count])}/>").attributes) == count
    assert refused(f"<a {' '.join(attributes)}/>").reason == "xml-attributes"


@pytest.mark.parametrize("shape", ["<a>{}</a>", "<a b='{}'/>", "<a><b c='{}'/></a>"])
def test_a_huge_value_is_refused(shape: str) -> None:
    read(shape.format("x" * strict_xml.MAX_TEXT))
    assert refused(shape.format("x" * (strict_xml.MAX_TEXT + 1))).reason == "xml-text-size"


def test_more_bytes_than_allowed_are_refused() -> None:
    assert read_xml(b"<a/>", max_bytes=4).name == "a"
    with pytest.raises(FormatError, match="too-long"):
        read_xml(b"<a/>", max_bytes=3)


@pytest.mark.parametrize(
    "data",
    [
        "<a>é</a>".encode(),
        "\ufeff<a>é</a>".encode(),
        "<?xml version='1.0' encoding='UTF-8'?><a>é</a>".encode(),
        "\ufeff<a>é</a>".encode("utf-16-le"),
        "\ufeff<a>é</a>".encode("utf-16-be"),
        "\ufeff<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode("utf-16-le"),
    ],
)
def test_the_encodings_of_xml_are_read(data: bytes) -> None:
    assert read(data).text == "é"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>".encode("latin-1"), 1),
        ("<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>".encode(), 1),
        (b"<?xml version='1.0' encoding='UTF-7'?><a>+AGE-</a>", 1),
        (b"<?xml version='1.0' encoding='UTF-16'?><a/>", 1),
        ("\ufeff<?xml version='1.0' encoding='UTF-8'?><a/>".encode("utf-16-le"), 1),
        ("<a>\n\né</a>".encode("latin-1"), 3),
        ("\ufeff<a/>".encode("utf-16-le") + b"x", 1),
    ],
)
def test_an_encoding_that_is_not_the_declared_one_is_refused(data: bytes, line: int) -> None:
    error = refused(data)
    assert ("xml-encoding", line) == (error.reason, error.facts["line"])


def test_utf_16_without_its_mark_is_refused() -> None:
    assert refused("<a/>".encode("utf-16-le")).reason == "xml-character"


def test_utf_7_is_no_way_around_the_rule_on_document_types() -> None:
    found = read("<a>+ADw-!DOCTYPE a+AD4-</a>")
    assert found.text == "+ADw-!DOCTYPE a+AD4-"


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x1b", "\ufffe", "\uffff"])
def test_a_forbidden_character_is_refused_with_its_place(character: str) -> None:
    error = refused(f"<a>\n12{character}</a>")
    assert error.reason == "xml-character"
    assert error.facts == {"line": 2, "column": 3}


def test_another_version_of_xml_is_refused() -> None:
    assert refused("<?xml version='1.1'?><a/>").reason == "xml-version"


def test_a_namespace_that_is_not_absolute_is_refused() -> None:
    assert refused("<a xmlns='relative'/>").reason == "xml-namespace"
    assert refused("<a xmlns:x='../b' x:b=''/>").reason == "xml-namespace"


def test_a_misspelt_namespace_is_another_namespace() -> None:
    assert read("<SPIF xmlns='http://www.xmslpif.org/spif'/>") != read(
        "<SPIF xmlns='http://www.xmlspif.org/spif'/>"
    )


def test_one_form_is_written() -> None:
    first = read("<p:a xmlns:p='urn:x'  z='1' y='2'><!-- --><q:b xmlns:q='urn:q'/>\n</p:a>")
    second = read('<a xmlns="urn:x" y="2" z="1"><b xmlns="urn:q"></b></a>')
    assert first == second
    expected = b'<m:a xmlns:m="urn:x" y="2" z="1"><n-1:b xmlns:n-1="urn:q"></n-1:b></m:a>'
    assert expected == write_xml(first, prefixes={"m": "urn:x"})
    assert expected == write_xml(second, prefixes={"m": "urn:x"})


def test_a_default_namespace_is_written_where_asked() -> None:
    element = Element(
        namespace="urn:x", name="a", children=(Element(namespace="urn:x", name="b", text="1"),)
    )
    assert write_xml(element, prefixes={"": "urn:x"}) == b'<a xmlns="urn:x"><b>1</b></a>'


def test_the_language_attribute_keeps_its_prefix() -> None:
    found = read("<a xml:lang='fr'/>")
    assert write_xml(found, prefixes={}) == b'<a xml:lang="fr"></a>'


def test_text_beside_elements_is_not_written() -> None:
    child = Element(namespace="", name="b")
    with pytest.raises(ValueError, match="not both"):
        write_xml(Element(namespace="", name="a", text="x", children=(child,)), prefixes={})


@pytest.mark.parametrize("text", ["\x00", "\x1b"])
def test_a_forbidden_character_is_not_written(text: str) -> None:
    with pytest.raises(ValueError, match="XML compatible"):
        write_xml(Element(namespace="", name="a", text=text), prefixes={})


NAMES = st.from_regex(r"[a-z][a-z0-9.-]{0,5}", fullmatch=True)
SPACES = st.sampled_from(["", "urn:x", "urn:y", "http://z/"])
TEXTS = st.text(
    st.characters(
        exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff", min_codepoint=9
    ).filter(lambda c: c in "\t\n\r" or c >= " "),
    max_size=20,
)


def _elements() -> st.SearchStrategy[Element]:
    attributes = st.dictionaries(st.tuples(SPACES, NAMES), TEXTS, max_size=3)
    leaf = st.builds(Element, namespace=SPACES, name=NAMES, attributes=attributes, text=TEXTS)
    return st.recursive(
        leaf,
        lambda inner: st.builds(
            Element,
            namespace=SPACES,
            name=NAMES,
            attributes=attributes,
            children=st.lists(inner, min_size=1, max_size=4).map(tuple),
        ),
        max_leaves=12,
    )


@given(_elements())
def test_what_is_written_reads_back_as_itself(element: Element) -> None:
    prefixes = {"x": "urn:x"}
    written = write_xml(element, prefixes=prefixes)
    assert element == read(written)
    assert written == write_xml(read(written), prefixes=prefixes)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = read(data)
    except FormatError:
        return
    assert found == read(write_xml(found, prefixes={}))
