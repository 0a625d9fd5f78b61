"""Rules about one person: agency, directory, need-to-know, clearance, agreement, devices.

Rules:

- One function, one rule; it returns what is unmet, or nothing.
- What is not known counts as not held.
- A person whose agency is not verified has no standing at all; only that is said.

Source: docs/concepts/refusals.md; DESIGN §1 promise 1, §4, §5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.clock import to_iso
from secure_liaison.labels.membership import meets
from secure_liaison.monitor.cases import Side, level_text, names_text, rank_of

if TYPE_CHECKING:
    from secure_liaison.directory.standing import Clearance, Standing
    from secure_liaison.errors import Reason
    from secure_liaison.monitor.cases import PersonCase

__all__ = [
    "OUTSIDE",
    "agency_verified",
    "agreement_accepts_pack",
    "agreement_covers_level",
    "agreement_exists",
    "book_current",
    "briefed",
    "clearance_held",
    "clearance_in_force",
    "clearance_level",
    "device_exists",
    "devices_in_force",
    "directory_fresh",
    "link_accredited",
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


def agency_verified(case: PersonCase) -> Reason | None:
    """Require that the person's agency was verified by its digits."""
    if case.standing is not None:
        return None
    return case.unmet(
        "AGENCY_UNVERIFIED",
        "directory.verified",
        need="need.verified-agency",
        fixable_by="office.own-registrar",
        instead=("instead.verify-agency",),
    )


def directory_fresh(case: PersonCase) -> Reason | None:
    """Require a directory that is not older than the pack allows for this act."""
    if case.directory_age_s <= case.max_age_s:
        return None
    return case.unmet(
        "DIRECTORY_STALE",
        "directory.fresh",
        have=f"{case.directory_age_s // 3600} h",
        need=f"≤ {case.max_age_s // 3600} h",
        fixable_by="office.system-administrator",
        instead=("instead.update-directory",),
    )


def book_current(case: PersonCase) -> Reason | None:
    """Require that the statements relied on belong to the newest roster."""
    if case.standing is None or case.standing.statements_current:
        return None
    return case.unmet(
        "BOOK_OUTDATED",
        "directory.book",
        need="need.current-book",
        fixable_by=case.registrar,
        instead=("instead.import-book",),
    )


def releasable(case: PersonCase) -> Reason | None:
    """Require that no group of agencies or nations in the audience leaves the person out."""
    if case.standing is None:
        return None
    if not any(_by_agency(group) for group in _unmet(case, case.standing)):
        return None
    return case.unmet(
        "NOT_RELEASABLE_TO",
        "audience.release",
        need="need.audience",
        fixable_by="office.originator",
        instead=("instead.other-recipient", "instead.ask-originator"),
    )


def need_to_know(case: PersonCase) -> Reason | None:
    """Require every other group of the audience, and every restrictive marking."""
    if case.standing is None:
        return None
    named = all(_by_agency(group) for group in _unmet(case, case.standing))
    missing = sorted(case.about.label.restrict - case.standing.memberships)
    if named and not missing:
        return None
    return case.unmet(
        "NO_NEED_TO_KNOW",
        "audience.need-to-know",
        need=" ".join(missing) if named else "need.audience",
        fixable_by="office.originator",
        instead=("instead.other-recipient", "instead.ask-originator"),
    )


def clearance_held(case: PersonCase) -> Reason | None:
    """Require a clearance under the label's policy."""
    if _open_to_all(case) or case.standing is None:
        return None
    clearance, problem = case.standing.clearance, case.standing.clearance_problem
    if problem in _PROBLEMS or (clearance is not None and _same_policy(case, clearance)):
        return None
    return case.unmet(
        "CLEARANCE_MISSING",
        "clearance.held",
        have=clearance.policy if clearance else "",
        need=level_text(case.about.pack, case.about.label.level),
        fixable_by=case.security_officer,
        instead=("instead.request-clearance", "instead.other-recipient"),
    )


def clearance_in_force(case: PersonCase) -> Reason | None:
    """Require that the clearance is in force now: begun, not expired, not withdrawn."""
    if _open_to_all(case) or case.standing is None:
        return None
    clearance = case.standing.clearance
    problem = case.standing.clearance_problem
    if problem not in _PROBLEMS and clearance is not None and clearance.not_after <= case.about.now:
        problem = "expired"
    code = _PROBLEMS.get(problem)
    if code is None:
        return None
    return case.unmet(
        code,
        "clearance.in-force",
        have=to_iso(clearance.not_after) if clearance and problem == "expired" else "",
        need="need.clearance-in-force",
        fixable_by=case.security_officer,
        instead=("instead.renew-clearance", "instead.other-recipient"),
    )


def clearance_level(case: PersonCase) -> Reason | None:
    """Require that the clearance reaches the label's level (no read up)."""
    level = case.about.level
    if _open_to_all(case) or case.standing is None or level is None:
        return None
    clearance = case.standing.clearance
    if clearance is None or not _same_policy(case, clearance):
        return None  # said already: nothing held
    if rank_of(case.about.pack, clearance.level) >= level.rank:
        return None
    return case.unmet(
        "CLEARANCE_BELOW_LABEL",
        "clearance.level",
        have=level_text(case.about.pack, clearance.level),
        need=level_text(case.about.pack, level.id),
        fixable_by=case.security_officer,
        instead=("instead.extract", "instead.request-clearance", "instead.other-recipient"),
    )


