"""A label inside an office document: .docx, .xlsx, .pptx and their kin with macros.

Rules:

- The document keeps one part with a binding, named by a relationship of its main part; every other
  part stays as it is, but for the list of content types and that relationship.
- The label is bound to every part of the document, relationships and macros included; the list of
  content types, which is no part, has a digest beside them.
- A document whose parts were added, removed or changed since then gives no label.
- Parts are compared as bytes: whoever saves the document again in an office program has to bind
  the label again.
- A document with a digital signature is not touched: binding a label would break the signature.

Source: docs/spec/binding.md §4; ADatP-4778.2 chapter 5
(``urn:nato:stanag:4778:profile:ooxml:1:2``); ECMA-376-1 §15.2.5.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from hashlib import sha384
from itertools import count, islice
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from secure_liaison.errors import FormatError, TamperedError, VerificationError
from secure_liaison.labels.opc import Package
from secure_liaison.labels.stanag4778 import (
    BINDING_NAMESPACE,
    MAX_BINDING_BYTES,
    Binding,
    BoundLabel,
    Reference,
    Signatures,
    read_binding,
    write_binding,
)
from secure_liaison.labels.strict_xml import Element, read_xml, write_xml
from secure_liaison.labels.xml_fields import XmlFields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["embed_ooxml", "read_ooxml"]

_TYPES_PART: Final = "[Content_Types].xml"
_TYPES: Final = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_TRANSITIONAL: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_STRICT: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships/"
_SIGNATURES: Final = (
    "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature"
)
_XML_TYPE: Final = "application/xml"
_CUSTOM_XML: Final = re.compile(r"customxml/item\d*\.xml", re.IGNORECASE)
_MAX_LIST_BYTES: Final = 8 * 1024 * 1024
_MAX_TARGET: Final = 4000
_MOST_TELLING: Final = 4
"""Parts that may name the namespace of bindings; more than one binding is refused anyway."""
_NAMESPACE_WRITTEN: Final = tuple(
    BINDING_NAMESPACE.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relationship:
    """One relationship: what kind, and to which part; to none if it leads outside."""

    identity: str
    kind: str
    part: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where things are in a document.

    Attributes:
        main: The main part.
        family: What its relationship types begin with.
        bindings: Parts that hold a binding.
        is_signed: Whether the document has a digital signature.
    """

    main: str
    family: str
    bindings: tuple[str, ...]
    is_signed: bool


def embed_ooxml(document: bytes, *, label: Element, alternatives: Sequence[Element] = ()) -> bytes:
    """Return the document with this label bound to all of its parts; an earlier binding goes.

    Args:
        document: An office document.
        label: An ``originatorConfidentialityLabel`` of STANAG 4774.
        alternatives: ``alternativeConfidentialityLabel`` elements.

    Raises:
        FormatError: What `secure_liaison.labels.opc.Package`,
            `secure_liaison.labels.strict_xml.read_xml` and
            `secure_liaison.labels.stanag4778.write_binding` refuse; ``ooxml-main-part``,
            ``ooxml-signed``, ``ooxml-many-bindings``.

    Source: docs/spec/binding.md §4.
    """
    package = Package(document)
    layout = _layout(package)
    if layout.is_signed:
        raise FormatError("ooxml-signed")
    if len(layout.bindings) > 1:
        raise FormatError("ooxml-many-bindings")
    part = layout.bindings[0] if layout.bindings else _free_name(package)
    changes = _with_relationship(package, layout, part) | _with_content_type(package, part)
    types = _list(package, _TYPES_PART, namespace=_TYPES, root="Types")
    references = [
        Reference(
            uri=uri,
            content_type=_media_type(types, name),
            digest=sha384(changes[name]).digest() if name in changes else package.digest(name),
            bound=name != _TYPES_PART,
        )
        for uri, name in _by_uri({*package.names, *changes} - {part}).items()
    ]
    binding = Binding(label=label, alternatives=tuple(alternatives), references=tuple(references))
    return package.rewritten(changes | {part: write_binding(binding)})


