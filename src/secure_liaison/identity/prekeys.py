"""Prekeys: one-time encapsulation keys that a device leaves at the relay.

Rules:

- A batch is signed once, over the Merkle root of its keys; each key is handed out with its path.
- Exactly one key of a batch is the last resort, and its leaf says so; a sender who promised forward
  secrecy refuses it.
- A prekey is used for one capsule; its private half dies with the first verified opening.

Source: docs/spec/prekeys.md; DESIGN §5, §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import PUBLIC_KEY_SIZE, KemPublicKey
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, Tag
from secure_liaison.crypto.signing import SIGNATURE_SIZE
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import CredentialExpiredError, FormatError, TamperedError
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.transparency.merkle import inclusion_proof, leaf_hash, root_of, verify_inclusion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.keys import Realm
    from secure_liaison.crypto.signing import SigningKey, VerifyKey

__all__ = ["MAX_BATCH", "Prekey", "PrekeyBundle", "make_batch", "open_bundle"]

MAX_BATCH: Final = 256
_MIN_BATCH: Final = 2
_TAG: Final = Tag("secure_liaison/draft-0/prekey-batch")
_VERSIONS: Final = frozenset({0})
_ID_SIZE: Final = 16
_MAX_BUNDLE: Final = 16 * 1024
_MAX_PATH: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Prekey:
    """One key of a batch.

    Attributes:
        public_key: X-Wing, 1216 bytes.
        index: Its place in the batch, 0..255.
        last_resort: Whether the relay may hand it out more than once.
    """

    public_key: KemPublicKey
    index: int
    last_resort: bool

    def encode(self) -> bytes:
        """Return the canonical leaf."""
        return encode({0: 0, 1: self.public_key.octets, 2: self.index, 3: self.last_resort})


@dataclass(frozen=True, slots=True, kw_only=True)
class PrekeyBundle:
    """One key as it is handed out: parsed, not to be trusted before `verify`."""

    prekey: Prekey
    path: tuple[bytes, ...]
    batch: bytes
    signature: bytes
    device: DeviceHandle
    expires: Instant
    count: int
    root: Digest

    def verify(self, key: VerifyKey, realm: Realm, *, device: DeviceHandle, now: int) -> Prekey:
        """Check the bundle under the device's own signing key.

        Raises:
            TamperedError: ``prekey-device`` (of another device).
            SignatureError: the batch is not signed by ``key``.
            TamperedError: ``merkle-inclusion`` (the key is not in the batch).
            CredentialExpiredError: ``prekey-expired``.
        """
        if self.device != device:
            raise TamperedError("prekey-device")
        key.verify(_TAG, realm, self.batch, self.signature)
        verify_inclusion(
            leaf_hash(self.prekey.encode()),
            index=self.prekey.index,
            size=self.count,
            proof=list(self.path),
            root=self.root,
        )
        if now >= self.expires:
            raise CredentialExpiredError("prekey-expired")
        return self.prekey


def make_batch(
    keys: Sequence[KemPublicKey],
    *,
    device: DeviceHandle,
    signing_key: SigningKey,
    realm: Realm,
    expires: int,
) -> list[bytes]:
    """Return one encoded bundle per key; the last key becomes the last resort.

    Raises:
        ValueError: fewer than two keys, or more than `MAX_BATCH`.
    """
    if not _MIN_BATCH <= len(keys) <= MAX_BATCH:
        msg = f"a batch holds 2 to {MAX_BATCH} keys"
        raise ValueError(msg)
    prekeys = [
        Prekey(public_key=key, index=index, last_resort=index == len(keys) - 1)
        for index, key in enumerate(keys)
    ]
    leaves = [leaf_hash(prekey.encode()) for prekey in prekeys]
    batch = encode({0: 0, 1: realm.octets, 2: device, 3: expires, 4: len(keys), 5: root_of(leaves)})
    signature = signing_key.sign(_TAG, realm, batch)
    return [
        encode(
            {
                0: 0,
                1: batch,
                2: signature,
                3: prekey.encode(),
                4: list(inclusion_proof(leaves, prekey.index)),
            }
        )
        for prekey in prekeys
    ]


def open_bundle(data: bytes, realm: Realm) -> PrekeyBundle:
    """Parse a bundle strictly, without trusting it.

    Raises:
        FormatError: malformed, then ``prekey-realm``.
    """
    outer = decode_fields(data, max_bytes=_MAX_BUNDLE)
    outer.version(0, supported=_VERSIONS)
    batch = outer.octets(1, max_size=1024)
    signature = outer.octets(2, size=SIGNATURE_SIZE)
    leaf = outer.octets(3, max_size=2048)
    path = outer.items(4, max_items=_MAX_PATH)
    outer.done()
    fields = decode_fields(batch, max_bytes=1024)
    fields.version(0, supported=_VERSIONS)
    if fields.octets(1, size=DIGEST_SIZE) != realm.octets:
        raise FormatError("prekey-realm")
    bundle = PrekeyBundle(
        prekey=_open_prekey(leaf),
        path=tuple(_node(step) for step in path),
        batch=batch,
        signature=signature,
        device=DeviceHandle(fields.octets(2, size=_ID_SIZE)),
        expires=Instant(fields.integer(3)),
        count=fields.integer(4, low=_MIN_BATCH, high=MAX_BATCH),
        root=Digest(fields.octets(5, size=DIGEST_SIZE)),
    )
    fields.done()
    return bundle


def _open_prekey(leaf: bytes) -> Prekey:
    fields = decode_fields(leaf, max_bytes=2048)
    fields.version(0, supported=_VERSIONS)
    prekey = Prekey(
        public_key=KemPublicKey(fields.octets(1, size=PUBLIC_KEY_SIZE)),
        index=fields.integer(2, high=MAX_BATCH - 1),
        last_resort=fields.boolean(3),
    )
    fields.done()
    return prekey


def _node(step: object) -> bytes:
    if not isinstance(step, bytes) or len(step) != DIGEST_SIZE:
        raise FormatError("prekey-path")
    return step
