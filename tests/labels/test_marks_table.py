"""Every row of `tests/policy/marks.toml`, which a security officer can read and extend."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language, cause
from secure_liaison.labels.marking import (
    ParsedMark,
    parse_mark,
    parse_portion,
    write_mark,
    write_portion,
)
from secure_liaison.labels.naming import MarkLanguage
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm

TABLE = Path(__file__).parents[1] / "policy" / "marks.toml"
ROWS: list[dict[str, Any]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["mark"]
READ = [row for row in ROWS if "refused" not in row]
REFUSED = [row for row in ROWS if "refused" in row]
WRITTEN = [row for row in READ if "writes" in row]


def name(row: dict[str, Any]) -> str:
    return f"{row['pack']}: {row['text']}"


def period(row: dict[str, Any]) -> Period:
    return Period(form=PeriodForm[row.get("form", "open").upper()], value=row.get("value", ""))


def parsed(row: dict[str, Any]) -> ParsedMark:
    pack = builtin_pack(row["pack"])
    if row.get("portion"):
        return parse_portion(row["text"], pack)
    return parse_mark(row["text"], pack, provision=row.get("provision", ""))


@pytest.mark.parametrize("row", READ, ids=name)
def test_mark_is_read(row: dict[str, Any]) -> None:
    expected = ParsedMark(
        level=row["level"],
        period=period(row),
        exercise=row.get("exercise", False),
        older_practice=row.get("older", False),
        markings=frozenset(row.get("markings", [])),
    )
    assert parsed(row) == expected


@pytest.mark.parametrize("row", REFUSED, ids=name)
def test_mark_is_refused_for_the_reason_given(row: dict[str, Any]) -> None:
    with pytest.raises(FormatError) as caught:
        parsed(row)
    assert caught.value.reason == row["refused"]
    if "column" in row:
        assert caught.value.facts == {"column": row["column"]}
    for language in Language:
        assert cause(caught.value, language)


@pytest.mark.parametrize("row", WRITTEN, ids=name)
def test_mark_is_written_so(row: dict[str, Any]) -> None:
    pack = builtin_pack(row["pack"])
    level, markings = pack.level(row["level"]), frozenset(row.get("markings", []))
    if row.get("portion"):
        assert write_portion(pack, level, markings) == row["text"]
        return
    text = write_mark(
        pack,
        level,
        period(row),
        language=MarkLanguage(row["writes"]),
        exercise=row.get("exercise", False),
        markings=markings,
    )
    assert text == row["text"]
