"""A ledger as a file that anybody can check offline: JSON Lines, signed twice.

Rules:

- Line 1 is the manifest, then one line for each entry, last the checkpoint and the signature.
- Every line is canonical; every byte before the last line is under the device's signature, so a
  changed byte anywhere is found, and inside an entry it is found as that entry's.
- Whoever knows the desk's keys passes them; keys out of the file itself prove only that the file
  fits itself, and the summary says so.

Source: docs/spec/audit.md §6; RFC 8785.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.audit.canonical import (
    JsonObject,
    bytes_of_hex,
    from_canonical,
    parse_canonical,
    to_canonical,
)
from secure_liaison.audit.rows import SALT_SIZE, ChainCheck, LedgerEntry, LedgerRow
from secure_liaison.crypto.keys import DIGEST_SIZE, Realm, Tag
from secure_liaison.crypto.signing import SIGNATURE_SIZE, VERIFY_KEY_SIZE, VerifyKey
from secure_liaison.encoding import encode
from secure_liaison.errors import (
    AuditInconsistentError,
    FormatError,
    SignatureError,
    UnsupportedVersionError,
)
from secure_liaison.identity.ids import DEVICE_HANDLE_SIZE, DeviceHandle
from secure_liaison.transparency.merkle import CompactRange
from secure_liaison.transparency.note import NoteKey, open_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.audit.ledger import Ledger
    from secure_liaison.crypto.signing import NoteVerifyKey, SigningKey
    from secure_liaison.transparency.note import Checkpoint

__all__ = [
    "EXPORT_FORMAT",
    "ExportSummary",
    "VerifiedExport",
    "read_export",
    "verify_export",
    "write_export",
]

EXPORT_FORMAT: Final = "secure-liaison/ledger-export"
MAX_LINE_BYTES: Final = 256 * 1024
_SIGNATURE: Final = Tag("secure_liaison/draft-0/ledger-export")
_MAX_STATE_HEX: Final = 2 * 2080
_MAX_KEY_TEXT: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSummary:
    """What a verified export is.

    Attributes:
        first: Index of its first entry.
        last: Index of its last entry; ``first - 1`` where there is none.
        count: Number of entries.
        root: Root of the whole ledger, 32 bytes.
        device: Handle of the desk's device.
        checkpoint: Its head; remember it to find a later cut.
        checked_key: Whether both keys were known beforehand, and not taken out of the file.
    """

    first: int
    last: int
    count: int
    root: bytes
    device: DeviceHandle
    checkpoint: Checkpoint
    checked_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedExport:
    """An export whose every check has passed, and its entries."""

    summary: ExportSummary
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    realm: Realm
    device: DeviceHandle
    first: int
    count: int
    previous: bytes
    grown: CompactRange
    ledger_key: NoteKey
    signing_key: VerifyKey


class _Lines:
    """Reads line by line and hashes what was read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = sha256()

    def next(self) -> bytes:
        """Return the next line with its end; without one it is cut, empty is the file's end."""
        return self._stream.readline(MAX_LINE_BYTES)

    def count_in(self, line: bytes) -> None:
        """Let a line be part of what is signed."""
        self._hash.update(line)

    def digest(self) -> bytes:
        """Return SHA-256 over the lines counted in."""
        return self._hash.digest()


def write_export(ledger: Ledger, stream: BinaryIO, *, sign: SigningKey, start: int = 0) -> None:
    """Write the entries from ``start`` to the last.

    Every entry is checked before it is written.

    Args:
        ledger: The desk's ledger.
        stream: Takes the bytes; UTF-8, one line feed after each line.
        sign: The device's record-signing key.
        start: First index, 0..size.

    Raises:
        ValueError: ``start`` is outside the ledger.
        AuditInconsistentError: the ledger itself does not verify, see `ChainCheck.add`.
    """
    stop = ledger.size
    if not 0 <= start <= stop:
        msg = f"no entry {start} in a ledger of {stop}"
        raise ValueError(msg)
    checkpoint = ledger.checkpoint()
    grown, previous = ledger.range_at(start)
    checks = ChainCheck(realm=ledger.realm, device=ledger.device, start=start, previous=previous)
    digest = sha256()
    manifest: JsonObject = {
        "count": stop - start,
        "device": ledger.device.hex(),
        "first": start,
        "format": EXPORT_FORMAT,
        "ledger_key": ledger.note_key.vkey,
        "prev": previous.hex(),
        "realm": ledger.realm.octets.hex(),
        "signing_key": sign.verify_key.octets.hex(),
        "state": grown.state().hex(),
        "v": 0,
    }
    _write(stream, to_canonical(manifest), digest.update)
    for row in ledger.rows(start, stop):
        checks.add(row)
        _write(stream, _entry_line(row), digest.update)
    signature = sign.sign(_SIGNATURE, ledger.realm, _signed(digest.digest(), checkpoint))
    last = {"checkpoint": checkpoint.decode(), "signature": signature.hex()}
    _write(stream, to_canonical(last), digest.update)


