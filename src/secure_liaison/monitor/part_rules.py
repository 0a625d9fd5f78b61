"""The rule about parts: whatever a label bound to a file demands, the object's label demands too.

Rules:

- One finding for every label that a part carries, so that a refusal names every file.
- A label that is bound and does not prove to belong to the file counts as one that nothing covers.
- Labels of one version of one policy are compared as such. Of any other, only an agreement says
  what its level is worth here, one with each partner who would get it; restrictions and controls
  have no equivalent anywhere.
- Asked when sealing: what goes out later is what was sealed.

Source: docs/spec/binding.md §5; docs/concepts/refusals.md; DESIGN §4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.membership import members_listed
from secure_liaison.labels.period import period_dominates
from secure_liaison.labels.protection import at_least
from secure_liaison.monitor.cases import mark_text, rank_of
from secure_liaison.monitor.decision import Action

if TYPE_CHECKING:
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.monitor.cases import ObjectCase, PartCase
    from secure_liaison.monitor.decision import PartQuestion
    from secure_liaison.monitor.finding import Asked, Finding

__all__ = ["label_covers_parts"]


def label_covers_parts(case: PartCase) -> Finding:
    """Require that the whole protects at least as much as a part (no write down)."""
    about, part = case.about, case.part
    if part is None:
        asked = case.ask("label.parts")
        if about.action is Action.DELIVER:
            return asked.not_asked("sealed-already")
        return asked.not_asked("no-parts")
    if part.label is None or part.pack is None:
        return case.ask("label.parts", have=part.problem, need="need.proven-label").unmet(
            "PART_LABEL_UNPROVEN",
            fixable_by="office.sender",
            instead=("instead.verify-part", "instead.remove-part"),
        )
    have = mark_text(about.label, about.pack, exercise=about.exercise)
    need = mark_text(part.label, part.pack, exercise=about.exercise)
    asked = case.ask("label.parts", have=have, need=need)
    if about.label.policy != part.label.policy:
        return _of_other_policy(asked, about, part)
    if _covers(about, part.label):
        return asked.met()
    if _covers(about, replace(part.label, audience=about.label.audience)):
        return asked.unmet(
            "PART_FOR_FEWER",
            fixable_by="office.sender",
            instead=("instead.narrow-audience", "instead.remove-part"),
        )
    return asked.unmet(
        "LABEL_LOWER_THAN_PART",
        fixable_by="office.sender",
        instead=("instead.raise-label", "instead.remove-part"),
    )


def _of_other_policy(asked: Asked, about: ObjectCase, part: PartQuestion) -> Finding:
    ranks = [rank_of(about.pack, each.level) for each in part.readings if each is not None]
    articles = " · ".join(each.article for each in part.readings if each is not None)
    asked = asked._replace(basis=articles)
    if not ranks or len(ranks) < len(part.readings) or not _sayable(about, part):
        return asked._replace(have=about.pack.policy_id).unmet(
            "PART_NOT_COMPARABLE",
            fixable_by="office.heads",
            instead=("instead.same-policy", "instead.remove-part"),
        )
    if rank_of(about.pack, about.label.level) >= max(ranks):
        return asked.met()
    return asked.unmet(
        "LABEL_LOWER_THAN_PART",
        fixable_by="office.sender",
        instead=("instead.raise-label", "instead.remove-part"),
    )


def _sayable(about: ObjectCase, part: PartQuestion) -> bool:
    """Whether all but the level of another policy's label stands in the object's label as well."""
    label, pack = part.label, part.pack
    return (
        label is not None
        and pack is not None
        and not (label.restrict or label.control)
        and about.label.audience.within(label.audience)
        and period_dominates(about.label.period, label.period)
        and _members_agree(label, pack, about.pack)
    )


def _members_agree(label: Label, pack: PolicyPack, other: PolicyPack) -> bool:
    """Whether both policies mean the same people by every group that a label names."""
    leaves = {leaf for group in label.audience.groups for leaf in group}
    return all(
        members_listed(leaf, pack) == members_listed(leaf, other)
        for leaf in leaves
        if leaf.startswith("group:")
    )


def _covers(about: ObjectCase, part: Label) -> bool:
    try:
        return at_least(about.label, part, about.pack)
    except FormatError:
        return False
