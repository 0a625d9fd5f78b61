"""A policy pack as values: levels, categories, rules, periods, handling, urgencies.

Rules:

- A pack is data of one version with dates; a label is judged by the version that it names.
- Every level, category, rule and handling profile says its legal basis and how well it is known.
- Nothing here reads a file; `secure_liaison.labels.pack` does, and checks what it read.

Source: docs/spec/labels.md §5; DESIGN §4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language

if TYPE_CHECKING:
    from secure_liaison.labels.period import PeriodForm
    from secure_liaison.labels.rules import Condition, Effect

__all__ = [
    "Authority",
    "Basis",
    "BasisStatus",
    "Category",
    "CategoryKind",
    "CategoryValue",
    "Consent",
    "Destruction",
    "Freshness",
    "HandlingProfile",
    "Level",
    "MarkingGrammar",
    "Names",
    "PeriodPolicy",
    "PersonClass",
    "PolicyPack",
    "Rule",
    "Urgency",
    "Workflow",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """One name in both languages."""

    zh: str
    en: str

    def text(self, language: Language) -> str:
        """Return the name in one language."""
        match language:
            case Language.ZH:
                return self.zh
            case Language.EN:
                return self.en
            case _:
                assert_never(language)


class BasisStatus(Enum):
    """How well a basis is known."""

    CHECKED = "checked"
    """The law's own text was read."""
    PAGE = "page"
    """A secondary page says so."""
    KNOWN = "known"
    """General knowledge; verify before relying on it."""
    DEFAULT = "default"
    """No law: a choice of this project that a state's own rules replace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Where something in a pack comes from."""

    cite: str
    status: BasisStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level.

    Attributes:
        id: Stable slug (``jimi``).
        rank: Higher is stricter; 0 is the unclassified level and the only one that may be public.
        names: How lists and pickers call it.
        mark: What marks print: the own word in Chinese, a gloss in English.
        aliases: Other writings that are read as this level's Chinese mark.
        max_period_years: Longest duration, or none.
        handling: Id of its handling profile.
        reserved: Whether a deployment needs an accreditation to hold it at all.
        basis: The law.
    """

    id: str
    rank: int
    names: Names
    mark: Names
    aliases: tuple[str, ...]
    max_period_years: int | None
    handling: str
    reserved: bool
    basis: tuple[Basis, ...]


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
        leaf: The audience leaf that it stands for (widen and narrow only), else empty.
        names: In both languages.
    """

    id: str
    leaf: str
    names: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A set of markings; a label may carry ``least`` to ``most`` of its values."""

    id: str
    kind: CategoryKind
    names: Names
    least: int
    most: int | None
    values: tuple[CategoryValue, ...]
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """If the condition applies, the effect must be met."""

    id: str
    condition: Condition
    effect: Effect
    say: Names
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
    """

    required: bool
    forms: frozenset[PeriodForm]
    older_forms: frozenset[PeriodForm]
    defaults: tuple[tuple[str, str], ...]
    extend_before_expiry: bool
    review_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Which body may decide which levels."""

    body: str
    names: Names
    levels: tuple[str, ...]
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """Who decides, and the clocks for what is unclear; working days, 0 is no clock."""

    proposer_is_not_approver: bool
    unclear_report_workdays: int
    unclear_decide_workdays: int
    dispute: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonClass:
    """A class of persons in secret posts; higher rank may do more."""

    id: str
    rank: int
    names: Names


class Consent(Enum):
    """Whose consent an act needs."""

    NEVER = "never"
    ORIGINATOR = "originator"
    APPROVER = "approver"
    AUDIENCE = "audience"
    """None beyond being in the audience."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """What destroying needs."""

    approval: bool
    witnesses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlingProfile:
    """How objects of a level are handled.

    Attributes:
        custody: No opening without a share held by a custodian and a witnessed entry.
        acknowledge_hours: Default time to sign for it.
        copies: Who consents to copies and excerpts; likewise printing, forwarding, export.
        min_person_class: Lowest class that may open; empty where a pack has no classes.
        forward_secrecy: Sealed to one-time prekeys only.
        training_max_age_days: Oldest briefing with which it may be opened; 0 is no rule.
        register_reads: Whether every single opening stands in the reader register.
        open_persons: Persons who must be present to open.
        min_suite: Lowest cryptographic suite that may seal it.
    """

    id: str
    custody: bool
    acknowledge_hours: int
    copies: Consent
    printing: Consent
    forward: Consent
    export: Consent
    min_person_class: str
    forward_secrecy: bool
    training_max_age_days: int
    register_reads: bool
    open_persons: int
    min_suite: int
    destruction: Destruction
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """One urgency; rank 0 is the least urgent."""

    id: str
    rank: int
    names: Names
    acknowledge_hours: int
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old the directory may be, in hours, to send and to open new material."""

    send_hours: int
    open_hours: int


class MarkingGrammar(Enum):
    """How marks are written."""

    STAR = "star"
    """``机密★10年``; the star is reserved for real material, an exercise has a space instead."""
    PLAIN = "plain"
    """``SECRET · 10Y``; a period without end is not printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPack:
    """One version of one policy; built by `secure_liaison.labels.pack.load_pack` only.

    Attributes:
        version: Date as text, ``2024-09-01``.
        valid_from: First day in force, ``YYYY-MM-DD``, from its first second UTC.
        valid_to: First day no longer in force, or empty.
        home: Leaf of the home audience; empty where home is the owning agency.
        levels: From low to high.
        canonical_digest: SHA-256 of the file in RFC 8785 form, 32 bytes.
    """

    id: str
    version: str
    supersedes: str
    valid_from: str
    valid_to: str
    names: Names
    home: str
    basis: tuple[Basis, ...]
    levels: tuple[Level, ...]
    categories: tuple[Category, ...]
    rules: tuple[Rule, ...]
    period: PeriodPolicy
    authority: tuple[Authority, ...]
    workflow: Workflow
    person_classes: tuple[PersonClass, ...]
    handling: tuple[HandlingProfile, ...]
    urgencies: tuple[Urgency, ...]
    freshness: Freshness
    marking: MarkingGrammar
    canonical_digest: bytes

    @property
    def policy_id(self) -> str:
        """The name that labels carry: ``cn.state-secrets@2024-09-01``."""
        return f"{self.id}@{self.version}"

    def digest(self) -> bytes:
        """Return SHA-256 of the pack's RFC 8785 form, 32 bytes."""
        return self.canonical_digest

    def in_force(self, at: Instant) -> bool:
        """Whether this version is in force at a moment."""
        return from_iso(self.valid_from) <= at and (
            not self.valid_to or at < from_iso(self.valid_to)
        )

    def level(self, level_id: str) -> Level:
        """Return a level by its id.

        Raises:
            FormatError: ``label-level-unknown``.
        """
        for level in self.levels:
            if level.id == level_id:
                return level
        raise FormatError("label-level-unknown")

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

    def handling_of(self, level_id: str) -> HandlingProfile:
        """Return the handling profile of a level.

        Raises:
            FormatError: ``label-level-unknown``.
        """
        wanted = self.level(level_id).handling
        return next(profile for profile in self.handling if profile.id == wanted)

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


def _both(names: Names) -> tuple[str, str]:
    return names.zh, names.en
