"""`keys/` holds public anchors and its README; anything that looks private is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

ALLOWED_ENDINGS = {".anchor"}
PRIVATE_WORDS = (
    b"PRIVATE KEY",
    b"SECRET KEY",
    b"AGE-SECRET-KEY",
    b"SQLite format 3",
    b"passphrase",
)
LARGEST_ANCHOR_BYTES = 64 * 1024


def refused(folder: Path) -> list[str]:
    """Return why each file of ``folder`` may not lie there; an empty list is good."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name == "README.md":
            continue
        if path.is_symlink() or path.suffix not in ALLOWED_ENDINGS:
            found.append(f"{name}: not an anchor file")
        elif path.stat().st_size > LARGEST_ANCHOR_BYTES:
            found.append(f"{name}: too large for an anchor")
        elif any(word.lower() in path.read_bytes().lower() for word in PRIVATE_WORDS):
            found.append(f"{name}: looks private")
    return found


def test_the_keys_folder_is_public() -> None:
    assert refused(ROOT / "keys") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("root.key", b"\x00" * 32),
        ("root.pem", b"-----BEGIN PUBLIC KEY-----"),
        ("root.anchor", b"-----BEGIN PRIVATE KEY-----"),
        ("vault.anchor", b"SQLite format 3\x00"),
        ("big.anchor", b"\x00" * (LARGEST_ANCHOR_BYTES + 1)),
        ("noending", b""),
        ("inner/README.md", b"a second page"),
    ],
)
def test_a_private_or_foreign_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    assert len(refused(tmp_path)) == 1


def test_a_public_anchor_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "ministry.anchor").write_bytes(b"\xa3\x01\x02\x03")
    assert refused(tmp_path) == []
