"""What travels to a relay and what a mailbox holds: submission and envelope.

Rules:

- An envelope is one mailbox's view of an object: the shared parts and its own stanza.
- A relay builds envelopes from a submission and never looks into claims or stanzas.
- Records are parsed strictly; parsed means well-formed, never trusted.

Source: docs/spec/wire.md §4, §5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import DIGEST_SIZE, Digest
from secure_liaison.encoding import Fields, Value, decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.transparency.merkle import leaf_hash, verify_inclusion
from secure_liaison.wire.digests import header_hash, object_digest
from secure_liaison.wire.header import Header, decode_header
from secure_liaison.wire.limits import (
    BLIND_SIZE,
    HANDLE_SIZE,
    MAX_BODY_SIZE,
    MAX_ENVELOPE_SIZE,
    MAX_HEAD_SIZE,
    MAX_HEADER_SIZE,
    MAX_MAILBOXES,
    MAX_PATH,
    MAX_SUBMISSION_SIZE,
    leaf_count,
)
from secure_liaison.wire.rows import row_of
from secure_liaison.wire.sizes import CLAIMS_SIZES, MIN_PATH, STANZA_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Delivery",
    "Envelope",
    "Submission",
    "decode_envelope",
    "decode_submission",
    "encode_envelope",
    "encode_submission",
    "submission_of",
]

_VERSIONS: Final = frozenset({0})
_DELIVERY_PARTS: Final = 5
_MAX_VALUES: Final = 64 + MAX_MAILBOXES * (_DELIVERY_PARTS + 1 + MAX_PATH)
_MAX_LEAVES: Final = 2 + MAX_BODY_SIZE // 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One device's part of an object.

    Attributes:
        mailbox: The device's handle, 16 bytes.
        stanza: Its sealed share, opaque, 1242 bytes.
        blind: 32 random bytes hashed with the stanza.
        index: The stanza's place in the stanza tree.
        path: Hashes from the stanza's leaf to the stanza root, 2 to 16.
    """

    mailbox: bytes
    stanza: bytes
    blind: bytes
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What one mailbox holds of an object, without leaf list and body.

    Attributes:
        header: The header's encoding.
        payload_root: 32 bytes.
        stanza_root: 32 bytes.
        claims: 8192 or 16384 bytes, sealed.
        stanza: The device's sealed share.
        blind: 32 bytes.
        index: The stanza's place in the stanza tree.
        path: 2 to 16 hashes.
    """

    header: bytes
    payload_root: bytes
    stanza_root: bytes
    claims: bytes
    stanza: bytes
    blind: bytes
    index: int
    path: tuple[bytes, ...]

    def read_header(self) -> Header:
        """Parse the header strictly.

        Raises:
            FormatError: it is malformed.
        """
        return decode_header(self.header)

    def digest(self) -> Digest:
        """Return ``D``, 32 bytes.

        Raises:
            FormatError: the header is malformed.
        """
        realm = self.read_header().realm
        hh = header_hash(self.header, realm)
        return object_digest(realm, hh, self.payload_root, self.stanza_root)

    def check_path(self) -> None:
        """Prove that the stanza stands in the stanza tree.

        Raises:
            TamperedError: ``merkle-inclusion``.
        """
        verify_inclusion(
            leaf_hash(self.blind + self.stanza),
            index=self.index,
            size=1 << len(self.path),
            proof=self.path,
            root=self.stanza_root,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The record that opens a submission; leaf list and body follow it on the wire.

    Attributes:
        header: The header's encoding.
        payload_root: 32 bytes.
        stanza_root: 32 bytes.
        claims: 8192 or 16384 bytes, sealed.
        leaf_count: Hashes in the leaf list.
        head_length: Bytes of the sealed head.
        body_size: Bytes of sealed head and sealed payload.
        deliveries: One for each mailbox of this relay.
    """

    header: bytes
    payload_root: bytes
    stanza_root: bytes
    claims: bytes
    leaf_count: int
    head_length: int
    body_size: int
    deliveries: tuple[Delivery, ...]

    def envelope(self, delivery: Delivery) -> Envelope:
        """Return what the mailbox of ``delivery`` will hold."""
        return Envelope(
            header=self.header,
            payload_root=self.payload_root,
            stanza_root=self.stanza_root,
            claims=self.claims,
            stanza=delivery.stanza,
            blind=delivery.blind,
            index=delivery.index,
            path=delivery.path,
        )


