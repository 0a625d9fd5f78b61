"""What the tests of the workflows do with a `Scene`: drafts, newcomers, books, forged objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.core import Core, ObjectKind, decode_core
from secure_liaison.capsule.receipt import MEDIA_TYPE, Receipt, sign_receipt
from secure_liaison.crypto.keys import Digest
from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.directory import registry as pure
from secure_liaison.identity.ids import AgencyId
from secure_liaison.identity.names import Names
from secure_liaison.identity.officer_contents import Role
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.monitor.gate import unfinished
from secure_liaison.office import Office, Registry, open_office
from secure_liaison.workflows import correspondence, enrolment, registry
from secure_liaison.workflows.correspondence import Draft
from secure_liaison.workflows.registry import Published
from tests.attacks.world import HOME, SENDER, SUBJECT, TEXT, VICTIM, Scene
from tests.capsule.forge import Forge, Forged, fixed
from tests.simulator import SimulatedRelay, Simulator

READER, OTHER_READER = VICTIM, "m.rossi"
ADDRESS = f"{READER}@EMB-B"
LIAISON = Names(zh="联络员", en="liaison officer")
PASSPHRASE = "newcomer"


def draft(*to: str, **fields: Any) -> Draft:
    """Return a bulletin at 秘密 for officers of the scene, j.okafor by default."""
    values = {
        "subject": SUBJECT,
        "level": "秘密",
        "period": "10年",
        "text": TEXT,
        "to": tuple(f"{login}@{HOME[login]}" for login in to or (READER,)),
    }
    return Draft(**{**values, **fields})


def queued(scene: Scene, *to: str, **fields: Any) -> Digest:
    """Let li.wei seal a bulletin; it waits in the outbox."""
    return correspondence.send(scene.desk(SENDER), draft(*to, **fields))


def open_desks(scene: Scene) -> Iterator[Office]:
    """Return the desks of a scene that are open."""
    for desk in scene._desks.values():
        if not desk.vault._closed:
            yield desk


def assert_settled(desk: Office) -> None:
    """Demand that the ledger is sound and that every permit has exactly one effect."""
    desk.ledger.check()
    entries = tuple(desk.ledger.entries())
    assert () == unfinished(entries)
    permits = [entry.event.permit for entry in entries if entry.event.permit]
    assert dict.fromkeys(permits, 2) == {each: permits.count(each) for each in permits}


def kinds(desk: Office) -> list[EventType]:
    """Return the types of the ledger's lines, oldest first."""
    return [entry.event.type for entry in desk.ledger.entries()]


def bodies(desk: Office) -> set[str]:
    """Return the names of everything in the folder of sealed bodies."""
    return {path.name for path in desk.vault.bodies_folder.iterdir()}


def quarantined(desk: Office) -> list[tuple[str, str]]:
    """Return code and reason of everything in quarantine, newest first."""
    return [(row.code, row.reason) for row in desk.mail.quarantine.rows()]


def states(scene: Scene, *, ask_relay: bool = False) -> dict[str, str]:
    """Return how far the recipients of li.wei's only object are, by address."""
    ((_, outcomes),) = correspondence.sent(scene.desk(SENDER), ask_relay=ask_relay)
    return {each.address: each.state.value for each in outcomes}


def newcomer(
    scene: Scene,
    code: str,
    login: str,
    *,
    level: str | None = "机密",
    role: Role = Role.LIAISON,
    endorsers: Sequence[SigningKey] = (),
) -> tuple[Office, Published]:
    """Enrol one more desk at an agency; the relay has the new roster, others not the book."""
    home, keys = scene.folder / code / f"new {login}", scene.keys(code)
    office, signer = scene.registry(code), keys.registrars[:1]
    asked = enrolment.enrol(
        home,
        PASSPHRASE,
        anchor=keys.anchor_octets,
        typed_digits=keys.anchor.digits(),
        login=login,
        names=Names(zh="新人", en="Newcomer"),
        clock=scene.clock,
        cost=TEST_COST,
    )
    registry.admit(
        office,
        asked.request,
        signer,
        typed_digits=asked.digits,
        post=LIAISON,
        roles=frozenset({role}),
        endorsers=endorsers,
    )
    if level is not None:
        registry.clear(office, login, signer, level=level, person_class="important")
        registry.brief(office, login, signer, topic="secrecy")
    made = scene.publish(code)
    desk = open_office(home, PASSPHRASE, clock=scene.clock)
    scene._opened.callback(desk.close)
    for other in ("EMB-A", "EMB-B"):
        anchor = scene.keys(other)
        if other != code:
            enrolment.trust(desk, anchor.anchor_octets, typed_digits=anchor.anchor.digits())
        enrolment.import_book(desk, registry.book(scene.registry(other)).book)
    return desk, made


