"""The desk's mail: inbox, own copies, outbox, quarantine, and the shares that open bodies.

Rules:

- Bodies stay sealed as they came; the share that opens one lies here, and destroying it closes the
  body for good.
- Reads run anywhere; changes need the caller's transaction.

Source: docs/spec/vault.md §4.2; DESIGN §6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.crypto.keys import Digest, Secret
from secure_liaison.vault.changes import KeptChange, LabelChanges
from secure_liaison.vault.inbox import Inbox, InboxItem, InboxState
from secure_liaison.vault.outbox import Outbox, OutboxRow, OutboxState
from secure_liaison.vault.quarantine import Quarantine, QuarantineRow
from secure_liaison.vault.sent import Recipient, RecipientState, Sent, SentItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from secure_liaison.vault.store import Vault

__all__ = [
    "Inbox",
    "InboxItem",
    "InboxState",
    "KeptChange",
    "LabelChanges",
    "Mail",
    "Outbox",
    "OutboxRow",
    "OutboxState",
    "Quarantine",
    "QuarantineRow",
    "Recipient",
    "RecipientState",
    "Sent",
    "SentItem",
    "Shares",
]


class Mail:
    """All mail of one vault.

    Attributes:
        inbox: What came.
        sent: Own copies and their recipients.
        outbox: What still has to go out.
        quarantine: What could not be accepted.
        shares: What opens the sealed bodies.
        label_changes: What became of the labels of what came.
    """

    def __init__(self, vault: Vault) -> None:
        """Read and write the mail of ``vault``."""
        self._vault = vault
        self.inbox = Inbox(vault)
        self.sent = Sent(vault)
        self.outbox = Outbox(vault)
        self.quarantine = Quarantine(vault)
        self.shares = Shares(vault)
        self.label_changes = LabelChanges(vault)

    def body_names(self) -> frozenset[str]:
        """Return the name of every sealed body that is still wanted (for `BodyStore.sweep`)."""
        rows = self._vault.query(
            "SELECT body_name FROM inbox WHERE body_name IS NOT NULL"
            " UNION SELECT body_name FROM sent"
        )
        return frozenset(row.text("body_name") for row in rows)


class Shares:
    """The shares of own copies and of opened objects, by D."""

    def __init__(self, vault: Vault) -> None:
        """Read and write the shares of ``vault``."""
        self._vault = vault

    def keep(self, digest: Digest, shares: Sequence[Secret]) -> None:
        """Keep an object's shares: the recipients' first, then one per custody group.

        Keeping the same again changes nothing.

        Raises:
            ValueError: no share, or others are kept already.
        """
        known = self.of(digest)
        if not shares or (known and known != tuple(shares)):
            msg = "an object has one set of shares"
            raise ValueError(msg)
        for position, share in enumerate(shares[len(known) :]):
            self._vault.execute(
                "INSERT INTO shares VALUES (?, ?, ?)", (digest, position, share.reveal())
            )

    def of(self, digest: Digest) -> tuple[Secret, ...]:
        """Return an object's shares; none if they were never kept or are destroyed."""
        rows = self._vault.query(
            "SELECT share FROM shares WHERE digest = ? ORDER BY position", (digest,)
        )
        return tuple(Secret(row.octets("share")) for row in rows)

    def destroy(self, digest: Digest) -> None:
        """Delete an object's shares: this desk can never open its body again."""
        self._vault.execute("DELETE FROM shares WHERE digest = ?", (digest,))
