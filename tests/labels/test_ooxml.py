from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace

import docx
import openpyxl
import pptx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.errors import FormatError, LiaisonError, TamperedError, VerificationError
from secure_liaison.labels.ooxml import embed_ooxml, read_ooxml
from secure_liaison.labels.stanag4778 import (
    BINDING_NAMESPACE,
    BoundLabel,
    Signatures,
    read_binding,
    write_binding,
)
from tests.labels.bindings import (
    BINDING_PART,
    MAIN,
    MAIN_LIST,
    XML_DEFAULT,
    alternative,
    changed,
    content_types,
    label,
    parts,
    refusal,
    relationships,
    unzipped,
    zipped,
)

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships"
TYPES = "[Content_Types].xml"

DOCUMENT = zipped(parts())
LABELLED = embed_ooxml(DOCUMENT, label=label())


def docx_file() -> bytes:
    made = docx.Document()
    made.add_heading("通报", 0)
    made.add_paragraph("text")
    made.add_table(2, 2)
    return saved(made.save)


def xlsx_file() -> bytes:
    made = openpyxl.Workbook()
    sheet = made.create_sheet("表")
    sheet["A1"] = "text"
    return saved(made.save)


def pptx_file() -> bytes:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[0])
    assert slide.shapes.title is not None
    slide.shapes.title.text = "text"
    return saved(made.save)


def saved(save: Callable[[io.BytesIO], None]) -> bytes:
    out = io.BytesIO()
    save(out)
    return out.getvalue()


def text_of_docx(document: bytes) -> str:
    return str(docx.Document(io.BytesIO(document)).paragraphs[1].text)


def text_of_xlsx(document: bytes) -> str:
    return str(openpyxl.load_workbook(io.BytesIO(document))["表"]["A1"].value)


def text_of_pptx(document: bytes) -> str:
    shape = pptx.Presentation(io.BytesIO(document)).slides[0].shapes.title
    assert shape is not None
    return str(shape.text)


REAL = pytest.mark.parametrize(
    ("made", "text_of", "main_list"),
    [
        (docx_file, text_of_docx, MAIN_LIST),
        (xlsx_file, text_of_xlsx, "xl/_rels/workbook.xml.rels"),
        (pptx_file, text_of_pptx, "ppt/_rels/presentation.xml.rels"),
    ],
    ids=["docx", "xlsx", "pptx"],
)


def reason(document: bytes) -> str:
    return refusal(lambda: read_ooxml(document)).reason


def binding_of(document: bytes) -> bytes:
    return unzipped(document)[BINDING_PART]


@REAL
def test_a_real_document_is_labelled_and_opens_as_before(
    made: Callable[[], bytes], text_of: Callable[[bytes], str], main_list: str
) -> None:
    document = made()
    labelled = embed_ooxml(document, label=label(), alternatives=[alternative()])
    assert read_ooxml(labelled) == BoundLabel(label=label(), alternatives=(alternative(),))
    assert "text" == text_of(document) == text_of(labelled)


@REAL
def test_every_other_part_stays_byte_for_byte(
    made: Callable[[], bytes], text_of: Callable[[bytes], str], main_list: str
) -> None:
    document = made()
    before, after = unzipped(document), unzipped(embed_ooxml(document, label=label()))
    assert [main_list] == [name for name in before if before[name] != after[name]]
    [added] = after.keys() - before.keys()
    assert read_binding(after[added]).label == label()


@REAL
def test_a_document_saved_again_gives_no_label(
    made: Callable[[], bytes], text_of: Callable[[bytes], str], main_list: str
) -> None:
    labelled = embed_ooxml(made(), label=label())
    match text_of:
        case _ if text_of is text_of_docx:
            again = saved(docx.Document(io.BytesIO(labelled)).save)
        case _ if text_of is text_of_xlsx:
            again = saved(openpyxl.load_workbook(io.BytesIO(labelled)).save)
        case _:
            again = saved(pptx.Presentation(io.BytesIO(labelled)).save)
    with pytest.raises(LiaisonError):
        read_ooxml(again)


def test_the_label_is_bound_to_every_part() -> None:
    binding = read_binding(binding_of(LABELLED))
    uris = {reference.uri: reference for reference in binding.references}
    assert uris.keys() == {
        "pack:///%5BContent_Types%5D.xml",
        "pack:///_rels/.rels",
        "pack:///word/document.xml",
        "pack:///word/_rels/document.xml.rels",
        "pack:///word/vbaProject.bin",
    }
    assert ["pack:///%5BContent_Types%5D.xml"] == [u for u, each in uris.items() if not each.bound]
    types = {uri: each.content_type for uri, each in uris.items() if each.content_type}
    assert types == {"pack:///word/vbaProject.bin": "application/octet-stream"}


