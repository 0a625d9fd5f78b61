import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.vagueness import is_vague

VAGUE = [
    "几年",
    "幾年",
    "若干年",
    "数月",
    "數月",
    "十几年",
    "几十年",
    "数十年",
    "好几个月",
    "十余年",
    "十多年",
    "多年",
    "半年",
    "一年半",
    "10年左右",
    "约10年",
    "至少5年",
    "十年以上",
    "10年后",
    "３年以内",
    "暂定一年",
    "长时间",
    "較長時間",
    "长期保密",
    "永久",
    "终身保密",
    "无限期",
    "待定",
    "另行通知",
    "一段时间",
    "一定期限",
    "以后",
    "（几年）",
    "若干年。",
    "大约 三 年",
    "several years",
    "A long time",
    "about 10 years",
    "for a few months",
    "a number of years",
    "indefinitely",
    "until further notice",
    "forever",
    "10 years or so",
    "TBD.",
]
EVENTS = [
    "会议开始前",
    "会议结束后三个月",
    "文件公布前",
    "项目验收后10年",
    "半年报公布前",
    "年会召开前",
    "长江大桥竣工",
    "月球车发射后",
    "日程公布前",
    "时任负责人离任后",
    "三年规划公布后",
    "两会后",
    "the end of the talks",
    "the treaty enters into force",
    "one year after the talks",
    "the meeting begins",
    "the time of signing",
    "monthly report is published",
]


@pytest.mark.parametrize("text", VAGUE)
def test_a_vague_length_or_time_is_no_condition(text: str) -> None:
    assert is_vague(text)
    with pytest.raises(FormatError, match="label-period-vague"):
        Period(form=PeriodForm.CONDITION, value=text)


@pytest.mark.parametrize("text", EVENTS)
def test_an_event_is_a_condition(text: str) -> None:
    assert not is_vague(text)
    assert Period(form=PeriodForm.CONDITION, value=text).value == text
