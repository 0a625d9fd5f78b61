"""A catalogue of items as a body adopts it, and which version counts at a moment.

Rules:

- The file is adopted as it was written; whoever reads it checks it again against the pack.
- A version counts from its own day, and not before it was adopted; the newest that counts is the
  one in force. Nobody cites an older one anew, or one that does not count yet.
- A body takes items from its own catalogues, then from those of its superiors, the nearest first,
  then from those of the national bureau.

Source: docs/spec/determination.md §8; 保守国家秘密法实施条例(2024) 第十二、十三条.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant, from_iso
from secure_liaison.encoding import Fields
from secure_liaison.errors import FormatError, WorkflowError
from secure_liaison.labels.audience import require_leaf
from secure_liaison.labels.catalogue import (
    MAX_CATALOGUE_BYTES,
    Catalogue,
    CatalogueEntry,
    load_catalogue,
)
from secure_liaison.labels.period import MAX_INSTANT
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from secure_liaison.encoding import Value
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["AdoptedCatalogue", "Dated", "find_item", "in_force", "policy_in"]

_NEAR: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedCatalogue:
    """One version of a catalogue, as registrars sign it.

    Attributes:
        issuer: Leaf of the body that adopts it.
        adopted_at: Seconds UTC.
        file: The catalogue as JSON, at most 4 MiB.

    Raises:
        FormatError: ``label-audience-leaf``, ``catalogue-adopted``.
    """

    issuer: str
    adopted_at: Instant
    file: bytes

    def __post_init__(self) -> None:
        require_leaf(self.issuer)
        if not (0 <= self.adopted_at <= MAX_INSTANT and len(self.file) <= MAX_CATALOGUE_BYTES):
            raise FormatError("catalogue-adopted")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {0: 0, 1: self.issuer, 2: self.adopted_at, 3: self.file}

    @classmethod
    def from_value(cls, value: Value) -> AdoptedCatalogue:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, then as the constructor.
            UnsupportedVersionError: ``unknown-version``.
        """
        fields = Fields(value)
        fields.version(0, supported=frozenset({0}))
        found = cls(
            issuer=fields.text(1),
            adopted_at=Instant(fields.integer(2, high=MAX_INSTANT)),
            file=fields.octets(3, max_size=MAX_CATALOGUE_BYTES),
        )
        fields.done()
        return found

    def read(self, pack: PolicyPack) -> Dated:
        """Read the catalogue against its pack.

        Raises:
            FormatError, UnsupportedVersionError: as `load_catalogue`.
        """
        catalogue = load_catalogue(self.file, pack)
        since = max(from_iso(catalogue.version), self.adopted_at)
        return Dated(catalogue=catalogue, issuer=self.issuer, since=Instant(since))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A catalogue that was adopted, by whom, and the moment from which it counts."""

    catalogue: Catalogue
    issuer: str
    since: Instant


def policy_in(file: bytes) -> str:
    """Return the policy that a file of a catalogue says it is for.

    Raises:
        FormatError: those of `read_json` and `JsonFields`.
    """
    return JsonFields(read_json(file, max_bytes=MAX_CATALOGUE_BYTES)).text("policy")


def in_force(found: Iterable[Dated], at: Instant) -> tuple[Catalogue, ...]:
    """Return the version of each catalogue that counts at a moment, in the order first met."""
    newest: dict[tuple[str, str], Dated] = {}
    for each in found:
        key = (each.issuer, each.catalogue.id)
        if each.since <= at and (
            key not in newest or newest[key].catalogue.version < each.catalogue.version
        ):
            newest[key] = each
    return tuple(each.catalogue for each in newest.values())


def find_item(item: str, catalogues: Sequence[Catalogue]) -> tuple[Catalogue, CatalogueEntry]:
    """Return an item by its id, or as a label cites it, from the first catalogue that has it.

    Raises:
        WorkflowError: ``case-item-unknown`` with the ids and names that are nearest.
    """
    for catalogue in catalogues:
        try:
            return catalogue, catalogue.entry(item)
        except FormatError:
            continue
    entries = [(each.id, each) for catalogue in catalogues for each in catalogue.entries]
    named = [(text, each) for _, each in entries for text in (each.names.zh, each.names.en)]
    wanted = item.rpartition("#")[2]
    words = dict((*named, *entries))
    near = difflib.get_close_matches(wanted, words, n=_NEAR, cutoff=0.4)
    told = dict.fromkeys(f"{words[each].id} {words[each].names.zh}" for each in near)
    raise WorkflowError("case-item-unknown", item=item, near=", ".join(told) or "-")
