"""A second sealer, written from docs/spec/capsule.md with framing and encoding of its own.

It makes good capsules for the vectors, and bad ones: every value passes a named point at which a
test may change it, so an insider who knows all secrets can be played step by step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.cobblestone import Cobblestone256Encryptor
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from secure_liaison.crypto.hpke import KemPrivateKey, KemPublicKey
from secure_liaison.crypto.keys import Secret
from secure_liaison.crypto.signing import SigningKey, composite_sign

PREFIX = "secure_liaison/draft-0/"
NOW = 1_795_400_000
DAY = 86400
Change = Callable[[Any], Any]


def fixed(name: str, size: int = 32) -> bytes:
    """Return bytes that are the same in every run and protect nothing."""
    return hashlib.shake_256(name.encode()).digest(size)


def cbor(value: object) -> bytes:
    return cbor2.dumps(value, canonical=True)


def cob_size(size: int) -> int:
    return 56 + size + 16 * (size // 16384 + 1)


def cob(key: bytes, context: bytes, message: bytes) -> bytes:
    stream = Cobblestone256Encryptor(key, context)
    return stream.update(message) + stream.finalize()


def padme(size: int) -> int:
    exponent = size.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (size + mask) & ~mask


def leaf(octets: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + octets).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node(root(leaves[:half]), root(leaves[half:]))


def padded(inner: bytes, size: int) -> bytes:
    return len(inner).to_bytes(4, "big") + inner + bytes(size - 4 - len(inner))


def some_label(**fields: Any) -> dict[int, Any]:
    """Return an encoded label under ``generic``; ``_2="secret"`` replaces field 2."""
    value: dict[int, Any] = {
        0: 0,
        1: "generic@2024-09-01",
        2: "confidential",
        3: [["agency:" + fixed("agency").hex()]],
        4: [],
        5: [],
        6: [],
        7: "agency:" + fixed("agency").hex(),
        8: NOW - 3600,
        9: {0: 1, 1: "P10Y", 2: NOW - 3600, 3: 0},
        10: {0: 1, 1: "", 2: "", 3: "", 4: "", 5: "", 6: [], 7: ""},
        11: None,
        12: None,
        13: [],
        14: None,
    }
    return value | {int(key[1:]): item for key, item in fields.items()}


@dataclass(frozen=True, kw_only=True)
class Forged:
    """What a forge makes."""

    envelope: bytes
    leaves: bytes
    body: bytes
    digest: bytes
    header: bytes
    core: bytes
    core_hash: bytes


@dataclass(kw_only=True)
class Forge:
    """Makes one capsule; ``changes`` maps points to functions of the value there.

    Points: core, core_bytes, custody, header, header_bytes, record, head_plain, head,
    payload_plain, payload, leaves, stanza_plain, stanza, signed, claims, claims_plain,
    sealed_claims, envelope.
    """

    realm: bytes = fixed("realm")
    object_id: bytes = fixed("object", 16)
    salt: bytes = fixed("salt")
    share: bytes = fixed("share")
    opening: bytes = fixed("r")
    role: int = 1
    reader: KemPublicKey = KemPrivateKey(Secret(fixed("reader kem"))).public_key
    signing_seed: bytes = fixed("signer", 64)
    signer_device: bytes = fixed("signer device", 16)
    addressees: tuple[bytes, ...] = (fixed("reader officer", 16),)
    label: dict[int, Any] = field(default_factory=some_label)
    subject: str = "关于演练的通报 · Notice of an exercise"
    parts: tuple[tuple[str, str, bytes], ...] = (
        ("通报.txt", "text/plain", "一、演练。\n".encode()),
        ("map.png", "image/png", fixed("map", 3000)),
    )
    expires: int = NOW + 30 * DAY
    claims_size: int = 8192
    others: int = 3
    changes: Mapping[str, Change] = field(default_factory=dict)

    def at(self, point: str, value: Any) -> Any:
        return self.changes[point](value) if point in self.changes else value

    def frame(self, tag: str, *parts: object) -> bytes:
        return cbor([PREFIX + tag, self.realm, 1, *parts])

    def hash(self, tag: str, *parts: object) -> bytes:
        return hashlib.sha256(self.frame(tag, *parts)).digest()

    def key(self, tag: str, hh: bytes) -> bytes:
        info = self.frame(tag, hh)
        return HKDF(hashes.SHA256(), 32, self.salt, info).derive(self.share)

    @property
    def signer(self) -> SigningKey:
        return SigningKey(self.signing_seed)

    @property
    def signer_key_id(self) -> bytes:
        return self.hash("signing-key-id", self.signer.verify_key.octets)

    @property
    def reader_key_id(self) -> bytes:
        return self.hash("kem-key-id", self.reader.octets)

    def make(self) -> Forged:
        core = self.at("core_bytes", cbor(self.at("core", self._core())))
        custody = cbor(self.at("custody", []))
        core_hash = self.hash("capsule-core", core)
        plain = self.at("payload_plain", self._payload_plain())
        record = cbor(self.at("record", self._record()))
        head_plain = self.at("head_plain", padded(record, self._bucket(len(record))))
        header_value = {
            0: 0,
            1: 1,
            2: self.realm,
            3: self.object_id,
            4: self.salt,
            5: self.hash(
                "capsule-commitment", self.opening, core_hash, self.hash("capsule-custody", custody)
            ),
            6: cob_size(len(head_plain)),
            7: cob_size(len(plain)),
            8: self.expires // DAY,
        }
        header = self.at("header_bytes", cbor(self.at("header", header_value)))
        hh = self.hash("header-hash", header)
        head = self.at("head", self._message("head", hh, head_plain))
        payload = self.at("payload", self._message("payload", hh, plain))
        ranges = [payload[start : start + 65536] for start in range(0, len(payload), 65536)]
        leaves = self.at("leaves", [leaf(head), *map(leaf, ranges)])
        payload_root = root(leaves)
        stanza = self._stanza(hh, core_hash)
        blind, index, path, stanza_root = self._place(stanza)
        signed = self.at("signed", hh + payload_root + stanza_root)
        message = self.frame("capsule-signature", self.signer_key_id, signed)
        signature = composite_sign(self.signing_seed, message)
        claims = self._claims(hh, core, custody, signature)
        envelope = {
            0: 0,
            1: header,
            2: payload_root,
            3: stanza_root,
            4: claims,
            5: stanza,
            6: blind,
            7: index,
            8: path,
        }
        return Forged(
            envelope=cbor(self.at("envelope", envelope)),
            leaves=b"".join(leaves),
            body=head + payload,
            digest=self.hash("object-digest", hh, payload_root, stanza_root),
            header=header,
            core=core,
            core_hash=core_hash,
        )

    def _message(self, name: str, hh: bytes, plain: bytes) -> bytes:
        return cob(self.key(f"capsule-{name}-key", hh), self.frame(f"capsule-{name}", hh), plain)

    def _core(self) -> dict[int, Any]:
        return {
            0: 0,
            1: self.realm,
            2: self.object_id,
            3: 1,
            4: self.signer_key_id,
            5: self.signer_device,
            6: NOW - 60,
            7: self.label,
            8: list(self.addressees),
            9: [],
            10: "priority",
            11: NOW + DAY,
            12: self.expires,
            13: False,
            14: False,
            15: 0,
            16: {0: "", 1: 0, 2: b""},
            17: {0: "ledger.example/1", 1: 7, 2: fixed("ledger root")},
            18: [self.hash("capsule-share-reader", self.share, self.object_id)],
            19: "",
        }

    def _record(self) -> dict[int, Any]:
        parts = [{0: name, 1: kind, 2: len(octets)} for name, kind, octets in self.parts]
        return {0: 0, 1: self.subject, 2: 12, 3: None, 4: parts}

    @staticmethod
    def _bucket(size: int) -> int:
        return next(bucket for bucket in (2048, 8192, 32768) if size + 4 <= bucket)

    def _payload_plain(self) -> bytes:
        plain = b"".join(octets for _, _, octets in self.parts)
        return plain.ljust(padme(max(len(plain), 4096)), b"\x00")

    def _stanza(self, hh: bytes, core_hash: bytes) -> bytes:
        info = self.frame("capsule-stanza", hh, self.role, self.reader_key_id)
        plain = self.at("stanza_plain", self.share + core_hash)
        sealed = self.reader.seal(plain, info=info)
        return cbor(self.at("stanza", {0: self.role, 1: self.reader_key_id, 2: sealed}))

    def _place(self, stanza: bytes) -> tuple[bytes, int, list[bytes], bytes]:
        blind = fixed("blind")
        mine = leaf(blind + stanza)
        leaves = sorted([mine, *(fixed(f"dummy {number}") for number in range(self.others))])
        index = leaves.index(mine)
        level, place, path = leaves, index, []
        while len(level) > 1:
            path.append(level[place ^ 1])
            level = [node(*pair) for pair in zip(level[::2], level[1::2], strict=True)]
            place >>= 1
        return blind, index, path, level[0]

    def _claims(self, hh: bytes, core: bytes, custody: bytes, signature: bytes) -> bytes:
        inner = cbor(self.at("claims", {0: 0, 1: self.opening, 2: core, 3: custody, 4: signature}))
        plain = self.at("claims_plain", padded(inner, self.claims_size - 72))
        sealed: bytes = self.at("sealed_claims", self._message("claims", hh, plain))
        return sealed