def person_class(case: PersonCase) -> Reason | None:
    """Require the class of post that the level's handling asks for."""
    profile, pack = case.about.profile, case.about.pack
    if case.standing is None or profile is None or not profile.min_person_class:
        return None
    clearance = case.standing.clearance
    if clearance is None:
        return None  # said already: no clearance, hence no class
    least = pack.person_class_rank(profile.min_person_class)
    if pack.person_class_rank(clearance.person_class) >= least:
        return None
    names = {each.id: names_text(each.names) for each in pack.person_classes}
    return case.unmet(
        "PERSON_CLASS",
        "clearance.person-class",
        have=names.get(clearance.person_class, clearance.person_class),
        need=names[profile.min_person_class],
        fixable_by=case.security_officer,
        instead=("instead.extract", "instead.other-recipient"),
    )


def briefed(case: PersonCase) -> Reason | None:
    """Require a briefing in force, and not too old, where the level's handling asks for one."""
    profile, now = case.about.profile, case.about.now
    if case.standing is None or profile is None or profile.training_max_age_days == 0:
        return None
    until, pledged = case.standing.briefed_until, case.standing.pledged
    max_age_s = profile.training_max_age_days * _DAY_S
    if until is not None and pledged is not None and now < until and now - pledged <= max_age_s:
        return None
    return case.unmet(
        "BRIEFING_MISSING",
        "clearance.briefing",
        have=to_iso(pledged) if pledged is not None else "",
        need="need.briefing",
        fixable_by=case.security_officer,
        instead=("instead.brief", "instead.other-recipient"),
    )


def agreement_exists(case: PersonCase) -> Reason | None:
    """Require an agreement in force between the two agencies."""
    if not case.needs_agreement or case.standing is None:
        return None
    if case.agreement is not None and case.agreement.in_force(case.about.now):
        return None
    return case.unmet(
        "NO_AGREEMENT",
        "agreement.in-force",
        need="need.agreement",
        fixable_by="office.heads",
        instead=("instead.agreement",),
    )


def agreement_accepts_pack(case: PersonCase) -> Reason | None:
    """Require that the agreement names exactly this version of the policy."""
    pack = case.about.pack
    if not case.needs_agreement or case.agreement is None:
        return None
    if case.agreement.accepts(pack.policy_id, pack.digest()):
        return None
    return case.unmet(
        "PACK_NOT_AGREED",
        "agreement.pack",
        have=" ".join(each.policy for each in case.agreement.packs),
        need=pack.policy_id,
        fixable_by="office.heads",
        instead=("instead.agreement",),
    )


def agreement_covers_level(case: PersonCase) -> Reason | None:
    """Require that the level is not above the agreement's ceiling for this policy."""
    level, pack = case.about.level, case.about.pack
    if not case.needs_agreement or case.agreement is None or level is None:
        return None
    ceiling = case.agreement.ceiling(pack.policy_id)
    if rank_of(pack, ceiling) >= level.rank:
        return None
    return case.unmet(
        "AGREEMENT_CEILING",
        "agreement.ceiling",
        have=level_text(pack, ceiling),
        need=level_text(pack, level.id),
        fixable_by="office.heads",
        instead=("instead.extract", "instead.agreement"),
    )


def link_accredited(case: PersonCase) -> Reason | None:
    """Require that the agreement accredits the link for a reserved level outside exercises."""
    level, pack = case.about.level, case.about.pack
    if not case.needs_agreement or case.agreement is None or level is None:
        return None
    if case.about.exercise or not level.reserved:
        return None
    granted = {each.policy: each.level for each in case.agreement.accreditation}.get(pack.id)
    if rank_of(pack, granted) >= level.rank:
        return None
    return case.unmet(
        "NOT_ACCREDITED",
        "accreditation.link",
        have=level_text(pack, granted),
        need=level_text(pack, level.id),
        fixable_by="office.accrediting-authority",
        instead=("instead.extract", "instead.exercise"),
    )


def device_exists(case: PersonCase) -> Reason | None:
    """Require at least one device to seal for."""
    if case.standing is None or case.devices or case.side is Side.SENDER:
        return None
    return case.unmet(
        "NO_DEVICE",
        "device.exists",
        need="need.active-device",
        fixable_by=case.registrar,
        instead=("instead.enrol-device", "instead.other-recipient"),
    )


def devices_in_force(case: PersonCase) -> Reason | None:
    """Require that every device that takes part is active and within its validity."""
    if all(device.is_active(now=case.about.now) for device in case.devices):
        return None
    return case.unmet(
        "DEVICE_REVOKED",
        "device.in-force",
        need="need.active-device",
        fixable_by=case.registrar,
        instead=("instead.enrol-device",),
    )


def _unmet(case: PersonCase, standing: Standing) -> list[frozenset[str]]:
    held, pack = standing.memberships, case.about.pack
    return [group for group in case.about.label.audience.groups if not meets(group, held, pack)]


def _by_agency(group: frozenset[str]) -> bool:
    return any(leaf.startswith(_BY_AGENCY) for leaf in group)


def _open_to_all(case: PersonCase) -> bool:
    return case.about.level is not None and case.about.level.rank == 0


def _same_policy(case: PersonCase, clearance: Clearance) -> bool:
    return clearance.policy == case.about.pack.id
