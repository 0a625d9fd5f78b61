"""What a mailbox answers and takes: items, mailbox receipts, status, prekeys.

Rules:

- Numbers of one mailbox rise strictly; a cursor hides, only a mailbox receipt deletes.
- A mailbox receipt is signed by the record key: a stolen request key reads but does not empty.
- Records are parsed strictly; parsed means well-formed, never trusted.

Source: docs/spec/wire.md §5–8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, Tag
from secure_liaison.crypto.signing import SIGNATURE_SIZE
from secure_liaison.encoding import Value, decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.wire.limits import (
    HANDLE_SIZE,
    INSTANCE_SIZE,
    MAX_BODY_SIZE,
    MAX_BUNDLE_SIZE,
    MAX_COLLECT,
    MAX_ENVELOPE_SIZE,
    MAX_HEAD_SIZE,
    MAX_MAILBOXES,
    MAX_PREKEYS,
    MAX_PREKEYS_SIZE,
    MAX_RECEIPT_SIZE,
    MAX_RECEIPTS,
    MAX_SEQ,
    MAX_TAKEN,
    MAX_TAKING_SIZE,
    MAX_TIME,
)
from secure_liaison.wire.rows import row_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.keys import Realm
    from secure_liaison.crypto.signing import SigningKey, VerifyKey

__all__ = [
    "Collected",
    "MailboxItem",
    "MailboxState",
    "MailboxStatus",
    "Status",
    "decode_bundles",
    "decode_collected",
    "decode_handles",
    "decode_status",
    "decode_taken",
    "encode_bundles",
    "encode_collected",
    "encode_handles",
    "encode_status",
    "open_mailbox_receipt",
    "sign_mailbox_receipt",
]

_VERSIONS: Final = frozenset({0})
_MAX_COLLECTED_SIZE: Final = MAX_COLLECT * MAX_ENVELOPE_SIZE
_MAX_STATUS_SIZE: Final = 2**17
_ITEM_PARTS: Final = 6
_STATUS_PARTS: Final = 3
_FEW: Final = 64
"""Values in a record beside its rows; keys count, too."""
_RECEIPT: Final = Tag("secure_liaison/draft-0/mailbox-receipt")


class MailboxState(Enum):
    """What became of an object in one mailbox."""

    HELD = 0
    FETCHED = 1
    EXPIRED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxItem:
    """One item of a mailbox.

    Attributes:
        seq: Its number, from 1 to 2**53, never used twice in a mailbox of one instance.
        envelope: The envelope's encoding.
        received_at: When the relay took it, seconds UTC.
        body_size: Bytes of the body.
        leaf_count: Hashes in the leaf list.
        head_length: Bytes of the sealed head.
    """

    seq: int
    envelope: bytes
    received_at: int
    body_size: int
    leaf_count: int
    head_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One answer to collect.

    Attributes:
        items: In order of their numbers.
        more: Whether asking again brings further items; never without an item.
        instance: Which store gave the numbers, 16 bytes drawn when it was made. Under another
            instance a number of before means nothing.
    """

    items: tuple[MailboxItem, ...]
    more: bool
    instance: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxStatus:
    """State of an object in one mailbox (handle of 16 bytes) since ``at``, seconds UTC."""

    mailbox: bytes
    state: MailboxState
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the relay tells the submitting device about one object.

    Attributes:
        digest: ``D``, 32 bytes.
        received_at: When the relay took it, seconds UTC.
        mailboxes: In order of handle.
    """

    digest: Digest
    received_at: int
    mailboxes: tuple[MailboxStatus, ...]


def encode_collected(collected: Collected) -> bytes:
    """Return the answer's one encoding."""
    return encode(
        {
            0: 0,
            1: [
                [i.seq, i.envelope, i.received_at, i.body_size, i.leaf_count, i.head_length]
                for i in collected.items
            ],
            2: collected.more,
            3: collected.instance,
        }
    )


def decode_collected(data: bytes) -> Collected:
    """Read an answer to collect strictly; envelopes are not parsed here.

    Raises:
        FormatError: malformed; ``more-of-nothing`` (more is promised after no item at all).

    Source: docs/spec/wire.md §5.
    """
    fields = decode_fields(
        data,
        max_bytes=_MAX_COLLECTED_SIZE,
        max_items=_FEW + MAX_COLLECT * (_ITEM_PARTS + 1),
    )
    fields.version(0, supported=_VERSIONS)
    collected = Collected(
        items=tuple(_item(item) for item in fields.items(1, max_items=MAX_COLLECT)),
        more=fields.boolean(2),
        instance=fields.octets(3, size=INSTANCE_SIZE),
    )
    fields.done()
    if collected.more and not collected.items:
        raise FormatError("more-of-nothing")
    return collected


def sign_mailbox_receipt(
    seqs: Sequence[int], *, device: bytes, key: SigningKey, realm: Realm, created: int
) -> bytes:
    """Return the record by which a device releases items from its mailbox.

    Args:
        seqs: 1 to 4096 numbers, in any order.
        device: The device's handle, 16 bytes.
        key: The device's record-signing key.
        realm: The federation.
        created: Seconds UTC; says when, grants nothing.

    Raises:
        ValueError: no number, or too many.
    """
    if not 1 <= len(set(seqs)) <= MAX_RECEIPTS:
        msg = f"1 to {MAX_RECEIPTS} numbers"
        raise ValueError(msg)
    body = encode({0: 0, 1: realm.octets, 2: device, 3: created, 4: sorted(set(seqs))})
    return encode({0: 0, 1: body, 2: key.sign(_RECEIPT, realm, body)})


