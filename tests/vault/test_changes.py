"""Changes of labels keep their order, and what counts is never undone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import VaultError
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.vault.changes import KeptChange, LabelChanges
from secure_liaison.vault.inbox import Inbox, InboxItem, InboxState
from secure_liaison.vault.store import Vault
from secure_liaison.wire.header import ObjectId

ABOUT = Digest(b"\x00" * 32)


def item(number: int) -> InboxItem:
    return InboxItem(
        digest=Digest(bytes([number]) * 32),
        object_id=ObjectId(bytes([number]) * 16),
        relay_seq=number,
        envelope=b"envelope",
        body_name=None,
        leaves=None,
        originator=DeviceHandle(bytes(16)),
        leaf_count=1,
        head_length=1,
        body_size=1,
        state=InboxState.RECEIVED,
        received_at=Instant(1),
    )


def said(number: int, *, counts: int | None = None) -> KeptChange:
    return KeptChange(
        notice=Digest(bytes([number]) * 32),
        about=ABOUT,
        record=b"record %d" % number,
        number=counts,
        taken_at=Instant(100 + number),
    )


@pytest.fixture
def kept(vault: Vault) -> LabelChanges:
    changes = LabelChanges(vault)
    with vault.transaction():
        for number in range(6):
            Inbox(vault).add(item(number))
        changes.keep(said(2, counts=1))
        changes.keep(said(1))
        changes.keep(said(3))
    return changes


def test_what_counts_and_what_waits_come_back_apart(kept: LabelChanges) -> None:
    assert (said(2, counts=1),) == kept.counted(ABOUT)
    assert (said(1), said(3)) == kept.waiting(ABOUT)
    assert () == kept.counted(Digest(b"\x05" * 32))


def test_what_waits_can_count_once(vault: Vault, kept: LabelChanges) -> None:
    with vault.transaction():
        kept.count(said(3).notice, number=2)
    assert (said(2, counts=1), said(3, counts=2)) == kept.counted(ABOUT)
    with vault.transaction(), pytest.raises(ValueError, match="waits"):
        kept.count(said(3).notice, number=3)
    with vault.transaction(), pytest.raises(ValueError, match="waits"):
        kept.count(said(5).notice, number=3)


def test_no_two_changes_have_one_number(vault: Vault, kept: LabelChanges) -> None:
    with pytest.raises(ValueError, match="constraint"), vault.transaction():
        kept.count(said(1).notice, number=1)
    with pytest.raises(ValueError, match="constraint"), vault.transaction():
        kept.keep(said(4, counts=1))


def test_a_change_needs_its_notice_and_its_object(vault: Vault, kept: LabelChanges) -> None:
    lost = Digest(b"\x09" * 32)
    for change in (replace(said(4), notice=lost), replace(said(4), about=lost), said(2)):
        with pytest.raises(ValueError, match="constraint"), vault.transaction():
            kept.keep(change)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM label_changes",
        "UPDATE label_changes SET number = 2 WHERE number = 1",
        "UPDATE label_changes SET number = NULL WHERE number = 1",
        "UPDATE label_changes SET record = x'00' WHERE number IS NULL",
    ],
)
def test_what_counts_is_never_undone(vault: Vault, kept: LabelChanges, sql: str) -> None:
    with pytest.raises((ValueError, VaultError)), vault.transaction():
        vault.execute(sql)
    assert (said(2, counts=1),) == kept.counted(ABOUT)
    assert (said(1), said(3)) == kept.waiting(ABOUT)
