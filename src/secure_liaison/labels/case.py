"""A case: what the acts about one object have come to, and what protects it at a moment.

Rules:

- A case is a value; only `secure_liaison.labels.determination.advance` makes the next one.
- Until somebody decided, everything ever drafted protects: the join of all drafts.
- While labels are disputed, the join of all that were asserted protects: no respect is lower.
- A determined label ends by itself with its period; a draft never does.

Source: docs/spec/determination.md §2; 保守国家秘密法(2024) 第二十四条;
保守国家秘密法实施条例(2024) 第二十五、二十六条.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison.crypto.keys import Realm, Tag, tagged_hash
from secure_liaison.errors import FormatError
from secure_liaison.labels.acts import Purpose
from secure_liaison.labels.label import Determination, DeterminationKind, label_digest
from secure_liaison.labels.lattice import join
from secure_liaison.labels.period import period_end

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.labels.acts import Actor, Propose, ProtectionCause
    from secure_liaison.labels.authority import Powers
    from secure_liaison.labels.catalogue import Catalogue
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.organisation import Routing
    from secure_liaison.labels.policy import PolicyPack

__all__ = [
    "CASE_ID_SIZE",
    "Assertion",
    "Case",
    "CaseState",
    "Event",
    "Pending",
    "Setting",
    "Turn",
    "case_id",
    "effective_label",
    "ends_at",
    "join_all",
    "label_sources",
    "state_at",
]

CASE_ID_SIZE: Final = 16

_CASE_ID: Final = Tag("secure_liaison/draft-0/case-id")


class CaseState(Enum):
    """Where a case stands; the values are catalogue keys of its names."""

    DRAFT = "draft"
    """拟定: nothing is before anybody."""
    PROPOSED = "proposed"
    """待批: a first label waits for approval."""
    PROVISIONAL = "provisional"
    """先行保密: protected as drafted, not yet reported."""
    REPORTED = "reported"
    """已报: on the way to the body that decides."""
    RECEIVED = "received"
    """待定: with the body that decides."""
    DETERMINED = "determined"
    """已定密: a label is in force."""
    DISPUTED = "disputed"
    """有争议: another label was asserted."""
    UNCLASSIFIED = "not-secret"
    """非密: decided that it is not secret."""
    DECLASSIFIED = "declassified"
    """已解密: by decision, by publication or by the end of its period."""


class Event(Enum):
    """What changed a label; each becomes a notice to those who hold the object."""

    PROTECTED = "protected"
    DETERMINED = "determined"
    UNCLASSIFIED = "not-secret"
    EXTENDED = "extended"
    CHANGED = "changed"
    DECLASSIFIED = "declassified"
    PUBLISHED = "published"
    EXPIRED = "expired"
    DISPUTED = "disputed"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A proposal and who made it."""

    proposal: Propose
    by: Actor
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a body asserts in a dispute; no label asserts that the item is not secret."""

    label: Label | None
    by: Actor
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One change of what protects the object: from ``old`` to ``new``, none is not secret."""

    at: Instant
    event: Event
    old: Label | None
    new: Label | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the acts so far have come to.

    Attributes:
        id: 16 bytes.
        subject: ``object:…``.
        body: The body that opened the case.
        state: As the acts left it; `state_at` also knows the end of the period.
        last_at: Moment of the last act.
        label: What is determined; nothing before a decision and after declassification.
        floor: The join of everything drafted before a decision.
        kind: Original, derived or foreign, once determined.
        sources: What a derived label, or a draft of one, follows.
        decided_by: The body that determined; it, its successor and its superiors may change it.
        pending: A proposal that waits.
        assertions: What is asserted while the case is disputed.
        cause: Why the item is protected before a decision.
        drafted_at: When the draft was made: the clock to report begins.
        reported_to: The body that is to decide.
        reported_at: When it was reported.
        received_at: When the report arrived: the clock to decide begins.
        since: When the present label began.
        first_start: Start of the first period determined: maximum periods are counted from it.
        reviewed_at: Last review that kept the label.
        history: Every change so far, the oldest first.
    """

    id: bytes
    subject: str
    body: str
    state: CaseState
    last_at: Instant
    label: Label | None = None
    floor: Label | None = None
    kind: Purpose = Purpose.ORIGINAL
    sources: tuple[Label, ...] = ()
    decided_by: str = ""
    pending: Pending | None = None
    assertions: tuple[Assertion, ...] = ()
    cause: ProtectionCause | None = None
    drafted_at: Instant | None = None
    reported_to: str = ""
    reported_at: Instant | None = None
    received_at: Instant | None = None
    since: Instant | None = None
    first_start: Instant | None = None
    reviewed_at: Instant | None = None
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What acts are judged by.

    Attributes:
        powers: Bodies, grants and designations.
        packs: Every version of a pack that a label of the case may name.
        routing: Which bureau decides what is unclear.
        reasons: Use (``derive``, ``extend``, ``change``, ``declassify``, ``publish``,
            ``not-secret``) and code; a use with codes takes no other reason.
        catalogues: Lists whose items may be cited.
    """

    powers: Powers
    packs: tuple[PolicyPack, ...]
    routing: Routing
    reasons: frozenset[tuple[str, str]] = frozenset()
    catalogues: tuple[Catalogue, ...] = ()

    def pack_of(self, label: Label) -> PolicyPack:
        """Return the version of the pack that a label names.

        Raises:
            FormatError: ``pack-unknown``.
        """
        for pack in self.packs:
            if pack.policy_id == label.policy:
                return pack
        raise FormatError("pack-unknown")

    def needs_two_persons(self, *labels: Label | None) -> bool:
        """Whether the packs of these labels, or any pack where there is none, say so."""
        packs = [self.pack_of(label) for label in labels if label] or list(self.packs)
        return any(pack.workflow.proposer_is_not_approver for pack in packs)


