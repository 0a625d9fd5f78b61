"""The peers of the capsule: age by pyrage, and gpg; each made available or named as missing."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
INSTALLED = HERE.parent / "build" / "benchmarks"


class Age:
    """age in Rust (pyrage): X25519 recipients, no signature, nothing against quantum computers."""

    def __init__(self) -> None:
        self._age = _pyrage()
        self.missing = "" if self._age else "age (pyrage): could not be installed"
        self.version = "–"
        if self._age:
            self._identities = [self._age.x25519.Identity.generate() for _ in range(100)]
            self.version = importlib.metadata.version("pyrage")

    def seal(self, plain: Path, sealed: Path, recipients: int) -> None:
        keys = [identity.to_public() for identity in self._identities[:recipients]]
        self._age.encrypt_file(str(plain), str(sealed), keys)

    def open(self, sealed: Path, plain: Path) -> None:
        self._age.decrypt_file(str(sealed), str(plain), [self._identities[0]])


class Gpg:
    """gpg: sign and encrypt, as a child process; each call starts one."""

    def __init__(self, *, compress: bool) -> None:
        self._compress = [] if compress else ["--compress-algo", "none"]
        self.missing = "" if shutil.which("gpg") else "gpg: not found; apt install gnupg"
        self.version = "–"
        if self.missing:
            return
        # A short path: the agent's socket does not fit into a long one.
        self._home = tempfile.mkdtemp(prefix="g")
        self.version = self._run("--version").split("\n", 1)[0].split()[-1]
        for name in ("sender", "reader"):
            self._run(
                "--passphrase", "", "--quick-gen-key", name, "default", "default", "never"
            )  # fmt: skip

    def seal(self, plain: Path, sealed: Path) -> None:
        self._run(
            *self._compress, "--trust-model", "always", "-u", "sender", "-r", "reader",
            "--output", str(sealed), "--sign", "--encrypt", str(plain),
        )  # fmt: skip

    def open(self, sealed: Path, plain: Path) -> None:
        self._run("--output", str(plain), "--decrypt", str(sealed))

    def close(self) -> None:
        """End the agent and remove the keys."""
        if not self.missing:
            ending = [
                shutil.which("gpgconf") or "gpgconf",
                "--homedir",
                self._home,
                "--kill",
                "all",
            ]
            subprocess.run(ending, check=True)
            shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, *words: str) -> str:
        command = ["gpg", "--homedir", self._home, "--batch", "--yes", "--quiet", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _pyrage() -> Any:
    sys.path.append(str(INSTALLED))
    try:
        return importlib.import_module("pyrage")
    except ImportError:
        pass
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += [
        "--require-hashes",
        "--target",
        str(INSTALLED),
        "-r",
        str(HERE / "requirements.txt"),
    ]
    if subprocess.run(command, check=False).returncode:
        return None
    importlib.invalidate_caches()
    return importlib.import_module("pyrage")
