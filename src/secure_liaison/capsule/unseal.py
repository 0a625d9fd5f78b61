"""Opening, in this order and no other: parsed → unwrapped → verified → head or content.

Rules:

- `Capsule` → `Claims` → `VerifiedCapsule` → content; each type comes out of exactly one function.
- A permit to list derives the head's key only; the payload's key needs a permit to open or export.
- Each range is compared with the signed tree before it is decrypted; the sink publishes after the
  last check, and discards everything on any failure.
- Every refusal is one typed error with its own reason; no later step runs after it.
- Nothing here keeps state: recording D as seen is the caller's act after `verify` returned.

Source: docs/spec/capsule.md §16; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, ParamSpec, TypeAlias

from secure_liaison.capsule.body import (
    LeafList,
    PartSplitter,
    Progress,
    payload_ranges,
    read_exactly,
)
from secure_liaison.capsule.claims import Claims, unwrap
from secure_liaison.capsule.format import Capsule, head_bucket, padded_payload_size, unpad
from secure_liaison.capsule.head import HeadRecord, decode_head_record
from secure_liaison.capsule.shares import MessageKey
from secure_liaison.capsule.signature import check_roots
from secure_liaison.crypto.payload import PayloadOpener, sealed_size
from secure_liaison.errors import (
    FormatError,
    NotAddressedError,
    SignatureError,
    TamperedError,
    UnsupportedVersionError,
    VerificationError,
)
from secure_liaison.monitor.decision import Action
from secure_liaison.transparency.merkle import leaf_hash, verify_inclusion
from secure_liaison.wire.limits import leaf_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.capsule.body import PartSink
    from secure_liaison.capsule.core import Core
    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import Digest, KeyId, Secret
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.view import DirectoryView, OfficerRecord
    from secure_liaison.identity.ids import AgencyId, DeviceHandle
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.monitor.gate import Permit

__all__ = [
    "Claims",
    "PackOf",
    "VerifiedCapsule",
    "check_body",
    "open_head",
    "reveal",
    "unwrap",
    "verify",
]

_MINT: Final = object()
_P = ParamSpec("_P")

PackOf: TypeAlias = "Callable[[Label], PolicyPack]"
"""Returns the pack version that a label names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCapsule:
    """A capsule whose origin, integrity and address are proven; its content is still sealed.

    Attributes:
        claims: What it says.
        agency: The originator's agency.
        officer: The originator.
        device: The originator's device as its roster names it.
    """

    claims: Claims
    agency: AgencyId
    officer: OfficerRecord
    device: RosterLeaf
    mint: InitVar[object]

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            msg = "only verify makes a VerifiedCapsule"
            raise TypeError(msg)

    @property
    def core(self) -> Core:
        """What the object is."""
        return self.claims.core

    @property
    def core_hash(self) -> Digest:
        """H(core), 32 bytes: what a permit is bound to."""
        return self.claims.core_hash

    @property
    def digest(self) -> Digest:
        """D, 32 bytes."""
        return self.claims.capsule.digest

    @property
    def key_id(self) -> KeyId:
        """The key of the own stanza: what a permit is bound to."""
        return self.claims.capsule.stanza.key_id

    @property
    def share(self) -> Secret:
        """The readers' share, kept in the vault with the sealed body."""
        return self.claims.share


