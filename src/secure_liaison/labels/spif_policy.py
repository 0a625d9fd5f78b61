"""A policy as XML SPIF 2.1 says it, before anything is decided about it.

Source: docs/spec/foreign-labels.md §1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "Applied",
    "Phrase",
    "Qualifier",
    "SpifClass",
    "SpifEquivalent",
    "SpifPartner",
    "SpifPolicy",
    "SpifReference",
    "SpifRequirement",
    "SpifTag",
    "SpifValue",
    "TagType",
]


class TagType(Enum):
    """The tag types of SPIF, enumerated ones by what they do."""

    RESTRICTIVE = "restrictive"
    PERMISSIVE = "permissive"
    ENUMERATED_RESTRICTIVE = "enumerated restrictive"
    ENUMERATED_PERMISSIVE = "enumerated permissive"
    INFORMATIVE = "tagType7"
    NOT_APPLICABLE = "notApplicable"

    @property
    def permissive(self) -> bool:
        """Whether one of its values is enough."""
        return self in {TagType.PERMISSIVE, TagType.ENUMERATED_PERMISSIVE}

    @property
    def restrictive(self) -> bool:
        """Whether every value is needed."""
        return self in {TagType.RESTRICTIVE, TagType.ENUMERATED_RESTRICTIVE}


class Applied(Enum):
    """Who may use an equivalence."""

    ENCRYPT = "encrypt"
    DECRYPT = "decrypt"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One ``markingData``: what to print (empty: the name), in which language, where."""

    text: str
    language: str
    codes: frozenset[str]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualifier:
    """One ``qualifier``: ``prefix``, ``suffix`` or ``separator``, in which language, where."""

    text: str
    kind: str
    language: str
    code: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifReference:
    """A ``categoryGroup`` or ``excludedCategory``: values of a tag set by type and number.

    Attributes:
        lacv: As written; empty where every value is meant.
    """

    tag_set: str
    type: TagType
    lacv: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifRequirement:
    """One ``requiredCategory``; ``operation`` is ``onlyOne``, ``oneOrMore`` or ``all``."""

    operation: str
    references: tuple[SpifReference, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifEquivalent:
    """What another policy says instead.

    Attributes:
        policy: Name of that policy.
        tag_set: Object identifier of its tag set; empty for a classification.
        lacv: Number there.
        discard: Whether a value may be dropped instead of mapped.
        demands: Whether the mapping demands further categories, which are not read here.
    """

    policy: str
    tag_set: str
    lacv: str
    applied: Applied
    discard: bool
    demands: bool
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifClass:
    """One classification."""

    name: str
    lacv: int
    hierarchy: int
    obsolete: bool
    phrases: tuple[Phrase, ...]
    requirements: tuple[SpifRequirement, ...]
    equivalents: tuple[SpifEquivalent, ...]
    line: int

    @property
    def place(self) -> str:
        """Where it stands, for findings."""
        return f'securityClassification "{self.name}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifValue:
    """One value of a tag.

    Attributes:
        lacv: As written; a number or a text.
        typed: Whether people type the value themselves.
        not_before: First day valid, ``YYYY-MM-DD``, or empty; ``not_after``: first day no longer.
    """

    name: str
    lacv: str
    typed: bool
    obsolete: bool
    required_class: str
    excluded_classes: tuple[str, ...]
    requirements: tuple[SpifRequirement, ...]
    excluded: tuple[SpifReference, ...]
    phrases: tuple[Phrase, ...]
    equivalents: tuple[SpifEquivalent, ...]
    not_before: str
    not_after: str
    line: int

    @property
    def place(self) -> str:
        """Where it stands, for findings."""
        return f'tagCategory "{self.name}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifTag:
    """One tag of a tag set.

    Attributes:
        name: Its own, or that of the set where it has none.
        most: Largest number of values, or none.
        bits: Whether informative numbers are written as bits.
    """

    set_name: str
    set_id: str
    name: str
    type: TagType
    bits: bool
    least: int
    most: int | None
    values: tuple[SpifValue, ...]
    qualifiers: tuple[Qualifier, ...]
    line: int

    @property
    def names(self) -> tuple[str, str]:
        """Names by which a decision may mean it."""
        return self.name, self.set_name

    @property
    def place(self) -> str:
        """Where it stands, for findings."""
        return f'securityCategoryTag "{self.name}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifPartner:
    """One equivalent policy: its name and its object identifier."""

    name: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpifPolicy:
    """The whole file.

    Attributes:
        created: Day of the file, ``YYYY-MM-DD``.
        version: Number of the file, as written.
        not_before: Likewise as of a value.
    """

    name: str
    id: str
    created: str
    version: str
    not_before: str
    not_after: str
    classes: tuple[SpifClass, ...]
    tags: tuple[SpifTag, ...]
    partners: tuple[SpifPartner, ...]
