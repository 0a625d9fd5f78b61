"""Categories of a policy pack: sets of markings, and where each marking stands.

Rules:

- Five kinds say what a marking does to access; only controlling values bind acts.
- The index is built once for a pack, because every decision looks into it.

Source: docs/spec/labels.md §5; DESIGN §4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.labels.bound import Bound
    from secure_liaison.labels.naming import Basis, MarkText, Names

__all__ = ["Category", "CategoryIndex", "CategoryKind", "CategoryValue"]


class CategoryKind(Enum):
    """What a marking does to access."""

    WIDEN = "widen"
    """Adds readers to the home group (``REL TO``); missing = home only."""
    NARROW = "narrow"
    """Adds a group to meet (``ONLY``); missing = everyone permitted otherwise."""
    RESTRICT = "restrict"
    """The reader must hold every value."""
    CONTROL = "control"
    """Binds what may be done with the object; nobody may drop it but the owner."""
    INFORM = "inform"
    """Says something and protects nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryValue:
    """One value of a category.

    Attributes:
        id: Slug within the category.
        leaf: The audience leaf that it stands for (widen and narrow only), else empty; a group
            stands without a date (``group:KFOR``).
        names: In both languages.
        mark: What marks print, or none: then it is not printed.
        portion: What portion marks print; empty takes ``mark``.
        lacv: Its number in SPIF and ESS labels, or none.
        obsolete: Still read, never given anew.
        binds: Acts that it binds (control only).
    """

    id: str
    leaf: str
    names: Names
    mark: MarkText | None
    portion: str
    lacv: int | None
    obsolete: bool
    binds: frozenset[Bound] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A set of markings; a label may carry ``least`` to ``most`` of its values.

    Attributes:
        tag: Its name in STANAG 4774 and SPIF (``Releasable To``), or empty.
        oid: Id of its tag set, or empty.
        home: Whether each value names a home audience (a NATO context); narrowing categories only.
    """

    id: str
    kind: CategoryKind
    tag: str
    oid: str
    home: bool
    names: Names
    least: int
    most: int | None
    values: tuple[CategoryValue, ...]
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryIndex:
    """Where markings stand; of repeated ids, which the reader of packs refuses, the first.

    Attributes:
        by_id: Categories by id.
        values: By ``category:value``.
        by_kind: Every ``category:value`` of a kind.
        by_leaf: Widening and narrowing markings with their category, by leaf.
        leaves: Leaves of the values of each category, by its id.
        homes: Leaves of the values of home categories.
        counted: Categories of which a label needs some, or may have only so many.
    """

    by_id: Mapping[str, Category]
    values: Mapping[str, CategoryValue]
    by_kind: Mapping[CategoryKind, frozenset[str]]
    by_leaf: Mapping[str, tuple[tuple[Category, str], ...]]
    leaves: Mapping[str, frozenset[str]]
    homes: frozenset[str]
    counted: tuple[Category, ...]

    @classmethod
    def of(cls, categories: tuple[Category, ...]) -> CategoryIndex:
        """Build the index of a pack's categories."""
        by_kind: dict[CategoryKind, set[str]] = {kind: set() for kind in CategoryKind}
        by_leaf: dict[str, list[tuple[Category, str]]] = {}
        values: dict[str, CategoryValue] = {}
        for category in categories:
            for value in category.values:
                marking = f"{category.id}:{value.id}"
                values.setdefault(marking, value)
                by_kind[category.kind].add(marking)
                if value.leaf:
                    by_leaf.setdefault(value.leaf, []).append((category, marking))
        naming = (category for category in categories if category.home)
        leaves = {
            each.id: frozenset(value.leaf for value in each.values if value.leaf)
            for each in reversed(categories)
        }
        return cls(
            by_id=MappingProxyType({each.id: each for each in reversed(categories)}),
            values=MappingProxyType(values),
            by_kind=MappingProxyType({kind: frozenset(names) for kind, names in by_kind.items()}),
            by_leaf=MappingProxyType({leaf: tuple(found) for leaf, found in by_leaf.items()}),
            leaves=MappingProxyType(leaves),
            homes=frozenset(value.leaf for category in naming for value in category.values),
            counted=tuple(each for each in categories if each.least or each.most is not None),
        )
