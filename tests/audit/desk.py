"""A desk's ledger in memory, for the tests of this folder."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from secure_liaison.audit.events import Event, EventType
from secure_liaison.audit.export import VerifiedExport, read_export, write_export
from secure_liaison.audit.ledger import Ledger, MemoryLedgerStore
from secure_liaison.clock import FixedClock, GuardedClock
from secure_liaison.crypto.keys import Realm, Secret
from secure_liaison.crypto.signing import NoteSigningKey, SigningKey
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.transparency.note import Checkpoint

REALM = Realm(b"\x01" * 32)
OTHER_REALM = Realm(b"\x02" * 32)
HANDLE = DeviceHandle(b"\xd0" * 16)
ORIGIN = "ledger.test/d0"
SIGNING = SigningKey(b"\x05" * 64)
STRANGER = SigningKey(b"\x06" * 64)
LEDGER_KEY = NoteSigningKey(Secret(b"\x07" * 32))
STRANGE_LEDGER_KEY = NoteSigningKey(Secret(b"\x08" * 32))


@dataclass
class Desk:
    """A ledger and what it stands on."""

    machine: FixedClock = field(default_factory=FixedClock)
    store: MemoryLedgerStore = field(default_factory=MemoryLedgerStore)
    handle: DeviceHandle = HANDLE
    key: NoteSigningKey = LEDGER_KEY
    origin: str = ORIGIN

    def __post_init__(self) -> None:
        self.clock = GuardedClock(self.machine)
        self.ledger = self.again()

    def again(self) -> Ledger:
        """Take the ledger up anew, as after a start."""
        return Ledger(
            self.store,
            device=self.handle,
            realm=REALM,
            signing=self.key,
            clock=self.clock,
            origin=self.origin,
        )

    def write(self, count: int) -> Desk:
        """Append plain events, one second apart."""
        for number in range(count):
            self.machine.advance(1)
            self.ledger.append(Event(type=EventType.ADMIN_START, detail={"number": number}))
        return self

    def export(self, *, start: int = 0, sign: SigningKey = SIGNING) -> bytes:
        stream = io.BytesIO()
        write_export(self.ledger, stream, sign=sign, start=start)
        return stream.getvalue()


def read(
    data: bytes,
    *,
    known: bool = True,
    realm: Realm = REALM,
    seen: Checkpoint | None = None,
) -> VerifiedExport:
    """Check an export with the desk's keys, or with those of the file."""
    return read_export(
        io.BytesIO(data),
        realm=realm,
        ledger_key=LEDGER_KEY.verify_key if known else None,
        device_key=SIGNING.verify_key if known else None,
        seen=seen,
    )
