"""Policy packs: read strictly, refused with a fault, and those that are built in.

Rules:

- A pack with an error that `secure_liaison.labels.lint` finds is refused; packs that are built in
  are linted by the tests, not at each start.
- The digest of a pack is over its RFC 8785 form, so layout does not count and content does.

Source: docs/spec/labels.md §5.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NoReturn

import rfc8785

from secure_liaison.errors import FormatError
from secure_liaison.labels.finding import FindingCode
from secure_liaison.labels.lint import lint_errors
from secure_liaison.labels.pack_file import read_pack
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.labels.finding import Finding
    from secure_liaison.labels.policy import PolicyPack

__all__ = [
    "BUILTIN_PACKS",
    "MAX_PACK_BYTES",
    "POLICIES",
    "builtin_pack",
    "builtin_packs",
    "load_pack",
    "pack_in_force",
    "read_accepted",
    "read_unchecked",
]

MAX_PACK_BYTES: Final = 2**20
BUILTIN_PACKS: Final = (
    "cn.state-secrets@2024-09-01",
    "generic@2024-09-01",
    "cn.state-secrets@2014-03-01",
    "cn.work@2024-09-01",
    "eu.2013-488@2013-10-15",
    "uk.gscp-2024@2024-08-01",
    "tlp@2022-08-01",
    "nato@2017-12-20",
    "us.eo13526@2010-06-27",
)
"""Every version that ships with the library."""
POLICIES: Final = tuple(dict.fromkeys(name.partition("@")[0] for name in BUILTIN_PACKS))


def load_pack(data: bytes) -> PolicyPack:
    """Read and check one pack of at most `MAX_PACK_BYTES`.

    Raises:
        FormatError: ``too-long``, ``pack-duplicate-name``, ``pack-not-json``, those of `read_pack`,
            then by the first error of `lint`: ``pack-duplicate``, ``pack-dates``, ``pack-levels``,
            ``pack-field-value``, ``pack-reference``, ``label-period-value``,
            ``label-audience-leaf``, ``pack-mark``, ``pack-mark-values``, ``pack-lint``.
        UnsupportedVersionError: ``unknown-version``.
    """
    pack = _read(data)
    for found in lint_errors(pack):
        _refuse(found)
    return pack


def read_unchecked(data: bytes) -> PolicyPack:
    """Read one pack by its shape alone, for whoever wants all findings at once; never to be used.

    Raises:
        FormatError: ``too-long``, ``pack-duplicate-name``, ``pack-not-json``, those of `read_pack`.
        UnsupportedVersionError: ``unknown-version``.
    """
    return _read(data)


def read_accepted(data: bytes) -> PolicyPack:
    """Read one pack that `load_pack` accepted before: a later lint takes no kept pack away.

    Raises:
        FormatError: as `read_unchecked`.
        UnsupportedVersionError: ``unknown-version``.
    """
    return _read(data)


@cache
def builtin_pack(pack_id: str) -> PolicyPack:
    """Return a pack that ships with the library: ``id@version``, or by id the newest version.

    Raises:
        FormatError: ``pack-unknown``.
    """
    if pack_id in BUILTIN_PACKS:
        file = resources.files("secure_liaison.labels") / "packs" / f"{pack_id}.json"
        # Linted when it was built (a test holds it); a desk that starts need not wait for that.
        return _read(file.read_bytes())
    versions = [each for each in BUILTIN_PACKS if each.partition("@")[0] == pack_id]
    if not versions or not pack_id:
        raise FormatError("pack-unknown", policy=pack_id)
    return builtin_pack(max(versions))


def builtin_packs() -> tuple[PolicyPack, ...]:
    """Return the newest version of every policy that ships with the library."""
    return tuple(builtin_pack(pack_id) for pack_id in POLICIES)


def pack_in_force(policy: str, at: Instant) -> PolicyPack:
    """Return the version of a policy that was in force at a moment: by it an old label is judged.

    Raises:
        FormatError: ``pack-unknown``, ``pack-none-in-force``.
    """
    if policy not in POLICIES:
        raise FormatError("pack-unknown", policy=policy)
    for name in sorted(BUILTIN_PACKS, reverse=True):
        pack = builtin_pack(name) if name.partition("@")[0] == policy else None
        if pack is not None and pack.in_force(at):
            return pack
    raise FormatError("pack-none-in-force")


def _read(data: bytes) -> PolicyPack:
    value = read_json(data, max_bytes=MAX_PACK_BYTES)
    try:
        canonical = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as exc:
        raise FormatError("pack-not-json") from exc
    return read_pack(JsonFields(value), digest=hashlib.sha256(canonical).digest())


def _refuse(found: Finding) -> NoReturn:
    """Refuse a pack by its first error, under the reasons that loading has always had."""
    place, name = found.place, found.names[0] if found.names else ""
    match found.code:
        case (
            FindingCode.DUPLICATE_ID
            | FindingCode.DUPLICATE_RANK
            | FindingCode.DUPLICATE_NAME
            | FindingCode.DUPLICATE_MARK
        ):
            raise FormatError("pack-duplicate", place=place, name=name)
        case FindingCode.DATE_UNKNOWN | FindingCode.DATES_REVERSED | FindingCode.SUPERSEDES:
            raise FormatError("pack-dates")
        case FindingCode.LEVELS_MISSING | FindingCode.LEVELS_ORDER | FindingCode.LEVELS_PERIOD:
            raise FormatError("pack-levels")
        case FindingCode.REFERENCE_UNKNOWN | FindingCode.HANDLING_UNUSED:
            raise FormatError("pack-reference", place=place, name=name)
        case (
            FindingCode.PERIOD_FORMS
            | FindingCode.PERIOD_DEFAULT_LONG
            | FindingCode.CATEGORY_NAME
            | FindingCode.LEAF_MISPLACED
            | FindingCode.LEAF_AT_HOME
            | FindingCode.GROUP_NESTED
            | FindingCode.BASIS_MISSING
        ):
            raise FormatError("pack-field-value", place=place)
        case FindingCode.PERIOD_DEFAULT:
            raise FormatError("label-period-value")
        case FindingCode.LEAF_FORM:
            raise FormatError("label-audience-leaf")
        case FindingCode.MARK_READS_OTHERWISE:
            raise FormatError("pack-mark", level=name)
        case (
            FindingCode.SAME_MARK | FindingCode.MARK_SPLITS | FindingCode.VALUE_READS_OTHERWISE
        ) if place.startswith("categories."):
            raise FormatError("pack-mark-values", category=place.removeprefix("categories."))
        case _:
            raise FormatError("pack-lint", place=place, finding=found.code.value)
