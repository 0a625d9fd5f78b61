"""The demonstration's attachments open in ordinary programs and say that they are an exercise."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET  # reads what this test made itself

import pytest

from secure_liaison.cli.exhibits import LARGE_SIZE_BYTES, make_exhibits

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
MIB = 2**20


@pytest.fixture(scope="module")
def exhibits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return make_exhibits(tmp_path_factory.mktemp("exhibits"), large_size_bytes=3 * MIB + 5)


def test_there_are_four_of_different_kinds(exhibits: tuple[Path, ...]) -> None:
    assert [".pdf", ".docx", ".png", ".bin"] == [path.suffix for path in exhibits]
    assert set(exhibits) == set(exhibits[0].parent.iterdir())


# --- the PDF ----------------------------------------------------------------------------------


def test_the_pdf_begins_and_ends_as_one(exhibits: tuple[Path, ...]) -> None:
    octets = exhibits[0].read_bytes()
    assert octets.startswith(b"%PDF-1.4\n")
    assert octets.endswith(b"%%EOF\n")


def test_the_cross_references_of_the_pdf_point_at_its_objects(exhibits: tuple[Path, ...]) -> None:
    octets = exhibits[0].read_bytes()
    start = int(octets.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    table = octets[start:].split(b"trailer")[0].splitlines()
    assert [b"xref", b"0 7", b"0000000000 65535 f "] == table[:3]
    assert {20} == {len(line) + 1 for line in table[2:]}
    for number, line in enumerate(table[3:], start=1):
        place = int(line[:10])
        assert octets[place:].startswith(b"%d 0 obj\n" % number)


def test_the_pdf_has_one_page_whose_stream_is_as_long_as_it_says(
    exhibits: tuple[Path, ...],
) -> None:
    octets = exhibits[0].read_bytes()
    found = re.search(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", octets, re.DOTALL)
    assert found is not None
    assert int(found[1]) == len(found[2])
    assert b"/Count 1" in octets
    assert b"(EXERCISE - EXERCISE - EXERCISE) Tj" in found[2]


def test_the_references_inside_the_pdf_name_objects_that_are_there(
    exhibits: tuple[Path, ...],
) -> None:
    octets = exhibits[0].read_bytes()
    named = {int(number) for number in re.findall(rb"(\d+) 0 R", octets)}
    there = {int(number) for number in re.findall(rb"(\d+) 0 obj", octets)}
    assert named <= there


def parsed(package: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(package.read(name))  # noqa: S314  # made by this test


# --- the DOCX ---------------------------------------------------------------------------------


def test_the_docx_is_a_whole_package(exhibits: tuple[Path, ...]) -> None:
    with zipfile.ZipFile(exhibits[1]) as package:
        assert package.testzip() is None
        assert ["[Content_Types].xml", "_rels/.rels", "word/document.xml"] == package.namelist()


def test_the_docx_names_its_main_part_and_its_type(exhibits: tuple[Path, ...]) -> None:
    with zipfile.ZipFile(exhibits[1]) as package:
        relation = parsed(package, "_rels/.rels").find(f"{PACKAGE}Relationship")
        types = parsed(package, "[Content_Types].xml")
    assert relation is not None
    target = relation.get("Target")
    assert "word/document.xml" == target
    (override,) = types.findall(f"{TYPES}Override")
    assert f"/{target}" == override.get("PartName")
    assert str(override.get("ContentType")).endswith("wordprocessingml.document.main+xml")


def test_the_docx_says_that_it_is_an_exercise(exhibits: tuple[Path, ...]) -> None:
    with zipfile.ZipFile(exhibits[1]) as package:
        document = parsed(package, "word/document.xml")
    lines = [
        "".join(text.text or "" for text in paragraph.iter(f"{WORD}t"))
        for paragraph in document.iter(f"{WORD}p")
    ]
    assert ["演练 EXERCISE", "通报第17号附件二"] == lines[:2]


# --- the picture ------------------------------------------------------------------------------


def chunks(octets: bytes) -> list[tuple[bytes, bytes]]:
    """Return a PNG's chunks, each sum checked."""
    assert octets.startswith(b"\x89PNG\r\n\x1a\n")
    found, place = [], 8
    while place < len(octets):
        (size,) = struct.unpack_from(">I", octets, place)
        kind, body = octets[place + 4 : place + 8], octets[place + 8 : place + 8 + size]
        (total,) = struct.unpack_from(">I", octets, place + 8 + size)
        assert zlib.crc32(kind + body) == total
        found.append((kind, body))
        place += 12 + size
    return found


def test_the_picture_decodes_to_its_size(exhibits: tuple[Path, ...]) -> None:
    found = chunks(exhibits[2].read_bytes())
    assert [b"IHDR", b"IDAT", b"IEND"] == [kind for kind, _ in found]
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", found[0][1])
    assert (320, 200, 8, 2, [0, 0, 0]) == (width, height, depth, colour, rest)
    pixels = zlib.decompress(found[1][1])
    stride = 1 + 3 * width
    assert stride * height == len(pixels)
    assert {0} == set(pixels[::stride])


def test_the_picture_shows_three_colours(exhibits: tuple[Path, ...]) -> None:
    pixels = zlib.decompress(chunks(exhibits[2].read_bytes())[1][1])
    row = pixels[1 : 1 + 3 * 320]
    assert 3 == len({row[place : place + 3] for place in range(0, len(row), 3)})


# --- the large file ---------------------------------------------------------------------------


def test_the_large_file_has_the_size_asked_for_and_cannot_be_compressed(
    exhibits: tuple[Path, ...],
) -> None:
    octets = exhibits[3].read_bytes()
    assert 3 * MIB + 5 == len(octets)
    assert len(zlib.compress(octets, 1)) > len(octets) * 99 // 100


def test_the_large_file_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    make_exhibits(tmp_path, large_size_bytes=2 * MIB + 1, progress=lambda *step: told.append(step))
    size = 2 * MIB + 1
    assert [(MIB, size), (2 * MIB, size), (size, size)] == told


def test_the_demonstration_uses_at_least_200_mebibytes() -> None:
    assert 200 * MIB <= LARGE_SIZE_BYTES


def test_none_bears_the_mark_that_the_law_reserves(exhibits: tuple[Path, ...]) -> None:
    with zipfile.ZipFile(exhibits[1]) as package:
        texts = [exhibits[0].read_bytes(), package.read("word/document.xml")]
    for octets in (*texts, *(path.name.encode() for path in exhibits)):
        assert "★".encode() not in octets
