"""Labels and clearances of STANAG 4774 as XML: read strictly, written in one form.

Rules:

- The elements and attributes of docs/spec/stanag4774.md §2, each at most as often as there; every
  other one is refused with its line, except extensions at the end of ``ConfidentialityInformation``
  in other namespaces, which are read over and named.
- Forbidden here though XML would allow it: ``Classification/@URI``, ``IntegerValue``,
  ``BitStringValue``.
- Elements may stand in any order; written they stand in the standard's.

Source: docs/spec/stanag4774.md §2; ADatP-4774.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant, to_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.label4774 import (
    CLEARANCE_NAMESPACE,
    EXTENSION_NAMESPACE,
    LABEL_NAMESPACE,
    Category4774,
    CategoryType,
    Clearance4774,
    Label4774,
    LabelRoot,
    Succession4774,
)
from secure_liaison.labels.moment4774 import read_moment
from secure_liaison.labels.plain_text import require_plain
from secure_liaison.labels.strict_xml import Element, read_xml, write_xml
from secure_liaison.labels.xml_fields import XmlFields

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MAX_FILE_BYTES",
    "label_element",
    "read_clearance_xml",
    "read_label_element",
    "read_label_xml",
    "write_clearance_xml",
    "write_label_xml",
]

MAX_FILE_BYTES: Final = 2**18
_SUCCESSOR: Final = "SuccessorConfidentialityLabel"
_CLEARANCE: Final = "ConfidentialityClearance"
_LONGEST_NATIVE: Final = 12_000


def read_label_xml(data: bytes) -> Label4774:
    """Read a document that is one label, of at most `MAX_FILE_BYTES`.

    Raises:
        FormatError: as `read_xml`, then as `read_label_element`.
    """
    return read_label_element(read_xml(data, max_bytes=MAX_FILE_BYTES))


def read_label_element(element: Element) -> Label4774:
    """Read a label that stands somewhere in a document.

    Raises:
        FormatError: as `XmlFields`, and as `Label4774`.
    """
    roots = {root.value: root for root in LabelRoot}
    root = roots.get(element.name, LabelRoot.ORIGINATOR)
    return _label(XmlFields(element, namespace=LABEL_NAMESPACE, name=root.value), root)


def write_label_xml(label: Label4774) -> bytes:
    """Write the one form of a label: Exclusive C14N, UTF-8."""
    return write_xml(
        label_element(label), prefixes={"": LABEL_NAMESPACE, "sl": EXTENSION_NAMESPACE}
    )


def label_element(label: Label4774) -> Element:
    """Return a label as an element, to stand in another document."""
    return _label_element(label, label.root.value)


def read_clearance_xml(data: bytes) -> Clearance4774:
    """Read a document that is one clearance, of at most `MAX_FILE_BYTES`.

    Raises:
        FormatError: as `read_xml`, `XmlFields` and `Clearance4774`.
    """
    element = read_xml(data, max_bytes=MAX_FILE_BYTES)
    fields = XmlFields(element, namespace=CLEARANCE_NAMESPACE, name=_CLEARANCE)
    policy, uri = _policy(fields)
    levels = fields.child("ClassificationList")
    clearance = Clearance4774(
        policy=policy,
        policy_uri=uri,
        classifications=tuple(_leaf_text(each) for each in levels.children("Classification")),
        categories=_categories(fields),
    )
    levels.done()
    fields.done()
    return clearance


def write_clearance_xml(clearance: Clearance4774) -> bytes:
    """Write the one form of a clearance: Exclusive C14N, UTF-8."""
    space = CLEARANCE_NAMESPACE
    levels = tuple(
        _text_element(space, "Classification", each) for each in clearance.classifications
    )
    root = Element(
        namespace=space,
        name=_CLEARANCE,
        children=(
            _policy_element(space, clearance.policy, clearance.policy_uri),
            Element(namespace=space, name="ClassificationList", children=levels),
            *(_category_element(space, each) for each in clearance.categories),
        ),
    )
    return write_xml(root, prefixes={"": space})


def _label(fields: XmlFields, root: LabelRoot) -> Label4774:
    inner = fields.child("ConfidentialityInformation")
    policy, uri = _policy(inner)
    mark = inner.optional_child("PrivacyMark")
    review = fields.optional_attribute("ReviewDateTime")
    originator = fields.optional_child("OriginatorID")
    label = Label4774(
        root=root,
        policy=policy,
        policy_uri=uri,
        classification=_leaf_text(inner.child("Classification")),
        privacy_mark="" if mark is None else _leaf_text(mark),
        categories=_categories(inner),
        native=_native(inner),
        extensions=_foreign(inner),
        originator_type=(originator and originator.optional_attribute("IDType")) or "",
        originator="" if originator is None else _leaf_text(originator),
        created=_moment(fields.child("CreationDateTime")),
        review_at=None if review is None else _moment_of(fields, "@ReviewDateTime", review),
        succession=_succession(fields.optional_child("SuccessionHandling")),
    )
    inner.done()
    fields.done()
    return label


def _policy(fields: XmlFields) -> tuple[str, str]:
    found = fields.child("PolicyIdentifier")
    uri = found.optional_attribute("URI") or ""
    return _leaf_text(found), uri


def _categories(fields: XmlFields) -> tuple[Category4774, ...]:
    return tuple(_category(each) for each in fields.children("Category"))


def _category(fields: XmlFields) -> Category4774:
    types = {each.value: each for each in CategoryType}
    found = types.get(fields.attribute("Type"))
    if found is None:
        fields.refuse_value("@Type")
    tag, uri = fields.attribute("TagName"), fields.optional_attribute("URI") or ""
    values = tuple(_leaf_text(each) for each in fields.children("GenericValue"))
    fields.done()
    return Category4774(type=found, tag=tag, uri=uri, values=values)


def _native(fields: XmlFields) -> bytes:
    found = fields.optional_child("Label", namespace=EXTENSION_NAMESPACE)
    if found is None:
        return b""
    text = found.text(max_size=_LONGEST_NATIVE)
    try:
        native = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError):
        found.refuse_value()
    if base64.b64encode(native).decode() != text:
        found.refuse_value()
    found.done()
    return native


def _foreign(fields: XmlFields) -> tuple[str, ...]:
    """Take extensions of others; what is unknown in the label's own namespace is refused."""
    rest = fields.elements()
    for each in rest:
        if each.namespace in {LABEL_NAMESPACE, EXTENSION_NAMESPACE, ""}:
            raise FormatError(
                "xml-part-unknown", line=each.line, place=f"{fields.path}/{each.name}"
            )
    return tuple(each.namespace for each in rest)


