"""``liaison policy import``: a partner's policy file becomes a pack, with all findings told.

Rules:

- Findings are the result, also where there is no pack; then nothing is written and the command
  ends as not verified.
- The pack's file is never written over another.

Source: docs/spec/foreign-labels.md §1; docs/reference/commands.md.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, assert_never

import typer

from secure_liaison.cli.opening import STREAM, read_input, require_new, write_output
from secure_liaison.cli.options import PlainCommand, voice
from secure_liaison.cli.surface import Exit
from secure_liaison.labels.import_report import Severity
from secure_liaison.labels.spif import import_spif
from secure_liaison.labels.spif_plan import Decisions
from secure_liaison.labels.spif_supplement import MAX_SUPPLEMENT_BYTES, read_supplement

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.labels.import_report import Finding
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.spif import SpifImport
    from secure_liaison.labels.spif_equivalence import SpifEquivalence

__all__ = ["add_import"]


class PolicyFormat(Enum):
    """Formats that can be imported."""

    SPIF = "spif"


def add_import(policy: typer.Typer) -> None:
    """Give the group of policy commands its ``import``."""
    policy.command("import", cls=PlainCommand)(_import)


def _import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE")],
    policy_format: Annotated[
        PolicyFormat, typer.Option("--format", metavar="spif")
    ] = PolicyFormat.SPIF,
    widen: Annotated[list[str] | None, typer.Option("--widen", metavar="NAME")] = None,
    narrow: Annotated[list[str] | None, typer.Option("--narrow", metavar="NAME")] = None,
    home: Annotated[list[str] | None, typer.Option("--context", metavar="NAME")] = None,
    supplement: Annotated[Path | None, typer.Option("--supplement", metavar="FILE")] = None,
) -> None:
    """Make a pack from another system's policy file."""
    surface = voice(context)
    require_new(out)
    added = None
    if supplement is not None:
        added = read_supplement(read_input(supplement, max_bytes=MAX_SUPPLEMENT_BYTES))
    decisions = Decisions(
        widen=frozenset(widen or ()), narrow=frozenset(narrow or ()), context=frozenset(home or ())
    )
    match policy_format:
        case PolicyFormat.SPIF:
            found = import_spif(read_input(file), decisions=decisions, supplement=added)
        case _:
            assert_never(policy_format)
    if found.pack is None:
        _refuse(surface, found)
    _keep(surface, found.pack, found, out=out)


def _keep(surface: Surface, pack: PolicyPack, found: SpifImport, *, out: Path) -> None:
    write_output(out, found.file)
    if str(out) == STREAM:
        warnings, notes = (len(found.report.of(each)) for each in (Severity.WARNING, Severity.NOTE))
        surface.talk("cli.policy.import.told", warnings=warnings, notes=notes)
        return
    surface.result(
        _as_data(surface, found, out=out),
        *_as_lines(surface, found),
        _summary(surface, pack, found),
        surface.text("cli.policy.import.written", out=out),
    )


def _refuse(surface: Surface, found: SpifImport) -> NoReturn:
    errors = len(found.report.of(Severity.ERROR))
    surface.result(_as_data(surface, found, out=None), *_as_lines(surface, found))
    surface.talk("cli.policy.import.refused", errors=errors)
    surface.hint("cli.policy.import.refused-hint")
    raise typer.Exit(Exit.NOT_VERIFIED)


def _summary(surface: Surface, pack: PolicyPack, found: SpifImport) -> str:
    return surface.text(
        "cli.policy.import.done",
        pack=pack.policy_id,
        levels=len(pack.levels),
        categories=len(pack.categories),
        rules=len(pack.rules),
        equivalences=len(found.equivalences),
    )


def _as_lines(surface: Surface, found: SpifImport) -> list[str]:
    return [_line(surface, each) for each in found.report.findings]


def _line(surface: Surface, finding: Finding) -> str:
    kinds = {
        Severity.ERROR: "cli.policy.import.error",
        Severity.WARNING: "cli.policy.import.warning",
        Severity.NOTE: "cli.policy.import.note",
    }
    line = surface.text("cli.policy.import.line", line=finding.line) if finding.line else ""
    sentence = finding.sentence(surface.language)
    parts = (surface.text(kinds[finding.severity]), line, finding.place, sentence)
    return "  ".join(each for each in parts if each)


def _as_data(surface: Surface, found: SpifImport, *, out: Path | None) -> dict[str, Any]:
    pack = found.pack
    return {
        "pack": None if pack is None else pack.policy_id,
        "digest": None if pack is None else pack.digest().hex(),
        "out": None if out is None else str(out),
        "findings": [
            {
                "severity": each.severity.value,
                "code": each.code,
                "line": each.line,
                "place": each.place,
                "facts": dict(each.facts),
                "says": each.sentence(surface.language),
            }
            for each in found.report.findings
        ],
        "equivalences": [_equivalence(each) for each in found.equivalences],
    }


def _equivalence(each: SpifEquivalence) -> dict[str, str]:
    return {
        "level": each.level,
        "marking": each.marking,
        "policy": each.policy,
        "tag_set": each.tag_set,
        "lacv": each.lacv,
        "applied": each.applied.value,
        "treatment": each.treatment.name.lower(),
    }
