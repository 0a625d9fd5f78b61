from __future__ import annotations

from secure_liaison.audit.events import Event, EventType
from secure_liaison.audit.reports import merge, refusals, who_read
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.transparency.merkle import leaf_hash
from tests.audit.desk import Desk

PERMIT = "ef" * 16
AGENCY = "b0" * 32
OBJECT = "ab" * 32
DECIDED = Event(
    type=EventType.GATE_DECISION,
    decision="permit",
    object_digest=OBJECT,
    label="机密★10年",
    actor="j.okafor",
    counterpart=(AGENCY,),
    permit=PERMIT,
    detail={"action": "open"},
)
REFUSED = Event(
    type=EventType.GATE_DECISION,
    decision="deny",
    reason_codes=("CLEARANCE_BELOW_LABEL",),
    label="机密★10年",
    actor="m.rossi",
    counterpart=(AGENCY,),
    ref="Q7K2ZD",
    detail={"action": "open", "why_10": "eleventh", "why_2": "third", "why_more": 0},
)


def two_desks() -> tuple[Desk, Desk]:
    """Two desks whose events interleave."""
    first, second = Desk(), Desk(handle=DeviceHandle(b"\xd1" * 16), origin="ledger.test/d1")
    for number in range(3):
        for desk in (first, second):
            desk.machine.advance(1 if desk is first else 2)
            desk.ledger.append(Event(type=EventType.ADMIN_START, detail={"number": number}))
    return first, second


def test_entries_of_several_desks_stand_in_one_order_of_time() -> None:
    first, second = two_desks()
    merged = merge(second.ledger.entries(), first.ledger.entries())
    times = [entry.event.t_us for entry in merged]
    assert sorted(times) == times
    assert 6 == len(merged)


def test_entries_of_one_time_stand_by_desk_and_index() -> None:
    first, second = Desk(), Desk(handle=DeviceHandle(b"\xd1" * 16))
    for desk in (first, second, first, second):
        desk.ledger.append(Event(type=EventType.ADMIN_START))
    merged = merge(second.ledger.entries(), first.ledger.entries())
    expected = [("d0" * 16, 0), ("d0" * 16, 1), ("d1" * 16, 0), ("d1" * 16, 1)]
    assert expected == [(entry.event.device, entry.index) for entry in merged]


def test_who_read_takes_from_the_decision_what_the_act_does_not_say() -> None:
    desk = Desk()
    desk.ledger.append(DECIDED)
    desk.ledger.append(Event(type=EventType.DOC_OPEN, decision="permit", permit=PERMIT))
    (row,) = who_read(desk.ledger.entries())
    assert ("j.okafor", OBJECT, "机密★10年", AGENCY, "doc.open", 1) == (
        row.actor,
        row.object_digest,
        row.label,
        row.originator,
        row.act,
        row.index,
    )


def test_a_row_can_be_found_again_in_its_export() -> None:
    desk = Desk()
    desk.ledger.append(Event(type=EventType.DOC_OPEN, decision="permit", actor="j.okafor"))
    (row,) = who_read(desk.ledger.entries())
    assert leaf_hash(next(desk.store.rows(0, 1)).leaf).hex() == row.leaf_hash


def test_a_permit_of_another_desk_lends_nothing() -> None:
    first, second = Desk(), Desk(handle=DeviceHandle(b"\xd1" * 16))
    first.ledger.append(DECIDED)
    second.ledger.append(Event(type=EventType.DOC_OPEN, decision="permit", permit=PERMIT))
    (row,) = who_read([*first.ledger.entries(), *second.ledger.entries()])
    assert ("", "") == (row.actor, row.label)


def test_only_what_was_read_is_read() -> None:
    desk = Desk()
    desk.ledger.append(DECIDED)
    desk.ledger.append(REFUSED)
    desk.ledger.append(Event(type=EventType.DOC_OPEN, decision="error", permit=PERMIT))
    desk.ledger.append(Event(type=EventType.DOC_LIST, decision="permit"))
    assert () == who_read(desk.ledger.entries())


def test_exports_and_prints_are_reading() -> None:
    desk = Desk()
    for kind in (EventType.DOC_EXPORT, EventType.DOC_PRINT):
        desk.ledger.append(Event(type=kind, decision="permit"))
    assert ["doc.export", "doc.print"] == [row.act for row in who_read(desk.ledger.entries())]


def test_a_refusal_is_told_with_its_reasons_in_their_order() -> None:
    desk = Desk()
    desk.ledger.append(DECIDED)
    desk.ledger.append(REFUSED)
    (row,) = refusals(desk.ledger.entries())
    assert ("m.rossi", "open", ("CLEARANCE_BELOW_LABEL",), ("third", "eleventh"), "Q7K2ZD", 1) == (
        row.actor,
        row.action,
        row.reason_codes,
        row.explained,
        row.ref,
        row.index,
    )
