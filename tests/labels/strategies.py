"""Labels of every pack, readers and related labels, for the laws."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from itertools import combinations

from hypothesis import settings
from hypothesis import strategies as st

from secure_liaison.clock import Instant
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.category import CategoryKind
from secure_liaison.labels.label import Determination, DeterminationKind, Label
from secure_liaison.labels.lattice import join
from secure_liaison.labels.pack import builtin_packs
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import PolicyPack
from tests.labels.rich import KFOR, LISTED_BY_NAME, NATO, RICH
from tests.labels.samples import CREATED, EMBASSY, MINISTRY, OFFICER

# A law wants more cases than the quick default; the campaign's number is larger and stands.
law = settings(max_examples=max(100, settings().max_examples))

_POOL = 400
_FEW = 6

PACKS = (*builtin_packs(), RICH)
LEAVES = [
    MINISTRY,
    EMBASSY,
    OFFICER,
    "nation:BEL",
    "nation:FIN",
    "nation:SWE",
    NATO,
    KFOR,
    LISTED_BY_NAME,
]

packs = st.sampled_from(PACKS)
ranks = st.integers(0, 3)


def subsets(texts: list[str]) -> st.SearchStrategy[frozenset[str]]:
    sizes = range(len(texts) + 1)
    return st.sampled_from([frozenset(part) for n in sizes for part in combinations(texts, n)])


@cache
def markings(pack: PolicyPack, kind: CategoryKind) -> st.SearchStrategy[frozenset[str]]:
    known = sorted(pack.index.categories.by_kind[kind])
    # A pack may list all nations: some of its values, from everywhere in the list, say as much.
    return subsets(known[:: max(1, len(known) // _FEW)][:_FEW])


def _audiences() -> list[Audience]:
    # Drawn once and from small to large: drawing each anew takes most of the time of a law.
    chance = random.Random(4774)
    found = {Audience.of(), Audience.of([])}
    while len(found) < _POOL:
        sizes = (chance.randint(1, 4) for _ in range(chance.randint(1, 4)))
        found.add(Audience.of(*(chance.sample(LEAVES, size) for size in sizes)))
    return sorted(found, key=lambda audience: (len(audience.groups), audience.to_lists()))


groups = subsets(LEAVES)
audiences = st.sampled_from(_audiences())
_starts = [Instant(CREATED + years * 366 * 86_400) for years in range(4)]
periods = st.sampled_from(
    [
        Period(form=PeriodForm.OPEN, value=""),
        Period(form=PeriodForm.CONDITION, value="会议开始前"),
        Period(form=PeriodForm.CONDITION, value="the end of the talks"),
        *(
            Period(form=form, value=value, start=start, offset_minutes=offset)
            for form, value in (
                (PeriodForm.DURATION, "P1Y"),
                (PeriodForm.DURATION, "P12M"),
                (PeriodForm.DURATION, "P10Y"),
                (PeriodForm.MOMENT, "2027-03-01"),
                (PeriodForm.MOMENT, "2031-01-01"),
            )
            for start in _starts
            for offset in (0, 480)
        ),
    ]
)
determinations = st.sampled_from(
    [
        Determination(kind=kind, reason=reason, sources=frozenset({"object:" + "0" * 64}))
        for kind in DeterminationKind
        for reason in ("", "together")
    ]
)


@cache
def readers(pack: PolicyPack) -> st.SearchStrategy[frozenset[str]]:
    """Return what a reader may hold: leaves as a clearance states them, and restrictions."""
    return st.tuples(groups, markings(pack, CategoryKind.RESTRICT)).map(lambda two: two[0] | two[1])


@st.composite
def labels(draw: st.DrawFn, pack: PolicyPack) -> Label:
    return Label(
        policy=pack.policy_id,
        level=draw(st.sampled_from([level.id for level in pack.levels])),
        audience=draw(audiences),
        owner=draw(st.sampled_from([MINISTRY, EMBASSY, OFFICER])),
        created=draw(st.sampled_from(_starts)),
        period=draw(periods),
        restrict=draw(markings(pack, CategoryKind.RESTRICT)),
        control=draw(markings(pack, CategoryKind.CONTROL)),
        inform=draw(markings(pack, CategoryKind.INFORM)),
        determination=draw(determinations),
        review_at=draw(st.sampled_from([None, *_starts])),
    )


@st.composite
def scenes(draw: st.DrawFn) -> tuple[PolicyPack, Label, Label, Label]:
    """A pack and three labels, of which some are equal or joined, where laws are easiest lost."""
    pack = draw(packs)
    a, b, c = (draw(labels(pack)) for _ in range(3))
    match draw(st.integers(0, 4)):
        case 0:
            b = a
        case 1:
            b = join(a, b, pack)
        case 2:
            b = replace(a, audience=b.audience)
        case 3:
            c = join(b, c, pack)
        case _:
            pass
    return pack, a, b, c