def submission_of(envelopes: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the record that submits encoded envelopes to their mailboxes.

    Args:
        envelopes: Pairs of mailbox handle (16 bytes) and envelope, all of one object.

    Raises:
        ValueError: no envelope, or envelopes of different objects.
        FormatError: an envelope is malformed.
    """
    opened = [(mailbox, decode_envelope(data)) for mailbox, data in envelopes]
    shared = {(e.header, e.payload_root, e.stanza_root, e.claims) for _, e in opened}
    if len(shared) != 1:
        msg = "envelopes of exactly one object"
        raise ValueError(msg)
    first = opened[0][1]
    header = first.read_header()
    return encode_submission(
        Submission(
            header=first.header,
            payload_root=first.payload_root,
            stanza_root=first.stanza_root,
            claims=first.claims,
            leaf_count=leaf_count(header.head_length, header.body_size),
            head_length=header.head_length,
            body_size=header.body_size,
            deliveries=tuple(
                Delivery(
                    mailbox=mailbox, stanza=e.stanza, blind=e.blind, index=e.index, path=e.path
                )
                for mailbox, e in opened
            ),
        )
    )


def encode_submission(submission: Submission) -> bytes:
    """Return the record's one encoding."""
    return encode(
        {
            0: 0,
            1: submission.header,
            2: submission.payload_root,
            3: submission.stanza_root,
            4: submission.claims,
            5: submission.leaf_count,
            6: submission.head_length,
            7: submission.body_size,
            8: [
                [each.mailbox, each.stanza, each.blind, each.index, list(each.path)]
                for each in submission.deliveries
            ],
        }
    )


def decode_submission(data: bytes) -> Submission:
    """Read a submission record strictly; the header inside is not parsed here.

    Raises:
        FormatError: malformed; ``claims-size``; ``capsule-place``; ``no-mailbox``;
            ``mailbox-twice``.

    Source: docs/spec/wire.md §4.
    """
    fields = decode_fields(data, max_bytes=MAX_SUBMISSION_SIZE, max_items=_MAX_VALUES)
    fields.version(0, supported=_VERSIONS)
    submission = Submission(
        header=fields.octets(1, max_size=MAX_HEADER_SIZE),
        payload_root=fields.octets(2, size=DIGEST_SIZE),
        stanza_root=fields.octets(3, size=DIGEST_SIZE),
        claims=_claims(fields, 4),
        leaf_count=fields.integer(5, low=2, high=_MAX_LEAVES),
        head_length=fields.integer(6, low=1, high=MAX_HEAD_SIZE),
        body_size=fields.integer(7, low=2, high=MAX_HEAD_SIZE + MAX_BODY_SIZE),
        deliveries=tuple(_delivery(item) for item in fields.items(8, max_items=MAX_MAILBOXES)),
    )
    fields.done()
    if not submission.deliveries:
        raise FormatError("no-mailbox")
    if len({each.mailbox for each in submission.deliveries}) != len(submission.deliveries):
        raise FormatError("mailbox-twice")
    return submission


def encode_envelope(envelope: Envelope) -> bytes:
    """Return the envelope's one encoding."""
    return encode(
        {
            0: 0,
            1: envelope.header,
            2: envelope.payload_root,
            3: envelope.stanza_root,
            4: envelope.claims,
            5: envelope.stanza,
            6: envelope.blind,
            7: envelope.index,
            8: list(envelope.path),
        }
    )


def decode_envelope(data: bytes) -> Envelope:
    """Read an envelope strictly; the header inside is not parsed here.

    Raises:
        FormatError: malformed; ``claims-size``; ``capsule-place``.

    Source: docs/spec/wire.md §5.
    """
    fields = decode_fields(data, max_bytes=MAX_ENVELOPE_SIZE)
    fields.version(0, supported=_VERSIONS)
    envelope = Envelope(
        header=fields.octets(1, max_size=MAX_HEADER_SIZE),
        payload_root=fields.octets(2, size=DIGEST_SIZE),
        stanza_root=fields.octets(3, size=DIGEST_SIZE),
        claims=_claims(fields, 4),
        stanza=fields.octets(5, max_size=STANZA_SIZE),
        blind=fields.octets(6, size=BLIND_SIZE),
        index=fields.integer(7, high=2**MAX_PATH - 1),
        path=_path(fields.items(8, max_items=MAX_PATH)),
    )
    fields.done()
    _check_place(envelope.index, envelope.path)
    return envelope


def _claims(fields: Fields, key: int) -> bytes:
    claims = fields.octets(key)
    if len(claims) not in CLAIMS_SIZES:
        raise FormatError("claims-size")
    return claims


def _path(value: Sequence[Value]) -> tuple[bytes, ...]:
    path = tuple(step for step in value if isinstance(step, bytes) and len(step) == DIGEST_SIZE)
    if len(path) != len(value):
        raise FormatError("path-hash")
    return path


def _delivery(value: Value) -> Delivery:
    row = row_of(value, _DELIVERY_PARTS)
    delivery = Delivery(
        mailbox=row.octets(0, size=HANDLE_SIZE),
        stanza=row.octets(1, size=STANZA_SIZE),
        blind=row.octets(2, size=BLIND_SIZE),
        index=row.integer(3, high=2**MAX_PATH - 1),
        path=_path(row.items(4, max_items=MAX_PATH)),
    )
    _check_place(delivery.index, delivery.path)
    return delivery


def _check_place(index: int, path: Sequence[bytes]) -> None:
    if len(path) < MIN_PATH or index >= 1 << len(path):
        raise FormatError("capsule-place")
