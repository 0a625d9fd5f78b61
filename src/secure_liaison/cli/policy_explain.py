"""``liaison policy explain``: each rule of a decision, what it read, what came of it.

Source: docs/concepts/refusals.md.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.mark_page import mark_as_data, mark_as_text
from secure_liaison.cli.opening import desk, typed
from secure_liaison.cli.options import DeskCommand, voice
from secure_liaison.labels.marking import banner
from secure_liaison.monitor.decision import Action
from secure_liaison.workflows import addressing, explaining, labelling


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
    label: Annotated[str, typer.Option("--label", "--mark", metavar="MARK")] = "",
    officer: Annotated[str, typer.Option("--as", metavar="ADDRESS")] = "",
    received: Annotated[str, typer.Option("--object", metavar="ID")] = "",
    action: Annotated[ActionChoice | None, typer.Option("--action", metavar="ACT")] = None,
    pack: Annotated[str, typer.Option("--pack", metavar="PACK")] = "",
    topic: Annotated[str, typer.Option("--topic", metavar="TOPIC")] = "",
    period: Annotated[str, typer.Option("--period", metavar="PERIOD")] = "",
) -> None:
    """Explain rule by rule what the gate would decide; nothing is sent and nothing opened."""
    if bool(received) is bool(label) or bool(label) is not bool(officer):
        raise UsageProblem("cli.usage.label-or-object")
    if received and (action is not None or pack or topic or period):
        raise UsageProblem("cli.usage.label-or-object")
    surface = voice(context)
    if received:
        _explain_received(context, received)
        return
    act = Action.SEAL if action is None else Action[action.name]
    with desk(context) as office, typed(context):
        made, decision = explaining.explain(
            office, label, officer, action=act, pack=pack, topic=topic, period=period
        )
        mark = banner(made, addressing.pack_of(office, made), exercise=office.exercise)
    surface.result(
        {"label": mark, "as": officer, **explaining.decision_json(decision)},
        mark,
        *explaining.render_decision(decision, surface.language),
    )


def _explain_received(context: typer.Context, reference: str) -> None:
    surface = voice(context)
    with desk(context) as office:
        verified, decision = explaining.explain_received(office, reference)
        holds = labelling.of_received(office, verified)
        data = {"id": verified.digest.hex(), **mark_as_data(office, holds)}
        line = mark_as_text(surface, office, holds)
    surface.result(
        {**data, **explaining.decision_json(decision)},
        line,
        *explaining.render_decision(decision, surface.language),
    )
