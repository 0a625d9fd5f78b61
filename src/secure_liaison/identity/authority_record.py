"""Grants, designations and lists of bodies as signed records: dated, by the right agency.

Rules:

- A grant is signed by registrars of the granting agency, a designation by those of the officer's
  own, a list of bodies by those of the agency for whose desks it counts; as many as that agency's
  registrar statement asks for.
- A catalogue of items is signed by registrars of the agency that adopts it.
- A signature by anybody else refuses the record.
- A signed grant may still give nothing: `secure_liaison.labels.authority` judges what it says.

Source: docs/spec/determination.md §5.2, §5.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from secure_liaison.crypto.keys import DIGEST_SIZE, Realm, Tag
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError, SignatureError
from secure_liaison.identity.records import (
    decode_record,
    encode_record,
    require_signers,
    sign_record,
    verify_signatures,
)
from secure_liaison.labels.adopted import AdoptedCatalogue
from secure_liaison.labels.body_list import BodyList
from secure_liaison.labels.catalogue import MAX_CATALOGUE_BYTES
from secure_liaison.labels.grants import AuthorityGrant, Designation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.signing import SigningKey, VerifyKey
    from secure_liaison.encoding import Value
    from secure_liaison.identity.ids import AgencyId

__all__ = [
    "MAX_AUTHORITY_BYTES",
    "MAX_AUTHORITY_FILE_BYTES",
    "AuthorityContent",
    "AuthorityFile",
    "AuthorityKind",
    "Issuer",
    "issuer_of",
    "open_authority",
    "open_body_list",
    "open_catalogue",
    "open_designation",
    "open_grant",
    "read_authority_file",
    "read_content",
    "sign_body_list",
    "sign_catalogue",
    "sign_designation",
    "sign_grant",
]

MAX_AUTHORITY_BYTES: Final = MAX_CATALOGUE_BYTES + 2**17
"""Of the longest record, an adopted catalogue with its signatures."""
MAX_AUTHORITY_FILE_BYTES: Final = MAX_AUTHORITY_BYTES + 64
_MAX_OTHER_BYTES: Final = 2**16

_GRANT: Final = Tag("secure_liaison/draft-0/authority-grant")
_DESIGNATION: Final = Tag("secure_liaison/draft-0/authority-designation")
_BODIES: Final = Tag("secure_liaison/draft-0/authority-bodies")
_CATALOGUE: Final = Tag("secure_liaison/draft-0/authority-catalogue")
_VERSIONS: Final = frozenset({0})


AuthorityContent: TypeAlias = AuthorityGrant | Designation | BodyList | AdoptedCatalogue


class AuthorityKind(Enum):
    """What a signed record of registrars says; the numbers are those of its file."""

    GRANT = 1
    DESIGNATION = 2
    BODIES = 3
    CATALOGUE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityFile:
    """A record on its way to a desk; not to be trusted before `open_authority`."""

    kind: AuthorityKind
    record: bytes

    def encode(self) -> bytes:
        """Return the file's bytes."""
        return encode({0: 0, 1: self.kind.value, 2: self.record})


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The registrars of one agency, as its registrar statement in force names them.

    Attributes:
        agency: 32 bytes.
        keys: Every registrar's key.
        threshold: How many of them must sign.
    """

    agency: AgencyId
    keys: tuple[VerifyKey, ...]
    threshold: int


def sign_grant(grant: AuthorityGrant, realm: Realm, keys: Sequence[SigningKey]) -> bytes:
    """Return a grant signed by registrars of the granting agency."""
    return _sign(_GRANT, grant.to_value(), realm, keys)


def open_grant(data: bytes, realm: Realm, issuer: Issuer) -> AuthorityGrant:
    """Verify a grant of an agency.

    Raises:
        FormatError: malformed, then ``determination-realm``, then as `AuthorityGrant`.
        UnsupportedVersionError: ``unknown-version``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``,
            ``authority-issuer`` (another agency grants).
    """
    grant = AuthorityGrant.from_value(_verified(_GRANT, data, realm, issuer))
    _require_issuer(grant.granter, issuer)
    return grant


def sign_designation(designation: Designation, realm: Realm, keys: Sequence[SigningKey]) -> bytes:
    """Return a designation signed by registrars of the officer's agency."""
    return _sign(_DESIGNATION, designation.to_value(), realm, keys)


def open_designation(data: bytes, realm: Realm, issuer: Issuer) -> Designation:
    """Verify a designation of an agency.

    Raises:
        FormatError: malformed, then ``determination-realm``, then as `Designation`.
        UnsupportedVersionError: ``unknown-version``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``,
            ``authority-issuer`` (another agency designates).
    """
    designation = Designation.from_value(_verified(_DESIGNATION, data, realm, issuer))
    _require_issuer(designation.body, issuer)
    return designation


def sign_body_list(bodies: BodyList, realm: Realm, keys: Sequence[SigningKey]) -> bytes:
    """Return a list of bodies signed by registrars of the agency for whose desks it counts."""
    return _sign(_BODIES, bodies.to_value(), realm, keys)


