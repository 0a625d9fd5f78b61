"""What a directory answers about people and agencies, as values.

Rules:

- Fail-safe: where statements are not in force, a standing holds no clearance and no briefing.
- Being of an agency and being oneself follow from the roster, never from a clearance.

Source: docs/spec/directory.md §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.directory.page import Roster
    from secure_liaison.identity.ids import AgencyId, OfficerId
    from secure_liaison.identity.names import Names
    from secure_liaison.identity.officer_contents import Role

__all__ = ["NO_LEVEL", "AgencyRecord", "Clearance", "ClearanceProblem", "OfficerRecord", "Standing"]

NO_LEVEL: Final = ""
"""The ceiling of what had one that no longer holds: a level that no policy knows."""

ClearanceProblem: TypeAlias = Literal["", "none", "expired", "withdrawn", "not-yet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyRecord:
    """An agency with a trusted anchor.

    Attributes:
        roster: The newest accepted, none before the first.
        checked_at: Last contact with its directory, seconds UTC, none before the first.
        statements_current: Whether the newest book belongs to the newest roster.
    """

    agency_id: AgencyId
    code: str
    names: Names
    roster: Roster | None
    checked_at: Instant | None
    statements_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerRecord:
    """An officer as the own agency names the officer."""

    officer: OfficerId
    agency: AgencyId
    login: str
    names: Names
    post: Names
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """A clearance in force: level id of one policy, until the first moment outside."""

    policy: str
    level: str
    person_class: str
    not_after: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What counts about an officer at one moment.

    Attributes:
        clearance: In force, or none.
        clearance_problem: Why there is none; empty if there is one.
        briefed_until: Until when the longest briefing in force holds, seconds UTC, or none.
        memberships: Audience leaves, always with ``agency:<hex>`` and ``officer:<hex>``.
        statements_current: Whether the agency's book belongs to its newest roster.
        pledged: When the officer pledged for that briefing, seconds UTC, or none.
    """

    officer: OfficerRecord
    clearance: Clearance | None
    clearance_problem: ClearanceProblem
    briefed_until: Instant | None
    memberships: frozenset[str]
    statements_current: bool
    pledged: Instant | None = None
