"""Secrets, tags, frames and derivation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.crypto.keys import (
    Realm,
    Secret,
    Tag,
    derive,
    frame,
    require_equal,
    tagged_hash,
)
from secure_liaison.encoding import decode
from secure_liaison.errors import FormatError, TamperedError

REALM = Realm(b"r" * 32)
OTHER = Realm(b"s" * 32)
ONE = Tag("secure_liaison/draft-0/" + "one")
TWO = Tag("secure_liaison/draft-0/" + "two")


def test_secret_never_prints_its_bytes() -> None:
    secret = Secret(b"k" * 32)
    assert "Secret(…)" == repr(secret) == str(secret)
    assert "kkkk" not in f"{secret!r}{secret}"


def test_secret_refuses_other_lengths() -> None:
    with pytest.raises(FormatError, match="secret-size"):
        Secret(b"k" * 31)


def test_secrets_are_equal_by_their_bytes_only() -> None:
    assert Secret(b"k" * 32) == Secret(b"k" * 32)
    assert Secret(b"k" * 32) != Secret(b"l" * 32)
    assert Secret(b"k" * 32) != b"k" * 32


def test_secrets_drawn_differ() -> None:
    assert Secret.generate() != Secret.generate()


@pytest.mark.parametrize(
    "text", ["", "seal", "secure_liaison/draft-0/", "secure_liaison/draft-0/UP"]
)
def test_tag_refuses_free_text(text: str) -> None:
    with pytest.raises(ValueError, match="not a tag"):
        Tag(text)


def test_realm_refuses_other_lengths() -> None:
    with pytest.raises(FormatError, match="realm-size"):
        Realm(b"r" * 16)


def test_frame_is_the_canonical_array_of_tag_realm_suite_and_parts() -> None:
    assert [ONE.text, REALM.octets, 1, b"a", 7] == decode(frame(ONE, REALM, b"a", 7), max_bytes=200)


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_frames_of_different_parts_differ(left: list[bytes], right: list[bytes]) -> None:
    assert (left == right) == (frame(ONE, REALM, *left) == frame(ONE, REALM, *right))


def test_hash_depends_on_tag_realm_suite_and_parts() -> None:
    hashes = {
        tagged_hash(ONE, REALM, b"a"),
        tagged_hash(TWO, REALM, b"a"),
        tagged_hash(ONE, OTHER, b"a"),
        tagged_hash(ONE, REALM, b"a", suite=2),
        tagged_hash(ONE, REALM, b"b"),
        tagged_hash(ONE, REALM, b"a", b""),
    }
    assert 6 == len(hashes)


def test_derived_keys_depend_on_every_input() -> None:
    keys = [
        derive(ONE, REALM, b"s", salt=b"1" * 32, context=b"c"),
        derive(TWO, REALM, b"s", salt=b"1" * 32, context=b"c"),
        derive(ONE, OTHER, b"s", salt=b"1" * 32, context=b"c"),
        derive(ONE, REALM, b"t", salt=b"1" * 32, context=b"c"),
        derive(ONE, REALM, b"s", salt=b"2" * 32, context=b"c"),
        derive(ONE, REALM, b"s", salt=b"1" * 32, context=b"d"),
    ]
    assert 6 == len({key.reveal() for key in keys})


def test_require_equal_raises_the_named_reason() -> None:
    require_equal(b"a", b"a", "digits")
    with pytest.raises(TamperedError, match="digits"):
        require_equal(b"a", b"b", "digits")
