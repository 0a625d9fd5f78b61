"""Unwrapping: stanza, claims, commitment, agreement; every insider's exchange is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2
import pytest

from secure_liaison.capsule.claims import Claims, unwrap
from secure_liaison.capsule.format import Role, parse_envelope
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import Realm, Secret
from secure_liaison.errors import (
    FormatError,
    LiaisonError,
    NotAddressedError,
    TamperedError,
    UnsupportedVersionError,
    VerificationError,
)
from tests.capsule.forge import Forge, cbor, fixed, padded
from tests.capsule.reading import Reader

GOOD = Forge().make()


def refused(envelope: bytes, reader: Reader | None = None) -> LiaisonError:
    with pytest.raises(LiaisonError) as caught:
        (reader or Reader()).unwrap(envelope)
    return caught.value


def forged(**changes: Callable[[Any], Any]) -> bytes:
    return Forge(changes=changes).make().envelope


def edited(envelope: bytes, **fields: Any) -> bytes:
    return cbor(cbor2.loads(envelope) | {int(key[1:]): value for key, value in fields.items()})


def test_good_claims_are_unwrapped() -> None:
    claims = Reader().unwrap(GOOD.envelope)
    assert claims.core_hash == GOOD.core_hash
    assert claims.share == Secret(fixed("share"))


def test_nobody_else_makes_claims() -> None:
    claims = Reader().unwrap(GOOD.envelope)
    with pytest.raises(TypeError):
        Claims(
            capsule=claims.capsule,
            core=claims.core,
            core_hash=claims.core_hash,
            custody=claims.custody,
            signature=claims.signature,
            share=claims.share,
            mint=object(),
        )


def test_claims_do_not_show_the_share() -> None:
    assert fixed("share").hex() not in repr(Reader().unwrap(GOOD.envelope)).encode().hex()


def test_a_capsule_of_another_realm_is_refused_first() -> None:
    error = refused(GOOD.envelope, Reader(realm=Realm(fixed("exercise"))))
    assert (type(error), error.reason) == (VerificationError, "capsule-other-realm")


def test_a_capsule_for_another_device_is_not_addressed() -> None:
    error = refused(GOOD.envelope, Reader(kem=KemPrivateKey(Secret(fixed("other kem")))))
    assert (type(error), error.reason) == (NotAddressedError, "capsule-other-device")


def test_a_spent_prekey_is_told_apart() -> None:
    prekey = Forge(role=2).make().envelope
    error = refused(prekey, Reader(kem=KemPrivateKey(Secret(fixed("other kem")))))
    assert (type(error), error.reason) == (NotAddressedError, "capsule-prekey-gone")
    assert Reader(role=Role.PREKEY).unwrap(prekey).core_hash == GOOD.core_hash


def test_a_stanza_with_another_role_does_not_open() -> None:
    stanza = cbor2.loads(cbor2.loads(GOOD.envelope)[5]) | {0: 2}
    error = refused(edited(GOOD.envelope, _5=cbor(stanza)), Reader(role=Role.PREKEY))
    assert (type(error), error.reason) == (TamperedError, "capsule-stanza")


def test_a_stanza_of_another_device_does_not_open_under_my_key() -> None:
    other = KemPrivateKey(Secret(fixed("other kem")))
    theirs = cbor2.loads(cbor2.loads(Forge(reader=other.public_key).make().envelope)[5])
    mine = theirs | {1: Forge().reader_key_id}
    error = refused(edited(GOOD.envelope, _5=cbor(mine)))
    assert (type(error), error.reason) == (TamperedError, "capsule-stanza")


def test_a_stanza_of_another_object_does_not_open() -> None:
    other = Forge(object_id=fixed("second object", 16)).make()
    error = refused(edited(GOOD.envelope, _5=cbor2.loads(other.envelope)[5]))
    assert (type(error), error.reason) == (TamperedError, "capsule-stanza")


@pytest.mark.parametrize("field", [3, 4, 5, 6, 7, 8])
def test_a_changed_header_opens_nothing(field: int) -> None:
    replaced = {3: bytes(16), 4: bytes(32), 5: bytes(32), 6: 8264, 7: 4200 + 456, 8: 0}
    header = cbor2.loads(GOOD.header) | {field: replaced[field]}
    if field == 7:
        header[7] = 56 + 4352 + 16
    error = refused(edited(GOOD.envelope, _1=cbor(header)))
    assert (type(error), error.reason) == (TamperedError, "capsule-stanza")


def test_claims_of_another_object_do_not_open() -> None:
    other = Forge(object_id=fixed("second object", 16)).make()
    error = refused(edited(GOOD.envelope, _4=cbor2.loads(other.envelope)[4]))
    assert (type(error), error.reason) == (TamperedError, "capsule-claims")


def relabelled(core: bytes) -> bytes:
    value = cbor2.loads(core)
    value[7][2] = "internal"
    return cbor(value)


def test_a_reader_cannot_relabel_the_claims() -> None:
    error = refused(forged(claims=lambda value: value | {2: relabelled(value[2])}))
    assert (type(error), error.reason) == (TamperedError, "capsule-commitment")


def test_a_reader_cannot_add_custody_groups() -> None:
    error = refused(forged(claims=lambda value: value | {3: cbor([[SOME_MEMBER]])}))
    assert (type(error), error.reason) == (TamperedError, "capsule-commitment")


def test_another_opening_does_not_match_the_commitment() -> None:
    error = refused(forged(claims=lambda value: value | {1: bytes(32)}))
    assert (type(error), error.reason) == (TamperedError, "capsule-commitment")


SOME_MEMBER = {0: fixed("custodian"), 1: 1, 2: fixed("sealed", 1168)}


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"core": {1: fixed("exercise")}}, TamperedError, "capsule-realm"),
        ({"core": {2: fixed("second object", 16)}}, TamperedError, "capsule-object-id"),
        ({"header": {8: 20_000}}, TamperedError, "capsule-expiry"),
        ({"core": {18: [fixed("commitment")]}}, TamperedError, "capsule-share"),
        ({"core": {14: True, 18: "two"}}, FormatError, "capsule-commitments"),
        ({"claims": {5: 0}}, FormatError, "unknown-field"),
        ({"claims": {0: 1}}, UnsupportedVersionError, "unknown-version"),
        ({"claims": {4: bytes(3372)}}, FormatError, "field-size"),
    ],
)
def test_an_originator_who_lies_is_found(
    changes: dict[str, dict[int, Any]], kind: type[LiaisonError], reason: str
) -> None:
    own = Forge().hash("capsule-share-reader", fixed("share"), fixed("object", 16))

    def at(fields: dict[int, Any]) -> Callable[[dict[int, Any]], dict[int, Any]]:
        if fields.get(18) == "two":
            fields = fields | {18: [own, fixed("second")]}
        return lambda value: value | fields

    error = refused(forged(**{point: at(fields) for point, fields in changes.items()}))
    assert (type(error), error.reason) == (kind, reason)


def test_a_stanza_that_promises_another_core_is_refused() -> None:
    error = refused(forged(stanza_plain=lambda plain: plain[:32] + bytes(32)))
    assert (type(error), error.reason) == (TamperedError, "capsule-core")


def test_a_share_that_opens_nothing_is_refused() -> None:
    error = refused(forged(stanza_plain=lambda plain: bytes(32) + plain[32:]))
    assert (type(error), error.reason) == (TamperedError, "capsule-claims")


def test_padding_of_the_claims_must_be_zero() -> None:
    error = refused(forged(claims_plain=lambda plain: plain[:-1] + b"\x01"))
    assert (type(error), error.reason) == (FormatError, "capsule-padding")


def test_a_length_outside_the_claims_is_refused() -> None:
    error = refused(forged(claims_plain=lambda plain: b"\xff\xff\xff\xff" + plain[4:]))
    assert (type(error), error.reason) == (FormatError, "capsule-padding")


def test_claims_are_no_larger_than_they_need_to_be() -> None:
    error = refused(Forge(claims_size=16384).make().envelope)
    assert (type(error), error.reason) == (FormatError, "capsule-padding")


def test_large_claims_are_read() -> None:
    many = tuple(fixed(f"officer {number}", 16) for number in range(400))
    forge = Forge(claims_size=16384, addressees=(fixed("reader officer", 16), *many))
    assert len(Reader().unwrap(forge.make().envelope).core.addressees) == 401


def test_claims_that_end_too_early_are_refused() -> None:
    short = padded(b"\xa0", 8120)
    error = refused(forged(claims_plain=lambda _plain: short))
    assert (type(error), error.reason) == (FormatError, "field-missing")


def test_a_kept_copy_opens_with_its_share_and_without_a_key() -> None:
    capsule = parse_envelope(Forge(role=2).make().envelope)
    realm = Realm(fixed("realm"))
    claims = unwrap(capsule, lambda _role, _key: None, realm, kept=Secret(fixed("share")))
    assert claims.core_hash == GOOD.core_hash


def test_a_kept_share_of_another_object_opens_nothing() -> None:
    capsule = parse_envelope(GOOD.envelope)
    with pytest.raises(TamperedError) as caught:
        unwrap(
            capsule, lambda _role, _key: None, Realm(fixed("realm")), kept=Secret(fixed("other"))
        )
    assert caught.value.reason == "capsule-claims"
