"""Marks of other states inside a policy's own: told apart and refused with their owner named.

Rules:

- ``//GBR SECRET`` and ``(//DEU TS)`` are marks of another state on a carrier of this one; they are
  never read as own, because an agreement says how what they mark is protected.
- ``//JOINT SECRET CAN GBR`` is a mark of several owners; none of them relaxes it alone.
- An owner is named only if the pack knows it: no text of the mark itself is repeated.

Source: docs/spec/labels.md §7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.mark_scan import written_values

if TYPE_CHECKING:
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["refuse_foreign"]


def refuse_foreign(text: str, pack: PolicyPack) -> None:
    """Refuse a mark that the pack's grammar knows as another owner's.

    Raises:
        FormatError: ``mark-joint``, ``mark-foreign``; ``mark-level`` where the owner is not known.
    """
    foreign = pack.marking.foreign
    if foreign is None or not text.startswith(foreign.prefix):
        return
    words = text.removeprefix(foreign.prefix).replace("/", " ").replace(",", " ").split()
    values = written_values(pack, foreign.category, pack.marking.original, short=False)
    names = {*values.values(), pack.home.partition(":")[2]}
    owners = [word for word in dict.fromkeys(words) if word in names]
    if foreign.joint and words[:1] == [foreign.joint]:
        raise FormatError("mark-joint", owners=", ".join(owners) or foreign.joint)
    if owners and owners[0] == words[0]:
        raise FormatError("mark-foreign", owner=owners[0])
    raise FormatError("mark-level")
