"""What may be proposed, asserted or drafted: one check for every way to a label.

Rules:

- Level, period and audience are decided together, and the label is valid under its pack.
- What might bind longer than before is an extension and says why for level, period and audience;
  everything else is a change. Both count the maximum from the first period's start.
- A derived label protects at least what the join of its sources does; a foreign one keeps its
  originator's reading. Whoever relaxes either cites the originator.
- A label of a case has no successor: every change is an act.

Source: docs/spec/determination.md §6; 保守国家秘密法(2024) 第十八至二十条、第二十四条.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError, OutOfOrderError, WorkflowError
from secure_liaison.labels.acts import Propose, Purpose
from secure_liaison.labels.case import CaseState, join_all, label_sources
from secure_liaison.labels.catalogue import falls_below
from secure_liaison.labels.label import Determination, DeterminationKind
from secure_liaison.labels.lattice import dominates
from secure_liaison.labels.period import PeriodForm, period_dominates, period_end
from secure_liaison.labels.validity import START_AHEAD_S, validate

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.labels.case import Case, Setting
    from secure_liaison.labels.catalogue import CatalogueEntry
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["check_label", "check_proposal", "exceeds_sources", "kind_after", "sources_after"]

_FIRST: Final = frozenset({Purpose.ORIGINAL, Purpose.DERIVED, Purpose.FOREIGN})
_LATER: Final = frozenset({Purpose.EXTEND, Purpose.CHANGE, Purpose.DECLASSIFY, Purpose.PUBLISH})
_ONE: Final = frozenset({Purpose.ORIGINAL})
_PURPOSES: Final = {
    CaseState.DRAFT: _FIRST,
    CaseState.PROPOSED: _FIRST,
    CaseState.UNCLASSIFIED: _FIRST,
    CaseState.RECEIVED: _ONE,
    CaseState.DISPUTED: _ONE,
    CaseState.DETERMINED: _LATER,
}
_USES: Final = {
    Purpose.DERIVED: "derive",
    Purpose.EXTEND: "extend",
    Purpose.CHANGE: "change",
    Purpose.DECLASSIFY: "declassify",
    Purpose.PUBLISH: "publish",
}


def check_proposal(case: Case, proposal: Propose, at: Instant, setting: Setting) -> None:
    """Prove that a proposal may be decided in a case at a moment.

    Raises:
        OutOfOrderError: ``case-purpose``.
        WorkflowError: ``case-label-missing``, ``case-label-given``, ``case-reason``,
            ``case-catalogue-unknown``, ``case-departs-from-catalogue``, those of `check_label`,
            ``case-extension-shorter``, ``case-extension-grounds``, ``case-change-extends``,
            ``case-nothing-changes``, ``case-change-grounds``, ``case-sources-given``,
            ``case-without-source``, ``case-below-source``, ``case-without-agreement``,
            ``case-alternatives``, ``case-wider-than-originator``,
            ``case-shorter-than-originator``, ``case-without-consent``.
        FormatError: those of `check_label`.
    """
    if proposal.purpose not in _PURPOSES.get(case.state, frozenset()):
        raise OutOfOrderError("case-purpose", state=case.state.value)
    ends = proposal.purpose in {Purpose.DECLASSIFY, Purpose.PUBLISH}
    if proposal.label is None and proposal.purpose is not Purpose.ORIGINAL and not ends:
        raise WorkflowError("case-label-missing")
    if proposal.label is not None and ends:
        raise WorkflowError("case-label-given")
    _check_reason(proposal, setting)
    _check_catalogue(proposal, setting)
    if proposal.label is not None:
        check_label(
            case,
            proposal.label,
            at,
            setting,
            provision=proposal.provision,
            sources=sources_after(case, proposal),
        )
        if case.state is CaseState.DETERMINED and case.label is not None:
            _check_difference(case.label, proposal.label, proposal)
    match kind_after(case, proposal):
        case Purpose.DERIVED:
            _check_derived(case, proposal, setting)
        case Purpose.FOREIGN:
            _check_foreign(case, proposal, setting)
        case _:
            if proposal.sources:
                raise WorkflowError("case-sources-given")


def check_label(
    case: Case,
    label: Label,
    at: Instant,
    setting: Setting,
    *,
    provision: str = "",
    sources: tuple[Label, ...] = (),
) -> None:
    """Prove that a label may be proposed, drafted or asserted in a case at a moment.

    Args:
        case: What the acts so far have come to.
        label: Without a determination.
        at: The moment of the act.
        setting: What acts are judged by.
        provision: Cited for a period above the maximum, or empty.
        sources: What a derived label follows; only what they bear may be obsolete.

    Raises:
        FormatError: ``pack-unknown``, ``label-policy-not-in-force``, those of `validate`.
        WorkflowError: ``case-label-determined``, ``case-label-successor``, ``case-owner``,
            ``case-label-created``, ``case-period-start``, ``case-period-ended``,
            ``case-period-over-maximum``.
    """
    pack = setting.pack_of(label)
    if not pack.in_force(at):
        raise FormatError("label-policy-not-in-force")
    if label.determination != Determination():
        raise WorkflowError("case-label-determined")
    nested = [alternative.label for alternative in label.alternatives]
    if label.successor is not None or any(inner.successor for inner in nested):
        raise WorkflowError("case-label-successor")
    organisation = setting.powers.organisation
    owners = {case.body, organisation.responsible(case.body, at)}
    owners |= {case.label.owner} if case.label else set()
    if label.owner not in owners:
        raise WorkflowError("case-owner")
    if label.created > at:
        raise WorkflowError("case-label-created")
    _check_period(case, label, at, pack=pack, provision=provision)
    # As it will stand once decided: a cited provision lifts the maximum and nothing else.
    made = Determination(
        kind=DeterminationKind.DERIVED if sources else DeterminationKind.ORIGINAL,
        sources=label_sources(sources),
        provision=provision,
    )
    validate(replace(label, determination=made), pack, follows=sources)


def kind_after(case: Case, proposal: Propose) -> Purpose:
    """Return what a case will be, original, derived or foreign, if a proposal is decided."""
    settled = case.state in {CaseState.DETERMINED, CaseState.DISPUTED} and case.label is not None
    return case.kind if settled else proposal.purpose


def sources_after(case: Case, proposal: Propose) -> tuple[Label, ...]:
    """Return what the label of a case will follow if a proposal is decided; nothing if original."""
    if kind_after(case, proposal) is not Purpose.DERIVED:
        return ()
    return proposal.sources or (case.sources if case.label is not None else ())


def exceeds_sources(label: Label, sources: tuple[Label, ...], setting: Setting) -> bool:
    """Whether a label is higher, or binds longer, than the join of what it follows.

    What it protects beyond its sources nobody determined before: it is original there. A narrower
    audience is no surplus: who needs to know of a paper is for whoever makes it.

    Raises:
        FormatError: ``pack-unknown``, ``label-level-unknown``, then as `join`.
    """
    joined = join_all(sources, setting)
    if joined is None:
        return True
    pack = setting.pack_of(label)
    higher = pack.level(label.level).rank > pack.level(joined.level).rank
    return higher or not period_dominates(joined.period, label.period)


def _check_period(
    case: Case, label: Label, at: Instant, *, pack: PolicyPack, provision: str
) -> None:
    start, end = label.period.start, period_end(label.period)
    if start is not None and start > at + START_AHEAD_S:
        raise WorkflowError("case-period-start")
    if end is not None and end <= at:
        raise WorkflowError("case-period-ended")
    years, first = pack.level(label.level).max_period_years, case.first_start
    if not provision and years is not None and first is not None and end is not None:
        own = replace(label.period, form=PeriodForm.DURATION, value=f"P{years}Y")
        # What is too long already by its own start, the label's own rules refuse.
        if (period_end(replace(own, start=first)) or end) < end <= (period_end(own) or end):
            raise WorkflowError("case-period-over-maximum", limit=years)


def _check_reason(proposal: Propose, setting: Setting) -> None:
    use = _USES.get(proposal.purpose)
    if proposal.purpose is Purpose.ORIGINAL and proposal.label is None:
        use = "not-secret"
    if use is None:
        return
    codes = {code for known, code in setting.reasons if known == use}
    if not proposal.reason or (codes and proposal.reason not in codes):
        raise WorkflowError("case-reason", use=use)


def _check_catalogue(proposal: Propose, setting: Setting) -> None:
    if not proposal.catalogue:
        return
    named = proposal.catalogue.rpartition("#")[0]
    for catalogue in setting.catalogues:
        if catalogue.catalogue_id == named:
            entry = catalogue.entry(proposal.catalogue)
            if _departs(proposal.label, entry, setting) and not proposal.remark:
                raise WorkflowError("case-departs-from-catalogue")
            return
    raise WorkflowError("case-catalogue-unknown")


def _departs(label: Label | None, entry: CatalogueEntry, setting: Setting) -> bool:
    if label is None or not entry.is_secret:
        return entry.is_secret is (label is None)
    return falls_below(label, entry, setting.pack_of(label))


def _check_difference(old: Label, new: Label, proposal: Propose) -> None:
    longer = not period_dominates(old.period, new.period)
    if proposal.purpose is Purpose.EXTEND:
        if not longer:
            raise WorkflowError("case-extension-shorter")
        if not all(proposal.grounds):
            raise WorkflowError("case-extension-grounds")
        return
    if longer:
        raise WorkflowError("case-change-extends")
    if replace(old, determination=Determination()) == new:
        raise WorkflowError("case-nothing-changes")
    changed = (old.level != new.level, old.period != new.period, old.audience != new.audience)
    if any(
        differs and not ground for differs, ground in zip(changed, proposal.grounds, strict=True)
    ):
        raise WorkflowError("case-change-grounds")


def _check_derived(case: Case, proposal: Propose, setting: Setting) -> None:
    known = case.sources if case.label is not None else ()
    sources = sources_after(case, proposal)
    if not sources:
        raise WorkflowError("case-without-source")
    moved = bool(known) and label_sources(sources) != label_sources(known)
    if (moved or proposal.label is None) and not proposal.consent:
        raise WorkflowError("case-without-consent")
    joined = join_all(sources, setting)
    if (
        proposal.label is not None
        and joined is not None
        and not dominates(proposal.label, joined, setting.pack_of(proposal.label))
    ):
        raise WorkflowError("case-below-source")


def _check_foreign(case: Case, proposal: Propose, setting: Setting) -> None:
    if proposal.sources:
        raise WorkflowError("case-sources-given")
    new, old = proposal.label, case.label
    if new is not None:
        readings = [alternative.label.policy for alternative in new.alternatives]
        if not readings or any(policy == new.policy for policy in readings):
            raise WorkflowError("case-without-agreement")
        if old is not None and old.alternatives != new.alternatives:
            raise WorkflowError("case-alternatives")
        if old is None and not proposal.consent:
            _check_kept(new)
    relaxes = old is not None and (new is None or not dominates(new, old, setting.pack_of(new)))
    if relaxes and not proposal.consent:
        raise WorkflowError("case-without-consent")


def _check_kept(new: Label) -> None:
    """Prove that whom the originator kept out, and until when, is kept out here too."""
    for each in new.alternatives:
        if not new.audience.within(each.label.audience):
            raise WorkflowError("case-wider-than-originator")
        ours, theirs = period_end(new.period), period_end(each.label.period)
        if ours is not None and (theirs is None or ours < theirs):
            raise WorkflowError("case-shorter-than-originator")
