"""``liaison policy`` and ``liaison config``: what rules apply, and how this machine is set up.

Source: docs/concepts/labels.md; docs/guides/officer.md.
"""

from __future__ import annotations

import os
from enum import Enum
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_liaison.cli.opening import desk, desk_home, registry_home, typed
from secure_liaison.cli.options import DeskCommand, PlainCommand, group, voice
from secure_liaison.cli.policy_import import add_import
from secure_liaison.clock import to_iso
from secure_liaison.errors import CredentialError
from secure_liaison.labels.marking import banner
from secure_liaison.labels.pack import builtin_pack, builtin_packs
from secure_liaison.monitor.decision import Action
from secure_liaison.vault.slots import KEY_FILE
from secure_liaison.workflows import explaining

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.labels.handling import Urgency
    from secure_liaison.labels.policy import Level, PolicyPack
    from secure_liaison.office import Office

commands = group()
_policy, _config = group(), group()
commands.add_typer(_policy, name="policy")
commands.add_typer(_config, name="config")
add_import(_policy)


@_policy.command("show", cls=PlainCommand)
def show_policy(
    context: typer.Context,
    pack: Annotated[str | None, typer.Argument(metavar="PACK")] = None,
) -> None:
    """Show a policy pack, or list all of them."""
    surface = voice(context)
    if pack is None:
        packs = builtin_packs()
        lines = [f"{each.policy_id}  {each.names.text(surface.language)}" for each in packs]
        surface.result({"packs": [_summary(each) for each in packs]}, *lines)
        return
    with typed(context):
        found = builtin_pack(pack)
    surface.result(_pack_as_data(found), *_pack_as_lines(surface, found))


class ActionChoice(Enum):
    """The acts that can be explained."""

    SEAL = "seal"
    OPEN = "open"


@_policy.command("explain", cls=DeskCommand)
def explain_policy(
    context: typer.Context,
    *,
    label: Annotated[str, typer.Option("--label", metavar="MARK")],
    officer: Annotated[str, typer.Option("--as", metavar="ADDRESS")],
    action: Annotated[ActionChoice, typer.Option("--action", metavar="ACT")] = ActionChoice.SEAL,
    pack: Annotated[str, typer.Option("--pack", metavar="PACK")] = "",
    topic: Annotated[str, typer.Option("--topic", metavar="TOPIC")] = "",
) -> None:
    """Explain rule by rule what the gate would decide for one officer; nothing is sent."""
    surface = voice(context)
    with desk(context) as office, typed(context):
        made, decision = explaining.explain(
            office, label, officer, action=Action[action.name], pack=pack, topic=topic
        )
        mark = banner(made, builtin_pack(made.policy), exercise=office.exercise)
    surface.result(
        {"label": mark, "as": officer, **explaining.decision_json(decision)},
        mark,
        *explaining.render_decision(decision, surface.language),
    )


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


def _summary(pack: PolicyPack) -> dict[str, Any]:
    return {
        "id": pack.id,
        "version": pack.version,
        "names": {"zh": pack.names.zh, "en": pack.names.en},
        "digest": pack.digest().hex(),
    }


def _pack_as_data(pack: PolicyPack) -> dict[str, Any]:
    return {
        **_summary(pack),
        "valid_from": pack.valid_from,
        "valid_to": pack.valid_to,
        "levels": [_level(pack, each) for each in pack.levels],
        "urgencies": [_urgency(each) for each in pack.urgencies],
        "person_classes": [
            {"id": each.id, "names": {"zh": each.names.zh, "en": each.names.en}}
            for each in pack.person_classes
        ],
        "send_hours": pack.freshness.send_hours,
        "open_hours": pack.freshness.open_hours,
        "basis": [{"cite": each.cite, "status": each.status.value} for each in pack.basis],
    }


def _level(pack: PolicyPack, level: Level) -> dict[str, Any]:
    handling = pack.handling_of(level.id)
    return {
        "id": level.id,
        "rank": level.rank,
        "names": {"zh": level.names.zh, "en": level.names.en},
        "mark": {"zh": level.mark.zh, "en": level.mark.en},
        "max_period_years": level.max_period_years,
        "reserved": level.reserved,
        "custody": handling.custody,
        "acknowledge_hours": handling.acknowledge_hours,
        "briefing_max_age_days": handling.training_max_age_days,
    }


def _urgency(urgency: Urgency) -> dict[str, Any]:
    return {
        "id": urgency.id,
        "names": {"zh": urgency.names.zh, "en": urgency.names.en},
        "acknowledge_hours": urgency.acknowledge_hours,
    }


def _pack_as_lines(surface: Surface, pack: PolicyPack) -> list[str]:
    language = surface.language
    lines = [
        f"{pack.policy_id}  {pack.names.text(language)}",
        surface.text("cli.policy.from", at=pack.valid_from),
        surface.text("cli.policy.levels"),
    ]
    for level in pack.levels:
        years = level.max_period_years
        longest = surface.text("cli.policy.years", years=years) if years else "—"
        reserved = surface.text("cli.policy.reserved") if level.reserved else ""
        mark = level.mark.text(language)
        lines.append(f"  {level.id}  {mark}  {longest}  {reserved}".rstrip())
    lines.append(surface.text("cli.policy.urgencies"))
    lines += [
        surface.text(
            "cli.policy.urgency",
            id=each.id,
            name=each.names.text(language),
            hours=each.acknowledge_hours,
        )
        for each in pack.urgencies
    ]
    hours = pack.freshness
    lines.append(surface.text("cli.policy.freshness", send=hours.send_hours, open=hours.open_hours))
    return [*lines, surface.text("cli.policy.basis"), *(f"  {each.cite}" for each in pack.basis)]
