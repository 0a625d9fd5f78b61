"""From a policy pack to what acts are judged by: its reasons, and where an unclear item goes.

Rules:

- The newest version of the pack says which reasons count and which bureau decides; the older ones
  are there to read the labels that name them.
- A pack whose referrals cannot be told apart by level or by kind of body is refused, never guessed.

Source: docs/spec/determination.md §1, §4; 保守国家秘密法实施条例(2024) 第二十五条.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError
from secure_liaison.labels.case import Setting
from secure_liaison.labels.deciding import ReasonUse
from secure_liaison.labels.organisation import Routing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.labels.authority import Powers
    from secure_liaison.labels.catalogue import Catalogue
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["reasons_of", "routing_of", "setting_of"]

_USES: Final = {
    ReasonUse.ORIGINAL: (),
    ReasonUse.COMPILATION: (),
    ReasonUse.DERIVED: ("derive",),
    ReasonUse.CHANGE: ("change",),
    ReasonUse.EXTEND: ("extend",),
    # Formal publication is one of the ways to declassify, and the pack lists it among them.
    ReasonUse.DECLASSIFY: ("declassify", "publish"),
}


def setting_of(
    packs: Sequence[PolicyPack], powers: Powers, *, catalogues: tuple[Catalogue, ...] = ()
) -> Setting:
    """Return what acts are judged by under the versions of one pack.

    Args:
        packs: One version or more, the oldest first.
        powers: Bodies, grants and designations.
        catalogues: Lists whose items may be cited.

    Raises:
        ValueError: no pack; a programmer's mistake.
        FormatError: ``pack-routing``.
    """
    if not packs:
        msg = "a setting has a pack"
        raise ValueError(msg)
    return Setting(
        powers=powers,
        packs=tuple(packs),
        routing=routing_of(packs[-1]),
        reasons=reasons_of(packs[-1]),
        catalogues=catalogues,
    )


def reasons_of(pack: PolicyPack) -> frozenset[tuple[str, str]]:
    """Return use and code of every reason that a pack lists for an act that must give one."""
    return frozenset((use, reason.id) for reason in pack.reasons for use in _USES[reason.use])


def routing_of(pack: PolicyPack) -> Routing:
    """Return which unclear items a pack sends to the national bureau; all others go to the local.

    A pack without referrals sends none there.

    Raises:
        FormatError: ``pack-routing``: there is no referral for all others, or one before it names
            levels and bodies together, neither of them, or another bureau than the rest.
    """
    referrals = pack.workflow.unclear_to
    if not referrals:
        return Routing(national_levels=frozenset(), national_kinds=frozenset())
    *special, rest = referrals
    bureaus = {each.to for each in special}
    if (
        rest.levels
        or rest.bodies
        or any(bool(each.levels) is bool(each.bodies) for each in special)
        or len(bureaus) > 1
        or rest.to in bureaus
    ):
        raise FormatError("pack-routing")
    return Routing(
        national_levels=frozenset(level for each in special for level in each.levels),
        national_kinds=frozenset(body for each in special for body in each.bodies),
    )
