"""One desk, opened: it closes what died, its clock never falls back, it is no registry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from secure_liaison.audit.events import Event, EventType
from secure_liaison.clock import BUILD_TIME, FixedClock, Instant, SystemClock
from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.directory.view import DirectoryView
from secure_liaison.errors import (
    CredentialError,
    OutOfOrderError,
    VaultError,
    VaultLockedError,
    WrongPassphraseError,
)
from secure_liaison.identity.anchors import accept_anchor
from secure_liaison.office import (
    ledger_origin,
    open_office,
    open_registry,
)
from secure_liaison.relay.http import HttpRelay
from secure_liaison.vault.store import create_vault
from secure_liaison.workflows import correspondence, founding
from secure_liaison.workflows.founding import new_device_keys
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import (
    SENDER,
    URL,
    Scene,
    Template,
    events,
)
from tests.capsule.forge import NOW
from tests.workflows.desks import (
    READER,
    assert_settled,
    bodies,
    draft,
    kinds,
)

PASSPHRASE = "attacks"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("world"))


@pytest.fixture
def scene(template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    folder = tmp_path / "scene"
    folder.mkdir()
    with ExitStack() as opened:
        yield Scene(template, folder, monkeypatch, opened)


# --- what died is closed at the next start ----------------------------------------------------


def die(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    """Let the process end when it gets there."""

    def died(*_args: object, **_kwargs: object) -> None:
        raise SystemExit

    monkeypatch.setattr(owner, name, died)


def closed_at_start(scene: Scene, login: str) -> list[Event]:
    return events(scene.reopen(login), EventType.GATE_UNFINISHED)


def test_sealing_that_died_between_decision_and_effect_is_closed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = scene.desk(SENDER)
    with monkeypatch.context() as dying:
        die(dying, desk.gate, "effect")
        with pytest.raises(SystemExit):
            correspondence.send(desk, draft())
    (decision,) = events(desk, EventType.GATE_DECISION)
    (closing,) = closed_at_start(scene, SENDER)
    assert (decision.permit, "error", "seal") == (
        closing.permit,
        closing.decision,
        closing.detail["action"],
    )
    assert_settled(scene.desk(SENDER))


def test_an_opening_that_died_is_closed_and_shows_as_not_opened(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, desk = scene.send(), scene.desk(READER)
    correspondence.collect(desk)
    with monkeypatch.context() as dying:
        die(dying, desk.gate, "effect")
        with pytest.raises(SystemExit):
            correspondence.read(desk, digest.hex(), MemorySink())
    (closing,) = closed_at_start(scene, READER)
    assert (digest.hex(), "open") == (closing.object_digest, closing.detail["action"])
    assert () == scene.desk(READER).mail.shares.of(digest)
    assert_settled(scene.desk(READER))


def test_a_delivery_that_died_is_closed_and_goes_out_at_the_next_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = scene.desk(SENDER)
    correspondence.send(desk, draft())
    with monkeypatch.context() as dying:
        die(dying, desk.gate, "effect")
        with pytest.raises(SystemExit):
            correspondence.deliver(desk)
    assert 1 == len(closed_at_start(scene, SENDER))
    assert [None] == [each.error for each in correspondence.deliver(scene.desk(SENDER))]
    assert 1 == len(scene.relay.mailboxes[scene.box(READER)])
    assert_settled(scene.desk(SENDER))


def test_what_was_closed_is_not_closed_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = scene.desk(SENDER)
    with monkeypatch.context() as dying:
        die(dying, desk.gate, "effect")
        with pytest.raises(SystemExit):
            correspondence.send(desk, draft())
    assert 1 == len(closed_at_start(scene, SENDER))
    assert 1 == len(closed_at_start(scene, SENDER))


def test_a_body_that_nothing_names_is_swept(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ended between writing the body and the transaction that names it."""
    desk = scene.desk(SENDER)
    with monkeypatch.context() as dying:
        for owner, name in ((desk.mail.sent, "add"), (desk.bodies, "remove")):
            die(dying, owner, name)
        with pytest.raises(SystemExit):
            correspondence.send(desk, draft())
    assert 1 == len(bodies(desk))
    assert set() == bodies(scene.reopen(SENDER))


