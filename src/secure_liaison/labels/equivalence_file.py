"""Files of equivalent levels, read strictly, and the entries that an agreement takes from one.

Rules:

- An entry is one direction, with its article and its days; what has no entry is refused.
- Nothing is chained: entries are taken for one pair of policies, as they stand.
- There and back never ends lower than it began; a file in which it does is refused.
- Words are no evidence: a level stands for another because an entry says so, never by its name.

Source: docs/spec/labels.md §8, §9; labels report §3.6, §8.3, §9.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.agreement import Equivalence, Treatment
from secure_liaison.labels.pack_fields import read_basis, read_date, read_names, read_slug
from secure_liaison.labels.strict_json import JsonFields, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.naming import Basis, Names

__all__ = [
    "BUILTIN_EQUIVALENCES",
    "EquivalenceEntry",
    "EquivalencePolicy",
    "EquivalenceTable",
    "builtin_equivalences",
    "equivalences_for",
    "load_equivalences",
]

FORMAT: Final = "secure-liaison/equivalence"
FORMAT_VERSION: Final = 0
MAX_FILE_BYTES: Final = 2**20
BUILTIN_EQUIVALENCES: Final = ("eu-members", "eu-us", "nato-eu", "nato-uk", "nato-us")
"""Every file that ships with the library; none is about China."""

_TREATMENTS: Final = {"protect-as": Treatment.PROTECT_AS, "refuse": Treatment.REFUSE}
_FIRST: Final = Instant(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalencePolicy:
    """One policy as a file knows it.

    Attributes:
        id: Policy id of all versions (``eu.2013-488``).
        levels: Level id and the level as its owner writes it, from low to high.
    """

    id: str
    names: Names
    levels: tuple[tuple[str, str], ...]

    def rank(self, level: str) -> int:
        """Return the place of a level, 0 for the lowest; the level must be one of them."""
        return [each for each, _ in self.levels].index(level)


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalenceEntry:
    """One level of one policy in one direction.

    Attributes:
        to_level: Empty when there is none and the treatment is to refuse.
        from_day: First day, ``YYYY-MM-DD``, or empty; days begin at 00:00 UTC.
        to_day: First day no longer valid, or empty.
        note: What a person has to add to the level, or none.
    """

    from_policy: str
    from_level: str
    to_policy: str
    to_level: str
    treatment: Treatment
    article: str
    from_day: str
    to_day: str
    note: Names | None
    basis: tuple[Basis, ...]

    @property
    def start(self) -> Instant:
        """The first moment, seconds UTC; the beginning of time if no day is given."""
        return from_iso(self.from_day) if self.from_day else _FIRST

    @property
    def end(self) -> Instant | None:
        """The first moment no longer valid, seconds UTC, or none."""
        return from_iso(self.to_day) if self.to_day else None

    def meets(self, other: EquivalenceEntry) -> bool:
        """Whether there is a moment at which both are valid."""
        return (other.end is None or self.start < other.end) and (
            self.end is None or other.start < self.end
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalenceTable:
    """One file; built by `load_equivalences` only."""

    id: str
    names: Names
    basis: tuple[Basis, ...]
    policies: tuple[EquivalencePolicy, ...]
    entries: tuple[EquivalenceEntry, ...]

    def policy(self, policy_id: str) -> EquivalencePolicy | None:
        """Return a policy of the file by its id, or none."""
        return next((each for each in self.policies if each.id == policy_id), None)


def load_equivalences(data: bytes) -> EquivalenceTable:
    """Read and check one file of at most `MAX_FILE_BYTES`.

    Raises:
        FormatError: ``too-long``, ``pack-duplicate-name``, ``pack-not-json``, as `JsonFields`, then
            ``equivalence-duplicate``, and for each entry ``equivalence-reference``,
            ``equivalence-same-policy``, ``equivalence-treatment``, ``equivalence-dates``; last
            ``equivalence-overlap``, ``equivalence-lowers``.
        UnsupportedVersionError: ``unknown-version``.
    """
    table = _read_table(JsonFields(read_json(data, max_bytes=MAX_FILE_BYTES)))
    _refuse_repeated("policies", (policy.id for policy in table.policies))
    for policy in table.policies:
        _refuse_repeated(f"policies.{policy.id}", (level for level, _ in policy.levels))
    for place, entry in enumerate(table.entries):
        _check_entry(entry, table, f"entries[{place}]")
    for place, entry in enumerate(table.entries):
        _check_against(entry, table, place)
    return table


@cache
def builtin_equivalences(name: str) -> EquivalenceTable:
    """Return a file that ships with the library, by its id.

    Raises:
        FormatError: ``equivalence-unknown``.
    """
    if name not in BUILTIN_EQUIVALENCES:
        raise FormatError("equivalence-unknown")
    file = resources.files("secure_liaison.labels") / "equivalences" / f"{name}.json"
    return load_equivalences(file.read_bytes())


def equivalences_for(
    table: EquivalenceTable,
    from_policy: str,
    to_policy: str,
    *,
    valid_from: Instant,
    valid_to: Instant | None = None,
) -> tuple[Equivalence, ...]:
    """Return a file's entries in one direction, cut to the days of an agreement.

    Args:
        table: The file.
        from_policy: Policy id of all versions, whose levels are mapped.
        to_policy: Policy id under whose levels they are protected.
        valid_from: The agreement's first moment, seconds UTC.
        valid_to: Its first moment no longer in force, or none.

    Raises:
        FormatError: ``equivalence-reference``: the file knows nothing of one of both policies.
    """
    for policy in (from_policy, to_policy):
        if table.policy(policy) is None:
            raise FormatError("equivalence-reference", place=table.id, name=policy)
    found = []
    for entry in table.entries:
        start = max(entry.start, valid_from)
        end = min((each for each in (entry.end, valid_to) if each is not None), default=None)
        inside = end is None or start < end
        if inside and (entry.from_policy, entry.to_policy) == (from_policy, to_policy):
            found.append(
                Equivalence(
                    from_policy=from_policy,
                    from_level=entry.from_level,
                    to_policy=to_policy,
                    to_level=entry.to_level,
                    treatment=entry.treatment,
                    article=entry.article,
                    valid_from=start,
                    valid_to=end,
                )
            )
    return tuple(found)


def _check_entry(entry: EquivalenceEntry, table: EquivalenceTable, place: str) -> None:
    for policy_id, level in (
        (entry.from_policy, entry.from_level),
        (entry.to_policy, entry.to_level),
    ):
        policy = table.policy(policy_id)
        if policy is None:
            raise FormatError("equivalence-reference", place=place, name=policy_id)
        if level and level not in {each for each, _ in policy.levels}:
            raise FormatError("equivalence-reference", place=place, name=level)
    if entry.from_policy == entry.to_policy:
        raise FormatError("equivalence-same-policy", place=place)
    if (entry.treatment is Treatment.REFUSE) == bool(entry.to_level):
        raise FormatError("equivalence-treatment", place=place)
    try:
        start, end = entry.start, entry.end
    except ValueError as exc:
        raise FormatError("equivalence-dates", place=place) from exc
    if end is not None and end <= start:
        raise FormatError("equivalence-dates", place=place)


def _check_against(entry: EquivalenceEntry, table: EquivalenceTable, number: int) -> None:
    place = f"entries[{number}]"
    question = (entry.from_policy, entry.from_level, entry.to_policy)
    answer = (entry.to_policy, entry.to_level, entry.from_policy)
    home = table.policy(entry.from_policy)
    for later, other in enumerate(table.entries):
        asked = (other.from_policy, other.from_level, other.to_policy)
        if not entry.meets(other):
            continue
        if later > number and asked == question:
            raise FormatError("equivalence-overlap", place=f"entries[{later}]")
        goes_back = asked == answer and other.to_level
        if home and goes_back and home.rank(other.to_level) < home.rank(entry.from_level):
            raise FormatError("equivalence-lowers", place=place)


def _read_table(fields: JsonFields) -> EquivalenceTable:
    fields.require_format(
        FORMAT, FORMAT_VERSION, other=FormatError("pack-field-value", place="format")
    )
    table = EquivalenceTable(
        id=read_slug(fields, "id"),
        names=read_names(fields),
        basis=read_basis(fields),
        policies=tuple(_read_policy(each) for each in fields.objects("policies")),
        entries=tuple(_read_entry(each) for each in fields.objects("entries")),
    )
    fields.done()
    return table


def _read_policy(fields: JsonFields) -> EquivalencePolicy:
    policy = EquivalencePolicy(
        id=read_slug(fields, "id"),
        names=read_names(fields),
        levels=tuple(_read_level(each) for each in fields.objects("levels")),
    )
    fields.done()
    return policy


def _read_level(fields: JsonFields) -> tuple[str, str]:
    level = read_slug(fields, "id"), fields.text("mark")
    fields.done()
    return level


def _read_entry(fields: JsonFields) -> EquivalenceEntry:
    source, target = fields.fields("from"), fields.fields("to")
    treatment = fields.text("treatment")
    if treatment not in _TREATMENTS:
        raise FormatError("pack-field-value", place=fields.at("treatment"))
    entry = EquivalenceEntry(
        from_policy=read_slug(source, "policy"),
        from_level=read_slug(source, "level"),
        to_policy=read_slug(target, "policy"),
        to_level="" if target.is_null("level") else read_slug(target, "level"),
        treatment=_TREATMENTS[treatment],
        article=fields.text("article"),
        from_day=_read_day(fields, "from_day"),
        to_day=_read_day(fields, "to_day"),
        note=None if fields.is_null("note") else read_names(fields, "note"),
        basis=read_basis(fields),
    )
    for each in (source, target, fields):
        each.done()
    return entry


def _read_day(fields: JsonFields, name: str) -> str:
    return "" if fields.is_null(name) else read_date(fields, name)


def _refuse_repeated(place: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise FormatError("equivalence-duplicate", place=place, name=name)
