"""The registry: admit officers and devices, clear, brief, agree, withdraw, publish.

Rules:

- Every change is signed by a registrar; nothing is in force before a roster that two of them sign.
- Withdrawing is leaving out of the next roster.
- An agreement needs a registrar's signature of each party and lies under both rosters.

Source: docs/spec/directory.md §7; docs/guides/agency.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.clock import Instant
from secure_liaison.directory import registry as pure
from secure_liaison.directory.book import decode_book, encode_book
from secure_liaison.directory.page import RelayPointer
from secure_liaison.directory.roster import encode_snapshot
from secure_liaison.errors import CredentialError, OutOfOrderError
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.contents import (
    AccreditationContent,
    AccreditationScope,
    AgreementContent,
)
from secure_liaison.identity.enrolment import open_request
from secure_liaison.identity.officer_contents import (
    BriefingContent,
    ClearanceContent,
    Role,
    new_officer,
)
from secure_liaison.identity.statements import add_signature, decode_signed, encode_signed
from secure_liaison.labels.agreement import AcceptedPack, Agreement
from secure_liaison.labels.agreement_terms import Terms, agreement_of
from secure_liaison.labels.pack import POLICIES
from secure_liaison.workflows.packs import writable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.directory.registry_state import RegistryState
    from secure_liaison.identity.anchors import Anchor
    from secure_liaison.identity.contents import RevocationMode
    from secure_liaison.identity.enrolment import EnrolmentRequest
    from secure_liaison.identity.names import Names
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Registry

__all__ = [
    "Published",
    "accredit",
    "admit",
    "adopt_agreement",
    "book",
    "brief",
    "clear",
    "countersign",
    "propose_agreement",
    "publish",
    "read_agreement",
    "retire",
    "withdraw_clearance",
]

YEAR_DAYS: Final = 365
_DAY_S: Final = 86400
_BOOK: Final = "published-book"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A roster as it goes out: the snapshot for the relay, the book for registrars and desks."""

    sequence: int
    snapshot: bytes
    book: bytes


def admit(
    registry: Registry,
    request: bytes,
    keys: Sequence[SigningKey],
    *,
    typed_digits: str,
    post: Names,
    roles: frozenset[Role] = frozenset({Role.LIAISON}),
    days: int = YEAR_DAYS,
    endorsers: Sequence[SigningKey] = (),
) -> EnrolmentRequest:
    """Admit the officer and device of an enrolment request whose 12 digits were compared.

    Raises:
        FormatError, SignatureError: the request does not open.
        CredentialError: ``digits`` (they differ), ``other-realm``, ``other-agency``,
            ``device-known``.
        SecondPersonRequiredError: ``device-endorsement``.
    """
    opened = open_request(request)
    if "".join(typed_digits.split()) != opened.digits().replace(" ", ""):
        raise CredentialError("digits")
    now, until = _span(registry, days)
    known = {each.login: each for each in registry.state.officers()}
    officer = known.get(opened.login)
    state = registry.state
    if officer is None:
        anchor = open_anchor(state.anchor)
        content = new_officer(
            anchor.realm,
            anchor.agency_id,
            login=opened.login,
            names=opened.names,
            post=post,
            roles=roles,
        )
        state = pure.admit_officer(state, keys, content, now=now, not_after=until)
    state = pure.admit_device(state, keys, opened, now=now, not_after=until, endorsers=endorsers)
    registry.keep(
        state, _event(registry, EventType.DEVICE_ENROL, opened.login, device=opened.handle.hex())
    )
    return opened


def clear(
    registry: Registry,
    login: str,
    keys: Sequence[SigningKey],
    *,
    level: str,
    person_class: str,
    pack: str = "cn.state-secrets",
    memberships: tuple[str, ...] = (),
    days: int = YEAR_DAYS,
) -> None:
    """State a clearance; an earlier one for the same policy is replaced.

    Raises:
        OutOfOrderError: ``officer-first``.
        FormatError: ``label-level-unknown``.
    """
    now, until = _span(registry, days)
    policy = writable(registry, pack)
    content = ClearanceContent(
        officer=registry.state.officer_by_login(login).officer,
        policy=policy.id,
        level=policy.find_level(level).id,
        person_class=person_class,
        memberships=memberships,
    )
    state = pure.grant_clearance(registry.state, keys, content, now=now, not_after=until)
    registry.keep(state, _event(registry, EventType.CLEARANCE_GRANT, login, level=content.level))