def case_id(realm: Realm, agency: str, subject: str, nonce: bytes) -> bytes:
    """Return the id of a case, 16 bytes: nobody can choose that of another's case."""
    return tagged_hash(_CASE_ID, realm, agency, subject, nonce)[:CASE_ID_SIZE]


def join_all(labels: tuple[Label, ...], setting: Setting) -> Label | None:
    """Return the join of labels of one pack; of none, nothing.

    Raises:
        FormatError: ``pack-unknown``, then as `join`.
    """
    joined: Label | None = None
    for label in labels:
        joined = label if joined is None else join(joined, label, setting.pack_of(joined))
    return joined


def effective_label(case: Case, setting: Setting) -> Label | None:
    """Return what protects the object as the acts left it; nothing if it is not secret.

    Raises:
        FormatError: ``pack-unknown``, then as `join`.
    """
    if case.state is CaseState.DISPUTED:
        asserted = (case.label, *(each.label for each in case.assertions))
        joined = join_all(tuple(label for label in asserted if label), setting)
        return _marked(joined, DeterminationKind.DISPUTED, case.sources)
    if case.label is not None:
        return case.label
    return _marked(case.floor, DeterminationKind.PROVISIONAL, case.sources)


def ends_at(case: Case, setting: Setting) -> Instant | None:
    """Return when the object declassifies by itself; nothing if no dated end binds it.

    Raises:
        FormatError: ``pack-unknown``, then as `join`.
    """
    if case.state not in {CaseState.DETERMINED, CaseState.DISPUTED}:
        return None
    label = effective_label(case, setting)
    return period_end(label.period) if label else None


def state_at(case: Case, now: Instant, setting: Setting) -> CaseState:
    """Return where a case stands at a moment: a label whose period has ended is declassified.

    Raises:
        FormatError: ``pack-unknown``, then as `join`.
    """
    end = ends_at(case, setting)
    return CaseState.DECLASSIFIED if end is not None and now >= end else case.state


def label_sources(sources: tuple[Label, ...]) -> frozenset[str]:
    """Return how a derived label names its sources."""
    return frozenset(f"label:{label_digest(source).hex()}" for source in sources)


def _marked(
    label: Label | None, kind: DeterminationKind, sources: tuple[Label, ...]
) -> Label | None:
    if label is None:
        return None
    made = label.determination
    # The period may be as long as it is by what was cited only; without it the label is invalid.
    return replace(
        label,
        determination=Determination(
            kind=kind, sources=made.sources | label_sources(sources), provision=made.provision
        ),
    )
