from __future__ import annotations

import random
from functools import reduce
from hashlib import sha256
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scitt_cose import merkle as peer

from secure_liaison import encoding
from secure_liaison.errors import (
    AuditInconsistentError,
    FormatError,
    TamperedError,
    UnsupportedVersionError,
)
from secure_liaison.transparency.merkle import (
    EMPTY_ROOT,
    MAX_TREE_SIZE,
    CompactRange,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# Published facts: the eight entries, the roots of their first 0..8 and two of their consistency
# proofs stand in the tests of the Certificate Transparency reference implementation (Google) and
# of the verifiers that follow it, such as transparency-dev/merkle, testonly/constants.go.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(root)
    for root in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
CONSISTENCY = {
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}

TREE = [leaf_hash(number.to_bytes(4, "big")) for number in range(71)]
TREE_ROOTS = [root_of(TREE[:size]) for size in range(71)]

sizes = st.integers(min_value=1, max_value=70)
places = sizes.flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))
steps = sizes.flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new)))


def refuse_inclusion(index: int, size: int, proof: list[bytes], root: bytes) -> None:
    with pytest.raises(TamperedError, match="merkle-inclusion"):
        verify_inclusion(TREE[5], index=index, size=size, proof=proof, root=root)


def refuse_step(old: tuple[int, bytes], new: tuple[int, bytes], proof: list[bytes]) -> None:
    with pytest.raises(AuditInconsistentError, match="merkle-consistency"):
        verify_consistency(
            old_size=old[0], new_size=new[0], old_root=old[1], new_root=new[1], proof=proof
        )


def flip(octets: bytes, bit: int) -> bytes:
    position, shift = divmod(bit, 8)
    return octets[:position] + bytes([octets[position] ^ 1 << shift]) + octets[position + 1 :]


def path_shape(index: int, size: int) -> tuple[int, int]:
    shared = (index ^ (size - 1)).bit_length()
    return shared, (index >> shared).bit_count()


# ------------------------------------------------------------------------------------------ roots


@pytest.mark.parametrize("size", range(9))
def test_root_is_the_published_one(size: int) -> None:
    hashes = [leaf_hash(entry) for entry in ENTRIES[:size]]

    assert root_of(hashes) == ROOTS[size]


def test_leaf_and_node_of_equal_bytes_hash_differently() -> None:
    left, right = TREE[:2]

    assert leaf_hash(left + right) != node_hash(left, right)
    assert leaf_hash(b"x") == sha256(b"\x00x").digest()


def test_root_of_refuses_hashes_that_are_not_32_bytes() -> None:
    shifted = [TREE[0] + TREE[1][:1], TREE[1][1:]]

    with pytest.raises(ValueError, match="32 bytes"):
        root_of(shifted)


@given(size=sizes)
def test_compact_range_has_the_root_of_the_whole_list(size: int) -> None:
    growing = CompactRange()
    for number, leaf in enumerate(TREE[:size]):
        assert growing.root() == TREE_ROOTS[number]
        growing.append(leaf)

    assert growing.root() == TREE_ROOTS[size]
    assert growing.size == size


@given(cut=st.integers(0, 70), size=st.integers(0, 70))
def test_restored_compact_range_goes_on_as_if_never_stopped(cut: int, size: int) -> None:
    growing = CompactRange()
    for leaf in TREE[: min(cut, size)]:
        growing.append(leaf)
    restored = CompactRange.from_state(growing.state())
    for leaf in TREE[min(cut, size) : size]:
        restored.append(leaf)

    assert (restored.size, restored.root()) == (size, TREE_ROOTS[size])
    assert CompactRange.from_state(restored.state()).state() == restored.state()


def test_state_after_six_published_entries_is_that_of_the_spec() -> None:
    growing = CompactRange()
    for entry in ENTRIES[:6]:
        growing.append(leaf_hash(entry))

    # docs/spec/merkle-and-notes.md §3
    assert growing.state().hex() == (
        "a300000106025840"
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
    )


def test_compact_range_keeps_one_hash_for_each_full_subtree() -> None:
    growing = CompactRange()
    for leaf in [TREE[0]] * 1000:
        growing.append(leaf)

    assert len(growing.state()) < 32 + 32 * (1000).bit_count()


def test_compact_range_refuses_a_leaf_that_is_not_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        CompactRange().append(b"entry")


def test_compact_range_refuses_to_grow_past_the_largest_tree() -> None:
    state = encoding.encode({0: 0, 1: MAX_TREE_SIZE, 2: b"\x07" * 32 * 63})
    full = CompactRange.from_state(state)

    with pytest.raises(ValueError, match="full"):
        full.append(TREE[0])
    assert len(state) <= 2080


