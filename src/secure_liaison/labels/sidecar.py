"""The binding that lies beside a file: one label, one file in the same folder.

Rules:

- The reference is a bare file name. A path, an address or a fragment is refused; nothing is
  fetched, and no file is opened here.
- The file is hashed in one pass, however large it is.
- The binding of ``a.pdf`` is called ``a.pdf.bdo`` by custom; the name of the binding says nothing.

Source: docs/spec/binding.md §3; ADatP-4778.2 chapter 9.
"""

from __future__ import annotations

import unicodedata
from hashlib import sha384
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from secure_liaison.crypto.keys import require_equal
from secure_liaison.errors import FormatError, VerificationError
from secure_liaison.labels.stanag4778 import (
    Binding,
    BoundLabel,
    Reference,
    Signatures,
    read_binding,
    write_binding,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from secure_liaison.labels.strict_xml import Element

__all__ = ["BINDING_SUFFIX", "bind_detached", "content_digest", "verify_detached"]

BINDING_SUFFIX: Final = ".bdo"
"""What the name of a binding beside a file ends with, by custom."""
_MAX_NAME_BYTES: Final = 255


def content_digest(chunks: Iterable[bytes]) -> bytes:
    """Return the SHA-384 of a content given piece by piece, 48 bytes.

    Source: ADatP-4778.2 table 2-3.
    """
    digest = sha384()
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


def bind_detached(
    *,
    label: Element,
    file_name: str,
    digest: bytes,
    alternatives: Sequence[Element] = (),
    content_type: str | None = None,
) -> bytes:
    """Write the binding that lies beside a file.

    Args:
        label: An ``originatorConfidentialityLabel`` of STANAG 4774.
        file_name: Of the file, without folders.
        digest: `content_digest` of the file.
        alternatives: ``alternativeConfidentialityLabel`` elements.
        content_type: Media type of the file, where it is not XML.

    Raises:
        FormatError: ``binding-file-name``; whatever `read_binding` refuses.

    Source: docs/spec/binding.md §3.
    """
    uri = "./" + quote(_checked_name(file_name), safe="")
    reference = Reference(uri=uri, content_type=content_type, digest=digest)
    return write_binding(
        Binding(label=label, alternatives=tuple(alternatives), references=(reference,))
    )


def verify_detached(
    data: bytes, *, file_name: str, digest: bytes, signatures: Signatures = Signatures.REFUSE
) -> BoundLabel:
    """Return the label that a binding gives to a file.

    1. The binding is read (`read_binding`). 2. It names one file, by its bare name. 3. The name is
    that of the file in hand. 4. It carries a digest. 5. The digest is that of the file.

    Args:
        data: The binding.
        file_name: Of the file in hand, without folders.
        digest: `content_digest` of the file in hand.
        signatures: What to do with signatures of XML.

    Raises:
        FormatError: Whatever `read_binding` refuses; ``binding-outside``, ``binding-file-name``.
        SignatureError: ``binding-signature``.
        VerificationError: ``binding-other-file``, ``binding-no-digest``.
        TamperedError: ``binding-label-changed``, ``binding-content-changed``.

    Source: docs/spec/binding.md §3.
    """
    # 1
    binding = read_binding(data, signatures=signatures)
    # 2
    named = [_file_name(reference.uri) for reference in binding.references]
    if len(named) > 1:
        raise FormatError("binding-outside")
    # 3
    if named != [_checked_name(file_name)]:
        raise VerificationError("binding-other-file")
    # 4
    expected = binding.references[0].digest
    if expected is None:
        raise VerificationError("binding-no-digest")
    # 5
    require_equal(expected, digest, "binding-content-changed")
    return BoundLabel(label=binding.label, alternatives=binding.alternatives)


def _checked_name(name: str) -> str:
    """Return a file name in its normal form."""
    normal = unicodedata.normalize("NFC", name)
    if not _is_name(normal):
        raise FormatError("binding-file-name")
    return normal


def _is_name(name: str) -> bool:
    return (
        name not in {"", ".", ".."}
        and len(name.encode(errors="replace")) <= _MAX_NAME_BYTES
        and not any(c in "/\\" or unicodedata.category(c) in {"Cc", "Cs"} for c in name)
    )


def _file_name(uri: str) -> str:
    """Return the name that a reference gives, if it is one in the same folder."""
    written = uri.removeprefix("./")
    try:
        name = unicodedata.normalize("NFC", unquote(written, errors="strict"))
    except UnicodeDecodeError as exc:
        raise FormatError("binding-outside") from exc
    if any(c in ":/?#" for c in written) or not _is_name(name):
        raise FormatError("binding-outside")
    return name
