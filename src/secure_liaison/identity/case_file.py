"""A case as a file: every act from the first, on its way from one desk to another.

Rules:

- The file holds the signed records and nothing else; what they come to, each desk finds itself.
- Parsing trusts nothing: `secure_liaison.identity.determination_record.verify_case` does.

Source: docs/spec/determination.md §10.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import DIGEST_SIZE
from secure_liaison.encoding import decode_fields, encode
from secure_liaison.errors import FormatError
from secure_liaison.identity.determination_record import MAX_ACTS, open_act

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.crypto.keys import Realm
    from secure_liaison.encoding import Value
    from secure_liaison.identity.determination_record import SignedAct

__all__ = ["MAX_CASE_BYTES", "open_case_file", "write_case_file"]

MAX_CASE_BYTES: Final = 2**24

_VERSIONS: Final = frozenset({0})


def write_case_file(chain: Sequence[SignedAct], realm: Realm) -> bytes:
    """Return a case as a file.

    Raises:
        FormatError: ``case-file-size``.
    """
    records: list[Value] = [signed.encode() for signed in chain]
    data = encode({0: 0, 1: realm.octets, 2: records})
    if len(data) > MAX_CASE_BYTES:
        raise FormatError("case-file-size", limit=MAX_CASE_BYTES)
    return data


def open_case_file(data: bytes, realm: Realm) -> tuple[SignedAct, ...]:
    """Parse a case file strictly, without trusting it.

    Raises:
        FormatError: malformed, then ``determination-realm``, ``determination-empty``, then as
            `open_act`.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = decode_fields(data, max_bytes=MAX_CASE_BYTES)
    fields.version(0, supported=_VERSIONS)
    if fields.octets(1, size=DIGEST_SIZE) != realm.octets:
        raise FormatError("determination-realm")
    items = fields.items(2, max_items=MAX_ACTS)
    fields.done()
    if not items:
        raise FormatError("determination-empty")
    return tuple(open_act(_octets(item), realm) for item in items)


def _octets(item: Value) -> bytes:
    if not isinstance(item, bytes):
        raise FormatError("case-file")
    return item