@pytest.mark.parametrize(
    "state",
    [
        encoding.encode({0: 0, 1: 3, 2: TREE[0]}),
        encoding.encode({0: 0, 1: 4, 2: TREE[0] + TREE[1]}),
        encoding.encode({0: 0, 1: 0, 2: TREE[0]}),
        encoding.encode({0: 0, 1: 1, 2: TREE[0][:31]}),
        encoding.encode({0: 0, 1: -1, 2: b""}),
        encoding.encode({0: 0, 1: 2**63, 2: TREE[0]}),
        encoding.encode({0: 0, 1: 1, 2: TREE[0], 3: b""}),
        encoding.encode({0: 0, 1: 1}),
        encoding.encode({0: 0, 1: 1, 2: TREE[0]}) + b"\x00",
        b"",
    ],
)
def test_compact_range_refuses_a_malformed_state(state: bytes) -> None:
    with pytest.raises(FormatError):
        CompactRange.from_state(state)


def test_compact_range_refuses_a_state_of_a_later_release() -> None:
    with pytest.raises(UnsupportedVersionError):
        CompactRange.from_state(encoding.encode({0: 1, 1: 0, 2: b""}))


# -------------------------------------------------------------------------------------- inclusion


def test_every_leaf_of_every_small_tree_is_proven() -> None:
    for size in range(1, 71):
        for index in range(size):
            proof = inclusion_proof(TREE[:size], index)
            verify_inclusion(
                TREE[index], index=index, size=size, proof=proof, root=TREE_ROOTS[size]
            )


def test_inclusion_proof_is_the_path_of_rfc_6962() -> None:
    hashes = [leaf_hash(entry) for entry in ENTRIES]

    # RFC 6962 §2.1.3 draws this tree of seven leaves and states these two paths.
    assert inclusion_proof(hashes[:7], 0) == [
        hashes[1],
        node_hash(hashes[2], hashes[3]),
        node_hash(node_hash(hashes[4], hashes[5]), hashes[6]),
    ]
    assert inclusion_proof(hashes[:7], 6) == [node_hash(hashes[4], hashes[5]), ROOTS[4]]


