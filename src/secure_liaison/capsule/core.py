"""What a capsule claims to be: its core, as a value and as bytes.

Rules:

- The core names officers by id and the originator by key; it holds no subject and no name.
- Every share has its commitment in the core, so a foreign share is noticed before it is used.
- One encoding; sealer and reader check the same rules, in the constructors.

Source: docs/spec/capsule.md §5; DESIGN §6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import (
    DIGEST_SIZE,
    Digest,
    KeyId,
    Tag,
    random_bytes,
    require_equal,
    tagged_hash,
)
from secure_liaison.encoding import Fields, decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.identity.ids import (
    DEVICE_HANDLE_SIZE,
    OFFICER_ID_SIZE,
    DeviceHandle,
    OfficerId,
)
from secure_liaison.labels.label import Label
from secure_liaison.labels.plain_text import require_plain
from secure_liaison.wire.header import ObjectId

if TYPE_CHECKING:
    from secure_liaison.crypto.keys import Realm
    from secure_liaison.encoding import Value

__all__ = [
    "NO_HEAD",
    "OBJECT_ID_SIZE",
    "Core",
    "GrantPolicy",
    "Head",
    "ObjectKind",
    "core_hash",
    "decode_core",
    "encode_core",
    "hash_of_core",
    "new_object_id",
]

OBJECT_ID_SIZE: Final = 16
MAX_ADDRESSEES: Final = 1024
MAX_COMMITMENTS: Final = 9
MAX_ORIGIN: Final = 255
MAX_CORE_BYTES: Final = 16384
MAX_TIME: Final = 253_402_300_799
"""9999-12-31T23:59:59Z."""

_VERSIONS: Final = frozenset({0})
_CORE: Final = Tag("secure_liaison/draft-0/capsule-core")
_MAX_TOPIC: Final = 64
_URGENCY: Final = re.compile(r"[a-z][a-z0-9-]{0,23}")
_DAY: Final = 86400
_MAX_DAY: Final = 2**20


class ObjectKind(Enum):
    """What an object is; the numbers are those of the encoding."""

    BULLETIN = 1
    MESSAGE = 2
    DOCUMENT = 3
    RECEIPT = 4
    NOTICE = 5


class GrantPolicy(Enum):
    """Who may later add a reader; the numbers are those of the encoding."""

    NOBODY = 0
    ORIGINATOR = 1
    ANY_READER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of a log as the sender knows it.

    Attributes:
        origin: The log's name, at most 255 characters; empty if no head is known.
        size: Leaves of its tree.
        root: 32 bytes; empty if no head is known.

    Raises:
        FormatError: ``capsule-log-head``.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        known = bool(self.origin) and len(self.root) == DIGEST_SIZE
        unknown = (self.origin, self.size, self.root) == ("", 0, b"")
        if not (known or unknown) or len(self.origin) > MAX_ORIGIN:
            raise FormatError("capsule-log-head")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {0: self.origin, 1: self.size, 2: self.root}

    @classmethod
    def from_fields(cls, fields: Fields) -> Head:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, then ``capsule-log-head``.
        """
        head = cls(
            origin=fields.text(0, max_size=MAX_ORIGIN),
            size=fields.integer(1),
            root=fields.octets(2, max_size=DIGEST_SIZE),
        )
        fields.done()
        return head


NO_HEAD: Final = Head(origin="", size=0, root=b"")
"""No head is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What one object claims to be.

    Attributes:
        object_id: 16 bytes.
        kind: Bulletin, message, document, receipt or notice.
        originator: Id of the signing key, 32 bytes.
        originator_device: Its device's handle, 16 bytes.
        created: Seconds UTC; informs, never grants anything.
        label: With its alternatives.
        action: Officers who shall act (主送), in the sender's order.
        info: Officers who shall know (抄送).
        urgency: Id within the label's pack.
        acknowledge_by: Seconds UTC, or nothing if no acknowledgement is due.
        expires: Seconds UTC.
        forward_secrecy: The sender's desk used one-time prekeys only.
        custody: There are custody groups.
        grant_policy: Who may add readers later.
        directory_head: Newest directory head that the sender knows.
        ledger_head: Head of the sender's ledger.
        commitments: That of the readers' share, then one for each custody group; 32 bytes each.
        topic: Subject in the words of agreements (``consular``); may be empty.

    Raises:
        FormatError: ``capsule-addressees``, ``capsule-urgency``, ``capsule-times``,
            ``capsule-commitments``, ``capsule-flags``, ``label-text``.

    Source: docs/spec/capsule.md §5.
    """

    object_id: ObjectId
    kind: ObjectKind
    originator: KeyId
    originator_device: DeviceHandle
    created: Instant
    label: Label
    action: tuple[OfficerId, ...]
    info: tuple[OfficerId, ...]
    urgency: str
    acknowledge_by: Instant | None
    expires: Instant
    forward_secrecy: bool
    custody: bool
    grant_policy: GrantPolicy
    directory_head: Head
    ledger_head: Head
    commitments: tuple[Digest, ...]
    topic: str = ""

    def __post_init__(self) -> None:
        named = self.addressees
        if not 1 <= len(named) <= MAX_ADDRESSEES or len(set(named)) != len(named):
            raise FormatError("capsule-addressees")
        if _URGENCY.fullmatch(self.urgency) is None:
            raise FormatError("capsule-urgency")
        if (
            not 0 <= self.created <= self.expires <= MAX_TIME
            or (self.acknowledge_by is not None and not 0 <= self.acknowledge_by <= self.expires)
            or self.expiry_day > _MAX_DAY
        ):
            raise FormatError("capsule-times")
        if not 1 <= len(self.commitments) <= MAX_COMMITMENTS:
            raise FormatError("capsule-commitments")
        fits = self.grant_policy is GrantPolicy.NOBODY or not self.forward_secrecy
        if self.custody != (len(self.commitments) > 1) or not fits:
            raise FormatError("capsule-flags")
        require_plain(self.topic, max_size=_MAX_TOPIC)

    @property
    def expiry_day(self) -> int:
        """The day of ``expires``, whole days since 1970-01-01, UTC; the header states it."""
        return self.expires // _DAY

    @property
    def addressees(self) -> tuple[OfficerId, ...]:
        """All officers it is addressed to."""
        return self.action + self.info


