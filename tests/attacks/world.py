"""Two embassies with open desks, a stranger from another realm, and what the attacks ask of them.

`Template` is built once through the product's own workflows; each `Scene` copies the vaults that
it uses, so a test starts from what registrars really published and changes nothing for the others.

- ``li.wei@EMB-A`` holds 机密 and sends; ``j.okafor@EMB-B`` holds 机密 and is the one attacked.
- ``m.rossi@EMB-B`` holds 秘密, reads what the others read at that level, and is the insider.
- ``x.thief@EMB-X`` belongs to another realm that nobody here trusts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from starlette.testclient import TestClient
from typing_extensions import override

from liaison_relay.intake.snapshots import read_admission
from liaison_relay.routes.application import build_application
from liaison_relay.settings import RelaySettings
from liaison_relay.storage.bodies import Bodies
from liaison_relay.storage.sqlcipher import SqlcipherStore
from secure_liaison.audit.events import Event, EventType
from secure_liaison.clock import Clock, FixedClock, Instant
from secure_liaison.crypto.keys import Digest, Secret
from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.directory.book import decode_book
from secure_liaison.directory.roster import encode_snapshot
from secure_liaison.errors import AccessDeniedError, LiaisonError
from secure_liaison.identity.anchors import Anchor, RealmCharter, open_anchor
from secure_liaison.identity.ids import AgencyId
from secure_liaison.identity.names import Names
from secure_liaison.identity.officer_contents import Role
from secure_liaison.labels.agreement_terms import terms_up_to
from secure_liaison.office import Office, Registry, open_office, open_registry
from secure_liaison.relay.http import HttpRelay
from secure_liaison.vault.key_files import read_key_file
from secure_liaison.vault.quarantine import QuarantineRow
from secure_liaison.workflows import correspondence, enrolment, founding, registry
from secure_liaison.workflows.correspondence import Draft
from secure_liaison.workflows.publishing import MemorySink
from secure_liaison.workflows.registry import Published
from tests.capsule.forge import NOW
from tests.simulator import SimulatedRelay, Simulator

FOUNDED = Instant(NOW - 7200)
URL = "http://127.0.0.1:8440"
VICTIM, INSIDER, SENDER, STRANGER = "j.okafor", "m.rossi", "li.wei", "x.thief"
TEXT = "会见推迟至周五。The meeting moves to Friday."
SUBJECT = "通报 17"
PEOPLE = {
    "EMB-A": ((SENDER, Names(zh="李伟", en="Li Wei"), "机密"),),
    "EMB-B": (
        (VICTIM, Names(zh="奥卡福", en="J. Okafor"), "机密"),
        (INSIDER, Names(zh="罗西", en="M. Rossi"), "秘密"),
    ),
    "EMB-X": ((STRANGER, Names(zh="外人", en="Stranger"), "机密"),),
}
HOME = {login: code for code, people in PEOPLE.items() for login, _, _ in people}
_PASSPHRASE = "attacks"


@dataclass(frozen=True, kw_only=True)
class AgencyKeys:
    """What an agency's offline keys and files are in these tests."""

    anchor: Anchor
    anchor_octets: bytes
    root: SigningKey
    registrars: tuple[SigningKey, ...]
    snapshot: bytes


