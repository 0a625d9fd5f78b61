"""What a command says: results to stdout, talk to stderr, in one language, as text or as JSON.

Rules:

- One line of talk begins with ``liaison:``; a next step is a line of its own, ``liaison: hint:``.
- With ``--json`` stdout holds exactly one JSON document, also for errors.
- Progress shows on a terminal only; ``NO_COLOR`` and pipes get plain text.

Source: docs/reference/commands.md; CONVENTIONS (logs and surfaces).
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from secure_liaison import i18n
from secure_liaison.clock import to_iso
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialError,
    FormatError,
    LiaisonError,
    NotAddressedError,
    VerificationError,
)
from secure_liaison.monitor.decision import refusal_json, render_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from secure_liaison.clock import Instant
    from secure_liaison.i18n import Language
    from secure_liaison.identity.anchors import RealmCharter

__all__ = ["Exit", "Surface", "exit_code_of"]


_UNKNOWN: Final = "unknown-"
_FILE_REASONS: Final = (
    (FileNotFoundError, "missing"),
    (PermissionError, "no-access"),
    (IsADirectoryError, "folder"),
    (NotADirectoryError, "missing"),
    (FileExistsError, "exists"),
)


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    NOT_VERIFIED = 4


def exit_code_of(error: LiaisonError) -> Exit:
    """Return the exit code that a script can rely on."""
    match error:
        case AccessDeniedError() | NotAddressedError():
            return Exit.REFUSED
        case CredentialError() if error.reason.startswith(_UNKNOWN):
            return Exit.FAILED  # an address or a device that nobody knows proves nothing false
        case VerificationError() | FormatError():
            return Exit.NOT_VERIFIED
        case _:
            return Exit.FAILED


class Surface:
    """The voice of one command.

    Attributes:
        language: Of every sentence.
        as_json: Whether stdout holds one JSON document instead of lines.
        exercise: Whether the realm of what was opened is an exercise; nothing before.
    """

    def __init__(self, language: Language, *, as_json: bool = False) -> None:
        """Speak ``language``."""
        self.language = language
        self.as_json = as_json
        self.exercise: bool | None = None
        self._err = Console(stderr=True, highlight=False, no_color="NO_COLOR" in os.environ)

    def text(self, key: str, **values: object) -> str:
        """Return one sentence of the catalogues."""
        return i18n.text(key, self.language, **values)

    def moment(self, instant: Instant | int | None) -> str:
        """Render seconds UTC in local time with UTC beside it; empty for nothing."""
        if instant is None:
            return ""
        local = datetime.fromtimestamp(instant, tz=UTC).astimezone()
        return f"{local:%Y-%m-%d %H:%M %z} ({to_iso(instant)})"

    def enter(self, charter: RealmCharter) -> None:
        """Say in which realm this is; an exercise is told before anything else."""
        self.exercise = charter.exercise
        if charter.exercise:
            self.talk("cli.exercise", realm=charter.name)

    def result(self, data: dict[str, Any], *lines: str) -> None:
        """Give the command's result: ``data`` as JSON, or ``lines``."""
        if self.exercise is not None:
            data = {**data, "exercise": self.exercise}
        if self.as_json:
            print(json.dumps(data, ensure_ascii=False, sort_keys=True, indent=2))
        else:
            for line in lines:
                print(line)

    def page(self, text: str) -> None:
        """Show help to somebody who did not ask for it."""
        self._err.print(text, markup=False, soft_wrap=True)

    def talk(self, key: str, **values: object) -> None:
        """Say something beside the result."""
        self._line(self.text(key, **values))

    def hint(self, key: str, **values: object) -> None:
        """Say a next step."""
        self._line(f"{self.text('cli.hint')}: {self.text(key, **values)}")

    def fail(self, error: LiaisonError) -> Exit:
        """Explain an error in full and return the command's exit code."""
        code = exit_code_of(error)
        if self.as_json:
            self.result({"error": self._as_data(error)})
        elif isinstance(error, AccessDeniedError):
            for line in render_refusal(error, self.language):
                self._line(line)
        else:
            self._line(i18n.cause(error, self.language))
            self._line(f"{self.text('cli.hint')}: {i18n.hint(error, self.language)}")
        return code

    def fail_file(self, error: OSError) -> Exit:
        """Explain that a file named on the command line cannot be used."""
        kinds = (reason for kind, reason in _FILE_REASONS if isinstance(error, kind))
        reason = next(kinds, "other")
        name = error.filename if error.filename is not None else ""
        cause = self.text(f"cli.file.{reason}", name=name, said=error.strerror or "")
        self.explain("file", reason, cause, self.text("cli.file.hint"))
        return Exit.FAILED

    def explain(self, code: str, reason: str, cause: str, hint: str) -> None:
        """Say what happened and the next step, for what is no error of the library."""
        if self.as_json:
            self.result({"error": {"code": code, "reason": reason, "cause": cause, "hint": hint}})
        else:
            self._line(cause)
            self._line(f"{self.text('cli.hint')}: {hint}")

    @contextmanager
    def progress(self, key: str, **values: object) -> Iterator[Callable[[int, int], None]]:
        """Show a bar on a terminal while the block runs; give it (bytes done, bytes in all)."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        bar = Progress(*columns, TransferSpeedColumn(), console=self._err, transient=True)
        with bar:
            task = bar.add_task(self.text(key, **values), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    def _as_data(self, error: LiaisonError) -> dict[str, Any]:
        data: dict[str, Any] = {
            "code": error.code,
            "reason": error.reason,
            "facts": dict(error.facts),
            "cause": i18n.cause(error, self.language),
            "hint": i18n.hint(error, self.language),
        }
        if isinstance(error, AccessDeniedError):
            data["refusal"] = refusal_json(error)
        return data

    def _line(self, sentence: str) -> None:
        self._err.print(f"liaison: {sentence}", markup=False, soft_wrap=True)
