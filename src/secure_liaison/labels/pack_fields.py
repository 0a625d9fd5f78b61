"""What every part of a pack's file is made of: names, bases, slugs, dates, words, pieces of marks.

Errors of every reader: as `JsonFields`, and `FormatError` ``pack-field-value``.

Source: docs/spec/labels.md §5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from secure_liaison.errors import FormatError
from secure_liaison.labels.naming import Basis, BasisStatus, MarkText, Names

if TYPE_CHECKING:
    from enum import Enum

    from secure_liaison.labels.strict_json import JsonFields

__all__ = [
    "read_basis",
    "read_date",
    "read_enum",
    "read_mark",
    "read_names",
    "read_number",
    "read_optional",
    "read_piece",
    "read_slug",
]

_SLUG: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_PIECE: Final = 100
_EnumT = TypeVar("_EnumT", bound="Enum")


def read_names(fields: JsonFields, name: str = "names") -> Names:
    """Take a name in both languages."""
    both = fields.fields(name)
    names = Names(zh=both.text("zh"), en=both.text("en"))
    both.done()
    return names


def read_basis(fields: JsonFields) -> tuple[Basis, ...]:
    """Take ``basis``: one citation or more, each with its status."""
    found = []
    for each in fields.objects("basis"):
        found.append(Basis(cite=each.text("cite"), status=read_enum(each, "status", BasisStatus)))
        each.done()
    if not found:
        raise FormatError("pack-field-value", place=fields.at("basis"))
    return tuple(found)


def read_enum(fields: JsonFields, name: str, kind: type[_EnumT]) -> _EnumT:
    """Take a word of a closed set."""
    try:
        return kind(fields.text(name))
    except ValueError as exc:
        raise FormatError("pack-field-value", place=fields.at(name)) from exc


def read_slug(fields: JsonFields, name: str) -> str:
    """Take a slug: ``[a-z][a-z0-9.-]{0,63}``."""
    slug = fields.text(name, max_size=64)
    if _SLUG.fullmatch(slug) is None:
        raise FormatError("pack-field-value", place=fields.at(name))
    return slug


def read_date(fields: JsonFields, name: str) -> str:
    """Take a text of the form ``YYYY-MM-DD``; that the day exists is checked later."""
    date = fields.text(name, max_size=10)
    if _DATE.fullmatch(date) is None:
        raise FormatError("pack-field-value", place=fields.at(name))
    return date


def read_optional(fields: JsonFields, name: str) -> str:
    """Take a text, or ``null`` as the empty one."""
    return "" if fields.is_null(name) else fields.text(name)


def read_number(fields: JsonFields, name: str, *, high: int) -> int | None:
    """Take an integer in ``0..high``, or ``null``."""
    return None if fields.is_null(name) else fields.integer(name, high=high)


def read_mark(fields: JsonFields, name: str) -> MarkText:
    """Take a mark: ``zh``, ``en`` and, where the policy has it, ``fr``."""
    texts = fields.fields(name)
    mark = MarkText(
        zh=texts.text("zh"), en=texts.text("en"), fr=texts.text("fr") if texts.has("fr") else ""
    )
    texts.done()
    return mark


def read_piece(fields: JsonFields, name: str) -> MarkText:
    """Take a piece between values: one text for every language, or one for each; may be empty."""
    value = fields.value(name)
    texts = value if isinstance(value, dict) else {"zh": value, "en": value, "fr": value}
    zh, en, fr = texts.get("zh"), texts.get("en"), texts.get("fr", texts.get("en"))
    if not isinstance(zh, str) or not isinstance(en, str) or not isinstance(fr, str):
        raise FormatError("pack-field-type", place=fields.at(name))
    if texts.keys() - {"zh", "en", "fr"} or max(len(zh), len(en), len(fr)) > _MAX_PIECE:
        raise FormatError("pack-field-value", place=fields.at(name))
    return MarkText(zh=zh, en=en, fr=fr)
