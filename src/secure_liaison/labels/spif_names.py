"""Names of a SPIF as ids of a pack, and the leaves that its values stand for.

Source: docs/spec/foreign-labels.md §1; ISO 3166-1 alpha-3.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["group_leaf", "is_nation", "slug"]

_LONGEST: Final = 60
_LONGEST_GROUP: Final = 64
_NATIONS: Final = (
    "ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA "
    "BGD BGR BHR BHS BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN "
    "CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU "
    "EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB "
    "GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL "
    "ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO "
    "LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR "
    "MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER "
    "PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM "
    "SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK "
    "TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM "
    "VUT WLF WSM YEM ZAF ZMB ZWE"
)


def slug(name: str, *, taken: set[str], fallback: str) -> str:
    """Return an id made from a name, unlike those taken, and take it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-")
    if not made or not made[0].isalpha():
        made = f"{fallback}-{made}".strip("-")
    found, number = made, 2
    while found in taken:
        found, number = f"{made[: _LONGEST - 4]}-{number}", number + 1
    taken.add(found)
    return found


def is_nation(name: str) -> bool:
    """Whether a name is a code of ISO 3166-1 alpha-3."""
    return len(name) == 3 and name.isalpha() and name in _NATIONS  # noqa: PLR2004  # alpha-3


def group_leaf(name: str) -> str:
    """Return the leaf of a group of that name, or nothing where the name has no such form."""
    made = re.sub(r"[^A-Z0-9.]+", "-", name.upper()).strip("-.")[:_LONGEST_GROUP]
    return f"group:{made}" if made else ""
