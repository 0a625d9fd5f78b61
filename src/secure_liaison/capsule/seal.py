"""Sealing: one object, encrypted once, signed, with one stanza for each recipient's device.

Rules:

- Needs a permit for this act, this core and exactly these keys; it is spent before any encryption.
- All sizes are known before the first byte, because the header is bound into every key.
- Constant memory; what was written before a failure is the caller's temporary file to discard.
- A retry sends the same bytes again; nothing is sealed twice under one object id.

Source: docs/spec/capsule.md §15; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.capsule.body import PIECE_SIZE, BodyWriter, PartSource, Progress, read_part
from secure_liaison.capsule.core import Core, encode_core, hash_of_core
from secure_liaison.capsule.custody import NO_CUSTODY, custody_hash, encode_custody
from secure_liaison.capsule.format import (
    CLAIMS_OVERHEAD,
    MAX_PATH,
    Role,
    Stanza,
    StanzaTree,
    claims_size,
    encode_stanza,
    head_bucket,
    pad,
    padded_payload_size,
    stanza_info,
)
from secure_liaison.capsule.head import HeadRecord, PartEntry, encode_head_record
from secure_liaison.capsule.shares import MessageKey, ObjectKeys, ShareSet, capsule_commitment
from secure_liaison.capsule.signature import sign_roots
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, random_bytes
from secure_liaison.crypto.payload import PayloadSealer, seal_whole, sealed_size
from secure_liaison.encoding import encode
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.monitor.decision import Action
from secure_liaison.transparency.merkle import leaf_hash
from secure_liaison.wire.digests import header_hash, object_digest
from secure_liaison.wire.envelopes import Envelope, encode_envelope
from secure_liaison.wire.header import Header, encode_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.hpke import KemPublicKey
    from secure_liaison.crypto.keys import KeyId, Realm, Secret
    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.identity.ids import DeviceHandle
    from secure_liaison.monitor.gate import Permit

__all__ = ["PartSource", "SealTarget", "SealedObject", "ShareSet", "seal"]

MIN_LEAVES: Final = 4
MAX_LEAVES: Final = 1 << MAX_PATH
_BLIND_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SealTarget:
    """One device that gets a stanza.

    Attributes:
        role: Vault key or prekey.
        key_id: Id of ``public_key`` in the realm, 32 bytes.
        public_key: What the share is sealed to.
        handle: The device's handle, which is its mailbox.
    """

    role: Role
    key_id: KeyId
    public_key: KemPublicKey
    handle: DeviceHandle


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedObject:
    """What sealing leaves behind: everything that is sent, and the share for the own copy.

    Attributes:
        header: Encoded header.
        envelopes: Each device's handle and encoded envelope, in the order of the targets.
        digest: ``D``, 32 bytes.
        payload_root: 32 bytes.
        stanza_root: 32 bytes.
        leaves: The leaf list, 32 bytes for the head and for each 64 KiB of payload ciphertext.
        head_length: Bytes of head ciphertext, with which the body begins.
        body_size: Bytes of the whole body.
        share: Kept in the vault for the own copy.
        core: What was sealed.
    """

    header: bytes
    envelopes: tuple[tuple[DeviceHandle, bytes], ...]
    digest: Digest
    payload_root: bytes
    stanza_root: bytes
    leaves: bytes
    head_length: int
    body_size: int
    share: Secret
    core: Core


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What is fixed before the first byte is encrypted."""

    core_bytes: bytes
    core_hash: Digest
    custody_bytes: bytes
    head_bytes: bytes
    total: int
    padded: int
    header: Header
    header_bytes: bytes
    keys: ObjectKeys


