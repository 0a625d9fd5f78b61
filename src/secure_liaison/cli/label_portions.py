"""``liaison label portions`` and ``rendition``: a paper whose paragraphs have marks of their own.

Rules:

- Nothing is raised here: what rules for compilations ask for is told, and a person decides.
- A rendition holds whole portions, and nothing of any other: no place, no count.

Source: docs/spec/labels.md §15.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_liaison.cli.label_reading import FileArgument, PackOption, pack_named
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import STREAM, read_input, require_new, typed, write_output
from secure_liaison.cli.options import PlainCommand, voice
from secure_liaison.errors import OutOfOrderError
from secure_liaison.i18n import Language
from secure_liaison.labels.lattice import join_all
from secure_liaison.labels.marking import banner, render, render_portion
from secure_liaison.labels.portion_file import paper_from, read_portion_file, rendition_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.cli.surface import Surface
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.portion_file import Paper
    from secure_liaison.labels.rendition import Piece

__all__ = ["add_portions"]

OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE")]


def add_portions(label: typer.Typer) -> None:
    """Give the group of label commands its ``portions`` and ``rendition``."""
    label.command("portions", cls=PlainCommand)(_portions)
    label.command("rendition", cls=PlainCommand)(_rendition)


def _portions(
    context: typer.Context, file: FileArgument, *, out: OutOption = None, pack: PackOption = None
) -> None:
    """Show the marks of a paper's portions and of the whole; check that they fit."""
    surface = voice(context)
    _require_free(surface, out)
    paper = _paper(context, file, pack)
    if out is not None:
        write_output(out, _text(paper.pieces, paper.label, paper.pack))
    if out is None or str(out) != STREAM:
        surface.result(_as_data(paper), *_as_lines(surface, paper))


def _rendition(
    context: typer.Context,
    file: FileArgument,
    *,
    under: Annotated[str, typer.Option("--under", metavar="MARK")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE")],
    pack: PackOption = None,
) -> None:
    """Write those portions of a paper that may stand under a mark, and nothing of the others."""
    surface = voice(context)
    _require_free(surface, out)
    paper = _paper(context, file, pack)
    with typed(context):
        found = rendition_of(paper, under)
    if not found.pieces:
        raise OutOfOrderError("rendition-empty")
    whole = join_all([piece.portion.label for piece in found.pieces], paper.pack)
    write_output(out, _text(found.pieces, whole, paper.pack))
    if str(out) != STREAM:
        mark = banner(whole, paper.pack, exercise=False)
        line = surface.text("cli.rendition.written", file=out, count=len(found.pieces))
        surface.result({"file": str(out), "portions": len(found.pieces), "mark": mark}, mark, line)


def _paper(context: typer.Context, file: Path, pack: str | None) -> Paper:
    fields = read_portion_file(read_input(file))
    return paper_from(fields, lambda named: pack_named(context, pack or named))


def _require_free(surface: Surface, out: Path | None) -> None:
    if out is not None:
        if str(out) == STREAM and surface.as_json:
            raise UsageProblem("cli.usage.stream-twice")
        require_new(out)


def _as_data(paper: Paper) -> dict[str, Any]:
    return {
        "policy": paper.pack.policy_id,
        "marks": {
            each.value: render(paper.label, paper.pack, each, exercise=False) for each in Language
        },
        "stated": paper.stated,
        "audience": paper.label.audience.to_lists(),
        "portions": [
            {"mark": _mark(piece, paper.pack), "secret_point": piece.portion.secret_point}
            for piece in paper.pieces
        ],
        "compilation": [
            {
                "rule": each.rule.id,
                "counted": each.counted,
                "raise_to": each.raise_to.id,
                "met": each.met,
            }
            for each in paper.findings
        ],
    }


def _as_lines(surface: Surface, paper: Paper) -> list[str]:
    lines = [banner(paper.label, paper.pack, exercise=False)]
    for number, piece in enumerate(paper.pieces, start=1):
        point = surface.text("cli.portions.point") if piece.portion.secret_point else ""
        lines.append(f"{number}  {_mark(piece, paper.pack)}{point}")
    lines.append(surface.text("cli.portions.stated" if paper.stated else "cli.portions.joined"))
    return lines + [
        surface.text(
            "cli.portions.met" if each.met else "cli.portions.asked",
            level=each.raise_to.mark.text(surface.language),
            count=each.counted,
            say=each.rule.say.text(surface.language),
        )
        for each in paper.findings
    ]


def _mark(piece: Piece, pack: PolicyPack) -> str:
    label = piece.portion.label
    if pack.marking.portion is not None:
        return render_portion(label, pack)
    return render(label, pack, pack.marking.original, exercise=False)


def _text(pieces: Iterable[Piece], whole: Label, pack: PolicyPack) -> bytes:
    line = banner(whole, pack, exercise=False)
    paragraphs = (f"{_mark(piece, pack)} {piece.octets.decode()}" for piece in pieces)
    return "\n\n".join((line, *paragraphs, line)).encode() + b"\n"
