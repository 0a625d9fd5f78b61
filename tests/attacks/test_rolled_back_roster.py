"""A roster rolled back, forked, or signed by people who may not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import Instant
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.directory import holding, page
from secure_liaison.directory import registry as pure
from secure_liaison.directory.book import encode_book
from secure_liaison.directory.leaf import device_root
from secure_liaison.directory.page import RelayPointer, read_page, roster_digest
from secure_liaison.directory.registry_state import RegistryState
from secure_liaison.directory.roster import Snapshot, decode_snapshot, encode_snapshot
from secure_liaison.errors import LiaisonError
from secure_liaison.identity.ids import device_handle
from secure_liaison.identity.possession import prove_possession
from secure_liaison.identity.records import encode_record, sign_record
from secure_liaison.office import Office
from secure_liaison.workflows import correspondence, enrolment, registry
from tests.attacks.world import (
    INSIDER,
    STRANGER,
    TEXT,
    URL,
    VICTIM,
    Scene,
    assert_genuine_opens,
    opened_text,
    refusal_of,
    whys,
)

ROLLBACK = "directory.rollback"


@contextmanager
def refused(desk: Office, code: str, reason: str) -> Iterator[None]:
    """Demand that what happens inside changes no roster and is written down once."""
    before = desk.directory.roster_sequences()
    yield
    assert [(code, reason)] == whys(desk, EventType.DIRECTORY_REFUSE)
    assert before == desk.directory.roster_sequences()


def withdrawn(scene: Scene) -> tuple[bytes, bytes]:
    """Withdraw the victim's clearance; returns the snapshot and the book from before."""
    agency = scene.agency("EMB-B")
    old = scene.relay.directory[agency], registry.book(scene.registry("EMB-B")).book
    registry.withdraw_clearance(scene.registry("EMB-B"), VICTIM)
    enrolment.import_book(scene.desk(VICTIM), scene.publish("EMB-B").book)
    return old


def test_an_older_roster_from_the_relay_is_refused(scene: Scene) -> None:
    genuine = scene.send()
    old, _ = withdrawn(scene)
    desk = scene.desk(VICTIM)
    newest = scene.relay.directory[scene.agency("EMB-B")]
    correspondence.collect(desk)
    scene.relay.directory[scene.agency("EMB-B")] = old
    roster = desk.directory.roster_sequences()
    correspondence.collect(desk)
    assert roster == desk.directory.roster_sequences()
    assert (ROLLBACK, "sequence") in whys(desk, EventType.DIRECTORY_REFUSE)
    assert refusal_of(desk, genuine) == ["CLEARANCE_WITHDRAWN"]
    scene.relay.directory[scene.agency("EMB-B")] = newest
    keys = scene.keys("EMB-B").registrars[:1]
    registry.clear(scene.registry("EMB-B"), VICTIM, keys, level="机密", person_class="important")
    enrolment.import_book(desk, scene.publish("EMB-B").book)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_an_older_book_from_a_person_is_refused_also_after_a_restart(scene: Scene) -> None:
    genuine = scene.send()
    _, old = withdrawn(scene)
    correspondence.collect(scene.desk(VICTIM))
    desk = scene.reopen(VICTIM)
    with refused(desk, ROLLBACK, "sequence"), pytest.raises(LiaisonError, match="sequence"):
        enrolment.import_book(desk, old)
    assert refusal_of(desk, genuine) == ["CLEARANCE_WITHDRAWN"]


def test_without_the_memory_of_sequences_a_withdrawal_could_be_undone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the comparison with the highest accepted roster."""
    genuine = scene.send()
    old_snapshot, old_book = withdrawn(scene)
    scene.relay.directory[scene.agency("EMB-B")] = old_snapshot
    monkeypatch.setattr(holding, "_require_no_rollback", lambda *_args: None)
    enrolment.import_book(scene.desk(VICTIM), old_book)
    assert opened_text(scene, VICTIM, genuine) == TEXT


# --- a second history ---------------------------------------------------------------------------


def forked(scene: Scene, state: RegistryState, *, steps: int) -> bytes:
    """Let registrars who lie sign other rosters after ``state``; returns the last one's book."""
    books = []
    for _ in range(steps):
        scene.clock.advance(1)
        state, _, made = pure.next_roster(
            state,
            scene.keys("EMB-B").registrars,
            now=Instant(scene.clock.now()),
            relay=RelayPointer(url=URL),
        )
        books.append(encode_book(made))
    return books[-1]