def _succession(fields: XmlFields | None) -> Succession4774 | None:
    if fields is None:
        return None
    at = _moment(fields.child("SuccessionDateTime"), round_up=True)
    label = _label(fields.child(_SUCCESSOR), LabelRoot.ORIGINATOR)
    fields.done()
    return Succession4774(at=at, label=label)


def _moment(fields: XmlFields, *, round_up: bool = False) -> Instant:
    moment = _moment_of(fields, "", fields.text(), round_up=round_up)
    fields.done()
    return moment


def _moment_of(fields: XmlFields, part: str, text: str, *, round_up: bool = False) -> Instant:
    try:
        return read_moment(text, round_up=round_up)
    except ValueError:
        fields.refuse_value(part)


def _leaf_text(fields: XmlFields) -> str:
    text = fields.text()
    try:
        require_plain(text)
    except FormatError:
        fields.refuse_value()
    fields.done()
    return text


def _label_element(label: Label4774, name: str) -> Element:
    space = LABEL_NAMESPACE
    attributes = (
        {} if label.review_at is None else {("", "ReviewDateTime"): to_iso(label.review_at)}
    )
    children = [_information(label)]
    if label.originator:
        kind = {("", "IDType"): label.originator_type} if label.originator_type else {}
        children.append(_text_element(space, "OriginatorID", label.originator, kind))
    children.append(_text_element(space, "CreationDateTime", to_iso(label.created)))
    if label.succession is not None:
        parts = (
            _text_element(space, "SuccessionDateTime", to_iso(label.succession.at)),
            _label_element(label.succession.label, _SUCCESSOR),
        )
        children.append(Element(namespace=space, name="SuccessionHandling", children=parts))
    return Element(namespace=space, name=name, attributes=attributes, children=tuple(children))


def _information(label: Label4774) -> Element:
    space = LABEL_NAMESPACE
    children = [
        _policy_element(space, label.policy, label.policy_uri),
        _text_element(space, "Classification", label.classification),
    ]
    if label.privacy_mark:
        children.append(_text_element(space, "PrivacyMark", label.privacy_mark))
    children += [_category_element(space, each) for each in label.categories]
    if label.native:
        native = base64.b64encode(label.native).decode()
        children.append(_text_element(EXTENSION_NAMESPACE, "Label", native))
    return Element(namespace=space, name="ConfidentialityInformation", children=tuple(children))


def _policy_element(space: str, policy: str, uri: str) -> Element:
    return _text_element(space, "PolicyIdentifier", policy, {("", "URI"): uri} if uri else {})


def _category_element(space: str, category: Category4774) -> Element:
    attributes = {("", "Type"): category.type.value, ("", "TagName"): category.tag}
    if category.uri:
        attributes["", "URI"] = category.uri
    return Element(
        namespace=space,
        name="Category",
        attributes=attributes,
        children=tuple(_text_element(space, "GenericValue", each) for each in category.values),
    )


def _text_element(
    space: str, name: str, text: str, attributes: Mapping[tuple[str, str], str] | None = None
) -> Element:
    return Element(namespace=space, name=name, text=text, attributes=attributes or {})
