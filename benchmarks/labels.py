"""How fast are labels? ``python -m benchmarks.labels [--quick] [--rounds N]``

What is timed is what callers call: a decision on a label of ten groups under a pack with dated
groups, the gate's whole list of rules, a join, reading and linting a large pack, marks.
Where no peer does the same, the limit is the goal itself, or the least that plain Python could do:
the same set operations without a label, a pack or a reason.
"""

from __future__ import annotations

import importlib
import json
import time
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING

from benchmarks.large_pack import CATEGORIES, large_pack
from benchmarks.table import Row, Times, arguments, interleaved, report
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.lattice import join_all, may_read
from secure_liaison.labels.marking import parse_mark, render
from secure_liaison.labels.pack import load_pack, read_unchecked
from secure_liaison.labels.protection import protection_of_all
from secure_liaison.monitor.rules import decide
from tests.labels.rich import KFOR, RICH, rich
from tests.labels.samples import CN, jimi
from tests.monitor.scene import label, read_question

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.labels.policy import PolicyPack

GROUPS = 10
PARTS = 1000
SECOND = 50_000
SET_OPERATIONS = "the same set operations"
PROJECTS = ("project:alpha", "project:bravo", "project:charlie")
READER = frozenset({"nation:BEL", "officer:dd", "project:alpha"})


def goal_of(seconds: float) -> Times:
    """Return a limit that is a number and not a program."""
    return Times(seconds=(seconds,))


def audience() -> Audience:
    """Return ten groups of eleven leaves, one of them a dated group."""
    lists = [[f"officer:{n:02x}{m:02x}" for m in range(10)] for n in range(GROUPS - 1)]
    return Audience.of(*([*each, "officer:dd"] for each in lists), [KFOR, "nation:SWE"])


def busy(act: Callable[[], object], times: int) -> Callable[[], None]:
    """Return what does something many times; one call is too short to be timed."""

    def acting() -> None:
        for _ in range(times):
            act()

    return acting


