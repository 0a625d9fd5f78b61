"""What is said about one officer: name, device, clearance, briefing.

Rules:

- Lists that are sets stand in ascending order, each item once, so that a content has one encoding.
- A clearance grants no membership of an agency or of being an officer: those two follow from who
  somebody is.
- The auditor never is the security officer too.
- An officer's id is computed from the agency and a nonce inside; `Statement` compares it.

Source: docs/spec/statements.md §7.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, KeyId, Realm, Tag, tagged_hash
from secure_liaison.errors import FormatError
from secure_liaison.identity.ids import (
    DEVICE_HANDLE_SIZE,
    OFFICER_ID_SIZE,
    OFFICER_NONCE_SIZE,
    AgencyId,
    DeviceHandle,
    OfficerId,
    new_officer_nonce,
    officer_id,
)
from secure_liaison.identity.names import Names, require_login, require_token
from secure_liaison.labels.audience import require_leaf
from secure_liaison.labels.period import MAX_INSTANT

if TYPE_CHECKING:
    from secure_liaison.crypto.hpke import KemPublicKey
    from secure_liaison.crypto.signing import NoteVerifyKey, RequestVerifyKey, VerifyKey
    from secure_liaison.encoding import Fields, Value

__all__ = [
    "BriefingContent",
    "ClearanceContent",
    "DeviceContent",
    "OfficerContent",
    "Role",
    "device_keys_digest",
    "new_officer",
]

MAX_MEMBERSHIPS: Final = 64
MAX_ENDORSERS: Final = 4

_DEVICE_KEYS: Final = Tag("secure_liaison/draft-0/device-keys")
_OWN_LEAVES: Final = ("agency:", "officer:")


class Role(Enum):
    """The offices an officer may hold; the numbers are those of the encoding."""

    LIAISON = 1
    SECURITY = 2
    AUDITOR = 3
    REGISTRAR = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerContent:
    """An officer of the agency.

    Attributes:
        login: Before the ``@`` of the address, 2–32 of ``a-z 0-9 . -``.
        post: What the officer is.
        roles: One or more; the auditor never is the security officer too.
        nonce: 16 random bytes out of which the id is computed.

    Raises:
        FormatError: ``login``, ``roles``.
    """

    officer: OfficerId
    login: str
    names: Names
    post: Names
    roles: frozenset[Role]
    nonce: bytes

    def __post_init__(self) -> None:
        require_login(self.login)
        if not self.roles or {Role.AUDITOR, Role.SECURITY} <= self.roles:
            raise FormatError("roles")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {
            1: self.officer,
            2: self.login,
            3: self.names.zh,
            4: self.names.en,
            5: self.post.zh,
            6: self.post.en,
            7: sorted(role.value for role in self.roles),
            8: self.nonce,
        }

    @classmethod
    def read(cls, fields: Fields) -> OfficerContent:
        """Take the content's fields."""
        return cls(
            officer=OfficerId(fields.octets(1, size=OFFICER_ID_SIZE)),
            login=fields.text(2),
            names=Names(zh=fields.text(3), en=fields.text(4)),
            post=Names(zh=fields.text(5), en=fields.text(6)),
            roles=_read_roles(fields),
            nonce=fields.octets(8, size=OFFICER_NONCE_SIZE),
        )

    def require_id(self, realm: Realm, agency: AgencyId) -> None:
        """Demand that the id is one that only this agency can give.

        Raises:
            FormatError: ``officer-id``.
        """
        if self.officer != officer_id(realm, agency, self.nonce):
            raise FormatError("officer-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceContent:
    """A device of an officer.

    Attributes:
        endorsed_by: Ids of signing keys of the officer's other devices that sign this too.
        keys_digest: `device_keys_digest` of the leaf in the roster.

    Raises:
        FormatError: ``endorsers``.
    """

    handle: DeviceHandle
    officer: OfficerId
    endorsed_by: tuple[KeyId, ...]
    keys_digest: Digest

    def __post_init__(self) -> None:
        in_order = sorted(set(self.endorsed_by)) == list(self.endorsed_by)
        if not in_order or any(len(key_id) != DIGEST_SIZE for key_id in self.endorsed_by):
            raise FormatError("endorsers")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {1: self.handle, 2: self.officer, 3: list(self.endorsed_by), 4: self.keys_digest}

    @classmethod
    def read(cls, fields: Fields) -> DeviceContent:
        """Take the content's fields."""
        return cls(
            handle=DeviceHandle(fields.octets(1, size=DEVICE_HANDLE_SIZE)),
            officer=OfficerId(fields.octets(2, size=OFFICER_ID_SIZE)),
            endorsed_by=_read_key_ids(fields),
            keys_digest=Digest(fields.octets(4, size=DIGEST_SIZE)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearanceContent:
    """Up to which level of one policy an officer is cleared.

    Attributes:
        policy: ``cn.state-secrets``, without a version.
        level: Level id of that policy.
        person_class: Class of the person in that policy, may be empty.
        memberships: Audience leaves ``nation:`` and ``group:``, ascending.

    Raises:
        FormatError: ``token``, ``label-audience-leaf``, ``membership``.
    """

    officer: OfficerId
    policy: str
    level: str
    person_class: str = ""
    memberships: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for token in (self.policy, self.level, *([self.person_class] if self.person_class else [])):
            require_token(token)
        # Otherwise one agency could make its officers members of another.
        if any(require_leaf(leaf).startswith(_OWN_LEAVES) for leaf in self.memberships):
            raise FormatError("membership")
        if sorted(set(self.memberships)) != list(self.memberships):
            raise FormatError("membership")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {
            1: self.officer,
            2: self.policy,
            3: self.level,
            4: self.person_class,
            5: list(self.memberships),
        }

    @classmethod
    def read(cls, fields: Fields) -> ClearanceContent:
        """Take the content's fields."""
        return cls(
            officer=OfficerId(fields.octets(1, size=OFFICER_ID_SIZE)),
            policy=fields.text(2),
            level=fields.text(3),
            person_class=fields.text(4),
            memberships=tuple(
                leaf if isinstance(leaf, str) else ""
                for leaf in fields.items(5, max_items=MAX_MEMBERSHIPS)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefingContent:
    """That an officer was trained on a topic and pledged silence; it ends with the statement.

    Raises:
        FormatError: ``token``.
    """

    officer: OfficerId
    topic: str
    pledged: Instant

    def __post_init__(self) -> None:
        require_token(self.topic)

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {1: self.officer, 2: self.topic, 3: self.pledged}

    @classmethod
    def read(cls, fields: Fields) -> BriefingContent:
        """Take the content's fields."""
        return cls(
            officer=OfficerId(fields.octets(1, size=OFFICER_ID_SIZE)),
            topic=fields.text(2),
            pledged=Instant(fields.integer(3, high=MAX_INSTANT)),
        )


def new_officer(
    realm: Realm,
    agency: AgencyId,
    *,
    login: str,
    names: Names,
    post: Names,
    roles: frozenset[Role],
) -> OfficerContent:
    """Return the content for an officer whom the agency does not have yet, with a new id.

    Raises:
        FormatError: ``login``, ``roles``.

    Source: docs/spec/statements.md §2.
    """
    nonce = new_officer_nonce()
    return OfficerContent(
        officer=officer_id(realm, agency, nonce),
        login=login,
        names=names,
        post=post,
        roles=roles,
        nonce=nonce,
    )


def device_keys_digest(
    realm: Realm,
    *,
    handle: DeviceHandle,
    signing_key: VerifyKey,
    request_key: RequestVerifyKey,
    vault_key: KemPublicKey,
    ledger_key: NoteVerifyKey,
) -> Digest:
    """Return the digest of a device's handle and public keys, 32 bytes.

    Source: docs/spec/statements.md §7.
    """
    keys = (signing_key.octets, request_key.octets, vault_key.octets, ledger_key.octets)
    return tagged_hash(_DEVICE_KEYS, realm, handle, *keys)


def _read_roles(fields: Fields) -> frozenset[Role]:
    numbers = fields.items(7, max_items=len(Role))
    known = {role.value: role for role in Role}
    roles = [known[n] for n in numbers if isinstance(n, int) and n in known]
    if len(roles) != len(numbers) or sorted({role.value for role in roles}) != numbers:
        raise FormatError("roles")
    return frozenset(roles)


def _read_key_ids(fields: Fields) -> tuple[KeyId, ...]:
    ids = [item for item in fields.items(3, max_items=MAX_ENDORSERS) if isinstance(item, bytes)]
    return tuple(KeyId(item) for item in ids)
