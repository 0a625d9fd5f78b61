"""Which group of an audience is said where: in the group of home, or in a narrowing category.

Rules:

- One algorithm for marks, ESS, 4774 and the rules of a pack. They differ in their `Words` only.
- Groups that share a place are said as what all of them have, and of a group only what the place
  has words for: that may keep readers out, it never lets one in.
- The exact form is taken where one exists; else the fewest groups are left unsaid, then home loses
  least, then the fewest leaves are lost, then a home is named, in the fewest places. Ties go by
  order: small groups first, home before other places, then the pack's order.
- No home is inferred: where categories name homes, a group says which one is meant, or nobody does.

Source: docs/spec/labels.md §6; docs/spec/stanag4774.md §5.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from secure_liaison.labels.audience import undated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Group", "Loss", "Wording", "Words", "word"]

Group: TypeAlias = frozenset[str]

_WAYS: Final = 256
"""How many ways are followed, shared among the groups: of the few that labels have, all."""
_FEWEST_WAYS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What can be said, as leaves without days by the id of their category.

    Attributes:
        home: Leaves that are home.
        naming: Categories that name a home; if there are none, groups of home are those that hold
            one, and ``widening`` holds the words for home as well.
        widening: What may stand beside home.
        narrowing: Each may say one more group.
        home_needed: Whether whoever reads it always adds a group of home: then one must be said.
    """

    home: Group
    naming: Mapping[str, Group]
    widening: Mapping[str, Group]
    narrowing: Mapping[str, Group]
    home_needed: bool

    def know(self, group: Group) -> bool:
        """Whether there is a word for every leaf."""
        known = (self.naming, self.widening, self.narrowing)
        words = {leaf for places in known for place in places.values() for leaf in place}
        return {undated(leaf) for leaf in group} <= words


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What one category could not say.

    Attributes:
        category: Id of the category.
        lost: Leaves that the audience has and what is said has not, or not everywhere.
    """

    category: str
    lost: Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What is said so far; ``homes`` and ``wide`` belong together where categories name homes.

    They say ``homes | wide[w]`` for each ``w``, or ``homes`` alone.

    Attributes:
        homes: What home categories say; none if no group of home is said by them.
        wide: What widening categories say.
        narrow: What narrowing categories say.
        placed: Groups with the category that says them.
        losses: What was lost, in the order in which it happened.
        lost: How many of these leaves are home, and how many there are.
        unsaid: Groups that are not said at all; whoever drops them widens.
    """

    homes: Group | None = None
    wide: Mapping[str, Group] = field(default_factory=dict)
    narrow: Mapping[str, Group] = field(default_factory=dict)
    placed: tuple[tuple[str, Group], ...] = ()
    losses: tuple[Loss, ...] = ()
    lost: tuple[int, int] = (0, 0)
    unsaid: tuple[Group, ...] = ()


