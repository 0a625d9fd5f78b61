"""Labels bound with commands: inside documents, in both places, and by others' software."""

from __future__ import annotations

from pathlib import Path

import pytest

from secure_liaison.clock import Instant
from secure_liaison.labels.label import Successor, encode_label
from secure_liaison.labels.label4774 import EXTENSION_NAMESPACE
from secure_liaison.labels.ooxml import embed_ooxml
from secure_liaison.labels.sidecar import bind_detached, content_digest
from secure_liaison.labels.stanag4774 import write_back
from secure_liaison.labels.stanag4774_xml import label_element, write_label_xml
from tests.cli.running import done, run
from tests.labels import bindings
from tests.labels.pack4774 import CREATED, NATO_HOME, PACK, label, nato_file
from tests.labels.samples import as_bytes, jimi

DOCUMENT = bindings.zipped(bindings.parts())
SECRET = write_back(label([NATO_HOME]), PACK).label
SIGNATURE = b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">x</ds:Signature>'
CONTAINER = b"<mb:MetadataBindingContainer>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pack.json").write_bytes(as_bytes(nato_file()))
    (tmp_path / "label.xml").write_bytes(write_label_xml(SECRET))
    (tmp_path / "a.docx").write_bytes(DOCUMENT)
    return tmp_path


def bind(folder: Path, name: str, *more: str | Path) -> list[str | Path]:
    return [
        *("label", "bind", folder / name, "--label", folder / "label.xml"),
        *("--pack", folder / "pack.json", *more),
    ]


def verify(path: Path, *more: str | Path) -> list[str | Path]:
    return ["label", "verify", path, "--pack", path.with_name("pack.json"), *more]


def reason(*arguments: str | Path) -> tuple[int, str]:
    ran = run(*arguments, "--json")
    return ran.code, ran.data["error"]["reason"]


def test_a_label_goes_inside_a_copy_and_is_found_there(folder: Path) -> None:
    copy = folder / "copy.docx"
    told = done(*bind(folder, "a.docx", "--inside", "--out", copy))
    assert ("inside", str(copy), False) == (told["place"], told["binding"], told["signed"])
    assert DOCUMENT == (folder / "a.docx").read_bytes()
    found = done(*verify(copy))
    assert ("inside", "secret", True) == (found["place"], found["level"], found["native"])
    assert told["marks"] == found["marks"]
    spoken = run(*verify(copy, "--lang", "en"))
    assert "copy.docx fits the binding inside of it" in spoken.out
    assert (
        "label put inside a copy of"
        in run(*bind(folder, "a.docx", "--inside", "--out", folder / "b.docx", "--lang", "en")).out
    )


def test_a_document_changed_after_binding_is_refused(folder: Path) -> None:
    labelled = embed_ooxml(DOCUMENT, label=label_element(SECRET))
    path = folder / "b.docx"
    path.write_bytes(bindings.changed(labelled, **{bindings.MAIN: b"<other/>"}))
    assert (4, "ooxml-part-changed") == reason(*verify(path))


def test_a_document_without_a_label_is_refused(folder: Path) -> None:
    assert (4, "ooxml-no-binding") == reason(*verify(folder / "a.docx"))


def test_a_binding_beside_a_document_without_a_label_counts(folder: Path) -> None:
    assert "beside" == done(*bind(folder, "a.docx"))["place"]
    assert "beside" == done(*verify(folder / "a.docx"))["place"]


@pytest.mark.parametrize("is_stale", [False, True])
def test_a_label_in_both_places_is_not_guessed_about(folder: Path, *, is_stale: bool) -> None:
    path = folder / "b.docx"
    labelled = embed_ooxml(DOCUMENT, label=label_element(SECRET))
    if is_stale:
        labelled = bindings.changed(labelled, **{bindings.MAIN: b"<other/>"})
    path.write_bytes(labelled)
    done(*bind(folder, "b.docx"))
    assert (2, "binding-which") == reason(*verify(path))
    beside = Path(f"{path}.bdo")
    assert "beside" == done(*verify(path, "--binding", beside))["place"]
    if not is_stale:
        assert "inside" == done(*verify(path, "--inside"))["place"]


