"""An audience said in permissive categories: an AND of any-of groups, one group to each category.

Rules:

- Readers of 4774 ask for one value of every permissive category that is there, and nothing for one
  that is not. So each group must stand in a category of its own, and a group left out would let
  everybody in.
- Home is said by a home category (a NATO context). With a widening category beside it, the context
  also holds the flag `RELEASABLE`: home reads by the one, those released to by the other.
- A pack without a home category says home among the values of its widening category.
- Two groups that share a category are said as what both have. That keeps readers out and lets
  nobody in; it is reported.
- What the pack's categories have no word for is refused, unless the caller chooses otherwise
  (`Unsayable`); no choice lets more people read.

Source: docs/spec/stanag4774.md §5; labels report §0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience, undated
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.release import home_leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from secure_liaison.labels.policy import Category, PolicyPack

__all__ = ["RELEASABLE", "Narrowing", "SaidAudience", "Unsayable", "hear_audience", "say_audience"]

RELEASABLE: Final = "Releasable"
"""The value of a home category that says: read on in the widening category."""

Group: TypeAlias = frozenset[str]


class Unsayable(Enum):
    """What to do with a group that the pack's categories have no word for."""

    REFUSE = "refuse"
    NARROW = "narrow"
    """Leave out of the group what has no word: fewer read."""
    CARRY = "carry"
    """A category of our own: exact for readers who know it, nobody for all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What one category could not say.

    Attributes:
        category: Id of the pack's category.
        lost: Leaves that the audience has and the label written has not, or not everywhere.
    """

    category: str
    lost: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidAudience:
    """An audience by categories.

    Attributes:
        values: Leaves by the id of the permissive category that says them; one without leaves is a
            home category that holds the flag alone.
        flagged: Whether home categories hold `RELEASABLE`.
        carried: Groups in categories of our own.
        narrowed: What was lost.
    """

    values: Mapping[str, Group]
    flagged: bool = False
    carried: tuple[Group, ...] = ()
    narrowed: tuple[Narrowing, ...] = ()


def say_audience(
    audience: Audience, pack: PolicyPack, owner: str, *, unsayable: Unsayable = Unsayable.REFUSE
) -> SaidAudience:
    """Return an audience in the pack's permissive categories, never a wider one.

    Raises:
        FormatError: ``label4774-audience`` (no words for a group), ``label4774-nobody`` (what could
            be said would be nobody).
    """
    words = _Words.of(pack, owner)
    groups = sorted(audience.groups, key=lambda each: (len(each), sorted(each)))
    if frozenset() in groups:
        raise FormatError("label4774-nobody")
    if unsayable is Unsayable.REFUSE and not all(map(words.know, groups)):
        raise FormatError("label4774-audience")
    # Which group is said as home decides what the others can be: each is tried.
    ways = [
        _say_in_order([first, *(group for group in groups if group != first)], words, unsayable)
        for first in groups or [frozenset()]
    ]
    best = min(
        (each for each in ways if each is not None),
        key=lambda said: (
            sum(len(each.lost) for each in said.narrowed),
            not _says_home(said, words),
        ),
        default=None,
    )
    if best is None:
        raise FormatError("label4774-nobody")
    return best


