"""The program ``liaison``: its commands by name, and how a run ends.

Rules:

- A command's module is loaded when the command is used, so that help and mistakes are quick.
- What an operator can meet is told in one message and a hint; anything else is a bug and shows its
  trace.

Source: docs/reference/commands.md; docs/reference/errors.md.
"""

from __future__ import annotations

import io
import sys
from importlib.metadata import version
from typing import Annotated, ClassVar, Final

import typer

from secure_liaison.cli.help_page import LazyGroup
from secure_liaison.cli.localise import explain_usage, language_of, localise, wants_json
from secure_liaison.cli.surface import Exit, Surface
from secure_liaison.errors import LiaisonError
from secure_liaison.i18n import Language

__all__ = ["app", "main"]

_INTERRUPTED: Final = 130


class _Program(LazyGroup):
    modules: ClassVar = {
        "init": "agency",
        "anchor": "agency",
        "registry": "registry",
        "enrol": "enrolment",
        "trust": "enrolment",
        "book": "enrolment",
        "send": "mail",
        "collect": "mail",
        "inbox": "reading",
        "read": "reading",
        "acknowledge": "reading",
        "sent": "reading",
        "quarantine": "reading",
        "audit": "audit",
        "policy": "policy",
        "label": "label",
        "case": "case",
        "catalogue": "lists",
        "calendar": "lists",
        "config": "settings",
        "demo": "demonstration",
    }


app = typer.Typer(
    cls=_Program,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _say_version(context: typer.Context, wanted: bool) -> None:
    if wanted:
        print(version("secure-liaison"))
        context.exit()


@app.callback()
def _program(
    *,
    as_json: Annotated[bool, typer.Option("--json", expose_value=False)] = False,
    lang: Annotated[
        Language | None, typer.Option("--lang", metavar="zh|en", expose_value=False)
    ] = None,
    version_wanted: Annotated[
        bool,
        typer.Option("--version", expose_value=False, is_eager=True, callback=_say_version),
    ] = False,
) -> None:
    """Options that may also stand before the command."""


def main() -> None:
    """Run ``liaison`` and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a mark must never break an older terminal
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:]
    surface = Surface(language_of(arguments), as_json=wants_json(arguments))
    sys.exit(_run(arguments, surface))


def _run(arguments: list[str], surface: Surface) -> int:
    try:
        program = typer.main.get_command(app)
        localise(program, surface.language)
        done = program.main(arguments, prog_name="liaison", standalone_mode=False, obj=surface)
    except LiaisonError as error:
        return surface.fail(error)
    except typer.TyperException as problem:
        return explain_usage(surface, problem)
    except OSError as error:
        return surface.fail_file(error)
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    return done if isinstance(done, int) else Exit.DONE
