"""A policy pack larger than any real one: a thousand categories, each with values and a rule."""

from __future__ import annotations

import json
from typing import Any

from tests.labels.rich import BASIS, category, names, rich_file, value

CATEGORIES = 1000
VALUES = 3
KINDS = ("restrict", "control", "inform")


def large_pack(number: int = 0, *, categories: int = CATEGORIES) -> bytes:
    """Return the pack's file; those of two numbers differ, as two versions do."""
    pack = rich_file()
    pack["id"] = f"test.large.n{number}"
    wanted = categories - len(pack["categories"])
    pack["categories"] += [_category(number) for number in range(wanted)]
    pack["rules"] += [_rule(number) for number in range(wanted)]
    return json.dumps(pack, ensure_ascii=False).encode()


def _category(number: int) -> dict[str, Any]:
    values = [value(f"v{number}-{k}") for k in range(VALUES)]
    return category(f"c{number}", KINDS[number % len(KINDS)], *values)


def _rule(number: int) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "if": {"has": f"c{number}:v{number}-0"},
        "then": {"raise_to": "internal"},
        "say": names(f"What is c{number} is INTERNAL at least."),
        "basis": BASIS,
    }
