"""The reader of marks: what a pack's grammar knows, followed through a text from left to right.

Rules:

- Work is bounded: each place of the text is visited at most once for each part of the grammar, and
  no text, however made, makes the reader try again what it has tried.
- The longest writing first: a level or value whose name begins with another's is not read as that.
- One space or more where one stands, none needed between Chinese characters; accents on Latin
  letters do not count (``TRES SECRET``), nor does the width of brackets.
- A value is said once; what the level says by itself is not said again.
- The reader reads level and values; the period follows them and is read by its own rules.

Source: docs/spec/labels.md §7.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from secure_liaison.labels.grammar import LevelSegment, Segment, ValuesSegment
from secure_liaison.labels.naming import MarkLanguage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from secure_liaison.labels.policy import Level, PolicyPack

__all__ = [
    "Scanned",
    "gloss_of",
    "original_of",
    "required_in",
    "scan",
    "segments_of",
    "starts_with_gloss",
    "written_values",
]

_CJK: Final = re.compile(r"[\u3400-\u9fff]")
_CJK_SPACE: Final = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_BRACKETS: Final = {"（": "(", "）": ")"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was read from the start of a text.

    Attributes:
        level: The level.
        markings: ``category:value`` of what the mark says, with what the level says by itself.
        end: Characters read.
        furthest: Characters up to which something was still known; at least ``end``.
    """

    level: Level
    markings: frozenset[str]
    end: int
    furthest: int


_Trie: TypeAlias = "dict[str, Any]"
"""A letter leads to the next trie; the empty text to what ends there."""


class _Part(NamedTuple):
    before: str
    between: str
    after: str
    values: _Trie


class _Values(NamedTuple):
    before: str
    between: str
    parts: tuple[_Part, ...]


class _Plan(NamedTuple):
    steps: tuple[_Trie | _Values, ...]
    required: frozenset[str]
    glossed: bool


class _State(NamedTuple):
    level: Level
    markings: frozenset[str]


_States: TypeAlias = "dict[int, _State]"


def scan(text: str, pack: PolicyPack, language: MarkLanguage, *, short: bool) -> Scanned | None:
    """Return the longest beginning of a text that is a mark without its period, if there is one.

    Args:
        text: Without spaces at its start.
        pack: The policy whose mark it is said to be.
        language: One of the languages of the pack's marks.
        short: Whether portion marks are meant, without their brackets.
    """
    plan = _plan(pack, language, short=short)
    folded, ends = _fold(text)
    reader = _Reader(folded)
    # Every grammar holds the level once, so the first one stands here only until it is read.
    states: _States = {0: _State(pack.levels[0], frozenset())}
    for step in plan.steps:
        states = (
            reader.values(step, states)
            if isinstance(step, _Values)
            else reader.levels(step, states)
        )
    if plan.glossed:
        states = reader.glosses(states, pack)
    whole = [end for end, state in states.items() if _says_all(state, plan.required)]
    if not whole:
        return None
    end = max(whole)
    level, markings = states[end]
    return Scanned(
        level=level,
        markings=markings,
        end=ends[end],
        furthest=ends[max(reader.furthest, end)],
    )


def segments_of(pack: PolicyPack, *, short: bool) -> tuple[Segment, ...]:
    """Return the segments of marks or, short, of portion marks."""
    grammar = pack.marking
    return grammar.portion.segments if short and grammar.portion else grammar.segments


@lru_cache(maxsize=4096)
def written_values(
    pack: PolicyPack, category_id: str, language: MarkLanguage, *, short: bool
) -> Mapping[str, str]:
    """Return how marks write each ``category:value`` of a category, in the pack's order."""
    return MappingProxyType(
        {
            f"{category_id}:{value.id}": (short and value.portion) or value.mark.text(language)
            for value in pack.category(category_id).values
            if value.mark is not None
        }
    )


def original_of(pack: PolicyPack, language: MarkLanguage) -> MarkLanguage:
    """Return the language in which a mark is really written: a gloss only follows the original."""
    original = pack.marking.original
    glossed = language is MarkLanguage.ZH and original is not MarkLanguage.ZH
    return original if glossed else language


def gloss_of(level: Level, pack: PolicyPack) -> str:
    """Return what follows the original in a Chinese mark: ``(北约 第二级)``."""
    return level.mark.zh.removeprefix(level.mark.text(pack.marking.original))


def starts_with_gloss(text: str, pack: PolicyPack) -> bool:
    """Whether a text begins with the gloss of any level of a pack whose original is not Chinese."""
    folded = _piece(text.lstrip())
    glosses = [_piece(gloss_of(level, pack)).lstrip() for level in pack.levels]
    return any(gloss and folded.startswith(gloss) for gloss in glosses)


def required_in(pack: PolicyPack, *, short: bool) -> frozenset[str]:
    """Return the printed categories of which a mark must say a value."""
    return frozenset(
        part.category
        for segment in segments_of(pack, short=short)
        if isinstance(segment, ValuesSegment)
        for part in segment.parts
        if pack.category(part.category).least > 0
    )


