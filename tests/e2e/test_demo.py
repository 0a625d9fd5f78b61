"""The demonstration, whole: a real relay process, real vaults, real refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from secure_liaison.cli.demo import run_demo
from secure_liaison.cli.surface import Surface
from secure_liaison.errors import OutOfOrderError
from secure_liaison.i18n import Language

LARGE_MIB = 3


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One run whose files are kept, and what it told."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    told: list[dict[str, Any]] = []

    class Recording(Surface):
        """Keeps the result instead of printing it."""

        @override
        def result(self, data: dict[str, Any], *_lines: str) -> None:
            told.append(data)

    run_demo(Recording(Language.EN, as_json=True), keep=folder, large_mib=LARGE_MIB)
    return folder, told[0]


def test_two_recipients_one_of_them_below_the_level_are_refused_as_a_whole(
    kept: tuple[Path, dict[str, Any]],
) -> None:
    refusal = kept[1]["send_refused"]
    assert ["CLEARANCE_BELOW_LABEL"] == [reason["code"] for reason in refusal["reasons"]]
    (reason,) = refusal["reasons"]
    assert "m.rossi@EMB-B" == reason["subject"]
    assert reason["have"]
    assert reason["need"]
    assert reason["rule"].endswith("@cn.state-secrets@2024-09-01")
    assert reason["fixable_by"]
    assert reason["instead"]
    assert reason["zh"] != reason["en"]


def test_the_sender_sees_sent_fetched_acknowledged(
    kept: tuple[Path, dict[str, Any]],
) -> None:
    assert ["sent", "fetched", "acknowledged"] == kept[1]["states"]


def test_the_attachments_come_out_identical(kept: tuple[Path, dict[str, Any]]) -> None:
    folder, told = kept
    assert 4 == told["identical"]
    for file in (folder / "files").iterdir():
        assert file.read_bytes() == (folder / "opened" / file.name).read_bytes()


def test_the_banner_is_that_of_an_exercise_without_the_star(
    kept: tuple[Path, dict[str, Any]],
) -> None:
    banner = kept[1]["banner"]
    assert banner.startswith("演练 EXERCISE · 机密 10年")
    assert "★" not in banner


def test_a_withdrawn_clearance_refuses_the_next_opening(
    kept: tuple[Path, dict[str, Any]],
) -> None:
    reasons = kept[1]["read_refused"]["reasons"]
    assert ["CLEARANCE_WITHDRAWN"] == [reason["code"] for reason in reasons]


def test_an_outsider_is_told_nothing(kept: tuple[Path, dict[str, Any]]) -> None:
    refusal = kept[1]["outsider_refused"]
    assert "not-found-or-not-permitted" == refusal["reason"]
    assert [] == refusal["reasons"]


def test_the_security_officers_see_who_read_and_who_was_refused(
    kept: tuple[Path, dict[str, Any]],
) -> None:
    assert ["j.okafor"] == kept[1]["reads"]
    assert 3 == len(kept[1]["refusals"])


def test_a_flipped_byte_is_found_in_the_entry_where_it_was_flipped(
    kept: tuple[Path, dict[str, Any]],
) -> None:
    tampered = kept[1]["tampered"]
    assert tampered["flipped"] == tampered["index"]


def test_the_relay_saw_no_name_level_or_subject(kept: tuple[Path, dict[str, Any]]) -> None:
    folder, told = kept
    seen = json.dumps(told["relay_saw"], ensure_ascii=False)
    logged = (folder / "relay.log").read_text()
    held = b"".join(path.read_bytes() for path in (folder / "relay").rglob("*") if path.is_file())
    for word in ("li.wei", "okafor", "rossi", "机密", "jimi", "通报", "Bulletin", "annex"):
        assert word not in seen
        assert word not in logged
        assert word.encode() not in held


def test_nothing_is_left_running(kept: tuple[Path, dict[str, Any]]) -> None:
    """The relay's own log ends with its end, and nobody holds its port."""
    folder, _ = kept
    port = (folder / "relay.port").read_text().strip()
    listening = [
        line
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()
        if f":{int(port):04X} " in line and " 0A " in line
    ]
    assert [] == listening


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(OutOfOrderError, match="folder-exists"):
        run_demo(Surface(Language.ZH), keep=tmp_path)
    assert "mine" == (tmp_path / "mine").read_text()
