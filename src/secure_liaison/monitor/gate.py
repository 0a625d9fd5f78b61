"""The gate: decides, records, and only then hands out a permit; nobody else makes one.

Rules:

- The decision line is written and committed alone, before any work; without it there is no permit.
- A permit is for one act, once, for 300 seconds, bound to action, core, exact keys, roster
  sequences and pack version. It cannot be copied, stored or made elsewhere.
- Outside the audience, "not permitted" and "does not exist" are one answer: same text, same work,
  same size in the ledger. The full reasons stand in the ledger under the reference shown.
- A decision that no effect follows is closed at the next start by a line of its own.

Source: docs/spec/audit.md §7; docs/concepts/refusals.md; DESIGN §3 rules 3 and 4.
"""

from __future__ import annotations

import hmac
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn, assert_never

from typing_extensions import override

from secure_liaison.audit.events import Outcome
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Tag, random_bytes, tagged_hash
from secure_liaison.errors import AccessDeniedError, Disclosure, OutOfOrderError
from secure_liaison.monitor.account import (
    closing_event,
    decision_event,
    unfinished,
    unknown_event,
    written_sequences,
)
from secure_liaison.monitor.decision import REF_SIZE
from secure_liaison.monitor.decoy import decoy_question
from secure_liaison.monitor.rules import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from secure_liaison.audit.events import Event
    from secure_liaison.audit.ledger import Ledger, LedgerEntry
    from secure_liaison.clock import Clock
    from secure_liaison.crypto.keys import KeyId
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.standing import Standing
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.monitor.decision import Action, Decision, ReadQuestion, SealQuestion

__all__ = ["PERMIT_TTL_S", "Gate", "Permit", "unfinished"]

PERMIT_TTL_S: Final = 300
"""Seconds for which a permit can be spent."""

_MINT: Final = object()
_KEYS: Final = Tag("secure_liaison/draft-0/permit-keys")
_PERMIT_ID_SIZE: Final = 16
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Permit:
    """Leave for one act, once.

    Can I?  ``spend`` while new: yes, it is spent then, also if the act is another one than
    permitted. ``spend`` when spent or after ``expires_at``: no.

    Attributes:
        id: 16 random bytes; the ledger's decision and effect lines carry it.
        action: The act.
        core_hash: H(core) of the object, 32 bytes.
        key_ids: Exactly the keys that get a stanza, or the key that opens it.
        roster_sequences: (epoch, sequence) of each agency's roster that was relied on.
        pack: ``id@version`` of the pack that was applied.
        obligations: Duties that come with it.
        expires_at: First second (UTC) at which it cannot be spent.
        index: Where its decision stands in the ledger.
    """

    __slots__ = (
        "_lock",
        "_spent",
        "action",
        "core_hash",
        "expires_at",
        "id",
        "index",
        "key_ids",
        "obligations",
        "pack",
        "roster_sequences",
    )

    def __init__(
        self,
        mint: object,
        decision: Decision,
        *,
        entry: LedgerEntry,
        core_hash: bytes,
        key_ids: frozenset[KeyId],
        roster_sequences: Mapping[AgencyId, tuple[int, int]],
        expires_at: Instant,
    ) -> None:
        """Only `Gate` can call this.

        Raises:
            TypeError: anybody else did.
        """
        if mint is not _MINT:
            msg = "permits come from the gate"
            raise TypeError(msg)
        self.id = bytes.fromhex(entry.event.permit)
        self.index = entry.index
        self.action = decision.action
        self.pack = decision.pack
        self.obligations = decision.obligations
        self.core_hash = core_hash
        self.key_ids = key_ids
        self.roster_sequences = dict(roster_sequences)
        self.expires_at = expires_at
        self._spent = False
        self._lock = threading.Lock()

    @property
    def spent(self) -> bool:
        """Whether it was used, or an attempt was made."""
        return self._spent

    def spend(
        self, *, action: Action, core_hash: bytes, key_ids: Iterable[KeyId], now: Instant
    ) -> None:
        """Use it up for one act; every attempt uses it up.

        Raises:
            OutOfOrderError: ``permit-spent``, ``permit-expired``, ``permit-other-act``.
        """
        with self._lock:
            if self._spent:
                raise OutOfOrderError("permit-spent")
            self._spent = True
        if now >= self.expires_at:
            raise OutOfOrderError("permit-expired")
        if (
            action is not self.action
            or not hmac.compare_digest(core_hash, self.core_hash)
            or frozenset(key_ids) != self.key_ids
        ):
            raise OutOfOrderError("permit-other-act")

    def void(self) -> None:
        """Use it up without an act."""
        with self._lock:
            self._spent = True

    @override
    def __repr__(self) -> str:
        return f"Permit({self.action.value}, …)"

    @override
    def __reduce__(self) -> NoReturn:
        # Copying or storing would turn one act into two.
        msg = "a permit cannot be copied or stored"
        raise TypeError(msg)

    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __deepcopy__(self, _memo: object) -> NoReturn:
        self.__reduce__()


