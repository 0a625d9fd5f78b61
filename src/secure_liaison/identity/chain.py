"""The chain at one instant: root → registrars → statement.

Rules:

- Trust is a type: `Registrars` come out of `verify_registrars` only.
- Every signature present must be by a key that may sign; a foreign one refuses the whole statement.
- A registrar key is no root key: no key has two uses.
- A statement takes effect only under a roster; what is verified here is who said it, and when.

Source: docs/spec/statements.md §8; DESIGN §5.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import CredentialError
from secure_liaison.identity.anchors import Anchor, TrustedAnchor
from secure_liaison.identity.contents import AgreementContent, RegistrarContent
from secure_liaison.identity.records import require_signers, verify_signatures
from secure_liaison.identity.revocations import (
    NO_REVOCATIONS,
    Revocation,
    Revocations,
    check_key,
)
from secure_liaison.identity.statements import SignedStatement, Statement, kind_tag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import Digest, KeyId, Realm
    from secure_liaison.crypto.signing import VerifyKey
    from secure_liaison.identity.ids import AgencyId

__all__ = [
    "NO_REVOCATIONS",
    "Registrars",
    "Revocation",
    "Revocations",
    "check_key",
    "verify_agreement",
    "verify_issuer",
    "verify_registrars",
    "verify_statement",
]

_MINT: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrars:
    """The registrars of one epoch of one agency; made by `verify_registrars` only.

    Attributes:
        epoch: From 1.
        keys: 2–8 composite keys.
        key_ids: Their ids.
        threshold: How many must sign a roster.
        digest: Of the registrar statement.
    """

    realm: Realm
    agency: AgencyId
    epoch: int
    keys: tuple[VerifyKey, ...]
    key_ids: frozenset[KeyId]
    threshold: int
    digest: Digest
    mint: InitVar[object]

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            msg = "only verify_registrars makes Registrars"
            raise TypeError(msg)


def verify_registrars(
    anchor: TrustedAnchor | Anchor, signed: SignedStatement, *, at: Instant
) -> Registrars:
    """Verify a registrar statement against an agency's root.

    Raises:
        CredentialError: ``wrong-kind``, ``other-realm``, ``other-agency``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``.
        CredentialNotYetValidError: ``not-begun``.
        CredentialExpiredError: ``ended``.
        CredentialError: ``key-two-uses``.

    Source: docs/spec/statements.md §8.
    """
    root = anchor.anchor if isinstance(anchor, TrustedAnchor) else anchor
    statement = signed.statement
    content = statement.content
    # 1. The right kind, for this realm and agency.
    if not isinstance(content, RegistrarContent):
        raise CredentialError("wrong-kind")
    _require_home(statement, realm=root.realm, agencies=(root.agency_id,))
    # 2. By root keys only, and enough of them.
    signed_by = verify_signatures(
        signed.record, kind_tag(statement.kind), root.realm, keys=root.keys
    )
    require_signers(signed_by, root.key_ids, root.threshold)
    # 3. Now.
    statement.validity.require(at)
    # 4. No key has two uses.
    key_ids = frozenset(key.key_id(root.realm) for key in content.keys)
    if key_ids & root.key_ids:
        raise CredentialError("key-two-uses")
    return Registrars(
        realm=root.realm,
        agency=root.agency_id,
        epoch=content.epoch,
        keys=content.keys,
        key_ids=key_ids,
        threshold=content.threshold,
        digest=signed.digest,
        mint=_MINT,
    )


def verify_issuer(
    signed: SignedStatement, registrars: Registrars, *, cosigners: Iterable[VerifyKey] = ()
) -> frozenset[KeyId]:
    """Verify who made a statement, without asking for its period; returns who signed.

    Args:
        signed: The statement.
        registrars: Those of the agency under whose roster it stands.
        cosigners: Further keys that may sign: endorsing devices, or the other party's registrars.

    Raises:
        CredentialError: ``wrong-kind``, ``other-realm``, ``other-agency``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``.

    Source: docs/spec/statements.md §8.
    """
    statement = signed.statement
    agencies = [registrars.agency]
    match statement.content:
        case RegistrarContent():
            raise CredentialError("wrong-kind")
        case AgreementContent(agreement=agreement):
            parties = [bytes.fromhex(party) for party in agreement.parties]
            if registrars.agency not in parties:
                raise CredentialError("other-agency")
            agencies = [type(registrars.agency)(party) for party in parties]
        case _:
            pass
    _require_home(statement, realm=registrars.realm, agencies=agencies)
    signed_by = verify_signatures(
        signed.record,
        kind_tag(statement.kind),
        registrars.realm,
        keys=(*registrars.keys, *cosigners),
    )
    require_signers(signed_by, registrars.key_ids, 1)
    return signed_by


def verify_statement(
    signed: SignedStatement,
    registrars: Registrars,
    *,
    at: Instant,
    revocations: Revocations,
    cosigners: Iterable[VerifyKey] = (),
) -> Statement:
    """Verify a statement at one moment.

    Raises:
        CredentialError: ``wrong-kind``, ``other-realm``, ``other-agency``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``.
        CredentialNotYetValidError: ``not-begun``.
        CredentialExpiredError: ``ended``.
        CredentialRevokedError: ``retired``, ``compromised``.

    Source: docs/spec/statements.md §8.
    """
    # 1–3. Kind, realm, agency, signatures.
    signed_by = verify_issuer(signed, registrars, cosigners=cosigners)
    # 4. The period.
    signed.statement.validity.require(at)
    # 5. Neither the statement nor a key that signed it is revoked now.
    for target in (signed.digest, *sorted(signed_by)):
        revocations.require_unrevoked(target, now=at)
    return signed.statement


def verify_agreement(
    signed: SignedStatement, a: Registrars, b: Registrars, *, at: Instant
) -> Statement:
    """Verify an agreement that needs a registrar of each party.

    Raises:
        CredentialError: ``wrong-kind``, ``other-agency``, ``other-realm``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``.
        CredentialNotYetValidError: ``not-begun``.
        CredentialExpiredError: ``ended``.

    Source: docs/spec/statements.md §8.
    """
    content = signed.statement.content
    if not isinstance(content, AgreementContent):
        raise CredentialError("wrong-kind")
    if not content.agreement.involves(a.agency, b.agency):
        raise CredentialError("other-agency")
    signed_by = verify_issuer(signed, a, cosigners=b.keys)
    require_signers(signed_by, b.key_ids, 1)
    signed.statement.validity.require(at)
    return signed.statement


def _require_home(statement: Statement, *, realm: Realm, agencies: Iterable[AgencyId]) -> None:
    if statement.realm != realm:
        raise CredentialError("other-realm")
    if statement.agency not in agencies:
        raise CredentialError("other-agency")