def hear_audience(said: SaidAudience, pack: PolicyPack, *, home: str) -> Audience:
    """Return what categories say, with the same days.

    Args:
        said: The permissive categories that are there, each with its leaves.
        pack: The pack that they are of.
        home: Leaf of home where no category names it.

    Raises:
        FormatError: ``label4774-releasable`` (flag and widening category do not stand together),
            ``label-marking-count`` (nothing is said where a home category must be).
    """
    widened = [each for each in _widening(pack) if each.id in said.values]
    if _naming(pack):
        homes = [said.values[each.id] for each in _naming(pack) if each.id in said.values]
        if said.flagged is not bool(widened):
            raise FormatError("label4774-releasable")
        more = [said.values[each.id] for each in widened] or [frozenset()]
        groups = [own | other for own in homes for other in more]
    else:
        # A category that has a word for home means home only where it says so.
        known = [undated(home) in {value.leaf for value in each.values} for each in widened]
        groups = [
            said.values[each.id] | (frozenset() if says else {home})
            for each, says in zip(widened, known, strict=True)
        ] or [frozenset({home})]
    groups += [said.values[each.id] for each in _narrowing(pack) if each.id in said.values]
    groups += said.carried
    if not groups:
        # Nothing said would be the public; a policy with home categories has no such label.
        raise FormatError("label-marking-count", category=_naming(pack)[0].id)
    return Audience.of(*groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What the pack has words for, without days: leaves by the id of their category."""

    home: Group
    naming: Mapping[str, Group]
    widening: Mapping[str, Group]
    narrowing: Mapping[str, Group]

    @classmethod
    def of(cls, pack: PolicyPack, owner: str) -> _Words:
        return cls(
            home=home_leaves(pack, owner),
            naming=_leaves(_naming(pack)),
            widening=_leaves(_widening(pack)),
            narrowing=_leaves(_narrowing(pack)),
        )

    def know(self, group: Group) -> bool:
        known = (self.naming, self.widening, self.narrowing)
        words = {leaf for places in known for place in places.values() for leaf in place}
        return {undated(leaf) for leaf in group} <= words


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What is said so far; ``homes`` and ``wide`` belong together where the pack names its homes.

    They say ``homes | wide[w]`` for each ``w``, or ``homes`` alone.
    """

    homes: Group | None = None
    wide: Mapping[str, Group] = field(default_factory=dict)
    narrow: Mapping[str, Group] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One way to say one more group: then all that is said is within it."""

    state: _State
    category: str
    lost: Group


def _says_home(said: SaidAudience, words: _Words) -> bool:
    return any(said.values.get(category) for category in words.naming)


def _say_in_order(groups: list[Group], words: _Words, unsayable: Unsayable) -> SaidAudience | None:
    """Say what can be said exactly, then squeeze the rest in; nothing if nobody would be left."""
    state, waiting, carried, narrowed = _State(), [], [], []
    for group in filter(None, groups):
        exact = next((each for each in _steps(state, group, words) if not each.lost), None)
        if exact is not None:
            state = exact.state
        elif not words.know(group) and unsayable is Unsayable.CARRY:
            carried.append(group)
        else:
            waiting.append(group)
    for group in waiting:
        step = min(_steps(state, group, words), key=lambda each: len(each.lost), default=None)
        if step is not None:
            state = step.state
            narrowed.append(Narrowing(category=step.category, lost=step.lost))
        elif unsayable is Unsayable.CARRY:
            carried.append(group)
        else:
            return None
    return _said(state, words, carried=tuple(carried), narrowed=tuple(narrowed))


def _steps(state: _State, group: Group, words: _Words) -> Iterator[_Step]:
    if not words.naming:
        if any(undated(leaf) in words.home for leaf in group):
            for category, known in words.widening.items():
                kept = _kept(group, known, state.wide.get(category))
                after = replace(state, wide={**state.wide, category: kept})
                if kept:
                    lost = (group | state.wide.get(category, frozenset())) - kept
                    yield _Step(state=after, category=category, lost=lost)
    elif state.homes is None:
        yield from _first_at_home(state, group, words)
    else:
        yield from _more_at_home(state, state.homes, group, words)
    for category, known in words.narrowing.items():
        kept = _kept(group, known, state.narrow.get(category))
        if kept:
            lost = (group | state.narrow.get(category, frozenset())) - kept
            after = replace(state, narrow={**state.narrow, category: kept})
            yield _Step(state=after, category=category, lost=lost)


def _first_at_home(state: _State, group: Group, words: _Words) -> Iterator[_Step]:
    # One home category says all of home; two would be asked for together.
    homes = ((name, _kept(group, known)) for name, known in words.naming.items())
    naming, own = next(((name, kept) for name, kept in homes if kept), ("", frozenset()))
    rest = group - own
    if own and not any(_kept(rest, known) for known in words.widening.values()):
        yield _Step(state=replace(state, homes=own), category=naming, lost=rest)
    for category, known in words.widening.items():
        more = _kept(rest, known)
        if more:
            # Without a home the flag stands alone: released to these, and to nobody else.
            after = replace(state, homes=own, wide={category: more})
            yield _Step(state=after, category=category, lost=rest - more)


def _more_at_home(state: _State, homes: Group, group: Group, words: _Words) -> Iterator[_Step]:
    own = homes & group
    if own and not state.wide:
        after, lost = replace(state, homes=own), (homes | group) - own
        yield _Step(state=after, category=next(iter(words.naming)), lost=lost)
    for category, before in state.wide.items():
        more = before & group
        if more:
            after = replace(state, homes=own, wide={**state.wide, category: more})
            lost = (homes | before | group) - own - more
            yield _Step(state=after, category=category, lost=lost)
        elif own:
            # Nobody is left beside home: the context alone says it, and says it of all.
            everyone = frozenset().union(homes, group, *state.wide.values())
            after = replace(state, homes=own, wide={})
            yield _Step(state=after, category=category, lost=everyone - own)
    if own == homes and state.wide:
        for category, known in words.widening.items():
            more = _kept(group - own, known)
            if more and category not in state.wide:
                after = replace(state, wide={**state.wide, category: more})
                yield _Step(state=after, category=category, lost=group - own - more)


def _said(
    state: _State, words: _Words, *, carried: tuple[Group, ...], narrowed: tuple[Narrowing, ...]
) -> SaidAudience:
    values = {**state.wide, **state.narrow}
    flagged = bool(words.naming and state.wide)
    homes = state.homes or frozenset()
    own = next((name for name, known in words.naming.items() if _kept(homes, known)), "")
    if own or flagged:
        values[own or next(iter(words.naming))] = homes
    return SaidAudience(values=values, flagged=flagged, carried=carried, narrowed=narrowed)


def _kept(group: Group, known: Group, before: Group | None = None) -> Group:
    kept = frozenset(leaf for leaf in group if undated(leaf) in known)
    return kept if before is None else kept & before


def _leaves(categories: list[Category]) -> dict[str, Group]:
    return {each.id: frozenset(value.leaf for value in each.values) for each in categories}


def _naming(pack: PolicyPack) -> list[Category]:
    return [each for each in pack.categories if each.home]


def _widening(pack: PolicyPack) -> list[Category]:
    return [each for each in pack.categories if each.kind is CategoryKind.WIDEN]


def _narrowing(pack: PolicyPack) -> list[Category]:
    return [each for each in pack.categories if each.kind is CategoryKind.NARROW and not each.home]
