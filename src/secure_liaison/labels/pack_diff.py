"""What changed between two packs, and whether it loosens or tightens protection.

Rules:

- A change that lets more be known, done or kept shorter loosens; its opposite tightens.
- What no rule of thumb can judge (a rewritten rule, a changed kind) is for a person to judge.
- Texts, marks and bases change nothing in who may know; they are told all the same.

Source: docs/spec/labels.md §12.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.labels.grammar import ValuesSegment
from secure_liaison.labels.handling import Consent
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.rule_words import condition_words, effect_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from secure_liaison.labels.grammar import MarkingGrammar, Segment
    from secure_liaison.labels.naming import Basis, MarkText, Names
    from secure_liaison.labels.period import PeriodForm
    from secure_liaison.labels.policy import Compilation, PolicyPack, Rule

__all__ = ["Change", "Direction", "diff_packs"]

_NEVER_LEFT: Final = "9999-12-31"
_NO_MAXIMUM: Final = 1000
_NO_LIMIT: Final = 10**6
_CONSENT: Final = (Consent.AUDIENCE, Consent.APPROVER, Consent.ORIGINATOR, Consent.NEVER)
_GUARDING: Final = frozenset({CategoryKind.RESTRICT, CategoryKind.CONTROL, CategoryKind.NARROW})


class Direction(Enum):
    """What a change does to protection."""

    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    JUDGE = "judge"
    """A person has to say."""
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change.

    Attributes:
        subject: What changed, a key of the catalogues: ``level-period`` is ``diff.level-period``.
        name: Of which level, rule, category, group, body.
        before: As it was; empty if it is new.
        after: As it is; empty if it is gone.
        direction: What it does to protection.
    """

    subject: str
    name: str
    before: str
    after: str
    direction: Direction


def diff_packs(old: PolicyPack, new: PolicyPack) -> tuple[Change, ...]:
    """Return every change from one pack to another, what loosens first."""
    found = [
        *_head(old, new),
        *_levels(old, new),
        *_categories(old, new),
        *_groups(old, new),
        *_rules(old, new),
        *_decisions(old, new),
    ]
    order = list(Direction)
    return tuple(sorted(found, key=lambda each: order.index(each.direction)))


def _head(old: PolicyPack, new: PolicyPack) -> Iterator[Change]:
    yield from _told("policy", "", old.policy_id, new.policy_id)
    yield from _told("names", "", _both(old.names), _both(new.names))
    yield from _told("valid", "", _valid(old), _valid(new))
    yield from _told("home", "", old.home, new.home, direction=Direction.JUDGE)
    if old.marking != new.marking:
        written = _grammar(old.marking), _grammar(new.marking)
        yield Change(
            subject="marking",
            name="",
            before=written[0],
            after=written[1],
            direction=Direction.SAME,
        )


def _levels(old: PolicyPack, new: PolicyPack) -> Iterator[Change]:
    before, after = {each.id: each for each in old.levels}, {each.id: each for each in new.levels}
    yield from _ends("level", before, after, gone=Direction.LOOSENS, come=Direction.SAME)
    was = [name for name in before if name in after]
    now = [name for name in after if name in before]
    for name in was:
        one, two = before[name], after[name]
        yield from _moved("level-place", name, was.index(name) + 1, now.index(name) + 1)
        longest = one.max_period_years or _NO_MAXIMUM, two.max_period_years or _NO_MAXIMUM
        yield from _moved("level-period", name, *longest)
        yield from _moved("level-reserved", name, one.reserved, two.reserved)
        yield from _told("level-obsolete", name, one.obsolete, two.obsolete)
        yield from _told("level-mark", name, _mark(one.mark), _mark(two.mark))
        yield from _told("level-names", name, _both(one.names), _both(two.names))
        yield from _told("level-meaning", name, _both(one.meaning), _both(two.meaning))
        yield from _told("basis", name, _cited(one.basis), _cited(two.basis))
        yield from _told("code", name, one.lacv, two.lacv, direction=Direction.JUDGE)
        yield from _handling(name, old, new)


