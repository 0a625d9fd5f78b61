"""``liaison config``: how this machine is set up.

Source: docs/guides/officer.md.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_liaison.cli.opening import desk, desk_home, registry_home
from secure_liaison.cli.options import DeskCommand, group, voice
from secure_liaison.clock import to_iso
from secure_liaison.errors import CredentialError
from secure_liaison.vault.slots import KEY_FILE

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.office import Office

commands = group()
_config = group()
commands.add_typer(_config, name="config")


@_config.command("show", cls=DeskCommand)
def show_config(
    context: typer.Context, *, with_desk: Annotated[bool, typer.Option("--desk")] = False
) -> None:
    """Show folders and language; with ``--desk`` also what the desk says of itself."""
    surface, home, folder = voice(context), desk_home(context), registry_home(context)
    data: dict[str, Any] = {
        "version": version("secure-liaison"),
        "language": surface.language.value,
        "home": str(home),
        "home_exists": (home / KEY_FILE).exists(),
        "registry": str(folder),
        "registry_exists": (folder / KEY_FILE).exists(),
        "environment": {
            name: os.environ[name]
            for name in ("LIAISON_HOME", "LIAISON_REGISTRY")
            if name in os.environ
        },
    }
    lines = [
        surface.text("cli.config.version", version=data["version"], chosen=data["language"]),
        _folder(surface, "cli.config.home", data["home"], exists=data["home_exists"]),
        _folder(surface, "cli.config.registry", data["registry"], exists=data["registry_exists"]),
    ]
    if with_desk:
        with desk(context) as office:
            data["desk"] = _desk_as_data(office)
        lines += _desk_as_lines(surface, data["desk"])
    surface.result(data, *lines)


def _folder(surface: Surface, key: str, folder: str, *, exists: bool) -> str:
    state = surface.text("cli.config.present" if exists else "cli.config.absent")
    return surface.text(key, folder=folder, state=state)


def _desk_as_data(office: Office) -> dict[str, Any]:
    own = office.agency_record(office.agency)
    try:
        admitted = office.me().login == office.login
    except CredentialError:
        admitted = False
    return {
        "login": office.login,
        "agency": own.code,
        "device": office.keys.handle.hex(),
        "realm": office.realm.octets.hex(),
        "realm_name": office.charter.name,
        "admitted": admitted,
        "relay": "" if own.roster is None else own.roster.relay.url,
        "trusted": [
            {
                "agency": each.agency.hex(),
                "accepted_at": to_iso(each.accepted_at),
                "accepted_by": each.accepted_by,
            }
            for each in office.records.pairings()
        ],
        "waiting": office.mail.outbox.waiting(),
        "ledger_entries": office.ledger.size,
    }


def _desk_as_lines(surface: Surface, data: dict[str, Any]) -> list[str]:
    admitted = surface.text("cli.config.admitted" if data["admitted"] else "cli.config.waits")
    return [
        surface.text("cli.config.desk", login=data["login"], agency=data["agency"], state=admitted),
        surface.text("cli.config.realm", name=data["realm_name"], id=data["realm"]),
        surface.text("cli.config.device", device=data["device"]),
        surface.text("cli.config.relay", relay=data["relay"] or surface.text("cli.never")),
        surface.text("cli.config.trusted", count=len(data["trusted"])),
        surface.text("cli.config.outbox", waiting=data["waiting"], entries=data["ledger_entries"]),
    ]
