"""One submission as it arrives: checked piece by piece, kept as a whole or not at all.

Rules:

- The checks and their order are those of the specification; the first that fails ends the intake.
- A record longer than this relay's mailboxes allow is refused before it is read.
- Each range of the body is compared with its leaf while it is written, in constant memory.
- The store hears of the object only after its body is on durable storage under its name.

Can I?

===========  =======  =====  =======  ==============
operation    opening  body   sealed   ended
===========  =======  =====  =======  ==============
``feed``     yes      yes    no       no
``finish``   no       no     yes      no
``abandon``  yes      yes    yes      yes (no effect)
===========  =======  =====  =======  ==============

Source: docs/spec/wire.md §4.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

from liaison_relay.storage.port import Limits, NewObject, SubmitOutcome
from secure_liaison.crypto.keys import DIGEST_SIZE, Realm, require_equal
from secure_liaison.errors import FormatError, RelayRefusedError
from secure_liaison.transparency.merkle import root_of
from secure_liaison.wire import (
    RANGE_SIZE,
    decode_header,
    decode_submission,
    leaf_count,
    max_submission_size,
)

if TYPE_CHECKING:
    from liaison_relay.settings import RelaySettings
    from liaison_relay.storage.bodies import Bodies, IncomingBody
    from liaison_relay.storage.port import DeviceRow, RelayStore
    from secure_liaison.wire import Header, SignedRequest, Submission

__all__ = ["Intake", "IntakeRoom"]

_LENGTH_SIZE: Final = 4
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRoom:
    """What every intake needs: where to keep, and within which limits."""

    store: RelayStore
    bodies: Bodies
    settings: RelaySettings


class Intake:
    """One submission on its way in."""

    def __init__(
        self,
        room: IntakeRoom,
        *,
        device: DeviceRow,
        request: SignedRequest,
        now: int,
        content_length: int,
    ) -> None:
        """Begin.

        Args:
            room: Where to keep, and within which limits.
            device: Who submits.
            request: Holds the digest that the content must have.
            now: When the request was let in, seconds UTC.
            content_length: What the request announced, in bytes.
        """
        self._room = room
        self._device = device
        self._request = request
        self._now = now
        self._content_length = content_length
        self._seen = 0
        self._whole = hashlib.sha256()
        self._waiting = bytearray()
        self._new: NewObject | None = None
        self._leaves: list[bytes] = []
        self._next_leaf = 0
        self._body: IncomingBody | None = None
        self._repeat = False

    @property
    def is_opened(self) -> bool:
        """Whether the record has been read; what follows costs little."""
        return self._new is not None

    def feed(self, octets: bytes) -> None:
        """Take the next bytes of the content, at most a few MiB at a time.

        Raises:
            FormatError: the record or a size is malformed.
            RelayRefusedError: ``too-large``, ``realm``, ``expired``, ``mailbox-unknown``,
                ``conflict``, ``mailbox-full``, ``quota``, ``busy``.
            TamperedError: ``merkle-inclusion``, ``payload-root``, ``payload-range``.
        """
        self._seen += len(octets)
        if self._seen > self._content_length:
            raise FormatError("content-length")
        self._whole.update(octets)
        if self._repeat:
            return  # nothing is kept of a repeat, but its digest must fit
        self._waiting += octets
        if self._new is None and self._open_record():
            self._judge_record()
        if self._new is not None and not self._repeat:
            if not self._leaves:
                self._open_leaves(self._new.submission)
            if self._leaves:
                self._take_ranges(self._new.submission)

    def finish(self) -> tuple[SubmitOutcome, bytes]:
        """End the content and keep the object; returns the outcome and ``D``.

        Raises:
            FormatError: ``content-length``: the content ended early.
            TamperedError: ``content-digest``.
            RelayRefusedError: as `feed`, judged again inside the transaction.
        """
        complete = self._repeat or (self._body and self._next_leaf == len(self._leaves))
        if self._new is None or not complete or self._seen != self._content_length:
            raise FormatError("content-length")
        self._request.check_content(self._whole.digest())
        if self._repeat or self._body is None:
            return SubmitOutcome.REPEATED, self._new.digest
        name = self._body.publish()
        self._body = None
        try:
            outcome = self._room.store.submit(replace(self._new, body=name))
        except BaseException:
            self._room.bodies.remove([name])
            raise
        if outcome is not SubmitOutcome.STORED:
            self._room.bodies.remove([name])
        _refuse(outcome)
        return outcome, self._new.digest

    def abandon(self) -> None:
        """Keep nothing; may be called at any time."""
        if self._body is not None:
            self._body.discard()
            self._body = None

    def _open_record(self) -> bool:
        """Cut the record off once it is complete."""
        if len(self._waiting) < _LENGTH_SIZE:
            return False
        length = int.from_bytes(self._waiting[:_LENGTH_SIZE], "big")
        if length > max_submission_size(self._room.settings.max_mailboxes):
            raise RelayRefusedError("too-large")
        end = _LENGTH_SIZE + length
        if len(self._waiting) < end:
            return False
        record = bytes(self._waiting[_LENGTH_SIZE:end])
        del self._waiting[:end]
        self._new = self._check_record(record)
        return True

    def _check_record(self, record: bytes) -> NewObject:
        """Steps 2 to 4 of the specification."""
        submission = decode_submission(record)
        header = decode_header(submission.header)
        self._check_sizes(submission, header, len(record))
        # 3. Realm and time.
        device, now = self._device, self._now
        if header.realm != Realm(device.realm):
            raise RelayRefusedError("realm")
        keep_until = self._room.settings.keep_until(expiry_day=header.expiry_day, now=now)
        if header.expiry_day * _DAY_S + _DAY_S <= now:
            raise RelayRefusedError("expired")
        # 4. Stanzas and their paths.
        first = submission.deliveries[0]
        for delivery in submission.deliveries:
            if len(delivery.path) != len(first.path):
                raise FormatError("path-depth")
            submission.envelope(delivery).check_path()
        return NewObject(
            submitter=device,
            digest=submission.envelope(first).digest(),
            record_hash=hashlib.sha256(record).digest(),
            submission=submission,
            body="",
            received_at=now,
            keep_until=keep_until,
            stored_bytes=self._content_length,
            limits=self._limits(),
        )

    def _limits(self) -> Limits:
        settings = self._room.settings
        return Limits(
            quota_bytes=settings.quota_bytes,
            objects=settings.quota_objects,
            items=settings.quota_items,
        )

    def _check_sizes(self, submission: Submission, header: Header, record_size: int) -> None:
        settings = self._room.settings
        if (
            submission.body_size > settings.max_body_bytes
            or len(submission.deliveries) > settings.max_mailboxes
        ):
            raise RelayRefusedError("too-large")
        count = leaf_count(header.head_length, header.body_size)
        said = (submission.head_length, submission.body_size, submission.leaf_count)
        if said != (header.head_length, header.body_size, count):
            raise FormatError("body-sizes")
        whole = _LENGTH_SIZE + record_size + DIGEST_SIZE * count + header.body_size
        if whole != self._content_length:
            raise FormatError("content-length")

    def _judge_record(self) -> None:
        """Steps 5 and 6 of the specification, and whether this is a repeat."""
        if self._new is None:
            return
        outcome = self._room.store.judge(self._new)
        _refuse(outcome)
        self._repeat = outcome is SubmitOutcome.REPEATED
        needed = self._new.submission.body_size + self._room.settings.reserve_bytes
        if not self._repeat and self._room.bodies.free_bytes() < needed:
            raise RelayRefusedError("busy")

    def _open_leaves(self, submission: Submission) -> None:
        """Step 7 of the specification."""
        size = DIGEST_SIZE * submission.leaf_count
        if len(self._waiting) < size:
            return
        listed = bytes(self._waiting[:size])
        del self._waiting[:size]
        leaves = [listed[at : at + DIGEST_SIZE] for at in range(0, size, DIGEST_SIZE)]
        require_equal(submission.payload_root, root_of(leaves), "payload-root")
        self._leaves = leaves
        self._body = self._room.bodies.begin()
        self._body.write(listed)

    def _take_ranges(self, submission: Submission) -> None:
        """Step 8 of the specification."""
        with memoryview(bytes(self._waiting)) as waiting:
            taken = 0
            while self._next_leaf < len(self._leaves):
                size = _range_size(submission, self._next_leaf)
                if len(waiting) - taken < size:
                    break
                octets = waiting[taken : taken + size]
                hashed = hashlib.sha256(b"\x00")
                hashed.update(octets)
                require_equal(self._leaves[self._next_leaf], hashed.digest(), "payload-range")
                if self._body is not None:
                    self._body.write(octets)
                taken += size
                self._next_leaf += 1
        del self._waiting[:taken]


def _range_size(submission: Submission, leaf: int) -> int:
    """Return how many bytes stand under a leaf: the head, 64 KiB, or the rest."""
    if leaf == 0:
        return submission.head_length
    start = submission.head_length + (leaf - 1) * RANGE_SIZE
    return min(RANGE_SIZE, submission.body_size - start)


def _refuse(outcome: SubmitOutcome) -> None:
    match outcome:
        case SubmitOutcome.STORED | SubmitOutcome.REPEATED:
            return
        case SubmitOutcome.CONFLICT:
            raise RelayRefusedError("conflict")
        case SubmitOutcome.MAILBOX_UNKNOWN:
            raise RelayRefusedError("mailbox-unknown")
        case SubmitOutcome.MAILBOX_FULL:
            raise RelayRefusedError("mailbox-full")
        case SubmitOutcome.QUOTA:
            raise RelayRefusedError("quota")
        case _:
            assert_never(outcome)
