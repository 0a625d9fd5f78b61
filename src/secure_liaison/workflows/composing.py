"""Composing: from an object's label and parts to a sealed copy in the vault and an outbox row.

Rules:

- The core is complete before the gate is asked, and the gate is asked before a byte is sealed.
- Forward secrecy is all or nothing: one recipient without a one-time key refuses the whole.

Source: docs/spec/capsule.md §15; docs/spec/labels.md §3; DESIGN §4, §6.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.capsule.core import (
    NO_HEAD,
    Core,
    GrantPolicy,
    Head,
    ObjectKind,
    core_hash,
    encode_core,
    new_object_id,
)
from secure_liaison.capsule.format import Role
from secure_liaison.capsule.head import HeadRecord, PartEntry
from secure_liaison.capsule.seal import PartSource, SealedObject, SealTarget, ShareSet, seal
from secure_liaison.errors import LiaisonError, OutOfOrderError
from secure_liaison.identity.prekeys import open_bundle
from secure_liaison.labels.label import Label, encode_label
from secure_liaison.monitor.decision import Action
from secure_liaison.monitor.rules import decide
from secure_liaison.vault.sent import SentItem
from secure_liaison.wire.envelopes import submission_of
from secure_liaison.workflows import addressing, asking

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import Digest
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.monitor.decision import PartQuestion
    from secure_liaison.monitor.gate import Permit
    from secure_liaison.office import Office
    from secure_liaison.wire.header import ObjectId
    from secure_liaison.workflows.addressing import Addressee

    Progress = Callable[[int, int], None]

__all__ = ["Composed", "Wrapping", "compose_object", "seal_and_keep"]

_HOUR_S: Final = 3600
_DAY_S: Final = 24 * _HOUR_S
_BINARY: Final = "application/octet-stream"
TEXT_NAME: Final = "text.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapping:
    """What an object says about itself apart from people and content; as in its core.

    Attributes:
        follows: Not in the core: the labels that a derived label follows, or the label itself
            where an object already bears it.
    """

    kind: ObjectKind
    label: Label
    urgency: str
    acknowledge_by: Instant | None
    expires: Instant
    forward_secrecy: bool
    topic: str = ""
    follows: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """An object that is complete but not sealed: what the gate is asked about.

    Attributes:
        labels: Every label bound to one of the parts.
    """

    core: Core
    head: HeadRecord
    parts: tuple[PartSource, ...]
    addressees: tuple[Addressee, ...]
    shares: ShareSet
    follows: tuple[Label, ...] = ()
    labels: tuple[PartQuestion, ...] = ()


def compose_object(
    office: Office,
    wrapping: Wrapping,
    *,
    to: tuple[Addressee, ...],
    cc: tuple[Addressee, ...] = (),
    subject: str,
    reply_to: ObjectId | None,
    parts: tuple[PartSource, ...],
) -> Composed:
    """Build an object of any kind from its finished label and parts."""
    shares, object_id = ShareSet.draw(), new_object_id()
    core = Core(
        object_id=object_id,
        kind=wrapping.kind,
        originator=office.keys.signing.verify_key.key_id(office.realm),
        originator_device=office.keys.handle,
        created=office.clock.now(),
        label=wrapping.label,
        action=tuple(each.officer.officer for each in to),
        info=tuple(each.officer.officer for each in cc),
        urgency=wrapping.urgency,
        acknowledge_by=wrapping.acknowledge_by,
        expires=wrapping.expires,
        forward_secrecy=wrapping.forward_secrecy,
        custody=False,
        grant_policy=GrantPolicy.NOBODY,
        directory_head=NO_HEAD,
        ledger_head=_ledger_head(office),
        commitments=shares.commitments(object_id, office.realm),
        topic=wrapping.topic,
    )
    return Composed(
        core=core,
        head=HeadRecord(subject=subject, serial=0, reply_to=reply_to, parts=_entries(parts)),
        parts=parts,
        addressees=to + cc,
        shares=shares,
        follows=wrapping.follows,
    )


def seal_and_keep(
    office: Office,
    composed: Composed,
    *,
    progress: Progress | None = None,
    also: Callable[[Digest], None] | None = None,
) -> Digest:
    """Ask the gate, seal, and keep object, ledger line and outbox row in one transaction.

    Args:
        office: The desk.
        composed: The object.
        progress: Told bytes of parts sealed and in all.
        also: Done within the transaction that keeps the object; told the object's D.

    Raises:
        AccessDeniedError: the gate refused; nothing was sealed.
        OutOfOrderError: ``no-one-time-key``; nothing was sealed.
        LiaisonError: sealing failed; nothing was kept, and the ledger says so.
    """
    core = composed.core
    question = asking.seal_question(
        office,
        core,
        composed.addressees,
        action=Action.SEAL,
        follows=composed.follows,
        parts=composed.labels,
    )
    targets = _vault_targets(office, composed.addressees)
    if core.forward_secrecy and decide(question, ref="").permitted:
        # One-time keys are taken from others' stock: not for what the gate will refuse anyway.
        targets = _one_time_targets(office, composed)
    permit = office.gate.permit(
        question,
        core_hash=core_hash(core, office.realm),
        key_ids=[target.key_id for target in targets],
        roster_sequences=office.directory.roster_sequences(),
    )
    with ExitStack() as undoing:
        undoing.callback(_write_failure, office, composed, permit)
        sealed, body_name = _seal(office, composed, permit, targets=targets, progress=progress)
        undoing.callback(office.bodies.remove, body_name)
        with office.transaction():
            _keep(office, composed, sealed, body_name=body_name)
            event = _event(office, composed, Outcome.PERMIT, digest=sealed.digest.hex())
            office.gate.effect(permit, event)
            if also is not None:
                also(sealed.digest)
        undoing.pop_all()
    return sealed.digest


def _seal(
    office: Office,
    composed: Composed,
    permit: Permit,
    *,
    targets: tuple[SealTarget, ...],
    progress: Progress | None,
) -> tuple[SealedObject, str]:
    with office.bodies.new() as body:
        sealed = seal(
            core=composed.core,
            shares=composed.shares,
            head=composed.head,
            parts=composed.parts,
            recipients=targets,
            signing_key=office.keys.signing,
            realm=office.realm,
            permit=permit,
            now=office.clock.now(),
            body_out=body.stream,
            progress=progress,
        )
        return sealed, body.publish()


def _keep(office: Office, composed: Composed, sealed: SealedObject, *, body_name: str) -> None:
    recipients = [
        (each.officer.officer, device.handle)
        for each in composed.addressees
        for device in each.devices
    ]
    office.mail.sent.add(_own_copy(office, composed, sealed, body_name), recipients)
    office.mail.shares.keep(sealed.digest, [sealed.share])
    office.mail.outbox.queue(sealed.digest, composed.core.kind, next_try=office.clock.now())


def _write_failure(office: Office, composed: Composed, permit: Permit) -> None:
    with office.transaction():
        office.gate.effect(permit, _event(office, composed, Outcome.ERROR))


def _own_copy(office: Office, composed: Composed, sealed: SealedObject, body_name: str) -> SentItem:
    core = composed.core
    return SentItem(
        digest=sealed.digest,
        object_id=core.object_id,
        kind=core.kind,
        submission=submission_of(sealed.envelopes),
        leaves=sealed.leaves,
        body_name=body_name,
        created=core.created,
        subject=composed.head.subject,
        label=encode_label(core.label),
        core=encode_core(core, office.realm),
        urgency=core.urgency,
        acknowledge_by=core.acknowledge_by,
    )


def _entries(parts: tuple[PartSource, ...]) -> tuple[PartEntry, ...]:
    return tuple(
        PartEntry(name=part.name, media_type=part.media_type, size=part.size) for part in parts
    )


def _vault_targets(office: Office, addressees: tuple[Addressee, ...]) -> tuple[SealTarget, ...]:
    return tuple(
        SealTarget(
            role=Role.VAULT,
            key_id=device.vault_key.key_id(office.realm),
            public_key=device.vault_key,
            handle=device.handle,
        )
        for each in addressees
        for device in each.devices
    )


def _one_time_targets(office: Office, composed: Composed) -> tuple[SealTarget, ...]:
    try:
        return tuple(target for each in composed.addressees for target in _taken_from(office, each))
    except LiaisonError:
        office.note(_event(office, composed, Outcome.ERROR))
        raise


def _taken_from(office: Office, addressee: Addressee) -> list[SealTarget]:
    with closing(office.relay(addressee.officer.agency)) as relay:
        taken = relay.take_prekeys([device.handle for device in addressee.devices])
    return [
        _one_time_target(office, device, bundle)
        for device, bundle in zip(addressee.devices, taken, strict=True)
    ]


def _one_time_target(office: Office, device: RosterLeaf, bundle: bytes | None) -> SealTarget:
    if bundle is None:
        raise OutOfOrderError("no-one-time-key")
    prekey = open_bundle(bundle, office.realm).verify(
        device.signing_key, office.realm, device=device.handle, now=office.clock.now()
    )
    if prekey.last_resort:
        raise OutOfOrderError("no-one-time-key")
    return SealTarget(
        role=Role.PREKEY,
        key_id=prekey.public_key.key_id(office.realm),
        public_key=prekey.public_key,
        handle=device.handle,
    )


def _ledger_head(office: Office) -> Head:
    ledger = office.ledger
    return Head(origin=ledger.origin, size=ledger.size, root=ledger.root())


def _event(office: Office, composed: Composed, outcome: Outcome, *, digest: str = "") -> Event:
    core = composed.core
    return Event(
        type=EventType.DOC_SEAL,
        decision=outcome.value,
        object_digest=digest,
        object_id=core.object_id.hex(),
        label=addressing.mark_of(office, core.label),
        actor=office.login,
        counterpart=tuple(each.address for each in composed.addressees),
        detail={"kind": core.kind.name.lower(), "bytes": composed.head.total_size},
    )
