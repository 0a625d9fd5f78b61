"""定密权限 and 定密责任人: whether an officer of a body may set a level at a moment, and why not.

Rules:

- A body's own authority follows from its kind and the pack's table; a body whose kind stands in
  no row has none.
- A grant (定密授权) is written and dated, lies within the granter's own table levels, and goes one
  step: what a body holds by grant it cannot grant on.
- Only a person designated for the body (定密责任人), at that moment, with determination training
  that is still young enough, may approve.
- A derived determination is not limited by the body's own authority; the person still must be
  designated and trained.

Source: docs/spec/determination.md §5; 保守国家秘密法(2024) 第十六至十八条;
保守国家秘密法实施条例(2024) 第十四至十六条.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import WorkflowError
from secure_liaison.labels.grants import AuthorityGrant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.clock import Instant
    from secure_liaison.labels.grants import Designation
    from secure_liaison.labels.organisation import Organisation
    from secure_liaison.labels.policy import PolicyPack

__all__ = [
    "AuthorityAnswer",
    "AuthorityQuestion",
    "AuthorityRefusal",
    "Powers",
    "holds_authority",
    "judge_authority",
    "require_authority",
]

_DAY_S: Final = 86_400


class AuthorityRefusal(Enum):
    """Why somebody may not set a level; the values are reasons of `WorkflowError`."""

    BODY_UNKNOWN = "authority-body-unknown"
    BODY_DISSOLVED = "authority-body-dissolved"
    NOT_DESIGNATED = "authority-not-designated"
    DESIGNATION_NOT_IN_FORCE = "authority-designation-not-in-force"
    NOT_TRAINED = "authority-not-trained"
    DESIGNATION_LEVEL = "authority-designation-level"
    LEVEL = "authority-level"
    GRANT_CHAINED = "authority-grant-chained"
    GRANT_BEYOND = "authority-grant-beyond"
    GRANT_NOT_IN_FORCE = "authority-grant-not-in-force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """Everything that authority is judged by, as known at one moment."""

    organisation: Organisation
    grants: tuple[AuthorityGrant, ...] = ()
    designations: tuple[Designation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityQuestion:
    """Whether an officer of a body may set (or end) these levels at a moment.

    Attributes:
        levels: Level ids that the decision touches; none where it only says "not secret".
        derived: Whether the decision follows a source that somebody else determined.
    """

    officer: str
    body: str
    levels: frozenset[str]
    at: Instant
    derived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityAnswer:
    """The ground on which a person may decide, or the reason why not.

    Attributes:
        ground: ``table:central``, ``grant:<id>``, ``derived`` or ``designation``; empty if refused.
        refusal: Nothing if the person may.
    """

    ground: str
    refusal: AuthorityRefusal | None = None


def judge_authority(
    question: AuthorityQuestion, powers: Powers, pack: PolicyPack
) -> AuthorityAnswer:
    """Decide whether an officer may set levels at a moment, with the first reason why not.

    Raises:
        FormatError: ``label-level-unknown``.
    """
    organisation = powers.organisation
    if not organisation.knows(question.body):
        return _refused(AuthorityRefusal.BODY_UNKNOWN)
    if not organisation.body(question.body).exists(question.at):
        return _refused(AuthorityRefusal.BODY_DISSOLVED)
    refusal = _judge_person(question, powers.designations, pack)
    if refusal is not None:
        return _refused(refusal)
    if question.derived:
        return AuthorityAnswer(ground="derived")
    if not question.levels:
        return AuthorityAnswer(ground="designation")
    kind = organisation.body(question.body).kind
    missing = question.levels - _table_levels(kind, pack)
    if not missing:
        return AuthorityAnswer(ground=f"table:{kind}")
    used = []
    for level in sorted(missing):
        found = _judge_grants(level, question, powers, pack)
        if isinstance(found, AuthorityRefusal):
            return _refused(found)
        used.append(f"grant:{found.id}")
    return AuthorityAnswer(ground=", ".join(sorted(set(used)))[:500])


def require_authority(question: AuthorityQuestion, powers: Powers, pack: PolicyPack) -> str:
    """Return the ground on which an officer may decide.

    Raises:
        FormatError: ``label-level-unknown``.
        WorkflowError: the values of `AuthorityRefusal`.
    """
    answer = judge_authority(question, powers, pack)
    if answer.refusal is not None:
        raise WorkflowError(answer.refusal.value)
    return answer.ground


def holds_authority(
    body: str, level: str, at: Instant, *, powers: Powers, pack: PolicyPack
) -> bool:
    """Whether a body as such, by the table or by a grant, may set a level at a moment.

    Raises:
        FormatError: ``organisation-unknown``.
    """
    found = powers.organisation.body(body)
    question = AuthorityQuestion(officer="", body=body, levels=frozenset({level}), at=at)
    return found.exists(at) and (
        level in _table_levels(found.kind, pack)
        or isinstance(_judge_grants(level, question, powers, pack), AuthorityGrant)
    )


def _refused(refusal: AuthorityRefusal) -> AuthorityAnswer:
    return AuthorityAnswer(ground="", refusal=refusal)


def _judge_person(
    question: AuthorityQuestion, designations: Sequence[Designation], pack: PolicyPack
) -> AuthorityRefusal | None:
    own = [
        each
        for each in designations
        if (each.officer, each.body) == (question.officer, question.body)
    ]
    if not own:
        return AuthorityRefusal.NOT_DESIGNATED
    in_force = [each for each in own if each.in_force(question.at)]
    if not in_force:
        return AuthorityRefusal.DESIGNATION_NOT_IN_FORCE
    trained = [each for each in in_force if _is_trained(each, question, pack)]
    if not trained:
        return AuthorityRefusal.NOT_TRAINED
    if not question.derived and not any(question.levels <= each.levels for each in trained):
        return AuthorityRefusal.DESIGNATION_LEVEL
    return None


def _is_trained(designation: Designation, question: AuthorityQuestion, pack: PolicyPack) -> bool:
    if designation.trained_at is None or designation.trained_at > question.at:
        return False
    touched = question.levels or {level.id for level in pack.levels}
    ages = [pack.handling_of(level).training_max_age_days for level in touched]
    oldest = min((age for age in ages if age), default=0)
    return not oldest or question.at < designation.trained_at + oldest * _DAY_S


def _judge_grants(
    level: str, question: AuthorityQuestion, powers: Powers, pack: PolicyPack
) -> AuthorityGrant | AuthorityRefusal:
    refusal = AuthorityRefusal.LEVEL
    for grant in powers.grants:
        if grant.grantee != question.body or level not in grant.levels:
            continue
        problem = _problem_of(grant, level, question.at, powers=powers, pack=pack)
        if problem is None:
            return grant
        refusal = problem
    return refusal


def _problem_of(
    grant: AuthorityGrant, level: str, at: Instant, *, powers: Powers, pack: PolicyPack
) -> AuthorityRefusal | None:
    organisation = powers.organisation
    if not organisation.knows(grant.granter):
        return AuthorityRefusal.GRANT_BEYOND
    granter = organisation.body(grant.granter)
    # 被授权机关、单位不得再授权: only what the table itself gives may be granted.
    if level not in _table_levels(granter.kind, pack) or not granter.exists(grant.granted_at):
        holds = any(
            other.grantee == grant.granter and level in other.levels for other in powers.grants
        )
        return AuthorityRefusal.GRANT_CHAINED if holds else AuthorityRefusal.GRANT_BEYOND
    return None if grant.in_force(at) else AuthorityRefusal.GRANT_NOT_IN_FORCE


def _table_levels(kind: str, pack: PolicyPack) -> frozenset[str]:
    return frozenset(level for row in pack.authority if row.body == kind for level in row.levels)
