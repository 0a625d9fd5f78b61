"""Acts of determination as signed records: one chain per case, and the case that it proves.

Rules:

- Every act is signed by the acting officer's device; realm, case, number and the digest of the act
  before are part of what is signed, so nothing can be moved, cut out or put in.
- Verifying a chain runs the machine over it: a record that the machine refuses is refused.
- A chain that lacks an act this desk already holds, or has another one in its place, is refused.
- The date in an act proves nothing; what must have been done before a moment needs a proven time.

Source: docs/spec/determination.md §10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, KeyId, Realm, Tag, tagged_hash
from secure_liaison.crypto.signing import SIGNATURE_SIZE
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError, SignatureError, TamperedError
from secure_liaison.identity.ids import AGENCY_ID_SIZE, OFFICER_ID_SIZE, AgencyId, OfficerId
from secure_liaison.labels.acts import Act, Actor, StepKind, kind_of, read_step, step_value
from secure_liaison.labels.case import CASE_ID_SIZE
from secure_liaison.labels.determination import advance, open_case
from secure_liaison.labels.period import MAX_INSTANT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secure_liaison.crypto.signing import SigningKey, VerifyKey
    from secure_liaison.labels.acts import Step
    from secure_liaison.labels.case import Case, Setting

__all__ = [
    "MAX_ACTS",
    "MAX_ACT_BYTES",
    "CaseSigner",
    "DeterminationAct",
    "SignedAct",
    "VerifiedCase",
    "open_act",
    "sign_act",
    "verify_case",
]

MAX_ACT_BYTES: Final = 2**16
"""A proposal with eight sources, each a label of 6144 bytes, and its signature."""
MAX_ACTS: Final = 1024

_TAG: Final = Tag("secure_liaison/draft-0/determination-act")
_DIGEST: Final = Tag("secure_liaison/draft-0/determination-digest")
_VERSIONS: Final = frozenset({0})
_NOTHING_BEFORE: Final = Digest(bytes(DIGEST_SIZE))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeterminationAct:
    """What one record says.

    Attributes:
        case: Id of the case, 16 bytes.
        number: From 0, one more than that of the act before.
        previous: Digest of the act before, 32 bytes; zeros for the first.
        agency: The acting officer's agency, 32 bytes.
        officer: Who acts, 16 bytes.
        key_id: The device's record key, 32 bytes.
        at: The device's time, seconds UTC; evidence, never a grant.
        step: What is done.
    """

    case: bytes
    number: int
    previous: Digest
    agency: AgencyId
    officer: OfficerId
    key_id: KeyId
    at: Instant
    step: Step

    def encode(self, realm: Realm) -> bytes:
        """Return the canonical body that is signed."""
        return encode(
            {
                0: 0,
                1: realm.octets,
                2: self.case,
                3: self.number,
                4: self.previous,
                5: self.agency,
                6: self.officer,
                7: self.key_id,
                8: self.at,
                9: kind_of(self.step).value,
                10: step_value(self.step),
            }
        )

    def to_act(self, known: Instant) -> Act:
        """Return the act as the machine takes it, proven to have existed at ``known``."""
        actor = Actor(agency=f"agency:{self.agency.hex()}", officer=f"officer:{self.officer.hex()}")
        return Act(step=self.step, actor=actor, at=self.at, known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAct:
    """A parsed record; not to be trusted before `verify_case`."""

    act: DeterminationAct
    body: bytes
    signature: bytes

    def digest(self, realm: Realm) -> Digest:
        """Return the digest by which the next act names this one, 32 bytes."""
        return tagged_hash(_DIGEST, realm, self.body)

    def encode(self) -> bytes:
        """Return the record's bytes."""
        return encode({0: 0, 1: self.body, 2: self.signature})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSigner:
    """Whose a device's record key is, as the directory says it at the moment of verifying."""

    agency: AgencyId
    officer: OfficerId
    key: VerifyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCase:
    """A case and the digests of the acts that prove it; made by `verify_case` only."""

    case: Case
    digests: tuple[Digest, ...]


def sign_act(
    step: Step,
    key: SigningKey,
    realm: Realm,
    *,
    agency: AgencyId,
    officer: OfficerId,
    at: Instant,
    case: bytes,
    after: SignedAct | None,
) -> SignedAct:
    """Sign the next act of a case; ``after`` is the one before, or none for the first."""
    act = DeterminationAct(
        case=case,
        number=after.act.number + 1 if after else 0,
        previous=after.digest(realm) if after else _NOTHING_BEFORE,
        agency=agency,
        officer=officer,
        key_id=key.verify_key.key_id(realm),
        at=at,
        step=step,
    )
    body = act.encode(realm)
    return SignedAct(act=act, body=body, signature=key.sign(_TAG, realm, body))


