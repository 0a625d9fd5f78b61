"""Findings about rules: contradictions, what no label can meet, what can never be used.

Rules:

- A level is unusable if no label of it meets every rule: an error, with the rules that do it.
- Two rules contradict each other if what one applies to cannot be because of the other, although
  each alone leaves it possible: an error where it is so at every level at which the rule applies,
  else a warning, because somebody may mean it.
- Levels at which the rules say the same of markings are looked at once.

Source: docs/spec/labels.md §11.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from secure_liaison.labels.demands import Vocabulary, lacking, some
from secure_liaison.labels.finding import Finding, FindingCode
from secure_liaison.labels.rules import RaiseTo
from secure_liaison.labels.situations import MAX_STEPS, Budget, Situation, TooComplexError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from secure_liaison.labels.demands import Statement
    from secure_liaison.labels.policy import PolicyPack, Rule

__all__ = ["lint_rules"]

_SHOWN: Final = 10


def lint_rules(pack: PolicyPack, *, steps: int = MAX_STEPS) -> Iterator[Finding]:
    """Yield what is wrong with the rules of a pack whose references resolve.

    Args:
        pack: The pack.
        steps: Bound of the work; past it `FindingCode.LINT_TOO_COMPLEX` is yielded.
    """
    short = [
        Finding(
            code=FindingCode.CATEGORY_NUMBERS,
            place=f"categories.{each.id}.min",
            names=(each.id, str(each.least), str(len(each.values))),
        )
        for each in pack.categories
        if each.least > len(each.values)
    ]
    yield from short
    if short:
        return  # no label at all is valid; every rule would be reported
    try:
        yield from _Rules(pack, Budget(steps)).findings()
    except TooComplexError:
        yield Finding(code=FindingCode.LINT_TOO_COMPLEX, place="rules")


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What was seen of one rule at the levels so far.

    Attributes:
        applies: Whether anything fits its condition at all.
        effect: Whether its effect alone can be met.
        meets: Levels at which something fits and meets it.
        blocked: Of those, where other rules make it impossible: level and these rules.
    """

    applies: bool = False
    effect: bool = False
    meets: list[str] = field(default_factory=list)
    blocked: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)


class _Level:
    """The rules at one level, and at all levels at which they say the same."""

    def __init__(
        self, pack: PolicyPack, level: str, vocabulary: Vocabulary, budget: Budget
    ) -> None:
        self.id = level
        self.conditions = [vocabulary.condition(rule.condition, level) for rule in pack.rules]
        self.effects = [vocabulary.effect(rule.effect, level) for rule in pack.rules]
        self._vocabulary, self._budget = vocabulary, budget
        self.key = (*self.conditions, *self.effects)
        self.demands: list[Statement] = [
            some(lacking(condition), effect)
            for condition, effect in zip(self.conditions, self.effects, strict=True)
        ]

    def situation(self) -> Situation:
        words = [*self.conditions, *self.effects]
        return Situation(self.demands, words, self._vocabulary, self._budget)


