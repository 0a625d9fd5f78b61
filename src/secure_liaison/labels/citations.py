"""Names in two languages and legal bases, as every file of this package writes them.

Source: docs/spec/labels.md §5 (``names``, ``basis``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.policy import Basis, BasisStatus, Names

if TYPE_CHECKING:
    from secure_liaison.labels.strict_json import JsonFields

__all__ = ["read_basis", "read_names"]


def read_names(fields: JsonFields, name: str = "names") -> Names:
    """Take ``zh`` and ``en``.

    Raises:
        FormatError: as `JsonFields`.
    """
    taken = fields.fields(name)
    names = Names(zh=taken.text("zh"), en=taken.text("en"))
    taken.done()
    return names


def read_basis(fields: JsonFields) -> tuple[Basis, ...]:
    """Take one or more of ``cite`` and ``status``.

    Raises:
        FormatError: as `JsonFields`, and ``pack-field-value``.
    """
    place = fields.at("basis")
    found = []
    for each in fields.objects("basis"):
        cite, status = each.text("cite"), each.text("status")
        each.done()
        if status not in {known.value for known in BasisStatus}:
            raise FormatError("pack-field-value", place=place)
        found.append(Basis(cite=cite, status=BasisStatus(status)))
    if not found:
        raise FormatError("pack-field-value", place=place)
    return tuple(found)
