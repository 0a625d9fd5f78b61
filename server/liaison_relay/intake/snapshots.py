"""Which agencies and devices a relay serves: read from snapshots, under the admitted anchor.

Rules:

- An agency comes in only by its operator, who typed the 40 digits of its anchor.
- Later snapshots must verify under that anchor; the store refuses what is older.
- Only devices in use count: retired ones until the moment of retirement, compromised ones never.

Source: docs/spec/wire.md §9; docs/spec/directory.md §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from liaison_relay.storage.port import AgencyRow, DeviceRow
from secure_liaison.directory.roster import LeafStatus, decode_snapshot, verify_snapshot
from secure_liaison.identity.anchors import accept_anchor, open_anchor

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.directory.roster import RosterLeaf, VerifiedSnapshot
    from secure_liaison.identity.anchors import Anchor

__all__ = ["anchor_of", "read_admission", "read_publication"]


def anchor_of(data: bytes) -> Anchor:
    """Return the anchor inside an admission file, not trusted: to show its digits.

    Raises:
        FormatError: the file is malformed.
        SignatureError: the anchor does not prove its own keys.
    """
    return open_anchor(decode_snapshot(data).anchor)


def read_admission(
    data: bytes, *, typed_digits: str, now: Instant
) -> tuple[AgencyRow, tuple[DeviceRow, ...]]:
    """Verify an admission file whose digits the operator typed.

    Raises:
        FormatError: the file is malformed.
        TamperedError: ``digits``.
        LiaisonError: as `verify_snapshot`.
    """
    snapshot = decode_snapshot(data)
    trusted = accept_anchor(open_anchor(snapshot.anchor), typed_digits=typed_digits)
    return _rows(data, verify_snapshot(snapshot, trusted, now=now))


def read_publication(
    data: bytes, *, known: AgencyRow, now: Instant
) -> tuple[AgencyRow, tuple[DeviceRow, ...]]:
    """Verify a newer snapshot under the anchor that was admitted.

    Raises:
        LiaisonError: as `verify_snapshot`.
    """
    verified = verify_snapshot(decode_snapshot(data), open_anchor(known.anchor), now=now)
    return _rows(data, verified)


def _rows(data: bytes, verified: VerifiedSnapshot) -> tuple[AgencyRow, tuple[DeviceRow, ...]]:
    roster = verified.roster
    row = AgencyRow(
        agency=roster.agency,
        realm=roster.realm.octets,
        anchor=verified.raw.anchor,
        snapshot=data,
        epoch=roster.epoch,
        sequence=roster.sequence,
    )
    devices = (_device(leaf, row) for leaf in verified.leaves.values())
    return row, tuple(device for device in devices if device is not None)


def _device(leaf: RosterLeaf, agency: AgencyRow) -> DeviceRow | None:
    match leaf.status:
        case LeafStatus.ACTIVE:
            not_after = leaf.not_after
        case LeafStatus.RETIRED:
            not_after = min(leaf.not_after, leaf.since or leaf.not_before)
        case LeafStatus.COMPROMISED:
            return None
        case _:
            assert_never(leaf.status)
    return DeviceRow(
        handle=leaf.handle,
        agency=agency.agency,
        realm=agency.realm,
        request_key=leaf.request_key.octets,
        signing_key=leaf.signing_key.octets,
        not_before=leaf.not_before,
        not_after=not_after,
    )
