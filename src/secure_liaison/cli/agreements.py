"""``liaison registry agreement …``: one agency proposes, the other countersigns, both adopt.

Source: docs/guides/agency.md; docs/spec/labels.md §8.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from secure_liaison.cli.agreement_page import as_data, as_lines
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
from secure_liaison.cli.options import (
    DigitsOption,
    PlainCommand,
    RegistryCommand,
    SigningCommand,
    group,
    voice,
)
from secure_liaison.identity.anchors import accept_anchor, open_anchor
from secure_liaison.labels.agreement_terms import read_terms, terms_up_to
from secure_liaison.workflows import registry as registrars

commands = group()

OutOption = Annotated[Path, typer.Option("--out", metavar="FILE")]


@commands.command("propose", cls=SigningCommand)
def propose(
    context: typer.Context,
    partner: Annotated[Path, typer.Argument(metavar="ANCHOR")],
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME")],
    out: OutOption,
    level: Annotated[str, typer.Option("--level", metavar="LEVEL")] = "",
    terms: Annotated[Path | None, typer.Option("--terms", metavar="FILE")] = None,
    digits: DigitsOption = None,
    pack: Annotated[str, typer.Option("--pack", metavar="PACK")] = "cn.state-secrets",
    days: Annotated[
        int, typer.Option("--days", min=1, max=3650, metavar="N")
    ] = registrars.YEAR_DAYS,
) -> None:
    """Draft and sign an agreement with an agency whose digits were compared."""
    if bool(level) == (terms is not None):
        raise UsageProblem("cli.usage.level-or-terms")
    surface, root = voice(context), open_anchor(read_input(partner))
    require_new(out)
    heard = digits_of(context, digits, prompt="cli.prompt.digits", code=root.code)
    accept_anchor(root, typed_digits=heard)
    with registry(context) as opened:
        keys = signing_keys(context)
        with typed(context):
            packs = opened.packs.to_write()
            written = (
                terms_up_to(level, pack=pack, packs=packs)
                if terms is None
                else read_terms(read_input(terms), packs=packs)
            )
            signed = registrars.propose_agreement(
                opened, root, keys, name=name, terms=written, days=days
            )
    write_output(out, signed)
    surface.result(
        {"agreement": name, "partner": root.code, "file": str(out)},
        surface.text("cli.agreement.proposed", name=name, code=root.code, file=out),
    )
    surface.hint("cli.agreement.proposed-next", code=root.code)


@commands.command("show", cls=PlainCommand)
def show(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Show what an agreement says, before anybody signs it."""
    surface, agreement = voice(context), registrars.read_agreement(read_input(file))
    surface.result(as_data(agreement), *as_lines(surface, agreement))


@commands.command("countersign", cls=SigningCommand)
def countersign(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    out: OutOption,
) -> None:
    """Add this agency's signature to an agreement that another agency proposed."""
    surface, octets = voice(context), read_input(file)
    require_new(out)
    with registry(context) as opened:
        signed = registrars.countersign(opened, octets, signing_keys(context))
    write_output(out, signed)
    surface.result({"file": str(out)}, surface.text("cli.agreement.signed", file=out))
    surface.hint("cli.agreement.signed-next")


@commands.command("adopt", cls=RegistryCommand)
def adopt(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Take an agreement that both have signed into the next roster."""
    surface, octets = voice(context), read_input(file)
    with registry(context) as opened:
        agreement = registrars.adopt_agreement(opened, octets)
    surface.result(
        {"agreement": agreement.id, "parties": list(agreement.parties)},
        surface.text("cli.agreement.adopted", name=agreement.id),
    )
    surface.hint("cli.registry.publish-next")
