"""JSON taken apart strictly: what a policy pack is written in.

Rules:

- UTF-8 without a mark at the start, one value, at most the size given.
- Repeated names, floats, integers past 2^53, missing and unknown fields are errors.
- Every error names the place (``levels[1].rank``).

Source: docs/spec/labels.md §5; RFC 8259; RFC 8785 §3.2.2.3.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn, TypeAlias

from secure_liaison.errors import FormatError, UnsupportedVersionError

__all__ = ["Json", "JsonFields", "read_json"]

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"

_LARGEST: Final = 2**53 - 1


def read_json(data: bytes, *, max_bytes: int) -> Json:
    """Read exactly one value.

    Raises:
        FormatError: ``too-long``, ``pack-duplicate-name``, ``pack-not-json``.
    """
    if len(data) > max_bytes:
        raise FormatError("too-long", limit=max_bytes)
    try:
        value: Json = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as exc:
        raise FormatError("pack-not-json") from exc
    return value


class JsonFields:
    """One JSON object; every name is taken exactly once, then `done` proves that none is left.

    Errors of every getter: `FormatError` ``pack-field-missing``, ``pack-field-type``,
    ``pack-field-value``.
    """

    def __init__(self, value: Json, place: str = "") -> None:
        """Take a decoded object that stands at ``place``."""
        self._place = place
        if not isinstance(value, dict):
            raise FormatError("pack-field-type", place=place or "-")
        self._left: dict[str, Any] = dict(value)

    def at(self, name: str) -> str:
        """Return the place of a field."""
        return f"{self._place}.{name}" if self._place else name

    def value(self, name: str) -> Json:
        """Take any value, also ``null``."""
        if name not in self._left:
            raise FormatError("pack-field-missing", place=self.at(name))
        return self._left.pop(name)  # type: ignore[no-any-return]  # decoded values only

    def require_format(self, name: str, version: int, *, other: FormatError) -> None:
        """Take ``format`` and ``format_version``, and require these.

        Raises:
            FormatError: ``other``, where the file says that it is something else.
            UnsupportedVersionError: ``unknown-version``.
        """
        if self.text("format") != name:
            raise other
        found = self.integer("format_version")
        if found != version:
            raise UnsupportedVersionError("unknown-version", version=found)

    def text(self, name: str, *, max_size: int = 500) -> str:
        """Take a text of 1 to ``max_size`` characters."""
        taken = self.value(name)
        if not isinstance(taken, str):
            raise FormatError("pack-field-type", place=self.at(name))
        if not 0 < len(taken) <= max_size:
            raise FormatError("pack-field-value", place=self.at(name))
        return taken

    def integer(self, name: str, *, low: int = 0, high: int = 10_000) -> int:
        """Take an integer in ``low..high``."""
        taken = self.value(name)
        if isinstance(taken, bool) or not isinstance(taken, int):
            raise FormatError("pack-field-type", place=self.at(name))
        if not low <= taken <= high:
            raise FormatError("pack-field-value", place=self.at(name))
        return taken

    def boolean(self, name: str) -> bool:
        """Take ``true`` or ``false``."""
        taken = self.value(name)
        if not isinstance(taken, bool):
            raise FormatError("pack-field-type", place=self.at(name))
        return taken

    def texts(self, name: str) -> tuple[str, ...]:
        """Take an array of non-empty texts without repetition."""
        taken = self.value(name)
        if not isinstance(taken, list):
            raise FormatError("pack-field-type", place=self.at(name))
        texts = tuple(item for item in taken if isinstance(item, str) and item)
        if len(texts) != len(taken) or len(set(texts)) != len(texts):
            raise FormatError("pack-field-value", place=self.at(name))
        return texts

    def objects(self, name: str) -> list[JsonFields]:
        """Take an array of objects."""
        taken = self.value(name)
        if not isinstance(taken, list):
            raise FormatError("pack-field-type", place=self.at(name))
        return [JsonFields(item, f"{self.at(name)}[{k}]") for k, item in enumerate(taken)]

    def fields(self, name: str) -> JsonFields:
        """Take a nested object."""
        return JsonFields(self.value(name), self.at(name))

    def has(self, name: str) -> bool:
        """Whether the name is there; where one of several names is allowed."""
        return name in self._left

    def is_null(self, name: str) -> bool:
        """Take the name if it is there as ``null``; otherwise leave it and return false."""
        if name in self._left and self._left[name] is None:
            del self._left[name]
            return True
        return False

    def done(self) -> None:
        """Prove that every name was taken.

        Raises:
            FormatError: ``pack-field-unknown``.
        """
        if self._left:
            raise FormatError("pack-field-unknown", place=self.at(min(self._left)))


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("pack-duplicate-name")
    return found


def _integer(text: str) -> int:
    if len(text) > len(str(_LARGEST)) + 1 or abs(int(text)) > _LARGEST:
        _refuse(text)
    return int(text)


def _refuse(text: str) -> NoReturn:
    msg = f"not an integer within 2^53: {text[:20]}"
    raise ValueError(msg)
