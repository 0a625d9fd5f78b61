"""Findings about what must tell two things apart: ids, ranks, names, marks, codes, leaves.

Source: docs/spec/labels.md §5, §9.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from secure_liaison.labels.finding import Finding, FindingCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from secure_liaison.labels.policy import PolicyPack

__all__ = ["lint_codes", "lint_names"]


def lint_names(pack: PolicyPack) -> Iterator[Finding]:
    """Yield ids, ranks, names and marks of levels, categories and the rest that stand twice."""
    yield from _twice(FindingCode.DUPLICATE_ID, "levels", (level.id for level in pack.levels))
    yield from _twice(
        FindingCode.DUPLICATE_RANK, "levels.rank", (str(level.rank) for level in pack.levels)
    )
    yield from _written(pack)
    for place, ids in (
        ("categories", [each.id for each in pack.categories]),
        *((f"categories.{each.id}", [v.id for v in each.values]) for each in pack.categories),
        ("groups", [each.id for each in pack.groups]),
        ("rules", [each.id for each in pack.rules]),
        ("compilation", [each.id for each in pack.compilation]),
        ("authority", [each.body for each in pack.authority]),
        ("reasons", [each.id for each in pack.reasons]),
        ("person_classes", [each.id for each in pack.person_classes]),
        ("handling", [each.id for each in pack.handling]),
        ("urgencies", [each.id for each in pack.urgencies]),
    ):
        yield from _twice(FindingCode.DUPLICATE_ID, place, ids)
    for place, ranks in (
        ("person_classes.rank", [each.rank for each in pack.person_classes]),
        ("urgencies.rank", [each.rank for each in pack.urgencies]),
    ):
        yield from _twice(FindingCode.DUPLICATE_RANK, place, map(str, ranks))


def lint_codes(pack: PolicyPack) -> Iterator[Finding]:
    """Yield numbers of binary labels, and leaves of audiences, that stand for two things."""
    levels = [(level.lacv, level.id) for level in pack.levels if level.lacv is not None]
    yield from _shared(FindingCode.DUPLICATE_CODE, "levels.lacv", levels)
    tag_sets: dict[str, list[tuple[int, str]]] = {}
    for category in pack.categories:
        # A tag set counts its codes through; without one the category counts alone.
        tag_set = tag_sets.setdefault(category.oid or category.id, [])
        for value in category.values:
            if value.lacv is not None:
                tag_set.append((value.lacv, f"{category.id}:{value.id}"))
    for name, codes in tag_sets.items():
        yield from _shared(FindingCode.DUPLICATE_CODE, f"categories.{name}.lacv", codes)
    for category in pack.categories:
        leaves = [(value.leaf, value.id) for value in category.values if value.leaf]
        yield from _shared(FindingCode.DUPLICATE_LEAF, f"categories.{category.id}.values", leaves)


def _written(pack: PolicyPack) -> Iterator[Finding]:
    for code, place, names in (
        (
            FindingCode.DUPLICATE_NAME,
            "levels.names",
            [{level.names.zh, level.names.en} for level in pack.levels],
        ),
        (
            FindingCode.DUPLICATE_MARK,
            "levels.mark",
            [{level.mark.en, level.mark.zh, *level.aliases} for level in pack.levels],
        ),
        (
            FindingCode.DUPLICATE_NAME,
            "urgencies.names",
            [{each.names.zh, each.names.en} for each in pack.urgencies],
        ),
    ):
        yield from _twice(code, place, (_squeezed(name) for group in names for name in group))


def _twice(code: FindingCode, place: str, names: Iterable[str]) -> Iterator[Finding]:
    for name, times in Counter(names).items():
        if times > 1:
            yield Finding(code=code, place=place, names=(name,))


def _shared(
    code: FindingCode, place: str, pairs: Iterable[tuple[int | str, str]]
) -> Iterator[Finding]:
    found: dict[int | str, list[str]] = {}
    for key, name in pairs:
        found.setdefault(key, []).append(name)
    for key, names in found.items():
        if len(names) > 1:
            yield Finding(code=code, place=place, names=(str(key), *names))


def _squeezed(name: str) -> str:
    return "".join(name.split()).casefold()
