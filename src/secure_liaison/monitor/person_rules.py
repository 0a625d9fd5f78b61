"""Rules about one person: agency, directory, need-to-know, clearance, agreement, devices.

Rules:

- One function, one rule; it returns one finding: met, not met, or nothing to say.
- What is not known counts as not held.
- A person whose agency is not verified has no standing at all; only that is said.
- What is not, or no longer, secret asks nothing of the person for its level; need-to-know stays.
- Where an agreement says how a level of the other side is protected here, clearance, class and
  briefing are asked under the own policy's level; `object_rules` ask for both policies' handling.

Source: docs/concepts/refusals.md; DESIGN §1 promise 1, §4, §5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.clock import to_iso
from secure_liaison.monitor.cases import Side, level_text, names_text, rank_of
from secure_liaison.monitor.ceilings import against_ceiling

if TYPE_CHECKING:
    from secure_liaison.directory.standing import Clearance
    from secure_liaison.monitor.cases import PersonCase
    from secure_liaison.monitor.finding import Finding

__all__ = [
    "OUTSIDE",
    "agency_verified",
    "book_current",
    "briefed",
    "clearance_held",
    "clearance_in_force",
    "clearance_level",
    "device_accredited",
    "device_exists",
    "devices_in_force",
    "directory_fresh",
    "level_mapped",
    "need_to_know",
    "person_class",
    "releasable",
]

OUTSIDE: Final = frozenset({"NO_NEED_TO_KNOW", "NOT_RELEASABLE_TO"})
"""Codes that put a person outside the audience."""

_DAY_S: Final = 86400
_BY_AGENCY: Final = ("agency:", "nation:", "group:")
_PROBLEMS: Final = {
    "expired": "CLEARANCE_EXPIRED",
    "withdrawn": "CLEARANCE_WITHDRAWN",
    "not-yet": "CLEARANCE_NOT_YET",
}


def agency_verified(case: PersonCase) -> Finding:
    """Require that the person's agency was verified by its digits."""
    asked = case.ask("directory.verified", need="need.verified-agency")
    if case.standing is not None:
        return asked.met()
    return asked.unmet(
        "AGENCY_UNVERIFIED",
        fixable_by="office.own-registrar",
        instead=("instead.verify-agency",),
    )


def directory_fresh(case: PersonCase) -> Finding:
    """Require a directory that is not older than the pack allows for this act."""
    asked = case.ask(
        "directory.fresh",
        have=f"{case.directory_age_s // 3600} h",
        need=f"≤ {case.max_age_s // 3600} h",
    )
    if case.directory_age_s <= case.max_age_s:
        return asked.met()
    return asked.unmet(
        "DIRECTORY_STALE",
        fixable_by="office.system-administrator",
        instead=("instead.update-directory",),
    )


def book_current(case: PersonCase) -> Finding:
    """Require that the statements relied on belong to the newest roster."""
    asked = case.ask("directory.book", need="need.current-book")
    if case.standing is None:
        return asked.not_asked("no-standing")
    if case.standing.statements_current:
        return asked.met()
    return asked.unmet("BOOK_OUTDATED", fixable_by=case.registrar, instead=("instead.import-book",))


def releasable(case: PersonCase) -> Finding:
    """Require that no group of agencies or nations in the audience leaves the person out."""
    asked = case.ask("audience.release", need="need.audience")
    if case.standing is None:
        return asked.not_asked("no-standing")
    if not any(_by_agency(group) for group in case.unmet_groups):
        return asked.met()
    return asked.unmet(
        "NOT_RELEASABLE_TO",
        fixable_by="office.originator",
        instead=("instead.other-recipient", "instead.ask-originator"),
    )


