"""``liaison registry …``: what registrars do between two rosters.

Rules:

- Every change is signed by the registrars' keys that are named; nothing is in force before
  ``registry publish``, which two of them sign.

Source: docs/guides/agency.md; docs/spec/directory.md §7.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_liaison.cli import agreements
from secure_liaison.cli.authority import add_authority
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import (
    STREAM,
    digits_of,
    read_input,
    registry,
    require_new,
    signing_keys,
    typed,
    write_output,
)
from secure_liaison.cli.options import DigitsOption, RegistryCommand, SigningCommand, group, voice
from secure_liaison.cli.registry_page import as_data, as_lines
from secure_liaison.clock import from_iso
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.contents import AccreditationScope, RevocationMode
from secure_liaison.identity.enrolment import open_request
from secure_liaison.identity.names import Names
from secure_liaison.identity.officer_contents import Role
from secure_liaison.workflows import registry as registrars

if TYPE_CHECKING:
    from secure_liaison.clock import Instant

commands = group()
_registry = group()
commands.add_typer(_registry, name="registry")
_registry.add_typer(agreements.commands, name="agreement")
add_authority(_registry)

_PACK: Final = "cn.state-secrets"
_YEAR: Final = registrars.YEAR_DAYS

PackOption = Annotated[str, typer.Option("--pack", metavar="PACK")]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=3650, metavar="N")]
LoginArgument = Annotated[str, typer.Argument(metavar="LOGIN")]


class RoleChoice(Enum):
    """The offices as they are typed."""

    LIAISON = "liaison"
    SECURITY = "security"
    AUDITOR = "auditor"
    REGISTRAR = "registrar"


@_registry.command("show", cls=RegistryCommand)
def show(context: typer.Context) -> None:
    """Show officers, devices, clearances, briefings, agreements and the last roster."""
    with registry(context) as opened:
        surface, state, now = voice(context), opened.state, opened.clock.now()
        lines = as_lines(surface, state, now=now, packs=opened.packs.to_show())
        surface.result(as_data(state, now=now), *lines)


@_registry.command("admit", cls=SigningCommand)
def admit(
    context: typer.Context,
    request: Annotated[Path, typer.Argument(metavar="REQUEST")],
    *,
    post_zh: Annotated[str, typer.Option("--post-zh", metavar="POST")],
    post_en: Annotated[str, typer.Option("--post-en", metavar="POST")],
    role: Annotated[list[RoleChoice] | None, typer.Option("--role", metavar="ROLE")] = None,
    digits: DigitsOption = None,
    days: DaysOption = _YEAR,
) -> None:
    """Admit an officer's device whose 12 digits were compared."""
    octets = read_input(request)
    asked = open_request(octets)
    with typed(context):
        post = Names(zh=post_zh, en=post_en)
    heard = digits_of(context, digits, prompt="cli.prompt.request-digits", code=asked.login)
    roles = frozenset(Role[each.name] for each in role or [RoleChoice.LIAISON])
    with registry(context) as opened:
        keys = signing_keys(context)
        with typed(context):
            done = registrars.admit(
                opened, octets, keys, typed_digits=heard, post=post, roles=roles, days=days
            )
    _tell(context, {"login": done.login, "device": done.handle.hex()}, "cli.registry.admitted")


@_registry.command("clear", cls=SigningCommand)
def clear(
    context: typer.Context,
    login: LoginArgument,
    level: Annotated[str, typer.Argument(metavar="LEVEL")],
    *,
    person_class: Annotated[str, typer.Option("--class", metavar="CLASS")] = "",
    membership: Annotated[list[str] | None, typer.Option("--membership", metavar="LEAF")] = None,
    pack: PackOption = _PACK,
    days: DaysOption = _YEAR,
) -> None:
    """State an officer's clearance."""
    with registry(context) as opened:
        keys = signing_keys(context)
        with typed(context):
            registrars.clear(
                opened,
                login,
                keys,
                level=level,
                person_class=person_class,
                pack=pack,
                memberships=tuple(sorted(membership or [])),
                days=days,
            )
    _tell(context, {"login": login, "level": level, "pack": pack}, "cli.registry.cleared")


