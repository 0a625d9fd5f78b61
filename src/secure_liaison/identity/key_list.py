"""Lists of public record-signing keys as they stand in anchors and registrar statements.

Rules:

- Ascending by their bytes, each once, so that a set of keys has one encoding.

Source: docs/spec/statements.md §5, §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.signing import VERIFY_KEY_SIZE, VerifyKey
from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from secure_liaison.encoding import Value

__all__ = ["MAX_KEYS", "in_key_order", "read_keys", "require_key_order"]

MAX_KEYS: Final = 8


def in_key_order(keys: Iterable[VerifyKey]) -> tuple[VerifyKey, ...]:
    """Return the keys as a list of the formats: ascending, each once."""
    return tuple(sorted(set(keys), key=lambda key: key.octets))


def require_key_order(keys: Sequence[VerifyKey], *, least: int = 1) -> None:
    """Demand ``least`` to 8 keys in ascending order, each once.

    Raises:
        FormatError: ``key-order``.
    """
    octets = [key.octets for key in keys]
    if not least <= len(octets) <= MAX_KEYS or sorted(set(octets)) != octets:
        raise FormatError("key-order")


def read_keys(items: Sequence[Value]) -> tuple[VerifyKey, ...]:
    """Read composite public keys of 1984 bytes each.

    Raises:
        FormatError: ``key-form``.
    """
    keys: list[VerifyKey] = []
    for item in items:
        if not isinstance(item, bytes) or len(item) != VERIFY_KEY_SIZE:
            raise FormatError("key-form")
        keys.append(VerifyKey(item))
    return tuple(keys)
