"""A relay over HTTP: the only door to the HTTP client.

Rules:

- Every request is signed anew, so every call may be repeated safely after any failure.
- ``https`` only, except to this machine; no redirects, no proxies from the environment, no
  compression, no cookies.
- Bodies are streamed in constant memory both ways; a download can be resumed.
- Nothing is taken beyond what was announced, and no exchange goes on without a least pace.
- Answers are believed only after the checks of `answers`.

Source: docs/spec/wire.md §1, §10.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

import httpx2

from secure_liaison.errors import FormatError, ReceiptError, RelayUnreachableError
from secure_liaison.relay.answers import (
    read_collected,
    read_number,
    read_refusal,
    read_status,
    read_stored,
    read_taken,
)
from secure_liaison.relay.pace import Pace
from secure_liaison.relay.upload import digest_of, pieces
from secure_liaison.wire import (
    EMPTY_DIGEST,
    MAX_BUNDLE_SIZE,
    MAX_COLLECT,
    MAX_DIRECTORY_SIZE,
    MAX_ENVELOPE_SIZE,
    MAX_MAILBOXES,
    MAX_STOCK,
    MEDIA_TYPE,
    OBJECT_TYPE,
    ROOT,
    checked_url,
    decode_submission,
    encode_bundles,
    encode_handles,
    sign_mailbox_receipt,
    sign_request,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from secure_liaison.clock import Clock
    from secure_liaison.crypto.keys import Digest, Realm
    from secure_liaison.crypto.signing import RequestSigningKey, SigningKey
    from secure_liaison.identity.ids import AgencyId, DeviceHandle
    from secure_liaison.wire import Collected, Status

    Progress = Callable[[int, int], None]

__all__ = ["HttpRelay"]

_MAX_SMALL: Final = 1024  # an answer that confirms, counts or refuses
_ROW: Final = 64  # a row in an answer, beside what it carries
_TIMEOUT: Final = httpx2.Timeout(60.0, connect=10.0)
_OK: Final = frozenset({200, 201})


class HttpRelay:
    """One relay as one device sees it; not safe for use by several threads at once.

    Every method raises `RelayUnreachableError` (``connect``, ``timeout``, ``broken``),
    `RelayRefusedError` (the codes of docs/spec/wire.md §11) or `ReceiptError` (the answer is not
    what the protocol promises), in this order.
    """

    def __init__(
        self,
        url: str,
        *,
        device: DeviceHandle,
        key: RequestSigningKey,
        clock: Clock,
        client: httpx2.Client | None = None,
    ) -> None:
        """Address a relay; connects only when used.

        Args:
            url: Scheme, host and port as the roster names them; no path.
            device: The own handle, 16 bytes.
            key: The own request key.
            clock: Where the time of the signatures comes from.
            client: For tests: a client of another transport.

        Raises:
            FormatError: ``relay-url``.
        """
        self._url = checked_url(url)
        if _spelled(url, "") != url:  # what is signed must be what is sent
            raise FormatError("relay-url")
        self._device = device
        self._key = key
        self._clock = clock
        self._client = client or httpx2.Client(
            timeout=_TIMEOUT, follow_redirects=False, trust_env=False
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def submit(
        self, submission: bytes, leaves: bytes, body: Path, progress: Progress | None = None
    ) -> None:
        """Send one object; returns when the relay has it on durable storage.

        Args:
            submission: The record of docs/spec/wire.md §4.
            leaves: The leaf list, 32 bytes each.
            body: File with the sealed head and payload.
            progress: Called with bytes sent and bytes in all.
        """
        record = decode_submission(submission)
        digest = record.envelope(record.deliveries[0]).digest()
        opening = len(submission).to_bytes(4, "big") + submission + leaves
        with body.open("rb") as stream:
            content_digest = digest_of(opening, stream)
            size = stream.tell()
            stream.seek(0)
            answer = self._exchange(
                "POST",
                "/objects",
                content=pieces(opening, stream, size, progress),
                content_digest=content_digest,
                headers={
                    "content-type": OBJECT_TYPE,
                    "content-length": str(len(opening) + size),
                },
            )
        read_stored(answer, digest)

    def collect(
        self, after: int = 0, limit: int = MAX_COLLECT, *, instance: bytes | None = None
    ) -> Collected:
        """Return what the own mailbox holds after a number, at most ``limit`` items (1..256).

        A number means something under the instance of the relay's store that gave it. Under
        another one, what the mailbox holds is asked for again, from the beginning.

        Args:
            after: The last number that is settled; 0 at first.
            limit: Most items wanted.
            instance: The instance that gave ``after``, 16 bytes; none asks without comparing.
        """
        collected = self._collect(after, limit)
        if after and instance is not None and collected.instance != instance:
            return self._collect(0, limit)
        return collected

    def fetch_leaves(self, digest: Digest, *, leaf_count: int) -> bytes:
        """Return an object's leaf list, 32 · ``leaf_count`` bytes."""
        size = 32 * leaf_count
        answer = self._exchange("GET", f"/objects/{digest.hex()}/leaves", max_bytes=size)
        if len(answer) != size:
            raise ReceiptError("length")
        return answer

    def fetch_body(
        self,
        digest: Digest,
        sink: BinaryIO,
        *,
        size: int,
        start: int = 0,
        progress: Progress | None = None,
    ) -> None:
        """Write an object's body from byte ``start`` to its end into ``sink``.

        After `RelayUnreachableError` what was written is good so far as it goes: call again with
        ``start`` where the sink ends.

        Args:
            digest: ``D``.
            sink: Takes the bytes as they come.
            size: Bytes of the whole body, from the mailbox item.
            start: First byte wanted, below ``size``.
            progress: Called with bytes present and bytes in all.
        """
        if not 0 <= start < size:
            msg = "start lies within the body"
            raise ValueError(msg)
        headers = {"range": f"bytes={start}-"} if start else {}
        with self._answer("GET", f"/objects/{digest.hex()}/body", headers=headers) as response:
            self._refuse_unless(response, {206} if start else {200})
            _check_span(response, start=start, size=size)
            pace = Pace()
            present = start
            for chunk in response.iter_raw():
                if len(chunk) > size - present:
                    raise ReceiptError("length")
                present += len(chunk)
                sink.write(chunk)
                if progress is not None:
                    progress(present, size)
                pace.check(present - start)
        if present != size:
            raise RelayUnreachableError("broken")

    def status(self, digest: Digest) -> Status:
        """Return what became of an object that this device submitted."""
        path = f"/objects/{digest.hex()}/status"
        answer = self._exchange("GET", path, max_bytes=MAX_MAILBOXES * _ROW)
        return read_status(answer, digest)

    def acknowledge_receipt(
        self, seqs: Sequence[int], *, signing_key: SigningKey, realm: Realm
    ) -> int:
        """Release items that are safely in the own vault; returns how many the relay deleted.

        Args:
            seqs: 1 to 4096 numbers of the own mailbox.
            signing_key: The device's record key; the relay deletes nothing without it.
            realm: The federation.
        """
        record = sign_mailbox_receipt(
            seqs,
            device=self._device,
            key=signing_key,
            realm=realm,
            created=self._clock.now(),
        )
        return read_number(self._send("POST", "/receipts", record), high=len(seqs))

    def put_prekeys(self, bundles: Sequence[bytes]) -> int:
        """Leave at most 256 prekey bundles; returns how many one-time prekeys are there now."""
        return read_number(self._send("PUT", "/prekeys", encode_bundles(bundles)), high=MAX_STOCK)

    def count_prekeys(self) -> int:
        """Return how many own one-time prekeys the relay can still hand out; changes nothing."""
        return self.put_prekeys(())

    def take_prekeys(self, handles: Sequence[DeviceHandle]) -> tuple[bytes | None, ...]:
        """Take one prekey bundle (not yet verified) or none for each of at most 64 devices.

        Who has taken many of one device within the hour gets its last resort only.
        """
        answer = self._send(
            "POST",
            "/prekeys/take",
            encode_handles(handles),
            max_bytes=_ROW + len(handles) * (MAX_BUNDLE_SIZE + _ROW),
        )
        return read_taken(answer, len(handles))

    def get_directory(self, agency: AgencyId) -> bytes:
        """Return an agency's snapshot, not yet verified."""
        return self._exchange("GET", f"/directory/{agency.hex()}", max_bytes=MAX_DIRECTORY_SIZE)

    def put_directory(self, agency: AgencyId, snapshot: bytes) -> None:
        """Publish the own agency's newer snapshot."""
        self._send("PUT", f"/directory/{agency.hex()}", snapshot)

    def _collect(self, after: int, limit: int) -> Collected:
        answer = self._exchange(
            "GET",
            f"/mailbox?after={after}&limit={limit}",
            max_bytes=_ROW + limit * (MAX_ENVELOPE_SIZE + _ROW),
        )
        return read_collected(answer, after=after, limit=limit)

    def _send(
        self, method: str, path: str, content: bytes, *, max_bytes: int = _MAX_SMALL
    ) -> bytes:
        return self._exchange(
            method,
            path,
            content=content,
            content_digest=hashlib.sha256(content).digest(),
            headers={"content-type": MEDIA_TYPE},
            max_bytes=max_bytes,
        )

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        content: bytes | Iterator[bytes] | None = None,
        content_digest: bytes = EMPTY_DIGEST,
        headers: dict[str, str] | None = None,
        max_bytes: int = _MAX_SMALL,
    ) -> bytes:
        """Send one signed request and return the whole answer of a success."""
        with self._answer(
            method,
            path,
            content=content,
            content_digest=content_digest,
            headers=headers or {},
        ) as response:
            self._refuse_unless(response, _OK)
            return _bounded(response, max_bytes)

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        content: bytes | Iterator[bytes] | None = None,
        content_digest: bytes = EMPTY_DIGEST,
    ) -> Iterator[httpx2.Response]:
        """Send one signed request; errors of the connection become errors of the tree."""
        target = _spelled(self._url, f"{ROOT}{path}")
        signed = sign_request(
            method=method,
            target_uri=target,
            content_digest=content_digest,
            created=self._clock.now(),
            device=self._device,
            key=self._key,
        )
        request = self._client.build_request(
            method,
            target,
            content=content,
            headers={**headers, **signed, "accept-encoding": "identity"},
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                yield response
            finally:
                response.close()
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
            raise RelayUnreachableError("connect") from exc
        except httpx2.TimeoutException as exc:
            raise RelayUnreachableError("timeout") from exc
        except httpx2.TransportError as exc:
            raise RelayUnreachableError("broken") from exc
        except (httpx2.InvalidURL, UnicodeError) as exc:  # found out only when connecting
            raise FormatError("relay-url") from exc

    def _refuse_unless(
        self, response: httpx2.Response, expected: set[int] | frozenset[int]
    ) -> None:
        if response.status_code in expected:
            return
        raise read_refusal(
            _bounded(response, _MAX_SMALL),
            status=response.status_code,
            date=response.headers.get("date", ""),
            now=self._clock.now(),
        )


def _spelled(url: str, path: str) -> str:
    """Return an address with a path as the client spells it.

    Raises:
        FormatError: ``relay-url``: the client makes nothing of it.
    """
    try:
        return str(httpx2.URL(f"{url}{path}"))
    except (httpx2.InvalidURL, UnicodeError, ValueError) as exc:
        raise FormatError("relay-url") from exc


def _check_span(response: httpx2.Response, *, start: int, size: int) -> None:
    """Refuse a body that is announced as another part, or twice over.

    Raises:
        ReceiptError: ``length``.
    """
    headers = response.headers
    span = f"bytes {start}-{size - 1}/{size}"
    if (
        headers.get("content-length") != str(size - start)
        or "transfer-encoding" in headers  # it would overrule the length
        or (start and headers.get("content-range") != span)
    ):
        raise ReceiptError("length")


def _bounded(response: httpx2.Response, max_bytes: int) -> bytes:
    """Read an answer of at most ``max_bytes``."""
    whole = bytearray()
    pace = Pace()
    for chunk in response.iter_raw():
        whole += chunk
        if len(whole) > max_bytes:
            raise ReceiptError("length")
        pace.check(len(whole))
    return bytes(whole)
