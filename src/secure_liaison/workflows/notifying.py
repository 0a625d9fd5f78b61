"""Notices of change: whoever holds an object is told what became of its label, and signs for it.

Rules:

- Holders are all officers to whom an object was sent under the case, from this desk.
- Each notice is an object of its own to one holder, under the label that the object bears, or under
  the new one where that protects no more: whoever may read the object may read the notice.
- Beside the words for the person it carries a record that the holder's desk goes by.
- A notice stays open until its receipt is here.
- Collecting makes what is due; a case that does not verify hides no other.

Source: docs/spec/determination.md §9, §11; 保守国家秘密法(2024) 第二十三条.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import ObjectKind, decode_core
from secure_liaison.capsule.notice import MEDIA_TYPE, LabelNotice, encode_notice
from secure_liaison.capsule.seal import PartSource
from secure_liaison.clock import Instant, to_iso
from secure_liaison.errors import LiaisonError
from secure_liaison.i18n import Language, text
from secure_liaison.labels.label import decode_label
from secure_liaison.labels.lattice import dominates
from secure_liaison.labels.lifecycle import DECLASSIFIED_MARK
from secure_liaison.labels.notices import notice_digest
from secure_liaison.vault.cases import CaseObject
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import addressing, composing, determining, labelling
from secure_liaison.workflows.publishing import TEXT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.crypto.keys import Digest
    from secure_liaison.identity.ids import OfficerId
    from secure_liaison.labels.case import Event as CaseEvent
    from secure_liaison.labels.in_force import Change
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.notices import Notice
    from secure_liaison.office import Office
    from secure_liaison.vault.sent import SentItem
    from secure_liaison.workflows.determining import DeskCase

__all__ = ["NOTHING_TOLD", "Notified", "Told", "notify", "notify_all", "outstanding"]

_DAY_S: Final = 86_400
_SHORT: Final = 8
"""Digits of D by which a desk lists an object."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """What one round of telling came to.

    Attributes:
        told: Every holder and notice that was due; with an error where none could be made.
        refused: Cases that do not verify now, and why.
    """

    told: tuple[Told, ...] = ()
    refused: tuple[tuple[bytes, LiaisonError], ...] = ()


NOTHING_TOLD: Final = Notified()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owed:
    told: Told
    notice: Notice
    change: Change
    item: SentItem


def notify_all(office: Office) -> Notified:
    """Make every notice that is due of every case under which this desk sent something."""
    told: list[Told] = []
    refused: list[tuple[bytes, LiaisonError]] = []
    for case in office.cases.with_objects():
        try:
            told += notify(office, case)
        except LiaisonError as error:
            refused.append((case, error))
    return Notified(told=tuple(told), refused=tuple(refused))


def notify(office: Office, case: bytes) -> tuple[Told, ...]:
    """Make every notice that was not made yet; they wait in the outbox.

    Raises:
        OutOfOrderError: ``case-not-found``.
        LiaisonError: the case does not verify now.
    """
    found = determining.load(office, case)
    return tuple(
        _made(office, found, owed) for owed in _owed(office, found) if owed.told.digest is None
    )


def outstanding(office: Office, case: bytes) -> tuple[Told, ...]:
    """Return every notice that was not made, or that its holder has not acknowledged.

    Raises:
        OutOfOrderError: ``case-not-found``.
        LiaisonError: the case does not verify now.
    """
    owed = _owed(office, determining.load(office, case))
    return tuple(each.told for each in owed if not each.told.acknowledged)


def _owed(office: Office, found: DeskCase) -> Iterator[_Owed]:
    objects = office.cases.objects(found.case.id)
    contents = [office.mail.sent.get(each.digest) for each in objects if each.notice is None]
    for item in (each for each in contents if each is not None):
        for notice, change in labelling.changes_since(office, found, item):
            for officer in _holders(office, item.digest):
                told = _told(office, objects, notice, item=item, officer=officer)
                yield _Owed(told=told, notice=notice, change=change, item=item)


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


def _made(office: Office, found: DeskCase, owed: _Owed) -> Told:
    told, notice, item = owed.told, owed.notice, owed.item
    try:
        composed = _composed(office, found, owed)

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


def _composed(office: Office, found: DeskCase, owed: _Owed) -> composing.Composed:
    now, item = office.clock.now(), owed.item
    label = _label_for(found, decode_label(item.label), owed.change.new)
    words = "\n\n".join(
        _words(office, found, owed.notice, item=item, language=each) for each in Language
    )
    record = LabelNotice(
        case=found.case.id, object_id=item.object_id, about=item.digest, change=owed.change
    )
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
        to=(addressing.find(office, owed.told.address),),
        subject=item.subject,
        reply_to=item.object_id,
        parts=(
            _part("notice.txt", TEXT_TYPE, words.encode()),
            _part("change", MEDIA_TYPE, encode_notice(record, office.realm)),
        ),
    )


def _label_for(found: DeskCase, borne: Label, new: Label | None) -> Label:
    # Whoever may read the object now must be told; a raise is told to whoever could read before.
    if new is not None and dominates(borne, new, found.setting.pack_of(borne)):
        return new
    return borne


def _part(name: str, media_type: str, content: bytes) -> PartSource:
    return PartSource(
        name=name, media_type=media_type, size=len(content), open=lambda: BytesIO(content)
    )


def _words(
    office: Office, found: DeskCase, notice: Notice, *, item: SentItem, language: Language
) -> str:
    def mark(label: Label | None) -> str:
        return addressing.mark_in(office, label, language) if label else DECLASSIFIED_MARK

    return text(
        "case.notice.text",
        language,
        event=text(f"case.event.{notice.event.value}", language),
        at=to_iso(notice.at),
        object=item.digest.hex()[:_SHORT],
        old=mark(notice.old),
        new=mark(notice.new),
        case=found.case.id.hex(),
    )


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
