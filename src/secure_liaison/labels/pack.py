"""Policy packs: read strictly, checked as a whole, and those that are built in.

Rules:

- A pack that is ambiguous is refused: repeated ids, ranks, names or aliases, references to nothing,
  dates out of order, marks that do not parse back.
- The digest of a pack is over its RFC 8785 form, so layout does not count and content does.
- A higher level never has a shorter maximum than a lower one, so a join keeps its periods.

Source: docs/spec/labels.md §5.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, assert_never

import rfc8785

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import LEAF_KINDS, require_leaf, require_pack_leaf
from secure_liaison.labels.grammar import ValuesSegment
from secure_liaison.labels.mark_check import check_marks
from secure_liaison.labels.mark_scan import segments_of
from secure_liaison.labels.pack_file import read_pack
from secure_liaison.labels.period import Period, PeriodForm, months_of
from secure_liaison.labels.policy import CategoryKind, PolicyPack
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
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BUILTIN_PACKS",
    "MAX_PACK_BYTES",
    "POLICIES",
    "builtin_pack",
    "builtin_packs",
    "load_pack",
    "pack_in_force",
]

MAX_PACK_BYTES: Final = 2**20
BUILTIN_PACKS: Final = (
    "cn.state-secrets@2024-09-01",
    "generic@2024-09-01",
    "nato@2017-12-20",
    "us.eo13526@2010-06-27",
)
"""Every version that ships with the library."""
POLICIES: Final = tuple(dict.fromkeys(name.partition("@")[0] for name in BUILTIN_PACKS))


def load_pack(data: bytes) -> PolicyPack:
    """Read and check one pack of at most `MAX_PACK_BYTES`.

    Raises:
        FormatError: ``too-long``, ``pack-duplicate-name``, ``pack-not-json``, those of `read_pack`,
            then ``pack-duplicate``, ``pack-dates``, ``pack-levels``, ``pack-reference``,
            ``pack-mark``, ``pack-mark-values``.
        UnsupportedVersionError: ``unknown-version``.
    """
    value = read_json(data, max_bytes=MAX_PACK_BYTES)
    try:
        canonical = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as exc:
        raise FormatError("pack-not-json") from exc
    pack = read_pack(JsonFields(value), digest=hashlib.sha256(canonical).digest())
    _check_unique(pack)
    _check_dates(pack)
    _check_levels(pack)
    _check_references(pack)
    check_marks(pack)
    return pack


@cache
def builtin_pack(pack_id: str) -> PolicyPack:
    """Return a pack that ships with the library: ``id@version``, or by id the newest version.

    Raises:
        FormatError: ``pack-unknown``.
    """
    if pack_id in BUILTIN_PACKS:
        file = resources.files("secure_liaison.labels") / "packs" / f"{pack_id}.json"
        return load_pack(file.read_bytes())
    versions = [each for each in BUILTIN_PACKS if each.partition("@")[0] == pack_id]
    if not versions or not pack_id:
        raise FormatError("pack-unknown")
    return builtin_pack(max(versions))


def builtin_packs() -> tuple[PolicyPack, ...]:
    """Return the newest version of every policy that ships with the library."""
    return tuple(builtin_pack(pack_id) for pack_id in POLICIES)


def pack_in_force(policy: str, at: Instant) -> PolicyPack:
    """Return the version of a policy that was in force at a moment: by it an old label is judged.

    Raises:
        FormatError: ``pack-unknown``, ``pack-none-in-force``.
    """
    if policy not in POLICIES:
        raise FormatError("pack-unknown")
    for name in sorted(BUILTIN_PACKS, reverse=True):
        pack = builtin_pack(name) if name.partition("@")[0] == policy else None
        if pack is not None and pack.in_force(at):
            return pack
    raise FormatError("pack-none-in-force")


def _check_unique(pack: PolicyPack) -> None:
    _refuse_repeated("levels", (level.id for level in pack.levels))
    _refuse_repeated("levels.rank", (str(level.rank) for level in pack.levels))
    for place, names in (
        ("levels.names", [{level.names.zh, level.names.en} for level in pack.levels]),
        ("levels.mark", [{level.mark.en, level.mark.zh, *level.aliases} for level in pack.levels]),
        ("urgencies.names", [{each.names.zh, each.names.en} for each in pack.urgencies]),
    ):
        _refuse_repeated(place, (_squeezed(name) for group in names for name in group))
    _refuse_repeated("categories", (category.id for category in pack.categories))
    for category in pack.categories:
        _refuse_repeated(f"categories.{category.id}", (value.id for value in category.values))
    _refuse_repeated("rules", (rule.id for rule in pack.rules))
    _refuse_repeated("authority", (each.body for each in pack.authority))
    _refuse_repeated("person_classes", (each.id for each in pack.person_classes))
    _refuse_repeated("person_classes.rank", (str(each.rank) for each in pack.person_classes))
    _refuse_repeated("handling", (profile.id for profile in pack.handling))
    _refuse_repeated("urgencies", (urgency.id for urgency in pack.urgencies))
    _refuse_repeated("urgencies.rank", (str(urgency.rank) for urgency in pack.urgencies))


def _check_dates(pack: PolicyPack) -> None:
    try:
        days = [from_iso(day) for day in (pack.version, pack.valid_from, pack.valid_to) if day]
    except ValueError as exc:
        raise FormatError("pack-dates") from exc
    if pack.valid_to and days[1] >= days[2]:
        raise FormatError("pack-dates")


def _check_levels(pack: PolicyPack) -> None:
    ranks = [level.rank for level in pack.levels]
    longest = [level.max_period_years or 1000 for level in pack.levels]
    if not ranks or ranks != sorted(ranks) or longest != sorted(longest):
        raise FormatError("pack-levels")
    if pack.period.forms & pack.period.older_forms or not pack.period.forms:
        raise FormatError("pack-field-value", place="period.older_forms")
    for level_id, value in pack.period.defaults:
        _refer("period.defaults", level_id, {level.id for level in pack.levels})
        years = pack.level(level_id).max_period_years
        months = months_of(Period(form=PeriodForm.DURATION, value=value)) or 0
        if years is not None and months > 12 * years:
            raise FormatError("pack-field-value", place="period.defaults")


def _check_references(pack: PolicyPack) -> None:
    levels = {level.id for level in pack.levels}
    profiles = {profile.id for profile in pack.handling}
    for level in pack.levels:
        _refer(f"levels.{level.id}.handling", level.handling, profiles)
    for profile in profiles - {level.handling for level in pack.levels}:
        # A profile that no level uses is a slip of the pen: somebody believes that it protects.
        raise FormatError("pack-reference", place="handling", name=profile)
    classes = {each.id for each in pack.person_classes} | {""}
    for handling in pack.handling:
        _refer(f"handling.{handling.id}", handling.min_person_class, classes)
    for authority in pack.authority:
        for level_id in authority.levels:
            _refer(f"authority.{authority.body}", level_id, levels)
    _check_leaves(pack)
    _check_grammar(pack)
    _check_rules(pack, levels)


def _check_leaves(pack: PolicyPack) -> None:
    if pack.home:
        require_pack_leaf(pack.home)
    for category in pack.categories:
        if category.id in LEAF_KINDS:
            raise FormatError("pack-field-value", place=f"categories.{category.id}")
        has_leaves = category.kind in {CategoryKind.WIDEN, CategoryKind.NARROW}
        for value in category.values:
            if has_leaves != bool(value.leaf):
                raise FormatError("pack-field-value", place=f"categories.{category.id}")
            if value.leaf:
                require_pack_leaf(value.leaf)
    homes = {value.leaf for each in pack.categories if each.home for value in each.values}
    for category in pack.categories:
        widens = category.kind is CategoryKind.WIDEN
        if widens and not homes.isdisjoint(value.leaf for value in category.values):
            # A label with such a leaf could not say which of the two is meant: home or released to.
            raise FormatError("pack-field-value", place=f"categories.{category.id}")
    for group in pack.groups:
        require_pack_leaf(f"group:{group.id}")
        for member in group.members:
            require_leaf(member.leaf)


def _check_grammar(pack: PolicyPack) -> None:
    categories = {category.id for category in pack.categories}
    for short in (False, True):
        for segment in segments_of(pack, short=short):
            for part in segment.parts if isinstance(segment, ValuesSegment) else ():
                _refer("marking.segments", part.category, categories)
    if pack.marking.foreign is not None:
        _refer("marking.foreign", pack.marking.foreign.category, categories)
    markings = {f"{each.id}:{value.id}" for each in pack.categories for value in each.values}
    for level in pack.levels:
        for marking in level.says:
            _refer(f"levels.{level.id}.says", marking, markings)


def _check_rules(pack: PolicyPack, levels: set[str]) -> None:
    categories = {category.id for category in pack.categories}
    markings = {f"{each.id}:{value.id}" for each in pack.categories for value in each.values}
    for rule in pack.rules:
        place = f"rules.{rule.id}"
        for part in (*_flat(rule.condition), rule.effect):
            match part:
                case LevelAtLeast(level=level) | RaiseTo(level=level):
                    _refer(place, level, levels)
                case LevelIn(levels=named):
                    for level in named:
                        _refer(place, level, levels)
                case Has(marking=marking):
                    _refer(place, marking, markings)
                case OneOf(markings=named):
                    for marking in named:
                        _refer(place, marking, markings)
                case Count(category=category) | Need(category=category) | Forbid(category=category):
                    _refer(place, category, categories)
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


def _refuse_repeated(place: str, names: Iterable[str]) -> None:
    name, times = max(Counter(names).items(), key=lambda item: item[1], default=("", 0))
    if times > 1:
        raise FormatError("pack-duplicate", place=place, name=name)


def _refer(place: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise FormatError("pack-reference", place=place, name=name)


def _squeezed(name: str) -> str:
    return "".join(name.split()).casefold()
