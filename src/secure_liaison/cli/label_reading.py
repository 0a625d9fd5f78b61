"""Reading a label for one command: the file, the pack that judges it, what it says.

Rules:

- The pack is the one named on the command line, otherwise the built-in one of the label's policy.
- A label of ESS names neither owner nor day: whoever reads it says both.

Source: docs/spec/stanag4774.md §8; docs/spec/foreign-labels.md §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import read_input, typed
from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import require_leaf
from secure_liaison.labels.ess_mapping import from_ess
from secure_liaison.labels.label import Label
from secure_liaison.labels.label_file import EssInFile, LabelFile, pack_for
from secure_liaison.labels.pack import builtin_pack, load_pack
from secure_liaison.labels.stanag4774 import HeardLabel, label_of

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.labels.label4774 import Label4774
    from secure_liaison.labels.policy import PolicyPack

__all__ = [
    "CreatedOption",
    "FileArgument",
    "OwnerOption",
    "PackOption",
    "Reading",
    "day_of",
    "pack_named",
    "reading_of",
]

_PACK_FILE: Final = ".json"

FileArgument = Annotated[Path, typer.Argument(metavar="FILE")]
PackOption = Annotated[str | None, typer.Option("--pack", metavar="PACK")]
OwnerOption = Annotated[str, typer.Option("--owner", metavar="LEAF")]
CreatedOption = Annotated[str, typer.Option("--created", metavar="DATE")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A label as one command understands it.

    Attributes:
        file: What was in the file.
        pack: By which it is judged.
        heard: What it says.
    """

    file: LabelFile
    pack: PolicyPack
    heard: HeardLabel


def reading_of(
    context: typer.Context, file: LabelFile, *, pack: str | None, owner: str = "", created: str = ""
) -> Reading:
    """Understand a label under the pack named, or under that of its policy.

    Raises:
        UsageProblem: a label of ESS, and owner or day were not given.
        FormatError: as `pack_for`, `label_of` and `from_ess`.
        typer.Exit: something was typed wrongly.
    """
    label, moment = file.label, day_of(context, created, place="--created")
    with typed(context):
        owner = require_leaf(owner) if owner else ""
    if isinstance(label, EssInFile):
        if not owner or moment is None:
            raise UsageProblem("cli.usage.ess-unsaid")
        used = pack_named(context, pack) if pack is not None else pack_for(file, created=moment)
        said = from_ess(label.octets, used, owner=owner, created=moment)
        heard = HeardLabel(label=said, native=False, dropped=())
    else:
        used = pack_named(context, pack) if pack is not None else pack_for(file)
        heard = _heard(label, used, owner)
    return Reading(file=file, pack=used, heard=heard)


def pack_named(context: typer.Context, wanted: str) -> PolicyPack:
    """Return the pack of that id, or of that file (``.json``).

    Raises:
        OSError: the file cannot be read.
        typer.Exit: there is no such pack, or the file is none.
    """
    with typed(context):
        if wanted.endswith(_PACK_FILE):
            return load_pack(read_input(Path(wanted)))
        return builtin_pack(wanted)


def day_of(context: typer.Context, text: str, *, place: str) -> Instant | None:
    """Return the moment that an option names; nothing for nothing.

    Raises:
        typer.Exit: it is none.
    """
    if not text:
        return None
    with typed(context):
        try:
            return from_iso(text)
        except ValueError as exc:
            raise FormatError("label4774-value", place=place) from exc


def _heard(label: Label | Label4774, pack: PolicyPack, owner: str) -> HeardLabel:
    if isinstance(label, Label):
        return HeardLabel(label=label, native=True, dropped=())
    return label_of(label, pack, owner=owner)