def seal(
    *,
    core: Core,
    shares: ShareSet,
    head: HeadRecord,
    parts: Sequence[PartSource],
    recipients: Sequence[SealTarget],
    signing_key: SigningKey,
    realm: Realm,
    permit: Permit,
    now: Instant,
    body_out: BinaryIO,
    progress: Progress | None = None,
) -> SealedObject:
    """Seal one object for its recipients' devices.

    Args:
        core: Built with ``shares.commitments(core.object_id, realm)``.
        shares: Drawn for this object.
        head: Lists exactly ``parts``.
        parts: Opened one after the other, each once.
        recipients: The devices; the permit names exactly their keys.
        signing_key: The key that the core names as originator.
        realm: The realm.
        permit: For `Action.SEAL` and H(core).
        now: For the permit; seconds UTC.
        body_out: Takes head and payload ciphertext.
        progress: Told bytes of parts done and in all, after each piece.

    Raises:
        UnsupportedVersionError: ``capsule-custody-unknown`` (the core claims custody).
        ValueError: core, shares, head, parts, key or recipients do not fit together.
        FormatError: ``capsule-too-many-recipients``, ``capsule-head-too-large``,
            ``capsule-payload-too-large``, ``capsule-claims-too-large``.
        OutOfOrderError: as `Permit.spend`.
        FormatError: ``capsule-part-short``, ``capsule-part-long``.

    Source: docs/spec/capsule.md §15.
    """
    # 3, 4. Everything fits together; then the permit is spent.
    _check_fit(core, shares, signing_key, realm=realm)
    _check_recipients(core, recipients, realm=realm)
    draft = _draft(core, shares, head, parts, realm=realm)
    keys = frozenset(target.key_id for target in recipients)
    permit.spend(action=Action.SEAL, core_hash=draft.core_hash, key_ids=keys, now=now)
    # 5, 6. Head and payload.
    leaves, payload_root = _write_body(draft, parts, body_out, progress)
    # 7. Stanzas and their tree.
    places = _Places([_stanza(draft, shares, target) for target in recipients])
    # 8. Signature, claims, envelopes.
    signature = sign_roots(signing_key, draft.keys, payload_root, places.root)
    claims = _claims(draft, shares, signature=signature)
    envelopes = places.envelopes(draft.header_bytes, payload_root, claims)
    return SealedObject(
        header=draft.header_bytes,
        envelopes=tuple((to.handle, each) for to, each in zip(recipients, envelopes, strict=True)),
        digest=object_digest(realm, draft.keys.header_hash, payload_root, places.root),
        payload_root=payload_root,
        stanza_root=places.root,
        leaves=leaves,
        head_length=draft.header.head_length,
        body_size=draft.header.body_size,
        share=shares.share,
        core=core,
    )


class _Places:
    """The stanzas in their tree, each under a blind of its own."""

    def __init__(self, stanzas: list[bytes]) -> None:
        self._stanzas = [(stanza, random_bytes(_BLIND_SIZE)) for stanza in stanzas]
        self._leaves = [leaf_hash(blind + stanza) for stanza, blind in self._stanzas]
        size = max(MIN_LEAVES, 1 << (len(stanzas) - 1).bit_length())
        dummies = [random_bytes(DIGEST_SIZE) for _ in range(size - len(stanzas))]
        # Ordered by bytes: a place says nothing about the order or the number of recipients.
        ordered = sorted(self._leaves + dummies)
        self._index = {leaf: index for index, leaf in enumerate(ordered)}
        self._tree = StanzaTree(ordered)
        self.root = self._tree.root

    def envelopes(self, header: bytes, payload_root: bytes, claims: bytes) -> list[bytes]:
        """Return one encoded envelope for each stanza."""
        return [
            encode_envelope(
                Envelope(
                    header=header,
                    payload_root=payload_root,
                    stanza_root=self.root,
                    claims=claims,
                    stanza=stanza,
                    blind=blind,
                    index=self._index[leaf],
                    path=self._tree.path(self._index[leaf]),
                )
            )
            for (stanza, blind), leaf in zip(self._stanzas, self._leaves, strict=True)
        ]


def _check_fit(core: Core, shares: ShareSet, signing_key: SigningKey, *, realm: Realm) -> None:
    if core.custody:
        raise UnsupportedVersionError("capsule-custody-unknown")
    if core.commitments != shares.commitments(core.object_id, realm):
        msg = "the core was not built with these shares"
        raise ValueError(msg)
    if core.originator != signing_key.verify_key.key_id(realm):
        msg = "the core names another originator"
        raise ValueError(msg)


