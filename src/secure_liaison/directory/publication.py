"""Publishing: how a registry becomes the next roster, with its snapshot and its book.

Rules:

- Two registrars or more sign; sequence and previous digest follow from the last roster.
- What is returned was verified as a reader will verify it.

Source: docs/spec/directory.md §3, §7.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.directory.book import Book, build_book, in_leaf_order, verify_book
from secure_liaison.directory.leaf import device_root
from secure_liaison.directory.page import RelayPointer, Roster, roster_digest, sign_roster
from secure_liaison.directory.roster import Snapshot
from secure_liaison.errors import SecondPersonRequiredError, SignatureError
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.chain import verify_registrars
from secure_liaison.identity.statements import decode_signed
from secure_liaison.transparency.merkle import root_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.directory.registry_state import RegistryState
    from secure_liaison.identity.chain import Registrars

__all__ = ["ROSTER_LIFETIME_S", "next_roster"]

ROSTER_LIFETIME_S: Final = 30 * 86400
"""A roster lasts 30 days unless it is told otherwise."""


def next_roster(
    state: RegistryState,
    keys: Sequence[SigningKey],
    *,
    now: Instant,
    relay: RelayPointer,
    lifetime_s: int = ROSTER_LIFETIME_S,
) -> tuple[RegistryState, Snapshot, Book]:
    """Publish: sign the next roster and return what a relay gets and what other registrars get.

    Raises:
        SecondPersonRequiredError: ``roster``: fewer registrars than the threshold.
        SignatureError: ``wrong-signer``: a key is no registrar's.
        VerificationError: a reader would refuse the result, for example because the registrars'
            period has ended.
    """
    anchor = open_anchor(state.anchor)
    registrars = verify_registrars(anchor, decode_signed(state.registrars), at=now)
    signers = {key.verify_key.key_id(anchor.realm): key for key in keys}
    if len(signers) < registrars.threshold:
        raise SecondPersonRequiredError("roster", need=registrars.threshold)
    if not signers.keys() <= registrars.key_ids:
        raise SignatureError("wrong-signer")
    roster = _next_page(state, registrars, now=now, expires=Instant(now + lifetime_s))
    data = sign_roster(replace(roster, relay=relay), list(signers.values()))
    snapshot = Snapshot(
        anchor=state.anchor,
        registrars=state.registrars,
        roster=data,
        leaves=tuple(leaf.encode() for leaf in state.leaves),
    )
    book = build_book(snapshot, state.statements)
    verify_book(book, anchor, now=now)
    return replace(state, last_roster=data), snapshot, book


def _next_page(
    state: RegistryState, registrars: Registrars, *, now: Instant, expires: Instant
) -> Roster:
    sequence, previous = 1, None
    last = state.last_page()
    if last is not None:
        previous = roster_digest(last)
        sequence = last.sequence + 1 if last.epoch == registrars.epoch else 1
    leaves = [leaf.encode() for leaf in state.leaves]
    entries = in_leaf_order((salt, data, decode_signed(data)) for salt, data in state.statements)
    return Roster(
        realm=registrars.realm,
        agency=registrars.agency,
        epoch=registrars.epoch,
        sequence=sequence,
        previous=previous,
        device_root=device_root(leaves),
        device_count=len(leaves),
        statement_root=root_of([leaf for leaf, *_ in entries]),
        statement_count=len(entries),
        created=now,
        expires=expires,
        relay=RelayPointer(url=""),
        minimum_packs=state.minimum_packs,
    )
