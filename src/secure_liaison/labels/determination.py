"""定密: the machine that takes one act after the other and refuses what the law does not allow.

Rules:

- ``advance`` is a pure function: the same acts under the same setting give the same case.
- Who proposes never approves, decides or settles what is proposed, where a pack says so.
- A body without authority never sets a level: it protects, reports, and another body decides.
- No act lowers what protects an object but a decision that confirms another person's proposal.
- After the end of its period nothing can be done with a label, whatever date an act bears.

Can I? (rows: state; columns: act)

============  =======  =======  ======  =======  ======  =======  ======  ======  ======  ======
state         propose  approve  return  protect  report  receive  decide  assert  settle  review
============  =======  =======  ======  =======  ======  =======  ======  ======  ======  ======
draft         yes      -        -       yes      -       -        -       -       -       -
proposed      -        yes      yes     -        -       -        -       -       -       -
provisional   -        -        -       -        yes     -        -       -       -       -
reported      -        -        -       -        -       yes      -       -       -       -
received      yes      -        yes     -        -       -        yes     -       -       -
determined    yes      yes      yes     -        -       -        -       yes     -       yes
disputed      yes      -        yes     -        -       -        -       yes     yes     -
not secret    yes      -        -       -        -       -        -       yes     -       -
declassified  -        -        -       -        -       -        -       -       -       -
============  =======  =======  ======  =======  ======  =======  ======  ======  ======  ======

Source: docs/spec/determination.md §3; 保守国家秘密法(2024) 第十六至二十五条;
保守国家秘密法实施条例(2024) 第十七、十八、二十五、二十六条.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from secure_liaison.errors import OutOfOrderError, SecondPersonRequiredError, WorkflowError
from secure_liaison.labels.acts import (
    Act,
    Approve,
    Assert,
    Decide,
    Open,
    Propose,
    Protect,
    Purpose,
    Receive,
    Report,
    Return,
    Review,
    Settle,
    StepKind,
    kind_of,
)
from secure_liaison.labels.authority import AuthorityQuestion, require_authority
from secure_liaison.labels.case import (
    Assertion,
    Case,
    CaseState,
    Event,
    Pending,
    Setting,
    Turn,
    case_id,
    effective_label,
    ends_at,
    join_all,
    label_sources,
)
from secure_liaison.labels.competence import deciders, proposers, report_goes_to
from secure_liaison.labels.label import Determination, DeterminationKind
from secure_liaison.labels.proposals import (
    check_label,
    check_proposal,
    exceeds_sources,
    kind_after,
    sources_after,
)

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from secure_liaison.crypto.keys import Realm
    from secure_liaison.labels.label import Label

__all__ = ["AHEAD_S", "CAN_I", "MAX_ASSERTIONS", "advance", "open_case"]

AHEAD_S: Final = 300
"""By how much an act's own time may lie ahead of the proven one: clocks differ a little."""
MAX_ASSERTIONS: Final = 16

CAN_I: Final = {
    CaseState.DRAFT: frozenset({StepKind.PROPOSE, StepKind.PROTECT}),
    CaseState.PROPOSED: frozenset({StepKind.APPROVE, StepKind.RETURN}),
    CaseState.PROVISIONAL: frozenset({StepKind.REPORT}),
    CaseState.REPORTED: frozenset({StepKind.RECEIVE}),
    CaseState.RECEIVED: frozenset({StepKind.PROPOSE, StepKind.RETURN, StepKind.DECIDE}),
    CaseState.DETERMINED: frozenset(
        {StepKind.PROPOSE, StepKind.APPROVE, StepKind.RETURN, StepKind.ASSERT, StepKind.REVIEW}
    ),
    CaseState.DISPUTED: frozenset(
        {StepKind.PROPOSE, StepKind.RETURN, StepKind.ASSERT, StepKind.SETTLE}
    ),
    CaseState.UNCLASSIFIED: frozenset({StepKind.PROPOSE, StepKind.ASSERT}),
    CaseState.DECLASSIFIED: frozenset[StepKind](),
}
"""Which acts a state takes at all; whether this one is taken depends on who, when and what."""

_Later: TypeAlias = (
    Propose | Approve | Return | Protect | Report | Receive | Decide | Assert | Settle | Review
)
_EVENTS: Final = {
    Purpose.EXTEND: Event.EXTENDED,
    Purpose.CHANGE: Event.CHANGED,
    Purpose.DECLASSIFY: Event.DECLASSIFIED,
    Purpose.PUBLISH: Event.PUBLISHED,
}
_KINDS: Final = {
    Purpose.DERIVED: DeterminationKind.DERIVED,
    Purpose.FOREIGN: DeterminationKind.FOREIGN,
}


