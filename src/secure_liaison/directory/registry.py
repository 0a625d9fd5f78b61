"""What registrars keep of their own agency, and how it becomes the next roster.

Rules:

- A registry never changes; each operation returns another one. Nothing is in force before
  `next_roster`, and that takes two registrars.
- Withdrawing is leaving out of the next roster. A device once published stays, as retired or
  compromised, so that what it signed before can still be judged.
- What `next_roster` returns was verified as a reader will verify it.

Source: docs/spec/directory.md §7.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from secure_liaison.crypto.keys import Digest, random_bytes
from secure_liaison.directory.leaf import LeafStatus, RosterLeaf
from secure_liaison.directory.page import SALT_SIZE
from secure_liaison.directory.publication import ROSTER_LIFETIME_S, next_roster
from secure_liaison.directory.registry_state import RegistryState
from secure_liaison.errors import (
    CredentialError,
    FormatError,
    SecondPersonRequiredError,
    SignatureError,
)
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.identity.officer_contents import (
    BriefingContent,
    ClearanceContent,
    DeviceContent,
    OfficerContent,
)
from secure_liaison.identity.revocations import Revocation
from secure_liaison.identity.statements import (
    AccreditationContent,
    AgreementContent,
    Content,
    RevocationContent,
    SignedStatement,
    add_signature,
    decode_signed,
    encode_signed,
    make_statement,
    sign_statement,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.identity.enrolment import EnrolmentRequest
    from secure_liaison.identity.ids import DeviceHandle

__all__ = [
    "ROSTER_LIFETIME_S",
    "RegistryState",
    "accredit",
    "add_agreement",
    "admit_device",
    "admit_officer",
    "draft_agreement",
    "found_registry",
    "grant_clearance",
    "next_roster",
    "record_briefing",
    "retire_device",
    "revoke",
    "withdraw",
]


def found_registry(
    anchor: bytes, registrars: bytes, *, minimum_packs: Sequence[str] = ()
) -> RegistryState:
    """Begin a registry without officers.

    Args:
        anchor: The anchor file.
        registrars: The signed registrar statement.
        minimum_packs: ``policy@version``, the oldest that labels may name.

    Raises:
        LiaisonError: either of the two cannot be opened.
    """
    open_anchor(anchor)
    decode_signed(registrars)
    return RegistryState(
        anchor=anchor, registrars=registrars, minimum_packs=tuple(sorted(minimum_packs))
    )


def admit_officer(
    state: RegistryState,
    keys: Sequence[SigningKey],
    content: OfficerContent,
    *,
    now: Instant,
    not_after: Instant,
) -> RegistryState:
    """State an officer; one with the same id is replaced.

    Raises:
        CredentialError: ``login-taken``.
        SignatureError: ``wrong-signer``: a key is no registrar's.
    """
    for other in state.officers():
        if other.login == content.login and other.officer != content.officer:
            raise CredentialError("login-taken")
    return _issue(state, keys, content, now=now, not_after=not_after)


def admit_device(
    state: RegistryState,
    keys: Sequence[SigningKey],
    request: EnrolmentRequest,
    *,
    now: Instant,
    not_after: Instant,
    endorsers: Sequence[SigningKey] = (),
) -> RegistryState:
    """Admit the device of a request whose digits were compared.

    Args:
        state: The registry.
        keys: One registrar's key or more.
        request: The opened request.
        now: Seconds UTC.
        not_after: When the device's keys end, seconds UTC.
        endorsers: Signing keys of devices that the officer already has.

    Raises:
        CredentialError: ``other-realm``, ``other-agency``.
        OutOfOrderError: ``officer-first``: no officer has this login.
        CredentialError: ``device-known``.
        SecondPersonRequiredError: ``device-endorsement``: the officer has an active device, and
            none of the officer's devices endorses the new one.
        SignatureError: ``wrong-signer``.
    """
    anchor = open_anchor(state.anchor)
    if request.realm != anchor.realm:
        raise CredentialError("other-realm")
    if request.agency != anchor.agency_id:
        raise CredentialError("other-agency")
    officer = state.officer_by_login(request.login)
    if any(leaf.handle == request.handle for leaf in state.leaves):
        raise CredentialError("device-known")
    own = {leaf.signing_key for leaf in state.active_devices(officer.officer, now=now)}
    endorsing = [key for key in endorsers if key.verify_key in own]
    if len(endorsing) != len(endorsers) or (own and not endorsing):
        raise SecondPersonRequiredError("device-endorsement")
    content = DeviceContent(
        handle=request.handle,
        officer=officer.officer,
        endorsed_by=tuple(sorted(key.verify_key.key_id(anchor.realm) for key in endorsing)),
        keys_digest=request.keys_digest,
    )
    admitted = _issue(state, keys, content, now=now, not_after=not_after, cosigners=endorsing)
    leaf = RosterLeaf(
        handle=request.handle,
        signing_key=request.signing_key,
        request_key=request.request_key,
        vault_key=request.vault_key,
        ledger_key=request.ledger_key,
        possession=request.possession,
        not_before=now,
        not_after=not_after,
    )
    return admitted.with_leaf(leaf)


def grant_clearance(
    state: RegistryState,
    keys: Sequence[SigningKey],
    content: ClearanceContent,
    *,
    now: Instant,
    not_after: Instant,
) -> RegistryState:
    """State a clearance; the officer's earlier one for the policy is replaced.

    Raises:
        OutOfOrderError: ``officer-first``.
        SignatureError: ``wrong-signer``.
    """
    state.require_officer(content.officer)
    return _issue(state, keys, content, now=now, not_after=not_after)


def record_briefing(
    state: RegistryState,
    keys: Sequence[SigningKey],
    content: BriefingContent,
    *,
    now: Instant,
    not_after: Instant,
) -> RegistryState:
    """State that an officer was briefed; the earlier one on the topic is replaced.

    Raises:
        OutOfOrderError: ``officer-first``.
        SignatureError: ``wrong-signer``.
    """
    state.require_officer(content.officer)
    return _issue(state, keys, content, now=now, not_after=not_after)


def accredit(
    state: RegistryState,
    keys: Sequence[SigningKey],
    content: AccreditationContent,
    *,
    now: Instant,
    not_after: Instant,
) -> RegistryState:
    """State an accreditation; the earlier one for the policy is replaced.

    Raises:
        SignatureError: ``wrong-signer``.
    """
    return _issue(state, keys, content, now=now, not_after=not_after)


def revoke(
    state: RegistryState,
    keys: Sequence[SigningKey],
    content: RevocationContent,
    *,
    now: Instant,
    not_after: Instant,
) -> RegistryState:
    """State that a key or a statement no longer counts; it acts as long as it is in the roster.

    Raises:
        FormatError: ``revocation-backdated``.
        SignatureError: ``wrong-signer``.
    """
    return _issue(state, keys, content, now=now, not_after=not_after)


def draft_agreement(
    state: RegistryState,
    keys: Sequence[SigningKey],
    content: AgreementContent,
    *,
    now: Instant,
    not_after: Instant,
) -> SignedStatement:
    """Sign an agreement for the own side; the other party adds its signature, then both add it.

    Raises:
        SignatureError: ``wrong-signer``.
    """
    return _sign(state, keys, content, now=now, not_after=not_after)


def add_agreement(state: RegistryState, signed: SignedStatement) -> RegistryState:
    """Take an agreement into the registry, signed already by a registrar of the own side.

    Raises:
        CredentialError: ``wrong-kind``, ``other-realm``, ``other-agency``.
        SignatureError: ``too-few-signatures``: no registrar of the own side signed.
    """
    content = signed.statement.content
    if not isinstance(content, AgreementContent):
        raise CredentialError("wrong-kind")
    anchor = open_anchor(state.anchor)
    if signed.statement.realm != anchor.realm:
        raise CredentialError("other-realm")
    if anchor.agency_id.hex() not in content.agreement.parties:
        raise CredentialError("other-agency")
    if not any(key_id in state.registrar_ids() for key_id, _ in signed.signatures):
        raise SignatureError("too-few-signatures", found=0, need=1)
    return _put(state, signed)


def withdraw(state: RegistryState, statement_digest: Digest) -> RegistryState:
    """Leave a statement out of the next roster; with an officer, all about the officer.

    Raises:
        CredentialError: ``unknown-statement``.
    """
    target = next((one for one in state.signed() if one.digest == statement_digest), None)
    if target is None:
        raise CredentialError("unknown-statement")
    gone = {statement_digest}
    match target.statement.content:
        case OfficerContent(officer=officer):
            gone |= {one.digest for one in state.about(officer)}
        case _:
            pass
    return state.without(gone)


def retire_device(
    state: RegistryState, handle: DeviceHandle, *, mode: RevocationMode, since: Instant
) -> RegistryState:
    """Mark a device in the next roster as retired or compromised since a moment.

    What an earlier roster said about it stays where it is stricter.

    Raises:
        CredentialError: ``unknown-device``.
        FormatError: ``revocation-backdated``: retired before a roster that shows it as active.
    """
    leaf = next((one for one in state.leaves if one.handle == handle), None)
    if leaf is None:
        raise CredentialError("unknown-device")
    stated = Revocation(mode=mode, since=since).stricter(leaf.revocation)
    last = state.last_page()
    if (
        leaf.revocation is None
        and stated.mode is RevocationMode.RETIRED
        and last is not None
        and stated.since < last.created
    ):
        raise FormatError("revocation-backdated")
    if (
        leaf.revocation is not None
        and stated.mode is leaf.revocation.mode is RevocationMode.RETIRED
    ):
        return state  # once retired, the moment is fixed
    return state.with_leaf(replace(leaf, status=LeafStatus[stated.mode.name], since=stated.since))


def _sign(
    state: RegistryState,
    keys: Sequence[SigningKey],
    content: Content,
    *,
    now: Instant,
    not_after: Instant,
) -> SignedStatement:
    anchor = open_anchor(state.anchor)
    allowed = state.registrar_ids()
    if not keys or any(key.verify_key.key_id(anchor.realm) not in allowed for key in keys):
        raise SignatureError("wrong-signer")
    statement = make_statement(
        content, realm=anchor.realm, agency=anchor.agency_id, not_before=now, not_after=not_after
    )
    return sign_statement(statement, keys)


def _issue(
    state: RegistryState,
    keys: Sequence[SigningKey],
    content: Content,
    *,
    now: Instant,
    not_after: Instant,
    cosigners: Sequence[SigningKey] = (),
) -> RegistryState:
    signed = _sign(state, keys, content, now=now, not_after=not_after)
    for key in cosigners:
        signed = add_signature(signed, key)
    return _put(state, signed)


def _put(state: RegistryState, signed: SignedStatement) -> RegistryState:
    kept = state.without(state.replaced_by(signed))
    entry = (random_bytes(SALT_SIZE), encode_signed(signed))
    return replace(kept, statements=(*kept.statements, entry))
