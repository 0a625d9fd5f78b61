"""The example of the page about combining is built from its tables and evaluated."""

from __future__ import annotations

import re
from pathlib import Path

from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label4774 import Clearance4774, Label4774
from secure_liaison.labels.lattice import join
from secure_liaison.labels.release import audience_of
from secure_liaison.labels.stanag4774 import write_back
from tests.labels import test_combining4774 as pairs
from tests.labels.access4774 import admits, clearance, dominant_by_rules_5_and_6
from tests.labels.pack4774 import DAY, KFOR_HOME, NATO_HOME, OWNER, PACK, label

PAGE = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "combining.md"
Rows = dict[str, dict[str, str]]


def tables() -> dict[tuple[str, ...], Rows]:
    """Return every table by its heading; each row by its first cell."""
    found: dict[tuple[str, ...], Rows] = {}
    for block in re.findall(r"(?:^\|.*\|\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        head, _, *rows = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
        ]
        found[tuple(head)] = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    return found


TABLES = tables()
LABELS = TABLES["Label", "Level", "Context", "Only"]
READERS = TABLES["Reader", "Context", "Only"]


def named(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def held(row: dict[str, str]) -> Clearance4774:
    return clearance("CONFIDENTIAL", Context=named(row["Context"]), Only=named(row["Only"]))


def markings(row: dict[str, str]) -> set[str]:
    return {
        f"{category.id}:{value.id}"
        for category in PACK.categories
        for value in category.values
        if category.tag in {"Context", "Only"} and value.names.en in named(row[category.tag])
    }


PARTS = {
    name: label(
        level=row["Level"].lower(),
        audience=audience_of(markings(row), PACK, owner=OWNER, day=DAY),
    )
    for name, row in LABELS.items()
}
WRITTEN = {name: write_back(part, PACK, native=False).label for name, part in PARTS.items()}
BOTH = join(PARTS["first"], PARTS["second"], PACK)


def answers(*labels: Label4774) -> dict[str, str]:
    """Say for each reader whether all these labels admit."""
    return {
        name: "yes" if all(admits(each, held(row)) for each in labels) else "no"
        for name, row in READERS.items()
    }


def column(head: tuple[str, ...], name: str) -> dict[str, str]:
    return {reader: row[name] for reader, row in TABLES[head].items()}


def test_who_may_read_what_is_as_the_page_says() -> None:
    head = ("Reader", "first", "second", "both")
    assert column(head, "first") == answers(WRITTEN["first"])
    assert column(head, "second") == answers(WRITTEN["second"])
    assert column(head, "both") == answers(*WRITTEN.values())


def test_the_published_rules_admit_whom_the_page_names() -> None:
    head = ("Reader", "May read both", "Admitted by the rules")
    dominant = dominant_by_rules_5_and_6(*WRITTEN.values())
    rules = TABLES["Category", "first", "second", "By the rules"]
    assert dominant.classification == rules["level"]["By the rules"]
    assert dominant.categories == ()
    assert {name for name in rules if "left out" in rules[name]["By the rules"]} == {
        "Context",
        "Only",
    }
    assert column(head, "Admitted by the rules") == answers(dominant)
    assert column(head, "May read both") == answers(*WRITTEN.values())


def test_what_is_written_here_admits_whom_the_page_names() -> None:
    head = ("Reader", "May read both", "Admitted as written")
    one = write_back(BOTH, PACK, native=False)
    said = {"level": one.label.classification} | {
        each.tag: ", ".join(each.values) for each in one.label.categories
    }
    assert said == {name: row["Written"] for name, row in TABLES["Category", "Written"].items()}
    assert one.narrowed == ()
    assert column(head, "Admitted as written") == answers(one.label)
    assert column(head, "May read both") == answers(*WRITTEN.values())


def test_the_groups_are_those_of_the_page() -> None:
    words = {
        "NATO": NATO_HOME,
        "KFOR": KFOR_HOME,
        "Ireland": "nation:IRL",
        "Sweden": "nation:SWE",
        "Ukraine": "nation:UKR",
    }

    def groups(text: str) -> Audience:
        return Audience.of(
            *([words[name] for name in named(group)] for group in re.findall(r"\{(.*?)\}", text))
        )

    for name, row in TABLES["Label", "Groups"].items():
        assert PARTS[name].audience == groups(row["Groups"])
    for row in TABLES["Step", "Groups"].values():
        assert BOTH.audience == groups(row["Groups"])


def test_the_counts_are_those_of_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    labels = len(pairs.every_label())
    couples, readers = labels * (labels - 1) // 2, len(pairs.READERS)
    counted = f"{labels} labels, {couples} pairs, and {readers} kinds of readers"
    assert counted in text
    assert f"the {couples * readers} questions" in text
    head = ("", "The published rules", "Here")
    ours, theirs = pairs.count_ours(), pairs.count_rules_5_and_6()
    wrongly = TABLES[head]["admitted and should not be"]
    assert wrongly["The published rules"] == str(theirs["leak"])
    assert wrongly["Here"] == str(ours["leak"])
    kept_out = TABLES[head]["kept out and should not be"]
    assert kept_out["The published rules"] == str(theirs["kept out"])
    assert kept_out["Here"] == str(ours["kept out"])
