"""Sending under a case, and telling every holder what became of the label."""

from __future__ import annotations

from pathlib import Path

import pytest

from secure_liaison.capsule.core import ObjectKind
from secure_liaison.clock import from_iso, to_iso
from secure_liaison.crypto.keys import Digest
from secure_liaison.directory import registry as pure
from secure_liaison.errors import LiaisonError
from secure_liaison.labels.acts import Approve, Propose, Purpose
from secure_liaison.labels.case import Event
from secure_liaison.labels.label import decode_label
from secure_liaison.office import Office
from secure_liaison.vault.sent import SentItem
from secure_liaison.workflows import (
    addressing,
    correspondence,
    determining,
    enrolment,
    exchanging,
    notifying,
    proposing,
)
from secure_liaison.workflows.correspondence import Draft
from secure_liaison.workflows.determining import DeskCase
from secure_liaison.workflows.proposing import Words
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import SENDER, Scene, opened_text
from tests.capsule.forge import NOW
from tests.workflows.casework import (
    APPROVER,
    DAY,
    PAPER,
    PROPOSER,
    determined,
    did,
    prepare,
    proposed,
)


def _sent(desk: Office, digest: Digest) -> SentItem:
    item = desk.mail.sent.get(digest)
    assert item is not None
    return item


ADDRESS = f"{SENDER}@EMB-A"


def under(found: DeskCase, text: bytes = PAPER, **fields: object) -> Draft:
    values = {"subject": "通报", "level": "", "period": "", "to": (ADDRESS,)}
    return Draft(**{**values, "text": text.decode(), "case": found.case.id, **fields})  # type: ignore[arg-type]  # tests know the fields


def declassified(scene: Scene, found: DeskCase) -> DeskCase:
    ending = Propose(purpose=Purpose.DECLASSIFY, label=None, reason="no-longer-needed")
    did(scene, PROPOSER, found, ending, APPROVER)
    return did(scene, APPROVER, found, Approve(), PROPOSER)


def test_what_was_determined_goes_out_with_who_decided(scene: Scene) -> None:
    prepare(scene)
    found, desk = determined(scene), scene.desk(PROPOSER)
    digest = correspondence.send(desk, under(found))
    correspondence.deliver(desk)
    assert found.case.label == decode_label(_sent(desk, digest).label)
    assert found.case.id == desk.cases.case_of(digest)
    reader = scene.desk(SENDER)
    correspondence.collect(reader)
    (line,) = correspondence.inbox(reader)
    assert line.verified is not None
    assert found.case.label == line.verified.core.label
    assert PAPER.decode() == opened_text(scene, SENDER, digest)


def test_a_proposal_does_not_go_out(scene: Scene) -> None:
    prepare(scene, PROPOSER)
    found = proposed(scene)
    with pytest.raises(LiaisonError, match="case-not-determined"):
        correspondence.send(scene.desk(PROPOSER), under(found))


def test_a_label_goes_out_on_its_own_content_only(scene: Scene, tmp_path: Path) -> None:
    prepare(scene)
    found, desk = determined(scene), scene.desk(PROPOSER)
    extra = tmp_path / "extra.txt"
    extra.write_bytes(b"more")
    for draft in (under(found, b"other"), under(found, attachments=(extra,))):
        with pytest.raises(LiaisonError, match="case-other-content"):
            correspondence.send(desk, draft)
    with pytest.raises(LiaisonError, match="case-without-content"):
        correspondence.send(desk, under(found, b""))
    paper = tmp_path / "paper.bin"
    paper.write_bytes(PAPER)
    assert correspondence.send(desk, under(found, b"", attachments=(paper,)))


def test_whoever_is_outside_the_determined_audience_gets_nothing(scene: Scene) -> None:
    prepare(scene)
    found = determined(scene, agencies=())
    with pytest.raises(LiaisonError, match="refused"):
        correspondence.send(scene.desk(PROPOSER), under(found))


def test_a_declassification_is_told_to_every_holder_until_each_has_signed(scene: Scene) -> None:
    prepare(scene)
    found, desk, reader = determined(scene), scene.desk(PROPOSER), scene.desk(SENDER)
    digest = correspondence.send(desk, under(found))
    assert () == notifying.outstanding(desk, found.case.id)
    scene.clock.advance(60)
    found = declassified(scene, found)
    with pytest.raises(LiaisonError, match="case-not-determined"):
        correspondence.send(desk, under(found))
    (open_,) = notifying.outstanding(desk, found.case.id)
    assert (Event.DECLASSIFIED, digest, ADDRESS, None) == (
        open_.event,
        open_.about,
        open_.address,
        open_.digest,
    )
    (told,) = notifying.notify(desk, found.case.id)
    assert told.digest is not None
    assert () == notifying.notify(desk, found.case.id)
    correspondence.deliver(desk)
    correspondence.collect(reader)
    sink = MemorySink()
    opened = correspondence.read(reader, told.digest.hex(), sink)
    assert ObjectKind.NOTICE is opened.verified.core.kind
    shown = sink.parts[0][1].decode()
    assert "解密" in shown
    assert addressing.mark_of(desk, decode_label(_sent(desk, digest).label)) in shown
    (waiting,) = notifying.outstanding(desk, found.case.id)
    assert told.digest == waiting.digest
    correspondence.acknowledge(reader, told.digest.hex())
    correspondence.deliver(reader)
    correspondence.collect(desk)
    assert () == notifying.outstanding(desk, found.case.id)


