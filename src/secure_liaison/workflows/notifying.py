"""Notices of change: whoever holds an object is told what became of its label, and signs for it.

Rules:

- Holders are all officers to whom an object was sent under the case, from this desk.
- Each notice is an object of its own to one holder, under the label of the object that it is about:
  whoever may read that object may read the notice, and one who may not hides it from no other.
- A notice stays open until its receipt is here.

Source: docs/spec/determination.md §9; 保守国家秘密法(2024) 第二十三条.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind, decode_core
from secure_liaison.capsule.seal import PartSource
from secure_liaison.clock import Instant, to_iso
from secure_liaison.errors import LiaisonError
from secure_liaison.i18n import Language, text
from secure_liaison.labels.held_mark import render_held
from secure_liaison.labels.label import decode_label
from secure_liaison.labels.lifecycle import DECLASSIFIED_MARK
from secure_liaison.labels.notices import Notice, notice_digest, notices
from secure_liaison.vault.cases import CaseObject
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import addressing, composing, determining
from secure_liaison.workflows.publishing import TEXT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.crypto.keys import Digest
    from secure_liaison.identity.ids import OfficerId
    from secure_liaison.labels.case import Event as CaseEvent
    from secure_liaison.labels.label import Label
    from secure_liaison.office import Office
    from secure_liaison.vault.sent import SentItem
    from secure_liaison.workflows.determining import DeskCase

__all__ = ["Told", "notify", "outstanding"]

_DAY_S: Final = 86_400
_TO_SIGN_S: Final = 7 * _DAY_S
_READABLE_S: Final = 365 * _DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One holder and one notice.

    Attributes:
        event: What happened to the label.
        at: From when it holds, seconds UTC.
        about: D of the object that the holder has.
        address: Of the holder; the officer's id if the directory no longer knows them.
        digest: D of the object that carries the notice; nothing if none was made.
        acknowledged: Whether the holder signed for it.
        error: Why none could be made, if so.
    """

    event: CaseEvent
    at: Instant
    about: Digest
    address: str
    digest: Digest | None
    acknowledged: bool = False
    error: LiaisonError | None = None


def notify(office: Office, case: bytes) -> tuple[Told, ...]:
    """Make every notice that was not made yet; they wait in the outbox.

    Raises:
        OutOfOrderError: ``case-not-found``.
        LiaisonError: the case does not verify now.
    """
    found = determining.load(office, case)
    return tuple(
        _made(office, found, each, notice=notice, item=item)
        for each, notice, item in _owed(office, found)
        if each.digest is None
    )


def outstanding(office: Office, case: bytes) -> tuple[Told, ...]:
    """Return every notice that was not made, or that its holder has not acknowledged.

    Raises:
        OutOfOrderError: ``case-not-found``.
        LiaisonError: the case does not verify now.
    """
    owed = _owed(office, determining.load(office, case))
    return tuple(each for each, _, _ in owed if not each.acknowledged)


def _owed(office: Office, found: DeskCase) -> Iterator[tuple[Told, Notice, SentItem]]:
    objects = office.cases.objects(found.case.id)
    every = notices(found.case, (), office.clock.now(), found.setting)
    contents = [office.mail.sent.get(each.digest) for each in objects if each.notice is None]
    for item in (each for each in contents if each is not None):
        for notice in every:
            if _is_on(item, notice):
                continue
            for officer in _holders(office, item.digest):
                yield _told(office, objects, notice, item=item, officer=officer), notice, item


def _told(
    office: Office,
    objects: tuple[CaseObject, ...],
    notice: Notice,
    *,
    item: SentItem,
    officer: OfficerId,
) -> Told:
    digest, acknowledged = None, False
    for each in objects:
        if (each.notice, each.about) != (_key(office, notice), item.digest):
            continue
        states = {
            one.state for one in office.mail.sent.recipients(each.digest) if one.officer == officer
        }
        if states:
            digest, acknowledged = each.digest, RecipientState.ACKNOWLEDGED in states
    return Told(
        event=notice.event,
        at=notice.at,
        about=item.digest,
        address=_address(office, officer),
        digest=digest,
        acknowledged=acknowledged,
    )


def _made(office: Office, found: DeskCase, told: Told, *, notice: Notice, item: SentItem) -> Told:
    try:
        composed = _composed(office, found, told, notice=notice, item=item)

        def under_the_case(digest: Digest) -> None:
            office.cases.add_object(
                found.case.id,
                CaseObject(digest=digest, notice=_key(office, notice), about=item.digest),
            )
            event = determining.event_of(
                office,
                EventType.CASE_NOTICE,
                found.case.id,
                event=notice.event.value,
                about=item.digest.hex(),
            )
            office.ledger.append(event)

        return replace(told, digest=composing.seal_and_keep(office, composed, also=under_the_case))
    except LiaisonError as error:
        return replace(told, error=error)


def _composed(
    office: Office, found: DeskCase, told: Told, *, notice: Notice, item: SentItem
) -> composing.Composed:
    now, label = office.clock.now(), decode_label(item.label)
    content = "\n\n".join(
        _words(office, found, notice, item=item, language=each) for each in Language
    ).encode()
    return composing.compose_object(
        office,
        composing.Wrapping(
            kind=ObjectKind.NOTICE,
            label=label,
            urgency=item.urgency,
            acknowledge_by=Instant(now + _TO_SIGN_S),
            expires=Instant(now + _READABLE_S),
            forward_secrecy=False,
            topic=decode_core(item.core, office.realm).topic,
            follows=(label,),
        ),
        to=(addressing.find(office, told.address),),
        subject=item.subject,
        reply_to=item.object_id,
        parts=(
            PartSource(
                name="notice.txt",
                media_type=TEXT_TYPE,
                size=len(content),
                open=lambda: BytesIO(content),
            ),
        ),
    )


def _words(
    office: Office, found: DeskCase, notice: Notice, *, item: SentItem, language: Language
) -> str:
    def mark(label: Label | None) -> str:
        if label is None:
            return DECLASSIFIED_MARK
        pack = found.setting.pack_of(label)
        return render_held(label, pack, language, exercise=office.exercise)

    return text(
        "case.notice.text",
        language,
        event=text(f"case.event.{notice.event.value}", language),
        at=to_iso(notice.at),
        object=item.object_id.hex(),
        old=mark(notice.old),
        new=mark(notice.new),
        case=found.case.id.hex(),
    )


def _is_on(item: SentItem, notice: Notice) -> bool:
    """Whether an object already went out under what a notice tells."""
    at_once = notice.at == item.created and notice.new == decode_label(item.label)
    return notice.at < item.created or at_once


def _key(office: Office, notice: Notice) -> Digest:
    # The notice itself, whoever it goes to: holders may join later, the change stays the same.
    return notice_digest(replace(notice, addressees=()), office.realm)


def _holders(office: Office, digest: Digest) -> tuple[OfficerId, ...]:
    found = [each.officer for each in office.mail.sent.recipients(digest)]
    return tuple(dict.fromkeys(found))


def _address(office: Office, officer: OfficerId) -> str:
    try:
        return addressing.address_of(office, office.directory.officer(officer))
    except LiaisonError:  # left the book since; it stays visible that this holder was not told
        return officer.hex()
