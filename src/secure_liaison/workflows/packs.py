"""Policy packs of an agency's own: signed by its registrars, verified by everybody else.

Rules:

- Only a pack without an error is signed; only a signature that this agency's roster bears is made.
- A pack is verified under the roster in force of the agency that signed it.

Source: docs/spec/statements.md §12; docs/guides/policy-pack.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.clock import Instant
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.chain import NO_REVOCATIONS, verify_registrars
from secure_liaison.identity.pack_signature import PackSignature, sign_pack, verify_pack
from secure_liaison.identity.statements import decode_signed
from secure_liaison.labels.pack import load_pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Office, Registry

__all__ = ["sign_policy", "verify_policy"]

_DAY_S = 86400


def sign_policy(
    registry: Registry, data: bytes, keys: Sequence[SigningKey], *, days: int
) -> tuple[PolicyPack, bytes]:
    """Sign a pack for the agency; returns the pack and the file that goes beside it.

    Args:
        registry: The agency's registry.
        data: The pack's file.
        keys: As many registrars' keys as sign a roster.
        days: How long the signature holds.

    Raises:
        FormatError, UnsupportedVersionError: as `load_pack`.
        SignatureError: ``wrong-signer``, ``too-few-signatures``.
    """
    pack = load_pack(data)
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
    registrars = verify_registrars(anchor, decode_signed(registry.state.registrars), at=now)
    # As a reader will verify it: a signature that nobody accepts is not given out.
    verify_pack(signed, pack, registrars, at=now, revocations=NO_REVOCATIONS)
    registry.keep(
        registry.state,
        Event(
            type=EventType.PACK_SIGN,
            decision=Outcome.NOT_APPLICABLE.value,
            actor=registry.records.setting("login") or "",
            detail={"policy": pack.policy_id, "digest": pack.digest().hex()},
        ),
    )
    return pack, signed


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
    pack, now = load_pack(data), office.clock.now()
    registrars, revocations = office.directory.signers(agency or office.agency, now)
    return pack, verify_pack(signature, pack, registrars, at=now, revocations=revocations)
