"""Send, read, acknowledge: all or nothing, asked before done, the same answer for outsiders."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.audit.rows import LedgerRow
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialError,
    FormatError,
    OutOfOrderError,
    TamperedError,
    VaultDamagedError,
    VerificationError,
)
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.office import Office
from secure_liaison.vault.inbox import InboxState
from secure_liaison.workflows import correspondence, registry
from secure_liaison.workflows.publishing import FolderSink, MemorySink
from tests.attacks.world import SENDER, SUBJECT, TEXT, Scene, events, whys
from tests.workflows.desks import (
    ADDRESS,
    OTHER_READER,
    READER,
    bodies,
    draft,
    forge,
    kinds,
    label_of,
    only_for,
    plant,
    queued,
    republish,
    states,
    withdraw,
)

RETIRED = RevocationMode.RETIRED
OUTSIDE = "not-found-or-not-permitted"


def read(desk: Office, reference: str) -> None:
    correspondence.read(desk, reference, MemorySink())


def text_of(desk: Office, digest: Digest) -> str:
    sink = MemorySink()
    correspondence.read(desk, digest.hex(), sink)
    return sink.parts[0][1].decode()


def received(scene: Scene, login: str = READER) -> tuple[Office, Digest]:
    """Let an object arrive at a desk; it is not opened yet."""
    digest = scene.send(to=(login,))
    desk = scene.desk(login)
    correspondence.collect(desk)
    return desk, digest


# --- send -------------------------------------------------------------------------------------


def test_one_recipient_below_the_level_refuses_the_whole(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(desk, draft(READER, OTHER_READER, level="机密"))
    (reason,) = caught.value.reasons
    assert ("CLEARANCE_BELOW_LABEL", f"{OTHER_READER}@EMB-B") == (reason.code, reason.subject)


def test_a_refused_send_keeps_nothing(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    with pytest.raises(AccessDeniedError):
        correspondence.send(desk, draft(READER, OTHER_READER, level="机密"))
    assert () == desk.mail.sent.items()
    assert 0 == desk.mail.outbox.waiting()
    assert set() == bodies(desk)
    assert [] == events(desk, EventType.DOC_SEAL)
    correspondence.deliver(desk)
    assert {} == scene.relay.objects


def test_a_refusal_names_every_recipient_with_a_reason_of_their_own(scene: Scene) -> None:
    withdraw(scene, READER, SENDER)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(scene.desk(SENDER), draft(READER, OTHER_READER, level="机密"))
    assert {
        (f"{READER}@EMB-B", "CLEARANCE_WITHDRAWN"),
        (f"{OTHER_READER}@EMB-B", "CLEARANCE_BELOW_LABEL"),
    } == {(each.subject, each.code) for each in caught.value.reasons}


def test_those_who_only_know_are_asked_about_like_those_who_act(scene: Scene) -> None:
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(
            scene.desk(SENDER), draft(READER, cc=(f"{OTHER_READER}@EMB-B",), level="机密")
        )
    assert [f"{OTHER_READER}@EMB-B"] == [each.subject for each in caught.value.reasons]


def test_the_sender_must_be_cleared_too(scene: Scene) -> None:
    withdraw(scene, SENDER, SENDER)
    with pytest.raises(AccessDeniedError) as caught:
        queued(scene)
    assert "CLEARANCE_WITHDRAWN" in {each.code for each in caught.value.reasons}


@pytest.mark.parametrize(
    ("address", "reason"),
    [("nobody@EMB-B", "unknown-officer"), ("j.okafor@EMB-Z", "unknown-agency")],
)
def test_an_address_that_nobody_has_is_an_error_of_its_own(
    scene: Scene, address: str, reason: str
) -> None:
    with pytest.raises(CredentialError) as caught:
        correspondence.send(scene.desk(SENDER), draft(to=(address,)))
    assert reason == caught.value.reason
    assert () == scene.desk(SENDER).mail.sent.items()


@pytest.mark.parametrize("address", ["j.okafor", "@EMB-B", "j.okafor@", ""])
def test_what_is_no_address_is_a_format_error(scene: Scene, address: str) -> None:
    with pytest.raises(FormatError, match="address"):
        correspondence.send(scene.desk(SENDER), draft(to=(address,)))


@pytest.mark.parametrize(
    "fields", [{"to": ()}, {"to": (ADDRESS, ADDRESS)}, {"cc": (ADDRESS,)}], ids=str
)
def test_nobody_and_the_same_person_twice_are_refused(scene: Scene, fields: dict[str, str]) -> None:
    with pytest.raises(FormatError, match="capsule-addressees"):
        correspondence.send(scene.desk(SENDER), draft(**fields))
    assert set() == bodies(scene.desk(SENDER))


def test_a_subject_that_cannot_be_encoded_keeps_nothing(scene: Scene) -> None:
    with pytest.raises(FormatError):
        queued(scene, subject="x" * 513)
    assert () == scene.desk(SENDER).mail.sent.items()
    assert set() == bodies(scene.desk(SENDER))


def test_sending_tells_how_far_it_is(scene: Scene) -> None:
    told: list[tuple[int, int]] = []
    correspondence.send(
        scene.desk(SENDER), draft(), progress=lambda done, total: told.append((done, total))
    )
    size = len(TEXT.encode())
    assert [(size, size)] == told


def test_what_is_sealed_is_kept_with_its_share_and_its_ledger_line(scene: Scene) -> None:
    digest = queued(scene)
    desk = scene.desk(SENDER)
    item = desk.mail.sent.get(digest)
    assert item is not None
    assert {item.body_name} == bodies(desk)
    assert 1 == len(desk.mail.shares.of(digest))
    (sealed,) = events(desk, EventType.DOC_SEAL)
    assert (digest.hex(), (ADDRESS,)) == (sealed.object_digest, sealed.counterpart)


# --- read -------------------------------------------------------------------------------------


def test_reading_marks_it_opened_and_keeps_the_share(scene: Scene) -> None:
    desk, digest = received(scene)
    assert () == desk.mail.shares.of(digest)
    opened = correspondence.read(desk, digest.hex(), MemorySink())
    item = desk.mail.inbox.get(digest)
    assert item is not None
    assert (InboxState.OPENED, scene.clock.now()) == (item.state, item.opened_at)
    assert (opened.verified.share,) == desk.mail.shares.of(digest)
    assert SUBJECT == opened.head.subject


def test_a_second_reading_shows_the_same_and_is_written_down_again(scene: Scene) -> None:
    desk, digest = received(scene)
    assert [TEXT, TEXT] == [text_of(desk, digest), text_of(desk, digest)]
    assert 2 == len(events(desk, EventType.DOC_OPEN))


def test_the_beginning_of_the_id_or_the_digest_finds_it(scene: Scene) -> None:
    desk, digest = received(scene)
    item = desk.mail.inbox.get(digest)
    assert item is not None
    for reference in (digest.hex()[:8], item.object_id.hex()[:8].upper()):
        assert digest == correspondence.read(desk, reference, MemorySink()).verified.digest


def test_reading_tells_how_far_it_is(scene: Scene) -> None:
    desk, digest = received(scene)
    told: list[tuple[int, int]] = []
    correspondence.read(desk, digest.hex(), MemorySink(), progress=lambda *step: told.append(step))
    assert told
    assert told[-1][0] == told[-1][1]


def test_a_withdrawn_clearance_refuses_the_next_reading_with_its_reason(scene: Scene) -> None:
    desk, digest = received(scene)
    withdraw(scene, READER, READER)
    sink = MemorySink()
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.read(desk, digest.hex(), sink)
    assert ["CLEARANCE_WITHDRAWN"] == [each.code for each in caught.value.reasons]
    assert () == sink.parts
    assert [] == events(desk, EventType.DOC_OPEN)


def test_what_does_not_verify_any_more_is_refused_and_written_down(scene: Scene) -> None:
    digest, desk = scene.send(days=1), scene.desk(READER)
    correspondence.collect(desk)
    scene.clock.advance(86400)
    for act in (read, correspondence.acknowledge):
        with pytest.raises(VerificationError, match="capsule-expired"):
            act(desk, digest.hex())
    for kind in (EventType.DOC_OPEN, EventType.RECEIPT_SIGN):
        assert [("verification", "capsule-expired")] == whys(desk, kind)


def test_a_body_that_changed_on_the_disk_is_not_shown_and_written_down(
    scene: Scene, tmp_path: Path
) -> None:
    desk, digest = received(scene)
    (name,) = bodies(desk)
    path = desk.bodies.path(name)
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(octets)
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(TamperedError):
        correspondence.read(desk, digest.hex(), FolderSink(folder))
    assert [] == list(folder.iterdir())
    assert [("verification.tampered", "capsule-range")] == whys(desk, EventType.DOC_OPEN)
    item = desk.mail.inbox.get(digest)
    assert item is not None
    assert InboxState.RECEIVED == item.state


def test_a_body_that_is_gone_is_an_error_of_the_vault_and_written_down(scene: Scene) -> None:
    desk, digest = received(scene)
    (name,) = bodies(desk)
    desk.bodies.path(name).unlink()
    with pytest.raises(VaultDamagedError, match="body-missing"):
        correspondence.read(desk, digest.hex(), MemorySink())
    assert [("vault.damaged", "body-missing")] == whys(desk, EventType.DOC_OPEN)


# --- acknowledge ------------------------------------------------------------------------------


def test_acknowledging_sends_a_signed_receipt(scene: Scene) -> None:
    desk, digest = received(scene)
    correspondence.read(desk, digest.hex(), MemorySink())
    correspondence.acknowledge(desk, digest.hex(), remark="已阅")
    item = desk.mail.inbox.get(digest)
    assert item is not None
    assert InboxState.ACKNOWLEDGED == item.state
    correspondence.deliver(desk)
    correspondence.collect(scene.desk(SENDER))
    assert {ADDRESS: "acknowledged"} == states(scene)
    (recipient,) = scene.desk(SENDER).mail.sent.recipients(digest)
    assert recipient.receipt is not None
    assert "已阅".encode() in recipient.receipt


def test_nothing_is_acknowledged_before_it_was_opened(scene: Scene) -> None:
    desk, digest = received(scene)
    with pytest.raises(OutOfOrderError, match="not-opened"):
        correspondence.acknowledge(desk, digest.hex())
    assert 0 == desk.mail.outbox.waiting()
    assert [("workflow.order", "not-opened")] == whys(desk, EventType.RECEIPT_SIGN)


def test_nothing_is_acknowledged_twice(scene: Scene) -> None:
    desk, digest = received(scene)
    correspondence.read(desk, digest.hex(), MemorySink())
    correspondence.acknowledge(desk, digest.hex())
    with pytest.raises(OutOfOrderError, match="already-acknowledged"):
        correspondence.acknowledge(desk, digest.hex())
    assert 1 == desk.mail.outbox.waiting()


def test_a_remark_that_the_originator_would_not_accept_is_not_sent(scene: Scene) -> None:
    desk, digest = received(scene)
    correspondence.read(desk, digest.hex(), MemorySink())
    with pytest.raises(FormatError):
        correspondence.acknowledge(desk, digest.hex(), remark="x" * 201)
    item = desk.mail.inbox.get(digest)
    assert item is not None
    assert InboxState.OPENED == item.state
    assert 0 == desk.mail.outbox.waiting()


def test_a_receipt_that_may_not_go_out_is_no_acknowledgement(scene: Scene) -> None:
    """The originator lost the clearance: even the receipt stays here."""
    desk, digest = received(scene)
    correspondence.read(desk, digest.hex(), MemorySink())
    withdraw(scene, SENDER, READER)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.acknowledge(desk, digest.hex())
    assert {"CLEARANCE_WITHDRAWN"} == {each.code for each in caught.value.reasons}
    item = desk.mail.inbox.get(digest)
    assert item is not None
    assert InboxState.OPENED == item.state
    assert 0 == desk.mail.outbox.waiting()
    assert [("access.denied", "refused")] == whys(desk, EventType.RECEIPT_SIGN)


# --- what does not exist, and what is not for this officer ------------------------------------


def test_a_reply_names_what_its_reader_may_list(scene: Scene) -> None:
    desk, digest = received(scene)
    item = desk.mail.inbox.get(digest)
    assert item is not None
    assert item.object_id == correspondence.answered(desk, digest.hex()[:8])
    assert 1 == len(events(desk, EventType.DOC_LIST))
    withdraw(scene, READER, READER)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.answered(desk, digest.hex())
    assert ["CLEARANCE_WITHDRAWN"] == [each.code for each in caught.value.reasons]


def outsider(scene: Scene) -> tuple[Office, Digest]:
    """Put an object into the inbox of an officer whom its label leaves out."""
    genuine = scene.send()
    sender, desk = scene.desk(SENDER), scene.desk(READER)
    label = only_for(label_of(scene, genuine), f"agency:{sender.agency.hex()}")
    digest = plant(scene, desk, forge(sender, desk, label))
    correspondence.collect(desk)
    assert desk.mail.inbox.get(digest) is not None
    return desk, digest


def sizes(row: LedgerRow) -> tuple[int, int, int]:
    """Return the bytes of leaf, own and shared detail, without the counter's digits."""
    counter = len(str(json.loads(row.leaf)["n"]))
    return len(row.leaf) - counter, len(row.own), len(row.shared)


