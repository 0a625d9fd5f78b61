"""``liaison catalogue show`` and ``liaison calendar show``: lists of items and of working days.

Source: docs/guides/determination.md; docs/spec/determination.md §7, §8.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_liaison.cli.opening import read_input, typed
from secure_liaison.cli.options import PlainCommand, group, voice
from secure_liaison.labels.catalogue import MAX_CATALOGUE_BYTES, load_catalogue
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.term import write_term
from secure_liaison.labels.workdays import builtin_calendar, load_calendar

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.labels.catalogue import Catalogue, CatalogueEntry
    from secure_liaison.labels.naming import Basis, Names
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.workdays import WorkYear

commands = group()
_catalogue = group()
_calendar = group()
commands.add_typer(_catalogue, name="catalogue")
commands.add_typer(_calendar, name="calendar")


@_catalogue.command("show", cls=PlainCommand)
def show_catalogue(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    pack: Annotated[str, typer.Option("--pack", metavar="PACK")] = "cn.state-secrets",
) -> None:
    """Check a catalogue of items and show it."""
    surface, octets = voice(context), read_input(file, max_bytes=MAX_CATALOGUE_BYTES)
    with typed(context):
        policy = builtin_pack(pack)
    found = load_catalogue(octets, policy)
    head = f"{found.catalogue_id}  {found.names.text(surface.language)}"
    lines = [_entry_line(surface, found, each, policy) for each in found.entries]
    data: dict[str, Any] = {
        "catalogue": found.catalogue_id,
        "policy": found.policy,
        "names": _names(found.names),
        "issued_by": _names(found.issued_by),
        "entries": [_entry_as_data(found, each) for each in found.entries],
    }
    surface.result(data, head, *lines)


@_calendar.command("show", cls=PlainCommand)
def show_calendar(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE")] = None,
) -> None:
    """Check a calendar of working days and show it; the built-in one without a file."""
    surface = voice(context)
    found = builtin_calendar("cn") if file is None else load_calendar(read_input(file))
    head = f"{found.id}  {found.names.text(surface.language)}"
    data = {
        "calendar": found.id,
        "names": _names(found.names),
        "weekend": sorted(found.weekend),
        "years": [_year_as_data(each) for each in found.years],
    }
    lines = [
        surface.text(
            "cli.calendar.year",
            year=each.year,
            holidays=len(each.holidays),
            workdays=len(each.workdays),
            status=each.basis[0].status.value,
        )
        for each in found.years
    ]
    surface.result(data, head, *lines)


def _entry_line(
    surface: Surface, catalogue: Catalogue, entry: CatalogueEntry, pack: PolicyPack
) -> str:
    parts = [catalogue.cite(entry), entry.names.text(surface.language)]
    if entry.period is None:
        parts.append(surface.text("cli.catalogue.not-secret"))
    else:
        parts.append(pack.level(entry.level).names.text(surface.language))
        parts.append(write_term(entry.period, surface.language))
        parts.append(entry.scope.text(surface.language))
    return "  ".join(parts)


def _entry_as_data(catalogue: Catalogue, entry: CatalogueEntry) -> dict[str, Any]:
    period = entry.period
    return {
        "id": catalogue.cite(entry),
        "names": _names(entry.names),
        "level": entry.level,
        "period": None if period is None else [period.form.name.lower(), period.value],
        "scope": _names(entry.scope),
        "arises": list(entry.arises),
        "basis": _basis(entry.basis),
    }


def _year_as_data(year: WorkYear) -> dict[str, Any]:
    return {
        "year": year.year,
        "holidays": sorted(day.isoformat() for day in year.holidays),
        "workdays": sorted(day.isoformat() for day in year.workdays),
        "basis": _basis(year.basis),
    }


def _basis(basis: tuple[Basis, ...]) -> list[dict[str, str]]:
    return [{"cite": each.cite, "status": each.status.value} for each in basis]


def _names(names: Names) -> dict[str, str]:
    return {"zh": names.zh, "en": names.en}
