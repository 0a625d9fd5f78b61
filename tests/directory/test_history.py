"""What a newer roster may say about devices that an older one showed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.directory.leaf import LeafStatus, RosterLeaf
from secure_liaison.directory.view import DirectoryView
from secure_liaison.errors import CredentialRevokedError, DirectoryRollbackError
from tests.factories import AgencyFixture, make_world, published

NOW = FixedClock().now()
LATER, LAST = Instant(NOW + 3600), Instant(NOW + 7200)
WORLD = make_world(NOW)
A = WORLD.agencies["EMB-A"]
LI = WORLD.officer("li.wei@EMB-A")
LEAF = next(leaf for leaf in A.registry.leaves if leaf.handle == LI.device.handle)
SIGNER = LI.device.signing.verify_key.key_id(WORLD.realm)

Said = tuple[LeafStatus, int | None]
ACTIVE: Said = (LeafStatus.ACTIVE, None)


def saying(agency: AgencyFixture, said: Said, *, now: Instant) -> AgencyFixture:
    """Publish a roster that says this about the officer's device, whatever was said before."""
    status, since = said
    leaf: RosterLeaf = replace(LEAF, status=status, since=None if since is None else Instant(since))
    return published(replace(agency, registry=agency.registry.with_leaf(leaf)), now=now)


def after(before: Said, said: Said, *, book: bool = False) -> DirectoryView:
    first = saying(A, before, now=LATER)
    second = saying(first, said, now=LAST)
    view = WORLD.view.with_snapshot(first.snapshot, LATER)
    return view.with_book(second.book, LAST) if book else view.with_snapshot(second.snapshot, LAST)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (ACTIVE, ACTIVE),
        (ACTIVE, (LeafStatus.RETIRED, LATER)),
        (ACTIVE, (LeafStatus.RETIRED, LAST + 9)),
        (ACTIVE, (LeafStatus.COMPROMISED, NOW - 9)),
        ((LeafStatus.RETIRED, LATER), (LeafStatus.RETIRED, LATER)),
        ((LeafStatus.RETIRED, LATER), (LeafStatus.COMPROMISED, LATER)),
        ((LeafStatus.RETIRED, LATER), (LeafStatus.COMPROMISED, NOW)),
        ((LeafStatus.COMPROMISED, LATER), (LeafStatus.COMPROMISED, LATER)),
        ((LeafStatus.COMPROMISED, LATER), (LeafStatus.COMPROMISED, NOW)),
    ],
)
def test_a_roster_may_say_the_same_or_worse(before: Said, said: Said) -> None:
    assert (1, 4) == after(before, said).roster_sequences()[A.agency_id]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (ACTIVE, (LeafStatus.RETIRED, LATER - 1)),
        ((LeafStatus.RETIRED, LATER), ACTIVE),
        ((LeafStatus.RETIRED, LATER), (LeafStatus.RETIRED, LATER + 1)),
        ((LeafStatus.RETIRED, LATER), (LeafStatus.RETIRED, LATER - 1)),
        ((LeafStatus.RETIRED, LATER), (LeafStatus.COMPROMISED, LATER + 1)),
        ((LeafStatus.COMPROMISED, LATER), ACTIVE),
        ((LeafStatus.COMPROMISED, LATER), (LeafStatus.RETIRED, LATER)),
        ((LeafStatus.COMPROMISED, LATER), (LeafStatus.COMPROMISED, LATER + 1)),
    ],
)
def test_a_roster_that_gives_a_key_back_is_refused(before: Said, said: Said) -> None:
    for book in (False, True):
        with pytest.raises(DirectoryRollbackError, match="leaf-history"):
            after(before, said, book=book)


def test_a_leaf_once_published_stays() -> None:
    left = tuple(leaf for leaf in A.registry.leaves if leaf.handle != LI.device.handle)
    state = replace(A.registry, leaves=left, statements=())
    without = published(replace(A, registry=state), now=LATER)
    with pytest.raises(DirectoryRollbackError, match="leaf-history"):
        WORLD.view.with_snapshot(without.snapshot, LATER)


def test_after_a_refused_roster_the_lost_key_is_still_lost_and_a_better_roster_is_taken() -> None:
    lost: Said = (LeafStatus.COMPROMISED, LATER)
    first = saying(A, lost, now=LATER)
    view = WORLD.view.with_snapshot(first.snapshot, LATER)
    back = saying(first, ACTIVE, now=LAST)
    with pytest.raises(DirectoryRollbackError):
        view.with_snapshot(back.snapshot, LAST)
    with pytest.raises(CredentialRevokedError, match="compromised"):
        view.check_signer(SIGNER, at_now=LAST, witnessed_at=None)
    better = saying(back, lost, now=LAST)
    assert (1, 5) == view.with_snapshot(better.snapshot, LAST).roster_sequences()[A.agency_id]
