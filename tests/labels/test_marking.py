import pytest

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.marking import (
    MAX_MARK,
    banner,
    mark_level,
    parse_mark,
    render,
    urgency_text,
)
from secure_liaison.labels.pack import load_pack
from secure_liaison.labels.period import Period, PeriodForm
from tests.labels.samples import CN, CREATED, GENERIC, as_bytes, generic, jimi, pack_file

ZH, EN = Language.ZH, Language.EN


def test_real_marks_of_state_secrets() -> None:
    assert render(jimi(), CN, ZH, exercise=False) == "机密★10年"
    assert render(jimi(), CN, EN, exercise=False) == "CN JIMI (机密, 2 of 3) ★10Y"


def test_exercise_marks_have_no_star() -> None:
    assert render(jimi(), CN, ZH, exercise=True) == "演练 EXERCISE · 机密 10年"
    assert render(jimi(), CN, EN, exercise=True) == "演练 EXERCISE · CN JIMI (机密, 2 of 3) 10Y"


@pytest.mark.parametrize(
    ("form", "value", "zh", "en"),
    [
        (PeriodForm.DURATION, "P6M", "机密★6个月", "★6M"),
        (PeriodForm.MOMENT, "2027-03-01", "机密★2027年3月1日", "★until 2027-03-01"),
        (PeriodForm.CONDITION, "会议开始前", "机密★会议开始前", "★until: 会议开始前"),
        (PeriodForm.OPEN, "", "机密★长期", "★open-ended"),
    ],
)
def test_each_form_of_period_has_its_writing(
    form: PeriodForm, value: str, zh: str, en: str
) -> None:
    dated = form in {PeriodForm.DURATION, PeriodForm.MOMENT}
    period = Period(form=form, value=value, start=CREATED if dated else None)
    assert render(jimi(period=period), CN, ZH, exercise=False) == zh
    assert render(jimi(period=period), CN, EN, exercise=False).endswith(en)


def test_generic_marks() -> None:
    dated = generic(period=Period.of_years(5, start=CREATED))
    assert render(generic(), GENERIC, EN, exercise=False) == "SECRET"
    assert render(generic(), GENERIC, ZH, exercise=False) == "秘级 SECRET"
    assert render(dated, GENERIC, EN, exercise=False) == "SECRET · 5Y"
    assert render(dated, GENERIC, ZH, exercise=True) == "演练 EXERCISE · 秘级 SECRET · 5年"


def test_banner_shows_both_languages() -> None:
    assert banner(jimi(), CN, exercise=False) == "机密★10年 | CN JIMI (机密, 2 of 3) ★10Y"
    assert (
        banner(jimi(), CN, exercise=True)
        == "演练 EXERCISE · 机密 10年 | CN JIMI (机密, 2 of 3) 10Y"
    )


def test_level_alone_is_never_starred() -> None:
    assert mark_level(CN.level("jimi"), ZH) == "机密"
    assert mark_level(CN.level("jimi"), EN) == "CN JIMI (机密, 2 of 3)"


def test_urgency_in_both_languages() -> None:
    assert urgency_text("immediate", CN, ZH) == "特急"
    assert urgency_text("immediate", CN, EN) == "Immediate"
    assert urgency_text("immediate", GENERIC, ZH) == "紧急"


def test_a_label_is_rendered_by_its_own_pack_only() -> None:
    with pytest.raises(FormatError, match="label-policy-mismatch"):
        render(jimi(), GENERIC, ZH, exercise=False)
    with pytest.raises(FormatError, match="label-policy-mismatch"):
        banner(generic(), CN, exercise=False)


def test_a_mark_longer_than_the_limit_is_not_read() -> None:
    with pytest.raises(FormatError, match="mark-too-long"):
        parse_mark("机密★" + "会" * MAX_MARK, CN)


def test_condition_keeps_its_own_characters() -> None:
    text = "谈判结束后（见第２号文）"
    assert parse_mark(f"机密★{text}", CN).period.value == text


def test_level_whose_name_begins_with_anothers_is_read_whole() -> None:
    value = pack_file("generic")
    value["levels"][3]["mark"]["en"] = "CONFIDENTIAL · 1Y PLUS"
    assert parse_mark("CONFIDENTIAL · 1Y PLUS", load_pack(as_bytes(value))).level == "secret"


def test_form_that_the_pack_does_not_know_is_refused() -> None:
    value = pack_file("generic")
    value["period"]["forms"] = ["duration"]
    value["period"]["required"] = True
    strict = load_pack(as_bytes(value))
    with pytest.raises(FormatError, match="mark-period-form"):
        parse_mark("SECRET · until 2027-03-01", strict)
    with pytest.raises(FormatError, match="mark-period-missing"):
        parse_mark("SECRET", strict)
