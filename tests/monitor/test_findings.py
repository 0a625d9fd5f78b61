"""Every rule gives one finding, and the sentences for it exist."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language, catalogue
from secure_liaison.labels.agreement import AcceptedPack, Article, Ceiling, Equivalence, Treatment
from secure_liaison.labels.equivalence import Reading, readings_of
from secure_liaison.labels.handling import CipherClass
from secure_liaison.labels.label import Determination
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.monitor import object_rules
from secure_liaison.monitor.decision import (
    Action,
    Decision,
    Elsewhere,
    ReadQuestion,
    SealQuestion,
    shown_value,
)
from secure_liaison.monitor.finding import Finding, Outcome
from secure_liaison.monitor.rules import READ_RULES, SEAL_RULES, decide
from tests.architecture.sources import sources
from tests.monitor.scene import (
    AGENCY_B,
    GENERIC,
    NOW,
    PACK,
    agreement,
    label,
    read_question,
    recipient,
    seal_question,
    standing,
)


def asked(question: SealQuestion | ReadQuestion) -> Decision:
    return decide(question, ref="")


def of(decision: Decision, rule: str) -> Finding:
    (found,) = [each for each in decision.findings if each.rule == rule]
    return found


def codes(question: SealQuestion | ReadQuestion) -> list[str]:
    return [each.code for each in asked(question).reasons]


def test_every_rule_gives_one_finding_for_each_it_is_asked_about() -> None:
    two = asked(seal_question(recipient(), recipient()))
    expected = (
        len(SEAL_RULES.about_object)
        + len(SEAL_RULES.about_part)
        + len(SEAL_RULES.about_sender)
        + 2 * len(SEAL_RULES.about_person)
    )
    assert expected == len(two.findings)
    one = asked(read_question())
    assert len(READ_RULES.about_object) + len(READ_RULES.about_person) == len(one.findings)


def test_reasons_are_those_of_the_unmet_findings_and_nothing_else() -> None:
    below = recipient(standing("m.rossi", agency=AGENCY_B, level="mimi"))
    decision = asked(seal_question(below))
    unmet = [each for each in decision.findings if each.outcome is Outcome.UNMET]
    assert tuple(each.reason for each in unmet) == decision.reasons
    assert all(each.reason is None for each in decision.findings if each not in unmet)


@pytest.mark.parametrize("language", list(Language))
def test_every_rule_and_every_why_has_its_sentence_and_no_other(language: Language) -> None:
    text = "".join(
        source.path.read_text(encoding="utf-8")
        for source in sources()
        if source.place.startswith("src/secure_liaison/monitor/")
    )
    rules = set(re.findall(r'ask\(\s*"([a-z-]+\.[a-z-]+)"', text))
    whys = set(re.findall(r'not_asked\("([a-z-]+)"\)', text))
    keys = catalogue(language)
    assert rules == {key.removeprefix("rule.") for key in keys if key.startswith("rule.")}
    assert whys == {key.removeprefix("not-asked.") for key in keys if key.startswith("not-asked.")}
    assert {f"cipher.{each.value}" for each in CipherClass} <= set(keys)


def test_a_rule_that_is_met_says_what_it_read() -> None:
    found = of(asked(read_question()), "clearance.level")
    assert (Outcome.MET, "CN JIMI (机密, 2 of 3)", "CN JIMI (机密, 2 of 3)") == (
        found.outcome,
        found.have,
        found.need,
    )


def test_a_basis_that_nobody_read_says_so() -> None:
    assert "[" not in PACK.level("jimi").citation
    assert "[default]" in GENERIC.level("secret").citation


# --- ceilings --------------------------------------------------------------------------------

REAL = {"exercise": False, "accreditation": "jimi"}
LINK = agreement("jimi", accreditation=(Ceiling(policy=PACK.id, level="jimi"),))
STRICT = replace(
    PACK,
    handling=tuple(replace(each, provider_class=CipherClass.ORDINARY) for each in PACK.handling),
)


def real_seal(**changes: object) -> SealQuestion:
    return seal_question(recipient(agreement=LINK), **{**REAL, **changes})


def real_read(**changes: object) -> ReadQuestion:
    return read_question(agreement=LINK, **{**REAL, **changes})


def test_with_every_ceiling_high_enough_both_ends_agree() -> None:
    high = {"relay_ceiling": "jimi", "provider_ceiling": "jimi"}
    both = recipient(agreement=LINK, device_ceiling="jimi")
    assert [] == codes(seal_question(both, pack=STRICT, **{**REAL, **high}))
    assert [] == codes(real_read(pack=STRICT, device_ceiling="jimi", **high))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"accreditation": None}, "accreditation.own"),
        ({"accreditation": "mimi"}, "accreditation.own"),
        ({"relay_ceiling": "mimi"}, "accreditation.relay"),
        ({"pack": STRICT, "provider_ceiling": None}, "accreditation.provider"),
        ({"pack": STRICT, "provider_ceiling": "mimi"}, "accreditation.provider"),
    ],
)
def test_the_lowest_ceiling_refuses_at_both_ends(changes: dict[str, object], rule: str) -> None:
    for question in (real_seal(**changes), real_read(**changes)):
        decision = asked(question)
        (reason,) = decision.reasons
        assert ("NOT_ACCREDITED", f"{rule}@{PACK.policy_id}") == (reason.code, reason.rule)


def test_a_devices_ceiling_refuses_at_both_ends() -> None:
    low = recipient(agreement=LINK, device_ceiling="mimi")
    for question in (seal_question(low, **REAL), real_read(device_ceiling="mimi")):
        (reason,) = asked(question).reasons
        assert f"accreditation.device@{PACK.policy_id}" == reason.rule


def test_the_links_ceiling_refuses_at_both_ends() -> None:
    bare = agreement("jimi")
    for question in (
        seal_question(recipient(agreement=bare), **REAL),
        read_question(agreement=bare, **REAL),
    ):
        (reason,) = asked(question).reasons
        assert f"accreditation.link@{PACK.policy_id}" == reason.rule


def test_an_exercise_has_no_ceilings() -> None:
    low = {"relay_ceiling": "mimi", "accreditation": None}
    who = recipient(device_ceiling="mimi")
    decision = asked(seal_question(who, pack=STRICT, **low))
    assert decision.permitted
    for rule in ("provider", "own", "relay", "link", "device"):
        assert "not-asked.exercise" == of(decision, f"accreditation.{rule}").why


def test_a_refused_cipher_cites_the_law() -> None:
    (reason,) = asked(real_seal(pack=STRICT, provider_ceiling=None)).reasons
    assert ("cipher.commercial", "cipher.ordinary") == (reason.have, reason.need)
    assert "保守国家秘密法" in reason.basis


def test_an_accepted_cipher_is_written_down_as_a_duty() -> None:
    decision = asked(real_read(pack=STRICT, provider_ceiling="jimi"))
    assert ("register-read", "accepted-provider") == decision.obligations


# --- subjects --------------------------------------------------------------------------------

NAMED = agreement(subjects=("consular",), articles=(Article(topic="subjects", article="2"),))
EXCLUDING = agreement(excluded_subjects=("personnel",))


@pytest.mark.parametrize(
    ("between", "topic", "expected"),
    [
        (agreement(), "", []),
        (NAMED, "consular", []),
        (NAMED, "trade", ["SUBJECT_NOT_AGREED"]),
        (NAMED, "", ["SUBJECT_NOT_AGREED"]),
        (EXCLUDING, "trade", []),
        (EXCLUDING, "personnel", ["SUBJECT_NOT_AGREED"]),
        (EXCLUDING, "", ["SUBJECT_NOT_AGREED"]),
    ],
)
def test_a_subject_outside_the_agreement_is_refused_at_both_ends(
    between: object, topic: str, expected: list[str]
) -> None:
    assert expected == codes(seal_question(recipient(agreement=between), topic=topic))
    assert expected == codes(read_question(agreement=between, topic=topic))


def test_the_refusal_names_the_article() -> None:
    (reason,) = asked(seal_question(recipient(agreement=NAMED), topic="trade")).reasons
    assert ("agr:a-b art. 2", "trade", "consular") == (reason.basis, reason.have, reason.need)


# --- equivalence -----------------------------------------------------------------------------


def entry(**changes: object) -> Equivalence:
    made = Equivalence(
        from_policy="generic",
        from_level="secret",
        to_policy="cn.state-secrets",
        to_level="jimi",
        treatment=Treatment.PROTECT_AS,
        article="3.2",
        valid_from=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of the entry


PACKS = (builtin_pack("generic"), builtin_pack("cn.state-secrets"))
MAPPED = agreement(
    ceilings=(Ceiling(policy="generic", level="secret"),),
    packs=(AcceptedPack(policy=GENERIC.policy_id, digest=GENERIC.digest()),),
    equivalences=(entry(),),
    articles=(Article(topic="comparability", article="3"),),
)
THEIRS = label("secret", policy=GENERIC.policy_id)


def reading() -> Reading:
    (found,) = readings_of(THEIRS, MAPPED, PACKS, at=NOW)
    return found


def foreign(level: str = "jimi", **changes: object) -> ReadQuestion:
    who = standing("j.okafor", agency=AGENCY_B, level=level)
    whole = read_question(
        label=THEIRS,
        pack=GENERIC,
        agreement=MAPPED,
        reader=who,
        elsewhere=Elsewhere(PACK.id, reading()),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # fields of the question


def test_a_mapped_level_is_read_under_the_own_clearance() -> None:
    decision = asked(foreign())
    assert decision.permitted
    mapped = of(decision, "agreement.equivalence")
    assert (Outcome.MET, "agr:a-b art. 3.2") == (mapped.outcome, mapped.basis)
    assert "CN JIMI (机密, 2 of 3)" == of(decision, "clearance.level").need


def test_below_the_mapped_level_is_below_the_label() -> None:
    assert ["CLEARANCE_BELOW_LABEL", "PERSON_CLASS"] == codes(
        foreign(reader=standing("k.ito", agency=AGENCY_B, level="mimi", person_class="general"))
    )


def test_a_mapped_level_is_handled_as_the_own_policy_handles_it() -> None:
    """Else a partner's secret that is protected as 绝密 is read by one person without custody."""
    top = replace(MAPPED, equivalences=(entry(to_level="juemi"),))
    two = replace(PACK, handling=tuple(replace(each, open_persons=2) for each in PACK.handling))
    (mapped,) = readings_of(THEIRS, top, (two,), at=NOW)
    who = standing("j.okafor", agency=AGENCY_B, level="juemi", person_class="core")
    assert {"CUSTODY_REQUIRED", "SECOND_PERSON"} == set(
        codes(foreign(reader=who, elsewhere=Elsewhere(PACK.id, mapped), agreement=top))
    )
    sealed = seal_question(
        recipient(who, elsewhere=Elsewhere(PACK.id, mapped), agreement=top),
        label=THEIRS,
        pack=GENERIC,
        sender=standing(policy=GENERIC.id, level="secret"),
    )
    assert ["CUSTODY_REQUIRED"] == codes(sealed)


