"""Pages that people rely on say what they must say, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
ADRS = sorted((DOCS / "adr").glob("0*.md"))
SECTIONS = ("## Context", "## Options", "## Decision", "## Bad consequences, accepted")


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_a_decision_has_status_date_and_its_price(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^- Status: (proposed|accepted|superseded by \d{4})$", text, re.MULTILINE)
    assert re.search(r"^- Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert [section for section in SECTIONS if section not in text] == []


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))


def test_the_threat_model_gives_five_promises_and_two_columns_per_adversary() -> None:
    text = (DOCS / "threat-model.md").read_text(encoding="utf-8")
    adversaries = text.partition("## Adversaries")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d)\. ", text.partition("## What we rely on")[0], re.MULTILINE) == [
        "1",
        "2",
        "3",
        "4",
        "5",
    ]
    assert adversaries.count("\n### ") == adversaries.count("| Can | Cannot |") >= 10


def test_limitations_carry_a_date() -> None:
    text = (DOCS / "limitations.md").read_text(encoding="utf-8")
    assert re.search(r"^As of \d{4}-\d{2}-\d{2}", text, re.MULTILINE)


def test_a_word_of_the_glossary_stands_once_in_each_language() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE)
    words = [word for word, _ in rows if word not in {"English", "---"}]
    chinese = [word for _, word in rows if word not in {"中文", "---"}]
    assert len(words) > 60
    assert [word for word in words if words.count(word) > 1] == []
    assert [word for word in chinese if chinese.count(word) > 1] == []
