"""How a level is held against one ceiling: the same for installation, link, relay, device, ciphers.

Rules:

- Ceilings bind real material only: an exercise has none.
- A ceiling that must be there is none at all where nobody states it; one that need not be there
  binds where it is stated.

Source: docs/concepts/refusals.md; DESIGN §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.monitor.cases import rank_of

if TYPE_CHECKING:
    from secure_liaison.monitor.cases import ObjectCase, PersonCase
    from secure_liaison.monitor.finding import Asked, Finding

__all__ = ["against_ceiling"]


def against_ceiling(
    asked: Asked,
    about: ObjectCase | PersonCase,
    ceiling: str | None,
    *,
    fixable_by: str = "office.accrediting-authority",
    only_if_stated: bool = False,
) -> Finding:
    """Require that the object's level is not above a ceiling, outside exercises.

    Args:
        asked: The rule, with what is held and needed.
        about: The object, or a person under whose policy its level is read; a level that the pack
            does not know is above every ceiling.
        ceiling: Level id, or none stated.
        fixable_by: Catalogue key of the office that can change it.
        only_if_stated: Whether nothing stated means no ceiling.
    """
    if about.exercise:
        return asked.not_asked("exercise")
    if only_if_stated and ceiling is None:
        return asked.not_asked("nothing-stated")
    if about.level is not None and rank_of(about.pack, ceiling) >= about.level.rank:
        return asked.met()
    return asked.unmet(
        "NOT_ACCREDITED",
        fixable_by=fixable_by,
        instead=("instead.extract", "instead.exercise"),
    )
