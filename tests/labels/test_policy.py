"""A pack as a value: what is equal, what is not, and that asking twice is cheap."""

from dataclasses import replace

from secure_liaison.labels.pack import load_pack
from tests.labels.samples import CN, GENERIC, as_bytes, pack_file


def test_pack_read_twice_is_equal_and_shares_what_is_looked_up() -> None:
    one, two = (load_pack(as_bytes(pack_file("generic"))) for _ in range(2))
    assert one is not two
    assert (one, hash(one)) == (two, hash(two))
    assert one.index is two.index
    assert {one: "found"}[two] == "found"


def test_pack_changed_in_memory_is_another_although_its_digest_stays() -> None:
    changed = replace(GENERIC, rules=())
    assert changed.digest() == GENERIC.digest()
    assert changed != GENERIC
    assert changed.index is not GENERIC.index
    assert replace(changed, rules=GENERIC.rules) == GENERIC


def test_packs_of_other_files_and_other_things_are_not_equal() -> None:
    assert CN != GENERIC
    assert GENERIC != "generic"
    assert replace(GENERIC, canonical_digest=bytes(32)) != GENERIC
