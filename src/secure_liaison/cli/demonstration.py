"""``liaison demo``: the main job from start to end, in an exercise, on this machine.

Source: docs/guides/demo.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from secure_liaison.cli.demo import run_demo
from secure_liaison.cli.options import PlainCommand, group, voice

commands = group()


@commands.command("demo", cls=PlainCommand)
def demo(
    context: typer.Context,
    *,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="FOLDER")] = None,
    large_mib: Annotated[int, typer.Option("--large-mib", min=1, metavar="N")] = 200,
) -> None:
    """Do the main job once; nothing is left running."""
    run_demo(voice(context), keep=keep, large_mib=large_mib)
