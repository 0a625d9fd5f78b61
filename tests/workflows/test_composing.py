"""Sealing and keeping: forward secrecy is all or nothing; a failure leaves a line and no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.format import Role, decode_stanza
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialExpiredError,
    LiaisonError,
    OutOfOrderError,
    RelayUnreachableError,
    TamperedError,
    VaultError,
)
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.office import Office
from secure_liaison.wire.envelopes import decode_submission
from secure_liaison.workflows import correspondence, registry
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import SENDER, TEXT, Scene, events
from tests.workflows.desks import (
    OTHER_READER,
    READER,
    bodies,
    draft,
    queued,
    republish,
)

DAY = 86400


def assert_nothing_kept(desk: Office) -> None:
    assert () == desk.mail.sent.items()
    assert 0 == desk.mail.outbox.waiting()
    assert set() == bodies(desk)


# --- attachments that do not stay as they were ------------------------------------------------


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def shrink(path: Path) -> None:
    path.write_bytes(b"les")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (grow, "capsule-part-long"),
        (shrink, "capsule-part-short"),
        (Path.unlink, "attachment-missing"),
    ],
    ids=["grows", "shrinks", "vanishes"],
)
def test_an_attachment_that_changes_while_it_is_sealed_stops_it(
    scene: Scene, tmp_path: Path, change: Callable[[Path], None], reason: str
) -> None:
    """It changes after the text, the first part, was sealed."""
    path = tmp_path / "annex.bin"
    path.write_bytes(b"annex")
    desk = scene.desk(SENDER)
    with pytest.raises(LiaisonError, match=reason):
        correspondence.send(
            desk, draft(attachments=(path,)), progress=lambda _done, _total: change(path)
        )
    assert_nothing_kept(desk)
    assert ["error"] == [each.decision for each in events(desk, EventType.DOC_SEAL)]


def test_sealing_that_is_broken_off_keeps_nothing(scene: Scene) -> None:
    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    desk = scene.desk(SENDER)
    with pytest.raises(KeyboardInterrupt):
        correspondence.send(desk, draft(), progress=interrupt)
    assert_nothing_kept(desk)
    assert ["error"] == [each.decision for each in events(desk, EventType.DOC_SEAL)]


# --- forward secrecy --------------------------------------------------------------------------


def stocked(scene: Scene, *logins: str) -> None:
    for login in logins:
        correspondence.collect(scene.desk(login))


def test_forward_secrecy_seals_to_one_time_keys_only(scene: Scene) -> None:
    stocked(scene, READER, OTHER_READER)
    digest = queued(scene, READER, OTHER_READER, forward_secrecy=True)
    item = scene.desk(SENDER).mail.sent.get(digest)
    assert item is not None
    stanzas = [decode_stanza(each.stanza) for each in decode_submission(item.submission).deliveries]
    assert [Role.PREKEY, Role.PREKEY] == [stanza.role for stanza in stanzas]
    mine = scene.desk(READER).keyring.prekeys
    found = [key for stanza in stanzas if (key := mine.find(stanza.key_id)) is not None]
    assert [False] == [key.last_resort for key in found]


def test_the_private_half_is_gone_after_opening_and_a_second_opening_works(scene: Scene) -> None:
    stocked(scene, READER)
    digest = scene.send(forward_secrecy=True)
    desk = scene.desk(READER)
    correspondence.collect(desk)
    sink = MemorySink()
    opened = correspondence.read(desk, digest.hex(), sink)
    key_id = opened.verified.key_id
    assert desk.keyring.private_key(Role.PREKEY, key_id) is None
    assert 0 == (desk.vault.folder / "vault.db-wal").stat().st_size
    again = MemorySink()
    correspondence.read(desk, digest.hex(), again)
    assert (TEXT,) == tuple(octets.decode() for _, octets in again.parts)


def test_listing_leaves_the_one_time_key_until_the_object_is_opened(scene: Scene) -> None:
    stocked(scene, READER)
    digest = scene.send(forward_secrecy=True)
    desk = scene.desk(READER)
    correspondence.collect(desk)
    (line,) = correspondence.inbox(desk)
    assert line.verified is not None
    assert desk.keyring.private_key(Role.PREKEY, line.verified.key_id) is not None
    correspondence.read(desk, digest.hex(), MemorySink())


def test_one_recipient_without_a_one_time_key_refuses_the_whole(scene: Scene) -> None:
    stocked(scene, READER)
    scene.relay.prekeys[scene.box(OTHER_READER)] = []
    with pytest.raises(OutOfOrderError, match="no-one-time-key"):
        queued(scene, READER, OTHER_READER, forward_secrecy=True)
    assert_nothing_kept(scene.desk(SENDER))


def test_a_last_resort_is_no_one_time_key(scene: Scene) -> None:
    stocked(scene, READER)
    box = scene.box(READER)
    scene.relay.prekeys[box] = scene.relay.prekeys[box][-1:]
    with pytest.raises(OutOfOrderError, match="no-one-time-key"):
        queued(scene, forward_secrecy=True)
    assert_nothing_kept(scene.desk(SENDER))


def test_one_time_keys_of_another_device_are_refused(scene: Scene) -> None:
    stocked(scene, READER, OTHER_READER)
    scene.relay.prekeys[scene.box(READER)] = scene.relay.prekeys[scene.box(OTHER_READER)]
    with pytest.raises(TamperedError, match="prekey-device"):
        queued(scene, forward_secrecy=True)
    assert_nothing_kept(scene.desk(SENDER))


def test_one_time_keys_that_expired_are_refused(scene: Scene) -> None:
    stocked(scene, READER)
    scene.clock.advance(31 * DAY)
    with pytest.raises(CredentialExpiredError, match="prekey-expired"):
        republish_both(scene)


def republish_both(scene: Scene) -> None:
    for code in ("EMB-A", "EMB-B"):
        republish(scene, code, SENDER)
    queued(scene, forward_secrecy=True)


def test_forward_secrecy_needs_the_relay(scene: Scene) -> None:
    scene.desk(SENDER)
    scene.relay.down = True
    with pytest.raises(RelayUnreachableError):
        queued(scene, forward_secrecy=True)
    assert_nothing_kept(scene.desk(SENDER))


def test_a_recipient_without_a_device_is_refused_by_the_gate(scene: Scene) -> None:
    registry.retire(
        scene.registry("EMB-B"), READER, mode=RevocationMode.RETIRED, since=scene.clock.now()
    )
    republish(scene, "EMB-B", SENDER)
    for forward_secrecy in (False, True):
        with pytest.raises(AccessDeniedError) as caught:
            queued(scene, forward_secrecy=forward_secrecy)
        assert ["NO_DEVICE"] == [each.code for each in caught.value.reasons]


def test_no_one_time_key_is_taken_for_what_the_gate_refuses(scene: Scene) -> None:
    stocked(scene, READER, OTHER_READER)
    before = {box: len(kept) for box, kept in scene.relay.prekeys.items()}
    with pytest.raises(AccessDeniedError):
        queued(scene, READER, OTHER_READER, level="机密", forward_secrecy=True)
    assert before == {box: len(kept) for box, kept in scene.relay.prekeys.items()}


def test_a_missing_one_time_key_is_written_down(scene: Scene) -> None:
    scene.relay.prekeys[scene.box(READER)] = []
    with pytest.raises(OutOfOrderError):
        queued(scene, forward_secrecy=True)
    assert ["error"] == [each.decision for each in events(scene.desk(SENDER), EventType.DOC_SEAL)]


def test_an_object_that_cannot_be_kept_leaves_no_body_and_no_open_permit(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(*_: object) -> None:
        raise VaultError("disk-full")

    desk = scene.desk(SENDER)
    monkeypatch.setattr(desk.mail.sent, "add", add)
    with pytest.raises(VaultError, match="disk-full"):
        queued(scene)
    assert_nothing_kept(desk)
    assert ["error"] == [each.decision for each in events(desk, EventType.DOC_SEAL)]
