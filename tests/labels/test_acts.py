"""Acts as values and as content: one encoding, nothing unsaid, nothing unknown."""

from __future__ import annotations

import pytest

from secure_liaison.encoding import Value, decode, encode
from secure_liaison.errors import FormatError
from secure_liaison.labels.acts import (
    Actor,
    Approve,
    Assert,
    Decide,
    Open,
    Propose,
    Protect,
    ProtectionCause,
    Purpose,
    Receive,
    Report,
    Return,
    Review,
    Settle,
    Step,
    StepKind,
    kind_of,
    read_step,
    step_value,
)
from tests.labels.cases import NONCE, SUBJECT, extension, label, leaf, not_secret, officer

STEPS: tuple[Step, ...] = (
    Open(subject=SUBJECT, nonce=NONCE),
    extension(label()),
    not_secret(),
    Propose(purpose=Purpose.DERIVED, label=label(), reason="summarises", sources=(label(),)),
    Approve(),
    Return(reason="补充依据"),
    Protect(label=label(), cause=ProtectionCause.NO_AUTHORITY),
    Report(to=leaf("pb")),
    Receive(),
    Decide(),
    Assert(label=label("juemi"), reason="影响更大"),
    Assert(label=None, reason="已经公开"),
    Settle(),
    Review(remark="继续保密"),
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: kind_of(step).name.lower())
def test_an_act_has_one_encoding(step: Step) -> None:
    data = encode(step_value(step))
    assert step == read_step(kind_of(step), decode(data, max_bytes=2**16))


def test_every_kind_of_act_is_shown() -> None:
    assert set(StepKind) == {kind_of(step) for step in STEPS}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: kind_of(step).name.lower())
def test_an_unknown_field_is_refused(step: Step) -> None:
    value = step_value(step)
    assert isinstance(value, dict)
    with pytest.raises(FormatError, match="unknown-field"):
        read_step(kind_of(step), value | {99: 0})


@pytest.mark.parametrize("grounds", [[], ["a", "b"], ["a", "b", 3]])
def test_grounds_are_three_texts(grounds: list[Value]) -> None:
    value = step_value(extension(label()))
    assert isinstance(value, dict)
    with pytest.raises(FormatError, match="case-grounds"):
        read_step(StepKind.PROPOSE, value | {8: grounds})


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        (StepKind.OPEN, {0: "object:5e", 1: NONCE}, "case-subject"),
        (StepKind.OPEN, {0: SUBJECT, 1: NONCE[:15]}, "field-size"),
        (StepKind.RETURN, {0: ""}, "case-unsaid"),
        (StepKind.REVIEW, {0: ""}, "case-unsaid"),
        (StepKind.ASSERT, {0: None, 1: ""}, "case-unsaid"),
        (StepKind.RETURN, {0: "a\u202eb"}, "label-text"),
        (StepKind.REPORT, {0: "the bureau"}, "label-audience-leaf"),
        (StepKind.PROTECT, {0: label().to_value(), 1: 3}, "field-range"),
    ],
)
def test_malformed_content_is_refused(kind: StepKind, content: Value, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        read_step(kind, content)


def test_a_nonce_of_another_size_is_refused() -> None:
    with pytest.raises(FormatError, match="case-subject"):
        Open(subject=SUBJECT, nonce=b"")


def test_more_sources_than_a_record_holds_are_refused() -> None:
    with pytest.raises(FormatError, match="case-sources"):
        Propose(purpose=Purpose.DERIVED, label=label(), sources=(label(),) * 9)


def test_an_actor_is_an_officer_of_a_body() -> None:
    assert officer("city-1") == Actor(agency=leaf("city"), officer=officer("city-1")).officer
    with pytest.raises(FormatError, match="label-audience-leaf"):
        Actor(agency="city", officer=officer("city-1"))
