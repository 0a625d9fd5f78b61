"""Which markings a label can carry at one level: decided exactly, in bounded work.

Method:

- Markings that the same demands count are alike: only how many of them are present matters, and
  never more than the largest number that a demand asks for, and one. They are one *cluster*; what
  no demand names of a category is one cluster too. A thousand values are a handful of clusters.
- A search begins with nothing present. Whatever demand fails then is repaired by choosing the
  number of one of its clusters, each in turn; only demands that count that cluster are looked at
  again, and a branch ends when a demand can no longer be met. So every combination that could help
  is tried, and what no failing demand speaks of is never touched.
- Demands without a category in common are answered apart.
- Past the bound the question is left open (`TooComplexError`), never guessed.

Presence of markings is free within the numbers that a category allows. A real audience can only do
less, so what is impossible here is impossible there.

Source: docs/spec/labels.md §11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.labels.demands import certain, holds, numbers_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from secure_liaison.labels.demands import MarkingSet, Statement, Vocabulary

__all__ = ["MAX_STEPS", "Budget", "Cluster", "Situation", "TooComplexError"]

MAX_STEPS: Final = 100_000
"""Demands looked at for one pack: about a quarter of a second."""
_MAX_DEPTH: Final = 150


class TooComplexError(Exception):
    """The bounded search ended without an answer; the lint says so."""


class Budget:
    """How much work is left."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        """Allow so many looks at a demand."""
        self._steps = steps

    def spend(self, steps: int) -> None:
        """Use some of it.

        Raises:
            TooComplexError: nothing is left.
        """
        self._steps -= steps
        if self._steps < 0:
            raise TooComplexError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Markings that count alike.

    Attributes:
        category: Of all of them.
        named: ``category:value`` of those that demands name; empty is all the others.
        most: The largest number of them that has to be tried.
        counted_by: The sets that count them.
    """

    category: str
    named: tuple[str, ...]
    most: int
    counted_by: frozenset[MarkingSet]


class Situation:
    """The demands of one level, and questions about which of them can be met together.

    Attributes:
        clusters: What can be present, as far as a demand counts it.
    """

    def __init__(
        self,
        demands: Sequence[Statement],
        words: Sequence[Statement],
        vocabulary: Vocabulary,
        budget: Budget,
    ) -> None:
        """Prepare for demands, and for questions made of the same words."""
        self._budget = budget
        self._own = len(demands)
        categories = sorted(_categories([*demands, *words]))
        self._bounds_of = {name: self._own + k for k, name in enumerate(categories)}
        self._demands = [*demands, *(vocabulary.bounds(each) for each in categories)]
        self.clusters = _clusters([*self._demands, *words], vocabulary.sizes)
        self._about = [_categories([demand]) for demand in self._demands]
        self._roots = _roots([*self._about, *(frozenset({each}) for each in categories)])
        together: dict[str, set[int]] = {root: set() for root in self._roots.values()}
        for number, names in enumerate(self._about):
            for name in names:
                together[self._roots[name]].add(number)
        self._together = {root: frozenset(numbers) for root, numbers in together.items()}
        self._table = _Table(self.clusters, self._demands)

    def possible(
        self,
        asked: Sequence[Statement] = (),
        *,
        demands: Iterable[int] | None = None,
        present: int | None = None,
    ) -> bool:
        """Whether something can be, under demands and the numbers that categories allow.

        Args:
            asked: Must hold as well; made of the words that the situation was prepared for.
            demands: Which of the demands count; by default all that bear upon what is asked.
            present: Index of a cluster of which at least one is present.

        Raises:
            TooComplexError: the bound was reached.
        """
        touched = set(_categories(asked))
        touched |= {self.clusters[present].category} if present is not None else set()
        if demands is None:
            kept = self._bearing(touched)
        else:
            kept = frozenset(demands)
            touched = touched.union(*(self._about[k] for k in kept))
            kept |= {self._bounds_of[category] for category in touched}
        return _Search(self._table, kept, asked, self._budget).answer(present)

    def bearing_upon(self, asked: Sequence[Statement]) -> list[int]:
        """Return the demands that can make a difference to what is asked."""
        return sorted(k for k in self._bearing(_categories(asked)) if k < self._own)

    def parts(self) -> list[list[int]]:
        """Return the demands in groups without a category in common; each can fail alone."""
        alone = [[k] for k in range(self._own) if not self._about[k]]
        return alone + [
            sorted(k for k in group if k < self._own) for group in self._together.values()
        ]

    def _bearing(self, categories: Iterable[str]) -> frozenset[int]:
        groups = [self._together[root] for root in {self._roots[each] for each in categories}]
        return groups[0] if len(groups) == 1 else frozenset().union(*groups)


