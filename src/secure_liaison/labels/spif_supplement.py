"""What a person adds to an XML SPIF: everything that a pack needs and a SPIF does not say.

Rules:

- Whole sections (handling, periods, groups …) stand as a pack writes them; levels and values are
  named as the SPIF names them.
- Everything may be left out; what is left out is filled with a marked default and reported.
- Unknown names are refused: a slip of the pen must not look like a decision.

Source: docs/spec/foreign-labels.md §1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_SUPPLEMENT_BYTES", "Supplement", "read_supplement"]

MAX_SUPPLEMENT_BYTES: Final = 2**20

_FORMAT: Final = "secure-liaison/spif-supplement"
_VERSION: Final = 0
_SECTIONS: Final = frozenset(
    (
        *("authority", "basis", "freshness", "groups", "handling", "home", "id", "names"),
        *("period", "person_classes", "reasons", "supersedes", "urgencies", "workflow"),
    )
)
_OF_LEVEL: Final = frozenset(
    ("aliases", "handling", "max_period_years", "meaning", "names", "portion", "reserved")
)
_OF_CATEGORY: Final = frozenset(("names", "values"))
_OF_VALUE: Final = frozenset(("leaf", "names"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement:
    """What was added.

    Attributes:
        sections: Whole sections, as packs write them.
        public: Name of the lowest level, if it may be made public.
        levels: By the level's name, fields of a level.
        categories: By the tag's name, ``names`` and, by the value's name, ``leaf`` and ``names``.
    """

    sections: Mapping[str, Any] = field(default_factory=dict)
    public: str = ""
    levels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    categories: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_supplement(data: bytes) -> Supplement:
    """Read a file of at most `MAX_SUPPLEMENT_BYTES`.

    Raises:
        FormatError: those of `read_json`, ``pack-field-missing``, ``pack-field-type``,
            ``pack-field-value``, ``pack-field-unknown``.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = JsonFields(read_json(data, max_bytes=MAX_SUPPLEMENT_BYTES))
    fields.require_format(_FORMAT, _VERSION, other=FormatError("pack-field-value", place="format"))
    sections = {name: fields.value(name) for name in sorted(_SECTIONS) if fields.has(name)}
    if not isinstance(sections.get("basis", []), list):
        raise FormatError("pack-field-type", place="basis")
    public = fields.text("public") if fields.has("public") else ""
    levels, categories = _named(fields, "levels"), _named(fields, "categories")
    fields.done()
    for name, level in levels.items():
        _require_known(level, _OF_LEVEL, f"levels.{name}")
    for name, category in categories.items():
        _require_known(category, _OF_CATEGORY, f"categories.{name}")
        for value, added in _object(category.get("values", {}), f"categories.{name}").items():
            _require_known(added, _OF_VALUE, f"categories.{name}.{value}")
    return Supplement(sections=sections, public=public, levels=levels, categories=categories)


def _named(fields: JsonFields, name: str) -> dict[str, Any]:
    return _object(fields.value(name), name) if fields.has(name) else {}


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FormatError("pack-field-type", place=place)
    return value


def _require_known(value: Any, known: frozenset[str], place: str) -> None:
    for name in sorted(_object(value, place)):
        if name not in known:
            raise FormatError("pack-field-unknown", place=f"{place}.{name}"[:200])
