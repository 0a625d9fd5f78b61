"""``liaison init`` and ``liaison anchor``: found an agency, show the digits of a root.

Source: docs/guides/agency.md; docs/spec/statements.md §5.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import (
    cost_of,
    passphrase,
    read_input,
    registry_home,
    require_no_vault,
    typed,
)
from secure_liaison.cli.options import PlainCommand, RegistryCommand, group, voice
from secure_liaison.cli.passphrases import PassphraseSource, obtain
from secure_liaison.clock import SystemClock, to_iso
from secure_liaison.crypto.keys import random_bytes
from secure_liaison.identity.anchors import RealmCharter, open_anchor
from secure_liaison.identity.names import Names, require_code
from secure_liaison.workflows.founding import Passphrases, found_agency

if TYPE_CHECKING:
    from secure_liaison.identity.anchors import Anchor
    from secure_liaison.workflows.founding import Founded

commands = group()
_anchor = group()
commands.add_typer(_anchor, name="anchor")

_SALT_BYTES = 16


@commands.command("init", cls=RegistryCommand)
def init(
    context: typer.Context,
    *,
    code: Annotated[str, typer.Option("--code")],
    name_zh: Annotated[str, typer.Option("--name-zh", metavar="NAME")],
    name_en: Annotated[str, typer.Option("--name-en", metavar="NAME")],
    realm_name: Annotated[str | None, typer.Option("--realm-name", metavar="NAME")] = None,
    exercise: Annotated[bool | None, typer.Option("--exercise/--real")] = None,
    join: Annotated[Path | None, typer.Option("--join", metavar="ANCHOR")] = None,
    registrars: Annotated[int, typer.Option("--registrars", min=2, max=8, metavar="N")] = 2,
    root_passphrase_file: Annotated[
        Path | None, typer.Option("--root-passphrase-file", metavar="FILE")
    ] = None,
    registrar_passphrase_file: Annotated[
        list[Path] | None, typer.Option("--registrar-passphrase-file", metavar="FILE")
    ] = None,
    rehearsal: Annotated[bool, typer.Option("--rehearsal", hidden=True)] = False,
) -> None:
    """Found an agency: root and registrars' keys, the anchor, the registry."""
    surface, home = voice(context), registry_home(context)
    charter = _charter(context, join, realm_name, exercise=exercise)
    with typed(context):
        names = Names(zh=name_zh, en=name_en)
        require_code(code)
    cost = cost_of(rehearsal=rehearsal, exercise=charter.exercise)
    require_no_vault(home)
    files = registrar_passphrase_file or []
    secrets = _new_passphrases(context, root_passphrase_file, files, count=registrars)
    surface.enter(charter)
    founded = found_agency(
        home,
        charter=charter,
        names=names,
        code=code,
        passphrases=secrets,
        clock=SystemClock(),
        cost=cost,
    )
    _tell_founded(context, home, founded)


@_anchor.command("show", cls=PlainCommand)
def show(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Show what an anchor file says, and its 40 digits; it is not trusted by that."""
    surface = voice(context)
    anchor = open_anchor(read_input(file))
    surface.enter(anchor.charter)
    surface.result(
        anchor_as_data(anchor),
        surface.text("cli.anchor.who", code=anchor.code, zh=anchor.names.zh, en=anchor.names.en),
        surface.text("cli.anchor.realm", name=anchor.charter.name, id=anchor.realm.octets.hex()),
        surface.text("cli.anchor.created", at=surface.moment(anchor.created)),
        surface.text("cli.anchor.digits", digits=anchor.digits()),
    )


def anchor_as_data(anchor: Anchor) -> dict[str, Any]:
    """Return an anchor for ``--json``."""
    return {
        "agency": anchor.agency_id.hex(),
        "code": anchor.code,
        "names": {"zh": anchor.names.zh, "en": anchor.names.en},
        "realm": anchor.realm.octets.hex(),
        "realm_name": anchor.charter.name,
        "created": to_iso(anchor.created),
        "digits": anchor.digits(),
    }


def _charter(
    context: typer.Context, join: Path | None, name: str | None, *, exercise: bool | None
) -> RealmCharter:
    if join is not None:
        if name is not None or exercise is not None:
            raise UsageProblem("cli.usage.realm-twice")
        return open_anchor(read_input(join)).charter
    if name is None or exercise is None:
        raise UsageProblem("cli.usage.realm-missing")
    with typed(context):
        return RealmCharter(name=name, exercise=exercise, salt=random_bytes(_SALT_BYTES))


def _new_passphrases(
    context: typer.Context, root: Path | None, files: list[Path], *, count: int
) -> Passphrases:
    surface = voice(context)
    count = max(count, len(files))
    registry = passphrase(context, prompt="cli.prompt.new-registry", new=True)
    prompt = surface.text("cli.prompt.new-root")
    of_root = obtain(surface, PassphraseSource(file=root), prompt=prompt, new=True)
    of_registrars = []
    for number in range(1, count + 1):
        source = PassphraseSource(file=files[number - 1] if number <= len(files) else None)
        prompt = surface.text("cli.prompt.new-registrar", number=number)
        of_registrars.append(obtain(surface, source, prompt=prompt, new=True))
    return Passphrases(registry=registry, root=of_root, registrars=tuple(of_registrars))


def _tell_founded(context: typer.Context, home: Path, founded: Founded) -> None:
    surface, anchor = voice(context), founded.anchor
    data = {
        **anchor_as_data(anchor),
        "registry": str(home),
        "anchor_file": str(founded.anchor_file),
        "key_files": [str(path) for path in founded.key_files],
    }
    surface.result(
        data,
        surface.text("cli.init.done", code=anchor.code, folder=home),
        surface.text("cli.init.anchor", file=founded.anchor_file),
        *(surface.text("cli.init.key", file=path) for path in founded.key_files),
        surface.text("cli.anchor.digits", digits=anchor.digits()),
    )
    surface.hint("cli.init.next")
