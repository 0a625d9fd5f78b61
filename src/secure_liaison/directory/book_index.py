"""The statements of one book by what they are about, each question with one answer.

Rules:

- Two statements that answer the same question refuse the book; the reader never chooses.
- A device statement is for a leaf of the same roster, with the digest of exactly its keys.
- A revocation acts as long as it is under the roster, also outside its own period: the clock may
  deny, but it must not give a lost key back.

Source: docs/spec/directory.md §5.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, assert_never

from secure_liaison.errors import CredentialError
from secure_liaison.identity.contents import (
    AccreditationContent,
    AccreditationScope,
    AgreementContent,
    RegistrarContent,
    RevocationContent,
)
from secure_liaison.identity.officer_contents import (
    BriefingContent,
    ClearanceContent,
    DeviceContent,
    OfficerContent,
)
from secure_liaison.identity.revocations import Revocations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.directory.roster import VerifiedSnapshot
    from secure_liaison.identity.ids import DeviceHandle, OfficerId
    from secure_liaison.identity.statements import SignedStatement

__all__ = ["BookIndex", "index_statements"]

_KeyT = TypeVar("_KeyT")


@dataclass(frozen=True, slots=True, kw_only=True)
class BookIndex:
    """Statements by officer, login, device, policy; filled by `index_statements`.

    Attributes:
        revocations: All that the book's revocation statements say.
    """

    officers: dict[OfficerId, tuple[SignedStatement, OfficerContent]] = field(default_factory=dict)
    logins: dict[str, OfficerId] = field(default_factory=dict)
    devices: dict[DeviceHandle, tuple[SignedStatement, DeviceContent]] = field(default_factory=dict)
    clearances: dict[tuple[OfficerId, str], tuple[SignedStatement, ClearanceContent]] = field(
        default_factory=dict
    )
    briefings: dict[tuple[OfficerId, str], tuple[SignedStatement, BriefingContent]] = field(
        default_factory=dict
    )
    accreditations: dict[
        tuple[str, AccreditationScope, str], tuple[SignedStatement, AccreditationContent]
    ] = field(default_factory=dict)
    agreements: dict[bytes, tuple[SignedStatement, AgreementContent]] = field(default_factory=dict)
    revocations: Revocations


def index_statements(signed: Sequence[SignedStatement], snapshot: VerifiedSnapshot) -> BookIndex:
    """Sort statements whose issuers were verified by what they are about.

    Raises:
        CredentialError: ``wrong-kind``, ``book-twice``, ``book-officer``, ``book-device``,
            ``book-endorsement``.

    Source: docs/spec/directory.md §5.
    """
    contents = [one.statement.content for one in signed]
    revoked = [content for content in contents if isinstance(content, RevocationContent)]
    index = BookIndex(revocations=Revocations.of(revoked))
    for one in signed:
        _add(index, one)
    for officer in _officers_spoken_of(index):
        if officer not in index.officers:
            raise CredentialError("book-officer")
    for _, device in index.devices.values():
        _require_leaf(device, snapshot)
        _require_endorsers(device, index, snapshot)
    return index


def _add(index: BookIndex, signed: SignedStatement) -> None:
    content = signed.statement.content
    match content:
        case OfficerContent():
            _once(index.officers, content.officer, (signed, content))
            _once(index.logins, content.login, content.officer)
        case DeviceContent():
            _once(index.devices, content.handle, (signed, content))
        case ClearanceContent():
            _once(index.clearances, (content.officer, content.policy), (signed, content))
        case BriefingContent():
            _once(index.briefings, (content.officer, content.topic), (signed, content))
        case AccreditationContent():
            key = (content.policy, content.scope, content.target)
            _once(index.accreditations, key, (signed, content))
        case AgreementContent():
            _once(index.agreements, signed.digest, (signed, content))
        case RevocationContent():
            pass  # collected before
        case RegistrarContent():
            raise CredentialError("wrong-kind")
        case _:
            assert_never(content)


_ValueT = TypeVar("_ValueT")


def _once(table: dict[_KeyT, _ValueT], key: _KeyT, value: _ValueT) -> None:
    if key in table:
        raise CredentialError("book-twice")
    table[key] = value


def _officers_spoken_of(index: BookIndex) -> set[OfficerId]:
    return (
        {content.officer for _, content in index.devices.values()}
        | {officer for officer, _ in index.clearances}
        | {officer for officer, _ in index.briefings}
    )


def _require_leaf(device: DeviceContent, snapshot: VerifiedSnapshot) -> None:
    leaf = snapshot.leaves.get(device.handle)
    realm = snapshot.roster.realm
    if leaf is None or not hmac.compare_digest(leaf.keys_digest(realm), device.keys_digest):
        raise CredentialError("book-device")


def _require_endorsers(device: DeviceContent, index: BookIndex, snapshot: VerifiedSnapshot) -> None:
    for key_id in device.endorsed_by:
        handle = snapshot.by_signing_key.get(key_id)
        found = index.devices.get(handle) if handle is not None else None
        if found is None or found[1].officer != device.officer or handle == device.handle:
            raise CredentialError("book-endorsement")