def open_mailbox_receipt(
    data: bytes, *, device: bytes, key: VerifyKey, realm: Realm
) -> tuple[int, ...]:
    """Verify a mailbox receipt and return its numbers, rising.

    Raises:
        FormatError: malformed; ``receipt-of-other`` (device or realm); ``receipt-order``.
        SignatureError: it is not signed by ``key``.

    Source: docs/spec/wire.md §6.
    """
    outer = decode_fields(data, max_bytes=MAX_RECEIPT_SIZE, max_items=_FEW)
    outer.version(0, supported=_VERSIONS)
    body = outer.octets(1)
    signature = outer.octets(2, size=SIGNATURE_SIZE)
    outer.done()
    fields = decode_fields(body, max_bytes=MAX_RECEIPT_SIZE, max_items=_FEW + MAX_RECEIPTS)
    fields.version(0, supported=_VERSIONS)
    named = (fields.octets(1, size=DIGEST_SIZE), fields.octets(2, size=HANDLE_SIZE))
    fields.integer(3, high=MAX_TIME)
    items = fields.items(4, max_items=MAX_RECEIPTS)
    seqs = tuple(item for item in items if type(item) is int and 0 < item <= MAX_SEQ)
    fields.done()
    if named != (realm.octets, device):
        raise FormatError("receipt-of-other")
    rising = all(low < high for low, high in pairwise(seqs))
    if not seqs or not rising or len(seqs) != len(items):
        raise FormatError("receipt-order")
    key.verify(_RECEIPT, realm, body, signature)
    return seqs


def encode_status(status: Status) -> bytes:
    """Return the status's one encoding."""
    rows = [[each.mailbox, each.state.value, each.at] for each in status.mailboxes]
    return encode({0: 0, 1: status.digest, 2: status.received_at, 3: rows})


def decode_status(data: bytes) -> Status:
    """Read a status strictly.

    Raises:
        FormatError: malformed.

    Source: docs/spec/wire.md §7.
    """
    fields = decode_fields(
        data,
        max_bytes=_MAX_STATUS_SIZE,
        max_items=_FEW + MAX_MAILBOXES * (_STATUS_PARTS + 1),
    )
    fields.version(0, supported=_VERSIONS)
    status = Status(
        digest=Digest(fields.octets(1, size=DIGEST_SIZE)),
        received_at=fields.integer(2, high=MAX_TIME),
        mailboxes=tuple(_status(item) for item in fields.items(3, max_items=MAX_MAILBOXES)),
    )
    fields.done()
    return status


def encode_bundles(bundles: Sequence[bytes | None]) -> bytes:
    """Encode prekey bundles: for putting (no null) or as the answer to a taking."""
    return encode({0: 0, 1: list(bundles)})


def decode_bundles(data: bytes) -> tuple[bytes, ...]:
    """Read the bundles of a put strictly, also none; the bundles are not parsed here.

    Raises:
        FormatError: malformed, or ``prekey-bundle`` (one is no byte string of at most 6 KiB).
    """
    bundles = decode_taken(data)
    if any(bundle is None for bundle in bundles):
        raise FormatError("prekey-bundle")
    return tuple(bundle for bundle in bundles if bundle is not None)


def decode_taken(data: bytes) -> tuple[bytes | None, ...]:
    """Read the answer to a taking strictly: a bundle or none for each asked device.

    Raises:
        FormatError: malformed, or ``prekey-bundle``.
    """
    fields = decode_fields(data, max_bytes=MAX_PREKEYS_SIZE, max_items=_FEW + MAX_PREKEYS)
    fields.version(0, supported=_VERSIONS)
    items = fields.items(1, max_items=MAX_PREKEYS)
    fields.done()
    return tuple(_bundle(item) for item in items)


def encode_handles(handles: Sequence[bytes]) -> bytes:
    """Encode the asking for prekeys of devices (handles of 16 bytes, at most 64, each once)."""
    return encode({0: 0, 1: list(handles)})


def decode_handles(data: bytes) -> tuple[bytes, ...]:
    """Read the asking for prekeys strictly.

    Raises:
        FormatError: malformed; ``handle-size``; ``handle-twice``.
    """
    fields = decode_fields(data, max_bytes=MAX_TAKING_SIZE, max_items=_FEW + MAX_TAKEN)
    fields.version(0, supported=_VERSIONS)
    items = fields.items(1, max_items=MAX_TAKEN)
    fields.done()
    handles = tuple(item for item in items if isinstance(item, bytes) and len(item) == HANDLE_SIZE)
    if not handles or len(handles) != len(items):
        raise FormatError("handle-size")
    if len(set(handles)) != len(handles):
        raise FormatError("handle-twice")
    return handles


def _item(value: Value) -> MailboxItem:
    row = row_of(value, _ITEM_PARTS)
    return MailboxItem(
        seq=row.integer(0, low=1, high=MAX_SEQ),
        envelope=row.octets(1, max_size=MAX_ENVELOPE_SIZE),
        received_at=row.integer(2, high=MAX_TIME),
        body_size=row.integer(3, high=MAX_HEAD_SIZE + MAX_BODY_SIZE),
        leaf_count=row.integer(4, high=MAX_BODY_SIZE),
        head_length=row.integer(5, high=MAX_HEAD_SIZE),
    )


def _status(value: Value) -> MailboxStatus:
    row = row_of(value, _STATUS_PARTS)
    return MailboxStatus(
        mailbox=row.octets(0, size=HANDLE_SIZE),
        state=MailboxState(row.integer(1, high=MailboxState.EXPIRED.value)),
        at=row.integer(2, high=MAX_TIME),
    )


def _bundle(value: Value) -> bytes | None:
    if value is None or (isinstance(value, bytes) and len(value) <= MAX_BUNDLE_SIZE):
        return value
    raise FormatError("prekey-bundle")
