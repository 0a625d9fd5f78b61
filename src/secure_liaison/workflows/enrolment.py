"""Enrolment: a new desk, the anchors it trusts, the books it reads, the one-time keys it leaves.

Rules:

- Keys are made on the device and never leave it; what leaves is a request signed by them.
- A root is trusted only when its 40 digits were typed; there is no "accept anyway".
- A book proves itself by its roster's signatures; an older one is refused and written down.

Source: docs/spec/statements.md §5, §10; docs/spec/directory.md §6; docs/spec/prekeys.md.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import KemPrivateKey, KemPublicKey
from secure_liaison.crypto.passphrase import DESK_COST, Cost
from secure_liaison.directory.book import decode_book
from secure_liaison.directory.roster import encode_snapshot
from secure_liaison.errors import CredentialError, LiaisonError, TamperedError
from secure_liaison.identity.anchors import accept_anchor, open_anchor
from secure_liaison.identity.enrolment import EnrolmentRequest, make_request
from secure_liaison.identity.prekeys import make_batch
from secure_liaison.office import LOGIN, Office
from secure_liaison.vault.records import Pairing, Records
from secure_liaison.vault.store import create_vault
from secure_liaison.workflows.founding import new_device_keys, write_identity

if TYPE_CHECKING:
    from pathlib import Path

    from secure_liaison.clock import Clock
    from secure_liaison.identity.anchors import Anchor
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.identity.names import Names
    from secure_liaison.relay.http import HttpRelay

__all__ = ["Enrolled", "enrol", "import_book", "publish_snapshot", "stock_prekeys", "trust"]

_REQUEST: Final = "enrolment-request"
_BATCH: Final = 20
_LOW: Final = 5
_PREKEY_DAYS: Final = 30
_RENEW_DAYS: Final = 23
"""Older ones are about to expire, and an expired key is no key."""
_DAY_S: Final = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A new desk's request: the file for the registrars, and the 12 digits to read out."""

    request: bytes
    digits: str


def enrol(
    home: Path,
    passphrase: str,
    *,
    anchor: bytes,
    typed_digits: str,
    login: str,
    names: Names,
    clock: Clock,
    cost: Cost = DESK_COST,
) -> Enrolled:
    """Make a desk in an empty folder, trusting the own agency's root.

    Raises:
        FormatError, SignatureError: the anchor file does not open, or login or names are not
            allowed.
        TamperedError: ``digits``; nothing was made.
        VaultError: as `create_vault`.
    """
    opened = open_anchor(anchor)
    accept_anchor(opened, typed_digits=typed_digits)
    now, keys = clock.now(), new_device_keys(opened.realm, opened.agency_id)
    request = EnrolmentRequest(
        realm=opened.realm,
        agency=opened.agency_id,
        handle=keys.handle,
        login=login,
        names=names,
        signing_key=keys.signing.verify_key,
        request_key=keys.request.verify_key,
        vault_key=keys.kem.public_key,
        ledger_key=keys.ledger.verify_key,
        created=now,
    )
    octets = make_request(request, signing_key=keys.signing)
    vault = create_vault(home, passphrase, cost=cost)
    try:
        with vault.transaction():
            write_identity(vault, keys, charter=opened.charter, agency=opened.agency_id, now=now)
            Records(vault).set_setting(LOGIN, login)
            Records(vault).set_document(_REQUEST, octets)
        office = Office(vault, clock=clock, charter=opened.charter, keys=keys)
        office.note(_event(office, EventType.ADMIN_INIT))
        trust(office, anchor, typed_digits=typed_digits)
    finally:
        vault.close()
    return Enrolled(request=octets, digits=request.digits())


