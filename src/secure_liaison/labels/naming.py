"""Names, marks and legal bases: the texts that everything in a pack carries.

Rules:

- A name has both languages of the product; a mark has these and, where a policy writes it, French.
- A basis says where a fact comes from and how well it is known.

Source: docs/spec/labels.md §5.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from secure_liaison.i18n import Language

__all__ = ["Basis", "BasisStatus", "MarkLanguage", "MarkText", "Names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """One name in both languages."""

    zh: str
    en: str

    def text(self, language: Language) -> str:
        """Return the name in one language."""
        match language:
            case Language.ZH:
                return self.zh
            case Language.EN:
                return self.en
            case _:
                assert_never(language)


class BasisStatus(Enum):
    """How well a basis is known."""

    CHECKED = "checked"
    """The law's own text was read."""
    PAGE = "page"
    """A secondary page says so."""
    KNOWN = "known"
    """General knowledge; verify before relying on it."""
    DEFAULT = "default"
    """No law: a choice of this project that a state's own rules replace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Where something in a pack comes from."""

    cite: str
    status: BasisStatus


def cited(basis: tuple[Basis, ...]) -> str:
    """Return citations as one text; where nobody read the law itself, the status follows."""
    return "; ".join(
        each.cite if each.status is BasisStatus.CHECKED else f"{each.cite} [{each.status.value}]"
        for each in basis
    )


class MarkLanguage(Enum):
    """The languages in which marks are written."""

    ZH = "zh"
    EN = "en"
    FR = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkText:
    """One piece of a mark in the languages of marks; an empty French is no French."""

    zh: str
    en: str
    fr: str = ""

    def text(self, language: MarkLanguage | Language) -> str:
        """Return the piece in one language; without a French of its own, the English."""
        match language:
            case MarkLanguage.ZH | Language.ZH:
                return self.zh
            case MarkLanguage.EN | Language.EN:
                return self.en
            case MarkLanguage.FR:
                return self.fr or self.en
            case _:
                assert_never(language)
