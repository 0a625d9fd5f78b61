"""The shelves of one desk or registry: which packs it may use at this moment, and for what.

Rules:

- To write is to label anew, to clear, to send: a signature must be in force, by the registrars of
  now, with keys that are not revoked.
- To read is to judge what is here already: it counts that the signature was accepted; its end and
  new registrars change nothing, a key that fell into other hands does.
- To show is to print a mark beside what is kept: it decides nothing and never fails for a
  signature.
- What is built in needs no signature. An own pack that a later release builds in with another
  content is used by nobody.

Source: docs/spec/statements.md §12.1; docs/adr/0022-own-packs.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from secure_liaison.errors import (
    CredentialExpiredError,
    CredentialNotYetValidError,
    CredentialRevokedError,
    LiaisonError,
    SignatureError,
    TamperedError,
    VaultDamagedError,
)
from secure_liaison.identity.pack_signature import read_accepted_signature, verify_signers
from secure_liaison.labels.pack import BUILTIN_PACKS, builtin_pack, read_accepted
from secure_liaison.labels.shelf import BUILTIN_SHELF, OwnEntry, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.clock import Clock, Instant
    from secure_liaison.identity.chain import Registrars
    from secure_liaison.identity.pack_signature import SignedPack
    from secure_liaison.identity.revocations import Revocations
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.vault.packs import KeptSignature, Packs

__all__ = ["OwnPack", "OwnSigners", "Shelves"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSigners:
    """Who signs for the own agency, asked anew at each use.

    Attributes:
        in_force: Returns the registrars and revocations at a moment, or raises why there are none.
        revoked: Returns the newest revocations that are known, in force or not.
    """

    in_force: Callable[[Instant], tuple[Registrars, Revocations]]
    revoked: Callable[[], Revocations]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPack:
    """One own pack as a list shows it.

    Attributes:
        pack: The pack.
        signed: The signature that is in force; if none is, the one accepted last.
        accepted_at: When it was accepted, seconds UTC.
        refusal: Why the pack may not be used to write, or nothing.
    """

    pack: PolicyPack
    signed: SignedPack
    accepted_at: Instant
    refusal: LiaisonError | None


class Shelves:
    """Built-in and own packs of one vault, by what they are wanted for."""

    def __init__(self, packs: Packs, clock: Clock, signers: OwnSigners) -> None:
        """Use the packs that ``packs`` keeps, as long as ``signers`` stand for them."""
        self._packs = packs
        self._clock = clock
        self._signers = signers
        self._parsed: dict[bytes, PolicyPack] = {}
        self._verified: dict[tuple[bytes, bytes], SignedPack] = {}

    def to_write(self) -> Shelf:
        """Return the packs under which something new may be labelled, cleared or sent now.

        Asked for an own pack, the shelf raises:
            TamperedError: ``pack-other-content`` (another one is built in under that name).
            DirectoryStaleError: ``never-checked``, ``expired`` (nobody signs for the agency now).
            CredentialNotYetValidError: ``pack-not-begun``.
            CredentialExpiredError: ``pack-ended``.
            CredentialRevokedError: ``pack-retired``, ``pack-compromised``.
            SignatureError: ``pack-registrars`` (the registrars of now did not sign it).
        """
        return self._shelf(self._require_to_write)

    def to_read(self) -> Shelf:
        """Return the packs by which what is here already is judged.

        Asked for an own pack, the shelf raises:
            TamperedError: ``pack-other-content``.
            CredentialRevokedError: ``pack-compromised``.
        """
        return self._shelf(self._require_to_read)

    def to_show(self) -> Shelf:
        """Return every pack that is here, for the marks of what is kept; it decides nothing."""
        return self._shelf(_require_nothing)

    def own(self) -> tuple[OwnPack, ...]:
        """Return every own pack, by name."""
        return tuple(self._listed(*each) for each in self._packs.digests().items())

    def require_free(self, pack: PolicyPack) -> None:
        """Demand that a pack's name is not that of another content.

        Raises:
            TamperedError: ``pack-other-content``.
        """
        known = self._packs.digests().get(pack.policy_id, pack.digest())
        if pack.policy_id in BUILTIN_PACKS:
            known = builtin_pack(pack.policy_id).digest()
        if known != pack.digest():
            raise TamperedError("pack-other-content", policy=pack.policy_id)

    def _shelf(self, require: Callable[[str, bytes], None]) -> Shelf:
        kept = {
            policy: digest
            for policy, digest in self._packs.digests().items()
            if not _is_built_in(policy, digest)
        }
        if not kept:
            return BUILTIN_SHELF
        own = {
            policy: OwnEntry(
                pack=partial(self._pack, policy, digest), require=partial(require, policy, digest)
            )
            for policy, digest in kept.items()
        }
        return Shelf(own, at=self._clock.now())

    def _pack(self, policy: str, digest: bytes) -> PolicyPack:
        if digest not in self._parsed:
            pack = read_accepted(self._packs.octets(policy))
            if (pack.policy_id, pack.digest()) != (policy, digest):
                raise VaultDamagedError("record")
            self._parsed[digest] = pack
        return self._parsed[digest]

    def _require_to_write(self, policy: str, digest: bytes) -> None:
        self._in_force(policy, digest)

    def _in_force(self, policy: str, digest: bytes) -> KeptSignature:
        """Return a signature that is in force now, the one accepted last first."""
        _require_no_other_built_in(policy)
        now = self._clock.now()
        registrars, revocations = self._signers.in_force(now)
        problem: LiaisonError | None = None
        for kept in self._packs.signatures(policy):
            try:
                signed = self._verify(kept, registrars)
                signed.require_in_force(at=now, revocations=revocations)
                signed.require_of(policy, digest)
            except LiaisonError as error:
                problem = problem or _of_pack(error, policy)
            else:
                return kept
        raise problem or VaultDamagedError("record")

    def _require_to_read(self, policy: str, digest: bytes) -> None:
        _require_no_other_built_in(policy)
        revoked, problem = self._signers.revoked(), None
        for kept in self._packs.signatures(policy):
            signed = read_accepted_signature(kept.record)
            signed.require_of(policy, digest)
            try:
                signed.require_uncompromised(revoked)
            except LiaisonError as error:
                problem = problem or _of_pack(error, policy)
            else:
                return
        raise problem or VaultDamagedError("record")

    def _verify(self, kept: KeptSignature, registrars: Registrars) -> SignedPack:
        # What was signed by whom does not change; when it holds is asked each time.
        place = (kept.record, registrars.digest)
        if place not in self._verified:
            self._verified[place] = verify_signers(kept.record, registrars)
        return self._verified[place]

    def _listed(self, policy: str, digest: bytes) -> OwnPack:
        refusal: LiaisonError | None = None
        try:
            kept = self._in_force(policy, digest)
        except LiaisonError as error:
            kept, refusal = self._packs.signatures(policy)[0], error
        return OwnPack(
            pack=self._pack(policy, digest),
            signed=read_accepted_signature(kept.record),
            accepted_at=kept.accepted_at,
            refusal=refusal,
        )


def _require_nothing(_policy: str, _digest: bytes) -> None:
    """Show whatever is kept."""


def _of_pack(error: LiaisonError, policy: str) -> LiaisonError:
    """Return what is wrong with a signature, told of the pack that it is under."""
    match error:
        case CredentialExpiredError():
            return CredentialExpiredError("pack-ended", policy=policy)
        case CredentialNotYetValidError():
            return CredentialNotYetValidError("pack-not-begun", policy=policy)
        case CredentialRevokedError(reason="compromised"):
            return CredentialRevokedError("pack-compromised", policy=policy)
        case CredentialRevokedError():
            return CredentialRevokedError("pack-retired", policy=policy)
        case SignatureError():
            return SignatureError("pack-registrars", policy=policy)
        case _:
            return error


def _is_built_in(policy: str, digest: bytes) -> bool:
    return policy in BUILTIN_PACKS and builtin_pack(policy).digest() == digest


def _require_no_other_built_in(policy: str) -> None:
    # Those of the same content never come here.
    if policy in BUILTIN_PACKS:
        raise TamperedError("pack-other-content", policy=policy)
