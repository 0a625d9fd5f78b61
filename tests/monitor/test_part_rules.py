"""The rule about labels that attached files carry: one finding for each, and every way it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.errors import AccessDeniedError
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.equivalence import Reading
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.monitor.decision import (
    Action,
    Decision,
    PartQuestion,
    SealQuestion,
    refusal_json,
    render_refusal,
)
from secure_liaison.monitor.finding import Finding, Outcome
from secure_liaison.monitor.rules import decide
from tests.monitor.scene import AGENCY_A, GENERIC, NOW, PACK, label, seal_question

FEWER = Audience.home(f"agency:{AGENCY_A.hex()}")
US = builtin_pack("us.eo13526")
NATO = builtin_pack("nato")
OPEN = Period(form=PeriodForm.OPEN, value="")


def part(marked: Label, pack: PolicyPack = PACK, name: str = "annex.docx") -> PartQuestion:
    return PartQuestion(name=name, label=marked, pack=pack)


def found(question: SealQuestion) -> list[Finding]:
    return [each for each in decide(question, ref="").findings if each.rule == "label.parts"]


def code(*parts: PartQuestion, **changes: object) -> list[str]:
    question = replace(seal_question(parts=parts), **changes)  # type: ignore[arg-type]  # its fields
    return [each.reason.code for each in found(question) if each.reason is not None]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        (label("mimi"), []),
        (label("jimi"), []),
        (label("juemi"), ["LABEL_LOWER_THAN_PART"]),
        (label("juemi", audience=FEWER), ["LABEL_LOWER_THAN_PART"]),
        (label("mimi", audience=FEWER), ["PART_FOR_FEWER"]),
        (label(period=Period.of_years(20, start=NOW)), ["LABEL_LOWER_THAN_PART"]),
        (label(control=frozenset({"limit:no-copy"})), ["LABEL_LOWER_THAN_PART"]),
        (label("no-such-level"), ["LABEL_LOWER_THAN_PART"]),
    ],
)
def test_the_whole_protects_what_its_parts_do(marked: Label, expected: list[str]) -> None:
    assert expected == code(part(label("mimi")), part(marked))


def test_every_file_is_named_with_its_label_and_what_the_whole_has() -> None:
    question = seal_question(
        parts=(part(label("juemi"), name="a.docx"), part(label("juemi"), name="b.pdf"))
    )
    first, second = found(question)
    assert ["a.docx", "b.pdf"] == [first.subject, second.subject]
    assert "演练 EXERCISE · 绝密 10年 | CN JUEMI (绝密, 3 of 3) 10Y" == first.need
    assert "演练 EXERCISE · 机密 10年 | CN JIMI (机密, 2 of 3) 10Y" == first.have


def test_the_refusal_shows_file_and_label_to_people_and_programs() -> None:
    decision = decide(seal_question(parts=(part(label("juemi")),)), ref="ABCDEF")
    error = refusal(decision)
    for language, word in ((Language.ZH, "绝密 10年"), (Language.EN, "CN JUEMI")):
        shown = "\n".join(render_refusal(error, language))
        assert "LABEL_LOWER_THAN_PART" in shown
        assert "annex.docx" in shown
        assert word in shown
    told: Any = refusal_json(error)["reasons"]
    assert [("annex.docx", "LABEL_LOWER_THAN_PART")] == [
        (each["subject"], each["code"]) for each in told
    ]


def refusal(decision: Decision) -> AccessDeniedError:
    return AccessDeniedError("refused", reasons=decision.reasons, ref=decision.ref)


def test_nothing_is_asked_where_no_file_has_a_label() -> None:
    (one,) = found(seal_question())
    assert (Outcome.NOT_ASKED, "not-asked.no-parts", "") == (one.outcome, one.why, one.subject)


def test_what_was_asked_at_sealing_is_not_asked_when_it_is_delivered() -> None:
    (one,) = found(seal_question(action=Action.DELIVER))
    assert (Outcome.NOT_ASKED, "not-asked.sealed-already") == (one.outcome, one.why)


def test_a_label_that_proves_nothing_is_covered_by_nothing() -> None:
    broken = PartQuestion(name="annex.docx", problem="part.changed")
    (one,) = found(seal_question(parts=(broken,)))
    assert one.reason is not None
    assert ("PART_LABEL_UNPROVEN", "annex.docx") == (one.reason.code, one.reason.subject)
    assert "the file is not the one" in "\n".join(
        render_refusal(refusal(decide(seal_question(parts=(broken,)), ref="")), Language.EN)
    )


def test_a_label_that_no_mark_can_show_is_told_by_its_level() -> None:
    homeless = label("s", policy=NATO.policy_id, audience=Audience.of({"nation:SWE"}), period=OPEN)
    (one,) = found(seal_question(parts=(part(homeless, NATO),)))
    assert "SECRET" in one.need


# --- labels of other policies -------------------------------------------------------------------


THEIRS = label("secret", policy=GENERIC.policy_id)
MAPPED = Reading(pack=PACK, level="jimi", agreement="agr:a-b", article="agr:a-b art. 3.2")


def theirs(*readings: Reading | None, **changes: object) -> PartQuestion:
    marked = replace(THEIRS, **changes)  # type: ignore[arg-type]  # its fields
    return PartQuestion(name="annex.docx", label=marked, pack=GENERIC, readings=readings)


def test_another_policy_is_covered_where_the_agreement_says_what_its_level_is_worth() -> None:
    question = seal_question(parts=(theirs(MAPPED),))
    (one,) = found(question)
    assert (Outcome.MET, "agr:a-b art. 3.2") == (one.outcome, one.basis)
    low = replace(label("mimi"))
    assert ["LABEL_LOWER_THAN_PART"] == code(theirs(MAPPED), label=low)


def test_of_several_agreements_the_highest_level_counts() -> None:
    low = replace(MAPPED, level="mimi", article="agr:a-c art. 2")
    assert [] == code(theirs(low, MAPPED))
    assert ["LABEL_LOWER_THAN_PART"] == code(theirs(low, MAPPED), label=label("mimi"))


@pytest.mark.parametrize(
    "theirs_is",
    [
        theirs(),
        theirs(None),
        theirs(MAPPED, None),
        theirs(MAPPED, restrict=frozenset({"project:alpha"})),
        theirs(MAPPED, control=frozenset({"limit:no-copy"})),
        theirs(MAPPED, audience=FEWER),
        theirs(MAPPED, period=OPEN),
    ],
    ids=["own", "unmapped", "one-unmapped", "restrict", "control", "audience", "period"],
)
def test_whatever_has_no_equivalent_does_not_compare(theirs_is: PartQuestion) -> None:
    assert ["PART_NOT_COMPARABLE"] == code(theirs_is)


def test_another_version_of_the_same_policy_does_not_compare() -> None:
    old = builtin_pack("cn.state-secrets@2014-03-01")
    assert ["PART_NOT_COMPARABLE"] == code(part(label(policy=old.policy_id), old))


def test_a_group_must_have_the_same_members_under_both_policies() -> None:
    """Else an object under a policy that lists more members would let more people in."""
    allies = Audience.of({"group:NATO@2026-01-01"})
    marked = label("s", policy=US.policy_id, audience=allies)
    question = seal_question(
        label=label("s", policy=NATO.policy_id, audience=allies, period=marked.period), pack=NATO
    )
    reading = Reading(pack=NATO, level="s", agreement="agr:a-b", article="art. 1")
    bound = PartQuestion(name="annex.docx", label=marked, pack=US, readings=(reading,))
    assert [] == code(bound, label=question.label, pack=NATO)
    fewer = replace(US, groups=())
    assert ["PART_NOT_COMPARABLE"] == code(
        replace(bound, pack=fewer), label=question.label, pack=NATO
    )