def open_body_list(data: bytes, realm: Realm, issuer: Issuer) -> BodyList:
    """Verify an agency's list of bodies.

    Raises:
        FormatError: malformed, then ``determination-realm``, then as `BodyList`.
        UnsupportedVersionError: ``unknown-version``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``,
            ``authority-issuer`` (the list is another agency's).
    """
    found = BodyList.from_value(_verified(_BODIES, data, realm, issuer))
    _require_issuer(found.issuer, issuer)
    return found


def sign_catalogue(adopted: AdoptedCatalogue, realm: Realm, keys: Sequence[SigningKey]) -> bytes:
    """Return a catalogue of items signed by registrars of the agency that adopts it."""
    return _sign(_CATALOGUE, adopted.to_value(), realm, keys)


def open_catalogue(data: bytes, realm: Realm, issuer: Issuer) -> AdoptedCatalogue:
    """Verify an agency's catalogue of items.

    Raises:
        FormatError: malformed, then ``determination-realm``, then as `AdoptedCatalogue`.
        UnsupportedVersionError: ``unknown-version``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``,
            ``authority-issuer`` (another agency adopted it).
    """
    found = AdoptedCatalogue.from_value(_verified(_CATALOGUE, data, realm, issuer))
    _require_issuer(found.issuer, issuer)
    return found


def read_authority_file(data: bytes) -> AuthorityFile:
    """Parse a file strictly, without trusting it.

    Raises:
        FormatError: malformed.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = decode_fields(data, max_bytes=MAX_AUTHORITY_FILE_BYTES)
    fields.version(0, supported=_VERSIONS)
    kind = AuthorityKind(fields.integer(1, low=1, high=len(AuthorityKind)))
    long = kind is AuthorityKind.CATALOGUE
    record = fields.octets(2, max_size=MAX_AUTHORITY_BYTES if long else _MAX_OTHER_BYTES)
    fields.done()
    return AuthorityFile(kind=kind, record=record)


def read_content(kind: AuthorityKind, value: Value) -> AuthorityContent:
    """Read what a record says, without trusting it.

    Raises:
        FormatError: as the constructor of that kind.
        UnsupportedVersionError: ``unknown-version``.
    """
    match kind:
        case AuthorityKind.GRANT:
            return AuthorityGrant.from_value(value)
        case AuthorityKind.DESIGNATION:
            return Designation.from_value(value)
        case AuthorityKind.BODIES:
            return BodyList.from_value(value)
        case AuthorityKind.CATALOGUE:
            return AdoptedCatalogue.from_value(value)
        case _:
            assert_never(kind)


def issuer_of(file: AuthorityFile) -> str:
    """Return the leaf of the agency that a file claims to be of: whose registrars to look up.

    Raises:
        FormatError: malformed.
        UnsupportedVersionError: ``unknown-version``.
    """
    record = decode_record(file.record, max_bytes=MAX_AUTHORITY_BYTES)
    content = decode_fields(record.body, max_bytes=MAX_AUTHORITY_BYTES).value(2)
    found = read_content(file.kind, content)
    match found:
        case AuthorityGrant():
            return found.granter
        case Designation():
            return found.body
        case BodyList() | AdoptedCatalogue():
            return found.issuer
        case _:
            assert_never(found)


def open_authority(file: AuthorityFile, realm: Realm, issuer: Issuer) -> AuthorityContent:
    """Verify a record of any kind.

    Raises:
        FormatError, UnsupportedVersionError, SignatureError: as the function of that kind.
    """
    match file.kind:
        case AuthorityKind.GRANT:
            return open_grant(file.record, realm, issuer)
        case AuthorityKind.DESIGNATION:
            return open_designation(file.record, realm, issuer)
        case AuthorityKind.BODIES:
            return open_body_list(file.record, realm, issuer)
        case AuthorityKind.CATALOGUE:
            return open_catalogue(file.record, realm, issuer)
        case _:
            assert_never(file.kind)


def _sign(tag: Tag, content: Value, realm: Realm, keys: Sequence[SigningKey]) -> bytes:
    body = encode({0: 0, 1: realm.octets, 2: content})
    return encode_record(sign_record(tag, realm, body, keys=keys))


def _verified(tag: Tag, data: bytes, realm: Realm, issuer: Issuer) -> Value:
    record = decode_record(data, max_bytes=MAX_AUTHORITY_BYTES)
    signed_by = verify_signatures(record, tag, realm, keys=issuer.keys)
    require_signers(signed_by, (key.key_id(realm) for key in issuer.keys), issuer.threshold)
    fields = decode_fields(record.body, max_bytes=MAX_AUTHORITY_BYTES)
    fields.version(0, supported=_VERSIONS)
    if fields.octets(1, size=DIGEST_SIZE) != realm.octets:
        raise FormatError("determination-realm")
    content = fields.value(2)
    fields.done()
    return content


def _require_issuer(leaf: str, issuer: Issuer) -> None:
    if leaf != f"agency:{issuer.agency.hex()}":
        raise SignatureError("authority-issuer")
