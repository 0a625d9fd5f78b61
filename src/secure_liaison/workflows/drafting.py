"""Drafting: what an officer wrote becomes an object with label, addressees and parts.

Rules:

- Level, period and audience are fixed together; there is no default level.
- What is attached narrows who may know: the readers are those whom every bound label permits. Its
  level, period and markings are for the sender to state, and the gate refuses less.
- The label of a case goes out as it was determined.

Source: docs/spec/labels.md §3, §7.1; docs/spec/binding.md §5; docs/guides/officer.md; DESIGN §4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.seal import PartSource
from secure_liaison.clock import Instant
from secure_liaison.workflows import addressing
from secure_liaison.workflows.attachments import attached
from secure_liaison.workflows.authorising import agency_leaf
from secure_liaison.workflows.case_labels import CaseLabel, label_to_send
from secure_liaison.workflows.composing import Composed, Wrapping, compose_object
from secure_liaison.workflows.label_words import Marked, label_for, narrowed_by, require_inside
from secure_liaison.workflows.packs import writable
from secure_liaison.workflows.publishing import TEXT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from secure_liaison.monitor.decision import PartQuestion
    from secure_liaison.office import Office
    from secure_liaison.wire.header import ObjectId
    from secure_liaison.workflows.addressing import Addressee

__all__ = ["TEXT_NAME", "Draft", "compose", "prepared"]

_HOUR_S: Final = 3600
_DAY_S: Final = 24 * _HOUR_S
TEXT_NAME: Final = "text.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an officer wants to send.

    Attributes:
        subject: At most 512 characters; it is sealed with the content.
        level: As written: ``机密``, ``jimi`` or another name of the level in the pack.
        mark: In place of the level: ``SECRET//REL TO USA, FRA``, ``机密★10年``.
        period: As written in a mark: ``10年``, ``10Y``, ``2027年3月1日``; empty where the mark or
            the pack asks for none.
        text: The body; may be empty.
        to: Addresses of those who shall act (主送).
        cc: Addresses of those who shall know (抄送).
        attachments: Files; each becomes one part under its own name.
        urgency: As written: ``特急``, ``immediate``.
        acknowledge: Whether 签收 is due.
        forward_secrecy: Whether only one-time keys may be used.
        kind: Bulletin, message or document.
        pack: Id of the policy pack; empty takes the only one that reads the mark, and state secrets
            for a level.
        markings: As in `Marked`.
        topic: Subject in the words of agreements; may be empty where none names subjects.
        days: How long it can be opened.
        reply_to: The object answered.
        case: Id of a case; its label is taken, and `level`, `mark`, `period`, `pack` and `markings`
            do not count.
    """

    subject: str
    to: tuple[str, ...]
    level: str = ""
    mark: str = ""
    period: str = ""
    text: str = ""
    cc: tuple[str, ...] = ()
    attachments: tuple[Path, ...] = ()
    urgency: str = "routine"
    acknowledge: bool = True
    forward_secrecy: bool = False
    kind: ObjectKind = ObjectKind.BULLETIN
    pack: str = ""
    markings: tuple[str, ...] = ()
    topic: str = ""
    days: int = 365
    reply_to: ObjectId | None = None
    case: bytes | None = None


def compose(office: Office, draft: Draft) -> Composed:
    """Build an object from a draft; nothing is written and nothing is asked yet.

    Raises:
        CredentialError: ``unknown-officer``.
        FormatError: the label cannot be built (pack, level, mark, period, markings, urgency).
        LiaisonError: as `writable`: the pack's signature is not in force.
        OutOfOrderError: ``attachment-missing``.
        OutOfOrderError, WorkflowError: as `label_to_send`, where the draft names a case;
            as `require_inside`, where a mark or a labelled file says who may know.
    """
    composed = prepared(office, draft)
    if draft.case is None and (draft.mark or composed.labels):
        bound = (each.label for each in composed.labels if each.label is not None)
        require_inside(office, composed.core.label, bound)
    return composed


def prepared(office: Office, draft: Draft) -> Composed:
    """Build an object as `compose`, also for a sender whom the own marking leaves out.

    Raises:
        CredentialError, FormatError, OutOfOrderError, WorkflowError: as `compose`, but for
            `require_inside`.
    """
    to = tuple(addressing.find(office, address) for address in draft.to)
    cc = tuple(addressing.find(office, address) for address in draft.cc)
    own, packs = agency_leaf(office.agency), office.packs.to_read()
    files = tuple(attached(path, owner=own, packs=packs) for path in draft.attachments)
    parts = (_text(draft), *(each.source for each in files))
    labels = tuple(label for each in files for label in each.labels)
    given = _label(office, draft, to + cc, parts=parts, labels=labels)
    urgency = writable(office, given.label.policy).urgency(draft.urgency)
    now = office.clock.now()
    expires = Instant(now + draft.days * _DAY_S)
    due = min(Instant(now + urgency.acknowledge_hours * _HOUR_S), expires)
    wrapping = Wrapping(
        kind=draft.kind,
        label=given.label,
        urgency=urgency.id,
        acknowledge_by=due if draft.acknowledge else None,
        expires=expires,
        forward_secrecy=draft.forward_secrecy,
        topic=draft.topic,
        follows=given.follows,
    )
    composed = compose_object(
        office,
        wrapping,
        to=to,
        cc=cc,
        subject=draft.subject,
        reply_to=draft.reply_to,
        parts=parts,
    )
    return replace(composed, labels=labels)


def _label(
    office: Office,
    draft: Draft,
    addressees: tuple[Addressee, ...],
    *,
    parts: tuple[PartSource, ...],
    labels: tuple[PartQuestion, ...],
) -> CaseLabel:
    if draft.case is not None:  # determined by two officers: nothing may change it, not even parts
        agencies = [each.officer.agency for each in addressees]
        return label_to_send(office, draft.case, _contents(parts), agencies=agencies)
    words = Marked(
        level=draft.level,
        mark=draft.mark,
        period=draft.period,
        pack=draft.pack,
        markings=draft.markings,
    )
    label = label_for(office, words, addressees)
    bound = (each.label for each in labels if each.label is not None)
    return CaseLabel(label=narrowed_by(label, bound), follows=())


def _text(draft: Draft) -> PartSource:
    text = draft.text.encode()
    return PartSource(
        name=TEXT_NAME, media_type=TEXT_TYPE, size=len(text), open=lambda: BytesIO(text)
    )


def _contents(parts: tuple[PartSource, ...]) -> list[Callable[[], BinaryIO]]:
    return [part.open for part in parts if part.size]