def brief(
    registry: Registry, login: str, keys: Sequence[SigningKey], *, topic: str, days: int = YEAR_DAYS
) -> None:
    """State that an officer was trained on a topic and pledged today.

    Raises:
        OutOfOrderError: ``officer-first``.
    """
    now, until = _span(registry, days)
    officer = registry.state.officer_by_login(login).officer
    content = BriefingContent(officer=officer, topic=topic, pledged=now)
    state = pure.record_briefing(registry.state, keys, content, now=now, not_after=until)
    registry.keep(state, _event(registry, EventType.BRIEFING_RECORD, login, topic=topic))


def withdraw_clearance(registry: Registry, login: str, *, pack: str = "cn.state-secrets") -> None:
    """Leave an officer's clearance out of the next roster.

    Raises:
        OutOfOrderError: ``officer-first``.
        CredentialError: ``unknown-statement`` (there is none).
    """
    officer = registry.state.officer_by_login(login).officer
    for signed in registry.state.about(officer):
        content = signed.statement.content
        if isinstance(content, ClearanceContent) and content.policy == pack:
            state = pure.withdraw(registry.state, signed.digest)
            registry.keep(state, _event(registry, EventType.CLEARANCE_WITHDRAW, login))
            return
    raise CredentialError("unknown-statement")


def retire(registry: Registry, login: str, *, mode: RevocationMode, since: Instant) -> int:
    """Mark every active device of an officer as retired or compromised; returns how many.

    Raises:
        OutOfOrderError: ``officer-first``.
    """
    officer = registry.state.officer_by_login(login).officer
    devices = registry.state.active_devices(officer, now=registry.clock.now())
    state = registry.state
    for device in devices:
        state = pure.retire_device(state, device.handle, mode=mode, since=since)
    registry.keep(
        state,
        _event(registry, EventType.DEVICE_REVOKE, login, mode=mode.name.lower(), since=since),
    )
    return len(devices)


def accredit(
    registry: Registry,
    keys: Sequence[SigningKey],
    *,
    level: str,
    granted_by: str,
    basis: str,
    pack: str = "cn.state-secrets",
    scope: AccreditationScope = AccreditationScope.DEPLOYMENT,
    target: str = "",
    days: int = YEAR_DAYS,
) -> None:
    """State up to which level something is accredited, by whom and on what basis.

    Raises:
        FormatError: ``label-level-unknown``.
    """
    now, until = _span(registry, days)
    policy = writable(registry, pack)
    content = AccreditationContent(
        policy=policy.id,
        ceiling=policy.find_level(level).id,
        granted_by=granted_by,
        basis=basis,
        scope=scope,
        target=target,
    )
    state = pure.accredit(registry.state, keys, content, now=now, not_after=until)
    registry.keep(
        state, _event(registry, EventType.ACCREDITATION_RECORD, "", level=content.ceiling)
    )


def propose_agreement(
    registry: Registry,
    partner: Anchor,
    keys: Sequence[SigningKey],
    *,
    name: str,
    terms: Terms,
    days: int = YEAR_DAYS,
) -> bytes:
    """Draft and sign an agreement with another agency; it goes to its registrars as a file.

    It accepts the packs that are built in, and own ones of the policies that the terms name.

    Raises:
        FormatError: as `agreement_of`.
        CredentialError: ``other-realm``.
    """
    if partner.realm != registry.realm:
        raise CredentialError("other-realm")
    now, until = _span(registry, days)
    own = open_anchor(registry.state.anchor)
    first, second = sorted((own.agency_id.hex(), partner.agency_id.hex()))
    agreement = agreement_of(
        terms,
        name=name,
        parties=(first, second),
        packs=(
            # Every version: what was labelled under an earlier one is passed on under it.
            AcceptedPack(policy=each.policy_id, digest=each.digest())
            for each in _packs_between(registry, terms)
        ),
        signed_on=now,
        valid_to=until,
    )
    signed = pure.draft_agreement(
        registry.state, keys, AgreementContent(agreement=agreement), now=now, not_after=until
    )
    return encode_signed(signed)


