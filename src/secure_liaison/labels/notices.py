"""Notices: every change of a label goes in writing to everybody who holds the object.

Rules:

- Addressed are the holders on record and everybody named in the old and in the new audience.
- A notice is open until every addressee has acknowledged it; late ones are named, not dropped.
- A notice says what changed and when; it is no act, and the case's chain is its proof.

Source: docs/spec/determination.md §9; 保守国家秘密法(2024) 第二十三条;
保守国家秘密法实施条例(2024) 第二十一、二十五条.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Digest, Realm, Tag, tagged_hash
from secure_liaison.labels.acts import ProtectionCause
from secure_liaison.labels.case import Event
from secure_liaison.labels.label import label_digest
from secure_liaison.labels.lifecycle import turns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.clock import Instant
    from secure_liaison.labels.case import Case, Setting, Turn
    from secure_liaison.labels.label import Label

__all__ = ["Acknowledgement", "Notice", "notice_digest", "notices", "outstanding"]

_TAG: Final = Tag("secure_liaison/draft-0/case-notice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One change, told to everybody concerned.

    Attributes:
        case: Id of the case, 16 bytes.
        subject: ``object:…``.
        event: What happened.
        at: From when it holds, seconds UTC.
        old: What protected the object before; none if nothing did.
        new: What protects it now; none if it is not or no longer secret.
        addressees: Leaves of everybody who must acknowledge, ascending.
    """

    case: bytes
    subject: str
    event: Event
    at: Instant
    old: Label | None
    new: Label | None
    addressees: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """That an addressee has a notice; the receipt of the object that carried it proves it.

    Attributes:
        notice: Digest of the notice, 32 bytes.
        holder: The addressee's leaf.
        at: When, seconds UTC.
    """

    notice: bytes
    holder: str
    at: Instant


def notices(
    case: Case, holders: Iterable[str], now: Instant, setting: Setting
) -> tuple[Notice, ...]:
    """Return the notice of every change until a moment, the oldest first.

    Args:
        case: As the acts left it.
        holders: Leaves of everybody on record as holding the object.
        now: A period that has ended by then yields its notice too.
        setting: What the case is judged by.

    Raises:
        FormatError: ``pack-unknown``, then as `join`.
    """
    on_record = frozenset(holders)
    return tuple(
        Notice(
            case=case.id,
            subject=case.subject,
            event=turn.event,
            at=turn.at,
            old=turn.old,
            new=turn.new,
            addressees=tuple(sorted(_addressees(case, turn, on_record, setting))),
        )
        for turn in turns(case, now, setting)
    )


def notice_digest(notice: Notice, realm: Realm) -> Digest:
    """Return the digest by which a notice is acknowledged, 32 bytes."""
    return tagged_hash(
        _TAG,
        realm,
        notice.case,
        notice.event.value,
        notice.at,
        label_digest(notice.old) if notice.old else None,
        label_digest(notice.new) if notice.new else None,
        list(notice.addressees),
    )


def outstanding(
    notice: Notice, acknowledged: Iterable[Acknowledgement], realm: Realm
) -> tuple[str, ...]:
    """Return who has not acknowledged a notice; empty when all have."""
    digest = notice_digest(notice, realm)
    done = {each.holder for each in acknowledged if each.notice == digest}
    return tuple(leaf for leaf in notice.addressees if leaf not in done)


def _addressees(
    case: Case, turn: Turn, on_record: frozenset[str], setting: Setting
) -> frozenset[str]:
    named = {
        leaf
        for label in (turn.old, turn.new)
        if label
        for group in label.audience.groups
        for leaf in group
        if leaf.startswith(("agency:", "officer:"))
    }
    found = on_record | named | {case.body}
    # What a provincial bureau decided about an unclear item is filed with the national one.
    if case.cause is ProtectionCause.UNCLEAR and turn.event is Event.DETERMINED:
        found |= {setting.powers.organisation.national_bureau}
    return found
