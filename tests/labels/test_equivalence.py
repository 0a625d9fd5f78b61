"""A partner's level under the own policy: one direction, one date, one article, never chained."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError
from secure_liaison.labels.agreement import Agreement, Treatment
from secure_liaison.labels.equivalence import alternative_of, readings_of
from secure_liaison.labels.label import DeterminationKind, decode_label, encode_label, label_digest
from tests.labels.samples import CN, CREATED, GENERIC, agreement, equivalence, generic, jimi

PACKS = (CN, GENERIC)
DAY = 86_400


def to_cn(**changes: object) -> Agreement:
    made = equivalence(to_policy="cn.state-secrets", to_level="jimi")
    return agreement(equivalences=(replace(made, **changes),))  # type: ignore[arg-type]  # fields


def test_an_entry_gives_its_reading_and_names_its_article() -> None:
    (found,) = readings_of(generic(), to_cn(), PACKS, at=CREATED)
    assert ("jimi", CN, "agr:ministry-embassy-2026 art. 3") == (
        found.level,
        found.pack,
        found.article,
    )


def test_no_entry_is_used_backwards() -> None:
    assert () == readings_of(jimi(), to_cn(), PACKS, at=CREATED)


def test_no_entry_is_used_outside_its_dates() -> None:
    dated = to_cn(valid_from=CREATED, valid_to=Instant(CREATED + DAY))
    assert () == readings_of(generic(), dated, PACKS, at=Instant(CREATED - 1))
    assert () == readings_of(generic(), dated, PACKS, at=Instant(CREATED + DAY))
    assert 1 == len(readings_of(generic(), dated, PACKS, at=Instant(CREATED + DAY - 1)))


def test_what_is_to_be_refused_has_no_reading() -> None:
    none = to_cn(to_level="", treatment=Treatment.REFUSE)
    assert () == readings_of(generic(), none, PACKS, at=CREATED)


def test_a_level_that_is_unknown_here_has_no_reading() -> None:
    assert () == readings_of(generic(), to_cn(to_level="other"), PACKS, at=CREATED)


def test_two_entries_do_not_make_a_chain() -> None:
    chain = agreement(
        equivalences=(
            equivalence(to_policy="test.middle", to_level="m"),
            equivalence(
                from_policy="test.middle",
                from_level="m",
                to_policy="cn.state-secrets",
                to_level="jimi",
            ),
        )
    )
    assert () == readings_of(generic(), chain, PACKS, at=CREATED)


def test_a_reading_stands_beside_the_label_and_changes_nothing_of_it() -> None:
    (found,) = readings_of(generic(), to_cn(), PACKS, at=CREATED)
    beside = alternative_of(generic(), found, by="EMB-B", at=CREATED)
    both = generic(alternatives=(beside,))
    assert both == decode_label(encode_label(both))
    inner = beside.label
    assert (CN.policy_id, "jimi") == (inner.policy, inner.level)
    assert (generic().audience, generic().owner) == (inner.audience, inner.owner)
    assert DeterminationKind.FOREIGN is inner.determination.kind
    assert frozenset({f"label:{label_digest(generic()).hex()}"}) == inner.determination.sources


def test_a_reading_is_not_read_once_more() -> None:
    (found,) = readings_of(generic(), to_cn(), PACKS, at=CREATED)
    inner = alternative_of(generic(), found, by="EMB-B", at=CREATED).label
    with pytest.raises(FormatError, match="label-nested"):
        alternative_of(inner, found, by="EMB-B", at=CREATED)