@_registry.command("brief", cls=SigningCommand)
def brief(
    context: typer.Context,
    login: LoginArgument,
    topic: Annotated[str, typer.Argument(metavar="TOPIC")],
    *,
    days: DaysOption = _YEAR,
) -> None:
    """State that an officer was briefed and pledged today."""
    with registry(context) as opened:
        keys = signing_keys(context)
        with typed(context):
            registrars.brief(opened, login, keys, topic=topic, days=days)
    _tell(context, {"login": login, "topic": topic}, "cli.registry.briefed")


@_registry.command("withdraw", cls=RegistryCommand)
def withdraw(context: typer.Context, login: LoginArgument, *, pack: PackOption = _PACK) -> None:
    """Leave an officer's clearance out of the next roster."""
    with registry(context) as opened:
        registrars.withdraw_clearance(opened, login, pack=pack)
    _tell(context, {"login": login, "pack": pack}, "cli.registry.withdrawn")


@_registry.command("retire", cls=RegistryCommand)
def retire(
    context: typer.Context,
    login: LoginArgument,
    *,
    compromised_since: Annotated[
        str | None, typer.Option("--compromised-since", metavar="TIME")
    ] = None,
) -> None:
    """Retire an officer's devices, or report them compromised."""
    since = None if compromised_since is None else _instant(compromised_since)
    mode = RevocationMode.RETIRED if since is None else RevocationMode.COMPROMISED
    with registry(context) as opened:
        at = opened.clock.now() if since is None else since
        devices = registrars.retire(opened, login, mode=mode, since=at)
    _tell(context, {"login": login, "devices": devices}, "cli.registry.retired")


@_registry.command("accredit", cls=SigningCommand)
def accredit(
    context: typer.Context,
    level: Annotated[str, typer.Argument(metavar="LEVEL")],
    *,
    granted_by: Annotated[str, typer.Option("--granted-by", metavar="AUTHORITY")],
    basis: Annotated[str, typer.Option("--basis", metavar="TEXT")],
    relay: Annotated[str, typer.Option("--relay", metavar="URL")] = "",
    device: Annotated[str, typer.Option("--device", metavar="HANDLE")] = "",
    provider: Annotated[bool, typer.Option("--provider")] = False,
    pack: PackOption = _PACK,
    days: DaysOption = _YEAR,
) -> None:
    """State up to which level this installation, a relay or a device is accredited."""
    if (bool(relay), bool(device), provider).count(True) > 1:
        raise UsageProblem("cli.usage.one-scope")
    scope = AccreditationScope.DEPLOYMENT
    if relay:
        scope = AccreditationScope.RELAY
    elif device:
        scope = AccreditationScope.DEVICE
    elif provider:
        scope = AccreditationScope.PROVIDER
    with registry(context) as opened:
        keys = signing_keys(context)
        with typed(context):
            registrars.accredit(
                opened,
                keys,
                level=level,
                granted_by=granted_by,
                basis=basis,
                pack=pack,
                scope=scope,
                target=relay or device,
                days=days,
            )
    _tell(context, {"level": level, "pack": pack}, "cli.registry.accredited")


@_registry.command("publish", cls=SigningCommand)
def publish(
    context: typer.Context,
    *,
    relay: Annotated[str | None, typer.Option("--relay", metavar="URL")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER")] = Path(),
) -> None:
    """Sign the next roster with two registrars' keys and write the files that go out."""
    surface = voice(context)
    require_new(out / STREAM)  # the folder; the files are named after the roster's number
    with registry(context) as opened:
        keys, code = signing_keys(context), open_anchor(opened.state.anchor).code
        with typed(context):
            made = registrars.publish(opened, keys, relay_url=relay)
    book, snapshot = (out / f"{code}-{made.sequence}.{kind}" for kind in ("book", "snapshot"))
    write_output(book, made.book)
    write_output(snapshot, made.snapshot)
    surface.result(
        {"sequence": made.sequence, "book": str(book), "snapshot": str(snapshot)},
        surface.text("cli.registry.published", sequence=made.sequence),
        surface.text("cli.registry.published-book", file=book),
        surface.text("cli.registry.published-snapshot", file=snapshot),
    )
    surface.hint("cli.registry.published-next")


def _tell(context: typer.Context, data: dict[str, Any], key: str) -> None:
    surface = voice(context)
    surface.result(data, surface.text(key, **data))
    surface.hint("cli.registry.publish-next")


def _instant(text: str) -> Instant:
    try:
        return from_iso(text)
    except ValueError as exc:
        raise UsageProblem("cli.usage.time", text=text) from exc
