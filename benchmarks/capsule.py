"""How fast is sealing and opening? ``python -m benchmarks.capsule [--quick] [--rounds N]``

What is timed is what a caller does, file to file: the gate's decision with its ledger line, the
signature, the trees, the stanzas; and for opening the strict parse, the directory, the gate, every
range, the last byte of padding. Peers do less (age signs nothing) or the same (gpg signs).
The limits are the bare cipher and hash of the same bytes on one thread, in memory.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.desks import RECIPIENTS, Desks
from benchmarks.peers import Age, Gpg
from benchmarks.table import MIB, Row, arguments, interleaved, report
from secure_liaison.capsule.body import PartSource
from secure_liaison.crypto.keys import Secret
from secure_liaison.crypto.payload import PayloadSealer

if TYPE_CHECKING:
    from secure_liaison.capsule.seal import SealedObject

PIECE = 64 * 1024
Act = Callable[[], float | None]


def part_of(path: Path) -> PartSource:
    return PartSource(
        name="part.bin",
        media_type="application/octet-stream",
        size=path.stat().st_size,
        open=lambda: path.open("rb"),
    )


def file_rows(desks: Desks, folder: Path, size: int, peers: Peers, *, rounds: int) -> list[Row]:
    """Measure file to file, sealing and opening, for 1, 10 and 100 recipients."""
    (folder / "plain").write_bytes(os.urandom(size))
    return [
        row
        for recipients in RECIPIENTS
        for row in recipient_rows(desks, folder, peers, recipients=recipients, rounds=rounds)
    ]


def recipient_rows(
    desks: Desks, folder: Path, peers: Peers, *, recipients: int, rounds: int
) -> list[Row]:
    """Measure one number of recipients, and compare what was opened with what was sealed."""
    plain, body, out = folder / "plain", folder / "body", folder / "out"
    made: list[SealedObject] = []

    def sealing() -> None:
        with body.open("wb") as stream:
            made[:] = [desks.seal(part_of(plain), stream, recipients)]

    def opening() -> None:
        with body.open("rb") as stream, out.open("wb") as result:
            desks.open(made[0], stream, result)

    rows: list[Row] = []
    size = plain.stat().st_size
    for verb, ours in (("seal", sealing), ("open", opening)):
        acts = peers.acts(verb, folder, recipients)
        times = interleaved({"ours": ours, **acts.present}, rounds)
        rows += [
            Row(
                measure=f"{verb} {named(size)}, {recipients} recipient{'s'[: recipients > 1]}",
                size=size,
                ours=times["ours"],
                peer=peer,
                theirs=times.get(peer),
                goal=acts.goals.get(peer) if size >= 16 * MIB else None,
            )
            for peer in (*acts.present, *acts.missing)
        ]
    assert out.read_bytes() == plain.read_bytes()
    return rows


class Acts:
    """What the peers do in one row."""

    def __init__(self) -> None:
        self.present: dict[str, Act] = {}
        self.missing: list[str] = []
        self.goals: dict[str, float] = {}


class Peers:
    """age and gpg, file to file."""

    def __init__(self) -> None:
        self.age = Age()
        self.gpg = {"gpg": Gpg(compress=True), "gpg, no compression": Gpg(compress=False)}

    def acts(self, verb: str, folder: Path, recipients: int) -> Acts:
        """Return the peers' acts; gpg is measured with one recipient."""
        acts = Acts()
        acts.goals = {"age (pyrage)": 1.0, "gpg": 10.0, "gpg, no compression": 1.5}
        plain, out = folder / "plain", folder / "peer-out"
        if self.age.missing:
            acts.missing.append(self.age.missing)
        else:
            sealed = folder / f"age-{recipients}"
            acts.present["age (pyrage)"] = (
                (lambda: self.age.seal(plain, sealed, recipients))
                if verb == "seal"
                else (lambda: self.age.open(sealed, out))
            )
        if recipients > 1:
            return acts
        for name, gpg in self.gpg.items():
            if gpg.missing:
                acts.missing.append(gpg.missing)
                continue
            acts.present[name] = self._gpg_act(gpg, verb, plain, folder / f"gpg-{len(name)}")
        return acts

    @staticmethod
    def _gpg_act(gpg: Gpg, verb: str, plain: Path, sealed: Path) -> Act:
        if verb == "seal":
            return lambda: gpg.seal(plain, sealed)
        return lambda: gpg.open(sealed, sealed.with_suffix(".out"))

    def close(self) -> None:
        for gpg in self.gpg.values():
            gpg.close()


def limit_rows(desks: Desks, size: int, rounds: int) -> list[Row]:
    """Measure in memory against bare ciphers and the bare hash, all on one thread."""
    plain = os.urandom(size)
    body = io.BytesIO()
    part = PartSource(
        name="part.bin",
        media_type="application/octet-stream",
        size=size,
        open=lambda: io.BytesIO(plain),
    )
    made = desks.seal(part, body, 1)
    sealed = body.getvalue()
    limits: dict[str, Act] = {
        "limit AES-256-GCM + SHA-256": lambda: bare_gcm_and_hash(plain),
        "limit Cobblestone-256": lambda: bare_cobblestone(plain),
    }

    with Path(os.devnull).open("wb") as nowhere:

        def sealing() -> None:
            desks.seal(part, nowhere, 1)

        def opening() -> None:
            desks.open(made, io.BytesIO(sealed), nowhere)

        times = interleaved({"seal": sealing, "open": opening, **limits}, rounds)
    return [
        Row(
            measure=f"{verb} {named(size)} in memory",
            size=size,
            ours=times[verb],
            peer=name,
            theirs=times[name],
            goal=0.8 if "GCM" in name and size >= 16 * MIB else None,
        )
        for verb in ("seal", "open")
        for name in limits
    ]


def bare_gcm_and_hash(plain: bytes) -> None:
    cipher, digest = AESGCM(bytes(32)), hashlib.sha256()
    view = memoryview(plain)
    for start in range(0, len(plain), PIECE):
        digest.update(cipher.encrypt(start.to_bytes(12, "big"), view[start : start + PIECE], None))
    digest.digest()


def bare_cobblestone(plain: bytes) -> None:
    sealer = PayloadSealer(Secret(bytes(32)), context=b"")
    view = memoryview(plain)
    for start in range(0, len(plain), PIECE):
        sealer.update(view[start : start + PIECE])
    sealer.finish()


def named(size: int) -> str:
    return f"{size // MIB} MiB" if size >= MIB else f"{size // 1024} KiB"


def main() -> None:
    chosen = arguments("sealing and opening capsules", rounds=5)
    rounds = min(chosen.rounds, 3) if chosen.quick else chosen.rounds
    sizes = (1024, MIB, (32 if chosen.quick else 64) * MIB)
    desks, peers, rows = Desks(), Peers(), []
    try:
        for size in sizes:
            with tempfile.TemporaryDirectory() as folder:
                rows += file_rows(desks, Path(folder), size, peers, rounds=rounds)
            rows += limit_rows(desks, size, rounds)
    finally:
        peers.close()
    versions = {
        "cryptography": version("cryptography"),
        "pyrage": peers.age.version,
        "gpg": peers.gpg["gpg"].version,
        "rounds": str(rounds),
    }
    report("capsule: seal and open", rows, versions=versions, path=chosen.json)


if __name__ == "__main__":
    main()
