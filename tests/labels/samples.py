"""Labels and packs that the tests of this folder and the laws start from."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

from secure_liaison.clock import Instant, from_iso
from secure_liaison.labels.agreement import (
    AcceptedPack,
    Agreement,
    Article,
    Ceiling,
    CourierProfile,
    Equivalence,
    Treatment,
)
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm

CN = builtin_pack("cn.state-secrets")
GENERIC = builtin_pack("generic")

CREATED = from_iso("2026-03-01")
MINISTRY = "agency:" + "a1" * 32
EMBASSY = "agency:" + "b2" * 32
OFFICER = "officer:" + "c3" * 16


def jimi(**changes: Any) -> Label:
    label = Label(
        policy=CN.policy_id,
        level="jimi",
        audience=Audience.of([MINISTRY, EMBASSY]),
        owner=MINISTRY,
        created=CREATED,
        period=Period.of_years(10, start=CREATED),
    )
    return replace(label, **changes)


def generic(level: str = "secret", **changes: Any) -> Label:
    label = Label(
        policy=GENERIC.policy_id,
        level=level,
        audience=Audience.of([MINISTRY]),
        owner=MINISTRY,
        created=CREATED,
        period=Period(form=PeriodForm.OPEN, value=""),
    )
    return replace(label, **changes)


def agreement(**changes: Any) -> Agreement:
    made = Agreement(
        id="agr:ministry-embassy-2026",
        parties=("a1" * 32, "b2" * 32),
        signed_on=CREATED,
        valid_from=CREATED,
        valid_to=Instant(CREATED + 365 * 86_400),
        ceilings=(Ceiling(policy="cn.state-secrets", level="jimi"),),
        packs=(AcceptedPack(policy=CN.policy_id, digest=CN.digest()),),
        articles=(Article(topic="transfer", article="4"),),
        subjects=("consular",),
        excluded_subjects=("personnel",),
        witness_policy="quorum both",
        log_keys=("audit.example+00000000+AQ",),
        courier=CourierProfile(
            max_age_hours=240, ceilings=(Ceiling(policy="cn.state-secrets", level="mimi"),)
        ),
        accreditation=(Ceiling(policy="cn.state-secrets", level="jimi"),),
        equivalences=(equivalence(),),
    )
    return replace(made, **changes)


def equivalence(**changes: Any) -> Equivalence:
    made = Equivalence(
        from_policy="generic",
        from_level="secret",
        to_policy="test.partner",
        to_level="high",
        treatment=Treatment.PROTECT_AS,
        article="3",
        valid_from=CREATED,
    )
    return replace(made, **changes)


def pack_file(name: str) -> dict[str, Any]:
    """Return a fresh copy of a built-in pack's JSON, to be changed and written again."""
    version = builtin_pack(name).policy_id
    file = resources.files("secure_liaison.labels") / "packs" / f"{version}.json"
    value: dict[str, Any] = json.loads(file.read_bytes())
    return value


def as_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
