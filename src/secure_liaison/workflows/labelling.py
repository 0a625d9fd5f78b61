"""Which label holds: of what came, as its originator says since; of what was sent, by its case.

Rules:

- Both sides come to it by the same function over the same changes.
- A case that does not verify now says nothing: what was sent under it is shown as it was sent.
- The label in the core never changes; it is what the first change follows.

Source: docs/spec/determination.md §11.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from secure_liaison.capsule.core import ObjectKind
from secure_liaison.capsule.notice import decode_notice
from secure_liaison.errors import LiaisonError
from secure_liaison.labels.in_force import Change, InForce, in_force
from secure_liaison.labels.label import decode_label, label_digest
from secure_liaison.labels.notices import notices
from secure_liaison.workflows import addressing, determining

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.capsule.unseal import VerifiedCapsule
    from secure_liaison.crypto.keys import Digest
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.notices import Notice
    from secure_liaison.office import Office
    from secure_liaison.vault.changes import KeptChange
    from secure_liaison.vault.sent import SentItem
    from secure_liaison.workflows.determining import DeskCase

__all__ = [
    "borne",
    "changes_since",
    "counted",
    "of_received",
    "of_sent",
    "receipted",
    "with_another",
]


def of_received(office: Office, verified: VerifiedCapsule) -> InForce:
    """Return what holds now of the label of an object in the inbox.

    Raises:
        FormatError: ``pack-unknown``, ``label-level-unknown``.
    """
    about = verified.digest
    return _holds(office, verified.core.label, about, _read(office, _waiting(office, about)))


def receipted(office: Office, verified: VerifiedCapsule) -> Label:
    """Return the label under which a receipt travels: the last one that the originator gave.

    What a change that waits adds is asked for here, but nobody ever made that label.
    """
    return _holds(office, verified.core.label, verified.digest, ()).judged


def with_another(office: Office, first: Label, about: Digest, change: Change) -> InForce:
    """Return what would hold if one more change waited: so that none is kept that cannot be judged.

    Raises:
        FormatError: ``label-audience-size``, ``pack-unknown``.
    """
    waiting = (*_read(office, _waiting(office, about)), change)
    return _holds(office, first, about, waiting)


def _holds(office: Office, first: Label, about: Digest, waiting: tuple[Change, ...]) -> InForce:
    return in_force(
        first,
        counted(office, about),
        office.clock.now(),
        pack_of=partial(addressing.pack_of, office),
        waiting=waiting,
    )


def _waiting(office: Office, about: Digest) -> tuple[KeptChange, ...]:
    return office.mail.label_changes.waiting(about)


def counted(office: Office, about: Digest) -> tuple[Change, ...]:
    """Return the changes of a received object's label that count, in order."""
    return _read(office, office.mail.label_changes.counted(about))


def _read(office: Office, kept: Iterable[KeptChange]) -> tuple[Change, ...]:
    return tuple(decode_notice(each.record, office.realm).change for each in kept)


def of_sent(office: Office, items: Iterable[SentItem]) -> dict[Digest, InForce]:
    """Return what holds now of the labels of objects that this desk sent, by D."""
    known: dict[bytes, DeskCase | None] = {}
    return {item.digest: _of_sent(office, item, known) for item in items}


def borne(office: Office, item: SentItem) -> frozenset[Label]:
    """Return every label that an object bore since it was sent, its own first."""
    own = decode_label(item.label)
    changes = _changes(office, item, {})
    return frozenset({own, *(each.new for each in changes if each.new is not None)})


def changes_since(
    office: Office, found: DeskCase, item: SentItem
) -> tuple[tuple[Notice, Change], ...]:
    """Return what became of the label of something sent under a case, the oldest first.

    Each change follows what was told before, so a holder can put them in order without the case.

    Raises:
        FormatError: ``pack-unknown``, then as `join`.
    """
    own = decode_label(item.label)
    label: Label | None = own
    since = []
    for notice in notices(found.case, (), office.clock.now(), found.setting):
        at_once = notice.at == item.created and notice.new == own
        if notice.at < item.created or at_once:  # it went out under that already
            continue
        old = None if label is None else label_digest(label)
        change = Change(event=notice.event, at=notice.at, old=old, new=notice.new)
        since.append((notice, change))
        label = notice.new
    return tuple(since)


def _of_sent(office: Office, item: SentItem, known: dict[bytes, DeskCase | None]) -> InForce:
    changes = _changes(office, item, known)
    now = office.clock.now()
    return in_force(
        decode_label(item.label), changes, now, pack_of=partial(addressing.pack_of, office)
    )


def _changes(
    office: Office, item: SentItem, known: dict[bytes, DeskCase | None]
) -> tuple[Change, ...]:
    case = office.cases.case_of(item.digest)
    if case is None or item.kind is ObjectKind.NOTICE:
        return ()
    if case not in known:
        try:
            known[case] = determining.load(office, case)
        except LiaisonError:  # `liaison case list` says why
            known[case] = None
    found = known[case]
    if found is None:
        return ()
    return tuple(change for _, change in changes_since(office, found, item))
