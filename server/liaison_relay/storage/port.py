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
    "Limits",
    "NewObject",
    "PrekeyRow",
    "PublishOutcome",
    "RelayStore",
    "Released",
    "SeenObject",
    "SubmitOutcome",
    "Taker",
]


class SubmitOutcome(Enum):
    """What a submission comes to."""

    STORED = "stored"
    REPEATED = "repeated"
    CONFLICT = "conflict"
    MAILBOX_UNKNOWN = "mailbox-unknown"
    QUOTA = "quota"
    MAILBOX_FULL = "mailbox-full"


class PublishOutcome(Enum):
    """What a snapshot comes to."""

    STORED = "stored"
    REPEATED = "repeated"
    ROLLBACK = "rollback"


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
class Limits:
    """What one submitter may take up.

    Attributes:
        quota_bytes: Of everything of its agency that some mailbox holds, a new object included.
        objects: Of the device itself that the relay remembers, fetched ones too.
        items: Of its agency that wait in any one mailbox.
    """

    quota_bytes: int
    objects: int
    items: int


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
        stored_bytes: What it takes here in all: record, leaf list and body.
        limits: What its submitter may take up.
    """

    submitter: DeviceRow
    digest: bytes
    record_hash: bytes
    submission: Submission
    body: str
    received_at: int
    keep_until: int
    stored_bytes: int
    limits: Limits


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
class Taker:
    """Who takes prekeys.

    Attributes:
        handle: 16 bytes.
        realm: 32 bytes; devices of other realms have nothing for it.
        per_hour: One-time keys of one device that it may take within a clock hour.
    """

    handle: bytes
    realm: bytes
    per_hour: int


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

    def check(self) -> None:
        """Prove that the store answers, at the cost of one small reading."""
        ...

    def agency(self, agency: bytes) -> AgencyRow | None:
        """Return an admitted agency."""
        ...

    def device(self, handle: bytes) -> DeviceRow | None:
        """Return a device that stands as active on its agency's newest roster."""
        ...

    def publish(self, row: AgencyRow, devices: Sequence[DeviceRow]) -> PublishOutcome:
        """Admit an agency, or replace its snapshot and devices by newer ones.

        Stored if (epoch, sequence) is higher than the stored one; repeated if the bytes are equal;
        otherwise refused as a rollback. A mailbox stays the agency's that had it first: a device
        with the handle of another agency's is left out, and its agency's other devices are not.
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
        """Return items held with numbers above ``after``, in order, and the store's instance.

        The instance is 16 random bytes, drawn when the store was made; `renew` draws others.
        """
        ...

    def renew(self) -> None:
        """Take another instance: numbers given since the copy was made mean nothing any more."""
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

    def put_prekeys(
        self, device: bytes, rows: Sequence[PrekeyRow], *, now: int, max_stock: int
    ) -> int | None:
        """Add one-time prekeys never seen, replace the last resort.

        Returns how many one-time prekeys can still be handed out at ``now``; nothing, and nothing
        is added, if there would be more than ``max_stock``.
        """
        ...

    def take_prekeys(
        self, devices: Sequence[bytes], *, taker: Taker, now: int
    ) -> tuple[bytes | None, ...]:
        """Hand out one bundle for each device, each one-time bundle once.

        Who has taken as many one-time keys of a device as it may gets the last resort.
        """
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
