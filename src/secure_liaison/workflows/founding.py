"""Founding an agency: root and registrars' keys, the anchor, and the registry that holds the rest.

Rules:

- Root and each registrar have a key file and a passphrase of their own; no passphrase opens two.
- The root signs twice, the anchor and the registrars' statement; then it goes offline.
- The anchor's 40 digits are what people compare; everything else follows from it.

Source: docs/spec/statements.md §5–7; docs/guides/agency.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.audit.ledger import Ledger
from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.passphrase import DESK_COST, Cost
from secure_liaison.crypto.signing import NoteSigningKey, RequestSigningKey, SigningKey
from secure_liaison.directory.registry import found_registry
from secure_liaison.errors import SecondPersonRequiredError
from secure_liaison.identity.anchors import Anchor, encode_charter, sign_anchor
from secure_liaison.identity.contents import RegistrarContent
from secure_liaison.identity.ids import device_handle
from secure_liaison.identity.statements import encode_signed, make_statement, sign_statement
from secure_liaison.office import AGENCY, CHARTER, LOGIN, REGISTRY, ledger_origin
from secure_liaison.vault.key_files import write_key_file
from secure_liaison.vault.keyring import DeviceKeys, Keyring
from secure_liaison.vault.ledger import VaultLedgerStore
from secure_liaison.vault.records import Records
from secure_liaison.vault.store import create_vault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from secure_liaison.clock import Clock
    from secure_liaison.crypto.keys import Realm
    from secure_liaison.identity.anchors import RealmCharter
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.identity.names import Names
    from secure_liaison.vault.store import Vault

__all__ = [
    "KEY_FILES",
    "Founded",
    "Passphrases",
    "found_agency",
    "new_device_keys",
    "write_identity",
]

KEY_FILES: Final = ("root.key", "registrar-1.key", "registrar-2.key")
ANCHOR_FILE: Final = "agency.anchor"
_LEAST_REGISTRARS: Final = 2
_REGISTRAR_DAYS: Final = 730
_DAY_S: Final = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Passphrases:
    """One for the registry's vault, one for the root, one for each registrar."""

    registry: str
    root: str
    registrars: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """What founding leaves: the anchor, as values and as its file, and the key files."""

    anchor: Anchor
    anchor_file: Path
    key_files: tuple[Path, ...]


def found_agency(
    home: Path,
    *,
    charter: RealmCharter,
    names: Names,
    code: str,
    passphrases: Passphrases,
    clock: Clock,
    cost: Cost = DESK_COST,
) -> Founded:
    """Found an agency in an empty folder.

    Raises:
        SecondPersonRequiredError: ``registrars`` (fewer than two), ``passphrase-shared``.
        VaultError: as `create_vault`.
        FormatError: a name or the code is not allowed.
    """
    _require_apart(passphrases)
    now = clock.now()
    root = SigningKey.generate()
    registrars = [SigningKey.generate() for _ in passphrases.registrars]
    anchor = Anchor(
        charter=charter,
        names=names,
        code=code,
        keys=(root.verify_key,),
        threshold=1,
        created=now,
    )
    anchor_octets = sign_anchor(anchor, [root])
    statement = _registrar_statement(anchor, root, registrars, now=now)
    vault = create_vault(home, passphrases.registry, cost=cost)
    try:
        keys = new_device_keys(anchor.realm, anchor.agency_id)
        state = found_registry(anchor_octets, statement)
        with vault.transaction():
            write_identity(vault, keys, charter=charter, agency=anchor.agency_id, now=now)
            Records(vault).set_setting(LOGIN, code)
            Records(vault).set_document(REGISTRY, state.to_bytes())
            _first_event(vault, keys, realm=anchor.realm, clock=clock, code=code)
    finally:
        vault.close()
    files = _write_keys(home, [root, *registrars], passphrases, realm=anchor.realm, cost=cost)
    anchor_file = home / ANCHOR_FILE
    anchor_file.write_bytes(anchor_octets)
    return Founded(anchor=anchor, anchor_file=anchor_file, key_files=files)


def new_device_keys(realm: Realm, agency: AgencyId) -> DeviceKeys:
    """Make the identity of one device of an agency."""
    signing = SigningKey.generate()
    return DeviceKeys(
        handle=device_handle(realm, agency, signing.verify_key),
        signing=signing,
        request=RequestSigningKey.generate(),
        kem=KemPrivateKey.generate(),
        ledger=NoteSigningKey.generate(),
    )


def write_identity(
    vault: Vault, keys: DeviceKeys, *, charter: RealmCharter, agency: bytes, now: Instant
) -> None:
    """Write who this vault belongs to, within the caller's transaction."""
    Keyring(vault).save_device(keys, realm=charter.realm, created=now)
    records = Records(vault)
    records.set_document(CHARTER, encode_charter(charter))
    records.set_document(AGENCY, agency)


def _require_apart(passphrases: Passphrases) -> None:
    if len(passphrases.registrars) < _LEAST_REGISTRARS:
        raise SecondPersonRequiredError("registrars", need=_LEAST_REGISTRARS)
    every = (passphrases.registry, passphrases.root, *passphrases.registrars)
    if len(set(every)) < len(every):
        raise SecondPersonRequiredError("passphrase-shared")


def _registrar_statement(
    anchor: Anchor, root: SigningKey, registrars: Sequence[SigningKey], *, now: Instant
) -> bytes:
    content = RegistrarContent(
        epoch=1,
        keys=tuple(sorted((key.verify_key for key in registrars), key=lambda key: key.octets)),
        threshold=_LEAST_REGISTRARS,
    )
    statement = make_statement(
        content,
        realm=anchor.realm,
        agency=anchor.agency_id,
        not_before=now,
        not_after=Instant(now + _REGISTRAR_DAYS * _DAY_S),
    )
    return encode_signed(sign_statement(statement, [root]))


def _write_keys(
    home: Path,
    keys: Sequence[SigningKey],
    passphrases: Passphrases,
    *,
    realm: Realm,
    cost: Cost,
) -> tuple[Path, ...]:
    owners = (passphrases.root, *passphrases.registrars)
    names = ("root.key", *(f"registrar-{n}.key" for n in range(1, len(owners))))
    paths = tuple(home / name for name in names)
    for path, key, passphrase in zip(paths, keys, owners, strict=True):
        write_key_file(path, key, passphrase, realm=realm, cost=cost)
    return paths


def _first_event(vault: Vault, keys: DeviceKeys, *, realm: Realm, clock: Clock, code: str) -> None:
    ledger = Ledger(
        VaultLedgerStore(vault),
        device=keys.handle,
        realm=realm,
        signing=keys.ledger,
        clock=clock,
        origin=ledger_origin(keys),
    )
    ledger.append(
        Event(type=EventType.ADMIN_INIT, decision=Outcome.NOT_APPLICABLE.value, actor=code)
    )
