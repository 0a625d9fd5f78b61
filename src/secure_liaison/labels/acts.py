"""The acts of a case: what a person does to a determination, as values and as encoded content.

Rules:

- An act says who, when and what; it never says which state follows: the machine does.
- A proposed label comes with an empty determination; who proposed and who approved is written by
  the machine from the acts themselves, so nobody can claim somebody else's approval.
- One encoding per act; unknown fields and kinds are refused.

Source: docs/spec/determination.md §3, §10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from secure_liaison.encoding import Fields
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import require_leaf
from secure_liaison.labels.label import Label
from secure_liaison.labels.plain_text import require_plain

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.encoding import Value

__all__ = [
    "MAX_CASE_SOURCES",
    "NONCE_SIZE",
    "Act",
    "Actor",
    "Approve",
    "Assert",
    "Decide",
    "Open",
    "Propose",
    "Protect",
    "ProtectionCause",
    "Purpose",
    "Receive",
    "Report",
    "Return",
    "Review",
    "Settle",
    "Step",
    "StepKind",
    "kind_of",
    "read_step",
    "step_value",
]

MAX_CASE_SOURCES: Final = 8
NONCE_SIZE: Final = 16
MAX_TEXT: Final = 500

_SUBJECT: Final = re.compile(r"object:[0-9a-f]{64}")


class StepKind(Enum):
    """The kinds of act; the numbers are those of the encoding."""

    OPEN = 1
    PROPOSE = 2
    APPROVE = 3
    RETURN = 4
    PROTECT = 5
    REPORT = 6
    RECEIVE = 7
    DECIDE = 8
    ASSERT = 9
    SETTLE = 10
    REVIEW = 11


class Purpose(Enum):
    """What a proposal asks for; the numbers are those of the encoding."""

    ORIGINAL = 1
    """A first decision, also that the item is not secret; in a dispute, what it is."""
    DERIVED = 2
    """A decision that follows sources which others determined (派生定密)."""
    FOREIGN = 3
    """Material of a partner, held under an agreement."""
    EXTEND = 4
    CHANGE = 5
    DECLASSIFY = 6
    PUBLISH = 7
    """Formal publication, which declassifies."""


class ProtectionCause(Enum):
    """Why an item is protected before anybody decided; the numbers are those of the encoding."""

    UNCLEAR = 1
    """No range of secret matters says what it is: a secrecy bureau decides."""
    NO_AUTHORITY = 2
    """The body may not set the level: its superior decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: an officer of a body.

    Raises:
        FormatError: ``label-audience-leaf``.
    """

    agency: str
    officer: str

    def __post_init__(self) -> None:
        require_leaf(self.agency)
        require_leaf(self.officer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A body opens a case about one object; always the first act.

    Attributes:
        subject: ``object:`` and 64 hexadecimal digits.
        nonce: 16 random bytes, so that two cases about one object stay two.
    """

    subject: str
    nonce: bytes

    def __post_init__(self) -> None:
        if _SUBJECT.fullmatch(self.subject) is None or len(self.nonce) != NONCE_SIZE:
            raise FormatError("case-subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """The person in charge (承办人) proposes.

    Attributes:
        purpose: What is asked for.
        label: Level, period and audience together; none says "not secret" or "no longer secret".
        reason: Code from the pack's reasons for this purpose, or words where it lists none.
        catalogue: The catalogue item that the label follows, or empty.
        remark: Why it departs from the item, or anything else; may be empty.
        sources: The labels that a derived label follows, as they now stand.
        provision: The cited special provision for a period above the maximum, or empty.
        consent: Reference of the originator's decision or consent, for derived and foreign items.
        grounds: Why this level, this period and this audience; all three for an extension.
    """

    purpose: Purpose
    label: Label | None
    reason: str = ""
    catalogue: str = ""
    remark: str = ""
    sources: tuple[Label, ...] = ()
    provision: str = ""
    consent: str = ""
    grounds: tuple[str, str, str] = ("", "", "")

    def __post_init__(self) -> None:
        texts = (self.reason, self.catalogue, self.remark, self.provision, self.consent)
        for text in (*texts, *self.grounds):
            require_plain(text, max_size=MAX_TEXT)
        if len(self.sources) > MAX_CASE_SOURCES:
            raise FormatError("case-sources")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """The person responsible for determination (定密责任人) approves what is proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What is proposed goes back, with a reason that is not empty."""

    reason: str

    def __post_init__(self) -> None:
        _require_said(self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protect:
    """A body protects an item at the level it drafts, before anybody decided (先行保密)."""

    label: Label
    cause: ProtectionCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The draft goes to the body that is to decide; starts no clock, ends the first."""

    to: str

    def __post_init__(self) -> None:
        require_leaf(self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """The body reported to has the report; its clock begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """The body reported to decides as somebody else proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assert:
    """A body asserts another label, or that the item is not secret (no label)."""

    label: Label | None
    reason: str

    def __post_init__(self) -> None:
        _require_said(self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """A dispute ends as somebody else of the settling body proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The yearly review found that the label stays as it is."""

    remark: str

    def __post_init__(self) -> None:
        _require_said(self.remark)


Step: TypeAlias = (
    Open
    | Propose
    | Approve
    | Return
    | Protect
    | Report
    | Receive
    | Decide
    | Assert
    | Settle
    | Review
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act as the machine takes it.

    Attributes:
        step: What is done.
        actor: Who does it.
        at: When, as the actor's device says, seconds UTC; it never grants anything by itself.
        known: The earliest moment at which the act is proven to have existed: a witnessed time,
            else when this desk first accepted it, else now.
    """

    step: Step
    actor: Actor
    at: Instant
    known: Instant


def kind_of(step: Step) -> StepKind:
    """Return the kind of a step."""
    return StepKind[type(step).__name__.upper()]


def step_value(step: Step) -> Value:
    """Return the content of an act's record."""
    match step:
        case Open():
            return {0: step.subject, 1: step.nonce}
        case Propose():
            return {
                0: step.purpose.value,
                1: step.label.to_value() if step.label else None,
                2: step.reason,
                3: step.catalogue,
                4: step.remark,
                5: [source.to_value() for source in step.sources],
                6: step.provision,
                7: step.consent,
                8: list(step.grounds),
            }
        case Return():
            return {0: step.reason}
        case Protect():
            return {0: step.label.to_value(), 1: step.cause.value}
        case Report():
            return {0: step.to}
        case Assert():
            return {0: step.label.to_value() if step.label else None, 1: step.reason}
        case Review():
            return {0: step.remark}
        case Approve() | Receive() | Decide() | Settle():
            return {}
        case _:
            assert_never(step)


def read_step(kind: StepKind, value: Value) -> Step:
    """Read the content of an act's record.

    Raises:
        FormatError: as `Fields` and `Label`, then as the step's constructor, ``case-grounds``.
        UnsupportedVersionError: ``unknown-version``.
    """
    fields = Fields(value)
    step = _read(kind, fields)
    fields.done()
    return step


def _read(kind: StepKind, fields: Fields) -> Step:
    match kind:
        case StepKind.OPEN:
            return Open(subject=fields.text(0), nonce=fields.octets(1, size=NONCE_SIZE))
        case StepKind.PROPOSE:
            return _read_proposal(fields)
        case StepKind.PROTECT:
            return Protect(
                label=Label.from_value(fields.value(0)),
                cause=ProtectionCause(fields.integer(1, low=1, high=len(ProtectionCause))),
            )
        case StepKind.REPORT:
            return Report(to=fields.text(0))
        case StepKind.ASSERT:
            return Assert(label=_read_label(fields, 0), reason=fields.text(1))
        case StepKind.RETURN:
            return Return(reason=fields.text(0))
        case StepKind.REVIEW:
            return Review(remark=fields.text(0))
        case _:
            return _WITHOUT_CONTENT[kind]()


def _read_proposal(fields: Fields) -> Propose:
    purpose = Purpose(fields.integer(0, low=1, high=len(Purpose)))
    label = _read_label(fields, 1)
    reason, catalogue, remark = fields.text(2), fields.text(3), fields.text(4)
    sources = fields.items(5, max_items=MAX_CASE_SOURCES)
    provision, consent = fields.text(6), fields.text(7)
    match fields.items(8, max_items=3):
        case [str(level), str(period), str(audience)]:
            grounds = (level, period, audience)
        case _:
            raise FormatError("case-grounds")
    return Propose(
        purpose=purpose,
        label=label,
        reason=reason,
        catalogue=catalogue,
        remark=remark,
        sources=tuple(Label.from_value(source) for source in sources),
        provision=provision,
        consent=consent,
        grounds=grounds,
    )


def _read_label(fields: Fields, key: int) -> Label | None:
    return None if fields.is_null(key) else Label.from_value(fields.value(key))


def _require_said(text: str) -> None:
    require_plain(text, max_size=MAX_TEXT)
    if not text:
        raise FormatError("case-unsaid")


_WITHOUT_CONTENT: Final[dict[StepKind, type[Approve | Receive | Decide | Settle]]] = {
    StepKind.APPROVE: Approve,
    StepKind.RECEIVE: Receive,
    StepKind.DECIDE: Decide,
    StepKind.SETTLE: Settle,
}
