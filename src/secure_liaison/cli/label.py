"""``liaison label …``: show the label in a file; its other commands stand in their own modules.

Source: docs/spec/stanag4774.md §8; docs/concepts/combining.md.
"""

from __future__ import annotations

import typer

from secure_liaison.cli.label_binding import add_binding
from secure_liaison.cli.label_clearance import add_clearance
from secure_liaison.cli.label_convert import add_convert
from secure_liaison.cli.label_join import add_join
from secure_liaison.cli.label_page import as_data, as_lines
from secure_liaison.cli.label_portions import add_portions
from secure_liaison.cli.label_reading import (
    CreatedOption,
    FileArgument,
    OwnerOption,
    PackOption,
    reading_of,
)
from secure_liaison.cli.opening import read_input
from secure_liaison.cli.options import PlainCommand, group, voice
from secure_liaison.labels.label_file import read_label_file

commands = group()
_label = group()
commands.add_typer(_label, name="label")


@_label.command("show", cls=PlainCommand)
def show(
    context: typer.Context,
    file: FileArgument,
    *,
    pack: PackOption = None,
    owner: OwnerOption = "",
    created: CreatedOption = "",
) -> None:
    """Show a label with its marks in both languages."""
    surface, read = voice(context), read_label_file(read_input(file))
    reading = reading_of(context, read, pack=pack, owner=owner, created=created)
    surface.result(as_data(reading), *as_lines(surface, reading))


add_convert(_label)
add_binding(_label)
add_clearance(_label)
add_join(_label)
add_portions(_label)
