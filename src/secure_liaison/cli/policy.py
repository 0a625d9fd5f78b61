"""``liaison policy …``: show, lint, compare, sign, verify and use policy packs.

Rules:

- A pack is named by its file, by ``id@version``, or by its id for the newest version.
- ``lint`` reads what would be refused elsewhere, and says everything that is wrong with it.

Source: docs/guides/policy-pack.md; docs/concepts/labels.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from secure_liaison.cli.opening import (
    desk,
    read_input,
    registry,
    require_new,
    signing_keys,
    typed,
    write_output,
)
from secure_liaison.cli.options import DeskCommand, PlainCommand, SigningCommand, group, voice
from secure_liaison.cli.policy_explain import add_explain
from secure_liaison.cli.policy_import import add_import
from secure_liaison.cli.policy_page import (
    change_lines,
    changes_as_data,
    finding_lines,
    findings_as_data,
    pack_as_data,
    pack_as_lines,
    packs_in_use_as_data,
    packs_in_use_as_lines,
    summary,
)
from secure_liaison.cli.surface import Exit
from secure_liaison.clock import to_iso
from secure_liaison.identity.pack_signature import MAX_PACK_SIGNATURE_BYTES
from secure_liaison.labels.finding import Finding, Severity
from secure_liaison.labels.lint import lint
from secure_liaison.labels.pack import (
    BUILTIN_PACKS,
    MAX_PACK_BYTES,
    builtin_pack,
    builtin_packs,
    load_pack,
    read_unchecked,
)
from secure_liaison.labels.pack_diff import diff_packs
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.workflows import packs as agency_packs

commands = group()
_policy = group()
commands.add_typer(_policy, name="policy")
add_explain(_policy)
add_import(_policy)

_YEAR: Final = 365

PackFile = Annotated[Path, typer.Argument(metavar="FILE")]


@_policy.command("show", cls=PlainCommand)
def show(
    context: typer.Context,
    pack: Annotated[str | None, typer.Argument(metavar="PACK")] = None,
) -> None:
    """Show a policy pack, or list all of them."""
    surface = voice(context)
    if pack is None:
        packs = builtin_packs()
        lines = [f"{each.policy_id}  {each.names.text(surface.language)}" for each in packs]
        surface.result({"packs": [summary(each) for each in packs]}, *lines)
        return
    found = _named(context, pack)
    surface.result(pack_as_data(found), *pack_as_lines(surface, found))


@_policy.command("lint", cls=PlainCommand)
def lint_packs(
    context: typer.Context, packs: Annotated[list[str], typer.Argument(metavar="PACK…")]
) -> None:
    """Say everything that is wrong with policy packs."""
    surface = voice(context)
    found: list[tuple[PolicyPack, tuple[Finding, ...]]] = []
    for name in packs:
        pack = _named(context, name, unchecked=True)
        found.append((pack, lint(pack)))
    errors = sum(each.severity is Severity.ERROR for _, all_of in found for each in all_of)
    warnings = sum(len(all_of) for _, all_of in found) - errors
    lines = [line for pack, all_of in found for line in finding_lines(surface, pack, all_of)]
    data: dict[str, Any] = {
        "errors": errors,
        "warnings": warnings,
        "packs": [findings_as_data(surface, *each) for each in found],
    }
    surface.result(data, *lines)
    if not surface.as_json:
        counted = {"packs": len(found), "errors": errors, "warnings": warnings}
        surface.talk("cli.policy.linted", **counted)
        if errors:
            surface.hint("cli.policy.linted-next")
    if errors:
        raise typer.Exit(Exit.FAILED)


@_policy.command("diff", cls=PlainCommand)
def diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD")],
    new: Annotated[str, typer.Argument(metavar="NEW")],
) -> None:
    """Say what changed between two policy packs, and what it does to protection."""
    surface = voice(context)
    before, after = _named(context, old), _named(context, new)
    changes = diff_packs(before, after)
    data = {"old": before.policy_id, "new": after.policy_id, "changes": changes_as_data(changes)}
    surface.result(data, *change_lines(surface, changes))


@_policy.command("sign", cls=SigningCommand)
def sign(
    context: typer.Context,
    file: PackFile,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE")],
    days: Annotated[int, typer.Option("--days", min=1, max=3650, metavar="N")] = _YEAR,
) -> None:
    """Sign a policy pack for the agency, with as many registrars' keys as sign a roster."""
    surface, octets = voice(context), read_input(file, max_bytes=MAX_PACK_BYTES)
    require_new(out)
    with registry(context) as opened:
        keys = signing_keys(context)
        pack, signed = agency_packs.sign_policy(opened, octets, keys, days=days)
    write_output(out, signed)
    surface.result(
        {**summary(pack), "file": str(out)},
        surface.text("cli.policy.signed", policy=pack.policy_id, file=out),
        surface.text("cli.policy.digest", digest=pack.digest().hex()),
    )
    surface.hint("cli.policy.signed-next")


