"""Every sentence a person reads, in Chinese and English, from gettext catalogues.

Rules:

- Message ids are stable keys (``error.vault.passphrase.no-slot``), the same in zh and en (tested).
- Catalogues are the ``*.po`` files of ``i18n/zh`` and ``i18n/en``, one per part of the product.
- A missing key is a programmer's mistake and raises ``KeyError``; it never shows as empty.

Source: docs/reference/i18n.md.
"""

from __future__ import annotations

import os
from enum import Enum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.errors import LiaisonError

__all__ = ["Language", "catalogue", "cause", "choose_language", "hint", "text"]


class Language(Enum):
    """The languages of the product."""

    ZH = "zh"
    EN = "en"


def choose_language(wish: str | None, environ: Mapping[str, str] = os.environ) -> Language:
    """Choose by ``wish`` (``zh``, ``en``), else by LC_ALL, LC_MESSAGES, LANG, else English.

    Raises:
        ValueError: ``wish`` names no language of the product.
    """
    if wish is not None:
        return Language(wish)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return Language.ZH if environ[name].lower().startswith("zh") else Language.EN
    return Language.EN


@cache
def catalogue(language: Language) -> dict[str, str]:
    """Return every key and text of one language.

    Raises:
        ValueError: one key stands in two files, or a text is empty.
    """
    texts: dict[str, str] = {}
    folder = resources.files(__package__) / language.value
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".po"):
            continue
        with entry.open("rb") as stream:
            for message in read_po(stream):
                if not message.id:
                    continue
                key = str(message.id)
                if key in texts or not message.string:
                    msg = f"{entry.name}: {key} stands twice or is empty"
                    raise ValueError(msg)
                texts[key] = str(message.string)
    return texts


def text(key: str, language: Language, **values: object) -> str:
    """Return one sentence with its ``{values}`` filled in.

    Raises:
        KeyError: the key is in no catalogue, or a value is missing.
    """
    return catalogue(language)[key].format(**values)


def cause(error: LiaisonError, language: Language) -> str:
    """Say what happened."""
    return text(f"error.{error.code}.{error.reason}", language, **error.facts)


def hint(error: LiaisonError, language: Language) -> str:
    """Say the next step: the reason's own hint if it has one, else that of its class."""
    own = f"hint.{error.code}.{error.reason}"
    key = own if own in catalogue(language) else f"hint.{error.code}"
    return text(key, language, **error.facts)
