"""Whether a label may be used under its pack; everything refused here is refused at sealing.

Rules:

- Judged by the version that the label names, in force at the label's creation.
- Level, period and audience are fixed together: a public audience exists at rank 0 only, a period
  over the level's maximum or of a form no longer used is refused.
- Every marking must be one of the pack, of the right kind and number; every rule must be met.
- What is obsolete is read and never given anew: only foreign material, and what follows material
  that bears exactly that, may carry it.

Source: docs/spec/labels.md §6; 保守国家秘密法(2024) 第十六、十九、二十条; labels report §3.6, §9.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from secure_liaison.clock import Instant, to_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.label import DeterminationKind, Label, label_digest
from secure_liaison.labels.period import (
    MAX_INSTANT,
    PeriodForm,
    months_after,
    months_of,
    period_end,
)
from secure_liaison.labels.policy import Category, CategoryKind, Level, PolicyPack
from secure_liaison.labels.release import markings_in
from secure_liaison.labels.rules import Facts, applies, is_met

__all__ = ["START_AHEAD_S", "markings_of", "validate"]

START_AHEAD_S: Final = 30 * 86_400
"""How far ahead a period may start: a document is issued soon after its label is made."""
_AHEAD_S: Final = 14 * 3600
"""The farthest that a local calendar is ahead of UTC."""


def validate(label: Label, pack: PolicyPack, *, follows: tuple[Label, ...] | None = ()) -> None:
    """Prove that a label is valid under its pack.

    Args:
        label: Any label.
        pack: The version that it names.
        follows: The labels that it names as its sources, or the same label on an object that
            exists: only what one of them bears may be obsolete. ``None`` where nobody who asks
            holds them, as a reader: then it is enough that sources are named.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``,
            ``label-policy-not-in-force``, ``label-audience-public``, ``label-group-date``,
            ``label-marking-unknown``, ``label-marking-count``, ``label-period-form``,
            ``label-period-over-maximum``, ``label-period-value``, ``label-same-person``,
            ``label-without-source``, ``label-rule``, ``label-obsolete``, ``label-successor``.
    """
    if label.policy != pack.policy_id:
        raise FormatError("label-policy-mismatch")
    level = pack.level(label.level)
    if not pack.in_force(label.created):
        raise FormatError("label-policy-not-in-force")
    if label.audience.is_public and level.rank > 0:
        raise FormatError("label-audience-public")
    days = _group_days(label)
    if days and max(days) > to_iso(min(label.created + _AHEAD_S, MAX_INSTANT))[:10]:
        # Who joins a group later is not meant by a label of today, wherever today already is.
        raise FormatError("label-group-date")
    markings = markings_of(label, pack)
    _check_markings(label, pack, markings)
    _check_period(label, pack, level)
    _check_determination(label, pack)
    _check_rules(pack, level, markings)
    _check_obsolete(label, pack, _obsolete_in(level, pack, markings), follows=follows)
    if label.successor is not None:
        if label.successor.at <= label.created or label.successor.label.policy != label.policy:
            raise FormatError("label-successor")
        validate(label.successor.label, pack, follows=follows)


def markings_of(label: Label, pack: PolicyPack) -> frozenset[str]:
    """Return ``category:value`` of everything that rules may ask about.

    Of the audience they are what markings say of it (`markings_in`), so that rules look at what
    marks print.
    """
    by_leaves = markings_in(label.audience, pack, label.owner)
    return by_leaves | label.restrict | label.control | label.inform


def _check_markings(label: Label, pack: PolicyPack, markings: frozenset[str]) -> None:
    for kind, used in (
        (CategoryKind.RESTRICT, label.restrict),
        (CategoryKind.CONTROL, label.control),
        (CategoryKind.INFORM, label.inform),
    ):
        if not used <= pack.index.categories.by_kind[kind]:
            raise FormatError("label-marking-unknown")
    for category in pack.index.categories.counted:
        _check_count(category, markings)


def _group_days(label: Label) -> set[str]:
    return {
        leaf.partition("@")[2]
        for group in label.audience.groups
        for leaf in group
        if leaf.startswith("group:")
    }


def _check_count(category: Category, markings: frozenset[str]) -> None:
    count = sum(marking.startswith(f"{category.id}:") for marking in markings)
    if count < category.least or (category.most is not None and count > category.most):
        raise FormatError("label-marking-count", category=category.id)


def _obsolete_in(level: Level, pack: PolicyPack, markings: frozenset[str]) -> list[str]:
    found = [level.id] if level.obsolete else []
    found += [
        f"{category.id}:{value.id}"
        for category in pack.categories
        for value in category.values
        if value.obsolete and f"{category.id}:{value.id}" in markings
    ]
    return found


def _check_obsolete(
    label: Label, pack: PolicyPack, found: list[str], *, follows: tuple[Label, ...] | None
) -> None:
    made = label.determination
    if not found or made.kind is DeterminationKind.FOREIGN:
        return
    borne: set[str] = set()
    if made.kind is not DeterminationKind.ORIGINAL:
        if follows is None and made.sources:
            return
        for source in follows or ():
            # By its digest, or the label itself: naming one source and showing another is nothing.
            if source == label or f"label:{label_digest(source).hex()}" in made.sources:
                borne |= _borne_by(source, pack)
    for name in found:
        if name not in borne:
            raise FormatError("label-obsolete", name=name)


def _borne_by(source: Label, pack: PolicyPack) -> frozenset[str]:
    if source.policy.partition("@")[0] != pack.id:
        return frozenset()
    return markings_of(source, pack) | {source.level}


def _check_period(label: Label, pack: PolicyPack, level: Level) -> None:
    period = label.period
    if period.form not in pack.period.forms:
        raise FormatError("label-period-form")
    years = level.max_period_years
    if years is None or period.start is None:
        # Without a dated end there is nothing to count; whether that may be, the forms decide.
        return
    latest = Instant(min(label.created + START_AHEAD_S, MAX_INSTANT))
    if 0 < (months_of(period) or 0) <= 12 * years and period.start <= latest:
        return
    end = period_end(period)
    # Otherwise a start far ahead would bind for as long as anybody likes.
    longest = months_after(replace(period, start=min(period.start, latest)), 12 * years)
    if end is not None and end > longest and not label.determination.provision:
        # Longer only where a special provision says so (除另有规定外), and the label cites it.
        raise FormatError("label-period-over-maximum", limit=years)
    if period.form is PeriodForm.MOMENT and end is not None and end <= period.start:
        raise FormatError("label-period-value")


def _check_determination(label: Label, pack: PolicyPack) -> None:
    made = label.determination
    same = bool(made.proposer) and made.proposer == made.approver
    if same and pack.workflow.proposer_is_not_approver:
        raise FormatError("label-same-person")
    if made.kind is DeterminationKind.DERIVED and not made.sources:
        raise FormatError("label-without-source")


def _check_rules(pack: PolicyPack, level: Level, markings: frozenset[str]) -> None:
    facts = Facts(
        rank=level.rank,
        level=level.id,
        ranks=pack.index.ranks,
        markings=markings,
    )
    for rule in pack.rules:
        if applies(rule.condition, facts) and not is_met(rule.effect, facts):
            raise FormatError("label-rule", rule=rule.id)