def test_a_broken_binding_inside_is_not_passed_over(folder: Path) -> None:
    path = folder / "b.docx"
    labelled = embed_ooxml(DOCUMENT, label=label_element(SECRET))
    part = bindings.unzipped(labelled)[bindings.BINDING_PART]
    path.write_bytes(bindings.changed(labelled, **{bindings.BINDING_PART: part[:-9]}))
    done(*bind(folder, "b.docx"))
    assert (2, "binding-which") == reason(*verify(path))


def test_a_native_label_is_bound_as_4774_and_what_it_loses_is_told(tmp_path: Path) -> None:
    (tmp_path / "label.xml").write_bytes(encode_label(jimi()))
    (tmp_path / "a.xml").write_bytes(b"<a/>")
    command: list[str | Path]
    command = ["label", "bind", tmp_path / "a.xml", "--label", tmp_path / "label.xml"]
    assert (4, "label4774-audience") == reason(*command, "--review", "2027-03-01")
    assert not (tmp_path / "a.xml.bdo").exists()
    ran = run(*command, "--review", "2027-03-01", "--unsayable", "carry", "--lang", "en")
    assert 0 == ran.code
    assert "carried beside the label, for this product only: the period" in ran.err
    found = done("label", "verify", tmp_path / "a.xml")
    assert "机密★10年" == found["marks"]["zh"]


def test_a_label_of_the_metadata_is_not_bound(folder: Path) -> None:
    octets = write_label_xml(SECRET).replace(b"originatorConf", b"metadataConf")
    (folder / "label.xml").write_bytes(octets)
    code, _ = reason(*bind(folder, "a.docx"))
    assert 4 == code
    assert not (folder / "a.docx.bdo").exists()


def test_readings_of_partners_are_told(folder: Path) -> None:
    binding = bind_detached(
        label=label_element(SECRET),
        alternatives=[bindings.alternative()],
        file_name="a.docx",
        digest=content_digest([DOCUMENT]),
    )
    (folder / "a.docx.bdo").write_bytes(binding)
    told = done(*verify(folder / "a.docx"))
    assert [{"policy": "ACME", "level": "HEMLIG"}] == told["alternatives"]
    spoken = run(*verify(folder / "a.docx", "--lang", "en")).out
    assert "a partner's reading: ACME HEMLIG (not judged here)" in spoken


def test_an_xml_signature_is_left_unread_only_on_demand(folder: Path) -> None:
    done(*bind(folder, "a.docx"))
    beside = folder / "a.docx.bdo"
    beside.write_bytes(beside.read_bytes().replace(CONTAINER, SIGNATURE + CONTAINER))
    assert (4, "binding-signature") == reason(*verify(folder / "a.docx"))
    told = done(*verify(folder / "a.docx", "--leave-signature-unread"))
    assert ("secret", False) == (told["level"], told["signed"])


def test_what_is_shown_is_what_the_binding_says(tmp_path: Path) -> None:
    label_file, file = tmp_path / "label.cbor", tmp_path / "a.pdf"
    label_file.write_bytes(encode_label(jimi()))
    file.write_bytes(b"content")
    told = done(
        *("label", "bind", file, "--label", label_file, "--review", "2027-03-01"),
        *("--unsayable", "carry", "--bare"),
    )
    found = done("label", "verify", file)
    assert (found["marks"], False) == (told["marks"], found["native"])
    assert "机密★10年" != told["marks"]["zh"]


def test_a_bare_binding_carries_nothing_native_of_the_file_either(folder: Path) -> None:
    later = label([NATO_HOME], level="restricted", created=Instant(CREATED + 1))
    one = label([NATO_HOME], successor=Successor(at=Instant(CREATED + 60), label=later))
    written = write_back(one, PACK).label
    assert written.native
    (folder / "label.xml").write_bytes(write_label_xml(written))
    done(*bind(folder, "a.docx", "--bare"))
    assert EXTENSION_NAMESPACE.encode() not in (folder / "a.docx.bdo").read_bytes()
    assert not done(*verify(folder / "a.docx"))["native"]
    out = folder / "bare.json"
    done("label", "convert", folder / "label.xml", "--to", "4774-json", "--out", out, "--bare")
    assert EXTENSION_NAMESPACE not in out.read_text(encoding="utf-8")
