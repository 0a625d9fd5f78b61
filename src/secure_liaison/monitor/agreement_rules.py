"""Rules about the agreement between two agencies: in force, packs, subjects, ceilings.

Rules:

- As in `person_rules`; each refusal names the agreement and, where it is known, the article.

Source: docs/concepts/refusals.md; DESIGN §4, §5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.crypto.keys import PROVIDER_CLASS
from secure_liaison.labels.handling import CipherClass
from secure_liaison.monitor.cases import level_text, rank_of
from secure_liaison.monitor.ceilings import against_ceiling

if TYPE_CHECKING:
    from secure_liaison.monitor.cases import PersonCase
    from secure_liaison.monitor.finding import Finding

__all__ = [
    "agreement_accepts_pack",
    "agreement_covers_level",
    "agreement_covers_subject",
    "agreement_exists",
    "link_accredited",
    "reading_accredited",
    "reading_provider_suffices",
]


def agreement_exists(case: PersonCase) -> Finding:
    """Require an agreement in force between the two agencies."""
    asked = case.ask(
        "agreement.in-force",
        have=case.agreement.id if case.agreement is not None else "",
        need="need.agreement",
    )
    if not case.needs_agreement or case.standing is None:
        return asked.not_asked("one-agency")
    if case.agreement is not None and case.agreement.in_force(case.about.now):
        return asked.met()
    return asked.unmet("NO_AGREEMENT", fixable_by="office.heads", instead=("instead.agreement",))


def agreement_accepts_pack(case: PersonCase) -> Finding:
    """Require that the agreement names exactly this version of the policy."""
    pack = case.about.pack
    if not case.needs_agreement or case.agreement is None:
        return case.ask("agreement.pack", need=pack.policy_id).not_asked("no-agreement")
    asked = case.ask(
        "agreement.pack",
        have=" ".join(each.policy for each in case.agreement.packs),
        need=pack.policy_id,
        basis=_article(case, "packs"),
    )
    if case.agreement.accepts(pack.policy_id, pack.digest()):
        return asked.met()
    return asked.unmet("PACK_NOT_AGREED", fixable_by="office.heads", instead=("instead.agreement",))


def agreement_covers_subject(case: PersonCase) -> Finding:
    """Require a subject that the agreement names and does not exclude."""
    topic = case.about.topic
    if not case.needs_agreement or case.agreement is None:
        return case.ask("agreement.subject", have=topic).not_asked("no-agreement")
    named, excluded = case.agreement.subjects, case.agreement.excluded_subjects
    need = " ".join(named) + "".join(f" −{each}" for each in excluded)
    asked = case.ask(
        "agreement.subject", have=topic, need=need.strip(), basis=_article(case, "subjects")
    )
    if not named and not excluded:
        return asked.not_asked("every-subject")
    # Without a subject nobody can tell that it is none of the excluded ones.
    if topic and topic not in excluded and (not named or topic in named):
        return asked.met()
    return asked.unmet(
        "SUBJECT_NOT_AGREED",
        fixable_by="office.heads",
        instead=("instead.state-subject", "instead.agreement"),
    )


def agreement_covers_level(case: PersonCase) -> Finding:
    """Require that the level is not above the agreement's ceiling for this policy."""
    level, pack = case.about.level, case.about.pack
    if not case.needs_agreement or case.agreement is None or level is None:
        return case.ask("agreement.ceiling").not_asked("no-agreement")
    ceiling = case.agreement.ceiling(pack.policy_id)
    asked = case.ask(
        "agreement.ceiling",
        have=level_text(pack, ceiling),
        need=level_text(pack, level.id),
        basis=_article(case, "levels"),
    )
    if rank_of(pack, ceiling) >= level.rank:
        return asked.met()
    return asked.unmet(
        "AGREEMENT_CEILING",
        fixable_by="office.heads",
        instead=("instead.extract", "instead.agreement"),
    )


def link_accredited(case: PersonCase) -> Finding:
    """Require that the agreement accredits the link for a reserved level outside exercises."""
    level, pack = case.about.level, case.about.pack
    if not case.needs_agreement or case.agreement is None or level is None:
        return case.ask("accreditation.link").not_asked("no-agreement")
    granted = {each.policy: each.level for each in case.agreement.accreditation}.get(pack.id)
    asked = case.ask(
        "accreditation.link",
        have=level_text(pack, granted),
        need=level_text(pack, level.id),
        basis=_article(case, "accreditation"),
    )
    if not level.reserved:
        return asked.not_asked("not-reserved")
    return against_ceiling(asked, case.about, granted)


def reading_accredited(case: PersonCase) -> Finding:
    """Require that the person's agency is accredited for the level that it takes this one for."""
    level = case.level if case.reading is not None else None
    asked = case.ask(
        "accreditation.reading",
        have=level_text(case.pack, case.elsewhere.accreditation),
        need=level_text(case.pack, level.id) if level is not None else "",
        basis=level.citation if level is not None else "",
    )
    if level is None:
        return asked.not_asked("own-policy")
    if not level.reserved:
        return asked.not_asked("not-reserved")
    return against_ceiling(asked, case, case.elsewhere.accreditation)


def reading_provider_suffices(case: PersonCase) -> Finding:
    """Require the cipher that the person's law asks for, or an accreditation that accepts ours."""
    profile = case.profile if case.reading is not None else None
    needed = CipherClass.ANY if profile is None else profile.provider_class
    asked = case.ask(
        "accreditation.reading-provider",
        have=f"cipher.{PROVIDER_CLASS}",
        need=f"cipher.{needed.value}",
        basis=profile.citation if profile is not None else "",
    )
    if profile is None:
        return asked.not_asked("own-policy")
    if needed is CipherClass.ANY:
        return asked.not_asked("any-cipher")
    return against_ceiling(asked, case, case.elsewhere.provider_ceiling)


def _article(case: PersonCase, topic: str) -> str:
    return case.agreement.cite(topic) if case.agreement is not None else ""
