"""The list of bodies: one canonical form when signed, one strict form when written by people."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError, UnsupportedVersionError
from secure_liaison.labels.body_list import MAX_BODIES, BodyList, read_bodies
from secure_liaison.labels.organisation import Body, Organisation
from secure_liaison.labels.period import MAX_INSTANT
from tests.labels.cases import BEGUN, BODIES, leaf

GONE = Body(leaf="agency:aa", kind="office", dissolved=from_iso("2026-01-01"), successor=leaf("pb"))
ORGANISATION = Organisation(bodies=(*BODIES, GONE), national_bureau=leaf("nb"))
LIST = BodyList(issuer=leaf("province"), issued_at=BEGUN, organisation=ORGANISATION)


def written(**changes: Any) -> bytes:
    bodies = [
        {
            "leaf": body.leaf,
            "kind": body.kind,
            "superior": body.superior or None,
            "bureau": body.bureau or None,
            "dissolved": "2026-01-01" if body.dissolved else None,
            "successor": body.successor or None,
        }
        for body in ORGANISATION.bodies
    ]
    value = {
        "format": "secure-liaison/bodies",
        "format_version": 0,
        "national_bureau": leaf("nb"),
        "bodies": bodies,
    }
    return json.dumps(value | changes).encode()


def one(**changes: Any) -> bytes:
    body = {"leaf": leaf("nb"), "kind": "central", "superior": None, "bureau": None}
    return written(bodies=[body | {"dissolved": None, "successor": None} | changes])


def test_a_list_comes_back_as_it_was_with_its_bodies_in_order() -> None:
    found = BodyList.from_value(LIST.to_value())
    assert (LIST.issuer, BEGUN, leaf("nb")) == (
        found.issuer,
        found.issued_at,
        found.organisation.national_bureau,
    )
    assert sorted(ORGANISATION.bodies, key=lambda body: body.leaf) == list(
        found.organisation.bodies
    )
    assert LIST.to_value() == found.to_value()


def test_people_write_the_same_list_as_json() -> None:
    assert ORGANISATION == read_bodies(written())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[]", "pack-field-type"),
        (written(format="secure-liaison/workdays"), "bodies-format"),
        (written(more=1), "pack-field-unknown"),
        (one(dissolved="2026-02-30"), "pack-field-value"),
        (one(dissolved="soon"), "pack-field-value"),
        (one(kind="Central"), "pack-field-value"),
        (one(more=1), "pack-field-unknown"),
        (one(leaf="nb"), "label-audience-leaf"),
        (one(superior=leaf("city")), "organisation-reference"),
    ],
)
def test_a_file_that_is_not_exactly_a_list_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        read_bodies(data)


def test_a_later_version_is_refused() -> None:
    with pytest.raises(UnsupportedVersionError, match="unknown-version"):
        read_bodies(written(format_version=1))
    value = LIST.to_value()
    assert isinstance(value, dict)
    with pytest.raises(UnsupportedVersionError, match="unknown-version"):
        BodyList.from_value(value | {0: 1})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({4: [["agency:aa", "office", "", "", None]]}, "bodies-list"),
        ({4: [["agency:aa", "office", "", "", -1, ""]]}, "bodies-list"),
        ({4: [["agency:aa", "office", "", "", True, ""]]}, "bodies-list"),
        ({4: [["agency:aa", "office", "", "", MAX_INSTANT + 1, ""]]}, "bodies-list"),
        ({4: [["agency:aa", "Office", "", "", None, ""]], 3: "agency:aa"}, "bodies-list"),
        ({4: ["agency:aa"]}, "bodies-list"),
        ({1: "somebody"}, "label-audience-leaf"),
        ({5: 0}, "unknown-field"),
    ],
)
def test_a_record_that_is_not_exactly_a_list_is_refused(changes: Any, reason: str) -> None:
    value = LIST.to_value()
    assert isinstance(value, dict)
    with pytest.raises(FormatError, match=reason):
        BodyList.from_value(value | changes)


def test_bodies_out_of_order_are_refused() -> None:
    value = LIST.to_value()
    assert isinstance(value, dict)
    bodies = value[4]
    assert isinstance(bodies, list)
    with pytest.raises(FormatError, match="label-order"):
        BodyList.from_value(value | {4: bodies[::-1]})


def test_a_list_has_room_for_so_many_bodies_and_a_moment() -> None:
    many = tuple(Body(leaf=f"agency:{n:04x}", kind="office") for n in range(MAX_BODIES + 1))
    large = Organisation(bodies=many, national_bureau=many[0].leaf)
    with pytest.raises(FormatError, match="bodies-list"):
        replace(LIST, organisation=large)
    with pytest.raises(FormatError, match="bodies-list"):
        replace(LIST, issued_at=Instant(-1))
