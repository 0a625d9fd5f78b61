"""Attached files: a part to be sealed for each, and the labels that are bound to it.

Rules:

- A file's name travels, its path does not; a file is read when the object is sealed.
- Only what is bound counts as a label: a binding inside an office document, a binding beside the
  file (``NAME.bdo``), or both. What a text says of itself is no claim.
- An office document is one by what is in it, whatever its name. One that cannot be read to its end
  may hide a label, so it counts as a label that proves nothing.
- A binding that proves nothing is told with its reason and never passed over.
- What is sealed is what the label was found on: a file that changed in between is refused.

Source: docs/spec/binding.md §5; docs/guides/officer.md.
"""

from __future__ import annotations

import io
import mimetypes
from dataclasses import dataclass
from hashlib import sha384
from io import SEEK_END
from typing import TYPE_CHECKING, BinaryIO, Final
from unicodedata import normalize

from typing_extensions import Buffer, override

from secure_liaison.capsule.body import PartSource
from secure_liaison.crypto.keys import require_equal
from secure_liaison.errors import (
    FormatError,
    LiaisonError,
    OutOfOrderError,
    SignatureError,
    TamperedError,
    VerificationError,
)
from secure_liaison.labels.label_file import LabelFile, LabelForm, pack_for
from secure_liaison.labels.mark_label import longest_period
from secure_liaison.labels.names4774 import find_level
from secure_liaison.labels.ooxml import read_ooxml
from secure_liaison.labels.opc import MAX_PACKAGE_BYTES, lists_part
from secure_liaison.labels.shelf import BUILTIN_SHELF
from secure_liaison.labels.sidecar import BINDING_SUFFIX, content_digest, verify_detached
from secure_liaison.labels.stanag4774 import label_of, names_owner
from secure_liaison.labels.stanag4774_xml import read_label_element
from secure_liaison.labels.stanag4778 import MAX_BINDING_BYTES
from secure_liaison.monitor.decision import PartQuestion
from secure_liaison.workflows.publishing import TEXT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from secure_liaison.labels.label4774 import Label4774
    from secure_liaison.labels.period import Period
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.shelf import Shelf
    from secure_liaison.labels.stanag4778 import BoundLabel

__all__ = ["Attachment", "attached"]

