"""``liaison label clearance``: what a clearance of STANAG 4774 gives, and what was not taken over.

Source: docs/spec/stanag4774.md §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_liaison.cli.label_reading import FileArgument, PackOption, day_of, pack_named
from secure_liaison.cli.opening import read_input
from secure_liaison.cli.options import PlainCommand, voice
from secure_liaison.clock import SystemClock, to_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.clearance4774 import reader_of
from secure_liaison.labels.label_file import LabelForm
from secure_liaison.labels.names4774 import names_policy
from secure_liaison.labels.shelf import BUILTIN_SHELF
from secure_liaison.labels.stanag4774_json import read_clearance_json
from secure_liaison.labels.stanag4774_xml import read_clearance_xml

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.clock import Instant
    from secure_liaison.labels.clearance4774 import HeardReader
    from secure_liaison.labels.label4774 import Clearance4774
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["add_clearance"]


def add_clearance(label: typer.Typer) -> None:
    """Give the group of label commands its ``clearance``."""
    label.command("clearance", cls=PlainCommand)(_clearance)


def _clearance(
    context: typer.Context,
    file: FileArgument,
    *,
    pack: PackOption = None,
    day: Annotated[str, typer.Option("--day", metavar="DATE")] = "",
) -> None:
    """Show what a clearance gives its holder."""
    surface, octets = voice(context), read_input(file)
    form = LabelForm.JSON if octets.lstrip().startswith(b"{") else LabelForm.XML
    read = read_clearance_json if form is LabelForm.JSON else read_clearance_xml
    clearance = read(octets)
    at = day_of(context, day, place="--day")
    at = SystemClock().now() if at is None else at
    used = _pack_for(clearance, at) if pack is None else pack_named(context, pack)
    heard = reader_of(clearance, used, day=to_iso(at)[:10])
    data = _as_data(heard, used) | {"form": form.value, "day": to_iso(at)[:10]}
    surface.result(data, *_as_lines(surface, data))


def _pack_for(clearance: Clearance4774, at: Instant) -> PolicyPack:
    for pack in BUILTIN_SHELF.newest():
        if names_policy(pack, clearance.policy, clearance.policy_uri):
            return BUILTIN_SHELF.in_force(pack.id, at)
    raise FormatError("pack-unknown")


def _as_data(heard: HeardReader, pack: PolicyPack) -> dict[str, Any]:
    highest = pack.level(heard.reader.level)
    levels = [each for each in pack.levels if each.rank <= highest.rank]
    return {
        "policy": pack.policy_id,
        "levels": [
            {"id": each.id, "names": {"zh": each.names.zh, "en": each.names.en}} for each in levels
        ],
        "memberships": sorted(heard.reader.memberships),
        "controls": sorted(heard.reader.controls),
        "unproven": list(heard.unproven),
        "dropped": list(heard.dropped),
    }


def _as_lines(surface: Surface, data: dict[str, Any]) -> list[str]:
    names = [each["names"][surface.language.value] for each in data["levels"]]
    lines = [
        surface.text("cli.label.policy", policy=data["policy"], form=data["form"]),
        surface.text("cli.label.levels", levels=surface.text("cli.label.levels-and").join(names)),
        surface.text("cli.label.as-of", day=data["day"]),
    ]
    for name in ("memberships", "controls"):
        values = ", ".join(data[name]) or surface.text("cli.label.none")
        lines.append(surface.text(f"cli.label.{name}", values=values))
    lines += [surface.text("cli.label.unproven", leaf=each) for each in data["unproven"]]
    return [*lines, *(surface.text("cli.label.not-taken", place=each) for each in data["dropped"])]
