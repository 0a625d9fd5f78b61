"""Verifying and revealing: origin, place, permit, ranges, padding, end; nothing shown before."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.capsule.claims import unwrap
from secure_liaison.capsule.format import Role, parse_envelope
from secure_liaison.capsule.head import HeadRecord
from secure_liaison.capsule.unseal import VerifiedCapsule, open_head, reveal
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Secret
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.errors import (
    CredentialError,
    CredentialRevokedError,
    FormatError,
    LiaisonError,
    NotAddressedError,
    OutOfOrderError,
    SignatureError,
    TamperedError,
    UnsupportedVersionError,
    VerificationError,
)
from secure_liaison.monitor.decision import Action
from tests.capsule.forge import NOW, Forge, Forged, cbor, fixed, some_label
from tests.capsule.reading import Reader, Sink, permit_for

GOOD = Forge().make()
BIG = Forge(parts=(("big.bin", "application/octet-stream", fixed("big", 300_000)),)).make()
HEAD = 2120


def forged(**changes: Callable[[Any], Any]) -> Forged:
    return Forge(changes=changes).make()


def edited(made: Forged, **fields: Any) -> bytes:
    return cbor(cbor2.loads(made.envelope) | {int(key[1:]): item for key, item in fields.items()})


def with_body(made: Forged, body: bytes, leaves: bytes | None = None) -> Forged:
    return Forged(
        envelope=made.envelope,
        leaves=made.leaves if leaves is None else leaves,
        body=body,
        digest=made.digest,
        header=made.header,
        core=made.core,
        core_hash=made.core_hash,
    )


def not_verified(envelope: bytes, reader: Reader | None = None) -> tuple[type, str]:
    with pytest.raises(LiaisonError) as caught:
        (reader or Reader()).verify(envelope)
    return type(caught.value), caught.value.reason


def not_revealed(made: Forged) -> tuple[type, str]:
    sink = Sink()
    with pytest.raises(LiaisonError) as caught:
        Reader().open(made, sink)
    assert sink.published is None
    assert sink.aborted
    return type(caught.value), caught.value.reason


def test_a_good_capsule_gives_identical_bytes() -> None:
    record, sink = Reader().open(GOOD)
    assert sink.published == {name: octets for name, _, octets in Forge().parts}
    assert record.subject == Forge().subject
    assert not sink.aborted


def test_several_ranges_give_identical_bytes() -> None:
    _, sink = Reader().open(BIG)
    assert sink.published == {"big.bin": fixed("big", 300_000)}


def test_an_object_may_have_no_parts_and_empty_parts() -> None:
    _, sink = Reader().open(Forge(parts=()).make())
    assert sink.published == {}
    parts = (("a", "text/plain", b""), ("b", "text/plain", b"x"), ("c", "text/plain", b""))
    _, sink = Reader().open(Forge(parts=parts).make())
    assert sink.published == {"a": b"", "b": b"x", "c": b""}


def test_a_part_may_end_exactly_where_the_padding_would_begin() -> None:
    _, sink = Reader().open(Forge(parts=(("a", "text/plain", fixed("a", 4096)),)).make())
    assert sink.published == {"a": fixed("a", 4096)}


def test_the_verified_capsule_names_the_originator() -> None:
    verified = Reader().verify(GOOD.envelope)
    assert verified.officer.officer == fixed("signer officer", 16)
    assert verified.device.handle == fixed("signer device", 16)
    assert verified.agency == fixed("agency")
    assert verified.digest == GOOD.digest
    assert verified.share == Secret(fixed("share"))


def test_nobody_else_makes_a_verified_capsule() -> None:
    verified = Reader().verify(GOOD.envelope)
    with pytest.raises(TypeError):
        VerifiedCapsule(
            claims=verified.claims,
            agency=verified.agency,
            officer=verified.officer,
            device=verified.device,
            mint=object(),
        )


# --- steps 7–10


def test_an_expired_object_is_not_opened() -> None:
    last = Forge().expires - 1
    assert Reader(now=last).verify(GOOD.envelope).digest == GOOD.digest
    found = not_verified(GOOD.envelope, Reader(now=last + 1))
    assert found == (VerificationError, "capsule-expired")


def test_a_label_that_requires_custody_is_not_opened_without_it() -> None:
    top = some_label(_1="cn.state-secrets@2024-09-01", _2="juemi")
    made = Forge(label=top).make()
    assert not_verified(made.envelope) == (VerificationError, "capsule-custody-missing")


def test_an_object_under_custody_is_an_unsupported_version() -> None:
    own = Forge().hash("capsule-share-reader", fixed("share"), fixed("object", 16))
    made = forged(
        core=lambda core: core | {14: True, 18: [own, fixed("second")]},
        custody=lambda _groups: [[{0: fixed("custodian"), 1: 1, 2: fixed("sealed", 1168)}]],
    )
    found = not_verified(made.envelope)
    assert found == (UnsupportedVersionError, "capsule-custody-unknown")


def test_a_signer_in_no_roster_is_refused() -> None:
    other = SigningKey(fixed("other signer", 64)).verify_key
    found = not_verified(GOOD.envelope, Reader(signer=other))
    assert found == (CredentialError, "unknown-key")


def test_a_signer_that_names_another_device_is_refused() -> None:
    made = Forge(signer_device=fixed("somebody else", 16)).make()
    assert not_verified(made.envelope) == (SignatureError, "capsule-originator")


def test_a_revoked_signer_is_refused() -> None:
    reader = Reader(refusal=CredentialRevokedError("compromised"))
    assert not_verified(GOOD.envelope, reader) == (CredentialRevokedError, "compromised")


def test_a_signature_by_another_key_is_refused() -> None:
    """A reader replaces the signature by his own and re-encrypts the claims."""
    signatures: list[bytes] = []

    def note(value: dict[int, Any]) -> dict[int, Any]:
        signatures.append(value[4])
        return value

    Forge(signing_seed=fixed("insider", 64), changes={"claims": note}).make()
    made = forged(claims=lambda value: value | {4: signatures[0]})
    assert not_verified(made.envelope) == (SignatureError, "capsule-signature")


def test_a_signature_over_other_roots_is_refused() -> None:
    made = forged(signed=lambda message: message[:32] + bytes(32) + message[64:])
    assert not_verified(made.envelope) == (SignatureError, "capsule-signature")


@pytest.mark.parametrize("field", [2, 3])
def test_a_replaced_root_breaks_the_signature(field: int) -> None:
    found = not_verified(edited(GOOD, **{f"_{field}": bytes(32)}))
    assert found == (SignatureError, "capsule-signature")


@pytest.mark.parametrize("change", ["blind", "index", "path"])
def test_another_place_in_the_tree_is_refused(change: str) -> None:
    value = cbor2.loads(GOOD.envelope)
    fields: dict[str, dict[str, Any]] = {
        "blind": {"_6": bytes(32)},
        "index": {"_7": value[7] ^ 1},
        "path": {"_8": [*value[8][:1], bytes(32)]},
    }
    found = not_verified(edited(GOOD, **fields[change]))
    assert found == (TamperedError, "capsule-path")


def test_a_stanza_made_later_by_an_insider_has_no_place() -> None:
    """A reader seals the share to a friend's key, with nothing signed anew."""
    friend = Reader(kem=Reader().kem, device=fixed("friend", 16), officer=fixed("friend o", 16))
    late = cbor2.loads(GOOD.envelope)
    late[5] = cbor2.loads(Forge().make().envelope)[5]  # a fresh encapsulation of the same share
    found = not_verified(cbor(late), friend)
    assert found == (TamperedError, "capsule-path")


