"""ESS security labels as bytes: the only door to ``pyasn1``.

Rules:

- Read is DER only, so a label has one encoding: what does not encode again to the same bytes is
  refused (a member twice or out of order, a length or a number that could be shorter, bits beside
  a bit string). Indefinite lengths and trailing bytes are refused.
- At most `MAX_ESS_BYTES` bytes, `MAX_TAGS` categories, `MAX_NUMBERS` numbers in one of them.
- The policy and the classification must be there: without them nobody knows what protects.
- Categories are those of ACP 145; any other type is refused by its name, never skipped: it may
  restrict.
- A privacy mark is written as UTF8String; PrintableString is read.

What the numbers mean under a pack: `secure_liaison.labels.ess_mapping`.

Source: docs/spec/foreign-labels.md §2; RFC 2634 §3.2; X.690.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, assert_never

from pyasn1.codec.der import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import char, namedtype, tag, univ

from secure_liaison.errors import FormatError
from secure_liaison.labels.plain_text import require_plain

__all__ = [
    "MAX_ESS_BYTES",
    "MAX_NUMBERS",
    "MAX_TAGS",
    "EssEffect",
    "EssForm",
    "EssLabel",
    "EssTag",
    "from_base64",
    "read_ess",
    "to_base64",
    "write_ess",
]

MAX_ESS_BYTES: Final = 4096
MAX_TAGS: Final = 64
MAX_NUMBERS: Final = 256
HIGHEST_CLASS: Final = 256
HIGHEST_NUMBER: Final = 2**31 - 1
HIGHEST_BIT: Final = 16_383
"""A bit string grows with the number of its last bit; 2 KiB are enough."""

_LONGEST_OID: Final = 200


class EssEffect(Enum):
    """What a category does to access."""

    RESTRICTIVE = "restrictive"
    """The reader needs every number."""
    PERMISSIVE = "permissive"
    """The reader needs one of the numbers."""
    INFORMATIVE = "informative"
    """Nothing."""


class EssForm(Enum):
    """How numbers are written."""

    BITMAP = "bitmap"
    ENUMERATED = "enumerated"


@dataclass(frozen=True, slots=True, kw_only=True)
class EssTag:
    """Numbers of one tag set.

    Attributes:
        tag_set: Object identifier of the tag set, dotted.
        numbers: 1 to `MAX_NUMBERS` numbers (lacv), each 0 to 2^31 - 1, in a bitmap to 16383.
    """

    effect: EssEffect
    form: EssForm
    tag_set: str
    numbers: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EssLabel:
    """One label as ESS says it.

    Attributes:
        policy: Object identifier of the policy, dotted.
        classification: 0 to 256.
        privacy_mark: Text that protects nothing, or none.
        tags: At most one for each effect and tag set; the order says nothing.
    """

    policy: str
    classification: int
    privacy_mark: str | None = None
    tags: tuple[EssTag, ...] = ()


_COMMON: Final = "2.16.840.1.101.2.1.8.3"
_TYPES: Final = {
    (EssEffect.RESTRICTIVE, EssForm.BITMAP): f"{_COMMON}.0",
    (EssEffect.PERMISSIVE, EssForm.ENUMERATED): f"{_COMMON}.1",
    (EssEffect.PERMISSIVE, EssForm.BITMAP): f"{_COMMON}.2",
    (EssEffect.INFORMATIVE, EssForm.BITMAP): f"{_COMMON}.3",
    (EssEffect.INFORMATIVE, EssForm.ENUMERATED): f"{_COMMON}.3",
    (EssEffect.RESTRICTIVE, EssForm.ENUMERATED): f"{_COMMON}.4",
}


_asn1_tag = tag.Tag
"""A tag of ASN.1; what signatures carry is called a tag too, and is another thing."""


def _context(number: int) -> tag.Tag:
    return _asn1_tag(tag.tagClassContext, tag.tagFormatSimple, number)


class _Category(univ.Sequence):  # type: ignore[misc]  # pyasn1 ships no types
    componentType = namedtype.NamedTypes(  # noqa: N815  # pyasn1's name
        namedtype.NamedType("type", univ.ObjectIdentifier().subtype(implicitTag=_context(0))),
        namedtype.NamedType("value", univ.Any().subtype(explicitTag=_context(1))),
    )


class _Categories(univ.SetOf):  # type: ignore[misc]  # pyasn1 ships no types
    componentType = _Category()  # noqa: N815  # pyasn1's name


class _PrivacyMark(univ.Choice):  # type: ignore[misc]  # pyasn1 ships no types
    componentType = namedtype.NamedTypes(  # noqa: N815  # pyasn1's name
        namedtype.NamedType("printable", char.PrintableString()),
        namedtype.NamedType("utf8", char.UTF8String()),
    )


class _Label(univ.Set):  # type: ignore[misc]  # pyasn1 ships no types
    # The policy is not optional; read as if it were, its absence can be told from other mistakes.
    componentType = namedtype.NamedTypes(  # noqa: N815  # pyasn1's name
        namedtype.OptionalNamedType("policy", univ.ObjectIdentifier()),
        namedtype.OptionalNamedType("classification", univ.Integer()),
        namedtype.OptionalNamedType("mark", _PrivacyMark()),
        namedtype.OptionalNamedType("categories", _Categories()),
    )


class _Numbers(univ.SetOf):  # type: ignore[misc]  # pyasn1 ships no types
    componentType = univ.Integer()  # noqa: N815  # pyasn1's name


class _Field(univ.Choice):  # type: ignore[misc]  # pyasn1 ships no types
    componentType = namedtype.NamedTypes(  # noqa: N815  # pyasn1's name
        namedtype.NamedType(EssForm.BITMAP.value, univ.BitString()),
        namedtype.NamedType(EssForm.ENUMERATED.value, _Numbers()),
    )


class _Tag(univ.Sequence):  # type: ignore[misc]  # pyasn1 ships no types
    componentType = namedtype.NamedTypes(  # noqa: N815  # pyasn1's name
        namedtype.NamedType("name", univ.ObjectIdentifier()),
        namedtype.NamedType("field", _Field()),
    )


def read_ess(octets: bytes) -> EssLabel:
    """Read one ESSSecurityLabel in DER.

    Raises:
        FormatError: ``too-long``, ``ess-malformed``, ``ess-trailing``, ``ess-not-der``,
            ``ess-no-policy``, ``ess-no-classification``, ``ess-classification``,
            ``ess-privacy-mark``, ``ess-categories``, then for each category
            ``ess-category-type``, ``ess-malformed``, ``ess-trailing``, ``ess-not-der``,
            ``ess-category-form``, ``ess-number``, ``ess-category-twice``.
    """
    if len(octets) > MAX_ESS_BYTES:
        raise FormatError("too-long", limit=MAX_ESS_BYTES)
    found = _decoded(octets, _Label())
    if not found["policy"].isValue:
        raise FormatError("ess-no-policy")
    if not found["classification"].isValue:
        raise FormatError("ess-no-classification")
    level = int(found["classification"])
    if not 0 <= level <= HIGHEST_CLASS:
        raise FormatError("ess-classification")
    mark = str(found["mark"].getComponent()) if found["mark"].isValue else None
    if mark is not None:
        _require_mark(mark)
    categories = list(found["categories"]) if found["categories"].isValue else []
    if len(categories) > MAX_TAGS:
        raise FormatError("ess-categories", limit=MAX_TAGS)
    tags = tuple(_read_tag(each) for each in categories)
    _refuse_repeated(tags)
    return EssLabel(
        policy=_dotted(found["policy"]), classification=level, privacy_mark=mark, tags=tags
    )


def write_ess(label: EssLabel) -> bytes:
    """Return the label in DER.

    Raises:
        FormatError: ``ess-classification``, ``ess-privacy-mark``, ``ess-categories``,
            ``ess-number``, ``ess-category-twice``, ``ess-oid``, ``too-long``.
    """
    if not 0 <= label.classification <= HIGHEST_CLASS:
        raise FormatError("ess-classification")
    if len(label.tags) > MAX_TAGS:
        raise FormatError("ess-categories", limit=MAX_TAGS)
    _refuse_repeated(label.tags)
    built = _Label()
    built["policy"] = _oid(label.policy)
    built["classification"] = label.classification
    if label.privacy_mark is not None:
        _require_mark(label.privacy_mark)
        built["mark"]["utf8"] = label.privacy_mark
    for number, each in enumerate(label.tags):
        built["categories"][number] = _built_tag(each)
    octets = bytes(encoder.encode(built))
    if len(octets) > MAX_ESS_BYTES:
        raise FormatError("too-long", limit=MAX_ESS_BYTES)
    return octets


def to_base64(octets: bytes) -> str:
    """Return bytes as XEP-0258 carries them."""
    return base64.b64encode(octets).decode()


def from_base64(text: str) -> bytes:
    """Return the bytes of a text; white space may stand anywhere, padding must be there.

    Raises:
        FormatError: ``too-long``, ``ess-base64``: also where another text would mean the same.
    """
    if len(text) > 2 * MAX_ESS_BYTES:
        raise FormatError("too-long", limit=MAX_ESS_BYTES)
    compact = "".join(text.split())
    try:
        octets = base64.b64decode(compact, validate=True)
    except (ValueError, binascii.Error) as exc:
        raise FormatError("ess-base64") from exc
    if to_base64(octets) != compact:
        raise FormatError("ess-base64")
    return octets


def _decoded(octets: bytes, kind: Any) -> Any:
    try:
        found, rest = decoder.decode(octets, asn1Spec=kind)
        again = bytes(encoder.encode(found))
    except (PyAsn1Error, ValueError, OverflowError, IndexError, TypeError, AttributeError) as exc:
        # pyasn1 lets some errors of Python through for bytes that are no encoding at all.
        raise FormatError("ess-malformed") from exc
    if rest:
        raise FormatError("ess-trailing", count=len(rest))
    if again != octets:
        raise FormatError("ess-not-der")
    return found


def _read_tag(found: Any) -> EssTag:
    kind = _dotted(found["type"])
    if kind not in _TYPES.values():
        raise FormatError("ess-category-type", type=kind)
    tagged = _decoded(bytes(found["value"]), _Tag())
    name, form = _dotted(tagged["name"]), EssForm(tagged["field"].getName())
    effects = [
        effect for (effect, as_form), oid in _TYPES.items() if (oid, as_form) == (kind, form)
    ]
    if not effects:
        raise FormatError("ess-category-form", type=kind)
    field = tagged["field"].getComponent()
    match form:
        case EssForm.BITMAP:
            written = [number for number, bit in enumerate(field) if bit]
        case EssForm.ENUMERATED:
            written = [int(number) for number in field]
        case _:
            assert_never(form)
    made = EssTag(effect=effects[0], form=form, tag_set=name, numbers=frozenset(written))
    if len(written) != len(made.numbers):
        raise FormatError("ess-number", tag_set=name)
    _require_numbers(made)
    return made


def _built_tag(made: EssTag) -> _Category:
    _require_numbers(made)
    tagged = _Tag()
    tagged["name"] = _oid(made.tag_set)
    match made.form:
        case EssForm.BITMAP:
            bits = ["0"] * (max(made.numbers) + 1)
            for number in made.numbers:
                bits[number] = "1"
            tagged["field"][made.form.value] = univ.BitString("'" + "".join(bits) + "'B")
        case EssForm.ENUMERATED:
            tagged["field"][made.form.value].extend(sorted(made.numbers))
        case _:
            assert_never(made.form)
    category = _Category()
    category["type"] = _TYPES[made.effect, made.form]
    category["value"] = encoder.encode(tagged)
    return category


def _require_numbers(made: EssTag) -> None:
    highest = HIGHEST_BIT if made.form is EssForm.BITMAP else HIGHEST_NUMBER
    if not 0 < len(made.numbers) <= MAX_NUMBERS or not all(
        0 <= number <= highest for number in made.numbers
    ):
        raise FormatError("ess-number", tag_set=made.tag_set)


def _refuse_repeated(tags: tuple[EssTag, ...]) -> None:
    seen = set()
    for each in tags:
        if (each.effect, each.tag_set) in seen:
            raise FormatError("ess-category-twice", tag_set=each.tag_set)
        seen.add((each.effect, each.tag_set))


def _require_mark(mark: str) -> None:
    try:
        require_plain(mark)
    except FormatError as exc:
        raise FormatError("ess-privacy-mark") from exc
    if not mark:
        raise FormatError("ess-privacy-mark")


def _dotted(oid: Any) -> str:
    text = str(oid)
    if len(text) > _LONGEST_OID:
        raise FormatError("ess-malformed")
    return text


def _oid(dotted: str) -> univ.ObjectIdentifier:
    try:
        oid = univ.ObjectIdentifier(dotted)
        encoder.encode(oid)
    except (PyAsn1Error, ValueError) as exc:
        raise FormatError("ess-oid", oid=dotted) from exc
    if str(oid) != dotted or len(dotted) > _LONGEST_OID:
        raise FormatError("ess-oid", oid=dotted)
    return oid
