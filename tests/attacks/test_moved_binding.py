"""A label taken from one document to another, replaced, or kept while the document changes."""

from __future__ import annotations

import pytest

from secure_liaison.errors import TamperedError, VerificationError
from secure_liaison.labels import ooxml, sidecar, stanag4778
from secure_liaison.labels.ooxml import embed_ooxml, read_ooxml
from secure_liaison.labels.opc import Package
from secure_liaison.labels.sidecar import bind_detached, content_digest, verify_detached
from tests.labels.bindings import BINDING_PART, MAIN, changed, label, parts, unzipped, zipped

SECRET = embed_ooxml(zipped(parts(main=b"<d>secret</d>")), label=label("SECRET"))
PUBLIC = embed_ooxml(zipped(parts(main=b"<d>public</d>")), label=label("UNCLASSIFIED"))


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setattr(ooxml, name, lambda *_args: None)


def refused(document: bytes) -> str:
    with pytest.raises(TamperedError) as caught:
        read_ooxml(document)
    return caught.value.reason


def relabelled() -> bytes:
    """Write a lower level into the label of a document, and leave the rest alone."""
    binding = unzipped(SECRET)[BINDING_PART]
    assert b">SECRET<" in binding
    return changed(SECRET, **{BINDING_PART: binding.replace(b">SECRET<", b">UNCLASSIFIED<")})


def test_another_label_in_a_document_is_found() -> None:
    assert refused(relabelled()) == "binding-label-changed"


def test_without_the_digest_of_the_label_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stanag4778, "require_equal", lambda *_args: None)
    assert read_ooxml(relabelled()).label == label("UNCLASSIFIED")


def edited() -> bytes:
    """Put secret words into a document that is labelled as public."""
    return changed(PUBLIC, **{MAIN: b"<d>secret</d>"})


def test_a_part_changed_after_binding_is_found() -> None:
    assert refused(edited()) == "ooxml-part-changed"


def test_without_digests_of_parts_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "_require_unchanged")
    assert read_ooxml(edited()).label == label("UNCLASSIFIED")


def smuggled() -> bytes:
    """Add a part to a document that is labelled as public."""
    return changed(PUBLIC, **{"word/media/image1.png": b"secret"})


def test_a_part_added_after_binding_is_found() -> None:
    assert refused(smuggled()) == "ooxml-part-added"


def test_without_the_list_of_parts_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "_require_same_parts", "_require_unchanged")
    assert read_ooxml(smuggled()).label == label("UNCLASSIFIED")


def moved() -> bytes:
    """Give the secret document the binding of the public one."""
    return changed(SECRET, **{BINDING_PART: unzipped(PUBLIC)[BINDING_PART]})


def test_a_binding_moved_to_another_document_is_found() -> None:
    assert refused(moved()) == "ooxml-part-changed"


def test_without_digests_of_parts_it_gives_its_label(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "_require_unchanged")
    assert read_ooxml(moved()).label == label("UNCLASSIFIED")
    assert Package(moved()).read(MAIN, max_bytes=100) == b"<d>secret</d>"


PUBLIC_FILE = bind_detached(
    label=label("UNCLASSIFIED"), file_name="a.pdf", digest=content_digest([b"public"])
)


def test_the_binding_of_one_file_beside_another_is_found() -> None:
    secret = content_digest([b"secret"])
    with pytest.raises(VerificationError, match="binding-other-file"):
        verify_detached(PUBLIC_FILE, file_name="b.pdf", digest=secret)
    with pytest.raises(TamperedError, match="binding-content-changed"):
        verify_detached(PUBLIC_FILE, file_name="a.pdf", digest=secret)


def test_without_the_digest_of_the_file_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar, "require_equal", lambda *_args: None)
    secret = content_digest([b"secret"])
    found = verify_detached(PUBLIC_FILE, file_name="a.pdf", digest=secret)
    assert found.label == label("UNCLASSIFIED")


def test_whoever_binds_again_is_not_stopped() -> None:
    """A binding has no signature: it tells accidents and half-done changes, not a whole forgery."""
    forged = embed_ooxml(SECRET, label=label("UNCLASSIFIED"))
    assert read_ooxml(forged).label == label("UNCLASSIFIED")
