"""What became of a label takes effect at the holder's desk: shown, judged, in order, by itself."""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import from_iso, to_iso
from secure_liaison.errors import AccessDeniedError
from secure_liaison.labels.acts import Decide, Protect, ProtectionCause, Purpose, Receive, Report
from secure_liaison.labels.case import Event
from secure_liaison.labels.period import period_end
from secure_liaison.office import Office
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import (
    correspondence,
    determining,
    enrolment,
    explaining,
    labelling,
    listing,
    notifying,
    proposing,
    registry,
)
from secure_liaison.workflows.authorising import agency_leaf
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import Scene, events
from tests.capsule.forge import NOW
from tests.workflows.casework import (
    APPROVER,
    BUREAU,
    DAY,
    PROPOSER,
    began,
    determined,
    did,
    first_label,
    prepare,
)
from tests.workflows.desks import assert_settled, kinds, withdraw
from tests.workflows.holding import (
    HOLDER,
    changed,
    clerk,
    ended,
    extended,
    held,
    holds,
    marks,
    sent,
    told,
)


def became(desk: Office) -> list[tuple[object, object]]:
    """Return event and fate of every notice that a desk took in."""
    return [
        (each.detail["event"], each.detail["became"])
        for each in events(desk, EventType.LABEL_CHANGE)
    ]


def test_a_lowered_level_is_in_force_as_soon_as_its_notice_is_collected(scene: Scene) -> None:
    found, digest = held(scene, by=APPROVER, level="机密")
    desk = scene.desk(HOLDER)
    changed(scene, found, level="秘密", period="5年")
    told(scene, by=APPROVER)
    assert (["机密 10年"], "秘密 5年") == marks(desk, holds(desk, digest))
    assert [("changed", "counts")] == became(desk)
    assert Event.CHANGED is holds(desk, digest).event
    assert_settled(desk)


def test_a_notice_opens_with_a_permit_and_the_officer_need_not_read_it(scene: Scene) -> None:
    found, _ = held(scene)
    desk = scene.desk(HOLDER)
    changed(scene, found, period="5年")
    correspondence.collect(scene.desk(PROPOSER))
    before = desk.ledger.size
    correspondence.collect(desk)
    assert [EventType.GATE_DECISION, EventType.DOC_RECEIVE, EventType.LABEL_CHANGE] == [
        each for each in kinds(desk)[before:] if each is not EventType.DIRECTORY_IMPORT
    ]
    assert "received" == desk.mail.inbox.items()[0].state.value


def test_a_raised_level_refuses_at_once_who_is_not_cleared_for_it(scene: Scene) -> None:
    prepare(scene)
    low, found = clerk(scene), determined(scene)
    digest = sent(scene, found, "w.low", HOLDER)
    correspondence.collect(low)
    correspondence.read(low, digest.hex(), MemorySink())
    scene.clock.advance(60)
    changed(scene, found, level="机密")
    told(scene, low, scene.desk(HOLDER))
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.read(low, digest.hex(), MemorySink())
    assert ["CLEARANCE_BELOW_LABEL"] == [each.code for each in caught.value.reasons]
    with pytest.raises(AccessDeniedError):
        correspondence.acknowledge(low, digest.hex())
    with pytest.raises(AccessDeniedError):
        correspondence.answered(low, digest.hex())
    correspondence.read(scene.desk(HOLDER), digest.hex(), MemorySink())


def test_a_lowered_level_asks_no_more_than_it_says(scene: Scene) -> None:
    found, digest = held(scene, by=APPROVER, level="机密")
    desk = scene.desk(HOLDER)
    changed(scene, found, level="秘密")
    told(scene, by=APPROVER)
    lower_clearance(scene, desk)
    correspondence.read(desk, digest.hex(), MemorySink())
    correspondence.acknowledge(desk, digest.hex())
    correspondence.deliver(desk)
    sender = scene.desk(APPROVER)
    correspondence.collect(sender)
    assert () == sender.mail.quarantine.rows()
    states = {each.state for each in sender.mail.sent.recipients(digest)}
    assert {RecipientState.ACKNOWLEDGED} == states


def lower_clearance(scene: Scene, desk: Office) -> None:
    """Clear li.wei for 秘密 only."""
    office = scene.registry("EMB-A")
    registry.withdraw_clearance(office, HOLDER)
    keys = scene.keys("EMB-A").registrars[:1]
    registry.clear(office, HOLDER, keys, level="秘密", person_class="important")
    book = scene.publish("EMB-A").book
    for each in (desk, scene.desk(APPROVER)):
        enrolment.import_book(each, book)


