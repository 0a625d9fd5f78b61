"""A relay in memory, as honest or as hostile as a test wants it.

Rules:

- A desk talks to it through the methods of `HttpRelay`; `attach` makes every desk do so.
- Everything it holds lies open in dictionaries: tests tamper, replay, drop and swap there.
- It checks nothing for the desk: what a relay's answers must look like (`relay.answers`) is left
  out on purpose, so that what is tested is the desk behind that first look.
"""

# ruff: noqa: ARG002  # the signatures are those of HttpRelay

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pytest

from secure_liaison.clock import Clock
from secure_liaison.crypto.keys import Digest, Realm, random_bytes
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.encoding import decode_fields
from secure_liaison.errors import FormatError, RelayRefusedError, RelayUnreachableError
from secure_liaison.identity.ids import AgencyId, DeviceHandle
from secure_liaison.office import Office
from secure_liaison.wire import (
    INSTANCE_SIZE,
    MAX_BUNDLE_SIZE,
    MAX_COLLECT,
    WINDOW_S,
    Collected,
    Envelope,
    MailboxItem,
    MailboxState,
    MailboxStatus,
    Status,
    Submission,
    decode_envelope,
    decode_submission,
    encode_envelope,
    leaf_count,
)

Progress = Callable[[int, int], None]


@dataclass(kw_only=True)
class Held:
    """One object as it was submitted."""

    submission: Submission
    submitter: bytes
    received_at: int
    fetched: dict[bytes, int]


class Simulator:
    """One relay for all agencies.

    Attributes:
        clock: The relay's own.
        down: Whether it answers nobody.
        instance: Which store gave the numbers; see `renew`.
        objects: What was submitted, by D.
        mailboxes: Items by device handle, in the order in which they are handed out.
        leaves: Leaf lists by D.
        bodies: Sealed bodies by D.
        prekeys: Bundles by device handle.
        directory: Snapshots by agency.
        released: (device handle, number) of everything that a desk let go of.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.down = False
        self.instance = random_bytes(INSTANCE_SIZE)
        self.objects: dict[Digest, Held] = {}
        self.mailboxes: dict[bytes, list[MailboxItem]] = {}
        self.leaves: dict[Digest, bytes] = {}
        self.bodies: dict[Digest, bytes] = {}
        self.prekeys: dict[bytes, list[bytes]] = {}
        self.directory: dict[bytes, bytes] = {}
        self.released: list[tuple[bytes, int]] = []
        self._last = 0

    def attach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every desk of this test use this relay."""

        def relay(office: Office, agency: AgencyId | None = None) -> SimulatedRelay:
            office.relay_url(agency or office.agency)
            return SimulatedRelay(self, device=office.keys.handle, clock=office.machine_clock)

        monkeypatch.setattr(Office, "relay", relay)

    def renew(self) -> None:
        """Be a new relay under the old address: nothing is held, numbers begin anew."""
        self.instance = random_bytes(INSTANCE_SIZE)
        self.objects.clear()
        self.mailboxes.clear()
        self._last = 0

    def hand_out(self, mailbox: bytes, envelope: bytes) -> MailboxItem:
        """Put any bytes into a mailbox, under the next number."""
        self._last += 1
        item = MailboxItem(
            seq=self._last,
            envelope=envelope,
            received_at=self.clock.now(),
            **_sizes(envelope),
        )
        self.mailboxes.setdefault(mailbox, []).append(item)
        return item

    def plant(self, mailbox: bytes, envelope: bytes, *, leaves: bytes, body: bytes) -> Digest:
        """Put an object of any making into a mailbox, with its leaf list and body."""
        digest = decode_envelope(envelope).digest()
        self.leaves[digest], self.bodies[digest] = leaves, body
        self.hand_out(mailbox, envelope)
        return digest

    def withhold(self, mailbox: bytes) -> list[MailboxItem]:
        """Empty a mailbox; `give_back` undoes it."""
        return self.mailboxes.pop(mailbox, [])

    def give_back(self, mailbox: bytes, items: Sequence[MailboxItem]) -> None:
        """Hand out again what was withheld, under new numbers."""
        for item in items:
            self.hand_out(mailbox, item.envelope)

    def envelope(self, digest: Digest, mailbox: bytes) -> Envelope:
        """Return what one mailbox was to get of an object."""
        submission = self.objects[digest].submission
        found = next(each for each in submission.deliveries if each.mailbox == mailbox)
        return submission.envelope(found)

    def octets(self, digest: Digest, mailbox: bytes) -> bytes:
        """Return the encoding of `envelope`."""
        return encode_envelope(self.envelope(digest, mailbox))