def decision_rows(rounds: int, times: int) -> list[Row]:
    """Measure one decision, of labels alone and of the whole gate, against set operations."""
    target = rich(audience=audience(), restrict=frozenset({"project:alpha"}))
    ranks = {level.id: level.rank for level in RICH.levels}
    bare = [group - {KFOR} | {"nation:BEL"} for group in target.audience.groups]
    question = read_question(label=label(audience=label().audience.join(audience())))
    inside = read_question()

    def ours() -> None:
        assert may_read(target, RICH, clearance_rank=3, memberships=READER)

    def limit() -> None:
        assert ranks[target.level] <= 3
        assert target.restrict <= READER
        assert all(group & READER for group in bare)

    def gate() -> None:
        assert decide(inside, ref="").permitted

    def refusing() -> None:
        assert not decide(question, ref="").permitted

    times_of = interleaved(
        {
            "ours": busy(ours, times),
            "limit": busy(limit, times),
            "gate": busy(gate, times // 10),
            "refusing": busy(refusing, times // 10),
        },
        rounds,
    )
    asked = f"{times} decisions, {GROUPS} groups"
    few = times // 10
    least = times_of["limit"].median / 10
    return [
        row(asked, times_of["ours"], goal_of(times / SECOND), f"{SECOND} a second"),
        row(asked, times_of["ours"], times_of["limit"], SET_OPERATIONS, goal=None),
        row(f"gate: {few} permits", times_of["gate"], goal_of(few / SECOND), f"{SECOND} a second"),
        row(f"gate: {few} permits", times_of["gate"], goal_of(least), SET_OPERATIONS, goal=None),
        row(
            f"gate: {few} refusals, {GROUPS} groups",
            times_of["refusing"],
            goal_of(few / SECOND),
            f"{SECOND} a second",
        ),
    ]


def join_rows(rounds: int) -> list[Row]:
    """Measure joining a thousand labels into one, against uniting their sets."""
    lists = audience().to_lists()
    parts = [
        rich(audience=Audience.of(lists[n % GROUPS]), restrict=frozenset({PROJECTS[n % 3]}))
        for n in range(PARTS)
    ]

    def ours() -> None:
        assert len(join_all(parts, RICH).audience.groups) == GROUPS

    def protection() -> None:
        assert len(protection_of_all(parts, RICH).audience.groups) == GROUPS

    def limit() -> None:
        frozenset().union(*(part.audience.groups for part in parts))
        frozenset().union(*(part.restrict for part in parts))
        max(part.level for part in parts)

    found = interleaved({"ours": ours, "protection": protection, "limit": limit}, rounds)
    what = f"join of {PARTS} labels"
    return [
        row(what, found["ours"], found["limit"], SET_OPERATIONS, goal=None),
        row(
            f"{what}, protection only",
            found["protection"],
            found["limit"],
            SET_OPERATIONS,
            goal=None,
        ),
    ]


def pack_rows(rounds: int) -> list[Row]:
    """Measure reading a pack of a thousand categories with every check, and linting it."""
    lint = lint_of_this_release()
    numbers = count()

    def timed(act: Callable[[bytes], object]) -> float:
        # A file of its own each time: nothing that is remembered of a pack can help.
        data = large_pack(next(numbers))
        begun = time.perf_counter()
        act(data)
        return time.perf_counter() - begun

    def reading(data: bytes) -> None:
        assert len(load_pack(data).categories) == CATEGORIES

    def linting(data: bytes) -> None:
        if lint is not None:
            lint(read_unchecked(data))  # as `liaison policy lint` does

    found = interleaved(
        {
            "ours": lambda: timed(reading),
            "limit": lambda: timed(json.loads),
            "linting": lambda: timed(linting),
        },
        rounds,
    )
    what = f"a pack of {CATEGORIES} categories"
    goal = "1 second" if lint is not None else "there is no lint in this release"
    return [
        row(f"read {what}", found["ours"], goal_of(1), "1 second"),
        row(f"read {what}", found["ours"], found["limit"], "json.loads", goal=None),
        row(f"read and lint {what}", found["linting"], goal_of(1) if lint else None, goal),
    ]


def lint_of_this_release() -> Callable[[PolicyPack], object] | None:
    """Return what lints a pack, if there is such a thing."""
    name = "secure_liaison.labels.lint"
    if find_spec(name) is None:
        return None
    found: Callable[[PolicyPack], object] = importlib.import_module(name).lint
    return found


def mark_rows(rounds: int, times: int) -> list[Row]:
    """Measure writing a mark and reading it back, in both languages."""

    def ours() -> None:
        for language in Language:
            parsed = parse_mark(render(jimi(), CN, language, exercise=False), CN)
            assert parsed.level == "jimi"

    found = interleaved({"ours": busy(ours, times)}, rounds)
    return [row(f"{times} × write and read a mark, zh and en", found["ours"], None, "–", goal=None)]


def row(
    measure: str,
    ours: Times,
    theirs: Times | None,
    peer: str,
    *,
    goal: float | None = 1,
) -> Row:
    """Return a row of small things, which are told in milliseconds."""
    return Row(measure=measure, size=0, ours=ours, peer=peer, theirs=theirs, goal=goal)


def main() -> None:
    chosen = arguments("labels: decisions, joins, packs, marks", rounds=9)
    rounds = min(chosen.rounds, 3) if chosen.quick else chosen.rounds
    times = 2_000 if chosen.quick else 20_000
    rows = [
        *decision_rows(rounds, times),
        *join_rows(rounds),
        *pack_rows(rounds),
        *mark_rows(rounds, times // 20),
    ]
    versions = {"rounds": str(rounds)}
    report("labels: decisions, joins, packs, marks", rows, versions=versions, path=chosen.json)


if __name__ == "__main__":
    main()
