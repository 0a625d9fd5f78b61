from __future__ import annotations

import ast
import copy
import pickle
import re
from dataclasses import replace
from threading import Barrier, Thread
from typing import Any

import pytest

from secure_liaison.audit.events import Event, EventType, encode_own
from secure_liaison.audit.reports import refusals, who_read
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import KeyId
from secure_liaison.errors import AccessDeniedError, Disclosure, OutOfOrderError
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import Audience
from secure_liaison.monitor.decision import Action, Decision, refusal_json, render_refusal
from secure_liaison.monitor.gate import PERMIT_TTL_S, Permit, unfinished
from secure_liaison.monitor.rules import decide
from tests.architecture.sources import calls, sources
from tests.monitor.scene import (
    AGENCY_B,
    CORE,
    DEVICE,
    KEYS,
    NOW,
    Desk,
    label,
    read_question,
    recipient,
    seal_question,
    standing,
)

OUTSIDER = standing("e.north", agency=AGENCY_B)
HIDDEN = read_question(reader=OUTSIDER, label=label(audience=Audience.of(["officer:ab"])))
REFUSED = seal_question(recipient(standing("m.rossi", agency=AGENCY_B, level="mimi")))
OPENED = Event(type=EventType.DOC_OPEN, decision="permit")


def spend(permit: Permit, **changes: Any) -> None:
    permit.spend(
        **{"action": Action.SEAL, "core_hash": CORE, "key_ids": KEYS, "now": NOW, **changes}
    )


def refused(desk: Desk, question: Any) -> AccessDeniedError:
    with pytest.raises(AccessDeniedError) as caught:
        desk.ask(question)
    return caught.value


def unknown(desk: Desk, action: Action = Action.OPEN) -> AccessDeniedError:
    with pytest.raises(AccessDeniedError) as caught:
        desk.gate.refuse_unknown(action, reader=OUTSIDER, device=DEVICE)
    return caught.value


# What is recorded


def test_a_permit_comes_after_its_line_was_committed_alone() -> None:
    desk = Desk()
    permit = desk.ask(seal_question())
    (entry,) = desk.ledger.entries()
    assert ([1], EventType.GATE_DECISION, "permit") == (
        desk.committed,
        entry.event.type,
        entry.event.decision,
    )
    assert (entry.event.permit, entry.index) == (permit.id.hex(), permit.index)


def test_without_a_committed_line_there_is_no_permit() -> None:
    desk = Desk()
    desk.fails = True
    with pytest.raises(OSError, match="full"):
        desk.ask(seal_question())
    assert [] == list(desk.ledger.entries())


def test_a_decision_says_what_its_permit_is_bound_to() -> None:
    desk = Desk()
    desk.ask(seal_question())
    detail = next(desk.ledger.entries()).event.detail
    assert (CORE.hex(), "cn.state-secrets@2024-09-01", "a0a0a0a0:1.4 b0b0b0b0:1.7") == (
        detail["core"],
        detail["pack"],
        detail["rosters"],
    )


def test_a_refusal_is_recorded_with_every_reason_under_the_reference_shown() -> None:
    desk = Desk()
    error = refused(desk, REFUSED)
    (row,) = refusals(desk.ledger.entries())
    assert (error.ref, ("CLEARANCE_BELOW_LABEL",), ("m.rossi",), "li.wei", "seal") == (
        row.ref,
        row.reason_codes,
        row.counterpart,
        row.actor,
        row.action,
    )
    assert "机密" in row.label
    assert "m.rossi" in row.explained[0]


def test_a_refused_outsider_is_recorded_in_full() -> None:
    desk = Desk()
    error = refused(desk, HIDDEN)
    (row,) = refusals(desk.ledger.entries())
    assert (error.ref, ("NO_NEED_TO_KNOW",), "e.north") == (row.ref, row.reason_codes, row.actor)


def test_a_refusal_of_nothing_is_recorded_as_such() -> None:
    desk = Desk()
    error = unknown(desk)
    (row,) = refusals(desk.ledger.entries())
    assert (error.ref, ("NOT_FOUND",), "", "", "e.north") == (
        row.ref,
        row.reason_codes,
        row.object_digest,
        row.label,
        row.actor,
    )


def test_a_reference_has_six_characters_that_are_not_confused() -> None:
    desk = Desk()
    refs = {unknown(desk).ref for _ in range(20)}
    assert len(refs) == 20
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{6}", ref) for ref in refs)


def test_hundreds_of_refused_recipients_fit_into_one_line_of_the_ledger() -> None:
    desk = Desk()
    many = [
        recipient(standing(f"officer.{number}", agency=AGENCY_B, level="mimi", briefed_until=None))
        for number in range(300)
    ]
    error = refused(desk, seal_question(*many))
    assert 600 == len(error.reasons)
    assert 552 == next(desk.ledger.entries()).event.detail["why_more"]


