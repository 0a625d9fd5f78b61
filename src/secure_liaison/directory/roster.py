"""The roster with its leaves: the snapshot that a relay holds and everyone may see.

Rules:

- Anchor, registrar statement, roster, leaves; no name of a person, no clearance.
- Every device in it proves that it asked for its place in this agency.
- It proves itself against a known anchor; `verify_snapshot` is the only maker of a
  `VerifiedSnapshot`.

Source: docs/spec/directory.md §4.
"""

from __future__ import annotations

import hmac
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import require_equal
from secure_liaison.directory.leaf import (
    MAX_DEVICES,
    MAX_LEAF_BYTES,
    LeafStatus,
    RosterLeaf,
    decode_leaf,
    device_root,
    require_leaf_order,
)
from secure_liaison.directory.page import (
    MAX_ROSTER_BYTES,
    NO_RELAY,
    RelayPointer,
    Roster,
    open_roster,
    roster_digest,
    sign_roster,
)
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import (
    CredentialError,
    CredentialExpiredError,
    CredentialNotYetValidError,
    FormatError,
    TamperedError,
)
from secure_liaison.identity.anchors import MAX_ANCHOR_BYTES, Anchor, TrustedAnchor, open_anchor
from secure_liaison.identity.chain import Registrars, verify_registrars
from secure_liaison.identity.statements import MAX_STATEMENT_BYTES, decode_signed
from secure_liaison.identity.validity import has_begun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import Digest, KeyId
    from secure_liaison.identity.ids import AgencyId, DeviceHandle

__all__ = [
    "MAX_SNAPSHOT_BYTES",
    "NO_RELAY",
    "LeafStatus",
    "RelayPointer",
    "Roster",
    "RosterLeaf",
    "Snapshot",
    "VerifiedSnapshot",
    "decode_snapshot",
    "encode_snapshot",
    "open_roster",
    "roster_digest",
    "sign_roster",
    "verify_snapshot",
]

MAX_SNAPSHOT_BYTES: Final = 16 * 2**20

_VERSION: Final = frozenset({0})
_MINT: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The raw parts; parsed, not verified.

    Attributes:
        anchor: The anchor file.
        registrars: The signed registrar statement.
        roster: The signed roster.
        leaves: Encoded leaves, ascending by handle.
    """

    anchor: bytes
    registrars: bytes
    roster: bytes
    leaves: tuple[bytes, ...]

    def claimed_agency(self) -> AgencyId:
        """Return which agency it says it is from; that decides whose anchor it must verify against.

        Raises:
            FormatError: the anchor is not one canonical record.
            SignatureError: the anchor is not properly signed.
        """
        return open_anchor(self.anchor).agency_id


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedSnapshot:
    """A snapshot that proved itself; made by `verify_snapshot` only.

    Attributes:
        anchor: The agency's root.
        registrars: Of the roster's epoch.
        digest: Of the roster, 32 bytes.
        leaves: By device handle.
        by_signing_key: Handle of the device that signs records with a key.
        raw: What was verified.
    """

    anchor: Anchor
    registrars: Registrars
    roster: Roster
    digest: Digest
    leaves: Mapping[DeviceHandle, RosterLeaf]
    by_signing_key: Mapping[KeyId, DeviceHandle]
    raw: Snapshot
    mint: InitVar[object]

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            msg = "only verify_snapshot makes a VerifiedSnapshot"
            raise TypeError(msg)


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Return the snapshot's bytes: what a relay serves and admits."""
    return encode(
        {
            0: 0,
            1: snapshot.anchor,
            2: snapshot.registrars,
            3: snapshot.roster,
            4: list(snapshot.leaves),
        }
    )


def decode_snapshot(data: bytes) -> Snapshot:
    """Read a snapshot of at most 16 MiB; nothing is verified yet.

    Raises:
        FormatError: not one canonical record, or ``leaf-form``.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = decode_fields(data, max_bytes=MAX_SNAPSHOT_BYTES)
    fields.version(0, supported=_VERSION)
    anchor = fields.octets(1, max_size=MAX_ANCHOR_BYTES)
    registrars = fields.octets(2, max_size=MAX_STATEMENT_BYTES)
    roster = fields.octets(3, max_size=MAX_ROSTER_BYTES)
    items = fields.items(4, max_items=MAX_DEVICES)
    fields.done()
    leaves = tuple(
        item for item in items if isinstance(item, bytes) and len(item) <= MAX_LEAF_BYTES
    )
    if len(leaves) != len(items):
        raise FormatError("leaf-form")
    return Snapshot(anchor=anchor, registrars=registrars, roster=roster, leaves=leaves)


def verify_snapshot(
    snapshot: Snapshot, anchor: TrustedAnchor | Anchor, *, now: Instant
) -> VerifiedSnapshot:
    """Verify a snapshot against an agency's anchor at one moment.

    Raises:
        FormatError: a part is not one canonical record.
        SignatureError: in the anchor, the registrar statement or the roster.
        TamperedError: ``snapshot-anchor``.
        CredentialError: as `verify_registrars` and `open_roster`.
        CredentialNotYetValidError: ``not-begun``, ``roster-not-yet``.
        CredentialExpiredError: ``ended``, ``roster-expired``.
        FormatError: ``roster-order``, ``roster-key-twice``.
        TamperedError: ``device-root``.
        CredentialError: ``key-two-uses``.
        FormatError: ``device-handle``.
        SignatureError: ``ml-dsa``, ``ed25519``: a leaf's proof of possession.

    Source: docs/spec/directory.md §4.
    """
    root = anchor.anchor if isinstance(anchor, TrustedAnchor) else anchor
    # 1. The anchor inside is the known one.
    if not hmac.compare_digest(open_anchor(snapshot.anchor).agency_id, root.agency_id):
        raise TamperedError("snapshot-anchor")
    # 2. Registrars of this root, now.
    registrars = verify_registrars(root, decode_signed(snapshot.registrars), at=now)
    # 3. The roster, signed by enough of them.
    roster = open_roster(snapshot.roster, registrars)
    # 4. Created, and not expired.
    if not has_begun(roster.created, at=now):
        raise CredentialNotYetValidError("roster-not-yet")
    if now >= roster.expires:
        raise CredentialExpiredError("roster-expired")
    # 5. The leaves are those of the roster.
    leaves = [decode_leaf(leaf) for leaf in snapshot.leaves]
    require_leaf_order(leaves)
    if len(leaves) != roster.device_count:
        raise TamperedError("device-root")
    require_equal(roster.device_root, device_root(snapshot.leaves), "device-root")
    # 6. No key has two uses.
    by_signing_key = {leaf.signing_key.key_id(root.realm): leaf.handle for leaf in leaves}
    if by_signing_key.keys() & (root.key_ids | registrars.key_ids):
        raise CredentialError("key-two-uses")
    # 7. Each device asked for its place here.
    for leaf in leaves:
        leaf.require_possession(root.realm, root.agency_id)
    return VerifiedSnapshot(
        anchor=root,
        registrars=registrars,
        roster=roster,
        digest=roster_digest(roster),
        leaves={leaf.handle: leaf for leaf in leaves},
        by_signing_key=by_signing_key,
        raw=snapshot,
        mint=_MINT,
    )
