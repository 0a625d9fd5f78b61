"""What every test can rely on.

Rules:

- Random order (pytest-randomly), warnings are errors, no network but loopback.
- Hypothesis has no deadline: the machines that run this differ by a factor of ten.
- No test sees the settings, the language or the folders of the person who runs it.
- A run ends with the number of cases that each law of `tests/properties` was tried on.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Before any test loads them: the order in which folders are collected is random.
pytest.register_assert_rewrite(
    "tests.attacks.world",
    "tests.attacks.agreeing",
    "tests.workflows.casework",
    "tests.workflows.desks",
    "tests.workflows.holding",
)

settings.register_profile(
    "quick", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "campaign", deadline=None, max_examples=5000, suppress_health_check=list(HealthCheck)
)
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test an English locale, a home of its own and no settings from outside."""
    for name in [
        name for name in os.environ if name.upper().startswith(("LIAISON", "XDG_", "LC_"))
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Count the cases of a law; those that it assumed away or that failed do not count."""
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None or "properties" not in item.path.parts:
        return (yield)
    inner: Callable[..., object] = handle.inner_test
    cases = 0

    @functools.wraps(inner)
    def counted(*args: Any, **kwargs: Any) -> None:
        nonlocal cases
        inner(*args, **kwargs)
        cases += 1

    handle.inner_test = counted
    try:
        return (yield)
    finally:
        handle.inner_test = inner
        item.user_properties.append(("cases", cases))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the cases of each law, and of all together."""
    found = {
        report.nodeid: value
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, value in report.user_properties
        if name == "cases"
    }
    if not found:
        return
    terminalreporter.section("cases per law")
    for nodeid, value in sorted(found.items()):
        law = nodeid.partition("::")[2].removeprefix("test_").replace("_", " ")
        terminalreporter.write_line(f"{value:>8}  {law}")
    total = sum(int(str(value).partition(" ")[0]) for value in found.values())
    terminalreporter.write_line(f"{total:>8}  cases in {len(found)} laws")
