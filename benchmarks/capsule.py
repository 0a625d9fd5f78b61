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
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.peers import Age, Gpg
from benchmarks.table import MIB, Row, arguments, interleaved, report
from secure_liaison.audit.ledger import Ledger, MemoryLedgerStore
from secure_liaison.capsule.body import PartSource
from secure_liaison.capsule.core import (
    NO_HEAD,
    Core,
    GrantPolicy,
    ObjectKind,
    core_hash,
    new_object_id,
)
from secure_liaison.capsule.format import Role, parse_envelope
from secure_liaison.capsule.head import HeadRecord, PartEntry
from secure_liaison.capsule.seal import SealedObject, SealTarget, ShareSet, seal
from secure_liaison.capsule.unseal import reveal, unwrap, verify
from secure_liaison.clock import BUILD_TIME, FixedClock, Instant
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.payload import PayloadSealer
from secure_liaison.crypto.keys import Secret
from secure_liaison.crypto.signing import NoteSigningKey
from secure_liaison.identity.ids import new_device_handle
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period
from secure_liaison.monitor.decision import Action, ReadQuestion, RecipientQuestion, SealQuestion
from secure_liaison.monitor.gate import Gate
from tests.factories import OfficerFixture, make_world

if TYPE_CHECKING:
    from secure_liaison.monitor.gate import Permit

NOW = Instant(BUILD_TIME + 86400)
PACK = builtin_pack("cn.state-secrets")
RECIPIENTS = (1, 10, 100)
PIECE = 64 * 1024
Act = Callable[[], float | None]


class Desks:
    """Two embassies of an exercise: one desk seals, the other opens."""

    def __init__(self) -> None:
        self.world = make_world(NOW)
        self.sender = self.world.officer("li.wei@EMB-A")
        self.reader = self.world.officer("j.okafor@EMB-B")
        others = [KemPrivateKey.generate().public_key for _ in range(max(RECIPIENTS) - 1)]
        keys = [(self.reader.device.handle, self.reader.device.kem.public_key)]
        keys += [(new_device_handle(), key) for key in others]
        self.targets = [
            SealTarget(
                role=Role.VAULT, key_id=key.key_id(self.world.realm), public_key=key, handle=handle
            )
            for handle, key in keys
        ]
        self.sealing = self._gate(self.sender)
        self.opening = self._gate(self.reader)
        sides = [self.world.agencies[code].agency_id for code in ("EMB-A", "EMB-B")]
        self.agreement = self.world.view.agreement_between(sides[0], sides[1], NOW)
        leaves = [f"agency:{side.hex()}" for side in sides]
        self.label = Label(
            policy=PACK.policy_id,
            level="jimi",
            audience=Audience.of(leaves),
            owner=leaves[0],
            created=NOW,
            period=Period.of_years(10, start=NOW),
        )

    def seal(self, part: PartSource, out: BinaryIO, recipients: int) -> SealedObject:
        """Ask the gate, then seal one part."""
        shares = ShareSet.draw()
        core = self._core(shares)
        targets = self.targets[:recipients]
        entry = PartEntry(name=part.name, media_type=part.media_type, size=part.size)
        return seal(
            core=core,
            shares=shares,
            head=HeadRecord(subject="通报", serial=1, reply_to=None, parts=(entry,)),
            parts=[part],
            recipients=targets,
            signing_key=self.sender.device.signing,
            realm=self.world.realm,
            permit=self._seal_permit(core, targets),
            now=NOW,
            body_out=out,
        )

    def open(self, made: SealedObject, body: BinaryIO, out: BinaryIO) -> None:
        """Parse, unwrap, verify, ask the gate, reveal."""
        handle, envelope = made.envelopes[0]
        world, kem = self.world, self.reader.device.kem
        claims = unwrap(parse_envelope(envelope), lambda _role, _key_id: kem, world.realm)
        found = verify(claims, view=world.view, pack_of=lambda _label: PACK, device=handle, now=NOW)
        question = ReadQuestion(
            action=Action.OPEN,
            label=found.core.label,
            pack=PACK,
            reader=world.view.standing(self.reader.officer, NOW),
            device=world.view.device(handle)[1],
            originator_agency=found.agency,
            agreement=self.agreement,
            own_agency=False,
            accreditation=None,
            exercise=True,
            now=NOW,
            directory_age_s=0,
            expires=found.core.expires,
            custody_groups=0,
        )
        permit = self.opening.permit(
            question,
            core_hash=found.core_hash,
            key_ids={found.key_id},
            roster_sequences=world.view.roster_sequences(),
            object_digest=found.digest.hex(),
        )
        reveal(found, permit, leaves=made.leaves, body=body, sink=FileSink(out), now=NOW)

    def _gate(self, person: OfficerFixture) -> Gate:
        clock = FixedClock(NOW)
        ledger = Ledger(
            MemoryLedgerStore(),
            device=person.device.handle,
            realm=self.world.realm,
            signing=NoteSigningKey.generate(),
            clock=clock,
            origin="ledger.example/desk",
        )
        return Gate(ledger, clock, nullcontext)

    def _seal_permit(self, core: Core, targets: list[SealTarget]) -> Permit:
        view = self.world.view
        recipient = RecipientQuestion(
            standing=view.standing(self.reader.officer, NOW),
            devices=view.devices_of(self.reader.officer, NOW),
            agreement=self.agreement,
            own_agency=False,
            directory_age_s=0,
        )
        question = SealQuestion(
            label=core.label,
            pack=PACK,
            sender=view.standing(self.sender.officer, NOW),
            recipients=(recipient,),
            accreditation=None,
            relay_ceiling=None,
            exercise=True,
            now=NOW,
            forward_secrecy=False,
            custody_groups=0,
            urgency=core.urgency,
        )
        return self.sealing.permit(
            question,
            core_hash=core_hash(core, self.world.realm),
            key_ids={target.key_id for target in targets},
            roster_sequences=view.roster_sequences(),
        )

    def _core(self, shares: ShareSet) -> Core:
        object_id = new_object_id()
        return Core(
            object_id=object_id,
            kind=ObjectKind.BULLETIN,
            originator=self.sender.device.signing.verify_key.key_id(self.world.realm),
            originator_device=self.sender.device.handle,
            created=NOW,
            label=self.label,
            action=(self.reader.officer,),
            info=(),
            urgency="immediate",
            acknowledge_by=None,
            expires=Instant(NOW + 30 * 86400),
            forward_secrecy=False,
            custody=False,
            grant_policy=GrantPolicy.NOBODY,
            directory_head=NO_HEAD,
            ledger_head=NO_HEAD,
            commitments=shares.commitments(object_id, self.world.realm),
        )