def _handling(level: str, old: PolicyPack, new: PolicyPack) -> Iterator[Change]:
    one, two = old.handling_of(level), new.handling_of(level)
    classes = (
        old.person_class_rank(one.min_person_class),
        new.person_class_rank(two.min_person_class),
    )
    if classes[0] != classes[1]:
        direction = Direction.TIGHTENS if classes[0] < classes[1] else Direction.LOOSENS
        persons = one.min_person_class, two.min_person_class
        yield from _told("handling-person-class", level, *persons, direction=direction)
    for field in ("copies", "printing", "forward", "export"):
        consents = getattr(one, field), getattr(two, field)
        if consents[0] is not consents[1]:
            stricter = _CONSENT.index(consents[0]) < _CONSENT.index(consents[1])
            yield Change(
                subject=f"handling-{field}",
                name=level,
                before=consents[0].value,
                after=consents[1].value,
                direction=Direction.TIGHTENS if stricter else Direction.LOOSENS,
            )
    yield from _moved("handling-custody", level, one.custody, two.custody)
    yield from _moved("handling-forward-secrecy", level, one.forward_secrecy, two.forward_secrecy)
    yield from _moved("handling-register", level, one.register_reads, two.register_reads)
    yield from _moved("handling-persons", level, one.open_persons, two.open_persons)
    yield from _moved("handling-suite", level, one.min_suite, two.min_suite)
    yield from _moved(
        "handling-destruction", level, one.destruction.approval, two.destruction.approval
    )
    yield from _moved(
        "handling-witnesses", level, one.destruction.witnesses, two.destruction.witnesses
    )
    yield from _moved(
        "handling-acknowledge", level, one.acknowledge_hours, two.acknowledge_hours, less=True
    )
    ages = one.training_max_age_days or _NO_LIMIT, two.training_max_age_days or _NO_LIMIT
    yield from _moved("handling-briefing", level, *ages, less=True)


def _categories(old: PolicyPack, new: PolicyPack) -> Iterator[Change]:
    before = {each.id: each for each in old.categories}
    after = {each.id: each for each in new.categories}
    yield from _ends("category", before, after, gone=Direction.JUDGE, come=Direction.SAME)
    for name in [each for each in before if each in after]:
        one, two = before[name], after[name]
        yield from _told(
            "category-kind", name, one.kind.value, two.kind.value, direction=Direction.JUDGE
        )
        yield from _told("category-names", name, _both(one.names), _both(two.names))
        yield from _moved("category-min", name, one.least, two.least)
        yield from _told("category-max", name, one.most, two.most, direction=Direction.JUDGE)
        yield from _told("basis", name, _cited(one.basis), _cited(two.basis))
        was = {f"{name}:{each.id}": each for each in one.values}
        now = {f"{name}:{each.id}": each for each in two.values}
        guards = Direction.LOOSENS if one.kind in _GUARDING else Direction.JUDGE
        yield from _ends("value", was, now, gone=guards, come=Direction.SAME)
        for marking in [each for each in was if each in now]:
            a, b = was[marking], now[marking]
            yield from _told("value-leaf", marking, a.leaf, b.leaf, direction=Direction.JUDGE)
            yield from _told("code", marking, a.lacv, b.lacv, direction=Direction.JUDGE)
            yield from _told("value-mark", marking, _mark(a.mark), _mark(b.mark))
            yield from _told("value-names", marking, _both(a.names), _both(b.names))


def _groups(old: PolicyPack, new: PolicyPack) -> Iterator[Change]:
    before, after = _members(old), _members(new)
    for name in sorted(before.keys() | after.keys()):
        one, two = before.get(name, {}), after.get(name, {})
        for leaf in sorted(one.keys() | two.keys()):
            was, now = one.get(leaf, frozenset()), two.get(leaf, frozenset())
            if was != now:
                yield Change(
                    subject="membership",
                    name=f"{name} {leaf}",
                    before=_spans(was),
                    after=_spans(now),
                    direction=_longer(was, now),
                )


def _rules(old: PolicyPack, new: PolicyPack) -> Iterator[Change]:
    before, after = {each.id: each for each in old.rules}, {each.id: each for each in new.rules}
    yield from _ends("rule", before, after, gone=Direction.LOOSENS, come=Direction.TIGHTENS)
    for name in [each for each in before if each in after]:
        one, two = before[name], after[name]
        if (one.condition, one.effect) != (two.condition, two.effect):
            yield Change(
                subject="rule-changed",
                name=name,
                before=_rule(one),
                after=_rule(two),
                direction=Direction.JUDGE,
            )
        else:
            yield from _told("rule-say", name, _both(one.say), _both(two.say))
        yield from _told("basis", name, _cited(one.basis), _cited(two.basis))
    parts = {each.id: each for each in old.compilation}, {each.id: each for each in new.compilation}
    yield from _ends("compilation", *parts, gone=Direction.LOOSENS, come=Direction.TIGHTENS)
    for name in [each for each in parts[0] if each in parts[1]]:
        compiled = _compiled(parts[0][name]), _compiled(parts[1][name])
        yield from _told("compilation-changed", name, *compiled, direction=Direction.JUDGE)


