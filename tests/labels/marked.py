"""Labels made from markings, as the tables of `tests/policy` write them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Determination, DeterminationKind, Label
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import CategoryKind, PolicyPack
from secure_liaison.labels.release import audience_of
from tests.labels.samples import CREATED, MINISTRY

DAY = "2026-03-01"
TABLES = Path(__file__).parents[1] / "policy"


def cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of a table."""
    found: list[dict[str, Any]] = tomllib.loads((TABLES / name).read_text(encoding="utf-8"))["case"]
    return found


def of_kind(markings: frozenset[str], pack: PolicyPack, kind: CategoryKind) -> frozenset[str]:
    """Return the markings that belong to a category of one kind."""
    named = {category.id for category in pack.categories if category.kind is kind}
    return frozenset(each for each in markings if each.partition(":")[0] in named)


def marked(pack: PolicyPack, level: str, markings: frozenset[str], **case: Any) -> Label:
    """Make a label that carries these markings; under a dated policy for ten years."""
    dated = PeriodForm.OPEN not in pack.period.forms
    years = Period.of_years(case.get("years", 10), start=CREATED)
    homeless = any(each.home for each in pack.categories) and not any(
        each.startswith("context:") for each in markings
    )
    audience = (
        Audience.of(*case["audience"])
        if "audience" in case
        else Audience.of([MINISTRY])
        if homeless
        else audience_of(markings, pack, owner=MINISTRY, day=DAY)
    )
    return Label(
        policy=pack.policy_id,
        level=level,
        audience=audience,
        owner=MINISTRY,
        created=CREATED,
        period=years if dated else Period(form=PeriodForm.OPEN, value=""),
        restrict=of_kind(markings, pack, CategoryKind.RESTRICT)
        | frozenset([case["extra"]] if "extra" in case else []),
        control=of_kind(markings, pack, CategoryKind.CONTROL),
        inform=of_kind(markings, pack, CategoryKind.INFORM),
        determination=Determination(
            kind=DeterminationKind[case.get("kind", "original").upper()],
            provision=case.get("provision", ""),
        ),
    )
