"""A label and a clearance as STANAG 4774 has them: names only, whatever the policy means by them.

Rules:

- What is here can be written as XML and as JSON and reads back as the same value.
- Texts are plain (`secure_liaison.labels.plain_text`), never empty where they must say something.
- No category without a value, none twice: whether two would add up or cut each other short, readers
  do not agree upon.
- A successor has no successor.

What a label means to a pack: `secure_liaison.labels.stanag4774`.

Source: docs/spec/stanag4774.md §1; ADatP-4774.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.label import MAX_LABEL_BYTES
from secure_liaison.labels.period import MAX_INSTANT
from secure_liaison.labels.plain_text import require_plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.clock import Instant

__all__ = [
    "CLEARANCE_NAMESPACE",
    "EXTENSION_NAMESPACE",
    "LABEL_NAMESPACE",
    "Category4774",
    "CategoryType",
    "Clearance4774",
    "Label4774",
    "LabelRoot",
    "Remark",
    "Succession4774",
    "remarks_on",
]

LABEL_NAMESPACE: Final = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
CLEARANCE_NAMESPACE: Final = "urn:nato:stanag:4774:confidentialityclearance:1:0"
EXTENSION_NAMESPACE: Final = "urn:x-secure-liaison:label:0"
"""Of the element that carries the label in its native encoding."""

MAX_CATEGORIES: Final = 64
MAX_VALUES: Final = 256
MAX_CLASSIFICATIONS: Final = 64


class CategoryType(Enum):
    """What a category does to access."""

    RESTRICTIVE = "RESTRICTIVE"
    """The reader must hold every value."""
    PERMISSIVE = "PERMISSIVE"
    """The reader must hold one of the values; a missing category asks nothing."""
    INFORMATIVE = "INFORMATIVE"
    """Asks nothing."""


class LabelRoot(Enum):
    """Whose label it is, by the name of the outermost element."""

    ORIGINATOR = "originatorConfidentialityLabel"
    ALTERNATIVE = "alternativeConfidentialityLabel"
    """A partner's reading under the partner's own policy."""
    METADATA = "metadataConfidentialityLabel"
    """Of the metadata, not of what they describe."""


class Remark(Enum):
    """What the standard's text asks for and a label read lacks, or what is not carried over."""

    NO_REVIEW = "no-review"
    """Neither a review date nor a successor."""
    FOREIGN_EXTENSION = "foreign-extension"
    """An extension that is not ours was left aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category4774:
    """One category of a label or of a clearance.

    Attributes:
        type: What it does to access.
        tag: Name of its tag set.
        values: One or more, in order, none twice.
        uri: Of the tag set, or empty.

    Raises:
        FormatError: ``label4774-value``, ``label4774-category-empty``.
    """

    type: CategoryType
    tag: str
    values: tuple[str, ...]
    uri: str = ""

    def __post_init__(self) -> None:
        _require_texts("Category/@TagName", [self.tag])
        _require_texts("Category/@URI", [self.uri] if self.uri else [])
        if not self.values:
            raise FormatError("label4774-category-empty")
        _require_texts("Category/GenericValue", self.values)
        if len(self.values) > MAX_VALUES or len(set(self.values)) < len(self.values):
            raise FormatError("label4774-value", place="Category/GenericValue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession4774:
    """The label that takes over at a moment, seconds UTC."""

    at: Instant
    label: Label4774

    def __post_init__(self) -> None:
        _require_instant("SuccessionHandling/SuccessionDateTime", self.at)
        if self.label.succession is not None or self.label.root is not LabelRoot.ORIGINATOR:
            raise FormatError("label4774-value", place="SuccessionHandling")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label4774:
    """One confidentiality label.

    Attributes:
        policy: ``PolicyIdentifier``.
        classification: Name of the level.
        created: ``CreationDateTime``, seconds UTC.
        root: Whose label it is.
        policy_uri: ``PolicyIdentifier/@URI``, or empty.
        privacy_mark: Never used for access; or empty.
        categories: In order.
        originator: ``OriginatorID``, or empty.
        originator_type: ``OriginatorID/@IDType``, or empty.
        review_at: ``@ReviewDateTime``, seconds UTC.
        succession: What follows of itself.
        native: The label in its native encoding, carried in an element of our own; or empty.
        extensions: Namespaces of extensions that were read over; they are not written again, and
            do not count when labels are compared.

    Raises:
        FormatError: ``label4774-value``, ``label4774-category-twice``.
    """

    policy: str
    classification: str
    created: Instant
    root: LabelRoot = LabelRoot.ORIGINATOR
    policy_uri: str = ""
    privacy_mark: str = ""
    categories: tuple[Category4774, ...] = ()
    originator: str = ""
    originator_type: str = ""
    review_at: Instant | None = None
    succession: Succession4774 | None = None
    native: bytes = b""
    extensions: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        _require_texts("PolicyIdentifier", [self.policy])
        _require_texts("Classification", [self.classification])
        for place, text in (
            ("PolicyIdentifier/@URI", self.policy_uri),
            ("PrivacyMark", self.privacy_mark),
            ("OriginatorID", self.originator),
            ("OriginatorID/@IDType", self.originator_type),
        ):
            _require_texts(place, [text] if text else [])
        if self.originator_type and not self.originator:
            raise FormatError("label4774-value", place="OriginatorID/@IDType")
        _require_instant("CreationDateTime", self.created)
        _require_instant("@ReviewDateTime", self.review_at or 0)
        _require_categories(self.categories)
        if len(self.native) > MAX_LABEL_BYTES:
            raise FormatError("label4774-value", place="Label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance4774:
    """What somebody may read under one policy.

    Attributes:
        policy: ``PolicyIdentifier``.
        classifications: Names of levels, in order, none twice.
        policy_uri: ``PolicyIdentifier/@URI``, or empty.
        categories: In order.

    Raises:
        FormatError: ``label4774-value``, ``label4774-category-twice``.
    """

    policy: str
    classifications: tuple[str, ...]
    policy_uri: str = ""
    categories: tuple[Category4774, ...] = ()

    def __post_init__(self) -> None:
        _require_texts("PolicyIdentifier", [self.policy])
        _require_texts("PolicyIdentifier/@URI", [self.policy_uri] if self.policy_uri else [])
        _require_texts("ClassificationList/Classification", self.classifications)
        names = self.classifications
        if not 0 < len(names) <= MAX_CLASSIFICATIONS or len(set(names)) < len(names):
            raise FormatError("label4774-value", place="ClassificationList")
        _require_categories(self.categories)


def remarks_on(label: Label4774) -> tuple[Remark, ...]:
    """Return what is worth telling whoever reads a label that somebody else wrote."""
    found = []
    if label.review_at is None and label.succession is None:
        found.append(Remark.NO_REVIEW)
    if label.extensions:
        found.append(Remark.FOREIGN_EXTENSION)
    return tuple(found)


def _require_texts(place: str, texts: Iterable[str]) -> None:
    for text in texts:
        try:
            require_plain(text)
        except FormatError as exc:
            raise FormatError("label4774-value", place=place) from exc
        if not text:
            raise FormatError("label4774-value", place=place)


def _require_instant(place: str, instant: int) -> None:
    if not 0 <= instant <= MAX_INSTANT:
        raise FormatError("label4774-value", place=place)


def _require_categories(categories: tuple[Category4774, ...]) -> None:
    if len(categories) > MAX_CATEGORIES:
        raise FormatError("label4774-value", place="Category")
    seen = set()
    for number, category in enumerate(categories, start=1):
        if (category.type, category.tag) in seen:
            raise FormatError("label4774-category-twice", place=f"Category[{number}]")
        seen.add((category.type, category.tag))
