"""Claims: what the sealed header of a capsule says, unwrapped and consistent in itself.

Rules:

- `unwrap` is the only maker of `Claims`; their origin is not verified yet.
- The stanza opens the claims, the header commits to them, the core commits to the share: whoever
  re-uses a part of another object, or changes one, fails here.
- A kept copy opens with the share from the own vault, because a prekey is deleted after use.

Source: docs/spec/capsule.md §16 steps 2–6; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from secure_liaison.capsule.core import Core, decode_core, hash_of_core
from secure_liaison.capsule.custody import CustodyGroups, custody_hash, decode_custody
from secure_liaison.capsule.format import Capsule, Role, claims_size, stanza_info, unpad
from secure_liaison.capsule.shares import (
    MessageKey,
    ObjectKeys,
    capsule_commitment,
    share_commitment,
)
from secure_liaison.crypto.keys import SECRET_SIZE, Digest, KeyId, Secret, require_equal
from secure_liaison.crypto.signing import SIGNATURE_SIZE
from secure_liaison.encoding import decode_fields
from secure_liaison.errors import (
    FormatError,
    NotAddressedError,
    TamperedError,
    VerificationError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.crypto.hpke import KemPrivateKey
    from secure_liaison.crypto.keys import Realm

__all__ = ["Claims", "Keyring", "unwrap"]

_MINT: Final = object()
_VERSIONS: Final = frozenset({0})
_MAX_CLAIMS_BYTES: Final = 16384

Keyring: TypeAlias = "Callable[[Role, KeyId], KemPrivateKey | None]"
"""Returns the own private key for a stanza's role and key id, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What the sealed claims say; consistent in itself, its origin not yet verified.

    Attributes:
        capsule: Where it came from.
        core: What the object claims to be.
        core_hash: H(core), 32 bytes.
        custody: The custody groups.
        signature: 3373 bytes.
        share: The readers' share.
    """

    capsule: Capsule
    core: Core
    core_hash: Digest
    custody: CustodyGroups
    signature: bytes
    share: Secret
    mint: InitVar[object]

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            msg = "only unwrap makes Claims"
            raise TypeError(msg)

    @property
    def keys(self) -> ObjectKeys:
        """Derives the object's keys."""
        return _keys(self.capsule, self.share)


def unwrap(
    capsule: Capsule, keyring: Keyring, realm: Realm, *, kept: Secret | None = None
) -> Claims:
    """Open the own stanza and the claims, and prove that they belong together.

    Args:
        capsule: A parsed envelope.
        keyring: Returns the private key for a stanza's role and key id, or nothing.
        realm: The own realm.
        kept: The share of a copy in the own vault, whose private key may be gone; opens the claims
            in place of the stanza.

    Raises:
        VerificationError: ``capsule-other-realm``.
        NotAddressedError: ``capsule-other-device``, ``capsule-prekey-gone``.
        TamperedError: ``capsule-stanza``, ``capsule-claims``.
        FormatError: ``capsule-padding``, and those of claims, core and custody.
        TamperedError: ``capsule-realm``, ``capsule-commitment``, ``capsule-object-id``,
            ``capsule-expiry``, ``capsule-share``, ``capsule-core``.
        FormatError: ``capsule-commitments``.

    Source: docs/spec/capsule.md §16 steps 2–6.
    """
    # 2. Realm.
    if capsule.header.realm != realm:
        raise VerificationError("capsule-other-realm")
    # 3. The stanza, or the kept share.
    share, promised = (kept, None) if kept is not None else _open_stanza(capsule, keyring, realm)
    # 4. Claims.
    opening, core_bytes, custody_bytes, signature = _open_claims(capsule, share)
    core = decode_core(core_bytes, realm)
    custody = decode_custody(custody_bytes)
    # 5. Commitment.
    h_core = hash_of_core(core_bytes, realm)
    h_custody = custody_hash(custody_bytes, realm)
    commitment = capsule_commitment(opening, h_core, h_custody, realm=realm)
    require_equal(capsule.header.commitment, commitment, "capsule-commitment")
    # 6. Agreement.
    require_equal(capsule.header.object_id, core.object_id, "capsule-object-id")
    if capsule.header.expiry_day != core.expiry_day:
        raise TamperedError("capsule-expiry")
    expected = share_commitment(share, core.object_id, realm)
    require_equal(core.commitments[0], expected, "capsule-share")
    if promised is not None:
        require_equal(promised, h_core, "capsule-core")
    if len(core.commitments) != 1 + len(custody):
        raise FormatError("capsule-commitments")
    return Claims(
        capsule=capsule,
        core=core,
        core_hash=h_core,
        custody=custody,
        signature=signature,
        share=share,
        mint=_MINT,
    )


def _keys(capsule: Capsule, share: Secret) -> ObjectKeys:
    header = capsule.header
    return ObjectKeys(
        share=share, salt=header.salt, header_hash=capsule.header_hash, realm=header.realm
    )


def _open_stanza(capsule: Capsule, keyring: Keyring, realm: Realm) -> tuple[Secret, bytes]:
    stanza = capsule.stanza
    key = keyring(stanza.role, stanza.key_id)
    if key is None:
        prekey = stanza.role is Role.PREKEY
        raise NotAddressedError("capsule-prekey-gone" if prekey else "capsule-other-device")
    info = stanza_info(capsule.header_hash, stanza.role, stanza.key_id, realm=realm)
    try:
        plain = key.open(stanza.sealed, info=info)
    except TamperedError as exc:
        raise TamperedError("capsule-stanza") from exc
    return Secret(plain[:SECRET_SIZE]), plain[SECRET_SIZE:]


def _open_claims(capsule: Capsule, share: Secret) -> tuple[bytes, bytes, bytes, bytes]:
    sealed = capsule.envelope.claims
    inner = unpad(_keys(capsule, share).open(MessageKey.CLAIMS, sealed))
    if claims_size(len(inner)) != len(sealed):
        raise FormatError("capsule-padding")
    fields = decode_fields(inner, max_bytes=_MAX_CLAIMS_BYTES)
    fields.version(0, supported=_VERSIONS)
    opened = (
        fields.octets(1, size=SECRET_SIZE),
        fields.octets(2),
        fields.octets(3),
        fields.octets(4, size=SIGNATURE_SIZE),
    )
    fields.done()
    return opened
