"""Packs that the stories of the command line work on, made from a pack that is built in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.labels.samples import pack_file

BASIS = [{"cite": "Ministry order 7/2026, art. 3", "status": "checked"}]


def write_packs(folder: Path) -> None:
    """Write a ministry's pack, the same changed, one in contradiction, and one almost empty."""
    folder.mkdir()
    ministry = of_ministry()
    write(folder / "ministry.json", ministry)
    ministry["levels"][2]["names"]["en"] = "Guarded"
    write(folder / "changed.json", ministry)
    write(folder / "quarrel.json", quarrel())
    bare: dict[str, list[Any]] = {"categories": [], "rules": [], "authority": []}
    write(folder / "bare.json", pack_file("generic") | bare)


def write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def rule(name: str, condition: dict[str, Any], effect: dict[str, Any], zh: str) -> dict[str, Any]:
    say = {"zh": zh, "en": f"Order of the ministry: {name}."}
    return {"id": name, "if": condition, "then": effect, "say": say, "basis": BASIS}


def of_ministry() -> dict[str, Any]:
    pack = pack_file("generic") | {"id": "ministry", "version": "2026-01-01"}
    pack["names"] = {"zh": "某部分级", "en": "Levels of a ministry"}
    for level in pack["levels"]:
        level["max_period_years"] = 5
    pack["period"]["defaults"] = [{"level": "secret", "duration": "P5Y"}]
    for profile in pack["handling"]:
        profile["register_reads"] = True
    empty = {"mark": None, "portion": None, "lacv": None, "obsolete": False}
    france = {"id": "fra", "leaf": "nation:FRA", "names": {"zh": "法国", "en": "France"}, **empty}
    released = {
        "id": "rel",
        "kind": "widen",
        "tag": None,
        "oid": None,
        "home": False,
        "names": {"zh": "发往", "en": "Released to"},
        "min": 0,
        "max": None,
        "values": [france],
        "basis": BASIS,
    }
    pack["categories"] = [*pack["categories"][:2], released]
    member = {"leaf": "nation:ITA", "from": "2020-01-01", "to": None}
    names = {"zh": "驻科部队", "en": "Kosovo Force"}
    pack["groups"] = [{"id": "KFOR", "names": names, "members": [member], "basis": BASIS}]
    guarded = {
        "all": [
            {"not": {"level_in": ["public"]}},
            {"any": [{"level_at_least": "secret"}, {"has": "project:alpha"}]},
            {"count": {"category": "project", "min": 1, "max": None}},
        ]
    }
    pack["rules"] += [
        rule("guarded", guarded, {"one_of": ["limit:no-copy", "limit:no-onward"]}, "项目须限制。"),
        rule(
            "draft-is-not-copied",
            {"has": "project:bravo"},
            {"need": {"category": "limit", "count": 1}},
            "乙项目须限制使用。",
        ),
        rule("charlie", {"has": "project:charlie"}, {"raise_to": "confidential"}, "丙项目。"),
    ]
    pack["compilation"] = [
        {
            "id": "parts",
            "count": 5,
            "level": "confidential",
            "marking": None,
            "raise_to": "secret",
            "say": {"zh": "五件以上的汇集。", "en": "Five parts or more."},
            "basis": BASIS,
        }
    ]
    return pack


def quarrel() -> dict[str, Any]:
    pack = pack_file("generic")
    pack["levels"][0]["basis"] = [{"cite": "Order of the ministry", "status": "checked"}]
    secret = {"level_in": ["secret"]}
    pack["rules"] += [
        rule("r1", secret, {"need": {"category": "limit", "count": 1}}, "须限制使用。"),
        rule("r2", secret, {"forbid": "limit"}, "不得限制使用。"),
    ]
    return pack
