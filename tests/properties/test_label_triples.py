"""The research's check, grown: random triples of labels, and every law on each of them.

Quicker than a search by Hypothesis, and without its sense for corners: so many more cases.
What it counts is printed at the end of the run: leaks (who reads a join and not both parts),
over-restrictions (who reads both parts and not the join), violations of laws.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import settings

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.category import CategoryKind
from secure_liaison.labels.label import Label
from secure_liaison.labels.lattice import dominates, join, may_read
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.labels.protection import (
    Protection,
    at_least,
    join_protections,
    meet_protections,
    protection_of,
)
from tests.labels.samples import CREATED, MINISTRY
from tests.labels.strategies import LEAVES, PACKS

SEED = 4774
CAMPAIGN = settings().max_examples >= 1000
LAWS = 11
TRIPLES = 200_000 if CAMPAIGN else 2_000

pytestmark = pytest.mark.hypothesis  # so that the campaign runs it


def some(chance: random.Random, texts: list[str], most: int) -> frozenset[str]:
    return frozenset(chance.sample(texts, chance.randint(0, min(most, len(texts)))))


def periods_of(chance: random.Random) -> Period:
    form: PeriodForm = chance.choice([PeriodForm.DURATION, *PeriodForm])
    start = Instant(CREATED + chance.randrange(10) * 366 * 86_400)
    match form:
        case PeriodForm.DURATION:
            return Period(form=form, value=chance.choice(["P1Y", "P12M", "P10Y"]), start=start)
        case PeriodForm.MOMENT:
            return Period(form=form, value=f"20{chance.randint(27, 60)}-03-01", start=start)
        case PeriodForm.CONDITION:
            return Period(form=form, value=chance.choice(["会议开始前", "the talks end"]))
        case PeriodForm.OPEN:
            return Period(form=form, value="")


def label_of(chance: random.Random, pack: PolicyPack) -> Label:
    marked = {
        kind: some(chance, sorted(names), 3)
        for kind, names in pack.index.categories.by_kind.items()
    }
    groups = [some(chance, LEAVES, 4) for _ in range(chance.randint(0, 3))]
    return Label(
        policy=pack.policy_id,
        level=chance.choice(pack.levels).id,
        audience=Audience.of(*groups),
        owner=MINISTRY,
        created=CREATED,
        period=periods_of(chance),
        restrict=marked[CategoryKind.RESTRICT],
        control=marked[CategoryKind.CONTROL],
        inform=marked[CategoryKind.INFORM],
    )


def triples(count: int) -> Iterator[tuple[random.Random, PolicyPack, Label, Label, Label]]:
    chance = random.Random(SEED)
    for number in range(count):
        pack = PACKS[number % len(PACKS)]
        a, b, c = (label_of(chance, pack) for _ in range(3))
        if number % 5 == 0:
            b = replace(a, audience=b.audience)
        yield chance, pack, a, b, c


def meet(a: Protection | None, b: Protection | None, pack: PolicyPack) -> Protection | None:
    try:
        return None if a is None or b is None else meet_protections(a, b, pack)
    except FormatError:
        return None


def broken_laws(pack: PolicyPack, a: Label, b: Label, c: Label) -> Iterator[str]:
    ab, bc = join(a, b, pack), join(b, c, pack)
    pa, pb, pc = protection_of(a), protection_of(b), protection_of(c)
    low = meet(pa, pb, pack)
    laws = {
        "join idempotent": join(a, a, pack) == a and join(ab, ab, pack) == ab,
        "join commutative": ab == join(b, a, pack),
        "join associative": join(ab, c, pack) == join(a, bc, pack),
        "join above both": dominates(ab, a, pack) and dominates(ab, b, pack),
        "join least": (dominates(c, a, pack) and dominates(c, b, pack)) is dominates(c, ab, pack),
        "meet idempotent": meet(pa, pa, pack) == pa,
        "meet commutative": low == meet(pb, pa, pack),
        "meet associative": meet(low, pc, pack) == meet(pa, meet(pb, pc, pack), pack),
        "meet below both": low is None or (at_least(a, low, pack) and at_least(b, low, pack)),
        "meet greatest": (at_least(a, c, pack) and at_least(b, c, pack))
        is (low is not None and at_least(low, c, pack)),
        "absorption": meet(pa, join_protections(pa, pb, pack), pack) == pa
        and (low is None or join_protections(pa, low, pack) == pa),
    }
    assert len(laws) == LAWS
    yield from (name for name, holds in laws.items() if not holds)


def test_random_triples_leak_nothing_keep_nobody_out_and_break_no_law(
    record_property: Callable[[str, object], None],
) -> None:
    counted = Counter({"leaks": 0, "over-restrictions": 0})
    readers_of_both = 0
    for chance, pack, a, b, c in triples(TRIPLES):
        counted.update(broken_laws(pack, a, b, c))
        projects = sorted(pack.index.categories.by_kind[CategoryKind.RESTRICT])
        rank, holds = chance.randint(0, 3), some(chance, LEAVES, 9) | some(chance, projects, 3)
        whole = may_read(join(a, b, pack), pack, clearance_rank=rank, memberships=holds)
        parts = [may_read(each, pack, clearance_rank=rank, memberships=holds) for each in (a, b)]
        counted["leaks"] += whole and not all(parts)
        counted["over-restrictions"] += all(parts) and not whole
        readers_of_both += all(parts)
    leaks, kept_out = counted.pop("leaks"), counted.pop("over-restrictions")
    record_property(
        "cases",
        f"{TRIPLES} triples, {readers_of_both} readers of both: {leaks} leaks, "
        f"{kept_out} over-restrictions, {counted.total()} violations of {LAWS} laws",
    )
    assert (0, 0, {}) == (leaks, kept_out, dict(counted))
    assert readers_of_both > TRIPLES // 50
