"""An empty vault at the lowest cost of Argon2id that a slot may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from secure_liaison.crypto.passphrase import TEST_COST
from secure_liaison.vault.store import create_vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from secure_liaison.vault.store import Vault


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "desk"


@pytest.fixture
def vault(folder: Path) -> Iterator[Vault]:
    with create_vault(folder, "correct horse", cost=TEST_COST) as opened:
        yield opened
