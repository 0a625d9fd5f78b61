"""Findings about marks: what is written must read back as what was meant, and as nothing else.

Rules:

- Every level with every form of period, real and exercise, in every language, reads back.
- Every value alone beside every level, and values of all categories together, read back; the same
  in portion marks.
- Above `MAX_MARKS` values stand in rows of twenty neighbours, each beside one level in turn.

Source: docs/spec/labels.md §7, §9.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.finding import Finding, FindingCode
from secure_liaison.labels.grammar import PeriodStyle, ValuesSegment
from secure_liaison.labels.mark_scan import required_in, written_values
from secure_liaison.labels.marking import (
    ParsedMark,
    parse_mark,
    parse_portion,
    write_mark,
    write_portion,
)
from secure_liaison.labels.period import Period, PeriodForm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from secure_liaison.labels.grammar import Segment, ValuesPart
    from secure_liaison.labels.naming import MarkLanguage
    from secure_liaison.labels.policy import CategoryValue, Level, PolicyPack

__all__ = ["MAX_MARKS", "lint_level_marks", "lint_value_marks", "lint_writings"]

MAX_MARKS: Final = 1500
"""Marks with one value each that are written and read back for one pack."""

_ROW: Final = 20
"""Values in one mark where there are many."""
_ROW_CHARACTERS: Final = 2000
_OPEN: Final = Period(form=PeriodForm.OPEN, value="")
_SAMPLES: Final = {
    PeriodForm.DURATION: "P1Y",
    PeriodForm.MOMENT: "2027-03-01",
    PeriodForm.CONDITION: "会议开始前",
    PeriodForm.OPEN: "",
}


def lint_writings(pack: PolicyPack) -> Iterator[Finding]:
    """Yield values that print the same, begin another, or are written like several others."""
    told: set[Finding] = set()
    for segment in _segments(pack):
        for part in segment.parts:
            for language in sorted(pack.marking.languages, key=lambda each: each.value):
                for finding in _alike(part, pack, language):
                    if finding not in told:
                        told.add(finding)
                        yield finding


def lint_level_marks(pack: PolicyPack) -> Iterator[Finding]:
    """Yield levels whose marks do not read back."""
    for k, level in enumerate(pack.levels):
        if not all(
            _reads_back(pack, level, period, frozenset(), language=language, exercise=exercise)
            for period in _periods(pack)
            for language in pack.marking.languages
            for exercise in (False, True)
        ):
            yield Finding(
                code=FindingCode.MARK_READS_OTHERWISE, place=f"levels[{k}].mark", names=(level.id,)
            )
        elif pack.marking.portion is not None and not _portion_reads_back(pack, level, frozenset()):
            yield Finding(
                code=FindingCode.MARK_READS_OTHERWISE,
                place=f"levels[{k}].portion",
                names=(level.id,),
            )


def lint_value_marks(pack: PolicyPack) -> Iterator[Finding]:
    """Yield values whose marks, beside a level's, do not read back."""
    languages = sorted(pack.marking.languages, key=lambda each: each.value)
    printed = _printed(pack, pack.marking.segments)
    period = _periods(pack)[0]

    def mark(level: Level, markings: frozenset[str]) -> bool:
        return all(
            _reads_back(pack, level, period, markings, language=language, exercise=False)
            for language in languages
        )

    yield from _values(pack, printed, mark, cost=len(languages))
    if pack.marking.portion is not None:
        inside = _printed(pack, pack.marking.portion.segments)
        yield from _values(pack, inside, lambda *what: _portion_reads_back(pack, *what), cost=1)