def need_to_know(case: PersonCase) -> Finding:
    """Require every other group of the audience, and every restrictive marking."""
    if case.standing is None:
        return case.ask("audience.need-to-know").not_asked("no-standing")
    named = all(_by_agency(group) for group in case.unmet_groups)
    missing = sorted(case.about.label.restrict - case.standing.memberships)
    need = " ".join(missing) if named and missing else "need.audience"
    asked = case.ask("audience.need-to-know", need=need)
    if named and not missing:
        return asked.met()
    return asked.unmet(
        "NO_NEED_TO_KNOW",
        fixable_by="office.originator",
        instead=("instead.other-recipient", "instead.ask-originator"),
    )


def level_mapped(case: PersonCase) -> Finding:
    """Require an equivalence where the person is cleared under another policy only."""
    article = case.reading.article if case.reading is not None else case.mapping_article
    asked = case.ask(
        "agreement.equivalence",
        have=case.elsewhere.policy,
        need=level_text(case.about.pack, case.about.label.level),
        basis=article,
    )
    if not case.about.level_asked:
        return asked.not_asked("declassified")
    if case.standing is None or not case.elsewhere.policy or not case.needs_agreement:
        return asked.not_asked("own-policy")
    if case.agreement is None:
        return asked.not_asked("no-agreement")
    if case.reading is not None:
        return asked.met()
    return asked.unmet(
        "LEVEL_UNMAPPED",
        fixable_by="office.heads",
        instead=("instead.request-clearance", "instead.agreement"),
    )


def clearance_held(case: PersonCase) -> Finding:
    """Require a clearance under the label's policy, or under the one that stands for it."""
    clearance = case.standing.clearance if case.standing is not None else None
    asked = case.ask(
        "clearance.held",
        have=clearance.policy if clearance is not None else "",
        need=level_text(case.pack, case.level_id),
    )
    if case.standing is None:
        return asked.not_asked("no-standing")
    if not case.about.level_asked:
        return asked.not_asked("declassified")
    if _open_to_all(case):
        return asked.not_asked("public")
    problem = case.standing.clearance_problem
    if problem in _PROBLEMS or (clearance is not None and _same_policy(case, clearance)):
        return asked.met()
    return asked.unmet(
        "CLEARANCE_MISSING",
        fixable_by=case.security_officer,
        instead=("instead.request-clearance", "instead.other-recipient"),
    )


def clearance_in_force(case: PersonCase) -> Finding:
    """Require that the clearance is in force now: begun, not expired, not withdrawn."""
    clearance = case.standing.clearance if case.standing is not None else None
    problem = case.standing.clearance_problem if case.standing is not None else ""
    if problem not in _PROBLEMS and clearance is not None and clearance.not_after <= case.about.now:
        problem = "expired"
    code = _PROBLEMS.get(problem)
    shown = clearance is not None and code in {None, "CLEARANCE_EXPIRED"}
    asked = case.ask(
        "clearance.in-force",
        have=to_iso(clearance.not_after) if clearance is not None and shown else "",
        need="need.clearance-in-force",
    )
    if case.standing is None:
        return asked.not_asked("no-standing")
    if not case.about.level_asked:
        return asked.not_asked("declassified")
    if _open_to_all(case):
        return asked.not_asked("public")
    if code is None:
        return asked.met() if clearance is not None else asked.not_asked("no-clearance")
    return asked.unmet(
        code,
        fixable_by=case.security_officer,
        instead=("instead.renew-clearance", "instead.other-recipient"),
    )


def clearance_level(case: PersonCase) -> Finding:
    """Require that the clearance reaches the label's level (no read up)."""
    level = case.level
    clearance = case.standing.clearance if case.standing is not None else None
    asked = case.ask(
        "clearance.level",
        have=level_text(case.pack, clearance.level) if clearance is not None else "",
        need=level_text(case.pack, case.level_id),
    )
    if case.standing is None or level is None:
        return asked.not_asked("no-standing")
    if not case.about.level_asked:
        return asked.not_asked("declassified")
    if _open_to_all(case):
        return asked.not_asked("public")
    if clearance is None or not _same_policy(case, clearance):
        return asked.not_asked("no-clearance")  # said already: nothing held
    if rank_of(case.pack, clearance.level) >= level.rank:
        return asked.met()
    return asked.unmet(
        "CLEARANCE_BELOW_LABEL",
        fixable_by=case.security_officer,
        instead=("instead.extract", "instead.request-clearance", "instead.other-recipient"),
    )