class SimulatedRelay:
    """The relay as one device sees it; the methods are those of `HttpRelay`."""

    def __init__(self, simulator: Simulator, *, device: DeviceHandle, clock: Clock) -> None:
        self._simulator = simulator
        self._device = device
        self._clock = clock

    def close(self) -> None:
        """Do nothing."""

    def submit(
        self, submission: bytes, leaves: bytes, body: Path, progress: Progress | None = None
    ) -> None:
        relay = self._asked()
        record = decode_submission(submission)
        digest = record.envelope(record.deliveries[0]).digest()
        known = relay.objects.get(digest)
        if known is not None:
            if (known.submitter, known.submission) != (self._device, record):
                raise RelayRefusedError("conflict")
            return
        now = relay.clock.now()
        relay.objects[digest] = Held(
            submission=record, submitter=self._device, received_at=now, fetched={}
        )
        relay.leaves[digest], relay.bodies[digest] = leaves, body.read_bytes()
        for delivery in record.deliveries:
            relay.hand_out(delivery.mailbox, encode_envelope(record.envelope(delivery)))

    def collect(
        self, after: int = 0, limit: int = MAX_COLLECT, *, instance: bytes | None = None
    ) -> Collected:
        relay = self._asked()
        if instance is not None and instance != relay.instance:
            after = 0
        found = [item for item in relay.mailboxes.get(self._device, []) if item.seq > after]
        return Collected(
            items=tuple(found[:limit]), more=len(found) > limit, instance=relay.instance
        )

    def fetch_leaves(self, digest: Digest, *, leaf_count: int) -> bytes:
        relay = self._asked()
        if digest not in relay.leaves:
            raise RelayRefusedError("not-found")
        return relay.leaves[digest]

    def fetch_body(
        self,
        digest: Digest,
        sink: BinaryIO,
        *,
        size: int,
        start: int = 0,
        progress: Progress | None = None,
    ) -> None:
        relay = self._asked()
        sink.write(relay.bodies[digest][start:])
        if digest in relay.objects:
            relay.objects[digest].fetched[self._device] = relay.clock.now()

    def status(self, digest: Digest) -> Status:
        held = self._asked().objects[digest]
        boxes = [each.mailbox for each in held.submission.deliveries]
        return Status(
            digest=digest,
            received_at=held.received_at,
            mailboxes=tuple(
                MailboxStatus(
                    mailbox=box,
                    state=MailboxState.FETCHED if box in held.fetched else MailboxState.HELD,
                    at=held.fetched.get(box, held.received_at),
                )
                for box in sorted(boxes)
            ),
        )

    def acknowledge_receipt(
        self, seqs: Sequence[int], *, signing_key: SigningKey, realm: Realm
    ) -> int:
        relay = self._asked()
        waiting = relay.mailboxes.get(self._device, [])
        kept = [item for item in waiting if item.seq not in set(seqs)]
        relay.mailboxes[self._device] = kept
        relay.released += [(self._device, seq) for seq in seqs]
        return len(waiting) - len(kept)

    def put_prekeys(self, bundles: Sequence[bytes]) -> int:
        kept = self._asked().prekeys.setdefault(self._device, [])
        kept += bundles
        return sum(not _is_last_resort(bundle) for bundle in kept)

    def count_prekeys(self) -> int:
        return self.put_prekeys(())

    def take_prekeys(self, handles: Sequence[DeviceHandle]) -> tuple[bytes | None, ...]:
        prekeys = self._asked().prekeys
        return tuple(prekeys[each].pop(0) if prekeys.get(each) else None for each in handles)

    def get_directory(self, agency: AgencyId) -> bytes:
        relay = self._asked()
        if agency not in relay.directory:
            raise RelayRefusedError("not-found")
        return relay.directory[agency]

    def put_directory(self, agency: AgencyId, snapshot: bytes) -> None:
        self._asked().directory[agency] = snapshot

    def _asked(self) -> Simulator:
        """Take a request: is anybody there, and is the caller's clock right."""
        if self._simulator.down:
            raise RelayUnreachableError("connect")
        skew_s = self._clock.now() - self._simulator.clock.now()
        if abs(skew_s) > WINDOW_S:
            raise RelayRefusedError("clock", skew_s=skew_s)
        return self._simulator


def changed(envelope: Envelope, **fields: object) -> bytes:
    """Return an envelope's encoding with other fields in it."""
    return encode_envelope(replace(envelope, **fields))  # type: ignore[arg-type]  # tests know the fields


def _is_last_resort(bundle: bytes) -> bool:
    """Whether a bundle's key may be handed out again and again; docs/spec/prekeys.md §1, §2."""
    leaf = decode_fields(bundle, max_bytes=MAX_BUNDLE_SIZE).octets(3)
    return decode_fields(leaf, max_bytes=MAX_BUNDLE_SIZE).boolean(3)


def _sizes(envelope: bytes) -> dict[str, int]:
    """Return what an honest relay would say of an envelope's object; zeros if it cannot be read."""
    try:
        header = decode_envelope(envelope).read_header()
    except FormatError:
        return {"body_size": 0, "leaf_count": 0, "head_length": 0}
    return {
        "body_size": header.body_size,
        "leaf_count": leaf_count(header.head_length, header.body_size),
        "head_length": header.head_length,
    }
