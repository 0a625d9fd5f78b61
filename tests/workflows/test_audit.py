"""List, export and verify ledgers; each reading is a line of its own."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest

from secure_liaison.audit.events import Event, EventType
from secure_liaison.audit.export import write_export
from secure_liaison.audit.ledger import Ledger, MemoryLedgerStore
from secure_liaison.errors import (
    AuditInconsistentError,
    CredentialError,
    FormatError,
    LiaisonError,
    NotAddressedError,
    OutOfOrderError,
    TamperedError,
)
from secure_liaison.identity.officer_contents import Role
from secure_liaison.office import Office
from secure_liaison.workflows import audit, correspondence, enrolment
from tests.attacks.world import SENDER, STRANGER, Scene, events
from tests.workflows.desks import READER, kinds, newcomer


def exported(desk: Office, folder: Path, *, start: int = 0) -> Path:
    path = folder / f"{desk.login}.jsonl"
    with path.open("wb") as stream:
        audit.export(desk, stream, start=start)
    return path


def with_officer(scene: Scene) -> tuple[Office, Office]:
    """Return li.wei's desk and that of EMB-A's security officer."""
    officer, made = newcomer(scene, "EMB-A", "zhao.bao", level=None, role=Role.SECURITY)
    desk = scene.desk(SENDER)
    enrolment.import_book(desk, made.book)
    return desk, officer


def sealed(desk: Office, folder: Path) -> Path:
    path = folder / "sealed.bin"
    with path.open("wb") as stream:
        assert 1 == audit.export_to_office(desk, stream)
    return path


# --- list -------------------------------------------------------------------------------------


def test_reading_the_ledger_is_written_into_it(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    size = desk.ledger.size
    assert size == len(audit.entries(desk))
    (line,) = events(desk, EventType.AUDIT_LIST)
    assert (size, SENDER) == (line.detail["entries"], line.actor)


def test_the_ledger_can_be_read_from_any_entry(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    assert [2, 3] == [entry.index for entry in audit.entries(desk, start=2)][:2]
    assert () == audit.entries(desk, start=desk.ledger.size)


def test_a_ledger_that_was_tampered_with_is_not_listed(scene: Scene) -> None:
    desk = scene.desk(SENDER)
    size = desk.ledger.size
    with desk.transaction():
        desk.vault.execute("DROP TRIGGER ledger_is_not_changed")
        desk.vault.execute("UPDATE ledger SET own_salt = zeroblob(32) WHERE position = 1")
    with pytest.raises(AuditInconsistentError) as caught:
        audit.entries(desk)
    assert 1 == caught.value.facts["index"]
    assert size == desk.ledger.size
    desk.close()


# --- export -----------------------------------------------------------------------------------


def test_an_export_verifies_and_holds_its_own_line(scene: Scene, tmp_path: Path) -> None:
    desk = scene.desk(SENDER)
    found = audit.read_file(desk, exported(desk, tmp_path))
    assert (0, True, desk.keys.handle) == (
        found.summary.first,
        found.summary.checked_key,
        found.summary.device,
    )
    assert EventType.AUDIT_EXPORT is found.entries[-1].event.type
    assert found.summary.count == len(found.entries) == desk.ledger.size - 1


def test_an_export_can_begin_later(scene: Scene, tmp_path: Path) -> None:
    desk = scene.desk(SENDER)
    found = audit.read_file(desk, exported(desk, tmp_path, start=3))
    assert 3 == found.summary.first == found.entries[0].index


@pytest.mark.parametrize("beyond", [-1, 1000])
def test_an_entry_that_does_not_exist_exports_nothing(scene: Scene, beyond: int) -> None:
    desk, stream = scene.desk(SENDER), BytesIO()
    with pytest.raises(OutOfOrderError, match="no-such-entry"):
        audit.export(desk, stream, start=beyond)
    assert b"" == stream.getvalue()
    assert [] == events(desk, EventType.AUDIT_EXPORT)


def test_verifying_is_written_down_with_whose_ledger_it_was(scene: Scene, tmp_path: Path) -> None:
    desk, other = scene.desk(SENDER), scene.desk(READER)
    found = audit.read_file(other, exported(desk, tmp_path))
    (line,) = events(other, EventType.AUDIT_VERIFY)
    assert (desk.keys.handle.hex(), found.summary.count) == (
        line.detail["desk"],
        line.detail["entries"],
    )


def test_a_desk_of_another_agency_is_verified_under_the_keys_of_the_directory(
    scene: Scene, tmp_path: Path
) -> None:
    found = audit.read_file(scene.desk(READER), exported(scene.desk(SENDER), tmp_path))
    assert found.summary.checked_key


def test_a_desk_that_nobody_knows_is_verified_under_its_own_keys_and_it_says_so(
    scene: Scene, tmp_path: Path
) -> None:
    unknown, _ = newcomer(scene, "EMB-A", "wang.li")
    found = audit.read_file(scene.desk(READER), exported(unknown, tmp_path))
    assert not found.summary.checked_key
    assert unknown.keys.handle == found.summary.device


def test_an_export_signed_with_other_keys_than_the_directorys_is_refused(
    scene: Scene, tmp_path: Path
) -> None:
    """Somebody writes a ledger of their own under the handle of a known desk."""
    desk, thief = scene.desk(SENDER), scene.desk("m.rossi")
    forged = Ledger(
        MemoryLedgerStore(),
        device=desk.keys.handle,
        realm=desk.realm,
        signing=thief.keys.ledger,
        clock=scene.clock,
        origin=desk.ledger.origin,
    )
    forged.append(Event(type=EventType.ADMIN_START))
    path = tmp_path / "forged.jsonl"
    with path.open("wb") as stream:
        write_export(forged, stream, sign=thief.keys.signing)
    with pytest.raises(AuditInconsistentError, match="export-other-key"):
        audit.read_file(scene.desk(READER), path)


def test_an_export_of_another_realm_is_refused(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(AuditInconsistentError, match="export-other-realm"):
        audit.read_file(scene.desk(READER), exported(scene.desk(STRANGER), tmp_path))


def test_the_first_bad_entry_is_named(scene: Scene, tmp_path: Path) -> None:
    desk = scene.desk(SENDER)
    path = exported(desk, tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    entry = json.loads(lines[4])
    entry["own"]["actor"] = "nobody"
    lines[4] = (
        json.dumps(entry, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        + b"\n"
    )
    path.write_bytes(b"".join(lines))
    with pytest.raises(AuditInconsistentError) as caught:
        audit.read_file(desk, path)
    assert 3 == caught.value.facts["index"]
    assert [] == events(desk, EventType.AUDIT_VERIFY)


def test_what_is_no_export_is_a_format_error(scene: Scene, tmp_path: Path) -> None:
    for octets in (b"", b"{}\n", b"\x00\x00\x00\x01x"):
        path = tmp_path / "no.export"
        path.write_bytes(octets)
        with pytest.raises(FormatError):
            audit.read_file(scene.desk(SENDER), path)


# --- sealed to the office ---------------------------------------------------------------------


def test_the_own_security_officer_opens_what_was_sealed_to_the_office(
    scene: Scene, tmp_path: Path
) -> None:
    desk, officer = with_officer(scene)
    correspondence.collect(desk)
    path = sealed(desk, tmp_path)
    found = audit.read_file(officer, path)
    assert (desk.keys.handle, True) == (found.summary.device, found.summary.checked_key)
    assert kinds(desk) == [entry.event.type for entry in found.entries]


def test_nobody_else_opens_it_not_even_the_desk_itself(scene: Scene, tmp_path: Path) -> None:
    desk, _ = with_officer(scene)
    path = sealed(desk, tmp_path)
    for other in (desk, scene.desk(READER)):
        with pytest.raises(NotAddressedError, match="other-office"):
            audit.read_file(other, path)


def test_a_sealed_export_that_was_changed_is_not_opened(scene: Scene, tmp_path: Path) -> None:
    desk, officer = with_officer(scene)
    path = sealed(desk, tmp_path)
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(octets)
    with pytest.raises(TamperedError):
        audit.read_file(officer, path)


def test_without_a_security_officer_there_is_nobody_to_seal_to(scene: Scene) -> None:
    desk, stream = scene.desk(SENDER), BytesIO()
    with pytest.raises(CredentialError, match="no-security-officer"):
        audit.export_to_office(desk, stream)
    assert b"" == stream.getvalue()
    assert [] == events(desk, EventType.AUDIT_EXPORT)


def test_a_sealed_export_begins_where_it_is_told_to(scene: Scene, tmp_path: Path) -> None:
    desk, officer = with_officer(scene)
    path = tmp_path / "sealed.bin"
    with path.open("wb") as stream:
        audit.export_to_office(desk, stream, start=2)
    assert 2 == audit.read_file(officer, path).summary.first
    with pytest.raises(OutOfOrderError, match="no-such-entry"):
        audit.export_to_office(desk, BytesIO(), start=1000)


# --- without a desk ---------------------------------------------------------------------------


def test_without_a_desk_an_export_proves_that_it_fits_itself(scene: Scene, tmp_path: Path) -> None:
    desk = scene.desk(SENDER)
    found = audit.read_alone(exported(desk, tmp_path))
    assert (desk.keys.handle, False) == (found.summary.device, found.summary.checked_key)


def test_without_a_desk_a_sealed_export_stays_closed(scene: Scene, tmp_path: Path) -> None:
    desk, _ = with_officer(scene)
    with pytest.raises(OutOfOrderError, match="export-sealed"):
        audit.read_alone(sealed(desk, tmp_path))


def test_without_a_desk_a_changed_export_is_refused(scene: Scene, tmp_path: Path) -> None:
    path = exported(scene.desk(SENDER), tmp_path)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(LiaisonError):
        audit.read_alone(path)
