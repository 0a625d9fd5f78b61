"""Names in two languages, agency codes and logins: what a person reads and types.

Rules:

- A name holds no hidden, control or formatting character: what is shown is what was signed.
- Codes and logins are plain ASCII in one case, so two of them never look alike by their script.

Source: docs/spec/statements.md §5, §7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.plain_text import require_plain

__all__ = ["Names", "require_code", "require_login", "require_name", "require_token"]

MAX_NAME: Final = 128

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,14}[A-Z0-9]")
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,30}[a-z0-9]")
_TOKEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """One name in Chinese and in English, 1–128 characters each.

    Raises:
        FormatError: ``name-text``.
    """

    zh: str
    en: str

    def __post_init__(self) -> None:
        require_name(self.zh)
        require_name(self.en)


def require_name(text: str, *, max_size: int = MAX_NAME, may_be_empty: bool = False) -> str:
    """Return ``text`` if it can be shown as it is, of at most ``max_size`` characters.

    Raises:
        FormatError: ``name-text``.
    """
    try:
        require_plain(text, max_size=max_size)
    except FormatError as exc:
        raise FormatError("name-text") from exc
    if not text and not may_be_empty:
        raise FormatError("name-text")
    return text


def require_code(text: str) -> str:
    """Return an agency's code: 2–16 of ``A-Z 0-9 -``, no hyphen at either end.

    Raises:
        FormatError: ``agency-code``.
    """
    if _CODE.fullmatch(text) is None:
        raise FormatError("agency-code")
    return text


def require_login(text: str) -> str:
    """Return an officer's login: 2–32 of ``a-z 0-9 . -``, no mark at either end.

    Raises:
        FormatError: ``login``.
    """
    if _LOGIN.fullmatch(text) is None:
        raise FormatError("login")
    return text


def require_token(text: str) -> str:
    """Return a policy, level, topic or person class: 1–64 of letters, digits, ``. _ -``.

    Raises:
        FormatError: ``token``.
    """
    if _TOKEN.fullmatch(text) is None:
        raise FormatError("token")
    return text
