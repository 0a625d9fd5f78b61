"""Signed notes and checkpoints: a text, and under it one line for each key that signed it.

Rules:

- `open_note` is the only way to a `NoteText`, and it names the keys that *must* have signed. Every
  one of them must verify; there is no result with fewer, and none without a required key.
- Signatures by unknown keys are passed over, as the format demands; they never count. A known key
  with a wrong signature refuses the whole note.
- A public key counts once, under one name: a note signature does not bind the name of its key.
- One reading for each text: strict UTF-8, no control characters, canonical base64, lines end at
  U+000A only, sizes without leading zeros, no extension lines.

Does not do: cosignatures with a time, the choice of a quorum, comparing checkpoints of one log.

Source: docs/spec/merkle-and-notes.md §6–9; C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0;
RFC 8032.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NewType

from secure_liaison.crypto.signing import NoteSigningKey, NoteVerifyKey
from secure_liaison.errors import (
    AuditInconsistentError,
    FormatError,
    SignatureError,
    UnsupportedVersionError,
)
from secure_liaison.transparency.merkle import EMPTY_ROOT, HASH_SIZE, MAX_TREE_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "Checkpoint",
    "NoteKey",
    "NoteSigner",
    "NoteText",
    "checkpoint_body",
    "open_checkpoint",
    "open_note",
    "parse_checkpoint_body",
    "sign_note",
]

MAX_NOTE_BYTES: Final = 256 * 1024
"""Longest note: room for a text and 32 signatures of the longest known kind."""

MAX_SIGNATURES: Final = 32
"""Most signature lines on a note; the format asks readers for at least 16."""

MAX_NAME_BYTES: Final = 255
"""Longest key name or origin in UTF-8; cosignatures count them in one byte."""

NoteText = NewType("NoteText", str)
"""The text of a note that every required key signed; comes out of `open_note` only."""

_ED25519: Final = b"\x01"
_KEY_ID_SIZE: Final = 4
_DASH: Final = "\N{EM DASH} "
_SIZE_FORM: Final = re.compile(r"0|[1-9][0-9]{0,18}")  # not \d, which takes digits of any script
_KEY_ID_FORM: Final = re.compile(r"[0-9a-f]{8}")
_CHECKPOINT_PARTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of one log.

    Attributes:
        origin: Unique name of the log, one line of 1..255 bytes.
        size: Number of leaves, 0..2^63 - 1.
        root: Root hash at that size, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what no checkpoint may say.

        Raises:
            ValueError: a field is outside its range, or an empty tree has another root than
                `EMPTY_ROOT`.
        """
        if not _is_line(self.origin) or not 0 <= self.size <= MAX_TREE_SIZE:
            msg = "not the origin or the size of a checkpoint"
            raise ValueError(msg)
        if len(self.root) != HASH_SIZE or (self.size == 0 and self.root != EMPTY_ROOT):
            msg = "not the root of a checkpoint"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKey:
    """A key that signs notes, known by name; Ed25519, type 0x01.

    Attributes:
        name: 1..255 bytes without spaces, plus signs or control characters.
        key: The public half.
    """

    name: str
    key: NoteVerifyKey

    def __post_init__(self) -> None:
        """Refuse a name that no signature line can carry.

        Raises:
            ValueError: the name has a wrong length or a forbidden character.
        """
        if not _is_line(self.name) or not _is_key_name(self.name):
            msg = "not a key name"
            raise ValueError(msg)

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)."""
        named = self.name.encode() + b"\n" + _ED25519 + self.key.octets
        return sha256(named).digest()[:_KEY_ID_SIZE]

    @property
    def vkey(self) -> str:
        """The key as one line of text for files and agreements.

        Source: C2SP signed-note v1.0.0, verifier keys.
        """
        return f"{self.name}+{self.key_id.hex()}+{_to_base64(_ED25519 + self.key.octets)}"

    @classmethod
    def from_vkey(cls, text: str) -> NoteKey:
        """Read what `vkey` returned, by this or another program.

        Raises:
            FormatError: ``note-key``: not ``name+id+key``, or the id is not that of the key.
            UnsupportedVersionError: ``note-algorithm``: a key of another type than 0x01.
        """
        name, _, rest = text.partition("+")
        id_text, _, encoded = rest.partition("+")
        material = _from_base64(encoded)
        if not _KEY_ID_FORM.fullmatch(id_text) or not material:
            raise FormatError("note-key")
        if material[:1] != _ED25519:
            raise UnsupportedVersionError("note-algorithm", algorithm=material[0])
        try:
            known = cls(name=name, key=NoteVerifyKey(material[1:]))
        except (FormatError, ValueError) as exc:
            raise FormatError("note-key") from exc
        if known.key_id.hex() != id_text:
            raise FormatError("note-key")
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSigner:
    """A private key and the name it signs under.

    Attributes:
        name: As in `NoteKey`. Sign for a log under its origin.
        key: The private half.
    """

    name: str
    key: NoteSigningKey

    @property
    def note_key(self) -> NoteKey:
        """What others verify with."""
        return NoteKey(name=self.name, key=self.key.verify_key)


def sign_note(body: str, signers: Sequence[NoteSigner]) -> bytes:
    """Return the note with one signature line for each signer, in their order.

    Args:
        body: The text; ends with a newline, has no other control characters.
        signers: 1..32 different keys.

    Raises:
        ValueError: the text or the signers are not such, or the note would be too long.

    Source: docs/spec/merkle-and-notes.md §6.
    """
    _distinct([signer.note_key for signer in signers])
    message = body.encode()
    if not body.endswith("\n") or _has_control(body.replace("\n", "")):
        msg = "the text of a note ends with a newline and has no other control characters"
        raise ValueError(msg)
    lines = [
        f"{_DASH}{signer.name} "
        f"{_to_base64(signer.note_key.key_id + signer.key.sign_note(message))}\n"
        for signer in signers
    ]
    note = message + b"\n" + "".join(lines).encode()
    if len(note) > MAX_NOTE_BYTES or len(lines) > MAX_SIGNATURES:
        msg = "the note is too long"
        raise ValueError(msg)
    return note


def open_note(note: bytes, *, required: Sequence[NoteKey]) -> NoteText:
    """Return the text of a note that every required key signed.

    Args:
        note: The whole note, at most 256 KiB.
        required: 1 or more different keys, each of which must have signed.

    Raises:
        ValueError: no key is required, or one key is required twice; a programmer's mistake.
        FormatError: ``note-too-long``, ``note-encoding``, ``note-control-character``,
            ``note-layout``, ``note-too-many-signatures``, ``note-signature-line``, in this order.
        SignatureError: a line by a required key does not verify (the reason is the door's), or
            ``note-unsigned-by-required``: a required key has not signed.

    Source: docs/spec/merkle-and-notes.md §7.
    """
    # 1. Which keys are known: name and id together, neither alone.
    known = _distinct(required)
    # 2. The whole note is well formed, also the lines of unknown keys.
    text, signature_lines = _split(note)
    signatures = [_parse_signature_line(line) for line in signature_lines]
    # 3. Every line by a known key verifies; a repeated line counts once.
    message = text.encode()
    verified: set[tuple[str, bytes]] = set()
    for name, key_id, signature in signatures:
        if (name, key_id) in known:
            known[name, key_id].key.verify_note(message, signature)
            verified.add((name, key_id))
    # 4. Nobody is missing.
    if len(verified) != len(known):
        raise SignatureError("note-unsigned-by-required", missing=len(known) - len(verified))
    return NoteText(text)


def checkpoint_body(checkpoint: Checkpoint) -> str:
    """Return the three lines of a checkpoint: origin, size, root.

    Source: docs/spec/merkle-and-notes.md §9; C2SP tlog-checkpoint v1.0.0.
    """
    return f"{checkpoint.origin}\n{checkpoint.size}\n{_to_base64(checkpoint.root)}\n"


def parse_checkpoint_body(text: str) -> Checkpoint:
    """Read exactly three lines; `checkpoint_body` of the result gives the same text.

    Raises:
        FormatError: ``checkpoint-lines``, ``checkpoint-extension``, ``checkpoint-origin``,
            ``checkpoint-size``, ``checkpoint-root``, in this order.

    Source: docs/spec/merkle-and-notes.md §9; C2SP tlog-checkpoint v1.0.0.
    """
    lines = text.split("\n")  # not splitlines(), which also splits at U+0085, U+2028 and others
    if len(lines) < _CHECKPOINT_PARTS or lines[-1]:
        raise FormatError("checkpoint-lines")
    if len(lines) > _CHECKPOINT_PARTS:
        raise FormatError("checkpoint-extension")
    origin, size_text, root_text, _ = lines
    if not _is_line(origin):
        raise FormatError("checkpoint-origin")
    if not _SIZE_FORM.fullmatch(size_text) or int(size_text) > MAX_TREE_SIZE:
        raise FormatError("checkpoint-size")
    size, root = int(size_text), _from_base64(root_text)
    if root is None or len(root) != HASH_SIZE or (size == 0 and root != EMPTY_ROOT):
        raise FormatError("checkpoint-root")
    return Checkpoint(origin=origin, size=size, root=root)


def open_checkpoint(note: bytes, *, origin: str, required: Sequence[NoteKey]) -> Checkpoint:
    """Return the checkpoint of the log ``origin`` that every required key signed.

    Raises:
        ValueError: as `open_note`.
        FormatError: as `open_note`, then as `parse_checkpoint_body`.
        SignatureError: as `open_note`.
        AuditInconsistentError: ``checkpoint-other-log``: the required keys signed, but for another
            log.

    Source: docs/spec/merkle-and-notes.md §9.
    """
    checkpoint = parse_checkpoint_body(open_note(note, required=required))
    if checkpoint.origin != origin:
        raise AuditInconsistentError("checkpoint-other-log")
    return checkpoint


def _split(note: bytes) -> tuple[str, list[str]]:
    if len(note) > MAX_NOTE_BYTES:
        raise FormatError("note-too-long", limit=MAX_NOTE_BYTES)
    try:
        whole = note.decode("utf-8", errors="strict")
    except UnicodeDecodeError as exc:
        raise FormatError("note-encoding") from exc
    if _has_control(whole.replace("\n", "")):
        raise FormatError("note-control-character")
    head, gap, tail = whole.rpartition("\n\n")  # the text may hold empty lines; the last one counts
    if not gap or not tail.endswith("\n"):
        raise FormatError("note-layout")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise FormatError("note-too-many-signatures", limit=MAX_SIGNATURES)
    return head + "\n", lines


def _parse_signature_line(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    decoded = _from_base64(encoded)
    if not line.startswith(_DASH) or not _is_key_name(name):
        raise FormatError("note-signature-line")
    if decoded is None or len(decoded) <= _KEY_ID_SIZE:
        raise FormatError("note-signature-line")
    return name, decoded[:_KEY_ID_SIZE], decoded[_KEY_ID_SIZE:]


def _distinct(keys: Sequence[NoteKey]) -> dict[tuple[str, bytes], NoteKey]:
    known = {(key.name, key.key_id): key for key in keys}
    if not keys or len({key.key.octets for key in keys}) != len(keys) or len(known) != len(keys):
        msg = "a note needs one key or more, each public key once"
        raise ValueError(msg)
    return known


def _has_control(text: str) -> bool:
    return any(character < " " for character in text)


def _is_line(text: str) -> bool:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return False
    return 1 <= size <= MAX_NAME_BYTES and not _has_control(text)


def _is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(item.isspace() for item in name)


def _to_base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _from_base64(text: str) -> bytes | None:
    """Return the bytes of canonical base64, none for any other text."""
    try:
        octets = base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error, or characters outside ASCII
        return None
    return octets if _to_base64(octets) == text else None
