"""Office: one desk, opened: vault, directory, ledger, gate and clock; and an agency's registry.

Rules:

- `open_office` and `open_registry` are the only composition roots; all else is handed their result.
- Opening closes what an earlier run left open: unfinished decisions and orphaned bodies.
- The clock never falls behind the ledger's last entry, so setting it back revives nothing.

Source: docs/concepts/house.md; DESIGN §3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType
from secure_liaison.audit.ledger import Ledger
from secure_liaison.clock import GuardedClock, Instant, SystemClock
from secure_liaison.directory.registry import RegistryState
from secure_liaison.directory.view import DirectoryView
from secure_liaison.errors import CredentialError, FormatError, OutOfOrderError
from secure_liaison.identity.anchors import decode_charter, open_anchor
from secure_liaison.identity.chain import verify_registrars
from secure_liaison.identity.contents import RevocationContent
from secure_liaison.identity.ids import AgencyId
from secure_liaison.identity.revocations import Revocations
from secure_liaison.identity.statements import decode_signed
from secure_liaison.monitor.gate import Gate
from secure_liaison.relay.http import HttpRelay
from secure_liaison.vault.bodies import BodyStore
from secure_liaison.vault.cases import Cases
from secure_liaison.vault.keyring import Keyring
from secure_liaison.vault.ledger import VaultLedgerStore
from secure_liaison.vault.mail import Mail
from secure_liaison.vault.packs import Packs
from secure_liaison.vault.records import Records
from secure_liaison.vault.shelves import OwnSigners, Shelves
from secure_liaison.vault.store import open_vault
from secure_liaison.wire.urls import is_own_machine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Self

    from secure_liaison.clock import Clock
    from secure_liaison.crypto.keys import Realm
    from secure_liaison.directory.standing import AgencyRecord, OfficerRecord
    from secure_liaison.identity.anchors import RealmCharter
    from secure_liaison.identity.chain import Registrars
    from secure_liaison.vault.keyring import DeviceKeys
    from secure_liaison.vault.records import Pairing
    from secure_liaison.vault.store import Vault

__all__ = [
    "AGENCY",
    "CHARTER",
    "LOGIN",
    "REGISTRY",
    "Office",
    "Registry",
    "ledger_origin",
    "open_office",
    "open_registry",
]

CHARTER: Final = "realm-charter"
AGENCY: Final = "own-agency"
LOGIN: Final = "login"
REGISTRY: Final = "registry"
_CHANGED_AT: Final = "directory-changed-at"


class Office:
    """One opened desk. Close it, or use it in a ``with`` block.

    Attributes:
        vault: Where everything is kept.
        machine_clock: The machine's, for nothing but the time of requests.
        clock: Never behind the ledger.
        charter: The realm: its name, and whether it is an exercise.
        realm: The realm's id.
        agency: The own agency, 32 bytes.
        login: The officer's login, as enrolled.
        keys: The device's identity.
        records, keyring, mail, cases, bodies: The parts of the vault.
        ledger: Every decision and effect.
        gate: The only mint of permits.
        directory: The trusted view; replaced as a whole by `adopt`.
        own_packs: Packs that the agency's registrars signed, as they are kept.
        packs: Which packs may be used now, and for what.
    """

    def __init__(
        self, vault: Vault, *, clock: Clock, charter: RealmCharter, keys: DeviceKeys
    ) -> None:
        """Put a desk together around an open vault; use `open_office`."""
        self.vault = vault
        self.charter = charter
        self.realm: Realm = charter.realm
        self.keys = keys
        self.records = Records(vault)
        self.keyring = Keyring(vault)
        self.mail = Mail(vault)
        self.cases = Cases(vault)
        self.bodies = BodyStore(vault.bodies_folder)
        self.agency = AgencyId(_required(self.records.document(AGENCY)))
        self.login = self.records.setting(LOGIN) or ""
        self.machine_clock = clock
        self.clock = GuardedClock(clock)
        self.ledger = _ledger(vault, keys, realm=self.realm, clock=self.clock)
        self.gate = Gate(self.ledger, self.clock, vault.transaction)
        state = self.records.directory_state()
        self.directory = (
            DirectoryView(self.realm) if state is None else DirectoryView.from_state(state)
        )
        self.own_packs = Packs(vault)
        signers = OwnSigners(
            in_force=lambda at: self.directory.signers(self.agency, at),
            revoked=lambda: self.directory.revocations(self.agency),
        )
        self.packs = Shelves(self.own_packs, self.clock, signers)

    @property
    def exercise(self) -> bool:
        """Whether everything here is an exercise."""
        return self.charter.exercise

    def me(self) -> OfficerRecord:
        """Return the officer of this desk as the own agency's book names them.

        Raises:
            CredentialError: the own agency's book does not know this device (yet).
        """
        return self.directory.owner_of(self.keys.handle)

    def adopt(
        self, view: DirectoryView, event: Event | None, *, pairing: Pairing | None = None
    ) -> None:
        """Take over a newer view, with the comparison that led to it, and write down why.

        Without an event nothing but the moment of contact is newer.
        """
        with self.vault.transaction():
            self.records.set_directory_state(view.to_state())
            if pairing is not None:
                self.records.remember_pairing(pairing)
            if event is not None:
                self.ledger.append(event)
                self.mark_changed()
        self.directory = view

    def mark_changed(self) -> None:
        """Let what lies in quarantine be looked at again, within the caller's transaction."""
        self.records.set_setting(_CHANGED_AT, str(self.clock.now()))

    def changed_at(self) -> Instant:
        """Return when directory or packs last said something new, seconds UTC."""
        return Instant(int(self.records.setting(_CHANGED_AT) or 0))

    def transaction(self) -> AbstractContextManager[None]:
        """Commit everything done inside together, or nothing of it."""
        return self.vault.transaction()

    def note(self, event: Event) -> None:
        """Write one line into the ledger, in a transaction of its own."""
        with self.vault.transaction():
            self.ledger.append(event)

    def agency_record(self, agency: AgencyId) -> AgencyRecord:
        """Return what the directory says of an agency.

        Raises:
            CredentialError: ``unknown-agency``.
        """
        for record in self.directory.agencies():
            if record.agency_id == agency:
                return record
        raise CredentialError("unknown-agency")

    def relay_url(self, agency: AgencyId) -> str:
        """Return where an agency's relay is, as its newest roster says.

        Raises:
            CredentialError: ``unknown-agency``.
            OutOfOrderError: ``no-roster`` (nothing but the anchor is known yet).
        """
        roster = self.agency_record(agency).roster
        if roster is None:
            raise OutOfOrderError("no-roster")
        return roster.relay.url

    def relay(self, agency: AgencyId | None = None) -> HttpRelay:
        """Return the relay of an agency, the own one by default; it connects when used.

        Raises:
            CredentialError, OutOfOrderError: as `relay_url`.
            FormatError: ``relay-url`` (a partner names this machine as its relay: requests there
                would reach the desk's own services).
        """
        url = self.relay_url(agency or self.agency)
        if is_own_machine(url) and not self.exercise and url != self.relay_url(self.agency):
            raise FormatError("relay-url")
        return HttpRelay(
            url,
            device=self.keys.handle,
            key=self.keys.request,
            # A request's time is judged by the relay. The guarded clock, once it was wrong, would
            # stay ahead of a machine that was put right, and no request would pass until then.
            clock=self.machine_clock,
        )

    def close(self) -> None:
        """Let go of the vault."""
        self.vault.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Registry:
    """An agency's registry, opened: its state and its own ledger; no mail, no directory.

    Attributes:
        vault, records, keyring: Where everything is kept.
        clock: Never behind the ledger.
        charter, realm: The realm.
        ledger: Every change of the registry.
        keys: Sign the ledger only; this device is on no roster.
        state: Officers, devices and statements; replaced as a whole by `keep`.
        own_packs: Packs that this agency's registrars signed, as they are kept.
        packs: Which packs may be used now, and for what.
    """

    def __init__(
        self, vault: Vault, *, clock: Clock, charter: RealmCharter, keys: DeviceKeys
    ) -> None:
        """Put a registry together around an open vault; use `open_registry`."""
        self.vault = vault
        self.records = Records(vault)
        self.keyring = Keyring(vault)
        self.charter = charter
        self.realm: Realm = charter.realm
        self.keys = keys
        self.clock = GuardedClock(clock)
        self.ledger = _ledger(vault, keys, realm=self.realm, clock=self.clock)
        self.state = RegistryState.from_bytes(_required(self.records.document(REGISTRY)))
        self.own_packs = Packs(vault)
        signers = OwnSigners(in_force=self.signers, revoked=self._revocations)
        self.packs = Shelves(self.own_packs, self.clock, signers)

    def signers(self, at: Instant) -> tuple[Registrars, Revocations]:
        """Return who signs for this agency at a moment, and what it revokes.

        Raises:
            LiaisonError: as `verify_registrars`.
        """
        anchor = open_anchor(self.state.anchor)
        registrars = verify_registrars(anchor, decode_signed(self.state.registrars), at=at)
        return registrars, self._revocations()

    def keep(
        self, state: RegistryState, event: Event, *, documents: Mapping[str, bytes] | None = None
    ) -> None:
        """Take over a newer state, with documents that belong to it, and write down why."""
        with self.vault.transaction():
            self.records.set_document(REGISTRY, state.to_bytes())
            for name, octets in (documents or {}).items():
                self.records.set_document(name, octets)
            self.ledger.append(event)
        self.state = state

    def _revocations(self) -> Revocations:
        contents = (one.statement.content for one in self.state.signed())
        return Revocations.of(each for each in contents if isinstance(each, RevocationContent))

    def close(self) -> None:
        """Let go of the vault."""
        self.vault.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_office(home: Path, passphrase: str, *, clock: Clock | None = None) -> Office:
    """Open a desk.

    Args:
        home: The desk's folder.
        passphrase: Opens the vault.
        clock: The machine's by default.

    Raises:
        VaultError: as `open_vault`.
        OutOfOrderError: ``not-a-desk`` (the vault holds no enrolled device, or is a registry).
    """
    vault = open_vault(home, passphrase)
    try:
        keys, charter = _identity(vault)
        _refuse_registry(vault)
        office = Office(vault, clock=clock or SystemClock(), charter=charter, keys=keys)
        office.bodies.sweep(office.mail.body_names())
        office.gate.reconcile()
        office.note(Event(type=EventType.ADMIN_START, actor=office.login))
    except BaseException:
        vault.close()
        raise
    return office


