"""The record of a notice: one encoding, and each vector is read or refused as it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from secure_liaison.capsule.notice import decode_notice, encode_notice
from secure_liaison.crypto.keys import Realm
from secure_liaison.errors import FormatError, LiaisonError
from secure_liaison.labels.case import Event
from tests.vectors.notice.generate import written
from tests.vectors.notice.scenarios import REALM, notice, scenarios

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "notice"
VECTORS = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("event", Event)
def test_a_record_says_what_was_written(event: Event) -> None:
    assert notice(event) == decode_notice(encode_notice(notice(event), REALM), REALM)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").replace("\n\n", "\n").splitlines()
    fields = dict(line.split(": ", 1) for line in lines)
    realm, record = Realm(bytes.fromhex(fields["realm"])), bytes.fromhex(fields["record"])
    if fields["expect"] == "good":
        assert record == encode_notice(decode_notice(record, realm), realm)
        return
    with pytest.raises(LiaisonError) as caught:
        decode_notice(record, realm)
    assert fields["expect"] == f"{caught.value.code} {caught.value.reason}"


def test_the_vectors_are_those_of_the_scenarios() -> None:
    assert {each.name: written(each) for each in scenarios()} == {
        path.stem: path.read_text(encoding="utf-8") for path in VECTORS
    }


def test_an_event_goes_with_the_label_that_it_leaves() -> None:
    good = notice(Event.EXPIRED)
    with pytest.raises(FormatError, match="notice-event"):
        replace(good, change=replace(good.change, event=Event.EXTENDED))
