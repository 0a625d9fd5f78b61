"""The list of bodies by which an agency judges: who there is, of which kind, under whom.

Rules:

- An agency states its own list for its own desks; nobody becomes a central body by saying so of
  itself to others.
- The list is written by people as JSON and signed as a record; both forms are read strictly.
- Of two lists of one agency the one issued later counts.

Source: docs/spec/determination.md §5.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant, from_iso
from secure_liaison.encoding import Fields
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import require_leaf
from secure_liaison.labels.organisation import Body, Organisation
from secure_liaison.labels.pack_fields import read_date, read_optional, read_slug
from secure_liaison.labels.period import MAX_INSTANT
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from secure_liaison.encoding import Value

__all__ = ["BODY_LIST_VERSION", "MAX_BODIES", "BodyList", "read_bodies"]

BODY_LIST_VERSION: Final = 0
"""draft-0."""
MAX_BODIES: Final = 256

_FORMAT: Final = "secure-liaison/bodies"
_MAX_BYTES: Final = 2**18
_KIND: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyList:
    """One agency's list, as its registrars sign it.

    Attributes:
        issuer: Leaf of the agency for whose desks it counts.
        issued_at: Seconds UTC; a later list replaces an earlier one.
        organisation: At most `MAX_BODIES` bodies.

    Raises:
        FormatError: ``label-audience-leaf``, ``bodies-list``.
    """

    issuer: str
    issued_at: Instant
    organisation: Organisation

    def __post_init__(self) -> None:
        require_leaf(self.issuer)
        kinds = all(_KIND.fullmatch(body.kind) for body in self.organisation.bodies)
        few = len(self.organisation.bodies) <= MAX_BODIES
        if not (kinds and few and 0 <= self.issued_at <= MAX_INSTANT):
            raise FormatError("bodies-list")

    def to_value(self) -> Value:
        """Return the encoded form."""
        bodies: list[Value] = [
            [body.leaf, body.kind, body.superior, body.bureau, body.dissolved, body.successor]
            for body in sorted(self.organisation.bodies, key=lambda body: body.leaf)
        ]
        return {
            0: 0,
            1: self.issuer,
            2: self.issued_at,
            3: self.organisation.national_bureau,
            4: bodies,
        }

    @classmethod
    def from_value(cls, value: Value) -> BodyList:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, ``bodies-list``, ``label-order``, then as `Body`,
                `Organisation` and the constructor.
            UnsupportedVersionError: ``unknown-version``.
        """
        fields = Fields(value)
        fields.version(0, supported=frozenset({BODY_LIST_VERSION}))
        issuer, issued_at = fields.text(1), Instant(fields.integer(2, high=MAX_INSTANT))
        bureau = fields.text(3)
        bodies = tuple(_body(each) for each in fields.items(4, max_items=MAX_BODIES))
        fields.done()
        leaves = [body.leaf for body in bodies]
        if leaves != sorted(leaves):
            raise FormatError("label-order")
        organisation = Organisation(bodies=bodies, national_bureau=bureau)
        return cls(issuer=issuer, issued_at=issued_at, organisation=organisation)


def read_bodies(data: bytes) -> Organisation:
    """Read the list as people write it: one JSON object of at most 256 KiB.

    Raises:
        FormatError: those of `read_json` and `JsonFields`, ``bodies-format``, then as `Body` and
            `Organisation`.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = JsonFields(read_json(data, max_bytes=_MAX_BYTES))
    fields.require_format(_FORMAT, BODY_LIST_VERSION, other=FormatError("bodies-format"))
    bureau = fields.text("national_bureau", max_size=140)
    bodies = tuple(_read_body(each) for each in fields.objects("bodies"))
    fields.done()
    return Organisation(bodies=bodies, national_bureau=bureau)


def _read_body(fields: JsonFields) -> Body:
    leaf, kind = fields.text("leaf", max_size=140), read_slug(fields, "kind")
    superior, bureau = read_optional(fields, "superior"), read_optional(fields, "bureau")
    dissolved = None if fields.is_null("dissolved") else _day(fields, "dissolved")
    successor = read_optional(fields, "successor")
    fields.done()
    return Body(
        leaf=leaf,
        kind=kind,
        superior=superior,
        bureau=bureau,
        dissolved=dissolved,
        successor=successor,
    )


def _day(fields: JsonFields, name: str) -> Instant:
    day = read_date(fields, name)
    try:
        return from_iso(day)
    except ValueError as exc:
        raise FormatError("pack-field-value", place=fields.at(name)) from exc


def _body(value: Value) -> Body:
    match value:
        case [str(leaf), str(kind), str(superior), str(bureau), dissolved, str(successor)]:
            if dissolved is not None and (
                type(dissolved) is not int or not 0 <= dissolved <= MAX_INSTANT
            ):
                raise FormatError("bodies-list")
            return Body(
                leaf=leaf,
                kind=kind,
                superior=superior,
                bureau=bureau,
                dissolved=None if dissolved is None else Instant(dissolved),
                successor=successor,
            )
        case _:
            raise FormatError("bodies-list")