@pytest.mark.parametrize(("steps", "reason"), [(1, "equivocation"), (2, "previous")])
def test_a_second_history_is_refused(scene: Scene, steps: int, reason: str) -> None:
    genuine = scene.send()
    before = scene.registry("EMB-B").state
    desk = scene.desk(VICTIM)
    registry.withdraw_clearance(scene.registry("EMB-B"), INSIDER)
    enrolment.import_book(desk, scene.publish("EMB-B").book)
    other = forked(scene, before, steps=steps)
    with refused(desk, ROLLBACK, reason), pytest.raises(LiaisonError, match=reason):
        enrolment.import_book(desk, other)
    assert_genuine_opens(scene, VICTIM, genuine)


@pytest.mark.parametrize("steps", [1, 2])
def test_without_comparing_histories_a_second_one_would_be_believed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Removed: the comparison with the highest accepted roster."""
    genuine = scene.send()
    before = scene.registry("EMB-B").state
    withdrawn(scene)
    other = forked(scene, before, steps=steps)
    monkeypatch.setattr(holding, "_require_no_rollback", lambda *_args: None)
    scene.relay.directory.clear()
    enrolment.import_book(scene.desk(VICTIM), other)
    assert opened_text(scene, VICTIM, genuine) == TEXT


# --- rosters by the wrong people ----------------------------------------------------------------


def with_a_guest(scene: Scene, keys: tuple[SigningKey, ...]) -> Snapshot:
    """Make a next roster of EMB-A in which the stranger's device stands beside li.wei's."""
    known = decode_snapshot(scene.relay.directory[scene.agency("EMB-A")])
    guest = scene.desk(STRANGER).keys
    [own] = scene.registry("EMB-A").state.leaves
    last = read_page(known.roster)
    leaf = replace(
        own,
        handle=device_handle(last.realm, last.agency, guest.signing.verify_key),
        signing_key=guest.signing.verify_key,
        request_key=guest.request.verify_key,
        ledger_key=guest.ledger.verify_key,
        vault_key=guest.kem.public_key,
    )
    # The stranger asks for this place and so proves it; only the registrars do not agree.
    leaf = replace(
        leaf,
        possession=prove_possession(
            guest.signing,
            realm=last.realm,
            agency=last.agency,
            handle=leaf.handle,
            keys_digest=leaf.keys_digest(last.realm),
        ),
    )
    leaves = tuple(one.encode() for one in sorted((own, leaf), key=lambda one: one.handle))
    roster = replace(
        last,
        sequence=last.sequence + 1,
        previous=roster_digest(last),
        device_root=device_root(leaves),
        device_count=len(leaves),
    )
    record = sign_record(page._ROSTER, roster.realm, page._encode_body(roster), keys=keys)
    return replace(known, roster=encode_record(record), leaves=leaves)


@pytest.mark.parametrize(
    ("who", "reason"), [("strangers", "wrong-signer"), ("one-registrar", "too-few-signatures")]
)
def test_a_roster_by_strangers_or_by_one_registrar_alone_is_refused(
    scene: Scene, who: str, reason: str
) -> None:
    desk = scene.desk(VICTIM)
    plant(scene, who)
    with refused(desk, "verification.signature", reason):
        correspondence.collect(desk)
    scene.relay.directory[scene.agency("EMB-A")] = scene.keys("EMB-A").snapshot
    assert_genuine_opens(scene, VICTIM, scene.send())


@pytest.mark.parametrize("who", ["strangers", "one-registrar"])
def test_without_asking_who_signed_a_roster_a_stranger_could_bring_a_device_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """Removed: that only registrars sign a roster, and that one alone is not enough."""
    plant(scene, who)
    if who == "strangers":
        monkeypatch.setattr(page, "verify_signatures", lambda *_args, **_named: frozenset())
    monkeypatch.setattr(page, "require_signers", lambda *_args: None)
    desk = scene.desk(VICTIM)
    correspondence.collect(desk)
    guest = scene.desk(STRANGER).keys.signing.verify_key.key_id(desk.realm)
    agency, _ = desk.directory.device_by_signing_key(guest)
    assert agency == scene.agency("EMB-A")


def plant(scene: Scene, who: str) -> None:
    if who == "strangers":
        keys: tuple[SigningKey, ...] = scene.keys("EMB-X").registrars
    else:
        keys = scene.keys("EMB-A").registrars[:1]
    octets = encode_snapshot(with_a_guest(scene, keys))
    scene.relay.directory[scene.agency("EMB-A")] = octets