def verify(
    claims: Claims,
    *,
    view: DirectoryView,
    pack_of: PackOf,
    device: DeviceHandle,
    now: Instant,
    witnessed_at: Instant | None = None,
) -> VerifiedCapsule:
    """Prove who sealed the object, that nothing was changed, and that it is meant for this device.

    Args:
        claims: Unwrapped.
        view: The trusted directory.
        pack_of: Returns the pack version that a label names.
        device: The reading device.
        now: Seconds UTC, never behind what is proven.
        witnessed_at: When D was witnessed, seconds UTC, or nothing.

    Raises:
        VerificationError: ``capsule-expired``.
        FormatError: ``pack-unknown``, ``urgency-unknown``, ``label-level-unknown``.
        VerificationError: ``capsule-custody-missing``.
        UnsupportedVersionError: ``capsule-custody-unknown``.
        SignatureError: ``capsule-originator``, ``capsule-signature``.
        CredentialError: as `DirectoryView.check_signer`.
        TamperedError: ``capsule-path``.
        NotAddressedError: ``capsule-officer-not-named``.

    Source: docs/spec/capsule.md §16 steps 7–10.
    """
    core = claims.core
    # 7. Time.
    if core.expires <= (now if witnessed_at is None else witnessed_at):
        raise VerificationError("capsule-expired")
    # 8. Pack and custody.
    pack = pack_of(core.label)
    if pack.urgency(core.urgency).id != core.urgency:  # a name in one language is no id
        raise FormatError("urgency-unknown")
    if not claims.custody and pack.handling_of(core.label.level).custody:
        raise VerificationError("capsule-custody-missing")
    if claims.custody:
        raise UnsupportedVersionError("capsule-custody-unknown")
    # 9. Originator.
    agency, leaf = view.device_by_signing_key(core.originator)
    if leaf.handle != core.originator_device:
        raise SignatureError("capsule-originator")
    officer = view.owner_of(leaf.handle)
    view.check_signer(core.originator, at_now=now, witnessed_at=witnessed_at)
    envelope = claims.capsule.envelope
    roots = (envelope.payload_root, envelope.stanza_root)
    check_roots(leaf.signing_key, claims.keys, roots, signature=claims.signature)
    # 10. Place.
    _check_path(claims.capsule)
    _check_named(core, view.owner_of(device), sender=officer)
    return VerifiedCapsule(claims=claims, agency=agency, officer=officer, device=leaf, mint=_MINT)


def check_body(verified: VerifiedCapsule, *, leaves: bytes, body: BinaryIO) -> None:
    """Compare a fetched body with what was signed, without decrypting anything.

    Whoever keeps a body lets the relay delete its copy, so what is kept must be the genuine one.

    Args:
        verified: A verified capsule.
        leaves: The whole leaf list.
        body: The body from its first byte.

    Raises:
        FormatError: ``capsule-leaf-list``, ``capsule-body-short``, ``capsule-body-long``.
        TamperedError: ``capsule-payload-root``, ``capsule-range``.

    Source: docs/spec/capsule.md §11.
    """
    checked = _leaf_list(verified, leaves)
    header = verified.claims.capsule.header
    checked.check(0, read_exactly(body, header.head_length))
    for _ in payload_ranges(body, header.payload_length, checked):
        pass


def open_head(
    verified: VerifiedCapsule, permit: Permit, *, leaves: bytes, head: bytes, now: Instant
) -> HeadRecord:
    """Open the head only: what a list of objects shows.

    Args:
        verified: A verified capsule.
        permit: For `Action.LIST`, H(core) and the stanza's key.
        leaves: The whole leaf list.
        head: The head ciphertext, the first bytes of the body.
        now: For the permit; seconds UTC.

    Raises:
        OutOfOrderError: as `Permit.spend`.
        FormatError: ``capsule-leaf-list``, ``capsule-body-short``, ``capsule-body-long``.
        TamperedError: ``capsule-payload-root``, ``capsule-range``, ``capsule-head``.
        FormatError: ``capsule-padding``, ``capsule-parts-size``, and those of the head record.

    Source: docs/spec/capsule.md §16 steps 11–13.
    """
    _spend(verified, permit, Action.LIST, now=now)
    size = verified.claims.capsule.header.head_length
    if len(head) != size:
        raise FormatError("capsule-body-short" if len(head) < size else "capsule-body-long")
    return _open_head(verified, _leaf_list(verified, leaves), head)


