"""Passphrases: Argon2id (libsodium, p = 1) opens a slot that holds a random key.

Rules:

- Memory and passes are recorded in the slot, so they can be raised later; a slot that asks for
  less than the floor or more than the ceiling is refused (downgrade, exhaustion).
- The random key is sealed with Cobblestone-256, which commits to its key: one passphrase, one key.

Source: docs/spec/vault.md §slots; RFC 9106 §4 (parameters); libsodium ``crypto_pwhash``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nacl.pwhash import argon2id

from secure_liaison.crypto.keys import (
    SECRET_SIZE,
    Realm,
    Secret,
    Tag,
    frame,
    random_bytes,
)
from secure_liaison.crypto.payload import open_sealed, seal_whole
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError, TamperedError, WrongPassphraseError

__all__ = ["DESK_COST", "TEST_COST", "Cost", "open_slot", "seal_slot"]

_VERSION: Final = frozenset({0})
_SLOT: Final = Tag("secure_liaison/draft-0/passphrase-slot")
_NO_REALM: Final = Realm(bytes(32))
_SALT_SIZE: Final = 16
_FLOOR_BYTES: Final = 8 * 2**20
_CEILING_BYTES: Final = 4 * 2**30
_MAX_PASSES: Final = 64
_MAX_SLOT_BYTES: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Argon2id cost; parallelism is 1."""

    memory_bytes: int
    passes: int


DESK_COST: Final = Cost(memory_bytes=256 * 2**20, passes=4)
"""256 MiB and 4 passes: about a second on a desk computer (RFC 9106 §4 asks 64 MiB and 3)."""

TEST_COST: Final = Cost(memory_bytes=_FLOOR_BYTES, passes=1)
"""The floor: for tests and rehearsals only."""


def seal_slot(passphrase: str, key: Secret, *, cost: Cost = DESK_COST) -> bytes:
    """Return a slot that gives ``key`` back to whoever knows ``passphrase``."""
    salt = random_bytes(_SALT_SIZE)
    wrapping = _stretch(passphrase, salt, cost)
    sealed = seal_whole(wrapping, key.reveal(), context=_context(salt, cost))
    return encode({0: 0, 1: salt, 2: cost.memory_bytes, 3: cost.passes, 4: sealed})


def open_slot(passphrase: str, slot: bytes) -> Secret:
    """Return the key of a slot.

    Raises:
        FormatError: the slot is malformed, or ``slot-cost`` (outside floor and ceiling).
        WrongPassphraseError: ``no-slot``.
    """
    fields = decode_fields(slot, max_bytes=_MAX_SLOT_BYTES)
    fields.version(0, supported=_VERSION)
    salt = fields.octets(1, size=_SALT_SIZE)
    cost = Cost(memory_bytes=fields.integer(2), passes=fields.integer(3))
    sealed = fields.octets(4, max_size=_MAX_SLOT_BYTES)
    fields.done()
    in_memory = _FLOOR_BYTES <= cost.memory_bytes <= _CEILING_BYTES
    if not in_memory or not 1 <= cost.passes <= _MAX_PASSES:
        raise FormatError("slot-cost")
    wrapping = _stretch(passphrase, salt, cost)
    try:
        opened = open_sealed(wrapping, sealed, context=_context(salt, cost))
    except TamperedError as exc:
        raise WrongPassphraseError("no-slot") from exc
    return Secret(opened)


def _context(salt: bytes, cost: Cost) -> bytes:
    return frame(_SLOT, _NO_REALM, salt, cost.memory_bytes, cost.passes)


def _stretch(passphrase: str, salt: bytes, cost: Cost) -> Secret:
    return Secret(
        argon2id.kdf(
            SECRET_SIZE,
            passphrase.encode(),
            salt,
            opslimit=cost.passes,
            memlimit=cost.memory_bytes,
        )
    )
