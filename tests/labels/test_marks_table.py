"""Every row of `tests/policy/marks.toml`, which a security officer can read and extend."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language, cause
from secure_liaison.labels.marking import ParsedMark, parse_mark, write_mark
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
    return Period(form=PeriodForm[row["form"].upper()], value=row["value"])


@pytest.mark.parametrize("row", READ, ids=name)
def test_mark_is_read(row: dict[str, Any]) -> None:
    expected = ParsedMark(
        level=row["level"],
        period=period(row),
        exercise=row.get("exercise", False),
        older_practice=row.get("older", False),
        markings=frozenset(row.get("markings", [])),
    )
    assert parse_mark(row["text"], builtin_pack(row["pack"])) == expected


@pytest.mark.parametrize("row", REFUSED, ids=name)
def test_mark_is_refused_for_the_reason_given(row: dict[str, Any]) -> None:
    with pytest.raises(FormatError) as caught:
        parse_mark(row["text"], builtin_pack(row["pack"]))
    assert caught.value.reason == row["refused"]
    for language in Language:
        assert cause(caught.value, language)


@pytest.mark.parametrize("row", WRITTEN, ids=name)
def test_mark_is_written_so(row: dict[str, Any]) -> None:
    pack = builtin_pack(row["pack"])
    text = write_mark(
        pack,
        pack.level(row["level"]),
        period(row),
        language=MarkLanguage(row["writes"]),
        exercise=row.get("exercise", False),
        markings=frozenset(row.get("markings", [])),
    )
    assert text == row["text"]
