"""The packs that one place uses: those that are built in, and own ones beside them.

Rules:

- A name ``id@version`` is one content; an own pack never takes the place of another one.
- Where an own pack may not be used, whoever asks for it gets the reason, never an older version.
- A policy's newest version is the newest whose first day has come, so that the next one can be
  handed out before that day.
- Nothing here knows why an own pack may not be used: whoever makes the shelf says so.

Source: docs/spec/statements.md §12.1; docs/spec/labels.md §5.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.errors import FormatError, LiaisonError
from secure_liaison.labels.pack import BUILTIN_PACKS, builtin_pack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secure_liaison.clock import Instant
    from secure_liaison.labels.policy import PolicyPack

__all__ = ["BUILTIN_SHELF", "OwnEntry", "Shelf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEntry:
    """One own pack on a shelf.

    Attributes:
        pack: Returns it, read when first asked for.
        require: Raises the reason if it may not be used.
    """

    pack: Callable[[], PolicyPack]
    require: Callable[[], None]

    def take(self) -> PolicyPack:
        """Return the pack, if it may be used.

        Raises:
            LiaisonError: it may not, with the reason.
        """
        self.require()
        return self.pack()


class Shelf:
    """Packs by name; it never changes."""

    __slots__ = ("_at", "_own")

    def __init__(
        self, own: Mapping[str, OwnEntry] | None = None, *, at: Instant | None = None
    ) -> None:
        """Put own packs beside those that are built in.

        Args:
            own: By ``id@version``.
            at: The moment of use, seconds UTC; without it every version has begun.
        """
        self._own = dict(own or {})
        self._at = at

    def named(self, name: str) -> PolicyPack:
        """Return the pack ``id@version``, or by id the newest version that has begun.

        Raises:
            LiaisonError: the own pack of that name may not be used, with the reason.
            FormatError: ``pack-unknown``.
        """
        if "@" in name:
            return self._take(name)
        return self._take(self._begun(name)[-1])

    def every(self, *policies: str) -> tuple[PolicyPack, ...]:
        """Return every version of some policies, begun or not; what may not be used is left out.

        Raises:
            FormatError: ``pack-unknown``.
        """
        found: list[PolicyPack] = []
        for name in (each for policy in policies for each in self._names_of(policy)):
            with suppress(LiaisonError):
                found.append(self._take(name))
        return tuple(found)

    def newest(self) -> tuple[PolicyPack, ...]:
        """Return the newest version of every policy; what may not be used is left out."""
        policies = dict.fromkeys(each.partition("@")[0] for each in self._names())
        found: list[PolicyPack] = []
        for policy in policies:
            with suppress(LiaisonError):
                found.append(self.named(policy))
        return tuple(found)

    def versions_of(self, policy: str) -> tuple[PolicyPack, ...]:
        """Return every version of a policy that has begun, the oldest first.

        Raises:
            FormatError: ``pack-unknown``.
            LiaisonError: one of them may not be used, with the reason.
        """
        return tuple(self._take(each) for each in self._begun(policy))

    def in_force(self, policy: str, at: Instant) -> PolicyPack:
        """Return the version of a policy in force at a moment: by it an old label is judged.

        Raises:
            FormatError: ``pack-unknown``, ``pack-none-in-force``.
            LiaisonError: that version may not be used, with the reason.
        """
        for name in reversed(self._names_of(policy)):
            if self._known(name).in_force(at):
                return self._take(name)
        raise FormatError("pack-none-in-force")

    def own(self) -> tuple[str, ...]:
        """Return the names of the own packs, in order."""
        return tuple(sorted(self._own))

    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*BUILTIN_PACKS, *self.own())))

    def _names_of(self, policy: str) -> tuple[str, ...]:
        names = sorted(each for each in self._names() if each.partition("@")[0] == policy)
        if not names:
            raise FormatError("pack-unknown", policy=policy)
        return tuple(names)

    def _begun(self, policy: str) -> tuple[str, ...]:
        names = self._names_of(policy)
        # Where none has begun, the label's own dates will say so.
        return tuple(each for each in names if self._has_begun(each)) or names

    def _has_begun(self, name: str) -> bool:
        if self._at is None or name not in self._own:
            return True
        return self._known(name).has_begun(self._at)

    def _known(self, name: str) -> PolicyPack:
        return self._own[name].pack() if name in self._own else builtin_pack(name)

    def _take(self, name: str) -> PolicyPack:
        return self._own[name].take() if name in self._own else builtin_pack(name)


BUILTIN_SHELF = Shelf()
"""What a place without own packs uses."""
