"""Cases come back in the order of their acts, and neither act nor proven time ever changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest
from secure_liaison.identity.authority_record import AuthorityFile, AuthorityKind
from secure_liaison.vault.cases import CaseObject, Cases, KeptAct
from secure_liaison.vault.store import open_vault
from tests.labels.cases import designation, grant

if TYPE_CHECKING:
    from pathlib import Path

    from secure_liaison.vault.store import Vault

ONE, OTHER = b"\x01" * 16, b"\x02" * 16


def act(number: int, at: int = 100) -> KeptAct:
    return KeptAct(
        digest=Digest(bytes([number]) * 32),
        record=b"act %d" % number,
        verify_key=b"key",
        proven_at=Instant(at),
    )


@pytest.fixture
def kept(vault: Vault) -> Cases:
    cases = Cases(vault)
    with vault.transaction():
        cases.add(ONE, act(1))
        cases.add(OTHER, act(2, at=200))
        cases.add(ONE, act(3, at=150))
    return cases


def test_a_case_comes_back_in_order(kept: Cases) -> None:
    assert (act(1), act(3, at=150)) == kept.acts(ONE)
    assert () == kept.acts(bytes(16))
    assert (OTHER, ONE) == kept.ids()


def test_acts_survive_closing(vault: Vault, kept: Cases, folder: Path) -> None:
    before = kept.acts(ONE)
    vault.close()
    with open_vault(folder, "correct horse") as again:
        assert before == Cases(again).acts(ONE)


def test_a_case_is_found_by_the_beginning_of_its_id(kept: Cases) -> None:
    assert (ONE,) == kept.matching("0101")
    assert (ONE, OTHER) == kept.matching("0")
    with pytest.raises(ValueError, match="hex"):
        kept.matching("")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE case_acts SET proven_at = 0",
        "DELETE FROM case_acts",
        "INSERT OR REPLACE INTO case_acts SELECT * FROM case_acts",
    ],
)
def test_the_database_itself_refuses_to_change_a_case(vault: Vault, kept: Cases, sql: str) -> None:
    before = kept.acts(ONE)
    with pytest.raises(ValueError, match="constraint"), vault.transaction():
        vault.execute(sql)
    assert before == kept.acts(ONE)


def test_an_act_is_kept_once(vault: Vault, kept: Cases) -> None:
    with pytest.raises(ValueError, match="constraint"), vault.transaction():
        kept.add(OTHER, act(1))


def test_what_registrars_signed_is_kept_once(vault: Vault) -> None:
    cases = Cases(vault)
    given = grant("city", "county", "jimi")
    file = AuthorityFile(kind=AuthorityKind.GRANT, record=b"signed")
    other = AuthorityFile(kind=AuthorityKind.DESIGNATION, record=b"signed too")
    with vault.transaction():
        assert cases.keep_authority(file, given, accepted_at=Instant(1))
        assert not cases.keep_authority(file, given, accepted_at=Instant(2))
        assert cases.keep_authority(other, designation("city-2"), accepted_at=Instant(3))
    assert (given, designation("city-2")) == cases.authority()


def test_an_object_that_was_never_sent_belongs_to_no_case(vault: Vault) -> None:
    cases = Cases(vault)
    with pytest.raises(ValueError, match="constraint"), vault.transaction():
        cases.add_object(ONE, CaseObject(digest=Digest(bytes(32))))
    assert () == cases.objects(ONE)
    assert cases.case_of(Digest(bytes(32))) is None


def test_cases_under_which_nothing_was_sent_have_nobody_to_tell(kept: Cases) -> None:
    assert () == kept.with_objects()
