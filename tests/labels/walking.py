"""Everything that stands in a pack's JSON, with its place: for tests about all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield each value below ``value`` with the names and numbers that lead to it."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for name, inner in items:
        yield (*at, name), inner
        yield from places(inner, (*at, name))


def bases(value: Any) -> Iterator[tuple[str, str]]:
    """Yield each citation with its status."""
    for at, inner in places(value):
        if at[-1] == "basis":
            yield from ((each["cite"], each["status"]) for each in inner)


def parent(value: Any, at: Place) -> Any:
    """Return the object or array in which a place is."""
    for name in at[:-1]:
        value = value[name]
    return value