def test_a_receipt_for_a_raised_object_travels_under_the_higher_label(scene: Scene) -> None:
    found, digest = held(scene)
    desk = scene.desk(HOLDER)
    changed(scene, found, level="机密")
    told(scene)
    correspondence.read(desk, digest.hex(), MemorySink())
    # m.rossi, who sent it, is cleared for 秘密 only and may not have such a receipt.
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.acknowledge(desk, digest.hex())
    assert ["CLEARANCE_BELOW_LABEL"] == [each.code for each in caught.value.reasons]


def test_a_narrowed_audience_hides_the_object(scene: Scene) -> None:
    prepare(scene)
    low, found = clerk(scene), determined(scene)
    digest = sent(scene, found, "w.low", HOLDER)
    correspondence.collect(low)
    scene.clock.advance(60)
    officers = (f"{HOLDER}@EMB-A", f"{PROPOSER}@EMB-B")
    changed(scene, found, agencies=("EMB-A",), officers=officers)
    told(scene, low, scene.desk(HOLDER))
    with pytest.raises(AccessDeniedError, match="not-found-or-not-permitted"):
        correspondence.read(low, digest.hex(), MemorySink())
    correspondence.read(scene.desk(HOLDER), digest.hex(), MemorySink())


@pytest.mark.parametrize(
    ("purpose", "event"),
    [(Purpose.DECLASSIFY, Event.DECLASSIFIED), (Purpose.PUBLISH, Event.PUBLISHED)],
)
def test_what_is_no_longer_secret_asks_nothing_for_its_level_and_stays_need_to_know(
    scene: Scene, purpose: Purpose, event: Event
) -> None:
    prepare(scene)
    low, found = clerk(scene), determined(scene)
    digest = sent(scene, found, "w.low", HOLDER)
    correspondence.collect(low)
    scene.clock.advance(60)
    ended(scene, found, purpose)
    told(scene, low, scene.desk(HOLDER))
    desk = scene.desk(HOLDER)
    assert ((["秘密 10年"], ""), event) == (
        marks(desk, holds(desk, digest)),
        holds(desk, digest).event,
    )
    withdraw(scene, HOLDER, HOLDER)
    correspondence.read(desk, digest.hex(), MemorySink())
    (line,) = [each for each in correspondence.inbox(desk) if each.item.digest == digest]
    assert line.head is not None


def test_a_declassified_object_is_not_wider_than_before(scene: Scene) -> None:
    prepare(scene)
    low, found = clerk(scene), determined(scene)
    digest = sent(scene, found, "w.low", HOLDER)
    correspondence.collect(low)
    scene.clock.advance(60)
    officers = (f"{HOLDER}@EMB-A", f"{PROPOSER}@EMB-B")
    found = changed(scene, found, agencies=("EMB-A",), officers=officers)
    ended(scene, found)
    told(scene, low)
    assert not holds(low, digest).level_asked
    with pytest.raises(AccessDeniedError, match="not-found-or-not-permitted"):
        correspondence.read(low, digest.hex(), MemorySink())


def days(*numbers: int) -> list[str]:
    return [to_iso(NOW + number * DAY)[:10] for number in numbers]


def test_the_end_of_a_period_shows_by_itself_and_the_clock_alone_drops_nothing(
    scene: Scene,
) -> None:
    (day,) = days(2)
    _, digest = held(scene, period=f"until {day}")
    desk = scene.desk(HOLDER)
    label = holds(desk, digest).judged
    end = period_end(label.period)
    assert end is not None
    scene.clock.advance(end - 1 - scene.clock.now())
    assert holds(desk, digest).label == label
    scene.clock.advance(1)
    found = holds(desk, digest)
    assert (None, end, Event.EXPIRED, label) == (
        found.label,
        found.since,
        found.event,
        found.judged,
    )
    assert found.level_asked
    withdraw(scene, HOLDER, HOLDER)
    with pytest.raises(AccessDeniedError, match="refused"):
        correspondence.read(desk, digest.hex(), MemorySink())


def test_the_notice_of_the_end_goes_out_and_takes_effect_without_anybody(scene: Scene) -> None:
    (day,) = days(2)
    _, digest = held(scene, period=f"until {day}")
    desk, sender = scene.desk(HOLDER), scene.desk(PROPOSER)
    scene.clock.advance(from_iso(day) - 480 * 60 - scene.clock.now())
    taken = correspondence.collect(sender)
    assert [Event.EXPIRED] == [each.event for each in taken.notices.told]
    assert () == correspondence.collect(sender).notices.told
    correspondence.collect(desk)
    assert [("expired", "counts")] == became(desk)
    assert not holds(desk, digest).level_asked
    withdraw(scene, HOLDER, HOLDER)
    correspondence.read(desk, digest.hex(), MemorySink())


