"""``liaison label join``: the label that protects what several labels protect, and who may read.

Source: docs/spec/labels.md §3; docs/concepts/combining.md.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_liaison.cli.label_convert import (
    UnsayableChoice,
    UnsayableOption,
    said_in_4774,
    tell_lost,
)
from secure_liaison.cli.label_page import as_data, as_lines
from secure_liaison.cli.label_reading import (
    CreatedOption,
    OwnerOption,
    PackOption,
    Reading,
    day_of,
    reading_of,
)
from secure_liaison.cli.leaf_words import audience_words
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import STREAM, read_input, require_new, write_output
from secure_liaison.cli.options import PlainCommand, voice
from secure_liaison.labels.label import encode_label
from secure_liaison.labels.label_file import LabelFile, LabelForm, read_label_file, write_4774
from secure_liaison.labels.lattice import join_all
from secure_liaison.labels.stanag4774 import HeardLabel

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface

__all__ = ["add_join"]

_FEWEST: Final = 2


class FormChoice(Enum):
    """The forms in which a join can be written."""

    NATIVE = "native"
    XML = "4774-xml"
    JSON = "4774-json"


def add_join(label: typer.Typer) -> None:
    """Give the group of label commands its ``join``."""
    label.command("join", cls=PlainCommand)(_join)


def _join(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…")],
    *,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE")] = None,
    form: Annotated[FormChoice, typer.Option("--form", metavar="FORM")] = FormChoice.NATIVE,
    pack: PackOption = None,
    owner: OwnerOption = "",
    created: CreatedOption = "",
    unsayable: UnsayableOption = UnsayableChoice.REFUSE,
    review: Annotated[str, typer.Option("--review", metavar="DATE")] = "",
    bare: Annotated[bool, typer.Option("--bare")] = False,
) -> None:
    """Join labels of one policy, and show the result and its readers."""
    surface = voice(context)
    _require_usable(surface, files, out)
    read = [
        reading_of(
            context, read_label_file(read_input(each)), pack=pack, owner=owner, created=created
        )
        for each in files
    ]
    reading = _joined(read)
    label = reading.heard.label
    told: dict[str, Any] = {}
    if form is FormChoice.NATIVE:
        octets = encode_label(label)
    else:
        review_at = day_of(context, review, place="--review")
        said, told = said_in_4774(reading, unsayable=unsayable, review_at=review_at, bare=bare)
        octets = write_4774(said, LabelForm(form.value))
    tell_lost(surface, told)
    if out is not None:
        write_output(out, octets)
    if out is None or str(out) != STREAM:
        where = "" if out is None else str(out)
        data = {"file": where, "written_as": form.value, "determined": False, **told}
        surface.result(as_data(reading) | data, *_lines(surface, reading, where, form))


def _joined(read: list[Reading]) -> Reading:
    pack = read[0].pack
    label = join_all((each.heard.label for each in read), pack)
    heard = HeardLabel(label=label, native=True, dropped=())
    return Reading(file=LabelFile(form=LabelForm.NATIVE, label=label), pack=pack, heard=heard)


def _require_usable(surface: Surface, files: list[Path], out: Path | None) -> None:
    """Demand at least two files, and a place for the result, before anything is read."""
    if len(files) < _FEWEST:
        raise UsageProblem("cli.usage.join-two")
    if out is not None:
        if str(out) == STREAM and surface.as_json:
            raise UsageProblem("cli.usage.stream-twice")
        require_new(out)


def _lines(surface: Surface, reading: Reading, where: str, form: FormChoice) -> list[str]:
    label = reading.heard.label
    lines = as_lines(surface, reading)
    lines += [
        surface.text("cli.join.words", sentence=each)
        for each in audience_words(label.audience, reading.pack, surface)
    ]
    lines.append(surface.text("cli.join.undetermined"))
    if where:
        lines.append(surface.text("cli.label.written", file=where, form=form.value))
    return lines
