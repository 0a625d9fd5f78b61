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
- Provisions that the parts cite stay cited: the longest period may be there by one of them only.
- A join may break a pack's rules (a period form, a count): `validate` says so, a person decides.

Source: docs/spec/labels.md §3; DESIGN §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.label import (
    MAX_SOURCES,
    Determination,
    DeterminationKind,
    Label,
    label_digest,
)
from secure_liaison.labels.protection import at_least, protection_of_all, readable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.policy import PolicyPack

__all__ = ["dominates", "join", "join_all", "may_read"]


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
            encoding ``label-audience-size``, ``label-marking``, ``label-source`` or ``label-text``.
    """
    return join_all((a, b), pack)


def join_all(labels: Iterable[Label], pack: PolicyPack) -> Label:
    """Return the least label that protects what any of at least one label protects.

    It is what joining one after the other gives, in whatever order.

    Raises:
        FormatError: as `join`.
        ValueError: there is no label; a programmer's mistake.
    """
    parts = tuple(dict.fromkeys(labels))
    whole = protection_of_all(parts, pack)
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return Label(
        policy=whole.policy,
        level=whole.level,
        audience=whole.audience,
        restrict=whole.restrict,
        control=whole.control,
        inform=frozenset().union(*(part.inform for part in parts)),
        owner=max((pack.level(part.level).rank, part.owner) for part in parts)[1],
        created=max(part.created for part in parts),
        period=whole.period,
        determination=Determination(
            kind=DeterminationKind.DERIVED,
            sources=_all_sources(parts),
            provision=_all_marks(part.determination.provision for part in parts) or "",
        ),
        review_at=min(
            (part.review_at for part in parts if part.review_at is not None), default=None
        ),
        successor=first.successor if _same(part.successor for part in parts) else None,
        alternatives=first.alternatives if _same(part.alternatives for part in parts) else (),
        privacy_mark=_all_marks(part.privacy_mark for part in parts),
    )


def _all_sources(labels: tuple[Label, ...]) -> frozenset[str]:
    sources: set[str] = set()
    for label in labels:
        sources |= _sources(label)
        if len(sources) > MAX_SOURCES:  # no digest more than an encoding can hold
            raise FormatError("label-source")
    return frozenset(sources)


def _sources(label: Label) -> frozenset[str]:
    # Only what `join` itself made is taken apart again; a label that people determined, also one
    # they derived, is a source of its own.
    made = label.determination
    joined = Determination(
        kind=DeterminationKind.DERIVED, sources=made.sources, provision=made.provision
    )
    if made.sources and made == joined:
        return made.sources
    return frozenset({f"label:{label_digest(label).hex()}"})


def _same(values: Iterable[object]) -> bool:
    each = iter(values)
    first = next(each)
    return all(value == first for value in each)


def _all_marks(marks: Iterable[str | None]) -> str | None:
    parts = {part for mark in marks if mark for part in mark.split(" / ")}
    return " / ".join(sorted(parts)) if parts else None
