"""Life of a label: what protects an object at a moment, which mark it bears, and what is due.

Rules:

- Everything here is a function of the case and the moment, so every desk comes to the same result.
- A draft bears a preliminary mark (预标志), a determined label the formal one (正式标志); after a
  change the old mark stands struck out beside the new one; after declassification 「解密」 remains
  (残余标志).
- Clocks of the law count working days; one that would run into a year without a calendar is
  refused by that year's name, and never guessed.
- What is overdue stays visible until it is done; nothing is dropped from the list.

Source: docs/spec/determination.md §7, §9; 保守国家秘密法(2024) 第二十二至二十四条;
保守国家秘密法实施条例(2024) 第十七、二十一、二十五条.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import WorkflowError
from secure_liaison.labels.acts import ProtectionCause
from secure_liaison.labels.case import (
    CaseState,
    Event,
    Turn,
    effective_label,
    ends_at,
    state_at,
)
from secure_liaison.labels.held_mark import render_held
from secure_liaison.labels.period import add_months
from secure_liaison.labels.shelf import BUILTIN_SHELF
from secure_liaison.labels.workdays import due_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.clock import Instant
    from secure_liaison.i18n import Language
    from secure_liaison.labels.case import Case, Setting
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.shelf import Shelf
    from secure_liaison.labels.workdays import WorkCalendar

__all__ = [
    "DECLASSIFIED_MARK",
    "NO_AUTHORITY_WORKDAYS",
    "Deadline",
    "Duty",
    "DutyKind",
    "Lateness",
    "MarkLines",
    "MarkState",
    "Standing",
    "clock_of",
    "mark_lines",
    "missed",
    "standing",
    "turns",
    "worklist",
]

DECLASSIFIED_MARK: Final = "解密"
"""The residual mark, in both languages: it is what the carrier bears."""
NO_AUTHORITY_WORKDAYS: Final = 1
"""The law says "at once" (立即) where a body has no authority; a choice of this project."""
_DAY_S: Final = 86_400


class MarkState(Enum):
    """Which mark an object bears."""

    NONE = "none"
    PRELIMINARY = "preliminary"
    FORMAL = "formal"
    RESIDUAL = "residual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds at a moment.

    Attributes:
        state: Also the end of the period counts.
        label: What protects the object; nothing if it is not or no longer secret.
        mark: Which mark it bears.
        struck: Formal labels that no longer hold, the oldest first; their marks are struck out.
        declassified_at: When it ceased to be secret, if it did.
        disputed: Whether the label is the join of what was asserted.
    """

    state: CaseState
    label: Label | None
    mark: MarkState
    struck: tuple[Label, ...]
    declassified_at: Instant | None
    disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkLines:
    """What is printed: each struck-out mark, then the one that holds; empty where none does."""

    struck: tuple[str, ...]
    current: str


class Deadline(Enum):
    """How a duty stands to its date."""

    LATER = "later"
    SOON = "soon"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"
    """The calendar lacks a year that the clock runs through."""


class DutyKind(Enum):
    """What somebody has to do about a case."""

    APPROVE = "approve"
    REPORT = "report"
    RECEIVE = "receive"
    DECIDE = "decide"
    SETTLE = "settle"
    REVIEW = "review"
    EXTEND = "extend"
    """The period ends: extend it before, or let it declassify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One line of a worklist.

    Attributes:
        case: Id of the case.
        kind: What is to be done.
        body: Leaf of the body that has to do it.
        person: Leaf of the person responsible, where one is known, else empty.
        due: First moment that is too late, or nothing where the law names no time.
        deadline: How that stands to the moment of the list.
        year_missing: The year that the calendar lacks, or 0.
    """

    case: bytes
    kind: DutyKind
    body: str
    person: str
    due: Instant | None
    deadline: Deadline = Deadline.LATER
    year_missing: int = 0


def turns(case: Case, now: Instant, setting: Setting) -> tuple[Turn, ...]:
    """Return every change of protection until a moment, the end of the period included.

    Raises:
        FormatError: ``pack-unknown``, then as `join`.
    """
    end = ends_at(case, setting)
    if end is None or now < end:
        return case.history
    ended = Turn(at=end, event=Event.EXPIRED, old=effective_label(case, setting), new=None)
    return (*case.history, ended)