def test_a_stanza_for_an_officer_whom_the_core_does_not_name_is_refused() -> None:
    made = Forge(addressees=(fixed("another officer", 16),)).make()
    found = not_verified(made.envelope)
    assert found == (NotAddressedError, "capsule-officer-not-named")


def test_the_originator_reads_the_own_copy_with_the_kept_share() -> None:
    sender = Reader(device=fixed("signer device", 16), officer=fixed("signer officer", 16))
    sender.role = Role.PREKEY  # holds no private key for any stanza
    record = sender.list(GOOD, kept=Secret(fixed("share")))
    assert record.subject == Forge().subject


# --- an insider who re-uses another's payload


def reused(key_of: Forge) -> Forged:
    """Build a capsule of the insider's own around the payload and head of another's."""
    return Forge(
        object_id=key_of.object_id,
        salt=key_of.salt,
        share=key_of.share,
        signing_seed=fixed("insider", 64),
        signer_device=fixed("insider device", 16),
        label=some_label(_2="internal"),
        changes={
            "head": lambda _own: GOOD.body[:HEAD],
            "payload": lambda _own: GOOD.body[HEAD:],
        },
    ).make()


def test_an_insider_cannot_pass_off_anothers_payload_under_own_claims() -> None:
    """He knows share, salt and ids, signs his own claims, and takes the ciphertext as it is."""
    insider = Reader(
        signer=SigningKey(fixed("insider", 64)).verify_key,
        signer_device=fixed("insider device", 16),
        signer_officer=fixed("insider officer", 16),
    )
    made = reused(Forge())
    verified = insider.verify(made.envelope)  # his own claims are good
    sink = Sink()
    with pytest.raises(TamperedError) as caught:
        reveal(
            verified,
            insider.permit(verified, Action.OPEN),
            leaves=made.leaves,
            body=BytesIO(made.body),
            sink=sink,
            now=Instant(NOW),
        )
    assert caught.value.reason == "capsule-head"
    assert sink.published is None