def open_act(data: bytes, realm: Realm) -> SignedAct:
    """Parse a record strictly, without trusting it.

    Raises:
        FormatError: malformed, then ``determination-realm`` (of another realm), then as
            `read_step`.
        UnsupportedVersionError: ``unknown-version``.
    """
    outer = decode_fields(data, max_bytes=MAX_ACT_BYTES)
    outer.version(0, supported=_VERSIONS)
    body = outer.octets(1, max_size=MAX_ACT_BYTES)
    signature = outer.octets(2, size=SIGNATURE_SIZE)
    outer.done()
    fields = decode_fields(body, max_bytes=MAX_ACT_BYTES)
    fields.version(0, supported=_VERSIONS)
    if fields.octets(1, size=DIGEST_SIZE) != realm.octets:
        raise FormatError("determination-realm")
    act = DeterminationAct(
        case=fields.octets(2, size=CASE_ID_SIZE),
        number=fields.integer(3, high=MAX_ACTS - 1),
        previous=Digest(fields.octets(4, size=DIGEST_SIZE)),
        agency=AgencyId(fields.octets(5, size=AGENCY_ID_SIZE)),
        officer=OfficerId(fields.octets(6, size=OFFICER_ID_SIZE)),
        key_id=KeyId(fields.octets(7, size=DIGEST_SIZE)),
        at=Instant(fields.integer(8, high=MAX_INSTANT)),
        step=read_step(StepKind(fields.integer(9, low=1, high=len(StepKind))), fields.value(10)),
    )
    fields.done()
    return SignedAct(act=act, body=body, signature=signature)


def verify_case(
    chain: Sequence[SignedAct],
    setting: Setting,
    realm: Realm,
    *,
    signers: Mapping[KeyId, CaseSigner],
    now: Instant,
    proven: Mapping[Digest, Instant],
    held: Sequence[Digest] = (),
) -> VerifiedCase:
    """Verify a whole chain and return the case that it comes to.

    Args:
        chain: Every act from the first, in order.
        setting: What the machine judges by.
        realm: Of this desk.
        signers: Device keys that the directory lets sign, with their owners.
        now: The present moment, which may only deny.
        proven: Digest of an act and the earliest moment at which it is known to have existed: a
            witnessed time, else when this desk first accepted it. What is missing counts as now.
        held: Digests of the acts that this desk already accepted for the case, in order.

    Raises:
        FormatError: ``determination-empty``.
        TamperedError: ``determination-number``, ``determination-case``,
            ``determination-previous``, ``determination-rolled-back``, ``determination-forked``.
        SignatureError: ``wrong-signer``, ``determination-actor``, ``ml-dsa``, ``ed25519``.
        LiaisonError: those of `open_case` and `advance`.

    Source: docs/spec/determination.md §10.3.
    """
    # 1. One chain from its first act, each naming the one before.
    digests = _linked(chain, realm)
    # 2. Nothing that this desk holds is missing or replaced.
    if len(held) > len(digests):
        raise TamperedError("determination-rolled-back")
    if tuple(held) != digests[: len(held)]:
        raise TamperedError("determination-forked")
    # 3. Each act is by the device, officer and agency that it names.
    for signed in chain:
        _verify_actor(signed, signers, realm)
    # 4. The machine takes every one of them.
    acts = [
        signed.act.to_act(min(proven.get(digest, now), now))
        for signed, digest in zip(chain, digests, strict=True)
    ]
    case = open_case(acts[0], setting, realm)
    if case.id != chain[0].act.case:
        raise TamperedError("determination-case")
    for act in acts[1:]:
        case = advance(case, act, setting)
    return VerifiedCase(case=case, digests=digests)


def _linked(chain: Sequence[SignedAct], realm: Realm) -> tuple[Digest, ...]:
    if not chain:
        raise FormatError("determination-empty")
    digests: list[Digest] = []
    previous = _NOTHING_BEFORE
    for number, signed in enumerate(chain):
        if signed.act.case != chain[0].act.case:
            raise TamperedError("determination-case")
        if signed.act.number != number:
            raise TamperedError("determination-number")
        if signed.act.previous != previous:
            raise TamperedError("determination-previous")
        previous = signed.digest(realm)
        digests.append(previous)
    return tuple(digests)


def _verify_actor(signed: SignedAct, signers: Mapping[KeyId, CaseSigner], realm: Realm) -> None:
    signer = signers.get(signed.act.key_id)
    if signer is None:
        raise SignatureError("wrong-signer")
    if (signer.agency, signer.officer) != (signed.act.agency, signed.act.officer):
        raise SignatureError("determination-actor")
    signer.key.verify(_TAG, realm, signed.body, signed.signature)
