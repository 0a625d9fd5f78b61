"""Between a label and what ESS says: numbers of levels and markings, as the pack gives them.

Rules:

- Numbers mean what the pack of that policy says; what the pack does not know is refused with the
  number named, never skipped.
- Writing never widens: what was written is read back, and refused unless it permits nobody whom
  the label does not permit and keeps level, restrictions and controls. A smaller audience is
  written only when the caller asks for it, and reported.
- What ESS has no place for (period, determination, review …) is left out only when the caller
  names it, and reported.
- ESS names no version, owner or day: the reader says them.

Source: docs/spec/foreign-labels.md §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.clock import to_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.ess import (
    EssEffect,
    EssForm,
    EssLabel,
    EssTag,
    read_ess,
    write_ess,
)
from secure_liaison.labels.label import Determination, DeterminationKind, Label
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import Category, CategoryKind
from secure_liaison.labels.release import audience_of, release_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secure_liaison.clock import Instant
    from secure_liaison.labels.policy import CategoryValue, Level, PolicyPack

__all__ = ["EssWriting", "Unsaid", "from_ess", "to_ess"]


class Unsaid(Enum):
    """What a label may hold and ESS has no place for."""

    PERIOD = "period"
    DETERMINATION = "determination"
    REVIEW = "review"
    SUCCESSOR = "successor"
    ALTERNATIVES = "alternatives"


@dataclass(frozen=True, slots=True, kw_only=True)
class EssWriting:
    """What was written.

    Attributes:
        octets: DER.
        exact: Whether the audience read back is the label's; otherwise it is a smaller one.
        unsaid: What was left out because the caller allowed it.
    """

    octets: bytes
    exact: bool
    unsaid: frozenset[Unsaid]


_FORMS: Final = {
    EssEffect.RESTRICTIVE: EssForm.BITMAP,
    EssEffect.PERMISSIVE: EssForm.ENUMERATED,
    EssEffect.INFORMATIVE: EssForm.BITMAP,
}
_OPEN: Final = Period(form=PeriodForm.OPEN, value="")


def to_ess(
    label: Label,
    pack: PolicyPack,
    *,
    leave_out: Iterable[Unsaid] = (),
    narrow: bool = False,
    forms: Mapping[str, EssForm] | None = None,
) -> EssWriting:
    """Write a label as an ESSSecurityLabel.

    Args:
        label: Of that pack.
        pack: With the numbers.
        leave_out: What may be lost; everything else that the label holds must be said.
        narrow: Whether a smaller audience may be written where ESS cannot say the whole one.
        forms: By category id, where it differs from: permissive ones enumerated, others bitmaps.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``, ``ess-left-out``,
            ``ess-no-number``, ``ess-audience``, ``ess-narrower``, those of `write_ess` and of
            `from_ess`.
    """
    if label.policy != pack.policy_id:
        raise FormatError("label-policy-mismatch")
    level = pack.level(label.level)
    unsaid = _unsaid(label)
    left = sorted(each.value for each in unsaid - frozenset(leave_out))
    if left:
        raise FormatError("ess-left-out", what=", ".join(left))
    if not pack.oid or level.lacv is None:
        raise FormatError("ess-no-number", name=level.id if pack.oid else pack.id)
    release = release_of(label.audience, pack, label.owner)
    markings = release.markings | label.restrict | label.control | label.inform
    octets = write_ess(
        EssLabel(
            policy=pack.oid,
            classification=level.lacv,
            privacy_mark=label.privacy_mark,
            tags=_tags(markings, level, pack, forms=forms or {}),
        )
    )
    back = from_ess(octets, pack, owner=label.owner, created=label.created, period=label.period)
    kept = back.restrict == label.restrict and back.control == label.control
    if not (kept and back.level == label.level and back.audience.within(label.audience)):
        raise FormatError("ess-audience")
    exact = label.audience.within(back.audience)
    if not (exact or narrow):
        raise FormatError("ess-narrower")
    return EssWriting(octets=octets, exact=exact, unsaid=unsaid)


def from_ess(
    octets: bytes, pack: PolicyPack, *, owner: str, created: Instant, period: Period = _OPEN
) -> Label:
    """Read a label that ESS says, under the pack of its policy.

    Args:
        octets: DER.
        pack: Version in force at ``created``.
        owner: Leaf of the originator.
        created: Seconds UTC; memberships of groups are judged on that day.
        period: ESS states none.

    Raises:
        FormatError: those of `read_ess`, ``ess-policy``, ``ess-level``, ``ess-ambiguous``,
            ``ess-tag-set``, ``ess-effect``, ``ess-value``, those of `audience_of` and of `Label`.
    """
    said = read_ess(octets)
    if said.policy != pack.oid:
        raise FormatError("ess-policy", policy=said.policy)
    level = _level(said.classification, pack)
    found: dict[CategoryKind, set[str]] = {kind: set() for kind in CategoryKind}
    for each in said.tags:
        for number in sorted(each.numbers):
            category, value = _value(each, number, pack)
            found[category.kind].add(f"{category.id}:{value.id}")
    for marking in level.says:
        found[pack.category(marking.partition(":")[0]).kind].add(marking)
    leading = found[CategoryKind.WIDEN] | found[CategoryKind.NARROW]
    return Label(
        policy=pack.policy_id,
        level=level.id,
        audience=audience_of(leading, pack, owner=owner, day=to_iso(created)[:10]),
        owner=owner,
        created=created,
        period=period,
        restrict=frozenset(found[CategoryKind.RESTRICT]),
        control=frozenset(found[CategoryKind.CONTROL]),
        inform=frozenset(found[CategoryKind.INFORM]),
        determination=Determination(kind=DeterminationKind.FOREIGN),
        privacy_mark=said.privacy_mark,
    )


def _unsaid(label: Label) -> frozenset[Unsaid]:
    held = {
        Unsaid.PERIOD: label.period != _OPEN,
        Unsaid.DETERMINATION: label.determination
        not in {Determination(), Determination(kind=DeterminationKind.FOREIGN)},
        Unsaid.REVIEW: label.review_at is not None,
        Unsaid.SUCCESSOR: label.successor is not None,
        Unsaid.ALTERNATIVES: bool(label.alternatives),
    }
    return frozenset(each for each, is_held in held.items() if is_held)


def _tags(
    markings: frozenset[str], level: Level, pack: PolicyPack, *, forms: Mapping[str, EssForm]
) -> tuple[EssTag, ...]:
    known = {f"{each.id}:{v.id}": (each, v) for each in pack.categories for v in each.values}
    numbers: dict[tuple[str, EssEffect], set[int]] = {}
    chosen: dict[tuple[str, EssEffect], EssForm] = {}
    for marking in sorted(markings):
        category, value = known.get(marking, (None, None))
        if category is None or value is None or not category.oid or value.lacv is None:
            if marking in level.says:
                continue  # the level's number says it already
            raise FormatError("ess-no-number", name=marking)
        place = category.oid, _effect(category)
        numbers.setdefault(place, set()).add(value.lacv)
        chosen.setdefault(place, forms.get(category.id, _FORMS[place[1]]))
    return tuple(
        EssTag(
            effect=effect,
            form=chosen[oid, effect],
            tag_set=oid,
            numbers=frozenset(numbers[oid, effect]),
        )
        for oid, effect in numbers
    )


def _effect(category: Category) -> EssEffect:
    match category.kind:
        case CategoryKind.WIDEN | CategoryKind.NARROW:
            return EssEffect.PERMISSIVE
        case CategoryKind.RESTRICT | CategoryKind.CONTROL:
            return EssEffect.RESTRICTIVE
        case CategoryKind.INFORM:
            return EssEffect.INFORMATIVE
        case _:
            assert_never(category.kind)


def _level(number: int, pack: PolicyPack) -> Level:
    found = [level for level in pack.levels if level.lacv == number]
    if not found:
        raise FormatError("ess-level", number=number)
    if len(found) > 1:
        raise FormatError("ess-ambiguous", place=pack.oid, number=number)
    return found[0]


def _value(each: EssTag, number: int, pack: PolicyPack) -> tuple[Category, CategoryValue]:
    of_set = [category for category in pack.categories if category.oid == each.tag_set]
    if not of_set:
        raise FormatError("ess-tag-set", tag_set=each.tag_set)
    fitting = [category for category in of_set if _effect(category) is each.effect]
    if not fitting:
        raise FormatError("ess-effect", tag_set=each.tag_set, effect=each.effect.value)
    found = [(c, value) for c in fitting for value in c.values if value.lacv == number]
    if not found:
        raise FormatError("ess-value", tag_set=each.tag_set, number=number)
    if len(found) > 1:
        raise FormatError("ess-ambiguous", place=each.tag_set, number=number)
    return found[0]
