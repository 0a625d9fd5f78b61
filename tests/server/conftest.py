"""A relay inside the test's process, with two admitted agencies and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from liaison_relay.intake.snapshots import read_admission
from liaison_relay.routes.application import build_application
from liaison_relay.settings import RelaySettings
from liaison_relay.storage.bodies import Bodies
from liaison_relay.storage.sqlcipher import SqlcipherStore
from secure_liaison.clock import FixedClock, Instant, SystemClock
from secure_liaison.crypto.keys import Realm, Secret
from secure_liaison.directory.roster import encode_snapshot
from secure_liaison.relay.http import HttpRelay
from tests.factories import DeviceBundle, World, make_world
from tests.server.running import LEFT_OPEN

URL = "https://relay.test"


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(Instant(SystemClock().now() - 3600))


@dataclass(kw_only=True)
class Inside:
    """The relay's parts, and desks that reach it without a network."""

    store: SqlcipherStore
    bodies: Bodies
    settings: RelaySettings
    clock: FixedClock
    client: TestClient
    world: World

    @property
    def realm(self) -> Realm:
        return self.world.realm

    def device(self, address: str) -> DeviceBundle:
        return self.world.officer(address).device

    def desk(self, address: str, clock: FixedClock | None = None) -> HttpRelay:
        device = self.device(address)
        return HttpRelay(
            URL,
            device=device.handle,
            key=device.request,
            clock=clock or self.clock,
            client=self.client,
        )

    def files(self) -> list[str]:
        folder = self.settings.bodies
        return sorted(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        )


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    yield
    while LEFT_OPEN:
        LEFT_OPEN.pop()()


@pytest.fixture
def settings(tmp_path: Path) -> RelaySettings:
    return RelaySettings(folder=tmp_path / "relay", quota_bytes=2**30, reserve_bytes=0)


@pytest.fixture
def inside(world: World, settings: RelaySettings) -> Iterator[Inside]:
    settings.folder.mkdir()
    clock = FixedClock(world.now + 3600)
    store = SqlcipherStore(settings.store, Secret.generate())
    for agency in world.agencies.values():
        row, devices = read_admission(
            encode_snapshot(agency.snapshot),
            typed_digits=agency.anchor.digits(),
            now=clock.now(),
        )
        store.publish(row, devices)
    bodies = Bodies(settings.bodies)
    application = build_application(
        store=store, bodies=bodies, settings=settings, clock=clock, public_url=URL
    )
    with TestClient(application, base_url=URL) as client:
        yield Inside(
            store=store,
            bodies=bodies,
            settings=settings,
            clock=clock,
            client=client,
            world=world,
        )
