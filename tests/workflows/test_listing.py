"""The inbox and what became of what was sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.directory.view import DirectoryView
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialRevokedError,
    OutOfOrderError,
    RelayRefusedError,
    RelayUnreachableError,
    TamperedError,
)
from secure_liaison.identity.anchors import accept_anchor
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.workflows import correspondence, listing, registry
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import SENDER, SUBJECT, Scene, events, whys
from tests.simulator import SimulatedRelay
from tests.workflows.desks import (
    ADDRESS,
    OTHER_READER,
    READER,
    bodies,
    forge,
    label_of,
    leave,
    newcomer,
    only_for,
    plant,
    queued,
    republish,
    states,
    withdraw,
)


def test_every_subject_is_shown_after_a_permit_of_its_own(scene: Scene) -> None:
    for number in (1, 2):
        scene.send(subject=f"{SUBJECT}-{number}")
        scene.clock.advance(1)
        correspondence.collect(scene.desk(READER))
    desk = scene.desk(READER)
    lines = correspondence.inbox(desk)
    assert [f"{SUBJECT}-2", f"{SUBJECT}-1"] == [line.head.subject for line in lines if line.head]
    assert 2 == len(events(desk, EventType.DOC_LIST))


def test_what_may_not_be_listed_shows_no_subject_but_says_why(scene: Scene) -> None:
    scene.send()
    desk = scene.desk(READER)
    correspondence.collect(desk)
    withdraw(scene, READER, READER)
    (line,) = correspondence.inbox(desk)
    assert line.head is None
    assert line.verified is not None
    assert isinstance(line.refusal, AccessDeniedError)
    assert ["CLEARANCE_WITHDRAWN"] == [each.code for each in line.refusal.reasons]


def test_outside_the_audience_not_even_level_and_sender_are_shown(scene: Scene) -> None:
    genuine = scene.send()
    sender, desk = scene.desk(SENDER), scene.desk(READER)
    label = only_for(label_of(scene, genuine), f"agency:{sender.agency.hex()}")
    digest = plant(scene, desk, forge(sender, desk, label))
    correspondence.collect(desk)
    (line,) = [each for each in correspondence.inbox(desk) if each.item.digest == digest]
    assert (None, None) == (line.verified, line.head)
    assert isinstance(line.refusal, AccessDeniedError)
    assert "not-found-or-not-permitted" == line.refusal.reason


def test_what_does_not_verify_any_more_is_listed_with_the_error(scene: Scene) -> None:
    scene.send()
    desk = scene.desk(READER)
    correspondence.collect(desk)
    registry.retire(
        scene.registry("EMB-A"), SENDER, mode=RevocationMode.COMPROMISED, since=scene.clock.now()
    )
    republish(scene, "EMB-A", READER)
    (line,) = correspondence.inbox(desk)
    assert (None, None) == (line.verified, line.head)
    assert isinstance(line.refusal, CredentialRevokedError)


def test_one_bad_body_does_not_hide_the_others_and_is_written_down(scene: Scene) -> None:
    desk = scene.desk(READER)
    scene.send()
    correspondence.collect(desk)
    (name,) = bodies(desk)
    octets = desk.bodies.path(name).read_bytes()
    desk.bodies.path(name).write_bytes(bytes([octets[0] ^ 1]) + octets[1:])
    scene.send(subject="通报 18")
    correspondence.collect(desk)
    lines = correspondence.inbox(desk)
    assert ["通报 18"] == [line.head.subject for line in lines if line.head]
    assert [TamperedError] == [type(line.refusal) for line in lines if line.refusal]
    assert ("verification.tampered", "capsule-range") in whys(desk, EventType.DOC_LIST)


def test_an_object_without_a_body_cannot_be_opened(scene: Scene) -> None:
    scene.send()
    desk = scene.desk(READER)
    correspondence.collect(desk)
    (item,) = desk.mail.inbox.items()
    with pytest.raises(OutOfOrderError, match="body-not-fetched"):
        listing.body_of(replace(item, body_name=None))


# --- sent -------------------------------------------------------------------------------------


def test_the_sender_sees_queued_sent_fetched_acknowledged(scene: Scene) -> None:
    digest = queued(scene)
    sender, reader = scene.desk(SENDER), scene.desk(READER)
    seen = [states(scene, ask_relay=True)]
    correspondence.deliver(sender)
    seen.append(states(scene, ask_relay=True))
    correspondence.collect(reader)
    seen.append(states(scene, ask_relay=True))
    correspondence.read(reader, digest.hex(), MemorySink())
    correspondence.acknowledge(reader, digest.hex())
    correspondence.collect(reader)
    correspondence.collect(sender)
    seen.append(states(scene, ask_relay=True))
    assert ["queued", "sent", "fetched", "acknowledged"] == [each[ADDRESS] for each in seen]


def test_each_state_has_its_moment(scene: Scene) -> None:
    digest = queued(scene)
    sender, reader = scene.desk(SENDER), scene.desk(READER)
    start, moments = scene.clock.now(), [moment(scene)]
    scene.clock.advance(10)
    correspondence.deliver(sender)
    moments.append(moment(scene))
    scene.clock.advance(10)
    correspondence.collect(reader)
    moments.append(moment(scene))
    scene.clock.advance(10)
    correspondence.read(reader, digest.hex(), MemorySink())
    correspondence.acknowledge(reader, digest.hex())
    correspondence.collect(reader)
    scene.clock.advance(10)
    correspondence.collect(sender)
    moments.append(moment(scene))
    assert [None, start + 10, start + 20, start + 40] == moments


def moment(scene: Scene) -> int | None:
    ((_, (outcome,)),) = correspondence.sent(scene.desk(SENDER))
    return outcome.at


def test_a_refusal_has_its_moment_too(scene: Scene) -> None:
    queued(scene)
    withdraw(scene, READER, SENDER)
    correspondence.deliver(scene.desk(SENDER))
    assert scene.clock.now() == moment(scene)


def test_receipts_stand_neither_in_the_inbox_nor_under_sent(scene: Scene) -> None:
    digest = scene.send()
    sender, reader = scene.desk(SENDER), scene.desk(READER)
    correspondence.collect(reader)
    correspondence.read(reader, digest.hex(), MemorySink())
    correspondence.acknowledge(reader, digest.hex())
    correspondence.collect(reader)
    correspondence.collect(sender)
    assert () == correspondence.inbox(sender)
    assert () == correspondence.sent(reader)
    assert [ObjectKind.RECEIPT] == [item.kind for item in reader.mail.sent.items()]


@pytest.mark.parametrize("further", [0, 1])
def test_an_officer_with_two_devices_is_as_far_as_the_further_one(
    scene: Scene, further: int
) -> None:
    first = scene.desk(READER)
    second, _ = newcomer(scene, "EMB-B", READER, endorsers=[first.keys.signing])
    republish(scene, "EMB-B", SENDER)
    digest = queued(scene)
    correspondence.deliver(scene.desk(SENDER))
    desks = sorted((first, second), key=lambda desk: desk.keys.handle)
    correspondence.collect(desks[further])
    assert {ADDRESS: "fetched"} == states(scene, ask_relay=True)
    found = [each.state.value for each in scene.desk(SENDER).mail.sent.recipients(digest)]
    assert "fetched" == found.pop(further)
    assert ["sent"] == found


def test_every_object_that_is_on_its_way_is_asked_about(scene: Scene) -> None:
    for _ in range(2):
        scene.send()
    correspondence.collect(scene.desk(READER))
    listed = correspondence.sent(scene.desk(SENDER))
    assert ["fetched"] * 2 == [each.state.value for _, found in listed for each in found]


def test_every_recipient_has_a_line(scene: Scene) -> None:
    queued(scene, READER, OTHER_READER)
    correspondence.deliver(scene.desk(SENDER))
    correspondence.collect(scene.desk(OTHER_READER))
    assert {ADDRESS: "sent", f"{OTHER_READER}@EMB-B": "fetched"} == states(scene, ask_relay=True)


def test_who_left_the_book_is_shown_by_their_id(scene: Scene) -> None:
    digest = scene.send()
    sender = scene.desk(SENDER)
    (recipient,) = sender.mail.sent.recipients(digest)
    leave(scene, READER)
    assert {recipient.officer.hex(): "sent"} == states(scene)


def test_a_device_that_no_roster_names_is_not_asked_about(scene: Scene) -> None:
    scene.send()
    desk, keys = scene.desk(SENDER), scene.keys("EMB-B")
    desk.directory = DirectoryView(desk.realm).with_anchor(
        accept_anchor(keys.anchor, typed_digits=keys.anchor.digits())
    )
    scene.relay.down = True
    assert ["sent"] == list(states(scene, ask_relay=True).values())


def test_without_the_relay_only_the_own_word_can_be_listed(scene: Scene) -> None:
    scene.send()
    scene.relay.down = True
    with pytest.raises(RelayUnreachableError):
        states(scene, ask_relay=True)
    assert {ADDRESS: "sent"} == states(scene)


def test_what_the_relay_has_forgotten_is_listed_as_it_was(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.send()
    answer(monkeypatch, RelayRefusedError("not-found"))
    assert {ADDRESS: "sent"} == states(scene, ask_relay=True)


def test_another_refusal_of_the_relay_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.send()
    answer(monkeypatch, RelayRefusedError("busy"))
    with pytest.raises(RelayRefusedError, match="busy"):
        states(scene, ask_relay=True)


def answer(monkeypatch: pytest.MonkeyPatch, error: RelayRefusedError) -> None:
    def status(*_: object) -> None:
        raise error

    monkeypatch.setattr(SimulatedRelay, "status", status)


def test_before_anything_was_sent_no_relay_is_asked(scene: Scene) -> None:
    scene.relay.down = True
    assert () == correspondence.sent(scene.desk(SENDER))
