"""A label as a value and as bytes: level, period and audience fixed together, and who decided.

Rules:

- A label names one version of one policy; its meaning is judged by that version only.
- One encoding per label: sets are sorted, the audience is in normal form, nothing is left out.
- Labels inside a label (a successor, a partner's reading) hold no further labels.
- What a label means and whether it is valid under its pack: `lattice` and `validity`.

Source: docs/spec/labels.md §2; DESIGN §4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Realm, Tag, tagged_hash
from secure_liaison.encoding import Fields, decode, encode
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience, require_leaf
from secure_liaison.labels.period import MAX_INSTANT, Period, PeriodForm
from secure_liaison.labels.plain_text import require_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.encoding import Value

__all__ = [
    "LABEL_VERSION",
    "MAX_LABEL_BYTES",
    "Alternative",
    "Determination",
    "DeterminationKind",
    "Label",
    "Successor",
    "decode_label",
    "encode_label",
    "label_digest",
]

LABEL_VERSION: Final = 0
"""draft-0."""
MAX_LABEL_BYTES: Final = 6144
"""A label must leave room in 8 KiB of claims."""
MAX_MARKINGS: Final = 64
MAX_SOURCES: Final = 64
MAX_ALTERNATIVES: Final = 8

_DIGEST_TAG: Final = Tag("secure_liaison/draft-0/label-digest")
# A label belongs to no realm; its digest is framed under the realm of zeros, as a charter is.
_NO_REALM: Final = Realm(bytes(32))
_POLICY: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}@[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LEVEL: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}")
_MARKING: Final = re.compile(r"[a-z][a-z0-9.-]{0,63}:[a-z][a-z0-9.-]{0,63}")
_SOURCE: Final = re.compile(r"[a-z][a-z0-9-]{0,31}:[0-9a-f]{64}")


class DeterminationKind(Enum):
    """How the level came about; the numbers are those of the encoding."""

    ORIGINAL = 1
    DERIVED = 2
    PROVISIONAL = 3
    FOREIGN = 4
    DISPUTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Determination:
    """Who decided what, on which basis; texts may be empty.

    Attributes:
        kind: How the level came about.
        proposer: Leaf or text of the person who proposed.
        approver: Leaf or text of the person who approved.
        authority: The approver's authority.
        catalogue: Item of the catalogue.
        reason: Why.
        sources: ``label:<64 hex>`` or ``object:<64 hex>`` of what it derives from.
        provision: Citation of the special provision (另有规定) on which a period is longer than the
            level's maximum.

    Raises:
        FormatError: ``label-text``, ``label-source``.
    """

    kind: DeterminationKind = DeterminationKind.ORIGINAL
    proposer: str = ""
    approver: str = ""
    authority: str = ""
    catalogue: str = ""
    reason: str = ""
    sources: frozenset[str] = frozenset()
    provision: str = ""

    def __post_init__(self) -> None:
        for text in (self.proposer, self.approver, self.authority, self.catalogue):
            require_plain(text, max_size=500)
        for text in (self.reason, self.provision):
            require_plain(text, max_size=500)
        if len(self.sources) > MAX_SOURCES or not all(map(_SOURCE.fullmatch, self.sources)):
            raise FormatError("label-source")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {
            0: self.kind.value,
            1: self.proposer,
            2: self.approver,
            3: self.authority,
            4: self.catalogue,
            5: self.reason,
            6: sorted(self.sources),
            7: self.provision,
        }

    @classmethod
    def from_value(cls, value: Value) -> Determination:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, ``label-order``, then as the constructor.
        """
        fields = Fields(value)
        found = cls(
            kind=DeterminationKind(fields.integer(0, low=1, high=len(DeterminationKind))),
            proposer=fields.text(1),
            approver=fields.text(2),
            authority=fields.text(3),
            catalogue=fields.text(4),
            reason=fields.text(5),
            sources=_text_set(fields.items(6, max_items=MAX_SOURCES)),
            provision=fields.text(7),
        )
        fields.done()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label.

    Attributes:
        policy: ``cn.state-secrets@2024-09-01``.
        level: Level id within that policy.
        audience: Who may know.
        owner: Leaf of the agency or officer that alone may relax it.
        created: Seconds UTC; group membership and the pack's validity are judged at this moment.
        period: With a start for durations and moments, without one otherwise.
        restrict: ``category:value`` markings that a reader must hold.
        control: Markings that bind what may be done.
        inform: Markings that protect nothing.
        determination: Who decided.
        review_at: Next review, seconds UTC.
        successor: The label that follows of itself at a moment.
        alternatives: Partners' readings; the originator's label is never overwritten.
        privacy_mark: Free informative text.

    Raises:
        FormatError: ``label-policy``, ``label-level``, ``label-audience-leaf``, ``label-instant``,
            ``label-period-start``, ``label-marking``, ``label-text``, ``label-nested``.
    """

    policy: str
    level: str
    audience: Audience
    owner: str
    created: Instant
    period: Period
    restrict: frozenset[str] = frozenset()
    control: frozenset[str] = frozenset()
    inform: frozenset[str] = frozenset()
    determination: Determination = field(default_factory=Determination)
    review_at: Instant | None = None
    successor: Successor | None = None
    alternatives: tuple[Alternative, ...] = ()
    privacy_mark: str | None = None

    def __post_init__(self) -> None:
        if _POLICY.fullmatch(self.policy) is None:
            raise FormatError("label-policy")
        if _LEVEL.fullmatch(self.level) is None:
            raise FormatError("label-level")
        require_leaf(self.owner)
        _require_instant(self.created)
        _require_instant(self.review_at or 0)
        dated = self.period.form in {PeriodForm.DURATION, PeriodForm.MOMENT}
        if dated != (self.period.start is not None):
            raise FormatError("label-period-start")
        for markings in (self.restrict, self.control, self.inform):
            if len(markings) > MAX_MARKINGS or not all(map(_MARKING.fullmatch, markings)):
                raise FormatError("label-marking")
        require_plain(self.privacy_mark or "-")
        nested = [alternative.label for alternative in self.alternatives]
        nested += [self.successor.label] if self.successor else []
        if len(self.alternatives) > MAX_ALTERNATIVES or any(
            inner.successor or inner.alternatives for inner in nested
        ):
            raise FormatError("label-nested")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {
            0: LABEL_VERSION,
            1: self.policy,
            2: self.level,
            3: self.audience.to_lists(),
            4: sorted(self.restrict),
            5: sorted(self.control),
            6: sorted(self.inform),
            7: self.owner,
            8: self.created,
            9: self.period.to_value(),
            10: self.determination.to_value(),
            11: self.review_at,
            12: self.successor.to_value() if self.successor else None,
            13: [alternative.to_value() for alternative in self.alternatives],
            14: self.privacy_mark,
        }

    @classmethod
    def from_value(cls, value: Value) -> Label:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, ``label-order``, then as the constructor.
            UnsupportedVersionError: ``unknown-version``.
        """
        return _read_label(value, nested=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """The label that takes over at a moment, seconds UTC."""

    at: Instant
    label: Label

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {0: self.at, 1: self.label.to_value()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A partner's reading of a label.

    Attributes:
        label: Under the partner's own policy.
        agreement: Id of the agreement that maps it.
        article: Article of that agreement.
        by: Who read it so.
        at: When, seconds UTC.
    """

    label: Label
    agreement: str
    article: str
    by: str
    at: Instant

    def __post_init__(self) -> None:
        for text in (self.agreement, self.article, self.by):
            require_plain(text)

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {
            0: self.label.to_value(),
            1: self.agreement,
            2: self.article,
            3: self.by,
            4: self.at,
        }


def encode_label(label: Label) -> bytes:
    """Return the one encoding of a label.

    Raises:
        FormatError: ``label-too-large``.
    """
    data = encode(label.to_value())
    if len(data) > MAX_LABEL_BYTES:
        raise FormatError("label-too-large", limit=MAX_LABEL_BYTES)
    return data


def decode_label(data: bytes) -> Label:
    """Read one label of at most `MAX_LABEL_BYTES`.

    Raises:
        FormatError: as `decode`, then as `Label.from_value`.
        UnsupportedVersionError: ``unknown-version``.
    """
    return Label.from_value(decode(data, max_bytes=MAX_LABEL_BYTES))


def label_digest(label: Label) -> bytes:
    """Return the digest by which another label names this one as its source, 32 bytes."""
    return tagged_hash(_DIGEST_TAG, _NO_REALM, label.to_value())


def _read_label(value: Value, *, nested: bool) -> Label:
    fields = Fields(value)
    fields.version(0, supported=frozenset({LABEL_VERSION}))
    label = Label(
        policy=fields.text(1),
        level=fields.text(2),
        audience=Audience.from_value(fields.value(3)),
        restrict=_text_set(fields.items(4, max_items=MAX_MARKINGS)),
        control=_text_set(fields.items(5, max_items=MAX_MARKINGS)),
        inform=_text_set(fields.items(6, max_items=MAX_MARKINGS)),
        owner=fields.text(7),
        created=_instant(fields, 8),
        period=Period.from_value(fields.value(9)),
        determination=Determination.from_value(fields.value(10)),
        review_at=None if fields.is_null(11) else _instant(fields, 11),
        successor=None if fields.is_null(12) else _read_successor(fields.fields(12), nested=nested),
        alternatives=tuple(
            _read_alternative(Fields(item), nested=nested)
            for item in fields.items(13, max_items=MAX_ALTERNATIVES)
        ),
        privacy_mark=None if fields.is_null(14) else fields.text(14),
    )
    fields.done()
    return label


def _read_successor(fields: Fields, *, nested: bool) -> Successor:
    if nested:
        raise FormatError("label-nested")
    successor = Successor(at=_instant(fields, 0), label=_read_label(fields.value(1), nested=True))
    fields.done()
    return successor


def _read_alternative(fields: Fields, *, nested: bool) -> Alternative:
    if nested:
        raise FormatError("label-nested")
    alternative = Alternative(
        label=_read_label(fields.value(0), nested=True),
        agreement=fields.text(1),
        article=fields.text(2),
        by=fields.text(3),
        at=_instant(fields, 4),
    )
    fields.done()
    return alternative


def _text_set(items: Sequence[Value]) -> frozenset[str]:
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) != len(items) or texts != sorted(set(texts)):
        raise FormatError("label-order")
    return frozenset(texts)


def _instant(fields: Fields, key: int) -> Instant:
    return Instant(fields.integer(key, high=MAX_INSTANT))


def _require_instant(instant: int) -> None:
    if not 0 <= instant <= MAX_INSTANT:
        raise FormatError("label-instant")
