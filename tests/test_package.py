"""The package itself: its public names, and that importing it costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import secure_liaison

SOURCE = Path(secure_liaison.__file__)


@pytest.mark.parametrize("name", secure_liaison.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(secure_liaison, name) is not None


@pytest.mark.parametrize(
    ("home", "name"),
    [(home, name) for home, names in secure_liaison._HOMES.items() for name in names],
)
def test_a_public_name_is_that_of_its_home(home: str, name: str) -> None:
    assert getattr(import_module(home), name) is getattr(secure_liaison, name)


def test_the_public_names_are_exactly_those_that_have_a_home() -> None:
    homes = [name for names in secure_liaison._HOMES.values() for name in names]
    assert sorted(homes) == secure_liaison.__all__


def test_type_checkers_see_the_same_names() -> None:
    """What stands under ``if TYPE_CHECKING`` is what is loaded later, from the same modules."""
    (block,) = [node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.If)]
    imported = {
        node.module: tuple(alias.name for alias in node.names)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }
    assert secure_liaison._HOMES == imported


@pytest.mark.parametrize("name", ["nothing", "_nothing", "Sealed", "__path_to_nothing__"])
def test_an_unknown_name_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'secure_liaison' has no attribute '{name}'"):
        getattr(secure_liaison, name)


def test_an_unknown_name_cannot_be_imported() -> None:
    with pytest.raises(ImportError):
        exec("from secure_liaison import nothing")  # noqa: S102  # the statement itself is tested


def test_importing_the_package_loads_nothing_of_it() -> None:
    code = (
        "import sys, secure_liaison;"
        "print(sorted(name for name in sys.modules if name.startswith('secure_liaison.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    )
    assert "[]" == done.stdout.strip()
