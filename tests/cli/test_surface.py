"""What a command says: results apart from talk, one JSON document, stable exit codes."""

from __future__ import annotations

import errno
import io
import json
import sys
from pathlib import Path

import pytest
import typer
from typing_extensions import override

from secure_liaison.cli import app as program
from secure_liaison.cli.surface import Exit, Surface, exit_code_of
from secure_liaison.errors import (
    AccessDeniedError,
    AuditInconsistentError,
    CredentialError,
    FormatError,
    LiaisonError,
    NotAddressedError,
    OutOfOrderError,
    RelayUnreachableError,
    SignatureError,
    VaultLockedError,
    WrongPassphraseError,
)
from secure_liaison.i18n import Language
from secure_liaison.identity.anchors import RealmCharter
from tests.cli.running import run


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AccessDeniedError("refused"), Exit.REFUSED),
        (NotAddressedError("other-office"), Exit.REFUSED),
        (FormatError("not-cbor"), Exit.NOT_VERIFIED),
        (SignatureError("wrong-signer"), Exit.NOT_VERIFIED),
        (AuditInconsistentError("export-root"), Exit.NOT_VERIFIED),
        (CredentialError("other-realm"), Exit.NOT_VERIFIED),
        (CredentialError("unknown-officer"), Exit.FAILED),
        (CredentialError("unknown-device"), Exit.FAILED),
        (RelayUnreachableError("connect"), Exit.FAILED),
        (VaultLockedError("second-process"), Exit.FAILED),
        (WrongPassphraseError("no-slot"), Exit.FAILED),
        (OutOfOrderError("not-opened"), Exit.FAILED),
    ],
    ids=lambda value: str(value) if isinstance(value, LiaisonError) else "",
)
def test_each_error_has_its_exit_code(error: LiaisonError, expected: Exit) -> None:
    assert expected is exit_code_of(error)


def test_results_go_to_stdout_and_talk_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    surface = Surface(Language.EN)
    surface.result({"a": 1}, "one line")
    surface.talk("cli.audit.empty")
    surface.hint("cli.file.hint")
    told = capsys.readouterr()
    assert "one line\n" == told.out
    assert ["liaison: no entries", "liaison: hint: check"] == [
        line[:20] for line in told.err.splitlines()
    ]


def test_json_is_one_document_in_the_characters_of_its_language(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Surface(Language.ZH, as_json=True).result({"mark": "机密★10年"}, "not shown")
    out = capsys.readouterr().out
    assert {"mark": "机密★10年"} == json.loads(out)
    assert "机密" in out


def test_an_error_as_json_holds_code_reason_facts_cause_and_hint(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = Surface(Language.EN, as_json=True).fail(AuditInconsistentError("entry-counter", index=7))
    told = json.loads(capsys.readouterr().out)["error"]
    assert Exit.NOT_VERIFIED is code
    assert ("audit.inconsistent", "entry-counter", {"index": 7}) == (
        told["code"],
        told["reason"],
        told["facts"],
    )
    assert told["cause"]
    assert told["hint"]


def test_an_exercise_is_told_at_once_and_stands_in_every_document(
    capsys: pytest.CaptureFixture[str],
) -> None:
    surface = Surface(Language.EN, as_json=True)
    surface.enter(RealmCharter(name="EXERCISE spring", exercise=True, salt=bytes(16)))
    surface.result({})
    told = capsys.readouterr()
    assert "EXERCISE 演练 · realm EXERCISE spring" in told.err
    assert {"exercise": True} == json.loads(told.out)


def test_a_real_realm_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    surface = Surface(Language.EN)
    surface.enter(RealmCharter(name="Service", exercise=False, salt=bytes(16)))
    assert "" == capsys.readouterr().err
    assert surface.exercise is False


def test_a_moment_shows_local_time_and_utc() -> None:
    shown = Surface(Language.EN).moment(1_795_305_600)
    assert shown.endswith("(2026-11-22T00:00:00Z)")
    assert shown[:4] == "2026"
    assert "" == Surface(Language.EN).moment(None)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOENT, "missing"),
        (errno.EACCES, "no-access"),
        (errno.EISDIR, "folder"),
        (errno.ENOTDIR, "missing"),
        (errno.EEXIST, "exists"),
        (errno.EIO, "other"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    number: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = Surface(Language.EN, as_json=True).fail_file(OSError(number, "said", "annex.pdf"))
    told = json.loads(capsys.readouterr().out)["error"]
    assert Exit.FAILED is code
    assert ("file", reason) == (told["code"], told["reason"])
    assert "“annex.pdf”" in told["cause"]


def test_progress_is_silent_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Surface(Language.EN).progress("cli.wait.seal") as progress:
        progress(1, 2)
    told = capsys.readouterr()
    assert ("", "") == (told.out, told.err)


def test_progress_shows_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        @override
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Surface(Language.EN).progress("cli.wait.seal") as progress:
        progress(1_000_000, 2_000_000)
    assert "sealing" in terminal.getvalue()


def test_an_interrupt_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_app: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(typer.main, "get_command", interrupted)
    ran = run("inbox")
    assert (130, "", "") == (ran.code, ran.out, ran.err)


def test_a_bug_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_app: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(typer.main, "get_command", broken)
    monkeypatch.setattr(sys, "argv", ["liaison", "inbox"])
    with pytest.raises(ZeroDivisionError):
        program.main()


def test_an_older_terminal_gets_every_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "argv", ["liaison", "policy", "show", "--lang", "zh"])
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="ascii"))
    with pytest.raises(SystemExit) as ended:
        program.main()
    sys.stdout.flush()
    assert 0 == ended.value.code
    assert rb"\u56fd\u5bb6" in out.getvalue()


def test_a_file_that_may_not_be_opened_ends_with_a_sentence(tmp_path: Path) -> None:
    ran = run("anchor", "show", tmp_path)
    assert 1 == ran.code
    assert "is a folder, and a file is needed" in ran.err
    assert "Traceback" not in ran.err
