"""Arrays of fixed length inside records, taken apart as strictly as maps.

Source: docs/spec/wire.md §4, §5, §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.encoding import Fields
from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from secure_liaison.encoding import Value

__all__ = ["row_of"]


def row_of(value: Value, parts: int) -> Fields:
    """Take an array of exactly ``parts`` values as fields 0 to ``parts - 1``.

    Raises:
        FormatError: ``row-shape``.
    """
    if not isinstance(value, list) or len(value) != parts:
        raise FormatError("row-shape", parts=parts)
    return Fields(dict(enumerate(value)))
