"""What a label protects, and the lattice of it: join above, meet below.

Rules:

- A protection is level, audience, restrictions, controls and period: what `dominates` looks at, and
  nothing of who decided.
- The meet is what two protections have in common. It computes and never authorises: there is no way
  from a protection back to a label, because lowering is a decision of two persons on a new object.
- The meet is not defined for a condition with anything but itself and open: nothing certainly binds
  no longer than both.

Source: docs/spec/labels.md §14; labels report §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.membership import permitted
from secure_liaison.labels.period import Period, join_periods, meet_periods, period_dominates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack

__all__ = [
    "Protection",
    "at_least",
    "join_protections",
    "meet_protections",
    "protection_of",
    "protection_of_all",
    "readable",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What a label protects.

    Attributes:
        policy: ``id@version`` under which the level has its rank.
        level: Level id.
        audience: Who may know.
        restrict: Markings that a reader must hold.
        control: Markings that bind what may be done.
        period: How long.
    """

    policy: str
    level: str
    audience: Audience
    restrict: frozenset[str]
    control: frozenset[str]
    period: Period


def at_least(high: Protection | Label, low: Protection | Label, pack: PolicyPack) -> bool:
    """Whether ``high`` protects at least as much as ``low``, in every respect.

    What is of another policy or version never compares; a level unknown to the pack raises.

    Raises:
        FormatError: ``label-level-unknown``.
    """
    return (
        high.policy == low.policy == pack.policy_id
        and pack.level(high.level).rank >= pack.level(low.level).rank
        and high.audience.within(low.audience)
        and high.restrict >= low.restrict
        and high.control >= low.control
        and period_dominates(high.period, low.period)
    )


def readable(
    what: Protection | Label,
    pack: PolicyPack,
    *,
    clearance_rank: int,
    memberships: frozenset[str],
) -> bool:
    """Whether a reader may read what is protected so; the arguments as `lattice.may_read`.

    Raises:
        FormatError: ``label-level-unknown``.
    """
    return (
        what.policy == pack.policy_id
        and pack.level(what.level).rank <= clearance_rank
        and what.restrict <= memberships
        and permitted(what.audience, memberships, pack)
    )


def protection_of(label: Label) -> Protection:
    """Return what one label protects."""
    return Protection(
        policy=label.policy,
        level=label.level,
        audience=label.audience,
        restrict=label.restrict,
        control=label.control,
        period=label.period,
    )


def protection_of_all(labels: Iterable[Label], pack: PolicyPack) -> Protection:
    """Return what a collection of at least one part must protect: the join of all its parts.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``, ``label-audience-size``.
        ValueError: there is no part; a programmer's mistake.
    """
    parts = tuple(dict.fromkeys(labels))
    if not parts:
        msg = "what has no parts has no protection"
        raise ValueError(msg)
    if any(part.policy != pack.policy_id for part in parts):
        raise FormatError("label-policy-mismatch")
    period = parts[0].period
    for part in parts[1:]:
        period = join_periods(period, part.period)
    return Protection(
        policy=pack.policy_id,
        level=max((pack.level(part.level) for part in parts), key=lambda level: level.rank).id,
        audience=Audience.joined(part.audience for part in parts),
        restrict=frozenset().union(*(part.restrict for part in parts)),
        control=frozenset().union(*(part.control for part in parts)),
        period=period,
    )


def join_protections(a: Protection, b: Protection, pack: PolicyPack) -> Protection:
    """Return the least protection that is at least both.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``, ``label-audience-size``.
    """
    low, high = _by_rank(a, b, pack)
    return Protection(
        policy=high.policy,
        level=high.level,
        audience=low.audience.join(high.audience),
        restrict=a.restrict | b.restrict,
        control=a.control | b.control,
        period=join_periods(a.period, b.period),
    )


def meet_protections(a: Protection, b: Protection, pack: PolicyPack) -> Protection:
    """Return the greatest protection that is at most both; nobody may lower a label by it.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``, ``label-meet-period`` (a
            condition has no meet with this), ``label-audience-size``.
    """
    low, high = _by_rank(a, b, pack)
    period = meet_periods(a.period, b.period)
    if period is None:
        raise FormatError("label-meet-period")
    return Protection(
        policy=low.policy,
        level=low.level,
        audience=low.audience.meet(high.audience),
        restrict=a.restrict & b.restrict,
        control=a.control & b.control,
        period=period,
    )


def _by_rank(a: Protection, b: Protection, pack: PolicyPack) -> tuple[Protection, Protection]:
    if not a.policy == b.policy == pack.policy_id:
        raise FormatError("label-policy-mismatch")
    return (a, b) if pack.level(a.level).rank <= pack.level(b.level).rank else (b, a)
