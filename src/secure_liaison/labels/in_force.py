"""What is in force of an object's label at its holder, after what its originator said since.

Rules:

- Changes follow one another by the digest of the label before; one that does not follow waits.
- What counted is never undone and never reordered; what has ended is never revived.
- A clock alone relaxes nothing: what is shown and what is judged by are told apart.

Can I? A change counts if none of the lines before it applies.

============  =====================================================================
fate          when
============  =====================================================================
``stale``     known already, the object ended already, or older than what is in force
``waits``     it follows another label than the one in force
``after-end``  a label, dated at or after the end of the one in force
``counts``    else
============  =====================================================================

Source: docs/spec/determination.md §11; 保守国家秘密法(2024) 第二十三、二十四条.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.labels.case import Event
from secure_liaison.labels.label import DeterminationKind, label_digest
from secure_liaison.labels.lattice import dominates
from secure_liaison.labels.period import period_end

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secure_liaison.clock import Instant
    from secure_liaison.labels.label import Label, Successor
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["WITHOUT_LABEL", "Change", "Fate", "InForce", "fate_of", "in_force"]

WITHOUT_LABEL: Final = frozenset(
    {Event.UNCLASSIFIED, Event.DECLASSIFIED, Event.PUBLISHED, Event.EXPIRED}
)
"""Events that leave no label."""
_ENDS: Final = WITHOUT_LABEL - {Event.UNCLASSIFIED}
_UNDETERMINED: Final = frozenset({DeterminationKind.PROVISIONAL, DeterminationKind.DISPUTED})


class Fate(Enum):
    """What becomes of a change that arrived."""

    COUNTS = "counts"
    WAITS = "waits"
    STALE = "stale"
    AFTER_END = "after-end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change as the originator told it.

    Attributes:
        event: What happened.
        at: From when it holds, seconds UTC.
        old: Digest of the label before, 32 bytes; none if nothing protected.
        new: The label since; none if it is not or no longer secret.
    """

    event: Event
    at: Instant
    old: bytes | None
    new: Label | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What holds of an object's label at a moment.

    Attributes:
        label: What is shown as in force; none if it is not or no longer secret.
        judged: What the gate asks for: the last label there was.
        level_asked: Whether the gate still asks a person for the level.
        struck: Determined labels that no longer hold, the oldest first.
        event: What made it so; none while nothing changed.
        since: From when, seconds UTC.
        successor: What follows of itself later, if anything.
    """

    label: Label | None
    judged: Label
    level_asked: bool = True
    struck: tuple[Label, ...] = ()
    event: Event | None = None
    since: Instant | None = None
    successor: Successor | None = None


def fate_of(change: Change, *, first: Label, created: Instant, counted: Sequence[Change]) -> Fate:
    """Return what becomes of a change.

    Args:
        change: That arrived.
        first: The label that the object bears.
        created: When the object was made, seconds UTC.
        counted: The changes that count so far, in order.
    """
    last = counted[-1] if counted else None
    label = first if last is None else last.new
    ended = last is not None and last.event in _ENDS
    if change in counted or ended or change.at < (created if last is None else last.at):
        return Fate.STALE
    if change.old != (None if label is None else label_digest(label)):
        return Fate.WAITS
    end = None if label is None else period_end(label.period)
    if end is not None and change.new is not None and change.at >= end:
        return Fate.AFTER_END
    return Fate.COUNTS


def in_force(
    first: Label,
    counted: Sequence[Change],
    now: Instant,
    *,
    pack_of: Callable[[Label], PolicyPack],
    waiting: Sequence[Change] = (),
) -> InForce:
    """Return what holds of an object's label at a moment.

    Args:
        first: The label that the object bears.
        counted: The changes that count, in order.
        now: Seconds UTC.
        pack_of: Returns the pack version that a label names.
        waiting: Changes whose place is not known yet: what one of them adds in protection is asked
            for at once, what it takes away is not, and none of it is shown.

    Raises:
        FormatError: ``pack-unknown``.
    """
    found = InForce(label=first, judged=first)
    for change in counted:
        found = _after(found, change.new, change.event, change.at)
    if found.label is None:
        return replace(found, level_asked=False)
    found = _of_itself(found, found.label, now, pack_of=pack_of)
    last = counted[-1].at if counted else 0
    later = [each.new for each in waiting if each.new is not None and each.at >= last]
    for label in later:
        found = replace(found, judged=_with_what_adds(found.judged, label, pack_of(label)))
    return found


def _with_what_adds(judged: Label, label: Label, pack: PolicyPack) -> Label:
    # Labels of two policies do not compare; such a change is asked for once its place is known.
    if label.policy != judged.policy:
        return judged
    ranks = {level.id: level.rank for level in pack.levels}
    higher = ranks.get(label.level, -1) > ranks.get(judged.level, -1)
    return replace(
        judged,
        level=label.level if higher else judged.level,
        audience=judged.audience.join(label.audience),
        restrict=judged.restrict | label.restrict,
        control=judged.control | label.control,
    )


def _after(found: InForce, label: Label | None, event: Event, at: Instant) -> InForce:
    struck = found.struck
    if found.label is not None and found.label.determination.kind not in _UNDETERMINED:
        struck = (*struck, found.label)
    return InForce(label=label, judged=label or found.judged, struck=struck, event=event, since=at)


def _of_itself(
    found: InForce, label: Label, now: Instant, *, pack_of: Callable[[Label], PolicyPack]
) -> InForce:
    follows = _successor_of(label, pack_of)
    if follows is not None and now >= follows.at:
        higher = dominates(follows.label, label, pack_of(label))
        found = _after(found, follows.label, Event.CHANGED, follows.at)
        # Only a clock says that it is time: what protects less is shown and not yet asked for.
        found = found if higher else replace(found, judged=label)
        label = follows.label
    elif follows is not None:
        found = replace(found, successor=follows)
    end = period_end(label.period)
    if end is None or now < end:
        return found
    return replace(_after(found, None, Event.EXPIRED, end), judged=found.judged)


def _successor_of(label: Label, pack_of: Callable[[Label], PolicyPack]) -> Successor | None:
    # One that its pack does not know makes the label invalid, which the gate refuses; it must not
    # keep anybody from listing what else there is.
    follows = label.successor
    if follows is None or follows.label.policy != label.policy:
        return None
    known = {level.id for level in pack_of(label).levels}
    return follows if follows.label.level in known else None
