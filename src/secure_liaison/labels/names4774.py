"""The names by which STANAG 4774 calls what a pack holds: policy, levels, tag sets, values.

Rules:

- Written is one name for each thing; read are also its mark and its id. Names of levels and their
  marks are told apart by the pack itself.
- Names of the policies NATO and PUBLIC are compared without regard to case, all others exactly.
- What would not read back as itself is not written.

Source: docs/spec/stanag4774.md §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.label4774 import CategoryType
from secure_liaison.labels.policy import CategoryKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.policy import Category, CategoryValue, Level, PolicyPack

__all__ = [
    "TYPES",
    "find_level",
    "find_value",
    "level_name",
    "names_policy",
    "policy_name",
    "policy_uri",
    "tag_name",
    "tag_uri",
    "tagged",
    "value_name",
]

TYPES: Final = {
    CategoryKind.WIDEN: CategoryType.PERMISSIVE,
    CategoryKind.NARROW: CategoryType.PERMISSIVE,
    CategoryKind.RESTRICT: CategoryType.RESTRICTIVE,
    # A reader that does not know the limit must not get what it limits.
    CategoryKind.CONTROL: CategoryType.RESTRICTIVE,
    CategoryKind.INFORM: CategoryType.INFORMATIVE,
}
_PUBLISHED: Final = {"1.3.26.1.3.1": "NATO"}
"""Names of policies by object identifier, where the published one is not the pack's."""
_DISPLAYED: Final = {"1.3.26.1.3.1": "COSMIC"}
"""What marks put before a level and the published name of the level lacks."""
_CASELESS: Final = frozenset({"NATO", "PUBLIC"})
_OID: Final = "urn:oid:"


def policy_name(pack: PolicyPack) -> str:
    """Return the ``PolicyIdentifier``."""
    return _PUBLISHED.get(pack.oid, pack.names.en)


def policy_uri(pack: PolicyPack) -> str:
    """Return ``PolicyIdentifier/@URI``, or empty."""
    return f"{_OID}{pack.oid}" if pack.oid else ""


def names_policy(pack: PolicyPack, policy: str, uri: str) -> bool:
    """Whether a policy named so is the pack's; an identifier of another contradicts the name."""
    if uri.startswith(_OID) and pack.oid and uri != policy_uri(pack):
        return False
    return _same(pack, policy, policy_name(pack))


def level_name(pack: PolicyPack, level: Level) -> str:
    """Return the ``Classification``: the level's name, without the policy's if that is enough."""
    name = level.names.en
    for prefix in _prefixes(pack):
        name = name.removeprefix(prefix)
    return name if find_level(pack, name) == level else level.names.en


def find_level(pack: PolicyPack, name: str) -> Level:
    """Return the level of that name, with or without the policy's; else of that mark or id.

    Raises:
        FormatError: ``label-level-unknown``.
    """
    prefixed = [f"{prefix}{name}" for prefix in _prefixes(pack)]
    for level in pack.levels:
        if _same(pack, name, level.names.en):
            return level
    for level in pack.levels:
        if any(_same(pack, each, level.names.en) for each in prefixed):
            return level
    for level in pack.levels:
        if _same(pack, name, level.mark.en) or name == level.id:
            return level
    raise FormatError("label-level-unknown")


def tag_name(category: Category) -> str:
    """Return the ``Category/@TagName``: the pack's tag, or where it has none the category's id."""
    return category.tag or category.id


def tag_uri(category: Category) -> str:
    """Return ``Category/@URI``, or empty."""
    return f"{_OID}{category.oid}" if category.oid else ""


def tagged(pack: PolicyPack, kind: CategoryType, tag: str) -> list[Category]:
    """Return the categories that a type and a tag mean."""
    return [
        each
        for each in pack.categories
        if TYPES[each.kind] is kind and _same(pack, tag, tag_name(each))
    ]


def value_name(pack: PolicyPack, category: Category, value: CategoryValue) -> str:
    """Return the ``GenericValue``.

    Raises:
        FormatError: ``label4774-ambiguous``.
    """
    siblings = tagged(pack, TYPES[category.kind], tag_name(category))
    if find_value(pack, siblings, value.names.en) != (category, value):
        raise FormatError("label4774-ambiguous", category=category.id)
    return value.names.en


def find_value(
    pack: PolicyPack, categories: Iterable[Category], name: str
) -> tuple[Category, CategoryValue] | None:
    """Return the one value of that name, or nothing."""
    values = [(category, value) for category in categories for value in category.values]
    named = [each for each in values if _same(pack, name, each[1].names.en)]
    marked = [
        each
        for each in values
        if _same(pack, name, each[1].id) or (each[1].mark and _same(pack, name, each[1].mark.en))
    ]
    for found in (named, marked):
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _prefixes(pack: PolicyPack) -> list[str]:
    names = (policy_name(pack), pack.names.en, _DISPLAYED.get(pack.oid, ""))
    return [f"{name} " for name in dict.fromkeys(names) if name]


def _same(pack: PolicyPack, one: str, other: str) -> bool:
    if policy_name(pack).upper() in _CASELESS:
        return one.casefold() == other.casefold()
    return one == other
