"""Who is calling: the signature, time and nonce of every request.

Rules:

- The target URI is the relay's own public address, from its settings, never from ``Host``.
- Only a device that its agency's newest roster shows as active and valid now is let in.
- Every failure but the clock is one refusal in one shape; an unknown device costs as much as a
  known one.

Source: docs/spec/wire.md §10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.crypto.signing import RequestVerifyKey
from secure_liaison.errors import (
    CredentialError,
    RelayRefusedError,
    ReplayError,
    SignatureError,
)
from secure_liaison.wire import RefusalCode, SignedRequest, verify_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liaison_relay.storage.port import DeviceRow, RelayStore
    from secure_liaison.clock import Clock

__all__ = ["Authenticator", "Caller"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An admitted device and what it signed.

    Attributes:
        device: The device as the store holds it.
        request: Holds the digest that the request's content must have.
        now: The relay's time when the request was let in, seconds UTC.
    """

    device: DeviceRow
    request: SignedRequest
    now: int


class Authenticator:
    """Lets requests in."""

    def __init__(self, store: RelayStore, *, clock: Clock, public_url: str, window_s: int) -> None:
        """Use the devices and the nonce memory of ``store``."""
        self._store = store
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._window_s = window_s

    def admit(self, method: str, target: str, headers: Sequence[tuple[str, str]]) -> Caller:
        """Return the caller of a request.

        Args:
            method: As received.
            target: Path and query as received.
            headers: With names in lower case, repeated ones repeated.

        Raises:
            RelayRefusedError: ``clock``, ``not-admitted``.
        """
        now = self._clock.now()
        found: list[DeviceRow] = []

        def key_lookup(handle: bytes) -> RequestVerifyKey | None:
            device = self._store.device(handle)
            if device is None or not device.is_valid(now):
                return None
            found.append(device)
            return RequestVerifyKey(device.request_key)

        def claim_nonce(handle: bytes, nonce: bytes) -> bool:
            keep_until = now + 2 * self._window_s
            return self._store.claim_nonce(handle, nonce, now=now, keep_until=keep_until)

        try:
            request = verify_request(
                method=method,
                target_uri=self._public_url + target,
                headers=headers,
                now=now,
                key_lookup=key_lookup,
                claim_nonce=claim_nonce,
                window_s=self._window_s,
            )
        except CredentialError as exc:
            raise RelayRefusedError(RefusalCode.CLOCK.value) from exc
        except (SignatureError, ReplayError) as exc:
            raise RelayRefusedError("not-admitted") from exc
        return Caller(device=found[0], request=request, now=now)
