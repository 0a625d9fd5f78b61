"""A label bound to data by STANAG 4778: the binding itself, without the data.

Rules:

- One binding holds one originator's label, its alternatives, and at least one reference.
- Digests are SHA-384. They stand in a ``ds:Manifest`` without a signature: whoever can change the
  data can write a new binding. A binding proves nothing about who made it.
- The label and the list of references have a digest too, over their canonical form.
- One binding speaks of one label: bindings of portions are refused, never left unread.
- A signature of XML is refused, because nothing here can verify it, unless the caller asks to read
  without it.

Bytes become a `Binding` in `read_binding`; with the data beside it, a binding becomes a
`BoundLabel` in `secure_liaison.labels.sidecar.verify_detached` or
`secure_liaison.labels.ooxml.read_ooxml`, and nowhere else.

Source: docs/spec/binding.md §2; ADatP-4778 §4; ADatP-4778.2 annex A.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from hashlib import sha384
from typing import Final

from secure_liaison.crypto.keys import require_equal
from secure_liaison.errors import FormatError, SignatureError
from secure_liaison.labels.strict_xml import Element, read_xml, write_xml
from secure_liaison.labels.xml_fields import XmlFields

__all__ = [
    "BINDING_NAMESPACE",
    "MAX_BINDING_BYTES",
    "Binding",
    "BoundLabel",
    "Reference",
    "Signatures",
    "read_binding",
    "write_binding",
]

BINDING_NAMESPACE: Final = "urn:nato:stanag:4778:bindinginformation:1:0"
MAX_BINDING_BYTES: Final = 8 * 1024 * 1024

_LABEL: Final = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
_EXTENSIONS: Final = "urn:nato:stanag:4778:bindinginformation:extensions:1:0"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_XMIME: Final = "http://www.w3.org/2005/05/xmlmime"
_SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#sha384"
_EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_PREFIXES: Final = {"mb": BINDING_NAMESPACE, "slab": _LABEL, "ds": _DS, "xmime": _XMIME}
_ID: Final = "label"
_DIGEST_SIZE: Final = 48
_MAX_URI: Final = 4000


class Signatures(Enum):
    """What to do with a binding that carries a signature of XML."""

    REFUSE = "refuse"
    READ_WITHOUT = "read-without"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Something that a binding names.

    Attributes:
        uri: As written.
        content_type: Media type, for what is not XML.
        digest: SHA-384 of the bytes, 48 bytes; ``None`` in a binding without digests.
        bound: Whether the label is bound to it; otherwise only its digest is kept.
    """

    uri: str
    content_type: str | None = None
    digest: bytes | None = None
    bound: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a binding says; nothing of it was compared with any data.

    Attributes:
        label: The ``originatorConfidentialityLabel`` of STANAG 4774.
        alternatives: ``alternativeConfidentialityLabel`` elements, in order.
        references: What the label is bound to.
    """

    label: Element
    alternatives: tuple[Element, ...] = ()
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundLabel:
    """A label whose binding matched the data in hand. Who bound it is not known.

    Attributes:
        label: The ``originatorConfidentialityLabel`` of STANAG 4774.
        alternatives: ``alternativeConfidentialityLabel`` elements, in order.
    """

    label: Element
    alternatives: tuple[Element, ...]


def write_binding(binding: Binding) -> bytes:
    """Write the one form of a binding whose references all carry digests.

    Raises:
        FormatError: Whatever `read_binding` refuses: nothing is written that is not read.

    Source: docs/spec/binding.md §2.
    """
    bound = _mb(
        "MetadataBinding",
        *(_mb("Metadata", label) for label in (binding.label, *binding.alternatives)),
        *(_data_reference(reference) for reference in binding.references if reference.bound),
        Id=_ID,
    )
    entries = [_digest_entry(f"#{_ID}", _canonical_digest(bound), canonical=True)]
    entries += [_digest_entry(each.uri, each.digest or b"") for each in binding.references]
    root = _mb(
        "BindingInformation",
        _mb("MetadataBindingContainer", bound),
        Element(namespace=_DS, name="Manifest", children=tuple(entries)),
    )
    written = write_xml(root, prefixes=_PREFIXES)
    read_binding(written)
    return written


def _mb(name: str, *children: Element, **attributes: str) -> Element:
    return Element(
        namespace=BINDING_NAMESPACE,
        name=name,
        attributes={("", key): value for key, value in attributes.items()},
        children=children,
    )


def _data_reference(reference: Reference) -> Element:
    attributes = {("", "URI"): reference.uri}
    if reference.content_type is not None:
        attributes[_XMIME, "contentType"] = reference.content_type
    return Element(namespace=BINDING_NAMESPACE, name="DataReference", attributes=attributes)


def _digest_entry(uri: str, digest: bytes, *, canonical: bool = False) -> Element:
    def ds(name: str, *children: Element, text: str = "", **attributes: str) -> Element:
        named = {("", key): value for key, value in attributes.items()}
        return Element(namespace=_DS, name=name, attributes=named, text=text, children=children)

    transforms = ds("Transforms", ds("Transform", Algorithm=_EXCLUSIVE_C14N))
    return ds(
        "Reference",
        *((transforms,) if canonical else ()),
        ds("DigestMethod", Algorithm=_SHA384),
        ds("DigestValue", text=base64.b64encode(digest).decode()),
        URI=uri,
    )


def _canonical_digest(bound: Element) -> bytes:
    return sha384(write_xml(bound, prefixes=_PREFIXES)).digest()


def read_binding(data: bytes, *, signatures: Signatures = Signatures.REFUSE) -> Binding:
    """Read a binding; its references are compared with nothing yet.

    Raises:
        FormatError: What `secure_liaison.labels.strict_xml.read_xml` refuses;
            ``xml-part-missing``, ``xml-part-twice``, ``xml-part-unknown``, ``xml-part-value``;
            ``binding-two-labels``, ``binding-no-label``, ``binding-reference-twice``,
            ``binding-digest-algorithm``, ``binding-digest-missing``.
        SignatureError: ``binding-signature``.
        TamperedError: ``binding-label-changed``.

    Source: docs/spec/binding.md §2.
    """
    element = read_xml(data, max_bytes=MAX_BINDING_BYTES)
    root = XmlFields(element, namespace=BINDING_NAMESPACE, name="BindingInformation")
    root.optional_attribute("profile", namespace=_EXTENSIONS)
    if root.children("Signature", namespace=_DS) and signatures is Signatures.REFUSE:
        raise SignatureError("binding-signature")
    container = root.child("MetadataBindingContainer")
    container.optional_attribute("Id")
    bound = container.child("MetadataBinding")
    container.done()
    identity = bound.optional_attribute("Id")
    labels = [_label(metadata) for metadata in bound.children("Metadata")]
    references = [_reference(each) for each in bound.children("DataReference")]
    bound.done()
    originators = [label for label in labels if label.name == "originatorConfidentialityLabel"]
    if len(originators) != 1:
        raise FormatError(
            "binding-two-labels" if originators else "binding-no-label", line=bound.line
        )
    if not references:
        raise FormatError("xml-part-missing", line=bound.line, place=f"{bound.path}/DataReference")
    manifest = root.optional_child("Manifest", namespace=_DS)
    root.done()
    if manifest is not None:
        digests = _digests(manifest)
        found = digests.pop("#" + (identity or ""), b"")
        require_equal(_canonical_digest(bound.element), found, "binding-label-changed")
        references = _with_digests(references, digests)
    _refuse_repeated(references, line=bound.line)
    return Binding(
        label=originators[0],
        alternatives=tuple(label for label in labels if label is not originators[0]),
        references=tuple(references),
    )


def _label(metadata: XmlFields) -> Element:
    found = metadata.elements()
    metadata.optional_attribute("contentType", namespace=_XMIME)
    metadata.done()
    if len(found) != 1:
        raise FormatError("binding-two-labels" if found else "binding-no-label", line=metadata.line)
    label = found[0]
    names = {"originatorConfidentialityLabel", "alternativeConfidentialityLabel"}
    if label.namespace != _LABEL or label.name not in names:
        place = f"{metadata.path}/{label.name}"
        raise FormatError("xml-part-unknown", line=label.line, place=place)
    return label


def _reference(found: XmlFields) -> Reference:
    uri = found.attribute("URI", max_size=_MAX_URI)
    content_type = found.optional_attribute("contentType", namespace=_XMIME)
    found.done()
    return Reference(uri=uri, content_type=content_type)


def _digests(manifest: XmlFields) -> dict[str, bytes]:
    manifest.optional_attribute("Id")
    entries = manifest.children("Reference")
    manifest.done()
    digests: dict[str, bytes] = {}
    for entry in entries:
        uri = entry.attribute("URI", max_size=_MAX_URI)
        if uri in digests:
            raise FormatError("binding-reference-twice", line=entry.line)
        digests[uri] = _digest(entry, canonical=uri.startswith("#"))
    return digests


def _digest(entry: XmlFields, *, canonical: bool) -> bytes:
    if canonical:
        transforms = entry.child("Transforms")
        transform = transforms.child("Transform")
        if transform.attribute("Algorithm") != _EXCLUSIVE_C14N:
            transform.refuse_value("@Algorithm")
        transform.done()
        transforms.done()
    method = entry.child("DigestMethod")
    if method.attribute("Algorithm") != _SHA384:
        raise FormatError("binding-digest-algorithm", line=method.line)
    method.done()
    value = entry.child("DigestValue")
    try:
        digest = base64.b64decode(value.text(), validate=True)
    except (binascii.Error, ValueError):
        value.refuse_value()
    if len(digest) != _DIGEST_SIZE:
        value.refuse_value()
    value.done()
    entry.done()
    return digest


def _with_digests(references: list[Reference], digests: dict[str, bytes]) -> list[Reference]:
    """Join references with their digests; what has only a digest follows."""
    joined = []
    for reference in references:
        if reference.uri not in digests:
            raise FormatError("binding-digest-missing")
        joined.append(
            Reference(
                uri=reference.uri,
                content_type=reference.content_type,
                digest=digests[reference.uri],
            )
        )
    bound = {reference.uri for reference in references}
    return joined + [
        Reference(uri=uri, digest=digest, bound=False)
        for uri, digest in digests.items()
        if uri not in bound
    ]


def _refuse_repeated(references: list[Reference], *, line: int) -> None:
    counted = Counter(reference.uri for reference in references)
    if len(counted) < len(references):
        raise FormatError("binding-reference-twice", line=line)
