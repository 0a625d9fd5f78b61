"""Bodies appear complete or not at all, and names of attachments are never paths."""

from __future__ import annotations

import errno
import os
import unicodedata
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secure_liaison.errors import VaultDamagedError, VaultError
from secure_liaison.vault import folder as files
from secure_liaison.vault.bodies import BodyStore, export_part, harmless_name
from secure_liaison.vault.folder import PartialFile


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "bodies"
    place.mkdir()
    return place


def published(store: BodyStore, octets: bytes) -> str:
    with store.new() as writer:
        writer.stream.write(octets)
        return writer.publish()


def test_a_published_body_reads_back(place: Path) -> None:
    store = BodyStore(place)
    name = published(store, b"sealed" * 10_000)
    with store.open(name) as stream:
        assert stream.read() == b"sealed" * 10_000
    assert store.path(name).stat().st_mode & 0o777 == 0o600


def test_a_body_is_named_by_chance(place: Path) -> None:
    store = BodyStore(place)
    names = {published(store, b"the same") for _ in range(20)}
    assert len(names) == 20
    assert {len(name) for name in names} == {32}


def test_nothing_is_there_under_its_name_before_it_is_published(place: Path) -> None:
    with BodyStore(place).new() as writer:
        writer.stream.write(b"half")
        assert [path.name[0] for path in place.iterdir()] == ["."]
    assert list(place.iterdir()) == []


def test_what_was_written_can_be_read_back_before_it_is_published(place: Path) -> None:
    with BodyStore(place).new() as writer:
        writer.stream.write(b"sealed")
        writer.stream.seek(0)
        assert writer.stream.read() == b"sealed"


def test_an_error_while_writing_removes_the_file(place: Path) -> None:
    def fail() -> NoReturn:
        with BodyStore(place).new() as writer:
            writer.stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(place.iterdir()) == []


def test_aborting_after_publishing_changes_nothing(place: Path) -> None:
    store = BodyStore(place)
    writer = store.new()
    writer.stream.write(b"sealed")
    name = writer.publish()
    writer.abort()
    assert store.path(name).read_bytes() == b"sealed"