class _Rules:
    """One run over the rules of one pack."""

    def __init__(self, pack: PolicyPack, budget: Budget) -> None:
        self._pack = pack
        self._ids = [rule.id for rule in pack.rules]
        self._seen = [_Seen() for _ in pack.rules]
        self._unusable_so_far: set[str] | None = None
        self._markings = {
            category.id: {f"{category.id}:{value.id}" for value in category.values}
            for category in pack.categories
        }
        vocabulary = Vocabulary(pack)
        self._levels: dict[tuple[Statement, ...], _Level] = {}
        for level in pack.levels:
            found = _Level(pack, level.id, vocabulary, budget)
            self._levels.setdefault(found.key, found)

    def findings(self) -> Iterator[Finding]:
        for level in self._levels.values():
            situation = level.situation()
            broken = self._broken(situation)
            yield from self._unusable(level, broken)
            for number in range(len(self._seen)):
                self._look(number, level, situation, usable=not broken)
            if not broken:
                self._use(situation)
        told: set[frozenset[int]] = set()
        for number, rule in enumerate(self._pack.rules):
            yield from self._of_rule(number, rule, told)
        yield from self._unused()

    def _broken(self, situation: Situation) -> list[tuple[int, ...]]:
        """Return for each part of the rules that fails at this level a smallest set that fails."""
        return [
            _smallest(situation, (), part)
            for part in situation.parts()
            if not situation.possible(demands=part)
        ]

    def _unusable(self, level: _Level, broken: Sequence[tuple[int, ...]]) -> Iterator[Finding]:
        for rules in broken:
            names = tuple(self._ids[k] for k in rules)
            yield Finding(
                code=FindingCode.RULES_CONTRADICT if len(rules) > 1 else FindingCode.LEVEL_UNUSABLE,
                place=f"rules.{names[0]}",
                names=(*names[1:], level.id),
            )

    def _look(self, number: int, level: _Level, situation: Situation, *, usable: bool) -> None:
        seen, asked = self._seen[number], [level.conditions[number]]
        seen.effect |= situation.possible([level.effects[number]], demands=())
        if not situation.possible(asked, demands=()):
            return
        seen.applies = True
        if not situation.possible(asked, demands=[number]):
            return
        seen.meets.append(level.id)
        if not usable or situation.possible(asked):
            return
        others = [k for k in situation.bearing_upon(asked) if k != number]
        if situation.possible(asked, demands=others):
            bound = _smallest(situation, asked, others, fixed=(number,))
            seen.blocked.append((level.id, bound))

    def _of_rule(self, number: int, rule: Rule, told: set[frozenset[int]]) -> Iterator[Finding]:
        seen, place = self._seen[number], f"rules.{rule.id}"
        if not seen.effect and not isinstance(rule.effect, RaiseTo):
            yield Finding(code=FindingCode.RULE_IMPOSSIBLE, place=place, names=(rule.id,))
        elif not seen.applies:
            yield Finding(code=FindingCode.RULE_NEVER_APPLIES, place=place, names=(rule.id,))
        elif seen.blocked:
            level, others = seen.blocked[0]
            whole = frozenset((number, *others))
            if whole not in told:
                told.add(whole)
                everywhere = len(seen.blocked) == len(seen.meets)
                yield Finding(
                    code=FindingCode.RULES_CONTRADICT if everywhere else FindingCode.RULES_EXCLUDE,
                    place=place,
                    names=(*(self._ids[k] for k in others), level),
                )

    def _use(self, situation: Situation) -> None:
        """Remember the values that no label of this level can carry, nor of one before."""
        impossible: set[str] = set()
        named = {name for cluster in situation.clusters for name in cluster.named}
        for number, cluster in enumerate(situation.clusters):
            values = set(cluster.named) or self._markings[cluster.category] - named
            wanted = self._unusable_so_far is None or values & self._unusable_so_far
            if wanted and not situation.possible(present=number):
                impossible |= values
        if self._unusable_so_far is None:
            self._unusable_so_far = impossible
        self._unusable_so_far &= impossible

    def _unused(self) -> Iterator[Finding]:
        unusable = self._unusable_so_far or set()
        for category in self._pack.categories:
            ids = [
                value.id
                for value in category.values
                if category.most == 0 or f"{category.id}:{value.id}" in unusable
            ]
            if ids:
                shown = ids if len(ids) <= _SHOWN else [*ids[:_SHOWN], "…"]
                yield Finding(
                    code=FindingCode.VALUE_UNUSABLE,
                    place=f"categories.{category.id}.values",
                    names=tuple(shown),
                )


def _smallest(
    situation: Situation,
    asked: Sequence[Statement],
    among: Sequence[int],
    *,
    fixed: tuple[int, ...] = (),
) -> tuple[int, ...]:
    """Return demands without which, taking any one away, the impossible becomes possible."""
    kept = list(among)
    for demand in among:
        without = [each for each in kept if each != demand]
        if not situation.possible(asked, demands=[*fixed, *without]):
            kept = without
    return tuple(kept)
