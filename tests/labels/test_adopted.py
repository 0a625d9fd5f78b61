"""Catalogues that bodies adopt: one encoding, dated versions, items by id and by what is near."""

from __future__ import annotations

from typing import Any

import pytest

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError, WorkflowError
from secure_liaison.labels.adopted import AdoptedCatalogue, Dated, find_item, in_force, policy_in
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.catalogue import MAX_CATALOGUE_BYTES, falls_below, load_catalogue
from secure_liaison.labels.period import MAX_INSTANT
from tests.labels.cases import label, leaf
from tests.labels.samples import CN
from tests.labels.test_catalogue import catalogue_file, entry, loaded

ADOPTED = from_iso("2026-02-01")


def adopted(version: str = "2026-01-01", at: Instant = ADOPTED, **changes: Any) -> AdoptedCatalogue:
    file = catalogue_file(version=version, **changes)
    return AdoptedCatalogue(issuer=leaf("province"), adopted_at=at, file=file)


def dated(*versions: AdoptedCatalogue) -> list[Dated]:
    return [each.read(CN) for each in versions]


def test_an_adopted_catalogue_has_one_encoding() -> None:
    made = adopted()
    assert made == AdoptedCatalogue.from_value(made.to_value())
    assert "cn.state-secrets" == policy_in(made.file)


@pytest.mark.parametrize(
    "changes", [{"adopted_at": MAX_INSTANT + 1}, {"file": bytes(MAX_CATALOGUE_BYTES + 1)}]
)
def test_what_is_too_long_or_has_no_date_is_refused(changes: dict[str, Any]) -> None:
    values = {"issuer": leaf("province"), "adopted_at": ADOPTED, "file": b"{}", **changes}
    with pytest.raises(FormatError, match="catalogue-adopted"):
        AdoptedCatalogue(**values)


def test_a_version_counts_from_its_day_and_not_before_it_was_adopted() -> None:
    old, new = adopted(), adopted("2026-06-01")
    every = dated(new, old)
    assert () == in_force(every, Instant(ADOPTED - 1))
    for at, version in (
        (ADOPTED, "2026-01-01"),
        (Instant(from_iso("2026-06-01") - 1), "2026-01-01"),
        (from_iso("2026-06-01"), "2026-06-01"),
    ):
        (found,) = in_force(every, at)
        assert version == found.version


def test_a_version_adopted_late_changes_nothing_that_was_before() -> None:
    late = adopted("2026-03-01", Instant(from_iso("2026-05-01")))
    (found,) = in_force(dated(adopted(), late), from_iso("2026-04-01"))
    assert "2026-01-01" == found.version


def test_an_item_is_found_by_its_id_and_as_it_is_cited() -> None:
    for item in ("12.3", "exercise.items@2026-01-01#12.3"):
        catalogue, found = find_item(item, [loaded()])
        assert ("exercise.items@2026-01-01#12.3", "12.3") == (catalogue.cite(found), found.id)


@pytest.mark.parametrize(
    ("item", "near"),
    [
        ("12.4", "12.3 会谈预案"),
        ("Plan for talk", "12.3 会谈预案"),
        ("会谈", "12.3 会谈预案"),
        ("zzzzzz", "-"),
        ("exercise.items@2025-01-01#12.3", "12.3 会谈预案"),
    ],
)
def test_an_unknown_item_is_refused_with_what_is_near(item: str, near: str) -> None:
    with pytest.raises(WorkflowError, match="case-item-unknown") as caught:
        find_item(item, [load_catalogue(catalogue_file(entry()), CN)])
    assert {"item": item, "near": near} == dict(caught.value.facts)


def test_an_item_may_say_its_audience_as_leaves() -> None:
    said = [[leaf("province"), leaf("city")]]
    found = load_catalogue(catalogue_file(entry(audience=said)), CN).entry("12.3")
    assert Audience.of(*said) == found.audience
    assert not falls_below(label(), found, CN)
    narrow = [[leaf("province")]]
    found = load_catalogue(catalogue_file(entry(audience=narrow)), CN).entry("12.3")
    assert falls_below(label(), found, CN)


@pytest.mark.parametrize("said", ["all", [], [[]], [["nobody"]], [[7]], ["agency:1"]])
def test_an_audience_that_is_none_is_refused(said: object) -> None:
    with pytest.raises(FormatError, match="catalogue-entry"):
        load_catalogue(catalogue_file(entry(audience=said)), CN)


def test_what_is_not_secret_has_no_audience() -> None:
    free = entry(level=None, period=None, audience=[[leaf("province")]])
    with pytest.raises(FormatError, match="catalogue-entry"):
        load_catalogue(catalogue_file(free), CN)
