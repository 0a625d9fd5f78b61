"""The published JSON Schemas say the shape that the strict readers read."""

from __future__ import annotations

import copy
import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.equivalence_file import BUILTIN_EQUIVALENCES, load_equivalences
from secure_liaison.labels.pack import BUILTIN_PACKS
from secure_liaison.labels.pack_file import read_pack
from secure_liaison.labels.strict_json import JsonFields
from tests.labels.samples import as_bytes, pack_file
from tests.labels.test_pack import BREAKS
from tests.labels.walking import Place, parent, places

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
AGREEMENTS = sorted((Path(__file__).parent / "agreements").glob("*.json"))

NOT_SHAPE = {
    "levels not ascending",
    "shorter maximum above",
    "level twice",
    "rank twice",
    "alias twice",
    "name twice",
    "rule twice",
    "value twice",
    "urgency rank twice",
    "handling missing",
    "handling unused",
    "person class missing",
    "authority level missing",
    "rule level missing",
    "rule marking missing",
    "rule one of missing",
    "rule category missing",
    "date does not exist",
    "dates reversed",
    "home is no leaf",
    "category named like a leaf",
    "value without its leaf",
    "period form both",
    "default names no level",
    "mark does not parse back",
}
"""Breaks that only the parts together show: the reader's to find, not the schema's."""

# A schema cannot compare two numbers of an object, nor count how deep conditions nest.
COMPARED = {"min", "max", "send_hours", "open_hours"}

law = settings(max_examples=max(150, settings().max_examples // 4), deadline=None)
odd_values: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 17, 255, 256, 10_001, 2**31),
        *("", "x", "zh", "star", "Ab!", "2024-13-01", "P1Y", "a" * 65, "a" * 501, "★"),
        *([], ["x"], ["x", "x"], [1], [{}], {}, {"zh": "甲", "en": "a"}, {"has": "x"}),
    ]
) | st.text(max_size=3)


NEIGHBOURS: list[Any] = [
    *(None, True, 0, -1, 26, 1000, 2**31, "", "a b", "a" * 65, "a" * 501),
    *([], ["x", "x"], ["open"], {"zh": "甲", "en": "a"}, [{}]),
]
"""Values that stand at the edges of what fields may hold, and of other types."""


