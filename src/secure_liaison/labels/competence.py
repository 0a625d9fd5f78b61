"""Who must act on a case: whose proposal, whose decision, and where a report goes.

Rules:

- What a body determined is changed by itself, its successor or a superior; nobody else.
- A draft that is unclear goes to a secrecy bureau, one that is beyond the body's authority to the
  nearest superior that has it, else to the bureau.
- A dispute is settled by the body that determined, a superior, or the bureau of the highest level
  asserted; the national bureau may always.

Source: docs/spec/determination.md §4; 保守国家秘密法(2024) 第十七、二十三至二十五条;
保守国家秘密法实施条例(2024) 第十七、二十三至二十六条.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.labels.acts import ProtectionCause
from secure_liaison.labels.authority import holds_authority
from secure_liaison.labels.case import CaseState, effective_label

if TYPE_CHECKING:
    from secure_liaison.clock import Instant
    from secure_liaison.labels.acts import Act
    from secure_liaison.labels.case import Case, Setting

__all__ = ["deciders", "proposers", "report_goes_to"]


def report_goes_to(case: Case, at: Instant, setting: Setting) -> str:
    """Return whom a provisional case must be reported to, or empty where there is nothing drafted.

    Raises:
        FormatError: ``organisation-unknown``, ``pack-unknown``.
    """
    if case.floor is None:
        return ""
    organisation, level = setting.powers.organisation, case.floor.level
    if case.cause is ProtectionCause.NO_AUTHORITY:
        pack = setting.pack_of(case.floor)
        for upper in organisation.superiors(case.body):
            if holds_authority(upper, level, at, powers=setting.powers, pack=pack):
                return upper
    return organisation.bureau_for(case.body, level, setting.routing)


def proposers(case: Case, act: Act, setting: Setting) -> frozenset[str]:
    """Return the bodies, among them the actor's if it may, whose officers may propose now.

    Raises:
        FormatError: ``organisation-unknown``, ``pack-unknown``.
    """
    allowed = deciders(case, act, setting)
    if case.state is CaseState.RECEIVED:
        return allowed
    return allowed | {setting.powers.organisation.responsible(case.body, act.at)}


def deciders(case: Case, act: Act, setting: Setting) -> frozenset[str]:
    """Return the bodies, among them the actor's if it may, whose officers may decide now.

    Raises:
        FormatError: ``organisation-unknown``, ``pack-unknown``.
    """
    organisation, actor = setting.powers.organisation, act.actor.agency
    if case.state is CaseState.RECEIVED:
        return frozenset({organisation.responsible(case.reported_to, act.at)})
    allowed = set()
    if organisation.may_decide_for(actor, case.decided_by or case.body, act.at):
        allowed.add(actor)
    if case.state is CaseState.DISPUTED:
        label = effective_label(case, setting)
        level = label.level if label else ""
        allowed.add(organisation.bureau_for(case.body, level, setting.routing))
        allowed.add(organisation.national_bureau)
    return frozenset(allowed)
