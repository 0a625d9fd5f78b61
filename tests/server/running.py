"""A relay as its own process on loopback, and desks that use it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from secure_liaison.clock import Clock, SystemClock
from secure_liaison.directory.roster import encode_snapshot
from secure_liaison.relay.http import HttpRelay
from tests.factories import AgencyFixture, DeviceBundle

LEFT_OPEN: list[Callable[[], None]] = []
COMMAND = [sys.executable, "-c", "from liaison_relay.app import main; main()"]


def run_relay(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=timeout_s, check=False
    )


def admit(folder: Path, agency: AgencyFixture) -> subprocess.CompletedProcess[str]:
    """Admit an agency as an operator would."""
    file = folder.parent / f"admission-{agency.anchor.code}.bin"
    file.write_bytes(encode_snapshot(agency.snapshot))
    return run_relay(
        "admit", str(file), "--digits", agency.anchor.digits(), "--folder", str(folder), "--json"
    )


class RelayProcess:
    """One running relay."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        ready = folder.parent / f"{folder.name}.ready"
        ready.unlink(missing_ok=True)
        self._log = (folder.parent / f"{folder.name}.log").open("ab")
        self._child = subprocess.Popen(
            [
                *(*COMMAND, "serve", "--folder", str(folder)),
                *("--port", "0", "--ready-file", str(ready), *options),
            ],
            stdout=self._log,
            stderr=self._log,
        )
        deadline = time.monotonic() + 60
        while not ready.exists():
            if self._child.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(self.log())
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{int(ready.read_text())}"

    def stop(self) -> int:
        """Ask the relay to stop; returns its exit code."""
        self._child.terminate()
        code = self._child.wait(timeout=30)
        self._log.close()
        return code

    def kill(self) -> None:
        """End the relay without warning."""
        self._child.kill()
        self._child.wait(timeout=30)
        self._log.close()

    def is_running(self) -> bool:
        return self._child.poll() is None

    def log(self) -> str:
        return (self.folder.parent / f"{self.folder.name}.log").read_text()


@contextmanager
def running(folder: Path, *options: str) -> Iterator[RelayProcess]:
    """Run a relay for the block; nothing stays behind."""
    relay = RelayProcess(folder, *options)
    try:
        yield relay
    finally:
        if relay.is_running():
            relay.kill()


def desk(url: str, device: DeviceBundle, clock: Clock | None = None) -> HttpRelay:
    """Return the relay as one device sees it; closed at the end of the test."""
    own = HttpRelay(url, device=device.handle, key=device.request, clock=clock or SystemClock())
    LEFT_OPEN.append(own.close)
    return own
