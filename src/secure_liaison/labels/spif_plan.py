"""What becomes of each part of a SPIF: which level, which kind of category, which leaf, how long.

Rules:

- A permissive tag is decided by the caller, or by a name that is known to mean one thing; anything
  else is an error, never a guess: the SPIF does not say what a missing value means.
- One number for two things is an error with both named.
- What changes by itself at a date ends the pack at that date: no value outlives its own dates.
- A pack's lowest level may be public only if the caller says so.

Source: docs/spec/foreign-labels.md §1; labels report §0.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.labels.audience import LEAF_KINDS
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.spif_names import group_leaf, is_nation, slug

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.import_report import ImportReport
    from secure_liaison.labels.spif_policy import SpifClass, SpifPolicy, SpifTag, SpifValue
    from secure_liaison.labels.spif_supplement import Supplement

__all__ = ["Decisions", "Meaning", "Plan", "PlannedLevel", "PlannedTag", "PlannedValue", "plan"]

HIGHEST_CLASS: Final = 256
HIGHEST_NUMBER: Final = 2**31 - 1
_MOST_LEVELS: Final = 255
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")


class Meaning(Enum):
    """What a permissive tag means where a label has no value of it."""

    WIDEN = "widen"
    """Home only: its values add readers (``Releasable To``)."""
    NARROW = "narrow"
    """Everyone: its values keep readers out (``Only``)."""
    CONTEXT = "context"
    """Its value names home itself (``Context``)."""


_WELL_KNOWN: Final = {
    "releasable to": Meaning.WIDEN,
    "release to": Meaning.WIDEN,
    "rel to": Meaning.WIDEN,
    "only": Meaning.NARROW,
    "eyes only": Meaning.NARROW,
    "context": Meaning.CONTEXT,
}
_ASSUMED: Final = {
    Meaning.WIDEN: "assumed-widen",
    Meaning.NARROW: "assumed-narrow",
    Meaning.CONTEXT: "assumed-context",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Names of permissive tags by what they mean, as the SPIF writes the names."""

    widen: frozenset[str] = frozenset()
    narrow: frozenset[str] = frozenset()
    context: frozenset[str] = frozenset()

    def of(self, name: str) -> list[Meaning]:
        """Return every meaning decided for a name."""
        named = {
            Meaning.WIDEN: self.widen,
            Meaning.NARROW: self.narrow,
            Meaning.CONTEXT: self.context,
        }
        return [meaning for meaning, names in named.items() if name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLevel:
    """One level: its id, rank and place from the top (1 is the highest)."""

    id: str
    rank: int
    position: int
    lacv: int | None
    source: SpifClass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedValue:
    """One value."""

    id: str
    leaf: str
    lacv: int | None
    obsolete: bool
    source: SpifValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTag:
    """One category; ``home`` as in a pack."""

    id: str
    kind: CategoryKind
    home: bool
    name: str
    values: tuple[PlannedValue, ...]
    source: SpifTag


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Levels from low to high, categories in the file's order, days as ``YYYY-MM-DD``."""

    levels: tuple[PlannedLevel, ...]
    tags: tuple[PlannedTag, ...]
    valid_from: str
    valid_to: str


def plan(
    policy: SpifPolicy, decisions: Decisions, supplement: Supplement, report: ImportReport
) -> Plan:
    """Decide what becomes of each part; what cannot be decided goes into the report."""
    _check_policy(policy, report)
    valid_from = max(policy.not_before, policy.created)
    ends = {policy.not_after} | _changes(policy, valid_from, report)
    valid_to = min((end for end in ends if end), default="")
    if valid_to and valid_to <= valid_from:
        report.error("dates", start=valid_from, end=valid_to)
    _check_decisions(policy, decisions, report)
    taken = set(LEAF_KINDS)
    tags = []
    for tag in policy.tags:
        if not tag.values:
            report.warn("tag-empty", line=tag.line, place=tag.place)
            continue
        tags.append(
            _tag(
                tag,
                policy,
                report,
                decisions=decisions,
                supplement=supplement,
                taken=taken,
                day=valid_from,
            )
        )
    _tell_shared_leaves(tags, report)
    _check_supplement(policy, supplement, report)
    return Plan(
        levels=_levels(policy, supplement, report),
        tags=tuple(tags),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _levels(
    policy: SpifPolicy, supplement: Supplement, report: ImportReport
) -> tuple[PlannedLevel, ...]:
    ordered = sorted(policy.classes, key=lambda each: each.hierarchy)
    if len(ordered) > _MOST_LEVELS:
        report.error("too-many-levels", limit=_MOST_LEVELS)
        return ()
    public = supplement.public
    if public and ordered and ordered[0].name != public:
        report.error("public-not-lowest", name=public)
    if not public and ordered:
        report.note("no-public-level", name=ordered[0].name)
    taken: set[str] = set()
    return tuple(
        PlannedLevel(
            id=slug(each.name, taken=taken, fallback="level"),
            rank=number if public else number + 1,
            position=len(ordered) - number,
            lacv=_class_number(each, report),
            source=each,
        )
        for number, each in enumerate(ordered)
    )


def _class_number(each: SpifClass, report: ImportReport) -> int | None:
    if 0 <= each.lacv <= HIGHEST_CLASS:
        return each.lacv
    report.warn("class-number", line=each.line, place=each.place, value=each.lacv)
    return None


def _tag(
    tag: SpifTag,
    policy: SpifPolicy,
    report: ImportReport,
    *,
    decisions: Decisions,
    supplement: Supplement,
    taken: set[str],
    day: str,
) -> PlannedTag:
    kind, home = _kind(tag, decisions, report)
    alone = sum(each.set_id == tag.set_id for each in policy.tags) == 1
    added = supplement.categories.get(tag.name, {}).get("values", {})
    leading = kind in {CategoryKind.WIDEN, CategoryKind.NARROW}
    ids: set[str] = set()
    values = []
    for value in tag.values:
        if value.typed:
            continue
        leaf = _leaf(value, added.get(value.name, {}).get("leaf"), report) if leading else ""
        early = bool(value.not_before) and value.not_before > day
        late = bool(value.not_after) and value.not_after <= day
        values.append(
            PlannedValue(
                id=slug(value.name, taken=ids, fallback="value"),
                leaf=leaf,
                lacv=_value_number(value, report),
                obsolete=value.obsolete or early or late,
                source=value,
            )
        )
    _refuse_shared_leaves(tag, values, report)
    return PlannedTag(
        id=slug(tag.name, taken=taken, fallback="tag"),
        kind=kind,
        home=home,
        name=tag.set_name if alone else tag.name,
        values=tuple(values),
        source=tag,
    )


def _kind(tag: SpifTag, decisions: Decisions, report: ImportReport) -> tuple[CategoryKind, bool]:
    if not tag.type.permissive:
        return (CategoryKind.RESTRICT if tag.type.restrictive else CategoryKind.INFORM), False
    decided = decisions.of(tag.name) or decisions.of(tag.set_name)
    if len(decided) > 1:
        report.error("decision-twice", line=tag.line, place=tag.place, name=tag.name)
    known = _WELL_KNOWN.get(" ".join(tag.name.casefold().split()))
    meaning = decided[0] if decided else known
    if meaning is None:
        report.error("decision-missing", line=tag.line, place=tag.place, name=tag.name)
        return CategoryKind.NARROW, False
    if not decided:
        report.warn(_ASSUMED[meaning], line=tag.line, place=tag.place, name=tag.name)
    kind = CategoryKind.WIDEN if meaning is Meaning.WIDEN else CategoryKind.NARROW
    return kind, meaning is Meaning.CONTEXT


def _leaf(value: SpifValue, added: object, report: ImportReport) -> str:
    if added is not None:
        return str(added)
    if is_nation(value.name):
        return f"nation:{value.name}"
    leaf = group_leaf(value.name)
    if leaf:
        report.note("leaf-group", line=value.line, place=value.place, leaf=leaf)
    else:
        report.error("leaf", line=value.line, place=value.place)
    return leaf


def _value_number(value: SpifValue, report: ImportReport) -> int | None:
    if _NUMBER.fullmatch(value.lacv) and 0 <= int(value.lacv) <= HIGHEST_NUMBER:
        return int(value.lacv)
    report.warn("value-number", line=value.line, place=value.place, value=value.lacv)
    return None


def _refuse_shared_leaves(tag: SpifTag, values: list[PlannedValue], report: ImportReport) -> None:
    by_leaf: dict[str, PlannedValue] = {}
    for value in values:
        first = by_leaf.setdefault(value.leaf, value)
        if value.leaf and first is not value:
            report.error(
                "leaf-twice",
                line=value.source.line,
                place=tag.place,
                one=first.source.name,
                other=value.source.name,
                leaf=value.leaf,
            )


def _tell_shared_leaves(tags: list[PlannedTag], report: ImportReport) -> None:
    """Tell which values of two tags of one kind an audience cannot keep apart."""
    seen: dict[tuple[CategoryKind, bool, str], tuple[str, str]] = {}
    for tag in tags:
        for value in tag.values:
            mine = tag.id, value.source.name
            first = seen.setdefault((tag.kind, tag.home, value.leaf), mine)
            if value.leaf and first[0] != tag.id:
                report.warn(
                    "leaf-shared",
                    line=value.source.line,
                    place=value.source.place,
                    one=first[1],
                    other=value.source.name,
                    leaf=value.leaf,
                )


def _changes(policy: SpifPolicy, day: str, report: ImportReport) -> set[str]:
    """Return the days after ``day`` on which a value begins or ends by itself."""
    found = set()
    for tag in policy.tags:
        for value in tag.values:
            dates = {value.not_before, value.not_after} - {""}
            if dates:
                report.warn(
                    "value-dates",
                    line=value.line,
                    place=value.place,
                    dates=", ".join(sorted(dates)),
                )
            found |= {date for date in dates if date > day}
    return found


def _check_decisions(policy: SpifPolicy, decisions: Decisions, report: ImportReport) -> None:
    permissive = {name for tag in policy.tags if tag.type.permissive for name in tag.names}
    known = {name for tag in policy.tags for name in tag.names}
    for name in sorted((decisions.widen | decisions.narrow | decisions.context) - permissive):
        report.error("decision-not-needed" if name in known else "decision-unknown", name=name)


def _check_policy(policy: SpifPolicy, report: ImportReport) -> None:
    classes = policy.classes
    _refuse_twice("class-name-twice", ((e.name, e) for e in classes), report)
    _refuse_twice("class-number-twice", ((e.lacv, e) for e in classes), report)
    _refuse_twice("hierarchy-twice", ((e.hierarchy, e) for e in classes), report)
    sets: dict[str, str] = {}
    for tag in policy.tags:
        if sets.setdefault(tag.set_id, tag.set_name) != tag.set_name:
            report.error("tag-set-twice", line=tag.line, place=tag.place, value=tag.set_id)
    names: dict[str, str] = {}
    for tag in policy.tags:
        if names.setdefault(tag.set_name, tag.set_id) != tag.set_id:
            report.error("tag-set-twice", line=tag.line, place=tag.place, value=tag.set_name)
    numbers: dict[object, list[tuple[object, SpifClass | SpifValue]]] = defaultdict(list)
    for tag in policy.tags:
        _refuse_twice("value-name-twice", ((e.name.casefold(), e) for e in tag.values), report)
        effect = tag.type.permissive, tag.type.restrictive
        numbers[tag.set_id, effect] += [(_normal(each.lacv), each) for each in tag.values]
    for each in numbers.values():
        _refuse_twice("value-number-twice", each, report)


def _normal(lacv: str) -> str:
    return str(int(lacv)) if _NUMBER.fullmatch(lacv) else lacv


def _refuse_twice(
    code: str, keyed: Iterable[tuple[object, SpifClass | SpifValue]], report: ImportReport
) -> None:
    seen: dict[object, str] = {}
    for key, each in keyed:
        if key in seen:
            report.error(
                code, line=each.line, place=each.place, value=key, one=seen[key], other=each.name
            )
        else:
            seen[key] = each.name


def _check_supplement(policy: SpifPolicy, supplement: Supplement, report: ImportReport) -> None:
    levels = {each.name for each in policy.classes}
    for name in sorted(supplement.levels):
        if name not in levels:
            report.error("supplement-unknown", name=name)
    tags = {tag.name: {each.name for each in tag.values} for tag in policy.tags}
    for name, added in sorted(supplement.categories.items()):
        for unknown in sorted(set(added.get("values", {})) - tags.get(name, set())):
            report.error("supplement-unknown", name=f"{name}: {unknown}")
        if name not in tags:
            report.error("supplement-unknown", name=name)
