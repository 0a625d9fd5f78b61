"""What a desk holds of one agency: its anchor, its newest snapshot, its newest book.

Rules:

- The place (epoch, sequence) of the snapshot never goes back; two rosters never share a place.
- A book is accepted with its own snapshot, under the same rules.
- A book that does not belong to the newest snapshot is kept for names and revocations; nothing in
  it is in force.
- An object counts for its officer only while the statements that tie the key to the officer do.
- The moment of contact never moves back.

Source: docs/spec/directory.md §6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.directory.book import Book, VerifiedBook, verify_book
from secure_liaison.directory.history import require_leaf_history
from secure_liaison.directory.roster import Snapshot, VerifiedSnapshot, verify_snapshot
from secure_liaison.errors import (
    CredentialError,
    CredentialExpiredError,
    DirectoryRollbackError,
    DirectoryStaleError,
)
from secure_liaison.identity.revocations import Revocation, Revocations, check_key
from secure_liaison.identity.validity import has_begun

if TYPE_CHECKING:
    from secure_liaison.crypto.keys import KeyId
    from secure_liaison.directory.book_index import BookIndex
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.identity.anchors import Anchor, TrustedAnchor
    from secure_liaison.identity.ids import DeviceHandle, OfficerId
    from secure_liaison.identity.officer_contents import OfficerContent
    from secure_liaison.identity.statements import SignedStatement

__all__ = ["MAX_WITHDRAWN", "Holding", "accept_book", "accept_snapshot"]

MAX_WITHDRAWN: Final = 1024
"""How many withdrawn clearances of one agency are remembered as such; others are told as none."""

# Before every instant: what is revoked even then is compromised.
_AT_ONCE: Final = Instant(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One agency's evidence, all of it verified.

    Attributes:
        trusted: The anchor that a person compared.
        snapshot: The newest accepted, with the moment at which it was.
        book: The newest accepted, with the moment at which it was.
        checked_at: Last contact, seconds UTC.
        withdrawn: Officer and policy of clearances that newer books no longer hold, at most 1024,
            of officers of the newest book only.
    """

    trusted: TrustedAnchor
    snapshot: VerifiedSnapshot | None = None
    snapshot_at: Instant | None = None
    book: VerifiedBook | None = None
    book_at: Instant | None = None
    checked_at: Instant | None = None
    withdrawn: frozenset[tuple[OfficerId, str]] = frozenset()

    @property
    def anchor(self) -> Anchor:
        """The agency's root."""
        return self.trusted.anchor

    @property
    def index(self) -> BookIndex | None:
        """The newest book's statements, in force or not."""
        return None if self.book is None else self.book.index

    def is_current(self) -> bool:
        """Whether the newest book belongs to the newest roster."""
        return (
            self.book is not None
            and self.snapshot is not None
            and self.book.snapshot.digest == self.snapshot.digest
        )

    def index_in_force(self, at: Instant) -> BookIndex | None:
        """Return the statements under the newest roster, none if it expired or has no book."""
        if self.book is None or self.snapshot is None or not self.is_current():
            return None
        return self.book.index if at < self.snapshot.roster.expires else None

    def is_revoked(self, signed: SignedStatement, at: Instant) -> bool:
        """Whether the statement, or a key that signed it, is revoked."""
        return self._revocation_in(signed, at) is not None

    def holds(self, signed: SignedStatement, at: Instant) -> bool:
        """Whether a statement of the book in force holds at ``at``: in its period, unrevoked."""
        return signed.statement.validity.holds(at) and not self.is_revoked(signed, at)

    def owner(
        self, handle: DeviceHandle, *, at: Instant | None = None
    ) -> tuple[SignedStatement, OfficerContent] | None:
        """Return the officer of a device of the newest roster, by the newest book.

        A statement of an older book counts only for the very keys that stand in the newest leaf.

        Args:
            handle: The device.
            at: When given, both statements must hold then; without it only what was compromised
                from the beginning is passed over, because old objects keep their author's name.
        """
        stated = self._stated(handle)
        if stated is None or self.book is None:
            return None
        for signed in stated:
            if self.is_revoked(signed, _AT_ONCE if at is None else at):
                return None
            if at is not None and self.is_current() and not signed.statement.validity.holds(at):
                return None
        return self.book.index.officers.get(self.book.index.devices[handle][1].officer)

    def devices_in_force(self, officer: OfficerId, now: Instant) -> tuple[RosterLeaf, ...]:
        """Return the officer's active devices, ascending by handle."""
        index = self.index_in_force(now)
        if index is None or self.snapshot is None or officer not in index.officers:
            return ()
        if not self.holds(index.officers[officer][0], now):
            return ()
        leaves = [
            self.snapshot.leaves[handle]
            for handle, (signed, content) in sorted(index.devices.items())
            if content.officer == officer and self.holds(signed, now)
        ]
        return tuple(leaf for leaf in leaves if self._is_usable(leaf, now))

    def check_signer(self, key_id: KeyId, *, now: Instant, witnessed_at: Instant | None) -> None:
        """Demand that an object signed by a device of this agency counts.

        Raises:
            CredentialError: ``unknown-key``.
            CredentialExpiredError: ``roster-expired``; only without a witnessed time.
            CredentialError: as `check_key`.
            CredentialError: ``unknown-owner``: the book in force does not state the device.
            CredentialError: as `check_key`, for the statements about the device and its officer.
        """
        handle = None if self.snapshot is None else self.snapshot.by_signing_key.get(key_id)
        if self.snapshot is None or handle is None:
            raise CredentialError("unknown-key")
        if witnessed_at is None and now >= self.snapshot.roster.expires:
            raise CredentialExpiredError("roster-expired")
        leaf = self.snapshot.leaves[handle]
        check_key(
            key_id,
            self._revocations_of(key_id, leaf),
            validity=leaf.validity,
            now=now,
            witnessed_at=witnessed_at,
        )
        self._check_stated(handle, now=now, moment=now if witnessed_at is None else witnessed_at)

    def check_fresh(self, *, now: Instant, max_age_s: int) -> None:
        """Demand a contact at most ``max_age_s`` seconds ago, and a roster that has not expired.

        Raises:
            DirectoryStaleError: ``never-checked``, ``expired``, ``contact-ahead``, ``too-old``.
        """
        if self.snapshot is None or self.checked_at is None:
            raise DirectoryStaleError("never-checked")
        if now >= self.snapshot.roster.expires:
            raise DirectoryStaleError("expired")
        if not has_begun(self.checked_at, at=now):
            raise DirectoryStaleError("contact-ahead")
        age_s = now - self.checked_at
        if age_s > max_age_s:
            raise DirectoryStaleError("too-old", hours=age_s // 3600)

    def _stated(self, handle: DeviceHandle) -> tuple[SignedStatement, SignedStatement] | None:
        """Return the newest book's statements about a device of the newest roster and its officer.

        None also where the statement is about other keys than those of the newest leaf.
        """
        leaf = None if self.snapshot is None else self.snapshot.leaves.get(handle)
        device = None if self.book is None else self.book.index.devices.get(handle)
        if leaf is None or device is None or self.book is None:
            return None
        signed, content = device
        if leaf.keys_digest(self.anchor.realm) != content.keys_digest:
            return None
        return signed, self.book.index.officers[content.officer][0]

    def _check_stated(self, handle: DeviceHandle, *, now: Instant, moment: Instant) -> None:
        """Demand that the statements about a device and its officer do not stop it from counting.

        A book that is not in force may deny by its revocations, and by nothing else.
        """
        stated = self._stated(handle)
        if stated is None:
            if self.is_current():
                raise CredentialError("unknown-owner")
            return
        for signed in stated:
            if self.is_current():
                signed.statement.validity.require(moment)
            found = self._revocation_in(signed, now)
            if found is not None:
                raise found.refuse()

    def _revocation_in(self, signed: SignedStatement, at: Instant) -> Revocation | None:
        """Return what revokes a statement, or a key that signed it, at a moment."""
        if self.book is None:
            return None
        targets = (signed.digest, *(key_id for key_id, _ in signed.signatures))
        found = [self.book.index.revocations.find(target) for target in targets]
        return next((one for one in found if one is not None and one.acts(now=at)), None)

    def _is_usable(self, leaf: RosterLeaf, now: Instant) -> bool:
        key_id = leaf.signing_key.key_id(self.anchor.realm)
        found = self._revocations_of(key_id, leaf).find(key_id)
        return leaf.validity.holds(now) and (found is None or not found.acts(now=now))

    def _revocations_of(self, key_id: KeyId, leaf: RosterLeaf) -> Revocations:
        """Join what the leaf's status and the book's statements say about a key."""
        stated = None if self.book is None else self.book.index.revocations.find(key_id)
        own = leaf.revocation
        joined = stated if own is None else own.stricter(stated)
        return Revocations(by_target={} if joined is None else {key_id: joined})


def accept_snapshot(holding: Holding, offered: Snapshot, *, now: Instant) -> Holding:
    """Return the holding with the offered snapshot, verified at ``now``.

    Raises:
        LiaisonError: as `verify_snapshot`.
        DirectoryRollbackError: ``sequence``, ``equivocation``, ``previous``, ``leaf-history``.

    Source: docs/spec/directory.md §6.
    """
    verified = verify_snapshot(offered, holding.trusted, now=now)
    return _advance(holding, verified, now=now, contact=now)


def accept_book(holding: Holding, offered: Book, *, now: Instant) -> Holding:
    """Return the holding with the offered book and its snapshot, verified at ``now``.

    Raises:
        LiaisonError: as `verify_book`.
        DirectoryRollbackError: ``sequence``, ``equivocation``, ``previous``, ``leaf-history``.

    Source: docs/spec/directory.md §6.
    """
    book = verify_book(offered, holding.trusted, now=now)
    # A file proves no more than that it was signed then; carrying an old one around renews nothing.
    signed_at = min(now, book.snapshot.roster.created)
    advanced = _advance(holding, book.snapshot, now=now, contact=signed_at)
    return replace(advanced, book=book, book_at=now, withdrawn=_withdrawn(holding, book.index))


def _withdrawn(holding: Holding, index: BookIndex) -> frozenset[tuple[OfficerId, str]]:
    """Return what the new book no longer holds, the newest losses first if they are too many."""
    before = frozenset() if holding.index is None else frozenset(holding.index.clearances)
    gone = [
        *sorted(before - index.clearances.keys()),
        *sorted(holding.withdrawn - before - index.clearances.keys()),
    ]
    # Nobody is asked about an officer whom the book no longer names.
    kept = [entry for entry in gone if entry[0] in index.officers]
    return frozenset(kept[:MAX_WITHDRAWN])


def _advance(
    holding: Holding, offered: VerifiedSnapshot, *, now: Instant, contact: Instant
) -> Holding:
    checked_at = contact if holding.checked_at is None else max(holding.checked_at, contact)
    known = holding.snapshot
    if known is not None:
        _require_no_rollback(known, offered)
        if offered.digest == known.digest:
            return replace(holding, checked_at=checked_at)
        require_leaf_history(known, offered)
    return replace(holding, snapshot=offered, snapshot_at=now, checked_at=checked_at)


def _require_no_rollback(known: VerifiedSnapshot, offered: VerifiedSnapshot) -> None:
    """Compare the offered roster with the highest accepted one.

    Raises:
        DirectoryRollbackError: ``sequence`` (an older place), ``equivocation`` (two rosters at one
            place, or two sets of registrars in one epoch), ``previous`` (another history).
    """
    if offered.roster.place < known.roster.place:
        raise DirectoryRollbackError("sequence")
    if offered.roster.epoch != known.roster.epoch:
        return
    if offered.registrars.digest != known.registrars.digest:
        raise DirectoryRollbackError("equivocation")
    step = offered.roster.sequence - known.roster.sequence
    if step == 0 and offered.digest != known.digest:
        raise DirectoryRollbackError("equivocation")
    if step == 1 and offered.roster.previous != known.digest:
        raise DirectoryRollbackError("previous")
