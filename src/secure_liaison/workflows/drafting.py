"""Drafting: what an officer wrote becomes an object with label, addressees and parts.

Rules:

- Level, period and audience are fixed together; there is no default level.
- The audience is an AND of the agencies involved and the officers named, the sender among them.
- Attachments are read when the object is sealed; their names travel, their paths do not.

Source: docs/spec/labels.md §3; docs/guides/officer.md; DESIGN §4.
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, replace
from io import SEEK_END, BytesIO
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.seal import PartSource
from secure_liaison.clock import Instant, to_iso
from secure_liaison.errors import OutOfOrderError
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Determination, Label
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import CategoryKind
from secure_liaison.labels.release import audience_of
from secure_liaison.labels.term import read_term
from secure_liaison.workflows import addressing
from secure_liaison.workflows.case_labels import label_to_send
from secure_liaison.workflows.composing import Composed, Wrapping, compose_object
from secure_liaison.workflows.packs import writable
from secure_liaison.workflows.publishing import TEXT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Office
    from secure_liaison.wire.header import ObjectId
    from secure_liaison.workflows.addressing import Addressee

__all__ = ["TEXT_NAME", "Draft", "compose"]

_HOUR_S: Final = 3600
_DAY_S: Final = 24 * _HOUR_S
_BINARY: Final = "application/octet-stream"
TEXT_NAME: Final = "text.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an officer wants to send.

    Attributes:
        subject: At most 512 characters; it is sealed with the content.
        text: The body; may be empty.
        level: As written: ``机密``, ``jimi`` or another name of the level in the pack.
        period: As written in a mark: ``10年``, ``10Y``, ``2027年3月1日``; empty where the pack asks
            for none.
        to: Addresses of those who shall act (主送).
        cc: Addresses of those who shall know (抄送).
        attachments: Files; each becomes one part under its own name.
        urgency: As written: ``特急``, ``immediate``.
        acknowledge: Whether 签收 is due.
        forward_secrecy: Whether only one-time keys may be used.
        kind: Bulletin, message or document.
        pack: Id of the policy pack.
        markings: ``category:value`` of the pack; what they say of readers narrows the audience.
        topic: Subject in the words of agreements; may be empty where none names subjects.
        days: How long it can be opened.
        reply_to: The object answered.
        case: Id of a case; its label is taken, and `level`, `period` and `pack` do not count.
    """

    subject: str
    level: str
    period: str
    to: tuple[str, ...]
    text: str = ""
    cc: tuple[str, ...] = ()
    attachments: tuple[Path, ...] = ()
    urgency: str = "routine"
    acknowledge: bool = True
    forward_secrecy: bool = False
    kind: ObjectKind = ObjectKind.BULLETIN
    pack: str = "cn.state-secrets"
    markings: tuple[str, ...] = ()
    topic: str = ""
    days: int = 365
    reply_to: ObjectId | None = None
    case: bytes | None = None


def compose(office: Office, draft: Draft) -> Composed:
    """Build an object from a draft; nothing is written and nothing is asked yet.

    Raises:
        CredentialError: ``unknown-officer``.
        FormatError: the label cannot be built (pack, level, period, markings, urgency).
        LiaisonError: as `writable`: the pack's signature is not in force.
        OutOfOrderError: ``attachment-missing``, ``no-one-time-key``.
        OutOfOrderError, WorkflowError: as `label_to_send`, where the draft names a case.
    """
    to = tuple(addressing.find(office, address) for address in draft.to)
    cc = tuple(addressing.find(office, address) for address in draft.cc)
    parts = _parts(draft)
    given = None
    if draft.case is not None:
        agencies = [each.officer.agency for each in to + cc]
        given = label_to_send(office, draft.case, _contents(parts), agencies=agencies)
    pack = writable(office, draft.pack if given is None else given.label.policy)
    urgency = pack.urgency(draft.urgency)
    now = office.clock.now()
    expires = Instant(now + draft.days * _DAY_S)
    due = min(Instant(now + urgency.acknowledge_hours * _HOUR_S), expires)
    wrapping = Wrapping(
        kind=draft.kind,
        label=_label(office, pack, draft, to + cc) if given is None else given.label,
        follows=() if given is None else given.follows,
        urgency=urgency.id,
        acknowledge_by=due if draft.acknowledge else None,
        expires=expires,
        forward_secrecy=draft.forward_secrecy,
        topic=draft.topic,
    )
    return compose_object(
        office,
        wrapping,
        to=to,
        cc=cc,
        subject=draft.subject,
        reply_to=draft.reply_to,
        parts=parts,
    )


def _label(
    office: Office, pack: PolicyPack, draft: Draft, addressees: tuple[Addressee, ...]
) -> Label:
    now, me = office.clock.now(), office.me()
    agencies = {f"agency:{each.officer.agency.hex()}" for each in addressees}
    officers = {f"officer:{each.officer.officer.hex()}" for each in addressees}
    home, own = f"agency:{office.agency.hex()}", f"officer:{me.officer.hex()}"
    kinds = _kinds(pack, draft.markings)
    audience = Audience.of(agencies | {home}, officers | {own})
    if kinds[CategoryKind.WIDEN] | kinds[CategoryKind.NARROW]:
        said = audience_of(draft.markings, pack, owner=home, day=to_iso(now)[:10])
        audience = audience.join(said)
    return Label(
        policy=pack.policy_id,
        level=pack.find_level(draft.level).id,
        audience=audience,
        owner=home,
        created=now,
        period=_period(draft.period, pack, now),
        restrict=kinds[CategoryKind.RESTRICT],
        control=kinds[CategoryKind.CONTROL],
        inform=kinds[CategoryKind.INFORM],
        determination=Determination(proposer=own),
    )


def _kinds(pack: PolicyPack, markings: tuple[str, ...]) -> dict[CategoryKind, frozenset[str]]:
    for each in markings:
        pack.value(each)
    return {
        kind: frozenset(
            each for each in markings if pack.category(each.partition(":")[0]).kind is kind
        )
        for kind in CategoryKind
    }


def _period(text: str, pack: PolicyPack, now: Instant) -> Period:
    if not text.strip():
        return Period(form=PeriodForm.OPEN, value="")
    period = read_term(text, Language.EN if text.isascii() else Language.ZH)
    dated = period.form in {PeriodForm.DURATION, PeriodForm.MOMENT}
    if not dated:
        return period
    return replace(period, start=now, offset_minutes=pack.period.utc_offset_minutes)


def _parts(draft: Draft) -> tuple[PartSource, ...]:
    text = draft.text.encode()
    first = PartSource(
        name=TEXT_NAME, media_type=TEXT_TYPE, size=len(text), open=lambda: BytesIO(text)
    )
    return (first, *(_attachment(path) for path in draft.attachments))


def _contents(parts: tuple[PartSource, ...]) -> list[Callable[[], BinaryIO]]:
    return [part.open for part in parts if part.size]


def _attachment(path: Path) -> PartSource:
    if not path.is_file():  # never a folder, nor a device that blocks or does not end
        raise OutOfOrderError("attachment-missing")
    with _open_attachment(path) as stream:
        size = stream.seek(0, SEEK_END)
    guessed, _ = mimetypes.guess_type(path.name)
    return PartSource(
        name=path.name,
        # A text attachment is a file like any other; only the body is shown on a screen.
        media_type=_BINARY if guessed in {None, TEXT_TYPE} else str(guessed),
        size=size,
        open=lambda: _open_attachment(path),
    )


def _open_attachment(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as exc:  # gone since, or not to be read
        raise OutOfOrderError("attachment-missing") from exc
