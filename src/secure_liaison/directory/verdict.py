"""What is in force at one moment, out of what a desk holds: standings and agreements.

Rules:

- Without the newest roster's book nothing is in force: no clearance, no briefing, no agreement.
- An agreement is in force when the same statement is under the newest roster of both parties and
  carries a registrar's signature of each; either ends it alone.

Source: docs/spec/directory.md §6.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from secure_liaison.directory.standing import (
    NO_LEVEL,
    Clearance,
    ClearanceProblem,
    OfficerRecord,
    Standing,
)
from secure_liaison.errors import VerificationError
from secure_liaison.identity.chain import verify_agreement
from secure_liaison.identity.contents import AccreditationScope
from secure_liaison.identity.validity import has_begun

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.directory.book_index import BookIndex
    from secure_liaison.directory.holding import Holding
    from secure_liaison.identity.ids import OfficerId
    from secure_liaison.identity.officer_contents import ClearanceContent
    from secure_liaison.identity.statements import SignedStatement
    from secure_liaison.labels.agreement import Agreement

__all__ = ["agreement_in_force", "ceiling_of", "standing_of"]

_LIMITED: Final = frozenset({AccreditationScope.RELAY, AccreditationScope.DEVICE})
"""What is limited by a statement; the other scopes are nothing without one."""


def standing_of(
    holding: Holding, record: OfficerRecord, *, at: Instant, policy: str | None
) -> Standing:
    """Return what counts about an officer of this agency at ``at``."""
    own = {f"agency:{record.agency.hex()}", f"officer:{record.officer.hex()}"}
    index = holding.index_in_force(at)
    known = None if index is None else index.officers.get(record.officer)
    if index is None or known is None or not holding.holds(known[0], at):
        return Standing(
            officer=record,
            clearance=None,
            clearance_problem="none",
            briefed_until=None,
            memberships=frozenset(own),
            statements_current=index is not None,
        )
    signed, content = _find_clearance(index, record.officer, policy)
    problem = _problem(holding, record.officer, signed, at=at, policy=policy)
    briefed_until, pledged = _briefing(holding, index, record.officer, at)
    clearance = None
    if signed is not None and content is not None and not problem:
        clearance = Clearance(
            policy=content.policy,
            level=content.level,
            person_class=content.person_class,
            not_after=signed.statement.not_after,
        )
        own |= set(content.memberships)
    return Standing(
        officer=record,
        clearance=clearance,
        clearance_problem=problem,
        briefed_until=briefed_until,
        memberships=frozenset(own),
        statements_current=True,
        pledged=pledged,
    )


def ceiling_of(
    holding: Holding, key: tuple[str, AccreditationScope, str], *, at: Instant
) -> str | None:
    """Return the ceiling that this agency states for policy, scope and target, none if it does not.

    A statement about a relay or device that is in the book but does not hold, because it ended or
    was revoked, is `NO_LEVEL`: no time lifts a ceiling; only leaving it out of a roster does.
    """
    index = holding.index_in_force(at)
    found = None if index is None else index.accreditations.get(key)
    if found is None:
        return None
    if holding.holds(found[0], at):
        return found[1].ceiling
    return NO_LEVEL if key[1] in _LIMITED else None


def agreement_in_force(one: Holding, other: Holding, *, at: Instant) -> Agreement | None:
    """Return the agreement between two agencies at ``at``; of several the one that began last."""
    mine, theirs = one.index_in_force(at), other.index_in_force(at)
    if mine is None or theirs is None or one.snapshot is None or other.snapshot is None:
        return None
    registrars = one.snapshot.registrars, other.snapshot.registrars
    found: list[tuple[Instant, bytes, Agreement]] = []
    for digest in mine.agreements.keys() & theirs.agreements.keys():
        signed, content = mine.agreements[digest]
        agreement = content.agreement
        # Each side may have cosigned its own copy only; the body is the same.
        both = replace(
            signed,
            signatures=tuple(
                sorted(dict((*theirs.agreements[digest][0].signatures, *signed.signatures)).items())
            ),
        )
        if not agreement.in_force(at) or one.is_revoked(both, at) or other.is_revoked(both, at):
            continue
        try:
            verify_agreement(both, *registrars, at=at)
        except VerificationError:
            continue
        found.append((agreement.valid_from, digest, agreement))
    return max(found, key=lambda entry: entry[:2])[2] if found else None


def _find_clearance(
    index: BookIndex, officer: OfficerId, policy: str | None
) -> tuple[SignedStatement | None, ClearanceContent | None]:
    if policy is None:
        held = sorted(name for holder, name in index.clearances if holder == officer)
        policy = held[0] if held else ""
    found = index.clearances.get((officer, policy.partition("@")[0]))
    return (None, None) if found is None else found


def _problem(
    holding: Holding,
    officer: OfficerId,
    signed: SignedStatement | None,
    *,
    at: Instant,
    policy: str | None,
) -> ClearanceProblem:
    if signed is None:
        names = {name for holder, name in holding.withdrawn if holder == officer}
        asked = names if policy is None else names & {policy.partition("@")[0]}
        return "withdrawn" if asked else "none"
    if holding.is_revoked(signed, at):
        return "withdrawn"
    if not has_begun(signed.statement.not_before, at=at):
        return "not-yet"
    return "expired" if at >= signed.statement.not_after else ""


def _briefing(
    holding: Holding, index: BookIndex, officer: OfficerId, at: Instant
) -> tuple[Instant | None, Instant | None]:
    """Return the end of the longest briefing in force, and when the officer pledged for it."""
    held = [
        (signed.statement.not_after, content.pledged)
        for (holder, _), (signed, content) in index.briefings.items()
        if holder == officer and holding.holds(signed, at)
    ]
    return max(held) if held else (None, None)