def test_a_full_disk_is_told_while_writing_and_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/full takes the place of the file: a real write that really fails."""

    def write_much() -> None:
        with BodyStore(place).new() as writer:
            writer.stream.write(bytes(10_000_000))

    real_open = os.open

    def open_full(path: str, flags: int, mode: int = 0o777) -> int:
        os.close(real_open(path, flags, mode))
        return real_open("/dev/full", os.O_RDWR)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", open_full)
        with pytest.raises(VaultError, match="disk-full"):
            write_much()
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.EDQUOT, "disk-full"), (errno.EACCES, "no-access"), (errno.EIO, "disk")],
)
def test_a_failed_synchronisation_publishes_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: str
) -> None:
    def fail(_: int) -> NoReturn:
        raise OSError(number, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(VaultError, match=f": {expected}$"):
            published(BodyStore(place), b"sealed")
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["", "../vault.db", "/etc/passwd", "A" * 32, "0" * 31, "0" * 33, "0" * 32 + "\n"]
)
def test_only_the_name_of_a_body_leads_to_a_file(place: Path, name: str) -> None:
    store = BodyStore(place)
    for use in (store.path, store.open, store.remove):
        with pytest.raises(ValueError, match="name of a body"):
            use(name)


def test_a_missing_body_is_damage(place: Path) -> None:
    with pytest.raises(VaultDamagedError, match="body-missing"):
        BodyStore(place).open("0" * 32)


def test_a_link_in_place_of_a_body_is_not_followed(place: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"other")
    (place / ("0" * 32)).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VaultError, match="disk"):
        BodyStore(place).open("0" * 32)


def test_removing_twice_is_removing_once(place: Path) -> None:
    store = BodyStore(place)
    name = published(store, b"sealed")
    store.remove(name)
    store.remove(name)
    assert list(place.iterdir()) == []


def test_a_sweep_keeps_what_is_known_and_what_it_did_not_make(place: Path) -> None:
    store = BodyStore(place)
    known, _orphan = published(store, b"known"), published(store, b"orphan")
    store.new().stream.close()  # as a killed process leaves it
    (place / "read me.txt").write_text("not ours")
    assert store.sweep({known}) == 2
    assert {path.name for path in place.iterdir()} == {known, "read me.txt"}


# --------------------------------------------------------------------- attachments' names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("通报.pdf", "通报.pdf"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\system32\\cmd.exe", "cmd.exe"),
        ("..\\..\\autoexec.bat", "autoexec.bat"),
        ("C:notes.txt", "C_notes.txt"),
        ("report.txt:hidden", "report.txt_hidden"),
        ("a／b＼c.txt", "c.txt"),
        ("", "attachment"),
        (".", "attachment"),
        ("..", "attachment"),
        ("folder/", "attachment"),
        (" . . ", "attachment"),
        ("\x00\x1b\u202e", "attachment"),
        (".bashrc", "bashrc"),
        ("...hidden.txt", "hidden.txt"),
        ("line\nbreak\r.txt", "linebreak.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u2066b\u2069\u200b\ufeff.txt", "ab.txt"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("Aux .tar.gz", "_Aux .tar.gz"),
        ("LPT1.pdf", "_LPT1.pdf"),
        ("COM².txt", "_COM².txt"),
        ("console.txt", "console.txt"),
        ("-rf", "_-rf"),
        ("trailing. . ", "trailing"),
        ('what?*<>|".txt', "what_____.txt".replace("_____", "______")),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
        ("x" * 300 + ".docx", "x" * 115 + ".docx"),
        ("密" * 300 + ".docx", "密" * 78 + ".docx"),
        ("a." + "b" * 300, "a." + "b" * 118),
        ("x" * 115 + " y.txt", "x" * 115 + ".txt"),
    ],
)
def test_a_name_becomes_harmless(name: str, expected: str) -> None:
    assert harmless_name(name) == expected


UGLY = st.text(
    st.one_of(
        st.sampled_from(
            "./\\: \t\n\r\x00~-_%$*?<>|\"'\u202e\u2066\u200d\uff0f\u2215\u3000e\u0301密"
        ),
        st.characters(codec=None),
    ),
    max_size=200,
) | st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            ["..", "/", "\\", ".", "con", "NUL", "lpt1", "C:", "etc", " ", "a" * 90, ".pdf"]
        ),
        max_size=12,
    ),
)


@given(UGLY)
@example("con\u200b.txt")
@example("a" * 119 + "/..")
@example("CON." + "0" * 97 + ".." + "0" * 21)
def test_no_name_is_more_than_one_plain_name(name: str) -> None:
    plain = harmless_name(name)
    assert harmless_name(plain) == plain
    assert 1 <= len(plain) <= 120
    assert len(plain.encode()) <= 240
    assert Path(plain).name == plain
    assert plain[0] not in ".- "
    assert plain[-1] not in ". "
    assert not set(plain) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(sign)[0] == "C" for sign in plain)
    assert plain.partition(".")[0].strip().lower() not in {"con", "prn", "aux", "nul", "lpt1"}


@given(UGLY)
def test_no_name_leads_out_of_the_folder(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    outer = tmp_path_factory.mktemp("outer")
    target = outer / "chosen"
    target.mkdir()
    first, second = export_part(target, name), export_part(target, name)
    assert first.parent == second.parent == target
    assert {path.name for path in outer.iterdir()} == {"chosen"}
    assert sorted(target.iterdir()) == sorted([first, second])
    assert {path.stat().st_mode & 0o777 for path in (first, second)} == {0o600}


def test_an_export_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "note.tar.gz").write_bytes(b"mine")
    (tmp_path / "note.tar (2).gz").symlink_to(tmp_path / "elsewhere")
    path = export_part(tmp_path, "note.tar.gz")
    assert path == tmp_path / "note.tar (3).gz"
    assert (tmp_path / "note.tar.gz").read_bytes() == b"mine"
    assert not (tmp_path / "elsewhere").exists()


def test_an_export_shows_its_content_only_when_published(tmp_path: Path) -> None:
    path = export_part(tmp_path, "note.txt")
    with PartialFile(tmp_path) as partial:
        partial.stream.write(b"the content")
        assert path.read_bytes() == b""
        partial.publish(path)
    assert path.read_bytes() == b"the content"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_full_of_one_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MOST_COPIES", 2)
    for _ in range(2):
        export_part(tmp_path, "note.txt")
    with pytest.raises(VaultError, match="no-free-name"):
        export_part(tmp_path, "note.txt")


def test_a_missing_target_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="disk"):
        export_part(tmp_path / "nowhere", "note.txt")