REAL_MAPPED = replace(MAPPED, accreditation=(Ceiling(policy="generic", level="secret"),))


def real_foreign(
    *, accreditation: str | None = "jimi", provider_ceiling: str | None = "jimi"
) -> tuple[SealQuestion, ReadQuestion]:
    """Ask at both ends outside an exercise about what an agreement has protected as 机密."""
    (mapped,) = readings_of(THEIRS, REAL_MAPPED, PACKS, at=NOW)
    who = standing("j.okafor", agency=AGENCY_B, level="jimi")
    elsewhere = Elsewhere(PACK.id, mapped, accreditation, provider_ceiling)
    sealed = seal_question(
        recipient(who, agreement=REAL_MAPPED, elsewhere=elsewhere),
        label=THEIRS,
        pack=GENERIC,
        sender=standing(policy=GENERIC.id, level="secret"),
        exercise=False,
    )
    return sealed, foreign(agreement=REAL_MAPPED, exercise=False, elsewhere=elsewhere)


@pytest.mark.parametrize("end", [0, 1])
def test_a_mapped_level_needs_the_accreditation_of_the_policy_that_it_is_mapped_to(
    end: int,
) -> None:
    """Else a partner's secret that is protected as 机密 lies on a machine that may hold none."""
    assert [] == codes(real_foreign()[end])
    for held in (None, "mimi"):
        decision = asked(real_foreign(accreditation=held)[end])
        (reason,) = decision.reasons
        assert "NOT_ACCREDITED" == reason.code
        assert reason.rule.startswith("accreditation.reading@")
        assert "CN JIMI (机密, 2 of 3)" == reason.need


