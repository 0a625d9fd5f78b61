"""A desk's ledger: append, read, sign its head, prove that it only grew.

Rules:

- The ledger never commits; the caller's transaction does. It keeps nothing between two calls, so a
  transaction that is rolled back leaves no trace in memory.
- Times never go back: an event gets max(clock, last entry's time), and the clock learns that time.
- Entries are appended only; there is no way to change or remove one.

Does not do: witnesses, upload (the relay's logs carry checkpoints of ledgers later).

Source: docs/spec/audit.md §3–6; RFC 6962 §2.1; C2SP tlog-checkpoint v1.0.0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from secure_liaison.audit.rows import ChainCheck, LedgerEntry, LedgerRow, make_row
from secure_liaison.clock import GuardedClock
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import AuditInconsistentError
from secure_liaison.transparency.merkle import (
    CompactRange,
    consistency_proof,
    leaf_hash,
    verify_consistency,
)
from secure_liaison.transparency.note import (
    Checkpoint,
    NoteKey,
    NoteSigner,
    checkpoint_body,
    sign_note,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.audit.events import Event
    from secure_liaison.clock import Clock
    from secure_liaison.crypto.keys import Realm
    from secure_liaison.crypto.signing import NoteSigningKey
    from secure_liaison.identity.ids import DeviceHandle

__all__ = ["Ledger", "LedgerEntry", "LedgerRow", "LedgerStore", "MemoryLedgerStore"]


class LedgerStore(Protocol):
    """Where rows are kept: the vault, or memory for tests and simulations."""

    def append(self, row: LedgerRow) -> None:
        """Keep a row whose index is `size`; any other index is a ``ValueError``."""
        ...

    def rows(self, start: int, stop: int) -> Iterator[LedgerRow]:
        """Yield the rows ``start <= index < stop`` in order; fewer where there are fewer."""
        ...

    def size(self) -> int:
        """Return the number of rows."""
        ...

    def range_state(self) -> bytes:
        """Return what was set last; empty where nothing was."""
        ...

    def set_range_state(self, state: bytes) -> None:
        """Keep the state of the tree, at most 2,080 bytes."""
        ...


class MemoryLedgerStore:
    """Rows in memory."""

    def __init__(self) -> None:
        """Begin with no rows."""
        self._rows: list[LedgerRow] = []
        self._state = b""

    def append(self, row: LedgerRow) -> None:
        """Keep a row.

        Raises:
            ValueError: its index is not `size`.
        """
        if row.index != len(self._rows):
            msg = f"row {row.index} after {len(self._rows)} rows"
            raise ValueError(msg)
        self._rows.append(row)

    def rows(self, start: int, stop: int) -> Iterator[LedgerRow]:
        """Yield the rows ``start <= index < stop``."""
        yield from self._rows[start:stop]

    def size(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def range_state(self) -> bytes:
        """Return what was set last."""
        return self._state

    def set_range_state(self, state: bytes) -> None:
        """Keep the state of the tree."""
        self._state = state


class Ledger:
    """The log of one desk."""

    def __init__(
        self,
        store: LedgerStore,
        *,
        device: DeviceHandle,
        realm: Realm,
        signing: NoteSigningKey,
        clock: Clock,
        origin: str,
    ) -> None:
        """Take up a ledger where its store left it.

        Args:
            store: The rows.
            device: Handle of the desk's device, 16 bytes.
            realm: The federation.
            signing: Signs checkpoints, and nothing else.
            clock: A `GuardedClock` learns the last entry's time.
            origin: Unique name of this log, also the name of its key: no spaces, no plus sign.

        Raises:
            AuditInconsistentError: ``ledger-state``: rows and tree are not of one size.
        """
        self._store = store
        self._clock = clock if isinstance(clock, GuardedClock) else GuardedClock(clock)
        self._signer = NoteSigner(name=origin, key=signing)
        self.device = device
        self.realm = realm
        self._grown()
        self._clock.raise_floor_us(self.last_time_us())

    @property
    def origin(self) -> str:
        """The name of this log."""
        return self._signer.name

    @property
    def note_key(self) -> NoteKey:
        """What verifies this ledger's checkpoints."""
        return self._signer.note_key

    @property
    def size(self) -> int:
        """The number of entries."""
        return self._store.size()

    def append(self, event: Event) -> LedgerEntry:
        """Write one event behind the last; the caller commits.

        Raises:
            AuditInconsistentError: ``ledger-state``.
            ValueError: the event is too large.
        """
        grown = self._grown()
        last = self._last()
        earliest = last.t_us if last else 0
        stamped = replace(
            event,
            t_us=max(event.t_us or self._clock.now_us(), earliest),
            device=event.device or self.device.hex(),
        )
        row = make_row(
            stamped,
            index=grown.size,
            previous=last.leaf_hash if last else b"",
            realm=self.realm,
        )
        grown.append(row.leaf_hash)
        self._store.append(row)
        self._store.set_range_state(grown.state())
        self._clock.raise_floor_us(stamped.t_us)
        return LedgerEntry(index=row.index, leaf_hash=Digest(row.leaf_hash), event=stamped)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[LedgerEntry]:
        """Yield the entries ``start <= index < stop``, each checked against its commitments.

        Raises:
            AuditInconsistentError: as `ChainCheck.add`.
        """
        before = next(self._store.rows(start - 1, start), None) if start else None
        checks = ChainCheck(
            realm=self.realm,
            device=self.device,
            start=start,
            previous=before.leaf_hash if before else b"",
        )
        for row in self.rows(start, stop):
            yield checks.add(row)

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[LedgerRow]:
        """Yield the rows ``start <= index < stop`` as they are kept."""
        yield from self._store.rows(start, self.size if stop is None else stop)

    def range_at(self, size: int) -> tuple[CompactRange, bytes]:
        """Return the tree over the first ``size`` leaves, and the hash of the last of them."""
        grown, previous = CompactRange(), b""
        for row in self._store.rows(0, size):
            previous = leaf_hash(row.leaf)
            grown.append(previous)
        return grown, previous

    def root(self) -> bytes:
        """Return the root over all entries, 32 bytes."""
        return self._grown().root()

    def head(self) -> Checkpoint:
        """Return origin, size and root, not signed."""
        grown = self._grown()
        return Checkpoint(origin=self.origin, size=grown.size, root=grown.root())

    def checkpoint(self) -> bytes:
        """Return the head as a signed note."""
        return sign_note(checkpoint_body(self.head()), [self._signer])

    def last_time_us(self) -> int:
        """Return the last entry's time in microseconds UTC; 0 where there is none."""
        last = self._last()
        return last.t_us if last else 0

    def check(self) -> None:
        """Check every row, and the kept tree against the rows.

        Raises:
            AuditInconsistentError: as `ChainCheck.add`, then ``ledger-state``.
        """
        grown = CompactRange()
        checks = ChainCheck(
            realm=self.realm, device=self.device, start=0, previous=b"", grown=grown
        )
        for row in self.rows():
            checks.add(row)
        if grown.root() != self.root():
            raise AuditInconsistentError("ledger-state")

    def check_extends(self, old: Checkpoint) -> None:
        """Prove that this ledger is an earlier head of it with entries added.

        Args:
            old: Out of a checkpoint that was verified and remembered elsewhere.

        Raises:
            AuditInconsistentError: ``checkpoint-other-log``, ``ledger-cut`` (fewer entries than
                then), ``merkle-consistency`` (other entries than then).
        """
        if old.origin != self.origin:
            raise AuditInconsistentError("checkpoint-other-log")
        if old.size > self.size:
            raise AuditInconsistentError("ledger-cut", size=self.size, expected=old.size)
        if old.size == 0:
            return  # nothing was promised yet
        hashes = [leaf_hash(row.leaf) for row in self.rows()]
        verify_consistency(
            old_size=old.size,
            new_size=self.size,
            old_root=old.root,
            new_root=self.root(),
            proof=consistency_proof(hashes, old.size, len(hashes)),
        )

    def _grown(self) -> CompactRange:
        state = self._store.range_state()
        grown = CompactRange.from_state(state) if state else CompactRange()
        if grown.size != self._store.size():
            raise AuditInconsistentError("ledger-state")
        return grown

    def _last(self) -> LedgerRow | None:
        size = self._store.size()
        return next(self._store.rows(size - 1, size), None) if size else None
