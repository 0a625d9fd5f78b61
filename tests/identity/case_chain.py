"""Chains of signed acts that the tests, the vectors and the attacks start from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest, KeyId
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.identity.determination_record import (
    CaseSigner,
    SignedAct,
    VerifiedCase,
    sign_act,
    verify_case,
)
from secure_liaison.identity.ids import AgencyId, OfficerId
from secure_liaison.labels.acts import Approve, Open, Step
from secure_liaison.labels.case import Setting, case_id
from tests.labels.cases import BEGUN, NONCE, REALM, SETTING, SUBJECT, leaf, officer, original

PEOPLE = ("province-1", "province-2", "city-1", "county-1", "county-2", "nb-2", "pb-1", "pb-2")


@cache
def key(who: str) -> SigningKey:
    return SigningKey(hashlib.sha512(who.encode()).digest())


def agency_id(who: str) -> AgencyId:
    return AgencyId(bytes.fromhex(leaf(who.partition("-")[0]).partition(":")[2]))


def officer_id(who: str) -> OfficerId:
    return OfficerId(bytes.fromhex(officer(who).partition(":")[2]))


def signer(who: str) -> CaseSigner:
    return CaseSigner(agency=agency_id(who), officer=officer_id(who), key=key(who).verify_key)


def signers(*who: str) -> Mapping[KeyId, CaseSigner]:
    return {key(each).verify_key.key_id(REALM): signer(each) for each in who or PEOPLE}


def signed(
    step: Step, who: str, after: SignedAct | None, *, at: int, by: str = "", case: bytes = b""
) -> SignedAct:
    """Sign an act as ``who``, with the device of ``by`` where it is another's."""
    own = case_id(REALM, leaf(who.partition("-")[0]), SUBJECT, NONCE)
    return sign_act(
        step,
        key(by or who),
        REALM,
        agency=agency_id(who),
        officer=officer_id(who),
        at=Instant(at),
        case=case or (after.act.case if after else own),
        after=after,
    )


def chain_of(*acts: tuple[Step, str], start: Sequence[SignedAct] = ()) -> tuple[SignedAct, ...]:
    """Sign acts one after the other, a minute apart."""
    made = list(start)
    for step, who in acts:
        at = made[-1].act.at + 60 if made else BEGUN
        made.append(signed(step, who, made[-1] if made else None, at=at))
    return tuple(made)


def opening() -> tuple[Step, str]:
    return Open(subject=SUBJECT, nonce=NONCE), "province-1"


@cache
def determined_chain() -> tuple[SignedAct, ...]:
    return chain_of(opening(), (original(), "province-1"), (Approve(), "province-2"))


def checked(
    chain: Sequence[SignedAct],
    *,
    now: int = BEGUN + 3600,
    proven: Mapping[Digest, Instant] | None = None,
    held: Sequence[Digest] = (),
    under: Setting = SETTING,
) -> VerifiedCase:
    return verify_case(
        chain, under, REALM, signers=signers(), now=Instant(now), proven=proven or {}, held=held
    )
