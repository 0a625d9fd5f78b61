"""A registry as a page: officers with what is stated about them, agreements, the last roster.

Source: docs/guides/agency.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secure_liaison.clock import to_iso
from secure_liaison.identity.anchors import open_anchor
from secure_liaison.identity.contents import AccreditationContent, AgreementContent
from secure_liaison.identity.officer_contents import BriefingContent, ClearanceContent

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.clock import Instant
    from secure_liaison.directory.registry_state import RegistryState
    from secure_liaison.identity.officer_contents import OfficerContent
    from secure_liaison.labels.shelf import Shelf

__all__ = ["as_data", "as_lines"]


def as_data(state: RegistryState, *, now: Instant) -> dict[str, Any]:
    """Return the registry for ``--json``."""
    anchor, page = open_anchor(state.anchor), state.last_page()
    contents = [one.statement.content for one in state.signed()]
    return {
        "agency": anchor.agency_id.hex(),
        "code": anchor.code,
        "realm_name": anchor.charter.name,
        "officers": [_officer(state, each, now=now) for each in state.officers()],
        "agreements": [
            {
                "name": each.agreement.id,
                "parties": list(each.agreement.parties),
                "ceilings": {one.policy: one.level for one in each.agreement.ceilings},
            }
            for each in contents
            if isinstance(each, AgreementContent)
        ],
        "accreditations": [
            {
                "policy": each.policy,
                "ceiling": each.ceiling,
                "granted_by": each.granted_by,
                "scope": each.scope.name.lower(),
                "target": each.target,
            }
            for each in contents
            if isinstance(each, AccreditationContent)
        ],
        "roster": None
        if page is None
        else {
            "sequence": page.sequence,
            "created": to_iso(page.created),
            "expires": to_iso(page.expires),
            "relay": page.relay.url,
        },
    }


def as_lines(surface: Surface, state: RegistryState, *, now: Instant, packs: Shelf) -> list[str]:
    """Return the registry for a person; the names of levels are those of ``packs``."""
    data, page = as_data(state, now=now), state.last_page()
    lines = [surface.text("cli.registry.head", code=data["code"], realm=data["realm_name"])]
    if page is None:
        lines.append(surface.text("cli.registry.no-roster"))
    else:
        expires, url = surface.moment(page.expires), page.relay.url
        lines.append(
            surface.text("cli.registry.roster", sequence=page.sequence, expires=expires, relay=url)
        )
    for officer in data["officers"]:
        lines.append(
            f"{officer['login']}  {officer['names']['zh']} {officer['names']['en']}"
            f"  {officer['post']['zh']} {officer['post']['en']}  {' '.join(officer['roles'])}"
        )
        lines.append("  " + surface.text("cli.registry.devices", count=len(officer["devices"])))
        lines += [f"  {_clearance(surface, each, packs)}" for each in officer["clearances"]]
        lines += [
            "  " + surface.text("cli.registry.briefing", **each) for each in officer["briefings"]
        ]
    lines += [
        surface.text("cli.registry.agreement", name=each["name"], ceilings=_pairs(each["ceilings"]))
        for each in data["agreements"]
    ]
    lines += [surface.text("cli.registry.accreditation", **each) for each in data["accreditations"]]
    return lines


def _officer(state: RegistryState, officer: OfficerContent, *, now: Instant) -> dict[str, Any]:
    about = [(one.statement, one.statement.content) for one in state.about(officer.officer)]
    return {
        "login": officer.login,
        "names": {"zh": officer.names.zh, "en": officer.names.en},
        "post": {"zh": officer.post.zh, "en": officer.post.en},
        "roles": sorted(role.name.lower() for role in officer.roles),
        "devices": [leaf.handle.hex() for leaf in state.active_devices(officer.officer, now=now)],
        "clearances": [
            {"policy": content.policy, "level": content.level, "until": to_iso(said.not_after)}
            for said, content in about
            if isinstance(content, ClearanceContent)
        ],
        "briefings": [
            {"topic": content.topic, "until": to_iso(said.not_after)}
            for said, content in about
            if isinstance(content, BriefingContent)
        ],
    }


def _clearance(surface: Surface, stated: dict[str, str], packs: Shelf) -> str:
    level = packs.named(stated["policy"]).level(stated["level"])
    return surface.text(
        "cli.registry.clearance",
        policy=stated["policy"],
        level=level.names.text(surface.language),
        until=stated["until"],
    )


def _pairs(ceilings: dict[str, str]) -> str:
    return ", ".join(f"{policy} ≤ {level}" for policy, level in ceilings.items())
