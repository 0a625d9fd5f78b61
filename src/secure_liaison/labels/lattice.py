"""How labels compare and combine: dominates, join, may read.

Rules:

- Join is idempotent, commutative and associative, and dominates both parts; it is exact: who may
  read the join may read both parts, and nobody else is kept out.
- The level is the higher; restrictions, controls and information are united; the audience must
  satisfy both; the period is the shortest that binds as long as both (`period`).
- Owner is that of the higher level (of equal ones, the later in code-point order); created is the
  later, review the earlier.
- A successor and partners' readings survive only where both parts agree on them: what would relax
  the join by itself is dropped, and a dropped reading means refused.
- A join of different labels is derived, from the digests of everything that went into it; nobody
  has determined it yet, so its proposer and approver are empty until two persons take it over.
- A join may break a pack's rules (a period form, a count): `validate` says so, a person decides.

Source: docs/spec/labels.md §3; DESIGN §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.label import (
    Determination,
    DeterminationKind,
    Label,
    label_digest,
)
from secure_liaison.labels.period import join_periods
from secure_liaison.labels.protection import at_least, readable

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["dominates", "join", "may_read"]


def dominates(high: Label, low: Label, pack: PolicyPack) -> bool:
    """Whether ``high`` protects at least as much as ``low``, in every respect.

    Labels of another policy or version never dominate each other; a level unknown to the pack
    raises.

    Raises:
        FormatError: ``label-level-unknown``.
    """
    return at_least(high, low, pack)


def may_read(
    label: Label, pack: PolicyPack, *, clearance_rank: int, memberships: frozenset[str]
) -> bool:
    """Whether a reader's clearance and need-to-know dominate the label.

    Args:
        label: Under this pack; of another policy nobody may read it here.
        pack: The version that the label names.
        clearance_rank: Rank of the reader's clearance in this policy.
        memberships: The reader's audience leaves and restrictive markings; groups that the pack
            lists follow from the others (`membership`).

    Raises:
        FormatError: ``label-level-unknown``.
    """
    return readable(label, pack, clearance_rank=clearance_rank, memberships=memberships)


def join(a: Label, b: Label, pack: PolicyPack) -> Label:
    """Return the least label that protects what either protects.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``; past the limits of the
            encoding ``label-audience-size``, ``label-marking`` or ``label-source``.
    """
    if not a.policy == b.policy == pack.policy_id:
        raise FormatError("label-policy-mismatch")
    if a == b:
        return a
    rank_a, rank_b = pack.level(a.level).rank, pack.level(b.level).rank
    return Label(
        policy=a.policy,
        level=a.level if rank_a >= rank_b else b.level,
        audience=a.audience.join(b.audience),
        restrict=a.restrict | b.restrict,
        control=a.control | b.control,
        inform=a.inform | b.inform,
        owner=max((rank_a, a.owner), (rank_b, b.owner))[1],
        created=max(a.created, b.created),
        period=join_periods(a.period, b.period),
        determination=Determination(
            kind=DeterminationKind.DERIVED, sources=_sources(a) | _sources(b)
        ),
        review_at=_earlier(a.review_at, b.review_at),
        successor=a.successor if a.successor == b.successor else None,
        alternatives=a.alternatives if a.alternatives == b.alternatives else (),
        privacy_mark=_both_marks(a.privacy_mark, b.privacy_mark),
    )


def _sources(label: Label) -> frozenset[str]:
    # Only what `join` itself made is taken apart again; a label that people determined, also one
    # they derived, is a source of its own.
    made = label.determination
    if made.sources and made == Determination(kind=DeterminationKind.DERIVED, sources=made.sources):
        return made.sources
    return frozenset({f"label:{label_digest(label).hex()}"})


def _earlier(a: Instant | None, b: Instant | None) -> Instant | None:
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)


def _both_marks(a: str | None, b: str | None) -> str | None:
    parts = {part for mark in (a, b) if mark for part in mark.split(" / ")}
    return " / ".join(sorted(parts)) if parts else None
