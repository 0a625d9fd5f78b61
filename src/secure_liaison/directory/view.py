"""The trusted view: everything a desk believes about agencies, devices and officers.

Rules:

- A view never changes; each ``with_…`` returns another one or raises and leaves this one as it is.
- Only agencies whose anchor a person compared are in it; two of them never share a code.
- Rollback, a second roster at one place and an expired roster are refused, see
  `secure_liaison.directory.holding`.
- What one agency publishes never refuses another's roster. A key that two agencies list, which
  takes its holder's signature for both, is of use to neither.
- Not under the newest accepted roster = not in force = deny.
- What is stored is raw evidence, verified again when it is read.

Can I?

==============================  =========  ===========  ==========  =============  =======
operation                       no anchor  anchor only  snapshot    and its book   expired
==============================  =========  ===========  ==========  =============  =======
``with_snapshot``, with_book    no         yes          yes         yes            yes
``device``                      no         no           yes         yes            yes
``find_officer``, ``owner_of``  no         no           older book  yes            yes
``devices_of``                  none       none         none        yes            none
clearance, agreement, …         none       none         none        yes            none
``check_signer``                no         no           yes         yes            if witnessed
==============================  =========  ===========  ==========  =============  =======

Source: docs/spec/directory.md §6; DESIGN §5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.directory import verdict
from secure_liaison.directory.holding import Holding, accept_book, accept_snapshot
from secure_liaison.directory.standing import AgencyRecord, Clearance, OfficerRecord, Standing
from secure_liaison.directory.stored_view import decode_view, encode_view
from secure_liaison.errors import CredentialError, DirectoryStaleError, FormatError
from secure_liaison.identity.contents import AccreditationScope
from secure_liaison.identity.revocations import NO_REVOCATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import KeyId, Realm
    from secure_liaison.directory.book import Book
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.roster import Snapshot
    from secure_liaison.identity.anchors import TrustedAnchor
    from secure_liaison.identity.chain import Registrars
    from secure_liaison.identity.ids import AgencyId, DeviceHandle, OfficerId
    from secure_liaison.identity.officer_contents import OfficerContent
    from secure_liaison.identity.revocations import Revocations
    from secure_liaison.labels.agreement import Agreement

__all__ = ["AgencyRecord", "Clearance", "DirectoryView", "OfficerRecord", "Standing"]


class DirectoryView:
    """What is trusted in one realm."""

    __slots__ = ("_holdings", "realm")

    def __init__(self, realm: Realm) -> None:
        """Begin with nothing trusted."""
        self.realm = realm
        self._holdings: Mapping[AgencyId, Holding] = {}

    # --- what becomes known ------------------------------------------------------------------

    def with_anchor(self, trusted: TrustedAnchor) -> DirectoryView:
        """Return the view with one more agency; a known one changes nothing.

        Raises:
            CredentialError: ``other-realm``, ``agency-code-taken``.
        """
        anchor = trusted.anchor
        if anchor.realm != self.realm:
            raise CredentialError("other-realm")
        if anchor.agency_id in self._holdings:
            return self
        if any(one.anchor.code == anchor.code for one in self._holdings.values()):
            raise CredentialError("agency-code-taken")
        return self._with(Holding(trusted=trusted))

    def with_book(self, book: Book, now: Instant) -> DirectoryView:
        """Return the view with an agency's book and its snapshot.

        Raises:
            CredentialError: ``unknown-agency``.
            LiaisonError: as `accept_book`.
        """
        return self._with(accept_book(self._of_snapshot(book.snapshot), book, now=now))

    def with_snapshot(self, snapshot: Snapshot, now: Instant) -> DirectoryView:
        """Return the view with an agency's snapshot; an older book is no longer in force.

        Raises:
            CredentialError: ``unknown-agency``.
            LiaisonError: as `accept_snapshot`.
        """
        return self._with(accept_snapshot(self._of_snapshot(snapshot), snapshot, now=now))

    def to_state(self) -> bytes:
        """Return the evidence for keeping in a vault.

        Raises:
            FormatError: it holds more than `from_state` reads.
        """
        return encode_view(self.realm, self._holdings.values())

    @classmethod
    def from_state(cls, state: bytes) -> DirectoryView:
        """Restore what `to_state` returned; every signature is verified again.

        Raises:
            LiaisonError: the evidence is malformed or does not verify.
        """
        realm, holdings = decode_view(state)
        view = cls(realm)
        for holding in holdings:
            view = view.with_anchor(holding.trusted)._with(holding)  # noqa: SLF001  # of this class
        return view

    # --- agencies ----------------------------------------------------------------------------

    def agencies(self) -> tuple[AgencyRecord, ...]:
        """Return all trusted agencies, by code."""
        ordered = sorted(self._holdings.values(), key=lambda one: one.anchor.code)
        return tuple(_agency_record(one) for one in ordered)

    def agency_by_code(self, code: str) -> AgencyRecord:
        """Return the agency with this code.

        Raises:
            CredentialError: ``unknown-agency``.
        """
        for holding in self._holdings.values():
            if holding.anchor.code == code:
                return _agency_record(holding)
        raise CredentialError("unknown-agency")

    def roster_sequences(self) -> dict[AgencyId, tuple[int, int]]:
        """Return (epoch, sequence) of each agency's newest roster; without one it is absent."""
        return {
            agency: holding.snapshot.roster.place
            for agency, holding in self._holdings.items()
            if holding.snapshot is not None
        }

    def check_fresh(self, agency: AgencyId, *, now: Instant, max_age_s: int) -> None:
        """Demand a contact with the agency's directory at most ``max_age_s`` seconds ago.

        Raises:
            CredentialError: ``unknown-agency``.
            DirectoryStaleError: ``never-checked``, ``expired``, ``contact-ahead``, ``too-old``.
        """
        self._holding(agency).check_fresh(now=now, max_age_s=max_age_s)

    def minimum_packs(self, agency: AgencyId) -> tuple[str, ...]:
        """Return the oldest packs under which the agency takes labels, ``policy@version``.

        They are those of the newest roster, also of an expired one; without a roster none.

        Raises:
            CredentialError: ``unknown-agency``.
        """
        snapshot = self._holding(agency).snapshot
        return () if snapshot is None else snapshot.roster.minimum_packs

    def agreement_between(self, a: AgencyId, b: AgencyId, at: Instant) -> Agreement | None:
        """Return the agreement in force between two agencies, none if either has withdrawn it."""
        if a == b or a not in self._holdings or b not in self._holdings:
            return None
        return verdict.agreement_in_force(self._holdings[a], self._holdings[b], at=at)

    def accreditation(
        self,
        agency: AgencyId,
        policy: str,
        at: Instant,
        *,
        scope: AccreditationScope = AccreditationScope.DEPLOYMENT,
        target: str = "",
    ) -> str | None:
        """Return the level id up to which an agency says that something is accredited, or none.

        Source: `secure_liaison.directory.verdict.accreditation_in_force`.
        """
        holding = self._holdings.get(agency)
        if holding is None:
            return None
        return verdict.accreditation_in_force(holding, policy, at=at, scope=scope, target=target)

    def signers(self, agency: AgencyId, at: Instant) -> tuple[Registrars, Revocations]:
        """Return who signs for an agency under its roster in force, and what it has revoked.

        Raises:
            CredentialError: ``unknown-agency``.
            DirectoryStaleError: ``never-checked`` (no book yet), ``expired``.
        """
        holding = self._holding(agency)
        if holding.snapshot is None or not holding.is_current():
            raise DirectoryStaleError("never-checked")
        index = holding.index_in_force(at)
        if index is None:
            raise DirectoryStaleError("expired")
        return holding.snapshot.registrars, index.revocations

    def revocations(self, agency: AgencyId) -> Revocations:
        """Return what an agency's newest book revokes, in force or not; nothing without a book."""
        holding = self._holdings.get(agency)
        index = None if holding is None else holding.index
        return NO_REVOCATIONS if index is None else index.revocations

    # --- officers ----------------------------------------------------------------------------

    def find_officer(self, address: str) -> OfficerRecord:
        """Return the officer at ``login@CODE``.

        Raises:
            FormatError: ``address``.
            CredentialError: ``unknown-agency``, ``unknown-officer``.
        """
        login, at_sign, code = address.partition("@")
        if not (login and at_sign and code):
            raise FormatError("address")
        holding = self._holding(self.agency_by_code(code).agency_id)
        officer = None if holding.index is None else holding.index.logins.get(login)
        if officer is None:
            raise CredentialError("unknown-officer")
        return self.officer(officer)

    def officer(self, officer: OfficerId) -> OfficerRecord:
        """Return an officer by id.

        Raises:
            CredentialError: ``unknown-officer``.
        """
        holding, content = self._officer(officer)
        return _officer_record(holding, content)

    def officers_of(self, agency: AgencyId) -> tuple[OfficerRecord, ...]:
        """Return the officers that an agency's book names, by login.

        Raises:
            CredentialError: ``unknown-agency``.
        """
        holding = self._holding(agency)
        found = {} if holding.index is None else holding.index.officers
        records = [_officer_record(holding, content) for _, content in found.values()]
        return tuple(sorted(records, key=lambda record: record.login))

    def standing(self, officer: OfficerId, at: Instant, *, policy: str | None = None) -> Standing:
        """Return what counts about an officer at one moment.

        Args:
            officer: The officer.
            at: Seconds UTC.
            policy: Whose clearance is asked for, with or without a version; without it the first
                by name of those that the officer holds.

        Raises:
            CredentialError: ``unknown-officer``.
        """
        holding, content = self._officer(officer)
        record = _officer_record(holding, content)
        return verdict.standing_of(holding, record, at=at, policy=policy)

    def devices_of(self, officer: OfficerId, now: Instant) -> tuple[RosterLeaf, ...]:
        """Return an officer's devices that may be used now, ascending by handle; may be empty.

        Raises:
            CredentialError: ``unknown-officer``.
        """
        holding, _ = self._officer(officer)
        leaves = holding.devices_in_force(officer, now)
        return tuple(leaf for leaf in leaves if self._is_listed_once(leaf))

    # --- devices -----------------------------------------------------------------------------

    def device(self, handle: DeviceHandle) -> tuple[AgencyId, RosterLeaf]:
        """Return a device of a newest roster, in use or not.

        Raises:
            CredentialError: ``unknown-device``, ``device-elsewhere``.
        """
        for agency, holding in self._holdings.items():
            if holding.snapshot is not None and handle in holding.snapshot.leaves:
                leaf = holding.snapshot.leaves[handle]
                if not self._is_listed_once(leaf):
                    raise CredentialError("device-elsewhere")
                return agency, leaf
        raise CredentialError("unknown-device")

    def device_by_signing_key(self, key_id: KeyId) -> tuple[AgencyId, RosterLeaf]:
        """Return the device that signs records with this key, in use or not.

        Raises:
            CredentialError: ``unknown-key``, ``device-elsewhere``.
        """
        found = self._with_key(key_id)
        if not found:
            raise CredentialError("unknown-key")
        if len(found) > 1:
            raise CredentialError("device-elsewhere")
        return found[0]

    def owner_of(self, handle: DeviceHandle, *, at: Instant | None = None) -> OfficerRecord:
        """Return whose device it is.

        Args:
            handle: The device.
            at: When given, the statements about device and officer must hold then; without it
                only what was compromised is passed over, so that old objects keep their author.

        Raises:
            CredentialError: ``unknown-device``, ``device-elsewhere``, ``unknown-owner``.
        """
        agency, _ = self.device(handle)
        holding = self._holding(agency)
        found = holding.owner(handle, at=at)
        if found is None:
            raise CredentialError("unknown-owner")
        return _officer_record(holding, found[1])

    def check_signer(self, key_id: KeyId, *, at_now: Instant, witnessed_at: Instant | None) -> None:
        """Demand that an object signed with this key counts.

        Args:
            key_id: Of a device's signing key.
            at_now: The present moment, seconds UTC.
            witnessed_at: A time that witnesses gave for the object's digest, if any.

        Raises:
            CredentialError: ``unknown-key``, ``device-elsewhere``.
            CredentialExpiredError: ``roster-expired``, ``ended``.
            CredentialNotYetValidError: ``not-begun``.
            CredentialRevokedError: ``retired``, ``compromised``.
            CredentialError: ``unknown-owner``.
        """
        agency, _ = self.device_by_signing_key(key_id)
        self._holding(agency).check_signer(key_id, now=at_now, witnessed_at=witnessed_at)

    # --- inside ------------------------------------------------------------------------------

    def _with(self, holding: Holding) -> DirectoryView:
        view = DirectoryView(self.realm)
        view._holdings = {**self._holdings, holding.anchor.agency_id: holding}
        return view

    def _with_key(self, key_id: KeyId) -> list[tuple[AgencyId, RosterLeaf]]:
        """Return every device, one of an agency, that a newest roster lists with this key."""
        return [
            (agency, snapshot.leaves[snapshot.by_signing_key[key_id]])
            for agency, holding in self._holdings.items()
            if (snapshot := holding.snapshot) is not None and key_id in snapshot.by_signing_key
        ]

    def _is_listed_once(self, leaf: RosterLeaf) -> bool:
        return len(self._with_key(leaf.signing_key.key_id(self.realm))) == 1

    def _holding(self, agency: AgencyId) -> Holding:
        if agency not in self._holdings:
            raise CredentialError("unknown-agency")
        return self._holdings[agency]

    def _of_snapshot(self, snapshot: Snapshot) -> Holding:
        return self._holding(snapshot.claimed_agency())

    def _officer(self, officer: OfficerId) -> tuple[Holding, OfficerContent]:
        for holding in self._holdings.values():
            if holding.index is not None and officer in holding.index.officers:
                return holding, holding.index.officers[officer][1]
        raise CredentialError("unknown-officer")


def _agency_record(holding: Holding) -> AgencyRecord:
    anchor = holding.anchor
    return AgencyRecord(
        agency_id=anchor.agency_id,
        code=anchor.code,
        names=anchor.names,
        roster=None if holding.snapshot is None else holding.snapshot.roster,
        checked_at=holding.checked_at,
        statements_current=holding.is_current(),
    )


def _officer_record(holding: Holding, content: OfficerContent) -> OfficerRecord:
    return OfficerRecord(
        officer=content.officer,
        agency=holding.anchor.agency_id,
        login=content.login,
        names=content.names,
        post=content.post,
        roles=content.roles,
    )
