from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from hashlib import sha384

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from secure_liaison.errors import FormatError
from secure_liaison.labels import opc
from secure_liaison.labels.opc import Package
from tests.labels.bindings import parts, refusal, unzipped, zipped

MIB = 1024 * 1024
LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"


def reason(document: bytes) -> str:
    return refusal(lambda: Package(document)).reason


def member(
    name: str = "a", data: bytes = b"x", change: Callable[[zipfile.ZipInfo], None] | None = None
) -> bytes:
    """Return a package of one member whose entry was changed before it was written."""
    out = io.BytesIO()
    info = zipfile.ZipInfo(name)
    if change:
        change(info)
    with zipfile.ZipFile(out, "w") as written:
        written.writestr(info, data)
    return out.getvalue()


def patched(document: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Return a document with a field of its first header of a kind overwritten."""
    start = document.index(signature) + offset
    return document[:start] + value + document[start + len(value) :]


def test_parts_are_read_and_hashed() -> None:
    members = parts()
    package = Package(zipped(members))
    assert package.names == tuple(members)
    for name, data in members.items():
        assert package.read(name, max_bytes=len(data)) == data
        assert package.digest(name) == sha384(data).digest()
        assert package.size(name) == len(data)


def test_a_part_larger_than_asked_is_refused() -> None:
    package = Package(zipped({"a": b"four"}))
    assert refusal(lambda: package.read("a", max_bytes=3)).reason == "too-long"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_rewriting_keeps_every_other_part(method: int) -> None:
    members = parts()
    document = zipped(members, method=method)
    written = Package(document).rewritten({"word/document.xml": b"new", "z": b"2", "y": b"1"})
    assert unzipped(written) == {**members, "word/document.xml": b"new", "z": b"2", "y": b"1"}
    assert [*members, "z", "y"] == list(unzipped(written))
    with zipfile.ZipFile(io.BytesIO(written)) as opened:
        kept = opened.infolist()[: len(members)]
        assert {(2026, 11, 1, 12, 0, 0)} == {info.date_time for info in kept}
        assert {method} == {info.compress_type for info in kept}
    assert Package(document).rewritten({}) == Package(Package(document).rewritten({})).rewritten({})


@pytest.mark.parametrize("document", [b"", b"PK", b"%PDF-1.7", b"\xd0\xcf\x11\xe0" + bytes(600)])
def test_what_is_no_package_is_refused(document: bytes) -> None:
    assert reason(document) == "package-not-zip"


def test_too_large_a_document_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    document = zipped({"a": b"x"})
    monkeypatch.setattr(opc, "MAX_PACKAGE_BYTES", len(document) - 1)
    assert reason(document) == "too-long"


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opc, "MAX_MEMBERS", 3)
    assert Package(zipped({f"a{k}": b"" for k in range(3)})).names == ("a0", "a1", "a2")
    assert reason(zipped({f"a{k}": b"" for k in range(4)})) == "package-members"
    monkeypatch.setattr(zipfile, "ZipFile", None)
    many = LOCAL + CENTRAL * 13
    assert reason(many) == "package-members"


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "a/../../evil",
        "/etc/passwd",
        "a//b",
        "./a",
        "a/",
        "a\\b",
        "C:a",
        "a\nb",
        "a\x7fb",
        "通报.xml",
        "a" * 401,
    ],
)
def test_a_name_that_is_no_plain_path_is_refused(name: str) -> None:
    assert reason(zipped({name: b""})) == "package-name"


def test_a_name_cut_by_a_nul_byte_is_refused() -> None:
    document = member("a.xmlXevil")
    assert reason(document.replace(b"a.xmlXevil", b"a.xml\0evil")) == "package-name"


def test_two_members_of_one_name_are_refused() -> None:
    document = zipped({"a": b"1", "b": b"2"})
    for name in (b"a", b"A"):
        assert reason(_renamed(document, name)) == "package-duplicate"


def _renamed(document: bytes, name: bytes) -> bytes:
    """Give the second member, ``b``, another name, in both of its headers."""
    local = document.rindex(LOCAL) + 30
    central = document.rindex(CENTRAL) + 46
    data = bytearray(document)
    data[local : local + 1] = name
    data[central : central + 1] = name
    return bytes(data)


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000])
def test_an_encrypted_member_is_refused(flag: int) -> None:
    assert reason(patched(member(), CENTRAL, 8, struct.pack("<H", flag))) == "package-encrypted"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device_is_refused(kind: int) -> None:
    def change(info: zipfile.ZipInfo) -> None:
        info.external_attr = (kind | 0o644) << 16

    assert reason(member(change=change)) == "package-kind"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_compression_is_refused(method: int) -> None:
    assert reason(zipped({"a": b"x"}, method=method)) == "package-kind"


def test_a_member_that_grows_too_much_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small, bomb = zipped({"a": bytes(MIB)}), zipped({"a": bytes(8 * MIB)})
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    assert Package(small).size("a") == MIB
    assert reason(bomb) == "package-bomb"


def test_members_that_are_too_much_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opc, "MAX_UNPACKED_BYTES", MIB)
    assert reason(zipped({"a": bytes(MIB), "b": b"x"})) == "package-bomb"


def test_a_member_larger_than_announced_is_refused() -> None:
    document = zipped({"a": b"x" * 1000})
    lying = patched(document, CENTRAL, 24, struct.pack("<I", 10))
    assert refusal(lambda: Package(lying).digest("a")).reason == "package-damaged"


def test_a_member_smaller_than_announced_is_refused() -> None:
    document = zipped({"a": b"x" * 1000})
    lying = patched(document, CENTRAL, 24, struct.pack("<I", 1001))
    assert refusal(lambda: Package(lying).digest("a")).reason == "package-damaged"


def test_a_stored_member_of_two_sizes_is_refused() -> None:
    lying = patched(member(), CENTRAL, 24, struct.pack("<I", 2))
    assert reason(lying) == "package-damaged"


def test_a_changed_byte_is_found() -> None:
    document = member(data=b"content")
    changed = document.replace(b"content", b"Content")
    assert refusal(lambda: Package(changed).digest("a")).reason == "package-damaged"


def test_a_local_name_that_differs_is_found() -> None:
    document = member("a.xml")
    changed = document.replace(b"a.xml", b"b.xml", 1)
    assert refusal(lambda: Package(changed).digest("a.xml")).reason == "package-damaged"


def test_bytes_before_between_and_behind_members_are_refused() -> None:
    document = zipped({"a": b"1", "b": b"2"})
    assert reason(b"#!/bin/sh\n" + document) == "package-not-zip"
    assert reason(document + b"x") == "package-extra"
    assert reason(member("x") + document) == "package-extra"
    assert reason(_with_gap(document)) == "package-extra"


def _with_gap(document: bytes) -> bytes:
    """Put bytes between the last member and the directory."""
    start = document.index(CENTRAL)
    end = patched(document, b"PK\x05\x06", 16, struct.pack("<I", start + 5))
    return end[:start] + b"extra" + end[start:]


def test_a_comment_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        written.writestr("a", b"x")
        written.comment = b"hidden"
    assert reason(out.getvalue()) == "package-extra"


def test_members_that_overlap_are_refused() -> None:
    document = zipped({"a": b"1" * 100, "b": b"2" * 100}, method=zipfile.ZIP_STORED)
    second = document.rindex(CENTRAL)
    moved = document[: second + 42] + struct.pack("<I", 0) + document[second + 46 :]
    assert reason(moved) == "package-overlap"
    longer = patched(document, LOCAL, 28, struct.pack("<H", 50))
    assert reason(longer) == "package-overlap"


def test_a_member_that_runs_into_the_directory_is_refused() -> None:
    document = patched(member(), LOCAL, 28, struct.pack("<H", 50))
    assert reason(document) == "package-overlap"


def test_a_member_in_the_directory_is_refused() -> None:
    document = zipped({"a": b"1" * 100, "b": b"2" * 100}, method=zipfile.ZIP_STORED)
    second = document.rindex(CENTRAL)
    place = struct.pack("<I", len(document) - 8)
    assert reason(document[: second + 42] + place + document[second + 46 :]) == "package-overlap"


def test_a_member_written_as_a_stream_is_read() -> None:
    class Stream(io.BytesIO):
        @override
        def seekable(self) -> bool:
            return False

        @override
        def tell(self) -> int:
            raise io.UnsupportedOperation

    stream = Stream()
    with zipfile.ZipFile(stream, "w") as written:
        written.writestr("a", b"content")
        written.writestr("b", b"content")
    assert stream.getvalue().count(b"PK\x07\x08") == 2
    package = Package(stream.getvalue())
    assert package.read("b", max_bytes=10) == b"content"


def test_a_directory_that_cannot_be_read_is_refused() -> None:
    document = member()
    cut = document[: document.index(CENTRAL)] + document[-22:]
    assert reason(cut) == "package-damaged"


def test_an_empty_package_is_refused() -> None:
    out = io.BytesIO()
    zipfile.ZipFile(out, "w").close()
    assert reason(out.getvalue()) == "package-not-zip"


@given(st.data())
def test_a_damaged_package_is_refused_or_read(data: st.DataObject) -> None:
    document = bytearray(zipped({"a.xml": b"content" * 9, "b/c": b"x"}))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(document) - 1))
        document[place] = data.draw(st.integers(0, 255))
    try:
        package = Package(bytes(document))
        for name in package.names:
            package.digest(name)
    except FormatError:
        pass


def test_a_zip_file_lists_a_part_whatever_its_case_and_soundness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound = zipped({"[content_types].XML": b"x", "a": b"y"})
    assert opc.lists_part(sound, "[Content_Types].xml")
    assert opc.lists_part(sound + b"tail", "[Content_Types].xml")
    assert not opc.lists_part(sound, "b")
    # Where the list cannot be read, the name anywhere in the file counts.
    assert opc.lists_part(b"PK\x03\x04[Content_Types].xml", "[Content_Types].xml")
    assert not opc.lists_part(b"PK\x03\x04 nothing", "[Content_Types].xml")
    monkeypatch.setattr(opc, "MAX_MEMBERS", 0)
    assert opc.lists_part(zipped({"a.xml": b"x"}), "a.xml")
    assert not opc.lists_part(zipped({"a.xml": b"x"}), "b.xml")
