"""The roster's page: what registrars sign to fix devices and statements at one sequence.

Rules:

- Two registrars or more sign it: no single person changes who may read.
- The digest is of the body: the same roster with one more signature is the same roster.
- A statement's leaf is blinded by 32 random bytes, so a guess about it cannot be confirmed.
- Fields of the logs (origins, heartbeat, policy) are there and may be empty.

Source: docs/spec/directory.md §3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import DIGEST_SIZE, Digest, Realm, Tag, frame, tagged_hash
from secure_liaison.directory.leaf import MAX_DEVICES
from secure_liaison.encoding import Fields, decode_fields, encode
from secure_liaison.errors import CredentialError, FormatError, SecondPersonRequiredError
from secure_liaison.identity.ids import AGENCY_ID_SIZE, AgencyId
from secure_liaison.identity.names import require_name
from secure_liaison.identity.records import (
    decode_record,
    encode_record,
    require_signers,
    sign_record,
    verify_signatures,
)
from secure_liaison.labels.period import MAX_INSTANT
from secure_liaison.transparency.merkle import leaf_hash
from secure_liaison.wire import checked_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.encoding import Value
    from secure_liaison.identity.chain import Registrars

__all__ = [
    "MAX_ROSTER_BYTES",
    "MAX_STATEMENTS",
    "NO_RELAY",
    "RelayPointer",
    "Roster",
    "blinded_leaf",
    "open_roster",
    "read_page",
    "roster_digest",
    "sign_roster",
]

MAX_ROSTER_BYTES: Final = 80 * 1024
MAX_STATEMENTS: Final = 16384
MAX_PACKS: Final = 64
SALT_SIZE: Final = 32

_VERSION: Final = frozenset({0})
_ROSTER: Final = Tag("secure_liaison/draft-0/roster")
_DIGEST: Final = Tag("secure_liaison/draft-0/roster-digest")
_LEAF: Final = Tag("secure_liaison/draft-0/statement-leaf")
_LEAST_SIGNERS: Final = 2
_SHORTEST_HEARTBEAT_S: Final = 6 * 3600
_LONGEST_HEARTBEAT_S: Final = 7 * 86400
_MAX_TEXT: Final = 255
_PACK: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}@[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPointer:
    """Where the agency collects, and the logs that it names; all but the URL may be empty.

    Raises:
        FormatError: ``relay-url``, ``name-text``, ``log-key``.
    """

    url: str
    directory_origin: str = ""
    audit_origin: str = ""
    relay_key: bytes = b""

    def __post_init__(self) -> None:
        if self.url:
            checked_url(self.url)
        for origin in (self.directory_origin, self.audit_origin):
            require_name(origin, max_size=_MAX_TEXT, may_be_empty=True)
        _require_log_key(self.relay_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """What registrars sign.

    Attributes:
        epoch: Of the registrar statement, from 1.
        sequence: Counts up by one in an epoch, from 1.
        previous: Digest of the roster before; none only at sequence 1.
        device_root: Root over the leaves, 32 bytes.
        statement_root: Root over the blinded leaves of all statements in force, 32 bytes.
        created: Seconds UTC; grants nothing.
        expires: Seconds UTC, the first moment outside.
        minimum_packs: ``policy@version``, ascending: labels under an older version are refused.
        heartbeat_key: Empty or 32 bytes.
        heartbeat_period_s: 0 for none, otherwise 6 h to 7 d.
        log_policy: Witness policy, may be empty.

    Raises:
        FormatError: ``roster-sequence``, ``validity-order``, ``minimum-packs``, ``log-key``,
            ``heartbeat-period``.
    """

    realm: Realm
    agency: AgencyId
    epoch: int
    sequence: int
    previous: Digest | None
    device_root: bytes
    device_count: int
    statement_root: bytes
    statement_count: int
    created: Instant
    expires: Instant
    relay: RelayPointer
    minimum_packs: tuple[str, ...] = ()
    heartbeat_key: bytes = b""
    heartbeat_period_s: int = 0
    log_policy: str = ""

    def __post_init__(self) -> None:
        if self.epoch < 1 or self.sequence < 1 or (self.previous is None and self.sequence > 1):
            raise FormatError("roster-sequence")
        if self.created >= self.expires:
            raise FormatError("validity-order")
        in_order = sorted(set(self.minimum_packs)) == list(self.minimum_packs)
        if not in_order or not all(map(_PACK.fullmatch, self.minimum_packs)):
            raise FormatError("minimum-packs")
        _require_log_key(self.heartbeat_key)
        period = self.heartbeat_period_s
        if period and not _SHORTEST_HEARTBEAT_S <= period <= _LONGEST_HEARTBEAT_S:
            raise FormatError("heartbeat-period")

    @property
    def place(self) -> tuple[int, int]:
        """Epoch and sequence: what must never go back."""
        return self.epoch, self.sequence


def roster_digest(roster: Roster) -> Digest:
    """Return the digest of the roster's body, 32 bytes."""
    return tagged_hash(_DIGEST, roster.realm, _encode_body(roster))


