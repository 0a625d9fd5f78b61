"""Everything an operator can set, by ``LIAISON_RELAY_*`` or by option, and the store's key.

Rules:

- A setting may lower a limit of the protocol, never raise it.
- The key comes from a descriptor, a file of mode 0600 or the service manager's credentials, never
  from an argument or a variable; it is made anew only where there is no store yet.

Source: docs/guides/operator.md; docs/spec/wire.md §1, §12.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from secure_liaison.crypto.keys import Secret
from secure_liaison.errors import FormatError, VaultError
from secure_liaison.wire import MAX_BODY_SIZE, MAX_MAILBOXES, WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RelaySettings", "load_key"]

_KEY_NAME: Final = "relay.key"
_STORE_NAME: Final = "relay.db"
_MAX_KEY_FILE: Final = 256
_DAY_S: Final = 86_400


class RelaySettings(BaseSettings):
    """What the relay is run with.

    Attributes:
        folder: Where store, bodies and key lie; made with mode 0700.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        public_url: Address under which devices reach the relay; signatures name it.
        key_file: The store's key; by default the service manager's credential or the folder's own.
        key_fd: A descriptor to read the key from instead.
        max_body_bytes: Largest body taken.
        max_mailboxes: Most mailboxes in one submission.
        quota_bytes: Bytes that one agency's devices may have lying here, records included.
        quota_objects: Objects of one device that the relay remembers, fetched ones too.
        quota_items: Items that one agency's devices may have waiting in one mailbox.
        takings_per_hour: One-time prekeys that one device may take of another one in an hour.
        reserve_bytes: Free space on the disk that stays free.
        retention_days: Days added to an object's own expiry day.
        max_retention_days: Longest time that anything is kept.
        max_uploads: Submissions taken at the same time; others wait.
        max_readings: Records read at the same time; others wait.
        max_publications: Snapshots taken at the same time; others wait.
        idle_s: Seconds that a sender may stay silent in the middle of a request.
        grace_s: Seconds that running requests get when the relay is told to stop.
    """

    model_config = SettingsConfigDict(env_prefix="LIAISON_RELAY_", extra="forbid", frozen=True)

    folder: Path = Path("/var/lib/liaison-relay")
    host: str = "127.0.0.1"
    port: int = Field(default=8440, ge=0, le=65_535)
    public_url: str = ""
    key_file: Path | None = None
    key_fd: int | None = None
    max_body_bytes: int = Field(default=MAX_BODY_SIZE, ge=4096, le=MAX_BODY_SIZE)
    max_mailboxes: int = Field(default=256, ge=1, le=MAX_MAILBOXES)
    quota_bytes: int = Field(default=50 * 2**30, ge=4096)
    quota_objects: int = Field(default=100_000, ge=1)
    quota_items: int = Field(default=10_000, ge=1)
    takings_per_hour: int = Field(default=16, ge=1, le=512)
    reserve_bytes: int = Field(default=2**28, ge=0)
    retention_days: int = Field(default=0, ge=0, le=400)
    max_retention_days: int = Field(default=400, ge=1, le=4000)
    max_uploads: int = Field(default=32, ge=1, le=1024)
    max_readings: int = Field(default=2, ge=1, le=64)
    max_publications: int = Field(default=2, ge=1, le=64)
    idle_s: int = Field(default=30, ge=1, le=600)
    grace_s: int = Field(default=10, ge=0, le=600)

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / _STORE_NAME

    @property
    def bodies(self) -> Path:
        """The folder of the sealed bodies."""
        return self.folder / "bodies"

    @property
    def window_s(self) -> int:
        """Seconds that a request's time may differ; part of the protocol, not a setting."""
        return WINDOW_S

    def keep_until(self, *, expiry_day: int, now: int) -> int:
        """Return when an object that came now goes, seconds UTC."""
        own = (expiry_day + 1 + self.retention_days) * _DAY_S
        return min(own, now + self.max_retention_days * _DAY_S)


def load_key(settings: RelaySettings, environ: Mapping[str, str] = os.environ) -> Secret:
    """Return the store's key; makes one if the folder holds no store yet.

    Raises:
        VaultError: ``relay-key-missing``, ``relay-key-open`` (readable by others),
            ``relay-key-form``.
    """
    if settings.key_fd is not None:
        with os.fdopen(os.dup(settings.key_fd), "rb") as stream:
            return _parsed(stream.read(_MAX_KEY_FILE))
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    path = settings.key_file
    if path is None and credentials is not None and (Path(credentials) / _KEY_NAME).exists():
        # The service manager hands over a private copy; its mode is not ours to judge.
        return _parsed((Path(credentials) / _KEY_NAME).read_bytes())
    path = path or settings.folder / _KEY_NAME
    if not path.exists():
        if settings.store.exists():
            raise VaultError("relay-key-missing")
        return _made(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise VaultError("relay-key-open")
    return _parsed(path.read_bytes())


def _parsed(content: bytes) -> Secret:
    try:
        return Secret(bytes.fromhex(content.decode("ascii").strip()))
    except (ValueError, FormatError) as exc:
        raise VaultError("relay-key-form") from exc


def _made(path: Path) -> Secret:
    key = Secret.generate()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key.reveal().hex().encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    return key
