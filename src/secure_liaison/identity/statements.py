"""Statements: something signed by an authority, of one of eight kinds, for one agency and realm.

Rules:

- Each kind has a tag of its own; a signature over one kind is none over another.
- Kind, realm, agency, id and period stand inside the signed body, so that a statement cannot be
  moved to another agency or realm.
- The digest is of the body; signing again changes no digest.
- `decode_signed` parses; it does not trust. Trust is in `secure_liaison.identity.chain`.

Source: docs/spec/statements.md §6, §7.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, assert_never

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, KeyId, Realm, Tag, tagged_hash
from secure_liaison.encoding import Fields, decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.identity.contents import (
    AccreditationContent,
    AgreementContent,
    Content,
    RegistrarContent,
    RevocationContent,
    RevocationMode,
)
from secure_liaison.identity.ids import (
    AGENCY_ID_SIZE,
    STATEMENT_ID_SIZE,
    AgencyId,
    StatementId,
    new_statement_id,
)
from secure_liaison.identity.officer_contents import (
    BriefingContent,
    ClearanceContent,
    DeviceContent,
    OfficerContent,
    Role,
    device_keys_digest,
)
from secure_liaison.identity.records import (
    SignedRecord,
    cosign_record,
    decode_record,
    encode_record,
    sign_record,
)
from secure_liaison.identity.validity import Validity
from secure_liaison.labels.period import MAX_INSTANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.signing import SigningKey

__all__ = [
    "MAX_STATEMENT_BYTES",
    "AccreditationContent",
    "AgreementContent",
    "BriefingContent",
    "ClearanceContent",
    "Content",
    "DeviceContent",
    "OfficerContent",
    "RegistrarContent",
    "RevocationContent",
    "RevocationMode",
    "Role",
    "SignedStatement",
    "Statement",
    "StatementKind",
    "add_signature",
    "decode_signed",
    "device_keys_digest",
    "encode_signed",
    "kind_tag",
    "make_statement",
    "sign_statement",
]

MAX_STATEMENT_BYTES: Final = 64 * 1024
MAX_BODY_BYTES: Final = 48 * 1024

_VERSION: Final = frozenset({0})


class StatementKind(Enum):
    """The kinds of statements; the numbers are those of the encoding."""

    REGISTRAR = 1
    OFFICER = 2
    DEVICE = 3
    CLEARANCE = 4
    BRIEFING = 5
    REVOCATION = 6
    ACCREDITATION = 7
    AGREEMENT = 8


_TAGS: Final = {
    StatementKind.REGISTRAR: Tag("secure_liaison/draft-0/registrar"),
    StatementKind.OFFICER: Tag("secure_liaison/draft-0/officer"),
    StatementKind.DEVICE: Tag("secure_liaison/draft-0/device"),
    StatementKind.CLEARANCE: Tag("secure_liaison/draft-0/clearance"),
    StatementKind.BRIEFING: Tag("secure_liaison/draft-0/briefing"),
    StatementKind.REVOCATION: Tag("secure_liaison/draft-0/revocation"),
    StatementKind.ACCREDITATION: Tag("secure_liaison/draft-0/accreditation"),
    StatementKind.AGREEMENT: Tag("secure_liaison/draft-0/agreement"),
}
_DIGEST: Final = Tag("secure_liaison/draft-0/statement-digest")
_KINDS: Final[dict[type[Content], StatementKind]] = {
    RegistrarContent: StatementKind.REGISTRAR,
    OfficerContent: StatementKind.OFFICER,
    DeviceContent: StatementKind.DEVICE,
    ClearanceContent: StatementKind.CLEARANCE,
    BriefingContent: StatementKind.BRIEFING,
    RevocationContent: StatementKind.REVOCATION,
    AccreditationContent: StatementKind.ACCREDITATION,
    AgreementContent: StatementKind.AGREEMENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is said, by which agency, for how long.

    Attributes:
        kind: One of the eight; it must be that of the content.
        agency: The issuing agency.
        statement_id: 16 random bytes.
        not_before: Seconds UTC.
        not_after: Seconds UTC, the first moment outside.

    Raises:
        FormatError: ``statement-kind``, ``validity-order``, ``revocation-backdated``,
            ``officer-id``.
    """

    kind: StatementKind
    realm: Realm
    agency: AgencyId
    statement_id: StatementId
    not_before: Instant
    not_after: Instant
    content: Content

    def __post_init__(self) -> None:
        if _KINDS[type(self.content)] is not self.kind:
            raise FormatError("statement-kind")
        if self.not_before >= self.not_after:
            raise FormatError("validity-order")
        match self.content:
            case RevocationContent(mode=RevocationMode.RETIRED, since=since):
                if since < self.not_before:
                    raise FormatError("revocation-backdated")
            case OfficerContent():
                self.content.require_id(self.realm, self.agency)
            case _:
                pass

    @property
    def validity(self) -> Validity:
        """The period of validity."""
        return Validity(not_before=self.not_before, not_after=self.not_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """A statement with its signatures; parsed, not verified.

    Attributes:
        body: The encoded statement.
        signatures: Key id and composite signature, ascending by key id.
        statement: What the body says.
    """

    body: bytes
    signatures: tuple[tuple[KeyId, bytes], ...]
    statement: Statement

    @property
    def digest(self) -> Digest:
        """The digest of the body, 32 bytes; the same however often it is signed."""
        return tagged_hash(
            _DIGEST, self.statement.realm, kind_tag(self.statement.kind).text, self.body
        )

    @property
    def record(self) -> SignedRecord:
        """Body and signatures for verifying."""
        return SignedRecord(body=self.body, signatures=self.signatures)


def kind_tag(kind: StatementKind) -> Tag:
    """Return the tag that signatures over this kind carry."""
    return _TAGS[kind]


def make_statement(
    content: Content, *, realm: Realm, agency: AgencyId, not_before: Instant, not_after: Instant
) -> Statement:
    """Make a statement of the content's kind with a new random id.

    Raises:
        FormatError: as `Statement`.
    """
    return Statement(
        kind=_KINDS[type(content)],
        realm=realm,
        agency=agency,
        statement_id=new_statement_id(),
        not_before=not_before,
        not_after=not_after,
        content=content,
    )


def encode_statement(statement: Statement) -> bytes:
    """Return the body that is signed."""
    return encode(
        {
            0: 0,
            1: statement.kind.value,
            2: statement.realm.octets,
            3: statement.agency,
            4: statement.statement_id,
            5: statement.not_before,
            6: statement.not_after,
            7: statement.content.to_value(),
        }
    )


def sign_statement(statement: Statement, keys: Sequence[SigningKey]) -> SignedStatement:
    """Sign with every key, one or more.

    Raises:
        ValueError: no key.
    """
    if not keys:
        msg = "a statement needs a key"
        raise ValueError(msg)
    body = encode_statement(statement)
    record = sign_record(kind_tag(statement.kind), statement.realm, body, keys=keys)
    return SignedStatement(body=body, signatures=record.signatures, statement=statement)


def add_signature(signed: SignedStatement, key: SigningKey) -> SignedStatement:
    """Return the statement with one more signature; its digest stays."""
    statement = signed.statement
    record = cosign_record(signed.record, kind_tag(statement.kind), statement.realm, key=key)
    return SignedStatement(body=signed.body, signatures=record.signatures, statement=statement)


def encode_signed(signed: SignedStatement) -> bytes:
    """Return the signed statement's bytes."""
    return encode_record(signed.record)


def decode_signed(data: bytes) -> SignedStatement:
    """Read a signed statement of at most 64 KiB; nothing is verified yet.

    Raises:
        FormatError: not one canonical record, as `Statement`, or ``statement-form``.
        UnsupportedVersionError: ``unknown-version``.
    """
    record = decode_record(data, max_bytes=MAX_STATEMENT_BYTES)
    fields = decode_fields(record.body, max_bytes=MAX_BODY_BYTES)
    fields.version(0, supported=_VERSION)
    kind = StatementKind(fields.integer(1, low=1, high=len(StatementKind)))
    statement = Statement(
        kind=kind,
        realm=Realm(fields.octets(2, size=DIGEST_SIZE)),
        agency=AgencyId(fields.octets(3, size=AGENCY_ID_SIZE)),
        statement_id=StatementId(fields.octets(4, size=STATEMENT_ID_SIZE)),
        not_before=Instant(fields.integer(5, high=MAX_INSTANT)),
        not_after=Instant(fields.integer(6, high=MAX_INSTANT)),
        content=_read_content(kind, fields.fields(7)),
    )
    fields.done()
    # Contents are read leniently where only this comparison can tell (order, kinds of items).
    if encode_statement(statement) != record.body:
        raise FormatError("statement-form")
    return SignedStatement(body=record.body, signatures=record.signatures, statement=statement)


def _read_content(kind: StatementKind, fields: Fields) -> Content:
    content: Content
    match kind:
        case StatementKind.REGISTRAR:
            content = RegistrarContent.read(fields)
        case StatementKind.OFFICER:
            content = OfficerContent.read(fields)
        case StatementKind.DEVICE:
            content = DeviceContent.read(fields)
        case StatementKind.CLEARANCE:
            content = ClearanceContent.read(fields)
        case StatementKind.BRIEFING:
            content = BriefingContent.read(fields)
        case StatementKind.REVOCATION:
            content = RevocationContent.read(fields)
        case StatementKind.ACCREDITATION:
            content = AccreditationContent.read(fields)
        case StatementKind.AGREEMENT:
            content = AgreementContent.read(fields)
        case _:
            assert_never(kind)
    fields.done()
    return content
