from __future__ import annotations

import base64
from hashlib import sha384
from xml.etree import ElementTree as ET

import pytest

from secure_liaison.errors import FormatError, SignatureError, TamperedError
from secure_liaison.labels.stanag4778 import (
    Binding,
    Reference,
    Signatures,
    read_binding,
    write_binding,
)
from tests.labels.bindings import DIGEST, LABEL_NAMESPACE, alternative, label, refusal

REFERENCE = Reference(uri="./a.pdf", content_type="application/pdf", digest=DIGEST)
BINDING = Binding(label=label(), alternatives=(alternative(),), references=(REFERENCE,))
WRITTEN = write_binding(BINDING)

HEAD = (
    '<mb:BindingInformation xmlns:mb="urn:nato:stanag:4778:bindinginformation:1:0" '
    'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" '
    'xmlns:xmime="http://www.w3.org/2005/05/xmlmime" '
    f'xmlns:slab="{LABEL_NAMESPACE}">'
)
ORIGINATOR = "<slab:originatorConfidentialityLabel/>"
METADATA = f"<mb:Metadata>{ORIGINATOR}</mb:Metadata>"
DATA = '<mb:DataReference URI="./a"/>'


def file(bound: str, *, beside: str = "", after: str = "", attributes: str = "") -> bytes:
    return (
        f"{HEAD}{beside}<mb:MetadataBindingContainer><mb:MetadataBinding{attributes}>{bound}"
        f"</mb:MetadataBinding></mb:MetadataBindingContainer>{after}</mb:BindingInformation>"
    ).encode()


def reason(data: bytes) -> str:
    return refusal(lambda: read_binding(data)).reason


def test_what_is_written_reads_back() -> None:
    assert read_binding(WRITTEN) == BINDING
    assert write_binding(read_binding(WRITTEN)) == WRITTEN


def test_the_names_are_those_of_the_schema() -> None:
    expected = (
        '<mb:BindingInformation xmlns:mb="urn:nato:stanag:4778:bindinginformation:1:0">'
        '<mb:MetadataBindingContainer><mb:MetadataBinding Id="label"><mb:Metadata>'
        f'<slab:originatorConfidentialityLabel xmlns:slab="{LABEL_NAMESPACE}" '
    )
    assert WRITTEN.decode().startswith(expected)
    assert (
        '<mb:DataReference xmlns:xmime="http://www.w3.org/2005/05/xmlmime" URI="./a.pdf" '
        'xmime:contentType="application/pdf"></mb:DataReference></mb:MetadataBinding>'
    ) in WRITTEN.decode()


def test_digests_are_sha_384_and_the_label_has_one_too() -> None:
    text = WRITTEN.decode()
    start = text.index("<mb:MetadataBinding Id=")
    end = text.index("</mb:MetadataBinding>") + len("</mb:MetadataBinding>")
    # Cut out, the element is in exclusive canonical form but for the namespace that it inherits.
    assert text == ET.canonicalize(text)
    alone = text[start:end].replace(
        "<mb:MetadataBinding Id=",
        '<mb:MetadataBinding xmlns:mb="urn:nato:stanag:4778:bindinginformation:1:0" Id=',
    )
    assert alone == ET.canonicalize(alone)
    expected = base64.b64encode(sha384(alone.encode()).digest()).decode()
    assert (
        f'<ds:DigestValue>{expected}</ds:DigestValue></ds:Reference><ds:Reference URI="./a.pdf">'
        in text
    )
    assert base64.b64encode(DIGEST).decode() in text
    assert text.count('Algorithm="http://www.w3.org/2001/04/xmldsig-more#sha384"') == 2


def test_the_form_of_another_writer_has_the_same_digest() -> None:
    other = WRITTEN.replace(b"mb:", b"binding:").replace(b"xmlns:mb=", b"xmlns:binding=")
    spaced = other.replace(b"><binding:", b">\n  <binding:")
    assert spaced != WRITTEN
    assert read_binding(spaced) == BINDING


def test_a_binding_without_digests_is_read_and_says_so() -> None:
    found = read_binding(file(METADATA + DATA))
    assert found.references == (Reference(uri="./a"),)
    assert found.alternatives == ()