def _check_recipients(core: Core, recipients: Sequence[SealTarget], *, realm: Realm) -> None:
    if len(recipients) > MAX_LEAVES:
        raise FormatError("capsule-too-many-recipients", limit=MAX_LEAVES)
    keys = {target.key_id for target in recipients}
    handles = {target.handle for target in recipients}
    if not recipients or not len(keys) == len(handles) == len(recipients):
        msg = "one stanza for each device, at least one device"
        raise ValueError(msg)
    if any(target.key_id != target.public_key.key_id(realm) for target in recipients):
        msg = "a key id that is not that of its key"
        raise ValueError(msg)
    if core.forward_secrecy and any(target.role is not Role.PREKEY for target in recipients):
        msg = "forward secrecy is claimed, so every stanza goes to a prekey"
        raise ValueError(msg)


def _check_parts(head: HeadRecord, parts: Sequence[PartSource]) -> None:
    listed = tuple(
        PartEntry(name=part.name, media_type=part.media_type, size=part.size) for part in parts
    )
    if head.parts != listed:
        msg = "the head lists other parts"
        raise ValueError(msg)


def _draft(
    core: Core, shares: ShareSet, head: HeadRecord, parts: Sequence[PartSource], *, realm: Realm
) -> _Draft:
    _check_parts(head, parts)
    core_bytes = encode_core(core, realm)
    h_core = hash_of_core(core_bytes, realm)
    custody_bytes = encode_custody(NO_CUSTODY)
    record = encode_head_record(head)
    bucket = head_bucket(len(record))
    padded = padded_payload_size(head.total_size)
    header = Header(
        realm=realm,
        object_id=core.object_id,
        salt=shares.salt,
        commitment=capsule_commitment(
            shares.opening.reveal(), h_core, custody_hash(custody_bytes, realm), realm=realm
        ),
        head_length=sealed_size(bucket),
        payload_length=sealed_size(padded),
        expiry_day=core.expiry_day,
    )
    header_bytes = encode_header(header)
    hh = header_hash(header_bytes, realm)
    claims_size(len(_claims_record(core_bytes, custody_bytes, shares)))
    return _Draft(
        core_bytes=core_bytes,
        core_hash=h_core,
        custody_bytes=custody_bytes,
        head_bytes=pad(record, bucket),
        total=head.total_size,
        padded=padded,
        header=header,
        header_bytes=header_bytes,
        keys=ObjectKeys(share=shares.share, salt=shares.salt, header_hash=hh, realm=realm),
    )


def _write_body(
    draft: _Draft, parts: Sequence[PartSource], body_out: BinaryIO, progress: Progress | None
) -> tuple[bytes, bytes]:
    keys = draft.keys
    sealed_head = seal_whole(
        keys.key(MessageKey.HEAD), draft.head_bytes, context=keys.context(MessageKey.HEAD)
    )
    writer = BodyWriter(body_out, sealed_head)
    sealer = PayloadSealer(keys.key(MessageKey.PAYLOAD), context=keys.context(MessageKey.PAYLOAD))
    done = 0
    for part in parts:
        for piece in read_part(part):
            writer.write(sealer.update(piece))
            done += len(piece)
            if progress is not None:
                progress(done, draft.total)
    for start in range(0, draft.padded - draft.total, PIECE_SIZE):
        size = min(PIECE_SIZE, draft.padded - draft.total - start)
        writer.write(sealer.update(bytes(size)))
    writer.write(sealer.finish())
    return writer.finish()


def _stanza(draft: _Draft, shares: ShareSet, target: SealTarget) -> bytes:
    keys = draft.keys
    info = stanza_info(keys.header_hash, target.role, target.key_id, realm=keys.realm)
    sealed = target.public_key.seal(shares.share.reveal() + draft.core_hash, info=info)
    return encode_stanza(Stanza(role=target.role, key_id=target.key_id, sealed=sealed))


def _claims(draft: _Draft, shares: ShareSet, *, signature: bytes) -> bytes:
    record = _claims_record(draft.core_bytes, draft.custody_bytes, shares, signature)
    plaintext = pad(record, claims_size(len(record)) - CLAIMS_OVERHEAD)
    keys = draft.keys
    return seal_whole(
        keys.key(MessageKey.CLAIMS), plaintext, context=keys.context(MessageKey.CLAIMS)
    )


def _claims_record(
    core_bytes: bytes, custody_bytes: bytes, shares: ShareSet, signature: bytes = bytes(3373)
) -> bytes:
    return encode({0: 0, 1: shares.opening.reveal(), 2: core_bytes, 3: custody_bytes, 4: signature})
