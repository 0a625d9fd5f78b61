"""A file that holds one label, in any of the forms that are known here.

Rules:

- The form is told by the first byte: ``<`` or a byte order mark is XML, ``{`` is JSON, ``1`` is ESS
  in DER, ``M`` is ESS in Base64, all else is the native encoding. XML is of XEP-0258 if its
  outermost element is, otherwise of STANAG 4774. A file of one form is never tried as another.
- XML and JSON of STANAG 4774 hold the same; between them nothing is judged and no pack is needed.

Source: docs/spec/stanag4774.md §8; docs/spec/foreign-labels.md §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.labels.ess import from_base64, read_ess
from secure_liaison.labels.label import Label, decode_label
from secure_liaison.labels.names4774 import names_policy
from secure_liaison.labels.shelf import BUILTIN_SHELF, Shelf
from secure_liaison.labels.stanag4774_json import read_label_json, write_label_json
from secure_liaison.labels.stanag4774_xml import (
    MAX_FILE_BYTES,
    read_label_element,
    write_label_xml,
)
from secure_liaison.labels.strict_xml import read_xml
from secure_liaison.labels.xep0258 import NAMESPACE, read_security_label

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.labels.label4774 import Label4774
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["EssInFile", "LabelFile", "LabelForm", "pack_for", "read_label_file", "write_4774"]

_XML_BEGINS: Final = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_DER_BEGINS: Final = b"1"
_BASE64_BEGINS: Final = b"M"
"""Of a SET in DER."""


class LabelForm(Enum):
    """The forms of a file."""

    XML = "4774-xml"
    JSON = "4774-json"
    NATIVE = "native"
    ESS = "ess"
    XEP0258 = "xep0258"


@dataclass(frozen=True, slots=True, kw_only=True)
class EssInFile:
    """A label of ESS, alone or as XEP-0258 carries it.

    Attributes:
        octets: DER, not read yet.
        shown: The mark that came with it; protects nothing and proves nothing.
        others: How many labels came with it that claim to say the same; they are not read.
    """

    octets: bytes
    shown: str = ""
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFile:
    """What a file holds.

    Attributes:
        form: How it is written.
        label: Of ours if the form is native, otherwise of STANAG 4774 or ESS.
    """

    form: LabelForm
    label: Label | Label4774 | EssInFile


def read_label_file(octets: bytes) -> LabelFile:
    """Read a file.

    Raises:
        FormatError: as `read_xml`, `read_label_element`, `read_security_label`,
            `read_label_json`, `from_base64` or `decode_label`; ``xep0258-empty``.
        UnsupportedVersionError: ``unknown-version``.
    """
    begun = octets.lstrip()
    if begun.startswith(_XML_BEGINS):
        return _read_xml(octets)
    if begun.startswith(b"{"):
        return LabelFile(form=LabelForm.JSON, label=read_label_json(octets))
    if octets.startswith(_DER_BEGINS):
        return LabelFile(form=LabelForm.ESS, label=EssInFile(octets=octets))
    if begun.startswith(_BASE64_BEGINS):
        ess = EssInFile(octets=from_base64(begun.decode("latin-1")))
        return LabelFile(form=LabelForm.ESS, label=ess)
    return LabelFile(form=LabelForm.NATIVE, label=decode_label(octets))


def write_4774(label: Label4774, form: LabelForm) -> bytes:
    """Write a label of STANAG 4774.

    Raises:
        ValueError: The form is not one of STANAG 4774.
    """
    match form:
        case LabelForm.XML:
            return write_label_xml(label)
        case LabelForm.JSON:
            return write_label_json(label)
        case LabelForm.NATIVE | LabelForm.ESS | LabelForm.XEP0258:
            raise ValueError("the native form is written by `encode_label`, ESS by `to_ess`")
        case _:
            assert_never(form)


def pack_for(
    file: LabelFile, *, created: Instant | None = None, packs: Shelf = BUILTIN_SHELF
) -> PolicyPack:
    """Return the pack that judges a label: that of its policy, in force at its date.

    Args:
        file: What was read.
        packs: Where it is looked up.
        created: When the label was made, for a form that does not say it (ESS).

    Raises:
        FormatError: as `read_ess`, ``pack-unknown``, ``pack-none-in-force``; and as
            `decode_label`.
        ValueError: the form does not say when, and nobody else does.
    """
    label = file.label
    if isinstance(label, Label):
        return packs.named(label.policy)
    if isinstance(label, EssInFile):
        return _pack_of_ess(label, created, packs)
    if label.native:
        return packs.named(decode_label(label.native).policy)
    for pack in packs.newest():
        if names_policy(pack, label.policy, label.policy_uri):
            return packs.in_force(pack.id, label.created)
    raise FormatError("pack-unknown")


def _read_xml(octets: bytes) -> LabelFile:
    root = read_xml(octets, max_bytes=MAX_FILE_BYTES)
    if root.namespace != NAMESPACE:
        return LabelFile(form=LabelForm.XML, label=read_label_element(root))
    found = read_security_label(octets)
    if found.label is None:
        raise FormatError("xep0258-empty")
    ess = EssInFile(
        octets=found.label,
        shown="" if found.marking is None else found.marking.text,
        others=len(found.equivalents) + len(found.unread),
    )
    return LabelFile(form=LabelForm.XEP0258, label=ess)


def _pack_of_ess(label: EssInFile, created: Instant | None, packs: Shelf) -> PolicyPack:
    if created is None:
        raise ValueError("a label of ESS does not say when it was made")
    policy = read_ess(label.octets).policy
    for pack in packs.newest():
        if pack.oid == policy:
            return packs.in_force(pack.id, created)
    raise FormatError("pack-unknown")
