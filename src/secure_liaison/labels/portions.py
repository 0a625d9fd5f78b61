"""Portions: pieces of an object with labels of their own, and what they make of the whole.

Rules:

- The object's label protects at least what its portions protect together; equal is the rule, higher
  needs a reason.
- A list of portions names each by the digest of its octets, so that none can be exchanged.
- Renditions for those who may not have all of it: `rendition`.

Source: docs/spec/labels.md §15; 保守国家秘密法(2024) 第十九条; labels report §8.2.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.encoding import Fields, decode, encode
from secure_liaison.errors import FormatError, TamperedError
from secure_liaison.labels.deciding import ReasonUse
from secure_liaison.labels.label import Label
from secure_liaison.labels.protection import at_least, protection_of_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.encoding import Value
    from secure_liaison.labels.policy import PolicyPack

__all__ = [
    "MAX_PORTIONS",
    "PORTIONS_VERSION",
    "Portion",
    "compilation_reason",
    "decode_portions",
    "encode_portions",
    "portion_of",
    "require_whole",
]

PORTIONS_VERSION: Final = 0
"""draft-0."""
MAX_PORTIONS: Final = 4096
MAX_LIST_BYTES: Final = 2**20
_DIGEST_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """One portion.

    Attributes:
        label: Its own.
        digest: SHA-256 of its octets, 32 bytes.
        secret_point: Whether it is a secret point (密点).

    Raises:
        FormatError: ``portion-digest``.
    """

    label: Label
    digest: bytes
    secret_point: bool = False

    def __post_init__(self) -> None:
        if len(self.digest) != _DIGEST_SIZE:
            raise FormatError("portion-digest")

    def require(self, octets: bytes) -> None:
        """Prove that these octets are the portion's.

        Raises:
            TamperedError: ``portion-changed``.
        """
        if not hmac.compare_digest(hashlib.sha256(octets).digest(), self.digest):
            raise TamperedError("portion-changed")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {0: self.label.to_value(), 1: self.digest, 2: self.secret_point}

    @classmethod
    def from_value(cls, value: Value) -> Portion:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, then as `Label.from_value`.
            UnsupportedVersionError: ``unknown-version``.
        """
        fields = Fields(value)
        portion = cls(
            label=Label.from_value(fields.value(0)),
            digest=fields.octets(1, size=_DIGEST_SIZE),
            secret_point=fields.boolean(2),
        )
        fields.done()
        return portion


def portion_of(octets: bytes, label: Label, *, secret_point: bool = False) -> Portion:
    """Return the portion that these octets are."""
    digest = hashlib.sha256(octets).digest()
    return Portion(label=label, digest=digest, secret_point=secret_point)


def require_whole(label: Label, portions: Sequence[Portion], pack: PolicyPack) -> None:
    """Prove that an object's label fits its portions, of which there is at least one.

    Raises:
        FormatError: ``label-policy-mismatch``, ``label-level-unknown``, ``label-audience-size``,
            ``label-below-portions`` (with the number of the first, from 1),
            ``label-above-portions`` (higher, and no reason).
        ValueError: there is no portion; a programmer's mistake.
    """
    together = protection_of_all((portion.label for portion in portions), pack)
    for number, portion in enumerate(portions, start=1):
        if not at_least(label, portion.label, pack):
            raise FormatError("label-below-portions", number=number)
    if not at_least(together, label, pack) and not label.determination.reason:
        raise FormatError("label-above-portions")


def compilation_reason(label: Label, pack: PolicyPack) -> str:
    """Return the id of the pack's reason for which a whole is higher, or empty for a free text."""
    given = label.determination.reason
    known = {each.id for each in pack.reasons if each.use is ReasonUse.COMPILATION}
    return given if given in known else ""


def encode_portions(portions: Sequence[Portion]) -> bytes:
    """Return the one encoding of a list of 1 to `MAX_PORTIONS` portions.

    Raises:
        FormatError: ``portion-count``, ``portion-list-too-large``.
    """
    if not 1 <= len(portions) <= MAX_PORTIONS:
        raise FormatError("portion-count", limit=MAX_PORTIONS)
    data = encode({0: PORTIONS_VERSION, 1: [portion.to_value() for portion in portions]})
    if len(data) > MAX_LIST_BYTES:
        raise FormatError("portion-list-too-large", limit=MAX_LIST_BYTES)
    return data


def decode_portions(data: bytes) -> tuple[Portion, ...]:
    """Read a list of portions of at most 1 MiB.

    Raises:
        FormatError: as `decode` and `Fields`, ``portion-count``, then as `Portion.from_value`.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = Fields(decode(data, max_bytes=MAX_LIST_BYTES, max_items=MAX_LIST_BYTES))
    fields.version(0, supported=frozenset({PORTIONS_VERSION}))
    items = fields.items(1, max_items=MAX_PORTIONS)
    if not items:
        raise FormatError("portion-count", limit=MAX_PORTIONS)
    portions = tuple(Portion.from_value(item) for item in items)
    fields.done()
    return portions