def new_object_id() -> ObjectId:
    """Draw an object id, 16 bytes."""
    return ObjectId(random_bytes(OBJECT_ID_SIZE))


def core_hash(core: Core, realm: Realm) -> Digest:
    """Return H(core), 32 bytes: what a permit and every stanza are bound to.

    Source: docs/spec/capsule.md §5.
    """
    return hash_of_core(encode_core(core, realm), realm)


def hash_of_core(data: bytes, realm: Realm) -> Digest:
    """Return H(core) over the encoded core as it came, 32 bytes."""
    return tagged_hash(_CORE, realm, data)


def encode_core(core: Core, realm: Realm) -> bytes:
    """Return the one encoding of a core in a realm."""
    return encode(
        {
            0: 0,
            1: realm.octets,
            2: core.object_id,
            3: core.kind.value,
            4: core.originator,
            5: core.originator_device,
            6: core.created,
            7: core.label.to_value(),
            8: list(core.action),
            9: list(core.info),
            10: core.urgency,
            11: core.acknowledge_by,
            12: core.expires,
            13: core.forward_secrecy,
            14: core.custody,
            15: core.grant_policy.value,
            16: core.directory_head.to_value(),
            17: core.ledger_head.to_value(),
            18: list(core.commitments),
            19: core.topic,
        }
    )


def decode_core(data: bytes, realm: Realm) -> Core:
    """Read a core strictly.

    Raises:
        FormatError: as `decode_fields`, ``capsule-kind``, ``capsule-grant-policy``, as `Label`,
            then as the constructors.
        UnsupportedVersionError: ``unknown-version``.
        TamperedError: ``capsule-realm`` (the core was made for another realm).
    """
    fields = decode_fields(data, max_bytes=MAX_CORE_BYTES)
    fields.version(0, supported=_VERSIONS)
    named_realm = fields.octets(1, size=DIGEST_SIZE)
    core = Core(
        object_id=ObjectId(fields.octets(2, size=OBJECT_ID_SIZE)),
        kind=_kind(fields.integer(3)),
        originator=KeyId(fields.octets(4, size=DIGEST_SIZE)),
        originator_device=DeviceHandle(fields.octets(5, size=DEVICE_HANDLE_SIZE)),
        created=Instant(fields.integer(6, high=MAX_TIME)),
        label=Label.from_value(fields.value(7)),
        action=_officers(fields.items(8, max_items=MAX_ADDRESSEES)),
        info=_officers(fields.items(9, max_items=MAX_ADDRESSEES)),
        urgency=fields.text(10),
        acknowledge_by=None if fields.is_null(11) else Instant(fields.integer(11, high=MAX_TIME)),
        expires=Instant(fields.integer(12, high=MAX_TIME)),
        forward_secrecy=fields.boolean(13),
        custody=fields.boolean(14),
        grant_policy=_grant_policy(fields.integer(15)),
        directory_head=Head.from_fields(fields.fields(16)),
        ledger_head=Head.from_fields(fields.fields(17)),
        commitments=_hashes(fields.items(18, max_items=MAX_COMMITMENTS)),
        topic=fields.text(19, max_size=_MAX_TOPIC),
    )
    fields.done()
    require_equal(realm.octets, named_realm, "capsule-realm")
    return core


def _kind(number: int) -> ObjectKind:
    try:
        return ObjectKind(number)
    except ValueError as exc:
        raise FormatError("capsule-kind") from exc


def _grant_policy(number: int) -> GrantPolicy:
    try:
        return GrantPolicy(number)
    except ValueError as exc:
        raise FormatError("capsule-grant-policy") from exc


def _officers(items: list[Value]) -> tuple[OfficerId, ...]:
    ids = [OfficerId(item) for item in items if isinstance(item, bytes)]
    if len(ids) != len(items) or any(len(item) != OFFICER_ID_SIZE for item in ids):
        raise FormatError("capsule-addressees")
    return tuple(ids)


def _hashes(items: list[Value]) -> tuple[Digest, ...]:
    found = [Digest(item) for item in items if isinstance(item, bytes)]
    if len(found) != len(items) or any(len(item) != DIGEST_SIZE for item in found):
        raise FormatError("capsule-commitments")
    return tuple(found)
