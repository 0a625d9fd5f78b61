from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.audit.events import Event, EventType
from secure_liaison.audit.export import verify_export, write_export
from secure_liaison.errors import AuditInconsistentError, FormatError, UnsupportedVersionError
from tests.architecture.sources import ROOT
from tests.audit.desk import (
    HANDLE,
    LEDGER_KEY,
    OTHER_REALM,
    REALM,
    SIGNING,
    STRANGE_LEDGER_KEY,
    STRANGER,
    Desk,
    read,
)

DESK = Desk().write(4)
EXPORT = DESK.export()
LINES = EXPORT.splitlines(keepends=True)


def caught(data: bytes, *, known: bool = True) -> AuditInconsistentError:
    with pytest.raises(AuditInconsistentError) as found:
        read(data, known=known)
    return found.value


def test_an_export_verifies_and_says_what_it_is() -> None:
    summary = read(EXPORT).summary
    assert (0, 3, 4, DESK.ledger.root(), HANDLE, True) == (
        summary.first,
        summary.last,
        summary.count,
        summary.root,
        summary.device,
        summary.checked_key,
    )


def test_an_export_gives_back_the_entries() -> None:
    assert tuple(DESK.ledger.entries()) == read(EXPORT).entries


def test_an_export_of_an_empty_ledger_verifies() -> None:
    assert read(Desk().export()).summary.count == 0


@pytest.mark.parametrize("start", range(5))
def test_an_export_may_begin_anywhere(start: int) -> None:
    summary = read(DESK.export(start=start)).summary
    assert (start, 3, DESK.ledger.root()) == (summary.first, summary.last, summary.root)


def test_an_export_cannot_begin_behind_the_end() -> None:
    with pytest.raises(ValueError, match="no entry 5"):
        DESK.export(start=5)


def test_without_known_keys_the_summary_says_so() -> None:
    assert read(EXPORT, known=False).summary.checked_key is False


def test_every_line_is_canonical_json_that_other_tools_read() -> None:
    for line in LINES:
        value = json.loads(line)
        again = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert line == again.encode() + b"\n"


def test_verifying_gives_the_summary_alone() -> None:
    summary = verify_export(
        io.BytesIO(EXPORT),
        realm=REALM,
        ledger_key=LEDGER_KEY.verify_key,
        device_key=SIGNING.verify_key,
    )
    assert summary == read(EXPORT).summary


def line_of(position: int) -> int:
    return EXPORT[:position].count(b"\n")


@given(
    position=st.integers(min_value=0, max_value=len(EXPORT) - 1),
    mask=st.integers(min_value=1, max_value=255),
    known=st.booleans(),
)
def test_any_flipped_byte_is_found_and_inside_an_entry_named(
    *, position: int, mask: int, known: bool
) -> None:
    flipped = bytearray(EXPORT)
    flipped[position] ^= mask
    with pytest.raises((AuditInconsistentError, FormatError)) as found:
        read(bytes(flipped), known=known)
    if 1 <= line_of(position) <= 4:
        assert line_of(position) - 1 == found.value.facts["index"]


@given(length=st.integers(min_value=0, max_value=len(EXPORT) - 1))
def test_any_cut_is_found(length: int) -> None:
    with pytest.raises((AuditInconsistentError, FormatError)):
        read(EXPORT[:length])


@pytest.mark.parametrize(
    ("data", "reason", "facts"),
    [
        (b"".join(LINES[:3]), "export-truncated", {"index": 2}),
        (b"".join(LINES[:5]), "export-no-checkpoint", {}),
        (EXPORT[:-1], "export-last-line", {}),
        (EXPORT + b"\n", "export-trailing", {}),
        (b"".join([*LINES[:2], *LINES[3:]]), "entry-index", {"index": 1}),
        (b"".join([LINES[0], LINES[2], LINES[1], *LINES[3:]]), "entry-index", {"index": 0}),
        (b"".join([*LINES[:2], LINES[1], *LINES[2:]]), "entry-index", {"index": 1}),
        (b"".join([*LINES[:5], LINES[4]]), "export-last-line", {}),
    ],
)
def test_missing_doubled_and_moved_lines_are_named(
    data: bytes, reason: str, facts: dict[str, int]
) -> None:
    found = caught(data)
    assert (reason, facts) == (found.reason, found.facts)


def remade(change: Callable[[list[dict[str, object]]], None]) -> bytes:
    lines = [json.loads(line) for line in LINES]
    change(lines)
    return b"".join(
        json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        for line in lines
    )


def put(line: int, **members: object) -> Callable[[list[dict[str, object]]], None]:
    def change(lines: list[dict[str, object]]) -> None:
        lines[line].update(members)

    return change


OTHERS = Desk(key=STRANGE_LEDGER_KEY).write(4)
OTHERS_LAST = json.loads(OTHERS.export().splitlines()[-1])
LONGER_LAST = json.loads(Desk().write(6).export().splitlines()[-1])
SAME_SIZE_LAST = json.loads(Desk().write(4).export().splitlines()[-1])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put(1, more="x"), "entry-line"),
        (put(1, own_salt="ab"), "entry-line"),
        (put(1, leaf=7), "entry-line"),
        (put(5, more="x"), "export-last-line"),
        (put(5, signature="ab"), "export-last-line"),
        (put(5, checkpoint="x"), "export-checkpoint"),
        (put(5, checkpoint=OTHERS_LAST["checkpoint"]), "export-checkpoint"),
        (put(5, checkpoint=LONGER_LAST["checkpoint"]), "export-size"),
        (put(5, checkpoint=SAME_SIZE_LAST["checkpoint"]), "export-root"),
        (put(5, signature="00" * 3373), "export-signature"),
        (put(5, signature=OTHERS_LAST["signature"]), "export-signature"),
    ],
)
def test_each_part_of_the_end_is_checked(
    change: Callable[[list[dict[str, object]]], None], reason: str
) -> None:
    assert reason == caught(remade(change)).reason