def verify_export(
    stream: BinaryIO,
    *,
    realm: Realm,
    ledger_key: NoteVerifyKey | None,
    device_key: VerifyKey | None,
    seen: Checkpoint | None = None,
) -> ExportSummary:
    """Check a whole export and say what it is; see `read_export`."""
    return read_export(
        stream, realm=realm, ledger_key=ledger_key, device_key=device_key, seen=seen
    ).summary


def read_export(
    stream: BinaryIO,
    *,
    realm: Realm,
    ledger_key: NoteVerifyKey | None,
    device_key: VerifyKey | None,
    seen: Checkpoint | None = None,
) -> VerifiedExport:
    """Check a whole export and return its entries.

    Args:
        stream: The file.
        realm: The federation it must belong to.
        ledger_key: The desk's ledger key out of the directory; none takes that of the file.
        device_key: The desk's signing key out of the directory; none takes that of the file.
        seen: A head of this ledger remembered from earlier, of which it must be an extension.

    Raises:
        FormatError: the manifest is malformed.
        UnsupportedVersionError: ``unknown-version``.
        AuditInconsistentError: in this order ``export-other-realm``, ``export-other-key``,
            ``export-starts-late`` (behind ``seen``); then for the first entry that does not fit,
            with ``index``: ``export-truncated``, ``entry-line`` or as `ChainCheck.add`;
            ``merkle-consistency`` (not an extension of ``seen``); ``export-no-checkpoint``,
            ``export-last-line``, ``export-trailing``, ``export-checkpoint``, ``export-size``,
            ``export-root``, ``ledger-cut``, ``export-signature``.
    """
    lines = _Lines(stream)
    # 1. The manifest, and whose it is.
    manifest = _read_manifest(lines)
    if manifest.realm != realm:
        raise AuditInconsistentError("export-other-realm")
    if ledger_key is not None and manifest.ledger_key.key != ledger_key:
        raise AuditInconsistentError("export-other-key")
    if device_key is not None and manifest.signing_key != device_key:
        raise AuditInconsistentError("export-other-key")
    # 2. Every entry, against the one before it.
    entries = _read_entries(lines, manifest, seen)
    # 3. The last line, and nothing behind it.
    signed_digest = lines.digest()
    note, signature = _read_last(lines)
    # 4. The head: signed, of this size and root, and not shorter than one seen earlier.
    checkpoint = _check_head(note, manifest, seen)
    # 5. The device's signature over all of it.
    try:
        manifest.signing_key.verify(_SIGNATURE, realm, _signed(signed_digest, note), signature)
    except SignatureError as exc:
        raise AuditInconsistentError("export-signature") from exc
    summary = ExportSummary(
        first=manifest.first,
        last=manifest.first + manifest.count - 1,
        count=manifest.count,
        root=checkpoint.root,
        device=manifest.device,
        checkpoint=checkpoint,
        checked_key=ledger_key is not None and device_key is not None,
    )
    return VerifiedExport(summary=summary, entries=entries)


def _read_manifest(lines: _Lines) -> _Manifest:
    line = lines.next()
    lines.count_in(line)
    members = from_canonical(line.removesuffix(b"\n"), max_bytes=MAX_LINE_BYTES)
    if not line.endswith(b"\n") or members.text("format") != EXPORT_FORMAT:
        raise FormatError("export-manifest")
    version = members.integer("v")
    if version != 0:
        raise UnsupportedVersionError("unknown-version", version=version)
    state = members.text("state", max_size=_MAX_STATE_HEX)
    first = members.integer("first")
    manifest = _Manifest(
        realm=Realm(members.octets("realm", size=DIGEST_SIZE)),
        device=DeviceHandle(members.octets("device", size=DEVICE_HANDLE_SIZE)),
        first=first,
        count=members.integer("count"),
        previous=members.octets("prev", size=DIGEST_SIZE, may_be_empty=True),
        grown=_state(state),
        ledger_key=NoteKey.from_vkey(members.text("ledger_key", max_size=_MAX_KEY_TEXT)),
        signing_key=VerifyKey(members.octets("signing_key", size=VERIFY_KEY_SIZE)),
    )
    members.done()
    if manifest.grown.size != first or bool(manifest.previous) != bool(first):
        raise FormatError("export-manifest")
    return manifest


