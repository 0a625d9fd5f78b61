"""Names that say something, modules that read in one sitting, functions that fit a screen."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import ROOT, Source, sources

SAYS_NOTHING = {
    stem + ending
    for stem in (
        "base",
        "common",
        "data",
        "do",
        "handler",
        "helper",
        "info",
        "manager",
        "misc",
        "process",
        "service",
        "util",
    )
    for ending in ("", "s", "es")
}
MODULE_LINES = 400
FUNCTION_LINES = 40


def words(stem: str) -> set[str]:
    return set(stem.strip("_").split("_"))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count from ``def`` to the last line, without the docstring."""
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is None:
        return whole
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1)


def test_names_of_modules_say_something() -> None:
    found = [
        source.place
        for source in sources()
        if any(words(part) & SAYS_NOTHING for part in (source.path.stem, source.path.parent.name))
    ]
    assert found == []


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.place)
def test_a_module_reads_in_one_sitting(source: Source) -> None:
    assert len(source.text.splitlines()) <= MODULE_LINES


def test_functions_fit_a_screen() -> None:
    long = [
        f"{source.place}:{node.lineno} {node.name} has {body_lines(node)} lines"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and body_lines(node) > FUNCTION_LINES
    ]
    assert long == []


def test_every_package_of_the_wheel_is_a_package() -> None:
    missing = {
        source.path.parent.relative_to(ROOT).as_posix()
        for source in sources()
        if not (source.path.parent / "__init__.py").is_file()
    }
    assert missing == set()
