"""Written grants of authority (定密授权) and designations of responsible persons (定密责任人).

Rules:

- Both are written and dated, and neither begins before it was written.
- Whether a grant counts is judged by `secure_liaison.labels.authority`: here is what it says.

Source: docs/spec/determination.md §5; 保守国家秘密法实施条例(2024) 第十四、十六条.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.encoding import Fields
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import require_leaf
from secure_liaison.labels.period import MAX_INSTANT
from secure_liaison.labels.plain_text import require_plain

if TYPE_CHECKING:
    from secure_liaison.encoding import Value

__all__ = ["AuthorityGrant", "Designation"]

_SLUG: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}")
_MAX_LEVELS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityGrant:
    """One written grant of authority to determine.

    Attributes:
        id: Slug; how a label's determination cites it.
        granter: Leaf of the granting body.
        grantee: Leaf of the body that may decide from now on.
        levels: Level ids granted.
        granted_at: Date of the document, seconds UTC; validity never begins before it.
        valid_from: First moment in force.
        valid_to: First moment no longer in force, or none.
        document: Number of the written grant (文号), not empty.

    Raises:
        FormatError: ``label-audience-leaf``, ``label-text``, ``authority-grant``.
    """

    id: str
    granter: str
    grantee: str
    levels: frozenset[str]
    granted_at: Instant
    valid_from: Instant
    valid_to: Instant | None
    document: str

    def __post_init__(self) -> None:
        require_leaf(self.granter)
        require_leaf(self.grantee)
        require_plain(self.document)
        good_levels = 0 < len(self.levels) <= _MAX_LEVELS and all(map(_SLUG.fullmatch, self.levels))
        ends = MAX_INSTANT if self.valid_to is None else self.valid_to
        if (
            _SLUG.fullmatch(self.id) is None
            or not self.document
            or not good_levels
            or self.granter == self.grantee
            or not 0 <= self.granted_at <= self.valid_from < ends <= MAX_INSTANT
        ):
            raise FormatError("authority-grant")

    def in_force(self, at: Instant) -> bool:
        """Whether the grant's own dates include a moment."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {
            0: 0,
            1: self.id,
            2: self.granter,
            3: self.grantee,
            4: sorted(self.levels),
            5: self.granted_at,
            6: self.valid_from,
            7: self.valid_to,
            8: self.document,
        }

    @classmethod
    def from_value(cls, value: Value) -> AuthorityGrant:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, ``label-order``, then as the constructor.
            UnsupportedVersionError: ``unknown-version``.
        """
        fields = Fields(value)
        fields.version(0, supported=frozenset({0}))
        found = cls(
            id=fields.text(1),
            granter=fields.text(2),
            grantee=fields.text(3),
            levels=_level_set(fields, 4),
            granted_at=_instant(fields, 5),
            valid_from=_instant(fields, 6),
            valid_to=None if fields.is_null(7) else _instant(fields, 7),
            document=fields.text(8),
        )
        fields.done()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Designation:
    """That a person is responsible for determination in a body.

    Attributes:
        officer: ``officer:…``.
        body: ``agency:…``.
        levels: Levels that the person may decide; those of the body's leader are all.
        valid_from: First moment, seconds UTC.
        valid_to: First moment no longer in force, or none.
        trained_at: When determination training was last completed, or none.

    Raises:
        FormatError: ``label-audience-leaf``, ``authority-designation``.
    """

    officer: str
    body: str
    levels: frozenset[str]
    valid_from: Instant
    valid_to: Instant | None
    trained_at: Instant | None

    def __post_init__(self) -> None:
        require_leaf(self.officer)
        require_leaf(self.body)
        ends = MAX_INSTANT if self.valid_to is None else self.valid_to
        good_levels = len(self.levels) <= _MAX_LEVELS and all(map(_SLUG.fullmatch, self.levels))
        trained = self.valid_from if self.trained_at is None else self.trained_at
        if (
            not good_levels
            or not 0 <= self.valid_from < ends <= MAX_INSTANT
            or not 0 <= trained <= MAX_INSTANT
        ):
            raise FormatError("authority-designation")

    def in_force(self, at: Instant) -> bool:
        """Whether the designation's own dates include a moment."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {
            0: 0,
            1: self.officer,
            2: self.body,
            3: sorted(self.levels),
            4: self.valid_from,
            5: self.valid_to,
            6: self.trained_at,
        }

    @classmethod
    def from_value(cls, value: Value) -> Designation:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, ``label-order``, then as the constructor.
            UnsupportedVersionError: ``unknown-version``.
        """
        fields = Fields(value)
        fields.version(0, supported=frozenset({0}))
        found = cls(
            officer=fields.text(1),
            body=fields.text(2),
            levels=_level_set(fields, 3),
            valid_from=_instant(fields, 4),
            valid_to=None if fields.is_null(5) else _instant(fields, 5),
            trained_at=None if fields.is_null(6) else _instant(fields, 6),
        )
        fields.done()
        return found


def _level_set(fields: Fields, key: int) -> frozenset[str]:
    items = fields.items(key, max_items=_MAX_LEVELS)
    levels = [item for item in items if isinstance(item, str)]
    if len(levels) != len(items) or levels != sorted(set(levels)):
        raise FormatError("label-order")
    return frozenset(levels)


def _instant(fields: Fields, key: int) -> Instant:
    return Instant(fields.integer(key, high=MAX_INSTANT))
