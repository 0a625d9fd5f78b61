"""Notices of change on the command line: what both sides show, as lines and for programs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.cli.mark_page import banner_of, mark_as_data, mark_as_text
from secure_liaison.cli.surface import Surface
from secure_liaison.clock import Instant, SystemClock
from secure_liaison.i18n import Language
from secure_liaison.labels.case import Event
from secure_liaison.labels.in_force import InForce
from secure_liaison.labels.label import Successor
from secure_liaison.office import Office
from tests.cli.stage import Agency
from tests.cli.test_case import J, M, b, carry, determined
from tests.cli.test_desk import opened
from tests.labels.samples import jimi
from tests.simulator import Simulator

__all__ = ["b"]

L = "li.wei"


@pytest.fixture(autouse=True)
def relay(names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """Let all desks use one relay in memory."""
    simulator = Simulator(SystemClock())
    simulator.attach(monkeypatch)
    assert names
    return simulator


def held(b: Agency, folder: Path) -> tuple[str, str]:
    """Let m.rossi send the paper under its case, and li.wei collect it."""
    case = determined(b, folder)
    sent = b.desk(
        M,
        *("send", "--case", case, "--to", "li.wei@EMB-A", "--subject", "通报"),
        *("--text", folder / "paper.txt"),
    )
    assert "sent" == sent["state"]
    return case, str(sent["id"])


def decided(b: Agency, folder: Path, case: str, *act: str) -> None:
    """Let both officers do something to the label."""
    b.desk(M, "case", act[0], case, *act[1:])
    carry(b, folder, case, M, J)
    b.desk(J, "case", "approve", case)
    carry(b, folder, case, J, M)


def test_a_change_is_told_by_collecting_and_shown_on_both_sides(
    b: Agency, names: dict[str, Any]
) -> None:
    folder, a = names["tmp"], names["A"]
    case, digest = held(b, folder)
    a.desk(L, "collect")
    why = ("--reason", "nature-changed", "--why-period", "谈判提前结束")
    decided(b, folder, case, "change", "--period", "3年", *why)
    told = b.desk(M, "collect")
    assert ["changed"] == [each["event"] for each in told["notices"]]
    assert [] == b.desk(M, "collect")["notices"]
    a.desk(L, "collect")
    shown = a.try_desk(L, "inbox", "--lang", "zh").out
    assert "演练 EXERCISE · 秘密 5年（已划去） → 演练 EXERCISE · 秘密 3年（变更，" in shown
    (item,) = [each for each in a.desk(L, "inbox")["items"] if each["id"] == digest]
    (own,) = [each for each in b.desk(M, "sent")["items"] if each["id"] == digest]
    for each in (item, own):
        assert ("changed", False, None) == (
            each["label_event"],
            each["declassified"],
            each["successor"],
        )
        assert ["演练 EXERCISE · 秘密 5年"] == [mark["zh"] for mark in each["struck"]]
        assert "演练 EXERCISE · 秘密 3年" == each["mark"]["zh"]
    read = a.try_desk(L, "read", digest, "--show", "--lang", "en").out
    assert "(struck out) → " in read
    assert "(changed, since " in read
    assert read.startswith("演练 EXERCISE · 秘密 3年 | ")


def test_a_declassification_leaves_the_residual_mark(b: Agency, names: dict[str, Any]) -> None:
    folder, a = names["tmp"], names["A"]
    case, digest = held(b, folder)
    a.desk(L, "collect")
    decided(b, folder, case, "declassify", "--reason", "no-longer-needed")
    assert "notices of change made for holders: 1" in b.try_desk(M, "collect").err
    a.desk(L, "collect")
    for ran in (a.try_desk(L, "inbox"), b.try_desk(M, "sent")):
        assert "(struck out) → 「解密」 (declassified by decision, since " in ran.out
    (notice,) = [
        line for line in a.try_desk(L, "inbox").out.splitlines() if "notice of a change" in line
    ]
    assert f"Object concerned: {digest[:8]}" in a.try_desk(L, "read", notice[:8], "--show").out
    (item,) = [each for each in a.desk(L, "inbox")["items"] if each["id"] == digest]
    assert ("declassified", True) == (item["label_event"], item["declassified"])
    read = a.desk(L, "read", digest, "--show")
    assert ("演练 EXERCISE · 「解密」", True) == (read["banner"], read["declassified"])
    explained = a.try_desk(L, "policy", "explain", "--object", digest)
    assert "「解密」" in explained.out
    assert "no longer, secret" in explained.out
    findings = a.desk(L, "policy", "explain", "--object", digest)["findings"]
    assert "declassified" in {each["why"] for each in findings}


def test_an_object_is_explained_to_its_reader_and_to_nobody_else(
    b: Agency, names: dict[str, Any]
) -> None:
    folder, a = names["tmp"], names["A"]
    _, digest = held(b, folder)
    a.desk(L, "collect")
    told = a.desk(L, "policy", "explain", "--object", digest[:8])
    assert (digest, True, "open") == (told["id"], told["permitted"], told["action"])
    assert 3 == a.try_desk(L, "policy", "explain", "--object", "00").code


@pytest.mark.parametrize(
    "asked",
    [
        ("--label", "秘密★5年"),
        ("--as", "li.wei@EMB-A"),
        ("--object", "00", "--label", "秘密★5年", "--as", "li.wei@EMB-A"),
        ("--object", "00", "--action", "open"),
        (),
    ],
)
def test_explaining_takes_a_mark_or_an_object(b: Agency, asked: tuple[str, ...]) -> None:
    ran = b.try_desk(M, "policy", "explain", *asked)
    assert 2 == ran.code
    assert "--object alone" in ran.err


def test_a_case_that_does_not_verify_is_named_by_collecting(
    b: Agency, names: dict[str, Any]
) -> None:
    case, _ = held(b, names["tmp"])
    with opened(b, M) as office, office.transaction():
        office.vault.execute("DELETE FROM authority_records")
    assert f"no notice could be made for case {case[:8]}" in b.try_desk(M, "collect").err
    (refused,) = b.desk(M, "collect")["cases_refused"]
    assert {"case": case, "refusal": "bodies-missing"} == refused


def test_a_holder_who_cannot_be_told_is_named_by_collecting(
    b: Agency, names: dict[str, Any]
) -> None:
    folder, a = names["tmp"], names["A"]
    case, _ = held(b, folder)
    a.registry("withdraw", L)
    b.desk(M, "book", "import", a.sign("publish", "--out", folder, count=2)["book"])
    decided(b, folder, case, "declassify", "--reason", "no-longer-needed")
    assert "a holder could not be told" in b.try_desk(M, "collect").err


# --- what is rare, without a case -------------------------------------------------------------


@pytest.fixture
def office(names: dict[str, Any]) -> Any:
    with opened(names["A"], L) as found:
        yield found


LABEL, LATER = jimi(), Instant(1_900_000_000)
LOW = jimi(level="mimi")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.ZH, "；自 2030-03-17"),
        (Language.EN, "; from 2030-03-17"),
    ],
)
def test_a_successor_is_announced(office: Office, language: Language, text: str) -> None:
    follows = Successor(at=LATER, label=LOW)
    holds = InForce(label=replace(LABEL, successor=follows), judged=LABEL, successor=follows)
    line = mark_as_text(Surface(language), office, holds)
    assert text in line
    assert "秘密" in line.partition("2030")[2]
    data = mark_as_data(office, holds)
    assert ("2030-03-17T17:46:40Z", "演练 EXERCISE · 秘密 10年") == (
        data["successor"]["at"],
        data["successor"]["mark"]["zh"],
    )


@pytest.mark.parametrize(
    ("language", "text"), [(Language.ZH, "非密（"), (Language.EN, "not secret (found not secret, ")]
)
def test_what_never_was_determined_has_no_residual_mark(
    office: Office, language: Language, text: str
) -> None:
    holds = InForce(label=None, judged=LABEL, event=Event.UNCLASSIFIED, since=LATER)
    surface = Surface(language)
    assert mark_as_text(surface, office, holds).startswith(text)
    assert banner_of(surface, office, holds).startswith("演练 EXERCISE · ")
    assert "解密" not in banner_of(surface, office, holds)
