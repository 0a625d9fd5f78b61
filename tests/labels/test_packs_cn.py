"""China: state secrets (labels report §2.1 to §2.3, §9) and work secrets (Law 64, Reg. 73)."""

from dataclasses import replace

import pytest

from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language, cause
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.deciding import ReasonUse
from secure_liaison.labels.label import Label
from secure_liaison.labels.marking import parse_mark, render
from secure_liaison.labels.naming import BasisStatus
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period
from secure_liaison.labels.policy import CategoryKind, PolicyPack
from secure_liaison.labels.validity import validate
from tests.labels.samples import CN, jimi

OLD = builtin_pack("cn.state-secrets@2014-03-01")
WORK = builtin_pack("cn.work")
WESTERN = {"SECRET", "CONFIDENTIAL", "RESTRICTED", "TOP", "PUBLIC", "INTERNAL", "UNCLASSIFIED"}


def old_label(created: str = "2019-10-01") -> Label:
    start = from_iso(created)
    return jimi(policy=OLD.policy_id, created=start, period=Period.of_years(10, start=start))


def work_label(level: str) -> Label:
    return jimi(policy=WORK.policy_id, level=level)


# --- 2.1 levels, periods, who decides ------------------------------------------------------------


@pytest.mark.parametrize("pack", [CN, OLD], ids=lambda pack: pack.version)
def test_levels_three_ranks_with_30_20_10_years(pack: PolicyPack) -> None:
    found = [(level.names.zh, level.rank, level.max_period_years) for level in pack.levels]
    assert found == [("秘密", 1, 10), ("机密", 2, 20), ("绝密", 3, 30)]
    assert all(level.reserved for level in pack.levels)


def test_authority_central_and_provincial_bodies_may_set_every_level() -> None:
    levels = {each.body: each.levels for each in CN.authority}
    everything = ("mimi", "jimi", "juemi")
    assert levels == {
        "central": everything,
        "province": everything,
        "prefecture": ("mimi", "jimi"),
        "granted-national": everything,
        "granted-provincial": everything,
        "police": everything,
        "state-security": everything,
    }


def test_authority_special_grants_are_of_the_law_of_2024() -> None:
    assert not {each.body for each in OLD.authority} & {"granted-national", "granted-provincial"}
    for each in CN.authority:
        assert [basis.cite for basis in each.basis] == ["保守国家秘密法(2024) 第十七条"]


def test_when_derived_has_the_four_reasons_of_regulation_18() -> None:
    derived = [each for each in CN.reasons if each.use is ReasonUse.DERIVED]
    assert [each.id for each in derived] == [
        "same-as-source",
        "touches-secret-point",
        "works-out-source",
        "required-by-issuer",
    ]
    for each in derived:
        assert each.basis[0].cite == "保守国家秘密法实施条例(2024) 第十八条"


def test_what_can_be_secret_has_seven_kinds_and_only_the_third_was_read() -> None:
    kinds = [each for each in CN.reasons if each.basis[0].cite == "保守国家秘密法(2024) 第十三条"]
    assert len(kinds) == 7
    read = [each.id for each in kinds if each.basis[0].status is BasisStatus.CHECKED]
    assert read == ["foreign-affairs"]


def test_every_use_has_a_reason() -> None:
    assert {each.use for each in CN.reasons} == set(ReasonUse)


def test_unclear_goes_to_the_national_bureau_for_juemi_and_for_central_bodies() -> None:
    workflow = CN.workflow
    assert (workflow.unclear_report_workdays, workflow.unclear_decide_workdays) == (10, 10)
    table = [(each.levels, each.bodies, each.to.zh[:2]) for each in workflow.unclear_to]
    assert table == [(("juemi",), (), "国家"), ((), ("central",), "国家"), ((), (), "省、")]
    assert workflow.dispute == "highest-asserted"


def test_aggregation_rule_is_a_default_on_the_basis_of_law_36_and_regulation_43() -> None:
    (rule,) = CN.compilation
    assert (rule.count, rule.level, rule.raise_to) == (10, "mimi", "jimi")
    assert [basis.status.value for basis in rule.basis] == ["checked", "checked", "default"]
    assert [basis.cite for basis in rule.basis[:2]] == [
        "保守国家秘密法(2024) 第三十六条",
        "保守国家秘密法实施条例(2024) 第四十三条",
    ]


def test_controls_are_original_no_copy_no_onward_no_export() -> None:
    limits = CN.category("limit")
    assert limits.kind is CategoryKind.CONTROL
    assert {each.id for each in limits.values} == {
        "original",
        "no-copy",
        "no-onward",
        "no-export",
    }
    assert [each.id for each in CN.category("note").values] == ["midian", "written-notice"]


