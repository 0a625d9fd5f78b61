"""One element of an XML SPIF: its parts taken by name, what is wrong noted instead of raised.

Rules:

- What is missing or wrong is noted with line and place and replaced by a harmless value, so that
  one reading finds all of it; nothing that was replaced ever reaches a pack, for there is none.
- What is not known is an error where it may restrict (an element) and a warning where it only adds
  (an attribute). Marks of SPIF 3 are named as such.
- Elements without any namespace are read as if they had the right one, with a warning: published
  examples hold them.

Source: docs/spec/foreign-labels.md §1; the XML SPIF 2.1 schema.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.plain_text import require_plain

if TYPE_CHECKING:
    from enum import Enum

    from secure_liaison.labels.import_report import ImportReport
    from secure_liaison.labels.strict_xml import Element

__all__ = ["LANGUAGE", "SPIF_NAMESPACE", "SpifElement"]

SPIF_NAMESPACE: Final = "http://www.xmlspif.org/spif"
LANGUAGE: Final = "http://www.w3.org/XML/1998/namespace"

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_VERSION_3: Final = frozenset({"finalSeparator", "inputPhrase", "short", "simple"})
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,18})){1,40}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_MADE: Final = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2}){1,3}(\.[0-9]+)?(Z|[+-][0-9]{4})?"
)
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_EnumT = TypeVar("_EnumT", bound="Enum")


class SpifElement:
    """The parts of one element."""

    def __init__(self, element: Element, report: ImportReport, place: str = "") -> None:
        """Take an element that stands at ``place``."""
        name = element.attributes.get(("", "name"), "")
        self.name = element.name
        self.line = element.line
        self.report = report
        self.place = "/".join(
            each for each in (place, f'{element.name} "{name}"' if name else element.name) if each
        )
        self._attributes = dict(element.attributes)
        self._children = list(element.children)
        self._text = element.text.strip()

    def error(self, code: str, *, part: str = "", **facts: object) -> None:
        """Note an error of this element or of a part of it."""
        self.report.error(code, line=self.line, place=self._at(part), **facts)

    def warn(self, code: str, *, part: str = "", **facts: object) -> None:
        """Note a loss at this element or at a part of it."""
        self.report.warn(code, line=self.line, place=self._at(part), **facts)

    def attribute(self, name: str, *, space: str = "", need: bool = True) -> str:
        """Take an attribute as plain text of at most 256 characters; empty where there is none."""
        value = self._attributes.pop((space, name), None)
        if value is None:
            if need:
                self.error("attribute-missing", part=f"@{name}", name=name)
            return ""
        text = " ".join(value.split())
        try:
            require_plain(text)
        except FormatError:
            self.error("text", part=f"@{name}", name=name)
            return ""
        if need and not text:
            self.error("attribute-missing", part=f"@{name}", name=name)
        return text

    def literal(self, name: str) -> str:
        """Take an attribute whose spaces count; empty where there is none."""
        value = self._attributes.pop(("", name), "")
        try:
            require_plain(value.strip())
        except FormatError:
            self.error("text", part=f"@{name}", name=name)
            return ""
        return value

    def number(self, name: str) -> int:
        """Take a whole number; 0 where it is none."""
        text = self.attribute(name)
        if text and _NUMBER.fullmatch(text) is None:
            self.error("number", part=f"@{name}", name=name, value=text)
            return 0
        return int(text or 0)

    def flag(self, name: str) -> bool:
        """Take ``true`` or ``false``; false where there is none."""
        text = self.attribute(name, need=False)
        if text and text not in _FLAGS:
            self.error("value-unknown", part=f"@{name}", name=name, value=text)
        return _FLAGS.get(text, False)

    def oid(self, name: str) -> str:
        """Take an object identifier."""
        text = self.attribute(name)
        if text and _OID.fullmatch(text) is None:
            self.error("oid", part=f"@{name}", name=name, value=text)
        return text

    def choice(self, name: str, kind: type[_EnumT], fallback: _EnumT) -> _EnumT:
        """Take a word of a closed set."""
        text = self.attribute(name)
        known = {each.value: each for each in kind}
        if text and text not in known:
            self.error("value-unknown", part=f"@{name}", name=name, value=text)
        return known.get(text, fallback)

    def made(self, name: str) -> str:
        """Take a generalised time and return its day, ``YYYY-MM-DD``."""
        text = self.attribute(name)
        found = _MADE.fullmatch(text)
        day = "-".join(found.groups()[:3]) if found else ""
        if text and not _is_day(day):
            self.error("date", part=f"@{name}", name=name, value=text)
            return ""
        return day

    def first_day(self, name: str) -> str:
        """Take a moment from which something is valid; the first whole day, or empty."""
        moment = self._moment(name)
        if moment is None:
            return ""
        whole = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
        return self._day(moment, 0 if whole else 1, name)

    def last_day(self, name: str) -> str:
        """Take a moment until which something is valid; the first day that is not whole."""
        moment = self._moment(name)
        if moment is None:
            return ""
        whole = (moment.hour, moment.minute, moment.second) == (23, 59, 59)
        return self._day(moment, 1 if whole else 0, name)

    def content(self) -> str:
        """Take the text inside."""
        text, self._text = self._text, ""
        return " ".join(text.split())

    def children(self, name: str) -> list[SpifElement]:
        """Take the elements of one name, in order."""
        taken = [each for each in self._children if self._is(each, name)]
        self._children = [each for each in self._children if not self._is(each, name)]
        for each in taken:
            if not each.namespace:
                self.report.warn("no-namespace", line=each.line, place=self._at(each.name))
        return [SpifElement(each, self.report, self.place) for each in taken]

    def child(self, name: str) -> SpifElement | None:
        """Take the one element of a name if it is there."""
        found = self.children(name)
        if len(found) > 1:
            found[1].error("element-twice", name=name)
        return found[0] if found else None

    def skip(self, *names: str) -> None:
        """Take elements that are not carried over, and say so."""
        for name in names:
            for each in self.children(name):
                each.warn("not-carried", name=name)

    def done(self) -> None:
        """Note everything that was not taken."""
        for space, name in sorted(self._attributes):
            if space == _XSI or (space, name) == (LANGUAGE, "space"):
                continue
            if not space and name in _VERSION_3:
                self.error("version-3", part=f"@{name}", name=name)
            else:
                self.warn("attribute-unknown", part=f"@{name}", name=name)
        for each in self._children:
            code = "version-3" if each.name in _VERSION_3 else "element-unknown"
            self.report.error(code, line=each.line, place=self._at(each.name), name=each.name)
        if self._text:
            self.error("text-beside")

    def _is(self, element: Element, name: str) -> bool:
        return element.name == name and element.namespace in {SPIF_NAMESPACE, ""}

    def _moment(self, name: str) -> datetime | None:
        text = self.attribute(name, need=False)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.error("date", part=f"@{name}", name=name, value=text)
            return None

    def _day(self, moment: datetime, days: int, name: str) -> str:
        try:
            return (moment + timedelta(days=days)).date().isoformat()
        except OverflowError:
            self.error("date", part=f"@{name}", name=name, value=moment.isoformat())
            return ""

    def _at(self, part: str) -> str:
        return f"{self.place}/{part}" if part else self.place


def _is_day(day: str) -> bool:
    try:
        from_iso(day)
    except ValueError:
        return False
    return True
