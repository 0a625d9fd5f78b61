"""The core: one encoding, every rule checked by sealer and reader alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.capsule.core import (
    NO_HEAD,
    Core,
    GrantPolicy,
    Head,
    core_hash,
    decode_core,
    encode_core,
    new_object_id,
)
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest, Realm
from secure_liaison.errors import FormatError, LiaisonError, TamperedError, UnsupportedVersionError
from secure_liaison.identity.ids import OfficerId
from tests.capsule.forge import DAY, NOW, Forge, cbor, fixed

REALM = Realm(fixed("realm"))
GOOD = Forge().make().core


def good() -> Core:
    return decode_core(GOOD, REALM)


def changed(**fields: Any) -> bytes:
    return cbor(cbor2.loads(GOOD) | {int(key[1:]): value for key, value in fields.items()})


def test_decoding_and_encoding_give_the_same_bytes() -> None:
    assert encode_core(good(), REALM) == GOOD


def test_the_hash_is_that_of_the_specification() -> None:
    assert core_hash(good(), REALM) == Forge().make().core_hash


def test_the_hash_differs_between_realms() -> None:
    assert core_hash(good(), REALM) != core_hash(good(), Realm(fixed("other")))


def test_the_expiry_day_is_the_day_of_the_last_second() -> None:
    core = replace(good(), expires=Instant(10**6 * 1800 - 1), created=Instant(0))
    assert core.expiry_day == (10**6 * 1800 - 1) // DAY


def test_object_ids_are_drawn_anew() -> None:
    assert new_object_id() != new_object_id()


def test_a_core_of_another_realm_is_refused() -> None:
    with pytest.raises(TamperedError) as caught:
        decode_core(GOOD, Realm(fixed("other")))
    assert caught.value.reason == "capsule-realm"


OFFICER = fixed("reader officer", 16)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"_3": 6}, "capsule-kind"),
        ({"_15": 3}, "capsule-grant-policy"),
        ({"_8": []}, "capsule-addressees"),
        ({"_8": [OFFICER, OFFICER]}, "capsule-addressees"),
        ({"_9": [OFFICER]}, "capsule-addressees"),
        ({"_8": [OFFICER[:15]]}, "capsule-addressees"),
        ({"_8": ["name"]}, "capsule-addressees"),
        ({"_10": "Very Urgent"}, "capsule-urgency"),
        ({"_10": ""}, "capsule-urgency"),
        ({"_6": NOW + 31 * DAY}, "capsule-times"),
        ({"_11": NOW + 31 * DAY}, "capsule-times"),
        ({"_12": 253_402_300_799}, "capsule-times"),
        ({"_18": []}, "capsule-commitments"),
        ({"_18": [fixed("c", 31)]}, "capsule-commitments"),
        ({"_18": [7]}, "capsule-commitments"),
        ({"_14": True}, "capsule-flags"),
        ({"_18": [fixed("a"), fixed("b")]}, "capsule-flags"),
        ({"_13": True, "_15": 1}, "capsule-flags"),
        ({"_16": {0: "", 1: 1, 2: b""}}, "capsule-log-head"),
        ({"_16": {0: "log", 1: 1, 2: b""}}, "capsule-log-head"),
        ({"_17": {0: "", 1: 0, 2: fixed("root")}}, "capsule-log-head"),
        ({"_20": 0}, "unknown-field"),
        ({"_19": "x" * 65}, "field-size"),
    ],
)
def test_a_core_against_the_rules_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_core(changed(**fields), REALM)
    assert caught.value.reason == reason


@pytest.mark.parametrize("field", range(20))
def test_every_field_is_needed(field: int) -> None:
    value = cbor2.loads(GOOD)
    del value[field]
    with pytest.raises(FormatError) as caught:
        decode_core(cbor(value), REALM)
    assert caught.value.reason == "field-missing"


def test_a_later_version_is_named_as_such() -> None:
    with pytest.raises(UnsupportedVersionError):
        decode_core(changed(_0=1), REALM)


def test_an_object_without_acknowledgement_and_with_readers_for_information_only() -> None:
    core = replace(good(), action=(), info=(OfficerId(OFFICER),), acknowledge_by=None)
    assert decode_core(encode_core(core, REALM), REALM) == core


def test_custody_and_several_commitments_go_together() -> None:
    core = replace(good(), custody=True, commitments=(Digest(fixed("a")), Digest(fixed("b"))))
    assert decode_core(encode_core(core, REALM), REALM) == core


def test_grants_and_forward_secrecy_exclude_each_other() -> None:
    with pytest.raises(FormatError):
        replace(good(), forward_secrecy=True, grant_policy=GrantPolicy.ANY_READER)


def test_an_unknown_head_is_written_as_nothing() -> None:
    assert NO_HEAD == Head(origin="", size=0, root=b"")


@given(st.binary(max_size=300))
def test_foreign_bytes_are_one_typed_error(data: bytes) -> None:
    with pytest.raises(LiaisonError):
        decode_core(data, REALM)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_never_gives_the_same_core(place: int, mask: int) -> None:
    data = bytearray(GOOD)
    data[place] ^= mask
    try:
        core = decode_core(bytes(data), REALM)
    except LiaisonError:
        return
    assert core_hash(core, REALM) != core_hash(good(), REALM)
