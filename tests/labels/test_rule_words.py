"""Rules are written as they are read."""

from __future__ import annotations

from typing import Any

import pytest

from secure_liaison.labels.rule_words import condition_words, effect_words
from secure_liaison.labels.rules import read_condition, read_effect
from secure_liaison.labels.strict_json import JsonFields

COUNT = {"count": {"category": "note", "min": 1, "max": 2}}


@pytest.mark.parametrize(
    "written",
    [
        {"level_at_least": "secret"},
        {"level_in": ["public", "secret"]},
        {"has": "note:draft"},
        COUNT,
        {"count": {"category": "note", "min": 1, "max": None}},
        {"all": [{"has": "note:draft"}, {"any": [COUNT]}]},
        {"not": {"all": []}},
    ],
)
def test_a_condition_is_written_as_it_is_read(written: dict[str, Any]) -> None:
    assert condition_words(read_condition(JsonFields(written))) == written


@pytest.mark.parametrize(
    "written",
    [
        {"need": {"category": "note", "count": 2}},
        {"forbid": "note"},
        {"one_of": ["note:draft", "note:staff"]},
        {"raise_to": "secret"},
    ],
)
def test_an_effect_is_written_as_it_is_read(written: dict[str, Any]) -> None:
    assert effect_words(read_effect(JsonFields(written))) == written
