"""A reader of capsules: one device, one trusted roster entry, permits as the gate gives them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast

from secure_liaison.capsule.claims import Claims, unwrap
from secure_liaison.capsule.format import Capsule, Role, parse_envelope
from secure_liaison.capsule.head import HeadRecord, PartEntry
from secure_liaison.capsule.unseal import VerifiedCapsule, open_head, reveal, verify
from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import KeyId, Realm, Secret
from secure_liaison.crypto.signing import (
    NoteVerifyKey,
    RequestVerifyKey,
    SigningKey,
    VerifyKey,
)
from secure_liaison.directory.leaf import RosterLeaf
from secure_liaison.errors import CredentialError
from secure_liaison.identity.ids import AgencyId, DeviceHandle, OfficerId
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.monitor import gate
from secure_liaison.monitor.decision import Action
from secure_liaison.monitor.gate import Permit
from tests.capsule.forge import NOW, Forged, fixed


def permit_for(action: Action, *, core_hash: bytes, key_ids: Iterable[bytes]) -> Permit:
    """Return what the gate returns once it permitted; these tests begin behind the gate."""
    decision = cast(
        "Any", SimpleNamespace(action=action, pack="generic@2024-09-01", obligations=())
    )
    entry = cast("Any", SimpleNamespace(event=SimpleNamespace(permit=bytes(16).hex()), index=0))
    return Permit(
        gate._MINT,
        decision,
        entry=entry,
        core_hash=core_hash,
        key_ids=frozenset(KeyId(key_id) for key_id in key_ids),
        roster_sequences={},
        expires_at=Instant(NOW + 300),
    )


def pack_of(label: Label) -> PolicyPack:
    return builtin_pack(label.policy)


class OneRoster:
    """Stands for a `DirectoryView` that trusts one signer and knows one reader."""

    def __init__(
        self,
        *,
        realm: Realm,
        signer: VerifyKey,
        signer_device: bytes,
        signer_officer: bytes,
        readers: dict[bytes, bytes],
    ) -> None:
        self._signer = signer.key_id(realm)
        self._owners = {signer_device: signer_officer} | readers
        self._leaf = RosterLeaf(
            handle=DeviceHandle(signer_device),
            signing_key=signer,
            request_key=RequestVerifyKey(fixed("request")),
            vault_key=KemPrivateKey(Secret(fixed("vault"))).public_key,
            ledger_key=NoteVerifyKey(fixed("ledger")),
            possession=b"",
            not_before=Instant(0),
            not_after=Instant(2 * NOW),
        )
        self.refusal: Exception | None = None

    def device_by_signing_key(self, key_id: KeyId) -> tuple[AgencyId, RosterLeaf]:
        if key_id != self._signer:
            raise CredentialError("unknown-key")
        return AgencyId(fixed("agency")), self._leaf

    def owner_of(self, handle: DeviceHandle) -> object:
        return SimpleNamespace(officer=OfficerId(self._owners[handle]))

    def check_signer(self, _key_id: KeyId, **_moments: object) -> None:
        if self.refusal is not None:
            raise self.refusal


class Sink:
    """Keeps parts, and what was published."""

    def __init__(self) -> None:
        self.open: list[tuple[PartEntry, bytearray]] = []
        self.published: dict[str, bytes] | None = None
        self.aborted = False

    def begin(self, part: PartEntry) -> None:
        self.open.append((part, bytearray()))

    def write(self, piece: bytes) -> None:
        self.open[-1][1].extend(piece)

    def commit(self) -> None:
        self.published = {part.name: bytes(octets) for part, octets in self.open}

    def abort(self) -> None:
        self.aborted = True


@dataclass(kw_only=True)
class Reader:
    """One device of one officer; every field may be replaced by a test."""

    realm: Realm = field(default_factory=lambda: Realm(fixed("realm")))
    now: int = NOW
    role: Role = Role.VAULT
    kem: KemPrivateKey = field(default_factory=lambda: KemPrivateKey(Secret(fixed("reader kem"))))
    device: bytes = fixed("reader device", 16)
    officer: bytes = fixed("reader officer", 16)
    signer: VerifyKey = field(default_factory=lambda: SigningKey(fixed("signer", 64)).verify_key)
    signer_device: bytes = fixed("signer device", 16)
    signer_officer: bytes = fixed("signer officer", 16)
    refusal: Exception | None = None

    def keyring(self, role: Role, key_id: KeyId) -> KemPrivateKey | None:
        mine = role is self.role and key_id == self.kem.public_key.key_id(self.realm)
        return self.kem if mine else None

    def parse(self, envelope: bytes) -> Capsule:
        return parse_envelope(envelope)

    def unwrap(self, envelope: bytes) -> Claims:
        return unwrap(parse_envelope(envelope), self.keyring, self.realm)

    def verify(self, envelope: bytes, *, kept: Secret | None = None) -> VerifiedCapsule:
        roster = OneRoster(
            realm=self.realm,
            signer=self.signer,
            signer_device=self.signer_device,
            signer_officer=self.signer_officer,
            readers={self.device: self.officer},
        )
        roster.refusal = self.refusal
        claims = unwrap(parse_envelope(envelope), self.keyring, self.realm, kept=kept)
        return verify(
            claims,
            view=cast("Any", roster),
            pack_of=pack_of,
            device=DeviceHandle(self.device),
            now=Instant(self.now),
        )

    def permit(self, verified: VerifiedCapsule, action: Action) -> Permit:
        return permit_for(action, core_hash=verified.core_hash, key_ids={verified.key_id})

    def list(self, forged: Forged, *, kept: Secret | None = None) -> HeadRecord:
        verified = self.verify(forged.envelope, kept=kept)
        size = verified.claims.capsule.header.head_length
        return open_head(
            verified,
            self.permit(verified, Action.LIST),
            leaves=forged.leaves,
            head=forged.body[:size],
            now=Instant(NOW),
        )

    def open(self, forged: Forged, sink: Sink | None = None) -> tuple[HeadRecord, Sink]:
        verified = self.verify(forged.envelope)
        kept = Sink() if sink is None else sink
        record = reveal(
            verified,
            self.permit(verified, Action.OPEN),
            leaves=forged.leaves,
            body=BytesIO(forged.body),
            sink=kept,
            now=Instant(NOW),
        )
        return record, kept
