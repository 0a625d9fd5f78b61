"""``liaison enrol``, ``trust`` and ``book``: a new desk, the roots it trusts, the books it reads.

Source: docs/guides/officer.md; docs/spec/statements.md §10.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_liaison.cli.agency import anchor_as_data
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import (
    STREAM,
    cost_of,
    desk,
    desk_home,
    digits_of,
    passphrase,
    read_input,
    registry,
    require_new,
    require_no_vault,
    typed,
    write_output,
)
from secure_liaison.cli.options import DeskCommand, DigitsOption, RegistryCommand, group, voice
from secure_liaison.clock import SystemClock, to_iso
from secure_liaison.identity.anchors import accept_anchor, open_anchor
from secure_liaison.identity.names import Names, require_login
from secure_liaison.workflows import enrolment
from secure_liaison.workflows import registry as registrars

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.directory.standing import AgencyRecord, OfficerRecord
    from secure_liaison.office import Office

commands = group()
_book = group()
commands.add_typer(_book, name="book")


@commands.command("enrol", cls=DeskCommand)
def enrol(
    context: typer.Context,
    *,
    anchor: Annotated[Path, typer.Option("--anchor", metavar="FILE")],
    login: Annotated[str, typer.Option("--login")],
    name_zh: Annotated[str, typer.Option("--name-zh", metavar="NAME")],
    name_en: Annotated[str, typer.Option("--name-en", metavar="NAME")],
    digits: DigitsOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE")] = None,
    rehearsal: Annotated[bool, typer.Option("--rehearsal", hidden=True)] = False,
) -> None:
    """Make a desk on this machine and a request for the registrars."""
    surface, home = voice(context), desk_home(context)
    octets = read_input(anchor)
    root = open_anchor(octets)
    surface.enter(root.charter)
    with typed(context):
        names = Names(zh=name_zh, en=name_en)
        require_login(login)
    file = out or Path(f"{login}.request")
    cost = cost_of(rehearsal=rehearsal, exercise=root.charter.exercise)
    require_no_vault(home)
    require_new(file)
    heard = digits_of(context, digits, prompt="cli.prompt.digits", code=root.code)
    accept_anchor(root, typed_digits=heard)  # before anybody thinks of a passphrase
    secret = passphrase(context, prompt="cli.prompt.new-desk", new=True)
    made = enrolment.enrol(
        home,
        secret,
        anchor=octets,
        typed_digits=heard,
        login=login,
        names=names,
        clock=SystemClock(),
        cost=cost,
    )
    write_output(file, made.request)
    _tell_enrolled(context, made, home=home, file=file)


@commands.command("trust", cls=DeskCommand)
def trust(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="ANCHOR")],
    *,
    digits: DigitsOption = None,
) -> None:
    """Trust another agency's root after comparing its 40 digits."""
    surface, octets = voice(context), read_input(file)
    root = open_anchor(octets)
    heard = digits_of(context, digits, prompt="cli.prompt.digits", code=root.code)
    with desk(context) as office:
        accepted = enrolment.trust(office, octets, typed_digits=heard)
    surface.result(
        anchor_as_data(accepted),
        surface.text(
            "cli.trust.done", code=accepted.code, zh=accepted.names.zh, en=accepted.names.en
        ),
    )
    surface.hint("cli.trust.next")


@_book.command("export", cls=RegistryCommand)
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    snapshot: Annotated[Path | None, typer.Option("--snapshot", metavar="FILE")] = None,
) -> None:
    """Write the book that was published last."""
    surface = voice(context)
    require_new(file)
    if str(file) == STREAM and (surface.as_json or str(snapshot) == STREAM):
        raise UsageProblem("cli.usage.stream-twice")
    with registry(context) as opened:
        published = registrars.book(opened)
    write_output(file, published.book)
    if snapshot is not None:
        write_output(snapshot, published.snapshot)
    if str(file) != STREAM:
        surface.result(
            {"book": str(file), "sequence": published.sequence},
            surface.text("cli.book.exported", file=file, sequence=published.sequence),
        )


