"""The one table of every benchmark: measure, ours, peer or limit, ratio, goal, held.

Rules:

- Contenders of one row run interleaved, round by round, in one process run; medians with min–max.
- A peer that cannot be installed is a row that says so, never a missing row.
- ``--quick`` keeps every row and only shrinks sizes and rounds; ``--json`` writes the same rows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds of each round of one contender."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def text(self, size: int) -> str:
        """Return the median with min–max; as a rate for a megabyte and more."""
        low, high = min(self.seconds), max(self.seconds)
        if size < MIB:
            return f"{self.median * 1e3:.2f} ms ({low * 1e3:.2f}–{high * 1e3:.2f})"
        rates = [size / MIB / value for value in (self.median, high, low)]
        return f"{rates[0]:.0f} MiB/s ({rates[1]:.0f}–{rates[2]:.0f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question.

    Attributes:
        measure: What was done.
        size: Bytes of plaintext.
        ours: Our times.
        peer: Name of the peer or limit, or why it is not there.
        theirs: Its times; nothing if it is not there.
        goal: Smallest ratio of rates (ours by theirs) that holds; nothing if none is set.
    """

    measure: str
    size: int
    ours: Times
    peer: str
    theirs: Times | None
    goal: float | None

    @property
    def ratio(self) -> float | None:
        """How many times as fast ours is; below 1 it is slower."""
        return None if self.theirs is None else self.theirs.median / self.ours.median

    @property
    def held(self) -> str:
        """``yes``, ``no``, or a dash where there is no goal or no peer."""
        if self.goal is None or self.ratio is None:
            return "–"
        return "yes" if self.ratio >= self.goal else "no"

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is printed."""
        theirs = "–" if self.theirs is None else self.theirs.text(self.size)
        return (
            self.measure,
            self.ours.text(self.size),
            f"{self.peer}: {theirs}",
            "–" if self.ratio is None else f"{self.ratio:.2f} ×",
            "–" if self.goal is None else f"≥ {self.goal:g} ×",
            self.held,
        )


def interleaved(
    contenders: Mapping[str, Callable[[], float | None]], rounds: int
) -> dict[str, Times]:
    """Run every contender once in each round, after one round that does not count.

    A contender returns the seconds that count, or nothing if its whole call counts.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, act in contenders.items():
            begun = time.perf_counter()
            own = act()
            spent = time.perf_counter() - begun if own is None else own
            if number:
                seconds[name].append(spent)
    return {name: Times(seconds=tuple(values)) for name, values in seconds.items()}


def arguments(description: str, *, rounds: int) -> argparse.Namespace:
    """Read ``--quick``, ``--rounds`` and ``--json``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, within two minutes")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"rounds (default {rounds})")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    return parser.parse_args()


def report(
    title: str, rows: Sequence[Row], *, versions: Mapping[str, str], path: Path | None
) -> None:
    """Print the table, and write it as JSON if a file is named."""
    heading = machine() | dict(versions)
    table = Table(title=f"{title}\n" + " · ".join(f"{k} {v}" for k, v in heading.items()))
    for column in ("measure", "ours", "peer or limit", "ratio", "goal", "held"):
        table.add_column(column, no_wrap=column != "peer or limit")
    for row in rows:
        table.add_row(*row.cells())
    Console(width=160).print(table)
    if path is not None:
        columns = ("measure", "ours", "peer", "ratio", "goal", "held")
        records = [dict(zip(columns, row.cells(), strict=True)) for row in rows]
        content = {"title": title, "machine": heading, "rows": records}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def machine() -> dict[str, str]:
    """Return what the numbers depend on most."""
    return {
        "Python": platform.python_version(),
        "on": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
    }