def schema(name: str) -> Draft202012Validator:
    value = json.loads((REFERENCE / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(value)
    return Draft202012Validator(value)


PACKS = schema("policy-pack")
EQUIVALENCES = schema("equivalence")


def equivalence_files() -> dict[str, Any]:
    folder = resources.files("secure_liaison.labels") / "equivalences"
    shipped = {name: (folder / f"{name}.json").read_bytes() for name in BUILTIN_EQUIVALENCES}
    tests = {path.stem: path.read_bytes() for path in AGREEMENTS}
    return {name: json.loads(data) for name, data in (shipped | tests).items()}


FILES = equivalence_files()


def reads_as_pack(value: Any) -> bool:
    try:
        read_pack(JsonFields(value), digest=bytes(32))
    except (FormatError, UnsupportedVersionError):
        return False
    return True


def reads_as_equivalences(value: Any) -> bool:
    try:
        load_equivalences(as_bytes(value))
    except (FormatError, UnsupportedVersionError):
        return False
    return True


@st.composite
def changed(draw: st.DrawFn, originals: dict[str, Any]) -> tuple[Place, Any]:
    """One file with one thing replaced, removed or added, and where."""
    value = copy.deepcopy(originals[draw(st.sampled_from(sorted(originals)))])
    at, _ = draw(st.sampled_from(list(places(value))))
    inside = parent(value, at)
    match draw(st.integers(0, 2)):
        case 0:
            inside[at[-1]] = draw(odd_values)
        case 1:
            del inside[at[-1]]
        case _:
            target = inside if isinstance(inside, dict) else value
            target["fr" if "zh" in target else "extra"] = draw(odd_values)
    return at, value


def one_of_everything() -> dict[str, Any]:
    """A small pack in which every field of the format stands at least once."""
    eu, cn, whole = (pack_file(name) for name in ("eu.2013-488", "cn.state-secrets", "generic"))
    for name in ("categories", "groups", "levels"):
        whole[name] = eu[name][:1]
    whole["categories"][0]["values"] = eu["categories"][0]["values"][:1]
    whole["groups"][0]["members"] = eu["groups"][0]["members"][:1]
    for name in ("compilation", "authority", "reasons", "person_classes", "handling", "urgencies"):
        whole[name] = cn[name][:1]
    whole["workflow"]["unclear_to"] = cn["workflow"]["unclear_to"][:1]
    whole["period"]["defaults"] = cn["period"]["defaults"][:1]
    whole["marking"] = eu["marking"]
    part = {"segment": "values", "before": {"zh": "（", "en": "("}, "between": "", "parts": []}
    whole["marking"]["portion"] = {
        "open": "(",
        "close": ")",
        "segments": [{"segment": "level"}, part],
    }
    conditions: list[Any] = [
        {"level_at_least": "x"},
        {"level_in": ["x"]},
        {"has": "x:y"},
        {"count": {"category": "x", "min": 0, "max": 1}},
        {"any": []},
        {"not": {"has": "x:y"}},
    ]
    effects: list[Any] = [
        {"need": {"category": "x", "count": 1}},
        {"forbid": "x"},
        {"one_of": ["x:y"]},
        {"raise_to": "x"},
    ]
    rule = whole["rules"][0]
    whole["rules"] = [{**rule, "if": {"all": conditions}, "then": effect} for effect in effects]
    return whole


def variants(whole: dict[str, Any]) -> Iterator[tuple[Place, str, Any]]:
    """Yield the pack with each field removed, replaced by each neighbour, or joined by another."""
    alike = {
        tuple(0 if isinstance(each, int) else each for each in at): at for at, _ in places(whole)
    }
    for at in alike.values():
        original = parent(whole, at)[at[-1]]
        inside = parent(whole, at)
        for neighbour in NEIGHBOURS:
            inside[at[-1]] = neighbour
            yield at, f"= {neighbour!r}"[:40], whole
        inside[at[-1]] = original
        if isinstance(inside, dict):
            del inside[at[-1]]
            yield at, "removed", whole
            inside[at[-1]] = original
        if isinstance(original, dict):
            original["extra"] = 1
            yield at, "with one more", whole
            del original["extra"]


def validates_at(at: Place, value: dict[str, Any]) -> bool:
    """Whether a pack validates in which only the part at a place is in doubt."""
    name = at[0]
    if len(at) == 1 or name not in value:
        return bool(PACKS.is_valid(value))
    part = {**PACKS.schema["properties"][name], "$defs": PACKS.schema["$defs"]}
    return bool(PACKS.evolve(schema=part).is_valid(value[name]))


def test_schema_and_reader_agree_on_every_field_changed_alone() -> None:
    whole = one_of_everything()
    assert PACKS.is_valid(whole)
    assert reads_as_pack(whole)
    differing = [
        (at, how)
        for at, how, value in variants(whole)
        if at[-1] not in COMPARED and value.get("levels") != []
        if validates_at(at, value) is not reads_as_pack(value)
    ]
    assert differing == []


@pytest.mark.parametrize("name", BUILTIN_PACKS)
def test_every_shipped_pack_validates(name: str) -> None:
    assert [error.message for error in PACKS.iter_errors(pack_file(name))] == []


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_equivalence_file_validates(name: str) -> None:
    assert [error.message for error in EQUIVALENCES.iter_errors(FILES[name])] == []


@pytest.mark.parametrize("broken", sorted(BREAKS.keys() - NOT_SHAPE))
def test_schema_refuses_what_is_broken_in_shape(broken: str) -> None:
    value = pack_file("generic")
    BREAKS[broken][1](value)
    assert not PACKS.is_valid(value)


@pytest.mark.parametrize("broken", sorted(NOT_SHAPE))
def test_schema_leaves_to_the_reader_what_only_the_parts_together_show(broken: str) -> None:
    value = pack_file("generic")
    BREAKS[broken][1](value)
    assert PACKS.is_valid(value)


@law
@given(changed({name: pack_file(name) for name in BUILTIN_PACKS}))
def test_what_the_reader_of_packs_accepts_the_schema_accepts(change: tuple[Place, Any]) -> None:
    _, value = change
    assume(value.get("levels") != [])  # refused by the reader in its next step
    if reads_as_pack(value):
        assert [error.message for error in PACKS.iter_errors(value)] == []


@law
@given(changed({name: pack_file(name) for name in BUILTIN_PACKS}))
def test_what_the_schema_of_packs_accepts_has_the_shape(change: tuple[Place, Any]) -> None:
    at, value = change
    assume(at[-1] not in COMPARED)
    if PACKS.is_valid(value):
        assert reads_as_pack(value)


@law
@given(changed(FILES))
def test_what_the_reader_of_equivalences_accepts_the_schema_accepts(
    change: tuple[Place, Any],
) -> None:
    _, value = change
    if reads_as_equivalences(value):
        assert [error.message for error in EQUIVALENCES.iter_errors(value)] == []


def test_schemas_are_linked_from_the_pages() -> None:
    page = (REFERENCE / "policy-packs.md").read_text(encoding="utf-8")
    spec = (REFERENCE.parent / "spec" / "labels.md").read_text(encoding="utf-8")
    assert "policy-pack.schema.json" in page
    assert "equivalence.schema.json" in page
    assert "../reference/policy-packs.md" in spec
