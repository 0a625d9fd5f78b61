"""Itemising: which catalogues of items count for a body, and what an item proposes for a label.

Rules:

- An item proposes and decides nothing: level, period and audience come from it and may be raised;
  what departs from it downwards needs a remark.
- A new proposal cites the version that is in force on its date; what was accepted before stays.

Source: docs/spec/determination.md §8; docs/guides/determination.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from secure_liaison.errors import WorkflowError
from secure_liaison.labels.acts import Propose
from secure_liaison.labels.adopted import find_item, in_force, policy_in
from secure_liaison.workflows.authorising import agency_leaf, powers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.identity.determination_record import SignedAct
    from secure_liaison.labels.adopted import Dated
    from secure_liaison.labels.audience import Audience
    from secure_liaison.labels.period import Period
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Office

__all__ = ["Item", "catalogues_for", "check_items", "item_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What an item of a catalogue proposes.

    Attributes:
        citation: ``mfa.items@2026-01-01#12.3``.
        level: Level id; empty where the item is not secret.
        period: Counted from now; nothing where the item is not secret.
        audience: Nothing where the item names it in words only.
    """

    citation: str
    level: str
    period: Period | None
    audience: Audience | None


def catalogues_for(office: Office, body: str) -> tuple[Dated, ...]:
    """Return every version for a body: its own first, then its superiors', then the bureau's.

    Raises:
        WorkflowError: ``bodies-missing``.
        FormatError: ``organisation-unknown``.
    """
    organisation = powers_of(office).organisation
    issuers = (body, *organisation.superiors(body), organisation.national_bureau)
    order = {leaf: number for number, leaf in reversed(tuple(enumerate(issuers)))}
    found = [each for each in office.cases.catalogues() if each.issuer in order]
    packs = office.packs.to_read()
    read = [each.read(packs.named(policy_in(each.file))) for each in found]
    return tuple(sorted(read, key=lambda each: order[each.issuer]))


def item_for(office: Office, wanted: str, pack: PolicyPack) -> Item:
    """Return what an item proposes, by its id or as a label cites it, from the lists in force now.

    Raises:
        WorkflowError: ``case-no-catalogue`` (none is in force here), ``case-item-unknown`` with
            the nearest items, ``bodies-missing``.
    """
    now = office.clock.now()
    found = in_force(catalogues_for(office, agency_leaf(office.agency)), now)
    lists = [each for each in found if each.policy == pack.id]
    if not lists:
        raise WorkflowError("case-no-catalogue")
    catalogue, entry = find_item(wanted, lists)
    period = None
    if entry.is_secret:
        period = entry.period_from(now)
        zone = pack.period.utc_offset_minutes if entry.is_dated else 0
        period = replace(period, offset_minutes=zone)
    return Item(
        citation=catalogue.cite(entry), level=entry.level, period=period, audience=entry.audience
    )


def check_items(office: Office, chain: Sequence[SignedAct], *, known: int) -> None:
    """Prove that each new proposal of a chain cites a list that is in force on its date.

    Raises:
        WorkflowError: ``case-catalogue-not-in-force``.
    """
    cited = [
        (step.catalogue.rpartition("#")[0], signed.act.at)
        for signed in chain[known:]
        if isinstance(step := signed.act.step, Propose) and step.catalogue
    ]
    if not cited:
        return
    found = catalogues_for(office, agency_leaf(chain[0].act.agency))
    for name, at in cited:
        if name not in {each.catalogue_id for each in in_force(found, at)}:
            raise WorkflowError("case-catalogue-not-in-force", catalogue=name)
