"""Marks as people print and read them, in Chinese, English and French, and back to values.

Rules:

- What stands where is the pack's grammar; nothing here knows a policy.
- ``机密★10年`` and ``CN JIMI (机密, 2 of 3) ★10Y``: an English gloss of a Chinese level is never a
  bare Western word. A foreign mark in Chinese is the original first, then ``(北约 第三级)``.
- The star is reserved for real material: an exercise has ``演练 EXERCISE · `` in front, no star,
  and a reader of marks refuses each in the other's place.
- What is rendered parses back to the same level, period, printed markings and realm kind; a foreign
  mark parses as nothing.
- A mark never says more readers than the label has; a banner always shows both languages.

Source: docs/spec/labels.md §7; DESIGN §4; 保密法实施条例(2024) 第二十一条.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.foreign_mark import refuse_foreign
from secure_liaison.labels.grammar import (
    LevelSegment,
    PeriodSegment,
    PeriodStyle,
    Segment,
    ValuesSegment,
)
from secure_liaison.labels.mark_scan import (
    Scanned,
    gloss_of,
    original_of,
    required_in,
    scan,
    starts_with_gloss,
    written_values,
)
from secure_liaison.labels.mark_term import STAR, read_tail, write_tail
from secure_liaison.labels.naming import MarkLanguage
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.release import release_of

if TYPE_CHECKING:
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import Level, PolicyPack

__all__ = [
    "EXERCISE_PREFIX",
    "ParsedMark",
    "banner",
    "mark_level",
    "parse_mark",
    "parse_portion",
    "printed_markings",
    "render",
    "render_portion",
    "urgency_text",
    "write_mark",
    "write_portion",
]

EXERCISE_PREFIX: Final = "演练 EXERCISE · "
MAX_MARK: Final = 4000
"""Characters; the longest condition, the longest level name and a list of all nations fit."""

_EXERCISE: Final = re.compile(r"演[练練]\s*EXERCISE\s*·\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMark:
    """What a mark says.

    Attributes:
        level: Level id.
        period: Without a start: a mark does not print it.
        exercise: Whether it is a mark of an exercise.
        older_practice: Whether it is written as was usual before and must not be written now: no
            period after the star (read as the maximum), or a form that the pack only still reads.
        markings: ``category:value`` of everything that the mark says beside the level.
    """

    level: str
    period: Period
    exercise: bool
    older_practice: bool = False
    markings: frozenset[str] = frozenset()


def render(
    label: Label, pack: PolicyPack, language: Language | MarkLanguage, *, exercise: bool
) -> str:
    """Return the mark of a label in one language.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``, ``label-marking-count``:
            the label lacks a marking without which the mark would say something else.
    """
    _require_policy(label, pack)
    level = pack.level(label.level)
    return write_mark(
        pack,
        level,
        label.period,
        markings=_sayable(label, pack, level, short=False),
        language=MarkLanguage(language.value),
        exercise=exercise,
    )


def render_portion(label: Label, pack: PolicyPack) -> str:
    """Return the portion mark of a label, in the policy's own language: ``(S//NF)``.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``, ``label-marking-count``,
            ``mark-no-portions``.
    """
    _require_policy(label, pack)
    level = pack.level(label.level)
    return write_portion(pack, level, _sayable(label, pack, level, short=True))


def banner(label: Label, pack: PolicyPack, *, exercise: bool) -> str:
    """Return the line for the top and bottom of every page: both languages, always.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``.
    """
    zh = render(label, pack, Language.ZH, exercise=exercise)
    en = render(label, pack, Language.EN, exercise=exercise)
    if pack.marking.original is not MarkLanguage.ZH:
        return zh  # holds the original already
    return f"{zh} | {en.removeprefix(EXERCISE_PREFIX)}"


def mark_level(level: Level, language: Language) -> str:
    """Return how marks print a level alone, for lists of clearances and refusals; no star."""
    return level.mark.text(language)


def urgency_text(urgency_id: str, pack: PolicyPack, language: Language) -> str:
    """Return the name of an urgency in one language.

    Raises:
        FormatError: ``urgency-unknown``.
    """
    return pack.urgency(urgency_id).names.text(language)


def printed_markings(label: Label, pack: PolicyPack) -> frozenset[str]:
    """Return the markings that a mark of this label may print; never wider than the label."""
    said = release_of(label.audience, pack, label.owner).markings
    return said | label.restrict | label.control | label.inform


def write_mark(
    pack: PolicyPack,
    level: Level,
    period: Period,
    *,
    language: MarkLanguage,
    exercise: bool,
    markings: frozenset[str] = frozenset(),
) -> str:
    """Return a mark from its parts; a language that the pack does not write is its original."""
    grammar = pack.marking
    shown = language if language in grammar.languages else grammar.original
    inside = original_of(pack, shown)
    written = _written(grammar.segments, pack, level, markings, language=inside, short=False)
    gloss = gloss_of(level, pack) if inside is not shown else ""
    tail = write_tail(period, grammar.period, inside, exercise=exercise)
    return f"{EXERCISE_PREFIX if exercise else ''}{written}{gloss}{tail}"


def write_portion(pack: PolicyPack, level: Level, markings: frozenset[str]) -> str:
    """Return a portion mark from its parts.

    Raises:
        FormatError: ``mark-no-portions``.
    """
    grammar = pack.marking.portion
    if grammar is None:
        raise FormatError("mark-no-portions")
    inner = _written(
        grammar.segments, pack, level, markings, language=pack.marking.original, short=True
    )
    return f"{grammar.opening}{inner}{grammar.closing}"


def parse_mark(text: str, pack: PolicyPack, *, provision: str = "") -> ParsedMark:
    """Read a mark in any language of the pack's marks.

    Accepted in Chinese beside the canonical form: spaces inside the level, traditional characters,
    full-width digits, Chinese numerals.

    Args:
        text: The mark alone.
        pack: The policy whose mark it is said to be.
        provision: Citation of the special provision on which the period is longer than the level's
            maximum; without it such a period is refused.

    Raises:
        FormatError: ``mark-too-long``, ``mark-joint``, ``mark-foreign``, ``mark-level``, then by
            style ``mark-star-not-used``, ``mark-gloss``, ``mark-rest`` or as `read_tail`.
    """
    if len(text) > MAX_MARK:
        raise FormatError("mark-too-long", limit=MAX_MARK)
    rest = text.strip()
    prefix = _EXERCISE.match(rest)
    exercise = prefix is not None
    if prefix is not None:
        rest = rest[prefix.end() :]
    refuse_foreign(rest, pack)
    found, language = _longest(rest, pack)
    tail = rest[found.end :]
    if tail and starts_with_gloss(tail, pack):
        raise FormatError("mark-gloss")
    if pack.marking.period is PeriodStyle.NONE:
        _require_end(rest, found, before=len(text.rstrip()) - len(rest))
    inside = original_of(pack, language)
    period, older = read_tail(
        tail, found.level, pack, language=inside, exercise=exercise, provision=provision
    )
    return ParsedMark(
        level=found.level.id,
        period=period,
        exercise=exercise,
        older_practice=older,
        markings=found.markings,
    )


def parse_portion(text: str, pack: PolicyPack) -> ParsedMark:
    """Read a portion mark; it says no period.

    Raises:
        FormatError: ``mark-no-portions``, ``mark-too-long``, ``mark-joint``, ``mark-foreign``,
            ``mark-level``, ``mark-star-not-used``, ``mark-rest``.
    """
    grammar = pack.marking.portion
    if grammar is None:
        raise FormatError("mark-no-portions")
    if len(text) > MAX_MARK:
        raise FormatError("mark-too-long", limit=MAX_MARK)
    whole = text.strip()
    inner = whole.removeprefix(grammar.opening).removesuffix(grammar.closing)
    if len(whole) != len(grammar.opening) + len(inner) + len(grammar.closing):
        raise FormatError("mark-level")
    refuse_foreign(inner, pack)
    found = scan(inner, pack, pack.marking.original, short=True)
    if found is None:
        raise FormatError("mark-level")
    before = len(text) - len(text.lstrip()) + len(grammar.opening)
    _require_end(inner, found, before=before)
    return ParsedMark(
        level=found.level.id,
        period=Period(form=PeriodForm.OPEN, value=""),
        exercise=False,
        markings=found.markings,
    )


def _longest(text: str, pack: PolicyPack) -> tuple[Scanned, MarkLanguage]:
    grammar = pack.marking
    # A Chinese gloss is the original and more: of equal beginnings the longer one is meant.
    order = sorted(grammar.languages, key=lambda each: (each is not grammar.original, each.value))
    read = [(scan(text, pack, language, short=False), language) for language in order]
    known = [(found, language) for found, language in read if found is not None]
    if not known:
        raise FormatError("mark-level")
    found, language = max(known, key=lambda each: each[0].end)
    furthest = max(each.furthest for each, _ in known)
    return replace(found, furthest=furthest), language


def _require_end(text: str, found: Scanned, *, before: int) -> None:
    tail = text[found.end :]
    if STAR in tail:
        raise FormatError("mark-star-not-used")
    if tail.strip():
        at = found.furthest if text[found.furthest :].strip() else found.end
        blank = len(text[at:]) - len(text[at:].lstrip())
        raise FormatError("mark-rest", column=before + at + blank + 1)


def _written(
    segments: tuple[Segment, ...],
    pack: PolicyPack,
    level: Level,
    markings: frozenset[str],
    *,
    language: MarkLanguage,
    short: bool,
) -> str:
    written = ""
    for segment in segments:
        match segment:
            case LevelSegment():
                written += (short and level.portion) or level.mark.text(language)
            case PeriodSegment():
                pass  # stands last, and only in marks
            case ValuesSegment():
                written += _values(
                    segment, pack, markings - level.says, language=language, short=short
                )
            case _:
                assert_never(segment)
    return written.strip()


def _values(
    segment: ValuesSegment,
    pack: PolicyPack,
    markings: frozenset[str],
    *,
    language: MarkLanguage,
    short: bool,
) -> str:
    written = []
    for part in segment.parts:
        names = written_values(pack, part.category, language, short=short)
        values = [name for marking, name in names.items() if marking in markings]
        if values:
            joined = part.between.text(language).join(values)
            written.append(part.before.text(language) + joined + part.after.text(language))
    if not written:
        return ""
    return segment.before.text(language) + segment.between.text(language).join(written)


def _sayable(label: Label, pack: PolicyPack, level: Level, *, short: bool) -> frozenset[str]:
    """Return the printed markings of a label whose mark would not say something else."""
    markings = printed_markings(label, pack)
    said = {marking.partition(":")[0] for marking in markings}
    homes = {category.id for category in pack.categories if category.home}
    wrong = {marking.partition(":")[0] for marking in level.says - markings} & homes
    for category in sorted((required_in(pack, short=short) - said) | wrong):
        raise FormatError("label-marking-count", category=category)
    return markings


def _require_policy(label: Label, pack: PolicyPack) -> None:
    if label.policy != pack.policy_id:
        raise FormatError("label-policy-mismatch")
