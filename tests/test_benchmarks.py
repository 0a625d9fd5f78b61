"""The benchmarks' desks do the real work; a change of the library must not leave them behind."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from benchmarks.capsule import part_of
from benchmarks.desks import RECIPIENTS, Desks
from benchmarks.labels import decision_rows, join_rows, mark_rows, pack_rows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("recipients", RECIPIENTS)
def test_what_a_benchmark_seals_it_opens_again(tmp_path: Path, recipients: int) -> None:
    plain, body, out = tmp_path / "plain", BytesIO(), BytesIO()
    plain.write_bytes(bytes(range(256)) * 40)
    desks = Desks()
    made = desks.seal(part_of(plain), body, recipients)
    body.seek(0)
    desks.open(made, body, out)
    assert plain.read_bytes() == out.getvalue()
    assert recipients == len(made.envelopes)


def test_the_benchmark_of_labels_has_a_row_for_every_question() -> None:
    rows = [*decision_rows(1, 20), *join_rows(1), *mark_rows(1, 1), *pack_rows(1)]
    asked = " ".join(row.measure for row in rows)
    for words in ("10 groups", "gate", "join of 1000", "1000 categories", "lint", "mark"):
        assert words in asked