@pytest.mark.parametrize(
    ("level", "hours", "person", "witnesses", "reads"),
    [
        ("mimi", 168, "general", 0, False),
        ("jimi", 72, "important", 1, True),
        ("juemi", 24, "core", 2, True),
    ],
)
def test_handling_profiles_of_section_9(
    level: str, hours: int, person: str, witnesses: int, *, reads: bool
) -> None:
    profile = CN.handling_of(level)
    assert (profile.acknowledge_hours, profile.min_person_class) == (hours, person)
    assert (profile.destruction.witnesses, profile.register_reads) == (witnesses, reads)
    assert any(basis.status is BasisStatus.DEFAULT for basis in profile.basis)


# --- labels made under the earlier law ------------------------------------------------------------


def test_old_label_is_valid_under_the_version_of_its_day() -> None:
    validate(old_label(), OLD)
    validate(old_label("2014-03-01"), OLD)
    validate(old_label("2024-08-31"), OLD)
    assert render(old_label(), OLD, Language.ZH, exercise=False) == "机密★10年"


def test_new_label_under_the_old_version_is_refused() -> None:
    for day in ("2024-09-01", "2026-11-22", "2014-02-28"):
        with pytest.raises(FormatError, match="label-policy-not-in-force"):
            validate(old_label(day), OLD)


def test_old_label_is_refused_under_the_new_version() -> None:
    with pytest.raises(FormatError, match="label-policy-mismatch"):
        validate(old_label(), CN)
    with pytest.raises(FormatError, match="label-policy-not-in-force"):
        validate(replace(old_label(), policy=CN.policy_id), CN)


def test_earlier_version_claims_nothing_as_checked() -> None:
    for basis in (*OLD.basis, *(each for level in OLD.levels for each in level.basis)):
        assert basis.status in {BasisStatus.KNOWN, BasisStatus.DEFAULT}


def test_months_between_the_new_law_and_its_regulation_are_judged_by_the_earlier_version() -> None:
    validate(old_label("2024-05-01"), OLD)
    assert any("2024年5月1日" in basis.cite for basis in OLD.basis)


# --- work secrets ---------------------------------------------------------------------------------


def test_work_secrets_are_a_class_of_their_own_and_not_reserved() -> None:
    assert [level.names.zh for level in WORK.levels] == ["公开", "内部", "工作秘密"]
    assert not any(level.reserved for level in WORK.levels)
    assert not any(profile.custody for profile in WORK.handling)
    assert {basis.cite for basis in WORK.level("gongzuo-mimi").basis} == {
        "保守国家秘密法(2024) 第六十四条",
        "保守国家秘密法实施条例(2024) 第七十三条",
    }


@pytest.mark.parametrize("level", ["gongkai", "neibu", "gongzuo-mimi"])
@pytest.mark.parametrize("exercise", [False, True])
def test_mark_of_a_work_secret_never_carries_a_star(level: str, *, exercise: bool) -> None:
    label = work_label(level)
    validate(label, WORK)
    for language in Language:
        assert "★" not in render(label, WORK, language, exercise=exercise)


def test_star_on_a_work_secret_is_refused_with_the_reason_why() -> None:
    with pytest.raises(FormatError) as caught:
        parse_mark("工作秘密★5年", WORK)
    assert "国家秘密" in cause(caught.value, Language.ZH)
    assert "state secrets" in cause(caught.value, Language.EN)


@pytest.mark.parametrize("pack", [CN, OLD], ids=lambda pack: pack.version)
@pytest.mark.parametrize("language", list(Language))
def test_mark_of_a_state_secret_never_parses_as_a_work_secret(
    pack: PolicyPack, language: Language
) -> None:
    for level in pack.levels:
        for exercise in (False, True):
            label = jimi(policy=pack.policy_id, level=level.id)
            text = render(label, pack, language, exercise=exercise)
            with pytest.raises(FormatError, match="mark-level"):
                parse_mark(text, WORK)


def test_mark_of_a_work_secret_never_parses_as_a_state_secret() -> None:
    for level in WORK.levels:
        for text in (level.mark.zh, level.mark.en, f"{level.mark.zh}★10年", *level.aliases):
            with pytest.raises(FormatError, match="mark-level"):
                parse_mark(text, CN)


@pytest.mark.parametrize("pack", [CN, OLD, WORK], ids=lambda pack: pack.policy_id)
def test_english_gloss_is_never_a_bare_western_word(pack: PolicyPack) -> None:
    for level in pack.levels:
        for text in (level.mark.en, level.names.en):
            assert "CN" in text
            assert text.upper().split()[0] not in WESTERN
        assert level.mark.zh in level.mark.en


def test_public_exists_at_the_lowest_level_of_work_matters_only() -> None:
    validate(replace(work_label("gongkai"), audience=Audience.of()), WORK)
    for level in ("neibu", "gongzuo-mimi"):
        with pytest.raises(FormatError, match="label-audience-public"):
            validate(replace(work_label(level), audience=Audience.of()), WORK)