def test_an_extension_in_time_keeps_the_mark_alive(scene: Scene) -> None:
    first, second = days(2, 4)
    found, digest = held(scene, period=f"until {first}")
    desk = scene.desk(HOLDER)
    extended(scene, found, period=f"until {second}")
    told(scene)
    scene.clock.advance(from_iso(first) - scene.clock.now())
    assert holds(desk, digest).label is not None
    scene.clock.advance(2 * DAY)
    assert holds(desk, digest).label is None


def test_an_extension_decided_in_time_counts_also_where_its_notice_comes_late(
    scene: Scene,
) -> None:
    first, second = days(2, 6)
    found, digest = held(scene, period=f"until {first}")
    desk = scene.desk(HOLDER)
    extended(scene, found, period=f"until {second}")
    scene.clock.advance(from_iso(first) - scene.clock.now())
    assert holds(desk, digest).label is None
    told(scene)
    assert [("extended", "counts")] == became(desk)
    assert holds(desk, digest).label is not None


def test_changes_count_in_their_order_whatever_order_they_come_in(scene: Scene) -> None:
    found, digest = held(scene, by=APPROVER, level="机密")
    desk, sender = scene.desk(HOLDER), scene.desk(APPROVER)
    found = changed(scene, found, level="秘密")
    correspondence.collect(sender)
    earlier = scene.relay.withhold(scene.box(HOLDER))
    ended(scene, found)
    told(scene, by=APPROVER)
    assert [("declassified", "waits")] == became(desk)
    assert holds(desk, digest).level_asked
    assert ([], "机密 10年") == marks(desk, holds(desk, digest))
    scene.relay.give_back(scene.box(HOLDER), earlier)
    correspondence.collect(desk)
    assert [("declassified", "waits"), ("changed", "counts"), ("declassified", "counts")] == (
        became(desk)
    )
    assert (["机密 10年", "秘密 10年"], "") == marks(desk, holds(desk, digest))
    assert_settled(desk)


def test_a_raise_is_asked_for_although_the_notice_before_it_was_lost(scene: Scene) -> None:
    """Else whoever withholds one notice keeps everything readable as it was."""
    prepare(scene)
    low, found = clerk(scene), determined(scene)
    digest = sent(scene, found, "w.low")
    correspondence.collect(low)
    scene.clock.advance(60)
    found = changed(scene, found, period="5年")
    told(scene)
    scene.relay.withhold(low.keys.handle)
    scene.clock.advance(60)
    changed(scene, found, level="机密")
    told(scene, low)
    assert [("changed", "waits")] == became(low)
    assert ([], "秘密 10年") == marks(low, holds(low, digest))
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.read(low, digest.hex(), MemorySink())
    assert ["CLEARANCE_BELOW_LABEL"] == [each.code for each in caught.value.reasons]


def test_several_changes_are_told_one_by_one_and_all_count(scene: Scene) -> None:
    found, digest = held(scene)
    desk, sender = scene.desk(HOLDER), scene.desk(PROPOSER)
    for words in ({"level": "机密"}, {"level": "秘密"}, {"period": "5年"}):
        found = changed(scene, found, **words)
    told(scene)
    assert [("changed", "counts")] * 3 == [each for each in became(desk) if each[1] == "counts"]
    both = (["秘密 10年", "机密 10年", "秘密 10年"], "秘密 5年")
    assert both == marks(desk, holds(desk, digest))
    (item,) = [each for each, _ in listing.sent(sender) if each.digest == digest]
    assert both == marks(sender, labelling.of_sent(sender, [item])[digest])


def test_the_label_of_a_notice_itself_is_as_it_was_sent(scene: Scene) -> None:
    found, _ = held(scene)
    ended(scene, found)
    told(scene)
    sender = scene.desk(PROPOSER)
    items = sender.mail.sent.items()
    labels = {each.kind.name: labelling.of_sent(sender, [each])[each.digest] for each in items}
    assert labels["BULLETIN"].label is None
    assert labels["NOTICE"].label is not None


def test_a_case_that_does_not_verify_hides_no_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = held(scene)
    other = determined(scene, period="9年")
    sent(scene, other)
    scene.clock.advance(60)
    for each in (found, other):
        ended(scene, each)
    real, sender = determining.load, scene.desk(PROPOSER)

    def load(office: Office, case: bytes) -> object:
        if case == found.case.id:
            raise AccessDeniedError("refused")
        return real(office, case)

    monkeypatch.setattr(determining, "load", load)
    taken = correspondence.collect(sender).notices
    assert [found.case.id] == [case for case, _ in taken.refused]
    assert [Event.DECLASSIFIED] == [each.event for each in taken.told]
    items = [each for each in sender.mail.sent.items() if each.kind.name == "BULLETIN"]
    assert 1 == sum(each.label is None for each in labelling.of_sent(sender, items).values())


