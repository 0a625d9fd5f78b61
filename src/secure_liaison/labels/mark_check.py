"""Whether the marks of a pack read back as what they say: levels, values, portions.

Rules:

- Every level, in every language and form of period, exercise and real, in marks and portions.
- Every value, in rows of neighbours, and one value of every category at once; no value is written
  like several others of its category: linear in the pack.

Source: docs/spec/labels.md §5, §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.grammar import PeriodStyle, ValuesSegment
from secure_liaison.labels.mark_scan import required_in, segments_of, written_values
from secure_liaison.labels.marking import (
    ParsedMark,
    parse_mark,
    parse_portion,
    write_mark,
    write_portion,
)
from secure_liaison.labels.period import Period, PeriodForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.labels.grammar import ValuesPart
    from secure_liaison.labels.naming import MarkLanguage
    from secure_liaison.labels.policy import Level, PolicyPack

__all__ = ["check_marks"]

_SAMPLES: Final = {
    PeriodForm.DURATION: "P1Y",
    PeriodForm.MOMENT: "2027-03-01",
    PeriodForm.CONDITION: "会议开始前",
    PeriodForm.OPEN: "",
}
_ROW: Final = 2000
"""Characters of values in one trial mark, so that it stays below the longest that is read."""


def check_marks(pack: PolicyPack) -> None:
    """Prove that what a pack's grammar writes, it reads as the same.

    Raises:
        FormatError: ``pack-mark`` with the level, ``pack-mark-values`` with the category.
    """
    for level in pack.levels:
        if not _level_reads_back(level, pack):
            raise FormatError("pack-mark", level=level.id)
    for language in pack.marking.languages:
        for category, row in _rows(pack, language, short=False):
            level, markings = _carrier(pack, row, category=category, short=False)
            if not _reads_back(level, pack, _sample(pack), language, markings=markings):
                raise FormatError("pack-mark-values", category=category)
        for part in _parts(pack, short=False):
            _refuse_splits(part, pack, language)
    if pack.marking.portion is not None:
        for category, row in _rows(pack, pack.marking.original, short=True):
            level, markings = _carrier(pack, row, category=category, short=True)
            if not _portion_reads_back(level, pack, markings):
                raise FormatError("pack-mark-values", category=category)


def _level_reads_back(level: Level, pack: PolicyPack) -> bool:
    none = pack.marking.period is PeriodStyle.NONE
    forms = {PeriodForm.OPEN} if none else pack.period.forms | pack.period.older_forms
    printed = _with_required(pack, level, short=False)
    marks = all(
        _reads_back(level, pack, form, language, markings=printed, exercise=exercise)
        for form in forms
        for language in pack.marking.languages
        for exercise in (False, True)
    )
    if pack.marking.portion is None:
        return marks
    return marks and _portion_reads_back(level, pack, _with_required(pack, level, short=True))


def _reads_back(  # the parts of a trial mark
    level: Level,
    pack: PolicyPack,
    form: PeriodForm,
    language: MarkLanguage,
    *,
    markings: frozenset[str],
    exercise: bool = False,
) -> bool:
    period = Period(form=form, value=_SAMPLES[form])
    text = write_mark(pack, level, period, language=language, exercise=exercise, markings=markings)
    expected = ParsedMark(
        level=level.id,
        period=period,
        exercise=exercise,
        older_practice=pack.marking.period is not PeriodStyle.NONE
        and form in pack.period.older_forms,
        markings=markings,
    )
    try:
        return parse_mark(text, pack) == expected
    except FormatError:
        return False


def _portion_reads_back(level: Level, pack: PolicyPack, markings: frozenset[str]) -> bool:
    try:
        found = parse_portion(write_portion(pack, level, markings), pack)
    except FormatError:
        return False
    return (found.level, found.markings) == (level.id, markings)


def _sample(pack: PolicyPack) -> PeriodForm:
    if pack.marking.period is PeriodStyle.NONE:
        return PeriodForm.OPEN
    return min(pack.period.forms, key=lambda form: form.value)


def _rows(
    pack: PolicyPack, language: MarkLanguage, *, short: bool
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield every printed value in rows of neighbours, then one value of each category."""
    first: set[str] = set()
    last = ""
    for category in (part.category for part in _parts(pack, short=short)):
        row: list[str] = []
        length = 0
        for marking, written in written_values(pack, category, language, short=short).items():
            if row and length + len(written) > _ROW:
                yield category, frozenset(row)
                row, length = [], 0
            row.append(marking)
            length += len(written) + 8
        if row:
            yield category, frozenset(row)
            first.add(row[0])
            last = category
    yield last, frozenset(first)


def _parts(pack: PolicyPack, *, short: bool) -> list[ValuesPart]:
    return [
        part
        for segment in segments_of(pack, short=short)
        if isinstance(segment, ValuesSegment)
        for part in segment.parts
    ]


def _refuse_splits(part: ValuesPart, pack: PolicyPack, language: MarkLanguage) -> None:
    # `A, B` as one value beside the values `A` and `B` would be read for both of them.
    between = part.between.text(language)
    names = set(written_values(pack, part.category, language, short=False).values())
    for name in names:
        words = name.split(between) if between else list(name)
        reached = {0}
        for end in range(1, len(words) + 1):
            parts = (between.join(words[start:end]) for start in reached)
            if any(each in names and each != name for each in parts):
                reached.add(end)
        if len(words) in reached:
            raise FormatError("pack-mark-values", category=part.category)


def _carrier(
    pack: PolicyPack, row: frozenset[str], *, category: str, short: bool
) -> tuple[Level, frozenset[str]]:
    """Return a level that does not say any of this by itself, and all that its mark then says."""
    plain = [level for level in pack.levels if not level.says & row] or list(pack.levels)
    level = min(plain, key=lambda each: len(each.says))
    said = {marking.partition(":")[0] for marking in row} | {category}
    return level, row | level.says | _missing(pack, said, short=short)


def _with_required(pack: PolicyPack, level: Level, *, short: bool) -> frozenset[str]:
    said = {marking.partition(":")[0] for marking in level.says}
    return level.says | _missing(pack, said, short=short)


def _missing(pack: PolicyPack, said: set[str], *, short: bool) -> frozenset[str]:
    language = pack.marking.original
    return frozenset(
        marking
        for category in required_in(pack, short=short) - said
        for marking in list(written_values(pack, category, language, short=short))[:1]
    )