class FileSink:
    """Writes the one part to a file."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def begin(self, _part: PartEntry) -> None:
        self._out.seek(0)

    def write(self, piece: bytes) -> None:
        self._out.write(piece)

    def commit(self) -> None:
        self._out.flush()

    def abort(self) -> None:
        self._out.truncate(0)


class Nowhere(io.RawIOBase):
    """Takes bytes and keeps none."""

    def write(self, octets: object, /) -> int:
        return len(memoryview(octets))  # type: ignore[arg-type]  # bytes and views only


def part_of(path: Path) -> PartSource:
    return PartSource(
        name="part.bin",
        media_type="application/octet-stream",
        size=path.stat().st_size,
        open=lambda: path.open("rb"),
    )


def file_rows(desks: Desks, folder: Path, size: int, peers: Peers, rounds: int) -> list[Row]:
    """Measure file to file, sealing and opening, for 1, 10 and 100 recipients."""
    plain, out = folder / "plain", folder / "out"
    plain.write_bytes(os.urandom(size))
    rows = []
    for recipients in RECIPIENTS:
        body = folder / f"body-{recipients}"
        made: list[SealedObject] = []

        def sealing(body: Path = body, recipients: int = recipients) -> None:
            with body.open("wb") as stream:
                made[:] = [desks.seal(part_of(plain), stream, recipients)]

        def opening(body: Path = body) -> None:
            with body.open("rb") as stream, out.open("wb") as result:
                desks.open(made[0], stream, result)

        for verb, ours in (("seal", sealing), ("open", opening)):
            acts = peers.acts(verb, folder, recipients)
            times = interleaved({"ours": ours, **acts.present}, rounds)
            measure = f"{verb} {named(size)}, {recipients} recipient{'s'[: recipients > 1]}"
            for peer in (*acts.present, *acts.missing):
                goal = acts.goals.get(peer) if size >= 16 * MIB else None
                rows.append(
                    Row(
                        measure=measure,
                        size=size,
                        ours=times["ours"],
                        peer=peer,
                        theirs=times.get(peer),
                        goal=goal,
                    )
                )
        if out.read_bytes() != plain.read_bytes():
            raise RuntimeError("the opened bytes differ")
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
    limits: dict[str, Act] = {
        "limit AES-256-GCM + SHA-256": lambda: bare_gcm_and_hash(plain),
        "limit Cobblestone-256": lambda: bare_cobblestone(plain),
    }
    contenders: dict[str, Act] = {
        "seal": lambda: (desks.seal(part, Nowhere(), 1), None)[1],  # type: ignore[arg-type]  # a writer
        "open": lambda: desks.open(made, io.BytesIO(body.getbuffer()), Nowhere()),  # type: ignore[arg-type]  # a writer
        **limits,
    }
    times = interleaved(contenders, rounds)
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
                rows += file_rows(desks, Path(folder), size, peers, rounds)
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
