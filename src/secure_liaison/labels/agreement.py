"""What two agencies agreed, unsigned: ceilings, subjects, packs, onward rule, equivalences.

Rules:

- Exactly two parties; both registrars sign it (`secure_liaison.identity`), neither alone.
- Equivalence is directional, dated, per article, never chained; what is not mapped is refused.
- No ceiling for a policy means that nothing of that policy may pass.
- Log keys and witnesses are pinned here, never fetched from a log; they may be empty.

Source: docs/spec/labels.md §8; DESIGN §4, §5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

from secure_liaison.clock import Instant
from secure_liaison.encoding import Fields
from secure_liaison.errors import FormatError
from secure_liaison.labels.period import MAX_INSTANT
from secure_liaison.labels.plain_text import require_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from secure_liaison.encoding import Value

__all__ = [
    "AcceptedPack",
    "Agreement",
    "Article",
    "Ceiling",
    "CourierProfile",
    "Equivalence",
    "Onward",
    "Treatment",
]

AGREEMENT_VERSION: Final = 0
"""draft-0."""
_MAX_ITEMS: Final = 256
_MAX_TEXT: Final = 500
_AGENCY: Final = re.compile(r"[0-9a-f]{64}")
_ItemT = TypeVar("_ItemT")


class Onward(Enum):
    """Whether what was received may be passed to a third party; numbers of the encoding."""

    NEVER = 1
    ORIGINATOR_CONSENT = 2


class Treatment(Enum):
    """What an equivalence says; numbers of the encoding."""

    PROTECT_AS = 1
    REFUSE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The highest level of one policy (``cn.state-secrets``, all its versions)."""

    policy: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Where the agreement's own text says it: topic (``transfer``) and article (``4.2``)."""

    topic: str
    article: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedPack:
    """A version of a policy that both hold: ``id@version`` and its digest, 32 bytes."""

    policy: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierProfile:
    """Rules for bags that travel without the network: oldest directory in hours, and ceilings."""

    max_age_hours: int
    ceilings: tuple[Ceiling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """How one level of one party is protected by the other; one direction, one article.

    Attributes:
        to_level: Empty when there is no equivalent and the treatment is to refuse.
        valid_from: Seconds UTC.
        valid_to: Seconds UTC, first moment no longer valid, or none.
    """

    from_policy: str
    from_level: str
    to_policy: str
    to_level: str
    treatment: Treatment
    article: str
    valid_from: Instant
    valid_to: Instant | None = None

    def covers(self, at: Instant) -> bool:
        """Whether it is valid at a moment."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One agreement between two agencies.

    Attributes:
        id: Its name among the two parties (``agr:embassy-ministry-2026``).
        parties: Agency ids, 64 hexadecimal digits each, ascending.
        signed_on: Seconds UTC; likewise the validity, of which the end may be missing.
        ceilings: Per policy, at most one each.
        subjects: What may pass; empty is everything not excluded.
        packs: Versions that labels may name.
        witness_policy: Text of the witness policy, may be empty.
        log_keys: Verifier keys of the logs, may be empty.
        accreditation: Highest level per policy for which the link is accredited, may be empty.
        equivalences: Directional; empty means that every foreign level is refused.

    Raises:
        FormatError: ``agreement-parties``, ``label-text``, ``agreement-dates``,
            ``agreement-repeated``, ``agreement-equivalence``, ``agreement-digest``.
    """

    id: str
    parties: tuple[str, str]
    signed_on: Instant
    valid_from: Instant
    valid_to: Instant | None
    ceilings: tuple[Ceiling, ...]
    packs: tuple[AcceptedPack, ...]
    onward: Onward = Onward.ORIGINATOR_CONSENT
    articles: tuple[Article, ...] = ()
    subjects: tuple[str, ...] = ()
    excluded_subjects: tuple[str, ...] = ()
    witness_policy: str = ""
    log_keys: tuple[str, ...] = ()
    courier: CourierProfile | None = None
    accreditation: tuple[Ceiling, ...] = ()
    equivalences: tuple[Equivalence, ...] = ()

    def __post_init__(self) -> None:
        first, second = self.parties
        if first >= second or not all(map(_AGENCY.fullmatch, self.parties)):
            raise FormatError("agreement-parties")
        for text in _texts_of(self):
            require_plain(text, max_size=_MAX_TEXT)
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise FormatError("agreement-dates")
        for names in (
            [ceiling.policy for ceiling in self.ceilings],
            [ceiling.policy for ceiling in self.accreditation],
            [pack.policy for pack in self.packs],
            [article.topic for article in self.articles],
        ):
            if len(set(names)) != len(names):
                raise FormatError("agreement-repeated")
        if any(len(pack.digest) != 32 for pack in self.packs):  # noqa: PLR2004  # SHA-256
            raise FormatError("agreement-digest")
        self._check_equivalences()

    def involves(self, one: bytes, other: bytes) -> bool:
        """Whether these two agency ids are its parties, in either order."""
        return self.parties == tuple(sorted((one.hex(), other.hex())))

    def in_force(self, at: Instant) -> bool:
        """Whether it is in force at a moment."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)

    def ceiling(self, policy: str) -> str | None:
        """Return the highest level id of a policy (``id`` or ``id@version``) that may pass."""
        wanted = policy.partition("@")[0]
        return next((each.level for each in self.ceilings if each.policy == wanted), None)

    def accepts(self, policy: str, digest: bytes) -> bool:
        """Whether labels of exactly this version of a policy may pass."""
        return AcceptedPack(policy=policy, digest=digest) in self.packs

    def equivalence(
        self, policy: str, level: str, *, to_policy: str, at: Instant
    ) -> Equivalence | None:
        """Return the entry for one level in one direction; nothing, or one to refuse, refuses."""
        for each in self.equivalences:
            named = (each.from_policy, each.from_level, each.to_policy)
            if named == (policy, level, to_policy) and each.covers(at):
                return each
        return None

    def cite(self, topic: str) -> str:
        """Return where the agreement speaks of a topic: ``agr:a-b art. 4``, or its id alone."""
        found = {each.topic: each.article for each in self.articles}.get(topic)
        return self.id if found is None else f"{self.id} art. {found}"

    def cite_level(self, policy: str, level: str) -> str:
        """Return where it says that a level has no equivalent, or where it compares levels."""
        for each in self.equivalences:
            refuses = each.treatment is Treatment.REFUSE
            if refuses and (each.from_policy, each.from_level) == (policy, level):
                return f"{self.id} art. {each.article}"
        return self.cite("comparability")

    def to_value(self) -> Value:
        """Return the encoded form."""
        return {
            0: AGREEMENT_VERSION,
            1: self.id,
            2: list(self.parties),
            3: self.signed_on,
            4: self.valid_from,
            5: self.valid_to,
            6: [[each.policy, each.level] for each in self.ceilings],
            7: [[each.topic, each.article] for each in self.articles],
            8: list(self.subjects),
            9: list(self.excluded_subjects),
            10: self.onward.value,
            11: [[each.policy, each.digest] for each in self.packs],
            12: self.witness_policy,
            13: list(self.log_keys),
            14: _courier_value(self.courier),
            15: [[each.policy, each.level] for each in self.accreditation],
            16: [_equivalence_value(each) for each in self.equivalences],
        }

    @classmethod
    def from_value(cls, value: Value) -> Agreement:
        """Read the encoded form.

        Raises:
            FormatError: as `Fields`, ``agreement-item``, then as the constructor.
            UnsupportedVersionError: ``unknown-version``.
        """
        return _read_agreement(Fields(value))

    def _check_equivalences(self) -> None:
        seen: list[Equivalence] = []
        for each in self.equivalences:
            ends_late = each.valid_to is None or each.valid_to > each.valid_from
            refuses = each.treatment is Treatment.REFUSE
            if not ends_late or refuses == bool(each.to_level) or not each.article:
                raise FormatError("agreement-equivalence")
            for other in seen:
                # Two answers to one question at one moment are no answer.
                if _same_question(each, other) and (
                    each.covers(other.valid_from) or other.covers(each.valid_from)
                ):
                    raise FormatError("agreement-equivalence")
            seen.append(each)


def _texts_of(agreement: Agreement) -> Iterator[str]:
    yield agreement.id
    yield from (*agreement.subjects, *agreement.excluded_subjects, *agreement.log_keys)
    courier = agreement.courier.ceilings if agreement.courier else ()
    for ceiling in (*agreement.ceilings, *agreement.accreditation, *courier):
        yield from (ceiling.policy, ceiling.level)
    for article in agreement.articles:
        yield from (article.topic, article.article)
    for pack in agreement.packs:
        yield pack.policy
    for each in agreement.equivalences:
        yield from (each.from_policy, each.from_level, each.to_policy, each.to_level, each.article)


def _same_question(a: Equivalence, b: Equivalence) -> bool:
    return (a.from_policy, a.from_level, a.to_policy) == (b.from_policy, b.from_level, b.to_policy)


def _read_agreement(fields: Fields) -> Agreement:
    fields.version(0, supported=frozenset({AGREEMENT_VERSION}))
    agreement = Agreement(
        id=fields.text(1, max_size=256),
        parties=_parties(_texts(fields, 2)),
        signed_on=_instant(fields, 3),
        valid_from=_instant(fields, 4),
        valid_to=None if fields.is_null(5) else _instant(fields, 5),
        ceilings=_pairs(fields, 6, _ceiling),
        articles=_pairs(fields, 7, lambda a, b: Article(topic=_text(a), article=_text(b))),
        subjects=_texts(fields, 8),
        excluded_subjects=_texts(fields, 9),
        onward=Onward(fields.integer(10, low=1, high=len(Onward))),
        packs=_pairs(fields, 11, lambda a, b: AcceptedPack(policy=_text(a), digest=_octets(b))),
        witness_policy=fields.text(12, max_size=8192),
        log_keys=_texts(fields, 13),
        courier=None if fields.is_null(14) else _read_courier(fields.fields(14)),
        accreditation=_pairs(fields, 15, _ceiling),
        equivalences=tuple(
            _read_equivalence(Fields(item)) for item in fields.items(16, max_items=_MAX_ITEMS)
        ),
    )
    fields.done()
    return agreement


def _courier_value(courier: CourierProfile | None) -> Value:
    if courier is None:
        return None
    return {0: courier.max_age_hours, 1: [[each.policy, each.level] for each in courier.ceilings]}


def _read_courier(fields: Fields) -> CourierProfile:
    courier = CourierProfile(
        max_age_hours=fields.integer(0, low=1, high=24 * 366), ceilings=_pairs(fields, 1, _ceiling)
    )
    fields.done()
    return courier


def _equivalence_value(entry: Equivalence) -> Value:
    return {
        0: entry.from_policy,
        1: entry.from_level,
        2: entry.to_policy,
        3: entry.to_level,
        4: entry.treatment.value,
        5: entry.article,
        6: entry.valid_from,
        7: entry.valid_to,
    }


def _read_equivalence(fields: Fields) -> Equivalence:
    entry = Equivalence(
        from_policy=fields.text(0),
        from_level=fields.text(1),
        to_policy=fields.text(2),
        to_level=fields.text(3),
        treatment=Treatment(fields.integer(4, low=1, high=len(Treatment))),
        article=fields.text(5),
        valid_from=_instant(fields, 6),
        valid_to=None if fields.is_null(7) else _instant(fields, 7),
    )
    fields.done()
    return entry


def _pairs(fields: Fields, key: int, build: Callable[[Value, Value], _ItemT]) -> tuple[_ItemT, ...]:
    found = []
    for item in fields.items(key, max_items=_MAX_ITEMS):
        match item:
            case [first, second]:
                found.append(build(first, second))
            case _:
                raise FormatError("agreement-item")
    return tuple(found)


def _texts(fields: Fields, key: int) -> tuple[str, ...]:
    return tuple(_text(item) for item in fields.items(key, max_items=_MAX_ITEMS))


def _parties(texts: Sequence[str]) -> tuple[str, str]:
    match texts:
        case (first, second):
            return first, second
        case _:
            raise FormatError("agreement-parties")


def _ceiling(policy: Value, level: Value) -> Ceiling:
    return Ceiling(policy=_text(policy), level=_text(level))


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise FormatError("agreement-item")
    return value


def _octets(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise FormatError("agreement-item")
    return value


def _instant(fields: Fields, key: int) -> Instant:
    return Instant(fields.integer(key, high=MAX_INSTANT))