def reveal(
    verified: VerifiedCapsule,
    permit: Permit,
    *,
    leaves: bytes,
    body: BinaryIO,
    sink: PartSink,
    now: Instant,
    progress: Progress | None = None,
) -> HeadRecord:
    """Open the whole object into a sink, which publishes only after the last check.

    Args:
        verified: A verified capsule.
        permit: For `Action.OPEN` or `Action.EXPORT`, H(core) and the stanza's key.
        leaves: The whole leaf list.
        body: The body from its first byte.
        sink: Takes the parts; told to discard them on any failure.
        now: For the permit; seconds UTC.
        progress: Told bytes of payload ciphertext done and in all, after each range.

    Raises:
        OutOfOrderError: as `Permit.spend`.
        FormatError: ``capsule-leaf-list``, ``capsule-body-short``, ``capsule-body-long``,
            ``capsule-padding``, ``capsule-parts-size``, and those of the head record.
        TamperedError: ``capsule-payload-root``, ``capsule-range``, ``capsule-head``,
            ``capsule-payload``.

    Source: docs/spec/capsule.md §16 steps 11–15.
    """
    # 11. Gate.
    export = permit.action is Action.EXPORT
    _spend(verified, permit, Action.EXPORT if export else Action.OPEN, now=now)
    try:
        # 12, 13. Leaf list and head.
        checked = _leaf_list(verified, leaves)
        header = verified.claims.capsule.header
        record = _open_head(verified, checked, read_exactly(body, header.head_length))
        # 14, 15. Payload to its end.
        _open_payload(verified, checked, record, body=body, sink=sink, progress=progress)
    except BaseException:
        sink.abort()
        raise
    sink.commit()
    return record


def _check_path(capsule: Capsule) -> None:
    envelope = capsule.envelope
    try:
        verify_inclusion(
            leaf_hash(envelope.blind + envelope.stanza),
            index=envelope.index,
            size=1 << len(envelope.path),
            proof=envelope.path,
            root=envelope.stanza_root,
        )
    except TamperedError as exc:
        raise TamperedError("capsule-path") from exc


def _check_named(core: Core, reader: OfficerRecord, *, sender: OfficerRecord) -> None:
    if reader.officer not in {*core.addressees, sender.officer}:
        raise NotAddressedError("capsule-officer-not-named")


def _spend(verified: VerifiedCapsule, permit: Permit, action: Action, *, now: Instant) -> None:
    permit.spend(
        action=action,
        core_hash=verified.core_hash,
        key_ids=frozenset({verified.key_id}),
        now=now,
    )


def _leaf_list(verified: VerifiedCapsule, leaves: bytes) -> LeafList:
    capsule = verified.claims.capsule
    header = capsule.header
    count = leaf_count(header.head_length, header.body_size)
    return LeafList(leaves, count=count, root=capsule.envelope.payload_root)


def _open_head(verified: VerifiedCapsule, leaves: LeafList, sealed: bytes) -> HeadRecord:
    leaves.check(0, sealed)
    inner = unpad(verified.claims.keys.open(MessageKey.HEAD, sealed))
    if sealed_size(head_bucket(len(inner))) != len(sealed):
        raise FormatError("capsule-padding")
    record = decode_head_record(inner)
    expected = sealed_size(padded_payload_size(record.total_size))
    if expected != verified.claims.capsule.header.payload_length:
        raise FormatError("capsule-parts-size")
    return record


def _open_payload(
    verified: VerifiedCapsule,
    leaves: LeafList,
    record: HeadRecord,
    *,
    body: BinaryIO,
    sink: PartSink,
    progress: Progress | None,
) -> None:
    size = verified.claims.capsule.header.payload_length
    keys = verified.claims.keys
    opener = PayloadOpener(keys.key(MessageKey.PAYLOAD), context=keys.context(MessageKey.PAYLOAD))
    splitter = PartSplitter(record, sink)
    done = 0
    for checked in payload_ranges(body, size, leaves):
        splitter.write(_decrypted(opener.update, checked))
        done += len(checked)
        if progress is not None:
            progress(done, size)
    splitter.write(_decrypted(opener.finish))


def _decrypted(step: Callable[_P, bytes], *args: _P.args, **kwargs: _P.kwargs) -> bytes:
    try:
        return step(*args, **kwargs)
    except TamperedError as exc:
        raise TamperedError("capsule-payload") from exc
