"""Canonical JSON (RFC 8785), strictly read: what ledger leaves and their details are written in.

Rules:

- Objects of texts, whole numbers, lists and objects; no other kinds of value.
- Reading and writing again gives the same bytes, so one content has one hash.
- Every name is taken exactly once; unknown, missing and repeated names are errors.

Source: docs/spec/audit.md §1; RFC 8785.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import rfc8785

from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "JsonObject",
    "Members",
    "bytes_of_hex",
    "from_canonical",
    "parse_canonical",
    "to_canonical",
]

JsonValue: TypeAlias = "str | int | Sequence[JsonValue] | Mapping[str, JsonValue]"
JsonObject: TypeAlias = "Mapping[str, JsonValue]"

_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*")


def to_canonical(value: JsonObject) -> bytes:
    """Return the one RFC 8785 encoding.

    Raises:
        ValueError: a number past 2^53 or a text that is not Unicode; a programmer's mistake.
    """
    return rfc8785.dumps(value)


def from_canonical(data: bytes, *, max_bytes: int) -> Members:
    """Read exactly one canonical object, for taking apart.

    Raises:
        FormatError: as `parse_canonical`.
    """
    return Members(parse_canonical(data, max_bytes=max_bytes))


def parse_canonical(data: bytes, *, max_bytes: int) -> JsonObject:
    """Read exactly one canonical object, as it is.

    Raises:
        FormatError: ``too-long``, ``ledger-json``, ``ledger-json-canonical``, in this order.
    """
    if len(data) > max_bytes:
        raise FormatError("too-long", limit=max_bytes)
    try:
        value = json.loads(data.decode())
        again = rfc8785.dumps(value)
    except (ValueError, RecursionError) as exc:
        raise FormatError("ledger-json") from exc
    if again != data:
        raise FormatError("ledger-json-canonical")
    if not isinstance(value, dict):
        raise FormatError("ledger-json")
    return value


class Members:
    """One object; every name is taken once, then `done` proves that none is left.

    Errors of every getter: `FormatError` ``ledger-member`` with the name.
    """

    def __init__(self, value: JsonObject) -> None:
        """Take a decoded object."""
        self._left: dict[str, Any] = dict(value)

    def text(self, name: str, *, max_size: int = 4096) -> str:
        """Take a text of at most ``max_size`` characters."""
        taken = self._left.pop(name, None)
        if not isinstance(taken, str) or len(taken) > max_size:
            raise FormatError("ledger-member", name=name)
        return taken

    def integer(self, name: str) -> int:
        """Take a whole number from 0 to 2^53 - 1."""
        taken = self._left.pop(name, None)
        if type(taken) is not int or taken < 0:
            raise FormatError("ledger-member", name=name)
        return taken

    def octets(self, name: str, *, size: int, may_be_empty: bool = False) -> bytes:
        """Take ``size`` bytes in lower-case hex, or no bytes where that is allowed."""
        taken = bytes_of_hex(self.text(name, max_size=2 * size))
        if taken is None or not (len(taken) == size or (may_be_empty and not taken)):
            raise FormatError("ledger-member", name=name)
        return taken

    def texts(self, name: str, *, max_items: int = 256) -> tuple[str, ...]:
        """Take a list of texts."""
        taken = self._left.pop(name, None)
        if not isinstance(taken, list) or len(taken) > max_items:
            raise FormatError("ledger-member", name=name)
        if not all(isinstance(item, str) for item in taken):
            raise FormatError("ledger-member", name=name)
        return tuple(taken)

    def members(self, name: str) -> Members:
        """Take a nested object."""
        taken = self._left.pop(name, None)
        if not isinstance(taken, dict):
            raise FormatError("ledger-member", name=name)
        return Members(taken)

    def object_bytes(self, name: str) -> bytes:
        """Take a nested object as its canonical encoding."""
        taken = self._left.pop(name, None)
        if not isinstance(taken, dict):
            raise FormatError("ledger-member", name=name)
        return to_canonical(taken)

    def facts(self) -> dict[str, str | int]:
        """Take everything that is left, as texts and whole numbers.

        Raises:
            FormatError: ``ledger-member``: a value of another kind.
        """
        taken, self._left = self._left, {}
        for name, value in taken.items():
            if type(value) is not int and not isinstance(value, str):
                raise FormatError("ledger-member", name=name)
        return taken

    def done(self) -> None:
        """Prove that every name was taken.

        Raises:
            FormatError: ``ledger-member-unknown``.
        """
        if self._left:
            raise FormatError("ledger-member-unknown", name=min(self._left))


def bytes_of_hex(text: str) -> bytes | None:
    """Return the bytes of lower-case hex, none for any other text."""
    return bytes.fromhex(text) if _HEX.fullmatch(text) else None
