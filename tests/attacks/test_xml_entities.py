"""A document type in a label's file: reading foreign files, fetching, filling the memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from secure_liaison.errors import FormatError
from secure_liaison.labels import strict_xml
from secure_liaison.labels.stanag4778 import read_binding
from secure_liaison.labels.strict_xml import read_xml
from tests.labels.test_stanag4778 import DATA, HEAD, file

SECRET = "what only this desk may read"
LIMIT = 10_000


def without_defence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let document types pass, to a parser that does what it is told."""

    def lax(text: str) -> etree._Element:
        parser = etree.XMLParser(resolve_entities=True, attribute_defaults=True)
        return etree.fromstring(text.encode(), parser)

    monkeypatch.setattr(strict_xml, "_refuse_doctype", lambda _text: None)
    monkeypatch.setattr(strict_xml, "_parsed", lax)


def refused(data: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        read_xml(data, max_bytes=LIMIT)
    return caught.value.reason


def external_entity(tmp_path: Path) -> bytes:
    (tmp_path / "secret.txt").write_text(SECRET, encoding="utf-8")
    place = (tmp_path / "secret.txt").as_uri()
    doctype = f"<!DOCTYPE a [<!ENTITY secret SYSTEM '{place}'>]>"
    name = "slab:originatorConfidentialityLabel"
    label = f"<mb:Metadata><{name}><slab:P>&secret;</slab:P></{name}></mb:Metadata>"
    return doctype.encode() + file(label + DATA)


def test_a_file_of_the_reader_does_not_get_into_a_label(tmp_path: Path) -> None:
    attack = external_entity(tmp_path)
    assert HEAD.encode() in attack
    assert refused(attack) == "xml-doctype"


def test_without_the_defence_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attack = external_entity(tmp_path)
    without_defence(monkeypatch)
    assert [SECRET] == [child.text for child in read_binding(attack).label.children]


BOMB = (
    '<!DOCTYPE a [<!ENTITY l0 "haha">'
    + "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 5))
    + "]><a>&l4;</a>"
).encode()


def test_a_small_file_does_not_become_a_large_one() -> None:
    assert refused(BOMB) == "xml-doctype"


def test_without_the_defence_it_grows_a_hundredfold(monkeypatch: pytest.MonkeyPatch) -> None:
    without_defence(monkeypatch)
    assert len(read_xml(BOMB, max_bytes=LIMIT).text) == 40_000 > 100 * len(BOMB)


DEFAULTS = b"<!DOCTYPE a [<!ATTLIST a level CDATA 'UNCLASSIFIED'>]><a/>"


def test_a_value_that_nobody_wrote_does_not_appear() -> None:
    assert refused(DEFAULTS) == "xml-doctype"


def test_without_the_defence_it_appears(monkeypatch: pytest.MonkeyPatch) -> None:
    without_defence(monkeypatch)
    assert read_xml(DEFAULTS, max_bytes=LIMIT).attributes == {("", "level"): "UNCLASSIFIED"}


def test_the_parser_alone_reads_no_foreign_file_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the first defence stands the parser's own: the entity stays an entity."""
    attack = external_entity(tmp_path)
    monkeypatch.setattr(strict_xml, "_refuse_doctype", lambda _text: None)
    assert refused(attack) == "xml-instruction"
    assert read_xml(DEFAULTS, max_bytes=LIMIT).attributes == {}
