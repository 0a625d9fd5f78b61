"""What every test can rely on.

Rules:

- Random order (pytest-randomly), warnings are errors, no network but loopback.
- Hypothesis has no deadline: the machines that run this differ by a factor of ten.
- No test sees the settings, the language or the folders of the person who runs it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from pathlib import Path

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
