"""A passphrase comes from a file, a descriptor or the terminal, and never shows."""

from __future__ import annotations

import getpass
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typing_extensions import override

from secure_liaison.cli.passphrases import PassphraseSource, obtain
from secure_liaison.cli.surface import Surface
from secure_liaison.errors import OutOfOrderError
from secure_liaison.i18n import Language

SURFACE = Surface(Language.EN)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let a person at the terminal give these answers; returns the questions asked."""

    class Terminal(io.StringIO):
        @override
        def isatty(self) -> bool:
            return True

    def give(*texts: str) -> list[str]:
        waiting, asked = list(texts), list[str]()

        def ask(question: str) -> str:
            asked.append(question)
            return waiting.pop(0)

        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr(getpass, "getpass", ask)
        return asked

    return give


def secret_file(path: Path, octets: bytes) -> PassphraseSource:
    path.write_bytes(octets)
    path.chmod(0o600)
    return PassphraseSource(file=path)


@pytest.mark.parametrize(
    "octets", [b"five words", b"five words\n", b"five words\r\n", b"five words\nsecond line\n"]
)
def test_the_first_line_of_the_file_counts(tmp_path: Path, octets: bytes) -> None:
    source = secret_file(tmp_path / "secret", octets)
    assert "five words" == obtain(SURFACE, source, prompt="p")


def test_spaces_at_the_ends_belong_to_it(tmp_path: Path) -> None:
    source = secret_file(tmp_path / "secret", b" five words \n")
    assert " five words " == obtain(SURFACE, source, prompt="p")


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    source = secret_file(tmp_path / "secret", b"five words")
    (tmp_path / "secret").chmod(0o640)
    with pytest.raises(OutOfOrderError, match="passphrase-file-open"):
        obtain(SURFACE, source, prompt="p")


def test_a_missing_file_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        obtain(SURFACE, PassphraseSource(file=tmp_path / "none"), prompt="p")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutOfOrderError, match="passphrase-not-text"):
        obtain(SURFACE, secret_file(tmp_path / "secret", b"\xff\x00"), prompt="p")


def test_a_descriptor_is_read_to_its_first_line() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"five words\n")
    os.close(writer)
    try:
        assert "five words" == obtain(SURFACE, PassphraseSource(descriptor=reader), prompt="p")
    finally:
        os.close(reader)


@pytest.mark.parametrize("descriptor", [-1, 4000, 2**40])
def test_a_descriptor_that_is_not_open_is_refused(descriptor: int) -> None:
    with pytest.raises(OutOfOrderError, match="passphrase-descriptor"):
        obtain(SURFACE, PassphraseSource(descriptor=descriptor), prompt="p")


def test_the_terminal_is_asked_once(answers: Callable[..., list[str]]) -> None:
    asked = answers("five words")
    assert "five words" == obtain(SURFACE, PassphraseSource(), prompt="the desk")
    assert ["the desk: "] == asked


def test_a_new_one_is_asked_twice(answers: Callable[..., list[str]]) -> None:
    asked = answers("five words", "five words")
    assert "five words" == obtain(SURFACE, PassphraseSource(), prompt="new", new=True)
    assert ["new: ", "the same again: "] == asked


def test_two_that_differ_are_refused(answers: Callable[..., list[str]]) -> None:
    answers("five words", "five wrods")
    with pytest.raises(OutOfOrderError, match="passphrase-differs"):
        obtain(SURFACE, PassphraseSource(), prompt="new", new=True)


def test_a_short_new_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutOfOrderError, match="passphrase-short"):
        obtain(SURFACE, secret_file(tmp_path / "secret", b"1234567"), prompt="new", new=True)


def test_a_short_old_one_is_tried(tmp_path: Path) -> None:
    assert "1234567" == obtain(SURFACE, secret_file(tmp_path / "s", b"1234567"), prompt="p")


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("five words\n"))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with pytest.raises(OutOfOrderError, match="passphrase-missing"):
        obtain(SURFACE, PassphraseSource(), prompt="p")
