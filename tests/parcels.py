"""Objects as a relay sees them: real headers, roots and paths around random bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from secure_liaison.crypto.keys import Digest, Realm, random_bytes
from secure_liaison.crypto.payload import sealed_size
from secure_liaison.transparency.merkle import inclusion_proof, leaf_hash, root_of
from secure_liaison.wire import (
    RANGE_SIZE,
    STANZA_SIZE,
    Delivery,
    Header,
    ObjectId,
    Submission,
    encode_header,
    encode_submission,
    leaf_count,
)
from secure_liaison.wire.sizes import PAYLOAD_FLOOR, padme

HEAD = sealed_size(2048)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One object ready to be submitted."""

    record: Submission
    leaves: bytes
    body: bytes

    @property
    def submission(self) -> bytes:
        return encode_submission(self.record)

    @property
    def digest(self) -> Digest:
        return self.record.envelope(self.record.deliveries[0]).digest()

    @property
    def content(self) -> bytes:
        return len(self.submission).to_bytes(4, "big") + self.submission + self.leaves + self.body

    def changed(self, **fields: object) -> Parcel:
        """Return the parcel with other fields in its record."""
        return replace(self, record=replace(self.record, **fields))  # type: ignore[arg-type]  # tests know the fields


def make_parcel(
    realm: Realm,
    mailboxes: Sequence[bytes],
    *,
    size: int = 5000,
    expiry_day: int = 30_000,
    claims: bytes | None = None,
) -> Parcel:
    """Build an object of ``size`` or, padded and sealed, some more bytes for some mailboxes."""
    size = sealed_size(padme(max(size, PAYLOAD_FLOOR)))
    body = random_bytes(HEAD + size)
    starts = [HEAD + at for at in range(0, size, RANGE_SIZE)]
    pieces = [body[:HEAD], *(body[at : at + RANGE_SIZE] for at in starts)]
    leaves = [leaf_hash(piece) for piece in pieces]
    header = Header(
        realm=realm,
        object_id=ObjectId(random_bytes(16)),
        salt=random_bytes(32),
        commitment=random_bytes(32),
        head_length=HEAD,
        payload_length=size,
        expiry_day=expiry_day,
    )
    stanzas = [random_bytes(STANZA_SIZE) for _ in mailboxes]
    blinds = [random_bytes(32) for _ in mailboxes]
    level = max(4, 1 << (len(mailboxes) - 1).bit_length())
    nodes = [leaf_hash(blind + stanza) for blind, stanza in zip(blinds, stanzas, strict=True)]
    nodes += [sha256(b"padding").digest()] * (level - len(nodes))
    record = Submission(
        header=encode_header(header),
        payload_root=root_of(leaves),
        stanza_root=root_of(nodes),
        claims=claims or random_bytes(8192),
        leaf_count=leaf_count(HEAD, HEAD + size),
        head_length=HEAD,
        body_size=HEAD + size,
        deliveries=tuple(
            Delivery(
                mailbox=mailbox,
                stanza=stanzas[index],
                blind=blinds[index],
                index=index,
                path=tuple(inclusion_proof(nodes, index)),
            )
            for index, mailbox in enumerate(mailboxes)
        ),
    )
    return Parcel(record=record, leaves=b"".join(leaves), body=body)