def open_registry(home: Path, passphrase: str, *, clock: Clock | None = None) -> Registry:
    """Open an agency's registry.

    Args:
        home: The registry's folder.
        passphrase: Opens the vault.
        clock: The machine's by default.

    Raises:
        VaultError: as `open_vault`.
        OutOfOrderError: ``not-a-desk`` (the vault holds no registry).
    """
    vault = open_vault(home, passphrase)
    try:
        keys, charter = _identity(vault)
        return Registry(vault, clock=clock or SystemClock(), charter=charter, keys=keys)
    except BaseException:
        vault.close()
        raise


def ledger_origin(keys: DeviceKeys) -> str:
    """Return the name under which a device's ledger signs its checkpoints."""
    return f"secure-liaison.invalid/ledger/{keys.handle.hex()}"


def _ledger(vault: Vault, keys: DeviceKeys, *, realm: Realm, clock: GuardedClock) -> Ledger:
    ledger = Ledger(
        VaultLedgerStore(vault),
        device=keys.handle,
        realm=realm,
        signing=keys.ledger,
        clock=clock,
        origin=ledger_origin(keys),
    )
    clock.raise_floor_us(ledger.last_time_us())
    return ledger


def _identity(vault: Vault) -> tuple[DeviceKeys, RealmCharter]:
    keys = Keyring(vault).device()
    if keys is None:
        raise OutOfOrderError("not-a-desk")
    return keys, decode_charter(_required(Records(vault).document(CHARTER)))


def _refuse_registry(vault: Vault) -> None:
    # A registry's device stands on no roster; as a desk it could do nothing right.
    if Records(vault).document(REGISTRY) is not None:
        raise OutOfOrderError("not-a-desk")


def _required(octets: bytes | None) -> bytes:
    if octets is None:
        raise OutOfOrderError("not-a-desk")
    return octets
