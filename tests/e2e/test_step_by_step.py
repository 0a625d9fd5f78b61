"""The whole job in single commands, as people do it: two agencies, five desks, a relay process.

One story runs once; each test looks at what one of its steps told. Nothing but commands is used.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Ran, run
from tests.cli.stage import Agency, agree, enrol, found
from tests.server.running import RelayProcess, run_relay, running

BODY = "演练:请核对附件并签收。\nEXERCISE\x1b[31m\n".encode()
LABEL = ["--level", "机密", "--period", "10年", "--urgency", "特急", "--subject", "通报第17号"]
READER, LOWER = "j.okafor@EMB-B", "m.rossi@EMB-B"


@dataclass
class Story:
    """What every step told."""

    folder: Path
    a: Agency
    b: Agency
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    ran: dict[str, Ran] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Id of the bulletin."""
        return str(self.told["sent"]["id"])


def publish(story: Story, agency: Agency, relay: RelayProcess) -> dict[str, Any]:
    """Sign the next roster with both registrars' keys."""
    return agency.sign("publish", "--relay", relay.url, "--out", agency.folder, count=2) | {
        "folder": str(story.folder)
    }


def prepare(story: Story, relay: RelayProcess) -> None:
    """Enrol, agree, publish, admit at the relay, trust, import, collect."""
    a, b = story.a, story.b
    enrol(a, "li.wei", level="机密")
    enrol(a, "chen.an", level=None, role="security")
    enrol(b, "j.okafor", level="机密")
    enrol(b, "m.rossi", level="秘密")
    enrol(b, "s.lind", level=None, role="security")
    agree(a, b)
    for agency in (a, b):
        agency.told |= publish(story, agency, relay)
        admitted = run_relay(
            *("admit", agency.told["snapshot"], "--digits", agency.digits),
            *("--folder", str(story.folder / "relay")),
        )
        assert 0 == admitted.returncode, admitted.stderr
    for agency, other in ((a, b), (b, a)):
        for login in agency.desks:
            agency.desk(login, "trust", other.anchor, "--digits", other.digits)
            agency.desk(login, "book", "import", a.told["book"], b.told["book"])
            agency.desk(login, "collect")


def send(story: Story) -> None:
    """Send to two, of whom one may not; then to the one who may."""
    (story.folder / "附件 annex.pdf").write_bytes(b"%PDF-1.4 " * 20000)
    rest: list[str | Path] = [*LABEL, "--text", "-", "--attach", story.folder / "附件 annex.pdf"]
    story.ran["both"] = story.a.try_desk(
        "li.wei", "send", "--to", READER, "--to", LOWER, *rest, "--lang", "zh", stdin=BODY
    )
    story.told["nothing-sent"] = story.a.desk("li.wei", "sent")
    story.told["sent"] = story.a.desk("li.wei", "send", "--to", READER, *rest, stdin=BODY)


def receive(story: Story) -> None:
    """Collect, list, open, show, sign for it; the sender looks after each."""
    a, b, short = story.a, story.b, story.digest[:8]
    story.told["states-sent"] = a.desk("li.wei", "sent")
    story.told["collected"] = b.desk("j.okafor", "collect")
    story.told["inbox"] = b.desk("j.okafor", "inbox")
    story.ran["too-early"] = b.try_desk("j.okafor", "acknowledge", short)
    story.told["read"] = b.desk("j.okafor", "read", short, "--out", story.folder / "opened")
    story.ran["shown"] = b.try_desk("j.okafor", "read", short, "--show", "--lang", "zh")
    story.told["states-fetched"] = a.desk("li.wei", "sent")
    story.told["acknowledged"] = b.desk("j.okafor", "acknowledge", short, "--remark", "已阅")
    story.told["answered"] = b.desk(
        *("j.okafor", "send", "--to", "li.wei@EMB-A", "--reply-to", short, "--kind", "message"),
        *("--level", "秘密", "--period", "1年", "--subject", "答复", "--no-ack"),
    )
    story.told["came-back"] = a.desk("li.wei", "collect")
    story.told["answer"] = a.desk("li.wei", "inbox")
    story.told["states-acknowledged"] = a.desk("li.wei", "sent")
    story.ran["twice"] = b.try_desk("j.okafor", "acknowledge", short)
    story.ran["outsider"] = b.try_desk("m.rossi", "read", short, "--show")
    story.ran["nothing"] = b.try_desk("m.rossi", "read", "00000000", "--show")


