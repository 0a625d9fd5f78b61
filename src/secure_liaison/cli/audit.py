"""``liaison audit …``: read, export and verify ledgers; who read what, and who was refused.

Source: docs/spec/audit.md; docs/guides/agency.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_liaison.audit.reports import merge, refusals, who_read
from secure_liaison.cli.ledger_page import (
    entry_as_data,
    entry_as_lines,
    entry_line,
    read_as_data,
    read_line,
    refusal_as_data,
    refusal_lines,
)
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import STREAM, desk, output, require_new
from secure_liaison.cli.options import DeskCommand, group, voice
from secure_liaison.errors import OutOfOrderError
from secure_liaison.workflows import audit

if TYPE_CHECKING:
    from secure_liaison.audit.export import ExportSummary
    from secure_liaison.audit.rows import LedgerEntry
    from secure_liaison.cli.surface import Surface
    from secure_liaison.office import Office

commands = group()
_audit = group()
commands.add_typer(_audit, name="audit")

StartOption = Annotated[int, typer.Option("--from", min=0, metavar="INDEX")]


@_audit.command("list", cls=DeskCommand)
def list_(
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE")] = None,
    *,
    reads: Annotated[bool, typer.Option("--reads")] = False,
    refused: Annotated[bool, typer.Option("--refusals")] = False,
    start: StartOption = 0,
) -> None:
    """List the own ledger, or those of exports; or who read what, or who was refused."""
    surface = voice(context)
    with desk(context) as office:
        found = _entries(office, files or [], start=start)
    data: dict[str, Any] = {}
    lines: list[str] = []
    if reads:
        rows = who_read(found)
        data["reads"] = [read_as_data(row) for row in rows]
        lines += [read_line(surface, row) for row in rows]
    if refused:
        denied = refusals(found)
        data["refusals"] = [refusal_as_data(row) for row in denied]
        lines += [line for row in denied for line in refusal_lines(surface, row)]
    if not (reads or refused):
        data["entries"] = [entry_as_data(entry) for entry in found]
        lines += [entry_line(surface, entry) for entry in found]
    surface.result(data, *(lines or [surface.text("cli.audit.empty")]))


@_audit.command("show", cls=DeskCommand)
def show(
    context: typer.Context,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0)],
    file: Annotated[Path | None, typer.Argument(metavar="FILE")] = None,
) -> None:
    """Show one entry in full."""
    surface = voice(context)
    with desk(context) as office:
        found = _entries(office, [] if file is None else [file])
    entry = next((each for each in found if each.index == index), None)
    if entry is None:
        raise OutOfOrderError("no-such-entry", size=len(found))
    surface.result(entry_as_data(entry), *entry_as_lines(surface, entry))


@_audit.command("export", cls=DeskCommand)
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    start: StartOption = 0,
    to_office: Annotated[bool, typer.Option("--to-office")] = False,
) -> None:
    """Write the own ledger as a file that verifies offline, or sealed to the security officers."""
    surface, keys = voice(context), 0
    if str(file) == STREAM and surface.as_json:
        raise UsageProblem("cli.usage.stream-twice")
    require_new(file)
    with desk(context) as office, output(file) as stream:
        if to_office:
            keys = audit.export_to_office(office, stream, start=start)
        else:
            audit.export(office, stream, start=start)
    if str(file) == STREAM:
        return
    line = surface.text("cli.audit.exported", file=file)
    if to_office:
        line = surface.text("cli.audit.exported-office", file=file, keys=keys)
    surface.result({"file": str(file), "keys": keys}, line)


@_audit.command("verify", cls=DeskCommand)
def verify(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE")] = None,
    *,
    no_desk: Annotated[bool, typer.Option("--no-desk")] = False,
) -> None:
    """Verify an export, or the own ledger; the first bad entry is named."""
    surface = voice(context)
    if no_desk and file is None:
        raise UsageProblem("cli.usage.verify-what")
    if file is None:
        with desk(context) as office:
            count, root = len(audit.entries(office)), office.ledger.root().hex()
        line = surface.text("cli.audit.own-verified", count=count, root=root)
        surface.result({"verified": True, "count": count, "root": root}, line)
    elif no_desk:
        _tell_verified(surface, audit.read_alone(file).summary)
    else:
        with desk(context) as office:
            summary = audit.read_file(office, file).summary
        _tell_verified(surface, summary)


def _entries(office: Office, files: list[Path], *, start: int = 0) -> tuple[LedgerEntry, ...]:
    if not files:
        return audit.entries(office, start=start)
    exports = (audit.read_file(office, path).entries for path in files)
    return tuple(entry for entry in merge(*exports) if entry.index >= start)


def _tell_verified(surface: Surface, summary: ExportSummary) -> None:
    data = {
        "verified": True,
        "first": summary.first,
        "last": summary.last,
        "count": summary.count,
        "device": summary.device.hex(),
        "root": summary.root.hex(),
        "keys_known": summary.checked_key,
    }
    surface.result(
        data,
        surface.text("cli.audit.verified", first=summary.first, last=summary.last),
        surface.text("cli.audit.device", device=summary.device.hex()),
        surface.text("cli.audit.keys-known" if summary.checked_key else "cli.audit.keys-of-file"),
    )
