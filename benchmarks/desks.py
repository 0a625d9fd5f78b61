"""Two embassies of an exercise, as a caller of the library sees sealing and opening."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, BinaryIO

from secure_liaison.audit.ledger import Ledger, MemoryLedgerStore
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
from secure_liaison.crypto.signing import NoteSigningKey
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period
from secure_liaison.monitor.decision import Action, ReadQuestion, RecipientQuestion, SealQuestion
from secure_liaison.monitor.gate import Gate
from tests.factories import OfficerFixture, make_world

if TYPE_CHECKING:
    from secure_liaison.capsule.body import PartSource
    from secure_liaison.monitor.gate import Permit

NOW = Instant(BUILD_TIME + 86400)
PACK = builtin_pack("cn.state-secrets")
RECIPIENTS = (1, 10, 100)


class Desks:
    """Two embassies of an exercise: one desk seals, the other opens."""

    def __init__(self) -> None:
        self.world = make_world(NOW)
        self.sender = self.world.officer("li.wei@EMB-A")
        self.reader = self.world.officer("j.okafor@EMB-B")
        others = [KemPrivateKey.generate().public_key for _ in range(max(RECIPIENTS) - 1)]
        keys = [(self.reader.device.handle, self.reader.device.kem.public_key)]
        keys += [(DeviceHandle(os.urandom(16)), key) for key in others]
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
