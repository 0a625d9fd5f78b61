"""How slow an exchange may be: a relay that sends or takes a byte a minute holds no desk for long.

Rules:

- Single waits are bounded by the client's own time limits; this bounds their sum.
- The bound grows with what has passed, so a slow line may carry anything that it carries steadily.

Source: docs/spec/wire.md §1.
"""

from __future__ import annotations

import time
from typing import Final

from secure_liaison.errors import RelayUnreachableError

__all__ = ["GRACE_S", "MIN_BYTES_PER_S", "Pace"]

GRACE_S: Final = 120
"""Seconds that any exchange may take, whatever its size."""

MIN_BYTES_PER_S: Final = 512
"""Bytes a second beyond which no line is too slow."""


class Pace:
    """Watches one exchange from its beginning."""

    def __init__(self) -> None:
        """Begin."""
        self._began_s = time.monotonic()

    def check(self, passed_bytes: int) -> None:
        """Compare what has passed so far with the time that it took.

        Raises:
            RelayUnreachableError: ``timeout``.
        """
        allowed_s = GRACE_S + passed_bytes / MIN_BYTES_PER_S
        if time.monotonic() - self._began_s > allowed_s:
            raise RelayUnreachableError("timeout")
