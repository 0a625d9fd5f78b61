"""A pack of the shape that NATO's has, hand-made: contexts, only, releasable to, sensitivities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from secure_liaison.clock import from_iso
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import load_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import PolicyPack
from tests.labels.samples import as_bytes, pack_file

DAY: Final = "2026-03-01"
CREATED: Final = from_iso(f"{DAY}T08:00:00Z")
REVIEW: Final = from_iso("2027-03-01")
OWNER: Final = "agency:" + "a1" * 32
NATO_HOME: Final = f"group:NATO@{DAY}"
KFOR_HOME: Final = f"group:KFOR@{DAY}"
LEVELS: Final = ("unclassified", "restricted", "confidential", "secret", "top-secret")
_BASIS: Final = [{"cite": "made for tests", "status": "default"}]
_NATIONS: Final = {
    "irl": ("nation:IRL", "Ireland"),
    "nzl": ("nation:NZL", "New Zealand"),
    "swe": ("nation:SWE", "Sweden"),
    "ukr": ("nation:UKR", "Ukraine"),
    "wsm": ("nation:WSM", "Samoa"),
}
_CONTEXTS: Final = {
    "nato": ("group:NATO", "NATO"),
    "kfor": ("group:KFOR", "NATO/KFOR"),
    "isaf": ("group:ISAF", "NATO/ISAF"),
}


def category(kind: str, id_: str, tag: str | None, **changes: Any) -> dict[str, Any]:
    """Return a category of a pack; ``values`` as ``{id: (leaf, name)}``."""
    values: dict[str, tuple[str | None, str]] = changes.pop("values")
    made = {
        "id": id_,
        "kind": kind,
        "tag": tag,
        "oid": None,
        "home": False,
        "names": {"zh": tag or id_, "en": tag or id_},
        "min": 0,
        "max": None,
        "values": [
            {
                "id": each,
                "leaf": leaf,
                "names": {"zh": name, "en": name},
                "mark": None,
                "portion": None,
                "lacv": None,
                "obsolete": False,
            }
            for each, (leaf, name) in values.items()
        ],
        "basis": _BASIS,
    }
    return {**made, **changes}


def nato_file(**changes: Any) -> dict[str, Any]:
    """Return the pack as JSON."""
    made = pack_file("generic")
    level, profile = made["levels"][0], made["handling"][0]
    made |= {
        "id": "test.nato",
        "names": {"zh": "北约（测试）", "en": "NATO"},
        "oid": "1.3.26.1.3.1",
        "levels": [
            {
                **level,
                "id": each,
                "rank": rank,
                "names": {"zh": f"北约第{rank}级", "en": f"NATO {each.replace('-', ' ').upper()}"},
                "mark": {"zh": f"北约{rank}级 N{rank}", "en": f"N{rank}"},
                "handling": profile["id"],
            }
            for rank, each in enumerate(LEVELS)
        ],
        "handling": [profile],
        "authority": [],
        "reasons": [],
        "rules": [],
        "compilation": [],
        "categories": [
            category("narrow", "context", "Context", values=_CONTEXTS, home=True, min=1, max=1),
            category("narrow", "only", "Only", values={**_NATIONS, "nato": ("group:NATO", "NATO")}),
            category(
                "widen",
                "rel",
                "Releasable To",
                values={**_NATIONS, "eapc": ("group:EAPC", "EAPC")},
            ),
            category(
                "restrict",
                "sens",
                "Additional Sensitivity",
                oid="1.3.26.1.4.3",
                values={"atomal": (None, "ATOMAL"), "crypto": (None, "CRYPTO")},
            ),
            category("control", "ctrl", None, values={"no-onward": (None, "No onward release")}),
            category("inform", "admin", "Administrative", values={"staff": (None, "STAFF")}),
        ],
    }
    made["period"] |= {"defaults": []}
    return {**made, **changes}


def load(**changes: Any) -> PolicyPack:
    """Return the pack, or one that differs."""
    return load_pack(as_bytes(nato_file(**changes)))


PACK: Final = load()
HOMELESS: Final = load(
    id="test.states",
    oid=None,
    home="nation:USA",
    names={"zh": "某国（测试）", "en": "Of a state"},
    categories=[
        category("widen", "rel", "REL TO", values={"usa": ("nation:USA", "USA"), **_NATIONS}),
        category("narrow", "only", "EYES ONLY", values=_NATIONS),
    ],
)
"""A pack whose home is a nation, as a value of its widening category."""


def label(*groups: list[str], level: str = "secret", **changes: Any) -> Label:
    """Return a label for groups of readers."""
    made = Label(
        policy=PACK.policy_id,
        level=level,
        audience=Audience.of(*groups),
        owner=OWNER,
        created=CREATED,
        period=Period(form=PeriodForm.OPEN, value=""),
        review_at=REVIEW,
    )
    return replace(made, **changes)
