"""What a text inside a label, an agreement or a pack may hold.

Rules:

- NFC, no control, formatting, private-use or unassigned characters, no line or paragraph
  separators: what is shown is what was signed, in this order and with nothing hidden in it.
- No space at either end.

Source: docs/spec/labels.md §2.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from secure_liaison.errors import FormatError

__all__ = ["require_plain"]

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def require_plain(text: str, *, max_size: int = 256) -> str:
    """Return ``text`` as it is, of at most ``max_size`` characters; it may be empty.

    Raises:
        FormatError: ``label-text``.
    """
    if (
        len(text) > max_size
        or text != text.strip()
        or not unicodedata.is_normalized("NFC", text)
        or any(unicodedata.category(mark) in _HIDDEN for mark in text)
    ):
        raise FormatError("label-text")
    return text
