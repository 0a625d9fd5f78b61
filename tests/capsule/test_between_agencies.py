"""Sealing and opening with a real directory and a real gate: two agencies, one bulletin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import pytest

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
from secure_liaison.capsule.unseal import VerifiedCapsule, reveal, unwrap, verify
from secure_liaison.clock import BUILD_TIME, FixedClock, Instant
from secure_liaison.crypto.signing import NoteSigningKey
from secure_liaison.errors import CredentialError, NotAddressedError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period
from secure_liaison.monitor.decision import Action, ReadQuestion, RecipientQuestion, SealQuestion
from secure_liaison.monitor.gate import Gate
from tests.capsule.reading import Sink, pack_of
from tests.factories import OfficerFixture, World, make_world

NOW = Instant(BUILD_TIME + 86400)
PACK = builtin_pack("cn.state-secrets")
SENDER = "li.wei@EMB-A"
READER = "j.okafor@EMB-B"


@contextmanager
def at_once() -> Iterator[None]:
    yield


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What arrives: envelopes by address, and the body."""

    made: SealedObject
    body: bytes


def gate_of(world: World, person: OfficerFixture) -> Gate:
    clock = FixedClock(NOW)
    ledger = Ledger(
        MemoryLedgerStore(),
        device=person.device.handle,
        realm=world.realm,
        signing=NoteSigningKey.generate(),
        clock=clock,
        origin="ledger.example/desk",
    )
    return Gate(ledger, clock, at_once)


def label_of(world: World) -> Label:
    agencies = [f"agency:{world.agencies[code].agency_id.hex()}" for code in ("EMB-A", "EMB-B")]
    return Label(
        policy=PACK.policy_id,
        level="jimi",
        audience=Audience.of(agencies),
        owner=agencies[0],
        created=NOW,
        period=Period.of_years(10, start=NOW),
    )


def core_of(world: World, shares: ShareSet) -> Core:
    sender, reader = world.officer(SENDER), world.officer(READER)
    object_id = new_object_id()
    return Core(
        object_id=object_id,
        kind=ObjectKind.BULLETIN,
        originator=sender.device.signing.verify_key.key_id(world.realm),
        originator_device=sender.device.handle,
        created=NOW,
        label=label_of(world),
        action=(reader.officer,),
        info=(),
        urgency="immediate",
        acknowledge_by=Instant(NOW + 3600),
        expires=Instant(NOW + 30 * 86400),
        forward_secrecy=False,
        custody=False,
        grant_policy=GrantPolicy.NOBODY,
        directory_head=NO_HEAD,
        ledger_head=NO_HEAD,
        commitments=shares.commitments(object_id, world.realm),
    )


def send(world: World, *, also_to: str = "") -> Sent:
    sender, reader = world.officer(SENDER), world.officer(READER)
    shares = ShareSet.draw()
    core = core_of(world, shares)
    people = [reader, *([world.officer(also_to)] if also_to else [])]
    recipients = [
        SealTarget(
            role=Role.VAULT,
            key_id=person.device.kem.public_key.key_id(world.realm),
            public_key=person.device.kem.public_key,
            handle=person.device.handle,
        )
        for person in people
    ]
    question = SealQuestion(
        label=core.label,
        pack=PACK,
        sender=world.view.standing(sender.officer, NOW),
        recipients=(recipient_question(world, reader),),
        accreditation=None,
        relay_ceiling=None,
        exercise=True,
        now=NOW,
        forward_secrecy=False,
        custody_groups=0,
        urgency=core.urgency,
    )
    permit = gate_of(world, sender).permit(
        question,
        core_hash=core_hash(core, world.realm),
        key_ids={target.key_id for target in recipients},
        roster_sequences=world.view.roster_sequences(),
    )
    out = BytesIO()
    made = seal(
        core=core,
        shares=shares,
        head=HeadRecord(
            subject="通报",
            serial=1,
            reply_to=None,
            parts=(PartEntry(name="a.txt", media_type="text/plain", size=2),),
        ),
        parts=[
            PartSource(name="a.txt", media_type="text/plain", size=2, open=lambda: BytesIO(b"hi"))
        ],
        recipients=recipients,
        signing_key=sender.device.signing,
        realm=world.realm,
        permit=permit,
        now=NOW,
        body_out=out,
    )
    return Sent(made=made, body=out.getvalue())


def recipient_question(world: World, person: OfficerFixture) -> RecipientQuestion:
    sides = [world.agencies[code].agency_id for code in ("EMB-A", "EMB-B")]
    return RecipientQuestion(
        standing=world.view.standing(person.officer, NOW),
        devices=world.view.devices_of(person.officer, NOW),
        agreement=world.view.agreement_between(sides[0], sides[1], NOW),
        own_agency=False,
        directory_age_s=0,
    )


def verified(world: World, sent: Sent, address: str, *, now: Instant = NOW) -> VerifiedCapsule:
    person = world.officer(address)
    envelope = dict(sent.made.envelopes)[person.device.handle]
    claims = unwrap(parse_envelope(envelope), lambda _role, _key_id: person.device.kem, world.realm)
    return verify(claims, view=world.view, pack_of=pack_of, device=person.device.handle, now=now)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(NOW)


def test_a_bulletin_arrives_and_opens_with_the_gates_permit(world: World) -> None:
    sent = send(world)
    found = verified(world, sent, READER)
    reader = world.officer(READER)
    sides = [world.agencies[code].agency_id for code in ("EMB-A", "EMB-B")]
    question = ReadQuestion(
        action=Action.OPEN,
        label=found.core.label,
        pack=PACK,
        reader=world.view.standing(reader.officer, NOW),
        device=world.view.device(reader.device.handle)[1],
        originator_agency=found.agency,
        agreement=world.view.agreement_between(sides[0], sides[1], NOW),
        own_agency=False,
        accreditation=None,
        exercise=True,
        now=NOW,
        directory_age_s=0,
        expires=found.core.expires,
        custody_groups=0,
    )
    permit = gate_of(world, reader).permit(
        question,
        core_hash=found.core_hash,
        key_ids={found.key_id},
        roster_sequences=world.view.roster_sequences(),
        object_digest=found.digest.hex(),
    )
    sink = Sink()
    record = reveal(
        found, permit, leaves=sent.made.leaves, body=BytesIO(sent.body), sink=sink, now=NOW
    )
    assert record.subject == "通报"
    assert sink.published == {"a.txt": b"hi"}
    assert found.officer.login == "li.wei"


def test_an_officer_of_the_same_agency_who_is_not_named_is_refused(world: World) -> None:
    sent = send(world, also_to="m.rossi@EMB-B")
    with pytest.raises(NotAddressedError) as caught:
        verified(world, sent, "m.rossi@EMB-B")
    assert caught.value.reason == "capsule-officer-not-named"


def test_an_originator_unknown_to_the_directory_is_refused(world: World) -> None:
    sent = send(world)
    other = make_world(NOW)
    person = world.officer(READER)
    envelope = dict(sent.made.envelopes)[person.device.handle]
    claims = unwrap(parse_envelope(envelope), lambda _role, _key_id: person.device.kem, world.realm)
    with pytest.raises(CredentialError) as caught:
        verify(claims, view=other.view, pack_of=pack_of, device=person.device.handle, now=NOW)
    assert caught.value.reason == "unknown-key"
