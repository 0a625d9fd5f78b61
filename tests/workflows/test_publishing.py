"""Where the parts go: harmless names in one folder, or a short text on the screen."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.capsule.head import PartEntry
from secure_liaison.capsule.receipt import MEDIA_TYPE
from secure_liaison.errors import LiaisonError, OutOfOrderError, VaultError
from secure_liaison.vault.bodies import export_part
from secure_liaison.workflows import correspondence, publishing
from secure_liaison.workflows.publishing import TEXT_TYPE, FolderSink, MemorySink
from tests.attacks.world import SENDER, Scene, whys
from tests.workflows.desks import READER, forge, label_of, plant

MIB = 2**20
UGLY = (
    "../../escape.txt",
    "/etc/cron.d/escape",
    "C:\\Windows\\escape.exe",
    "..",
    ".bashrc",
    "-rf",
    "con.txt",
    "a\\..\\..\\b",
    "/",
    "same.txt",
    "same.txt",
    "mine.txt",
    "x" * 255,
)


def part(
    name: str = "a.bin", media_type: str = "application/octet-stream", size: int = 0
) -> PartEntry:
    return PartEntry(name=name, media_type=media_type, size=size)


# --- a folder ---------------------------------------------------------------------------------


def test_ugly_names_of_a_hostile_sender_stay_in_the_folder(scene: Scene, tmp_path: Path) -> None:
    genuine, desk = scene.send(), scene.desk(READER)
    parts = tuple((name, "application/pdf", name.encode()) for name in UGLY)
    forged = forge(scene.desk(SENDER), desk, label_of(scene, genuine), parts=parts)
    digest = plant(scene, desk, forged)
    correspondence.collect(desk)
    folder = tmp_path / "out" / "here"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("mine")
    sink = FolderSink(folder)
    correspondence.read(desk, digest.hex(), sink)
    assert {folder} == {path.parent.resolve() for path in sink.paths}
    assert [name.encode() for name in UGLY] == [path.read_bytes() for path in sink.paths]
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in sink.paths}
    assert "mine" == (folder / "mine.txt").read_text()
    assert {*sink.paths, folder / "mine.txt"} == set(folder.iterdir())
    assert [folder] == list((tmp_path / "out").iterdir())
    assert not any(path.name.startswith((".", "-")) for path in sink.paths)


def test_nothing_has_a_name_before_everything_was_checked(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path)
    sink.begin(part("a.bin"))
    sink.write(b"one")
    assert not (tmp_path / "a.bin").exists()
    sink.commit()
    assert (tmp_path / "a.bin",) == sink.paths
    assert b"one" == (tmp_path / "a.bin").read_bytes()


def test_giving_up_leaves_nothing(tmp_path: Path) -> None:
    sink = FolderSink(tmp_path)
    for name in ("a.bin", "b.bin"):
        sink.begin(part(name))
        sink.write(b"half")
    sink.abort()
    assert [] == list(tmp_path.iterdir())
    assert () == sink.paths


def test_a_disk_that_fills_at_the_last_part_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def full_at_last(folder: Path, name: str) -> Path:
        if name == "b.bin":
            raise VaultError("disk-full")
        return export_part(folder, name)

    monkeypatch.setattr(publishing, "export_part", full_at_last)
    sink = FolderSink(tmp_path)
    for name in ("a.bin", "b.bin"):
        sink.begin(part(name))
    with pytest.raises(VaultError, match="disk-full"):
        sink.commit()
    assert [] == list(tmp_path.iterdir())
    assert () == sink.paths


def test_a_folder_that_does_not_exist_is_an_error_and_written_down(
    scene: Scene, tmp_path: Path
) -> None:
    digest, desk = scene.send(), scene.desk(READER)
    correspondence.collect(desk)
    with pytest.raises(VaultError):
        correspondence.read(desk, digest.hex(), FolderSink(tmp_path / "nowhere"))
    assert [("vault", "disk")] == whys(desk, EventType.DOC_OPEN)


# --- the screen -------------------------------------------------------------------------------


def test_texts_and_receipts_are_kept_and_other_parts_pass_by() -> None:
    sink = MemorySink()
    for media_type in (TEXT_TYPE, "application/pdf", MEDIA_TYPE):
        sink.begin(part(media_type=media_type, size=3))
        sink.write(b"on")
        sink.write(b"e")
    assert () == sink.parts
    sink.commit()
    assert [(TEXT_TYPE, b"one"), (MEDIA_TYPE, b"one")] == [*sink.parts]


def test_a_text_of_a_mebibyte_is_shown_and_a_longer_one_is_not() -> None:
    sink = MemorySink()
    sink.begin(part(media_type=TEXT_TYPE, size=MIB))
    with pytest.raises(OutOfOrderError, match="text-too-long"):
        sink.begin(part(media_type=TEXT_TYPE, size=MIB + 1))


def test_another_part_may_be_of_any_size() -> None:
    sink = MemorySink()
    sink.begin(part(size=2**40))
    sink.write(b"one")
    sink.commit()
    assert () == sink.parts


def test_what_is_given_up_is_forgotten() -> None:
    sink = MemorySink()
    sink.begin(part(media_type=TEXT_TYPE, size=3))
    sink.write(b"one")
    sink.abort()
    sink.commit()
    assert () == sink.parts


def test_a_text_too_long_for_the_screen_is_refused_and_can_still_be_saved(
    scene: Scene, tmp_path: Path
) -> None:
    genuine, desk = scene.send(), scene.desk(READER)
    long = b"x" * (MIB + 1)
    forged = forge(
        scene.desk(SENDER), desk, label_of(scene, genuine), parts=(("t.txt", TEXT_TYPE, long),)
    )
    digest = plant(scene, desk, forged)
    correspondence.collect(desk)
    with pytest.raises(LiaisonError, match="text-too-long"):
        correspondence.read(desk, digest.hex(), MemorySink())
    assert [("workflow.order", "text-too-long")] == whys(desk, EventType.DOC_OPEN)
    sink = FolderSink(tmp_path)
    correspondence.read(desk, digest.hex(), sink)
    assert [long] == [path.read_bytes() for path in sink.paths]
