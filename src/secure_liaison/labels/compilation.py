"""What many parts make of a whole: found and reported, never applied.

Rules:

- A rule counts parts at its level or higher, or parts with its marking.
- Nothing here raises a level: the person who decides is shown what was counted and why.

Source: docs/spec/labels.md §15; 保守国家秘密法(2024) 第三十六条; 实施条例(2024) 第四十三条.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.labels.validity import markings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import Compilation, Level, PolicyPack

__all__ = ["CompilationFinding", "compilation_findings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilationFinding:
    """One rule that applies to a whole, for a person to decide on.

    Attributes:
        rule: With its sentence and its basis.
        counted: How many parts it counted.
        raise_to: The least level that it asks for.
        met: Whether the whole is at that level already.
    """

    rule: Compilation
    counted: int
    raise_to: Level
    met: bool


def compilation_findings(
    whole: Label, parts: Sequence[Label], pack: PolicyPack
) -> tuple[CompilationFinding, ...]:
    """Return every compilation rule of the pack that applies, in the pack's order.

    Args:
        whole: Label of the collection or document, as proposed.
        parts: Labels of its parts, each as often as it occurs; those of other policies count not.
        pack: Of the whole.

    Raises:
        FormatError: ``label-level-unknown``.
    """
    own = [part for part in parts if part.policy == pack.policy_id]
    rank = pack.level(whole.level).rank
    found = []
    for rule in pack.compilation:
        counted = sum(_counts(rule, part, pack) for part in own)
        raise_to = pack.level(rule.raise_to)
        if counted >= rule.count:
            found.append(
                CompilationFinding(
                    rule=rule, counted=counted, raise_to=raise_to, met=rank >= raise_to.rank
                )
            )
    return tuple(found)


def _counts(rule: Compilation, part: Label, pack: PolicyPack) -> bool:
    if rule.level:
        return pack.level(part.level).rank >= pack.level(rule.level).rank
    return rule.marking in markings_of(part, pack)
