"""What a newer roster of one agency may say about devices that an older one showed.

Rules:

- A leaf once published stays; what it said about the device's keys may only become stricter.
- A lost key never comes back: what was compromised stays so, what was retired is never active.
- Retirement is not dated back behind a roster that still showed the device as active, because
  what counted then would stop counting afterwards. Only a loss may be dated back.

Source: docs/spec/directory.md §2, §6; docs/spec/statements.md §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.errors import DirectoryRollbackError
from secure_liaison.identity.contents import RevocationMode

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.directory.roster import VerifiedSnapshot
    from secure_liaison.identity.revocations import Revocation

__all__ = ["require_leaf_history"]


def require_leaf_history(known: VerifiedSnapshot, offered: VerifiedSnapshot) -> None:
    """Demand that the offered roster keeps every leaf of the known one, and gives no key back.

    Raises:
        DirectoryRollbackError: ``leaf-history``.

    Source: docs/spec/directory.md §6.
    """
    for handle, leaf in known.leaves.items():
        later = offered.leaves.get(handle)
        if later is None or not _may_follow(
            leaf.revocation, later.revocation, active_at=known.roster.created
        ):
            raise DirectoryRollbackError("leaf-history")


def _may_follow(before: Revocation | None, after: Revocation | None, *, active_at: Instant) -> bool:
    if after is None:
        return before is None
    compromised = after.mode is RevocationMode.COMPROMISED
    if before is None:
        return compromised or after.since >= active_at
    if not compromised:
        return after == before
    return after.since <= before.since
