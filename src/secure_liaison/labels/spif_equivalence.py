"""What a SPIF says of other policies, as entries that an agreement may take over.

Rules:

- A SPIF is one side's word: nothing here is in force until both parties sign an agreement.
- ``encrypt`` is from this policy to the other, ``decrypt`` from the other to this one, ``both`` is
  two entries.
- A value that may be discarded, and a mapping that demands further categories, is an entry that
  refuses: to drop a marking in silence is to lower the label.

Source: docs/spec/foreign-labels.md §1; docs/spec/labels.md §8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.labels.agreement import Equivalence, Treatment
from secure_liaison.labels.spif_policy import Applied

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.clock import Instant
    from secure_liaison.labels.import_report import ImportReport
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.spif_plan import Plan
    from secure_liaison.labels.spif_policy import SpifEquivalent, SpifPolicy

__all__ = ["SpifEquivalence", "level_entries", "plan_equivalences"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifEquivalence:
    """One equivalence of a level or of a marking.

    Attributes:
        level: Level id of the pack; empty for a marking.
        marking: ``category:value`` of the pack; empty for a level.
        policy: Object identifier of the other policy.
        tag_set: Object identifier of its tag set; empty for a level.
        lacv: Number there, as written.
        applied: In which direction.
        treatment: Whether it maps or refuses.
    """

    level: str
    marking: str
    policy: str
    tag_set: str
    lacv: str
    applied: Applied
    treatment: Treatment


def plan_equivalences(
    policy: SpifPolicy, plan: Plan, report: ImportReport
) -> tuple[SpifEquivalence, ...]:
    """Return everything that the SPIF says of other policies."""
    partners = {each.name: each.id for each in policy.partners}
    if len(partners) != len(policy.partners):
        report.error("partner-twice")
    sources: list[tuple[str, str, tuple[SpifEquivalent, ...]]] = [
        (level.id, "", level.source.equivalents) for level in plan.levels
    ]
    sources += [
        ("", f"{tag.id}:{value.id}", value.source.equivalents)
        for tag in plan.tags
        for value in tag.values
    ]
    found = []
    for level, marking, equivalents in sources:
        for each in equivalents:
            if each.policy not in partners:
                report.error("partner-unknown", line=each.line, name=each.policy)
                continue
            if each.discard or each.demands:
                code = "equivalent-discard" if each.discard else "equivalent-demands"
                report.warn(code, line=each.line, place=level or marking, name=each.policy)
            found.append(
                SpifEquivalence(
                    level=level,
                    marking=marking,
                    policy=partners[each.policy],
                    tag_set=each.tag_set,
                    lacv=each.lacv,
                    applied=each.applied,
                    treatment=Treatment.REFUSE
                    if each.discard or each.demands
                    else Treatment.PROTECT_AS,
                )
            )
    return tuple(found)


def level_entries(
    found: Iterable[SpifEquivalence],
    packs: tuple[PolicyPack, PolicyPack],
    *,
    article: str,
    valid_from: Instant,
) -> tuple[Equivalence, ...]:
    """Return the entries of an agreement for levels between two packs.

    Args:
        found: From the SPIF of the first pack.
        packs: The pack made from it, and the other policy's.
        article: Of the agreement that takes them over.
        valid_from: Seconds UTC.

    Raises:
        FormatError: ``spif-level``: the other pack knows no level of that number.
    """
    own, other = packs
    entries = []
    for each in found:
        if not each.level or each.policy != other.oid:
            continue
        theirs = [level.id for level in other.levels if str(level.lacv) == each.lacv]
        if len(theirs) != 1:
            raise FormatError("spif-level", number=each.lacv)
        for here_to_there in _directions(each.applied):
            ends = (own.id, each.level), (other.id, theirs[0])
            start, end = ends if here_to_there else ends[::-1]
            refused = each.treatment is Treatment.REFUSE
            entries.append(
                Equivalence(
                    from_policy=start[0],
                    from_level=start[1],
                    to_policy=end[0],
                    to_level="" if refused else end[1],
                    treatment=each.treatment,
                    article=article,
                    valid_from=valid_from,
                )
            )
    return tuple(entries)


def _directions(applied: Applied) -> tuple[bool, ...]:
    match applied:
        case Applied.ENCRYPT:
            return (True,)
        case Applied.DECRYPT:
            return (False,)
        case Applied.BOTH:
            return (True, False)
        case _:
            assert_never(applied)
