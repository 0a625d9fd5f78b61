"""What only one place may do: mint permits, spend a tag, print, read the machine's clock.

The doors to foreign libraries and the layers are import-linter's, see pyproject.toml.
"""

from __future__ import annotations

import ast
from collections import Counter

from tests.architecture.sources import calls, literals, sources

MINT = "src/secure_liaison/monitor/gate.py"


def test_only_the_gate_constructs_a_permit() -> None:
    found = [
        f"{source.place}:{call.lineno}"
        for source in sources()
        for name, call in calls(source)
        if name == "Permit" and source.place != MINT
    ]
    assert found == []


def test_no_permit_is_made_by_a_side_entrance() -> None:
    """``Permit.__new__``, ``object.__new__(Permit)`` and ``replace(permit, …)`` are mints too."""
    found = [
        f"{source.place}:{call.lineno}"
        for source in sources()
        for name, call in calls(source)
        if source.place != MINT
        and (
            (name == "__new__" and "Permit" in ast.unparse(call))
            or (name == "replace" and call.args and "permit" in ast.unparse(call.args[0]).lower())
        )
    ]
    assert found == []


def test_the_gate_does_mint() -> None:
    """The two tests above prove nothing while nobody mints."""
    mints = [name for source in sources() if source.place == MINT for name, _ in calls(source)]
    assert "Permit" in mints


def test_no_two_purposes_share_a_tag() -> None:
    tags = Counter(
        text
        for source in sources()
        for name, call in calls(source)
        if name == "Tag" and call.args
        for text in literals(call.args[0])
    )
    assert tags
    assert [tag for tag, times in tags.items() if times > 1] == []


def test_every_tag_is_written_where_it_is_made() -> None:
    """A tag that is computed cannot be compared with the others."""
    found = [
        f"{source.place}:{call.lineno}"
        for source in sources()
        for name, call in calls(source)
        if name == "Tag" and not (call.args and literals(call.args[0]))
    ]
    assert found == []


def test_only_surfaces_catch_everything() -> None:
    """A bare ``except`` hides a mistake; a door may convert what it catches."""
    found = [
        f"{source.place}:{node.lineno}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert found == []
