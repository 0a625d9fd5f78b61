"""Policy packs of an agency's own: signed by its registrars, added at its desks, used from then on.

Rules:

- Only a pack without an error is signed or added; only a signature that this agency's roster bears
  is made.
- A registry or desk uses what its own registrars signed. A partner's pack is signed once more by
  the own registrars, the same file.
- A name ``id@version`` is one content for ever, and of a built-in policy only later versions are
  added: nobody rewrites what old labels are judged by.
- Each acceptance and each refusal has its line in the ledger.

Source: docs/spec/statements.md §12; docs/guides/policy-pack.md; docs/adr/0022-own-packs.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.clock import Instant
from secure_liaison.errors import LiaisonError, OutOfOrderError
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.pack_signature import PackSignature, sign_pack, verify_pack
from secure_liaison.labels.pack import BUILTIN_PACKS, load_pack
from secure_liaison.office import LOGIN, Office

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Registry

__all__ = ["add_policy", "sign_policy", "verify_policy", "writable"]

_DAY_S = 86400


def sign_policy(
    registry: Registry, data: bytes, keys: Sequence[SigningKey], *, days: int
) -> tuple[PolicyPack, bytes]:
    """Sign a pack for the agency, and use it in this registry from now on.

    Args:
        registry: The agency's registry.
        data: The pack's file.
        keys: As many registrars' keys as sign a roster.
        days: How long the signature holds.

    Returns:
        The pack, and the file that goes beside it.

    Raises:
        FormatError, UnsupportedVersionError: as `load_pack`.
        TamperedError: ``pack-other-content``.
        OutOfOrderError: ``pack-not-newer``.
        SignatureError: ``wrong-signer``, ``too-few-signatures``.
        CredentialRevokedError: ``retired``, ``compromised`` (one of the keys).
    """
    policy = ""
    try:
        pack = load_pack(data)
        policy = pack.policy_id
        _require_new_or_known(registry, pack)
        signed = _signed(registry, pack, keys, days=days)
    except LiaisonError as error:
        _note_refusal(registry, error, policy=policy)
        raise
    _keep(registry, pack, data, signed, kind=EventType.PACK_SIGN)
    return pack, signed


def add_policy(
    office: Office, data: bytes, signature: bytes
) -> tuple[PolicyPack, PackSignature, bool]:
    """Use a pack at this desk from now on; what waits for it in quarantine is tried again.

    Args:
        office: The desk.
        data: The pack's file.
        signature: The file that the own registrars made of it.

    Returns:
        The pack, its signature, and whether anything was new.

    Raises:
        FormatError, UnsupportedVersionError: as `load_pack` and `verify_pack`.
        DirectoryStaleError: ``never-checked``, ``expired``.
        CredentialError: ``other-agency``, or as `verify_pack`.
        SignatureError, TamperedError: as `verify_pack`.
        TamperedError: ``pack-other-content``.
        OutOfOrderError: ``pack-built-in``, ``pack-not-newer``.
    """
    policy = ""
    try:
        pack = load_pack(data)
        policy = pack.policy_id
        stated = _verified(office, pack, signature, agency=office.agency)
        _require_new_or_known(office, pack)
        if pack.policy_id in BUILTIN_PACKS:
            raise OutOfOrderError("pack-built-in", policy=policy)
    except LiaisonError as error:
        _note_refusal(office, error, policy=policy)
        raise
    new = _keep(office, pack, data, signature, kind=EventType.PACK_ACCEPT)
    return pack, stated, new


def verify_policy(
    office: Office, data: bytes, signature: bytes, *, agency: AgencyId | None = None
) -> tuple[PolicyPack, PackSignature]:
    """Verify the signature of an agency under a pack, the own agency's by default.

    Raises:
        FormatError, UnsupportedVersionError: as `load_pack` and `verify_pack`.
        CredentialError: ``unknown-agency``, or as `verify_pack`.
        DirectoryStaleError: ``never-checked``, ``expired``.
        SignatureError, TamperedError: as `verify_pack`.
    """
    pack = load_pack(data)
    return pack, _verified(office, pack, signature, agency=agency or office.agency)


def writable(place: Office | Registry, name: str) -> PolicyPack:
    """Return the pack under which something new is labelled, cleared or determined now.

    Args:
        place: The desk or registry.
        name: ``id@version``, or an id for the newest version that has begun.

    Raises:
        FormatError: ``pack-unknown``.
        LiaisonError: its signature is not in force, with the reason; the ledger says so.
    """
    shelf = place.packs.to_write()
    try:
        return shelf.named(name)
    except LiaisonError as error:
        if error.reason != "pack-unknown":  # a name typed wrongly is nobody's refusal
            _note_refusal(place, error, policy=name)
        raise


def _require_new_or_known(place: Office | Registry, pack: PolicyPack) -> None:
    place.packs.require_free(pack)
    if pack.policy_id in BUILTIN_PACKS:
        return
    built_in = [each for each in BUILTIN_PACKS if each.partition("@")[0] == pack.id]
    # An earlier version would change what labels of years ago are judged by.
    if any(each >= pack.policy_id for each in built_in):
        raise OutOfOrderError("pack-not-newer", policy=pack.policy_id)


def _verified(
    office: Office, pack: PolicyPack, signature: bytes, *, agency: AgencyId
) -> PackSignature:
    now = office.clock.now()
    registrars, revocations = office.directory.signers(agency, now)
    return verify_pack(signature, pack, registrars, at=now, revocations=revocations)


def _signed(
    registry: Registry, pack: PolicyPack, keys: Sequence[SigningKey], *, days: int
) -> bytes:
    anchor, now = open_anchor(registry.state.anchor), registry.clock.now()
    signature = PackSignature(
        realm=anchor.realm,
        agency=anchor.agency_id,
        policy=pack.policy_id,
        digest=pack.digest(),
        not_before=now,
        not_after=Instant(now + days * _DAY_S),
    )
    signed = sign_pack(signature, keys)
    registrars, revocations = registry.signers(now)
    # As a desk will verify it: a signature that nobody accepts is not given out.
    verify_pack(signed, pack, registrars, at=now, revocations=revocations)
    return signed


def _keep(
    place: Office | Registry, pack: PolicyPack, data: bytes, signature: bytes, *, kind: EventType
) -> bool:
    with place.vault.transaction():
        new = pack.policy_id not in BUILTIN_PACKS and place.own_packs.keep(
            pack.policy_id,
            pack.digest(),
            data,
            record=signature,
            accepted_at=place.clock.now(),
        )
        if isinstance(place, Office):
            place.mark_changed()
        place.ledger.append(_event(place, kind, policy=pack.policy_id, digest=pack.digest().hex()))
    return new


def _note_refusal(place: Office | Registry, error: LiaisonError, *, policy: str) -> None:
    event = _event(
        place, EventType.PACK_REFUSE, policy=policy, code=error.code, reason=error.reason
    )
    with place.vault.transaction():
        place.ledger.append(event)


def _event(place: Office | Registry, kind: EventType, **detail: str) -> Event:
    outcome = Outcome.ERROR if kind is EventType.PACK_REFUSE else Outcome.NOT_APPLICABLE
    return Event(
        type=kind,
        decision=outcome.value,
        actor=place.records.setting(LOGIN) or "",
        detail=detail,
    )
