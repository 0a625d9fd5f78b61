"""Labels of STANAG 4774 and small packages that the tests of bindings start from."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from hashlib import sha384

import pytest

from secure_liaison.errors import LiaisonError
from secure_liaison.i18n import Language, cause, hint
from secure_liaison.labels.strict_xml import Element, read_xml

LABEL_NAMESPACE = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"


def label(level: str = "SECRET", *, root: str = "originatorConfidentialityLabel") -> Element:
    text = (
        f'<{root} xmlns="{LABEL_NAMESPACE}" ReviewDateTime="2031-01-01T00:00:00Z">'
        "<ConfidentialityInformation><PolicyIdentifier>ACME</PolicyIdentifier>"
        f"<Classification>{level}</Classification>"
        '<Category Type="PERMISSIVE" TagName="Releasable To"><GenericValue>MOCK</GenericValue>'
        "</Category></ConfidentialityInformation>"
        f"<CreationDateTime>2026-11-01T00:00:00Z</CreationDateTime></{root}>"
    )
    return read_xml(text.encode(), max_bytes=10_000)


def alternative(level: str = "HEMLIG") -> Element:
    return label(level, root="alternativeConfidentialityLabel")


DIGEST = sha384(b"content").digest()

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DOCUMENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
RELATIONSHIPS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
BINDING_PART = "customXml/item1.xml"
MAIN = "word/document.xml"
MAIN_LIST = "word/_rels/document.xml.rels"


def relationships(*rows: tuple[str, str, str], mode: str = "") -> bytes:
    inner = "".join(
        f'<Relationship Id="{k}" Type="{kind}" Target="{target}"{mode}/>'
        for k, kind, target in rows
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'.encode()


def content_types(*rows: str) -> bytes:
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{RELATIONSHIPS_TYPE}"/>'
        f"{''.join(rows)}"
        f'<Override PartName="/{MAIN}" ContentType="{DOCUMENT_TYPE}"/></Types>'
    ).encode()


XML_DEFAULT = '<Default Extension="xml" ContentType="application/xml"/>'


def parts(**changes: bytes) -> dict[str, bytes]:
    """Return the parts of a small document; a keyword names a part in words."""
    named = {
        "types": "[Content_Types].xml",
        "roots": "_rels/.rels",
        "main": MAIN,
        "main_list": MAIN_LIST,
        "macros": "word/vbaProject.bin",
    }
    found = {
        "[Content_Types].xml": content_types(XML_DEFAULT),
        "_rels/.rels": relationships(("rId1", f"{_OFFICE}/officeDocument", MAIN)),
        MAIN: b"<w:document xmlns:w='urn:w'><w:body>text</w:body></w:document>",
        MAIN_LIST: relationships(
            ("rId1", "http://schemas.microsoft.com/office/2006/vbaProject", "vbaProject.bin")
        ),
        "word/vbaProject.bin": bytes(range(256)) * 20,
    }
    return found | {named.get(word, word): data for word, data in changes.items()}


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as written:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (2026, 11, 1, 12, 0, 0))
            info.compress_type = method
            written.writestr(info, data)
    return out.getvalue()


def unzipped(document: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(document)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def changed(document: bytes, **changes: bytes | None) -> bytes:
    """Return a document with other parts; ``None`` takes one away."""
    members = unzipped(document)
    for name, data in changes.items():
        if data is None:
            del members[name]
        else:
            members[name] = data
    return zipped(members)


def refusal(act: Callable[[], object]) -> LiaisonError:
    """Return the error of an act; its sentences exist in both languages."""
    with pytest.raises(LiaisonError) as caught:
        act()
    for language in Language:
        assert cause(caught.value, language)
        assert hint(caught.value, language)
    return caught.value