def person_class(case: PersonCase) -> Finding:
    """Require the class of post that the level's handling asks for."""
    profile, pack = case.profile, case.pack
    least = profile.min_person_class if profile is not None else ""
    clearance = case.standing.clearance if case.standing is not None else None
    names = {each.id: names_text(each.names) for each in pack.person_classes}
    held = clearance.person_class if clearance is not None else ""
    asked = case.ask(
        "clearance.person-class", have=names.get(held, held), need=names.get(least, least)
    )
    if case.standing is None or not least:
        return asked.not_asked("handling")
    if not case.about.level_asked:
        return asked.not_asked("declassified")
    if clearance is None:
        return asked.not_asked("no-clearance")  # said already: no clearance, hence no class
    if pack.person_class_rank(held) >= pack.person_class_rank(least):
        return asked.met()
    return asked.unmet(
        "PERSON_CLASS",
        fixable_by=case.security_officer,
        instead=("instead.extract", "instead.other-recipient"),
    )


def briefed(case: PersonCase) -> Finding:
    """Require a briefing in force, and not too old, where the level's handling asks for one."""
    profile, now = case.profile, case.about.now
    pledged = case.standing.pledged if case.standing is not None else None
    asked = case.ask(
        "clearance.briefing",
        have=to_iso(pledged) if pledged is not None else "",
        need="need.briefing",
    )
    if case.standing is None or profile is None or profile.training_max_age_days == 0:
        return asked.not_asked("handling")
    if not case.about.level_asked:
        return asked.not_asked("declassified")
    until = case.standing.briefed_until
    max_age_s = profile.training_max_age_days * _DAY_S
    if until is not None and pledged is not None and now < until and now - pledged <= max_age_s:
        return asked.met()
    return asked.unmet(
        "BRIEFING_MISSING",
        fixable_by=case.security_officer,
        instead=("instead.brief", "instead.other-recipient"),
    )


def device_exists(case: PersonCase) -> Finding:
    """Require at least one device to seal for."""
    asked = case.ask("device.exists", have=str(len(case.devices)), need="need.active-device")
    if case.standing is None or case.side is Side.SENDER:
        return asked.not_asked("no-standing")
    if case.devices:
        return asked.met()
    return asked.unmet(
        "NO_DEVICE",
        fixable_by=case.registrar,
        instead=("instead.enrol-device", "instead.other-recipient"),
    )


def devices_in_force(case: PersonCase) -> Finding:
    """Require that every device that takes part is active and within its validity."""
    asked = case.ask("device.in-force", need="need.active-device")
    if all(device.is_active(now=case.about.now) for device in case.devices):
        return asked.met()
    return asked.unmet(
        "DEVICE_REVOKED", fixable_by=case.registrar, instead=("instead.enrol-device",)
    )


def device_accredited(case: PersonCase) -> Finding:
    """Require that a ceiling stated for a device is kept outside exercises."""
    level, pack = case.about.level, case.about.pack
    asked = case.ask(
        "accreditation.device",
        have=level_text(pack, case.device_ceiling),
        need=level_text(pack, level.id) if level is not None else "",
    )
    if level is None:
        return asked.not_asked("no-level")
    return against_ceiling(asked, case.about, case.device_ceiling, only_if_stated=True)


def _by_agency(group: frozenset[str]) -> bool:
    return any(leaf.startswith(_BY_AGENCY) for leaf in group)


def _open_to_all(case: PersonCase) -> bool:
    return case.about.level is not None and case.about.level.rank == 0


def _same_policy(case: PersonCase, clearance: Clearance) -> bool:
    return clearance.policy == case.pack.id