def read_ooxml(document: bytes, *, signatures: Signatures = Signatures.REFUSE) -> BoundLabel:
    """Return the label that a document carries, if nothing in it changed since it was bound.

    1. The package is sound. 2. It holds one binding. 3. The binding is read, and carries digests.
    4. It names each part of the document, and no other. 5. Each part has the digest named.

    Args:
        document: An office document.
        signatures: What to do with signatures of XML in the binding.

    Raises:
        FormatError: What `secure_liaison.labels.opc.Package` and
            `secure_liaison.labels.stanag4778.read_binding` refuse; ``ooxml-main-part``,
            ``ooxml-no-binding``, ``ooxml-many-bindings``.
        SignatureError: ``binding-signature``.
        VerificationError: ``binding-no-digest``.
        TamperedError: ``binding-label-changed``, ``ooxml-part-removed``, ``ooxml-part-added``,
            ``ooxml-part-changed``.

    Source: docs/spec/binding.md §4.
    """
    # 1
    package = Package(document)
    # 2
    layout = _layout(package)
    if len(layout.bindings) != 1:
        raise FormatError("ooxml-many-bindings" if layout.bindings else "ooxml-no-binding")
    part = layout.bindings[0]
    # 3
    data = package.read(part, max_bytes=MAX_BINDING_BYTES)
    binding = read_binding(data, signatures=signatures)
    expected = {
        reference.uri: reference.digest
        for reference in binding.references
        if reference.digest is not None
    }
    if not expected:
        raise VerificationError("binding-no-digest")
    # 4
    present = _by_uri({*package.names} - {part})
    _require_same_parts(binding, present)
    # 5
    _require_unchanged(package, present, expected)
    return BoundLabel(label=binding.label, alternatives=binding.alternatives)


def _require_same_parts(binding: Binding, present: Mapping[str, str]) -> None:
    """Demand that the label is bound to each part of the document, and to no other."""
    named = {each.uri: each.bound for each in binding.references}
    for uri in sorted(named.keys() - present.keys()):
        raise TamperedError("ooxml-part-removed", place=uri)
    for uri, name in present.items():
        if uri not in named or (not named[uri] and name != _TYPES_PART):
            raise TamperedError("ooxml-part-added", place=name)


def _require_unchanged(
    package: Package, present: Mapping[str, str], expected: Mapping[str, bytes]
) -> None:
    for uri, name in present.items():
        if package.digest(name) != expected[uri]:
            raise TamperedError("ooxml-part-changed", place=name)


def _by_uri(names: Iterable[str]) -> dict[str, str]:
    """Return the parts by address, ascending: the scheme ``pack`` with an empty authority.

    Raises:
        FormatError: ``package-duplicate``: two names have one address (``a b``, ``a%20b``).
    """
    ordered = sorted(names)
    found = {"pack:///" + quote(name, safe="/!$&'()*+,;=@~%"): name for name in ordered}
    if len(found) < len(ordered):
        raise FormatError("package-duplicate")
    return found


def _layout(package: Package) -> _Layout:
    roots = _relationships(package, "")
    mains = {
        (each.part, family)
        for each in roots
        for family in (_TRANSITIONAL, _STRICT)
        if each.kind == family + "officeDocument"
    }
    if len(mains) != 1:
        raise FormatError("ooxml-main-part")
    [(main, family)] = mains
    if main is None or not {main, _TYPES_PART} <= {*package.names}:
        raise FormatError("ooxml-main-part")
    related = {
        each.part
        for each in _relationships(package, main)
        if each.kind in {_TRANSITIONAL + "customXml", _STRICT + "customXml"}
    }
    candidates = [n for n in package.names if n in related or _CUSTOM_XML.fullmatch(n)]
    telling = list(
        islice((n for n in candidates if _may_be_binding(package, n)), _MOST_TELLING + 1)
    )
    # Before any of them is taken apart: a document of thousands would keep a reader for an hour.
    if len(telling) > _MOST_TELLING:
        raise FormatError("ooxml-many-bindings")
    bindings = tuple(name for name in telling if _is_binding(package, name))
    is_signed = any(each.kind.startswith(_SIGNATURES) for each in roots)
    return _Layout(main=main, family=family, bindings=bindings, is_signed=is_signed)


def _may_be_binding(package: Package, name: str) -> bool:
    """Whether a part has room for a binding and names its namespace."""
    if package.size(name) > MAX_BINDING_BYTES:
        return False
    data = package.read(name, max_bytes=MAX_BINDING_BYTES)
    return any(written in data for written in _NAMESPACE_WRITTEN)