@pytest.mark.parametrize("end", [0, 1])
def test_a_mapped_level_needs_the_ciphers_of_the_policy_that_it_is_mapped_to(end: int) -> None:
    for accepted in (None, "mimi"):
        decision = asked(real_foreign(provider_ceiling=accepted)[end])
        (reason,) = decision.reasons
        assert reason.rule.startswith("accreditation.reading-provider@")
        assert "cipher.ordinary" == reason.need


def test_reading_a_mapped_level_is_registered_as_the_own_policy_says() -> None:
    low = label("internal", policy=GENERIC.policy_id)
    raised = replace(MAPPED, equivalences=(entry(from_level="internal"),))
    (mapped,) = readings_of(low, raised, PACKS, at=NOW)
    question = foreign(
        label=low, agreement=raised, elsewhere=Elsewhere(PACK.id, mapped), action=Action.OPEN
    )
    assert ("register-read",) == asked(question).obligations


def test_an_unmapped_level_is_refused_with_the_article_named() -> None:
    bare = replace(MAPPED, equivalences=())
    question = foreign(agreement=bare, elsewhere=Elsewhere(PACK.id))
    (unmapped, missing) = asked(question).reasons
    assert ("LEVEL_UNMAPPED", "agr:a-b art. 3") == (unmapped.code, unmapped.basis)
    assert "CLEARANCE_MISSING" == missing.code