def trust(office: Office, anchor: bytes, *, typed_digits: str) -> Anchor:
    """Trust another agency's root after its 40 digits were compared and typed.

    Raises:
        FormatError, SignatureError: the anchor file does not open.
        TamperedError: ``digits``; the refusal is written down.
        CredentialError: ``other-realm``, ``agency-code-taken``.
    """
    opened = open_anchor(anchor)
    try:
        trusted = accept_anchor(opened, typed_digits=typed_digits)
    except TamperedError:
        office.note(_event(office, EventType.ANCHOR_REFUSE, agency=opened.agency_id.hex()))
        raise
    view = office.directory.with_anchor(trusted)
    pairing = Pairing(
        agency=opened.agency_id,
        anchor=anchor,
        accepted_at=office.clock.now(),
        accepted_by=office.login,
    )
    office.adopt(
        view,
        _event(office, EventType.ANCHOR_ACCEPT, agency=opened.agency_id.hex()),
        pairing=pairing,
    )
    return opened


def import_book(office: Office, data: bytes) -> AgencyId:
    """Take an agency's book over; returns whose it is.

    Raises:
        FormatError: the file is no book.
        VerificationError: it does not prove itself, or is older than what is known; what was
            known stays, and the refusal is written down.
    """
    book = decode_book(data)
    agency = book.snapshot.claimed_agency()
    try:
        view = office.directory.with_book(book, office.clock.now())
    except LiaisonError as exc:
        office.note(
            _event(
                office,
                EventType.DIRECTORY_REFUSE,
                outcome=Outcome.ERROR,
                agency=agency.hex(),
                code=exc.code,
                reason=exc.reason,
            )
        )
        raise
    office.adopt(view, _event(office, EventType.DIRECTORY_IMPORT, agency=agency.hex()))
    return agency


def publish_snapshot(office: Office, data: bytes) -> None:
    """Bring the own agency's roster, out of its book, to the own relay.

    Raises:
        CredentialError: ``other-agency``.
        RelayError: the relay is not to be had, or refuses.
    """
    snapshot = decode_book(data).snapshot
    if snapshot.claimed_agency() != office.agency:
        raise CredentialError("other-agency")
    with closing(office.relay()) as relay:
        relay.put_directory(office.agency, encode_snapshot(snapshot))


def stock_prekeys(office: Office, relay: HttpRelay) -> int:
    """Leave a batch of one-time keys if few are left; returns how many keys it holds.

    Raises:
        RelayError: the relay is not to be had, or refuses; the keys are kept for the next try.
    """
    prekeys, now = office.keyring.prekeys, office.clock.now()
    left = [key for key in prekeys.usable() if key.published_at is not None and not key.last_resort]
    young = sum(now - (key.published_at or 0) < _RENEW_DAYS * _DAY_S for key in left)
    # Others take keys at the relay: what counts is what it can still hand out.
    if young >= _LOW and relay.count_prekeys() >= _LOW:
        return 0
    made = _unpublished(office) or _new_keys(office)
    bundles = make_batch(
        made,
        device=office.keys.handle,
        signing_key=office.keys.signing,
        realm=office.realm,
        expires=Instant(now + _PREKEY_DAYS * _DAY_S),
    )
    relay.put_prekeys(bundles)
    with office.transaction():
        prekeys.mark_published([key.key_id(office.realm) for key in made], at=now)
    return len(made)


def _unpublished(office: Office) -> list[KemPublicKey]:
    """Return what an earlier try left behind, the last resort last; nothing if it is no batch."""
    waiting = [key for key in office.keyring.prekeys.usable() if key.published_at is None]
    one_time = [key.public_key for key in waiting if key.public_key and not key.last_resort]
    last = [key.public_key for key in waiting if key.public_key and key.last_resort]
    return one_time + last[-1:] if one_time and last else []


def _new_keys(office: Office) -> list[KemPublicKey]:
    prekeys, now = office.keyring.prekeys, office.clock.now()
    made = [KemPrivateKey.generate() for _ in range(_BATCH + 1)]
    with office.transaction():
        prekeys.add(made[:-1], realm=office.realm, created=now, last_resort=False)
        prekeys.add(made[-1:], realm=office.realm, created=now, last_resort=True)
    return [key.public_key for key in made]


def _event(
    office: Office,
    kind: EventType,
    *,
    outcome: Outcome = Outcome.NOT_APPLICABLE,
    **detail: str | int,
) -> Event:
    return Event(type=kind, decision=outcome.value, actor=office.login, detail=detail)
