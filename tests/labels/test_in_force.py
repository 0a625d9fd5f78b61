"""What is in force of a label: which change counts, what is shown, and what is judged by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import Instant
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.case import Event
from secure_liaison.labels.in_force import WITHOUT_LABEL, Change, Fate, InForce, fate_of, in_force
from secure_liaison.labels.label import (
    Determination,
    DeterminationKind,
    Label,
    Successor,
    label_digest,
)
from secure_liaison.labels.period import Period, period_end
from tests.labels.samples import CN, CREATED, jimi

DAY = 86_400
FIRST = jimi()
LOW, HIGH = jimi(level="mimi"), jimi(level="juemi")
LATER = Instant(CREATED + 10 * DAY)


def change(old: Label | None, new: Label | None, at: int = 0, **fields: Any) -> Change:
    event = Event.CHANGED if new is not None else Event.DECLASSIFIED
    values = {"event": event, "at": Instant(CREATED + at), "new": new}
    return Change(**{**values, "old": None if old is None else label_digest(old), **fields})


def fate(what: Change, *counted: Change) -> Fate:
    return fate_of(what, first=FIRST, created=CREATED, counted=counted)


def shown(*counted: Change, first: Label = FIRST, now: int = LATER) -> InForce:
    return in_force(first, counted, Instant(now), pack_of=lambda _: CN)


def test_without_a_change_the_label_of_the_object_holds() -> None:
    assert InForce(label=FIRST, judged=FIRST) == shown()


def test_a_change_strikes_the_label_before() -> None:
    found = shown(change(FIRST, LOW, 60))
    assert (LOW, LOW, (FIRST,), Event.CHANGED, CREATED + 60, True) == (
        found.label,
        found.judged,
        found.struck,
        found.event,
        found.since,
        found.level_asked,
    )


@pytest.mark.parametrize("event", [each for each in Event if each in WITHOUT_LABEL])
def test_what_is_no_longer_secret_is_judged_by_the_last_label_without_its_level(
    event: Event,
) -> None:
    found = shown(change(FIRST, LOW, 60), change(LOW, None, 120, event=event))
    assert (None, LOW, (FIRST, LOW), event, False) == (
        found.label,
        found.judged,
        found.struck,
        found.event,
        found.level_asked,
    )


@pytest.mark.parametrize("kind", [DeterminationKind.PROVISIONAL, DeterminationKind.DISPUTED])
def test_what_nobody_determined_is_not_struck_out(kind: DeterminationKind) -> None:
    draft = jimi(determination=Determination(kind=kind))
    assert () == shown(change(draft, LOW), first=draft).struck


def test_a_period_ends_to_the_second_and_the_clock_drops_nothing() -> None:
    end = period_end(FIRST.period)
    assert end is not None
    assert FIRST == shown(now=end - 1).label
    found = shown(now=end)
    assert (None, FIRST, True, Event.EXPIRED, end, (FIRST,)) == (
        found.label,
        found.judged,
        found.level_asked,
        found.event,
        found.since,
        found.struck,
    )


def waiting_for(*changes: Change, counted: tuple[Change, ...] = ()) -> InForce:
    return in_force(FIRST, counted, LATER, pack_of=lambda _: CN, waiting=changes)


def test_a_raise_whose_place_is_not_known_is_asked_for_and_not_shown() -> None:
    found = waiting_for(change(LOW, HIGH, 60))
    assert (FIRST, HIGH.level, ()) == (found.label, found.judged.level, found.struck)
    narrow = replace(LOW, audience=LOW.audience.join(Audience.of([f"officer:{'0e' * 16}"])))
    both = waiting_for(change(LOW, narrow, 60)).judged
    assert (FIRST.level, True) == (both.level, both.audience.within(narrow.audience))


def test_what_waits_takes_nothing_away() -> None:
    for change_ in (change(HIGH, LOW, 60), change(HIGH, None, 60)):
        assert shown() == waiting_for(change_)


def test_what_waits_and_is_older_than_what_counts_adds_nothing() -> None:
    counted = (change(FIRST, LOW, 60),)
    assert shown(*counted) == waiting_for(change(HIGH, HIGH, 30), counted=counted)
    assert HIGH.level == waiting_for(change(HIGH, HIGH, 90), counted=counted).judged.level


@pytest.mark.parametrize(("then", "judged"), [(LOW, FIRST), (HIGH, HIGH)])
def test_a_successor_is_shown_and_asked_for_only_where_it_protects_as_much(
    then: Label, judged: Label
) -> None:
    at = Instant(CREATED + 5 * DAY)
    label = jimi(successor=Successor(at=at, label=replace(then, period=FIRST.period)))
    before = shown(first=label, now=at - 1)
    assert (label, label.successor) == (before.label, before.successor)
    after = shown(first=label, now=at)
    expected = label if judged is FIRST else judged
    assert (then, expected, (label,), at, None) == (
        after.label,
        after.judged,
        after.struck,
        after.since,
        after.successor,
    )


@pytest.mark.parametrize(
    "changes", [{"level": "nothing"}, {"policy": "generic@2026-01-01"}], ids=["level", "policy"]
)
@pytest.mark.parametrize("now", [CREATED, LATER])
def test_a_successor_that_the_pack_does_not_know_is_left_to_the_gate(
    changes: dict[str, Any], now: int
) -> None:
    follows = Successor(at=Instant(CREATED + DAY), label=replace(LOW, **changes))
    label = jimi(successor=follows)
    assert InForce(label=label, judged=label) == shown(first=label, now=now)


def test_a_successor_ends_with_its_own_period() -> None:
    at = Instant(CREATED + 5 * DAY)
    short = replace(LOW, period=Period.of_years(1, start=CREATED))
    label = jimi(successor=Successor(at=at, label=short))
    end = period_end(short.period)
    assert end is not None
    found = shown(first=label, now=end)
    assert (None, label, (label, short)) == (found.label, found.judged, found.struck)


# --- which change counts ----------------------------------------------------------------------


def test_what_follows_counts_and_what_does_not_waits() -> None:
    assert Fate.COUNTS is fate(change(FIRST, LOW))
    assert Fate.WAITS is fate(change(HIGH, LOW))
    assert Fate.WAITS is fate(change(None, LOW))
    assert Fate.COUNTS is fate(change(LOW, HIGH, 60), change(FIRST, LOW, 60))


def test_what_is_known_or_old_is_stale() -> None:
    lower = change(FIRST, LOW, 60)
    assert Fate.STALE is fate(lower, lower)
    assert Fate.STALE is fate(lower, lower, change(LOW, FIRST, 120))
    assert Fate.STALE is fate(change(LOW, HIGH, 59), lower)
    assert Fate.STALE is fate(change(FIRST, LOW, -1))


@pytest.mark.parametrize("event", [Event.DECLASSIFIED, Event.PUBLISHED, Event.EXPIRED])
def test_nothing_follows_an_end(event: Event) -> None:
    end = change(FIRST, None, 60, event=event)
    assert Fate.STALE is fate(change(None, LOW, 120), end)


def test_a_determination_follows_what_was_found_not_secret() -> None:
    found = change(FIRST, None, 60, event=Event.UNCLASSIFIED)
    assert Fate.COUNTS is fate(change(None, LOW, 120), found)


@pytest.mark.parametrize(("early_s", "expected"), [(1, Fate.COUNTS), (0, Fate.AFTER_END)])
def test_what_is_decided_at_the_end_comes_too_late(early_s: int, expected: Fate) -> None:
    end = period_end(FIRST.period)
    assert end is not None
    longer = jimi(period=Period.of_years(20, start=CREATED))
    late = change(FIRST, longer, end - CREATED - early_s, event=Event.EXTENDED)
    assert expected is fate(late)
    assert Fate.COUNTS is fate(change(FIRST, None, end - CREATED, event=Event.EXPIRED))


LABELS = st.sampled_from([FIRST, LOW, HIGH])
STEPS = st.lists(st.tuples(LABELS, st.integers(1, 5)), max_size=6)


@given(STEPS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(steps: list[tuple[Label, int]], dice: Any) -> None:
    """Changes of growing moments come to the same, however they arrive, if each follows."""
    chain, last, at = list[Change](), FIRST, 0
    for label, pause in steps:
        if label != last:
            at += pause
            chain.append(change(last, label, at))
            last = label
    arriving = list(chain)
    dice.shuffle(arriving)
    counted, waiting = list[Change](), list[Change]()
    for each in arriving:
        waiting.append(each)
        while ready := [one for one in waiting if fate(one, *counted) is Fate.COUNTS]:
            counted.append(min(ready, key=lambda one: one.at))
            waiting.remove(counted[-1])
    # Where a label comes back, a later change may overtake; it never counts twice nor backwards.
    assert [one.at for one in counted] == sorted({one.at for one in counted})
    if len({label_digest(label) for label, _ in steps} | {label_digest(FIRST)}) == len(chain) + 1:
        assert chain == counted
