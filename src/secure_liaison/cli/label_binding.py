"""``liaison label bind`` and ``verify``: which label belongs to a file, beside it or inside it.

Rules:

- Nothing is ever replaced: a binding is a new file, and a label goes inside a document's copy.
- The file is hashed piece by piece; its content is not looked at, except in office documents.
- A document with a label inside and a binding beside it is not guessed about: the caller chooses.
- A binding has no signature, and every outcome says so.

Source: docs/spec/binding.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_liaison.cli.label_convert import (
    UnsayableChoice,
    UnsayableOption,
    said_in_4774,
    tell_lost,
)
from secure_liaison.cli.label_page import as_data, as_lines, marks_of
from secure_liaison.cli.label_reading import (
    CreatedOption,
    FileArgument,
    OwnerOption,
    PackOption,
    day_of,
    reading_of,
)
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import STREAM, read_input, require_new, write_output
from secure_liaison.cli.options import PlainCommand, voice
from secure_liaison.errors import FormatError, VerificationError
from secure_liaison.labels.label_file import LabelFile, LabelForm, read_label_file
from secure_liaison.labels.ooxml import embed_ooxml, read_ooxml
from secure_liaison.labels.opc import MAX_PACKAGE_BYTES
from secure_liaison.labels.sidecar import (
    BINDING_SUFFIX,
    bind_detached,
    content_digest,
    verify_detached,
)
from secure_liaison.labels.stanag4774_xml import label_element, read_label_element
from secure_liaison.labels.stanag4778 import MAX_BINDING_BYTES, Signatures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.labels.label4774 import Label4774
    from secure_liaison.labels.stanag4778 import BoundLabel

__all__ = ["add_binding"]

_PIECE: Final = 2**20
_DOCUMENTS: Final = frozenset({".docx", ".xlsx", ".pptx", ".docm", ".xlsm", ".pptm"})
_UNKNOWN_TYPE: Final = "application/octet-stream"
_NO_DOCUMENT: Final = ("package-", "ooxml-no-binding", "ooxml-main-part")

InsideOption = Annotated[bool, typer.Option("--inside")]


def add_binding(label: typer.Typer) -> None:
    """Give the group of label commands its ``bind`` and ``verify``."""
    label.command("bind", cls=PlainCommand)(_bind)
    label.command("verify", cls=PlainCommand)(_verify)


def _bind(
    context: typer.Context,
    file: FileArgument,
    *,
    label: Annotated[Path, typer.Option("--label", metavar="FILE")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE")] = None,
    inside: InsideOption = False,
    pack: PackOption = None,
    owner: OwnerOption = "",
    created: CreatedOption = "",
    unsayable: UnsayableOption = UnsayableChoice.REFUSE,
    review: Annotated[str, typer.Option("--review", metavar="DATE")] = "",
    bare: Annotated[bool, typer.Option("--bare")] = False,
) -> None:
    """Bind a label to a file: beside it, or inside an office document."""
    surface = voice(context)
    if inside and out is None:
        raise UsageProblem("cli.usage.inside-out")
    target = _beside(file) if out is None else out
    if str(target) == STREAM and surface.as_json:
        raise UsageProblem("cli.usage.stream-twice")
    require_new(target)
    read = read_label_file(read_input(label))
    reading = reading_of(context, read, pack=pack, owner=owner, created=created)
    review_at = day_of(context, review, place="--review")
    said, told = said_in_4774(reading, unsayable=unsayable, review_at=review_at, bare=bare)
    # What is shown is what others will read, so it is read back before anything is written.
    again = LabelFile(form=LabelForm.XML, label=said)
    marks = marks_of(reading_of(context, again, pack=pack, owner=owner))
    write_output(target, _bound(file, said, inside=inside))
    tell_lost(surface, told)
    if str(target) != STREAM:
        place = "inside" if inside else "beside"
        where = surface.text(f"cli.label.bound.{place}", file=file, where=target)
        data = {"file": str(file), "binding": str(target), "place": place, "signed": False, **told}
        unsigned = surface.text("cli.label.unsigned")
        surface.result(data | {"marks": marks}, where, *marks.values(), unsigned)


def _verify(
    context: typer.Context,
    file: FileArgument,
    *,
    binding: Annotated[Path | None, typer.Option("--binding", metavar="FILE")] = None,
    inside: InsideOption = False,
    unread_signature: Annotated[bool, typer.Option("--leave-signature-unread")] = False,
    pack: PackOption = None,
    owner: OwnerOption = "",
) -> None:
    """Prove that a file is the one to which its label was bound, and show the label."""
    surface = voice(context)
    if inside and binding is not None:
        raise UsageProblem("cli.usage.binding-which")
    signatures = Signatures.READ_WITHOUT if unread_signature else Signatures.REFUSE
    beside = _binding_of(file, binding, inside=inside)
    if beside is None:
        bound = read_ooxml(_document(file), signatures=signatures)
    else:
        octets = read_input(beside, max_bytes=MAX_BINDING_BYTES)
        digest = content_digest(_pieces(file))
        bound = verify_detached(octets, file_name=file.name, digest=digest, signatures=signatures)
    read = LabelFile(form=LabelForm.XML, label=read_label_element(bound.label))
    reading = reading_of(context, read, pack=pack, owner=owner)
    others = _alternatives(bound)
    place = "inside" if beside is None else "beside"
    first = surface.text(f"cli.label.verified.{place}", file=file, where=beside)
    lines = [surface.text("cli.label.alternative", **each) for each in others]
    data = as_data(reading) | {
        "file": str(file),
        "binding": str(file if beside is None else beside),
        "place": place,
        "signed": False,
        "alternatives": others,
    }
    unsigned = surface.text("cli.label.unsigned")
    surface.result(data, first, *as_lines(surface, reading), *lines, unsigned)


def _bound(file: Path, label: Label4774, *, inside: bool) -> bytes:
    if inside:
        return embed_ooxml(_document(file), label=label_element(label))
    return bind_detached(
        label=label_element(label),
        file_name=file.name,
        digest=content_digest(_pieces(file)),
        content_type=None if file.suffix.lower() == ".xml" else _UNKNOWN_TYPE,
    )


def _binding_of(file: Path, named: Path | None, *, inside: bool) -> Path | None:
    """Return where the binding lies beside the file; nothing if it lies inside.

    Raises:
        UsageProblem: it lies in both places.
        VerificationError: ``binding-none``.
    """
    if named is not None or inside:
        return named
    beside, is_document = _beside(file), file.suffix.lower() in _DOCUMENTS
    if not beside.exists():
        if not is_document:
            file.stat()  # a file that is not there is told as such
            raise VerificationError("binding-none")
        return None
    if is_document and _holds_binding(_document(file)):
        raise UsageProblem("cli.usage.binding-which")
    return beside


def _holds_binding(document: bytes) -> bool:
    """Whether a document holds a binding, be it broken; one that is not read holds none."""
    try:
        read_ooxml(document, signatures=Signatures.READ_WITHOUT)
    except FormatError as error:
        return not error.reason.startswith(_NO_DOCUMENT)
    except VerificationError:
        return True
    return True


def _alternatives(bound: BoundLabel) -> list[dict[str, Any]]:
    found = [read_label_element(each) for each in bound.alternatives]
    return [{"policy": each.policy, "level": each.classification} for each in found]


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}{BINDING_SUFFIX}")


def _document(file: Path) -> bytes:
    return read_input(file, max_bytes=MAX_PACKAGE_BYTES)


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece
