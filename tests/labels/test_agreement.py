from collections.abc import Callable
from typing import Any

import pytest

from secure_liaison.clock import Instant
from secure_liaison.encoding import decode, encode
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.agreement import (
    AcceptedPack,
    Agreement,
    Article,
    Ceiling,
    Treatment,
)
from tests.labels.samples import CN, CREATED, agreement, equivalence

MINIMAL = agreement(
    valid_to=None,
    ceilings=(),
    packs=(),
    articles=(),
    subjects=(),
    excluded_subjects=(),
    witness_policy="",
    log_keys=(),
    courier=None,
    accreditation=(),
    equivalences=(),
)


def fields() -> dict[int, Any]:
    value = agreement().to_value()
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("made", [agreement(), MINIMAL])
def test_an_agreement_reads_back_as_itself(made: Agreement) -> None:
    assert Agreement.from_value(decode(encode(made.to_value()), max_bytes=65_536)) == made


def test_it_is_between_its_two_parties_in_either_order() -> None:
    one, other, third = (bytes.fromhex(pair * 32) for pair in ("a1", "b2", "c3"))
    assert agreement().involves(one, other)
    assert agreement().involves(other, one)
    assert not agreement().involves(one, third)
    assert not agreement().involves(one, one)


def test_it_is_in_force_between_its_dates() -> None:
    assert agreement().in_force(CREATED)
    assert not agreement().in_force(Instant(CREATED - 1))
    assert not agreement().in_force(Instant(CREATED + 365 * 86_400))
    assert MINIMAL.in_force(Instant(2**37))


def test_ceiling_is_per_policy_and_missing_means_nothing_may_pass() -> None:
    assert agreement().ceiling("cn.state-secrets") == "jimi"
    assert agreement().ceiling("cn.state-secrets@2024-09-01") == "jimi"
    assert agreement().ceiling("generic") is None


def test_only_the_pinned_bytes_of_a_pack_are_accepted() -> None:
    assert agreement().accepts(CN.policy_id, CN.digest())
    assert not agreement().accepts(CN.policy_id, bytes(32))
    assert not agreement().accepts("generic@2024-09-01", CN.digest())


def test_equivalence_has_one_direction_and_dates() -> None:
    made = agreement()
    found = made.equivalence("generic", "secret", to_policy="test.partner", at=CREATED)
    assert found == equivalence()
    assert (
        made.equivalence("generic", "secret", to_policy="test.partner", at=Instant(CREATED - 1))
        is None
    )
    assert made.equivalence("test.partner", "high", to_policy="generic", at=CREATED) is None
    assert made.equivalence("generic", "public", to_policy="test.partner", at=CREATED) is None


def test_entries_that_follow_each_other_are_allowed() -> None:
    turn = Instant(CREATED + 10)
    made = agreement(
        equivalences=(
            equivalence(valid_to=turn),
            equivalence(valid_from=turn, to_level="", treatment=Treatment.REFUSE),
        )
    )
    found = made.equivalence("generic", "secret", to_policy="test.partner", at=turn)
    assert found is not None
    assert found.treatment is Treatment.REFUSE


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("agreement-parties", {"parties": ("b2" * 32, "a1" * 32)}),
        ("agreement-parties", {"parties": ("a1" * 32, "a1" * 32)}),
        ("agreement-parties", {"parties": ("a1", "b2" * 32)}),
        ("label-text", {"id": "agr\u202e"}),
        ("label-text", {"subjects": ("x\n",)}),
        ("label-text", {"equivalences": (equivalence(article="3 "),)}),
        ("agreement-dates", {"valid_to": CREATED}),
        (
            "agreement-repeated",
            {"ceilings": (Ceiling(policy="a", level="b"), Ceiling(policy="a", level="c"))},
        ),
        (
            "agreement-repeated",
            {"articles": (Article(topic="a", article="1"), Article(topic="a", article="2"))},
        ),
        ("agreement-digest", {"packs": (AcceptedPack(policy="a", digest=b"short"),)}),
        ("agreement-equivalence", {"equivalences": (equivalence(), equivalence(to_level="x"))}),
        ("agreement-equivalence", {"equivalences": (equivalence(article=""),)}),
        ("agreement-equivalence", {"equivalences": (equivalence(to_level=""),)}),
        (
            "agreement-equivalence",
            {"equivalences": (equivalence(treatment=Treatment.REFUSE),)},
        ),
        ("agreement-equivalence", {"equivalences": (equivalence(valid_to=CREATED),)}),
    ],
)
def test_contradictory_agreement_is_refused(reason: str, changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match=reason):
        agreement(**changes)


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("field-missing", lambda f: f.pop(14)),
        ("unknown-field", lambda f: f.update({17: 0})),
        ("agreement-parties", lambda f: f.update({2: ["a1" * 32]})),
        ("agreement-item", lambda f: f.update({6: [["a"]]})),
        ("agreement-item", lambda f: f.update({6: [["a", 1]]})),
        ("agreement-item", lambda f: f.update({11: [["a", "b"]]})),
        ("label-text", lambda f: f.update({8: [" x"]})),
        ("field-range", lambda f: f.update({10: 3})),
        ("field-range", lambda f: f.update({14: {0: 0, 1: []}})),
        ("not-a-map", lambda f: f.update({16: [1]})),
    ],
)
def test_reading_is_strict(reason: str, change: Callable[[dict[int, Any]], object]) -> None:
    value = fields()
    change(value)
    with pytest.raises(FormatError, match=reason):
        Agreement.from_value(value)


def test_another_version_is_refused() -> None:
    with pytest.raises(UnsupportedVersionError, match="unknown-version"):
        Agreement.from_value({**fields(), 0: 1})
