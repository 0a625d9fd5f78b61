"""The written forms of a period in a mark, in Chinese and English, and back.

Rules:

- Chinese: ``10年``, ``6个月``, ``2027年3月1日``, a condition's own words, ``长期``; digits may be
  full-width, numbers may be Chinese, spaces inside do not count.
- English: ``10Y``, ``6M``, ``until 2027-03-01``, ``until: a condition's own words``,
  ``open-ended``.
- What is written is the short form only; reading gives the value without its start.

Source: docs/spec/labels.md §7; labels report §2.3; 保密法实施条例(2024) 第二十一条.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, assert_never

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.period import Period, PeriodForm

__all__ = ["read_term", "write_term"]

_OPEN: Final = {Language.ZH: "长期", Language.EN: "open-ended"}
_NUMERAL: Final = "[0-9]{1,4}|[〇零一二两三四五六七八九十百]{1,5}"
_ZH_DURATION: Final = re.compile(rf"({_NUMERAL})(年|个月|個月)")
_ZH_MOMENT: Final = re.compile(rf"({_NUMERAL})年({_NUMERAL})月({_NUMERAL})日")
_EN_DURATION: Final = re.compile(r"[1-9][0-9]{0,2}[YM]")
_DIGITS: Final = {mark: number for number, mark in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "两": 2,
}
_LONGEST: Final = 999


def write_term(period: Period, language: Language) -> str:
    """Return the period as a mark shows it."""
    match period.form:
        case PeriodForm.DURATION:
            number, unit = period.value[1:-1], period.value[-1]
            if language is Language.EN:
                return number + unit
            return number + ("年" if unit == "Y" else "个月")
        case PeriodForm.MOMENT:
            if language is Language.EN:
                return f"until {period.value}"
            year, month, day = (int(part) for part in period.value.split("-"))
            return f"{year}年{month}月{day}日"
        case PeriodForm.CONDITION:
            return period.value if language is Language.ZH else f"until: {period.value}"
        case PeriodForm.OPEN:
            return _OPEN[language]
        case _:
            assert_never(period.form)


def read_term(text: str, language: Language) -> Period:
    """Read the written form of a period.

    Raises:
        FormatError: ``mark-period``, or what the constructor of `Period` raises.
    """
    match language:
        case Language.ZH:
            return _read_chinese(text.strip())
        case Language.EN:
            return _read_english(text.strip())
        case _:
            assert_never(language)


def _read_chinese(text: str) -> Period:
    compact = "".join(unicodedata.normalize("NFKC", text).split())
    if compact in {"长期", "長期"}:
        return Period(form=PeriodForm.OPEN, value="")
    if duration := _ZH_DURATION.fullmatch(compact):
        number = _number(duration[1])
        if not 1 <= number <= _LONGEST:
            raise FormatError("mark-period")
        unit = "Y" if duration[2] == "年" else "M"
        return Period(form=PeriodForm.DURATION, value=f"P{number}{unit}")
    if moment := _ZH_MOMENT.fullmatch(compact):
        year, month, day = (_number(part) for part in moment.groups())
        return Period(form=PeriodForm.MOMENT, value=f"{year:04}-{month:02}-{day:02}")
    return Period(form=PeriodForm.CONDITION, value=text)


def _read_english(text: str) -> Period:
    if text == _OPEN[Language.EN]:
        return Period(form=PeriodForm.OPEN, value="")
    if _EN_DURATION.fullmatch(text):
        return Period(form=PeriodForm.DURATION, value=f"P{text}")
    if text.startswith("until: "):
        return Period(form=PeriodForm.CONDITION, value=text.removeprefix("until: ").strip())
    if text.startswith("until "):
        return Period(form=PeriodForm.MOMENT, value=text.removeprefix("until "))
    raise FormatError("mark-period")


def _number(text: str) -> int:
    if text.isascii():
        return int(text)
    if not {"十", "百"} & set(text):
        # Digit by digit, as years are written: 二〇二七.
        return int("".join(str(_DIGITS[mark]) for mark in text))
    total = 0
    digit: int | None = None
    for mark in text:
        if mark in "十百":
            # A bare 十 is ten; a bare or late 百 and a second digit in a row are no number.
            if (mark == "百" and (digit is None or total)) or total % 100:
                raise FormatError("mark-period")
            total += (1 if digit is None else digit) * (10 if mark == "十" else 100)
            digit = None
        elif digit:
            raise FormatError("mark-period")
        else:
            digit = _DIGITS[mark]
    return total + (digit or 0)
