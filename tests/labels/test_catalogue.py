"""The catalogue of items: read strictly, checked against its pack, and only a proposal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.catalogue import Catalogue, falls_below, load_catalogue
from secure_liaison.labels.period import Period, PeriodForm
from tests.labels.cases import BEGUN, label
from tests.labels.samples import CN

BASIS = [{"cite": "演练用保密事项范围 / range for exercises", "status": "default"}]


def entry(item: str = "12.3", **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": item,
        "names": {"zh": "会谈预案", "en": "Plan for talks"},
        "level": "jimi",
        "period": {"form": "duration", "value": "P10Y"},
        "scope": {"zh": "参加会谈人员", "en": "Those who take part in the talks"},
        "arises": ["central", "province"],
        "basis": BASIS,
    }
    return made | changes


def catalogue_file(*entries: dict[str, Any], **changes: Any) -> bytes:
    made: dict[str, Any] = {
        "format": "secure-liaison/catalogue",
        "format_version": 0,
        "id": "exercise.items",
        "version": "2026-01-01",
        "policy": "cn.state-secrets",
        "names": {"zh": "演练事项一览表", "en": "Items for exercises"},
        "issued_by": {"zh": "演练机关", "en": "Exercise body"},
        "basis": BASIS,
        "entries": list(entries or (entry(), entry("13.1", level=None, period=None))),
    }
    return json.dumps(made | changes).encode()


def loaded() -> Catalogue:
    return load_catalogue(catalogue_file(), CN)


def test_an_entry_proposes_level_and_period() -> None:
    found = loaded().entry("12.3")
    assert found.is_secret
    assert ("jimi", Period.of_years(10, start=BEGUN)) == (found.level, found.period_from(BEGUN))
    assert ("central", "province") == found.arises


def test_an_entry_may_say_that_an_item_is_not_secret() -> None:
    found = loaded().entry("13.1")
    assert not found.is_secret
    assert not falls_below(label("mimi"), found, CN)
    with pytest.raises(ValueError, match="no period"):
        found.period_from(BEGUN)


def test_an_entry_is_found_as_labels_cite_it() -> None:
    catalogue = loaded()
    cited = catalogue.cite(catalogue.entry("12.3"))
    assert "exercise.items@2026-01-01#12.3" == cited
    assert catalogue.entry(cited) is catalogue.entry("12.3")


@pytest.mark.parametrize("item", ["12.4", "exercise.items@2025-01-01#12.3", ""])
def test_an_item_that_is_not_listed_is_refused(item: str) -> None:
    with pytest.raises(FormatError, match="catalogue-item-unknown"):
        loaded().entry(item)


@pytest.mark.parametrize(
    ("level", "years", "below"),
    [("jimi", 10, False), ("juemi", 10, False), ("mimi", 10, True), ("jimi", 9, True)],
)
def test_a_label_below_its_entry_is_seen(level: str, years: int, *, below: bool) -> None:
    made = label(level, period=Period.of_years(years, start=BEGUN))
    assert below is falls_below(made, loaded().entry("12.3"), CN)


def test_a_condition_is_proposed_without_a_start() -> None:
    period = {"form": "condition", "value": "会议开始前"}
    found = load_catalogue(catalogue_file(entry(period=period)), CN).entry("12.3")
    made = Period(form=PeriodForm.CONDITION, value="会议开始前")
    assert made == found.period_from(BEGUN)
    assert not falls_below(label(period=made), found, CN)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "No. 1"}, "catalogue-entry"),
        ({"level": "mi"}, "catalogue-entry"),
        ({"level": "MI"}, "catalogue-entry"),
        ({"level": None}, "catalogue-entry"),
        ({"period": None}, "pack-field-type"),
        ({"period": {"form": "duration", "value": "P21Y"}}, "catalogue-entry"),
        ({"period": {"form": "duration", "value": "10 years"}}, "catalogue-entry"),
        ({"period": {"form": "duration", "value": 10}}, "catalogue-entry"),
        ({"period": {"form": "open", "value": ""}}, "catalogue-entry"),
        ({"period": {"form": "for ever", "value": ""}}, "catalogue-entry"),
        ({"period": {"form": "open", "value": "", "more": 1}}, "pack-field-unknown"),
        ({"arises": []}, "catalogue-entry"),
        ({"arises": ["Central"]}, "catalogue-entry"),
        ({"scope": {"zh": "人员"}}, "pack-field-missing"),
        ({"more": 1}, "pack-field-unknown"),
    ],
)
def test_an_entry_that_the_pack_does_not_allow_is_refused(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(FormatError, match=f"{reason}$"):
        load_catalogue(catalogue_file(entry(**changes)), CN)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": "secure-liaison/policy"}, "catalogue-format"),
        ({"policy": "generic"}, "catalogue-policy"),
        ({"entries": [entry(), entry()]}, "catalogue-duplicate"),
        ({"version": "2026-02-30"}, "catalogue-entry"),
        ({"version": "2026"}, "catalogue-entry"),
        ({"more": 1}, "pack-field-unknown"),
    ],
)
def test_a_catalogue_is_read_strictly(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(FormatError, match=f"{reason}$"):
        load_catalogue(catalogue_file(**changes), CN)


def test_a_later_version_is_refused() -> None:
    with pytest.raises(UnsupportedVersionError):
        load_catalogue(catalogue_file(format_version=1), CN)