@_policy.command("verify", cls=DeskCommand)
def verify(
    context: typer.Context,
    file: PackFile,
    *,
    signature: Annotated[Path, typer.Option("--signature", metavar="FILE")],
    agency: Annotated[str | None, typer.Option("--agency", metavar="CODE")] = None,
) -> None:
    """Verify the signature of an agency under a policy pack, the own agency's by default."""
    surface = voice(context)
    octets = read_input(file, max_bytes=MAX_PACK_BYTES)
    signed = read_input(signature, max_bytes=MAX_PACK_SIGNATURE_BYTES)
    with desk(context) as office:
        record = (
            office.agency_record(office.agency)
            if agency is None
            else office.directory.agency_by_code(agency)
        )
        pack, stated = agency_packs.verify_policy(office, octets, signed, agency=record.agency_id)
    until = to_iso(stated.not_after)
    surface.result(
        {**summary(pack), "agency": record.code, "until": until},
        surface.text(
            "cli.policy.verified", policy=pack.policy_id, code=record.code, until=until[:10]
        ),
        surface.text("cli.policy.digest", digest=pack.digest().hex()),
    )


@_policy.command("add", cls=DeskCommand)
def add(
    context: typer.Context,
    file: PackFile,
    *,
    signature: Annotated[Path, typer.Option("--signature", metavar="FILE")],
) -> None:
    """Use a policy pack at this desk that the own registrars signed."""
    surface = voice(context)
    octets = read_input(file, max_bytes=MAX_PACK_BYTES)
    signed = read_input(signature, max_bytes=MAX_PACK_SIGNATURE_BYTES)
    with desk(context) as office:
        pack, stated, new = agency_packs.add_policy(office, octets, signed)
    until = to_iso(stated.not_after)
    surface.result(
        {**summary(pack), "until": until, "new": new},
        surface.text(
            "cli.policy.pack-added" if new else "cli.policy.pack-known",
            policy=pack.policy_id,
            until=until[:10],
        ),
        surface.text("cli.policy.digest", digest=pack.digest().hex()),
    )
    surface.hint("cli.policy.pack-added-next")


@_policy.command("packs", cls=DeskCommand)
def packs_here(context: typer.Context) -> None:
    """List the policy packs that this desk uses."""
    surface = voice(context)
    with desk(context) as office:
        built_in, own = tuple(map(builtin_pack, BUILTIN_PACKS)), office.packs.own()
    data = {"packs": packs_in_use_as_data(built_in, own)}
    surface.result(data, *packs_in_use_as_lines(surface, built_in, own))


def _named(context: typer.Context, name: str, *, unchecked: bool = False) -> PolicyPack:
    """Return the pack of a file, or one that is built in; what looks like a file is one."""
    path = Path(name)
    if path.suffix == ".json" or path.is_file():
        octets = read_input(path, max_bytes=MAX_PACK_BYTES)
        return read_unchecked(octets) if unchecked else load_pack(octets)
    with typed(context):
        return builtin_pack(name)
