"""Rules about the object as such: its label, its protection, its end; its parts: `part_rules`.

Rules:

- One function, one rule; it returns one finding: met, not met, or nothing to say.
- A label that does not fit its pack is one reason; rules that need its level then have nothing to
  say, and the object is refused all the same.
- Ceilings bind real material only: an exercise has none.
- Where an agreement has the level protected as one of another policy, custody, keys, suite and
  number of persons are those that either of both asks for.

Source: docs/concepts/refusals.md; DESIGN §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.clock import to_iso
from secure_liaison.crypto.keys import PROVIDER_CLASS, SUITE_1
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language, cause
from secure_liaison.labels.handling import CipherClass
from secure_liaison.labels.naming import cited
from secure_liaison.labels.validity import validate
from secure_liaison.monitor.cases import level_text, names_text
from secure_liaison.monitor.ceilings import against_ceiling

if TYPE_CHECKING:
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.monitor.cases import ObjectCase
    from secure_liaison.monitor.finding import Finding

__all__ = [
    "accredited",
    "custody",
    "forward_secrecy",
    "label_valid",
    "not_expired",
    "one_person_suffices",
    "pack_recent",
    "provider_suffices",
    "relay_ceiling",
    "suite",
]


def label_valid(case: ObjectCase) -> Finding:
    """Require that the label is valid under the pack that it names."""
    problem, law = "", case.level.citation if case.level is not None else ""
    try:
        validate(case.label, case.pack, follows=case.follows)
    except FormatError as error:
        problem = _in_words(error, case.pack)
        broken = error.facts.get("rule")
        law = next((cited(rule.basis) for rule in case.pack.rules if rule.id == broken), law)
    # A citation lifts the maximum of a period: whoever looks at the decision is to see it.
    have = problem or case.label.determination.provision
    asked = case.ask("label.valid", have=have, need="need.valid-label", basis=law)
    if not problem:
        return asked.met()
    return asked.unmet(
        "LABEL_INVALID", fixable_by="office.originator", instead=("instead.correct-label",)
    )


def _in_words(error: FormatError, pack: PolicyPack) -> str:
    """Return what is wrong with a label: the rule's own sentence, or the reason's."""
    broken = next((rule for rule in pack.rules if rule.id == error.facts.get("rule")), None)
    if broken is not None:
        return names_text(broken.say)
    if not error.facts:
        return f"error.{error.code}.{error.reason}"
    return " / ".join(cause(error, language) for language in (Language.ZH, Language.EN))


def pack_recent(case: ObjectCase) -> Finding:
    """Require a version of the pack that every agency involved still takes."""
    versions = [each.partition("@") for each in case.minimum_packs]
    least = max((version for policy, _, version in versions if policy == case.pack.id), default="")
    need = f"{case.pack.id}@{least}" if least else ""
    asked = case.ask("label.pack-version", have=case.pack.policy_id, need=need)
    if case.pack.version >= least:
        return asked.met()
    return asked.unmet(
        "PACK_TOO_OLD",
        fixable_by="office.system-administrator",
        instead=("instead.correct-label",),
    )


def provider_suffices(case: ObjectCase) -> Finding:
    """Require the class of cipher that the law asks for, or an accreditation that accepts ours."""
    needed = CipherClass.ANY if case.profile is None else case.profile.provider_class
    asked = case.ask(
        "accreditation.provider",
        have=f"cipher.{PROVIDER_CLASS}",
        need=f"cipher.{needed.value}",
        basis=case.profile.citation if case.profile is not None else "",
    )
    if needed is CipherClass.ANY:
        return asked.not_asked("any-cipher")
    # Whoever accredits may accept this provider by name; the decision's entry says that it was so.
    return against_ceiling(asked, case, case.provider_ceiling)


def accredited(case: ObjectCase) -> Finding:
    """Require the own agency's accreditation for reserved levels outside exercises."""
    asked = case.ask(
        "accreditation.own",
        have=level_text(case.pack, case.accreditation),
        need=level_text(case.pack, case.level.id) if case.level is not None else "",
        basis=case.level.citation if case.level is not None else "",
    )
    if case.level is None or not case.level.reserved:
        return asked.not_asked("not-reserved")
    return against_ceiling(asked, case, case.accreditation)


def relay_ceiling(case: ObjectCase) -> Finding:
    """Require that a ceiling stated for the relay is kept outside exercises."""
    asked = case.ask(
        "accreditation.relay",
        have=level_text(case.pack, case.relay_ceiling),
        need=level_text(case.pack, case.level.id) if case.level is not None else "",
    )
    if case.level is None:
        return asked.not_asked("no-level")
    return against_ceiling(
        asked, case, case.relay_ceiling, fixable_by="office.relay-operator", only_if_stated=True
    )


def custody(case: ObjectCase) -> Finding:
    """Require custody where the level's handling says so."""
    held = case.custody_groups > 0
    asking = [each for each in case.profiles if each.custody]
    asked = case.ask(
        "handling.custody",
        have="need.custodian" if held else "need.no-custodian",
        need="need.custodian",
        basis=asking[0].citation if asking else "",
    )
    if not asking:
        return asked.not_asked("handling")
    if held:
        return asked.met()
    return asked.unmet(
        "CUSTODY_REQUIRED",
        fixable_by="office.own-security-officer",
        instead=("instead.extract",),
    )


def forward_secrecy(case: ObjectCase) -> Finding:
    """Require one-time prekeys where the level's handling says so."""
    asked = case.ask(
        "handling.forward-secrecy",
        have="need.prekeys" if case.forward_secrecy else "need.standing-keys",
        need="need.prekeys",
    )
    if not any(each.forward_secrecy for each in case.profiles):
        return asked.not_asked("handling")
    if case.forward_secrecy:
        return asked.met()
    return asked.unmet(
        "FORWARD_SECRECY_REQUIRED", fixable_by="office.sender", instead=("instead.prekeys",)
    )


def suite(case: ObjectCase) -> Finding:
    """Require a cryptographic suite that the level's handling accepts."""
    needed = max((each.min_suite for each in case.profiles), default=SUITE_1)
    asked = case.ask("handling.suite", have=str(SUITE_1), need=str(needed))
    if needed <= SUITE_1:
        return asked.met()
    return asked.unmet(
        "SUITE_TOO_LOW",
        fixable_by="office.system-administrator",
        instead=("instead.extract",),
    )


def one_person_suffices(case: ObjectCase) -> Finding:
    """Refuse what several persons must open together: this desk cannot see to that."""
    needed = max((each.open_persons for each in case.profiles), default=1)
    asked = case.ask("handling.persons", have="1", need=str(needed))
    if needed <= 1:
        return asked.met()
    return asked.unmet(
        "SECOND_PERSON",
        fixable_by="office.own-security-officer",
        instead=("instead.extract",),
    )


def not_expired(case: ObjectCase) -> Finding:
    """Require that the object's end has not come."""
    if case.expires is None:
        return case.ask("object.expiry").not_asked("sealing")
    asked = case.ask("object.expiry", have=to_iso(case.now), need=f"< {to_iso(case.expires)}")
    if case.now < case.expires:
        return asked.met()
    return asked.unmet("EXPIRED", fixable_by="office.originator", instead=("instead.new-copy",))