class Template:
    """The world as it stands on disk, every vault closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(FOUNDED)
        self.agencies: dict[str, AgencyKeys] = {}
        self.handles: dict[str, bytes] = {}
        self.prekeys = Simulator(self.clock)
        realms = {
            "EMB-A": (ours := _charter("EXERCISE attacks", 1)),
            "EMB-B": ours,
            "EMB-X": _charter("EXERCISE elsewhere", 2),
        }
        with ExitStack() as opened:
            registries = {code: self._found(code, realms[code], opened) for code in PEOPLE}
            self._agree(registries["EMB-A"], registries["EMB-B"])
            books = {code: self._publish(code, registries[code]) for code in PEOPLE}
        for code, people in PEOPLE.items():
            for login, _, _ in people:
                self._introduce(code, login, books)

    def _found(self, code: str, charter: RealmCharter, opened: ExitStack) -> Registry:
        home = self.folder / code / "registry"
        home.parent.mkdir()
        found = founding.found_agency(
            home,
            charter=charter,
            names=Names(zh=f"使馆{code}", en=f"Embassy {code}"),
            code=code,
            passphrases=founding.Passphrases(
                registry=_PASSPHRASE, root="root", registrars=("one", "two")
            ),
            clock=self.clock,
            cost=TEST_COST,
        )
        keys = [
            read_key_file(path, word)
            for path, word in zip(found.key_files, ("root", "one", "two"), strict=True)
        ]
        self.agencies[code] = AgencyKeys(
            anchor=found.anchor,
            anchor_octets=found.anchor_file.read_bytes(),
            root=keys[0],
            registrars=tuple(keys[1:]),
            snapshot=b"",
        )
        office = opened.enter_context(open_registry(home, _PASSPHRASE, clock=self.clock))
        for login, names, level in PEOPLE[code]:
            self._enrol(office, code, login, names, level)
        return office

    def _enrol(self, office: Registry, code: str, login: str, names: Names, level: str) -> None:
        keys = self.agencies[code]
        asked = enrolment.enrol(
            self.folder / code / login,
            _PASSPHRASE,
            anchor=keys.anchor_octets,
            typed_digits=keys.anchor.digits(),
            login=login,
            names=names,
            clock=self.clock,
            cost=TEST_COST,
        )
        signer = keys.registrars[:1]
        registry.admit(
            office,
            asked.request,
            signer,
            typed_digits=asked.digits,
            post=Names(zh="联络员", en="liaison officer"),
            roles=frozenset({Role.LIAISON}),
        )
        registry.clear(office, login, signer, level=level, person_class="important")
        registry.brief(office, login, signer, topic="secrecy")

    def _agree(self, a: Registry, b: Registry) -> None:
        first, second = self.agencies["EMB-A"], self.agencies["EMB-B"]
        proposed = registry.propose_agreement(
            a, second.anchor, first.registrars[:1], name="agr:attacks", terms=terms_up_to("机密")
        )
        signed = registry.countersign(b, proposed, second.registrars[:1])
        for each in (a, b):
            registry.adopt_agreement(each, signed)

    def _publish(self, code: str, office: Registry) -> bytes:
        keys = self.agencies[code]
        made = registry.publish(office, keys.registrars, relay_url=URL)
        self.agencies[code] = AgencyKeys(
            anchor=keys.anchor,
            anchor_octets=keys.anchor_octets,
            root=keys.root,
            registrars=keys.registrars,
            snapshot=made.snapshot,
        )
        return made.book

    def _introduce(self, code: str, login: str, books: dict[str, bytes]) -> None:
        with open_office(self.folder / code / login, _PASSPHRASE, clock=self.clock) as desk:
            for other, keys in self.agencies.items():
                if keys.anchor.realm == desk.realm:
                    if other != code:
                        enrolment.trust(desk, keys.anchor_octets, typed_digits=keys.anchor.digits())
                    enrolment.import_book(desk, books[other])
            self.handles[login] = desk.keys.handle
            seen = SimulatedRelay(self.prekeys, device=desk.keys.handle, clock=self.clock)
            enrolment.stock_prekeys(desk, cast("HttpRelay", seen))


class Scene:
    """One test's copy of the world, at a clock that moves only when told to.

    Attributes:
        clock: The relay's, and every desk's that was not opened with another one.
        relay: In memory; see `Simulator`.
    """

    def __init__(
        self, template: Template, folder: Path, monkeypatch: pytest.MonkeyPatch, opened: ExitStack
    ) -> None:
        self.template = template
        self.folder = folder
        self.clock = FixedClock(NOW)
        self.relay = Simulator(self.clock)
        self.relay.attach(monkeypatch)
        self.relay.prekeys |= {box: [*kept] for box, kept in template.prekeys.prekeys.items()}
        for keys in template.agencies.values():
            self.relay.directory[keys.anchor.agency_id] = keys.snapshot
        self._opened = opened
        self._desks: dict[str, Office] = {}
        self._registries: dict[str, Registry] = {}

    def desk(self, login: str, clock: Clock | None = None) -> Office:
        """Return an officer's desk, opened when it is first asked for."""
        if login not in self._desks:
            home = self._copy(HOME[login], login)
            self._desks[login] = open_office(home, _PASSPHRASE, clock=clock or self.clock)
            self._opened.callback(self._desks[login].close)
        return self._desks[login]

    def reopen(self, login: str, clock: Clock | None = None) -> Office:
        """Close a desk and open it again, as after a restart; the vault is checked as a whole."""
        self._desks[login].close()
        home = self.folder / HOME[login] / login
        self._desks[login] = open_office(home, _PASSPHRASE, clock=clock or self.clock)
        self._opened.callback(self._desks[login].close)
        return self._desks[login]

    def registry(self, code: str) -> Registry:
        """Return an agency's registry."""
        if code not in self._registries:
            home = self._copy(code, "registry")
            opened = open_registry(home, _PASSPHRASE, clock=self.clock)
            self._registries[code] = self._opened.enter_context(opened)
        return self._registries[code]

    def keys(self, code: str) -> AgencyKeys:
        """Return an agency's keys."""
        return self.template.agencies[code]

    def agency(self, code: str) -> AgencyId:
        """Return an agency's id."""
        return self.keys(code).anchor.agency_id

    def publish(self, code: str) -> Published:
        """Let two registrars publish; the relay serves it, no desk has the book yet."""
        made = registry.publish(self.registry(code), self.keys(code).registrars)
        self.relay.directory[self.agency(code)] = made.snapshot
        return made

    def box(self, login: str) -> bytes:
        """Return the name of an officer's mailbox."""
        return self.template.handles[login]

    def send(
        self, *, to: tuple[str, ...] = (VICTIM,), level: str = "秘密", **fields: object
    ) -> Digest:
        """Let li.wei send a bulletin; it waits in the mailboxes."""
        sender = self.desk(SENDER)
        values = {
            "subject": SUBJECT,
            "level": level,
            "period": "10年",
            "text": TEXT,
            "to": tuple(f"{login}@{HOME[login]}" for login in to),
        }
        draft = Draft(**{**values, **fields})  # type: ignore[arg-type]  # tests know the fields
        digest = correspondence.send(sender, draft)
        assert [None] == [each.error for each in correspondence.deliver(sender)]
        return digest

    def _copy(self, code: str, name: str) -> Path:
        home = self.folder / code / name
        home.parent.mkdir(exist_ok=True)
        shutil.copytree(self.template.folder / code / name, home)
        return home

    @contextmanager
    def real_relay(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealRelay]:
        """Let every desk use the real relay, inside this process."""
        settings = RelaySettings(folder=self.folder / "relay", reserve_bytes=0)
        settings.folder.mkdir()
        store = SqlcipherStore(settings.store, Secret.generate())
        for code in ("EMB-A", "EMB-B"):
            keys = self.keys(code)
            row, devices = read_admission(
                keys.snapshot, typed_digits=keys.anchor.digits(), now=self.clock.now()
            )
            store.publish(row, devices)
        application = build_application(
            store=store,
            bodies=Bodies(settings.bodies),
            settings=settings,
            clock=self.clock,
            public_url=URL,
        )
        with TestClient(application, base_url=URL) as client:

            def relay(office: Office, agency: AgencyId | None = None) -> HttpRelay:
                return _LeftOpen(
                    office.relay_url(agency or office.agency),
                    device=office.keys.handle,
                    key=office.keys.request,
                    clock=office.machine_clock,
                    client=client,
                )

            monkeypatch.setattr(Office, "relay", relay)
            yield RealRelay(client=client, store=store)


