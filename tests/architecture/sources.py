"""The product's source files, parsed once for every rule of this folder."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (ROOT / "src" / "secure_liaison", ROOT / "server" / "liaison_relay")


class Source(NamedTuple):
    """One module."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def place(self) -> str:
        """Where it lies, from the root of the repository."""
        return self.path.relative_to(ROOT).as_posix()


@cache
def sources() -> tuple[Source, ...]:
    """Return every module of the library and of the relay."""
    paths = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
    texts = [path.read_text(encoding="utf-8") for path in paths]
    return tuple(
        Source(path, text, ast.parse(text, filename=str(path)))
        for path, text in zip(paths, texts, strict=True)
    )


def calls(source: Source) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with the last part of the called name, imports under another name undone."""
    renamed = {
        alias.asname: alias.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            yield renamed.get(node.func.id, node.func.id), node
        elif isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def literals(node: ast.expr) -> list[str]:
    """Return the texts that an expression can be, as far as it says so: ``"a" if x else "b"``."""
    match node:
        case ast.Constant(value=str(value)):
            return [value]
        case ast.IfExp(body=body, orelse=orelse):
            return [*literals(body), *literals(orelse)]
        case _:
            return []
