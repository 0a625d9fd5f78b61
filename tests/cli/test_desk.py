"""What a desk shows of rarer things: what is late, refused or set aside, and streams."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typing_extensions import override

from secure_liaison.cli.app import main
from secure_liaison.clock import Instant, SystemClock
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import (
    AuditInconsistentError,
    CredentialExpiredError,
    FormatError,
    SignatureError,
    TamperedError,
)
from secure_liaison.labels.label import decode_label, encode_label
from secure_liaison.office import Office, open_office
from secure_liaison.vault.sent import RecipientState
from tests.cli.running import done, run
from tests.cli.stage import Agency
from tests.labels.samples import as_bytes, pack_file

LABEL = ["--level", "机密", "--period", "10年", "--subject", "通报"]


def opened(agency: Agency, login: str) -> Office:
    """Open a desk beside the command line, to bring about what is rare."""
    secret = (agency.folder / f"{login}.pass").read_text().strip()
    return open_office(agency.desks[login], secret)


@pytest.fixture
def a(names: dict[str, Any]) -> Agency:
    agency: Agency = names["A"]
    return agency


@pytest.fixture
def work(names: dict[str, Any]) -> Path:
    folder: Path = names["tmp"]
    return folder


@pytest.fixture
def queued(a: Agency) -> str:
    """A bulletin in the outbox; returns its id."""
    told = a.desk("li.wei", "send", "--to", "j.okafor@EMB-B", *LABEL)
    assert "queued" == told["state"]
    return str(told["id"])


def test_what_is_late_says_so(a: Agency, queued: str) -> None:
    with opened(a, "li.wei") as office, office.transaction():
        office.vault.execute("UPDATE sent SET acknowledge_by = ?", (office.clock.now() - 60,))
    assert "OVERDUE" in a.try_desk("li.wei", "sent", "--no-relay").out
    assert "逾期" in a.try_desk("li.wei", "sent", "--no-relay", "--lang", "zh").out
    (item,) = a.desk("li.wei", "sent", "--no-relay")["items"]
    assert (queued, True) == (item["id"], item["recipients"][0]["late"])


@pytest.mark.parametrize(("after_s", "late"), [(-60, False), (60, True)])
def test_a_signature_is_late_only_after_its_time(
    a: Agency, queued: str, *, after_s: int, late: bool
) -> None:
    digest = Digest(bytes.fromhex(queued))
    with opened(a, "li.wei") as office:
        item = office.mail.sent.get(digest)
        assert item is not None
        assert item.acknowledge_by is not None
        (recipient,) = office.mail.sent.recipients(digest)
        at = type(item.acknowledge_by)(item.acknowledge_by + after_s)
        with office.transaction():
            office.mail.sent.advance(digest, recipient.device, RecipientState.ACKNOWLEDGED, at=at)
    (told,) = a.desk("li.wei", "sent", "--no-relay")["items"]
    assert late is told["recipients"][0]["late"]


def test_what_was_refused_for_good_says_why(a: Agency, queued: str) -> None:
    digest = Digest(bytes.fromhex(queued))
    with opened(a, "li.wei") as office:
        (recipient,) = office.mail.sent.recipients(digest)
        now = office.clock.now()
        with office.transaction():
            office.mail.outbox.refuse(digest, "too-large")
            office.mail.sent.advance(digest, recipient.device, RecipientState.REFUSED, at=now)
    shown = a.try_desk("li.wei", "sent", "--no-relay").out
    assert "refused" in shown
    assert "reason: too-large" in shown
    (item,) = a.desk("li.wei", "sent", "--no-relay")["items"]
    assert "too-large" == item["refused_because"]


def test_a_second_bulletin_does_not_hide_the_first(a: Agency, queued: str) -> None:
    ran = a.try_desk("li.wei", "send", "--to", "j.okafor@EMB-B", *LABEL)
    assert 0 == ran.code
    assert 2 == a.desk("li.wei", "config", "show", "--desk")["desk"]["waiting"]
    assert queued in {item["id"] for item in a.desk("li.wei", "sent", "--no-relay")["items"]}


def test_the_quarantine_tells_code_sentence_and_how_often(a: Agency) -> None:
    with opened(a, "li.wei") as office:
        at = office.clock.now()
        with office.transaction():
            for error in (SignatureError("wrong-signer"), AuditInconsistentError("entry-counter")):
                digest = Digest(bytes([len(error.reason)]) * 32)
                office.mail.quarantine.add_object(digest, error, envelope=b"x", sender=b"", at=at)
            for _ in range(3):
                office.mail.quarantine.count_unreadable(
                    Digest(bytes(32)), FormatError("not-cbor"), size_bytes=9, sender=b"", at=at
                )
    shown = a.try_desk("li.wei", "quarantine").out
    assert "verification.signature: wrong-signer" in shown
    assert "signed with a key that has no authority" in shown
    assert "3 times" in shown
    told = a.desk("li.wei", "quarantine")["items"]
    assert {"wrong-signer", "entry-counter", "not-cbor"} == {row["reason"] for row in told}


def test_the_quarantine_names_the_pack_that_is_missing_and_the_next_step(a: Agency) -> None:
    with opened(a, "li.wei") as office, office.transaction():
        for number, error in enumerate(
            (
                FormatError("pack-unknown", policy="hill@2026-01-01"),
                CredentialExpiredError("pack-ended", policy="dale@2026-01-01"),
                TamperedError("pack-other-content", policy="brook@2026-01-01"),
            )
        ):
            office.mail.quarantine.add_object(
                Digest(bytes([number]) * 32),
                error,
                envelope=b"x",
                sender=b"",
                at=office.clock.now(),
            )
    shown = a.try_desk("li.wei", "quarantine").out
    assert "labelled under hill@2026-01-01: have your registrars sign that pack" in shown
    assert "The signature under the policy pack dale@2026-01-01 has ended." in shown
    assert "labelled under dale@2026-01-01" in shown
    assert "labelled under brook@2026-01-01" not in shown
    told = a.desk("li.wei", "quarantine")["items"]
    assert {"hill@2026-01-01", "dale@2026-01-01", "brook@2026-01-01"} == {
        row["policy"] for row in told
    }


def test_a_pack_that_may_not_be_used_is_listed_with_its_reason(
    a: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack, signature = a.folder / "hill.json", a.folder / "hill.sig"
    pack.write_bytes(as_bytes(pack_file("generic") | {"id": "hill"}))
    signed = [*a.of_registry(), *a.of_signers(2)]
    done("policy", "sign", pack, "--out", signature, "--days", "1", *signed)
    a.desk("li.wei", "policy", "add", pack, "--signature", signature)
    later_us = SystemClock().now_us() + 2 * 86_400 * 1_000_000
    monkeypatch.setattr(SystemClock, "now_us", lambda _: later_us)
    shown = a.try_desk("li.wei", "policy", "packs").out
    assert "not to be used: The signature under the policy pack hill@2024-09-01 has ended." in shown
    (told,) = [
        each for each in a.desk("li.wei", "policy", "packs")["packs"] if "own" == each["origin"]
    ]
    assert ("hill", "pack-ended", 2) == (told["id"], told["state"], len(told["signed_by"]))


def test_an_unknown_code_in_the_quarantine_is_shown_as_it_is(a: Agency) -> None:
    with opened(a, "li.wei") as office, office.transaction():
        office.mail.quarantine.add_object(
            Digest(bytes(32)),
            FormatError("of-a-later-release"),
            envelope=b"x",
            sender=b"",
            at=office.clock.now(),
        )
    ran = a.try_desk("li.wei", "quarantine")
    assert 0 == ran.code
    assert "format: of-a-later-release" in ran.out


def test_a_book_goes_out_and_in_through_streams(a: Agency) -> None:
    book = run("book", "export", "-", *a.of_registry())
    assert 0 == book.code
    assert Path(a.told["book"]).read_bytes() == book.raw
    told = a.desk("li.wei", "book", "import", "-", stdin=book.raw)
    assert "EMB-A" == told["imported"][0]["code"]


def test_an_export_through_a_stream_verifies(a: Agency, work: Path) -> None:
    ran = a.try_desk("li.wei", "audit", "export", "-")
    (work / "ledger.export").write_bytes(ran.raw)
    assert 0 == run("audit", "verify", work / "ledger.export", "--no-desk").code


def test_a_stream_takes_one_thing_only(a: Agency) -> None:
    for extra in (["--json"], ["--snapshot", "-"]):
        ran = run("book", "export", "-", *extra, *a.of_registry())
        assert 2 == ran.code


def test_the_folder_of_the_environment_is_used(a: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIAISON_HOME", str(a.desks["li.wei"]))
    assert 0 == run("inbox", "--passphrase-file", a.folder / "li.wei.pass").code


def test_digits_are_asked_for_at_a_terminal(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.TextIOWrapper):
        @override
        def isatty(self) -> bool:
            return True

    a, b = names["A"], names["B"]
    asked: list[str] = []

    def heard(question: str, *, err: bool) -> str:
        assert err
        asked.append(question)
        return str(b.digits)

    monkeypatch.setattr(typer, "prompt", heard)
    monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO()))
    monkeypatch.setattr(
        sys, "argv", ["liaison", "trust", str(b.anchor), *map(str, a.of_desk("li.wei"))]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert 0 == ended.value.code
    assert ["the 40 digits that you hear"] == asked


def test_a_label_whose_period_has_ended_is_shown_as_declassified(a: Agency, queued: str) -> None:
    (item,) = a.desk("li.wei", "sent", "--no-relay")["items"]
    assert (queued, False) == (item["id"], item["declassified"])
    with opened(a, "li.wei") as office:
        kept = office.mail.sent.get(Digest(bytes.fromhex(queued)))
        assert kept is not None
        label = decode_label(kept.label)
        past = replace(label, period=replace(label.period, start=Instant(0), value="P1Y"))
        with office.transaction():
            office.vault.execute("UPDATE sent SET label = ?", (encode_label(past),))
    assert "解密" in a.try_desk("li.wei", "sent", "--no-relay", "--lang", "zh").out
    (item,) = a.desk("li.wei", "sent", "--no-relay")["items"]
    assert item["declassified"]