def withdraw(scene: Scene, login: str, *known_to: str) -> Published:
    """Withdraw a clearance, publish, and let desks import the book."""
    code = HOME[login]
    registry.withdraw_clearance(scene.registry(code), login)
    return republish(scene, code, *known_to)


def republish(scene: Scene, code: str, *known_to: str) -> Published:
    """Publish what a registry holds now, and let desks import the book."""
    made = scene.publish(code)
    for login in known_to:
        enrolment.import_book(scene.desk(login), made.book)
    return made


def leave(scene: Scene, login: str) -> None:
    """Take an officer out of EMB-B's book; li.wei's desk imports it."""
    office = scene.registry("EMB-B")
    officer = office.state.officer_by_login(login)
    (signed,) = [one for one in office.state.signed() if one.statement.content == officer]
    office.state = pure.withdraw(office.state, signed.digest)
    republish(scene, "EMB-B", SENDER)


def registry_events(office: Registry) -> list[EventType]:
    """Return the types of a registry's ledger lines, after checking them."""
    office.ledger.check()
    return [entry.event.type for entry in office.ledger.entries()]


# --- two relays -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class TwoRelays:
    """The scene's relay for EMB-A, another for EMB-B."""

    a: Simulator
    b: Simulator


def two_relays(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> TwoRelays:
    """Let EMB-B collect at a relay of its own, and let li.wei's and EMB-B's desks know."""
    url = "http://127.0.0.1:8441"
    made = registry.publish(scene.registry("EMB-B"), scene.keys("EMB-B").registrars, relay_url=url)
    second = Simulator(scene.clock)
    second.directory = {**scene.relay.directory, scene.agency("EMB-B"): made.snapshot}
    scene.relay.directory = dict(second.directory)

    def relay(office: Office, agency: AgencyId | None = None) -> SimulatedRelay:
        named = office.relay_url(agency or office.agency)
        return SimulatedRelay(
            second if named == url else scene.relay,
            device=office.keys.handle,
            clock=office.machine_clock,
        )

    monkeypatch.setattr(Office, "relay", relay)
    for login in (SENDER, READER):
        enrolment.import_book(scene.desk(login), made.book)
    return TwoRelays(a=scene.relay, b=second)


# --- what a modified desk can send ------------------------------------------------------------


def label_of(scene: Scene, digest: Digest) -> Label:
    """Return the label of something li.wei sent."""
    return core_of(scene.desk(SENDER), digest).label


def core_of(desk: Office, digest: Digest) -> Core:
    """Return the core of something that a desk sent."""
    item = desk.mail.sent.get(digest)
    assert item is not None
    return decode_core(item.core, desk.realm)


def only_for(label: Label, *leaves: str) -> Label:
    """Return a label with another audience."""
    return replace(label, audience=Audience.of(leaves))


def forge(signer: Office, reader: Office, label: Label, **fields: Any) -> Forged:
    """Make an object that an unmodified desk would not make."""
    values = {
        "realm": reader.realm.octets,
        "reader": reader.keys.kem.public_key,
        "signing_seed": signer.keys.signing.seed(),
        "signer_device": signer.keys.handle,
        "addressees": (reader.me().officer,),
        "label": label.to_value(),
        "object_id": fixed("another object", 16),
        "subject": SUBJECT,
        "parts": (("text.txt", "text/plain", TEXT.encode()),),
    }
    return Forge(**{**values, **fields}).make()


def plant(scene: Scene, reader: Office, forged: Forged) -> Digest:
    """Let the relay hand an object to a desk."""
    return scene.relay.plant(
        reader.keys.handle, forged.envelope, leaves=forged.leaves, body=forged.body
    )


def receipt_record(signer: Office, digest: Digest, **fields: Any) -> bytes:
    """Return a signed receipt for an object, in the signer's name unless told otherwise."""
    values = {
        "digest": digest,
        "object_id": bytes(16),
        "officer": signer.me().officer,
        "device": signer.keys.handle,
        "at": signer.clock.now(),
    }
    return sign_receipt(Receipt(**{**values, **fields}), signer.keys.signing, signer.realm)


def plant_receipt(scene: Scene, signer: Office, label: Label, record: bytes) -> Digest:
    """Let a receipt of any content lie in li.wei's mailbox, in a capsule of the signer."""
    sender = scene.desk(SENDER)
    forged = forge(
        signer,
        sender,
        label,
        parts=(("receipt", MEDIA_TYPE, record),),
        changes={"core": lambda core: core | {3: ObjectKind.RECEIPT.value}},
    )
    return plant(scene, sender, forged)