class _Reader:
    """One text, and how far anything in it was known."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.furthest = 0

    def levels(self, names: _Trie, states: _States) -> _States:
        """Return where a level may end."""
        found: _States = {}
        for start, state in states.items():
            for end, level in self._ends(names, start):
                if not level.says & state.markings:
                    self.furthest = max(self.furthest, end)
                    found.setdefault(end, _State(level, state.markings | level.says))
        return found

    def values(self, step: _Values, states: _States) -> _States:
        """Return where a segment of values may end; it may be missing."""
        fresh = self._after(step.before, states)
        written: _States = {}
        for part in step.parts:
            starts = {**self._after(step.between, written), **fresh}
            for end, state in self._part(part, starts).items():
                written.setdefault(end, state)
        return {**states, **written}

    def glosses(self, states: _States, pack: PolicyPack) -> _States:
        """Return where the gloss of the level ends."""
        found: _States = {}
        for start, state in states.items():
            spaced = start + self._text[start : start + 1].count(" ")
            end = self._literal(_piece(gloss_of(state.level, pack)).lstrip(), spaced)
            if end is not None:
                found.setdefault(end, state)
        return found

    def _part(self, part: _Part, starts: _States) -> _States:
        expected = self._after(part.before, starts)
        pending = list(expected.items())
        ended: _States = {}
        while pending:
            start, state = pending.pop()
            for end, marking in self._ends(part.values, start):
                if end in ended or marking in state.markings:
                    continue
                self.furthest = max(self.furthest, end)
                ended[end] = _State(state.level, state.markings | {marking})
                following = self._literal(part.between, end)
                if following is not None and following not in expected:
                    expected[following] = ended[end]
                    pending.append((following, ended[end]))
        return self._after(part.after, ended)

    def _after(self, literal: str, states: _States) -> _States:
        found: _States = {}
        for start, state in states.items():
            end = self._literal(literal, start)
            if end is not None:
                found.setdefault(end, state)
        return found

    def _literal(self, literal: str, at: int) -> int | None:
        # At either end of the text the spaces of a separator are not written.
        wanted = literal.lstrip() if at == 0 else literal
        if self._text.startswith(wanted, at):
            self.furthest = max(self.furthest, at + len(wanted))
            return at + len(wanted)
        for k, letter in enumerate(wanted):
            if at == len(self._text):
                return at if wanted[k:].isspace() else None
            at = self._over_space(wanted[k - 1] if k else "", letter, at)
            if self._text[at] != letter:
                return None
            at += 1
            if not letter.isalnum():
                self.furthest = max(self.furthest, at)
        self.furthest = max(self.furthest, at)
        return at

    def _ends(self, trie: _Trie, at: int) -> list[tuple[int, Any]]:
        """Return where something of the trie ends, the longest first."""
        found = []
        before = ""
        while True:
            if "" in trie:
                found.append((at, trie[""]))
            if at == len(self._text):
                break
            if self._text[at] not in trie:
                at = self._over_space(before, "", at)
            before = self._text[at]
            if before not in trie:
                break
            trie = trie[before]
            at += 1
        return found[::-1]

    def _over_space(self, before: str, letter: str, at: int) -> int:
        # `机 密` is `机密`: a space between two Chinese characters does not count.
        spaced = self._text[at] == " " != letter and _CJK.match(before)
        return at + 1 if spaced and _CJK.match(self._text, at + 1) else at


def _says_all(state: _State, required: frozenset[str]) -> bool:
    said = {marking.partition(":")[0] for marking in state.markings}
    return required <= said


@lru_cache(maxsize=128)
def _plan(pack: PolicyPack, language: MarkLanguage, *, short: bool) -> _Plan:
    inside = original_of(pack, language)
    steps: list[_Trie | _Values] = []
    for segment in segments_of(pack, short=short):
        if isinstance(segment, LevelSegment):
            names = (
                (name, level)
                for level in pack.levels
                for name in _names(level, pack, inside, short=short)
            )
            steps.append(_trie(names))
        elif isinstance(segment, ValuesSegment):
            steps.append(_values(segment, pack, inside, short=short))
    return _Plan(tuple(steps), required_in(pack, short=short), inside is not language)


def _names(
    level: Level, pack: PolicyPack, language: MarkLanguage, *, short: bool
) -> tuple[str, ...]:
    if short:
        return (level.portion or level.mark.text(language),)
    aliases = level.aliases if language is pack.marking.original else ()
    return (level.mark.text(language), *aliases)


def _values(
    segment: ValuesSegment, pack: PolicyPack, language: MarkLanguage, *, short: bool
) -> _Values:
    return _Values(
        _piece(segment.before.text(language)),
        _piece(segment.between.text(language)),
        tuple(
            _Part(
                _piece(part.before.text(language)),
                _piece(part.between.text(language)),
                _piece(part.after.text(language)),
                _trie(
                    (written, marking)
                    for marking, written in written_values(
                        pack, part.category, language, short=short
                    ).items()
                ),
            )
            for part in segment.parts
        ),
    )


def _trie(names: Iterable[tuple[str, object]]) -> _Trie:
    root: _Trie = {}
    for name, meaning in names:
        node = root
        for letter in _piece(name):
            node = node.setdefault(letter, {})
        node.setdefault("", meaning)
    return root


def _piece(text: str) -> str:
    """Return a piece of the grammar as it is compared."""
    return _CJK_SPACE.sub("", _fold(text)[0])


def _fold(text: str) -> tuple[str, Sequence[int]]:
    """Return the text as it is compared, and for each of its places the place in the text."""
    if text.isascii() and text == " ".join(text.split()):
        return text, range(len(text) + 1)
    folded: list[str] = []
    ends = [0]
    for place, letter in enumerate(text, 1):
        if letter.isspace():
            if folded and folded[-1] == " ":
                ends[-1] = place
                continue
            written = " "
        else:
            written = _BRACKETS.get(letter) or _bare(letter)
        folded.append(written)
        ends.append(place)
    return "".join(folded), ends


def _bare(letter: str) -> str:
    if letter.isascii():
        return letter
    bare = unicodedata.normalize("NFD", letter)[0]
    return bare if bare.isascii() else letter
