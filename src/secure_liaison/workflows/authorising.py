"""Who may determine: registrars designate, grant and list bodies; desks judge by it.

Rules:

- What registrars sign travels as a file; a desk verifies it under the roster in force of the agency
  that issued it, and keeps it.
- A desk believes the list of bodies of its own agency only.
- An end can be brought forward by a later record and never put off.

Source: docs/spec/determination.md §5; docs/guides/determination.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.clock import Instant
from secure_liaison.errors import (
    CredentialError,
    LiaisonError,
    OutOfOrderError,
    SignatureError,
    WorkflowError,
)
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.authority_record import (
    AuthorityContent,
    AuthorityFile,
    AuthorityKind,
    Issuer,
    issuer_of,
    open_authority,
    read_authority_file,
    sign_body_list,
    sign_catalogue,
    sign_designation,
    sign_grant,
)
from secure_liaison.identity.chain import verify_registrars
from secure_liaison.identity.statements import decode_signed
from secure_liaison.labels.adopted import AdoptedCatalogue, policy_in
from secure_liaison.labels.authority import Powers
from secure_liaison.labels.body_list import BodyList, read_bodies
from secure_liaison.labels.grants import AuthorityGrant, Designation
from secure_liaison.labels.period import MAX_INSTANT
from secure_liaison.workflows.packs import writable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.office import Office, Registry

__all__ = [
    "accept",
    "agency_leaf",
    "bodies",
    "catalogue",
    "designate",
    "grant",
    "officer_leaf",
    "powers_of",
]

_NEVER: Final = Instant(MAX_INSTANT)
_Dated = TypeVar("_Dated", AuthorityGrant, Designation)


def agency_leaf(agency: AgencyId) -> str:
    """Return how labels and acts name an agency."""
    return f"agency:{agency.hex()}"


def officer_leaf(officer: bytes) -> str:
    """Return how labels and acts name an officer."""
    return f"officer:{officer.hex()}"


# --- registrars -------------------------------------------------------------------------------


def designate(
    registry: Registry,
    login: str,
    keys: Sequence[SigningKey],
    *,
    levels: Iterable[str],
    since: Instant,
    until: Instant | None,
    trained_at: Instant | None,
    pack: str = "cn.state-secrets",
) -> bytes:
    """Designate an officer as responsible for determination; returns the file for the desks.

    Raises:
        OutOfOrderError: ``officer-first``.
        FormatError: ``label-level-unknown``, ``pack-unknown``, ``authority-designation``.
        SignatureError: ``wrong-signer``, ``too-few-signatures``.
    """
    policy = writable(registry, pack)
    officer = registry.state.officer_by_login(login).officer
    made = Designation(
        officer=officer_leaf(officer),
        body=_own(registry),
        levels=frozenset(policy.find_level(level).id for level in levels),
        valid_from=since,
        valid_to=until,
        trained_at=trained_at,
    )
    record = sign_designation(made, registry.realm, keys)
    file = AuthorityFile(kind=AuthorityKind.DESIGNATION, record=record)
    return _give_out(registry, file, counterpart=login)


def grant(
    registry: Registry,
    given: AuthorityGrant,
    keys: Sequence[SigningKey],
) -> bytes:
    """Sign a grant of authority (定密授权) to another body; returns the file for the desks.

    Raises:
        SignatureError: ``wrong-signer``, ``too-few-signatures``, ``authority-issuer`` (the granter
            is another agency).
    """
    record = sign_grant(given, registry.realm, keys)
    return _give_out(registry, AuthorityFile(kind=AuthorityKind.GRANT, record=record))


def bodies(registry: Registry, data: bytes, keys: Sequence[SigningKey]) -> bytes:
    """Sign the list of bodies by which the desks of this agency judge; returns the file for them.

    Raises:
        FormatError, UnsupportedVersionError: as `read_bodies`, ``bodies-list``.
        SignatureError: ``wrong-signer``, ``too-few-signatures``.
    """
    made = BodyList(
        issuer=_own(registry), issued_at=registry.clock.now(), organisation=read_bodies(data)
    )
    record = sign_body_list(made, registry.realm, keys)
    return _give_out(registry, AuthorityFile(kind=AuthorityKind.BODIES, record=record))


def catalogue(registry: Registry, data: bytes, keys: Sequence[SigningKey]) -> bytes:
    """Adopt a catalogue of items (一览表) for this agency; returns the file for the desks.

    Raises:
        FormatError, UnsupportedVersionError: as `load_catalogue`, ``pack-unknown``.
        SignatureError: ``wrong-signer``, ``too-few-signatures``.
    """
    made = AdoptedCatalogue(issuer=_own(registry), adopted_at=registry.clock.now(), file=data)
    made.read(writable(registry, policy_in(data)))
    record = sign_catalogue(made, registry.realm, keys)
    return _give_out(registry, AuthorityFile(kind=AuthorityKind.CATALOGUE, record=record))


# --- desks ------------------------------------------------------------------------------------


def accept(office: Office, data: bytes) -> AuthorityContent:
    """Verify what registrars signed and judge by it from now on.

    Raises:
        FormatError, UnsupportedVersionError: malformed.
        CredentialError: ``unknown-agency``.
        DirectoryStaleError: ``never-checked``, ``expired``.
        SignatureError: ``authority-issuer`` (a list of bodies of another agency), then as
            `open_authority`.
        OutOfOrderError: ``bodies-older``, ``catalogue-taken`` (another list under this version).
    """
    try:
        file = read_authority_file(data)
        content = open_authority(file, office.realm, _issuer(office, file))
        if isinstance(content, BodyList):
            _require_newer(office, content)
        if isinstance(content, AdoptedCatalogue):
            _require_one_version(office, content)
    except LiaisonError as error:
        office.note(_event(office, EventType.AUTHORITY_REFUSE, error=error))
        raise
    kind = file.kind.name.lower()
    with office.transaction():
        office.cases.keep_authority(file, content, accepted_at=office.clock.now())
        office.ledger.append(_event(office, EventType.AUTHORITY_ACCEPT, kind=kind))
    return content


def powers_of(office: Office) -> Powers:
    """Return what this desk judges authority by.

    Raises:
        WorkflowError: ``bodies-missing``.
    """
    kept = office.cases.authority()
    lists = [each for each in kept if isinstance(each, BodyList)]
    if not lists:
        raise WorkflowError("bodies-missing")
    newest = max(lists, key=lambda each: each.issued_at)
    grants = [each for each in kept if isinstance(each, AuthorityGrant)]
    designations = [each for each in kept if isinstance(each, Designation)]
    return Powers(
        organisation=newest.organisation,
        grants=_earliest_ends(grants, lambda each: (each.granter, each.id)),
        designations=_earliest_ends(
            designations, lambda each: (each.officer, each.body, each.valid_from)
        ),
    )


def _earliest_ends(
    records: Iterable[_Dated], key: Callable[[_Dated], object]
) -> tuple[_Dated, ...]:
    every = list(records)
    ends: dict[object, Instant] = {}
    for each in every:
        end = _NEVER if each.valid_to is None else each.valid_to
        ends[key(each)] = min(ends.get(key(each), _NEVER), end)
    return tuple(
        replace(each, valid_to=None if ends[key(each)] == _NEVER else ends[key(each)])
        for each in every
        if each.valid_from < ends[key(each)]
    )


def _issuer(office: Office, file: AuthorityFile) -> Issuer:
    claimed = issuer_of(file)
    if file.kind is AuthorityKind.BODIES and claimed != agency_leaf(office.agency):
        raise SignatureError("authority-issuer")
    known = {agency_leaf(each.agency_id): each.agency_id for each in office.directory.agencies()}
    if claimed not in known:
        raise CredentialError("unknown-agency")
    now = office.clock.now()
    registrars, revocations = office.directory.signers(known[claimed], now)
    revoked = {
        target
        for target in registrars.key_ids
        if (found := revocations.find(target)) is not None and found.acts(now=now)
    }
    return Issuer(
        agency=known[claimed],
        keys=tuple(key for key in registrars.keys if key.key_id(office.realm) not in revoked),
        threshold=registrars.threshold,
    )


def _require_newer(office: Office, content: BodyList) -> None:
    known = [each for each in office.cases.authority() if isinstance(each, BodyList)]
    # Of two lists of one moment nobody could tell which one counts.
    if any(each.issued_at >= content.issued_at and each != content for each in known):
        raise OutOfOrderError("bodies-older")


def _require_one_version(office: Office, content: AdoptedCatalogue) -> None:
    made = content.read(writable(office, policy_in(content.file)))
    packs = office.packs.to_read()
    for each in office.cases.catalogues():
        if each.issuer != content.issuer or each.file == content.file:
            continue
        known = each.read(packs.named(policy_in(each.file)))
        # What a label cites must say the same for ever: a correction is a new version.
        if known.catalogue.catalogue_id == made.catalogue.catalogue_id:
            raise OutOfOrderError("catalogue-taken", catalogue=known.catalogue.catalogue_id)


def _own(registry: Registry) -> str:
    return agency_leaf(open_anchor(registry.state.anchor).agency_id)


def _give_out(registry: Registry, file: AuthorityFile, *, counterpart: str = "") -> bytes:
    anchor, now = open_anchor(registry.state.anchor), registry.clock.now()
    signers = verify_registrars(anchor, decode_signed(registry.state.registrars), at=now)
    issuer = Issuer(agency=anchor.agency_id, keys=signers.keys, threshold=signers.threshold)
    # As a desk will verify it: a signature that nobody accepts is not given out.
    open_authority(file, registry.realm, issuer)
    event = Event(
        type=EventType.AUTHORITY_SIGN,
        decision=Outcome.NOT_APPLICABLE.value,
        actor=registry.records.setting("login") or "",
        counterpart=(counterpart,) if counterpart else (),
        detail={"kind": file.kind.name.lower()},
    )
    registry.keep(registry.state, event)
    return file.encode()


def _event(
    office: Office, type_: EventType, *, error: LiaisonError | None = None, **detail: str
) -> Event:
    if error is not None:
        detail |= {"code": error.code, "reason": error.reason}
    outcome = Outcome.NOT_APPLICABLE if error is None else Outcome.ERROR
    return Event(type=type_, decision=outcome.value, actor=office.login, detail=detail)
