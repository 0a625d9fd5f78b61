"""What waits for approval, in full: nobody approves what the desk does not show.

Source: docs/guides/determination.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secure_liaison import i18n
from secure_liaison.cli.leaf_words import audience_words
from secure_liaison.labels.acts import Purpose
from secure_liaison.workflows import addressing

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.cli.surface import Surface
    from secure_liaison.i18n import Language
    from secure_liaison.labels.acts import Propose
    from secure_liaison.labels.label import Label
    from secure_liaison.office import Office

__all__ = ["proposal_as_data", "proposal_as_lines"]


def proposal_as_data(office: Office, proposal: Propose) -> dict[str, Any]:
    """Return what is proposed, for ``--json``; no label says that it is not secret."""
    label = proposal.label
    level, period, audience = proposal.grounds
    return {
        "purpose": proposal.purpose.name.lower(),
        "mark": {each.value: _mark(office, proposal, each) for each in i18n.Language},
        "audience": [] if label is None else label.audience.to_lists(),
        "catalogue": proposal.catalogue,
        "reason": proposal.reason,
        "remark": proposal.remark,
        "provision": proposal.provision,
        "consent": proposal.consent,
        "sources": [
            {each.value: addressing.mark_in(office, source, each) for each in i18n.Language}
            for source in proposal.sources
        ],
        "grounds": {"level": level, "period": period, "audience": audience},
    }


def proposal_as_lines(
    surface: Surface, office: Office, proposal: Propose, *, name_of: Callable[[str], str]
) -> list[str]:
    """Return what is proposed, one line for each thing that was said.

    Args:
        surface: Where it is shown.
        office: The desk.
        proposal: What waits.
        name_of: Returns how people write the leaf of an officer or agency.
    """
    language = surface.language
    mark = _mark(office, proposal, language) or surface.text("cli.mark.not-secret")
    level, period, audience = proposal.grounds
    said = {
        "item": proposal.catalogue,
        "reason": proposal.reason,
        "remark": proposal.remark,
        "provision": proposal.provision,
        "consent": proposal.consent,
        "source": "; ".join(
            addressing.mark_in(office, each, language) for each in proposal.sources
        ),
        "why-level": level,
        "why-period": period,
        "why-audience": audience,
    }
    return [
        mark,
        *([] if proposal.label is None else _readers(surface, office, proposal.label, name_of)),
        *(surface.text(f"cli.proposal.{key}", said=text) for key, text in said.items() if text),
    ]


def _readers(
    surface: Surface, office: Office, label: Label, name_of: Callable[[str], str]
) -> list[str]:
    leaves = {leaf for group in label.audience.groups for leaf in group}
    known = {leaf: name_of(leaf) for leaf in leaves if leaf.startswith(("agency:", "officer:"))}
    return audience_words(label.audience, addressing.pack_of(office, label), surface, known)


def _mark(office: Office, proposal: Propose, language: Language) -> str:
    if proposal.label is None:
        return ""
    foreign = proposal.purpose is Purpose.FOREIGN
    return addressing.mark_in(office, proposal.label, language, foreign=foreign)