def test_the_binding_is_named_by_the_main_part() -> None:
    expected = f'Id="rId2" Target="../customXml/item1.xml" Type="{OFFICE}/customXml"'
    assert expected in unzipped(LABELLED)[MAIN_LIST].decode()


def test_an_identity_of_an_outside_link_is_not_used_twice() -> None:
    listed = relationships(("rId1", "urn:link", "http://x/"), mode=' TargetMode="External"')
    labelled = embed_ooxml(zipped(parts(main_list=listed)), label=label())
    assert 'Id="rId2"' in unzipped(labelled)[MAIN_LIST].decode()


def test_a_main_part_without_relationships_gets_a_list() -> None:
    members = parts()
    del members[MAIN_LIST]
    labelled = embed_ooxml(zipped(members), label=label())
    assert BINDING_PART.rpartition("/")[2] in unzipped(labelled)[MAIN_LIST].decode()
    assert read_ooxml(labelled).label == label()


def test_a_strict_document_gets_a_strict_relationship() -> None:
    roots = relationships(("rId1", f"{STRICT}/officeDocument", f"/{MAIN}"))
    labelled = embed_ooxml(zipped(parts(roots=roots)), label=label())
    assert f'Type="{STRICT}/customXml"' in unzipped(labelled)[MAIN_LIST].decode()
    assert read_ooxml(labelled).label == label()


@pytest.mark.parametrize(
    "rows",
    [
        (),
        ('<Default Extension="XML" ContentType="application/vnd.x+xml"/>',),
        (XML_DEFAULT, '<Override PartName="/customXml/item1.xml" ContentType="text/plain"/>'),
    ],
)
def test_the_content_type_of_the_binding_is_declared_where_it_is_not(rows: tuple[str, ...]) -> None:
    labelled = embed_ooxml(zipped(parts(types=content_types(*rows))), label=label())
    types = unzipped(labelled)[TYPES].decode()
    expected = '<Override ContentType="application/xml" PartName="/customXml/item1.xml"></Override>'
    assert expected in types
    assert types.count("/customXml/item1.xml") == 1
    assert read_ooxml(labelled).label == label()


def test_content_types_with_parameters_are_kept_with_the_reference() -> None:
    rows = (
        XML_DEFAULT,
        '<Default Extension="bin" ContentType="text/plain; charset=x"/>',
        '<Default Extension="svg" ContentType="text/XML;charset=x"/>',
    )
    members = parts(types=content_types(*rows)) | {"a.svg": b"<svg/>"}
    binding = read_binding(binding_of(embed_ooxml(zipped(members), label=label())))
    types = {each.uri: each.content_type for each in binding.references if each.content_type}
    assert types == {"pack:///word/vbaProject.bin": "text/plain; charset=x"}


def test_the_name_of_the_binding_is_a_free_one() -> None:
    members = parts() | {"customXml/ITEM1.xml": b"<a/>", "customXml/item2.xml": b"not xml"}
    labelled = embed_ooxml(zipped(members), label=label())
    assert "customXml/item3.xml" in unzipped(labelled)
    assert read_ooxml(labelled).label == label()


def test_binding_again_replaces_the_binding_and_nothing_else() -> None:
    again = embed_ooxml(LABELLED, label=label("TOP SECRET"))
    assert read_ooxml(again).label == label("TOP SECRET")
    before, after = unzipped(LABELLED), unzipped(again)
    assert [BINDING_PART] == [name for name in after if after[name] != before.get(name)]
    assert embed_ooxml(LABELLED, label=label()) == LABELLED


def test_a_binding_under_another_name_is_found_by_its_relationship() -> None:
    members = unzipped(LABELLED)
    moved = members.pop(BINDING_PART)
    members["word/binding.xml"] = moved
    listed = relationships(("rId1", f"{OFFICE}/customXml", "binding.xml"))
    again = embed_ooxml(zipped(members | {MAIN_LIST: listed}), label=label())
    assert BINDING_PART not in unzipped(again)
    assert read_ooxml(again).label == label()