def test_attributes_that_say_nothing_here_are_allowed() -> None:
    data = file(METADATA + DATA, attributes=' Id="x"').replace(
        b"<mb:BindingInformation ",
        b"<mb:BindingInformation "
        b'xmlns:e="urn:nato:stanag:4778:bindinginformation:extensions:1:0" e:profile="urn:x" ',
    )
    data = data.replace(b"<mb:MetadataBindingContainer>", b'<mb:MetadataBindingContainer Id="y">')
    data = data.replace(b"<mb:Metadata>", b'<mb:Metadata xmime:contentType="text/xml">')
    assert read_binding(data).label.name == "originatorConfidentialityLabel"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<a/>", "xml-part-unknown"),
        (f"{HEAD}</mb:BindingInformation>".encode(), "xml-part-missing"),
        (file(""), "binding-no-label"),
        (file(DATA), "binding-no-label"),
        (file("<mb:Metadata/>" + DATA), "binding-no-label"),
        (file(METADATA), "xml-part-missing"),
        (file(METADATA * 2 + DATA), "binding-two-labels"),
        (file(f"<mb:Metadata>{ORIGINATOR * 2}</mb:Metadata>" + DATA), "binding-two-labels"),
        (
            file("<mb:Metadata><slab:alternativeConfidentialityLabel/></mb:Metadata>" + DATA),
            "binding-no-label",
        ),
        (
            file(
                METADATA + "<mb:Metadata><slab:metadataConfidentialityLabel/></mb:Metadata>" + DATA
            ),
            "xml-part-unknown",
        ),
        (
            file("<mb:Metadata><originatorConfidentialityLabel/></mb:Metadata>" + DATA),
            "xml-part-unknown",
        ),
        (file("<mb:Metadata>SECRET</mb:Metadata>" + DATA), "xml-part-unknown"),
        (file('<mb:MetadataReference URI="http://x/"/>' + METADATA + DATA), "xml-part-unknown"),
        (file(METADATA + "<mb:Data>x</mb:Data>"), "xml-part-unknown"),
        (file(METADATA + DATA + "<mb:Data>x</mb:Data>"), "xml-part-unknown"),
        (file(METADATA + "<mb:DataReference/>"), "xml-part-missing"),
        (file(METADATA + '<mb:DataReference URI=""/>'), "xml-part-value"),
        (
            file(METADATA + '<mb:DataReference URI="./a"><ds:Transforms/></mb:DataReference>'),
            "xml-part-unknown",
        ),
        (file(METADATA + '<mb:DataReference mb:URI="./a" URI="./a"/>'), "xml-part-unknown"),
        (file(METADATA + DATA * 2), "binding-reference-twice"),
        (file(METADATA + DATA, after="<mb:MetadataBindingContainer/>"), "xml-part-twice"),
        (file(METADATA + DATA, after="<x/>"), "xml-part-unknown"),
        (file(METADATA + DATA, attributes=' x="y"'), "xml-part-unknown"),
        (file(METADATA + DATA + "</mb:MetadataBinding><mb:MetadataBinding>"), "xml-part-twice"),
        (file(METADATA + DATA).replace(b"Container>", b'Container x="y">', 1), "xml-part-unknown"),
    ],
)
def test_what_is_not_one_label_bound_to_references_is_refused(data: bytes, expected: str) -> None:
    assert expected == reason(data)


def test_bindings_of_portions_are_refused_and_not_left_unread() -> None:
    portion = f"</mb:MetadataBinding><mb:MetadataBinding>{METADATA}{DATA}"
    assert reason(file(METADATA + DATA + portion)) == "xml-part-twice"


SIGNATURE = "<ds:Signature><ds:SignatureValue>x</ds:SignatureValue></ds:Signature>"


def test_a_signature_is_refused_unless_the_caller_reads_without_it() -> None:
    data = file(METADATA + DATA, beside=SIGNATURE)
    error = refusal(lambda: read_binding(data))
    assert isinstance(error, SignatureError)
    assert error.reason == "binding-signature"
    found = read_binding(data, signatures=Signatures.READ_WITHOUT)
    assert found.references == (Reference(uri="./a"),)