@pytest.mark.parametrize("act", [read, correspondence.acknowledge, correspondence.answered])
def test_unknown_and_outside_the_audience_are_told_the_same(
    scene: Scene, act: Callable[[Office, str], object]
) -> None:
    desk, digest = outsider(scene)
    told, written = [], []
    for reference in (digest.hex(), "00" * 32, "no digits"):
        start = desk.ledger.size
        with pytest.raises(AccessDeniedError) as caught:
            act(desk, reference)
        found = caught.value
        told.append((found.reason, found.reasons, found.obligations, len(found.ref)))
        written.append([sizes(row) for row in desk.ledger.rows(start)])
    assert [(OUTSIDE, (), (), 6)] * 3 == told
    assert [1, 1, 1] == [len(each) for each in written]
    assert written[1] == written[2]
    assert [row[0] for row in written[0]] == [row[0] for row in written[1]]


def test_the_ledger_knows_the_difference_that_is_not_told(scene: Scene) -> None:
    desk, digest = outsider(scene)
    for reference in (digest.hex(), "00" * 32):
        with pytest.raises(AccessDeniedError):
            correspondence.read(desk, reference, MemorySink())
    outside, unknown = events(desk, EventType.GATE_DECISION)[-2:]
    assert "NOT_RELEASABLE_TO" in outside.reason_codes
    assert ("NOT_FOUND",) == unknown.reason_codes


