"""Periods that name no end: ``几年``, ``若干年``, ``10年左右``, ``for a long time``.

Rules:

- Only a text that is vague as a whole is: ``会议结束后三个月`` names an event, and whether an
  event has happened can be checked.
- What is neither a length nor a date nor an event would bind for ever without anybody having
  decided so.

Source: docs/spec/labels.md §4; 保守国家秘密法(2024) 第二十条.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["is_vague"]

_ABOUT: Final = (
    "大约|大概|约|近|将近|接近|超过|至少|不少于|不低于|最少|最多|不超过|至多|暂定|暂|未来|今后|往后|"
    "再|满|为期|保密|大約|將近|接近|超過|不超過|暫定|未來|今後|往後|滿|為期"
)
_NUMBER: Final = "[0-9〇零一二两三四五六七八九十百千兩]"
_SOME: Final = "好几|几|好幾|幾|若干|数|數|多|好多|许多|許多|很多|半|余|餘|来|來"
_UNIT: Final = (
    "世纪|世紀|年代|年度|周年|週年|年|个月|個月|月份|月|季度|季|星期|礼拜|禮拜|周|週|天|日|"
    "小时|小時|时|時|辈子|輩子|段时间|段時間"
)
_AROUND: Final = (
    "左右|上下|以上|以下|以内|以內|之内|之內|之后|之後|以后|以後|"
    "内|內|后|後|多|余|餘|不等|为止|為止|有余"
)
_CHINESE: Final = re.compile(
    rf"(?:{_ABOUT})*(?:{_SOME}|{_NUMBER})+(?:个|個)?(?:{_SOME})?(?:{_UNIT})(?:{_SOME}|半)?(?:{_AROUND})*"
)
_FOR_EVER: Final = re.compile(
    r"(?:(?:较|很|相当|較|相當|比较|比較)?长(?:时间|时期|久|期间)?|(?:较|很|相当|較|相當)?長(?:時間|時期|久|期間)?"
    r"|长期|長期|短期|中期|近期|远期|遠期|(?:一|某)?(?:段|定)(?:时间|時間|时期|時期|期限|期间|期間)"
    r"|永久|永远|永遠|终身|終身|无限期|無限期|不限期|不限|不定期|不定|无期限|無期限|待定|未定|另定|另行通知"
    r"|另行确定|另行確定|视情况|視情況|视情|酌情|必要时|必要時|适时|適時|到时|屆時|届时|以后|以後|将来|將來)"
    r"(?:保密|有效|内|內|后|後)*"
)
_ENGLISH: Final = re.compile(
    r"(?:for )?"
    r"(?:about |around |approximately |roughly |at least |at most |up to |the next |over )*"
    r"(?:(?:an?|the|some|several|few|many|long|short|certain|considerable|indefinite|number|of"
    r"|[0-9]+|or|so|more|couple) )*"
    r"(?:years?|months?|weeks?|days?|decades?|time|while|period)(?: or so| or more)?"
    r"|forever|for ever|indefinitely|permanently|tbd|to be determined|later|soon"
    r"|(?:until )?further notice",
    re.IGNORECASE,
)


def is_vague(text: str) -> bool:
    """Whether a text names neither a length, nor a date, nor an event; at most 200 characters."""
    folded = unicodedata.normalize("NFKC", text)
    compact = "".join(folded.split()).strip("，。、,.;；()（）")
    return bool(
        _CHINESE.fullmatch(compact)
        or _FOR_EVER.fullmatch(compact)
        or _ENGLISH.fullmatch(" ".join(folded.split()).strip(" .,;"))
    )
