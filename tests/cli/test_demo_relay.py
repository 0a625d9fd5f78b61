"""The demonstration's relay as a process: it comes up, tells what went wrong, and always ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from secure_liaison.cli import demo_relay
from secure_liaison.cli.demo_relay import RelayProcess
from secure_liaison.errors import MissingExtraError, RelayUnreachableError

STUBBORN = (
    "import pathlib, signal, sys, time;"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "pathlib.Path(sys.argv[sys.argv.index('--ready-file') + 1]).write_text('1');"
    "time.sleep(60)"
)


def instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let another program take the relay's place."""
    monkeypatch.setattr(demo_relay, "_command", lambda name: [sys.executable, "-c", code, name])


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_listens_on_loopback_shows_what_it_saw_and_ends(tmp_path: Path) -> None:
    with RelayProcess(tmp_path / "relay") as relay:
        pid = relay.pid
        assert is_running(pid)
        assert relay.url.startswith("http://127.0.0.1:")
        assert isinstance(relay.saw(), dict)
    assert not is_running(pid)


def test_an_admission_that_fails_is_an_error_and_its_log_says_why(tmp_path: Path) -> None:
    snapshot = tmp_path / "no.snapshot"
    snapshot.write_bytes(b"no snapshot")
    with (
        RelayProcess(tmp_path / "relay") as relay,
        pytest.raises(RelayUnreachableError, match="connect"),
    ):
        relay.admit(snapshot, "0000 " * 10)
    assert (tmp_path / "relay.log").read_text().strip()


def test_without_the_relays_part_of_the_product_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, "import a_module_that_nobody_has")
    with pytest.raises(MissingExtraError, match="relay"):
        RelayProcess(tmp_path / "relay")


def test_a_relay_that_ends_at_once_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, "raise SystemExit(1)")
    with pytest.raises(RelayUnreachableError, match="connect"):
        RelayProcess(tmp_path / "relay")


def test_a_relay_that_never_listens_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(
        monkeypatch,
        "import os, sys, time; sys.stderr.write(str(os.getpid())); sys.stderr.flush();"
        " time.sleep(60)",
    )
    monkeypatch.setattr(demo_relay, "_START_S", 1)
    with pytest.raises(RelayUnreachableError, match="connect"):
        RelayProcess(tmp_path / "relay")
    assert not is_running(int((tmp_path / "relay.log").read_text()))


def test_a_relay_that_does_not_want_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, STUBBORN)
    monkeypatch.setattr(demo_relay, "_STOP_S", 0.2)
    with RelayProcess(tmp_path / "relay") as relay:
        assert "http://127.0.0.1:1" == relay.url
    assert not is_running(relay.pid)
