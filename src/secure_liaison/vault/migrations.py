"""The numbered steps that lead from one schema of the vault to the next.

Rules:

- ``schema/NNNN_name.sql``, numbers 1, 2, 3 … without a gap; a step that was released never changes.
- A step holds statements only; `store` wraps it in one transaction with the new number and makes a
  backup before it.

Source: docs/spec/vault.md §5.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

__all__ = ["Migration", "released_migrations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step.

    Attributes:
        number: The schema's number after it, from 1.
        sql: Its statements, without BEGIN and COMMIT.
    """

    number: int
    sql: str


def released_migrations() -> tuple[Migration, ...]:
    """Return the steps that this release knows, in order."""
    folder = resources.files("secure_liaison.vault") / "schema"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(
        Migration(
            number=int(name.partition("_")[0]), sql=(folder / name).read_text(encoding="utf-8")
        )
        for name in names
    )
