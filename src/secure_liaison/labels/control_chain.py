"""Controls over chains of acts: what the originator bound stays bound, through every copy.

Rules:

- An object carries its terms: for each original that went into it, that original's label. Copies
  keep them, derived objects unite them; nobody but a term's originator relaxes it.
- An act is judged against every term; one unmet term refuses it.
- Consent is for one act, one original, some readers, some time. Revoked, it covers nothing later;
  what was done before stands.
- No-onward: nobody outside the originator's audience, whatever consent is shown.

What the gate asks besides (clearance, agreement, device) is not asked here.

Source: docs/spec/labels.md §16; 保守国家秘密法(2024) 第二十一、二十六条; labels report §6 (ORCON).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import TYPE_CHECKING, assert_never

from secure_liaison.errors import FormatError, OutOfOrderError
from secure_liaison.labels.audience import require_leaf
from secure_liaison.labels.bound import Bound
from secure_liaison.labels.handling import Consent as Asked
from secure_liaison.labels.label import label_digest
from secure_liaison.labels.lattice import dominates, join
from secure_liaison.labels.membership import meets, permitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from secure_liaison.clock import Instant
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack

__all__ = [
    "Act",
    "ActKind",
    "Consent",
    "Controlled",
    "Hold",
    "Term",
    "Unmet",
    "derived",
    "hold_on",
    "original",
    "relaxed",
    "require_free",
    "unmet_terms",
]


class Hold(Enum):
    """How firmly an act is bound; each is firmer than the one before."""

    FREE = 0
    CONSENT = 1
    NEVER = 2


class ActKind(Enum):
    """What somebody does with an object."""

    COPY = "copy"
    EXTRACT = "extract"
    """Quote, excerpt, derive."""
    FORWARD = "forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What one originator bound.

    Attributes:
        digest: Of the original object, 32 bytes.
        label: As the originator set it; its owner is the originator.
    """

    digest: bytes
    label: Label

    @property
    def originator(self) -> str:
        """The leaf that alone may relax it."""
        return self.label.owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Controlled:
    """An object's label, and the terms that it carries."""

    label: Label
    terms: frozenset[Term]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """An originator's consent.

    Attributes:
        originator: Leaf of who gives it.
        digest: Of the original object, 32 bytes.
        bound: To which act.
        readers: Leaves, for one of which it is given: of the addressee, or of who copies or quotes.
        given: First moment, seconds UTC.
        until: First moment outside, seconds UTC.
        revoked: First moment at which it was withdrawn, or none.

    Raises:
        FormatError: ``label-audience-leaf``, ``consent-onward`` (no consent can be given to that),
            ``consent-dates``.
    """

    originator: str
    digest: bytes
    bound: Bound
    readers: frozenset[str]
    given: Instant
    until: Instant
    revoked: Instant | None = None

    def __post_init__(self) -> None:
        for leaf in (self.originator, *self.readers):
            require_leaf(leaf)
        if self.bound is Bound.ONWARD:
            raise FormatError("consent-onward")
        if self.until <= self.given:
            raise FormatError("consent-dates")

    def covers(self, term: Term, bound: Bound, act: Act, pack: PolicyPack) -> bool:
        """Whether it allows what a term binds."""
        ended = self.until if self.revoked is None else min(self.until, self.revoked)
        return (
            (self.originator, self.digest, self.bound) == (term.originator, term.digest, bound)
            and self.given <= act.at < ended
            and meets(self.readers, act.concerned, pack)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that somebody wants to do.

    Attributes:
        kind: What.
        by: Leaves of the person who does it.
        at: When, seconds UTC.
        to: Leaves of the addressee; forwarding only.
        abroad: Whether the addressee is a foreign side.
    """

    kind: ActKind
    by: frozenset[str]
    at: Instant
    to: frozenset[str] = frozenset()
    abroad: bool = False

    @property
    def concerned(self) -> frozenset[str]:
        """Leaves of the person for whom consent is needed."""
        return self.to if self.kind is ActKind.FORWARD else self.by


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """A term that refuses an act.

    Attributes:
        term: Whose originator is to be asked.
        bound: What it binds.
        hold: Whether consent would help.
    """

    term: Term
    bound: Bound
    hold: Hold


def original(label: Label, digest: bytes) -> Controlled:
    """Return an object as its originator issues it."""
    return Controlled(label=label, terms=frozenset({Term(digest=digest, label=label)}))


def hold_on(label: Label, bound: Bound, pack: PolicyPack) -> Hold:
    """Return how firmly a label binds an act: by its controls, or by its level's handling.

    Raises:
        FormatError: ``label-level-unknown``, ``label-marking-unknown``.
    """
    by_marking = any(bound in pack.value(marking).binds for marking in label.control)
    if bound is Bound.ONWARD:
        return Hold.NEVER if by_marking else Hold.FREE
    asked = pack.handling_of(label.level)
    match {
        Bound.COPY: asked.copies,
        Bound.EXTRACT: asked.copies,
        Bound.RELEASE: asked.forward,
        Bound.EXPORT: asked.export,
    }[bound]:
        case Asked.NEVER:
            return Hold.NEVER
        case Asked.ORIGINATOR:
            return Hold.CONSENT
        case Asked.APPROVER | Asked.AUDIENCE:
            return Hold.CONSENT if by_marking else Hold.FREE
        case other:
            assert_never(other)


def unmet_terms(
    held: Controlled, act: Act, consents: Iterable[Consent], pack: PolicyPack
) -> tuple[Unmet, ...]:
    """Return every term that refuses an act, in the order of the originals' digests.

    Raises:
        FormatError: ``label-level-unknown``, ``label-marking-unknown``.
    """
    shown = tuple(consents)
    return tuple(
        Unmet(term=term, bound=bound, hold=hold)
        for term in _ordered(held.terms)
        if term.originator not in act.by
        for bound, hold in _asked_of(term, act, pack)
        if hold is Hold.NEVER
        or not any(consent.covers(term, bound, act, pack) for consent in shown)
    )


def require_free(held: Controlled, act: Act, consents: Iterable[Consent], pack: PolicyPack) -> None:
    """Prove that no term refuses an act.

    Raises:
        FormatError: ``label-level-unknown``, ``label-marking-unknown``.
        OutOfOrderError: ``act-never-allowed``, ``consent-missing``.
    """
    unmet = unmet_terms(held, act, consents, pack)
    if any(each.hold is Hold.NEVER for each in unmet):
        raise OutOfOrderError("act-never-allowed")
    if unmet:
        raise OutOfOrderError("consent-missing")


def derived(
    sources: Sequence[Controlled], pack: PolicyPack, *, work: Term | None = None
) -> Controlled:
    """Return what is made of at least one source: a copy of one, or a work from several.

    Args:
        sources: What went into it.
        pack: Of all of them.
        work: The new object and the label that was determined for it: whoever determined it is an
            originator too. None, as for copies, takes the join of the sources and adds no term.

    Raises:
        FormatError: as `join`, then ``label-below-source``.
    """
    together = _joined((source.label for source in sources), pack)
    terms: frozenset[Term] = frozenset().union(*(source.terms for source in sources))
    if work is None:
        return Controlled(label=together, terms=terms)
    if not dominates(work.label, together, pack):
        raise FormatError("label-below-source")
    return Controlled(label=work.label, terms=terms | {work})


def relaxed(
    held: Controlled, term: Term, label: Label, pack: PolicyPack, *, by: frozenset[str]
) -> Controlled:
    """Return an object after the originator of one of its terms has set another label for it.

    Every other term still binds: the object's label is then the join of all of them.

    Args:
        held: The object.
        term: One of its terms.
        label: The new label of that original; the owner stays.
        pack: Of all of them.
        by: Leaves of the person who does it.

    Raises:
        OutOfOrderError: ``not-the-originator``.
        FormatError: as `join`.
    """
    if term not in held.terms or term.originator not in by or label.owner != term.originator:
        raise OutOfOrderError("not-the-originator")
    terms = held.terms - {term} | {Term(digest=term.digest, label=label)}
    return Controlled(label=_joined((each.label for each in _ordered(terms)), pack), terms=terms)


def _joined(labels: Iterable[Label], pack: PolicyPack) -> Label:
    return reduce(lambda a, b: join(a, b, pack), labels)


def _ordered(terms: frozenset[Term]) -> list[Term]:
    return sorted(terms, key=lambda term: (term.digest, label_digest(term.label)))


def _asked_of(term: Term, act: Act, pack: PolicyPack) -> list[tuple[Bound, Hold]]:
    asked = []
    match act.kind:
        case ActKind.COPY:
            asked = [(Bound.COPY, hold_on(term.label, Bound.COPY, pack))]
        case ActKind.EXTRACT:
            asked = [(Bound.EXTRACT, hold_on(term.label, Bound.EXTRACT, pack))]
        case ActKind.FORWARD:
            release = hold_on(term.label, Bound.RELEASE, pack)
            if not permitted(term.label.audience, act.to, pack):
                # Outside, nobody but the originator can let somebody in.
                onward = hold_on(term.label, Bound.ONWARD, pack)
                asked.append((Bound.ONWARD, onward))
                release = Hold.CONSENT if release is Hold.FREE else release
            asked.append((Bound.RELEASE, release))
            if act.abroad:
                asked.append((Bound.EXPORT, hold_on(term.label, Bound.EXPORT, pack)))
        case _:
            assert_never(act.kind)
    return [(bound, hold) for bound, hold in asked if hold is not Hold.FREE]
