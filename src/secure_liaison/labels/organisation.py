"""Bodies: what kind they are, who stands above them, who followed them, who decides for them.

Rules:

- A body that was dissolved is answered for by its successor, otherwise by its superior, otherwise
  by the secrecy bureau of its place.
- A superior of the superior is a superior; a table in which somebody stands above himself is
  refused.
- Which bureau decides what is unclear or disputed comes from the level and the kind of body.

Source: docs/spec/determination.md §4; 保守国家秘密法(2024) 第二十三、二十五条;
保守国家秘密法实施条例(2024) 第二十三、二十五、二十六条.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import require_leaf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.clock import Instant

__all__ = ["Body", "Organisation", "Routing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One body (机关、单位).

    Attributes:
        leaf: ``agency:…``.
        kind: As the pack's authority table names it (``central``), or a kind that it does not.
        superior: Leaf of the body above, or empty.
        bureau: Leaf of the provincial secrecy bureau of its place, or empty for the national one.
        dissolved: From when on it no longer exists, seconds UTC.
        successor: Leaf of the body that took over its functions, or empty.

    Raises:
        FormatError: ``label-audience-leaf``, ``organisation-successor``.
    """

    leaf: str
    kind: str
    superior: str = ""
    bureau: str = ""
    dissolved: Instant | None = None
    successor: str = ""

    def __post_init__(self) -> None:
        for leaf in (self.leaf, self.superior, self.bureau, self.successor):
            require_leaf(leaf or self.leaf)
        if self.successor and self.dissolved is None:
            raise FormatError("organisation-successor")

    def exists(self, at: Instant) -> bool:
        """Whether the body exists at a moment."""
        return self.dissolved is None or at < self.dissolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Which items go to the national bureau; all others go to the provincial one.

    Attributes:
        national_levels: Levels that always go there (绝密).
        national_kinds: Kinds of body whose items always go there (central bodies).
    """

    national_levels: frozenset[str]
    national_kinds: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Every body that decisions are judged by.

    Attributes:
        bodies: Each leaf once.
        national_bureau: Leaf of the national secrecy bureau.

    Raises:
        FormatError: ``organisation-repeated``, ``organisation-reference``, ``organisation-cycle``.
    """

    bodies: tuple[Body, ...]
    national_bureau: str

    def __post_init__(self) -> None:
        known = {body.leaf for body in self.bodies}
        if len(known) != len(self.bodies):
            raise FormatError("organisation-repeated")
        named = {body.superior for body in self.bodies} | {body.bureau for body in self.bodies}
        named |= {body.successor for body in self.bodies} | {self.national_bureau}
        if not named - {""} <= known:
            raise FormatError("organisation-reference")
        above = {body.leaf: body.superior for body in self.bodies}
        after = {body.leaf: body.successor for body in self.bodies}
        for links in (above, after):
            if any(_runs_in_a_circle(leaf, links) for leaf in links):
                raise FormatError("organisation-cycle")

    def body(self, leaf: str) -> Body:
        """Return a body.

        Raises:
            FormatError: ``organisation-unknown``.
        """
        for body in self.bodies:
            if body.leaf == leaf:
                return body
        raise FormatError("organisation-unknown")

    def knows(self, leaf: str) -> bool:
        """Whether a body is listed."""
        return any(body.leaf == leaf for body in self.bodies)

    def acts(self, leaf: str, at: Instant) -> bool:
        """Whether a body is listed and exists at a moment."""
        return any(body.leaf == leaf and body.exists(at) for body in self.bodies)

    def responsible(self, leaf: str, at: Instant) -> str:
        """Return who answers at a moment for what a body decided: itself as long as it exists.

        Raises:
            FormatError: ``organisation-unknown``.
        """
        body = self.body(leaf)
        # Each step leaves one dissolved body behind, so there are no more steps than bodies.
        for _ in self.bodies:
            if body.exists(at):
                return body.leaf
            body = self.body(body.successor or body.superior or self._bureau_of(body))
        return self.national_bureau

    def stands_above(self, upper: str, lower: str) -> bool:
        """Whether a body is the superior of another, or the superior of its superior.

        Raises:
            FormatError: ``organisation-unknown``.
        """
        return upper in self._superiors(lower)

    def may_decide_for(self, actor: str, original: str, at: Instant) -> bool:
        """Whether a body may change what another determined: itself, its successor, a superior.

        Raises:
            FormatError: ``organisation-unknown``.
        """
        answering = self.responsible(original, at)
        return self.acts(actor, at) and (
            actor == answering
            or self.stands_above(actor, answering)
            or self.stands_above(actor, original)
        )

    def bureau_for(self, leaf: str, level: str, routing: Routing) -> str:
        """Return the bureau that decides an unclear or disputed item of a body at a level.

        Raises:
            FormatError: ``organisation-unknown``.
        """
        body = self.body(leaf)
        if level in routing.national_levels or body.kind in routing.national_kinds:
            return self.national_bureau
        return self._bureau_of(body)

    def superiors(self, leaf: str) -> tuple[str, ...]:
        """Return every body above one, the nearest first.

        Raises:
            FormatError: ``organisation-unknown``.
        """
        return tuple(self._superiors(leaf))

    def _superiors(self, leaf: str) -> Iterator[str]:
        upper = self.body(leaf).superior
        while upper:
            yield upper
            upper = self.body(upper).superior

    def _bureau_of(self, body: Body) -> str:
        return body.bureau or self.national_bureau


def _runs_in_a_circle(leaf: str, links: dict[str, str]) -> bool:
    seen = set()
    while leaf:
        if leaf in seen:
            return True
        seen.add(leaf)
        leaf = links.get(leaf, "")
    return False
