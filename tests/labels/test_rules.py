import pytest

from secure_liaison.labels.rules import (
    AllOf,
    AnyOf,
    Condition,
    Count,
    Effect,
    Facts,
    Forbid,
    Has,
    LevelAtLeast,
    LevelIn,
    Need,
    Not,
    OneOf,
    RaiseTo,
    applies,
    is_met,
    read_condition,
    read_effect,
)
from secure_liaison.labels.strict_json import Json, JsonFields

FACTS = Facts(
    rank=2,
    level="middle",
    ranks={"low": 1, "middle": 2, "high": 3},
    markings=frozenset({"project:alpha", "project:bravo", "projects:other"}),
)
TRUE, FALSE = AllOf(parts=()), AnyOf(parts=())


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (LevelAtLeast(level="middle"), True),
        (LevelAtLeast(level="high"), False),
        (LevelIn(levels=("low", "middle")), True),
        (LevelIn(levels=("low",)), False),
        (Has(marking="project:alpha"), True),
        (Has(marking="project:charlie"), False),
        (Count(category="project", low=2, high=2), True),
        (Count(category="project", low=1, high=None), True),
        (Count(category="project", low=3, high=None), False),
        (Count(category="project", low=0, high=1), False),
        (TRUE, True),
        (FALSE, False),
        (AllOf(parts=(TRUE, FALSE)), False),
        (AnyOf(parts=(FALSE, TRUE)), True),
        (Not(part=TRUE), False),
    ],
)
def test_condition(condition: Condition, expected: bool) -> None:  # noqa: FBT001  # a table
    assert applies(condition, FACTS) is expected


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (Need(category="project", count=2), True),
        (Need(category="project", count=3), False),
        (Forbid(category="project"), False),
        (Forbid(category="proj"), True),
        (OneOf(markings=("project:alpha", "project:charlie")), True),
        (OneOf(markings=("project:alpha", "project:bravo")), False),
        (OneOf(markings=("project:charlie",)), False),
        (RaiseTo(level="middle"), True),
        (RaiseTo(level="high"), False),
    ],
)
def test_effect(effect: Effect, expected: bool) -> None:  # noqa: FBT001  # a table
    assert is_met(effect, FACTS) is expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"level_at_least": "low"}, LevelAtLeast(level="low")),
        ({"level_in": ["low"]}, LevelIn(levels=("low",))),
        ({"has": "a:b"}, Has(marking="a:b")),
        (
            {"count": {"category": "a", "min": 1, "max": 2}},
            Count(category="a", low=1, high=2),
        ),
        (
            {"all": [{"any": []}, {"not": {"has": "a:b"}}]},
            AllOf(parts=(AnyOf(parts=()), Not(part=Has(marking="a:b")))),
        ),
    ],
)
def test_reading_a_condition(written: Json, expected: Condition) -> None:
    assert read_condition(JsonFields(written)) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"need": {"category": "a", "count": 2}}, Need(category="a", count=2)),
        ({"forbid": "a"}, Forbid(category="a")),
        ({"one_of": ["a:b", "a:c"]}, OneOf(markings=("a:b", "a:c"))),
        ({"raise_to": "high"}, RaiseTo(level="high")),
    ],
)
def test_reading_an_effect(written: Json, expected: Effect) -> None:
    assert read_effect(JsonFields(written)) == expected
