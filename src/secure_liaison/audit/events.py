"""What a ledger can say: the closed catalogue of events, and one event as a value.

Rules:

- A desk writes no event outside the catalogue, and a reader refuses one it does not know.
- No setting switches an event off.
- Names, labels and reasons stand in the ``own`` detail only; ``shared`` says object, decision, time
  and a pseudonym.
- Key material and subjects stand nowhere.

Source: docs/spec/audit.md §2, §3; DESIGN §7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.canonical import Members, from_canonical, to_canonical
from secure_liaison.crypto.keys import Realm, Tag, tagged_hash
from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MAX_OWN_BYTES",
    "MAX_SHARED_BYTES",
    "Event",
    "EventType",
    "Outcome",
    "Shared",
    "decode_own",
    "decode_shared",
    "encode_own",
    "encode_shared",
    "shared_part",
]

MAX_OWN_BYTES: Final = 64 * 1024
MAX_SHARED_BYTES: Final = 256
_OWN_CLASS: Final = 512
_DECISION_BYTES: Final = 2048
_SHARED_CLASS: Final = 256
_PSEUDONYM: Final = Tag("secure_liaison/draft-0/ledger-pseudonym")
_PSEUDONYM_SIZE: Final = 16
_DETAIL_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NEVER_NAMED: Final = frozenset(
    {"secret", "seed", "passphrase", "password", "private", "share", "plaintext", "subject"}
)
_LOOKS_LIKE_A_KEY: Final = re.compile(r"[0-9a-fA-F]{65}|[A-Za-z0-9+/_-]{88}")
_MAX_TEXT: Final = 4096
_MAX_LIST: Final = 256


class EventType(Enum):
    """The catalogue, version draft-0; ``event.<value>`` is the catalogue key of its text."""

    AUTH_OK = "auth.ok"
    AUTH_FAIL = "auth.fail"
    ADMIN_INIT = "admin.init"
    ADMIN_START = "admin.start"
    ADMIN_STOP = "admin.stop"
    ADMIN_CONFIG = "admin.config"
    ADMIN_BACKUP = "admin.backup"
    ADMIN_MIGRATE = "admin.migrate"
    ADMIN_KEYS = "admin.keys"
    CLOCK_STEP = "clock.step"
    ANCHOR_ACCEPT = "anchor.accept"
    ANCHOR_REFUSE = "anchor.refuse"
    DIRECTORY_IMPORT = "directory.import"
    DIRECTORY_EXPORT = "directory.export"
    DIRECTORY_REFUSE = "directory.refuse"
    ROSTER_PUBLISH = "roster.publish"
    OFFICER_ENROL = "officer.enrol"
    DEVICE_ENROL = "device.enrol"
    DEVICE_REVOKE = "device.revoke"
    CLEARANCE_GRANT = "clearance.grant"
    CLEARANCE_WITHDRAW = "clearance.withdraw"
    BRIEFING_RECORD = "briefing.record"
    AGREEMENT_SIGN = "agreement.sign"
    ACCREDITATION_RECORD = "accreditation.record"
    PACK_SIGN = "pack.sign"
    PACK_ACCEPT = "pack.accept"
    PACK_REFUSE = "pack.refuse"
    GATE_DECISION = "gate.decision"
    GATE_EXPLAIN = "gate.explain"
    GATE_UNFINISHED = "gate.unfinished"
    DOC_SEAL = "doc.seal"
    DOC_SUBMIT = "doc.submit"
    DOC_RECEIVE = "doc.receive"
    DOC_DELIVER = "doc.deliver"
    DOC_QUARANTINE = "doc.quarantine"
    DOC_LIST = "doc.list"
    DOC_OPEN = "doc.open"
    DOC_EXPORT = "doc.export"
    DOC_PRINT = "doc.print"
    DOC_DESTROY = "doc.destroy"
    RECEIPT_SIGN = "receipt.sign"
    RECEIPT_RECEIVE = "receipt.receive"
    CASE_ACT = "case.act"
    CASE_ACCEPT = "case.accept"
    CASE_REFUSE = "case.refuse"
    CASE_EXPORT = "case.export"
    CASE_NOTICE = "case.notice"
    LABEL_CHANGE = "label.change"
    AUTHORITY_SIGN = "authority.sign"
    AUTHORITY_ACCEPT = "authority.accept"
    AUTHORITY_REFUSE = "authority.refuse"
    AUDIT_LIST = "audit.list"
    AUDIT_EXPORT = "audit.export"
    AUDIT_VERIFY = "audit.verify"


class Outcome(Enum):
    """What came of it; a refusal is not an error."""

    PERMIT = "permit"
    DENY = "deny"
    ERROR = "error"
    NOT_APPLICABLE = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, in full.

    Attributes:
        type: From the catalogue.
        t_us: Microseconds UTC; 0 lets the ledger stamp it, an earlier time than the last entry's
            becomes that one.
        decision: ``permit``, ``deny``, ``error`` or ``n/a``.
        reason_codes: Codes of the unmet rules (``CLEARANCE_BELOW_LABEL``).
        object_digest: 64 hex of the object's digest D, or empty.
        object_id: 32 hex of the object's id, or empty.
        label: The rendered mark, or empty.
        actor: The officer's login.
        device: 32 hex of the device handle; empty lets the ledger fill in its own.
        counterpart: Logins or agencies on the other side.
        ref: Six characters that a refusal showed, or empty.
        permit: 32 hex of the permit's id, or empty.
        detail: Names of 1..32 of ``a-z0-9_`` with short texts or whole numbers.

    Raises:
        ValueError: a field is outside its range, or the detail looks like key material; a
            programmer's mistake.
    """

    type: EventType
    t_us: int = 0
    decision: str = Outcome.NOT_APPLICABLE.value
    reason_codes: tuple[str, ...] = ()
    object_digest: str = ""
    object_id: str = ""
    label: str = ""
    actor: str = ""
    device: str = ""
    counterpart: tuple[str, ...] = ()
    ref: str = ""
    permit: str = ""
    detail: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Outcome(self.decision)
        sizes = ((self.object_digest, 64), (self.object_id, 32), (self.device, 32))
        if any(not _is_hex(text, size) for text, size in (*sizes, (self.permit, 32))):
            msg = "digest, ids and handle of an event are hex of their size, or empty"
            raise ValueError(msg)
        if max(len(self.reason_codes), len(self.counterpart)) > _MAX_LIST or self.t_us < 0:
            msg = "an event has a time and at most 256 codes and counterparts"
            raise ValueError(msg)
        texts = (self.label, self.actor, self.ref, *self.reason_codes, *self.counterpart)
        if any(len(text) > _MAX_TEXT for text in texts):
            msg = "a text of an event has at most 4096 characters"
            raise ValueError(msg)
        _check_detail(self.detail)
        object.__setattr__(self, "detail", MappingProxyType(dict(self.detail)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the originator's auditors may know of an event.

    Attributes:
        object_digest: As in `Event`.
        decision: As in `Event`.
        t_us: As in `Event`.
        pseudonym: 32 hex that only the own agency can lead back to the actor.
    """

    object_digest: str
    decision: str
    t_us: int
    pseudonym: str


def shared_part(event: Event, own_salt: bytes, realm: Realm) -> Shared:
    """Return the shared part of an event whose own detail is committed with ``own_salt``."""
    pseudonym = tagged_hash(_PSEUDONYM, realm, own_salt, event.actor)[:_PSEUDONYM_SIZE]
    return Shared(
        object_digest=event.object_digest,
        decision=event.decision,
        t_us=event.t_us,
        pseudonym=pseudonym.hex(),
    )


def encode_own(event: Event) -> bytes:
    """Return the canonical own detail: a multiple of 512 bytes, of a decision at least 2,048.

    Raises:
        ValueError: longer than `MAX_OWN_BYTES`.
    """
    value: dict[str, object] = {
        "actor": event.actor,
        "counterpart": list(event.counterpart),
        "decision": event.decision,
        "detail": dict(event.detail),
        "device": event.device,
        "id": event.object_id,
        "label": event.label,
        "object": event.object_digest,
        "permit": event.permit,
        "reasons": list(event.reason_codes),
        "ref": event.ref,
        "t": event.t_us,
        "type": event.type.value,
    }
    least = _DECISION_BYTES if event.type is EventType.GATE_DECISION else _OWN_CLASS
    return _padded(value, unit=_OWN_CLASS, least=least, limit=MAX_OWN_BYTES)


def encode_shared(shared: Shared) -> bytes:
    """Return the canonical shared detail, 256 bytes."""
    value: dict[str, object] = {
        "decision": shared.decision,
        "object": shared.object_digest,
        "pseudonym": shared.pseudonym,
        "t": shared.t_us,
    }
    return _padded(value, unit=_SHARED_CLASS, least=_SHARED_CLASS, limit=MAX_SHARED_BYTES)


def decode_own(data: bytes) -> Event:
    """Read an own detail.

    Raises:
        FormatError: as `from_canonical` and `Members`, ``ledger-detail-version``,
            ``ledger-event-unknown`` (not in the catalogue), ``ledger-detail-padding``,
            ``ledger-event`` (a field is outside its range).
    """
    members = _opened(data, MAX_OWN_BYTES, _OWN_CLASS)
    type_text = members.text("type")
    found = {kind.value: kind for kind in EventType}.get(type_text)
    if found is None:
        raise FormatError("ledger-event-unknown")
    values = {
        "t_us": members.integer("t"),
        "decision": members.text("decision"),
        "reason_codes": members.texts("reasons"),
        "object_digest": members.text("object"),
        "object_id": members.text("id"),
        "label": members.text("label"),
        "actor": members.text("actor"),
        "device": members.text("device"),
        "counterpart": members.texts("counterpart"),
        "ref": members.text("ref"),
        "permit": members.text("permit"),
        "detail": members.members("detail").facts(),
    }
    members.done()
    try:
        return Event(type=found, **values)  # type: ignore[arg-type]  # each value has its kind
    except ValueError as exc:
        raise FormatError("ledger-event") from exc


def decode_shared(data: bytes) -> Shared:
    """Read a shared detail.

    Raises:
        FormatError: as `from_canonical` and `Members`, ``ledger-detail-version``,
            ``ledger-detail-padding``.
    """
    members = _opened(data, MAX_SHARED_BYTES, _SHARED_CLASS)
    shared = Shared(
        object_digest=members.text("object"),
        decision=members.text("decision"),
        t_us=members.integer("t"),
        pseudonym=members.text("pseudonym"),
    )
    members.done()
    return shared


def _padded(value: dict[str, object], *, unit: int, least: int, limit: int) -> bytes:
    # Padded, so that neither the vault's growth nor a sealed upload tells what was decided.
    body = {**value, "pad": "", "v": 0}
    short = to_canonical(body)  # type: ignore[arg-type]  # texts, numbers, lists, one object
    size = max(least, len(short) + -len(short) % unit)
    whole = to_canonical({**body, "pad": " " * (size - len(short))})  # type: ignore[dict-item]
    if len(whole) > limit:
        msg = f"the detail of an event has at most {limit} bytes"
        raise ValueError(msg)
    return whole


def _opened(data: bytes, limit: int, unit: int) -> Members:
    members = from_canonical(data, max_bytes=limit)
    if members.integer("v") != 0:
        raise FormatError("ledger-detail-version")
    pad = members.text("pad")
    if pad.strip(" ") or len(data) % unit:
        raise FormatError("ledger-detail-padding")
    return members


def _check_detail(detail: Mapping[str, str | int]) -> None:
    for name, value in detail.items():
        if not _DETAIL_NAME.fullmatch(name) or not _NEVER_NAMED.isdisjoint(name.split("_")):
            msg = f"not a name for the detail of an event: {name}"
            raise ValueError(msg)
        if isinstance(value, str) and (
            len(value) > _MAX_TEXT or _LOOKS_LIKE_A_KEY.search(value) is not None
        ):
            msg = f"too long for an event, or like key material: {name}"
            raise ValueError(msg)


def _is_hex(text: str, size: int) -> bool:
    return not text or re.fullmatch(rf"[0-9a-f]{{{size}}}", text) is not None