@dataclass(frozen=True, kw_only=True)
class RealRelay:
    """The real relay's door, and its store."""

    client: TestClient
    store: SqlcipherStore


class _LeftOpen(HttpRelay):
    """Closing it leaves the test's client open for the next one."""

    @override
    def close(self) -> None:
        """Do nothing."""


# --- what an attack must not do, and what must still work -------------------------------------


def events(desk: Office, kind: EventType) -> list[Event]:
    """Return the ledger's events of one kind, after checking the whole ledger."""
    desk.ledger.check()
    return [entry.event for entry in desk.ledger.entries() if entry.event.type is kind]


def whys(desk: Office, kind: EventType) -> list[tuple[object, object]]:
    """Return (code, reason) of the ledger's events of one kind."""
    return [(each.detail.get("code"), each.detail.get("reason")) for each in events(desk, kind)]


def assert_quarantined(
    scene: Scene, login: str, code: str, reason: str, *, shown: tuple[Digest, ...] = ()
) -> QuarantineRow:
    """Collect; demand one record with its reason, its ledger line, and that nothing is shown."""
    desk = scene.desk(login)
    correspondence.collect(desk)
    rows = desk.mail.quarantine.rows()
    assert [(code, reason)] == [(row.code, row.reason) for row in rows]
    assert (code, reason) in whys(desk, EventType.DOC_QUARANTINE)
    assert_nothing_shown(desk, rows[0].digest, shown=shown)
    return rows[0]


