"""Cases on the command line: derived labels, what does not verify, holders who cannot be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.cli.case_page import duty_as_line, name_of
from secure_liaison.cli.surface import Surface
from secure_liaison.clock import SystemClock
from secure_liaison.i18n import Language
from secure_liaison.identity.ids import AgencyId
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label, encode_label
from secure_liaison.labels.lifecycle import Deadline, Duty, DutyKind
from secure_liaison.labels.period import Period
from secure_liaison.workflows.authorising import agency_leaf
from tests.cli.running import done, run
from tests.cli.stage import Agency
from tests.cli.test_desk import opened
from tests.labels.test_agreement_terms import terms_file
from tests.labels.test_catalogue import catalogue_file, entry
from tests.simulator import Simulator

LABEL = ("--level", "秘密", "--period", "5年", "--agency", "EMB-A")
M, J = "m.rossi", "j.okafor"


@pytest.fixture
def b(names: dict[str, Any]) -> Agency:
    """EMB-B, its desks ready to determine."""
    agency: Agency = names["B"]
    folder, day = names["tmp"], names["day"]
    agency.sign("bodies", names["bodies"], "--out", folder / "bodies", count=2)
    agency.sign(
        *("designate", J, "--level", "秘密", "--since", day, "--trained", day),
        *("--until", "2030-01-01", "--out", folder / "designation"),
        count=2,
    )
    for login in (M, J):
        agency.desk(login, "case", "authority", folder / "bodies", folder / "designation")
    return agency


def carry(agency: Agency, folder: Path, case: str, giver: str, taker: str) -> None:
    """Carry a case from one desk to the other."""
    file = folder / f"{len(list(folder.iterdir()))}.case"
    agency.desk(giver, "case", "export", case, file)
    agency.desk(taker, "case", "import", file)


def determined(agency: Agency, folder: Path, *extra: str) -> str:
    """Let m.rossi propose and j.okafor approve; returns the id."""
    paper = folder / "paper.txt"
    paper.write_bytes(b"the paper")
    case = str(agency.desk(M, "case", "new", paper)["case"])
    agency.desk(M, "case", "propose", case, *LABEL, *extra)
    carry(agency, folder, case, M, J)
    told = agency.desk(J, "case", "approve", case)
    assert "determined" == told["state"]
    carry(agency, folder, case, J, M)
    return case


def test_a_derived_label_follows_a_case_of_the_desk(b: Agency, names: dict[str, Any]) -> None:
    folder = names["tmp"]
    case = determined(b, folder)
    other = folder / "summary.txt"
    other.write_bytes(b"a summary")
    derived = b.desk(M, "case", "new", other)["case"]
    asked = ("case", "propose", derived, *LABEL, "--reason", "same-as-source", "--source")
    assert 1 == b.try_desk(M, *asked, "nothing").code
    assert 1 == b.try_desk(M, *asked, derived).code
    asked_less = ("case", "propose", derived, "--reason", "same-as-source", "--source", case)
    told = b.desk(M, *asked_less)
    assert b.desk(M, "case", "show", case)["ends"] == _ends_after_approval(b, folder, derived)
    assert ("proposed", "derived") == (told["state"], told["pending"]["purpose"])


def _ends_after_approval(b: Agency, folder: Path, case: str) -> str:
    carry(b, folder, case, M, J)
    return str(b.desk(J, "case", "approve", case)["ends"])


def test_an_assertion_names_a_label_or_none(b: Agency, names: dict[str, Any]) -> None:
    case = determined(b, names["tmp"])
    asked = ("case", "assert", case, "--reason", "已公开")
    assert 2 == b.try_desk(J, *asked).code
    assert 2 == b.try_desk(J, *asked, "--not-secret", "--level", "秘密").code
    assert "disputed" == b.desk(J, *asked, "--not-secret")["state"]


def test_a_publication_ends_a_label_like_any_other_decision(
    b: Agency, names: dict[str, Any]
) -> None:
    folder = names["tmp"]
    case = determined(b, folder)
    b.desk(M, "case", "declassify", case, "--published", "--reason", "published")
    carry(b, folder, case, M, J)
    told = b.desk(J, "case", "approve", case)
    assert ("declassified", "residual", "解密") == (
        told["state"],
        told["mark_state"],
        told["mark"]["zh"],
    )
    assert 1 == len(told["struck"]["zh"])
    assert "已划去" in b.try_desk(J, "case", "show", case, "--lang", "zh").out


def test_a_case_that_does_not_verify_is_listed_with_the_reason(
    b: Agency, names: dict[str, Any]
) -> None:
    case = determined(b, names["tmp"])
    with opened(b, M) as office, office.transaction():
        office.vault.execute("DELETE FROM authority_records")
    assert "does not verify now" in b.try_desk(M, "case", "list").out
    assert "does not verify now" in b.try_desk(M, "case", "worklist").out
    (told,) = b.desk(M, "case", "list")["cases"]
    assert (case, "bodies-missing") == (told["case"], told["refusal"])


def test_a_holder_who_may_not_have_it_any_more_is_named(b: Agency, names: dict[str, Any]) -> None:
    folder, a = names["tmp"], names["A"]
    case = determined(b, folder)
    b.desk(
        M,
        *("send", "--case", case, "--to", "li.wei@EMB-A", "--subject", "通报"),
        *("--text", folder / "paper.txt"),
    )
    b.desk(J, "case", "declassify", case, "--reason", "no-longer-needed")
    carry(b, folder, case, J, M)
    a.registry("withdraw", "li.wei")
    book = a.sign("publish", "--out", folder, count=2)["book"]
    b.desk(M, "book", "import", book)
    told = b.try_desk(M, "case", "notify", case)
    assert "no notice is to be made" in told.out
    asked = ("case", "assert", case, "--not-secret", "--reason", "已公开")
    b.desk(M, *asked)
    told = b.try_desk(M, "case", "notify", case)
    assert "not told yet" in told.out
    assert "could not be told" in told.err


def test_every_holder_told_is_nothing_outstanding(b: Agency, names: dict[str, Any]) -> None:
    case = determined(b, names["tmp"])
    assert "every holder has signed" in b.try_desk(M, "case", "outstanding", case).out


def test_names_and_duties_that_are_incomplete_are_shown_as_they_are(b: Agency) -> None:
    with opened(b, M) as office:
        assert "officer:" + "00" * 16 == name_of(office, "officer:" + "00" * 16)
        duty = Duty(
            case=bytes(16),
            kind=DutyKind.REPORT,
            body="agency:00",
            person="",
            due=None,
            deadline=Deadline.UNKNOWN,
            year_missing=2031,
        )
        line = duty_as_line(Surface(Language.EN), office, duty)
    assert "agency:00" in line
    assert "the calendar lacks 2031" in line


def test_a_catalogue_is_shown_with_how_it_is_cited(tmp_path: Path) -> None:
    file = tmp_path / "items.json"
    file.write_bytes(catalogue_file())
    shown = run("catalogue", "show", file, "--lang", "en").out
    assert "exercise.items@2026-01-01#12.3  Plan for talks" in shown
    assert "exercise.items@2026-01-01#13.1  Plan for talks  not secret" in shown
    told = done("catalogue", "show", file)
    assert [["duration", "P10Y"], None] == [each["period"] for each in told["entries"]]


def test_a_calendar_file_is_used_where_it_is_named(b: Agency, tmp_path: Path) -> None:
    file = tmp_path / "days.json"
    file.write_bytes(b"{}")
    assert 4 == run("calendar", "show", file).code
    assert 4 == b.try_desk(M, "case", "worklist", "--calendar", file).code


def compared(names: dict[str, Any]) -> None:
    """Let both agencies sign an agreement that compares a level; both books go to EMB-B."""
    a, b, folder = names["A"], names["B"], names["tmp"]
    terms = folder / "terms.json"
    compares = {
        "from_policy": "generic",
        "from_level": "confidential",
        "article": "5.1",
        "to_policy": "cn.state-secrets",
        "to_level": "mimi",
        "from": "2026-01-01",
        "to": None,
    }
    terms.write_text(json.dumps(terms_file(equivalences=[compares])), encoding="utf-8")
    proposal, signed = folder / "held.proposal", folder / "held.agreement"
    a.sign(
        *("agreement", "propose", b.anchor, "--digits", b.digits),
        *("--name", "agr:held", "--terms", terms, "--out", proposal),
    )
    b.sign("agreement", "countersign", proposal, "--out", signed)
    for agency in (a, b):
        agency.registry("agreement", "adopt", signed)
        book = agency.sign("publish", "--out", folder, count=2)["book"]
        for login in (M, J):
            b.desk(login, "book", "import", book)


def theirs_in(names: dict[str, Any], level: str) -> Path:
    """Write a label of EMB-A under its own policy to a file."""
    with opened(names["B"], M) as office:
        home = agency_leaf(office.directory.agency_by_code("EMB-A").agency_id)
        ours, now = agency_leaf(office.agency), office.clock.now()
    label = Label(
        policy="generic@2024-09-01",
        level=level,
        audience=Audience.of([home, ours]),
        owner=home,
        created=now,
        period=Period.of_years(5, start=now),
    )
    file: Path = names["tmp"] / f"{level}.label"
    file.write_bytes(encode_label(label))
    return file


def test_a_partners_paper_is_held_under_its_label_and_ours(
    b: Agency, names: dict[str, Any]
) -> None:
    folder = names["tmp"]
    compared(names)
    paper = folder / "theirs.txt"
    paper.write_bytes(b"their paper")
    asked = ("case", "foreign", paper, "--from", "EMB-A", "--label")
    assert 2 == b.try_desk(M, "case", "foreign", paper).code
    assert 2 == b.try_desk(M, *asked, theirs_in(names, "secret"), "--object", "5f").code
    refused = b.try_desk(M, *asked, theirs_in(names, "secret"))
    assert (1, True) == (refused.code, "agr:held" in refused.err)
    told = b.desk(M, *asked, theirs_in(names, "confidential"))
    assert ("proposed", "foreign") == (told["state"], told["pending"]["purpose"])
    case = told["case"]
    carry(b, folder, case, M, J)
    told = b.desk(J, "case", "approve", case)
    assert "foreign" == told["determination"]["kind"]
    original, _, own = told["mark"]["zh"].partition(" / ")
    assert "CONFIDENTIAL" in original
    assert "秘密" in own
    carry(b, folder, case, J, M)
    sent = ("send", "--case", case, "--to", f"{J}@EMB-B", "--subject", "转", "--attach", paper)
    assert b.desk(M, *sent)
    low = ("case", "declassify", case, "--reason", "no-longer-needed")
    assert "case-without-consent" in b.try_desk(M, *low, "--json").out
    told = b.desk(M, *low, "--consent", "note 17")
    assert "declassify" == told["pending"]["purpose"]


def test_an_object_is_held_by_its_reference(b: Agency) -> None:
    assert 3 == b.try_desk(M, "case", "foreign", "--object", "5f2a").code


def test_an_item_of_an_adopted_catalogue_is_proposed_by_its_id(
    b: Agency, names: dict[str, Any]
) -> None:
    folder = names["tmp"]
    items, signed = folder / "items.json", folder / "items.authority"
    mimi = entry(level="mimi", period={"form": "duration", "value": "P5Y"})
    items.write_bytes(catalogue_file(mimi, entry("13.1", level=None, period=None)))
    paper = folder / "plan.txt"
    paper.write_bytes(b"the plan")
    case = b.desk(M, "case", "new", paper)["case"]
    asked = ("case", "propose", case, "--item")
    assert "no catalogue" in b.try_desk(M, *asked, "12.3").err.lower()
    b.sign("catalogue", items, "--out", signed, count=2)
    for login in (M, J):
        assert "a catalogue of items" in b.try_desk(login, "case", "authority", signed).out
    unknown = b.try_desk(M, *asked, "12.4")
    assert (1, True) == (unknown.code, "12.3 会谈预案" in unknown.err)
    assert (
        "case-departs-from-catalogue"
        in b.try_desk(M, *asked, "12.3", "--period", "1年", "--json").out
    )
    assert "proposed" == b.desk(M, *asked, "12.3")["state"]
    carry(b, folder, case, M, J)
    waits = b.desk(J, "case", "show", case)["pending"]
    assert ("exercise.items@2026-01-01#12.3", True) == (
        waits["catalogue"],
        "秘密 5年" in waits["mark"]["zh"],
    )
    assert waits["audience"]
    page = b.try_desk(J, "case", "show", case).out
    for shown in ("item: exercise.items@2026-01-01#12.3", "readers must be one of: ", "waiting: "):
        assert shown in page
    told = b.desk(J, "case", "approve", case)
    assert "exercise.items@2026-01-01#12.3" == told["determination"]["catalogue"]
    assert "秘密 5年" in told["mark"]["zh"]
    other = b.desk(M, "case", "new", names["bodies"])["case"]
    told = b.desk(M, "case", "propose", other, "--item", "13.1")
    assert ("proposed", "original") == (told["state"], told["pending"]["purpose"])


def test_a_case_travels_in_an_object(
    b: Agency, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Simulator(SystemClock())
    relay.attach(monkeypatch)
    for each in (names["A"], b):
        snapshot = Path(each.told["snapshot"]).read_bytes()
        relay.directory[AgencyId(bytes.fromhex(each.told["agency"]))] = snapshot
    paper = names["tmp"] / "paper.txt"
    paper.write_bytes(b"the paper")
    case = b.desk(M, "case", "new", paper)["case"]
    b.desk(M, "case", "propose", case, *LABEL)
    assert 2 == b.try_desk(J, "case", "import").code
    assert "sent as" in b.try_desk(M, "case", "send", case, "--to", f"{J}@EMB-B").out
    b.desk(J, "collect")
    (line,) = b.desk(J, "inbox")["items"]
    told = b.desk(J, "case", "import", "--object", line["id"])
    assert ("proposed", 2) == (told["state"], told["new"])
    assert "determined" == b.desk(J, "case", "approve", case)["state"]
