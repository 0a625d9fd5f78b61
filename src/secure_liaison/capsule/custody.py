"""The custody groups inside the claims: parsed strictly, used by a later release.

Rules:

- All groups are needed to open, any one member of a group suffices; at most 8 members in all.
- An object without custody has the empty array, and its encoding enters the commitment as well.

Source: docs/spec/capsule.md §6; DESIGN §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.hpke import OVERHEAD
from secure_liaison.crypto.keys import (
    DIGEST_SIZE,
    SECRET_SIZE,
    Digest,
    KeyId,
    Tag,
    tagged_hash,
)
from secure_liaison.encoding import Fields, decode, encode
from secure_liaison.errors import FormatError

if TYPE_CHECKING:
    from secure_liaison.crypto.keys import Realm
    from secure_liaison.encoding import Value

__all__ = [
    "NO_CUSTODY",
    "CustodianKind",
    "CustodyGroups",
    "CustodyMember",
    "custody_hash",
    "decode_custody",
    "encode_custody",
]

SEALED_SHARE_SIZE: Final = OVERHEAD + SECRET_SIZE
MAX_MEMBERS: Final = 8
MAX_CUSTODY_BYTES: Final = 12_288
_CUSTODY: Final = Tag("secure_liaison/draft-0/capsule-custody")


class CustodianKind(Enum):
    """What a member is for; the numbers are those of the encoding."""

    CUSTODIAN = 1
    BREAK_GLASS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyMember:
    """One member of a group.

    Attributes:
        key_id: The custodian's key, 32 bytes.
        kind: Custodian or break-glass.
        sealed: The group's share, sealed to that key, 1168 bytes.
    """

    key_id: KeyId
    kind: CustodianKind
    sealed: bytes


CustodyGroups = tuple[tuple[CustodyMember, ...], ...]
"""AND across groups, any member within."""

NO_CUSTODY: Final[CustodyGroups] = ()


def encode_custody(groups: CustodyGroups) -> bytes:
    """Return the one encoding of the groups; one byte if there are none."""
    return encode(
        [[{0: m.key_id, 1: m.kind.value, 2: m.sealed} for m in members] for members in groups]
    )


def decode_custody(data: bytes) -> CustodyGroups:
    """Read the groups strictly.

    Raises:
        FormatError: as `decode` and `Fields`, and ``capsule-custody`` for a rule of §6.
    """
    value = decode(data, max_bytes=MAX_CUSTODY_BYTES)
    if not isinstance(value, list):
        raise FormatError("capsule-custody")
    groups = tuple(_group(item) for item in value)
    if sum(map(len, groups)) > MAX_MEMBERS:
        raise FormatError("capsule-custody")
    return groups


def custody_hash(data: bytes, realm: Realm) -> Digest:
    """Return H(custody) over the encoding as it came, 32 bytes."""
    return tagged_hash(_CUSTODY, realm, data)


def _group(value: Value) -> tuple[CustodyMember, ...]:
    if not isinstance(value, list) or not value:
        raise FormatError("capsule-custody")
    members = tuple(_member(Fields(item)) for item in value)
    if len({member.key_id for member in members}) != len(members):
        raise FormatError("capsule-custody")
    return members


def _member(fields: Fields) -> CustodyMember:
    key_id = KeyId(fields.octets(0, size=DIGEST_SIZE))
    kind = fields.integer(1)
    sealed = fields.octets(2, size=SEALED_SHARE_SIZE)
    fields.done()
    try:
        return CustodyMember(key_id=key_id, kind=CustodianKind(kind), sealed=sealed)
    except ValueError as exc:
        raise FormatError("capsule-custody") from exc
