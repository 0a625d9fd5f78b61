"""Private keys of the device and, on an auditor's desk, of the audit office.

Rules:

- A vault is one device: its identity is written once; a restored vault enrols as a new device.
- The yearly vault key may be joined by newer ones; older ones stay, or old mail could not be read.
- Root and registrars' keys are not here: they lie in files of their own (`key_files`).
- The private half of a prekey is deleted in the caller's transaction; its row stays as a mark that
  the key existed and is spent.

Source: docs/spec/vault.md §4.1; DESIGN §5, §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from secure_liaison.capsule.format import Role
from secure_liaison.crypto.hpke import KemPrivateKey, KemPublicKey
from secure_liaison.crypto.keys import KeyId, Realm, Secret
from secure_liaison.crypto.signing import NoteSigningKey, RequestSigningKey, SigningKey
from secure_liaison.identity.ids import DeviceHandle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.clock import Instant
    from secure_liaison.vault.row import Row
    from secure_liaison.vault.store import Vault

__all__ = ["DeviceKeys", "KeptPrekey", "Keyring", "Prekeys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKeys:
    """The identity of one device.

    Attributes:
        handle: 16 random bytes, the only name a relay sees.
        signing: Signs records.
        request: Signs requests to the relay.
        kem: The vault key: opens stanzas of role ``vault``.
        ledger: Signs the checkpoints of the device's ledger.
    """

    handle: DeviceHandle
    signing: SigningKey
    request: RequestSigningKey
    kem: KemPrivateKey
    ledger: NoteSigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPrekey:
    """One prekey as the vault knows it; its private half comes from `Prekeys.private_key`.

    Attributes:
        key_id: 32 bytes.
        public_key: Absent once the private half is deleted.
        last_resort: It may be used more than once and gives no forward secrecy.
        created: When it was made.
        published_at: When the relay confirmed it.
        deleted_at: When its private half was deleted.
    """

    key_id: KeyId
    public_key: KemPublicKey | None
    last_resort: bool
    created: Instant
    published_at: Instant | None
    deleted_at: Instant | None


class Keyring:
    """Keys by what they are for. Every ``add`` and ``save`` needs the caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the keys of ``vault``."""
        self._vault = vault
        self.prekeys = Prekeys(vault)

    def save_device(self, keys: DeviceKeys, *, realm: Realm, created: Instant) -> None:
        """Write the device's identity, once.

        Raises:
            ValueError: the vault already is a device.
        """
        key_id = self.add_vault_key(keys.kem, realm=realm, created=created)
        self._vault.execute(
            "INSERT INTO device VALUES (1, ?, ?, ?, ?, ?)",
            (
                keys.handle,
                keys.signing.seed(),
                keys.request.seed().reveal(),
                keys.ledger.seed().reveal(),
                key_id,
            ),
        )

    def device(self) -> DeviceKeys | None:
        """Return the device's identity, or nothing before enrolment."""
        rows = self._vault.query(
            "SELECT device.*, vault_keys.seed FROM device"
            " JOIN vault_keys ON vault_keys.key_id = device.vault_key_id"
        )
        for row in rows:
            return DeviceKeys(
                handle=DeviceHandle(row.octets("handle")),
                signing=SigningKey(row.octets("signing_seed")),
                request=RequestSigningKey(Secret(row.octets("request_seed"))),
                kem=KemPrivateKey(Secret(row.octets("seed"))),
                ledger=NoteSigningKey(Secret(row.octets("ledger_seed"))),
            )
        return None

    def add_vault_key(self, key: KemPrivateKey, *, realm: Realm, created: Instant) -> KeyId:
        """Keep a key that opens stanzas of role ``vault``; returns its id.

        Raises:
            ValueError: the key is already kept.
        """
        key_id = key.public_key.key_id(realm)
        self._vault.execute(
            "INSERT INTO vault_keys VALUES (?, ?, ?)", (key_id, key.seed().reveal(), created)
        )
        return key_id

    def vault_key(self, key_id: KeyId) -> KemPrivateKey | None:
        """Return the key that opens stanzas of role ``vault`` for ``key_id``, or nothing."""
        rows = self._vault.query("SELECT seed FROM vault_keys WHERE key_id = ?", (key_id,))
        return KemPrivateKey(Secret(rows[0].octets("seed"))) if rows else None

    def private_key(self, role: Role, key_id: KeyId) -> KemPrivateKey | None:
        """Return the key that opens a stanza; nothing if it is unknown or deleted."""
        match role:
            case Role.VAULT:
                return self.vault_key(key_id)
            case Role.PREKEY:
                return self.prekeys.private_key(key_id)
            case _:
                assert_never(role)

    def save_audit_office_key(self, key: KemPrivateKey) -> None:
        """Keep the key that opens ledger exports sealed to the audit office; replaces the last."""
        self._vault.execute(
            "INSERT OR REPLACE INTO audit_office_key VALUES (1, ?)", (key.seed().reveal(),)
        )

    def audit_office_key(self) -> KemPrivateKey | None:
        """Return the key that opens ledger exports sealed to the audit office, or nothing."""
        rows = self._vault.query("SELECT seed FROM audit_office_key")
        return KemPrivateKey(Secret(rows[0].octets("seed"))) if rows else None


