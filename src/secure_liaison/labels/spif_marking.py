"""Phrases and qualifiers of a SPIF as marks and their grammar.

Rules:

- A pack has one mark, printed wherever a mark stands; of several places in a SPIF the first of
  page top, page top and bottom, document start, page bottom, document end is taken.
- A phrase replaces the name; ``noMarkingDisplay`` prints nothing. English (or no language) and
  French are carried over. Everything else is reported once for each code or language.
- In Chinese the original stands first, then policy and position from the top in brackets.

Source: docs/spec/foreign-labels.md §1; docs/spec/labels.md §7.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from secure_liaison.labels.import_report import ImportReport
    from secure_liaison.labels.spif_plan import Plan, PlannedLevel, PlannedTag, PlannedValue
    from secure_liaison.labels.spif_policy import Phrase, Qualifier

__all__ = ["Marks", "gloss"]

_PLACES: Final = ("pageTop", "pageTopBottom", "documentStart", "pageBottom", "documentEnd")
_NO_NAME: Final = "noNameDisplay"
_NOT_PRINTED: Final = "noMarkingDisplay"
_NUMERALS: Final = "一二三四五六七八九十"
_LONGEST_GLOSS: Final = 24


class Marks:
    """Marks of one policy; keeps count of what is not carried over."""

    def __init__(self, plan: Plan, report: ImportReport) -> None:
        """Take the plan whose parts are marked."""
        self._plan = plan
        self._report = report
        self._codes: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._french = False
        self._values: list[tuple[str, PlannedValue, dict[str, str]]] = []

    def of_level(self, level: PlannedLevel, policy: str) -> dict[str, str]:
        """Return a level's mark; its name where no phrase is for printing."""
        mark = self._texts(level.source.phrases, level.source.name)
        if mark is None:
            self._report.warn("level-printed", line=level.source.line, place=level.source.place)
            mark = {"en": level.source.name}
        return {**mark, "zh": f"{mark['en']}({gloss(level, policy)})"}

    def of_value(self, tag: PlannedTag, value: PlannedValue) -> dict[str, str] | None:
        """Return a value's mark, or none where it is not printed."""
        mark = self._texts(value.source.phrases, value.source.name)
        if mark is None:
            return None
        self._values.append((tag.id, value, mark))
        return {**mark, "zh": mark["en"]}

    def grammar(self) -> dict[str, Any]:
        """Return the grammar of the marks; call it last."""
        segments: list[Any] = [{"segment": "level"}]
        segments += [self._segment(tag) for tag in self._plan.tags]
        self._tell_alike(segments[1:])
        for code, times in sorted(self._codes.items()):
            self._report.warn("code-not-carried", value=code, times=times)
        for language, times in sorted(self._languages.items()):
            self._report.warn("language-not-carried", value=language, times=times)
        return {
            "original": "en",
            "languages": ["zh", "en", "fr"] if self._french else ["zh", "en"],
            "period": "none",
            "segments": segments,
            "portion": None,
        }

    def _tell_alike(self, segments: list[Any]) -> None:
        """Warn where two values are printed alike behind the same prefix."""
        parts = {part["category"]: part for segment in segments for part in segment["parts"]}
        seen: dict[tuple[str, str, str], str] = {}
        for category, value, mark in self._values:
            for language in ("en", "fr"):
                text = mark.get(language, mark["en"])
                key = language, parts[category]["before"][language], text
                marking = f"{category}:{value.id}"
                if seen.setdefault(key, marking) != marking:
                    self._report.warn(
                        "mark-ambiguous",
                        line=value.source.line,
                        place=value.source.place,
                        value=text,
                    )
                    break

    def _segment(self, tag: PlannedTag) -> dict[str, Any]:
        qualifiers = tag.source.qualifiers
        part = {
            "category": tag.id,
            "before": self._piece(qualifiers, "prefix", ""),
            "between": self._piece(qualifiers, "separator", " "),
            "after": self._piece(qualifiers, "suffix", ""),
        }
        return {"segment": "values", "before": " ", "between": " ", "parts": [part]}

    def _piece(self, qualifiers: tuple[Qualifier, ...], kind: str, usual: str) -> dict[str, str]:
        found: dict[str, dict[str, str]] = {"en": {}, "fr": {}}
        for each in qualifiers:
            if each.kind != kind:
                continue
            if each.code and each.code not in _PLACES:
                self._codes[each.code] += 1
                continue
            language = self._language(each.language)
            if language:
                found[language].setdefault(each.code, each.text)
        english = self._first(found["en"], kind)
        piece = usual if english is None else english
        french = self._first(found["fr"], kind)
        return {"zh": piece, "en": piece, "fr": piece if french is None else french}

    def _texts(self, phrases: tuple[Phrase, ...], name: str) -> dict[str, str] | None:
        found: dict[str, dict[str, str]] = {"en": {}, "fr": {}}
        hidden = False
        for each in phrases:
            hidden = hidden or _NOT_PRINTED in each.codes
            places = each.codes & set(_PLACES)
            self._codes.update(each.codes - places - {_NO_NAME, _NOT_PRINTED})
            language = self._language(each.language)
            if not language or not each.text or _NOT_PRINTED in each.codes:
                continue
            if places or not each.codes - {_NO_NAME}:
                for place in places or {""}:
                    found[language].setdefault(place, each.text)
        english, french = self._first(found["en"], name), self._first(found["fr"], name)
        if english is None and hidden:
            return None
        mark = {"en": english or name}
        if french:
            self._french = True
            mark["fr"] = french
        return mark

    def _first(self, by_place: dict[str, str], name: str) -> str | None:
        if len(set(by_place.values())) > 1:
            self._report.warn("phrase-differs", place=name, value=", ".join(by_place.values()))
        return next((by_place[place] for place in (*_PLACES, "") if place in by_place), None)

    def _language(self, written: str) -> str:
        language = written.casefold().partition("-")[0]
        if language in {"", "en"}:
            return "en"
        if language == "fr":
            return "fr"
        self._languages[written] += 1
        return ""


def gloss(level: PlannedLevel, policy: str) -> str:
    """Return what a Chinese mark says of a foreign level: policy and position from the top."""
    short = "".join(mark for mark in policy if mark not in "()（）")[:_LONGEST_GLOSS].strip()
    number = level.position
    position = _NUMERALS[number - 1] if number <= len(_NUMERALS) else str(number)
    return f"{short} 第{position}级"
