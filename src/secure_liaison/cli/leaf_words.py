"""Leaves of an audience in words: nations and groups by the pack's names, people by their address.

Source: docs/guides/officer.md; docs/guides/labels.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.labels.audience import undated
from secure_liaison.workflows.addressing import address_of
from secure_liaison.workflows.authorising import agency_leaf, officer_leaf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secure_liaison.cli.surface import Surface
    from secure_liaison.i18n import Language
    from secure_liaison.labels.audience import Audience
    from secure_liaison.labels.naming import Names
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Office
    from secure_liaison.workflows.addressing import Addressee

__all__ = ["audience_words", "known_to", "leaf_words"]


def leaf_words(
    leaf: str, pack: PolicyPack, surface: Surface, known: Mapping[str, str] | None = None
) -> str:
    """Return one leaf as a person reads it; nations and groups that nobody names by their code."""
    bare = undated(leaf)
    code = bare.removeprefix("nation:").removeprefix("group:")
    name = (known or {}).get(leaf) or _named(bare, pack, surface.language) or code
    day = leaf.partition("@")[2]
    return surface.text("cli.leaf.as-of", name=name, day=day) if day else name


def audience_words(
    audience: Audience, pack: PolicyPack, surface: Surface, known: Mapping[str, str] | None = None
) -> list[str]:
    """Return one line for each group of an audience."""
    if audience.is_public:
        return [surface.text("cli.label.public")]
    comma = surface.text("cli.label.levels-and")
    return [
        surface.text(
            "cli.label.group",
            leaves=comma.join(leaf_words(leaf, pack, surface, known) for leaf in group),
        )
        for group in audience.to_lists()
    ]


def known_to(office: Office, addressees: Iterable[Addressee]) -> dict[str, str]:
    """Return what this desk calls its own and these people and their agencies, by leaf."""
    me = office.me()
    found = {
        agency_leaf(me.agency): office.agency_record(me.agency).code,
        officer_leaf(me.officer): address_of(office, me),
    }
    for each in addressees:
        code = each.address.rpartition("@")[2]
        found |= {
            agency_leaf(each.officer.agency): code,
            officer_leaf(each.officer.officer): each.address,
        }
    return found


def _named(leaf: str, pack: PolicyPack, language: Language) -> str:
    names: Names | None = None
    for _, marking in pack.index.categories.by_leaf.get(leaf, ()):
        names = names or pack.value(marking).names
    for group in pack.groups:
        if f"group:{group.id}" == leaf:
            names = names or group.names
    return "" if names is None else names.text(language)