def test_a_holder_is_told_alone_and_others_are_not_changed(scene: Scene) -> None:
    prepare(scene)
    low, found = clerk(scene), determined(scene)
    digest = sent(scene, found, "w.low", HOLDER)
    correspondence.collect(low)
    scene.clock.advance(60)
    changed(scene, found, period="5年")
    told(scene)
    assert holds(scene.desk(HOLDER), digest).struck
    assert not holds(low, digest).struck
    correspondence.collect(low)
    assert holds(low, digest).struck


def test_a_protected_item_that_is_decided_is_told_without_a_struck_mark(scene: Scene) -> None:
    prepare(scene)
    found, desk = began(scene), scene.desk(PROPOSER)
    step = Protect(label=first_label(desk, found), cause=ProtectionCause.UNCLEAR)
    found = determining.act(desk, found.case.id, step)
    digest = sent(scene, found)
    scene.clock.advance(60)
    bureau = agency_leaf(scene.agency("EMB-A"))
    found = did(scene, PROPOSER, found, Report(to=bureau), BUREAU)
    found = did(scene, BUREAU, found, Receive())
    found = did(scene, BUREAU, found, Decide(), PROPOSER)
    told(scene)
    holder = scene.desk(HOLDER)
    assert [("determined", "counts")] == became(holder)
    assert ([], "秘密 10年") == marks(holder, holds(holder, digest))


def test_who_is_cleared_for_the_new_label_only_is_told_under_it(scene: Scene) -> None:
    found, digest = held(scene, by=APPROVER, level="机密")
    desk = scene.desk(HOLDER)
    lower_clearance(scene, desk)
    with pytest.raises(AccessDeniedError, match="refused"):
        correspondence.read(desk, digest.hex(), MemorySink())
    changed(scene, found, level="秘密")
    told(scene, by=APPROVER)
    correspondence.read(desk, digest.hex(), MemorySink())
    told(scene, by=APPROVER)
    notice = next(each for each in desk.mail.inbox.items() if each.digest != digest)
    correspondence.read(desk, notice.digest.hex(), MemorySink())
    correspondence.acknowledge(desk, notice.digest.hex())
    correspondence.deliver(desk)
    sender = scene.desk(APPROVER)
    correspondence.collect(sender)
    assert () == notifying.outstanding(sender, found.case.id)


def test_a_receipt_under_the_raised_label_is_accepted(scene: Scene) -> None:
    found, digest = held(scene, by=APPROVER)
    desk, sender = scene.desk(HOLDER), scene.desk(APPROVER)
    changed(scene, found, level="机密")
    told(scene, by=APPROVER)
    correspondence.read(desk, digest.hex(), MemorySink())
    correspondence.acknowledge(desk, digest.hex())
    correspondence.deliver(desk)
    correspondence.collect(sender)
    assert () == sender.mail.quarantine.rows()
    states = {each.state for each in sender.mail.sent.recipients(digest)}
    assert {RecipientState.ACKNOWLEDGED} == states


def test_a_derived_label_follows_the_label_in_force(scene: Scene) -> None:
    found, digest = held(scene)
    desk = scene.desk(HOLDER)
    found = changed(scene, found, level="机密")
    told(scene)
    assert found.case.label == proposing.source_label(desk, digest.hex()[:8])


def test_explaining_tells_nothing_to_whom_the_object_is_hidden_from(scene: Scene) -> None:
    prepare(scene)
    low, found = clerk(scene), determined(scene)
    digest = sent(scene, found, "w.low", HOLDER)
    correspondence.collect(low)
    verified, decision = explaining.explain_received(low, digest.hex())
    assert (digest, True) == (verified.digest, decision.permitted)
    scene.clock.advance(60)
    officers = (f"{HOLDER}@EMB-A", f"{PROPOSER}@EMB-B")
    changed(scene, found, agencies=("EMB-A",), officers=officers)
    told(scene, low)
    with pytest.raises(AccessDeniedError, match="not-found-or-not-permitted"):
        explaining.explain_received(low, digest.hex())


def test_two_objects_of_one_case_have_one_history(scene: Scene) -> None:
    found, digest = held(scene)
    second = sent(scene, found)
    scene.clock.advance(60)
    ended(scene, found)
    told(scene)
    sender = scene.desk(PROPOSER)
    items = [each for each in sender.mail.sent.items() if each.digest in {digest, second}]
    both = labelling.of_sent(sender, items)
    assert {None} == {each.label for each in both.values()}
    assert 2 == len(both)
