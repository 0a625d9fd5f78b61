"""What a controlling marking can bind: the acts for which its originator is to be asked.

Source: docs/spec/labels.md §16.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["Bound"]


class Bound(Enum):
    """One act that a marking or a handling profile binds; the words are those of packs."""

    COPY = "copy"
    """Another copy of the whole."""
    ONWARD = "onward"
    """Passing it to a reader outside the audience that the originator set."""
    RELEASE = "release"
    """Passing it to a further reader, also inside the audience."""
    EXPORT = "export"
    """Passing it to a foreign side."""
    EXTRACT = "extract"
    """Taking a part of its content: an excerpt, a quotation, a derived object."""