@given(place=places, data=st.data())
def test_inclusion_refuses_any_flipped_bit(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    parts = [*inclusion_proof(TREE[:size], index), TREE[index], TREE_ROOTS[size]]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flip(parts[which], data.draw(st.integers(0, 255)))
    *proof, leaf, root = parts

    with pytest.raises(TamperedError, match="merkle-inclusion"):
        verify_inclusion(leaf, index=index, size=size, proof=proof, root=root)


@given(place=places, other=st.integers(-2, 200))
def test_inclusion_refuses_any_other_index(place: tuple[int, int], other: int) -> None:
    index, size = place
    proof = inclusion_proof(TREE[:size], index)
    if other == index:
        return

    with pytest.raises(TamperedError, match="merkle-inclusion"):
        verify_inclusion(TREE[index], index=other, size=size, proof=proof, root=TREE_ROOTS[size])


@given(place=places, other=sizes)
def test_inclusion_refuses_the_root_of_any_other_size(place: tuple[int, int], other: int) -> None:
    index, size = place
    proof = inclusion_proof(TREE[:size], index)
    if other == size:
        return

    with pytest.raises(TamperedError, match="merkle-inclusion"):
        verify_inclusion(TREE[index], index=index, size=other, proof=proof, root=TREE_ROOTS[other])


@given(place=places, other=st.integers(-2, 200))
def test_inclusion_refuses_any_other_size_whose_path_has_another_form(
    place: tuple[int, int], other: int
) -> None:
    index, size = place
    proof = inclusion_proof(TREE[:size], index)
    if index < other and path_shape(index, other) == path_shape(index, size):
        return  # the same hashes in the same order: only the signed size tells these apart

    with pytest.raises(TamperedError, match="merkle-inclusion"):
        verify_inclusion(TREE[index], index=index, size=other, proof=proof, root=TREE_ROOTS[size])


def test_a_path_alone_does_not_fix_the_size() -> None:
    # This is why size and root must come from one signed checkpoint.
    proof = inclusion_proof(TREE[:3], 0)

    verify_inclusion(TREE[0], index=0, size=4, proof=proof, root=TREE_ROOTS[3])


@pytest.mark.parametrize("size", [6, 7, 8, 33, 64, 70])
def test_inclusion_refuses_a_path_too_short_or_too_long(size: int) -> None:
    proof = inclusion_proof(TREE[:size], 5)
    root = TREE_ROOTS[size]

    verify_inclusion(TREE[5], index=5, size=size, proof=proof, root=root)
    refuse_inclusion(5, size, proof[:-1], root)
    refuse_inclusion(5, size, proof[1:], root)
    refuse_inclusion(5, size, [*proof, proof[-1]], root)
    refuse_inclusion(5, size, [*proof, b""], root)
    refuse_inclusion(5, size, [], root)


def test_inclusion_refuses_hashes_of_another_length() -> None:
    proof = inclusion_proof(TREE[:8], 5)

    refuse_inclusion(5, 8, [proof[0] + b"\x00", *proof[1:]], TREE_ROOTS[8])
    refuse_inclusion(5, 8, [proof[0][:-1], *proof[1:]], TREE_ROOTS[8])
    refuse_inclusion(5, 8, proof, TREE_ROOTS[8][:-1])
    with pytest.raises(TamperedError, match="merkle-inclusion"):
        verify_inclusion(b"", index=0, size=1, proof=[], root=b"")


def test_inclusion_refuses_an_inner_node_offered_as_a_leaf() -> None:
    inner = node_hash(TREE[0], TREE[1])
    proof = inclusion_proof(TREE[:8], 0)[1:]

    with pytest.raises(TamperedError, match="merkle-inclusion"):
        verify_inclusion(inner, index=0, size=8, proof=proof, root=TREE_ROOTS[8])


def test_inclusion_refuses_a_negative_index_that_would_wrap_around() -> None:
    proof = inclusion_proof(TREE[:4], 3)

    with pytest.raises(TamperedError, match="merkle-inclusion"):
        verify_inclusion(TREE[3], index=-1, size=1, proof=proof, root=TREE_ROOTS[4])


def test_largest_tree_is_the_limit() -> None:
    # The path to leaf 0 has the same form in both trees, so nothing but the limit differs.
    proof = [TREE[1]] * 63
    root = reduce(node_hash, [TREE[0], *proof])

    verify_inclusion(TREE[0], index=0, size=MAX_TREE_SIZE, proof=proof, root=root)
    with pytest.raises(TamperedError, match="merkle-inclusion"):
        verify_inclusion(TREE[0], index=0, size=MAX_TREE_SIZE + 1, proof=proof, root=root)
    verify_consistency(
        old_size=1, new_size=MAX_TREE_SIZE, old_root=TREE[0], new_root=root, proof=proof
    )
    refuse_step((1, TREE[0]), (MAX_TREE_SIZE + 1, root), proof)


def test_inclusion_refuses_sizes_that_no_tree_can_have() -> None:
    refuse_inclusion(0, 0, [], EMPTY_ROOT)
    refuse_inclusion(5, -8, [], TREE_ROOTS[8])
    refuse_inclusion(5, MAX_TREE_SIZE + 1, [TREE[0]] * 63, TREE_ROOTS[8])
    refuse_inclusion(10**400, 10**400 + 1, [TREE[0]] * 63, TREE_ROOTS[8])


@pytest.mark.parametrize("index", [-1, 7])
def test_inclusion_proof_for_a_leaf_that_is_not_there_is_a_mistake(index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(TREE[:7], index)


# ------------------------------------------------------------------------------------ consistency


def test_every_step_between_small_trees_is_proven() -> None:
    for new_size in range(1, 71):
        for old_size in range(1, new_size + 1):
            verify_consistency(
                old_size=old_size,
                new_size=new_size,
                old_root=TREE_ROOTS[old_size],
                new_root=TREE_ROOTS[new_size],
                proof=consistency_proof(TREE, old_size, new_size),
            )


@pytest.mark.parametrize(("old_size", "new_size"), CONSISTENCY)
def test_consistency_proof_is_the_published_one(old_size: int, new_size: int) -> None:
    hashes = [leaf_hash(entry) for entry in ENTRIES]
    proof = consistency_proof(hashes, old_size, new_size)

    assert [step.hex() for step in proof] == list(CONSISTENCY[old_size, new_size])


@given(step=steps, data=st.data())
def test_consistency_refuses_any_flipped_bit(step: tuple[int, int], data: st.DataObject) -> None:
    old, new = step
    parts = [*consistency_proof(TREE, old, new), TREE_ROOTS[old], TREE_ROOTS[new]]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flip(parts[which], data.draw(st.integers(0, 255)))
    *proof, old_root, new_root = parts

    refuse_step((old, old_root), (new, new_root), proof)


@given(step=steps, other=steps)
def test_consistency_refuses_the_proof_of_any_other_step(
    step: tuple[int, int], other: tuple[int, int]
) -> None:
    proof = consistency_proof(TREE, *step)
    if step == other or proof == consistency_proof(TREE, *other):
        return

    refuse_step((other[0], TREE_ROOTS[other[0]]), (other[1], TREE_ROOTS[other[1]]), proof)


@pytest.mark.parametrize(
    ("claimed", "true"), [((1, 4), (1, 2)), ((3, 4), (7, 8)), ((3, 4), (11, 12)), ((5, 6), (5, 9))]
)
def test_consistency_refuses_true_roots_under_sizes_of_another_path(
    claimed: tuple[int, int], true: tuple[int, int]
) -> None:
    proof = consistency_proof(TREE, *true)

    refuse_step((claimed[0], TREE_ROOTS[true[0]]), (claimed[1], TREE_ROOTS[true[1]]), proof)


@given(step=steps, data=st.data())
def test_consistency_refuses_a_history_with_one_leaf_changed(
    step: tuple[int, int], data: st.DataObject
) -> None:
    old, new = step
    forged = list(TREE)
    forged[data.draw(st.integers(0, old - 1))] = leaf_hash(b"forged")

    refuse_step(
        (old, TREE_ROOTS[old]),
        (new, root_of(forged[:new])),
        consistency_proof(forged, old, new),
    )


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 8), (4, 7), (6, 8), (7, 70)])
def test_consistency_refuses_a_proof_too_short_or_too_long(old: int, new: int) -> None:
    proof = consistency_proof(TREE, old, new)
    before, after = (old, TREE_ROOTS[old]), (new, TREE_ROOTS[new])

    refuse_step(before, after, proof[:-1])
    refuse_step(before, after, proof[1:])
    refuse_step(before, after, [*proof, proof[-1]])
    refuse_step(before, after, [TREE_ROOTS[old], *proof])
    refuse_step(before, after, [])