def lose_the_relay(story: Story, relay: RelayProcess) -> None:
    """Send while the relay is away; it goes out with the next collect after its return."""
    label = ["--level", "秘密", "--period", "1年", "--subject", "后补"]
    relay.stop()
    story.ran["offline"] = story.a.try_desk("li.wei", "send", "--to", LOWER, *label)
    story.told["queued"] = story.a.desk("li.wei", "sent", "--no-relay")
    story.ran["collect-offline"] = story.a.try_desk("li.wei", "collect")
    port = relay.url.rpartition(":")[2]
    with running(story.folder / "relay", "--port", port):
        story.told["caught-up"] = story.a.desk("li.wei", "collect")
        story.told["sent-after-all"] = story.a.desk("li.wei", "sent")


def withdraw(story: Story, relay: RelayProcess) -> None:
    """Withdraw the reader's clearance and publish; the next opening is refused."""
    b = story.b
    b.registry("withdraw", "j.okafor")
    story.told["second-roster"] = publish(story, b, relay)
    book = story.told["second-roster"]["book"]
    b.desk("j.okafor", "book", "import", book)
    b.desk("j.okafor", "book", "publish", book)
    story.ran["withdrawn"] = b.try_desk(
        "j.okafor", "read", story.digest[:8], "--out", story.folder / "again"
    )
    story.told["inbox-withdrawn"] = b.desk("j.okafor", "inbox")
    story.a.desk("li.wei", "collect")
    story.ran["send-outdated"] = story.a.try_desk("li.wei", "send", "--to", READER, *LABEL)
    story.a.desk("li.wei", "book", "import", book)
    story.ran["send-withdrawn"] = story.a.try_desk("li.wei", "send", "--to", READER, *LABEL)