def longer(scene: Scene, found: DeskCase, day: str) -> Propose:
    words = Words(period=f"until {day}")
    return Propose(
        purpose=Purpose.EXTEND,
        label=proposing.later_label(scene.desk(PROPOSER), words, found.case),
        reason="still-needed",
        grounds=("密级不变", "谈判未完", "范围不变"),
    )


@pytest.mark.parametrize("late_s", [-1, 0, 1])
def test_an_extension_counts_before_local_midnight_and_not_after(scene: Scene, late_s: int) -> None:
    prepare(scene)
    days = [to_iso(NOW + number * DAY)[:10] for number in (2, 4, 6)]
    found, desk = determined(scene, period=f"until {days[0]}"), scene.desk(PROPOSER)
    correspondence.send(desk, under(found))
    scene.clock.advance(60)
    did(scene, PROPOSER, found, longer(scene, found, days[1]), APPROVER)
    found = did(scene, APPROVER, found, Approve(), PROPOSER)
    assert [Event.EXTENDED] == [each.event for each in notifying.notify(desk, found.case.id)]
    end = from_iso(days[1]) - 480 * 60
    scene.clock.advance(end + late_s - scene.clock.now())
    if late_s < 0:
        found = determining.act(desk, found.case.id, longer(scene, found, days[2]))
        assert found.case.pending is not None
        return
    for step in (longer(scene, found, days[2]), Propose(purpose=Purpose.DECLASSIFY, label=None)):
        with pytest.raises(LiaisonError, match="case-expired"):
            determining.act(desk, found.case.id, step)
    scene.clock.advance(-7 * DAY)  # a clock that is set back revives nothing
    with pytest.raises(LiaisonError, match="case-expired"):
        determining.act(desk, found.case.id, longer(scene, found, days[2]))
    events = [each.event for each in notifying.outstanding(desk, found.case.id)]
    assert [Event.EXTENDED, Event.EXPIRED] == events


def test_an_extension_that_arrives_after_the_end_extends_nothing(scene: Scene) -> None:
    prepare(scene)
    days = [to_iso(NOW + number * DAY)[:10] for number in (2, 4)]
    found = determined(scene, period=f"until {days[0]}")
    did(scene, PROPOSER, found, longer(scene, found, days[1]))
    late = exchanging.export_case(scene.desk(PROPOSER), found.case.id)
    scene.clock.advance(3 * DAY)
    with pytest.raises(LiaisonError, match="case-expired"):
        exchanging.import_case(scene.desk(APPROVER), late)
    # Where it was accepted in time, it stays accepted.
    assert determining.load(scene.desk(PROPOSER), found.case.id).case.pending is not None


def test_a_holder_who_left_stays_on_the_list(scene: Scene) -> None:
    prepare(scene)
    found, desk = determined(scene), scene.desk(PROPOSER)
    correspondence.send(desk, under(found))
    scene.clock.advance(60)
    declassified(scene, found)
    office = scene.registry("EMB-A")
    officer = office.state.officer_by_login(SENDER)
    (signed,) = [one for one in office.state.signed() if one.statement.content == officer]
    office.state = pure.withdraw(office.state, signed.digest)
    enrolment.import_book(desk, scene.publish("EMB-A").book)
    (told,) = notifying.notify(desk, found.case.id)
    assert told.error is not None
    assert "unknown" in told.error.reason or "address" in told.error.reason
    assert officer.officer.hex() == told.address


def test_each_holder_is_told_and_signs_alone(scene: Scene) -> None:
    prepare(scene)
    found, desk = determined(scene), scene.desk(PROPOSER)
    correspondence.send(desk, under(found, to=(ADDRESS, f"{APPROVER}@EMB-B")))
    scene.clock.advance(60)
    declassified(scene, found)
    told = notifying.notify(desk, found.case.id)
    assert {ADDRESS, f"{APPROVER}@EMB-B"} == {each.address for each in told}
    correspondence.deliver(desk)
    reader = scene.desk(SENDER)
    correspondence.collect(reader)
    (own,) = [each.digest for each in told if each.address == ADDRESS]
    assert own is not None
    correspondence.read(reader, own.hex(), MemorySink())
    correspondence.acknowledge(reader, own.hex())
    correspondence.deliver(reader)
    correspondence.collect(desk)
    left = notifying.outstanding(desk, found.case.id)
    assert [f"{APPROVER}@EMB-B"] == [each.address for each in left]