class Prekeys:
    """One-time keys and the marked last resort. Every change needs the caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the prekeys of ``vault``."""
        self._vault = vault

    def add(
        self, keys: Sequence[KemPrivateKey], *, realm: Realm, created: Instant, last_resort: bool
    ) -> None:
        """Keep new prekeys, not yet published.

        Raises:
            ValueError: one of them is already kept.
        """
        for key in keys:
            self._vault.execute(
                "INSERT INTO prekeys VALUES (?, ?, ?, ?, NULL, NULL)",
                (
                    key.public_key.key_id(realm),
                    key.seed().reveal(),
                    int(last_resort),
                    created,
                ),
            )

    def private_key(self, key_id: KeyId) -> KemPrivateKey | None:
        """Return the private half; nothing if it is unknown or deleted (see `find`)."""
        rows = self._vault.query(
            "SELECT seed FROM prekeys WHERE key_id = ? AND seed IS NOT NULL", (key_id,)
        )
        return KemPrivateKey(Secret(rows[0].octets("seed"))) if rows else None

    def find(self, key_id: KeyId) -> KeptPrekey | None:
        """Return what is known of a prekey: spent ones too, foreign ones not."""
        rows = self._vault.query("SELECT * FROM prekeys WHERE key_id = ?", (key_id,))
        return _prekey(rows[0]) if rows else None

    def usable(self) -> tuple[KeptPrekey, ...]:
        """Return all prekeys whose private half exists, oldest first."""
        rows = self._vault.query(
            "SELECT * FROM prekeys WHERE seed IS NOT NULL ORDER BY created, key_id"
        )
        return tuple(_prekey(row) for row in rows)

    def mark_published(self, key_ids: Sequence[KeyId], *, at: Instant) -> None:
        """Remember that the relay confirmed these; an earlier confirmation stays."""
        for key_id in key_ids:
            self._vault.execute(
                "UPDATE prekeys SET published_at = coalesce(published_at, ?) WHERE key_id = ?",
                (at, key_id),
            )

    def spend(self, key_id: KeyId, *, at: Instant) -> None:
        """Delete a one-time key's private half; a last resort stays, other mail may need it.

        This belongs in the transaction that keeps the verified content. Spending again changes
        nothing.

        Raises:
            ValueError: the vault never had this key.
        """
        found = self.find(key_id)
        if found is None or not found.last_resort:
            self.delete(key_id, at=at)

    def delete(self, key_id: KeyId, *, at: Instant) -> None:
        """Delete the private half, of a last resort too, and keep the mark that it was.

        For a last resort this belongs in the transaction that replaces it, once nothing that was
        sealed to it can still come. Deleting again changes nothing.

        Raises:
            ValueError: the vault never had this key.
        """
        changed = self._vault.execute(
            "UPDATE prekeys SET seed = NULL, deleted_at = coalesce(deleted_at, ?) WHERE key_id = ?",
            (at, key_id),
        )
        if not changed:
            msg = "no such prekey"
            raise ValueError(msg)


def _prekey(row: Row) -> KeptPrekey:
    seed = row.octets_or_none("seed")
    return KeptPrekey(
        key_id=KeyId(row.octets("key_id")),
        public_key=None if seed is None else KemPrivateKey(Secret(seed)).public_key,
        last_resort=bool(row.integer("last_resort")),
        created=row.instant("created"),
        published_at=row.instant_or_none("published_at"),
        deleted_at=row.instant_or_none("deleted_at"),
    )
