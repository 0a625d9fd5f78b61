"""``liaison label convert``: a label in another form, with everything told that is lost.

Source: docs/spec/stanag4774.md §8; docs/spec/foreign-labels.md §2.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_liaison.cli.label_page import remarks_in
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
from secure_liaison.labels.audience4774 import Unsayable
from secure_liaison.labels.ess_mapping import Unsaid, to_ess
from secure_liaison.labels.label import encode_label
from secure_liaison.labels.label4774 import Label4774
from secure_liaison.labels.label_file import LabelForm, read_label_file, write_4774
from secure_liaison.labels.marking import render
from secure_liaison.labels.stanag4774 import write_back
from secure_liaison.labels.xep0258 import DisplayMarking, SecurityLabel, write_security_label

if TYPE_CHECKING:
    from secure_liaison.cli.label_reading import Reading
    from secure_liaison.cli.surface import Surface
    from secure_liaison.clock import Instant

__all__ = [
    "UnsayableChoice",
    "UnsayableOption",
    "add_convert",
    "said_in_4774",
    "tell_lost",
    "without_native",
]

_OF_4774 = (LabelForm.XML, LabelForm.JSON)
_OF_ESS = (LabelForm.ESS, LabelForm.XEP0258)


class UnsayableChoice(Enum):
    """What becomes of readers that the pack has no words for."""

    REFUSE = "refuse"
    NARROW = "narrow"
    CARRY = "carry"


UnsayableOption = Annotated[
    UnsayableChoice, typer.Option("--unsayable", metavar="refuse|narrow|carry")
]


def add_convert(label: typer.Typer) -> None:
    """Give the group of label commands its ``convert``."""
    label.command("convert", cls=PlainCommand)(_convert)


def _convert(
    context: typer.Context,
    file: FileArgument,
    *,
    to: Annotated[LabelForm, typer.Option("--to", metavar="FORM")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE")],
    pack: PackOption = None,
    owner: OwnerOption = "",
    created: CreatedOption = "",
    unsayable: UnsayableOption = UnsayableChoice.REFUSE,
    leave_out: Annotated[list[Unsaid] | None, typer.Option("--leave-out", metavar="PART")] = None,
    review: Annotated[str, typer.Option("--review", metavar="DATE")] = "",
    bare: Annotated[bool, typer.Option("--bare")] = False,
    all_days: Annotated[bool, typer.Option("--all-days")] = False,
) -> None:
    """Write a label in another form; what that form cannot say is told."""
    surface = voice(context)
    if str(out) == STREAM and surface.as_json:
        raise UsageProblem("cli.usage.stream-twice")
    _require_fitting(to, unsayable, leave_out or [])
    read = read_label_file(read_input(file))
    require_new(out)
    if isinstance(read.label, Label4774) and to in _OF_4774:
        label = without_native(read.label) if bare else read.label
        write_output(out, write_4774(label, to))
        _tell(surface, out, to, {"remarks": remarks_in(read)})
        return
    reading = reading_of(context, read, pack=pack, owner=owner, created=created)
    if to is LabelForm.NATIVE:
        write_output(out, encode_label(reading.heard.label))
        told = {"remarks": remarks_in(read), "dropped": list(reading.heard.dropped)}
    elif to in _OF_ESS:
        octets, told = _as_ess(reading, to, leave_out=leave_out or [], unsayable=unsayable)
        write_output(out, octets)
    else:
        review_at = day_of(context, review, place="--review")
        said, told = said_in_4774(
            reading, unsayable=unsayable, review_at=review_at, bare=bare, all_days=all_days
        )
        write_output(out, write_4774(said, to))
    _tell(surface, out, to, told)


def said_in_4774(
    reading: Reading,
    *,
    unsayable: UnsayableChoice,
    review_at: Instant | None,
    bare: bool,
    all_days: bool = False,
) -> tuple[Label4774, dict[str, Any]]:
    """Return a label as STANAG 4774 says it, and what it cannot say of it.

    Raises:
        FormatError: as `write_back`.
    """
    if isinstance(reading.file.label, Label4774):
        return without_native(reading.file.label) if bare else reading.file.label, {}
    back = write_back(
        reading.heard.label,
        reading.pack,
        unsayable=Unsayable(unsayable.value),
        review_at=review_at,
        native=not bare,
        all_days=all_days,
    )
    return back.label, {
        "narrowed": [
            {"category": each.category, "lost": sorted(each.lost)} for each in back.narrowed
        ],
        "beside": [each.value for each in back.beside],
        "carried": not bare,
    }


def without_native(label: Label4774) -> Label4774:
    """Return a label that carries no native one, which names persons and sources."""
    after = label.succession
    if after is not None:
        after = replace(after, label=without_native(after.label))
    return replace(label, native=b"", succession=after)


def tell_lost(surface: Surface, told: dict[str, Any]) -> None:
    """Say everything that the form written cannot say."""
    for each in told.get("narrowed", []):
        lost = ", ".join(each["lost"])
        surface.talk("cli.label.narrowed", category=each["category"], lost=lost)
    key = "cli.label.beside" if told.get("carried") else "cli.label.left-out"
    for each in told.get("beside", []):
        surface.talk(key, what=surface.text(f"cli.label.beside.{each}"))
    if not told.get("exact", True):
        surface.talk("cli.label.narrower")
    for each in told.get("left_out", []):
        surface.talk("cli.label.left-out", what=surface.text(f"cli.label.unsaid.{each}"))
    for place in told.get("dropped", []):
        surface.talk("cli.label.dropped", place=place)
    for each in told.get("remarks", []):
        surface.talk(f"cli.label.remark.{each}")


def _require_fitting(to: LabelForm, unsayable: UnsayableChoice, leave_out: list[Unsaid]) -> None:
    """Demand that the choices made are choices of the form asked for."""
    if to in _OF_ESS and unsayable is UnsayableChoice.CARRY:
        raise UsageProblem("cli.usage.ess-carry")
    if to not in _OF_ESS and leave_out:
        raise UsageProblem("cli.usage.leave-out")


def _as_ess(
    reading: Reading, to: LabelForm, *, leave_out: list[Unsaid], unsayable: UnsayableChoice
) -> tuple[bytes, dict[str, Any]]:
    label, pack = reading.heard.label, reading.pack
    narrow = unsayable is UnsayableChoice.NARROW
    written = to_ess(label, pack, leave_out=leave_out, narrow=narrow)
    told = {
        "exact": written.exact,
        "left_out": sorted(each.value for each in written.unsaid),
        "dropped": list(reading.heard.dropped),
    }
    if to is LabelForm.ESS:
        return written.octets, told
    text = render(label, pack, pack.marking.original, exercise=False)
    carried = SecurityLabel(marking=DisplayMarking(text=text), label=written.octets)
    return write_security_label(carried), told


def _tell(surface: Surface, out: Path, to: LabelForm, told: dict[str, Any]) -> None:
    """Say what was written, and everything that the form cannot say."""
    tell_lost(surface, told)
    if str(out) != STREAM:
        line = surface.text("cli.label.written", file=out, form=to.value)
        surface.result({"file": str(out), "form": to.value, **told}, line)
