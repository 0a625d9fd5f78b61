r"""The e-mail header in which Australian agencies mark a message, as a typed value and back.

Rules:

- ``VER=2018.4, NS=gov.au, SEC=PROTECTED, CAVEAT=SH:CABINET, ACCESS=Legal-Privilege``: the fields
  in this order, none of another kind.
- Texts are printable ASCII with ``\,`` and ``\\``; what is written can therefore hold neither a
  second field nor a second header.
- No pack stands behind it: a level read here is not one of ours and maps to nothing by its name.

Source: docs/spec/labels.md §10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from secure_liaison.errors import FormatError

__all__ = [
    "PSPF_HEADER",
    "PspfAccess",
    "PspfCaveat",
    "PspfCaveatKind",
    "PspfLevel",
    "PspfMarking",
    "parse_pspf",
    "render_pspf",
]

PSPF_HEADER: Final = "X-Protective-Marking"
MAX_HEADER: Final = 8192
"""Characters."""

_VERSION: Final = "2018.4"
_NAMESPACE: Final = "gov.au"
_FIELD: Final = re.compile(r"([A-Z]{2,8})=((?:[^,\\]|\\[,\\:])*)(?:,[ \t\r\n]*|\Z)")
_ESCAPED: Final = re.compile(r"\\([,\\:])")
_TEXT: Final = re.compile(r"[ -~]{1,128}")
_ORDER: Final = ("VER", "NS", "SEC", "CAVEAT", "EXPIRES", "DOWNTO", "ACCESS", "NOTE", "ORIGIN")
_MANY: Final = frozenset({"CAVEAT", "ACCESS"})
_WordT = TypeVar("_WordT", bound=Enum)


class PspfLevel(Enum):
    """The levels, as the header writes them."""

    UNOFFICIAL = "UNOFFICIAL"
    OFFICIAL = "OFFICIAL"
    OFFICIAL_SENSITIVE = "OFFICIAL:Sensitive"
    PROTECTED = "PROTECTED"
    SECRET = "SECRET"  # noqa: S105  # a level, not a password
    TOP_SECRET = "TOP-SECRET"  # noqa: S105


class PspfCaveatKind(Enum):
    """The kinds of caveat, as the header writes them."""

    CODEWORD = "C"
    FOREIGN_GOVERNMENT = "FG"
    RELEASABILITY = "RI"
    SPECIAL_HANDLING = "SH"


class PspfAccess(Enum):
    """The information management markers."""

    LEGAL_PRIVILEGE = "Legal-Privilege"
    LEGISLATIVE_SECRECY = "Legislative-Secrecy"
    PERSONAL_PRIVACY = "Personal-Privacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class PspfCaveat:
    """One caveat: ``RI:AUSTEO``.

    Raises:
        FormatError: ``pspf-value``.
    """

    kind: PspfCaveatKind
    text: str

    def __post_init__(self) -> None:
        _require_text(self.text, "CAVEAT")


@dataclass(frozen=True, slots=True, kw_only=True)
class PspfMarking:
    """What one header says.

    Attributes:
        caveats: In their order, each once.
        expires: A date or an event, 1 to 128 characters, or empty.
        down_to: The level from then on; given if and only if ``expires`` is.
        access: In their order, each once.
        note: 1 to 128 characters, or empty; likewise the origin, an e-mail address.

    Raises:
        FormatError: ``pspf-value``, ``pspf-repeated``.
    """

    level: PspfLevel
    caveats: tuple[PspfCaveat, ...] = ()
    expires: str = ""
    down_to: PspfLevel | None = None
    access: tuple[PspfAccess, ...] = ()
    note: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        for name, text in (
            ("EXPIRES", self.expires),
            ("NOTE", self.note),
            ("ORIGIN", self.origin),
        ):
            if text:
                _require_text(text, name)
        if bool(self.expires) != (self.down_to is not None):
            raise FormatError("pspf-value", name="DOWNTO")
        for name, many in (("CAVEAT", self.caveats), ("ACCESS", self.access)):
            if len(set(many)) != len(many):
                raise FormatError("pspf-repeated", name=name)


def render_pspf(marking: PspfMarking) -> str:
    """Return the header's value on one line, in its one canonical form."""
    fields = [("VER", _VERSION), ("NS", _NAMESPACE), ("SEC", marking.level.value)]
    fields += [("CAVEAT", f"{each.kind.value}:{_escaped(each.text)}") for each in marking.caveats]
    if marking.down_to is not None:
        fields += [("EXPIRES", _escaped(marking.expires)), ("DOWNTO", marking.down_to.value)]
    fields += [("ACCESS", each.value) for each in marking.access]
    fields += [
        (name, _escaped(text))
        for name, text in (("NOTE", marking.note), ("ORIGIN", marking.origin))
        if text
    ]
    return ", ".join(f"{name}={value}" for name, value in fields)


def parse_pspf(text: str) -> PspfMarking:
    """Read the header's value.

    Raises:
        FormatError: ``mark-too-long``, ``pspf-field``, then ``pspf-value``, ``pspf-repeated``.
    """
    if len(text) > MAX_HEADER:
        raise FormatError("mark-too-long", limit=MAX_HEADER)
    found = _fields(text)
    for name, expected in (("VER", _VERSION), ("NS", _NAMESPACE)):
        if found[name] != [expected]:
            raise FormatError("pspf-value", name=name)
    return PspfMarking(
        level=_word(found["SEC"], "SEC", PspfLevel),
        caveats=tuple(_caveat(each) for each in found["CAVEAT"]),
        expires=_optional(found["EXPIRES"], "EXPIRES"),
        down_to=_word(found["DOWNTO"], "DOWNTO", PspfLevel) if found["DOWNTO"] else None,
        access=tuple(_word([each], "ACCESS", PspfAccess) for each in found["ACCESS"]),
        note=_optional(found["NOTE"], "NOTE"),
        origin=_optional(found["ORIGIN"], "ORIGIN"),
    )


def _fields(text: str) -> dict[str, list[str]]:
    """Return the values of every field, still escaped; the fields stand in their order."""
    found: dict[str, list[str]] = {name: [] for name in _ORDER}
    position = last = 0
    more = True
    while more:
        field = _FIELD.match(text, position)
        place = _ORDER.index(field[1]) if field and field[1] in found else -1
        again = place == last and _ORDER[place] not in _MANY and position > 0
        if field is None or place < last or again:
            raise FormatError("pspf-field", column=position + 1)
        found[field[1]].append(field[2])
        # A comma announces one more field, also at the very end.
        more = field.end(2) < len(text)
        position, last = field.end(), place
    return found


def _caveat(text: str) -> PspfCaveat:
    kind, separator, rest = text.partition(":")
    if not separator:
        raise FormatError("pspf-value", name="CAVEAT")
    return PspfCaveat(kind=_word([kind], "CAVEAT", PspfCaveatKind), text=_plain(rest))


def _word(texts: list[str], name: str, kind: type[_WordT]) -> _WordT:
    for word in kind:
        if texts == [word.value]:
            return word
    raise FormatError("pspf-value", name=name)


def _optional(texts: list[str], name: str) -> str:
    for text in texts:
        return _require_text(_plain(text), name)
    return ""


def _require_text(text: str, name: str) -> str:
    if _TEXT.fullmatch(text) is None:
        raise FormatError("pspf-value", name=name)
    return text


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,")
