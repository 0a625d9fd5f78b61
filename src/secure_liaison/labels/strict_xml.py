"""XML taken apart strictly, and written in one form: the only door to ``lxml``.

Rules:

- UTF-8, or UTF-16 with its mark; XML 1.0; at most the size given. What is declared must be true.
- No document type, so no entities, no default attributes and nothing that is fetched; no
  processing instructions; no text beside elements. Comments are dropped.
- At most `MAX_DEPTH` levels, `MAX_ELEMENTS` elements, `MAX_ATTRIBUTES` attributes in an element,
  `MAX_TEXT` characters in a value.
- Every error names the line; what is not well-formed also the column.
- Names are compared by namespace, never by prefix. XInclude, schema locations and ``xml:base`` are
  ordinary names here: nothing follows them.
- Written is Exclusive XML Canonicalization 1.0, without comments.

What comes out is a plain tree of `Element`; `XmlFields` takes one apart.

Source: docs/spec/binding.md §1; XML 1.0 (fifth edition); Namespaces in XML 1.0.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from lxml import etree

from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MAX_ATTRIBUTES",
    "MAX_DEPTH",
    "MAX_ELEMENTS",
    "MAX_TEXT",
    "Element",
    "read_xml",
    "write_xml",
]

MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 50_000
MAX_ATTRIBUTES: Final = 64
MAX_TEXT: Final = 1_000_000

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION: Final = re.compile(
    r"""<\?xml\s+version\s*=\s*["']([^"']*)["'](?:\s+encoding\s*=\s*["']([^"']*)["'])?"""
)
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_XML: Final = "http://www.w3.org/XML/1998/namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element: its name, its attributes, and either text or elements.

    Attributes:
        namespace: Of the name; empty if there is none.
        name: The local name.
        attributes: By (namespace, name); a value as XML normalises it.
        text: The characters, if there are no elements inside.
        children: The elements inside, in order.
        line: Where it begins, from 1; 0 if it was not read. Two elements that differ only in
            their lines are equal.
    """

    namespace: str
    name: str
    attributes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    text: str = ""
    children: tuple[Element, ...] = ()
    line: int = field(default=0, compare=False)


def read_xml(data: bytes, *, max_bytes: int) -> Element:
    """Read one document and return its outermost element.

    Raises:
        FormatError: ``too-long``, ``xml-encoding``, ``xml-character``, ``xml-version``,
            ``xml-doctype``, ``xml-elements``; what is not well-formed: ``xml-tag-mismatch``,
            ``xml-unfinished``, ``xml-no-element``, ``xml-content-after``, ``xml-attribute-twice``,
            ``xml-prefix``, ``xml-entity``, ``xml-not-well-formed``; ``xml-instruction``,
            ``xml-depth``, ``xml-attributes``, ``xml-text-size``, ``xml-mixed``,
            ``xml-namespace``.

    Source: docs/spec/binding.md §1.
    """
    if len(data) > max_bytes:
        raise FormatError("too-long", limit=max_bytes)
    text = _decoded(data)
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        line, column = _position(text, forbidden.start())
        raise FormatError("xml-character", line=line, column=column)
    # Found anywhere, even in a comment: no reading of the prolog then has to agree with libxml2's.
    doctype = text.find("<!DOCTYPE")
    if doctype >= 0:
        raise FormatError("xml-doctype", line=_position(text, doctype)[0])
    # Before a tree is built: tags, comments and sections together.
    if text.count("<") > 4 * MAX_ELEMENTS:
        raise FormatError("xml-elements", limit=MAX_ELEMENTS)
    return _element(_parsed(text), depth=1, left=[MAX_ELEMENTS])


