"""A device as everyone sees it: a random handle and public keys, and nothing that names a person.

Rules:

- Leaves stand in ascending order of the handle; no handle and no key stands twice.
- A leaf once published stays, as retired or compromised, so that older objects can be judged.
- It carries a signature of the device itself: an agency lists only devices that asked it to.

Source: docs/spec/directory.md §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import PUBLIC_KEY_SIZE, KemPublicKey
from secure_liaison.crypto.signing import (
    NOTE_KEY_SIZE,
    SIGNATURE_SIZE,
    VERIFY_KEY_SIZE,
    NoteVerifyKey,
    RequestVerifyKey,
    VerifyKey,
)
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.identity.contents import RevocationMode
from secure_liaison.identity.ids import DEVICE_HANDLE_SIZE, DeviceHandle
from secure_liaison.identity.officer_contents import device_keys_digest
from secure_liaison.identity.possession import verify_possession
from secure_liaison.identity.revocations import Revocation
from secure_liaison.identity.validity import Validity
from secure_liaison.labels.period import MAX_INSTANT
from secure_liaison.transparency.merkle import leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.keys import Digest, Realm
    from secure_liaison.identity.ids import AgencyId

__all__ = [
    "MAX_DEVICES",
    "MAX_LEAF_BYTES",
    "LeafStatus",
    "RosterLeaf",
    "decode_leaf",
    "device_root",
    "require_leaf_order",
]

MAX_DEVICES: Final = 2048
MAX_LEAF_BYTES: Final = 8192

_VERSION: Final = frozenset({0})


class LeafStatus(Enum):
    """Whether a device is in use; the numbers are those of the encoding."""

    ACTIVE = 1
    RETIRED = 2
    COMPROMISED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterLeaf:
    """One device of an agency.

    Attributes:
        handle: 16 bytes, computed from agency and signing key.
        possession: The device's signature over agency, handle and keys, 3373 bytes.
        not_before: Seconds UTC.
        not_after: Seconds UTC, the first moment outside.
        since: From when it is retired or compromised; none if and only if active.

    Raises:
        FormatError: ``validity-order``, ``leaf-status``.
    """

    handle: DeviceHandle
    signing_key: VerifyKey
    request_key: RequestVerifyKey
    vault_key: KemPublicKey
    ledger_key: NoteVerifyKey
    possession: bytes
    not_before: Instant
    not_after: Instant
    status: LeafStatus = LeafStatus.ACTIVE
    since: Instant | None = None

    def __post_init__(self) -> None:
        if self.not_before >= self.not_after:
            raise FormatError("validity-order")
        if (self.status is LeafStatus.ACTIVE) != (self.since is None):
            raise FormatError("leaf-status")

    @property
    def validity(self) -> Validity:
        """The period of the device's keys."""
        return Validity(not_before=self.not_before, not_after=self.not_after)

    def is_active(self, *, now: Instant) -> bool:
        """Whether the device may be used at ``now``: in its period, neither retired nor lost."""
        revocation = self.revocation
        return self.validity.holds(now) and (revocation is None or not revocation.acts(now=now))

    @property
    def revocation(self) -> Revocation | None:
        """What the status says about the device's keys; none while active."""
        if self.since is None:
            return None
        match self.status:
            case LeafStatus.ACTIVE:
                return None
            case LeafStatus.RETIRED:
                return Revocation(mode=RevocationMode.RETIRED, since=self.since)
            case LeafStatus.COMPROMISED:
                return Revocation(mode=RevocationMode.COMPROMISED, since=self.since)
            case _:
                assert_never(self.status)

    def keys_digest(self, realm: Realm) -> Digest:
        """Return the digest that the device statement names, 32 bytes."""
        return device_keys_digest(
            realm,
            handle=self.handle,
            signing_key=self.signing_key,
            request_key=self.request_key,
            vault_key=self.vault_key,
            ledger_key=self.ledger_key,
        )

    def require_possession(self, realm: Realm, agency: AgencyId) -> None:
        """Demand that the device itself asked for its place in this agency.

        Raises:
            FormatError: ``device-handle``.
            SignatureError: ``ml-dsa``, ``ed25519``.
        """
        verify_possession(
            self.signing_key,
            self.possession,
            realm=realm,
            agency=agency,
            handle=self.handle,
            keys_digest=self.keys_digest(realm),
        )

    def encode(self) -> bytes:
        """Return the record that is a leaf of the device tree."""
        return encode(
            {
                0: 0,
                1: self.handle,
                2: self.signing_key.octets,
                3: self.request_key.octets,
                4: self.vault_key.octets,
                5: self.ledger_key.octets,
                6: self.not_before,
                7: self.not_after,
                8: self.status.value,
                9: self.since,
                10: self.possession,
            }
        )


def decode_leaf(data: bytes) -> RosterLeaf:
    """Read one leaf of at most 8192 bytes.

    Raises:
        FormatError: not one canonical record, or as `RosterLeaf`.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = decode_fields(data, max_bytes=MAX_LEAF_BYTES)
    fields.version(0, supported=_VERSION)
    leaf = RosterLeaf(
        handle=DeviceHandle(fields.octets(1, size=DEVICE_HANDLE_SIZE)),
        signing_key=VerifyKey(fields.octets(2, size=VERIFY_KEY_SIZE)),
        request_key=RequestVerifyKey(fields.octets(3, size=NOTE_KEY_SIZE)),
        vault_key=KemPublicKey(fields.octets(4, size=PUBLIC_KEY_SIZE)),
        ledger_key=NoteVerifyKey(fields.octets(5, size=NOTE_KEY_SIZE)),
        not_before=Instant(fields.integer(6, high=MAX_INSTANT)),
        not_after=Instant(fields.integer(7, high=MAX_INSTANT)),
        status=LeafStatus(fields.integer(8, low=1, high=len(LeafStatus))),
        since=None if fields.is_null(9) else Instant(fields.integer(9, high=MAX_INSTANT)),
        possession=fields.octets(10, size=SIGNATURE_SIZE),
    )
    fields.done()
    return leaf


def device_root(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle root over encoded leaves, 32 bytes."""
    return root_of([leaf_hash(leaf) for leaf in leaves])


def require_leaf_order(leaves: Sequence[RosterLeaf]) -> None:
    """Demand ascending handles, and each key in one leaf only.

    Raises:
        FormatError: ``roster-order``, ``roster-key-twice``.
    """
    if any(a.handle >= b.handle for a, b in pairwise(leaves)):
        raise FormatError("roster-order")
    for keys in (
        [leaf.signing_key.octets for leaf in leaves],
        [leaf.vault_key.octets for leaf in leaves],
        # Two uses of one curve: the same 32 bytes must not serve both.
        [octets for leaf in leaves for octets in (leaf.request_key.octets, leaf.ledger_key.octets)],
    ):
        if len(set(keys)) != len(keys):
            raise FormatError("roster-key-twice")