def open_case(act: Act, setting: Setting, realm: Realm) -> Case:
    """Return the case that an opening act begins.

    Raises:
        OutOfOrderError: ``case-not-opened`` (the first act is another one).
        WorkflowError: ``case-time-ahead``, ``case-body``.
    """
    if not isinstance(act.step, Open):
        raise OutOfOrderError("case-not-opened")
    if act.at > act.known + AHEAD_S:
        raise WorkflowError("case-time-ahead")
    if not setting.powers.organisation.acts(act.actor.agency, act.at):
        raise WorkflowError("case-body")
    return Case(
        id=case_id(realm, act.actor.agency, act.step.subject, act.step.nonce),
        subject=act.step.subject,
        body=act.actor.agency,
        state=CaseState.DRAFT,
        last_at=act.at,
    )


def advance(case: Case, act: Act, setting: Setting) -> Case:
    """Return what a case becomes by an act.

    Raises:
        WorkflowError: ``case-time-backwards``, ``case-time-ahead``.
        OutOfOrderError: ``case-expired``, ``case-act-not-now``.
        WorkflowError: ``case-body`` (another body must do this), ``case-nothing-proposed``,
            ``case-proposal-pending``, those of `check_proposal` and `require_authority`,
            ``case-report-elsewhere``, ``case-nothing-disputed``, ``case-assertions``.
        SecondPersonRequiredError: ``case-same-person``.
        FormatError: those of `check_proposal` and `join`.
    """
    _check_time(case, act, setting)
    step = act.step
    if isinstance(step, Open) or kind_of(step) not in CAN_I[case.state]:
        raise OutOfOrderError(
            "case-act-not-now", act=kind_of(step).name.lower(), state=case.state.value
        )
    return replace(_taken(case, act, step, setting), last_at=act.at)


def _check_time(case: Case, act: Act, setting: Setting) -> None:
    if act.at < case.last_at:
        raise WorkflowError("case-time-backwards")
    if act.at > act.known + AHEAD_S:
        raise WorkflowError("case-time-ahead")
    end = ends_at(case, setting)
    # The date that an act bears proves nothing: it must be proven to have existed before the end.
    if end is not None and max(act.at, act.known) >= end:
        raise OutOfOrderError("case-expired")


def _taken(case: Case, act: Act, step: _Later, setting: Setting) -> Case:
    match step:
        case Propose():
            return _propose(case, act, step, setting)
        case Approve() | Decide() | Settle():
            return _confirm(case, act, setting)
        case Return():
            return _return(case, act, setting)
        case Protect():
            return _protect(case, act, step, setting)
        case Report():
            return _report(case, act, step, setting)
        case Receive():
            _require_body(act, {_answering(case.reported_to, act, setting)})
            return replace(case, state=CaseState.RECEIVED, received_at=act.at)
        case Assert():
            return _assert(case, act, step, setting)
        case Review():
            _require_body(act, deciders(case, act, setting))
            _ground(case, act, Propose(purpose=Purpose.ORIGINAL, label=None), setting)
            return replace(case, reviewed_at=act.at)
        case _:
            assert_never(step)


def _propose(case: Case, act: Act, proposal: Propose, setting: Setting) -> Case:
    _require_body(act, proposers(case, act, setting))
    is_draft = case.state is CaseState.RECEIVED and (
        case.pending is not None and case.pending.by.agency == case.body
    )
    if case.pending is not None and not is_draft:
        raise WorkflowError("case-proposal-pending")
    check_proposal(case, proposal, act.at, setting)
    pending = Pending(proposal=proposal, by=act.actor, at=act.at)
    if case.state not in {CaseState.DRAFT, CaseState.UNCLASSIFIED}:
        return replace(case, pending=pending)
    cited = Determination(provision=proposal.provision)
    drafted = replace(proposal.label, determination=cited) if proposal.label else None
    drafts = tuple(label for label in (case.floor, drafted) if label)
    return replace(
        case,
        state=CaseState.PROPOSED,
        pending=pending,
        floor=join_all(drafts, setting),
        sources=tuple(dict.fromkeys((*case.sources, *proposal.sources))),
    )


def _confirm(case: Case, act: Act, setting: Setting) -> Case:
    _require_body(act, deciders(case, act, setting))
    if case.pending is None:
        raise WorkflowError("case-nothing-proposed")
    proposal = case.pending.proposal
    same = case.pending.by.officer == act.actor.officer
    if same and setting.needs_two_persons(proposal.label, case.label):
        raise SecondPersonRequiredError("case-same-person")
    check_proposal(case, proposal, act.at, setting)
    ground = _ground(case, act, proposal, setting)
    label = _signed_off(case, case.pending, act, ground)
    return _in_effect(case, act, proposal, label=label, setting=setting)


def _return(case: Case, act: Act, setting: Setting) -> Case:
    _require_body(act, deciders(case, act, setting))
    if case.pending is None:
        raise WorkflowError("case-nothing-proposed")
    first = case.state is CaseState.PROPOSED
    return replace(case, pending=None, state=CaseState.DRAFT if first else case.state)


