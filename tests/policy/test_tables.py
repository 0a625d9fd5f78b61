"""The tables about the gate, run: what a security officer reads is what the rules do."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.clock import Instant
from secure_liaison.directory.standing import Standing
from secure_liaison.errors import Disclosure
from secure_liaison.labels.agreement import Agreement, Ceiling
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.period import Period
from secure_liaison.monitor.decision import PartQuestion, ReadQuestion, SealQuestion
from secure_liaison.monitor.rules import decide
from tests.monitor.scene import (
    AGENCY_A,
    AGENCY_B,
    DAY,
    DEVICE,
    NOW,
    PACK,
    RETIRED,
    agreement,
    label,
    read_question,
    recipient,
    seal_question,
    standing,
)

FOLDER = Path(__file__).parent
FAMILIES = ("clearance", "audience", "agreement", "directory", "label")
IN_ORDER: dict[str, Any] = {
    "level": "jimi",
    "years": 10,
    "clearance": "jimi",
    "clearance_policy": "cn.state-secrets",
    "clearance_problem": "",
    "person_class": "important",
    "briefed": True,
    "pledged_days_ago": 10,
    "audience": [["home", "theirs"]],
    "agreement": "jimi",
    "agreement_names_pack": True,
    "same_agency": False,
    "exercise": True,
    "accreditation": "",
    "link_accreditation": "",
    "accepted_cipher": "juemi",
    "relay_ceiling": "",
    "device_ceiling": "",
    "topic": "",
    "subjects": [],
    "excluded_subjects": [],
    "directory_age_hours": 1,
    "book_current": True,
    "devices": ["active"],
    "parts": [],
    "custody_groups": 0,
    "expired": False,
}
OUTCOMES = {"say", "seal", "open", "told"}


def cases() -> Iterator[Any]:
    for family in FAMILIES:
        text = (FOLDER / f"{family}.toml").read_text(encoding="utf-8")
        for case in tomllib.loads(text)["case"]:
            yield pytest.param(case, id=f"{family}: {case['say']}")


def person(case: dict[str, Any]) -> Standing:
    problem = case["clearance_problem"]
    whole = standing(
        "j.okafor",
        agency=AGENCY_A if case["same_agency"] else AGENCY_B,
        level=case["clearance"],
        policy=case["clearance_policy"],
        person_class=case["person_class"],
        clearance_problem=problem,
        statements_current=case["book_current"],
        pledged=Instant(NOW - case["pledged_days_ago"] * DAY),
    )
    if problem:
        whole = replace(whole, clearance=None)
    return whole if case["briefed"] else replace(whole, briefed_until=None, pledged=None)


def marked(case: dict[str, Any], who: Standing, level: str) -> Label:
    leaves = {
        "home": f"agency:{AGENCY_A.hex()}",
        "theirs": f"agency:{AGENCY_B.hex()}",
        "person": f"officer:{who.officer.officer.hex()}",
        "other": "officer:" + "ab" * 16,
    }
    groups = [[leaves[name] for name in group] for group in case["audience"]]
    period = Period.of_years(case["years"], start=Instant(NOW - 60))
    return label(level, audience=Audience.of(*groups), period=period)


def agreed(case: dict[str, Any]) -> Agreement | None:
    if case["agreement"] == "none":
        return None
    link = case["link_accreditation"]
    whole = agreement(
        case["agreement"],
        accreditation=(Ceiling(policy=PACK.id, level=link),) if link else (),
    )
    whole = replace(
        whole,
        subjects=tuple(case["subjects"]),
        excluded_subjects=tuple(case["excluded_subjects"]),
    )
    return whole if case["agreement_names_pack"] else replace(whole, packs=())


def sealing(case: dict[str, Any]) -> SealQuestion:
    who = person(case)
    devices = {"active": DEVICE, "retired": RETIRED}
    return seal_question(
        recipient(
            who,
            devices=tuple(devices[name] for name in case["devices"]),
            agreement=agreed(case),
            own_agency=case["same_agency"],
            directory_age_s=case["directory_age_hours"] * 3600,
            device_ceiling=case["device_ceiling"] or None,
        ),
        label=marked(case, who, case["level"]),
        sender=standing(level="juemi", person_class="core"),
        accreditation=case["accreditation"] or None,
        exercise=case["exercise"],
        custody_groups=case["custody_groups"],
        parts=tuple(
            PartQuestion(name="annex", label=marked(case, who, level), pack=PACK)
            for level in case["parts"]
        ),
        relay_ceiling=case["relay_ceiling"] or None,
        provider_ceiling=case["accepted_cipher"] or None,
        topic=case["topic"],
    )


def opening(case: dict[str, Any]) -> ReadQuestion:
    who = person(case)
    return read_question(
        reader=who,
        label=marked(case, who, case["level"]),
        device=RETIRED if "retired" in case["devices"] else DEVICE,
        agreement=agreed(case),
        own_agency=case["same_agency"],
        accreditation=case["accreditation"] or None,
        exercise=case["exercise"],
        directory_age_s=case["directory_age_hours"] * 3600,
        expires=Instant(NOW - 1 if case["expired"] else NOW + DAY),
        custody_groups=case["custody_groups"],
        relay_ceiling=case["relay_ceiling"] or None,
        provider_ceiling=case["accepted_cipher"] or None,
        device_ceiling=case["device_ceiling"] or None,
        topic=case["topic"],
    )


@pytest.mark.parametrize("case", list(cases()))
def test_the_rules_do_what_the_table_says(case: dict[str, Any]) -> None:
    assert set(case) <= set(IN_ORDER) | OUTCOMES
    whole = IN_ORDER | case
    if "seal" in case:
        decision = decide(sealing(whole), ref="")
        assert case["seal"] == [reason.code for reason in decision.reasons]
        assert Disclosure.FULL is decision.disclosure
    if "open" in case:
        decision = decide(opening(whole), ref="")
        assert case["open"] == [reason.code for reason in decision.reasons]
        told = Disclosure.NONE if case.get("told") == "nothing" else Disclosure.FULL
        assert told is decision.disclosure


def test_no_case_stands_twice() -> None:
    says = [case.id for case in cases()]
    assert len(says) == len(set(says)) > 30
