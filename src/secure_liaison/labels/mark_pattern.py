"""The pattern of a pack's marks, made from its grammar, and the values that a match holds.

Rules:

- The longest writing first: a level or value whose name begins with another's is not read as that.
- Any spaces where one stands; none needed between Chinese characters.
- A pattern matches the level and the values; the period follows them and is read by its own rules.

Source: docs/spec/labels.md §7.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.labels.grammar import LevelSegment, PeriodSegment, Segment, ValuesSegment
from secure_liaison.labels.naming import MarkLanguage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.grammar import ValuesPart
    from secure_liaison.labels.policy import Level, PolicyPack

__all__ = ["mark_pattern", "read_values"]

_GLOSS: Final = r"\s*(?P<gloss>[(（][^()（）]{1,40}[)）])"
_CJK: Final = re.compile(r"[\u3400-\u9fff]")


@lru_cache(maxsize=64)
def mark_pattern(pack: PolicyPack, language: MarkLanguage, *, short: bool) -> re.Pattern[str]:
    """Return the pattern of the marks (or, short, of the portion marks) in one language."""
    grammar = pack.marking
    segments = grammar.portion.segments if short and grammar.portion else grammar.segments
    inside = _inside(pack, language)
    written = "".join(
        _segment(segment, pack, inside, index=k, short=short) for k, segment in enumerate(segments)
    )
    # What separates values from the level may stand in front of a level that has none.
    return re.compile(r"\s*" + written + (_GLOSS if inside is not language else ""))


def read_values(
    found: re.Match[str], pack: PolicyPack, language: MarkLanguage, *, short: bool
) -> tuple[Level, frozenset[str]]:
    """Return the level and the markings of a match.

    Raises:
        FormatError: ``mark-level``: the gloss is another level's.
    """
    grammar = pack.marking
    inside = _inside(pack, language)
    level = _level(found["level"], pack, inside, short=short)
    if inside is not language and _squeezed(found["gloss"]) != _gloss(level, inside):
        raise FormatError("mark-level")
    segments = grammar.portion.segments if short and grammar.portion else grammar.segments
    markings = set(level.says)
    for k, segment in enumerate(segments):
        if isinstance(segment, ValuesSegment):
            for n, part in enumerate(segment.parts):
                for alternative in range(n + 1):
                    text = found[f"s{k}a{alternative}p{n}"]
                    if text:
                        markings |= _markings(text, part, pack, language=inside, short=short)
    return level, frozenset(markings)


def _segment(
    segment: Segment, pack: PolicyPack, language: MarkLanguage, *, index: int, short: bool
) -> str:
    match segment:
        case LevelSegment():
            names = [
                name
                for level in pack.levels
                for name in (
                    *_written(level, language, short=short),
                    *(() if short else _aliases(level, pack, language)),
                )
            ]
            return f"(?P<level>{_any(names)})"
        case PeriodSegment():
            return ""
        case ValuesSegment(before=before, between=between, parts=parts):
            ways = []
            for first in range(len(parts)):
                way = _part(
                    parts[first], pack, language, short=short, name=f"s{index}a{first}p{first}"
                )
                for n in range(first + 1, len(parts)):
                    more = _part(
                        parts[n], pack, language, short=short, name=f"s{index}a{first}p{n}"
                    )
                    way += f"(?:{_literal(between.text(language))}{more})?"
                ways.append(way)
            return f"(?:{_literal(before.text(language))}(?:{'|'.join(ways)}))?" if ways else ""
        case _:
            assert_never(segment)


def _part(
    part: ValuesPart, pack: PolicyPack, language: MarkLanguage, *, short: bool, name: str
) -> str:
    written = list(_values(part, pack, language, short=short))
    if not written:
        return r"(?P<" + name + r">(?!))"
    one = _any(written)
    more = f"(?:{_literal(part.between.text(language))}{one})*"
    before, after = _literal(part.before.text(language)), _literal(part.after.text(language))
    return f"{before}(?P<{name}>{one}{more}){after}"


def _markings(
    text: str, part: ValuesPart, pack: PolicyPack, *, language: MarkLanguage, short: bool
) -> set[str]:
    names, pattern, between = _reader(part, pack, language, short=short)
    markings = set()
    position = 0
    while found := pattern.match(text, position):
        markings.add(names[(found.lastindex or 1) - 1])
        gap = between.match(text, found.end())
        position = gap.end() if gap else len(text)
    return markings


@lru_cache(maxsize=512)
def _reader(
    part: ValuesPart, pack: PolicyPack, language: MarkLanguage, *, short: bool
) -> tuple[tuple[str, ...], re.Pattern[str], re.Pattern[str]]:
    """Return the markings of a part, a pattern with a group for each, and what separates them."""
    known = _values(part, pack, language, short=short)
    pattern = re.compile("|".join(f"({_literal(name)})" for name in known))
    return tuple(known.values()), pattern, re.compile(_literal(part.between.text(language)))


def _values(
    part: ValuesPart, pack: PolicyPack, language: MarkLanguage, *, short: bool
) -> dict[str, str]:
    found = {}
    for value in pack.category(part.category).values:
        if value.mark is not None:
            written = (short and value.portion) or value.mark.text(language)
            found[written] = f"{part.category}:{value.id}"
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _written(level: Level, language: MarkLanguage, *, short: bool) -> Iterable[str]:
    if short:
        return [level.portion or level.mark.text(language)]
    return [level.mark.text(language)]


def _level(text: str, pack: PolicyPack, language: MarkLanguage, *, short: bool) -> Level:
    for level in pack.levels:
        for name in (*_written(level, language, short=short), *_aliases(level, pack, language)):
            if re.fullmatch(_literal(name), text):
                return level
    raise FormatError("mark-level")


def _aliases(level: Level, pack: PolicyPack, language: MarkLanguage) -> tuple[str, ...]:
    return level.aliases if language is pack.marking.original else ()


def _inside(pack: PolicyPack, language: MarkLanguage) -> MarkLanguage:
    original = pack.marking.original
    glossed = language is MarkLanguage.ZH and original is not MarkLanguage.ZH
    return original if glossed else language


def _gloss(level: Level, inside: MarkLanguage) -> str:
    return _squeezed(level.mark.zh.removeprefix(level.mark.text(inside)))


def _squeezed(text: str) -> str:
    return "".join(text.split()).replace("（", "(").replace("）", ")")


def _any(names: Iterable[str]) -> str:
    return "(?:" + "|".join(_literal(n) for n in sorted(names, key=lambda n: -len(n))) + ")"


def _literal(written: str) -> str:
    parts = []
    for mark, following in zip(written, [*written[1:], ""], strict=False):  # may be empty
        if mark.isspace():
            parts.append(r"\s+")
        else:
            spaced = _CJK.match(mark) and _CJK.match(following)
            parts.append(re.escape(mark) + (r"\s*" if spaced else ""))
    return "".join(parts)