def _read_entries(
    lines: _Lines, manifest: _Manifest, seen: Checkpoint | None
) -> tuple[LedgerEntry, ...]:
    checks = ChainCheck(
        realm=manifest.realm,
        device=manifest.device,
        start=manifest.first,
        previous=manifest.previous,
        grown=manifest.grown,
    )
    if seen is not None and manifest.first > seen.size:
        raise AuditInconsistentError("export-starts-late", first=manifest.first)
    _compare_with_seen(manifest.grown, seen)
    entries = []
    for index in range(manifest.first, manifest.first + manifest.count):
        line = lines.next()
        if not line.endswith(b"\n") and len(line) < MAX_LINE_BYTES:
            raise AuditInconsistentError("export-truncated", index=index)
        lines.count_in(line)
        entries.append(checks.add(_parse_entry(line, index)))
        _compare_with_seen(manifest.grown, seen)
    return tuple(entries)


def _read_last(lines: _Lines) -> tuple[bytes, bytes]:
    line = lines.next()
    if not line:
        raise AuditInconsistentError("export-no-checkpoint")
    try:
        members = from_canonical(line.removesuffix(b"\n"), max_bytes=MAX_LINE_BYTES)
        note = members.text("checkpoint", max_size=MAX_LINE_BYTES).encode()
        signature = members.octets("signature", size=SIGNATURE_SIZE)
        members.done()
    except FormatError as exc:
        raise AuditInconsistentError("export-last-line") from exc
    if not line.endswith(b"\n"):
        raise AuditInconsistentError("export-last-line")
    if lines.next():
        raise AuditInconsistentError("export-trailing")
    return note, signature


def _check_head(note: bytes, manifest: _Manifest, seen: Checkpoint | None) -> Checkpoint:
    key = manifest.ledger_key
    try:
        checkpoint = open_checkpoint(note, origin=key.name, required=[key])
    except (FormatError, SignatureError, AuditInconsistentError) as exc:
        raise AuditInconsistentError("export-checkpoint") from exc
    if checkpoint.size != manifest.grown.size:
        raise AuditInconsistentError("export-size", size=checkpoint.size)
    if checkpoint.root != manifest.grown.root():
        raise AuditInconsistentError("export-root")
    if seen is not None and seen.origin != checkpoint.origin:
        raise AuditInconsistentError("checkpoint-other-log")
    if seen is not None and checkpoint.size < seen.size:
        raise AuditInconsistentError("ledger-cut", size=checkpoint.size, expected=seen.size)
    return checkpoint


def _compare_with_seen(grown: CompactRange, seen: Checkpoint | None) -> None:
    if seen is not None and grown.size == seen.size and grown.root() != seen.root:
        raise AuditInconsistentError("merkle-consistency")


def _parse_entry(line: bytes, index: int) -> LedgerRow:
    try:
        members = from_canonical(line.removesuffix(b"\n"), max_bytes=MAX_LINE_BYTES)
        row = LedgerRow(
            index=members.integer("index"),
            leaf=members.object_bytes("leaf"),
            leaf_hash=members.octets("leaf_hash", size=DIGEST_SIZE),
            own=members.object_bytes("own"),
            own_salt=members.octets("own_salt", size=SALT_SIZE),
            shared=members.object_bytes("shared"),
            shared_salt=members.octets("shared_salt", size=SALT_SIZE),
            t_us=members.integer("t"),
        )
        members.done()
    except FormatError as exc:
        raise AuditInconsistentError("entry-line", index=index) from exc
    return row


def _entry_line(row: LedgerRow) -> bytes:
    # The three objects are canonical already; taking them in whole keeps the file readable.
    return to_canonical(
        {
            "index": row.index,
            "leaf": parse_canonical(row.leaf, max_bytes=MAX_LINE_BYTES),
            "leaf_hash": row.leaf_hash.hex(),
            "own": parse_canonical(row.own, max_bytes=MAX_LINE_BYTES),
            "own_salt": row.own_salt.hex(),
            "shared": parse_canonical(row.shared, max_bytes=MAX_LINE_BYTES),
            "shared_salt": row.shared_salt.hex(),
            "t": row.t_us,
        }
    )


def _signed(digest: bytes, note: bytes) -> bytes:
    return encode([digest, note])


def _state(text: str) -> CompactRange:
    state = bytes_of_hex(text)
    if state is None:
        raise FormatError("export-manifest")
    return CompactRange.from_state(state)


def _write(stream: BinaryIO, line: bytes, hashed: Callable[[bytes], None]) -> None:
    stream.write(line + b"\n")
    hashed(line + b"\n")