def read_agreement(data: bytes) -> Agreement:
    """Return the agreement in a file, so that people can read it before they sign it.

    Raises:
        FormatError: the file is no statement.
        CredentialError: ``wrong-kind``.
    """
    content = decode_signed(data).statement.content
    if not isinstance(content, AgreementContent):
        raise CredentialError("wrong-kind")
    return content.agreement


def countersign(registry: Registry, data: bytes, keys: Sequence[SigningKey]) -> bytes:
    """Add this agency's signature to an agreement that another agency proposed.

    Raises:
        FormatError: the file is no statement.
        CredentialError: ``wrong-kind``, ``other-realm``, ``other-agency``.
        SignatureError: ``wrong-signer``, ``too-few-signatures``.
    """
    signed = decode_signed(data)
    for key in keys:
        signed = add_signature(signed, key)
    pure.add_agreement(registry.state, signed)
    return encode_signed(signed)


def adopt_agreement(registry: Registry, data: bytes) -> Agreement:
    """Take an agreement that both have signed into the next roster.

    Raises:
        FormatError, CredentialError, SignatureError: as `countersign`.
    """
    signed = decode_signed(data)
    content = signed.statement.content
    if not isinstance(content, AgreementContent):
        raise CredentialError("wrong-kind")
    state = pure.add_agreement(registry.state, signed)
    registry.keep(state, _event(registry, EventType.AGREEMENT_SIGN, "", name=content.agreement.id))
    return content.agreement


def publish(
    registry: Registry, keys: Sequence[SigningKey], *, relay_url: str | None = None
) -> Published:
    """Sign the next roster: from the moment others have it, its content is what is in force.

    Args:
        registry: The registry.
        keys: Two registrars' keys or more.
        relay_url: Where the agency collects; the last roster's by default.

    Raises:
        OutOfOrderError: ``no-relay`` (none was ever named).
        SecondPersonRequiredError: ``roster``.
        SignatureError: ``wrong-signer``.
    """
    last = registry.state.last_page()
    if relay_url is None and last is None:
        raise OutOfOrderError("no-relay")
    pointer = last.relay if last is not None else RelayPointer(url="")
    if relay_url is not None:
        pointer = RelayPointer(url=relay_url)
    state, snapshot, made = pure.next_roster(
        registry.state, keys, now=registry.clock.now(), relay=pointer
    )
    octets, sequence = encode_book(made), _sequence(state)
    registry.keep(
        state,
        _event(registry, EventType.ROSTER_PUBLISH, "", sequence=sequence),
        documents={_BOOK: octets},
    )
    return Published(sequence=sequence, snapshot=encode_snapshot(snapshot), book=octets)


def book(registry: Registry) -> Published:
    """Return what was published last.

    Raises:
        OutOfOrderError: ``no-roster``.
    """
    octets = registry.records.document(_BOOK)
    if octets is None:
        raise OutOfOrderError("no-roster")
    snapshot = encode_snapshot(decode_book(octets).snapshot)
    return Published(sequence=_sequence(registry.state), snapshot=snapshot, book=octets)


def _packs_between(registry: Registry, terms: Terms) -> tuple[PolicyPack, ...]:
    # An own policy that the terms do not name is none of the partner's business.
    return registry.packs.to_write().every(*dict.fromkeys((*POLICIES, *terms.policies())))


def _sequence(state: RegistryState) -> int:
    page = state.last_page()
    return 0 if page is None else page.sequence


def _span(registry: Registry, days: int) -> tuple[Instant, Instant]:
    now = registry.clock.now()
    return now, Instant(now + days * _DAY_S)


def _event(registry: Registry, kind: EventType, login: str, **detail: str | int) -> Event:
    return Event(
        type=kind,
        decision=Outcome.NOT_APPLICABLE.value,
        actor=registry.records.setting("login") or "",
        counterpart=(login,) if login else (),
        detail=detail,
    )
