"""The terms of an agreement as a file: read strictly, named in people's words, nothing invented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.agreement import (
    AcceptedPack,
    Agreement,
    Article,
    Ceiling,
    Onward,
    Treatment,
)
from secure_liaison.labels.agreement_terms import (
    MAX_TERMS_BYTES,
    agreement_of,
    read_terms,
    terms_up_to,
)
from tests.labels.samples import CN, CREATED, as_bytes

PARTIES = ("a1" * 32, "b2" * 32)


def terms_file(**changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = {
        "format": "secure-liaison/agreement-terms",
        "format_version": 0,
        "ceilings": [{"policy": "cn.state-secrets", "level": "机密"}],
        "accreditation": [{"policy": "cn.state-secrets", "level": "秘密"}],
        "subjects": ["consular", "security"],
        "excluded_subjects": ["personnel"],
        "onward": "never",
        "articles": [{"topic": "comparability", "article": "3"}],
        "courier": {
            "max_age_hours": 240,
            "ceilings": [{"policy": "cn.state-secrets", "level": "秘密"}],
        },
        "witness_policy": None,
        "log_keys": [],
        "equivalences": [
            {
                "from_policy": "generic",
                "from_level": "secret",
                "to_policy": "eu.2013-488",
                "to_level": None,
                "article": "3.4",
                "from": "2026-01-01",
                "to": None,
            }
        ],
        "tables": [],
    }
    return value | changes


def agreed(value: dict[str, Any]) -> Agreement:
    return agreement_of(
        read_terms(as_bytes(value)),
        name="agr:test",
        parties=PARTIES,
        packs=[AcceptedPack(policy=CN.policy_id, digest=CN.digest())],
        signed_on=CREATED,
        valid_to=Instant(CREATED + 86_400),
    )


def test_the_file_becomes_an_agreement_that_reads_back() -> None:
    made = agreed(terms_file())
    assert made == Agreement.from_value(made.to_value())
    assert (Ceiling(policy="cn.state-secrets", level="jimi"),) == made.ceilings
    assert (Onward.NEVER, ("consular", "security")) == (made.onward, made.subjects)
    assert (Article(topic="comparability", article="3"),) == made.articles
    assert made.courier is not None
    (refused,) = made.equivalences
    assert (Treatment.REFUSE, "", "3.4") == (refused.treatment, refused.to_level, refused.article)


def test_a_shipped_table_is_taken_in_one_direction_only() -> None:
    table = {"table": "nato-uk", "from_policy": "nato", "to_policy": "uk.gscp-2024"}
    made = agreed(terms_file(tables=[table]))
    taken = [each for each in made.equivalences if each.from_policy == "nato"]
    assert taken
    assert not [each for each in made.equivalences if each.to_policy == "nato"]
    assert all(each.article for each in taken)


def test_the_shortest_terms_have_one_ceiling_and_no_equivalences() -> None:
    terms = terms_up_to("机密")
    assert (Ceiling(policy="cn.state-secrets", level="jimi"),) == terms.ceilings
    assert () == terms.equivalences


BREAKS: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "another format": ("pack-field-value", lambda t: t.update(format="other")),
    "an unknown name": ("pack-field-unknown", lambda t: t.update(extra=1)),
    "a missing name": ("pack-field-missing", lambda t: t.pop("onward")),
    "an onward rule that does not exist": ("pack-field-value", lambda t: t.update(onward="maybe")),
    "an unknown policy": ("pack-unknown", lambda t: t["ceilings"][0].update(policy="atlantis")),
    "an unknown level": ("label-level-unknown", lambda t: t["ceilings"][0].update(level="hush")),
    "a day that does not exist": (
        "pack-field-value",
        lambda t: t["equivalences"][0].update({"from": "2026-02-30"}),
    ),
    "an unknown table": (
        "equivalence-unknown",
        lambda t: t.update(
            tables=[{"table": "none", "from_policy": "nato", "to_policy": "uk.gscp-2024"}]
        ),
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_terms_are_refused_for(name: str) -> None:
    reason, break_it = BREAKS[name]
    value = terms_file()
    break_it(value)
    with pytest.raises(FormatError, match=reason):
        agreed(value)


def test_another_version_and_too_much_are_refused() -> None:
    with pytest.raises(UnsupportedVersionError, match="unknown-version"):
        agreed(terms_file(format_version=1))
    with pytest.raises(FormatError, match="too-long"):
        read_terms(b" " * (MAX_TERMS_BYTES + 1))