def _values(
    pack: PolicyPack,
    printed: Sequence[str],
    reads_back: Callable[[Level, frozenset[str]], bool],
    *,
    cost: int,
) -> Iterator[Finding]:
    many = len(printed) * len(pack.levels) * cost > MAX_MARKS
    # A row of long values would be longer than any mark that is read.
    row_size = min(_ROW, max(1, _ROW_CHARACTERS // _longest(pack)))
    size = row_size if many else 1
    rows = [printed[k : k + size] for k in range(0, len(printed), size)]
    together = list(islice(_as_many_as_allowed(pack, printed), row_size))
    rows += [together] if len(together) > 1 else []
    for k, row in enumerate(rows):
        markings = frozenset(row)
        levels = (pack.levels[k % len(pack.levels)],) if many else pack.levels
        failed = [level for level in levels if not reads_back(level, markings)]
        if failed:
            yield Finding(
                code=FindingCode.VALUE_READS_OTHERWISE,
                place=f"categories.{row[0].partition(':')[0]}",
                names=(*row, failed[0].id),
            )


def _reads_back(
    pack: PolicyPack,
    level: Level,
    period: Period,
    markings: frozenset[str],
    *,
    language: MarkLanguage,
    exercise: bool,
) -> bool:
    said = _with_required(pack, level, markings, short=False)
    text = write_mark(pack, level, period, language=language, exercise=exercise, markings=said)
    expected = ParsedMark(
        level=level.id,
        period=period,
        exercise=exercise,
        older_practice=period.form in pack.period.older_forms,
        markings=said,
    )
    try:
        return parse_mark(text, pack) == expected
    except FormatError:
        return False


def _portion_reads_back(pack: PolicyPack, level: Level, markings: frozenset[str]) -> bool:
    said = _with_required(pack, level, markings, short=True)
    text = write_portion(pack, level, said)
    expected = ParsedMark(level=level.id, period=_OPEN, exercise=False, markings=said)
    try:
        return parse_portion(text, pack) == expected
    except FormatError:
        return False


def _with_required(
    pack: PolicyPack, level: Level, markings: frozenset[str], *, short: bool
) -> frozenset[str]:
    """Return the markings, what the level says by itself, and a value of what a mark must say."""
    said = markings | level.says
    named = {marking.partition(":")[0] for marking in said}
    language = pack.marking.original
    return said | {
        next(iter(written_values(pack, category, language, short=short)))
        for category in required_in(pack, short=short) - named
    }


def _alike(part: ValuesPart, pack: PolicyPack, language: MarkLanguage) -> Iterator[Finding]:
    place = f"categories.{part.category}"
    values = [each for each in pack.category(part.category).values if each.mark is not None]
    for short in (False, True):
        texts: dict[str, str] = {}
        for value in values:
            text = _squeezed(_text(value, language, short=short))
            if text in texts:
                yield Finding(
                    code=FindingCode.SAME_MARK, place=place, names=(texts[text], value.id)
                )
            texts.setdefault(text, value.id)
        for split in _splits(texts.keys(), part.between.text(language)):
            yield Finding(code=FindingCode.MARK_SPLITS, place=place, names=(texts[split],))
        between = _squeezed(part.between.text(language))
        for longer, name in texts.items():
            # Of "A" and "A, B" a reader cannot tell whether "A, B" is one value or two.
            beginnings = (
                longer[:k] for k in range(1, len(longer)) if longer[k:].startswith(between)
            )
            for shorter in beginnings:
                if between and shorter in texts:
                    yield Finding(
                        code=FindingCode.MARK_BEGINS_ANOTHER,
                        place=place,
                        names=(texts[shorter], name),
                    )


def _splits(names: AbstractSet[str], between: str) -> Iterator[str]:
    # `A, B` as one value beside the values `A` and `B` would be read for both of them.
    for name in names:
        words = name.split(between) if between else list(name)
        reached = {0}
        for end in range(1, len(words) + 1):
            parts = (between.join(words[start:end]) for start in reached)
            if any(each in names and each != name for each in parts):
                reached.add(end)
        if len(words) in reached:
            yield name


def _segments(pack: PolicyPack) -> Iterator[ValuesSegment]:
    portion = pack.marking.portion
    for segment in (*pack.marking.segments, *(portion.segments if portion else ())):
        if isinstance(segment, ValuesSegment):
            yield segment


def _printed(pack: PolicyPack, segments: Sequence[Segment]) -> list[str]:
    return [
        f"{part.category}:{value.id}"
        for segment in segments
        if isinstance(segment, ValuesSegment)
        for part in segment.parts
        for value in pack.category(part.category).values
        if value.mark is not None
    ]


def _as_many_as_allowed(pack: PolicyPack, printed: Sequence[str]) -> Iterator[str]:
    for category in pack.categories:
        mine = (name for name in printed if name.startswith(f"{category.id}:"))
        yield from islice(mine, category.most)


def _longest(pack: PolicyPack) -> int:
    marks = [v.mark for each in pack.categories for v in each.values if v.mark is not None]
    return max((max(len(m.zh), len(m.en), len(m.fr)) for m in marks), default=1) or 1


def _periods(pack: PolicyPack) -> list[Period]:
    if pack.marking.period is PeriodStyle.NONE:
        return [_OPEN]
    forms = sorted(pack.period.forms | pack.period.older_forms, key=lambda form: form.value)
    return [Period(form=form, value=_SAMPLES[form]) for form in forms]


def _text(value: CategoryValue, language: MarkLanguage, *, short: bool) -> str:
    if short and value.portion:
        return value.portion
    return value.mark.text(language) if value.mark is not None else ""


def _squeezed(text: str) -> str:
    return " ".join(text.split())