def _decoded(data: bytes) -> str:
    """Decode and compare with what the declaration says."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, names = "utf-16", {"utf-16"}
    else:
        encoding, names = "utf-8-sig", {"utf-8"}
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise FormatError("xml-encoding", line=line) from exc
    declared = _DECLARATION.match(text)
    if declared:
        if declared[1] != "1.0":
            raise FormatError("xml-version", line=1)
        if declared[2] is not None and declared[2].lower() not in names:
            raise FormatError("xml-encoding", line=1)
    return text


def _position(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _parsed(text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        decompress=False,
        collect_ids=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as exc:
        _refuse(exc)
    for beside in (root.getprevious(), root.getnext()):
        if beside is not None:
            raise FormatError("xml-instruction", line=beside.sourceline)
    return root


def _refuse(exc: etree.XMLSyntaxError) -> NoReturn:
    """Say what libxml2 found, without a word of the document."""
    line, column = exc.position
    types = etree.ErrorTypes
    match exc.code:
        case types.ERR_TAG_NAME_MISMATCH:
            raise FormatError("xml-tag-mismatch", line=line, column=column) from exc
        case (
            types.ERR_TAG_NOT_FINISHED
            | types.ERR_GT_REQUIRED
            | types.ERR_ATTRIBUTE_NOT_FINISHED
            | types.ERR_CDATA_NOT_FINISHED
            | types.ERR_COMMENT_NOT_FINISHED
        ):
            raise FormatError("xml-unfinished", line=line, column=column) from exc
        case types.ERR_DOCUMENT_EMPTY:
            raise FormatError("xml-no-element", line=line, column=column) from exc
        case types.ERR_DOCUMENT_END:
            raise FormatError("xml-content-after", line=line, column=column) from exc
        case types.ERR_ATTRIBUTE_REDEFINED | types.NS_ERR_ATTRIBUTE_REDEFINED:
            raise FormatError("xml-attribute-twice", line=line, column=column) from exc
        case types.NS_ERR_UNDEFINED_NAMESPACE:
            raise FormatError("xml-prefix", line=line, column=column) from exc
        case types.ERR_UNDECLARED_ENTITY:
            raise FormatError("xml-entity", line=line, column=column) from exc
        case _:
            raise FormatError(
                "xml-not-well-formed", line=line, column=column, problem=_problem(exc.code)
            ) from exc


def _problem(code: int) -> str:
    """Return libxml2's own name of a problem: ``space-required``."""
    names = (name for name in dir(etree.ErrorTypes) if name.startswith(("ERR_", "NS_ERR_")))
    found = next((name for name in names if getattr(etree.ErrorTypes, name) == code), str(code))
    return found.rpartition("ERR_")[2].replace("_", "-").lower()


def _element(found: etree._Element, *, depth: int, left: list[int]) -> Element:
    line = found.sourceline
    if not isinstance(found.tag, str):
        raise FormatError("xml-instruction", line=line)
    left[0] -= 1
    if left[0] < 0:
        raise FormatError("xml-elements", limit=MAX_ELEMENTS)
    if depth > MAX_DEPTH:
        raise FormatError("xml-depth", line=line, limit=MAX_DEPTH)
    if len(found.attrib) > MAX_ATTRIBUTES:
        raise FormatError("xml-attributes", line=line, limit=MAX_ATTRIBUTES)
    attributes = {_name(name): str(value) for name, value in found.attrib.items()}
    text = found.text or ""
    if max(len(text), *(len(value) for value in attributes.values()), 0) > MAX_TEXT:
        raise FormatError("xml-text-size", line=line, limit=MAX_TEXT)
    if len(found):
        if any(beside.strip() for beside in (text, *(inner.tail or "" for inner in found))):
            raise FormatError("xml-mixed", line=line)
        text = ""
    namespace, name = _name(found.tag)
    # Canonical XML knows no relative namespaces.
    spaces = {namespace, *(space for space, _ in attributes)} - {""}
    if not all(_ABSOLUTE.match(space) for space in spaces):
        raise FormatError("xml-namespace", line=line)
    return Element(
        namespace=namespace,
        name=name,
        attributes=attributes,
        text=text,
        children=tuple(_element(inner, depth=depth + 1, left=left) for inner in found),
        line=line,
    )


def _name(tag: str) -> tuple[str, str]:
    namespace, _, name = tag.rpartition("}")
    return namespace.removeprefix("{"), name


def write_xml(element: Element, *, prefixes: Mapping[str, str]) -> bytes:
    """Write the one form of an element: Exclusive C14N 1.0 without comments, UTF-8, no declaration.

    Reading it gives an equal element, and writing that gives the same bytes.

    Args:
        element: What to write.
        prefixes: Namespace by prefix; ``""`` names the default namespace, with which every element
            needs a namespace. One without a prefix is given ``n-1``, ``n-2`` and so on, in the
            order in which they occur, those of attributes ascending.

    Raises:
        ValueError: A name, a namespace or a character cannot stand in XML, or an element holds
            both text and elements.
    """
    known = {namespace: prefix for prefix, namespace in prefixes.items()}
    for namespace in _namespaces(element):
        if namespace not in {"", _XML}:
            known.setdefault(namespace, f"n-{len(known) - len(prefixes) + 1}")
    nsmap = {prefix or None: namespace for namespace, prefix in known.items()}
    built = etree.Element(_tag(element.namespace, element.name), nsmap=nsmap)
    _fill(built, element)
    return bytes(etree.tostring(built, method="c14n", exclusive=True, with_comments=False))


def _namespaces(element: Element) -> list[str]:
    found = [element.namespace, *sorted(namespace for namespace, _ in element.attributes)]
    for child in element.children:
        found += _namespaces(child)
    return found


def _tag(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}" if namespace else name


def _fill(built: etree._Element, element: Element) -> None:
    if element.text and element.children:
        raise ValueError("an element holds text or elements, not both")
    for (namespace, name), value in element.attributes.items():
        built.set(_tag(namespace, name), value)
    if element.text:
        built.text = element.text
    for child in element.children:
        _fill(etree.SubElement(built, _tag(child.namespace, child.name)), child)
