"""Mail: states only rise, digests are seen once, floods cost one row, shares can be destroyed."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, product
from typing import TYPE_CHECKING

import pytest

from secure_liaison.capsule.core import ObjectKind
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest, Secret
from secure_liaison.errors import (
    DirectoryStaleError,
    FormatError,
    OutOfOrderError,
    ReplayError,
    SignatureError,
    VaultDamagedError,
)
from secure_liaison.identity.ids import DeviceHandle, OfficerId
from secure_liaison.vault.mail import (
    InboxItem,
    InboxState,
    Mail,
    OutboxRow,
    OutboxState,
    QuarantineRow,
    Recipient,
    RecipientState,
    SentItem,
)
from secure_liaison.wire.header import ObjectId

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from secure_liaison.vault.store import Vault

NOW = Instant(1_800_000_000)
ALICE, BOB = OfficerId(b"a" * 16), OfficerId(b"b" * 16)
DESK_1, DESK_2 = DeviceHandle(b"1" * 16), DeviceHandle(b"2" * 16)


def digest(number: int) -> Digest:
    return Digest(bytes([number]) * 32)


def at(seconds: int) -> Instant:
    return Instant(NOW + seconds)


def received(number: int) -> InboxItem:
    return InboxItem(
        digest=digest(number),
        object_id=ObjectId(bytes([0xA0 + number]) * 16),
        relay_seq=number,
        envelope=b"envelope",
        body_name=None,
        leaves=None,
        originator=DESK_1,
        leaf_count=3,
        head_length=2048,
        body_size=70_000,
        state=InboxState.RECEIVED,
        received_at=at(number),
    )


def own_copy(number: int) -> SentItem:
    return SentItem(
        digest=digest(number),
        object_id=ObjectId(bytes([0xB0 + number]) * 16),
        kind=ObjectKind.BULLETIN,
        submission=b"submission",
        leaves=b"l" * 64,
        body_name=f"{number:032x}",
        created=at(number),
        subject="关于会见的通报",
        label=b"label",
        core=b"core",
        urgency="flash",
        acknowledge_by=at(3600),
    )


@pytest.fixture
def mail(vault: Vault) -> Mail:
    return Mail(vault)


# -------------------------------------------------------------------------------- inbox


def test_an_item_comes_back_as_it_came(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.inbox.add(received(1))
    assert mail.inbox.get(digest(1)) == received(1)
    assert mail.inbox.get(digest(2)) is None


def test_the_newest_stands_first(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        for number in (2, 1, 3):
            mail.inbox.add(received(number))
    assert [item.relay_seq for item in mail.inbox.items()] == [3, 2, 1]
    assert [item.relay_seq for item in mail.inbox.items(limit=1)] == [3]


def test_one_object_is_kept_once(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.inbox.add(received(1))
    with pytest.raises(ValueError, match="constraint"), vault.transaction():
        mail.inbox.add(replace(received(1), envelope=b"other"))
    assert mail.inbox.items() == (received(1),)


def test_the_body_is_named_when_it_was_fetched(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.inbox.add(received(1))
        mail.inbox.attach_body(digest(1), body_name="f" * 32, leaves=b"l" * 96)
    expected = replace(received(1), body_name="f" * 32, leaves=b"l" * 96)
    assert mail.inbox.get(digest(1)) == expected


def test_states_rise_and_each_moment_is_the_first(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.inbox.add(received(1))
        for seconds in (10, 20):
            mail.inbox.mark_opened(digest(1), at=at(seconds))
        for seconds in (30, 40):
            mail.inbox.mark_acknowledged(digest(1), at=at(seconds))
        mail.inbox.mark_opened(digest(1), at=at(50))
    assert mail.inbox.get(digest(1)) == replace(
        received(1),
        state=InboxState.ACKNOWLEDGED,
        opened_at=at(10),
        acknowledged_at=at(30),
    )


def test_nobody_signs_for_what_was_not_opened(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.inbox.add(received(1))
    with pytest.raises(OutOfOrderError, match="not-opened"), vault.transaction():
        mail.inbox.mark_acknowledged(digest(1), at=NOW)
    assert mail.inbox.get(digest(1)) == received(1)


def test_what_is_not_there_cannot_change(vault: Vault, mail: Mail) -> None:
    changes: list[Callable[[], None]] = [
        lambda: mail.inbox.mark_opened(digest(1), at=NOW),
        lambda: mail.inbox.mark_acknowledged(digest(1), at=NOW),
        lambda: mail.inbox.attach_body(digest(1), body_name="f" * 32, leaves=b""),
    ]
    for change in changes:
        with pytest.raises(ValueError, match="no such object"), vault.transaction():
            change()


def test_a_digest_is_seen_under_one_set_of_claims(vault: Vault, mail: Mail) -> None:
    assert mail.inbox.seen_claims(digest(1)) is None
    with vault.transaction():
        mail.inbox.mark_seen(digest(1), digest(7), at=NOW)
        mail.inbox.mark_seen(digest(1), digest(7), at=NOW)
    with pytest.raises(ReplayError, match="other-claims"), vault.transaction():
        mail.inbox.mark_seen(digest(1), digest(8), at=NOW)
    assert mail.inbox.seen_claims(digest(1)) == digest(7)


def test_an_object_is_found_by_the_beginning_of_either_id(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.inbox.add(received(1))
        mail.sent.add(own_copy(2), [])
    assert mail.inbox.matching("0101") == (digest(1),)
    assert mail.inbox.matching("a1A1") == (digest(1),)
    assert mail.inbox.matching("ff") == ()
    assert mail.sent.matching("02") == (digest(2),)
    assert mail.sent.matching("b2b2") == (digest(2),)


@pytest.mark.parametrize("start", ["", "*", "0x1", "01%", "[0-9]"])
def test_a_pattern_is_not_the_beginning_of_an_id(mail: Mail, start: str) -> None:
    for found in (mail.inbox.matching, mail.sent.matching):
        with pytest.raises(ValueError, match="hex"):
            found(start)


# --------------------------------------------------------------------------------- sent


def test_an_own_copy_comes_back_with_its_recipients(vault: Vault, mail: Mail) -> None:
    without_due = replace(own_copy(2), acknowledge_by=None, kind=ObjectKind.RECEIPT)
    with vault.transaction():
        mail.sent.add(own_copy(1), [(BOB, DESK_2), (ALICE, DESK_1)])
        mail.sent.add(without_due, [])
    assert mail.sent.get(digest(1)) == own_copy(1)
    assert mail.sent.get(digest(3)) is None
    assert mail.sent.items() == (without_due, own_copy(1))
    assert mail.sent.recipients(digest(1)) == (
        Recipient(officer=ALICE, device=DESK_1),
        Recipient(officer=BOB, device=DESK_2),
    )


def test_a_receipt_is_kept_as_evidence(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.sent.add(own_copy(1), [(BOB, DESK_2)])
        mail.sent.advance(digest(1), DESK_2, RecipientState.SENT, at=at(1))
        mail.sent.advance(digest(1), DESK_2, RecipientState.FETCHED, at=at(2))
        for seconds, receipt in ((3, b"first"), (4, b"second")):
            mail.sent.advance(
                digest(1), DESK_2, RecipientState.ACKNOWLEDGED, at=at(seconds), receipt=receipt
            )
    assert mail.sent.recipients(digest(1)) == (
        Recipient(
            officer=BOB,
            device=DESK_2,
            state=RecipientState.ACKNOWLEDGED,
            sent_at=at(1),
            fetched_at=at(2),
            acknowledged_at=at(3),
            receipt=b"first",
        ),
    )


def test_late_news_lowers_nothing(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.sent.add(own_copy(1), [(BOB, DESK_2)])
        mail.sent.advance(digest(1), DESK_2, RecipientState.ACKNOWLEDGED, at=at(5))
        mail.sent.advance(digest(1), DESK_2, RecipientState.FETCHED, at=at(6))
        mail.sent.advance(digest(1), DESK_2, RecipientState.REFUSED, at=at(7))
    (found,) = mail.sent.recipients(digest(1))
    assert found.state is RecipientState.ACKNOWLEDGED
    assert (found.fetched_at, found.refused_at) == (at(6), at(7))


RISING = (
    RecipientState.QUEUED,
    RecipientState.REFUSED,
    RecipientState.SENT,
    RecipientState.FETCHED,
    RecipientState.ACKNOWLEDGED,
)


def test_no_order_of_news_lowers_a_state(vault: Vault, mail: Mail) -> None:
    orders = [order for length in range(1, 5) for order in product(RISING[1:], repeat=length)]
    with vault.transaction():
        for number, order in enumerate(orders):
            one = Digest(number.to_bytes(32))
            mail.sent.add(replace(own_copy(1), digest=one), [(BOB, DESK_2)])
            ranks = []
            for state in order:
                mail.sent.advance(one, DESK_2, state, at=NOW)
                ranks.append(RISING.index(mail.sent.recipients(one)[0].state))
            told = [RISING.index(state) for state in order]
            assert ranks == list(accumulate(told, max))


def test_news_about_nobody_is_a_programmers_mistake(vault: Vault, mail: Mail) -> None:
    with pytest.raises(ValueError, match="recipient"), vault.transaction():
        mail.sent.advance(digest(1), DESK_2, RecipientState.SENT, at=NOW)
    with pytest.raises(ValueError, match="queued"), vault.transaction():
        mail.sent.advance(digest(1), DESK_2, RecipientState.QUEUED, at=NOW)


def test_a_kind_that_nobody_writes_is_damage(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.sent.add(own_copy(1), [])
        vault.execute("UPDATE sent SET kind = 'postcard'")
    with pytest.raises(VaultDamagedError, match="record"):
        mail.sent.items()


# ------------------------------------------------------------------------------- outbox


@pytest.fixture
def queued(vault: Vault, mail: Mail) -> Mail:
    with vault.transaction():
        mail.sent.add(own_copy(1), [])
        mail.outbox.queue(digest(1), ObjectKind.BULLETIN, next_try=NOW)
    return mail


def row(**changes: object) -> OutboxRow:
    queued = OutboxRow(
        digest=digest(1),
        kind=ObjectKind.BULLETIN,
        state=OutboxState.QUEUED,
        reason="",
        tries=0,
        next_try=NOW,
    )
    return replace(queued, **changes)  # type: ignore[arg-type]  # fields of the row only


def test_what_is_due_goes_out_the_longest_waiting_first(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        for number, seconds in ((1, 20), (2, 10), (3, 99)):
            mail.sent.add(own_copy(number), [])
            mail.outbox.queue(digest(number), ObjectKind.NOTICE, next_try=at(seconds))
    assert [found.digest for found in mail.outbox.due(at(20))] == [digest(2), digest(1)]
    assert [found.digest for found in mail.outbox.due(at(20), limit=1)] == [digest(2)]
    assert mail.outbox.due(at(9)) == ()
    assert mail.outbox.waiting() == 3


def test_a_failed_attempt_is_counted_and_waits(vault: Vault, queued: Mail) -> None:
    with vault.transaction():
        queued.outbox.postpone(digest(1), next_try=at(30))
    assert queued.outbox.get(digest(1)) == row(tries=1, next_try=at(30))
    assert queued.outbox.due(NOW) == ()


def test_what_is_sent_is_due_no_more(vault: Vault, queued: Mail) -> None:
    for _ in range(2):
        with vault.transaction():
            queued.outbox.mark_sent(digest(1))
            queued.outbox.queue(digest(1), ObjectKind.BULLETIN, next_try=NOW)
    assert queued.outbox.get(digest(1)) == row(state=OutboxState.SENT)
    assert queued.outbox.due(at(9999)) == ()


def test_what_was_refused_keeps_the_reason_and_can_be_queued_again(
    vault: Vault, queued: Mail
) -> None:
    with vault.transaction():
        queued.outbox.refuse(digest(1), "not-admitted")
    assert queued.outbox.get(digest(1)) == row(state=OutboxState.REFUSED, reason="not-admitted")
    assert queued.outbox.due(at(9999)) == ()
    with vault.transaction():
        queued.outbox.queue(digest(1), ObjectKind.BULLETIN, next_try=at(5))
    assert queued.outbox.get(digest(1)) == row(next_try=at(5))


def test_steps_that_cannot_follow_are_programmers_mistakes(vault: Vault, queued: Mail) -> None:
    with vault.transaction():
        queued.outbox.mark_sent(digest(1))
    steps: list[Callable[[], None]] = [
        lambda: queued.outbox.postpone(digest(1), next_try=NOW),
        lambda: queued.outbox.refuse(digest(1), "late"),
        lambda: queued.outbox.mark_sent(digest(2)),
    ]
    for step in steps:
        with pytest.raises(ValueError, match="no such row"), vault.transaction():
            step()


def test_only_a_kept_object_can_be_queued(vault: Vault, mail: Mail) -> None:
    with pytest.raises(ValueError, match="constraint"), vault.transaction():
        mail.outbox.queue(digest(1), ObjectKind.BULLETIN, next_try=NOW)


# --------------------------------------------------------------------------- quarantine


def test_a_parsed_object_is_kept_with_its_newest_error(vault: Vault, mail: Mail) -> None:
    for seconds, error in ((1, DirectoryStaleError("too-old")), (2, SignatureError("ml-dsa"))):
        with vault.transaction():
            mail.quarantine.add_object(
                digest(1), error, envelope=b"envelope", sender=DESK_1, at=at(seconds)
            )
    expected = QuarantineRow(
        digest=digest(1),
        sender=DESK_1,
        code="verification.signature",
        reason="ml-dsa",
        envelope=b"envelope",
        size_bytes=8,
        first_at=at(1),
        last_at=at(2),
        times=2,
    )
    assert mail.quarantine.rows() == (expected,)
    assert mail.quarantine.get(digest(1)) == expected


def test_a_flood_costs_one_row_per_error_and_sender(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        for number in range(100):
            mail.quarantine.count_unreadable(
                digest(number), FormatError("not-cbor"), size_bytes=10, sender=DESK_1, at=at(number)
            )
        mail.quarantine.count_unreadable(
            digest(200), FormatError("not-cbor"), size_bytes=5, sender=b"", at=NOW
        )
        mail.quarantine.count_unreadable(
            digest(0), FormatError("too-long"), size_bytes=7, sender=DESK_1, at=NOW
        )
    rows = mail.quarantine.rows()
    assert [(found.reason, found.sender, found.times, found.size_bytes) for found in rows] == [
        ("not-cbor", DESK_1, 100, 1000),
        ("too-long", DESK_1, 1, 7),
        ("not-cbor", b"", 1, 5),
    ]
    assert (rows[0].digest, rows[0].first_at, rows[0].last_at) == (digest(0), at(0), at(99))
    assert rows[0].envelope is None


def test_objects_and_causes_are_counted(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        for number, reason in enumerate(("size", "size", "ml-dsa"), 1):
            mail.quarantine.add_object(
                digest(number), SignatureError(reason), envelope=b"e", sender=b"", at=at(number)
            )
        mail.quarantine.count_unreadable(
            digest(9), SignatureError("size"), size_bytes=1, sender=b"", at=at(3)
        )
    assert 3 == mail.quarantine.kept()
    cause = SignatureError("size")
    counted = [mail.quarantine.of_cause(cause, since=at(seconds)) for seconds in range(4)]
    assert [3, 2, 1, 0] == counted
    assert 0 == mail.quarantine.of_cause(FormatError("size"), since=NOW)


def test_release_forgets_the_object_and_no_flood(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.quarantine.add_object(
            digest(1), SignatureError("size"), envelope=b"e", sender=b"", at=NOW
        )
        mail.quarantine.count_unreadable(
            digest(1), FormatError("not-cbor"), size_bytes=1, sender=b"", at=NOW
        )
    with vault.transaction():
        mail.quarantine.release(digest(1))
    assert mail.quarantine.get(digest(1)) is None
    assert [found.reason for found in mail.quarantine.rows()] == ["not-cbor"]


# ---------------------------------------------------------------------- shares and bodies


def test_shares_come_back_in_order_until_they_are_destroyed(vault: Vault, mail: Mail) -> None:
    shares = tuple(Secret.generate() for _ in range(3))
    with vault.transaction():
        for _ in range(2):
            mail.shares.keep(digest(1), shares)
    assert mail.shares.of(digest(1)) == shares
    with vault.transaction():
        mail.shares.destroy(digest(1))
    assert mail.shares.of(digest(1)) == ()


def test_an_object_has_one_set_of_shares(vault: Vault, mail: Mail) -> None:
    with vault.transaction():
        mail.shares.keep(digest(1), [Secret.generate()])
    for others in ([], [Secret.generate()]):
        with pytest.raises(ValueError, match="one set"), vault.transaction():
            mail.shares.keep(digest(1), others)


def test_bodies_still_wanted_are_those_of_inbox_and_sent(vault: Vault, mail: Mail) -> None:
    assert mail.body_names() == frozenset()
    with vault.transaction():
        mail.inbox.add(received(1))
        mail.inbox.add(replace(received(2), body_name="e" * 32))
        mail.sent.add(own_copy(3), [])
    assert mail.body_names() == {"e" * 32, own_copy(3).body_name}


def test_a_share_is_gone_from_the_files_after_a_checkpoint(
    vault: Vault, mail: Mail, folder: Path
) -> None:
    """What can be shown: the row is gone and the write-ahead file, which held it, is empty."""
    with vault.transaction():
        mail.shares.keep(digest(1), [Secret.generate()])
    with vault.transaction():
        mail.shares.destroy(digest(1))
    vault.checkpoint()
    assert (folder / "vault.db-wal").stat().st_size == 0
    assert mail.shares.of(digest(1)) == ()