_BINARY: Final = "application/octet-stream"
_ZIP: Final = b"PK\x03\x04"
_OFFICE: Final = frozenset({".docx", ".xlsx", ".pptx", ".docm", ".xlsm", ".pptm"})
_TYPES_PART: Final = "[Content_Types].xml"
_PIECE: Final = 2**20
_NO_CLAIM: Final = frozenset({"ooxml-no-binding", "ooxml-main-part"})
_REASONS: Final = {
    "pack-unknown": "part.policy",
    "pack-none-in-force": "part.policy",
    "pack-compromised": "part.policy",
    "pack-other-content": "part.policy",
    "label4774-owner": "part.owner",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attached file.

    Attributes:
        source: The part that it becomes.
        labels: Every label bound to it, proved or not; empty where none is bound.
    """

    source: PartSource
    labels: tuple[PartQuestion, ...]


class _Unchanged(io.RawIOBase):
    """A file that must end with the digest that it had when its label was proved."""

    def __init__(self, stream: io.FileIO, expected: bytes) -> None:
        self._stream, self._expected, self._digest = stream, expected, sha384()

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        size = self._stream.readinto(view) or 0
        self._digest.update(view[:size])
        if not size:
            require_equal(self._expected, self._digest.digest(), "attachment-changed")
        return size

    @override
    def close(self) -> None:
        self._stream.close()
        super().close()


def attached(path: Path, *, owner: str, packs: Shelf = BUILTIN_SHELF) -> Attachment:
    """Return what becomes of one file, with the labels bound to it.

    Args:
        path: A plain file.
        owner: Leaf of the own agency: the owner of a label that names none, where the policy does
            not ask for it.
        packs: By which bound labels are read.

    Raises:
        OutOfOrderError: ``attachment-missing``.
        OSError: the disk failed while the file was looked into.
    """
    if not path.is_file():  # never a folder, nor a device that blocks or does not end
        raise OutOfOrderError("attachment-missing")
    with _opened(path) as stream:
        size = stream.seek(0, SEEK_END)
    found, digest = _labels(path, size, owner, packs)
    guessed, _ = mimetypes.guess_type(path.name)
    source = PartSource(
        name=path.name,
        # A text attachment is a file like any other; only the body is shown on a screen.
        media_type=_BINARY if guessed in {None, TEXT_TYPE} else str(guessed),
        size=size,
        open=lambda: _opened(path) if digest is None else _proven(path, digest),
    )
    return Attachment(source=source, labels=found)


def _labels(
    path: Path, size: int, owner: str, packs: Shelf
) -> tuple[tuple[PartQuestion, ...], bytes | None]:
    """Return the labels of a file, and its digest where it was looked into."""
    bindings, document = _bindings(path), _document(path, size)
    if document is None and not bindings:
        return (), None
    digest = content_digest(_pieces(path))
    found = [] if document is None else _inside(path, document, owner, packs, digest=digest)
    found += [_beside(each, beside, owner, packs, digest=digest) for each, beside in bindings]
    return tuple(found), digest


def _bindings(path: Path) -> list[tuple[Path, Path]]:
    """Return each binding beside a file, or beside what it is a link to, with the file bound."""
    found = []
    for each in dict.fromkeys((path.absolute(), path.resolve())):
        wanted = normalize("NFC", f"{each.name}{BINDING_SUFFIX}")
        found += [
            (each, near) for near in each.parent.iterdir() if normalize("NFC", near.name) == wanted
        ]
    return found


def _document(path: Path, size: int) -> bytes | None:
    """Return the content of an office document; nothing for any other file."""
    office = path.suffix.lower() in _OFFICE
    with path.open("rb") as stream:
        if stream.read(len(_ZIP)) != _ZIP or (size > MAX_PACKAGE_BYTES and not office):
            return None
        stream.seek(0)
        data = stream.read(MAX_PACKAGE_BYTES + 1)
    return data if office or lists_part(data, _TYPES_PART) else None


def _inside(
    path: Path, document: bytes, owner: str, packs: Shelf, *, digest: bytes
) -> list[PartQuestion]:
    try:
        # What was looked into is what the digest is of; a file may grow while it is read.
        require_equal(content_digest([document]), digest, "attachment-changed")
        bound = read_ooxml(document)
    except LiaisonError as error:
        office = path.suffix.lower() in _OFFICE
        nothing = {"ooxml-no-binding"} if office else _NO_CLAIM
        return [] if error.reason in nothing else [_unproven(path.name, error)]
    return [_claimed(path.name, bound, owner, packs)]


def _beside(path: Path, beside: Path, owner: str, packs: Shelf, *, digest: bytes) -> PartQuestion:
    try:
        if not beside.is_file():
            raise FormatError("binding-file-name")
        with beside.open("rb") as stream:
            octets = stream.read(MAX_BINDING_BYTES + 1)
        bound = verify_detached(octets, file_name=path.name, digest=digest)
    except LiaisonError as error:
        return _unproven(path.name, error)
    return _claimed(path.name, bound, owner, packs)


def _claimed(name: str, bound: BoundLabel, owner: str, packs: Shelf) -> PartQuestion:
    """Return a bound label as one of ours; what does not say enough proves nothing."""
    try:
        found = read_label_element(bound.label)
        pack = pack_for(LabelFile(form=LabelForm.XML, label=found), packs=packs)
        heard = label_of(found, pack, owner=_owner(found, pack, owner), period=_period(found, pack))
    except LiaisonError as error:
        return _unproven(name, error)
    return PartQuestion(name=name, label=heard.label, pack=pack)


def _owner(found: Label4774, pack: PolicyPack, own: str) -> str:
    """Return the owner to assume: none where the label names it, or where readers hang on it."""
    apart = pack.home or pack.index.categories.homes
    return own if apart and not names_owner(found) else ""


def _period(found: Label4774, pack: PolicyPack) -> Period:
    return longest_period(pack, find_level(pack, found.classification), start=found.created)


def _unproven(name: str, error: LiaisonError) -> PartQuestion:
    match error:
        case SignatureError():
            problem = "part.signature"
        case TamperedError():
            problem = "part.changed"
        case VerificationError():
            problem = "part.unproven"
        case _:
            problem = _REASONS.get(error.reason, "part.unreadable")
    return PartQuestion(name=name, problem=problem)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as exc:  # gone since, or not to be read
        raise OutOfOrderError("attachment-missing") from exc


def _proven(path: Path, digest: bytes) -> BinaryIO:
    try:
        return io.BufferedReader(_Unchanged(path.open("rb", buffering=0), digest))
    except OSError as exc:
        raise OutOfOrderError("attachment-missing") from exc
