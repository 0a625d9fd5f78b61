"""The error tree: everything an operator can meet, and nothing else.

Rules:

- A programmer's mistake raises ``TypeError`` or ``ValueError``; all else is a `LiaisonError`.
- Each class has a stable ``code``; each raise names a ``reason`` from the closed list in the
  catalogues (``error.<code>.<reason>``); the sentence and the next step live there, in zh and en.
- ``str(error)`` holds the code and the reason, never a name, a subject, a path or key material.
- Verification and permission checks raise; they never return a boolean.

::

    LiaisonError
    ├─ FormatError ── UnsupportedVersionError          malformed or unknown bytes
    ├─ VerificationError                               well-formed but not to be trusted
    │  ├─ SignatureError
    │  ├─ TamperedError                                hash, commitment, path or AEAD does not match
    │  ├─ CredentialError ── CredentialExpiredError, CredentialNotYetValidError,
    │  │                     CredentialRevokedError
    │  ├─ ReplayError                                  seen before under other bytes
    │  ├─ DirectoryStaleError, DirectoryRollbackError
    │  └─ AuditInconsistentError
    ├─ NotAddressedError                               no stanza for this device
    ├─ AccessDeniedError                               carries reasons and unmet obligations
    ├─ VaultError ── VaultLockedError, WrongPassphraseError, VaultTooNewError, VaultDamagedError
    ├─ RelayError ── RelayUnreachableError, RelayRefusedError, ReceiptError
    └─ WorkflowError ── OutOfOrderError, SecondPersonRequiredError, MissingExtraError
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AccessDeniedError",
    "AuditInconsistentError",
    "CredentialError",
    "CredentialExpiredError",
    "CredentialNotYetValidError",
    "CredentialRevokedError",
    "DirectoryRollbackError",
    "DirectoryStaleError",
    "Disclosure",
    "FormatError",
    "LiaisonError",
    "MissingExtraError",
    "NotAddressedError",
    "OutOfOrderError",
    "Reason",
    "ReceiptError",
    "RelayError",
    "RelayRefusedError",
    "RelayUnreachableError",
    "ReplayError",
    "SecondPersonRequiredError",
    "SignatureError",
    "TamperedError",
    "UnsupportedVersionError",
    "VaultDamagedError",
    "VaultError",
    "VaultLockedError",
    "VaultTooNewError",
    "VerificationError",
    "WorkflowError",
    "WrongPassphraseError",
]

Fact = str | int


class LiaisonError(Exception):
    """Anything an operator can meet.

    Args:
        reason: Stable slug in lower case; ``error.<code>.<reason>`` is its catalogue key.
        facts: Values for the catalogue sentence. Never secrets, names, subjects or paths.
    """

    code: ClassVar[str] = "liaison"

    def __init__(self, reason: str, **facts: Fact) -> None:
        super().__init__(f"{self.code}: {reason}")
        self.reason = reason
        self.facts: dict[str, Fact] = facts


class FormatError(LiaisonError):
    """The bytes are malformed, non-canonical or of an unknown kind."""

    code = "format"


class UnsupportedVersionError(FormatError):
    """The bytes name a version or suite that this release does not know."""

    code = "format.version"


class VerificationError(LiaisonError):
    """Well-formed, but not to be trusted."""

    code = "verification"


class SignatureError(VerificationError):
    """A signature does not verify, or is not by the key that should have made it."""

    code = "verification.signature"


class TamperedError(VerificationError):
    """A hash, a commitment, a Merkle path or an authentication tag does not match."""

    code = "verification.tampered"


class CredentialError(VerificationError):
    """A statement or key is not in force for what it is used for."""

    code = "credential"


class CredentialExpiredError(CredentialError):
    """The statement's validity has ended."""

    code = "credential.expired"


class CredentialNotYetValidError(CredentialError):
    """The statement's validity has not begun."""

    code = "credential.not-yet-valid"


