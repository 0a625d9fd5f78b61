"""Sealing: what comes out opens, what does not fit together never begins, memory stays flat."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import cbor2
import pytest

from secure_liaison.capsule.body import PartSource
from secure_liaison.capsule.core import Core, core_hash, decode_core
from secure_liaison.capsule.format import Role
from secure_liaison.capsule.head import HeadRecord, PartEntry
from secure_liaison.capsule.seal import SealedObject, SealTarget, ShareSet, seal
from secure_liaison.capsule.unseal import reveal
from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import Digest, Realm, Secret
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.errors import FormatError, OutOfOrderError, UnsupportedVersionError
from secure_liaison.identity.ids import DeviceHandle, OfficerId
from secure_liaison.labels.label import Determination
from secure_liaison.monitor.decision import Action
from secure_liaison.wire.header import ObjectId
from tests.capsule.forge import NOW, Forge, Forged, fixed
from tests.capsule.reading import Reader, permit_for

REALM = Realm(fixed("realm"))
KEY = SigningKey(fixed("signer", 64))
KEYS = [KemPrivateKey(Secret(fixed(f"recipient {number}"))) for number in range(5)]


def source(name: str, octets: bytes, size: int | None = None) -> PartSource:
    return PartSource(
        name=name,
        media_type="application/octet-stream",
        size=len(octets) if size is None else size,
        open=lambda: BytesIO(octets),
    )


def targets(keys: Sequence[KemPrivateKey], role: Role = Role.VAULT) -> list[SealTarget]:
    return [
        SealTarget(
            role=role,
            key_id=key.public_key.key_id(REALM),
            public_key=key.public_key,
            handle=DeviceHandle(fixed(f"device {number}", 16)),
        )
        for number, key in enumerate(keys)
    ]


def draft(**fields: Any) -> tuple[Core, ShareSet]:
    shares = ShareSet.draw()
    core = decode_core(Forge().make().core, REALM)
    commitments = shares.commitments(ObjectId(core.object_id), REALM)
    return replace(core, commitments=commitments, **fields), shares


def head_of(parts: Sequence[PartSource], subject: str = "通报") -> HeadRecord:
    listed = tuple(PartEntry(name=p.name, media_type=p.media_type, size=p.size) for p in parts)
    return HeadRecord(subject=subject, serial=1, reply_to=None, parts=listed)


def sealed(
    parts: Sequence[PartSource] = (),
    *,
    out: BinaryIO | None = None,
    to: Sequence[SealTarget] | None = None,
    made: tuple[Core, ShareSet] | None = None,
    **arguments: Any,
) -> SealedObject:
    core, shares = made or draft()
    recipients = targets(KEYS[:1]) if to is None else to
    permit = permit_for(
        Action.SEAL,
        core_hash=core_hash(core, REALM),
        key_ids={target.key_id for target in recipients},
    )
    fixed_arguments: dict[str, Any] = {
        "core": core,
        "shares": shares,
        "head": head_of(parts),
        "parts": parts,
        "recipients": recipients,
        "signing_key": KEY,
        "realm": REALM,
        "permit": permit,
        "now": Instant(NOW),
        "body_out": out or BytesIO(),
    }
    return seal(**(fixed_arguments | arguments))


def delivered(made: SealedObject, body: bytes, index: int = 0) -> Forged:
    return Forged(
        envelope=made.envelopes[index][1],
        leaves=made.leaves,
        body=body,
        digest=made.digest,
        header=made.header,
        core=b"",
        core_hash=b"",
    )


def test_every_recipient_reads_identical_bytes() -> None:
    out = BytesIO()
    parts = [source("a.bin", fixed("a", 70_000)), source("b.bin", b"b")]
    made = sealed(parts, out=out, to=targets(KEYS))
    for index, key in enumerate(KEYS):
        record, sink = Reader(kem=key).open(delivered(made, out.getvalue(), index))
        assert sink.published == {"a.bin": fixed("a", 70_000), "b.bin": b"b"}
        assert record.subject == "通报"


def test_the_parts_of_the_result_fit_together() -> None:
    out = BytesIO()
    made = sealed([source("a", b"x" * 5000)], out=out)
    verified = Reader(kem=KEYS[0]).verify(made.envelopes[0][1])
    assert verified.digest == made.digest
    assert len(out.getvalue()) == made.body_size
    assert verified.claims.capsule.header.head_length == made.head_length
    assert made.envelopes[0][0] == fixed("device 0", 16)
    assert verified.share == made.share


def test_sealing_twice_gives_nothing_in_common() -> None:
    first, second = BytesIO(), BytesIO()
    sealed(out=first)
    sealed(out=second)
    assert first.getvalue()[:56] != second.getvalue()[:56]


def test_prekeys_are_a_role_of_their_own() -> None:
    out = BytesIO()
    made = sealed(out=out, to=targets(KEYS[:1], Role.PREKEY))
    reader = Reader(kem=KEYS[0], role=Role.PREKEY)
    assert reader.open(delivered(made, out.getvalue()))[1].published == {}


def test_the_place_of_a_stanza_tells_nothing_of_the_order() -> None:
    """Leaves are ordered by their bytes, and one recipient alone stands among dummies."""
    made = sealed(to=targets(KEYS))
    values = [cbor2.loads(envelope) for _, envelope in made.envelopes]
    assert {len(value[8]) for value in values} == {3}
    assert len({value[7] for value in values}) == 5
    alone = cbor2.loads(sealed().envelopes[0][1])
    assert len(alone[8]) == 2


def test_many_addressees_take_the_larger_claims() -> None:
    many = tuple(OfficerId(fixed(f"officer {n}", 16)) for n in range(300))
    made = sealed(made=draft(info=many))
    assert len(cbor2.loads(made.envelopes[0][1])[4]) == 16384


def test_claims_that_do_not_fit_are_refused_before_the_permit_is_spent() -> None:
    many = tuple(OfficerId(fixed(f"officer {n}", 16)) for n in range(1000))
    core, shares = draft(info=many)
    to = targets(KEYS[:1])
    permit = permit_for(Action.SEAL, core_hash=core_hash(core, REALM), key_ids={to[0].key_id})
    with pytest.raises(FormatError) as caught:
        sealed(made=(core, shares), permit=permit)
    assert caught.value.reason == "capsule-claims-too-large"
    assert not permit.spent


def test_a_core_under_custody_is_not_sealed_by_this_release() -> None:
    core, shares = draft()
    claimed = replace(core, custody=True, commitments=(*core.commitments, Digest(bytes(32))))
    with pytest.raises(UnsupportedVersionError) as caught:
        sealed(made=(claimed, shares))
    assert caught.value.reason == "capsule-custody-unknown"


def test_too_many_parts_for_the_head_are_refused() -> None:
    parts = [source("件" * 250 + str(number), b"") for number in range(64)]
    with pytest.raises(FormatError) as caught:
        sealed(parts)
    assert caught.value.reason == "capsule-head-too-large"


def test_a_payload_over_the_limit_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        sealed([source("big", b"", size=5 * 2**30)])
    assert caught.value.reason == "capsule-payload-too-large"


def test_more_recipients_than_places_are_refused() -> None:
    to = targets(KEYS[:1]) * 65537
    with pytest.raises(FormatError) as caught:
        sealed(to=to)
    assert caught.value.reason == "capsule-too-many-recipients"


@pytest.mark.parametrize(
    ("size", "reason"), [(99, "capsule-part-long"), (101, "capsule-part-short")]
)
def test_a_part_that_changed_its_size_ends_the_sealing(size: int, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        sealed([source("a", bytes(100), size=size)])
    assert caught.value.reason == reason


def test_a_permit_for_other_keys_seals_nothing() -> None:
    core, shares = draft()
    permit = permit_for(Action.SEAL, core_hash=core_hash(core, REALM), key_ids={bytes(32)})
    out = BytesIO()
    with pytest.raises(OutOfOrderError) as caught:
        sealed(made=(core, shares), permit=permit, out=out)
    assert caught.value.reason == "permit-other-act"
    assert out.getvalue() == b""


def test_a_permit_seals_once() -> None:
    core, shares = draft()
    keys = {target.key_id for target in targets(KEYS[:1])}
    permit = permit_for(Action.SEAL, core_hash=core_hash(core, REALM), key_ids=keys)
    sealed(made=(core, shares), permit=permit)
    with pytest.raises(OutOfOrderError):
        sealed(made=(core, shares), permit=permit)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shares": ShareSet.draw()}, "these shares"),
        ({"signing_key": SigningKey(fixed("other", 64))}, "another originator"),
        ({"to": []}, "one stanza for each device"),
        ({"to": targets(KEYS[:1]) * 2}, "one stanza for each device"),
        (
            {"to": [replace(targets(KEYS[:1])[0], public_key=KEYS[1].public_key)]},
            "a key id that is not that of its key",
        ),
        ({"head": head_of([source("other", b"")])}, "the head lists other parts"),
    ],
)
def test_what_does_not_fit_together_is_a_mistake_of_the_programmer(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        sealed(**arguments)


def test_forward_secrecy_is_not_claimed_with_vault_keys() -> None:
    core, shares = draft(forward_secrecy=True)
    with pytest.raises(ValueError, match="forward secrecy"):
        sealed(made=(core, shares))
    made = sealed(made=(core, shares), to=targets(KEYS[:1], Role.PREKEY))
    assert made.core.forward_secrecy


def test_a_label_with_long_texts_still_fits() -> None:
    core, _ = draft()
    texts = Determination(reason="依据" * 250, authority="x" * 500, catalogue="y" * 500)
    label = replace(core.label, determination=texts)
    made = sealed(made=draft(label=label))
    assert len(made.envelopes) == 1


def test_progress_is_told_in_bytes_of_the_parts() -> None:
    told: list[tuple[int, int]] = []
    sealed(
        [source("a", bytes(300_000)), source("b", bytes(5))],
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (300_005, 300_005)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_shares_do_not_show_themselves() -> None:
    shares = ShareSet(share=Secret(b"s" * 32), opening=Secret(b"r" * 32), salt=bytes(32))
    assert "sss" not in repr(shares)
    assert "rrr" not in repr(shares)


class Counter:
    """A sink that keeps nothing."""

    def __init__(self) -> None:
        self.size = 0
        self.committed = False

    def begin(self, _part: PartEntry) -> None:
        self.size = 0

    def write(self, piece: bytes) -> None:
        self.size += len(piece)

    def commit(self) -> None:
        self.committed = True

    def abort(self) -> None:
        self.committed = False


def test_memory_does_not_grow_with_the_payload(tmp_path: Path) -> None:
    size = 16 * 2**20
    plain = tmp_path / "plain"
    with plain.open("wb") as stream:
        stream.truncate(size)
    part = PartSource(name="a", media_type="text/plain", size=size, open=lambda: plain.open("rb"))
    made, peak_sealing = measured(lambda: sealed_to(tmp_path / "body", part))
    sink = Counter()
    _, peak_opening = measured(lambda: opened_from(tmp_path / "body", made, sink))
    assert sink.size == size
    assert sink.committed
    assert max(peak_sealing, peak_opening) < 4 * 2**20


def measured(act: Any) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return act(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def sealed_to(path: Path, part: PartSource) -> SealedObject:
    with path.open("wb") as out:
        return sealed([part], out=out)


def opened_from(path: Path, made: SealedObject, sink: Counter) -> HeadRecord:
    reader = Reader(kem=KEYS[0])
    verified = reader.verify(made.envelopes[0][1])
    with path.open("rb") as body:
        return reveal(
            verified,
            reader.permit(verified, Action.OPEN),
            leaves=made.leaves,
            body=body,
            sink=sink,
            now=Instant(NOW),
        )