def test_an_insider_who_makes_an_own_head_still_cannot_use_the_payload() -> None:
    made = forged(
        payload=lambda _own: Forge(object_id=bytes(16)).make().body[HEAD:],
    )
    assert not_revealed(made) == (TamperedError, "capsule-payload")


# --- steps 11–15


def revealed(verified: VerifiedCapsule, **bound: Any) -> HeadRecord:
    permit = permit_for(
        bound.pop("action", Action.OPEN),
        core_hash=bound.pop("core_hash", verified.core_hash),
        key_ids=bound.pop("key_ids", {verified.key_id}),
    )
    return reveal(
        verified,
        permit,
        leaves=GOOD.leaves,
        body=BytesIO(GOOD.body),
        sink=Sink(),
        now=Instant(bound.pop("now", NOW)),
    )


@pytest.mark.parametrize(
    ("bound", "reason"),
    [
        ({"action": Action.LIST}, "permit-other-act"),
        ({"action": Action.SEAL}, "permit-other-act"),
        ({"core_hash": bytes(32)}, "permit-other-act"),
        ({"key_ids": {bytes(32)}}, "permit-other-act"),
        ({"key_ids": set()}, "permit-other-act"),
        ({"now": NOW + 300}, "permit-expired"),
    ],
)
def test_content_needs_the_right_permit(bound: dict[str, Any], reason: str) -> None:
    with pytest.raises(OutOfOrderError) as caught:
        revealed(Reader().verify(GOOD.envelope), **bound)
    assert caught.value.reason == reason


def test_a_permit_to_export_also_gives_the_content() -> None:
    record = revealed(Reader().verify(GOOD.envelope), action=Action.EXPORT)
    assert record.subject == Forge().subject


def test_a_permit_opens_once() -> None:
    verified = Reader().verify(GOOD.envelope)
    permit = Reader().permit(verified, Action.LIST)
    arguments: dict[str, Any] = {
        "leaves": GOOD.leaves,
        "head": GOOD.body[:HEAD],
        "now": Instant(NOW),
    }
    open_head(verified, permit, **arguments)
    with pytest.raises(OutOfOrderError) as caught:
        open_head(verified, permit, **arguments)
    assert caught.value.reason == "permit-spent"


def test_a_permit_to_open_does_not_list() -> None:
    verified = Reader().verify(GOOD.envelope)
    with pytest.raises(OutOfOrderError):
        open_head(
            verified,
            Reader().permit(verified, Action.OPEN),
            leaves=GOOD.leaves,
            head=GOOD.body[:HEAD],
            now=Instant(NOW),
        )


def test_the_list_shows_the_head_without_the_payload() -> None:
    assert Reader().list(with_body(GOOD, GOOD.body[:HEAD])).subject == Forge().subject


@pytest.mark.parametrize(
    ("head", "kind", "reason"),
    [
        (GOOD.body[: HEAD - 1], FormatError, "capsule-body-short"),
        (GOOD.body[: HEAD + 1], FormatError, "capsule-body-long"),
        (bytes(HEAD), TamperedError, "capsule-range"),
    ],
)
def test_a_wrong_head_is_refused(head: bytes, kind: type, reason: str) -> None:
    verified = Reader().verify(GOOD.envelope)
    permit = Reader().permit(verified, Action.LIST)
    with pytest.raises(LiaisonError) as caught:
        open_head(verified, permit, leaves=GOOD.leaves, head=head, now=Instant(NOW))
    assert (type(caught.value), caught.value.reason) == (kind, reason)


def test_a_leaf_list_of_another_length_is_refused() -> None:
    for leaves in (BIG.leaves[:-32], BIG.leaves + bytes(32), BIG.leaves[:-1], b""):
        found = not_revealed(with_body(BIG, BIG.body, leaves))
        assert found == (FormatError, "capsule-leaf-list")


def test_a_changed_leaf_list_is_refused() -> None:
    leaves = bytes(32) + BIG.leaves[32:]
    found = not_revealed(with_body(BIG, BIG.body, leaves))
    assert found == (TamperedError, "capsule-payload-root")


def ranges(body: bytes) -> list[bytes]:
    payload = body[HEAD:]
    return [payload[start : start + 65536] for start in range(0, len(payload), 65536)]


def test_reordered_ranges_are_refused() -> None:
    first, second, *rest = ranges(BIG.body)
    body = b"".join([BIG.body[:HEAD], second, first, *rest])
    assert not_revealed(with_body(BIG, body)) == (TamperedError, "capsule-range")


