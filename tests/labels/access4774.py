"""The usual access check of STANAG 4774, and NATO's published combining rules, written out here.

Nothing of the library is used for a decision: this is what other people's software does.
"""

from __future__ import annotations

from secure_liaison.labels.label4774 import (
    Category4774,
    CategoryType,
    Clearance4774,
    Label4774,
    LabelRoot,
)

ORDER = ("UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET", "TOP SECRET")


def admits(label: Label4774, clearance: Clearance4774) -> bool:
    """Whether a clearance opens a label; a missing permissive category restricts nobody."""
    if label.policy != clearance.policy:
        return False
    if label.classification not in clearance.classifications:
        return False
    held: dict[str, set[str]] = {}
    for category in clearance.categories:
        held.setdefault(category.tag, set()).update(category.values)
    for category in label.categories:
        values, mine = set(category.values), held.get(category.tag, set())
        if category.type is CategoryType.RESTRICTIVE and not values <= mine:
            return False
        if category.type is CategoryType.PERMISSIVE and not values & mine:
            return False
    return True


def dominant_by_rules_5_and_6(one: Label4774, other: Label4774) -> Label4774:
    """Return NATO's dominant label: a permissive category without a common value is left out.

    So is one that only one label has (ADatP-4774.1 §4.4).
    """
    mine = {each.tag: each for each in one.categories}
    theirs = {each.tag: each for each in other.categories}
    kept = []
    for tag in dict.fromkeys((*mine, *theirs)):
        pair = [labels[tag] for labels in (mine, theirs) if tag in labels]
        if pair[0].type is CategoryType.PERMISSIVE:
            common = [value for value in pair[0].values if value in pair[-1].values]
            values = tuple(common) if len(pair) > 1 else ()
        else:
            values = tuple(dict.fromkeys(value for each in pair for value in each.values))
        if values:
            kept.append(Category4774(type=pair[0].type, tag=tag, values=values))
    return Label4774(
        root=LabelRoot.ORIGINATOR,
        policy=one.policy,
        classification=max(one.classification, other.classification, key=ORDER.index),
        categories=tuple(kept),
        created=max(one.created, other.created),
    )


def clearance(level: str, **held: list[str]) -> Clearance4774:
    """Return a clearance up to a level; values by tag, ``_`` standing for a space."""
    return Clearance4774(
        policy="NATO",
        classifications=ORDER[: ORDER.index(level) + 1],
        categories=tuple(
            Category4774(
                type=CategoryType.RESTRICTIVE
                if tag in {"ctrl", "Additional_Sensitivity"}
                else CategoryType.PERMISSIVE,
                tag=tag.replace("_", " "),
                values=tuple(values),
            )
            for tag, values in held.items()
            if values
        ),
    )
