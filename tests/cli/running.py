"""Running ``liaison`` in this process as a person would: arguments in; code, output, talk out."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.cli.app import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one command did.

    Attributes:
        code: Exit code.
        raw: Standard output, as bytes.
        out: Standard output, as text; bytes that are no text are replaced.
        err: Standard error.
    """

    code: int
    raw: bytes
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The JSON document on standard output; there must be exactly one."""
        document: dict[str, Any] = json.loads(self.raw)
        return document


def run(*arguments: str | Path, stdin: bytes = b"") -> Ran:
    """Run one command to its end."""
    out, err = io.BytesIO(), io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["liaison", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8"))
        patch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        sys.stderr.flush()
        raw, talk = out.getvalue(), err.getvalue()
    return Ran(
        code=int(ended.value.code or 0),
        raw=raw,
        out=raw.decode(errors="replace"),
        err=talk.decode(),
    )


def done(*arguments: str | Path, stdin: bytes = b"") -> dict[str, Any]:
    """Run one command that must succeed, and return its JSON document."""
    ran = run(*arguments, "--json", stdin=stdin)
    if ran.code:
        raise AssertionError(ran.out + ran.err)
    return ran.data
