"""How objects of a level are handled, how urgent they are, how fresh the directory must be.

Source: docs/spec/labels.md §5; labels report §9.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from secure_liaison.labels.naming import cited

if TYPE_CHECKING:
    from secure_liaison.labels.naming import Basis, Names

__all__ = ["CipherClass", "Consent", "Destruction", "Freshness", "HandlingProfile", "Urgency"]


class Consent(Enum):
    """Whose consent an act needs."""

    NEVER = "never"
    ORIGINATOR = "originator"
    APPROVER = "approver"
    AUDIENCE = "audience"
    """None beyond being in the audience."""


class CipherClass(Enum):
    """The class of cipher that the law asks for (密码法 第七、八条)."""

    ANY = "any"
    COMMERCIAL = "commercial"
    """商用密码: for what is no state secret."""
    ORDINARY = "ordinary"
    """普通密码: up to 机密."""
    CORE = "core"
    """核心密码: up to 绝密."""


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
        provider_class: Class of cipher that the law asks for; any where it asks for none.
        citation: The basis as one text; computed, because every decision shows it.
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
    provider_class: CipherClass
    destruction: Destruction
    basis: tuple[Basis, ...]
    citation: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "citation", cited(self.basis))


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
