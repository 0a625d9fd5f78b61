from __future__ import annotations

import ast
import json
import re

import pytest

from secure_liaison.errors import AccessDeniedError, Reason
from secure_liaison.i18n import Language, catalogue
from secure_liaison.monitor.decision import refusal_json, render_refusal
from tests.architecture.sources import sources

REASON = Reason(
    code="CLEARANCE_BELOW_LABEL",
    rule="clearance.level@cn.state-secrets@2024-09-01",
    subject="m.rossi@EMB-B",
    have="CN MIMI (秘密, 1 of 3)",
    need="CN JIMI (机密, 2 of 3)",
    fixable_by="office.their-security-officer",
    instead=("instead.extract", "instead.request-clearance"),
)
ERROR = AccessDeniedError(
    "refused",
    reasons=(REASON,),
    ref="Q7K2ZD",
    marks={"CN MIMI (秘密, 1 of 3)": "秘密", "CN JIMI (机密, 2 of 3)": "机密"},
)


def test_a_refusal_in_english() -> None:
    assert [
        "Refused: one rule or more is not met. Nothing was sealed, sent or shown.",
        "CLEARANCE_BELOW_LABEL  m.rossi@EMB-B: The clearance is below the label",
        "  needed: CN JIMI (机密, 2 of 3); held: CN MIMI (秘密, 1 of 3)",
        "  rule: clearance.level@cn.state-secrets@2024-09-01",
        "  can change it: the recipient's agency's security officer",
        "  possible instead: send an extract at a lower level",
        "  possible instead: request a clearance",
        "Follow the reasons listed, or quote the reference to your security officer.",
        "ref Q7K2ZD",
    ] == render_refusal(ERROR, Language.EN)


def test_a_refusal_in_chinese() -> None:
    assert [
        "已拒绝：有规则未满足。没有封装、发送或显示任何内容。",
        "CLEARANCE_BELOW_LABEL  m.rossi@EMB-B：涉密资格低于该件密级",
        "  需要：机密；现有：秘密",
        "  规则：clearance.level@cn.state-secrets@2024-09-01",
        "  可由其改变：收件机构保密员",
        "  可改为：摘录为较低密级后发送",
        "  可改为：申请涉密资格",
        "请按所列理由处理，或向保密员报出查询号。",
        "查询号 Q7K2ZD",
    ] == render_refusal(ERROR, Language.ZH)


def test_a_refusal_for_programs_holds_the_same_and_is_json() -> None:
    data = json.loads(json.dumps(refusal_json(ERROR)))
    assert ("access.denied", "refused", "Q7K2ZD", []) == (
        data["code"],
        data["reason"],
        data["ref"],
        data["obligations"],
    )
    (reason,) = data["reasons"]
    assert {
        "code": REASON.code,
        "rule": REASON.rule,
        "subject": REASON.subject,
        "have": REASON.have,
        "need": REASON.need,
        "fixable_by": REASON.fixable_by,
        "instead": list(REASON.instead),
        "basis": "",
        "zh": "涉密资格低于该件密级",
        "en": "The clearance is below the label",
    } == reason


def test_what_is_not_held_is_said_to_be_nothing() -> None:
    reason = Reason(code="NO_DEVICE", rule="device.exists@x@y", need="need.active-device")
    lines = render_refusal(AccessDeniedError("refused", reasons=(reason,)), Language.EN)
    assert "NO_DEVICE  There is no active device to seal for" in lines
    assert "  needed: an active device; held: nothing" in lines


def test_a_reason_may_be_short() -> None:
    lines = render_refusal(
        AccessDeniedError("refused", reasons=(Reason(code="EXPIRED", rule="r"),)), Language.EN
    )
    assert ["EXPIRED  The object's time has ended", "  rule: r"] == lines[1:3]


def test_unmet_duties_are_told() -> None:
    error = AccessDeniedError("refused", reasons=(REASON,), obligations=("custody",))
    lines = render_refusal(error, Language.EN)
    assert "duty not met: a custodian must hold a share" in lines


def test_an_outsider_is_told_no_more_than_a_reference() -> None:
    error = AccessDeniedError("not-found-or-not-permitted", ref="Q7K2ZD")
    assert [
        "It does not exist, or you are not permitted to see it.",
        "If you believe that you should see it, quote the reference to your security officer.",
        "ref Q7K2ZD",
    ] == render_refusal(error, Language.EN)


def constants(*names: str) -> set[str]:
    """Every text that the modules of the monitor name."""
    return {
        node.value
        for source in sources()
        if source.place.startswith("src/secure_liaison/monitor/")
        if not names or source.path.stem in names
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("keyword", ["office.", "instead.", "need."])
def test_every_key_that_a_rule_names_is_in_the_catalogues_and_no_other(
    keyword: str, language: Language
) -> None:
    used = {text for text in constants() if text.startswith(keyword)}
    assert used == {key for key in catalogue(language) if key.startswith(keyword)}


@pytest.mark.parametrize("language", list(Language))
def test_every_code_of_a_rule_has_its_sentence_and_no_other(language: Language) -> None:
    named = constants(
        "object_rules", "part_rules", "person_rules", "agreement_rules", "ceilings", "account"
    )
    named -= {"OUTSIDE"}
    codes = {text for text in named if re.fullmatch("[A-Z]{2,}(_[A-Z]+)*", text)}
    known = {key.removeprefix("refusal.") for key in catalogue(language) if key[:8] == "refusal."}
    assert codes == known