@pytest.mark.parametrize(
    ("members", "error", "reason"),
    [
        ({"v": 1}, UnsupportedVersionError, "unknown-version"),
        ({"format": "x"}, FormatError, "export-manifest"),
        ({"more": ""}, FormatError, "ledger-member-unknown"),
        ({"first": 1}, FormatError, "export-manifest"),
        ({"prev": "ab" * 32}, FormatError, "export-manifest"),
        ({"state": "zz"}, FormatError, "export-manifest"),
        ({"signing_key": "ab"}, FormatError, "ledger-member"),
        ({"ledger_key": "x"}, FormatError, "note-key"),
    ],
)
def test_a_malformed_manifest_is_refused(
    members: dict[str, object], error: type[FormatError], reason: str
) -> None:
    with pytest.raises(error) as found:
        read(remade(put(0, **members)))
    assert reason == found.value.reason


def test_a_file_without_a_manifest_is_refused() -> None:
    for data in (b"", b"{}", b"\n", LINES[1]):
        with pytest.raises(FormatError):
            read(data)


def test_an_export_of_another_realm_is_refused() -> None:
    with pytest.raises(AuditInconsistentError) as found:
        read(EXPORT, realm=OTHER_REALM)
    assert "export-other-realm" == found.value.reason


@pytest.mark.parametrize(
    "forged",
    [
        Desk(key=STRANGE_LEDGER_KEY).write(4).export(sign=STRANGER),
        Desk(key=STRANGE_LEDGER_KEY).write(4).export(),
        Desk().write(4).export(sign=STRANGER),
    ],
    ids=["both keys", "ledger key", "device key"],
)
def test_an_export_rewritten_whole_with_another_key_is_refused(forged: bytes) -> None:
    assert read(forged, known=False).summary.checked_key is False
    assert "export-other-key" == caught(forged).reason


def test_an_export_rewritten_under_the_known_keys_but_signed_by_others_is_refused() -> None:
    forged = Desk(key=STRANGE_LEDGER_KEY).write(4).export(sign=STRANGER).splitlines(keepends=True)
    manifest = json.loads(forged[0])
    genuine = json.loads(LINES[0])
    manifest["ledger_key"], manifest["signing_key"] = genuine["ledger_key"], genuine["signing_key"]
    line = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    assert "export-checkpoint" == caught(line + b"".join(forged[1:])).reason


def test_an_export_extends_a_head_seen_earlier() -> None:
    desk = Desk().write(2)
    seen = read(desk.export()).summary.checkpoint
    desk.write(3)
    assert read(desk.export(), seen=seen).summary.count == 5
    assert read(desk.export(start=2), seen=seen).summary.count == 3


@pytest.mark.parametrize(
    ("count", "reason"), [(2, "ledger-cut"), (4, "merkle-consistency"), (6, "merkle-consistency")]
)
def test_a_ledger_cut_or_written_anew_is_found_by_a_head_seen_earlier(
    count: int, reason: str
) -> None:
    with pytest.raises(AuditInconsistentError) as found:
        read(Desk().write(count).export(), seen=DESK.ledger.head())
    assert reason == found.value.reason


def test_an_export_that_begins_behind_the_head_seen_earlier_proves_nothing() -> None:
    desk = Desk().write(1)
    seen = desk.ledger.head()
    with pytest.raises(AuditInconsistentError) as found:
        read(desk.write(3).export(start=2), seen=seen)
    assert "export-starts-late" == found.value.reason


def test_a_head_of_another_ledger_does_not_count() -> None:
    seen = Desk(origin="ledger.test/other").ledger.head()
    with pytest.raises(AuditInconsistentError) as found:
        read(EXPORT, seen=seen)
    assert "checkpoint-other-log" == found.value.reason


def test_a_damaged_ledger_is_not_exported_as_if_it_were_whole() -> None:
    desk = Desk().write(3)
    rows = list(desk.store.rows(0, 3))
    desk.store._rows = [rows[1], rows[0], rows[2]]
    with pytest.raises(AuditInconsistentError):
        write_export(desk.ledger, io.BytesIO(), sign=SIGNING)


def test_what_the_export_says_of_names_is_in_the_own_part_only() -> None:
    desk = Desk()
    desk.ledger.append(Event(type=EventType.DOC_OPEN, actor="li.wei", counterpart=("m.rossi",)))
    entry = json.loads(desk.export().splitlines()[1])
    own = entry.pop("own")
    assert ("li.wei", ["m.rossi"]) == (own["actor"], own["counterpart"])
    assert "li.wei" not in json.dumps(entry)


def test_the_published_export_still_verifies() -> None:
    """A format that changes without a new version would be seen here."""
    data = (ROOT / "tests" / "vectors" / "audit" / "export.jsonl").read_bytes()
    verified = read(data)
    assert (
        3,
        "4c1115ed896ceb607b2d0db65b8bfa0dc46e6955dc6c718aaab93f92dbc4d992",
        ["admin.start", "gate.decision", "doc.open"],
    ) == (
        verified.summary.count,
        verified.summary.root.hex(),
        [entry.event.type.value for entry in verified.entries],
    )
