"""Who may decide a level, for which reasons, and where an unclear item goes: as a pack says it.

Source: docs/spec/labels.md §5; 保守国家秘密法(2024) 第十六、十七条;
实施条例(2024) 第十八、二十五条.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from secure_liaison.labels.naming import Basis, Names

__all__ = ["Authority", "PersonClass", "ReasonCode", "ReasonUse", "Referral", "Workflow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Which body may decide which levels."""

    body: str
    names: Names
    levels: tuple[str, ...]
    basis: tuple[Basis, ...]


class ReasonUse(Enum):
    """What a reason code is a reason for."""

    ORIGINAL = "original"
    DERIVED = "derived"
    CHANGE = "change"
    EXTEND = "extend"
    DECLASSIFY = "declassify"
    COMPILATION = "compilation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCode:
    """One reason that an act may give."""

    id: str
    use: ReasonUse
    names: Names
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """Where an unclear item goes: the first referral that fits is it.

    Attributes:
        levels: Level ids that it is for; empty is every level.
        bodies: Bodies that drafted it; empty is every body.
        to: Who decides.
    """

    levels: tuple[str, ...]
    bodies: tuple[str, ...]
    to: Names
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """Who decides, and the clocks for what is unclear; working days, 0 is no clock."""

    proposer_is_not_approver: bool
    unclear_report_workdays: int
    unclear_decide_workdays: int
    unclear_to: tuple[Referral, ...]
    dispute: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonClass:
    """A class of persons in secret posts; higher rank may do more."""

    id: str
    rank: int
    names: Names