def word(groups: Iterable[Group], words: Words, *, keep_whole: bool = False) -> Wording:
    """Return the best way to say groups, never wider in what is said.

    Args:
        groups: An audience in normal form.
        words: What can be said.
        keep_whole: Whether a group with a leaf that has no word is left unsaid, not narrowed.
    """
    price = partial(_price, words=words)
    ordered = sorted(groups, key=lambda each: (len(each), sorted(each)))
    most = max(_FEWEST_WAYS, _WAYS // max(1, len(ordered)))
    ways = [Wording()]
    for group in ordered:
        whole = keep_whole and not words.know(group)
        longer = (each for way in ways for each in _after(way, group, words, unsaid=whole))
        ways = sorted(longer, key=price)[:most]
    first = _with_home(ways[0], words)
    if not first.losses and not first.unsaid:
        return first  # nothing is lost, as in most labels: none of the others is better
    return min((_with_home(way, words) for way in ways), key=partial(_whole_price, words=words))


def _whole_price(way: Wording, *, words: Words) -> tuple[int, ...]:
    """Count what is really lost: a release is worth nothing beside a list of home alone."""
    homes = way.homes or frozenset()
    said = [homes | each for each in way.wide.values()] or [homes][: bool(homes)]
    said += way.narrow.values()
    lost = [
        undated(leaf)
        for _, group in way.placed
        for leaf in group - min((each for each in said if each <= group), key=len, default=group)
    ]
    both = max(sum(leaf in words.home for leaf in lost), way.lost[0]), max(len(lost), way.lost[1])
    return *_price(replace(way, lost=both), words=words), len(said)


def _price(way: Wording, *, words: Words) -> tuple[int, ...]:
    homeless = not (way.homes if words.naming else way.wide)
    return (
        # Without a home that must be named, all the rest means nothing to its readers.
        words.home_needed and bool(words.naming) and homeless,
        len(way.unsaid),
        # Two releases must not become a list that keeps home itself out.
        way.lost[0],
        way.lost[1],
        homeless,
    )


def _after(way: Wording, group: Group, words: Words, *, unsaid: bool) -> Iterator[Wording]:
    if not unsaid:
        yield from _home_steps(way, group, words)
        for category, known in words.narrowing.items():
            before = way.narrow.get(category)
            kept = _kept(group, known, before)
            if kept:
                after = replace(way, narrow={**way.narrow, category: kept})
                yield _step(after, category, group, (group | (before or kept)) - kept, words=words)
    yield replace(way, unsaid=(*way.unsaid, group))


def _home_steps(way: Wording, group: Group, words: Words) -> Iterator[Wording]:
    if words.naming and way.homes is None:
        yield from _first_at_home(way, group, words)
    elif words.naming:
        yield from _more_at_home(way, way.homes or frozenset(), group, words)
    elif any(undated(leaf) in words.home for leaf in group):
        for category, known in words.widening.items():
            before = way.wide.get(category)
            kept = _kept(group, known, before)
            if kept:
                after = replace(way, wide={**way.wide, category: kept})
                yield _step(after, category, group, (group | (before or kept)) - kept, words=words)


def _first_at_home(way: Wording, group: Group, words: Words) -> Iterator[Wording]:
    # One home category says all of home; two would be asked for together.
    homes = ((name, _kept(group, known)) for name, known in words.naming.items())
    naming, own = next(((name, kept) for name, kept in homes if kept), ("", frozenset()))
    rest = group - own
    if own and not any(_kept(rest, known) for known in words.widening.values()):
        yield _step(replace(way, homes=own), naming, group, rest, words=words)
    for category, known in words.widening.items():
        more = _kept(rest, known)
        if more and (own or not words.home_needed):
            # Without a home these alone are meant: released to them, and to nobody else.
            after = replace(way, homes=own, wide={category: more})
            yield _step(after, category, group, rest - more, words=words)


def _more_at_home(way: Wording, homes: Group, group: Group, words: Words) -> Iterator[Wording]:
    own = homes & group
    if words.home_needed and not own:
        return
    if own and not way.wide:
        after, naming = replace(way, homes=own), next(iter(words.naming))
        yield _step(after, naming, group, (homes | group) - own, words=words)
    for category, before in way.wide.items():
        more = before & group
        if more:
            after = replace(way, homes=own, wide={**way.wide, category: more})
            yield _step(after, category, group, (homes | before | group) - own - more, words=words)
        elif own:
            # Nobody is left beside home: the context alone says it, and says it of all.
            everyone = frozenset().union(homes, group, *way.wide.values())
            yield _step(
                replace(way, homes=own, wide={}), category, group, everyone - own, words=words
            )
    if own == homes and way.wide:
        for category, known in words.widening.items():
            more = _kept(group - own, known)
            if more and category not in way.wide:
                after = replace(way, wide={**way.wide, category: more})
                yield _step(after, category, group, group - own - more, words=words)


def _with_home(way: Wording, words: Words) -> Wording:
    """Say the home that readers add anyway as wide as a list, so that the list alone decides."""
    if not words.home_needed or words.naming or way.wide:
        return way
    ways = []
    for category, known in words.widening.items():
        for said in way.narrow.values():
            kept = _kept(said, known)
            after = replace(way, wide={**way.wide, category: kept | words.home})
            ways.append(_step(after, category, kept, said - kept, words=words))
    return min(ways, key=partial(_price, words=words), default=way)


def _step(after: Wording, category: str, group: Group, lost: Group, *, words: Words) -> Wording:
    placed = (*after.placed, (category, group))
    if not lost:
        return replace(after, placed=placed)
    homes, leaves = after.lost
    homes += sum(undated(leaf) in words.home for leaf in lost)
    return replace(
        after,
        placed=placed,
        losses=(*after.losses, Loss(category=category, lost=lost)),
        lost=(homes, leaves + len(lost)),
    )


def _kept(group: Group, known: Group, before: Group | None = None) -> Group:
    kept = frozenset(leaf for leaf in group if undated(leaf) in known)
    return kept if before is None else kept & before