def test_a_level_without_equivalent_is_refused_with_its_own_article() -> None:
    none = entry(to_level="", treatment=Treatment.REFUSE, article="3.4")
    question = foreign(
        agreement=replace(MAPPED, equivalences=(none,)), elsewhere=Elsewhere(PACK.id)
    )
    assert "agr:a-b art. 3.4" == asked(question).reasons[0].basis


def test_without_an_agreement_nothing_is_mapped() -> None:
    question = foreign(agreement=None, elsewhere=Elsewhere(PACK.id))
    assert "not-asked.no-agreement" == of(asked(question), "agreement.equivalence").why


@pytest.mark.parametrize("action", [Action.LIST, Action.OPEN])
def test_a_mapping_never_opens_the_audience(action: Action) -> None:
    elsewhere = standing("x.y", agency=AGENCY_B, level="juemi", person_class="core")
    outside = replace(elsewhere, memberships=frozenset({"officer:00"}))
    assert "NOT_RELEASABLE_TO" in codes(foreign(reader=outside, action=action))


def test_a_stated_ceiling_binds_levels_that_no_law_reserves() -> None:
    low = {"relay_ceiling": "internal", "exercise": False}
    named = agreement(ceilings=(Ceiling(policy="generic", level="secret"),))
    question = seal_question(
        recipient(
            standing("j.okafor", agency=AGENCY_B, policy="generic", level="secret"),
            agreement=named,
            device_ceiling="internal",
        ),
        label=label("secret", policy=GENERIC.policy_id),
        pack=GENERIC,
        sender=standing(policy="generic", level="secret"),
        **low,
    )
    assert ["accreditation.relay", "accreditation.device"] == [
        each.rule.partition("@")[0] for each in asked(question).reasons
    ]


def test_a_cited_provision_is_seen_in_the_decision() -> None:
    cited_label = label(determination=Determination(provision="某法 第三条"))
    decision = asked(read_question(label=cited_label))
    assert "cited-provision" in decision.obligations
    assert "某法 第三条" == of(decision, "label.valid").have


def test_an_invalid_label_is_told_in_words_and_not_by_a_code() -> None:
    without_period = label(period=Period(form=PeriodForm.OPEN, value=""))
    (reason,) = asked(seal_question(label=without_period)).reasons
    assert shown_value(reason.have, Language.EN, {}).endswith("form of period.")
    too_long = label(period=Period.of_years(25, start=NOW))
    (reason,) = asked(seal_question(label=too_long)).reasons
    assert "20" in reason.have
    assert "label-" not in reason.have


def test_a_broken_rule_is_told_by_the_packs_own_sentence() -> None:
    nato = builtin_pack("nato")
    rule = nato.rules[0]
    error = FormatError("label-rule", rule=rule.id)
    assert f"{rule.say.zh} / {rule.say.en}" == object_rules._in_words(error, nato)
