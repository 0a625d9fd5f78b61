"""Founding an agency: keys apart, an anchor that opens, a registry without officers."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.errors import (
    FormatError,
    SecondPersonRequiredError,
    VaultError,
    WrongPassphraseError,
)
from secure_liaison.identity.anchors import RealmCharter, accept_anchor, open_anchor
from secure_liaison.identity.chain import verify_registrars
from secure_liaison.identity.names import Names
from secure_liaison.identity.statements import decode_signed
from secure_liaison.office import open_registry
from secure_liaison.vault.key_files import read_key_file
from secure_liaison.workflows.founding import Founded, Passphrases, found_agency
from tests.capsule.forge import NOW
from tests.workflows.desks import registry_events

CHARTER = RealmCharter(name="EXERCISE founding", exercise=True, salt=bytes(16))
WORDS = Passphrases(registry="registry", root="root", registrars=("one", "two"))


def founded(home: Path, *, passphrases: Passphrases = WORDS, code: str = "EMB-N") -> Founded:
    return found_agency(
        home,
        charter=CHARTER,
        names=Names(zh="新馆", en="New embassy"),
        code=code,
        passphrases=passphrases,
        clock=FixedClock(NOW),
        cost=TEST_COST,
    )


def test_root_and_every_registrar_have_a_file_and_a_passphrase_of_their_own(
    tmp_path: Path,
) -> None:
    words = Passphrases(registry="registry", root="root", registrars=("one", "two", "three"))
    made = founded(tmp_path / "new", passphrases=words)
    assert ["root.key", "registrar-1.key", "registrar-2.key", "registrar-3.key"] == [
        path.name for path in made.key_files
    ]
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in made.key_files}
    for path, word in zip(made.key_files, ("root", "one", "two", "three"), strict=True):
        read_key_file(path, word)
        with pytest.raises(WrongPassphraseError):
            read_key_file(path, "registry")


def test_the_anchor_file_holds_the_anchor_whose_digits_are_compared(tmp_path: Path) -> None:
    made = founded(tmp_path / "new")
    opened = open_anchor(made.anchor_file.read_bytes())
    assert (made.anchor.digits(), "EMB-N", NOW) == (opened.digits(), opened.code, opened.created)


def test_the_root_states_the_registrars_and_that_two_must_sign(tmp_path: Path) -> None:
    made = founded(tmp_path / "new")
    trusted = accept_anchor(made.anchor, typed_digits=made.anchor.digits())
    with open_registry(tmp_path / "new", "registry", clock=FixedClock(NOW)) as office:
        stated = verify_registrars(trusted, decode_signed(office.state.registrars), at=Instant(NOW))
        keys = [
            read_key_file(path, word)
            for path, word in zip(made.key_files[1:], WORDS.registrars, strict=True)
        ]
        assert 2 == stated.threshold
        assert {key.verify_key.octets for key in keys} == {key.octets for key in stated.keys}


def test_a_new_registry_has_no_officers_and_one_line_in_its_ledger(tmp_path: Path) -> None:
    founded(tmp_path / "new")
    with open_registry(tmp_path / "new", "registry", clock=FixedClock(NOW)) as office:
        assert () == office.state.officers()
        assert office.state.last_page() is None
        assert [EventType.ADMIN_INIT] == registry_events(office)


def test_one_registrar_is_not_enough(tmp_path: Path) -> None:
    words = Passphrases(registry="registry", root="root", registrars=("one",))
    with pytest.raises(SecondPersonRequiredError, match="registrars"):
        founded(tmp_path / "new", passphrases=words)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "words",
    [
        Passphrases(registry="same", root="root", registrars=("same", "two")),
        Passphrases(registry="registry", root="same", registrars=("same", "two")),
        Passphrases(registry="registry", root="root", registrars=("same", "same")),
    ],
    ids=["registry", "root", "registrars"],
)
def test_no_passphrase_opens_two(tmp_path: Path, words: Passphrases) -> None:
    with pytest.raises(SecondPersonRequiredError, match="passphrase-shared"):
        founded(tmp_path / "new", passphrases=words)
    assert not (tmp_path / "new").exists()


def test_a_code_that_is_not_allowed_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        founded(tmp_path / "new", code="emb n")
    assert not (tmp_path / "new").exists()


def test_an_existing_registry_is_not_replaced(tmp_path: Path) -> None:
    founded(tmp_path / "new")
    before = {path.name: path.read_bytes() for path in (tmp_path / "new").glob("*.key")}
    with pytest.raises(VaultError, match="exists"):
        founded(tmp_path / "new")
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "new").glob("*.key")}