def test_a_label_that_cannot_be_shown_is_refused_and_recorded() -> None:
    desk = Desk()
    error = refused(desk, seal_question(label=label("no-such-level")))
    assert "LABEL_INVALID" in {reason.code for reason in error.reasons}
    assert "" == next(desk.ledger.entries()).event.label


# Two levels of disclosure


def test_the_senders_side_is_told_the_reasons() -> None:
    error = refused(Desk(), REFUSED)
    assert ("refused", ["CLEARANCE_BELOW_LABEL"]) == (
        error.reason,
        [reason.code for reason in error.reasons],
    )


def told(error: AccessDeniedError) -> tuple[object, ...]:
    """Everything of an error that anybody can see, without the reference."""
    return (
        type(error),
        error.args,
        error.reason,
        error.facts,
        error.reasons,
        error.obligations,
        *(render_refusal(error, language)[:-1] for language in Language),
        refusal_json(error) | {"ref": ""},
    )


@pytest.mark.parametrize("action", [Action.LIST, Action.OPEN, Action.ACKNOWLEDGE, Action.EXPORT])
def test_not_permitted_and_not_found_are_one_answer(action: Action) -> None:
    hidden = refused(Desk(), replace(HIDDEN, action=action))
    assert told(unknown(Desk(), action)) == told(hidden)
    assert ("not-found-or-not-permitted", ()) == (hidden.reason, hidden.reasons)


def test_not_permitted_and_not_found_leave_lines_of_one_size() -> None:
    desk = Desk()
    desk.ask(seal_question())
    refused(desk, HIDDEN)
    unknown(desk)
    _, hidden, nothing = desk.store.rows(0, 3)
    assert [1, 1, 1] == desk.committed
    assert [len(hidden.own), len(hidden.shared), len(hidden.leaf)] == [
        len(nothing.own),
        len(nothing.shared),
        len(nothing.leaf),
    ]


def test_not_permitted_and_not_found_ask_the_same_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(question: Any, *, ref: str) -> Decision:
        asked.append(type(question).__name__)
        return decide(question, ref=ref)

    monkeypatch.setattr("secure_liaison.monitor.gate.decide", counted)
    desk = Desk()
    refused(desk, HIDDEN)
    unknown(desk)
    assert ["ReadQuestion", "ReadQuestion"] == asked


def test_not_permitted_and_not_found_cannot_be_told_apart_by_their_errors_chain() -> None:
    for error in (refused(Desk(), HIDDEN), unknown(Desk())):
        assert (None, None) == (error.__cause__, error.__context__)


# Permits


def test_a_permit_is_spent_once() -> None:
    permit = Desk().ask(seal_question())
    before = permit.spent
    spend(permit)
    assert (False, True) == (before, permit.spent)
    with pytest.raises(OutOfOrderError) as caught:
        spend(permit)
    assert "permit-spent" == caught.value.reason


def test_a_permit_is_valid_for_five_minutes() -> None:
    permit = Desk().ask(seal_question())
    assert PERMIT_TTL_S == 300 == permit.expires_at - NOW
    with pytest.raises(OutOfOrderError) as caught:
        spend(permit, now=permit.expires_at)
    assert "permit-expired" == caught.value.reason
    spend(Desk().ask(seal_question()), now=Instant(permit.expires_at - 1))


@pytest.mark.parametrize(
    "other",
    [
        {"action": Action.OPEN},
        {"core_hash": bytes(32)},
        {"key_ids": frozenset()},
        {"key_ids": KEYS | {KeyId(bytes(32))}},
    ],
)
def test_a_permit_is_for_one_act_and_an_attempt_at_another_uses_it_up(
    other: dict[str, Any],
) -> None:
    permit = Desk().ask(seal_question())
    with pytest.raises(OutOfOrderError) as caught:
        spend(permit, **other)
    assert "permit-other-act" == caught.value.reason
    with pytest.raises(OutOfOrderError) as caught:
        spend(permit)
    assert "permit-spent" == caught.value.reason


def test_a_permit_is_spent_once_also_by_many_at_a_time() -> None:
    permit, barrier, spent = Desk().ask(seal_question()), Barrier(8), []

    def attempt() -> None:
        barrier.wait()
        try:
            spend(permit)
        except OutOfOrderError:
            return
        spent.append(1)

    threads = [Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [1] == spent


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_permit_cannot_be_copied_or_stored(way: Any) -> None:
    with pytest.raises(TypeError, match="copied"):
        way(Desk().ask(seal_question()))


def test_a_permit_does_not_print_what_it_is_bound_to() -> None:
    assert "Permit(seal, …)" == repr(Desk().ask(seal_question()))


def test_a_permit_cannot_be_made_elsewhere() -> None:
    decision = Decision(
        action=Action.SEAL,
        findings=(),
        obligations=(),
        disclosure=Disclosure.FULL,
        ref="",
        pack="",
    )
    for mint in (None, object(), Permit):
        with pytest.raises(TypeError, match="gate"):
            Permit(
                mint,
                decision,
                entry=None,  # type: ignore[arg-type]  # never reached
                core_hash=CORE,
                key_ids=KEYS,
                roster_sequences={},
                expires_at=NOW,
            )


def test_nobody_but_the_gate_calls_the_constructor_or_knows_its_token() -> None:
    taken = [
        source.place
        for source in sources()
        for node in ast.walk(source.tree)
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "secure_liaison.monitor.gate"
            and any(alias.name == "_MINT" for alias in node.names)
        )
        or (isinstance(node, ast.Attribute) and node.attr == "_MINT")
    ]
    made = {source.place for source in sources() for name, _ in calls(source) if name == "Permit"}
    assert ([], {"src/secure_liaison/monitor/gate.py"}) == (taken, made)