def _decisions(old: PolicyPack, new: PolicyPack) -> Iterator[Change]:
    a, b = old.period, new.period
    yield from _moved("period-required", "", a.required, b.required)
    yield from _told(
        "period-forms", "", _forms(a.forms), _forms(b.forms), direction=Direction.JUDGE
    )
    reviews = a.review_months or _NO_LIMIT, b.review_months or _NO_LIMIT
    yield from _moved("period-review", "", *reviews, less=True)
    two_persons = old.workflow.proposer_is_not_approver, new.workflow.proposer_is_not_approver
    yield from _moved("two-persons", "", *two_persons)
    yield from _moved(
        "freshness-send", "", old.freshness.send_hours, new.freshness.send_hours, less=True
    )
    yield from _moved(
        "freshness-open", "", old.freshness.open_hours, new.freshness.open_hours, less=True
    )
    before = {f"{x.body} {level}": level for x in old.authority for level in x.levels}
    after = {f"{x.body} {level}": level for x in new.authority for level in x.levels}
    # More bodies that may decide a level is more who may lower one.
    yield from _ends("authority", before, after, gone=Direction.TIGHTENS, come=Direction.LOOSENS)
    yield from _ends(
        "person-class",
        {each.id: each for each in old.person_classes},
        {each.id: each for each in new.person_classes},
        gone=Direction.JUDGE,
        come=Direction.JUDGE,
    )


def _ends(
    subject: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    gone: Direction,
    come: Direction,
) -> Iterator[Change]:
    for name in [each for each in before if each not in after]:
        yield Change(subject=subject, name=name, before=name, after="", direction=gone)
    for name in [each for each in after if each not in before]:
        yield Change(subject=subject, name=name, before="", after=name, direction=come)


def _moved(
    subject: str, name: str, before: int, after: int, *, less: bool = False
) -> Iterator[Change]:
    """Yield a change of a number or a yes; more is stricter, unless ``less`` is."""
    if before != after:
        stricter = (after < before) if less else (after > before)
        yield Change(
            subject=subject,
            name=name,
            before=_shown(before),
            after=_shown(after),
            direction=Direction.TIGHTENS if stricter else Direction.LOOSENS,
        )


def _told(
    subject: str,
    name: str,
    before: str | int | None,
    after: str | int | None,
    *,
    direction: Direction = Direction.SAME,
) -> Iterator[Change]:
    if before != after:
        yield Change(
            subject=subject,
            name=name,
            before=_shown(before),
            after=_shown(after),
            direction=direction,
        )


def _shown(value: str | int | None) -> str:
    if value is None or value in {_NO_LIMIT, _NO_MAXIMUM, ""}:
        return "—"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _members(pack: PolicyPack) -> dict[str, dict[str, frozenset[tuple[str, str]]]]:
    found: dict[str, dict[str, frozenset[tuple[str, str]]]] = {}
    for group in pack.groups:
        for each in group.members:
            spans = found.setdefault(group.id, {})
            span = (each.joined, each.left or _NEVER_LEFT)
            spans[each.leaf] = spans.get(each.leaf, frozenset()) | {span}
    return found


def _longer(was: frozenset[tuple[str, str]], now: frozenset[tuple[str, str]]) -> Direction:
    covered = all(any(a <= x and y <= b for a, b in now) for x, y in was)
    within = all(any(a <= x and y <= b for a, b in was) for x, y in now)
    if covered == within:
        return Direction.JUDGE
    return Direction.LOOSENS if covered else Direction.TIGHTENS


def _spans(spans: frozenset[tuple[str, str]]) -> str:
    shown = (f"{a}–{'' if b == _NEVER_LEFT else b}" for a, b in sorted(spans))
    return ", ".join(shown) or "—"


def _rule(rule: Rule) -> str:
    words = {"if": condition_words(rule.condition), "then": effect_words(rule.effect)}
    return json.dumps(words, ensure_ascii=False)


def _compiled(each: Compilation) -> str:
    return f"{each.count} × {each.level or each.marking} → {each.raise_to}"


def _grammar(grammar: MarkingGrammar) -> str:
    portion = grammar.portion.segments if grammar.portion else ()
    return f"{grammar.period.value}: {_segments(grammar.segments)} ({_segments(portion)})"


def _segments(segments: Iterable[Segment]) -> str:
    return " ".join(
        "/".join(part.category for part in each.parts)
        if isinstance(each, ValuesSegment)
        else type(each).__name__.removesuffix("Segment").lower()
        for each in segments
    )


def _valid(pack: PolicyPack) -> str:
    return f"{pack.valid_from}–{pack.valid_to}"


def _both(names: Names) -> str:
    return f"{names.zh} / {names.en}"


def _mark(mark: MarkText | None) -> str:
    return "" if mark is None else " / ".join(each for each in (mark.zh, mark.en, mark.fr) if each)


def _cited(basis: tuple[Basis, ...]) -> str:
    return "; ".join(f"{each.cite} ({each.status.value})" for each in basis)


def _forms(forms: frozenset[PeriodForm]) -> str:
    return ", ".join(sorted(form.name.lower() for form in forms))