def _protect(case: Case, act: Act, step: Protect, setting: Setting) -> Case:
    _require_body(act, {_answering(case.body, act, setting)})
    draft = Propose(purpose=Purpose.ORIGINAL, label=step.label)
    check_proposal(case, draft, act.at, setting)
    drafts = tuple(label for label in (case.floor, step.label) if label)
    after = replace(
        case,
        state=CaseState.PROVISIONAL,
        pending=Pending(proposal=draft, by=act.actor, at=act.at),
        floor=join_all(drafts, setting),
        cause=step.cause,
        drafted_at=act.at,
    )
    turn = Turn(at=act.at, event=Event.PROTECTED, old=None, new=effective_label(after, setting))
    return replace(after, history=(*case.history, turn))


def _report(case: Case, act: Act, step: Report, setting: Setting) -> Case:
    _require_body(act, {_answering(case.body, act, setting)})
    if step.to != report_goes_to(case, act.at, setting):
        raise WorkflowError("case-report-elsewhere")
    return replace(case, state=CaseState.REPORTED, reported_to=step.to, reported_at=act.at)


def _assert(case: Case, act: Act, step: Assert, setting: Setting) -> Case:
    if not setting.powers.organisation.acts(act.actor.agency, act.at):
        raise WorkflowError("case-body")
    if step.label is None and case.label is None and case.state is CaseState.UNCLASSIFIED:
        raise WorkflowError("case-nothing-disputed")
    if len(case.assertions) >= MAX_ASSERTIONS:
        raise WorkflowError("case-assertions", limit=MAX_ASSERTIONS)
    if step.label is not None:
        check_label(case, step.label, act.at, setting, sources=case.sources)
    assertion = Assertion(label=step.label, by=act.actor, at=act.at)
    after = replace(
        case,
        state=CaseState.DISPUTED,
        pending=None,
        assertions=(*case.assertions, assertion),
    )
    turn = Turn(
        at=act.at,
        event=Event.DISPUTED,
        old=effective_label(case, setting) if case.state is not CaseState.UNCLASSIFIED else None,
        new=effective_label(after, setting),
    )
    return replace(after, history=(*case.history, turn))


def _signed_off(case: Case, pending: Pending, act: Act, ground: str) -> Label | None:
    """Return the pending label with who proposed and who approved it, as the acts say."""
    proposal, kind = pending.proposal, kind_after(case, pending.proposal)
    if proposal.label is None:
        return None
    return replace(
        proposal.label,
        determination=Determination(
            kind=_KINDS.get(kind, DeterminationKind.ORIGINAL),
            proposer=pending.by.officer,
            approver=act.actor.officer,
            authority=ground,
            catalogue=proposal.catalogue,
            reason=proposal.reason,
            sources=label_sources(sources_after(case, proposal)),
            provision=proposal.provision,
        ),
    )


def _in_effect(
    case: Case, act: Act, proposal: Propose, *, label: Label | None, setting: Setting
) -> Case:
    kind = kind_after(case, proposal)
    ended = proposal.purpose in {Purpose.DECLASSIFY, Purpose.PUBLISH}
    event = _EVENTS.get(proposal.purpose)
    if event is None:
        disputed = case.state is CaseState.DISPUTED
        event = Event.DETERMINED if label else Event.UNCLASSIFIED
        event = Event.SETTLED if disputed else event
    old = None if case.state is CaseState.PROPOSED else effective_label(case, setting)
    state = CaseState.DECLASSIFIED if ended else CaseState.UNCLASSIFIED
    first = label.period.start if label else None
    return replace(
        case,
        state=CaseState.DETERMINED if label else state,
        label=label,
        floor=None,
        kind=kind,
        sources=sources_after(case, proposal),
        decided_by=act.actor.agency,
        pending=None,
        assertions=(),
        since=act.at,
        first_start=first if case.first_start is None else case.first_start,
        history=(*case.history, Turn(at=act.at, event=event, old=old, new=label)),
    )


def _ground(case: Case, act: Act, proposal: Propose, setting: Setting) -> str:
    derived = kind_after(case, proposal) is Purpose.DERIVED
    followed = [(proposal.label, sources_after(case, proposal)), (case.label, case.sources)]
    touched = [(label, sources) for label, sources in followed if label]
    packs = [setting.pack_of(label) for label, _ in touched] or [setting.packs[-1]]
    levels = [frozenset({label.level}) for label, _ in touched] or [frozenset[str]()]
    # What a derived label protects beyond its sources is an original decision.
    follows = [
        derived and not exceeds_sources(label, sources, setting) for label, sources in touched
    ] or [derived]
    grounds = [
        require_authority(
            AuthorityQuestion(
                officer=act.actor.officer,
                body=act.actor.agency,
                levels=wanted,
                at=at,
                derived=follower,
            ),
            setting.powers,
            pack,
        )
        for wanted, pack, follower in zip(levels, packs, follows, strict=True)
        # A power that ended before the act is proven to have existed gives nothing.
        for at in (act.at, max(act.at, act.known))
    ]
    return grounds[0]


def _answering(body: str, act: Act, setting: Setting) -> str:
    return setting.powers.organisation.responsible(body, act.at)


def _require_body(act: Act, allowed: AbstractSet[str]) -> None:
    if act.actor.agency not in allowed:
        raise WorkflowError("case-body")
