"""A decision explained before anybody asks for it: the gate's own decision, and who asked."""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.errors import AccessDeniedError, CredentialError, FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.validity import validate
from secure_liaison.monitor.decision import Action
from secure_liaison.monitor.finding import Outcome
from secure_liaison.workflows import explaining
from tests.attacks.world import SENDER, Scene, events
from tests.workflows.desks import ADDRESS, queued


def test_what_would_be_permitted_is_explained_rule_by_rule(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    label, decision = explaining.explain(desk, "机密★10年", ADDRESS)
    validate(label, builtin_pack(label.policy))
    assert decision.permitted
    lines = explaining.render_decision(decision, Language.ZH)
    assert "准许：各项规则均符合。" == lines[0]
    assert any("clearance.level" in line and line.startswith("符合") for line in lines)
    assert any("演练" in line for line in lines)


def test_what_would_be_refused_names_the_rule_that_refuses(scene: Scene) -> None:
    label, decision = explaining.explain(scene.desk(SENDER), "绝密★30年", ADDRESS)
    assert "juemi" == label.level
    assert "CLEARANCE_BELOW_LABEL" in {each.code for each in decision.reasons}
    lines = explaining.render_decision(decision, Language.EN)
    assert lines[0].startswith("Refused: ")
    assert any(line.startswith("not met  clearance.level") for line in lines)


def test_the_gate_decides_what_was_explained(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    _, decision = explaining.explain(desk, "机密★10年", ADDRESS)
    scene.clock.advance(2 * 86_400)
    _, later = explaining.explain(desk, "机密★10年", ADDRESS)
    with pytest.raises(AccessDeniedError) as caught:
        queued(scene)
    assert decision.permitted
    assert {each.code for each in later.reasons} == {each.code for each in caught.value.reasons}


def test_a_reader_of_another_agency_is_asked_about_as_that_agencys_desk_would(
    scene: Scene,
) -> None:
    """Else whoever asks is told that no agreement is needed, and believes it."""
    desk = scene.desk(SENDER)
    _, decision = explaining.explain(desk, "秘密★10年", ADDRESS, action=Action.OPEN)
    found = {each.rule: each.outcome for each in decision.findings}
    assert found["agreement.in-force"] is Outcome.MET
    assert found["agreement.ceiling"] is Outcome.MET


@pytest.mark.parametrize(("mark", "came"), [("机密★10年", "permit"), ("绝密★30年", "deny")])
def test_who_asked_about_whom_stands_in_the_ledger(scene: Scene, mark: str, came: str) -> None:
    """Else an insider learns unseen what everybody is cleared for, one mark after the other."""
    desk = scene.desk(SENDER)
    _, decision = explaining.explain(desk, mark, ADDRESS)
    (line,) = events(desk, EventType.GATE_EXPLAIN)
    assert (came, desk.login, (ADDRESS,)) == (line.decision, line.actor, line.counterpart)
    assert {each.code for each in decision.reasons} == set(line.reason_codes)
    assert mark.partition("★")[0] in line.label
    assert "" == line.permit


def test_a_mark_that_no_policy_reads_is_refused_with_the_best_reason(scene: Scene) -> None:
    with pytest.raises(FormatError, match="mark-period-over-maximum"):
        explaining.explain(scene.desk(SENDER), "机密★30年", ADDRESS)
    with pytest.raises(FormatError, match="mark-level"):
        explaining.explain(scene.desk(SENDER), "hush", ADDRESS)


def test_a_policy_may_be_named(scene: Scene) -> None:
    label, _ = explaining.explain(scene.desk(SENDER), "SECRET", ADDRESS, pack="generic")
    assert label.policy.startswith("generic@")


def test_an_officer_whom_nobody_knows_is_an_error(scene: Scene) -> None:
    with pytest.raises(CredentialError, match="unknown-officer"):
        explaining.explain(scene.desk(SENDER), "机密★10年", "nobody@EMB-B")


def test_a_decision_for_programs_holds_every_finding_in_both_languages(scene: Scene) -> None:
    _, decision = explaining.explain(scene.desk(SENDER), "机密★10年", ADDRESS)
    data = explaining.decision_json(decision)
    findings = data["findings"]
    assert isinstance(findings, list)
    assert len(decision.findings) == len(findings)
    assert {"met", "not-asked"} == {each["outcome"] for each in findings}
    assert all(each["zh"] and each["en"] for each in findings)