def test_an_orphaned_binding_is_taken_up_again() -> None:
    orphaned = changed(LABELLED, **{MAIN_LIST: parts()[MAIN_LIST]})
    again = embed_ooxml(orphaned, label=label())
    assert unzipped(again).keys() == unzipped(LABELLED).keys()
    assert "item1.xml" in unzipped(again)[MAIN_LIST].decode()


def test_a_document_of_very_many_parts_is_labelled() -> None:
    members = parts() | {f"word/media/a-rather-long-name-of-image{k}.png": b"" for k in range(9900)}
    labelled = embed_ooxml(zipped(members), label=label())
    assert read_ooxml(labelled).label == label()


def test_a_large_part_among_custom_parts_is_no_binding() -> None:
    members = parts() | {BINDING_PART: b"<a>" + b"x" * 9_000_000 + b"</a>"}
    labelled = embed_ooxml(zipped(members, method=zipfile.ZIP_STORED), label=label())
    assert "customXml/item2.xml" in unzipped(labelled)


@pytest.mark.parametrize("name", [MAIN, "word/vbaProject.bin", MAIN_LIST, "_rels/.rels", TYPES])
def test_a_changed_part_is_found_and_named(name: str) -> None:
    data = unzipped(LABELLED)[name]
    other = data + b"<!-- -->" if data.startswith(b"<") else data + b"x"
    error = refusal(lambda: read_ooxml(changed(LABELLED, **{name: other})))
    assert isinstance(error, TamperedError)
    assert (error.reason, error.facts) == ("ooxml-part-changed", {"place": name})


def test_a_removed_part_is_found_and_named() -> None:
    error = refusal(lambda: read_ooxml(changed(LABELLED, **{"word/vbaProject.bin": None})))
    assert isinstance(error, TamperedError)
    assert error.reason == "ooxml-part-removed"
    assert error.facts == {"place": "pack:///word/vbaProject.bin"}


@pytest.mark.parametrize("name", ["word/new.xml", "customXml/item2.xml", "x.bin"])
def test_an_added_part_is_found_and_named(name: str) -> None:
    error = refusal(lambda: read_ooxml(changed(LABELLED, **{name: b"<a/>"})))
    assert isinstance(error, TamperedError)
    assert (error.reason, error.facts) == ("ooxml-part-added", {"place": name})


def test_a_part_with_a_digest_but_without_a_label_is_found() -> None:
    binding = read_binding(binding_of(LABELLED))
    references = tuple(
        replace(each, bound=not each.uri.endswith(".rels")) for each in binding.references
    )
    data = write_binding(replace(binding, references=references))
    error = refusal(lambda: read_ooxml(changed(LABELLED, **{BINDING_PART: data})))
    assert (error.reason, error.facts) == ("ooxml-part-added", {"place": "_rels/.rels"})


def test_a_document_without_a_binding_has_no_label() -> None:
    error = refusal(lambda: read_ooxml(DOCUMENT))
    assert (type(error), error.reason) == (FormatError, "ooxml-no-binding")


def test_two_bindings_are_refused() -> None:
    doubled = changed(LABELLED, **{"customXml/item2.xml": binding_of(LABELLED)})
    assert reason(doubled) == "ooxml-many-bindings"
    assert refusal(lambda: embed_ooxml(doubled, label=label())).reason == "ooxml-many-bindings"


def test_a_document_of_very_many_parts_that_speak_of_bindings_is_refused() -> None:
    """Taking thousands of parts apart to find one binding would hold a reader for an hour."""
    speaking = f"<a>{BINDING_NAMESPACE}</a>".encode()
    few = {f"customXml/item{k}.xml": speaking for k in range(2, 5)}
    assert read_ooxml(embed_ooxml(zipped(parts() | few), label=label())).label == label()
    many = {f"customXml/item{k}.xml": speaking for k in range(2, 7)}
    refused = refusal(lambda: embed_ooxml(zipped(parts() | many), label=label()))
    assert refused.reason == "ooxml-many-bindings"


def test_a_binding_in_utf_16_is_found() -> None:
    wide = binding_of(LABELLED).decode().encode("utf-16")
    assert read_ooxml(changed(LABELLED, **{BINDING_PART: wide})).label == label()


def test_a_broken_binding_is_refused_and_not_passed_over() -> None:
    broken = changed(LABELLED, **{BINDING_PART: binding_of(LABELLED)[:-5]})
    assert reason(broken) == "xml-unfinished"
    bomb = b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + binding_of(LABELLED)
    assert reason(changed(LABELLED, **{BINDING_PART: bomb})) == "xml-doctype"


