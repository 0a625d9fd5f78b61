"""``liaison label …``: show the label in a file, and write it in another form.

Source: docs/spec/stanag4774.md §8; docs/concepts/combining.md.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_liaison import i18n
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import STREAM, read_input, require_new, typed, write_output
from secure_liaison.cli.options import PlainCommand, group, voice
from secure_liaison.clock import from_iso, to_iso
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import require_leaf
from secure_liaison.labels.audience4774 import Unsayable
from secure_liaison.labels.label import Label, encode_label
from secure_liaison.labels.label4774 import remarks_on
from secure_liaison.labels.label_file import (
    LabelFile,
    LabelForm,
    pack_for,
    read_label_file,
    write_4774,
)
from secure_liaison.labels.marking import render
from secure_liaison.labels.pack import builtin_pack, load_pack
from secure_liaison.labels.stanag4774 import HeardLabel, WrittenBack, label_of, write_back
from secure_liaison.labels.validity import validate

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.clock import Instant
    from secure_liaison.labels.audience import Audience
    from secure_liaison.labels.policy import PolicyPack

commands = group()
_label = group()
commands.add_typer(_label, name="label")

_PACK_FILE: Final = ".json"

FileArgument = Annotated[Path, typer.Argument(metavar="FILE")]
PackOption = Annotated[str | None, typer.Option("--pack", metavar="PACK")]
OwnerOption = Annotated[str, typer.Option("--owner", metavar="LEAF")]


class UnsayableChoice(Enum):
    """What becomes of readers that the pack has no words for."""

    REFUSE = "refuse"
    NARROW = "narrow"
    CARRY = "carry"


@_label.command("show", cls=PlainCommand)
def show(
    context: typer.Context, file: FileArgument, *, pack: PackOption = None, owner: OwnerOption = ""
) -> None:
    """Show a label with its marks in both languages."""
    surface, read = voice(context), read_label_file(read_input(file))
    used = _pack(context, pack, read)
    heard = _heard(context, read, used, owner)
    data, lines = _as_data(heard, used, read), _as_lines(surface, heard, used, read)
    surface.result(data | _problem_as_data(heard.label, used), *lines)


@_label.command("convert", cls=PlainCommand)
def convert(
    context: typer.Context,
    file: FileArgument,
    *,
    to: Annotated[LabelForm, typer.Option("--to", metavar="FORM")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE")],
    pack: PackOption = None,
    owner: OwnerOption = "",
    unsayable: Annotated[
        UnsayableChoice, typer.Option("--unsayable", metavar="refuse|narrow|carry")
    ] = UnsayableChoice.REFUSE,
    review: Annotated[str, typer.Option("--review", metavar="DATE")] = "",
    bare: Annotated[bool, typer.Option("--bare")] = False,
    all_days: Annotated[bool, typer.Option("--all-days")] = False,
) -> None:
    """Write a label in another form; what that form cannot say is told."""
    surface, read = voice(context), read_label_file(read_input(file))
    if str(out) == STREAM and surface.as_json:
        raise UsageProblem("cli.usage.stream-twice")
    require_new(out)
    if not isinstance(read.label, Label) and to is not LabelForm.NATIVE:
        write_output(out, write_4774(read.label, to))
        _tell(surface, out, to, _remarks(read))
        return
    used = _pack(context, pack, read)
    heard = _heard(context, read, used, owner)
    if to is LabelForm.NATIVE:
        write_output(out, encode_label(heard.label))
        _tell(surface, out, to, _remarks(read) | {"dropped": list(heard.dropped)})
        return
    back = write_back(
        heard.label,
        used,
        unsayable=Unsayable(unsayable.value),
        review_at=_day(context, review),
        native=not bare,
        all_days=all_days,
    )
    write_output(out, write_4774(back.label, to))
    _tell(surface, out, to, _lost(back, bare=bare))


def _pack(context: typer.Context, wanted: str | None, read: LabelFile) -> PolicyPack:
    if wanted is None:
        return pack_for(read)
    with typed(context):
        if wanted.endswith(_PACK_FILE):
            return load_pack(read_input(Path(wanted)))
        return builtin_pack(wanted)


def _heard(context: typer.Context, read: LabelFile, pack: PolicyPack, owner: str) -> HeardLabel:
    if isinstance(read.label, Label):
        return HeardLabel(label=read.label, native=True, dropped=())
    with typed(context):
        owner = require_leaf(owner) if owner else ""
    return label_of(read.label, pack, owner=owner)


def _day(context: typer.Context, text: str) -> Instant | None:
    if not text:
        return None
    with typed(context):
        try:
            return from_iso(text)
        except ValueError as exc:
            raise FormatError("label4774-value", place="--review") from exc


def _as_data(heard: HeardLabel, pack: PolicyPack, read: LabelFile) -> dict[str, Any]:
    label = heard.label
    return {
        "form": read.form.value,
        "policy": label.policy,
        "level": label.level,
        "marks": {
            language.value: render(label, pack, language, exercise=False) for language in Language
        },
        "audience": label.audience.to_lists(),
        "restrict": sorted(label.restrict),
        "control": sorted(label.control),
        "inform": sorted(label.inform),
        "owner": label.owner,
        "created": to_iso(label.created),
        "review_at": None if label.review_at is None else to_iso(label.review_at),
        "successor_at": None if label.successor is None else to_iso(label.successor.at),
        "native": heard.native,
        "dropped": list(heard.dropped),
        **_remarks(read),
    }


def _as_lines(surface: Surface, heard: HeardLabel, pack: PolicyPack, read: LabelFile) -> list[str]:
    label = heard.label
    lines = [render(label, pack, language, exercise=False) for language in Language]
    lines += [
        surface.text("cli.label.policy", policy=label.policy, form=read.form.value),
        *_audience_lines(surface, label.audience),
        surface.text("cli.label.owner", owner=label.owner),
        surface.text("cli.label.created", at=to_iso(label.created)),
    ]
    for name in ("restrict", "control", "inform"):
        values = sorted(getattr(label, name))
        lines += [surface.text(f"cli.label.{name}", values=", ".join(values))] if values else []
    if label.review_at is not None:
        lines.append(surface.text("cli.label.review", at=to_iso(label.review_at)))
    if label.successor is not None:
        mark = render(label.successor.label, pack, surface.language, exercise=False)
        at = to_iso(label.successor.at)
        lines.append(surface.text("cli.label.successor", at=at, mark=mark))
    if heard.native and read.form is not LabelForm.NATIVE:
        lines.append(surface.text("cli.label.native"))
    lines += [surface.text("cli.label.dropped", place=place) for place in heard.dropped]
    lines += [surface.text(f"cli.label.remark.{each}") for each in _remarks(read)["remarks"]]
    problem = _problem(label, pack)
    if problem is not None:
        lines.append(surface.text("cli.label.invalid", why=i18n.cause(problem, surface.language)))
    return lines


def _audience_lines(surface: Surface, audience: Audience) -> list[str]:
    if audience.is_public:
        return [surface.text("cli.label.public")]
    return [
        surface.text("cli.label.group", leaves=", ".join(group)) for group in audience.to_lists()
    ]


def _problem(label: Label, pack: PolicyPack) -> FormatError | None:
    try:
        validate(label, pack)
    except FormatError as error:
        return error
    return None


def _problem_as_data(label: Label, pack: PolicyPack) -> dict[str, Any]:
    problem = _problem(label, pack)
    return {"invalid": None if problem is None else problem.reason}


def _remarks(read: LabelFile) -> dict[str, Any]:
    found = () if isinstance(read.label, Label) else remarks_on(read.label)
    return {"remarks": [each.value for each in found]}


def _lost(back: WrittenBack, *, bare: bool) -> dict[str, Any]:
    return {
        "narrowed": [
            {"category": each.category, "lost": sorted(each.lost)} for each in back.narrowed
        ],
        "beside": [each.value for each in back.beside],
        "carried": not bare,
    }


def _tell(surface: Surface, out: Path, to: LabelForm, told: dict[str, Any]) -> None:
    """Say what was written, and everything that the form cannot say."""
    for each in told.get("narrowed", []):
        lost = ", ".join(each["lost"])
        surface.talk("cli.label.narrowed", category=each["category"], lost=lost)
    key = "cli.label.beside" if told.get("carried") else "cli.label.left-out"
    for each in told.get("beside", []):
        surface.talk(key, what=surface.text(f"cli.label.beside.{each}"))
    for place in told.get("dropped", []):
        surface.talk("cli.label.dropped", place=place)
    for each in told.get("remarks", []):
        surface.talk(f"cli.label.remark.{each}")
    if str(out) != STREAM:
        line = surface.text("cli.label.written", file=out, form=to.value)
        surface.result({"file": str(out), "form": to.value, **told}, line)
