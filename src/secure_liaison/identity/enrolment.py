"""The request with which a new device asks to be admitted.

Rules:

- The device signs with the key it asks for: proof that it holds the key, not of who holds it.
- It signs a second time what its leaf in the roster will carry, and nothing else of the request.
- Officer and registrar compare twelve digits. They come out of a slow hash, because twelve digits
  of a fast one could be met by trying request after request.

Source: docs/spec/statements.md §10; RFC 7914 (scrypt).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import PUBLIC_KEY_SIZE, KemPublicKey
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, Realm, Tag, frame
from secure_liaison.crypto.signing import (
    NOTE_KEY_SIZE,
    SIGNATURE_SIZE,
    VERIFY_KEY_SIZE,
    NoteVerifyKey,
    RequestVerifyKey,
    VerifyKey,
)
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.identity.anchors import decimal_groups
from secure_liaison.identity.ids import (
    AGENCY_ID_SIZE,
    DEVICE_HANDLE_SIZE,
    AgencyId,
    DeviceHandle,
)
from secure_liaison.identity.names import Names, require_login
from secure_liaison.identity.officer_contents import device_keys_digest
from secure_liaison.identity.possession import prove_possession, verify_possession
from secure_liaison.identity.records import (
    decode_record,
    encode_record,
    sign_record,
    verify_signatures,
)
from secure_liaison.labels.period import MAX_INSTANT

if TYPE_CHECKING:
    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.encoding import Value

__all__ = ["MAX_REQUEST_BYTES", "EnrolmentRequest", "make_request", "open_request"]

MAX_REQUEST_BYTES: Final = 16 * 1024

_VERSION: Final = frozenset({0})
_ENROLMENT: Final = Tag("secure_liaison/draft-0/enrolment")
_DIGITS_TAG: Final = Tag("secure_liaison/draft-0/enrolment-digits")
_DIGITS: Final = 12
_SCRYPT_N: Final = 2**15
_SCRYPT_R: Final = 8
_SCRYPT_MEMORY_BYTES: Final = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRequest:
    """What a device asks for.

    Attributes:
        login: Of the officer, as the officer says.
        names: Of the officer, as the officer says.
        signing_key: For records.
        request_key: For requests to the relay.
        vault_key: To which objects are sealed.
        ledger_key: For checkpoints of the device's ledger.
        created: Seconds UTC; grants nothing.
        possession: What the device's leaf will carry, 3373 bytes; empty until `make_request`.

    Raises:
        FormatError: ``login``.
    """

    realm: Realm
    agency: AgencyId
    handle: DeviceHandle
    login: str
    names: Names
    signing_key: VerifyKey
    request_key: RequestVerifyKey
    vault_key: KemPublicKey
    ledger_key: NoteVerifyKey
    created: Instant
    possession: bytes = b""

    def __post_init__(self) -> None:
        require_login(self.login)

    @property
    def keys_digest(self) -> Digest:
        """The digest of handle and keys that the device statement names, 32 bytes."""
        return device_keys_digest(
            self.realm,
            handle=self.handle,
            signing_key=self.signing_key,
            request_key=self.request_key,
            vault_key=self.vault_key,
            ledger_key=self.ledger_key,
        )

    def digits(self) -> str:
        """Return the 12 digits that officer and registrar compare; takes about 0.1 s, 32 MiB."""
        slow = hashlib.scrypt(
            encode(_asked(self)),
            salt=frame(_DIGITS_TAG, self.realm),
            n=_SCRYPT_N,
            r=_SCRYPT_R,
            p=1,
            maxmem=_SCRYPT_MEMORY_BYTES,
            dklen=DIGEST_SIZE,
        )
        return decimal_groups(slow, digits=_DIGITS)


def make_request(request: EnrolmentRequest, *, signing_key: SigningKey) -> bytes:
    """Return the request's file, signed by the key that it asks for, with the leaf's proof.

    Raises:
        ValueError: ``signing_key`` is another key than the one in the request.
    """
    if signing_key.verify_key != request.signing_key:
        msg = "a request is signed by the key inside it"
        raise ValueError(msg)
    proven = replace(
        request,
        possession=prove_possession(
            signing_key,
            realm=request.realm,
            agency=request.agency,
            handle=request.handle,
            keys_digest=request.keys_digest,
        ),
    )
    body = encode(_asked(proven) | {12: proven.possession})
    return encode_record(sign_record(_ENROLMENT, request.realm, body, keys=[signing_key]))


def open_request(data: bytes) -> EnrolmentRequest:
    """Read a request of at most 16 KiB and verify that its device holds the key.

    Raises:
        FormatError: not one canonical record, or a field that no request may hold.
        UnsupportedVersionError: ``unknown-version``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``.
        FormatError: ``device-handle``.
        SignatureError: ``ml-dsa``, ``ed25519``: the proof for the leaf.

    Source: docs/spec/statements.md §10.
    """
    record = decode_record(data, max_bytes=MAX_REQUEST_BYTES)
    fields = decode_fields(record.body, max_bytes=MAX_REQUEST_BYTES)
    fields.version(0, supported=_VERSION)
    request = EnrolmentRequest(
        realm=Realm(fields.octets(1, size=DIGEST_SIZE)),
        agency=AgencyId(fields.octets(2, size=AGENCY_ID_SIZE)),
        handle=DeviceHandle(fields.octets(3, size=DEVICE_HANDLE_SIZE)),
        login=fields.text(4),
        names=Names(zh=fields.text(5), en=fields.text(6)),
        signing_key=VerifyKey(fields.octets(7, size=VERIFY_KEY_SIZE)),
        request_key=RequestVerifyKey(fields.octets(8, size=NOTE_KEY_SIZE)),
        vault_key=KemPublicKey(fields.octets(9, size=PUBLIC_KEY_SIZE)),
        ledger_key=NoteVerifyKey(fields.octets(10, size=NOTE_KEY_SIZE)),
        created=Instant(fields.integer(11, high=MAX_INSTANT)),
        possession=fields.octets(12, size=SIGNATURE_SIZE),
    )
    fields.done()
    verify_signatures(record, _ENROLMENT, request.realm, keys=[request.signing_key])
    verify_possession(
        request.signing_key,
        request.possession,
        realm=request.realm,
        agency=request.agency,
        handle=request.handle,
        keys_digest=request.keys_digest,
    )
    return request


def _asked(request: EnrolmentRequest) -> dict[int, Value]:
    """Return what is asked for: the body without the proof, which signing anew would change."""
    return {
        0: 0,
        1: request.realm.octets,
        2: request.agency,
        3: request.handle,
        4: request.login,
        5: request.names.zh,
        6: request.names.en,
        7: request.signing_key.octets,
        8: request.request_key.octets,
        9: request.vault_key.octets,
        10: request.ledger_key.octets,
        11: request.created,
    }
