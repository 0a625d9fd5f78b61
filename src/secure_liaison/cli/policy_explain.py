"""``liaison policy explain``: each rule of a decision, what it read, what came of it.

Source: docs/concepts/refusals.md.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from secure_liaison.cli.opening import desk, typed
from secure_liaison.cli.options import DeskCommand, voice
from secure_liaison.labels.marking import banner
from secure_liaison.monitor.decision import Action
from secure_liaison.workflows import explaining
from secure_liaison.workflows.addressing import pack_of


def add_explain(commands: typer.Typer) -> None:
    """Add the command to the group ``liaison policy``."""
    commands.command("explain", cls=DeskCommand)(explain)


class ActionChoice(Enum):
    """The acts that can be explained."""

    SEAL = "seal"
    OPEN = "open"


def explain(
    context: typer.Context,
    *,
    label: Annotated[str, typer.Option("--label", "--mark", metavar="MARK")],
    officer: Annotated[str, typer.Option("--as", metavar="ADDRESS")],
    action: Annotated[ActionChoice, typer.Option("--action", metavar="ACT")] = ActionChoice.SEAL,
    pack: Annotated[str, typer.Option("--pack", metavar="PACK")] = "",
    topic: Annotated[str, typer.Option("--topic", metavar="TOPIC")] = "",
    period: Annotated[str, typer.Option("--period", metavar="PERIOD")] = "",
) -> None:
    """Explain rule by rule what the gate would decide for one officer; nothing is sent."""
    surface = voice(context)
    with desk(context) as office, typed(context):
        made, decision = explaining.explain(
            office,
            label,
            officer,
            action=Action[action.name],
            pack=pack,
            topic=topic,
            period=period,
        )
        mark = banner(made, pack_of(made), exercise=office.exercise)
    surface.result(
        {"label": mark, "as": officer, **explaining.decision_json(decision)},
        mark,
        *explaining.render_decision(decision, surface.language),
    )
