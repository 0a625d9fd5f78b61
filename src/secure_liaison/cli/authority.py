"""``liaison registry designate``, ``grant``, ``bodies``: who may determine, signed by registrars.

Rules:

- Each is a file for the desks; nothing of it stands in the roster.
- An end is brought forward by signing the same again with an earlier one.

Source: docs/guides/determination.md; docs/spec/determination.md §5.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import (
    digits_of,
    read_input,
    registry,
    require_new,
    signing_keys,
    typed,
    write_output,
)
from secure_liaison.cli.options import DigitsOption, SigningCommand, voice
from secure_liaison.clock import from_iso
from secure_liaison.identity.anchors import accept_anchor, open_anchor
from secure_liaison.labels.catalogue import MAX_CATALOGUE_BYTES
from secure_liaison.labels.grants import AuthorityGrant
from secure_liaison.workflows import authorising
from secure_liaison.workflows.packs import writable

if TYPE_CHECKING:
    from secure_liaison.clock import Instant

__all__ = ["add_authority"]

OutOption = Annotated[Path, typer.Option("--out", metavar="FILE")]
LevelsOption = Annotated[list[str], typer.Option("--level", metavar="LEVEL")]
SinceOption = Annotated[str, typer.Option("--since", metavar="DAY")]
UntilOption = Annotated[str, typer.Option("--until", metavar="DAY")]
PackOption = Annotated[str, typer.Option("--pack", metavar="PACK")]


def add_authority(app: typer.Typer) -> None:
    """Add the commands to the group of registrars."""
    for name, function in (
        ("designate", designate),
        ("grant", grant),
        ("bodies", bodies),
        ("catalogue", catalogue),
    ):
        app.command(name, cls=SigningCommand)(function)


def designate(
    context: typer.Context,
    login: Annotated[str, typer.Argument(metavar="LOGIN")],
    *,
    level: LevelsOption,
    since: SinceOption,
    trained: Annotated[str, typer.Option("--trained", metavar="DAY")],
    out: OutOption,
    until: UntilOption = "",
    pack: PackOption = "cn.state-secrets",
) -> None:
    """Designate an officer as responsible for determination."""
    require_new(out)
    with registry(context) as opened:
        keys = signing_keys(context)
        with typed(context):
            made = authorising.designate(
                opened,
                login,
                keys,
                levels=level,
                since=_day(since),
                until=_day(until) if until else None,
                trained_at=_day(trained),
                pack=pack,
            )
    _write(context, out, made)


def grant(
    context: typer.Context,
    partner: Annotated[Path, typer.Argument(metavar="ANCHOR")],
    *,
    level: LevelsOption,
    number: Annotated[str, typer.Option("--id", metavar="ID")],
    document: Annotated[str, typer.Option("--document", metavar="NUMBER")],
    granted: Annotated[str, typer.Option("--granted", metavar="DAY")],
    since: SinceOption,
    out: OutOption,
    until: UntilOption = "",
    digits: DigitsOption = None,
    pack: PackOption = "cn.state-secrets",
) -> None:
    """Grant another body the authority to determine."""
    require_new(out)
    root = open_anchor(read_input(partner))
    heard = digits_of(context, digits, prompt="cli.prompt.digits", code=root.code)
    accept_anchor(root, typed_digits=heard)
    with registry(context) as opened:
        keys = signing_keys(context)
        own = open_anchor(opened.state.anchor).agency_id
        with typed(context):
            policy = writable(opened, pack)
            given = AuthorityGrant(
                id=number,
                granter=authorising.agency_leaf(own),
                grantee=authorising.agency_leaf(root.agency_id),
                levels=frozenset(policy.find_level(each).id for each in level),
                granted_at=_day(granted),
                valid_from=_day(since),
                valid_to=_day(until) if until else None,
                document=document,
            )
            made = authorising.grant(opened, given, keys)
    _write(context, out, made)


def bodies(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    out: OutOption,
) -> None:
    """Sign the list of bodies by which the agency's desks judge."""
    octets = read_input(file)
    require_new(out)
    with registry(context) as opened:
        made = authorising.bodies(opened, octets, signing_keys(context))
    _write(context, out, made)


def catalogue(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    out: OutOption,
) -> None:
    """Adopt a catalogue of items for the agency's desks."""
    octets = read_input(file, max_bytes=MAX_CATALOGUE_BYTES)
    require_new(out)
    with registry(context) as opened:
        made = authorising.catalogue(opened, octets, signing_keys(context))
    _write(context, out, made)


def _write(context: typer.Context, out: Path, octets: bytes) -> None:
    surface = voice(context)
    write_output(out, octets)
    surface.result({"file": str(out)}, surface.text("cli.registry.authority", file=out))
    surface.hint("cli.registry.authority-next")


def _day(text: str) -> Instant:
    try:
        return from_iso(text)
    except ValueError as exc:
        raise UsageProblem("cli.usage.time", text=text) from exc
