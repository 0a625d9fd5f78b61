"""What an attacker can make: parts of a read object taken apart, changed, sealed and signed again.

- `steal` is what every reader of an object can do with a modified desk.
- `reclaim` seals other claims under the same header; `stanza_for` gives the share to anybody.
- `make` is a second sealer (`tests.capsule.forge`) in the hands of whoever holds a signing key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from secure_liaison.capsule.claims import unwrap
from secure_liaison.capsule.core import Core, decode_core, encode_core, hash_of_core
from secure_liaison.capsule.format import Role, Stanza, encode_stanza, pad, parse_envelope
from secure_liaison.capsule.format import stanza_info as info_of
from secure_liaison.capsule.shares import MessageKey, ObjectKeys
from secure_liaison.crypto.keys import Digest
from secure_liaison.crypto.payload import open_sealed, seal_whole
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.office import Office
from secure_liaison.wire import Envelope, encode_envelope
from tests.attacks.world import HOME, TEXT, Scene
from tests.capsule.forge import Forge, Forged, fixed

CLAIMS_INNER = 8192 - 72
FORGED_TEXT = "会见取消。The meeting is cancelled."


@dataclass(frozen=True, kw_only=True)
class Stolen:
    """What a reader knows of an object."""

    digest: Digest
    envelope: Envelope
    keys: ObjectKeys
    share: bytes
    opening: bytes
    core_bytes: bytes
    core: Core
    custody: bytes
    signature: bytes
    leaves: bytes
    head: bytes
    payload: bytes


def steal(scene: Scene, login: str, digest: Digest) -> Stolen:
    """Take an object apart that this officer is a recipient of."""
    desk = scene.desk(login)
    envelope = scene.relay.envelope(digest, desk.keys.handle)
    capsule = parse_envelope(encode_envelope(envelope))
    claims = unwrap(capsule, lambda _role, _key_id: desk.keys.kem, desk.realm)
    keys = claims.keys
    opened = open_sealed(
        keys.key(MessageKey.CLAIMS), envelope.claims, context=keys.context(MessageKey.CLAIMS)
    )
    end = 4 + int.from_bytes(opened[:4], "big")
    fields = decode_fields(opened[4:end], max_bytes=16384)
    core_bytes = fields.octets(2)
    body = scene.relay.bodies[digest]
    return Stolen(
        digest=digest,
        envelope=envelope,
        keys=keys,
        share=claims.share.reveal(),
        opening=fields.octets(1),
        core_bytes=core_bytes,
        core=decode_core(core_bytes, desk.realm),
        custody=fields.octets(3),
        signature=fields.octets(4),
        leaves=scene.relay.leaves[digest],
        head=body[: capsule.header.head_length],
        payload=body[capsule.header.head_length :],
    )


def reclaim(stolen: Stolen, *, core: Core | None = None, signature: bytes | None = None) -> bytes:
    """Return claims sealed anew under the same header, with another core or signature in them."""
    core_bytes = stolen.core_bytes if core is None else encode_core(core, stolen.keys.realm)
    record = encode(
        {
            0: 0,
            1: stolen.opening,
            2: core_bytes,
            3: stolen.custody,
            4: signature or stolen.signature,
        }
    )
    keys = stolen.keys
    return seal_whole(
        keys.key(MessageKey.CLAIMS),
        pad(record, CLAIMS_INNER),
        context=keys.context(MessageKey.CLAIMS),
    )


def stanza_for(stolen: Stolen, desk: Office, core: Core | None = None) -> bytes:
    """Return a stanza that gives the stolen share to another desk's vault key."""
    realm, key = stolen.keys.realm, desk.keys.kem.public_key
    core_bytes = stolen.core_bytes if core is None else encode_core(core, realm)
    info = info_of(stolen.keys.header_hash, Role.VAULT, key.key_id(realm), realm=realm)
    sealed = key.seal(stolen.share + hash_of_core(core_bytes, realm), info=info)
    return encode_stanza(Stanza(role=Role.VAULT, key_id=key.key_id(realm), sealed=sealed))


def make(
    *,
    signer: SigningKey,
    signer_device: bytes,
    reader: Office,
    like: Core,
    text: str = FORGED_TEXT,
    changes: Mapping[str, Callable[[Any], Any]] | None = None,
    **fields: Any,
) -> Forged:
    """Seal a bulletin of any content, signed with any key, labelled and addressed like another."""
    values: dict[str, Any] = {
        "realm": reader.realm.octets,
        "reader": reader.keys.kem.public_key,
        "signing_seed": signer.seed(),
        "signer_device": signer_device,
        "addressees": (reader.me().officer,),
        "label": like.label.to_value(),
        "object_id": fixed("forged", 16),
        "subject": "通报 18",
        "parts": (("text.txt", "text/plain", text.encode()),),
        "changes": dict(changes or {}),
    }
    return Forge(**{**values, **fields}).make()


def plant(scene: Scene, login: str, forged: Forged) -> Digest:
    """Let the relay hand a made object to an officer."""
    return scene.relay.plant(
        scene.box(login), forged.envelope, leaves=forged.leaves, body=forged.body
    )


def skip(monkeypatch: pytest.MonkeyPatch, module: Any, *reasons: str) -> None:
    """Remove exactly those comparisons of a module that would refuse with these reasons."""
    real = module.require_equal

    def lenient(expected: bytes, found: bytes, reason: str) -> None:
        if reason not in reasons:
            real(expected, found, reason)

    monkeypatch.setattr(module, "require_equal", lenient)


__all__ = [
    "FORGED_TEXT",
    "HOME",
    "TEXT",
    "Stolen",
    "make",
    "plant",
    "reclaim",
    "skip",
    "stanza_for",
    "steal",
]