def test_a_body_that_is_named_stays(scene: Scene) -> None:
    correspondence.send(scene.desk(SENDER), draft())
    kept = bodies(scene.desk(SENDER))
    assert kept == bodies(scene.reopen(SENDER))
    assert 1 == len(kept)


def test_every_start_is_written_down(scene: Scene) -> None:
    before = events(scene.desk(SENDER), EventType.ADMIN_START)
    after = events(scene.reopen(SENDER), EventType.ADMIN_START)
    assert len(before) + 1 == len(after)
    assert SENDER == after[-1].actor


# --- the clock --------------------------------------------------------------------------------


def test_the_clock_never_falls_behind_the_ledger_after_a_restart(scene: Scene) -> None:
    scene.desk(SENDER)
    desk = scene.reopen(SENDER, FixedClock(NOW - 3600))
    assert NOW == desk.clock.now()
    assert NOW - 3600 == desk.machine_clock.now()


def test_the_clock_never_falls_behind_the_ledger_while_the_desk_is_open(scene: Scene) -> None:
    clock = FixedClock(NOW)
    desk = scene.desk(SENDER, clock)
    clock.advance(600)
    desk.note(Event(type=EventType.ADMIN_CONFIG))
    clock.advance(-3600)
    assert NOW + 600 == desk.clock.now()
    desk.note(Event(type=EventType.ADMIN_CONFIG))
    times = [entry.event.t_us for entry in desk.ledger.entries()]
    assert times == sorted(times)


def test_setting_the_clock_back_revives_nothing(scene: Scene) -> None:
    """An object that expired stays expired."""
    digest, clock = scene.send(days=1), FixedClock(NOW)
    desk = scene.desk(READER, clock)
    correspondence.collect(desk)
    clock.advance(2 * 86400)
    desk.note(Event(type=EventType.ADMIN_CONFIG))
    clock.advance(-2 * 86400)
    (line,) = correspondence.inbox(desk)
    assert line.refusal is not None
    assert (digest, "capsule-expired") == (line.item.digest, line.refusal.reason)


def test_the_time_of_requests_is_the_machines(scene: Scene) -> None:
    """A clock that was wrong once must not lock the desk out of the relay."""
    scene.desk(SENDER, FixedClock(NOW + 3600))
    desk = scene.reopen(SENDER)
    assert (NOW + 3600, NOW) == (desk.clock.now(), desk.machine_clock.now())
    correspondence.collect(desk)


def test_the_machines_clock_is_the_default(scene: Scene) -> None:
    scene.desk(SENDER).close()
    scene.registry("EMB-A").close()
    folder = scene.folder / "EMB-A"
    with open_office(folder / SENDER, PASSPHRASE) as desk:
        assert isinstance(desk.machine_clock, SystemClock)
        assert desk.clock.now() >= BUILD_TIME
    with open_registry(folder / "registry", PASSPHRASE) as office:
        assert office.clock.now() >= BUILD_TIME


# --- what is no desk --------------------------------------------------------------------------


def test_a_registry_is_no_desk(scene: Scene) -> None:
    scene.registry("EMB-A").close()
    home = scene.folder / "EMB-A" / "registry"
    with pytest.raises(OutOfOrderError, match="not-a-desk"):
        open_office(home, PASSPHRASE, clock=scene.clock)
    open_registry(home, PASSPHRASE, clock=scene.clock).close()


def test_a_desk_is_no_registry(scene: Scene) -> None:
    scene.desk(SENDER).close()
    home = scene.folder / "EMB-A" / SENDER
    with pytest.raises(OutOfOrderError, match="not-a-desk"):
        open_registry(home, PASSPHRASE, clock=scene.clock)
    open_office(home, PASSPHRASE, clock=scene.clock).close()


def test_an_empty_vault_is_neither_and_stays_free_for_the_next(tmp_path: Path) -> None:
    create_vault(tmp_path, "empty", cost=TEST_COST).close()
    for _ in range(2):
        with pytest.raises(OutOfOrderError, match="not-a-desk"):
            open_office(tmp_path, "empty")
        with pytest.raises(OutOfOrderError, match="not-a-desk"):
            open_registry(tmp_path, "empty")


