"""Findings about texts: what a level must never be called, and what a fact rests on.

Rules:

- The Chinese name of a foreign level never holds a level of state secrets, or a reader would
  protect it by the wrong law.
- The English name of a Chinese level is never a bare Western word, for the same reason.
- A fact that was `checked` names the place in the text that was read.

Source: docs/spec/labels.md §7, §9; DESIGN §4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from secure_liaison.labels.finding import Finding, FindingCode
from secure_liaison.labels.naming import BasisStatus, MarkLanguage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from secure_liaison.labels.naming import Basis
    from secure_liaison.labels.policy import Level, PolicyPack

__all__ = ["lint_basis", "lint_glosses"]

_STATE_SECRETS: Final = re.compile(r"[秘机機绝絕]\s*密")
_WESTERN: Final = frozenset(
    {
        "CLASSIFIED",
        "CONFIDENTIAL",
        "COSMIC",
        "OFFICIAL",
        "PROTECTED",
        "RESTRICTED",
        "SECRET",
        "SENSITIVE",
        "TOP",
        "UNCLASSIFIED",
    }
)
_LATIN: Final = re.compile(r"[A-Za-z]+")
_WHOLE: Final = "basis"
"""The place of the pack's own basis, which may be a law as a whole."""
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")
_PLACED: Final = re.compile(r"[0-9０-９§]|第.+[条條章款项項]")


def lint_glosses(pack: PolicyPack) -> Iterator[Finding]:
    """Yield levels whose name in the other language would be taken for that language's law."""
    foreign = pack.marking.original is not MarkLanguage.ZH
    for k, level in enumerate(pack.levels):
        # A mark that holds its Latin form itself (秘级 SECRET) is in both languages its own.
        if foreign or _LATIN.search(level.mark.zh):
            yield from _chinese(level, k)
        else:
            yield from _english(level, k)


def lint_basis(pack: PolicyPack) -> Iterator[Finding]:
    """Yield facts without a basis, and checked ones whose citation names no place."""
    for place, basis in _bases(pack):
        if not basis or any(not each.cite.strip() for each in basis):
            yield Finding(code=FindingCode.BASIS_MISSING, place=place)
        for each in basis if place != _WHOLE else ():
            if each.status is BasisStatus.CHECKED and not _names_place(each.cite):
                yield Finding(code=FindingCode.BASIS_VAGUE, place=place, names=(each.cite,))


def _names_place(cite: str) -> bool:
    return _PLACED.search(_YEAR.sub("", cite)) is not None


def _chinese(level: Level, k: int) -> Iterator[Finding]:
    for place, text in (("mark.zh", level.mark.zh), ("names.zh", level.names.zh)):
        if _STATE_SECRETS.search(text):
            yield Finding(
                code=FindingCode.GLOSS_STATE_SECRET, place=f"levels[{k}].{place}", names=(text,)
            )


def _english(level: Level, k: int) -> Iterator[Finding]:
    for place, text in (("mark.en", level.mark.en), ("names.en", level.names.en)):
        words = {word.upper() for word in _LATIN.findall(text)}
        if words and words <= _WESTERN:
            yield Finding(
                code=FindingCode.GLOSS_WESTERN, place=f"levels[{k}].{place}", names=(text,)
            )


def _bases(pack: PolicyPack) -> Iterable[tuple[str, tuple[Basis, ...]]]:
    yield _WHOLE, pack.basis
    for name, items in (
        ("levels", [(each.id, each.basis) for each in pack.levels]),
        ("categories", [(each.id, each.basis) for each in pack.categories]),
        ("groups", [(each.id, each.basis) for each in pack.groups]),
        ("rules", [(each.id, each.basis) for each in pack.rules]),
        ("compilation", [(each.id, each.basis) for each in pack.compilation]),
        ("authority", [(each.body, each.basis) for each in pack.authority]),
        ("reasons", [(each.id, each.basis) for each in pack.reasons]),
        ("handling", [(each.id, each.basis) for each in pack.handling]),
        ("urgencies", [(each.id, each.basis) for each in pack.urgencies]),
    ):
        for key, basis in items:
            yield f"{name}.{key}.basis", basis
    for k, referral in enumerate(pack.workflow.unclear_to):
        yield f"workflow.unclear_to[{k}].basis", referral.basis
