"""The question asked instead of the real one where an object does not exist.

Rules:

- It is decided and recorded like any other, so that nothing tells the two apart.
- Its audience is nobody, so every reader stands outside.

Source: docs/concepts/refusals.md; DESIGN §3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from secure_liaison.clock import Instant
from secure_liaison.identity.ids import AGENCY_ID_SIZE, AgencyId
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period
from secure_liaison.monitor.decision import ReadQuestion

if TYPE_CHECKING:
    from secure_liaison.directory.leaf import RosterLeaf
    from secure_liaison.directory.standing import Standing
    from secure_liaison.monitor.decision import Action

__all__ = ["decoy_question"]

_PACK: Final = "cn.state-secrets"
_LEVEL: Final = "jimi"
_NOBODY: Final = AgencyId(bytes(AGENCY_ID_SIZE))
_DAY_S: Final = 86400


def decoy_question(
    action: Action, *, reader: Standing, device: RosterLeaf, now: Instant
) -> ReadQuestion:
    """Return a question about an object that exists for nobody."""
    pack = builtin_pack(_PACK)
    label = Label(
        policy=pack.policy_id,
        level=_LEVEL,
        audience=Audience.of([]),
        owner=f"agency:{_NOBODY.hex()}",
        created=now,
        period=Period.of_years(10, start=now),
    )
    return ReadQuestion(
        action=action,
        label=label,
        pack=pack,
        reader=reader,
        device=device,
        originator_agency=_NOBODY,
        agreement=None,
        own_agency=False,
        accreditation=None,
        exercise=True,
        now=now,
        directory_age_s=0,
        expires=Instant(now + _DAY_S),
        custody_groups=0,
    )
