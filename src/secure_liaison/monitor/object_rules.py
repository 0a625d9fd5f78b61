"""Rules about the object as such: its label, its parts, its protection, its end.

Rules:

- One function, one rule; it returns what is unmet, or nothing.
- A label that does not fit its pack is one reason; rules that need its level then have nothing to
  say, and the object is refused all the same.

Source: docs/concepts/refusals.md; DESIGN §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.clock import to_iso
from secure_liaison.crypto.keys import SUITE_1
from secure_liaison.errors import FormatError
from secure_liaison.labels.lattice import dominates
from secure_liaison.labels.validity import validate
from secure_liaison.monitor.cases import level_text, rank_of

if TYPE_CHECKING:
    from secure_liaison.errors import Reason
    from secure_liaison.labels.label import Label
    from secure_liaison.monitor.cases import ObjectCase

__all__ = [
    "accredited",
    "custody",
    "forward_secrecy",
    "label_covers_parts",
    "label_valid",
    "not_expired",
    "one_person_suffices",
    "pack_recent",
    "relay_ceiling",
    "suite",
]

_ALTERNATIVE_WAYS: Final = ("instead.extract", "instead.exercise")


def label_valid(case: ObjectCase) -> Reason | None:
    """Require that the label is valid under the pack that it names."""
    try:
        validate(case.label, case.pack)
    except FormatError as error:
        return case.unmet(
            "LABEL_INVALID",
            "label.valid",
            have=error.reason,
            need="need.valid-label",
            fixable_by="office.originator",
            instead=("instead.correct-label",),
        )
    return None


def pack_recent(case: ObjectCase) -> Reason | None:
    """Require a version of the pack that every agency involved still takes."""
    for least in case.minimum_packs:
        policy, _, version = least.partition("@")
        if policy == case.pack.id and case.pack.version < version:
            return case.unmet(
                "PACK_TOO_OLD",
                "label.pack-version",
                have=case.pack.policy_id,
                need=least,
                fixable_by="office.system-administrator",
                instead=("instead.correct-label",),
            )
    return None


def label_covers_parts(case: ObjectCase) -> Reason | None:
    """Require that the whole protects at least as much as every part (no write down)."""
    for part in case.parts:
        if not _covers(case, part):
            return case.unmet(
                "LABEL_LOWER_THAN_PART",
                "label.parts",
                have=level_text(case.pack, case.label.level),
                need=level_text(case.pack, part.level),
                fixable_by="office.sender",
                instead=("instead.raise-label", "instead.remove-part"),
            )
    return None


def accredited(case: ObjectCase) -> Reason | None:
    """Require the own agency's accreditation for reserved levels outside exercises."""
    if case.level is None or not case.level.reserved or case.exercise:
        return None
    if rank_of(case.pack, case.accreditation) >= case.level.rank:
        return None
    return case.unmet(
        "NOT_ACCREDITED",
        "accreditation.own",
        have=level_text(case.pack, case.accreditation),
        need=level_text(case.pack, case.level.id),
        fixable_by="office.accrediting-authority",
        instead=_ALTERNATIVE_WAYS,
    )


def relay_ceiling(case: ObjectCase) -> Reason | None:
    """Require that a ceiling stated by the relay's operator is kept outside exercises."""
    if case.level is None or not case.level.reserved or case.exercise:
        return None
    if case.relay_ceiling is None or rank_of(case.pack, case.relay_ceiling) >= case.level.rank:
        return None
    return case.unmet(
        "NOT_ACCREDITED",
        "accreditation.relay",
        have=level_text(case.pack, case.relay_ceiling),
        need=level_text(case.pack, case.level.id),
        fixable_by="office.relay-operator",
        instead=_ALTERNATIVE_WAYS,
    )


def custody(case: ObjectCase) -> Reason | None:
    """Require custody where the level's handling says so."""
    if case.profile is None or not case.profile.custody or case.custody_groups > 0:
        return None
    return case.unmet(
        "CUSTODY_REQUIRED",
        "handling.custody",
        have="need.no-custodian",
        need="need.custodian",
        fixable_by="office.own-security-officer",
        instead=("instead.extract",),
    )


def forward_secrecy(case: ObjectCase) -> Reason | None:
    """Require one-time prekeys where the level's handling says so."""
    if case.profile is None or not case.profile.forward_secrecy or case.forward_secrecy:
        return None
    return case.unmet(
        "FORWARD_SECRECY_REQUIRED",
        "handling.forward-secrecy",
        have="need.standing-keys",
        need="need.prekeys",
        fixable_by="office.sender",
        instead=("instead.prekeys",),
    )


def suite(case: ObjectCase) -> Reason | None:
    """Require a cryptographic suite that the level's handling accepts."""
    if case.profile is None or case.profile.min_suite <= SUITE_1:
        return None
    return case.unmet(
        "SUITE_TOO_LOW",
        "handling.suite",
        have=str(SUITE_1),
        need=str(case.profile.min_suite),
        fixable_by="office.system-administrator",
        instead=("instead.extract",),
    )


def one_person_suffices(case: ObjectCase) -> Reason | None:
    """Refuse what several persons must open together: this desk cannot see to that."""
    if case.profile is None or case.profile.open_persons <= 1:
        return None
    return case.unmet(
        "SECOND_PERSON",
        "handling.persons",
        have="1",
        need=str(case.profile.open_persons),
        fixable_by="office.own-security-officer",
        instead=("instead.extract",),
    )


def not_expired(case: ObjectCase) -> Reason | None:
    """Require that the object's end has not come."""
    if case.expires is None or case.now < case.expires:
        return None
    return case.unmet(
        "EXPIRED",
        "object.expiry",
        have=to_iso(case.now),
        need=f"< {to_iso(case.expires)}",
        fixable_by="office.originator",
        instead=("instead.new-copy",),
    )


def _covers(case: ObjectCase, part: Label) -> bool:
    try:
        return dominates(case.label, part, case.pack)
    except FormatError:
        return False
