"""What holds a secret never shows it: neither by ``repr`` nor by ``str`` nor in a format.

A new class whose name ends like a private key's has to be added to `EXAMPLES`; the test finds it.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

import pytest

from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import Secret
from secure_liaison.crypto.signing import NoteSigningKey, RequestSigningKey, SigningKey
from tests.architecture.sources import sources

if TYPE_CHECKING:
    from collections.abc import Callable

HOLDS_A_SECRET: Final = re.compile(r"^(?!_).*(Secret|PrivateKey|SigningKey|Passphrase)$")
SECRET_FIELD: Final = re.compile(
    r"_?(seed|secret|private_key|raw_key): (bytes|bytearray|str)|_?passphrase: str"
)

EXAMPLES: Final[dict[str, Callable[[], object]]] = {
    "KemPrivateKey": KemPrivateKey.generate,
    "NoteSigningKey": NoteSigningKey.generate,
    "RequestSigningKey": RequestSigningKey.generate,
    "Secret": Secret.generate,
    "SigningKey": SigningKey.generate,
}


def is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_every_class_that_holds_a_secret_has_an_example() -> None:
    found = {
        node.name
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and HOLDS_A_SECRET.match(node.name)
    }
    assert found - EXAMPLES.keys() == set()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_secret_shows_its_kind_only(name: str) -> None:
    example = EXAMPLES[name]()
    shown = {repr(example), str(example), f"{example}"}
    assert shown == {f"{name}(…)"}


def test_no_dataclass_prints_a_secret_field() -> None:
    """A generated ``repr`` would print plain bytes and texts of such a field."""
    found = [
        f"{source.place}:{field.lineno} {node.name}.{field.target.id}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and is_dataclass(node)
        for field in node.body
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and SECRET_FIELD.fullmatch(f"{field.target.id}: {ast.unparse(field.annotation)}")
        and "repr=False" not in ast.unparse(field)
    ]
    assert found == []
