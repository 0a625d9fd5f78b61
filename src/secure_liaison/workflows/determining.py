"""Determining 定密: cases at a desk; each act is signed here, judged by the machine, and kept.

Rules:

- A case is what its acts come to: it is verified as a whole each time it is read.
- An act that the machine refuses is not kept; the attempt is written down with its reason.
- Own acts are proven by the desk's guarded clock, so a clock that is set back proves nothing.
- A new act counts only if its device may sign now; an act once accepted keeps the key that
  verified it.

Source: docs/spec/determination.md §3, §10.3; docs/guides/determination.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.audit.events import Event, EventType, Outcome
from secure_liaison.crypto.keys import Digest, random_bytes
from secure_liaison.crypto.signing import VerifyKey
from secure_liaison.errors import LiaisonError, OutOfOrderError
from secure_liaison.identity.determination_record import (
    CaseSigner,
    SignedAct,
    open_act,
    sign_act,
    verify_case,
)
from secure_liaison.labels.acts import (
    NONCE_SIZE,
    Assert,
    Open,
    Propose,
    Protect,
    kind_of,
)
from secure_liaison.labels.case import case_id
from secure_liaison.labels.determination import AHEAD_S
from secure_liaison.labels.setting import setting_of
from secure_liaison.vault.cases import KeptAct
from secure_liaison.workflows import agreed, itemising
from secure_liaison.workflows.authorising import agency_leaf, powers_of
from secure_liaison.workflows.packs import writable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from secure_liaison.clock import Instant
    from secure_liaison.crypto.keys import KeyId
    from secure_liaison.labels.acts import Step
    from secure_liaison.labels.case import Case, Setting
    from secure_liaison.labels.catalogue import Catalogue
    from secure_liaison.labels.label import Label
    from secure_liaison.office import Office

__all__ = [
    "DeskCase",
    "ListedCase",
    "act",
    "begin",
    "cases",
    "event_of",
    "find",
    "keep",
    "load",
    "policies_of",
    "signer_now",
    "verified",
]

DEFAULT_POLICY: Final = "cn.state-secrets"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCase:
    """A case as this desk verified it just now.

    Attributes:
        case: What the acts come to.
        chain: Every act from the first.
        proven: Digest of each act, and when it was first known to exist.
        setting: What they were judged by.
    """

    case: Case
    chain: tuple[SignedAct, ...]
    proven: Mapping[Digest, Instant]
    setting: Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase:
    """One line of the list of cases.

    Attributes:
        id: 16 bytes.
        found: The case, or nothing if it does not verify now.
        refusal: Why it does not.
    """

    id: bytes
    found: DeskCase | None
    refusal: LiaisonError | None


def begin(
    office: Office, subject: str, *, propose: Callable[[Case], Propose] | None = None
) -> DeskCase:
    """Open a case about one object (``object:`` and 64 hex digits).

    Args:
        office: The desk.
        subject: What the case is about.
        propose: Makes a first proposal for the case; it is opened and proposed, or neither.

    Raises:
        WorkflowError: ``bodies-missing``, ``case-body``.
        FormatError: ``case-subject``.
        LiaisonError: as `advance`, of the proposal; nothing was kept but the line that it was
            tried.
    """
    step = Open(subject=subject, nonce=random_bytes(NONCE_SIZE))
    made = case_id(office.realm, agency_leaf(office.agency), subject, step.nonce)
    opened = _signed(office, made, step, before=())
    if propose is None:
        return _taken(office, opened)
    proposal = propose(opened.case)
    both = _signed(office, made, proposal, before=opened.chain)
    return _taken(office, both)


def act(office: Office, case: bytes, step: Step) -> DeskCase:
    """Sign the next act of a case with this desk's device, if the machine takes it.

    Raises:
        OutOfOrderError: ``case-not-found``.
        CredentialError: this desk's own device may not sign (any more).
        LiaisonError: as `advance`; nothing was kept but the line that it was tried.
    """
    before = load(office, case).chain
    return _taken(office, _signed(office, case, step, before=before))


def load(office: Office, case: bytes) -> DeskCase:
    """Verify a kept case as a whole.

    Raises:
        OutOfOrderError: ``case-not-found``.
        WorkflowError: ``bodies-missing``.
        LiaisonError: as `verify_case`: it does not hold under what this desk judges by now.
    """
    kept = office.cases.acts(case)
    if not kept:
        raise OutOfOrderError("case-not-found")
    chain = tuple(open_act(each.record, office.realm) for each in kept)
    return verified(office, chain, kept=kept)


def cases(office: Office) -> tuple[ListedCase, ...]:
    """List every case, the one with the newest act first; one that fails hides no other."""
    return tuple(_listed(office, each) for each in office.cases.ids())


def find(office: Office, reference: str) -> bytes:
    """Return the id of the case that begins with these hex digits.

    Raises:
        OutOfOrderError: ``reference-ambiguous``, ``case-not-found``.
    """
    try:
        matches = office.cases.matching(reference)
    except ValueError:
        matches = ()
    if len(matches) > 1:
        raise OutOfOrderError("reference-ambiguous", found=len(matches))
    if not matches:
        raise OutOfOrderError("case-not-found")
    return matches[0]


def verified(
    office: Office, chain: Sequence[SignedAct], *, kept: Sequence[KeptAct] = ()
) -> DeskCase:
    """Verify a chain that begins with what is kept; what is new needs a device that may sign now.

    Raises:
        WorkflowError: ``bodies-missing``.
        CredentialError: a new act's device may not sign now.
        LiaisonError: as `verify_case`, then as `check_agreed` and `check_items`.
    """
    setting = _setting(office, chain)
    signers = {
        signed.act.key_id: CaseSigner(
            agency=signed.act.agency, officer=signed.act.officer, key=VerifyKey(each.verify_key)
        )
        for signed, each in zip(chain, kept, strict=False)
        if signed.digest(office.realm) == each.digest
    }
    for signed in chain[len(kept) :]:
        signers[signed.act.key_id] = signer_now(office, signed.act.key_id)
    proven = {each.digest: each.proven_at for each in kept}
    now = office.clock.now()
    found = verify_case(
        chain,
        setting,
        office.realm,
        signers=signers,
        now=now,
        proven=proven,
        held=[each.digest for each in kept],
    )
    agreed.check_agreed(office, chain, known=len(kept))
    itemising.check_items(office, chain, known=len(kept))
    times = {digest: proven.get(digest, now) for digest in found.digests}
    return DeskCase(case=found.case, chain=tuple(chain), proven=times, setting=setting)


def signer_now(office: Office, key_id: KeyId) -> CaseSigner:
    """Return whose key it is, if its device may sign now.

    Raises:
        CredentialError: as `DirectoryView.check_signer` and `DirectoryView.owner_of`.
    """
    view, now = office.directory, office.clock.now()
    view.check_signer(key_id, at_now=now, witnessed_at=None)
    agency, leaf = view.device_by_signing_key(key_id)
    owner = view.owner_of(leaf.handle, at=now)
    return CaseSigner(agency=agency, officer=owner.officer, key=leaf.signing_key)


def keep(office: Office, found: DeskCase, *, known: int, events: Sequence[Event]) -> None:
    """Keep the acts of a case from number ``known`` on, with their ledger lines."""
    with office.transaction():
        for signed in found.chain[known:]:
            digest = signed.digest(office.realm)
            office.cases.add(
                found.case.id,
                KeptAct(
                    digest=digest,
                    record=signed.encode(),
                    verify_key=signer_now(office, signed.act.key_id).key.octets,
                    proven_at=found.proven[digest],
                ),
            )
        for event in events:
            office.ledger.append(event)


def event_of(
    office: Office,
    kind: EventType,
    case: bytes,
    *,
    error: LiaisonError | None = None,
    **detail: str | int,
) -> Event:
    """Return the ledger event of something done, or tried, with a case."""
    values: dict[str, str | int] = {"case": case.hex(), **detail}
    if error is not None:
        values |= {"code": error.code, "reason": error.reason}
    outcome = Outcome.NOT_APPLICABLE if error is None else Outcome.ERROR
    return Event(type=kind, decision=outcome.value, actor=office.login, detail=values)


def policies_of(chain: Iterable[SignedAct]) -> tuple[str, ...]:
    """Return the policies that the labels of a chain name, the first named first."""
    named = [label.policy.partition("@")[0] for signed in chain for label in _labels(signed)]
    return tuple(dict.fromkeys(named))


def _signed(office: Office, case: bytes, step: Step, *, before: tuple[SignedAct, ...]) -> DeskCase:
    now = office.clock.now()
    last = before[-1] if before else None
    # Another desk's clock may be a little ahead; an act never bears a time before the last one.
    at = now if last is None or last.act.at > now + AHEAD_S else max(now, last.act.at)
    kind = kind_of(step).name.lower()
    try:
        signed = sign_act(
            step,
            office.keys.signing,
            office.realm,
            agency=office.agency,
            officer=office.me().officer,
            at=at,
            case=case,
            after=last,
        )
        for policy in policies_of((*before, signed)):
            writable(office, policy)
        # What the directory does not let sign must not go out, so it is not made either.
        return verified(office, (*before, signed), kept=office.cases.acts(case))
    except LiaisonError as error:
        office.note(event_of(office, EventType.CASE_REFUSE, case, error=error, act=kind))
        raise


def _taken(office: Office, found: DeskCase) -> DeskCase:
    case, known = found.case.id, len(office.cases.acts(found.case.id))
    done = [
        event_of(
            office,
            EventType.CASE_ACT,
            case,
            act=kind_of(signed.act.step).name.lower(),
            number=number,
        )
        for number, signed in enumerate(found.chain[known:], start=known)
    ]
    keep(office, found, known=known, events=done)
    return found


def _listed(office: Office, case: bytes) -> ListedCase:
    try:
        return ListedCase(id=case, found=load(office, case), refusal=None)
    except LiaisonError as error:
        return ListedCase(id=case, found=None, refusal=error)


def _setting(office: Office, chain: Sequence[SignedAct]) -> Setting:
    policy = next(iter(policies_of(chain)), DEFAULT_POLICY)
    packs = office.packs.to_read().versions_of(policy)
    return setting_of(packs, powers_of(office), catalogues=_cited(office, chain))


def _cited(office: Office, chain: Sequence[SignedAct]) -> tuple[Catalogue, ...]:
    # A list may be long: it is read only where something cites one.
    if not any(isinstance(each.act.step, Propose) and each.act.step.catalogue for each in chain):
        return ()
    found = itemising.catalogues_for(office, agency_leaf(chain[0].act.agency))
    return tuple(each.catalogue for each in found)


def _labels(signed: SignedAct) -> tuple[Label, ...]:
    match signed.act.step:
        case Propose(label=label) | Assert(label=label):
            return () if label is None else (label,)
        case Protect(label=label):
            return (label,)
        case _:
            return ()