def test_an_empty_inbox_answers_the_same_as_a_full_one(scene: Scene) -> None:
    with pytest.raises(AccessDeniedError, match=OUTSIDE):
        correspondence.read(scene.desk(READER), "00" * 32, MemorySink())


def test_an_unknown_reference_is_answered_although_the_newest_object_does_not_verify(
    scene: Scene,
) -> None:
    desk, digest = received(scene)
    registry.retire(scene.registry("EMB-A"), SENDER, mode=RETIRED, since=scene.clock.now())
    republish(scene, "EMB-A", READER)
    with pytest.raises(AccessDeniedError, match=OUTSIDE):
        correspondence.read(desk, "00" * 32, MemorySink())
    with pytest.raises(CredentialError):
        correspondence.read(desk, digest.hex(), MemorySink())


def test_a_reference_that_fits_two_objects_is_refused(scene: Scene) -> None:
    desk = scene.desk(READER)
    shared: list[str] = []
    while not shared:
        scene.send(acknowledge=False)
        correspondence.collect(desk)
        firsts = Counter(line.item.digest.hex()[0] for line in correspondence.inbox(desk))
        shared = [first for first, times in firsts.items() if times > 1]
    before = kinds(desk)
    with pytest.raises(OutOfOrderError, match="reference-ambiguous"):
        correspondence.read(desk, shared[0], MemorySink())
    assert before == kinds(desk)