def standing(case: Case, now: Instant, setting: Setting) -> Standing:
    """Return what holds at a moment: label, mark and state.

    Raises:
        FormatError: ``pack-unknown``, then as `join`.
    """
    state = state_at(case, now, setting)
    over = state is CaseState.DECLASSIFIED
    label = None if over else effective_label(case, setting)
    changes = turns(case, now, setting)
    formal = [turn.new for turn in changes if turn.new and _is_formal(turn)]
    holding = case.label if label is not None else None
    struck = tuple(old for old in formal if old is not holding and old != holding)
    return Standing(
        state=state,
        label=label,
        mark=_mark_of(label, ended=bool(formal), formal=holding),
        struck=struck,
        declassified_at=changes[-1].at if label is None and formal else None,
        disputed=state is CaseState.DISPUTED,
    )


def mark_lines(
    stands: Standing,
    setting: Setting,
    language: Language,
    *,
    exercise: bool,
    packs: Shelf = BUILTIN_SHELF,
) -> MarkLines:
    """Return the marks to print; struck-out ones are the caller's to draw as such.

    Args:
        stands: What holds now.
        setting: What the case is judged by.
        language: In which policies that have a choice are written.
        exercise: As in `render`.
        packs: As in `render_held`.

    Raises:
        FormatError: ``pack-unknown``.
    """

    def mark(label: Label) -> str:
        return render_held(label, setting.pack_of(label), language, exercise=exercise, packs=packs)

    current = mark(stands.label) if stands.label else ""
    if stands.mark is MarkState.RESIDUAL:
        current = DECLASSIFIED_MARK
    return MarkLines(struck=tuple(mark(label) for label in stands.struck), current=current)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """A clock of the law that was missed: what was to be done, until when, and when it was."""

    kind: DutyKind
    due: Instant
    done: Instant


def clock_of(
    case: Case, setting: Setting, calendar: WorkCalendar, *, offset_minutes: int
) -> Instant | None:
    """Return the first moment that is too late for the clock now running, if one runs.

    Args:
        case: Provisional: the clock to report, from the day of the draft. Received by a bureau:
            the clock to decide, from the day the report arrived.
        setting: Names the pack and so the number of working days; 0 is no clock.
        calendar: Of working days.
        offset_minutes: Zone of the body whose clock it is.

    Raises:
        FormatError: ``pack-unknown``.
        WorkflowError: ``workdays-year-unknown``.
    """
    kinds = {CaseState.PROVISIONAL: DutyKind.REPORT, CaseState.RECEIVED: DutyKind.DECIDE}
    kind = kinds.get(case.state)
    return _limit(case, kind, setting, calendar, offset_minutes=offset_minutes) if kind else None


def missed(
    case: Case, setting: Setting, calendar: WorkCalendar, *, offset_minutes: int
) -> tuple[Lateness, ...]:
    """Return which clocks were missed by what has been done since: late acts stay visible.

    Raises:
        FormatError: ``pack-unknown``.
        WorkflowError: ``workdays-year-unknown``.
    """
    decided = [
        turn.at for turn in case.history if turn.event in {Event.DETERMINED, Event.UNCLASSIFIED}
    ]
    acts = ((DutyKind.REPORT, case.reported_at), (DutyKind.DECIDE, min(decided, default=None)))
    found = []
    for kind, done in acts:
        limit = _limit(case, kind, setting, calendar, offset_minutes=offset_minutes)
        if limit is not None and done is not None and done >= limit:
            found.append(Lateness(kind=kind, due=limit, done=done))
    return tuple(found)


def _limit(
    case: Case, kind: DutyKind, setting: Setting, calendar: WorkCalendar, *, offset_minutes: int
) -> Instant | None:
    """Return the first moment too late to report or decide what was protected before a decision."""
    drafts = [turn.new for turn in case.history if turn.event is Event.PROTECTED and turn.new]
    start = case.drafted_at if kind is DutyKind.REPORT else case.received_at
    if not drafts or start is None:
        return None
    workflow = setting.pack_of(drafts[-1]).workflow
    unclear = case.cause is ProtectionCause.UNCLEAR
    if kind is DutyKind.REPORT:
        days = workflow.unclear_report_workdays
        days = days if unclear else min(days, NO_AUTHORITY_WORKDAYS)
    else:
        days = workflow.unclear_decide_workdays if unclear else 0
    return due_at(start, days, calendar, offset_minutes=offset_minutes) if days else None


