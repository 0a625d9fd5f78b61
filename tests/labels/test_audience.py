import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import MAX_GROUPS, Audience

A, B, C = "nation:AAA", "nation:BBB", "nation:CCC"


def test_home_admits_home_only() -> None:
    assert Audience.home(A).permits(frozenset({A}))
    assert not Audience.home(A).permits(frozenset({B}))


def test_released_to_widens_home() -> None:
    assert Audience.home(A, B) == Audience.of([A, B])
    assert Audience.home(A, B).permits(frozenset({B}))


def test_reader_must_meet_every_group() -> None:
    audience = Audience.of([A, B], [B, C])
    assert audience.permits(frozenset({B}))
    assert audience.permits(frozenset({A, C}))
    assert not audience.permits(frozenset({A}))


def test_empty_group_is_nobody() -> None:
    assert not Audience.of([]).permits(frozenset({A, B, C}))
    assert not Audience.of([]).is_public


def test_no_group_is_public() -> None:
    assert Audience.of().is_public
    assert Audience.of().permits(frozenset())


def test_group_that_contains_another_is_dropped() -> None:
    assert Audience.of([A]) == Audience.of([A], [A, B], [A, B, C])


def test_narrowing_adds_one_group() -> None:
    assert Audience.of([A, B], [B, C]) == Audience.of([A, B]).narrowed_to([C, B])


def test_combining_a_release_with_an_only_admits_just_those_whom_both_admit() -> None:
    # Leaving out the category that the other part lacks would let C read the secret part.
    released = Audience.home(A, B)
    only = Audience.of([C, B])
    joined = released.join(only)
    assert joined.permits(frozenset({B}))
    assert not joined.permits(frozenset({C}))
    assert not joined.permits(frozenset({A}))


def test_within_compares_audiences() -> None:
    assert Audience.of([A]).within(Audience.of([A, B]))
    assert not Audience.of([A, B]).within(Audience.of([A]))
    assert Audience.of([A]).within(Audience.of())
    assert not Audience.of().within(Audience.of([A]))
    assert Audience.of([]).within(Audience.of([A]))


@pytest.mark.parametrize(
    "leaf",
    [
        "agency:AB",
        "agency:",
        "nation:Fra",
        "group:KFOR",
        "group:KFOR@2026-13-01",
        "person:ab",
        "officer:ab\n",
        "",
    ],
)
def test_unknown_leaf_is_refused(leaf: str) -> None:
    with pytest.raises(FormatError, match="label-audience-leaf"):
        Audience.of([leaf])


def test_group_names_the_date_of_its_membership() -> None:
    assert Audience.of(["group:KFOR@2026-03-01"]).permits(frozenset({"group:KFOR@2026-03-01"}))


def test_too_many_groups_are_refused() -> None:
    groups = [[f"officer:{n:04x}"] for n in range(MAX_GROUPS + 1)]
    with pytest.raises(FormatError, match="label-audience-size"):
        Audience.of(*groups)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("text", "label-audience-form"),
        ([A], "label-audience-form"),
        ([[A, 1]], "label-audience-form"),
        ([[B, A]], "label-audience-order"),
        ([[A, A]], "label-audience-order"),
        ([[B], [A]], "label-audience-order"),
        ([[A], [A, B]], "label-audience-order"),
    ],
)
def test_reading_accepts_the_normal_form_only(value: object, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        Audience.from_value(value)  # type: ignore[arg-type]  # hostile input


def test_reading_gives_back_what_was_written() -> None:
    audience = Audience.of([A, B], [C], [])
    assert Audience.from_value(audience.to_lists()) == audience
