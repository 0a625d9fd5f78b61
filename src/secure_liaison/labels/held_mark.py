"""The mark of a partner's material that is held here: the originator's first, ours after it.

Rules:

- The originator's mark is written as its own policy writes it and is never replaced by ours.
- A policy that is not known here is named with the level's id; nothing is left out.

Source: docs/spec/labels.md §7; docs/spec/determination.md §6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.label import DeterminationKind
from secure_liaison.labels.marking import render
from secure_liaison.labels.shelf import BUILTIN_SHELF

if TYPE_CHECKING:
    from secure_liaison.i18n import Language
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.shelf import Shelf

__all__ = ["render_held"]


def render_held(
    label: Label,
    pack: PolicyPack,
    language: Language,
    *,
    exercise: bool,
    foreign: bool = False,
    packs: Shelf = BUILTIN_SHELF,
) -> str:
    """Return a label's mark, after those of its originators where it was determined as foreign.

    Args:
        label: Any label.
        pack: The version that it names.
        language: In which policies that have a choice are written.
        exercise: As in `render`.
        foreign: Whether it is only proposed as foreign, and does not say so itself yet.
        packs: By which the originators' marks are written.

    Raises:
        FormatError: as `render`.
    """
    own = render(label, pack, language, exercise=exercise)
    if not foreign and label.determination.kind is not DeterminationKind.FOREIGN:
        return own
    theirs = [_mark(each.label, packs, language, exercise=exercise) for each in label.alternatives]
    return " / ".join((*theirs, own))


def _mark(label: Label, packs: Shelf, language: Language, *, exercise: bool) -> str:
    try:
        return render(label, packs.named(label.policy), language, exercise=exercise)
    except FormatError:  # a version that this release does not have, or a level that it lacks
        return f"{label.policy} {label.level}"