def test_duplicated_ranges_are_refused() -> None:
    first, _second, *rest = ranges(BIG.body)
    body = b"".join([BIG.body[:HEAD], first, first, *rest])
    assert not_revealed(with_body(BIG, body)) == (TamperedError, "capsule-range")


def test_a_body_with_one_range_more_or_less_is_refused() -> None:
    last = ranges(BIG.body)[-1]
    assert not_revealed(with_body(BIG, BIG.body[:-1])) == (FormatError, "capsule-body-short")
    found = not_revealed(with_body(BIG, BIG.body[: -len(last)]))
    assert found == (FormatError, "capsule-body-short")
    assert not_revealed(with_body(BIG, BIG.body + last)) == (FormatError, "capsule-body-long")


def test_reordered_ranges_with_a_leaf_list_to_match_are_refused() -> None:
    leaves = BIG.leaves[:32] + BIG.leaves[64:96] + BIG.leaves[32:64] + BIG.leaves[96:]
    first, second, *rest = ranges(BIG.body)
    body = b"".join([BIG.body[:HEAD], second, first, *rest])
    found = not_revealed(with_body(BIG, body, leaves))
    assert found == (TamperedError, "capsule-payload-root")


def test_ranges_are_checked_before_they_are_decrypted() -> None:
    """Not one byte of a changed range reaches the sink, and no piece behind it either."""
    body = bytearray(BIG.body)
    body[HEAD + 65536 + 9] ^= 1
    sink = Sink()
    with pytest.raises(TamperedError) as caught:
        Reader().open(with_body(BIG, bytes(body)), sink)
    assert (caught.value.reason, caught.value.facts) == ("capsule-range", {"index": 2})
    assert len(sink.open[0][1]) <= 65536


@given(st.integers(0, len(BIG.body) - 1), st.integers(1, 255))
def test_every_byte_of_the_body_is_checked(place: int, mask: int) -> None:
    body = bytearray(BIG.body)
    body[place] ^= mask
    assert not_revealed(with_body(BIG, bytes(body))) == (TamperedError, "capsule-range")


@given(st.integers(0, len(GOOD.envelope) - 1), st.integers(1, 255))
def test_every_byte_of_the_envelope_is_checked(place: int, mask: int) -> None:
    envelope = bytearray(GOOD.envelope)
    envelope[place] ^= mask
    with pytest.raises(LiaisonError):
        Reader().verify(bytes(envelope))


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"payload_plain": lambda p: p[:-1] + b"\x01"}, FormatError, "capsule-padding"),
        (
            {"payload_plain": lambda p: p[:3016] + b"\x01" + p[3017:]},
            FormatError,
            "capsule-padding",
        ),
        ({"payload_plain": lambda p: p + bytes(256)}, FormatError, "capsule-parts-size"),
        ({"head_plain": lambda p: p[:-1] + b"\x01"}, FormatError, "capsule-padding"),
        ({"head_plain": lambda p: p + bytes(6144)}, FormatError, "capsule-padding"),
        ({"record": lambda r: r | {4: []}}, FormatError, "capsule-padding"),
        ({"record": lambda r: r | {1: "a\nb"}}, FormatError, "label-text"),
    ],
)
def test_an_originator_who_pads_wrongly_is_found(
    changes: dict[str, Callable[[Any], Any]], kind: type, reason: str
) -> None:
    assert not_revealed(forged(**changes)) == (kind, reason)


def test_a_payload_under_another_context_is_found() -> None:
    made = forged(payload=lambda octets: bytes(len(octets)))
    assert not_revealed(made) == (TamperedError, "capsule-payload")


def test_a_payload_that_goes_on_after_its_end_is_found() -> None:
    """Its tree is good, but the cipher's own end is missing: a chunk was cut off inside."""
    made = forged(payload=lambda octets: octets[:-20] + bytes(20))
    assert not_revealed(made) == (TamperedError, "capsule-payload")


def test_progress_ends_at_the_whole() -> None:
    verified = Reader().verify(BIG.envelope)
    told: list[tuple[int, int]] = []
    reveal(
        verified,
        Reader().permit(verified, Action.OPEN),
        leaves=BIG.leaves,
        body=BytesIO(BIG.body),
        sink=Sink(),
        now=Instant(NOW),
        progress=lambda done, total: told.append((done, total)),
    )
    total = len(BIG.body) - HEAD
    assert told[-1] == (total, total)
    assert len(told) == len(ranges(BIG.body))


def test_claims_stay_unverified_until_verified() -> None:
    claims = unwrap(parse_envelope(GOOD.envelope), Reader().keyring, Reader().realm)
    assert not hasattr(claims, "officer")