def test_only_the_gate_writes_decisions() -> None:
    """Whoever else wrote one would make a refusal or a permit that never was."""
    found = {
        source.place
        for source in sources()
        for name, _ in calls(source)
        if name in {"decision_event", "decoy_question", "unknown_event"}
    }
    assert {"src/secure_liaison/monitor/gate.py"} == found


# Effects


def test_an_effect_carries_its_permit() -> None:
    desk = Desk()
    permit = desk.ask(read_question(), object_digest="ab" * 32)
    spend(permit, action=Action.OPEN)
    entry = desk.gate.effect(permit, OPENED)
    assert permit.id.hex() == entry.event.permit
    (row,) = who_read(desk.ledger.entries())
    assert ("j.okafor", "ab" * 32, "doc.open") == (row.actor, row.object_digest, row.act)


def test_an_effect_leaves_the_commit_to_its_caller() -> None:
    desk = Desk()
    permit = desk.ask(read_question())
    spend(permit, action=Action.OPEN)
    desk.gate.effect(permit, OPENED)
    assert [1] == desk.committed


def test_what_was_not_done_is_not_recorded_as_done() -> None:
    desk = Desk()
    permit = desk.ask(read_question())
    with pytest.raises(OutOfOrderError) as caught:
        desk.gate.effect(permit, OPENED)
    assert "permit-unspent" == caught.value.reason


def test_a_failure_closes_a_permit_that_was_not_spent() -> None:
    desk = Desk()
    permit = desk.ask(read_question())
    desk.gate.effect(permit, replace(OPENED, decision="error"))
    assert () == unfinished(desk.ledger.entries())
    assert () == who_read(desk.ledger.entries())


def test_what_was_closed_as_not_done_cannot_be_done_afterwards() -> None:
    desk = Desk()
    permit = desk.ask(read_question())
    desk.gate.effect(permit, replace(OPENED, decision="error"))
    with pytest.raises(OutOfOrderError, match="permit-spent"):
        spend(permit, action=Action.OPEN)


def test_an_effect_is_recorded_once() -> None:
    desk = Desk()
    permit = desk.ask(read_question())
    spend(permit, action=Action.OPEN)
    desk.gate.effect(permit, OPENED)
    with pytest.raises(OutOfOrderError) as caught:
        desk.gate.effect(permit, OPENED)
    assert "permit-effect" == caught.value.reason


# Reconciling


def test_a_decision_without_an_effect_is_closed_at_start_and_only_once() -> None:
    desk = Desk()
    done = desk.ask(read_question())
    spend(done, action=Action.OPEN)
    desk.gate.effect(done, OPENED)
    refused(desk, REFUSED)
    left = desk.ask(seal_question())
    (open_one,) = unfinished(desk.ledger.entries())
    assert left.index == open_one.index
    (line,) = desk.gate.reconcile()
    assert (EventType.GATE_UNFINISHED, left.id.hex(), left.index, "seal") == (
        line.event.type,
        line.event.permit,
        line.event.detail["decided_at"],
        line.event.detail["action"],
    )
    assert () == desk.gate.reconcile()
    assert 5 == desk.ledger.size


def test_there_is_no_transaction_where_nothing_is_to_be_closed() -> None:
    desk = Desk()
    assert ((), []) == (desk.gate.reconcile(), desk.committed)


def test_a_closed_permit_takes_no_effect_any_more() -> None:
    desk = Desk()
    permit = desk.ask(read_question())
    spend(permit, action=Action.OPEN)
    desk.gate.reconcile()
    with pytest.raises(OutOfOrderError) as caught:
        desk.gate.effect(permit, OPENED)
    assert "permit-effect" == caught.value.reason


def test_decisions_hold_no_key_and_no_subject() -> None:
    desk = Desk()
    desk.ask(seal_question())
    refused(desk, HIDDEN)
    unknown(desk)
    for entry in desk.ledger.entries():
        data = encode_own(entry.event)
        for key in (DEVICE.signing_key.octets, DEVICE.vault_key.octets, *KEYS):
            assert key.hex().encode() not in data