@pytest.mark.parametrize("new", [0, 1, 8, 70])
def test_consistency_refuses_an_empty_old_tree(new: int) -> None:
    refuse_step((0, EMPTY_ROOT), (new, TREE_ROOTS[new]), [])


def test_consistency_refuses_a_shrinking_tree() -> None:
    refuse_step((8, TREE_ROOTS[8]), (6, TREE_ROOTS[6]), consistency_proof(TREE, 6, 8))


def test_consistency_refuses_two_roots_for_one_size() -> None:
    forked = root_of([*TREE[:7], leaf_hash(b"forged")])

    refuse_step((8, TREE_ROOTS[8]), (8, forked), [])


def test_consistency_refuses_a_needless_proof_for_equal_trees() -> None:
    refuse_step((8, TREE_ROOTS[8]), (8, TREE_ROOTS[8]), [TREE_ROOTS[8]])


def test_consistency_refuses_hashes_of_another_length() -> None:
    proof = consistency_proof(TREE, 6, 8)

    refuse_step((6, TREE_ROOTS[6]), (8, TREE_ROOTS[8]), [proof[0] + b"\x00", *proof[1:]])
    refuse_step((8, b""), (8, b""), [])


def test_consistency_refuses_sizes_that_no_tree_can_have() -> None:
    refuse_step((1, TREE_ROOTS[1]), (MAX_TREE_SIZE + 1, TREE_ROOTS[8]), [TREE[0]] * 63)
    refuse_step((-1, TREE_ROOTS[1]), (1, TREE_ROOTS[1]), [])


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (5, 72), (-1, 5)])
def test_consistency_proof_between_sizes_that_do_not_exist_is_a_mistake(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no step"):
        consistency_proof(TREE, old, new)


# ---------------------------------------------------------------- a verifier written by other hands


def test_another_verifier_agrees_on_200_inclusion_proofs_and_their_forgeries() -> None:
    chance = random.Random(6962)
    for _ in range(200):
        size = chance.randint(1, 300)
        index = chance.randrange(size)
        entries = [chance.randbytes(8) for _ in range(size)]
        hashes = [leaf_hash(entry) for entry in entries]
        root = root_of(hashes)
        proof = [step.hex() for step in inclusion_proof(hashes, index)]
        other = flip(root, chance.randrange(256))

        assert peer.merkle_root([entry.hex() for entry in entries]) == root.hex()
        assert peer.verify_inclusion(entries[index].hex(), index, size, proof, root.hex())
        assert not peer.verify_inclusion(entries[index].hex(), index, size, proof, other.hex())


def test_another_verifier_agrees_on_200_consistency_proofs() -> None:
    chance = random.Random(9162)
    for _ in range(200):
        new = chance.randint(1, 300)
        old = chance.randint(1, new)
        hashes = [leaf_hash(chance.randbytes(8)) for _ in range(new)]
        proof = [step.hex() for step in consistency_proof(hashes, old, new)]

        assert peer.verify_consistency(
            root_of(hashes[:old]).hex(), root_of(hashes).hex(), old, new, proof
        )


def test_another_prover_gives_the_same_proofs() -> None:
    entries = [bytes([number]).hex() for number in range(21)]
    hashes = [leaf_hash(bytes.fromhex(entry)) for entry in entries]

    for index in range(21):
        assert [step.hex() for step in inclusion_proof(hashes, index)] == peer.inclusion_proof(
            entries, index
        )
    for old, new in product(range(1, 22), repeat=2):
        if old <= new:
            proof = [step.hex() for step in consistency_proof(hashes, old, new)]
            assert proof == peer.consistency_proof(entries, old, new)
