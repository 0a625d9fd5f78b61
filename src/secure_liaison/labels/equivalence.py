"""A partner's level read under the own policy, as an agreement says: never chained, never lowered.

Rules:

- One entry, one direction, one date, one article; what has no entry, or one that refuses, has no
  reading.
- A reading is beside the originator's label and never in its place: whoever may not read under the
  originator's audience may not read at all.
- An agreement that maps to a level or policy that is not known here maps to nothing.

Source: docs/spec/labels.md §8; DESIGN §4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.agreement import Treatment
from secure_liaison.labels.label import (
    Alternative,
    Determination,
    DeterminationKind,
    Label,
    label_digest,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.clock import Instant
    from secure_liaison.labels.agreement import Agreement
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["Reading", "alternative_of", "readings_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a level of another policy is protected under this one.

    Attributes:
        pack: The policy under which it is protected.
        level: Level id of that policy.
        agreement: Id of the agreement that says so.
        article: Where: ``agr:eu-us art. 3.2``.
    """

    pack: PolicyPack
    level: str
    agreement: str
    article: str


def readings_of(
    label: Label, agreement: Agreement, packs: Iterable[PolicyPack], *, at: Instant
) -> tuple[Reading, ...]:
    """Return every reading of a label that an agreement gives at a moment.

    Args:
        label: The originator's.
        agreement: In force between the two agencies.
        packs: The policies known here, one version of each.
        at: Seconds UTC.
    """
    policy = label.policy.partition("@")[0]
    found = []
    for pack in packs:
        entry = agreement.equivalence(policy, label.level, to_policy=pack.id, at=at)
        if entry is None or entry.treatment is Treatment.REFUSE or pack.id == policy:
            continue
        if entry.to_level in {level.id for level in pack.levels}:
            found.append(
                Reading(
                    pack=pack,
                    level=entry.to_level,
                    agreement=agreement.id,
                    article=f"{agreement.id} art. {entry.article}",
                )
            )
    return tuple(found)


def alternative_of(label: Label, reading: Reading, *, by: str, at: Instant) -> Alternative:
    """Return a reading as a label beside the originator's: its audience and period, our level.

    Args:
        label: The originator's; it stays as it is.
        reading: What the agreement says.
        by: Leaf or text of who reads it so.
        at: Seconds UTC.

    Raises:
        FormatError: ``label-nested``: the label is itself a reading.
    """
    if label.determination.kind is DeterminationKind.FOREIGN:
        raise FormatError("label-nested")
    inner = Label(
        policy=reading.pack.policy_id,
        level=reading.level,
        audience=label.audience,
        owner=label.owner,
        created=at,
        period=label.period,
        determination=Determination(
            kind=DeterminationKind.FOREIGN,
            authority=reading.article,
            sources=frozenset({f"label:{label_digest(label).hex()}"}),
        ),
    )
    return Alternative(
        label=inner, agreement=reading.agreement, article=reading.article, by=by, at=at
    )
