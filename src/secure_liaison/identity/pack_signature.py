"""The signature of an agency under a policy pack: who stands for which bytes, from when to when.

Rules:

- What is signed is the pack's name, version and digest, for one agency and realm and a period.
- As many registrars sign as sign a roster: a pack changes who may read, like a roster.
- The pack's file lies beside its signature; one changed byte of content gives another digest.

Source: docs/spec/statements.md §12.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Realm, Tag
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import CredentialError, FormatError, TamperedError
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.identity.ids import AGENCY_ID_SIZE, AgencyId
from secure_liaison.identity.records import (
    SignedRecord,
    decode_record,
    encode_record,
    require_signers,
    sign_record,
    verify_signatures,
)
from secure_liaison.identity.validity import Validity
from secure_liaison.labels.period import MAX_INSTANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.keys import KeyId
    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.identity.chain import Registrars
    from secure_liaison.identity.revocations import Revocations
    from secure_liaison.labels.policy import PolicyPack

__all__ = [
    "MAX_PACK_SIGNATURE_BYTES",
    "PackSignature",
    "SignedPack",
    "read_accepted_signature",
    "sign_pack",
    "verify_pack",
    "verify_signers",
]

MAX_PACK_SIGNATURE_BYTES: Final = 64 * 1024

_TAG: Final = Tag("secure_liaison/draft-0/pack")
_VERSION: Final = frozenset({0})
_POLICY: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}@[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSignature:
    """What an agency signs of a pack.

    Attributes:
        policy: ``id@YYYY-MM-DD``.
        digest: Of the pack, 32 bytes.
        not_before, not_after: When the signature holds, seconds UTC.

    Raises:
        FormatError: ``label-policy``, ``validity`` (as `Validity`).
    """

    realm: Realm
    agency: AgencyId
    policy: str
    digest: bytes
    not_before: Instant
    not_after: Instant

    def __post_init__(self) -> None:
        if _POLICY.fullmatch(self.policy) is None:
            raise FormatError("label-policy")
        _ = self.validity

    @property
    def validity(self) -> Validity:
        """The period, checked when it was made."""
        return Validity(not_before=self.not_before, not_after=self.not_after)

    def to_bytes(self) -> bytes:
        """Return the body that is signed."""
        return encode(
            {
                0: 0,
                1: self.realm.octets,
                2: self.agency,
                3: self.policy,
                4: self.digest,
                5: self.not_before,
                6: self.not_after,
            }
        )

    @classmethod
    def from_record(cls, record: SignedRecord) -> PackSignature:
        """Read what a signed record says; nothing is verified yet.

        Raises:
            FormatError: not one canonical record, or as the constructor.
            UnsupportedVersionError: ``unknown-version``.
        """
        fields = decode_fields(record.body, max_bytes=MAX_PACK_SIGNATURE_BYTES)
        fields.version(0, supported=_VERSION)
        found = cls(
            realm=Realm(fields.octets(1, size=DIGEST_SIZE)),
            agency=AgencyId(fields.octets(2, size=AGENCY_ID_SIZE)),
            policy=fields.text(3),
            digest=fields.octets(4, size=DIGEST_SIZE),
            not_before=Instant(fields.integer(5, high=MAX_INSTANT)),
            not_after=Instant(fields.integer(6, high=MAX_INSTANT)),
        )
        fields.done()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPack:
    """A signature whose signers were verified, now or when it was accepted.

    Attributes:
        signature: What they signed.
        signers: Ids of their keys.
    """

    signature: PackSignature
    signers: frozenset[KeyId]

    def require_in_force(self, *, at: Instant, revocations: Revocations) -> None:
        """Demand that it holds at a moment, by keys that are not revoked then.

        Raises:
            CredentialNotYetValidError: ``not-begun``.
            CredentialExpiredError: ``ended``.
            CredentialRevokedError: ``retired``, ``compromised``.

        Source: docs/spec/statements.md §12 step 3.
        """
        self.signature.validity.require(at)
        for target in sorted(self.signers):
            revocations.require_unrevoked(target, now=at)

    def require_uncompromised(self, revocations: Revocations) -> None:
        """Demand that none of its keys fell into other hands; its end is not asked for.

        Raises:
            CredentialRevokedError: ``compromised``.

        Source: docs/spec/statements.md §12.1.
        """
        for target in sorted(self.signers):
            found = revocations.find(target)
            if found is not None and found.mode is RevocationMode.COMPROMISED:
                raise found.refuse()

    def require_of(self, policy: str, digest: bytes) -> None:
        """Demand that it is of exactly this pack.

        Raises:
            TamperedError: ``pack-other`` (of another pack or version), ``pack-digest`` (changed).

        Source: docs/spec/statements.md §12 step 4.
        """
        if self.signature.policy != policy:
            raise TamperedError("pack-other")
        if self.signature.digest != digest:
            raise TamperedError("pack-digest")


def sign_pack(signature: PackSignature, keys: Sequence[SigningKey]) -> bytes:
    """Sign with every key, one or more; returns the file that goes beside the pack.

    Raises:
        ValueError: no key.
    """
    if not keys:
        msg = "a pack needs a key"
        raise ValueError(msg)
    return encode_record(sign_record(_TAG, signature.realm, signature.to_bytes(), keys=keys))


def verify_pack(
    data: bytes,
    pack: PolicyPack,
    registrars: Registrars,
    *,
    at: Instant,
    revocations: Revocations,
) -> PackSignature:
    """Verify the signature of an agency under a pack at one moment.

    Args:
        data: The signature's file, at most 64 KiB.
        pack: The pack that it shall be of.
        registrars: Those of the agency.
        at: Seconds UTC.
        revocations: Of the agency's keys.

    Raises:
        LiaisonError: as `verify_signers`, `SignedPack.require_in_force`, `SignedPack.require_of`.

    Source: docs/spec/statements.md §12.
    """
    signed = verify_signers(data, registrars)
    signed.require_in_force(at=at, revocations=revocations)
    signed.require_of(pack.policy_id, pack.digest())
    return signed.signature


def verify_signers(data: bytes, registrars: Registrars) -> SignedPack:
    """Verify who signed, without asking when or what for.

    Raises:
        FormatError: not one canonical record, or as `PackSignature`.
        UnsupportedVersionError: ``unknown-version``.
        CredentialError: ``other-realm``, ``other-agency``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``.

    Source: docs/spec/statements.md §12 steps 1 and 2.
    """
    record = decode_record(data, max_bytes=MAX_PACK_SIGNATURE_BYTES)
    signature = PackSignature.from_record(record)
    # 1. For this realm and agency.
    if signature.realm != registrars.realm:
        raise CredentialError("other-realm")
    if signature.agency != registrars.agency:
        raise CredentialError("other-agency")
    # 2. By registrars only, and as many as sign a roster.
    signed_by = verify_signatures(record, _TAG, registrars.realm, keys=registrars.keys)
    require_signers(signed_by, registrars.key_ids, registrars.threshold)
    return SignedPack(signature=signature, signers=signed_by)


def read_accepted_signature(data: bytes) -> SignedPack:
    """Read a signature that was verified when it was accepted, and kept where nobody changes it.

    Raises:
        FormatError: not one canonical record, or as `PackSignature`.
        UnsupportedVersionError: ``unknown-version``.
    """
    record = decode_record(data, max_bytes=MAX_PACK_SIGNATURE_BYTES)
    signers = frozenset(key_id for key_id, _ in record.signatures)
    return SignedPack(signature=PackSignature.from_record(record), signers=signers)