class Gate:
    """The only mint of permits."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        transaction: Callable[[], AbstractContextManager[object]],
    ) -> None:
        """Stand before one desk.

        Args:
            ledger: Where decisions are recorded.
            clock: The desk's guarded clock.
            transaction: Commits at its end what was written inside, and refuses to be nested, so
                that a decision always commits alone.
        """
        self._ledger = ledger
        self._clock = clock
        self._transaction = transaction

    def permit(
        self,
        question: SealQuestion | ReadQuestion,
        *,
        core_hash: bytes,
        key_ids: Iterable[KeyId],
        roster_sequences: Mapping[AgencyId, tuple[int, int]],
        object_digest: str = "",
    ) -> Permit:
        """Decide, record, and hand out a permit.

        Args:
            question: What is asked.
            core_hash: H(core), 32 bytes.
            key_ids: Exactly the keys that are to get a stanza, or the key that opens it.
            roster_sequences: (epoch, sequence) of each agency's roster that was relied on.
            object_digest: 64 hex of D where the object exists already, else empty.

        Raises:
            AccessDeniedError: ``refused`` with every reason, or
                ``not-found-or-not-permitted`` with a reference only.
        """
        keys = frozenset(key_ids)
        decision = decide(question, ref=_new_ref())
        event = decision_event(
            question,
            decision,
            permit=random_bytes(_PERMIT_ID_SIZE).hex() if decision.permitted else "",
            object_digest=object_digest,
            bound=self._bound(core_hash, keys, roster_sequences),
        )
        with self._transaction():
            entry = self._ledger.append(event)
        if not decision.permitted:
            raise _refusal(decision)
        return Permit(
            _MINT,
            decision,
            entry=entry,
            core_hash=core_hash,
            key_ids=keys,
            roster_sequences=roster_sequences,
            expires_at=Instant(self._clock.now() + PERMIT_TTL_S),
        )

    def refuse_unknown(self, action: Action, *, reader: Standing, device: RosterLeaf) -> NoReturn:
        """Answer for an object that does not exist, with the work and the answer of a refusal.

        Args:
            action: What was asked for.
            reader: The officer at this desk, looked up as for any object.
            device: This desk's device.

        Raises:
            AccessDeniedError: ``not-found-or-not-permitted``, always.
        """
        question = decoy_question(action, reader=reader, device=device, now=self._clock.now())
        decision = decide(question, ref=_new_ref())
        event = decision_event(
            question,
            decision,
            permit="",
            object_digest="",
            bound=self._bound(bytes(DIGEST_SIZE), frozenset(), {}),
        )
        with self._transaction():
            self._ledger.append(unknown_event(event))
        raise _refusal(decision)

    def effect(self, permit: Permit, event: Event) -> LedgerEntry:
        """Write what was done with a permit, within the caller's transaction.

        An event with decision ``error`` says that it was not done, and closes the permit too.

        Raises:
            OutOfOrderError: ``permit-unspent`` (nothing was done with it), ``permit-effect``
                (its effect is written already).
        """
        if event.decision == Outcome.ERROR.value:
            permit.void()  # what is closed as not done must not be done afterwards
        elif not permit.spent:
            raise OutOfOrderError("permit-unspent")
        mine = permit.id.hex()
        if any(entry.event.permit == mine for entry in self._ledger.entries(permit.index + 1)):
            raise OutOfOrderError("permit-effect")
        return self._ledger.append(replace(event, permit=mine))

    def reconcile(self) -> tuple[LedgerEntry, ...]:
        """Close every permit of earlier runs that has no effect; call it once at start.

        Returns:
            The lines written, none if there was nothing to close.
        """
        open_ones = unfinished(self._ledger.entries())
        if not open_ones:
            return ()
        with self._transaction():
            return tuple(self._ledger.append(closing_event(entry)) for entry in open_ones)

    def _bound(
        self,
        core_hash: bytes,
        keys: frozenset[KeyId],
        roster_sequences: Mapping[AgencyId, tuple[int, int]],
    ) -> dict[str, str]:
        return {
            "core": core_hash.hex(),
            "keys": tagged_hash(_KEYS, self._ledger.realm, sorted(keys)).hex(),
            "rosters": written_sequences(roster_sequences),
        }


def _new_ref() -> str:
    number = int.from_bytes(random_bytes(4), "big")
    return "".join(_CROCKFORD[number >> (5 * place) & 31] for place in range(REF_SIZE))


def _refusal(decision: Decision) -> AccessDeniedError:
    match decision.disclosure:
        case Disclosure.FULL:
            return AccessDeniedError(
                "refused",
                reasons=decision.reasons,
                obligations=decision.obligations,
                ref=decision.ref,
                marks=decision.marks,
            )
        case Disclosure.NONE:
            return AccessDeniedError("not-found-or-not-permitted", ref=decision.ref)
        case _:
            assert_never(decision.disclosure)