def test_a_vault_with_keys_and_nothing_else_is_no_desk(scene: Scene, tmp_path: Path) -> None:
    vault, desk = create_vault(tmp_path / "half", "half", cost=TEST_COST), scene.desk(SENDER)
    with vault.transaction():
        keys = new_device_keys(desk.realm, desk.agency)
        founding.write_identity(
            vault, keys, charter=desk.charter, agency=desk.agency, now=Instant(NOW)
        )
        vault.execute("DELETE FROM documents WHERE name = 'own-agency'")
    vault.close()
    with pytest.raises(OutOfOrderError, match="not-a-desk"):
        open_office(tmp_path / "half", "half", clock=scene.clock)


def test_a_folder_without_a_vault_is_an_error_of_the_vault(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="not-found"):
        open_office(tmp_path, PASSPHRASE)


def test_a_wrong_passphrase_opens_nothing(scene: Scene) -> None:
    scene.desk(SENDER).close()
    with pytest.raises(WrongPassphraseError):
        open_office(scene.folder / "EMB-A" / SENDER, "wrong", clock=scene.clock)


# --- the open desk ----------------------------------------------------------------------------


def test_a_desk_is_open_once(scene: Scene) -> None:
    scene.desk(SENDER)
    with pytest.raises(VaultLockedError):
        open_office(scene.folder / "EMB-A" / SENDER, PASSPHRASE, clock=scene.clock)


def test_closing_twice_changes_nothing(scene: Scene) -> None:
    for opened in (scene.desk(SENDER), scene.registry("EMB-A")):
        opened.close()
        opened.close()
    assert scene.reopen(SENDER).ledger.size


def test_leaving_the_block_closes_it_also_after_an_error(scene: Scene) -> None:
    scene.desk(SENDER).close()
    home = scene.folder / "EMB-A" / SENDER
    with pytest.raises(ZeroDivisionError), open_office(home, PASSPHRASE, clock=scene.clock):
        raise ZeroDivisionError
    open_office(home, PASSPHRASE, clock=scene.clock).close()


def test_what_is_done_inside_a_transaction_is_kept_whole_or_not_at_all(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    before = kinds(desk)

    def write_and_fail() -> None:
        with desk.transaction():
            desk.ledger.append(Event(type=EventType.ADMIN_CONFIG))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert before == kinds(desk)


def test_a_view_is_taken_over_with_its_line_or_not_at_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = scene.desk(SENDER)
    view, state = desk.directory, desk.records.directory_state()
    with monkeypatch.context() as dying:
        die(dying, desk.ledger, "append")
        with pytest.raises(SystemExit):
            desk.adopt(DirectoryView(desk.realm), Event(type=EventType.DIRECTORY_IMPORT))
    assert (view, state) == (desk.directory, desk.records.directory_state())


def test_a_registry_keeps_a_change_with_its_line_or_not_at_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = scene.registry("EMB-A")
    state = office.state
    with monkeypatch.context() as dying:
        die(dying, office.ledger, "append")
        with pytest.raises(SystemExit):
            office.keep(
                state.without([one.digest for one in state.signed()]),
                Event(type=EventType.ADMIN_CONFIG),
                documents={"book": b"other"},
            )
    assert state is office.state
    assert office.records.document("book") is None


def test_the_desk_knows_itself_from_the_own_book(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    assert (SENDER, desk.agency, True) == (desk.me().login, desk.me().agency, desk.exercise)


def test_where_an_agencys_relay_is_stands_in_its_roster(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    assert URL == desk.relay_url(scene.agency("EMB-B"))
    with pytest.raises(CredentialError, match="unknown-agency"):
        desk.relay_url(scene.agency("EMB-X"))
    keys = scene.keys("EMB-B")
    desk.directory = DirectoryView(desk.realm).with_anchor(
        accept_anchor(keys.anchor, typed_digits=keys.anchor.digits())
    )
    with pytest.raises(OutOfOrderError, match="no-roster"):
        desk.relay_url(scene.agency("EMB-B"))


def test_a_relay_connects_only_when_it_is_used(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens there."""
    desk = scene.desk(SENDER)
    monkeypatch.undo()
    for agency in (None, scene.agency("EMB-B")):
        relay = desk.relay(agency)
        assert isinstance(relay, HttpRelay)
        assert relay._clock is desk.machine_clock
        relay.close()


def test_a_ledger_is_named_after_its_device(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    assert ledger_origin(desk.keys) == desk.ledger.origin
    assert desk.keys.handle.hex() in desk.ledger.origin
