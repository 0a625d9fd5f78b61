"""Who may set which level: the table, written grants of one step, and designated persons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.clock import Instant
from secure_liaison.encoding import decode, encode
from secure_liaison.errors import FormatError, WorkflowError
from secure_liaison.i18n import Language, catalogue
from secure_liaison.labels.authority import (
    AuthorityAnswer,
    AuthorityQuestion,
    AuthorityRefusal,
    Powers,
    holds_authority,
    judge_authority,
    require_authority,
)
from secure_liaison.labels.grants import AuthorityGrant, Designation
from secure_liaison.labels.organisation import Organisation
from tests.labels.cases import BEGUN, BODIES, DAY, designation, grant, leaf, officer, powers
from tests.labels.samples import CN


def ask(who: str, *levels: str, under: Powers | None = None, **changes: Any) -> AuthorityAnswer:
    question = AuthorityQuestion(
        officer=officer(who),
        body=leaf(who.partition("-")[0]),
        levels=frozenset(levels),
        at=BEGUN,
    )
    return judge_authority(replace(question, **changes), under or powers(), CN)


@pytest.mark.parametrize(
    ("who", "level", "ground"),
    [
        ("centre-2", "juemi", "table:central"),
        ("province-2", "juemi", "table:province"),
        ("city-2", "jimi", "table:prefecture"),
        ("city-2", "mimi", "table:prefecture"),
        ("city-2", "juemi", ""),
        ("county-2", "mimi", ""),
        ("firm-2", "mimi", ""),
    ],
)
def test_the_table_gives_each_kind_of_body_its_levels(who: str, level: str, ground: str) -> None:
    answer = ask(who, level)
    assert ground == answer.ground
    assert (AuthorityRefusal.LEVEL if not ground else None) is answer.refusal


def test_a_grant_gives_what_the_granter_holds_by_the_table() -> None:
    given = powers(grants=(grant("province", "firm", "jimi", "juemi"),))
    assert "grant:grant.province.firm" == ask("firm-2", "juemi", under=given).ground
    assert "grant:grant.province.firm" == ask("firm-2", "jimi", "juemi", under=given).ground
    assert AuthorityRefusal.LEVEL is ask("firm-2", "mimi", under=given).refusal


def test_own_authority_and_grant_go_together() -> None:
    given = powers(grants=(grant("province", "city", "juemi"),))
    assert "grant:grant.province.city" == ask("city-2", "jimi", "juemi", under=given).ground


def test_a_grant_of_a_grant_is_void() -> None:
    chain = powers(grants=(grant("province", "firm", "jimi"), grant("firm", "county", "jimi")))
    assert AuthorityRefusal.GRANT_CHAINED is ask("county-2", "jimi", under=chain).refusal


def test_own_authority_does_not_reach_further_by_a_grant() -> None:
    chain = powers(grants=(grant("province", "city", "juemi"), grant("city", "county", "juemi")))
    assert AuthorityRefusal.GRANT_CHAINED is ask("county-2", "juemi", under=chain).refusal


def test_a_grant_beyond_the_granters_levels_is_void() -> None:
    given = powers(grants=(grant("city", "county", "juemi"),))
    assert AuthorityRefusal.GRANT_BEYOND is ask("county-2", "juemi", under=given).refusal


def test_a_grant_by_an_unknown_body_is_void() -> None:
    stray = grant("city", "county", "jimi", granter="agency:" + "ff" * 32)
    given = powers(grants=(stray,))
    assert AuthorityRefusal.GRANT_BEYOND is ask("county-2", "jimi", under=given).refusal


def test_a_grant_by_a_body_that_was_already_dissolved_is_void() -> None:
    gone = tuple(
        replace(body, dissolved=Instant(BEGUN - 90 * DAY)) if body.leaf == leaf("city") else body
        for body in BODIES
    )
    given = powers(
        grants=(grant("city", "county", "jimi"),),
        organisation=Organisation(bodies=gone, national_bureau=leaf("nb")),
    )
    assert AuthorityRefusal.GRANT_BEYOND is ask("county-2", "jimi", under=given).refusal


@pytest.mark.parametrize("offset_days", [-60, 3650])
def test_a_grant_counts_within_its_dates_only(offset_days: int) -> None:
    given = powers(
        grants=(grant("city", "county", "jimi"),),
        designations=(designation("county-2", valid_from=Instant(0), trained_at=Instant(0)),),
    )
    at = Instant(BEGUN + offset_days * DAY)
    untrained = replace(
        CN, handling=tuple(replace(h, training_max_age_days=0) for h in CN.handling)
    )
    question = AuthorityQuestion(
        officer=officer("county-2"), body=leaf("county"), levels=frozenset({"jimi"}), at=at
    )
    answer = judge_authority(question, given, untrained)
    assert AuthorityRefusal.GRANT_NOT_IN_FORCE is answer.refusal


def test_one_good_grant_is_enough() -> None:
    bad, good = grant("firm", "county", "jimi"), grant("city", "county", "jimi")
    given = powers(grants=(bad, good))
    assert "grant:grant.city.county" == ask("county-2", "jimi", under=given).ground


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"valid_to": BEGUN}, AuthorityRefusal.DESIGNATION_NOT_IN_FORCE),
        ({"valid_from": Instant(BEGUN + 1)}, AuthorityRefusal.DESIGNATION_NOT_IN_FORCE),
        ({"trained_at": None}, AuthorityRefusal.NOT_TRAINED),
        ({"trained_at": BEGUN}, None),
        ({"trained_at": Instant(BEGUN + 1)}, AuthorityRefusal.NOT_TRAINED),
        ({"trained_at": Instant(BEGUN - 366 * DAY)}, AuthorityRefusal.NOT_TRAINED),
        ({"trained_at": Instant(BEGUN - 366 * DAY + 1)}, None),
        ({"levels": frozenset({"mimi"})}, AuthorityRefusal.DESIGNATION_LEVEL),
    ],
)
def test_a_person_must_be_designated_and_trained(
    changes: dict[str, Any], refusal: AuthorityRefusal | None
) -> None:
    given = powers(designations=(designation("province-2", **changes),))
    assert refusal is ask("province-2", "jimi", under=given).refusal


def test_nobody_else_of_the_body_may_decide() -> None:
    assert AuthorityRefusal.NOT_DESIGNATED is ask("province-1", "mimi").refusal


def test_a_person_decides_for_the_own_body_only() -> None:
    answer = ask("city-2", "mimi", body=leaf("province"))
    assert AuthorityRefusal.NOT_DESIGNATED is answer.refusal


def test_a_body_that_is_unknown_or_dissolved_decides_nothing() -> None:
    assert AuthorityRefusal.BODY_UNKNOWN is ask("city-2", body="agency:" + "ff" * 32).refusal
    gone = tuple(replace(body, dissolved=BEGUN) for body in BODIES)
    given = powers(organisation=Organisation(bodies=gone, national_bureau=leaf("nb")))
    assert AuthorityRefusal.BODY_DISSOLVED is ask("city-2", "mimi", under=given).refusal


def test_derived_determination_is_not_limited_by_own_authority() -> None:
    assert "derived" == ask("county-2", "juemi", derived=True).ground
    assert AuthorityRefusal.NOT_DESIGNATED is ask("county-1", "juemi", derived=True).refusal


def test_saying_that_nothing_is_secret_needs_a_designated_person() -> None:
    assert "designation" == ask("county-2").ground
    assert AuthorityRefusal.NOT_DESIGNATED is ask("county-1").refusal


def test_requiring_authority_raises_the_reason() -> None:
    question = AuthorityQuestion(
        officer=officer("city-2"), body=leaf("city"), levels=frozenset({"juemi"}), at=BEGUN
    )
    with pytest.raises(WorkflowError, match="authority-level"):
        require_authority(question, powers(), CN)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("refusal", AuthorityRefusal)
def test_every_refusal_has_its_sentence_and_next_step(
    refusal: AuthorityRefusal, language: Language
) -> None:
    known = catalogue(language)
    assert f"error.workflow.{refusal.value}" in known
    assert f"hint.workflow.{refusal.value}" in known


def test_a_body_as_such_holds_authority_while_it_exists() -> None:
    given = powers(grants=(grant("city", "county", "jimi"),))
    held = {
        (name, level): holds_authority(leaf(name), level, BEGUN, powers=given, pack=CN)
        for name in ("city", "county")
        for level in ("jimi", "juemi")
    }
    assert {
        ("city", "jimi"): True,
        ("city", "juemi"): False,
        ("county", "jimi"): True,
        ("county", "juemi"): False,
    } == held


@pytest.mark.parametrize(
    "made", [grant("city", "county", "jimi"), grant("city", "county", "jimi", valid_to=None)]
)
def test_a_grant_has_one_encoding(made: AuthorityGrant) -> None:
    data = encode(made.to_value())
    assert made == AuthorityGrant.from_value(decode(data, max_bytes=1024))


@pytest.mark.parametrize(
    "made",
    [designation("city-2"), designation("city-2", valid_to=Instant(2**40 // 8), trained_at=None)],
)
def test_a_designation_has_one_encoding(made: Designation) -> None:
    data = encode(made.to_value())
    assert made == Designation.from_value(decode(data, max_bytes=1024))


@pytest.mark.parametrize("record", [grant("city", "county", "jimi"), designation("city-2")])
def test_levels_out_of_order_and_unknown_fields_are_refused(
    record: AuthorityGrant | Designation,
) -> None:
    value = record.to_value()
    assert isinstance(value, dict)
    levels = next(key for key, each in value.items() if isinstance(each, list))
    for bad, reason in (
        ({levels: ["mimi", "jimi"]}, "label-order"),
        ({levels: [1]}, "label-order"),
        ({99: 1}, "unknown-field"),
        ({0: 1}, "unknown-version"),
    ):
        with pytest.raises(FormatError, match=reason):
            type(record).from_value(value | bad)


@pytest.mark.parametrize(
    "changes",
    [
        {"document": ""},
        {"levels": frozenset()},
        {"levels": frozenset({"JIMI"})},
        {"grantee": leaf("city")},
        {"id": "No 1"},
        {"valid_from": Instant(BEGUN - 61 * DAY)},
        {"valid_to": Instant(BEGUN - 59 * DAY)},
        {"granted_at": Instant(-1)},
    ],
)
def test_an_incomplete_grant_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match="authority-grant"):
        grant("city", "county", "jimi", **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"levels": frozenset({"JIMI"})},
        {"valid_to": Instant(BEGUN - 100 * DAY)},
        {"trained_at": Instant(-1)},
    ],
)
def test_an_incomplete_designation_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match="authority-designation"):
        designation("city-2", **changes)