def test_digests_inside_of_a_signature_are_not_believed() -> None:
    root = b"<mb:BindingInformation "
    container = b"<mb:MetadataBindingContainer>"
    signed = WRITTEN.replace(container, SIGNATURE.encode() + container)
    signed = signed.replace(root, root + b'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ')
    start, end = signed.index(b"<ds:Manifest"), signed.index(b"</mb:BindingInformation>")
    manifest = signed[start:end]
    inside = signed.replace(manifest, b"").replace(
        b"</ds:Signature>", b"<ds:Object>" + manifest + b"</ds:Object></ds:Signature>"
    )
    found = read_binding(inside, signatures=Signatures.READ_WITHOUT)
    assert [None] == [reference.digest for reference in found.references]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b">SECRET<", b">UNCLASSIFIED<"),
        (b">HEMLIG<", b">OPPEN<"),
        (b"ReviewDateTime=", b"Later="),
        (b'<mb:DataReference xmlns:xmime="http://www.w3.org/2005/05/xmlmime" URI="./a.pdf"', None),
        (b'Id="label"', b'Id="other"'),
        (b'URI="#label"', b'URI="#other"'),
    ],
)
def test_a_label_changed_after_binding_is_found(old: bytes, new: bytes | None) -> None:
    new = old.replace(b"./a.pdf", b"./b.pdf") if new is None else new
    assert old in WRITTEN
    error = refusal(lambda: read_binding(WRITTEN.replace(old, new)))
    assert isinstance(error, TamperedError)
    assert error.reason == "binding-label-changed"


SHA384 = b"http://www.w3.org/2001/04/xmldsig-more#sha384"
VALUE = base64.b64encode(DIGEST)
ENTRY = b'<ds:Reference URI="./a.pdf">'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (SHA384, b"http://www.w3.org/2001/04/xmlenc#sha256", "binding-digest-algorithm"),
        (SHA384, b"http://www.w3.org/2000/09/xmldsig#sha1", "binding-digest-algorithm"),
        (VALUE, base64.b64encode(DIGEST[:32]), "xml-part-value"),
        (VALUE, b"!" + VALUE[1:], "xml-part-value"),
        (VALUE, "é".encode() + VALUE[1:], "xml-part-value"),
        (VALUE, VALUE[:8] + b"!" + VALUE[8:], "xml-part-value"),
        (VALUE, VALUE[:8] + b"\n" + VALUE[8:], "xml-part-value"),
        (VALUE, b"", "xml-part-value"),
        (b"xml-exc-c14n#", b"xml-exc-c14n#WithComments", "xml-part-value"),
        (ENTRY, b'<ds:Reference URI="./b.pdf">', "binding-digest-missing"),
        (ENTRY, b'<ds:Reference URI="#label">', "binding-reference-twice"),
        (ENTRY, b'<ds:Reference URI="#other">', "xml-part-missing"),
        (ENTRY, ENTRY[:-1] + b' Type="x">', "xml-part-unknown"),
        (b"<ds:DigestValue>", b"<ds:X/><ds:DigestValue>", "xml-part-unknown"),
        (b"<ds:Manifest ", b'<ds:Manifest Id="m" Other="" ', "xml-part-unknown"),
        (b"<ds:Transforms>", b'<ds:Transforms Other="">', "xml-part-unknown"),
        (b"<ds:Transform ", b'<ds:Transform Other="" ', "xml-part-unknown"),
        (b"<ds:DigestMethod ", b'<ds:DigestMethod Other="" ', "xml-part-unknown"),
        (b"<ds:DigestValue>", b'<ds:DigestValue Other="">', "xml-part-unknown"),
    ],
)
def test_digests_of_another_form_are_refused(old: bytes, new: bytes, expected: str) -> None:
    assert old in WRITTEN
    assert expected == reason(WRITTEN.replace(old, new))


def test_a_digest_that_stands_twice_is_refused() -> None:
    start, end = WRITTEN.index(b'<ds:Reference URI="./a.pdf">'), WRITTEN.index(b"</ds:Manifest>")
    entry = WRITTEN[start:end]
    assert reason(WRITTEN.replace(entry, entry * 2)) == "binding-reference-twice"


def test_a_digest_of_something_that_is_not_bound_is_kept_apart() -> None:
    listed = Reference(uri="pack:///list", digest=DIGEST, bound=False)
    written = write_binding(Binding(label=label(), references=(REFERENCE, listed)))
    assert read_binding(written).references == (REFERENCE, listed)


@pytest.mark.parametrize(
    "binding",
    [
        Binding(label=alternative(), references=(REFERENCE,)),
        Binding(label=label(), references=()),
        Binding(label=label(), references=(Reference(uri="./a"),)),
        Binding(label=label(), references=(REFERENCE, REFERENCE)),
        Binding(label=label(), references=(Reference(uri="x" * 4001, digest=DIGEST),)),
    ],
)
def test_nothing_is_written_that_would_not_be_read(binding: Binding) -> None:
    with pytest.raises(FormatError):
        write_binding(binding)
