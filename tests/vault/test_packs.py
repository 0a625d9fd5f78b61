"""Own packs in the vault: one content for each name, every signature, nothing taken away."""

from __future__ import annotations

import pytest

from secure_liaison.clock import Instant
from secure_liaison.vault.packs import KeptSignature, Packs
from secure_liaison.vault.store import Vault

NAME, DIGEST = "hill@2026-01-01", bytes(32)
EARLY, LATE = Instant(100), Instant(200)


@pytest.fixture
def packs(vault: Vault) -> Packs:
    made = Packs(vault)
    with vault.transaction():
        assert made.keep(NAME, DIGEST, b"pack", record=b"one", accepted_at=EARLY)
    return made


def test_a_pack_is_kept_as_it_came(packs: Packs) -> None:
    assert {NAME: DIGEST} == packs.digests()
    assert b"pack" == packs.octets(NAME)
    assert (KeptSignature(record=b"one", accepted_at=EARLY),) == packs.signatures(NAME)
    assert () == packs.signatures("dale@2026-01-01")
    with pytest.raises(KeyError):
        packs.octets("dale@2026-01-01")


def test_a_further_signature_stands_before_the_earlier_ones(vault: Vault, packs: Packs) -> None:
    with vault.transaction():
        assert packs.keep(NAME, DIGEST, b"pack ", record=b"two", accepted_at=LATE)
        assert not packs.keep(NAME, DIGEST, b"pack", record=b"two", accepted_at=LATE)
    assert [b"two", b"one"] == [each.record for each in packs.signatures(NAME)]
    assert b"pack" == packs.octets(NAME)


def test_another_content_under_the_name_is_not_kept(vault: Vault, packs: Packs) -> None:
    with pytest.raises(ValueError, match="one content"), vault.transaction():
        packs.keep(NAME, b"\x01" * 32, b"other", record=b"two", accepted_at=LATE)
    assert {NAME: DIGEST} == packs.digests()


@pytest.mark.parametrize("table", ["packs", "pack_signatures"])
@pytest.mark.parametrize("sql", ["DELETE FROM {}", "UPDATE {} SET policy = 'dale'"])
def test_nothing_is_changed_or_taken_away(vault: Vault, packs: Packs, table: str, sql: str) -> None:
    with pytest.raises(ValueError, match="constraint"), vault.transaction():
        vault.execute(sql.format(table))
    assert {NAME: DIGEST} == packs.digests()
