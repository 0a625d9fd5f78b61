"""Labels and clearances of STANAG 4774 as JSON: the value of the assertion ``nato-label-1``.

Rules:

- The names of docs/spec/stanag4774.md §3, each once; every other one is refused with its place.
- Written is RFC 8785: one form for each label.
- Read is a label alone, or the ``statement`` of an assertion around it.

Source: docs/spec/stanag4774.md §3; ADatP-4774.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import rfc8785

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
from secure_liaison.labels.stanag4774_xml import MAX_FILE_BYTES
from secure_liaison.labels.strict_json import Json, JsonFields, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_clearance_json", "read_label_json", "write_clearance_json", "write_label_json"]

_FORMAT: Final = "json-structured"
_LONGEST_NATIVE: Final = 12_000


def read_label_json(data: bytes) -> Label4774:
    """Read one label of at most `MAX_FILE_BYTES`.

    Raises:
        FormatError: ``too-long``, ``label4774-not-json``, ``label4774-missing``,
            ``label4774-unknown``, ``label4774-value``, and as `Label4774`.
    """
    with _told_as_label():
        fields = JsonFields(read_json(data, max_bytes=MAX_FILE_BYTES))
        return _statement(fields) if fields.has("schema") else _label(fields, nested=False)


def write_label_json(label: Label4774) -> bytes:
    """Write the one form of a label: RFC 8785, UTF-8."""
    return rfc8785.dumps(_label_value(label))


def read_clearance_json(data: bytes) -> Clearance4774:
    """Read one clearance of at most `MAX_FILE_BYTES`.

    Raises:
        FormatError: ``too-long``, ``label4774-not-json``, ``label4774-missing``,
            ``label4774-unknown``, ``label4774-value``, and as `Clearance4774`.
    """
    with _told_as_label():
        fields = JsonFields(read_json(data, max_bytes=MAX_FILE_BYTES))
        _require_text(fields, "Xmlns", CLEARANCE_NAMESPACE)
        clearance = Clearance4774(
            policy=fields.text("PolicyIdentifier"),
            policy_uri=_optional(fields, "PolicyURI"),
            classifications=fields.texts("ClassificationList"),
            categories=_categories(fields),
        )
        fields.done()
    return clearance


def write_clearance_json(clearance: Clearance4774) -> bytes:
    """Write the one form of a clearance: RFC 8785, UTF-8."""
    value: dict[str, Json] = {
        "Xmlns": CLEARANCE_NAMESPACE,
        "PolicyIdentifier": clearance.policy,
        "ClassificationList": list(clearance.classifications),
        "Category": [_category_value(each) for each in clearance.categories],
    }
    return rfc8785.dumps(value | _said(PolicyURI=clearance.policy_uri))


@contextmanager
def _told_as_label() -> Iterator[None]:
    """Let what is wrong with the JSON be told of a label: its reader was made for packs."""
    try:
        yield
    except FormatError as exc:
        place = exc.facts.get("place", "-")
        match exc.reason:
            case "pack-not-json" | "pack-duplicate-name":
                raise FormatError("label4774-not-json") from exc
            case "pack-field-missing":
                raise FormatError("label4774-missing", place=place) from exc
            case "pack-field-unknown":
                raise FormatError("label4774-unknown", place=place) from exc
            case "pack-field-type" | "pack-field-value":
                raise FormatError("label4774-value", place=place) from exc
            case _:
                raise


def _statement(fields: JsonFields) -> Label4774:
    _require_text(fields, "schema", LABEL_NAMESPACE)
    _require_text(fields, "format", _FORMAT)
    label = _label(fields.fields("value"), nested=False)
    fields.done()
    return label


def _label(fields: JsonFields, *, nested: bool) -> Label4774:
    if not nested:
        _require_text(fields, "Xmlns", LABEL_NAMESPACE)
    inner = fields.fields("ConfidentialityInformation")
    origin = fields.fields("OriginatorID") if fields.has("OriginatorID") else None
    has_review = fields.has("ReviewDateTime")
    label = Label4774(
        root=LabelRoot.ORIGINATOR if nested else _root(fields),
        created=_moment(fields, "CreationTime"),
        policy=inner.text("PolicyIdentifier"),
        policy_uri=_optional(inner, "PolicyURI"),
        classification=inner.text("Classification"),
        privacy_mark=_optional(inner, "PrivacyMark"),
        categories=_categories(inner),
        native=_native(inner),
        originator="" if origin is None else origin.text("Value"),
        originator_type="" if origin is None else _optional(origin, "IDType"),
        review_at=_moment(fields, "ReviewDateTime") if has_review else None,
        succession=None if nested else _succession(fields),
    )
    for each in (inner, origin, fields):
        if each is not None:
            each.done()
    return label


def _root(fields: JsonFields) -> LabelRoot:
    if not fields.has("LabelType"):
        return LabelRoot.ORIGINATOR
    roots = {root.value: root for root in LabelRoot}
    place = fields.at("LabelType")
    found = roots.get(fields.text("LabelType"))
    if found is None or found is LabelRoot.ORIGINATOR:
        # The originator's is written by leaving it out.
        raise FormatError("label4774-value", place=place)
    return found


def _categories(fields: JsonFields) -> tuple[Category4774, ...]:
    if not fields.has("Category"):
        return ()
    return tuple(_category(each) for each in fields.objects("Category"))


def _category(fields: JsonFields) -> Category4774:
    types = {each.value: each for each in CategoryType}
    place = fields.at("Type")
    found = types.get(fields.text("Type"))
    if found is None:
        raise FormatError("label4774-value", place=place)
    category = Category4774(
        type=found,
        tag=fields.text("TagName"),
        uri=_optional(fields, "URI"),
        values=fields.texts("GenericValues"),
    )
    fields.done()
    return category


def _native(fields: JsonFields) -> bytes:
    if not fields.has("Extension"):
        return b""
    extension = fields.fields("Extension")
    _require_text(extension, "Xmlns", EXTENSION_NAMESPACE)
    text = extension.text("Label", max_size=_LONGEST_NATIVE)
    extension.done()
    try:
        native = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise FormatError("label4774-value", place=extension.at("Label")) from exc
    if base64.b64encode(native).decode() != text:
        raise FormatError("label4774-value", place=extension.at("Label"))
    return native


def _succession(fields: JsonFields) -> Succession4774 | None:
    if not fields.has("SuccessionHandling"):
        return None
    inner = fields.fields("SuccessionHandling")
    at = _moment(inner, "SuccessionDateTime", round_up=True)
    label = _label(inner.fields("SuccessorConfidentialityLabel"), nested=True)
    inner.done()
    return Succession4774(at=at, label=label)


def _moment(fields: JsonFields, name: str, *, round_up: bool = False) -> Instant:
    text = fields.text(name)
    try:
        return read_moment(text, round_up=round_up)
    except ValueError as exc:
        raise FormatError("label4774-value", place=fields.at(name)) from exc


def _optional(fields: JsonFields, name: str) -> str:
    return fields.text(name) if fields.has(name) else ""


def _require_text(fields: JsonFields, name: str, wanted: str) -> None:
    if fields.text(name) != wanted:
        raise FormatError("label4774-value", place=fields.at(name))


def _label_value(label: Label4774, *, nested: bool = False) -> dict[str, Json]:
    inner: dict[str, Json] = {
        "PolicyIdentifier": label.policy,
        "Classification": label.classification,
        "Category": [_category_value(each) for each in label.categories],
    }
    inner |= _said(PolicyURI=label.policy_uri, PrivacyMark=label.privacy_mark)
    if label.native:
        native = base64.b64encode(label.native).decode()
        inner["Extension"] = {"Xmlns": EXTENSION_NAMESPACE, "Label": native}
    value: dict[str, Json] = {
        "CreationTime": to_iso(label.created),
        "ConfidentialityInformation": inner,
    }
    if not nested:
        value["Xmlns"] = LABEL_NAMESPACE
    if label.root is not LabelRoot.ORIGINATOR:
        value["LabelType"] = label.root.value
    if label.originator:
        value["OriginatorID"] = _said(Value=label.originator, IDType=label.originator_type)
    if label.review_at is not None:
        value["ReviewDateTime"] = to_iso(label.review_at)
    if label.succession is not None:
        value["SuccessionHandling"] = {
            "SuccessionDateTime": to_iso(label.succession.at),
            "SuccessorConfidentialityLabel": _label_value(label.succession.label, nested=True),
        }
    return value


def _category_value(category: Category4774) -> Json:
    value: dict[str, Json] = {
        "Type": category.type.value,
        "TagName": category.tag,
        "GenericValues": list(category.values),
    }
    return value | _said(URI=category.uri)


def _said(**texts: str) -> dict[str, Json]:
    return {name: text for name, text in texts.items() if text}
