"""``liaison case …``: open, list, show and carry cases; what is due; notices; lists of registrars.

Rules:

- The acts themselves are in `secure_liaison.cli.case_acts`.
- A case that does not verify now is listed with its reason and never left out.

Source: docs/guides/determination.md; docs/spec/determination.md.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from secure_liaison import i18n
from secure_liaison.cli.case_acts import CaseArgument, add_acts, tell
from secure_liaison.cli.case_foreign import foreign
from secure_liaison.cli.case_page import (
    case_as_data,
    case_as_lines,
    duty_as_data,
    duty_as_line,
    listed_as_data,
    listed_as_lines,
    told_as_data,
    told_as_line,
)
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import desk, read_input, require_new, write_output
from secure_liaison.cli.options import DeskCommand, group, voice
from secure_liaison.identity.authority_record import MAX_AUTHORITY_FILE_BYTES
from secure_liaison.identity.case_file import MAX_CASE_BYTES
from secure_liaison.labels.workdays import load_calendar
from secure_liaison.workflows import (
    authorising,
    correspondence,
    determining,
    exchanging,
    lifecycle,
    notifying,
    proposing,
)

commands = group()
_case = group()
commands.add_typer(_case, name="case")
add_acts(_case)
_case.command("foreign", cls=DeskCommand)(foreign)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE")]
FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE…")]


@_case.command("new", cls=DeskCommand)
def new(context: typer.Context, files: FilesArgument) -> None:
    """Open a case about the files that a label is for."""
    with ExitStack() as opened:
        streams = [opened.enter_context(path.open("rb")) for path in files]
        with desk(context) as office:
            found = determining.begin(office, proposing.subject_of(office, streams))
            tell(context, office, found)


@_case.command("list", cls=DeskCommand)
def list_cases(context: typer.Context) -> None:
    """List the cases of this desk, the one with the newest act first."""
    surface = voice(context)
    with desk(context) as office:
        found = determining.cases(office)
        data = {"cases": [listed_as_data(office, each) for each in found]}
        lines = [line for each in found for line in listed_as_lines(surface, office, each)]
    surface.result(data, *(lines or [surface.text("cli.case.none")]))


@_case.command("show", cls=DeskCommand)
def show(context: typer.Context, case: CaseArgument) -> None:
    """Show where a case stands, and every act of it."""
    surface = voice(context)
    with desk(context) as office:
        found = determining.load(office, determining.find(office, case))
        data, lines = case_as_data(office, found), case_as_lines(surface, office, found)
    surface.result(data, *lines)


@_case.command("worklist", cls=DeskCommand)
def worklist(
    context: typer.Context,
    *,
    calendar: Annotated[Path | None, typer.Option("--calendar", metavar="FILE")] = None,
    remind: Annotated[
        int, typer.Option("--remind", min=0, max=3650, metavar="DAYS")
    ] = lifecycle.REMIND_DAYS,
) -> None:
    """List what is to be done about every case, by whom and until when."""
    surface = voice(context)
    days = None if calendar is None else load_calendar(read_input(calendar))
    with desk(context) as office:
        duties, broken = lifecycle.duties(office, calendar=days, remind_days=remind)
        data = {
            "duties": [duty_as_data(office, each) for each in duties],
            "refused": [listed_as_data(office, each) for each in broken],
        }
        lines = [duty_as_line(surface, office, each) for each in duties]
        lines += [line for each in broken for line in listed_as_lines(surface, office, each)]
    surface.result(data, *(lines or [surface.text("cli.case.nothing-due")]))


@_case.command("export", cls=DeskCommand)
def export(context: typer.Context, case: CaseArgument, file: FileArgument) -> None:
    """Write a case to a file for another desk."""
    surface = voice(context)
    require_new(file)
    with desk(context) as office:
        found = determining.find(office, case)
        octets = exchanging.export_case(office, found)
    write_output(file, octets)
    surface.result(
        {"case": found.hex(), "file": str(file)}, surface.text("cli.case.exported", file=file)
    )


@_case.command("send", cls=DeskCommand)
def send(
    context: typer.Context,
    case: CaseArgument,
    *,
    to: Annotated[list[str], typer.Option("--to", metavar="ADDRESS")],
    topic: Annotated[str, typer.Option("--topic", metavar="TOPIC")] = "",
) -> None:
    """Send a case to other desks, under its own label."""
    surface = voice(context)
    with desk(context) as office:
        found = determining.find(office, case)
        digest = exchanging.send_case(office, found, tuple(to), topic=topic)
        correspondence.deliver(office)
    surface.result(
        {"case": found.hex(), "id": digest.hex(), "to": to},
        surface.text("cli.case.sent", id=digest.hex()[:8], to=", ".join(to)),
    )


@_case.command("import", cls=DeskCommand)
def import_(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE")] = None,
    *,
    received: Annotated[str, typer.Option("--object", metavar="ID")] = "",
) -> None:
    """Verify a case that another desk exported or sent, and keep what is new of it."""
    if (file is None) is not bool(received):
        raise UsageProblem("cli.usage.file-or-object")
    surface = voice(context)
    octets = b"" if file is None else read_input(file, max_bytes=MAX_CASE_BYTES)
    with desk(context) as office:
        if file is None:
            octets = exchanging.case_received(office, received)
        taken = exchanging.import_case(office, octets)
        data = {**case_as_data(office, taken.found), "new": taken.new}
        lines = case_as_lines(surface, office, taken.found)
    surface.result(data, surface.text("cli.case.imported", new=taken.new), *lines)


@_case.command("authority", cls=DeskCommand)
def authority(context: typer.Context, files: FilesArgument) -> None:
    """Take in lists of bodies, designations and grants that registrars signed."""
    surface = voice(context)
    octets = [read_input(path, max_bytes=MAX_AUTHORITY_FILE_BYTES) for path in files]
    with desk(context) as office:
        kinds = [type(authorising.accept(office, each)).__name__ for each in octets]
    lines = [
        surface.text("cli.case.authority", kind=surface.text(f"cli.authority.{kind}"), file=path)
        for kind, path in zip(kinds, files, strict=True)
    ]
    surface.result({"accepted": kinds}, *lines)


@_case.command("notify", cls=DeskCommand)
def notify(context: typer.Context, case: CaseArgument) -> None:
    """Send every holder the notices that were not made yet."""
    surface = voice(context)
    with desk(context) as office:
        told = notifying.notify(office, determining.find(office, case))
        correspondence.deliver(office)
    data: dict[str, Any] = {"notices": [told_as_data(surface, each) for each in told]}
    lines = [told_as_line(surface, each) for each in told]
    surface.result(data, *(lines or [surface.text("cli.case.nothing-to-tell")]))
    for each in told:
        if each.error is not None:
            surface.talk("cli.case.not-told", cause=i18n.cause(each.error, surface.language))


@_case.command("outstanding", cls=DeskCommand)
def outstanding(context: typer.Context, case: CaseArgument) -> None:
    """List the holders who have not signed for a notice, or were not told."""
    surface = voice(context)
    with desk(context) as office:
        found = notifying.outstanding(office, determining.find(office, case))
    data = {"outstanding": [told_as_data(surface, each) for each in found]}
    lines = [told_as_line(surface, each) for each in found]
    surface.result(data, *(lines or [surface.text("cli.case.all-told")]))
