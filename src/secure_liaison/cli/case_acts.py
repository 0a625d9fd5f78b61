"""The acts of ``liaison case``: propose, approve, return, protect, report, … each signed here.

Rules:

- Whoever approves, decides or settles takes what somebody else proposed, and types no label.
- A refusal names the reason and the next step; nothing was kept.

Source: docs/guides/determination.md; docs/spec/determination.md §3.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from secure_liaison.cli.case_page import case_as_data, case_as_lines
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import desk, typed
from secure_liaison.cli.options import DeskCommand, MarkedCommand, kept, voice
from secure_liaison.errors import OutOfOrderError
from secure_liaison.labels.acts import (
    Approve,
    Assert,
    Decide,
    Propose,
    Protect,
    ProtectionCause,
    Purpose,
    Receive,
    Report,
    Return,
    Review,
    Settle,
)
from secure_liaison.labels.competence import report_goes_to
from secure_liaison.workflows import determining, itemising, proposing
from secure_liaison.workflows.label_words import DEFAULT_PACK
from secure_liaison.workflows.packs import writable
from secure_liaison.workflows.proposing import Words

if TYPE_CHECKING:
    from secure_liaison.labels.acts import Step
    from secure_liaison.office import Office
    from secure_liaison.workflows.determining import DeskCase
    from secure_liaison.workflows.itemising import Item

__all__ = [
    "AgencyOption",
    "CaseArgument",
    "ConsentOption",
    "LevelOption",
    "OfficerOption",
    "PackOption",
    "PeriodOption",
    "ProvisionOption",
    "RemarkOption",
    "add_acts",
    "tell",
    "words_of",
]

CaseArgument = Annotated[str, typer.Argument(metavar="CASE")]
LevelOption = Annotated[str, typer.Option("--level", metavar="LEVEL")]
PeriodOption = Annotated[str, typer.Option("--period", metavar="PERIOD")]
AgencyOption = Annotated[list[str] | None, typer.Option("--agency", metavar="CODE")]
OfficerOption = Annotated[list[str] | None, typer.Option("--officer", metavar="ADDRESS")]
PackOption = Annotated[str, typer.Option("--pack", metavar="PACK")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="REASON")]
RemarkOption = Annotated[str, typer.Option("--remark", metavar="TEXT")]
ProvisionOption = Annotated[str, typer.Option("--provision", metavar="TEXT")]
ConsentOption = Annotated[str, typer.Option("--consent", metavar="TEXT")]
WhyLevel = Annotated[str, typer.Option("--why-level", metavar="TEXT")]
WhyPeriod = Annotated[str, typer.Option("--why-period", metavar="TEXT")]
WhyAudience = Annotated[str, typer.Option("--why-audience", metavar="TEXT")]

_PACK = "cn.state-secrets"


class CauseChoice(Enum):
    """Why an item is protected before anybody decided."""

    UNCLEAR = "unclear"
    NO_AUTHORITY = "no-authority"


def add_acts(app: typer.Typer) -> None:
    """Add every act to the group."""
    for name, function in (
        ("approve", approve),
        ("return", return_),
        ("protect", protect),
        ("report", report),
        ("receive", receive),
        ("decide", decide),
        ("assert", assert_),
        ("settle", settle),
        ("extend", extend),
        ("change", change),
        ("declassify", declassify),
        ("review", review),
    ):
        app.command(name, cls=DeskCommand)(function)
    app.command("propose", cls=MarkedCommand)(propose)


def tell(context: typer.Context, office: Office, found: DeskCase) -> None:
    """Tell where a case stands after an act."""
    surface = voice(context)
    surface.result(case_as_data(office, found), *case_as_lines(surface, office, found))


def propose(
    context: typer.Context,
    case: CaseArgument,
    *,
    agency: AgencyOption = None,
    officer: OfficerOption = None,
    not_secret: Annotated[bool, typer.Option("--not-secret")] = False,
    source: Annotated[list[str] | None, typer.Option("--source", metavar="ID")] = None,
    item: Annotated[str, typer.Option("--item", metavar="ITEM")] = "",
    reason: ReasonOption = "",
    remark: RemarkOption = "",
    provision: ProvisionOption = "",
    consent: ConsentOption = "",
) -> None:
    """Propose a first label, or that the item is not secret."""
    words = _typed_words(context, agency, officer)
    stated = bool(words.level or words.mark or source)
    if (words.mark and (words.level or item)) or (not_secret is stated and not item):
        raise UsageProblem("cli.usage.level-or-not-secret")
    with desk(context) as office:
        found = _load(office, case)
        with typed(context):
            taken = _item(office, item, words) if item else None
            sources = tuple(proposing.source_label(office, each) for each in source or [])
            unmarked = not_secret or (taken is not None and not (taken.level or words.level))
            step = Propose(
                purpose=Purpose.DERIVED if source else Purpose.ORIGINAL,
                label=None
                if unmarked
                else proposing.label_from(office, words, found.case, sources=sources, item=taken),
                reason=reason or (taken.citation if taken is not None and unmarked else ""),
                catalogue="" if taken is None else taken.citation,
                remark=remark,
                sources=sources,
                provision=provision,
                consent=consent,
            )
            tell(context, office, determining.act(office, found.case.id, step))


def _typed_words(
    context: typer.Context, agency: list[str] | None, officer: list[str] | None
) -> Words:
    level, period = str(kept(context, "level")), str(kept(context, "period"))
    return replace(
        words_of(level, period, agency, officer),
        pack=str(kept(context, "pack")),
        mark=str(kept(context, "mark")),
        markings=tuple(kept(context, "marking") or ()),
    )


def _item(office: Office, item: str, words: Words) -> Item:
    return itemising.item_for(office, item, writable(office, words.pack or DEFAULT_PACK))


def approve(context: typer.Context, case: CaseArgument) -> None:
    """Approve what another officer proposed."""
    _act(context, case, Approve())


def return_(
    context: typer.Context,
    case: CaseArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT")],
) -> None:
    """Return a proposal with the reason."""
    with typed(context):
        step = Return(reason=reason)
    _act(context, case, step)


def protect(
    context: typer.Context,
    case: CaseArgument,
    *,
    level: Annotated[str, typer.Option("--level", metavar="LEVEL")],
    cause: Annotated[CauseChoice, typer.Option("--cause", metavar="CAUSE")],
    period: PeriodOption = "",
    agency: AgencyOption = None,
    officer: OfficerOption = None,
    pack: PackOption = _PACK,
) -> None:
    """Protect an item as drafted before anybody can decide it."""
    words = words_of(level, period, agency, officer, pack=pack)
    with desk(context) as office:
        found = _load(office, case)
        with typed(context):
            step = Protect(
                label=proposing.label_from(office, words, found.case),
                cause=ProtectionCause[cause.name],
            )
            tell(context, office, determining.act(office, found.case.id, step))


def report(context: typer.Context, case: CaseArgument) -> None:
    """Report a protected item to the body that must decide it."""
    with desk(context) as office:
        found = _load(office, case)
        to = report_goes_to(found.case, office.clock.now(), found.setting)
        if not to:
            raise OutOfOrderError("case-act-not-now", act="report", state=found.case.state.value)
        tell(context, office, determining.act(office, found.case.id, Report(to=to)))


def receive(context: typer.Context, case: CaseArgument) -> None:
    """Confirm that a report arrived; the clock to decide begins."""
    _act(context, case, Receive())


def decide(context: typer.Context, case: CaseArgument) -> None:
    """Decide an unclear item as another officer proposed."""
    _act(context, case, Decide())


def assert_(
    context: typer.Context,
    case: CaseArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT")],
    level: LevelOption = "",
    period: PeriodOption = "",
    agency: AgencyOption = None,
    officer: OfficerOption = None,
    not_secret: Annotated[bool, typer.Option("--not-secret")] = False,
    pack: PackOption = _PACK,
) -> None:
    """Assert another label than the one determined, or that the item is not secret."""
    if not_secret is bool(level):
        raise UsageProblem("cli.usage.level-or-not-secret")
    words = words_of(level, period, agency, officer, pack=pack)
    with desk(context) as office:
        found = _load(office, case)
        with typed(context):
            label = None if not_secret else proposing.label_from(office, words, found.case)
            step = Assert(label=label, reason=reason)
            tell(context, office, determining.act(office, found.case.id, step))


def settle(context: typer.Context, case: CaseArgument) -> None:
    """Settle a dispute as another officer proposed."""
    _act(context, case, Settle())


def extend(
    context: typer.Context,
    case: CaseArgument,
    *,
    period: Annotated[str, typer.Option("--period", metavar="PERIOD")],
    reason: Annotated[str, typer.Option("--reason", metavar="REASON")],
    why_level: Annotated[str, typer.Option("--why-level", metavar="TEXT")],
    why_period: Annotated[str, typer.Option("--why-period", metavar="TEXT")],
    why_audience: Annotated[str, typer.Option("--why-audience", metavar="TEXT")],
    level: LevelOption = "",
    agency: AgencyOption = None,
    officer: OfficerOption = None,
    provision: ProvisionOption = "",
    consent: ConsentOption = "",
) -> None:
    """Propose a longer period, before the present one ends."""
    _later(
        context,
        case,
        words_of(level, period, agency, officer),
        Propose(
            purpose=Purpose.EXTEND,
            label=None,
            reason=reason,
            provision=provision,
            consent=consent,
            grounds=(why_level, why_period, why_audience),
        ),
    )


def change(
    context: typer.Context,
    case: CaseArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="REASON")],
    level: LevelOption = "",
    period: PeriodOption = "",
    agency: AgencyOption = None,
    officer: OfficerOption = None,
    why_level: WhyLevel = "",
    why_period: WhyPeriod = "",
    why_audience: WhyAudience = "",
    provision: ProvisionOption = "",
    consent: ConsentOption = "",
) -> None:
    """Propose another level, a shorter period or another audience."""
    _later(
        context,
        case,
        words_of(level, period, agency, officer),
        Propose(
            purpose=Purpose.CHANGE,
            label=None,
            reason=reason,
            provision=provision,
            consent=consent,
            grounds=(why_level, why_period, why_audience),
        ),
    )


def declassify(
    context: typer.Context,
    case: CaseArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="REASON")],
    published: Annotated[bool, typer.Option("--published")] = False,
    remark: RemarkOption = "",
    consent: ConsentOption = "",
) -> None:
    """Propose that the item is no longer secret."""
    with typed(context):
        step = Propose(
            purpose=Purpose.PUBLISH if published else Purpose.DECLASSIFY,
            label=None,
            reason=reason,
            remark=remark,
            consent=consent,
        )
    _act(context, case, step)


def review(
    context: typer.Context,
    case: CaseArgument,
    *,
    remark: Annotated[str, typer.Option("--remark", metavar="TEXT")],
) -> None:
    """Record the yearly review: the label stays as it is."""
    with typed(context):
        step = Review(remark=remark)
    _act(context, case, step)


def _act(context: typer.Context, case: str, step: Step) -> None:
    with desk(context) as office:
        tell(context, office, determining.act(office, determining.find(office, case), step))


def _later(context: typer.Context, case: str, words: Words, proposal: Propose) -> None:
    with desk(context) as office:
        found = _load(office, case)
        with typed(context):
            label = proposing.later_label(office, words, found.case)
            step = replace(proposal, label=label)
            tell(context, office, determining.act(office, found.case.id, step))


def _load(office: Office, case: str) -> DeskCase:
    return determining.load(office, determining.find(office, case))


def words_of(
    level: str,
    period: str,
    agency: list[str] | None,
    officer: list[str] | None,
    *,
    pack: str = _PACK,
) -> Words:
    """Return a label as the options of a command say it."""
    return Words(
        level=level,
        period=period,
        agencies=tuple(agency or []),
        officers=tuple(officer or []),
        pack=pack,
    )
