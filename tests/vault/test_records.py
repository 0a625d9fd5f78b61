"""Settings, directory state and pairings come back as they were written last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import VaultDamagedError
from secure_liaison.identity.ids import AgencyId
from secure_liaison.vault.inbox import InboxState
from secure_liaison.vault.records import Pairing, Records
from secure_liaison.vault.row import Row

if TYPE_CHECKING:
    from secure_liaison.vault.store import Vault


def pairing(number: int, at: int = 100) -> Pairing:
    return Pairing(
        agency=AgencyId(bytes([number]) * 32),
        anchor=b"anchor %d" % at,
        accepted_at=Instant(at),
        accepted_by="li.wei",
    )


def test_a_new_vault_remembers_nothing(vault: Vault) -> None:
    records = Records(vault)
    assert records.setting("language") is None
    assert records.settings() == {}
    assert records.directory_state() is None
    assert records.document("charter") is None
    assert records.pairings() == ()


def test_the_last_setting_counts(vault: Vault) -> None:
    records = Records(vault)
    with vault.transaction():
        records.set_setting("language", "en")
        records.set_setting("language", "zh")
        records.set_setting("audible", "")
    assert records.setting("language") == "zh"
    assert records.settings() == {"audible": "", "language": "zh"}


def test_the_directory_state_is_replaced_as_a_whole(vault: Vault) -> None:
    records = Records(vault)
    with vault.transaction():
        records.set_directory_state(b"old")
        records.set_directory_state(b"")
        records.set_document("charter", b"\x00\xff")
    assert records.directory_state() == b""
    assert records.document("charter") == b"\x00\xff"


def test_an_anchor_compared_again_replaces_the_earlier_comparison(vault: Vault) -> None:
    records = Records(vault)
    with vault.transaction():
        records.remember_pairing(pairing(1))
        records.remember_pairing(pairing(2, at=50))
        records.remember_pairing(pairing(1, at=200))
    assert records.pairing(AgencyId(b"\x01" * 32)) == pairing(1, at=200)
    assert records.pairing(AgencyId(b"\x03" * 32)) is None
    assert records.pairings() == (pairing(2, at=50), pairing(1, at=200))


def test_a_value_of_another_type_is_damage() -> None:
    row = Row({"number": 1, "text": "x", "octets": b"x", "state": "burnt", "none": None})
    for read in (
        lambda: row.integer("text"),
        lambda: row.integer("none"),
        lambda: row.text("number"),
        lambda: row.text_or_none("number"),
        lambda: row.octets("text"),
        lambda: row.octets_or_none("text"),
        lambda: row.instant_or_none("text"),
        lambda: row.choice("state", InboxState),
    ):
        with pytest.raises(VaultDamagedError, match="record"):
            read()


def test_an_unknown_column_is_a_programmers_mistake() -> None:
    with pytest.raises(KeyError):
        Row({}).text("nothing")
