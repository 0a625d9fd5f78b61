"""Audit: list, export and verify ledgers, and what the security office reads out of them.

Rules:

- Reading, exporting and verifying a ledger are written into the reader's own ledger.
- An export leaves the desk whole and verified, or sealed to the own agency's security officers.
- Whoever holds no office reads their own desk's ledger only.

Source: docs/spec/audit.md; DESIGN §7.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, BinaryIO

from secure_liaison.audit.canonical import from_canonical
from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.audit.export import MAX_LINE_BYTES, read_export, write_export
from secure_liaison.audit.sealed_export import ExportOpener, ExportSealer
from secure_liaison.crypto.keys import DIGEST_SIZE, Realm
from secure_liaison.errors import CredentialError, OutOfOrderError
from secure_liaison.identity.officer_contents import Role

if TYPE_CHECKING:
    from pathlib import Path

    from secure_liaison.audit.export import VerifiedExport
    from secure_liaison.audit.ledger import LedgerEntry
    from secure_liaison.crypto.hpke import KemPublicKey
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.office import Office

__all__ = ["entries", "export", "export_to_office", "read_alone", "read_file"]


def entries(office: Office, *, start: int = 0) -> tuple[LedgerEntry, ...]:
    """Return this desk's own entries, each checked, after writing down that they were read.

    Raises:
        AuditInconsistentError: the ledger does not verify; the first bad entry is named.
    """
    found = tuple(office.ledger.entries(start))
    office.note(_event(office, EventType.AUDIT_LIST, entries=len(found)))
    return found


def export(office: Office, stream: BinaryIO, *, start: int = 0) -> None:
    """Write this desk's ledger as a file that anybody can verify offline.

    Raises:
        OutOfOrderError: ``no-such-entry`` (``start`` lies behind the last).
        AuditInconsistentError: the ledger does not verify.
    """
    if not 0 <= start <= office.ledger.size:
        raise OutOfOrderError("no-such-entry", size=office.ledger.size)
    office.note(_event(office, EventType.AUDIT_EXPORT, start=start))
    write_export(office.ledger, stream, sign=office.keys.signing, start=start)


def export_to_office(office: Office, stream: BinaryIO, *, start: int = 0) -> int:
    """Write this desk's ledger sealed to the own agency's security officers; returns how many keys.

    Raises:
        CredentialError: ``no-security-officer`` (the own book names none with a device).
        OutOfOrderError, AuditInconsistentError: as `export`.
    """
    keys = _office_keys(office)
    sealer = ExportSealer(stream, office_keys=keys, realm=office.realm)
    with io.BufferedWriter(sealer) as lines:
        export(office, lines, start=start)
        lines.flush()
        sealer.finish()
    return len(keys)


def read_file(office: Office, path: Path) -> VerifiedExport:
    """Verify an export, sealed or not, under the keys that the directory knows for its desk.

    Where the directory does not know the desk, the keys are those of the file itself, and the
    summary says so.

    Raises:
        FormatError: malformed.
        NotAddressedError: ``other-office`` (sealed to others).
        TamperedError: sealed, and changed.
        AuditInconsistentError: the first bad entry, or what else contradicts.
    """
    found = _read(office, path)
    with contextlib.suppress(CredentialError):
        # Whose it is stands in the file; what it is worth, the directory's keys decide.
        _, leaf = office.directory.device(found.summary.device)
        found = _read(office, path, leaf=leaf)
    office.note(
        _event(
            office,
            EventType.AUDIT_VERIFY,
            desk=found.summary.device.hex(),
            entries=found.summary.count,
        )
    )
    return found


def read_alone(path: Path) -> VerifiedExport:
    """Verify an export without a desk: under the realm and the keys that it names itself.

    It proves that the file fits itself, not whose it is; the summary says so.

    Raises:
        OutOfOrderError: ``export-sealed``.
        FormatError: malformed.
        AuditInconsistentError: the first bad entry, or what else contradicts.
    """
    with path.open("rb") as source:
        if _is_sealed(source):
            raise OutOfOrderError("export-sealed")
        manifest = source.readline(MAX_LINE_BYTES).removesuffix(b"\n")
        claimed = from_canonical(manifest, max_bytes=MAX_LINE_BYTES)
        realm = Realm(claimed.octets("realm", size=DIGEST_SIZE))
        source.seek(0)
        return read_export(source, realm=realm, ledger_key=None, device_key=None)


def _is_sealed(stream: BinaryIO) -> bool:
    # An export begins with the brace of its manifest, a sealed one with the length of its head.
    first = stream.read(1)
    stream.seek(0)
    return first != b"{"


def _read(office: Office, path: Path, *, leaf: RosterLeaf | None = None) -> VerifiedExport:
    with path.open("rb") as source:
        lines: BinaryIO = source
        if _is_sealed(source):
            opener = ExportOpener(source, key=office.keys.kem, realm=office.realm)
            lines = io.BufferedReader(opener)
        return read_export(
            lines,
            realm=office.realm,
            ledger_key=leaf.ledger_key if leaf else None,
            device_key=leaf.signing_key if leaf else None,
        )


def _office_keys(office: Office) -> list[KemPublicKey]:
    now = office.clock.now()
    keys = [
        device.vault_key
        for officer in office.directory.officers_of(office.agency)
        if Role.SECURITY in officer.roles
        for device in office.directory.devices_of(officer.officer, now)
    ]
    if not keys:
        raise CredentialError("no-security-officer")
    return keys


def _event(office: Office, kind: EventType, **detail: str | int) -> Event:
    return Event(
        type=kind, decision=Outcome.NOT_APPLICABLE.value, actor=office.login, detail=detail
    )
