"""A pack with everything that a label can carry, for laws that the small packs cannot try.

Invented from beginning to end: contexts that are home, releases, lists of ONLY, projects, controls,
groups whose members came and went, and compilation rules.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from secure_liaison.clock import from_iso
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import load_pack
from secure_liaison.labels.period import Period, PeriodForm
from tests.labels.samples import MINISTRY, as_bytes, pack_file

BASIS: Final = [{"cite": "invented for tests", "status": "default"}]
DAY: Final = "2026-03-01"
NATO: Final = f"group:NATO@{DAY}"
KFOR: Final = f"group:KFOR@{DAY}"
LISTED_BY_NAME: Final = f"group:EXPERTS@{DAY}"


def names(text: str) -> dict[str, str]:
    return {"zh": f"{text}（试）", "en": text}


def value(name: str, leaf: str | None = None, *binds: str) -> dict[str, Any]:
    return {
        "id": name,
        "leaf": leaf,
        "names": names(name),
        "mark": None,
        "portion": None,
        "lacv": None,
        "obsolete": False,
        **({"binds": list(binds)} if binds else {}),
    }


def category(name: str, kind: str, *values: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "kind": kind,
        "tag": None,
        "oid": None,
        "home": False,
        "names": names(name),
        "min": 0,
        "max": None,
        "values": list(values),
        "basis": BASIS,
        **changes,
    }


def member(leaf: str, joined: str, left: str | None = None) -> dict[str, Any]:
    return {"leaf": leaf, "from": joined, "to": left}


def rich_file() -> dict[str, Any]:
    """Return the pack's JSON, to be changed and read."""
    pack = pack_file("generic")
    pack["id"], pack["version"], pack["names"] = "test.rich", "2024-09-01", names("Rich")
    pack["categories"] = [
        category(
            "context",
            "narrow",
            value("nato", "group:NATO"),
            value("kfor", "group:KFOR"),
            home=True,
        ),
        category("rel", "widen", value("swe", "nation:SWE"), value("fin", "nation:FIN")),
        category("only", "narrow", value("bel", "nation:BEL"), value("only-kfor", "group:KFOR")),
        *(each for each in pack["categories"] if each["id"] in {"project", "note"}),
        category(
            "limit",
            "control",
            value("orcon", None, "release"),
            value("no-copy", None, "copy"),
            value("no-onward", None, "onward"),
            value("no-export", None, "export"),
            value("no-extract", None, "extract"),
            value("seen", None),
        ),
    ]
    pack["groups"] = [
        {
            "id": "NATO",
            "names": names("NATO"),
            "members": [
                member("nation:BEL", "1949-04-04"),
                member("nation:FIN", "2023-04-04"),
                member("nation:SWE", "2026-03-02"),
            ],
            "basis": BASIS,
        },
        {
            "id": "KFOR",
            "names": names("KFOR"),
            "members": [
                member("nation:BEL", "1999-06-11"),
                member("nation:FIN", "1999-06-11", "2026-03-01"),
                member("nation:SWE", "1999-06-11", "2020-01-01"),
                member("nation:SWE", "2026-02-01"),
                member(MINISTRY, "2026-01-01"),
            ],
            "basis": BASIS,
        },
        {"id": "EXPERTS", "names": names("Experts"), "members": [], "basis": BASIS},
    ]
    pack["compilation"] = [
        {
            "id": "three-confidential",
            "count": 3,
            "level": "confidential",
            "marking": None,
            "raise_to": "secret",
            "say": names("Three parts at CONFIDENTIAL tell what is SECRET."),
            "basis": BASIS,
        },
        {
            "id": "two-alpha",
            "count": 2,
            "level": None,
            "marking": "project:alpha",
            "raise_to": "confidential",
            "say": names("Two parts of Alpha together are CONFIDENTIAL."),
            "basis": BASIS,
        },
    ]
    pack["reasons"] = [
        {"id": "together", "use": "compilation", "names": names("together"), "basis": BASIS},
        {"id": "changed", "use": "change", "names": names("changed"), "basis": BASIS},
    ]
    return pack


RICH: Final = load_pack(as_bytes(rich_file()))


def rich(level: str = "secret", **changes: Any) -> Label:
    """A label of home NATO."""
    label = Label(
        policy=RICH.policy_id,
        level=level,
        audience=Audience.of([NATO]),
        owner=MINISTRY,
        created=from_iso(DAY),
        period=Period(form=PeriodForm.OPEN, value=""),
    )
    return replace(label, **changes)
