from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from hashlib import sha384
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.errors import FormatError, TamperedError, VerificationError
from secure_liaison.labels.sidecar import bind_detached, content_digest, verify_detached
from secure_liaison.labels.stanag4778 import (
    Binding,
    BoundLabel,
    Reference,
    Signatures,
    write_binding,
)
from tests.labels.bindings import DIGEST, alternative, label, refusal
from tests.labels.test_stanag4778 import DATA, METADATA, SIGNATURE, file

MIB = 1024 * 1024
VECTOR = Path(__file__).parents[1] / "vectors" / "binding" / "detached.bdo"


def bound(name: str = "a.pdf", digest: bytes = DIGEST) -> bytes:
    return bind_detached(label=label(), file_name=name, digest=digest)


def pointing(*uris: str) -> bytes:
    references = tuple(Reference(uri=uri, digest=DIGEST) for uri in uris)
    return write_binding(Binding(label=label(), references=references))


def reason(data: bytes, name: str = "a.pdf", digest: bytes = DIGEST) -> str:
    return refusal(lambda: verify_detached(data, file_name=name, digest=digest)).reason


def test_a_label_bound_to_a_file_comes_back() -> None:
    data = bind_detached(
        label=label(),
        alternatives=[alternative()],
        file_name="a.pdf",
        digest=DIGEST,
        content_type="application/pdf",
    )
    found = verify_detached(data, file_name="a.pdf", digest=DIGEST)
    assert found == BoundLabel(label=label(), alternatives=(alternative(),))


def test_the_vector_is_written_and_read() -> None:
    name = "通报 1.pdf"
    written = bind_detached(
        label=label(),
        alternatives=[alternative()],
        file_name=name,
        digest=content_digest([b"content"]),
        content_type="application/pdf",
    )
    assert written == VECTOR.read_bytes()
    found = verify_detached(VECTOR.read_bytes(), file_name=name, digest=DIGEST)
    assert found == BoundLabel(label=label(), alternatives=(alternative(),))


def test_a_digest_is_sha_384_of_all_pieces() -> None:
    assert content_digest([b"con", b"", b"tent"]) == sha384(b"content").digest() == DIGEST


def test_a_large_file_is_hashed_in_flat_memory() -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(64):
            yield bytes(MIB)

    tracemalloc.start()
    content_digest(pieces())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MIB


@pytest.mark.parametrize("name", ["a.pdf", "通报 1.pdf", "a:b?c#d%41.pdf", "..a", "a b", "é"])
def test_names_of_files_are_written_safely(name: str) -> None:
    found = verify_detached(bound(name), file_name=name, digest=DIGEST)
    assert found.label == label()


def test_a_name_counts_in_its_normal_form() -> None:
    assert verify_detached(bound("é"), file_name="e\u0301", digest=DIGEST).label == label()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "a\x00", "a\n", "x" * 256, "\ud800"]
)
def test_what_is_not_a_bare_name_is_refused(name: str) -> None:
    error = refusal(lambda: bound(name))
    assert (type(error), error.reason) == (FormatError, "binding-file-name")
    assert reason(bound(), name=name) == "binding-file-name"


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.org/a.pdf",
        "file:///etc/passwd",
        "/etc/passwd",
        "../a.pdf",
        "./../a.pdf",
        "./b/a.pdf",
        "./b%2Fa.pdf",
        "./b%5Ca.pdf",
        "./%2E%2E",
        "./a.pdf#page=1",
        "./a.pdf?x",
        "#part",
        "./",
        "pack:///word/document.xml",
        "./%FF",
        "./%00a.pdf",
        "C:a.pdf",
    ],
)
def test_a_reference_to_outside_is_refused(uri: str) -> None:
    data = file(f'{METADATA}<mb:DataReference URI="{uri}"/>')
    assert reason(data) == "binding-outside"


def test_two_files_are_refused() -> None:
    assert reason(pointing("./a.pdf", "./b.pdf")) == "binding-outside"


def test_a_name_without_the_leading_dot_is_read() -> None:
    assert verify_detached(pointing("a.pdf"), file_name="a.pdf", digest=DIGEST).label == label()


def test_the_binding_of_another_file_is_refused() -> None:
    error = refusal(lambda: verify_detached(bound(), file_name="b.pdf", digest=DIGEST))
    assert (type(error), error.reason) == (VerificationError, "binding-other-file")


def test_another_content_is_refused() -> None:
    other = content_digest([b"content "])
    error = refusal(lambda: verify_detached(bound(), file_name="a.pdf", digest=other))
    assert (type(error), error.reason) == (TamperedError, "binding-content-changed")


def test_a_binding_without_a_digest_gives_no_label() -> None:
    assert reason(file(METADATA + DATA), name="a") == "binding-no-digest"


def test_a_signed_binding_is_refused_unless_read_without() -> None:
    data = file(METADATA + DATA, beside=SIGNATURE)
    assert reason(data, name="a") == "binding-signature"
    error = refusal(
        lambda: verify_detached(
            data, file_name="a", digest=DIGEST, signatures=Signatures.READ_WITHOUT
        )
    )
    assert error.reason == "binding-no-digest"


@given(
    st.text(min_size=1, max_size=40).filter(
        lambda name: name not in {".", ".."} and not any(c in "/\\" for c in name)
    ),
    st.binary(max_size=100),
)
def test_whatever_is_bound_verifies_and_nothing_else_does(name: str, content: bytes) -> None:
    digest = content_digest([content])
    try:
        data = bound(name, digest)
    except FormatError:
        return
    assert verify_detached(data, file_name=name, digest=digest).label == label()
    assert reason(data, name, content_digest([content, b"x"])) == "binding-content-changed"
    assert reason(data, name + "x", digest) in {"binding-other-file", "binding-file-name"}
