"""Passphrase slots."""

from __future__ import annotations

import pytest

from secure_liaison.crypto.keys import Secret
from secure_liaison.crypto.passphrase import TEST_COST, Cost, open_slot, seal_slot
from secure_liaison.encoding import decode, encode
from secure_liaison.errors import FormatError, WrongPassphraseError

KEY = Secret(b"k" * 32)
SLOT = seal_slot("一号口令 one", KEY, cost=TEST_COST)


def _changed(field: int, value: int) -> bytes:
    slot = decode(SLOT, max_bytes=512)
    assert isinstance(slot, dict)
    return encode({**slot, field: value})


def test_right_passphrase_gives_the_key_back() -> None:
    assert KEY == open_slot("一号口令 one", SLOT)


def test_wrong_passphrase_is_one_clear_error() -> None:
    with pytest.raises(WrongPassphraseError, match="no-slot"):
        open_slot("一号口令 two", SLOT)


def test_two_slots_of_one_passphrase_differ() -> None:
    assert seal_slot("one", KEY, cost=TEST_COST) != seal_slot("one", KEY, cost=TEST_COST)


@pytest.mark.parametrize(("field", "value"), [(2, 2**20), (2, 2**40), (3, 0), (3, 65)])
def test_slot_that_asks_for_a_cost_out_of_range_is_refused_before_it_is_paid(
    field: int, value: int
) -> None:
    with pytest.raises(FormatError, match="slot-cost"):
        open_slot("一号口令 one", _changed(field, value))


def test_recorded_cost_is_bound_to_the_slot() -> None:
    with pytest.raises(WrongPassphraseError, match="no-slot"):
        open_slot("一号口令 one", _changed(3, 2))


def test_cut_slot_is_malformed() -> None:
    with pytest.raises(FormatError):
        open_slot("一号口令 one", SLOT[:-1])


def test_cost_can_be_raised() -> None:
    slot = seal_slot("one", KEY, cost=Cost(memory_bytes=TEST_COST.memory_bytes, passes=2))
    assert KEY == open_slot("one", slot)
