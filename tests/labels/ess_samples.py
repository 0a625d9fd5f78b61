"""A small policy with numbers, and labels of it as other people's software would write them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import load_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import PolicyPack
from tests.labels.samples import CREATED, MINISTRY, as_bytes, pack_file

POLICY_OID = "1.1"
RELEASE_OID = "1.3.6.1.4.1.32473.1.1"
ONLY_OID = "1.3.6.1.4.1.32473.1.2"
PROJECT_OID = "1.3.6.1.4.1.32473.1.3"


def category(name: str, kind: str, oid: str | None, values: dict[str, int | None]) -> Any:
    leading = kind in {"widen", "narrow"}
    return {
        "id": name,
        "kind": kind,
        "tag": name,
        "oid": oid,
        "home": False,
        "names": {"zh": f"{name} 类", "en": name},
        "min": 0,
        "max": None,
        "values": [
            {
                "id": value,
                "leaf": f"nation:{value.upper()}" if leading else None,
                "names": {"zh": value, "en": value},
                "mark": None,
                "portion": None,
                "lacv": number,
                "obsolete": False,
            }
            for value, number in values.items()
        ],
        "basis": [{"cite": "test", "status": "default"}],
    }


def numbered_file() -> dict[str, Any]:
    """Return ``generic`` with the numbers of RFC 2634 and categories of every effect."""
    file = pack_file("generic")
    file["id"], file["oid"] = "numbered", POLICY_OID
    for level, number in zip(file["levels"], (1, 2, 3, 4), strict=True):
        level["lacv"] = number
    old = {each["id"]: each for each in file["categories"]}
    old["project"]["oid"] = old["note"]["oid"] = old["limit"]["oid"] = PROJECT_OID
    for number, value in enumerate((*old["project"]["values"], *old["limit"]["values"])):
        value["lacv"] = number
    old["note"]["values"][0]["lacv"] = 9
    file["categories"] += [
        category("rel", "widen", RELEASE_OID, {"fra": 250, "swe": 752, "che": None}),
        category("only", "narrow", ONLY_OID, {"fra": 250, "swe": 752}),
        category("unnumbered", "inform", None, {"x": 1}),
    ]
    return file


def numbered(**changes: Any) -> PolicyPack:
    return load_pack(as_bytes(numbered_file() | changes))


PACK = numbered()


def labelled(level: str = "secret", **changes: Any) -> Label:
    label = Label(
        policy=PACK.policy_id,
        level=level,
        audience=Audience.of([MINISTRY]),
        owner=MINISTRY,
        created=CREATED,
        period=Period(form=PeriodForm.OPEN, value=""),
    )
    return replace(label, **changes)
