"""Revocations of one agency, and whether an object signed by a key still counts.

Rules:

- Where two revocations name one target, the earlier moment counts, and ``compromised`` first.
- An object counts by a witnessed time inside the key's validity and before the moment; without a
  witnessed time only while the key is valid and unrevoked now.
- ``compromised`` revokes at once; ``retired`` from its moment on.
- What the object itself says about its time is never asked for.

Source: docs/spec/statements.md §9; DESIGN §5.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from secure_liaison.errors import CredentialRevokedError
from secure_liaison.identity.contents import RevocationContent, RevocationMode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import KeyId
    from secure_liaison.identity.validity import Validity

__all__ = ["NO_REVOCATIONS", "Revocation", "Revocations", "check_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """How and since when something no longer counts."""

    mode: RevocationMode
    since: Instant

    def acts(self, *, now: Instant) -> bool:
        """Whether it is revoked now."""
        return self.mode is RevocationMode.COMPROMISED or self.since <= now

    def refuse(self) -> CredentialRevokedError:
        """Return the error that names the mode: ``retired`` or ``compromised``."""
        match self.mode:
            case RevocationMode.RETIRED:
                return CredentialRevokedError("retired")
            case RevocationMode.COMPROMISED:
                return CredentialRevokedError("compromised")
            case _:
                assert_never(self.mode)

    def stricter(self, other: Revocation | None) -> Revocation:
        """Return what both say together."""
        if other is None:
            return self
        modes = {self.mode, other.mode}
        compromised = RevocationMode.COMPROMISED in modes
        mode = RevocationMode.COMPROMISED if compromised else RevocationMode.RETIRED
        return Revocation(mode=mode, since=min(self.since, other.since))


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocations:
    """All revocations in force of one agency, by target (32 bytes: key id or digest)."""

    by_target: Mapping[bytes, Revocation] = field(default_factory=dict)

    @classmethod
    def of(cls, contents: Iterable[RevocationContent]) -> Revocations:
        """Collect what the agency's revocation statements say."""
        found: dict[bytes, Revocation] = {}
        for content in contents:
            one = Revocation(mode=content.mode, since=content.since)
            found[content.target] = one.stricter(found.get(content.target))
        return cls(by_target=found)

    def find(self, target: bytes) -> Revocation | None:
        """Return the revocation of a key id or statement digest, none if there is none."""
        return self.by_target.get(target)

    def require_unrevoked(self, target: bytes, *, now: Instant) -> None:
        """Demand that the target is not revoked now.

        Raises:
            CredentialRevokedError: ``retired``, ``compromised``.
        """
        found = self.find(target)
        if found is not None and found.acts(now=now):
            raise found.refuse()


NO_REVOCATIONS = Revocations()


def check_key(
    key_id: KeyId,
    revocations: Revocations,
    *,
    validity: Validity,
    now: Instant,
    witnessed_at: Instant | None,
) -> None:
    """Demand that an object signed by this key counts.

    Args:
        key_id: The key.
        revocations: Those of the key's own agency.
        validity: The key's period.
        now: The present moment, seconds UTC.
        witnessed_at: A time that witnesses gave for the object's digest, if any.

    Raises:
        CredentialNotYetValidError: ``not-begun``.
        CredentialExpiredError: ``ended``.
        CredentialRevokedError: ``retired``, ``compromised``.

    Source: docs/spec/statements.md §9.
    """
    revocation = revocations.find(key_id)
    if witnessed_at is None:
        validity.require(now)
        if revocation is not None and revocation.acts(now=now):
            raise revocation.refuse()
        return
    validity.require(witnessed_at)
    if revocation is not None and witnessed_at >= revocation.since:
        raise revocation.refuse()
