"""XEP-0258 security labels: a mark to show, an ESS label, and labels that say the same.

Rules:

- The mark shown protects nothing and is never read as a label.
- A label of another kind than ESS is refused where it protects; among the equivalents it is named
  and left.
- The bytes inside are not read here: an equivalent may be of a policy that nobody here knows.

Source: docs/spec/foreign-labels.md §2; XEP-0258.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.ess import MAX_ESS_BYTES, from_base64, to_base64
from secure_liaison.labels.plain_text import require_plain
from secure_liaison.labels.strict_xml import Element, read_xml, write_xml
from secure_liaison.labels.xml_fields import XmlFields

__all__ = ["DisplayMarking", "SecurityLabel", "read_security_label", "write_security_label"]

NAMESPACE: Final = "urn:xmpp:sec-label:0"
ESS: Final = "urn:xmpp:sec-label:ess:0"
MAX_ELEMENT_BYTES: Final = 2**16
MAX_EQUIVALENTS: Final = 16

_COLOUR: Final = re.compile(r"#[0-9A-Fa-f]{6}|[A-Za-z]{3,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayMarking:
    """What to show, and in which colours (``red`` or ``#FF0000``; empty is the usual one)."""

    text: str
    foreground: str = ""
    background: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityLabel:
    """One ``<securitylabel>``.

    Attributes:
        marking: What to show, or none.
        label: ESSSecurityLabel in DER, not read yet; none where the element is empty, which means
            the default of whoever reads it.
        equivalents: Likewise, those in ESS.
        unread: ``{namespace}name`` of equivalents in other forms.
    """

    marking: DisplayMarking | None = None
    label: bytes | None = None
    equivalents: tuple[bytes, ...] = ()
    unread: tuple[str, ...] = ()


def read_security_label(data: bytes) -> SecurityLabel:
    """Read one ``<securitylabel>`` of at most `MAX_ELEMENT_BYTES`.

    Raises:
        FormatError: those of `read_xml` and `XmlFields`, ``label-text``, ``xep0258-colour``,
            ``xep0258-equivalents``, ``xep0258-form``, those of `from_base64`.
    """
    root = XmlFields(
        read_xml(data, max_bytes=MAX_ELEMENT_BYTES), namespace=NAMESPACE, name="securitylabel"
    )
    shown = root.optional_child("displaymarking")
    marking = None if shown is None else _marking(shown)
    label, left = _inside(root.child("label"))
    if left:
        raise FormatError("xep0258-form", form=left)
    others = [_inside(each) for each in root.children("equivalentlabel")]
    if len(others) > MAX_EQUIVALENTS:
        raise FormatError("xep0258-equivalents", limit=MAX_EQUIVALENTS)
    root.done()
    return SecurityLabel(
        marking=marking,
        label=label,
        equivalents=tuple(octets for octets, _ in others if octets is not None),
        unread=tuple(left for _, left in others if left),
    )


def write_security_label(label: SecurityLabel) -> bytes:
    """Write the one form of an element; ``unread`` cannot be written again.

    Raises:
        FormatError: ``label-text``, ``xep0258-colour``, ``xep0258-equivalents``.
    """
    if len(label.equivalents) > MAX_EQUIVALENTS:
        raise FormatError("xep0258-equivalents", limit=MAX_EQUIVALENTS)
    children = []
    if label.marking is not None:
        _require_marking(label.marking)
        colours = {"fgcolor": label.marking.foreground, "bgcolor": label.marking.background}
        children.append(
            Element(
                namespace=NAMESPACE,
                name="displaymarking",
                attributes={("", name): colour for name, colour in colours.items() if colour},
                text=label.marking.text,
            )
        )
    children.append(_element("label", label.label))
    children += [_element("equivalentlabel", octets) for octets in label.equivalents]
    root = Element(namespace=NAMESPACE, name="securitylabel", children=tuple(children))
    return write_xml(root, prefixes={"": NAMESPACE, "ess": ESS})


def _marking(fields: XmlFields) -> DisplayMarking:
    marking = DisplayMarking(
        text=fields.text(),
        foreground=fields.optional_attribute("fgcolor") or "",
        background=fields.optional_attribute("bgcolor") or "",
    )
    fields.done()
    _require_marking(marking)
    return marking


def _require_marking(marking: DisplayMarking) -> None:
    require_plain(marking.text)
    if not marking.text:
        raise FormatError("label-text")
    for colour in (marking.foreground, marking.background):
        if colour and _COLOUR.fullmatch(colour) is None:
            raise FormatError("xep0258-colour")


def _inside(fields: XmlFields) -> tuple[bytes | None, str]:
    """Return the bytes of an ESS label, or the name of another form, or neither."""
    found = fields.optional_child("esssecuritylabel", namespace=ESS)
    others = fields.elements()
    fields.done()
    if found is None:
        return None, f"{{{others[0].namespace}}}{others[0].name}"[:200] if others else ""
    if others:
        raise FormatError("xml-part-twice", line=others[0].line, place=fields.path)
    octets = from_base64(found.text(max_size=2 * MAX_ESS_BYTES))
    found.done()
    return octets, ""


def _element(name: str, octets: bytes | None) -> Element:
    inside = (
        ()
        if octets is None
        else (Element(namespace=ESS, name="esssecuritylabel", text=to_base64(octets)),)
    )
    return Element(namespace=NAMESPACE, name=name, children=inside)
