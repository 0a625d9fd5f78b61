"""Findings about what a pack's parts say of each other: levels, handling, leaves, groups.

Source: docs/spec/labels.md §5, §9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import LEAF_KINDS, require_leaf, require_pack_leaf
from secure_liaison.labels.finding import Finding, FindingCode
from secure_liaison.labels.grammar import ValuesSegment
from secure_liaison.labels.period import Period, PeriodForm, months_of
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.rules import (
    AllOf,
    AnyOf,
    Condition,
    Count,
    Effect,
    Forbid,
    Has,
    LevelAtLeast,
    LevelIn,
    Need,
    Not,
    OneOf,
    RaiseTo,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from secure_liaison.labels.policy import PolicyPack, Rule

__all__ = ["lint_groups", "lint_leaves", "lint_levels", "lint_references"]

_OLDEST: Final = 1000
"""Years; longer than every maximum, for levels that have none."""


def lint_levels(pack: PolicyPack) -> Iterator[Finding]:
    """Yield levels and periods that are out of order."""
    ranks = [level.rank for level in pack.levels]
    longest = [level.max_period_years or _OLDEST for level in pack.levels]
    if not ranks:
        yield Finding(code=FindingCode.LEVELS_MISSING, place="levels")
    if ranks != sorted(ranks):
        yield Finding(code=FindingCode.LEVELS_ORDER, place="levels", names=tuple(map(str, ranks)))
    for k, years in enumerate(longest[1:], start=1):
        if years < longest[k - 1]:
            yield Finding(
                code=FindingCode.LEVELS_PERIOD,
                place=f"levels[{k}].max_period_years",
                names=(pack.levels[k - 1].id, pack.levels[k].id),
            )
    twice = pack.period.forms & pack.period.older_forms
    if twice or not pack.period.forms:
        names = tuple(sorted(form.name.lower() for form in twice))
        yield Finding(code=FindingCode.PERIOD_FORMS, place="period.older_forms", names=names)


def lint_references(pack: PolicyPack) -> Iterator[Finding]:
    """Yield names that lead nowhere, and handling profiles that no level uses."""
    levels = {level.id for level in pack.levels}
    profiles = {profile.id for profile in pack.handling}
    classes = {each.id for each in pack.person_classes} | {""}
    yield from _defaults(pack, levels)
    for level in pack.levels:
        yield from _refer(f"levels.{level.id}.handling", [level.handling], profiles)
    for profile in sorted(profiles - {level.handling for level in pack.levels}):
        # A profile that no level uses is a slip of the pen: somebody believes that it protects.
        yield Finding(code=FindingCode.HANDLING_UNUSED, place="handling", names=(profile,))
    for handling in pack.handling:
        yield from _refer(f"handling.{handling.id}", [handling.min_person_class], classes)
    for authority in pack.authority:
        yield from _refer(f"authority.{authority.body}", authority.levels, levels)
    for k, referral in enumerate(pack.workflow.unclear_to):
        yield from _refer(f"workflow.unclear_to[{k}].levels", referral.levels, levels)
    categories = {category.id for category in pack.categories}
    markings = {f"{each.id}:{value.id}" for each in pack.categories for value in each.values}
    for rule in pack.rules:
        yield from _rule(rule, levels, categories, markings)
    for each in pack.compilation:
        place = f"compilation.{each.id}"
        yield from _refer(place, [each.raise_to, *([each.level] if each.level else [])], levels)
        yield from _refer(place, [each.marking] if each.marking else [], markings)
    for level in pack.levels:
        yield from _refer(f"levels.{level.id}.says", sorted(level.says), markings)
    grammar = pack.marking
    for segment in (*grammar.segments, *(grammar.portion.segments if grammar.portion else ())):
        if isinstance(segment, ValuesSegment):
            yield from _refer("marking", [part.category for part in segment.parts], categories)
    if grammar.foreign is not None:
        yield from _refer("marking.foreign", [grammar.foreign.category], categories)


def lint_leaves(pack: PolicyPack) -> Iterator[Finding]:
    """Yield leaves of audiences that are malformed or stand where none belongs."""
    if pack.home:
        yield from _leaf("home", pack.home, require_pack_leaf)
    for category in pack.categories:
        place = f"categories.{category.id}"
        if category.id in LEAF_KINDS:
            yield Finding(code=FindingCode.CATEGORY_NAME, place=place, names=(category.id,))
        has_leaves = category.kind in {CategoryKind.WIDEN, CategoryKind.NARROW}
        for value in category.values:
            if has_leaves != bool(value.leaf):
                yield Finding(code=FindingCode.LEAF_MISPLACED, place=place, names=(value.id,))
            if value.leaf:
                yield from _leaf(place, value.leaf, require_pack_leaf)
    yield from _at_home(pack)
    for group in pack.groups:
        yield from _leaf("groups", f"group:{group.id}", require_pack_leaf)
        place = f"groups.{group.id}.members"
        for member in group.members:
            yield from _leaf(place, member.leaf, require_leaf)
            if member.leaf.startswith("group:"):
                # Its own members would have to be judged on another day.
                yield Finding(code=FindingCode.GROUP_NESTED, place=place, names=(member.leaf,))


def lint_groups(pack: PolicyPack) -> Iterator[Finding]:
    """Yield groups that are named and not listed, or listed without a member."""
    listed = {f"group:{group.id}" for group in pack.groups}
    named = [("home", pack.home)]
    named += [
        (f"categories.{category.id}", value.leaf)
        for category in pack.categories
        for value in category.values
    ]
    for place, leaf in named:
        if leaf.startswith("group:") and leaf not in listed:
            yield Finding(code=FindingCode.GROUP_UNKNOWN, place=place, names=(leaf,))
    for group in pack.groups:
        if not group.members:
            yield Finding(
                code=FindingCode.GROUP_EMPTY, place=f"groups.{group.id}", names=(group.id,)
            )


def _at_home(pack: PolicyPack) -> Iterator[Finding]:
    homes = {value.leaf for each in pack.categories if each.home for value in each.values}
    for category in pack.categories:
        for value in category.values if category.kind is CategoryKind.WIDEN else ():
            if value.leaf in homes:
                # Home, and released to home, could not be told apart in an audience.
                yield Finding(
                    code=FindingCode.LEAF_AT_HOME,
                    place=f"categories.{category.id}",
                    names=(value.id, value.leaf),
                )


def _defaults(pack: PolicyPack, levels: set[str]) -> Iterator[Finding]:
    longest = {level.id: level.max_period_years for level in pack.levels}
    for level_id, value in pack.period.defaults:
        yield from _refer("period.defaults", [level_id], levels)
        try:
            months = months_of(Period(form=PeriodForm.DURATION, value=value)) or 0
        except FormatError:
            yield Finding(code=FindingCode.PERIOD_DEFAULT, place="period.defaults", names=(value,))
            continue
        years = longest.get(level_id)
        if years is not None and months > 12 * years:
            yield Finding(
                code=FindingCode.PERIOD_DEFAULT_LONG,
                place="period.defaults",
                names=(level_id, value),
            )


def _rule(
    rule: Rule, levels: set[str], categories: set[str], markings: set[str]
) -> Iterator[Finding]:
    place = f"rules.{rule.id}"
    for part in (*_flat(rule.condition), rule.effect):
        match part:
            case LevelAtLeast(level=level) | RaiseTo(level=level):
                yield from _refer(place, [level], levels)
            case LevelIn(levels=named):
                yield from _refer(place, named, levels)
            case Has(marking=marking):
                yield from _refer(place, [marking], markings)
            case OneOf(markings=named):
                yield from _refer(place, named, markings)
            case Count(category=category) | Need(category=category) | Forbid(category=category):
                yield from _refer(place, [category], categories)
            case AllOf() | AnyOf() | Not():
                pass
            case _:
                assert_never(part)


def _flat(condition: Condition) -> Iterable[Condition | Effect]:
    yield condition
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _flat(part)
        case Not(part=part):
            yield from _flat(part)
        case _:
            pass


def _refer(place: str, names: Iterable[str], known: set[str]) -> Iterator[Finding]:
    for name in names:
        if name not in known:
            yield Finding(code=FindingCode.REFERENCE_UNKNOWN, place=place, names=(name,))


def _leaf(place: str, text: str, require: Callable[[str], str]) -> Iterator[Finding]:
    try:
        require(text)
    except FormatError:
        yield Finding(code=FindingCode.LEAF_FORM, place=place, names=(text,))
