"""Grants of authority and designations as signed records: written, dated, by the right agency.

Rules:

- A grant is signed by registrars of the granting agency, a designation by those of the officer's
  own; as many as that agency's registrar statement asks for.
- A signature by anybody else refuses the record.
- A signed grant may still give nothing: `secure_liaison.labels.authority` judges what it says.

Source: docs/spec/determination.md §5.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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
from secure_liaison.labels.grants import AuthorityGrant, Designation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.signing import SigningKey, VerifyKey
    from secure_liaison.encoding import Value
    from secure_liaison.identity.ids import AgencyId

__all__ = [
    "MAX_AUTHORITY_BYTES",
    "Issuer",
    "open_designation",
    "open_grant",
    "sign_designation",
    "sign_grant",
]

MAX_AUTHORITY_BYTES: Final = 2**16

_GRANT: Final = Tag("secure_liaison/draft-0/authority-grant")
_DESIGNATION: Final = Tag("secure_liaison/draft-0/authority-designation")
_VERSIONS: Final = frozenset({0})


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
