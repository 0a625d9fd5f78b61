"""An agreement is shown whole before anybody signs it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from secure_liaison.cli.agreement_page import as_data, as_lines
from secure_liaison.cli.surface import Surface
from secure_liaison.i18n import Language
from secure_liaison.labels.agreement import Treatment
from secure_liaison.labels.agreement_terms import read_terms
from tests.labels.samples import agreement, equivalence


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            Language.EN,
            [
                "up to cn.state-secrets jimi",
                "link accredited up to cn.state-secrets jimi",
                "subjects: consular",
                "excluded subjects: personnel",
                "article 4: transfer",
                "by bag, with a directory of at most 240 hours",
                "generic:secret is protected as test.partner:high (article 3)",
                "generic:public has no equivalent in test.partner and is refused (article 3)",
            ],
        ),
        (
            Language.ZH,
            [
                "链路认可至 cn.state-secrets jimi",
                "事项：consular",
                "排除的事项：personnel",
                "generic:secret 按 test.partner:high 保护（第 3 条）",
                "generic:public 在 test.partner 中没有对应级别，拒绝（第 3 条）",
            ],
        ),
    ],
)
def test_everything_that_is_signed_is_shown(language: Language, expected: list[str]) -> None:
    refused = equivalence(from_level="public", to_level="", treatment=Treatment.REFUSE)
    shown = as_lines(Surface(language), agreement(equivalences=(equivalence(), refused)))
    assert [line for line in expected if line not in shown] == []


def test_an_agreement_without_end_and_courier_says_so() -> None:
    lines = as_lines(Surface(Language.EN), agreement(courier=None, valid_to=None))
    assert any(line.endswith("until —") for line in lines)
    assert not any("by bag" in line for line in lines)


def test_programs_get_every_field() -> None:
    data = as_data(agreement())
    assert {"equivalences", "courier", "articles", "packs", "onward"} <= set(data)
    assert json.loads(json.dumps(data)) == data
    assert None is as_data(replace(agreement(), courier=None))["courier"]


def test_the_terms_of_the_guide_are_read() -> None:
    page = Path(__file__).parents[2] / "docs" / "guides" / "agency.md"
    (written,) = re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert ("consular", "security") == read_terms(written.encode()).subjects
