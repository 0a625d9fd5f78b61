"""A policy pack as values: levels, categories, rules, periods, handling, urgencies.

Rules:

- A pack is data of one version with dates; a label is judged by the version that it names.
- Every level, category, rule and handling profile says its legal basis and how well it is known.
- Nothing here reads a file; `secure_liaison.labels.pack` does, and checks what it read.

Source: docs/spec/labels.md §5; DESIGN §4.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.category import Category, CategoryIndex, CategoryKind, CategoryValue
from secure_liaison.labels.naming import cited

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.labels.deciding import Authority, PersonClass, ReasonCode, Workflow
    from secure_liaison.labels.grammar import MarkingGrammar
    from secure_liaison.labels.handling import Freshness, HandlingProfile, Urgency
    from secure_liaison.labels.naming import Basis, MarkText, Names
    from secure_liaison.labels.period import PeriodForm
    from secure_liaison.labels.rules import Condition, Effect

__all__ = [
    "Category",
    "CategoryKind",
    "CategoryValue",
    "Compilation",
    "Group",
    "Level",
    "Membership",
    "PackIndex",
    "PeriodPolicy",
    "PolicyPack",
    "Rule",
]

_DAYS_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level.

    Attributes:
        id: Stable slug (``jimi``).
        rank: Higher is stricter; 0 is the unclassified level and the only one that may be public.
        names: How lists and pickers call it.
        meaning: What disclosure would do; shown where a level is chosen.
        mark: What marks print: the own word in the original language of the policy's marks, a gloss
            in the others.
        portion: What portion marks print, or empty.
        aliases: Other writings that are read as this level's mark in the original language.
        says: Markings (``context:nato``) that the level's mark states by itself, so that they are
            not printed beside it.
        lacv: Its number in SPIF and ESS labels, 0 to 256, or none.
        obsolete: Still read, never given anew.
        max_period_years: Longest duration, or none.
        handling: Id of its handling profile.
        reserved: Whether a deployment needs an accreditation to hold it at all.
        basis: The law.
        citation: The law as one text; computed, because every decision shows it.
    """

    id: str
    rank: int
    names: Names
    meaning: Names
    mark: MarkText
    portion: str
    aliases: tuple[str, ...]
    says: frozenset[str]
    lacv: int | None
    obsolete: bool
    max_period_years: int | None
    handling: str
    reserved: bool
    basis: tuple[Basis, ...]
    citation: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "citation", cited(self.basis))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """If the condition applies, the effect must be met."""

    id: str
    condition: Condition
    effect: Effect
    say: Names
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """What many parts make of the whole: with ``count`` such parts it is at least ``raise_to``.

    Attributes:
        level: Parts at this level id or higher count; or empty.
        marking: Parts with this ``category:value`` count; or empty. Exactly one of both is set.
    """

    id: str
    count: int
    level: str
    marking: str
    raise_to: str
    say: Names
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """One member of a group, from its first day to before its last.

    Attributes:
        leaf: ``nation:SWE`` or ``agency:…``.
        joined: ``YYYY-MM-DD``.
        left: First day no longer a member, or empty.
    """

    leaf: str
    joined: str
    left: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named group and who belongs to it when.

    Attributes:
        id: ``KFOR``; leaves write it ``group:KFOR@2026-03-01``.
    """

    id: str
    names: Names
    members: tuple[Membership, ...]
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodPolicy:
    """How periods are fixed.

    Attributes:
        required: Whether a mark without a period is refused.
        forms: What may be fixed now.
        older_forms: What is still read from older carriers, never fixed anew.
        defaults: Level id and duration value offered first.
        extend_before_expiry: Whether an extension after the end is void.
        review_months: Interval of review; 0 is none.
        utc_offset_minutes: Local time of the policy's home minus UTC; new periods are fixed in it.
    """

    required: bool
    forms: frozenset[PeriodForm]
    older_forms: frozenset[PeriodForm]
    defaults: tuple[tuple[str, str], ...]
    extend_before_expiry: bool
    review_months: int
    utc_offset_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackIndex:
    """Where things stand in a pack; of repeated ids, which the reader refuses, the first.

    Attributes:
        policy_id: ``id@version``.
        levels: By id; likewise their ranks, and the handling profiles.
        categories: By id, and their values by what labels write.
        members: Of each group that lists any, by the group's id.
    """

    policy_id: str
    levels: Mapping[str, Level]
    ranks: Mapping[str, int]
    handling: Mapping[str, HandlingProfile]
    categories: CategoryIndex
    members: Mapping[str, tuple[Membership, ...]]

    @classmethod
    def of(cls, pack: PolicyPack) -> PackIndex:
        """Build the index of a pack."""
        members = {each.id: each.members for each in reversed(pack.groups) if each.members}
        return cls(
            policy_id=f"{pack.id}@{pack.version}",
            levels=MappingProxyType({each.id: each for each in reversed(pack.levels)}),
            ranks=MappingProxyType({each.id: each.rank for each in reversed(pack.levels)}),
            handling=MappingProxyType({each.id: each for each in reversed(pack.handling)}),
            categories=CategoryIndex.of(pack.categories),
            members=MappingProxyType(members),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPack:
    """One version of one policy; built by `secure_liaison.labels.pack.load_pack` only.

    Attributes:
        version: Date as text, ``2024-09-01``.
        valid_from: First day in force, ``YYYY-MM-DD``, from its first second UTC.
        valid_to: First day no longer in force, or empty.
        oid: Object identifier of the policy, or empty.
        home: Leaf of the home audience; empty where home is the owning agency, or where a category
            names it.
        levels: From low to high.
        canonical_digest: SHA-256 of the file in RFC 8785 form, 32 bytes.
    """

    id: str
    version: str
    supersedes: str
    valid_from: str
    valid_to: str
    names: Names
    oid: str
    home: str
    basis: tuple[Basis, ...]
    levels: tuple[Level, ...]
    categories: tuple[Category, ...]
    groups: tuple[Group, ...]
    rules: tuple[Rule, ...]
    compilation: tuple[Compilation, ...]
    period: PeriodPolicy
    authority: tuple[Authority, ...]
    workflow: Workflow
    reasons: tuple[ReasonCode, ...]
    person_classes: tuple[PersonClass, ...]
    handling: tuple[HandlingProfile, ...]
    urgencies: tuple[Urgency, ...]
    freshness: Freshness
    marking: MarkingGrammar
    canonical_digest: bytes
    index: PackIndex = field(init=False, repr=False, compare=False)
    """What is looked up for every decision, built once."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", PackIndex.of(self))

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PolicyPack):
            return NotImplemented
        if self.index is other.index:
            return True
        # A pack changed in memory keeps the digest of its file, so that alone proves nothing.
        if self.canonical_digest != other.canonical_digest or any(
            getattr(self, name) != getattr(other, name) for name in _compared()
        ):
            return False
        # Equal packs have equal indexes. Sharing one makes the next comparison cheap: what is
        # remembered by pack asks at every lookup.
        object.__setattr__(other, "index", self.index)
        return True

    @override
    def __hash__(self) -> int:
        # The digest stands for all of it; equality still compares every field.
        return hash(self.canonical_digest)

    @property
    def policy_id(self) -> str:
        """The name that labels carry: ``cn.state-secrets@2024-09-01``."""
        return self.index.policy_id

    def digest(self) -> bytes:
        """Return SHA-256 of the pack's RFC 8785 form, 32 bytes."""
        return self.canonical_digest

    def has_begun(self, at: Instant) -> bool:
        """Whether the first day of this version has come at a moment."""
        return _first_second(self.valid_from) <= at

    def in_force(self, at: Instant) -> bool:
        """Whether this version is in force at a moment."""
        return self.has_begun(at) and (not self.valid_to or at < _first_second(self.valid_to))

    def level(self, level_id: str) -> Level:
        """Return a level by its id.

        Raises:
            FormatError: ``label-level-unknown``.
        """
        level = self.index.levels.get(level_id)
        if level is None:
            raise FormatError("label-level-unknown")
        return level

    def find_level(self, text: str) -> Level:
        """Return a level by id, name, mark or alias, as a person types it; spaces do not count.

        Raises:
            FormatError: ``label-level-unknown``.
        """
        wanted = "".join(text.split()).casefold()
        for level in self.levels:
            written = (level.id, *_both(level.names), *_both(level.mark), *level.aliases)
            if wanted in {"".join(name.split()).casefold() for name in written}:
                return level
        raise FormatError("label-level-unknown")

    def category(self, category_id: str) -> Category:
        """Return a category by its id.

        Raises:
            FormatError: ``label-marking-unknown``.
        """
        category = self.index.categories.by_id.get(category_id)
        if category is None:
            raise FormatError("label-marking-unknown")
        return category

    def value(self, marking: str) -> CategoryValue:
        """Return the value that ``category:value`` names.

        Raises:
            FormatError: ``label-marking-unknown``.
        """
        value = self.index.categories.values.get(marking)
        if value is None:
            raise FormatError("label-marking-unknown")
        return value

    def handling_of(self, level_id: str) -> HandlingProfile:
        """Return the handling profile of a level.

        Raises:
            FormatError: ``label-level-unknown``.
        """
        return self.index.handling[self.level(level_id).handling]

    def urgency(self, urgency_id: str) -> Urgency:
        """Return an urgency by its id or by its name in either language.

        Raises:
            FormatError: ``urgency-unknown``.
        """
        wanted = urgency_id.casefold()
        for urgency in self.urgencies:
            if wanted in {name.casefold() for name in (urgency.id, *_both(urgency.names))}:
                return urgency
        raise FormatError("urgency-unknown")

    def person_class_rank(self, class_id: str) -> int:
        """Return the rank of a class of persons; −1 for none and for an unknown one."""
        ranks = {each.id: each.rank for each in self.person_classes}
        return ranks.get(class_id, -1)


@cache
def _compared() -> tuple[str, ...]:
    return tuple(each.name for each in fields(PolicyPack) if each.compare)


@lru_cache(maxsize=_DAYS_REMEMBERED)
def _first_second(day: str) -> Instant:
    return from_iso(day)


def _both(names: Names | MarkText) -> tuple[str, str]:
    return names.zh, names.en
