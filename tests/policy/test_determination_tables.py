"""The tables about determination and the life of a label, run as a security officer reads them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import LiaisonError
from secure_liaison.labels.acts import (
    Approve,
    Assert,
    Decide,
    Open,
    Propose,
    Protect,
    ProtectionCause,
    Purpose,
    Receive,
    Report,
    Return,
    Review,
    Settle,
    Step,
    StepKind,
    kind_of,
)
from secure_liaison.labels.case import CaseState
from secure_liaison.labels.determination import CAN_I
from secure_liaison.labels.label import Label
from secure_liaison.labels.period import Period
from tests.labels.cases import (
    BEGUN,
    DAY,
    NONCE,
    SUBJECT,
    Story,
    change,
    determined,
    ending,
    extension,
    grant,
    label,
    leaf,
    not_secret,
    opened,
    original,
    powers,
    setting,
)

_Taken: TypeAlias = tuple[Step, str]

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "spec" / "determination.md"


def cases(family: str) -> Iterator[Any]:
    text = (FOLDER / f"{family}.toml").read_text(encoding="utf-8")
    for case in tomllib.loads(text)["case"]:
        yield pytest.param(case, id=f"{family}: {case['say']}")


def outcome(story: Story, take: Callable[[], object]) -> str:
    try:
        take()
    except LiaisonError as refused:
        return refused.reason
    return story.case.state.value


class Drafts:
    """What a case of the table proposes, from its fields."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.body = case.get("body", "province")
        start = Period.of_years(case.get("years", 10), start=BEGUN)
        self.label = label(case.get("level", "jimi"), owner=self.body, period=start)
        self.low = replace(self.label, level="mimi")
        self.source = label("jimi", owner="city")
        self.original = original(self.label, provision=case.get("provision", ""))
        self.derived = Propose(
            purpose=Purpose.DERIVED, label=self.label, reason="summarises", sources=(self.source,)
        )


def before(state: str, story: Story, made: Drafts) -> None:
    """Bring a fresh case into a state of the table."""
    for step, who in acts_before(state, made):
        story.do(step, who)


def acts_before(state: str, made: Drafts) -> list[_Taken]:
    first, second = f"{made.body}-1", f"{made.body}-2"
    bureau = "nb" if made.label.level == "juemi" else "pb"
    unclear: _Taken = (Protect(label=made.label, cause=ProtectionCause.UNCLEAR), first)
    beyond: _Taken = (Protect(label=made.label, cause=ProtectionCause.NO_AUTHORITY), first)
    reported: list[_Taken] = [unclear, (Report(to=leaf(bureau)), first)]
    received: list[_Taken] = [*reported, (Receive(), f"{bureau}-1")]
    decided: list[_Taken] = [(made.original, first), (Approve(), second)]
    disputed: list[_Taken] = [*decided, (raised(made), "city-1")]
    paths: dict[str, list[_Taken]] = {
        "draft": [],
        "proposed": [(made.original, first)],
        "proposed by the responsible": [(made.original, second)],
        "not secret proposed": [(not_secret(), first)],
        "derived proposed": [(made.derived, first)],
        "provisional": [unclear],
        "provisional without authority": [beyond],
        "reported": [*reported],
        "received": [*received],
        "received, the bureau proposes 秘密": [*received, (original(made.low), f"{bureau}-3")],
        "determined": [*decided],
        "disputed, the body proposes": [*disputed, (original(made.low), first)],
        "disputed, the bureau proposes": [*disputed, (original(made.low), "nb-1")],
    }
    return paths[state]


def raised(made: Drafts) -> Assert:
    return Assert(label=replace(made.label, level="juemi"), reason="影响更大")


def step_of(act: str, made: Drafts) -> Step:
    words: dict[str, Step] = {
        "propose": made.original,
        "propose not secret without a reason": not_secret(reason=""),
        "derive below the source": replace(made.derived, label=made.low),
        "derive without a reason": replace(made.derived, reason=""),
        "derive without a source": replace(made.derived, sources=()),
        "approve": Approve(),
        "return": Return(reason="请补充依据"),
        "protect": Protect(label=made.label, cause=ProtectionCause.UNCLEAR),
        "receive": Receive(),
        "decide": Decide(),
        "assert juemi": raised(made),
        "settle": Settle(),
    }
    if act.startswith("report to "):
        return Report(to=leaf(act.removeprefix("report to ")))
    return words[act]


@pytest.mark.parametrize("case", list(cases("determination")))
def test_determination_goes_as_the_table_says(case: dict[str, Any]) -> None:
    grants = tuple(grant(*pair, "mimi", "jimi", "juemi") for pair in case.get("grants", []))
    # A city's grant holds what the city itself has.
    grants = tuple(
        replace(each, levels=each.levels - {"juemi"}) if each.granter == leaf("city") else each
        for each in grants
    )
    made = Drafts(case)
    story = opened(f"{made.body}-1", setting(powers=powers(grants=grants)))
    before(case["state"], story, made)
    found = outcome(story, lambda: story.do(step_of(case["act"], made), case["who"]))
    assert case["expect"] == found