def review(story: Story) -> None:
    """Export, list, verify; flip one bit and verify again."""
    b, folder = story.b, story.folder
    sealed, plain, bad = (folder / name for name in ("sealed.export", "plain.export", "bad.export"))
    b.desk("j.okafor", "audit", "export", sealed, "--to-office")
    b.desk("j.okafor", "audit", "export", plain)
    story.told["report"] = b.desk("s.lind", "audit", "list", sealed, "--reads", "--refusals")
    story.told["verified"] = b.desk("s.lind", "audit", "verify", plain)
    story.ran["alone"] = run("audit", "verify", plain, "--no-desk")
    lines = plain.read_bytes().split(b"\n")
    lines[6] = lines[6].replace(b'"own":{"', b'"own":{"!', 1)
    bad.write_bytes(b"\n".join(lines))
    story.ran["flipped"] = b.try_desk("s.lind", "audit", "verify", bad, "--json")
    story.ran["flipped-alone"] = run("audit", "verify", bad, "--no-desk")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Run the whole story once."""
    folder = tmp_path_factory.mktemp("story")
    a = found(folder / "a", "EMB-A", "--realm-name", "EXERCISE story", "--exercise")
    b = found(folder / "b", "EMB-B", "--join", a.anchor)
    told = Story(folder, a, b)
    with running(folder / "relay") as relay:
        prepare(told, relay)
        send(told)
        receive(told)
        withdraw(told, relay)
        review(told)
        lose_the_relay(told, relay)
    return told


def states(told: dict[str, Any]) -> list[str]:
    return [each["state"] for each in told["items"][0]["recipients"]]


def test_one_who_may_not_refuses_the_whole(story: Story) -> None:
    ran = story.ran["both"]
    assert 3 == ran.code
    assert f"CLEARANCE_BELOW_LABEL  {LOWER}" in ran.err
    assert READER not in ran.err
    assert [] == story.told["nothing-sent"]["items"]


def test_the_one_who_may_gets_it(story: Story) -> None:
    assert "sent" == story.told["sent"]["state"]
    assert (1, 0) == (story.told["collected"]["filed"], story.told["collected"]["quarantined"])


def test_the_inbox_shows_mark_urgency_sender_and_subject(story: Story) -> None:
    (item,) = story.told["inbox"]["items"]
    assert story.digest == item["id"]
    assert "演练 EXERCISE · 机密 10年" == item["mark"]["zh"]
    assert ("received", "immediate", "li.wei@EMB-A", "通报第17号") == (
        item["state"],
        item["urgency"],
        item["from"],
        item["subject"],
    )


def test_the_attachments_come_out_identical_and_private(story: Story) -> None:
    files = [Path(name) for name in story.told["read"]["files"]]
    assert ["text.txt", "附件 annex.pdf"] == [path.name for path in files]
    assert BODY == files[0].read_bytes()
    original = (story.folder / "附件 annex.pdf").read_bytes()
    assert hashlib.sha256(original).digest() == hashlib.sha256(files[1].read_bytes()).digest()
    assert {0o600} == {path.stat().st_mode & 0o777 for path in files}


def test_the_banner_stands_first_and_last_and_nothing_obeys_the_text(story: Story) -> None:
    lines = story.ran["shown"].out.rstrip("\n").split("\n")
    assert lines[0] == lines[-1] == story.told["read"]["banner"]
    assert lines[0].startswith("演练 EXERCISE · 机密 10年")
    assert "★" not in story.ran["shown"].out
    assert "\x1b" not in story.ran["shown"].out
    assert "EXERCISE\\u001b[31m" in story.ran["shown"].out


def test_the_sender_sees_sent_fetched_acknowledged(story: Story) -> None:
    steps = ("states-sent", "states-fetched", "states-acknowledged")
    assert [["sent"], ["fetched"], ["acknowledged"]] == [states(story.told[s]) for s in steps]


def test_signing_comes_after_opening_and_once(story: Story) -> None:
    assert (1, 1) == (story.ran["too-early"].code, story.ran["twice"].code)
    assert "not been opened yet" in story.ran["too-early"].err
    assert "acknowledged already" in story.ran["twice"].err
    assert "sent" == story.told["acknowledged"]["state"]


def test_an_answer_names_what_it_answers(story: Story) -> None:
    (item,) = story.told["answer"]["items"]
    assert ("message", "答复", None) == (item["kind"], item["subject"], item["due"])
    assert 2 == story.told["came-back"]["filed"]


def test_an_outsider_and_nothing_get_the_same_answer(story: Story) -> None:
    def without_ref(ran: Ran) -> tuple[int, str, list[str]]:
        return ran.code, ran.out, ran.err.splitlines()[:-1]

    assert 3 == story.ran["outsider"].code
    assert without_ref(story.ran["outsider"]) == without_ref(story.ran["nothing"])


def test_a_withdrawn_clearance_refuses_the_next_opening(story: Story) -> None:
    ran = story.ran["withdrawn"]
    assert 3 == ran.code
    assert "CLEARANCE_WITHDRAWN" in ran.err
    assert not (story.folder / "again").exists()
    (item,) = story.told["inbox-withdrawn"]["items"]
    assert "subject" not in item
    assert "CLEARANCE_WITHDRAWN" == item["refusal"]["reasons"][0]["code"]


def test_a_roster_without_its_book_puts_nothing_into_force(story: Story) -> None:
    assert 3 == story.ran["send-outdated"].code
    assert "BOOK_OUTDATED" in story.ran["send-outdated"].err


def test_the_sender_is_refused_too_once_the_book_has_arrived(story: Story) -> None:
    assert 3 == story.ran["send-withdrawn"].code
    assert f"CLEARANCE_WITHDRAWN  {READER}" in story.ran["send-withdrawn"].err


def test_the_security_officer_sees_who_read_and_who_was_refused(story: Story) -> None:
    report = story.told["report"]
    assert {"j.okafor"} == {row["actor"] for row in report["reads"]}
    assert {story.digest} == {row["object"] for row in report["reads"]}
    assert ["CLEARANCE_WITHDRAWN"] in [row["reason_codes"] for row in report["refusals"]]


def test_an_export_verifies_with_and_without_a_desk(story: Story) -> None:
    assert story.told["verified"]["keys_known"] is True
    assert 0 == story.ran["alone"].code
    assert "the keys are those of the file itself" in story.ran["alone"].out


def test_a_changed_entry_is_named(story: Story) -> None:
    ran = story.ran["flipped"]
    assert 4 == ran.code
    assert 5 == ran.data["error"]["facts"]["index"]
    assert 4 == story.ran["flipped-alone"].code
    assert "entry 5" in story.ran["flipped-alone"].err.lower()


def test_what_is_sealed_waits_while_the_relay_is_away(story: Story) -> None:
    assert 0 == story.ran["offline"].code
    assert "it is kept in the outbox" in story.ran["offline"].err
    assert ["queued"] == states(story.told["queued"])
    assert 1 == story.ran["collect-offline"].code
    assert "Check the network" in story.ran["collect-offline"].err


def test_it_goes_out_with_the_next_collect(story: Story) -> None:
    assert 0 == story.told["caught-up"]["waiting"]
    assert ["sent"] == states(story.told["sent-after-all"])


def test_every_document_says_that_it_is_an_exercise(story: Story) -> None:
    assert {True} == {told["exercise"] for told in story.told.values()}
