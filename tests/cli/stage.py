"""Two agencies of an exercise, set up with nothing but commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.running import Ran, done, run


def passphrase_file(folder: Path, name: str) -> Path:
    """Write a passphrase that only its owner can read."""
    path = folder / f"{name}.pass"
    path.write_text(f"five random words of {name}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@dataclass
class Agency:
    """One agency: its registry, its keys, its desks by login."""

    folder: Path
    code: str
    told: dict[str, Any] = field(default_factory=dict)
    desks: dict[str, Path] = field(default_factory=dict)

    @property
    def anchor(self) -> Path:
        """The anchor file."""
        return self.folder / "registry" / "agency.anchor"

    @property
    def digits(self) -> str:
        """The 40 digits, as people compare them."""
        return str(self.told["digits"])

    def of_registry(self) -> list[str | Path]:
        """Options that open the registry."""
        secret = self.folder / "registry.pass"
        return ["--registry", self.folder / "registry", "--passphrase-file", secret]

    def of_signers(self, count: int = 1) -> list[str | Path]:
        """Options that name registrars' keys."""
        options: list[str | Path] = []
        for number in range(1, count + 1):
            options += ["--registrar-key", self.folder / "registry" / f"registrar-{number}.key"]
            secret = self.folder / f"registrar-{number}.pass"
            options += ["--registrar-passphrase-file", secret]
        return options

    def of_desk(self, login: str) -> list[str | Path]:
        """Options that open a desk."""
        return ["--home", self.desks[login], "--passphrase-file", self.folder / f"{login}.pass"]

    def desk(self, login: str, *arguments: str | Path, stdin: bytes = b"") -> dict[str, Any]:
        """Run a command on a desk that must succeed."""
        return done(*arguments, *self.of_desk(login), stdin=stdin)

    def try_desk(self, login: str, *arguments: str | Path, stdin: bytes = b"") -> Ran:
        """Run a command on a desk, however it ends."""
        return run(*arguments, *self.of_desk(login), stdin=stdin)

    def registry(self, *arguments: str | Path) -> dict[str, Any]:
        """Run a registry command that must succeed."""
        return done("registry", *arguments, *self.of_registry())

    def sign(self, *arguments: str | Path, count: int = 1) -> dict[str, Any]:
        """Run a registry command that registrars sign."""
        return self.registry(*arguments, *self.of_signers(count))


def found(folder: Path, code: str, *realm: str | Path) -> Agency:
    """Run ``liaison init`` for a new agency."""
    folder.mkdir()
    agency = Agency(folder, code)
    options: list[str | Path] = []
    passphrase_file(folder, "registry")
    options += ["--root-passphrase-file", passphrase_file(folder, "root")]
    for number in (1, 2):
        options += ["--registrar-passphrase-file", passphrase_file(folder, f"registrar-{number}")]
    names = ["--name-zh", f"{code}使馆", "--name-en", f"Embassy {code}"]
    agency.told = done(
        "init", "--code", code, *names, *realm, *options, *agency.of_registry(), "--rehearsal"
    )
    return agency


def enrol(agency: Agency, login: str, *, level: str | None, role: str = "liaison") -> None:
    """Make a desk, admit it by its digits, clear and brief its officer."""
    passphrase_file(agency.folder, login)
    agency.desks[login] = agency.folder / login
    request = agency.folder / f"{login}.request"
    asked = agency.desk(
        login,
        *("enrol", "--anchor", agency.anchor, "--digits", agency.digits, "--login", login),
        *("--name-zh", "某人", "--name-en", login, "--out", request, "--rehearsal"),
    )
    agency.sign(
        *("admit", request, "--digits", asked["digits"], "--role", role),
        *("--post-zh", "联络员", "--post-en", "officer"),
    )
    if level is not None:
        agency.sign("clear", login, level, "--class", "important")
        agency.sign("brief", login, "secrecy")


def agree(one: Agency, other: Agency, *, level: str = "机密") -> None:
    """Propose, countersign and adopt an agreement."""
    proposal, signed = one.folder / "proposal.agreement", other.folder / "signed.agreement"
    one.sign(
        *("agreement", "propose", other.anchor, "--digits", other.digits),
        *("--name", "agr:exercise", "--level", level, "--out", proposal),
    )
    other.sign("agreement", "countersign", proposal, "--out", signed)
    for agency in (one, other):
        agency.registry("agreement", "adopt", signed)
