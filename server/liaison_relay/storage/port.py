"""The store as the relay uses it: one contract, held by every adapter's contract suite.

Rules:

- Every method is synchronous and safe to call from many threads.
- A method that changes something returns after its transaction is on durable storage.
- A decision (repeat, quota, rollback, nonce) is made inside the transaction that acts on it.
- Bodies are files beside the store; methods that free bodies return their names, and the caller
  removes the files afterwards.

Source: docs/spec/wire.md §4–§9, §12; DESIGN §8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.wire import Collected, Status, Submission

__all__ = [
    "AgencyRow",
    "DeviceRow",
    "HeldBody",
    "NewObject",
    "PrekeyRow",
    "PublishOutcome",
    "RelayStore",
    "Released",
    "SeenObject",
    "SubmitOutcome",
]


class SubmitOutcome(Enum):
    """What a submission comes to."""

    STORED = "stored"
    REPEATED = "repeated"
    CONFLICT = "conflict"
    MAILBOX_UNKNOWN = "mailbox-unknown"
    QUOTA = "quota"


class PublishOutcome(Enum):
    """What a snapshot comes to."""

    STORED = "stored"
    REPEATED = "repeated"
    ROLLBACK = "rollback"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyRow:
    """One admitted agency.

    Attributes:
        agency: 32 bytes.
        realm: 32 bytes.
        anchor: The anchor file as admitted.
        snapshot: The newest snapshot, as published.
        epoch: Of the snapshot's roster.
        sequence: Of the snapshot's roster.
    """

    agency: bytes
    realm: bytes
    anchor: bytes
    snapshot: bytes
    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One device that its agency's newest roster shows as active.

    Attributes:
        handle: 16 bytes; also the name of its mailbox.
        agency: 32 bytes.
        realm: 32 bytes.
        request_key: 32 bytes, Ed25519.
        signing_key: 1984 bytes, composite.
        not_before: Seconds UTC, inclusive.
        not_after: Seconds UTC, exclusive.
    """

    handle: bytes
    agency: bytes
    realm: bytes
    request_key: bytes
    signing_key: bytes
    not_before: int
    not_after: int

    def is_valid(self, now: int) -> bool:
        """Whether the device may act at ``now``, seconds UTC."""
        return self.not_before <= now < self.not_after


@dataclass(frozen=True, slots=True, kw_only=True)
class NewObject:
    """An object to store; its body already lies on durable storage.

    Attributes:
        submitter: The submitting device.
        digest: ``D``, 32 bytes.
        record_hash: Hash of the whole submission record, 32 bytes: what a repeat must equal.
        submission: The record.
        body: Name of the body's file.
        received_at: Seconds UTC.
        keep_until: Seconds UTC.
        quota_bytes: What the submitter's agency may hold, this object included.
    """

    submitter: DeviceRow
    digest: bytes
    record_hash: bytes
    submission: Submission
    body: str
    received_at: int
    keep_until: int
    quota_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBody:
    """Where an object's leaf list and body lie: one file, the leaf list first."""

    body: str
    leaf_count: int
    body_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """How many items went, and the bodies that nobody holds any longer."""

    count: int
    bodies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrekeyRow:
    """One verified prekey bundle.

    Attributes:
        key_id: 32 bytes; a key is taken in once.
        bundle: As it is handed out.
        last_resort: Whether it may be handed out again and again.
        expires: Seconds UTC, exclusive.
    """

    key_id: bytes
    bundle: bytes
    last_resort: bool
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenObject:
    """All that a relay knows of one object.

    Attributes:
        digest: ``D``, 32 bytes.
        object_id: 16 bytes.
        submitter: Handle, 16 bytes.
        received_at: Seconds UTC.
        keep_until: Seconds UTC.
        body_size: Bytes.
        body_held: Whether the body still lies here.
        mailboxes: Handle, state's number and moment of each.
    """

    digest: bytes
    object_id: bytes
    submitter: bytes
    received_at: int
    keep_until: int
    body_size: int
    body_held: bool
    mailboxes: tuple[tuple[bytes, int, int], ...]


class RelayStore(Protocol):
    """The contract."""

    def agency(self, agency: bytes) -> AgencyRow | None:
        """Return an admitted agency."""
        ...

    def device(self, handle: bytes) -> DeviceRow | None:
        """Return a device that stands as active on its agency's newest roster."""
        ...

    def publish(self, row: AgencyRow, devices: Sequence[DeviceRow]) -> PublishOutcome:
        """Admit an agency, or replace its snapshot and devices by newer ones.

        Stored if (epoch, sequence) is higher than the stored one; repeated if the bytes are equal;
        otherwise refused as a rollback. A handle of another agency's device is a conflict.
        """
        ...

    def claim_nonce(self, device: bytes, nonce: bytes, *, now: int, keep_until: int) -> bool:
        """Remember a nonce; false if the device used it before and it is still remembered."""
        ...

    def judge(self, new: NewObject) -> SubmitOutcome:
        """Say what `submit` would come to now, changing nothing."""
        ...

    def submit(self, new: NewObject) -> SubmitOutcome:
        """Store an object for all its mailboxes, or for none."""
        ...

    def collect(self, mailbox: bytes, *, after: int, limit: int) -> Collected:
        """Return items held with numbers above ``after``, in order."""
        ...

    def held_body(self, mailbox: bytes, digest: bytes) -> HeldBody | None:
        """Return where the body lies, if this mailbox holds an item of the object."""
        ...

    def status(self, submitter: bytes, digest: bytes) -> Status | None:
        """Return what became of an object of this submitter."""
        ...

    def release(self, mailbox: bytes, seqs: Sequence[int], *, now: int) -> Released:
        """Delete items; numbers that are not held are passed over."""
        ...

    def put_prekeys(self, device: bytes, rows: Sequence[PrekeyRow]) -> int:
        """Add one-time prekeys never seen, replace the last resort; returns one-time ones left."""
        ...

    def take_prekeys(self, devices: Sequence[bytes], *, now: int) -> tuple[bytes | None, ...]:
        """Hand out one bundle for each device, each one-time bundle once."""
        ...

    def expire(self, now: int) -> tuple[str, ...]:
        """Let go what is past its time; returns the bodies to remove."""
        ...

    def bodies(self) -> frozenset[str]:
        """Return the names of all bodies that some mailbox refers to."""
        ...

    def seen(self) -> tuple[SeenObject, ...]:
        """Return what the relay knows of every object, in order of arrival."""
        ...

    def counts(self) -> dict[str, int]:
        """Return the number of agencies, devices, objects, items held and bytes held."""
        ...

    def close(self) -> None:
        """End the store; waiting changes are finished first."""
        ...
