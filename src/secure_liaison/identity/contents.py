"""What a statement says about the agency: registrars, revocations, accreditation, agreements.

Rules:

- Every record of a kind has one map and nothing else; a set has one order.
- A retired key is retired from now on; only a compromise may be dated back (checked by the
  statement, which knows its own beginning).

Source: docs/spec/statements.md §7.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE
from secure_liaison.errors import FormatError
from secure_liaison.identity.key_list import MAX_KEYS, read_keys, require_key_order
from secure_liaison.identity.names import require_name, require_token
from secure_liaison.identity.officer_contents import (
    BriefingContent,
    ClearanceContent,
    DeviceContent,
    OfficerContent,
)
from secure_liaison.labels.agreement import Agreement
from secure_liaison.labels.period import MAX_INSTANT

if TYPE_CHECKING:
    from secure_liaison.crypto.signing import VerifyKey
    from secure_liaison.encoding import Fields, Value

__all__ = [
    "AccreditationContent",
    "AccreditationScope",
    "AgreementContent",
    "Content",
    "RegistrarContent",
    "RevocationContent",
    "RevocationMode",
]

LEAST_REGISTRARS: Final = 2


class RevocationMode(Enum):
    """Why a key or statement no longer counts; the numbers are those of the encoding."""

    RETIRED = 1
    COMPROMISED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarContent:
    """The registrars of one epoch.

    Attributes:
        epoch: From 1.
        keys: 2–8, ascending.
        threshold: At least 2: no single person changes who may read.

    Raises:
        FormatError: ``key-order``, ``registrar-threshold``, ``epoch``.
    """

    epoch: int
    keys: tuple[VerifyKey, ...]
    threshold: int

    def __post_init__(self) -> None:
        require_key_order(self.keys, least=LEAST_REGISTRARS)
        if not LEAST_REGISTRARS <= self.threshold <= len(self.keys):
            raise FormatError("registrar-threshold")
        if self.epoch < 1:
            raise FormatError("epoch")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {1: self.epoch, 2: [key.octets for key in self.keys], 3: self.threshold}

    @classmethod
    def read(cls, fields: Fields) -> RegistrarContent:
        """Take the content's fields."""
        return cls(
            epoch=fields.integer(1, low=1),
            keys=read_keys(fields.items(2, max_items=MAX_KEYS)),
            threshold=fields.integer(3),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationContent:
    """That a key or a statement of the agency no longer counts.

    Attributes:
        target: A key id or a statement's digest, 32 bytes.
        since: Seconds UTC.
        reason: For people, may be empty.

    Raises:
        FormatError: ``name-text``.
    """

    target: bytes
    mode: RevocationMode
    since: Instant
    reason: str = ""

    def __post_init__(self) -> None:
        require_name(self.reason, may_be_empty=True)

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {1: self.target, 2: self.mode.value, 3: self.since, 4: self.reason}

    @classmethod
    def read(cls, fields: Fields) -> RevocationContent:
        """Take the content's fields."""
        return cls(
            target=fields.octets(1, size=DIGEST_SIZE),
            mode=RevocationMode(fields.integer(2, low=1, high=len(RevocationMode))),
            since=Instant(fields.integer(3, high=MAX_INSTANT)),
            reason=fields.text(4),
        )


class AccreditationScope(Enum):
    """What an accreditation is for; the numbers are those of the encoding."""

    DEPLOYMENT = 1
    """The agency's installation as a whole; without it no reserved level is used."""
    RELAY = 2
    """One relay; stated, it is a ceiling."""
    DEVICE = 3
    """One device; stated, it is a ceiling."""
    PROVIDER = 4
    """This software's commercial ciphers, accepted where the law asks for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccreditationContent:
    """Up to which level something is accredited for one policy, by whom, on what.

    Attributes:
        scope: What is accredited; the numbers are those of the encoding.
        target: URL of the relay, or the device's handle in hex digits; else empty.

    Raises:
        FormatError: ``token``, ``name-text``, ``accreditation-target``.
    """

    policy: str
    ceiling: str
    granted_by: str
    basis: str
    scope: AccreditationScope = AccreditationScope.DEPLOYMENT
    target: str = ""

    def __post_init__(self) -> None:
        aimed = self.scope in {AccreditationScope.RELAY, AccreditationScope.DEVICE}
        if aimed != bool(self.target):
            raise FormatError("accreditation-target")
        require_name(self.target, may_be_empty=True)
        require_token(self.policy)
        require_token(self.ceiling)
        require_name(self.granted_by)
        require_name(self.basis)

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {
            1: self.policy,
            2: self.ceiling,
            3: self.granted_by,
            4: self.basis,
            5: self.scope.value,
            6: self.target,
        }

    @classmethod
    def read(cls, fields: Fields) -> AccreditationContent:
        """Take the content's fields."""
        return cls(
            policy=fields.text(1),
            ceiling=fields.text(2),
            granted_by=fields.text(3),
            basis=fields.text(4),
            scope=AccreditationScope(fields.integer(5, low=1, high=len(AccreditationScope))),
            target=fields.text(6),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementContent:
    """What two agencies agreed."""

    agreement: Agreement

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {1: self.agreement.to_value()}

    @classmethod
    def read(cls, fields: Fields) -> AgreementContent:
        """Take the content's fields."""
        return cls(agreement=Agreement.from_value(fields.value(1)))


Content: TypeAlias = (
    RegistrarContent
    | OfficerContent
    | DeviceContent
    | ClearanceContent
    | BriefingContent
    | RevocationContent
    | AccreditationContent
    | AgreementContent
)