def later(act: str, now: int) -> Step:
    def years(count: int, start: int = BEGUN) -> Label:
        return label(period=Period.of_years(count, start=Instant(start)))

    words: dict[str, Step] = {
        "extend to 9 years": extension(years(9)),
        "extend to 15 years": extension(years(15)),
        "extend to 21 years": extension(years(21)),
        "extend by 15 years from then": extension(years(15, now)),
        "extend by 15 years from then, with a provision": extension(
            years(15, now), provision="某专项规定第三条"
        ),
        "extend without a ground for the audience": extension(
            years(15), grounds=("密级不变", "仍需保密", "")
        ),
        "change to mimi": change(label("mimi")),
        "change to jimi": change(label()),
        "change to 15 years": change(years(15)),
        "declassify": ending(),
        "declassify without a reason": ending(reason=""),
        "publish": ending(Purpose.PUBLISH),
        "review": Review(remark="继续保密"),
        "assert juemi": Assert(label=label("juemi"), reason="影响更大"),
    }
    return words[act]


@pytest.mark.parametrize("case", list(cases("lifecycle")))
def test_the_life_of_a_label_goes_as_the_table_says(case: dict[str, Any]) -> None:
    story = determined()
    step = later(case["act"], BEGUN + case["after"] * DAY)
    body = case["who"].partition("-")[0]

    def take() -> None:
        story.do(step, case["who"], day=case["after"])
        if isinstance(step, Propose):
            day = case.get("approved_after", case["after"] + 0.01)
            story.do(Approve(), f"{body}-2", day=day)

    assert case["expect"] == outcome(story, take)


def test_no_case_stands_twice_and_each_cites_its_rule() -> None:
    found = [case for family in ("determination", "lifecycle") for case in cases(family)]
    says = [case.id for case in found]
    assert len(says) == len(set(says)) > 55
    rules = [case.values[0]["rule"] for case in found]
    assert [rule for rule in rules if not re.search(r"第.+条", rule)] == []


STORIES: dict[CaseState, Callable[[], Story]] = {
    CaseState.DRAFT: opened,
    CaseState.PROPOSED: lambda: opened().do(original(), "province-1"),
    CaseState.PROVISIONAL: lambda: in_state("provisional"),
    CaseState.REPORTED: lambda: in_state("reported"),
    CaseState.RECEIVED: lambda: in_state("received"),
    CaseState.DETERMINED: determined,
    CaseState.DISPUTED: lambda: in_state("disputed, the body proposes"),
    CaseState.UNCLASSIFIED: lambda: (
        opened().do(not_secret(), "province-1").do(Approve(), "province-2")
    ),
    CaseState.DECLASSIFIED: lambda: (
        determined().do(ending(), "province-1").do(Approve(), "province-2")
    ),
}
STEPS: tuple[Step, ...] = (
    Open(subject=SUBJECT, nonce=NONCE),
    original(),
    Approve(),
    Return(reason="请补充依据"),
    Protect(label=label(), cause=ProtectionCause.UNCLEAR),
    Report(to=leaf("pb")),
    Receive(),
    Decide(),
    Assert(label=label("juemi"), reason="影响更大"),
    Settle(),
    Review(remark="继续保密"),
)


def in_state(state: str) -> Story:
    story = opened()
    before(state, story, Drafts({}))
    return story


@pytest.mark.parametrize("step", STEPS, ids=lambda step: kind_of(step).name.lower())
@pytest.mark.parametrize("state", CaseState, ids=lambda state: str(state.value))
def test_every_state_takes_the_acts_of_the_table_and_no_other(state: CaseState, step: Step) -> None:
    story = STORIES[state]()
    assert state is story.case.state

    def refused_to(who: str) -> bool:
        fresh = STORIES[state]()
        return outcome(fresh, lambda: fresh.do(step, who)) == "case-act-not-now"

    refused = {refused_to(who) for who in ("province-1", "province-2", "province-3", "nb-2")}
    assert {kind_of(step) not in CAN_I[state]} == refused


def test_the_specification_prints_the_table_that_runs() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|((?: (?:yes|–) \|){10})$", page, re.MULTILINE)
    acts = [kind for kind in StepKind if kind is not StepKind.OPEN]
    printed = {
        CaseState(state): {
            act for act, cell in zip(acts, cells.split("|"), strict=False) if cell.strip() == "yes"
        }
        for state, cells in rows
    }
    assert {state: set(allowed) for state, allowed in CAN_I.items()} == printed


def test_the_specification_names_every_reason_of_refusal() -> None:
    text = resources.files("secure_liaison.i18n") / "en" / "determination.po"
    keys = re.findall(r'^msgid "error\.([a-z.-]+)"', text.read_text(encoding="utf-8"), re.MULTILINE)
    page = PAGE.read_text(encoding="utf-8")
    reasons = {key.rpartition(".")[2] for key in keys}
    assert len(reasons) > 60
    assert [reason for reason in sorted(reasons) if f"`{reason}`" not in page] == []