class CredentialRevokedError(CredentialError):
    """The key or statement was withdrawn (retired, or compromised since a moment)."""

    code = "credential.revoked"


class ReplayError(VerificationError):
    """Seen before, or offered again under other bytes."""

    code = "verification.replay"


class DirectoryStaleError(VerificationError):
    """The directory is older than the rule for this act allows."""

    code = "directory.stale"


class DirectoryRollbackError(VerificationError):
    """An older or a second roster was offered for a (epoch, sequence) already known."""

    code = "directory.rollback"


class AuditInconsistentError(VerificationError):
    """A ledger, an export or a checkpoint contradicts itself or what was seen before."""

    code = "audit.inconsistent"


class NotAddressedError(LiaisonError):
    """The object holds no stanza for this device."""

    code = "capsule.not-addressed"


class Disclosure(Enum):
    """How much of a refusal may be told to whom."""

    FULL = "full"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One unmet rule, as data; surfaces render it from the catalogues.

    Attributes:
        code: Stable (``CLEARANCE_BELOW_LABEL``); ``refusal.<code>`` is its catalogue key.
        rule: Rule id and pack version that decided (``read.level@cn.state-secrets@2024-09-01``).
        subject: Whom it concerns, as the sender's side names them; empty towards outsiders.
        have: What is held, already a rendered mark or date; may be empty.
        need: What is needed; may be empty.
        fixable_by: Catalogue key of the office that can change it (``office.…``).
        instead: Catalogue keys of what is possible instead (``instead.extract``).
        basis: Citations of the law behind the rule; may be empty.
    """

    code: str
    rule: str
    subject: str = ""
    have: str = ""
    need: str = ""
    fixable_by: str = ""
    instead: tuple[str, ...] = ()
    basis: str = ""


class AccessDeniedError(LiaisonError):
    """The gate refused. Nothing was sealed, sent or shown.

    Attributes:
        reasons: Every unmet rule; empty where nothing may be told.
        obligations: Codes of duties that the caller could not fulfil.
        ref: Six characters that the security officer can look up in the ledger.
        marks: Marks with a gloss in the reasons, and each as those who read Chinese know it.
    """

    code = "access.denied"

    def __init__(
        self,
        reason: str,
        *,
        reasons: tuple[Reason, ...] = (),
        obligations: tuple[str, ...] = (),
        ref: str = "",
        marks: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.reasons = reasons
        self.obligations = obligations
        self.ref = ref
        self.marks = dict(marks or {})


class VaultError(LiaisonError):
    """The vault cannot do what was asked; its content is as it was."""

    code = "vault"


class VaultLockedError(VaultError):
    """Another process holds the vault."""

    code = "vault.locked"


class WrongPassphraseError(VaultError):
    """No key slot opens with this passphrase."""

    code = "vault.passphrase"


class VaultTooNewError(VaultError):
    """A newer release wrote this vault."""

    code = "vault.too-new"


class VaultDamagedError(VaultError):
    """The vault's file is truncated or corrupted."""

    code = "vault.damaged"


class RelayError(LiaisonError):
    """The relay could not be used; what was to be sent stays in the outbox."""

    code = "relay"


class RelayUnreachableError(RelayError):
    """No connection, or it broke; try again."""

    code = "relay.unreachable"


class RelayRefusedError(RelayError):
    """The relay answered with a refusal."""

    code = "relay.refused"


class ReceiptError(RelayError):
    """The relay's answer is not what the protocol promises."""

    code = "relay.receipt"


class WorkflowError(LiaisonError):
    """A step that cannot be taken now, or not so."""

    code = "workflow"


class OutOfOrderError(WorkflowError):
    """An earlier step is missing."""

    code = "workflow.order"


class SecondPersonRequiredError(WorkflowError):
    """This needs another person's signature."""

    code = "workflow.second-person"


class MissingExtraError(WorkflowError):
    """A part of the product is not installed; the hint names the command that installs it."""

    code = "workflow.extra"