class _Table:
    """How many markings are present, how many more may be, and which demands that touches."""

    def __init__(self, clusters: Sequence[Cluster], demands: Sequence[Statement]) -> None:
        self.clusters, self.demands = clusters, demands
        self.counting: dict[MarkingSet, list[int]] = {}
        for number, cluster in enumerate(clusters):
            for each in cluster.counted_by:
                self.counting.setdefault(each, []).append(number)
        self.present = dict.fromkeys(self.counting, 0)
        self.still = {
            each: sum(clusters[k].most for k in numbers) for each, numbers in self.counting.items()
        }
        self.speaking = [self.spoken_of(demand) for demand in demands]
        self.looking: list[set[int]] = [set() for _ in clusters]
        for number, spoken in enumerate(self.speaking):
            for k in spoken:
                self.looking[k].add(number)
        self.failing = {k for k, demand in enumerate(demands) if not holds(demand, self.present)}

    def spoken_of(self, statement: Statement) -> list[int]:
        """Return the clusters that a statement counts."""
        return sorted({k for each in _sets([statement]) for k in self.counting[each]})


class _Search:
    """One search; see the method in this module's text."""

    def __init__(
        self, table: _Table, kept: frozenset[int], asked: Sequence[Statement], budget: Budget
    ) -> None:
        self._table, self._kept, self._budget = table, kept, budget
        first = len(table.demands)
        self._asked = dict(enumerate(asked, start=first))
        self._spoken = {k: table.spoken_of(each) for k, each in self._asked.items()}
        self._chosen: set[int] = set()

    def answer(self, present: int | None) -> bool:
        """Whether everything can hold, with at least one of a cluster if one is given."""
        failing = set(self._table.failing & self._kept)
        failing |= {k for k in self._asked if not self._holds(k)}
        if present is None:
            return self._repair(failing)
        return self._choose(present, failing, least=1)

    def _repair(self, failing: set[int]) -> bool:
        if not failing:
            return True
        if len(self._chosen) > _MAX_DEPTH:
            raise TooComplexError
        # What is asked fails rarely and says most: it has the highest numbers.
        worst = max(failing)
        if self._is_lost(worst):
            return False
        spoken = self._spoken[worst] if worst in self._asked else self._table.speaking[worst]
        return self._choose(next(k for k in spoken if k not in self._chosen), failing)

    def _choose(self, at: int, failing: set[int], *, least: int = 0) -> bool:
        cluster = self._table.clusters[at]
        looking = self._table.looking[at] & self._kept
        looking |= {k for k, spoken in self._spoken.items() if at in spoken}
        self._chosen.add(at)
        self._move(cluster, still=-cluster.most)
        met = False
        # Something before nothing: with nothing it failed.
        for number in (*range(1, cluster.most + 1), *([] if least else [0])):
            self._budget.spend(len(looking) + 1)
            self._move(cluster, present=number)
            now = {k for k in looking if not self._holds(k)}
            met = not any(self._is_lost(k) for k in now) and self._repair((failing - looking) | now)
            self._move(cluster, present=-number)
            if met:
                break
        self._move(cluster, still=cluster.most)
        self._chosen.discard(at)
        return met

    def _holds(self, part: int) -> bool:
        return holds(self._statement(part), self._table.present)

    def _is_lost(self, part: int) -> bool:
        return certain(self._statement(part), self._table.present, self._table.still) is False

    def _statement(self, part: int) -> Statement:
        return self._asked[part] if part in self._asked else self._table.demands[part]

    def _move(self, cluster: Cluster, *, present: int = 0, still: int = 0) -> None:
        for each in cluster.counted_by:
            self._table.present[each] += present
            self._table.still[each] += still


def _clusters(demands: Iterable[Statement], sizes: Mapping[str, int]) -> list[Cluster]:
    limits: dict[MarkingSet, int] = {}
    for demand in demands:
        for each in numbers_in(demand):
            highest = max(each.low, 0 if each.high is None else each.high + 1)
            limits[each.markings] = max(limits.get(each.markings, 0), highest)
    counting: dict[str, set[MarkingSet]] = {}
    for markings in limits:
        for name in markings:
            counting.setdefault(name, set()).add(markings)
    alike: dict[tuple[str, frozenset[MarkingSet]], list[str]] = {}
    rest = dict(sizes)
    for name, sets in counting.items():
        category = name.partition(":")[0]
        if not name.endswith(":"):
            counted = frozenset(sets | counting.get(f"{category}:", set()))
            alike.setdefault((category, counted), []).append(name)
            rest[category] -= 1
    for name in counting:
        if name.endswith(":") and rest[name[:-1]]:
            alike[name[:-1], frozenset({(name,)})] = []
    return [
        Cluster(
            category=category,
            named=tuple(named),
            most=min(len(named) or rest[category], max(limits[each] for each in counted)),
            counted_by=counted,
        )
        for (category, counted), named in alike.items()
    ]


def _roots(about: Iterable[frozenset[str]]) -> dict[str, str]:
    """Return one category for each, the same for all that demands connect."""
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while parents.setdefault(name, name) != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    for names in about:
        first = root(min(names)) if names else ""
        for name in names:
            parents[root(name)] = first
    return {name: root(name) for name in list(parents)}


def _sets(statements: Iterable[Statement]) -> set[MarkingSet]:
    return {each.markings for statement in statements for each in numbers_in(statement)}


def _categories(statements: Iterable[Statement]) -> frozenset[str]:
    sets = _sets(statements)
    return frozenset(name.partition(":")[0] for markings in sets for name in markings)
