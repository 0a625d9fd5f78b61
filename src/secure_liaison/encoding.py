"""Deterministic CBOR, strictly read: the one binary encoding of this project.

Rules:

- RFC 8949 §4.2.1 (core deterministic encoding); decode → encode must give the same bytes.
- Allowed: integers of 64 bits, byte strings, text in NFC, arrays, maps with unsigned integer keys
  0..255, ``true``, ``false``, ``null``. No floats, no tags, no indefinite lengths.
- Unknown fields, missing fields, repeated fields and trailing bytes are errors.
- Bytes and values are both limited, and both before anything is built: one byte can stand for an
  object of fifty.

Source: docs/spec/encoding.md; RFC 8949 §3, §4.2.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import cbor2

from secure_liaison.errors import FormatError, UnsupportedVersionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Fields", "Value", "decode", "decode_fields", "encode"]

Value: TypeAlias = "int | bytes | str | bool | Sequence[Value] | Mapping[int, Value] | None"

MAX_DEPTH: Final = 16
MAX_ITEMS: Final = 65_536
"""How many values one encoding holds unless its page says otherwise."""

_MAX_KEY: Final = 255
_MIN_INTEGER: Final = -(2**63)
_MAX_INTEGER: Final = 2**64 - 1
# The head of a value (RFC 8949 §3): three bits of kind, five of length.
_OCTETS, _TEXT, _ARRAY, _MAP, _TAG = 2, 3, 4, 5, 6
_ONE_MORE_BYTE: Final = 24
_RESERVED: Final = 28


def encode(value: Value) -> bytes:
    """Return the one canonical encoding of ``value``.

    Raises:
        TypeError: ``value`` holds a type outside the allowed set; a programmer's mistake.
        ValueError: an integer, a map key or a text is outside the allowed range.
    """
    _check_encodable(value, depth=0)
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, *, max_bytes: int, max_items: int = MAX_ITEMS) -> Value:
    """Read exactly one canonical value.

    Args:
        data: The whole encoding; trailing bytes are an error.
        max_bytes: Refuse anything longer before it is parsed.
        max_items: Refuse more values than this before any is built; keys of maps count too.

    Raises:
        FormatError: ``too-long``, ``too-many-items``, ``not-cbor``, ``forbidden-type``,
            ``not-canonical``.

    Source: docs/spec/encoding.md §3.
    """
    if len(data) > max_bytes:
        raise FormatError("too-long", limit=max_bytes)
    _require_few_items(data, max_items)
    try:
        value = cbor2.loads(
            data,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except Exception as exc:  # cbor2 raises its own, Unicode and overflow errors
        raise FormatError("not-cbor") from exc
    try:
        again = encode(value)
    except (TypeError, ValueError) as exc:
        raise FormatError("forbidden-type") from exc
    if again != data:
        raise FormatError("not-canonical")
    return value  # type: ignore[no-any-return]  # proven to be a Value by encode()


def decode_fields(data: bytes, *, max_bytes: int, max_items: int = MAX_ITEMS) -> Fields:
    """Read one canonical map and return it for strict taking apart.

    Raises:
        FormatError: as `decode`, then ``not-a-map``.
    """
    return Fields(decode(data, max_bytes=max_bytes, max_items=max_items))


class Fields:
    """One decoded map; every key is taken exactly once, then `done` proves that none is left.

    Errors of every getter, in this order: `FormatError` ``field-missing``, ``field-type``,
    ``field-size`` or ``field-range``.
    """

    def __init__(self, value: Value) -> None:
        """Take a decoded map.

        Raises:
            FormatError: ``not-a-map``.
        """
        if not isinstance(value, dict):
            raise FormatError("not-a-map")
        self._left: dict[int, Any] = dict(value)

    def value(self, key: int) -> Value:
        """Take any value, also ``null``."""
        if key not in self._left:
            raise FormatError("field-missing", field=key)
        return self._left.pop(key)  # type: ignore[no-any-return]  # decoded values only

    def octets(self, key: int, *, size: int | None = None, max_size: int = 2**20) -> bytes:
        """Take a byte string of exactly ``size`` bytes, or of at most ``max_size``."""
        taken = self.value(key)
        if not isinstance(taken, bytes):
            raise FormatError("field-type", field=key)
        if (size is not None and len(taken) != size) or len(taken) > max_size:
            raise FormatError("field-size", field=key)
        return taken

    def text(self, key: int, *, max_size: int = 1024) -> str:
        """Take a text of at most ``max_size`` characters (Unicode code points, NFC)."""
        taken = self.value(key)
        if not isinstance(taken, str):
            raise FormatError("field-type", field=key)
        if len(taken) > max_size:
            raise FormatError("field-size", field=key)
        return taken

    def integer(self, key: int, *, low: int = 0, high: int = 2**63 - 1) -> int:
        """Take an integer in ``low..high``."""
        taken = self.value(key)
        if isinstance(taken, bool) or not isinstance(taken, int):
            raise FormatError("field-type", field=key)
        if not low <= taken <= high:
            raise FormatError("field-range", field=key)
        return taken

    def boolean(self, key: int) -> bool:
        """Take ``true`` or ``false``."""
        taken = self.value(key)
        if not isinstance(taken, bool):
            raise FormatError("field-type", field=key)
        return taken

    def items(self, key: int, *, max_items: int = 4096) -> list[Value]:
        """Take an array of at most ``max_items``."""
        taken = self.value(key)
        if not isinstance(taken, list):
            raise FormatError("field-type", field=key)
        if len(taken) > max_items:
            raise FormatError("field-size", field=key)
        return taken

    def fields(self, key: int) -> Fields:
        """Take a nested map."""
        return Fields(self.value(key))

    def is_null(self, key: int) -> bool:
        """Take the key if it is there as ``null``; otherwise leave it and return false."""
        if key not in self._left:
            raise FormatError("field-missing", field=key)
        if self._left[key] is None:
            del self._left[key]
            return True
        return False

    def version(self, key: int, *, supported: frozenset[int]) -> int:
        """Take a format version.

        Raises:
            FormatError: ``field-missing`` or ``field-type``.
            UnsupportedVersionError: ``unknown-version``.
        """
        taken = self.integer(key)
        if taken not in supported:
            raise UnsupportedVersionError("unknown-version", version=taken)
        return taken

    def done(self) -> None:
        """Prove that every field was taken.

        Raises:
            FormatError: ``unknown-field``.
        """
        if self._left:
            raise FormatError("unknown-field", field=min(self._left))


def _require_few_items(data: bytes, max_items: int) -> None:
    """Count the values of one encoding by their heads alone; the contents of strings are skipped.

    Raises:
        FormatError: ``not-cbor`` (it ends too early, or a length is not definite),
            ``too-many-items``.
    """
    position, seen, waiting, end = 0, 0, 1, len(data)
    while waiting:
        # Each value that is announced takes a byte or more.
        if waiting > end - position:
            raise FormatError("not-cbor")
        if seen + waiting > max_items:
            raise FormatError("too-many-items", limit=max_items)
        kind, length = data[position] >> 5, data[position] & 31
        position, seen, waiting = position + 1, seen + 1, waiting - 1
        if length >= _RESERVED:
            raise FormatError("not-cbor")
        if length >= _ONE_MORE_BYTE:
            after = position + (1 << (length - _ONE_MORE_BYTE))
            if after > end:
                raise FormatError("not-cbor")
            length, position = int.from_bytes(data[position:after], "big"), after
        if kind in {_OCTETS, _TEXT}:
            position += length
            if position > end:
                raise FormatError("not-cbor")
        elif kind == _ARRAY:
            waiting += length
        elif kind == _MAP:
            waiting += 2 * length
        elif kind == _TAG:
            waiting += 1


def _check_encodable(value: object, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        msg = f"nested deeper than {MAX_DEPTH}"
        raise ValueError(msg)
    if value is None or isinstance(value, bool | bytes):
        return
    if isinstance(value, int):
        if not _MIN_INTEGER <= value <= _MAX_INTEGER:
            msg = "integer outside 64 bits"
            raise ValueError(msg)
    elif isinstance(value, str):
        if not unicodedata.is_normalized("NFC", value):
            msg = "text is not in NFC"
            raise ValueError(msg)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_encodable(item, depth=depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, bool) or not isinstance(key, int) or not 0 <= key <= _MAX_KEY:
                msg = "map keys are integers 0..255"
                raise ValueError(msg)
            _check_encodable(item, depth=depth + 1)
    else:
        msg = f"{type(value).__name__} cannot be encoded"
        raise TypeError(msg)
