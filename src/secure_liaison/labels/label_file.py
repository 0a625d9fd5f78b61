"""A file that holds one label, in any of the forms that are known here.

Rules:

- The form is told by the first byte: ``<`` or a byte order mark is XML, ``{`` is JSON, all else is
  the native encoding. A file of one form is never tried as another.
- XML and JSON of STANAG 4774 hold the same; between them nothing is judged and no pack is needed.

Source: docs/spec/stanag4774.md §8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.labels.label import Label, decode_label
from secure_liaison.labels.names4774 import names_policy
from secure_liaison.labels.pack import builtin_pack, builtin_packs, pack_in_force
from secure_liaison.labels.stanag4774_json import read_label_json, write_label_json
from secure_liaison.labels.stanag4774_xml import read_label_xml, write_label_xml

if TYPE_CHECKING:
    from secure_liaison.labels.label4774 import Label4774
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["LabelFile", "LabelForm", "pack_for", "read_label_file", "write_4774"]

_XML_BEGINS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class LabelForm(Enum):
    """The forms of a file."""

    XML = "4774-xml"
    JSON = "4774-json"
    NATIVE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFile:
    """What a file holds.

    Attributes:
        form: How it is written.
        label: Of ours if the form is native, otherwise of STANAG 4774.
    """

    form: LabelForm
    label: Label | Label4774


def read_label_file(octets: bytes) -> LabelFile:
    """Read a file.

    Raises:
        FormatError: as `read_label_xml`, `read_label_json` or `decode_label`.
        UnsupportedVersionError: ``unknown-version``.
    """
    begun = octets.lstrip()
    if begun.startswith(_XML_BEGINS):
        return LabelFile(form=LabelForm.XML, label=read_label_xml(octets))
    if begun.startswith(b"{"):
        return LabelFile(form=LabelForm.JSON, label=read_label_json(octets))
    return LabelFile(form=LabelForm.NATIVE, label=decode_label(octets))


def write_4774(label: Label4774, form: LabelForm) -> bytes:
    """Write a label of STANAG 4774.

    Raises:
        ValueError: The form is the native one.
    """
    match form:
        case LabelForm.XML:
            return write_label_xml(label)
        case LabelForm.JSON:
            return write_label_json(label)
        case LabelForm.NATIVE:
            raise ValueError("the native form is written by `encode_label`")
        case _:
            assert_never(form)


def pack_for(file: LabelFile) -> PolicyPack:
    """Return the built-in pack that judges a label: that of its policy, in force at its date.

    Raises:
        FormatError: ``pack-unknown``, ``pack-none-in-force``; and as `decode_label`.
    """
    label = file.label
    if isinstance(label, Label):
        return builtin_pack(label.policy)
    if label.native:
        return builtin_pack(decode_label(label.native).policy)
    for pack in builtin_packs():
        if names_policy(pack, label.policy, label.policy_uri):
            return pack_in_force(pack.id, label.created)
    raise FormatError("pack-unknown")