def _is_binding(package: Package, name: str) -> bool:
    """Whether a part is a binding; one that is broken is refused, not passed over."""
    root = read_xml(package.read(name, max_bytes=MAX_BINDING_BYTES), max_bytes=MAX_BINDING_BYTES)
    return (root.namespace, root.name) == (BINDING_NAMESPACE, "BindingInformation")


def _list_name(part: str) -> str:
    """Return the name of the list of a part's relationships; that of the package for ``""``."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _list(package: Package, name: str, *, namespace: str, root: str) -> Element:
    """Read one of the lists that hold a package together."""
    data = package.read(name, max_bytes=_MAX_LIST_BYTES)
    found = read_xml(data, max_bytes=_MAX_LIST_BYTES)
    return XmlFields(found, namespace=namespace, name=root).element


def _relationships(package: Package, part: str) -> list[_Relationship]:
    name = _list_name(part)
    if name not in package.names:
        return []
    root = _list(package, name, namespace=_RELATIONSHIPS, root="Relationships")
    return [_relationship(part, each) for each in root.children]


def _relationship(part: str, element: Element) -> _Relationship:
    found = XmlFields(element, namespace=_RELATIONSHIPS, name="Relationship")
    target = found.attribute("Target", max_size=_MAX_TARGET)
    is_outside = found.optional_attribute("TargetMode") == "External"
    return _Relationship(
        identity=found.attribute("Id"),
        kind=found.attribute("Type"),
        part=None if is_outside else _target(part, target),
    )


def _target(part: str, target: str) -> str:
    """Return the name of the part that a relationship of another part leads to."""
    joined = posixpath.join("/", posixpath.dirname(part), target)
    return posixpath.normpath(joined).lstrip("/")


def _free_name(package: Package) -> str:
    taken = {name.lower() for name in package.names}
    names = (f"customXml/item{number}.xml" for number in count(1))
    return next(name for name in names if name.lower() not in taken)


def _with_relationship(package: Package, layout: _Layout, part: str) -> dict[str, bytes]:
    """Let the main part name the binding, if it does not yet."""
    found = _relationships(package, layout.main)
    if any(each.part == part for each in found):
        return {}
    taken = {each.identity for each in found}
    identity = next(f"rId{k}" for k in count(1) if f"rId{k}" not in taken)
    added = Element(
        namespace=_RELATIONSHIPS,
        name="Relationship",
        attributes={
            ("", "Id"): identity,
            ("", "Type"): layout.family + "customXml",
            ("", "Target"): posixpath.relpath("/" + part, "/" + posixpath.dirname(layout.main)),
        },
    )
    name = _list_name(layout.main)
    root = Element(namespace=_RELATIONSHIPS, name="Relationships")
    if name in package.names:
        root = _list(package, name, namespace=_RELATIONSHIPS, root="Relationships")
    return {name: _extended(root, added)}


def _content_type(types: Element, name: str) -> str | None:
    """Return a part's content type: its own, or that of its extension."""
    extension = name.rpartition(".")[2].lower()
    default = None
    for each in types.children:
        found = each.attributes.get(("", "ContentType"))
        if each.attributes.get(("", "PartName"), "").lower() == f"/{name}".lower():
            return found
        if each.attributes.get(("", "Extension"), "").lower() == extension:
            default = found
    return default


def _media_type(types: Element, name: str) -> str | None:
    """Return what a reference says of a part that is not XML; nothing for one that is."""
    found = _content_type(types, name) or "application/octet-stream"
    bare = found.partition(";")[0].strip().lower()
    is_xml = bare.endswith("+xml") or bare in {_XML_TYPE, "text/xml"} or name == _TYPES_PART
    return None if is_xml else found


def _with_content_type(package: Package, part: str) -> dict[str, bytes]:
    """Let the list of content types say what the binding is, if it does not yet."""
    types = _list(package, _TYPES_PART, namespace=_TYPES, root="Types")
    if _content_type(types, part) == _XML_TYPE:
        return {}
    kept = [each for each in types.children if each.attributes.get(("", "PartName")) != f"/{part}"]
    added = Element(
        namespace=_TYPES,
        name="Override",
        attributes={("", "PartName"): f"/{part}", ("", "ContentType"): _XML_TYPE},
    )
    return {_TYPES_PART: _extended(replace(types, children=tuple(kept)), added)}


def _extended(root: Element, added: Element) -> bytes:
    extended = replace(root, children=(*root.children, added), text="")
    return write_xml(extended, prefixes={"": added.namespace})
