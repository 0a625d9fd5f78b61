"""One row of the vault, taken apart with types checked.

A value of another type than the schema says cannot come from this product: it is reported as
damage, never guessed at.

Source: docs/spec/vault.md §3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from secure_liaison.clock import Instant
from secure_liaison.errors import VaultDamagedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import Enum

__all__ = ["Row", "SqlValue"]

SqlValue: TypeAlias = int | str | bytes | None

_Choice = TypeVar("_Choice", bound="Enum")


class Row:
    """Values by column name.

    Every getter raises `VaultDamagedError` ``record`` when the value has another type; an unknown
    column is a programmer's mistake and raises ``KeyError``.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, SqlValue]) -> None:
        """Wrap one row."""
        self._values = values

    def octets(self, column: str) -> bytes:
        """Return a byte string."""
        value = self._values[column]
        if not isinstance(value, bytes):
            raise VaultDamagedError("record")
        return value

    def octets_or_none(self, column: str) -> bytes | None:
        """Return a byte string or nothing."""
        return None if self._values[column] is None else self.octets(column)

    def integer(self, column: str) -> int:
        """Return a whole number."""
        value = self._values[column]
        if not isinstance(value, int):
            raise VaultDamagedError("record")
        return value

    def integer_or_none(self, column: str) -> int | None:
        """Return a whole number or nothing."""
        return None if self._values[column] is None else self.integer(column)

    def text(self, column: str) -> str:
        """Return a text."""
        value = self._values[column]
        if not isinstance(value, str):
            raise VaultDamagedError("record")
        return value

    def text_or_none(self, column: str) -> str | None:
        """Return a text or nothing."""
        return None if self._values[column] is None else self.text(column)

    def instant(self, column: str) -> Instant:
        """Return a moment in seconds UTC."""
        return Instant(self.integer(column))

    def instant_or_none(self, column: str) -> Instant | None:
        """Return a moment in seconds UTC, or nothing."""
        return None if self._values[column] is None else self.instant(column)

    def choice(self, column: str, choices: type[_Choice]) -> _Choice:
        """Return a member of a closed set by its text."""
        try:
            return choices(self.text(column))
        except ValueError as exc:
            raise VaultDamagedError("record") from exc