def assert_nothing_shown(desk: Office, digest: Digest, *, shown: tuple[Digest, ...] = ()) -> None:
    """Demand that the inbox holds nothing but ``shown`` and that the object cannot be opened."""
    assert set(shown) == {line.item.digest for line in correspondence.inbox(desk)}
    if digest not in shown:
        sink = MemorySink()
        with pytest.raises(AccessDeniedError):
            correspondence.read(desk, digest.hex(), sink)
        assert sink.parts == ()
        assert desk.mail.shares.of(digest) == ()
    kept = {path.name for path in desk.vault.bodies_folder.iterdir()}
    assert desk.mail.body_names() == kept


def opened_octets(scene: Scene, login: str, digest: Digest) -> bytes:
    """Collect and open one object, and return its text as it came."""
    desk = scene.desk(login)
    correspondence.collect(desk)
    sink = MemorySink()
    correspondence.read(desk, digest.hex(), sink)
    return sink.parts[0][1]


def opened_text(scene: Scene, login: str, digest: Digest) -> str:
    """Collect and open one object, and return its text."""
    return opened_octets(scene, login, digest).decode()


def assert_genuine_opens(scene: Scene, login: str, digest: Digest, *, text: str = TEXT) -> None:
    """Demand that the genuine object arrives and opens, and that vault and ledger are sound."""
    assert opened_text(scene, login, digest) == text
    desk = scene.reopen(login)
    desk.ledger.check()
    assert [SUBJECT] == [
        line.head.subject
        for line in correspondence.inbox(desk)
        if line.item.digest == digest and line.head is not None
    ]
    assert desk.mail.quarantine.get(digest) is None


def refusal_of(desk: Office, digest: Digest) -> list[str]:
    """Return the codes with which the gate refuses an object that is in the inbox."""
    sink = MemorySink()
    with pytest.raises(LiaisonError) as caught:
        correspondence.read(desk, digest.hex(), sink)
    assert sink.parts == ()
    found = caught.value
    return [each.code for each in found.reasons] if isinstance(found, AccessDeniedError) else []


def snapshot_of(book: bytes) -> bytes:
    """Return the snapshot inside a book."""
    return encode_snapshot(decode_book(book).snapshot)


def _charter(name: str, seed: int) -> RealmCharter:
    return RealmCharter(name=name, exercise=True, salt=bytes([seed]) * 16)


__all__ = [
    "INSIDER",
    "SENDER",
    "STRANGER",
    "SUBJECT",
    "TEXT",
    "URL",
    "VICTIM",
    "Scene",
    "Template",
    "assert_genuine_opens",
    "assert_nothing_shown",
    "assert_quarantined",
    "events",
    "open_anchor",
    "opened_octets",
    "opened_text",
    "refusal_of",
    "snapshot_of",
    "whys",
]