@_book.command("import", cls=DeskCommand)
def import_(
    context: typer.Context, files: Annotated[list[Path], typer.Argument(metavar="FILE")]
) -> None:
    """Take over agencies' books."""
    surface = voice(context)
    books = [read_input(path) for path in files]
    with desk(context) as office:
        taken = [office.agency_record(enrolment.import_book(office, each)) for each in books]
    lines = [
        surface.text("cli.book.imported", code=each.code, sequence=_place(each)[1])
        for each in taken
    ]
    surface.result({"imported": [_agency_as_data(each) for each in taken]}, *lines)


@_book.command("publish", cls=DeskCommand)
def publish(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Bring the own agency's newest roster to its relay."""
    surface, octets = voice(context), read_input(file)
    with desk(context) as office:
        enrolment.publish_snapshot(office, octets)
        code = office.agency_record(office.agency).code
    surface.result({"published": code}, surface.text("cli.book.published", code=code))


@_book.command("show", cls=DeskCommand)
def show(context: typer.Context) -> None:
    """List the agencies and officers that this desk knows."""
    surface = voice(context)
    with desk(context) as office:
        known = [(each, _officers(office, each)) for each in office.directory.agencies()]
    data = {
        "agencies": [
            {**_agency_as_data(agency), "officers": [_officer_as_data(agency, o) for o in officers]}
            for agency, officers in known
        ]
    }
    lines = [line for agency, officers in known for line in _lines(surface, agency, officers)]
    surface.result(data, *lines)


def _tell_enrolled(
    context: typer.Context, made: enrolment.Enrolled, *, home: Path, file: Path
) -> None:
    surface = voice(context)
    surface.result(
        {"home": str(home), "request": str(file), "digits": made.digits},
        surface.text("cli.enrol.done", folder=home),
        surface.text("cli.enrol.request", file=file),
        surface.text("cli.enrol.digits", digits=made.digits),
    )
    surface.hint("cli.enrol.next")


def _officers(office: Office, agency: AgencyRecord) -> tuple[OfficerRecord, ...]:
    return office.directory.officers_of(agency.agency_id)


def _place(agency: AgencyRecord) -> tuple[int, int]:
    return (0, 0) if agency.roster is None else agency.roster.place


def _agency_as_data(agency: AgencyRecord) -> dict[str, Any]:
    checked = agency.checked_at
    return {
        "agency": agency.agency_id.hex(),
        "code": agency.code,
        "names": {"zh": agency.names.zh, "en": agency.names.en},
        "epoch": _place(agency)[0],
        "sequence": _place(agency)[1],
        "checked_at": None if checked is None else to_iso(checked),
        "book_current": agency.statements_current,
        "relay": "" if agency.roster is None else agency.roster.relay.url,
    }


def _officer_as_data(agency: AgencyRecord, officer: OfficerRecord) -> dict[str, Any]:
    return {
        "address": f"{officer.login}@{agency.code}",
        "names": {"zh": officer.names.zh, "en": officer.names.en},
        "post": {"zh": officer.post.zh, "en": officer.post.en},
        "roles": sorted(role.name.lower() for role in officer.roles),
    }


def _lines(
    surface: Surface, agency: AgencyRecord, officers: tuple[OfficerRecord, ...]
) -> list[str]:
    checked = surface.moment(agency.checked_at) or surface.text("cli.never")
    current = "cli.book.current" if agency.statements_current else "cli.book.outdated"
    lines = [
        surface.text(
            "cli.book.agency",
            code=agency.code,
            zh=agency.names.zh,
            en=agency.names.en,
            sequence=_place(agency)[1],
            state=surface.text(current),
            checked=checked,
        )
    ]
    lines += [
        f"  {each.login}@{agency.code}  {each.names.zh} {each.names.en}"
        f"  {each.post.zh} {each.post.en}"
        for each in officers
    ]
    return lines