def blinded_leaf(realm: Realm, salt: bytes, statement_digest: Digest) -> bytes:
    """Return the hash under which a statement stands in the statement tree, 32 bytes.

    Args:
        realm: The federation.
        salt: 32 random bytes, of this statement only.
        statement_digest: 32 bytes.
    """
    return leaf_hash(frame(_LEAF, realm, salt, statement_digest))


def sign_roster(roster: Roster, keys: Sequence[SigningKey]) -> bytes:
    """Sign a roster with two registrar keys or more.

    Raises:
        SecondPersonRequiredError: ``roster``: fewer than two different keys.
    """
    if len({key.verify_key for key in keys}) < _LEAST_SIGNERS:
        raise SecondPersonRequiredError("roster", need=_LEAST_SIGNERS)
    record = sign_record(_ROSTER, roster.realm, _encode_body(roster), keys=keys)
    return encode_record(record)


def open_roster(data: bytes, registrars: Registrars) -> Roster:
    """Read a roster of at most 80 KiB and verify that enough registrars signed it.

    Its period is not asked for; `verify_snapshot` does.

    Raises:
        FormatError: not one canonical record, or as `Roster`.
        UnsupportedVersionError: ``unknown-version``.
        CredentialError: ``other-realm``, ``other-agency``, ``other-epoch``.
        SignatureError: ``wrong-signer``, ``ml-dsa``, ``ed25519``, ``too-few-signatures``.

    Source: docs/spec/directory.md §4.
    """
    record = decode_record(data, max_bytes=MAX_ROSTER_BYTES)
    roster = _decode_body(record.body)
    if roster.realm != registrars.realm:
        raise CredentialError("other-realm")
    if roster.agency != registrars.agency:
        raise CredentialError("other-agency")
    if roster.epoch != registrars.epoch:
        raise CredentialError("other-epoch")
    signed_by = verify_signatures(record, _ROSTER, registrars.realm, keys=registrars.keys)
    require_signers(signed_by, registrars.key_ids, registrars.threshold)
    return roster


def read_page(data: bytes) -> Roster:
    """Read a roster without verifying it: for the registrars' own, which they signed.

    Raises:
        FormatError: not one canonical record, or as `Roster`.
        UnsupportedVersionError: ``unknown-version``.
    """
    return _decode_body(decode_record(data, max_bytes=MAX_ROSTER_BYTES).body)


def _encode_body(roster: Roster) -> bytes:
    relay: Value = {
        1: roster.relay.url,
        2: roster.relay.directory_origin,
        3: roster.relay.audit_origin,
        4: roster.relay.relay_key,
    }
    return encode(
        {
            0: 0,
            1: roster.realm.octets,
            2: roster.agency,
            3: roster.epoch,
            4: roster.sequence,
            5: roster.previous,
            6: roster.device_root,
            7: roster.device_count,
            8: roster.statement_root,
            9: roster.statement_count,
            10: roster.created,
            11: roster.expires,
            12: relay,
            13: list(roster.minimum_packs),
            14: roster.heartbeat_key,
            15: roster.heartbeat_period_s,
            16: roster.log_policy,
        }
    )


def _decode_body(data: bytes) -> Roster:
    fields = decode_fields(data, max_bytes=MAX_ROSTER_BYTES)
    fields.version(0, supported=_VERSION)
    roster = Roster(
        realm=Realm(fields.octets(1, size=DIGEST_SIZE)),
        agency=AgencyId(fields.octets(2, size=AGENCY_ID_SIZE)),
        epoch=fields.integer(3),
        sequence=fields.integer(4),
        previous=None if fields.is_null(5) else Digest(fields.octets(5, size=DIGEST_SIZE)),
        device_root=fields.octets(6, size=DIGEST_SIZE),
        device_count=fields.integer(7, high=MAX_DEVICES),
        statement_root=fields.octets(8, size=DIGEST_SIZE),
        statement_count=fields.integer(9, high=MAX_STATEMENTS),
        created=Instant(fields.integer(10, high=MAX_INSTANT)),
        expires=Instant(fields.integer(11, high=MAX_INSTANT)),
        relay=_read_relay(fields.fields(12)),
        minimum_packs=_read_texts(fields.items(13, max_items=MAX_PACKS)),
        heartbeat_key=fields.octets(14, max_size=DIGEST_SIZE),
        heartbeat_period_s=fields.integer(15),
        log_policy=fields.text(16, max_size=8192),
    )
    fields.done()
    return roster


def _read_relay(fields: Fields) -> RelayPointer:
    relay = RelayPointer(
        url=fields.text(1, max_size=_MAX_TEXT),
        directory_origin=fields.text(2, max_size=_MAX_TEXT),
        audit_origin=fields.text(3, max_size=_MAX_TEXT),
        relay_key=fields.octets(4, max_size=DIGEST_SIZE),
    )
    fields.done()
    return relay


def _read_texts(items: Sequence[Value]) -> tuple[str, ...]:
    texts = tuple(item for item in items if isinstance(item, str))
    if len(texts) != len(items):
        raise FormatError("minimum-packs")
    return texts


def _require_log_key(octets: bytes) -> None:
    if len(octets) not in {0, DIGEST_SIZE}:
        raise FormatError("log-key")


NO_RELAY: Final = RelayPointer(url="")
"""For an agency that is reached by files only."""
