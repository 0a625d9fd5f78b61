"""The demonstration's relay: a process of its own on loopback, ended by its process id.

Source: docs/guides/demo.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from secure_liaison.errors import MissingExtraError, RelayUnreachableError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

__all__ = ["RelayProcess"]

_RUN: Final = "from liaison_relay.app import main; main()"
_START_S: Final = 30
_STOP_S: Final = 15
_STEP_S: Final = 0.05


class RelayProcess:
    """A running relay; leave the ``with`` block to end it.

    Attributes:
        url: Where it listens, ``http://127.0.0.1:<port>``.
    """

    def __init__(self, folder: Path) -> None:
        """Start a relay with its embedded store in ``folder`` and wait until it listens.

        Raises:
            MissingExtraError: ``relay`` (its part of the product is not installed).
            RelayUnreachableError: ``connect`` (it did not come up).
        """
        self._folder = folder
        self._log = folder.parent / f"{folder.name}.log"
        ready = folder.parent / f"{folder.name}.port"
        options = ("--folder", str(folder), "--port", "0", "--ready-file", str(ready))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*_command("serve"), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self.url = f"http://127.0.0.1:{self._port(ready)}"
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def admit(self, snapshot: Path, digits: str) -> None:
        """Admit an agency by its snapshot and the digits of its root.

        Raises:
            RelayUnreachableError: ``connect`` (the command failed; its log says why).
        """
        options = ["--folder", str(self._folder), "--digits", digits]
        self._call("admit", str(snapshot), *options)

    def saw(self) -> dict[str, Any]:
        """Return all that the relay can tell of what passed through it."""
        told: dict[str, Any] = json.loads(
            self._call("show", "--folder", str(self._folder), "--json")
        )
        return told

    def stop(self) -> None:
        """End the process and wait for it."""
        self._process.terminate()
        try:
            self._process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _call(self, name: str, *arguments: str) -> str:
        done = subprocess.run(
            [*_command(name), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            with self._log.open("ab") as log:
                log.write(done.stderr)
            raise RelayUnreachableError("connect")
        return done.stdout.decode()

    def _port(self, ready: Path) -> int:
        for _ in range(int(_START_S / _STEP_S)):
            if ready.exists() and ready.read_text().strip():
                return int(ready.read_text())
            if self._process.poll() is not None:
                if b"ModuleNotFoundError" in self._log.read_bytes():
                    raise MissingExtraError("relay")
                break
            time.sleep(_STEP_S)
        raise RelayUnreachableError("connect")


def _command(name: str) -> list[str]:
    return [sys.executable, "-c", _RUN, name]