def worklist(
    cases: Iterable[Case],
    now: Instant,
    setting: Setting,
    *,
    calendar: WorkCalendar,
    offset_minutes: int,
    remind_days: int,
) -> tuple[Duty, ...]:
    """Return everything that is to be done, what is most overdue first, undated duties last.

    Args:
        cases: In any order.
        now: The moment of the list, seconds UTC.
        setting: What the cases are judged by.
        calendar: Of working days.
        offset_minutes: Zone of the clocks.
        remind_days: How many days before its date a duty becomes "soon".

    Raises:
        FormatError: ``pack-unknown``, ``organisation-unknown``.
    """
    found: list[Duty] = []
    for case in cases:
        try:
            clock = clock_of(case, setting, calendar, offset_minutes=offset_minutes)
        except WorkflowError as unknown:
            # One clock that cannot be told must not hide the duties of all other cases.
            year = int(unknown.facts["year"])
            found += [replace(each, year_missing=year) for each in _duties(case, now, setting)]
        else:
            found += _duties(case, now, setting, clock)
    dated = [replace(duty, deadline=_deadline(duty, now, remind_days)) for duty in found]
    return tuple(sorted(dated, key=_order))


def _duties(case: Case, now: Instant, setting: Setting, clock: Instant | None = None) -> list[Duty]:
    organisation = setting.powers.organisation
    own = organisation.responsible(case.body, now)

    def duty(kind: DutyKind, body: str, due: Instant | None = None, person: str = "") -> Duty:
        return Duty(case=case.id, kind=kind, body=body, person=person, due=due)

    match state_at(case, now, setting):
        case CaseState.PROPOSED:
            return [duty(DutyKind.APPROVE, own)]
        case CaseState.PROVISIONAL:
            person = case.pending.by.officer if case.pending else ""
            return [duty(DutyKind.REPORT, own, clock, person)]
        case CaseState.REPORTED:
            return [duty(DutyKind.RECEIVE, organisation.responsible(case.reported_to, now))]
        case CaseState.RECEIVED:
            decider = organisation.responsible(case.reported_to, now)
            return [duty(DutyKind.DECIDE, decider, clock)]
        case CaseState.DISPUTED:
            return [duty(DutyKind.SETTLE, organisation.responsible(case.decided_by, now))]
        case CaseState.DETERMINED if case.label is not None and case.since is not None:
            return _kept(case, case.label, case.since, now=now, setting=setting)
        case _:
            return []


def _kept(
    case: Case, label: Label, decided: Instant, *, now: Instant, setting: Setting
) -> list[Duty]:
    body = setting.powers.organisation.responsible(case.decided_by, now)
    person = label.determination.approver if body == case.decided_by else ""
    months = setting.pack_of(label).period.review_months
    since = decided if case.reviewed_at is None else max(decided, case.reviewed_at)
    dates = [(DutyKind.EXTEND, ends_at(case, setting))]
    dates += [(DutyKind.REVIEW, add_months(since, months))] if months else []
    found = [
        Duty(case=case.id, kind=kind, body=body, person=person, due=due)
        for kind, due in dates
        if due is not None
    ]
    if case.pending is not None:
        found.append(Duty(case=case.id, kind=DutyKind.APPROVE, body=body, person="", due=None))
    return found


def _deadline(duty: Duty, now: Instant, remind_days: int) -> Deadline:
    if duty.year_missing:
        return Deadline.UNKNOWN
    if duty.due is None or now < duty.due - remind_days * _DAY_S:
        return Deadline.LATER
    return Deadline.SOON if now < duty.due else Deadline.OVERDUE


def _is_formal(turn: Turn) -> bool:
    return turn.event not in {Event.PROTECTED, Event.DISPUTED}


def _mark_of(label: Label | None, *, ended: bool, formal: Label | None) -> MarkState:
    if label is None:
        return MarkState.RESIDUAL if ended else MarkState.NONE
    return MarkState.FORMAL if formal is not None else MarkState.PRELIMINARY


def _order(duty: Duty) -> tuple[bool, int, bytes, str]:
    return duty.due is None, duty.due or 0, duty.case, duty.kind.value