def foreign(*, beside: str = "") -> bytes:
    """Return a document that another program labelled, without digests."""
    data = (
        '<mb:BindingInformation xmlns:mb="urn:nato:stanag:4778:bindinginformation:1:0">'
        f"{beside}<mb:MetadataBindingContainer><mb:MetadataBinding><mb:Metadata>"
        "<originatorConfidentialityLabel "
        'xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"/></mb:Metadata>'
        '<mb:DataReference URI="pack:///word/document.xml"/>'
        "</mb:MetadataBinding></mb:MetadataBindingContainer></mb:BindingInformation>"
    )
    return zipped(parts() | {BINDING_PART: data.encode()})


def test_a_binding_without_digests_gives_no_label() -> None:
    error = refusal(lambda: read_ooxml(foreign()))
    assert (type(error), error.reason) == (VerificationError, "binding-no-digest")


def test_a_signed_binding_is_refused_unless_read_without() -> None:
    signed = foreign(beside='<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>')
    assert reason(signed) == "binding-signature"
    error = refusal(lambda: read_ooxml(signed, signatures=Signatures.READ_WITHOUT))
    assert error.reason == "binding-no-digest"


def test_a_document_with_a_digital_signature_is_not_touched() -> None:
    kind = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
    roots = relationships(
        ("rId1", f"{OFFICE}/officeDocument", MAIN), ("rId2", kind, "_xmlsignatures/origin.sigs")
    )
    signed = zipped(parts(roots=roots) | {"_xmlsignatures/origin.sigs": b""})
    assert refusal(lambda: embed_ooxml(signed, label=label())).reason == "ooxml-signed"


@pytest.mark.parametrize(
    "members",
    [
        {"a": b"x"},
        parts(roots=relationships()),
        parts(roots=relationships(("rId1", f"{OFFICE}/officeDocument", "word/missing.xml"))),
        parts(
            roots=relationships(
                ("rId1", f"{OFFICE}/officeDocument", MAIN),
                ("rId2", f"{OFFICE}/officeDocument", MAIN_LIST),
            )
        ),
        parts(
            roots=relationships(
                ("rId1", f"{OFFICE}/officeDocument", MAIN), mode=' TargetMode="External"'
            )
        ),
        {name: data for name, data in parts().items() if name != TYPES},
    ],
)
def test_a_package_without_one_main_part_is_refused(members: dict[str, bytes]) -> None:
    document = zipped(members)
    assert refusal(lambda: embed_ooxml(document, label=label())).reason == "ooxml-main-part"


@pytest.mark.parametrize("name", ["roots", "types", "main_list"])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<a/>", "xml-part-unknown"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "xml-doctype"),
    ],
)
def test_a_list_of_another_kind_or_a_bomb_is_refused(name: str, data: bytes, expected: str) -> None:
    document = zipped(parts(**{name: data}))
    assert refusal(lambda: embed_ooxml(document, label=label())).reason == expected


def test_two_names_with_one_address_are_refused() -> None:
    members = parts() | {"word/a b.xml": b"1", "word/a%20b.xml": b"2"}
    document = zipped(members)
    assert refusal(lambda: embed_ooxml(document, label=label())).reason == "package-duplicate"
    alone = embed_ooxml(zipped(parts() | {"word/a b.xml": b"1"}), label=label())
    assert read_ooxml(alone).label == label()
    assert reason(changed(alone, **{"word/a%20b.xml": b"2"})) == "package-duplicate"


def test_a_part_without_an_extension_is_octets() -> None:
    labelled = embed_ooxml(zipped(parts() | {"word/noextension": b"1"}), label=label())
    found = {each.uri: each.content_type for each in read_binding(binding_of(labelled)).references}
    assert found["pack:///word/noextension"] == "application/octet-stream"


NAMES = st.from_regex(r"[a-z]{1,4}/[a-z]{1,6}\.(xml|bin)", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=60), max_size=5))
def test_any_document_keeps_its_parts_and_gives_its_label(more: dict[str, bytes]) -> None:
    members = parts() | more
    labelled = embed_ooxml(zipped(members), label=label())
    assert read_ooxml(labelled).label == label()
    after = unzipped(labelled)
    assert {MAIN_LIST, BINDING_PART} == {n for n in after if after[n] != members.get(n)}
    assert embed_ooxml(labelled, label=label()) == labelled
