"""What each test vector of the capsule is about: the change made, and the one answer expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2

from tests.capsule.forge import DAY, NOW, Forge, Forged, cbor, fixed, some_label

OPENED = "opened"
HEAD = 2120
SHARE = Forge().hash("capsule-share-reader", fixed("share"), fixed("object", 16))
MEMBER = {0: fixed("custodian"), 1: 1, 2: fixed("sealed share", 1168)}
BIG = (("big.bin", "application/octet-stream", fixed("big", 70_000)),)
Edit = Callable[[Forged], Forged]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One vector; ``reader`` replaces what the file says about the reader."""

    name: str
    comment: str
    expect: str
    forge: Forge = field(default_factory=Forge)
    edit: Edit = lambda made: made
    reader: dict[str, str] = field(default_factory=dict)


def envelope(**fields: Any) -> Edit:
    """Replace fields of the envelope, ``_2=…``; a function is given the old value."""

    def edit(made: Forged) -> Forged:
        value = cbor2.loads(made.envelope)
        for key, new in fields.items():
            number = int(key[1:])
            value[number] = new(value[number]) if callable(new) else new
        return replace(made, envelope=cbor(value))

    return edit


def changed(**points: Any) -> Forge:
    """Return a forge that adds fields to the maps at these points, or calls a function there."""

    def change(new: Any) -> Callable[[Any], Any]:
        return new if callable(new) else lambda value: value | new

    return Forge(changes={point: change(new) for point, new in points.items()})


def flipped(octets: bytes, place: int) -> bytes:
    return octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]


def swapped(body: bytes) -> bytes:
    return body[:HEAD] + body[HEAD + 65536 :] + body[HEAD : HEAD + 65536]


def stanza_with(**fields: Any) -> Callable[[bytes], bytes]:
    return lambda stanza: cbor(
        cbor2.loads(stanza) | {int(key[1:]): value for key, value in fields.items()}
    )


def cut_core(core: bytes) -> bytes:
    value = cbor2.loads(core)
    value[7][2] = "internal"
    return cbor(value)


def good() -> Iterator[Scenario]:
    yield Scenario(name="good", comment="two parts, vault key", expect=OPENED)
    yield Scenario(
        name="good_prekey", comment="sealed to a prekey", expect=OPENED, forge=Forge(role=2)
    )
    yield Scenario(
        name="good_no_parts",
        comment="a subject and nothing else",
        expect=OPENED,
        forge=Forge(parts=()),
    )
    yield Scenario(
        name="good_two_ranges",
        comment="a payload of two ranges",
        expect=OPENED,
        forge=Forge(parts=BIG),
    )
    many = tuple(fixed(f"officer {number}", 16) for number in range(300))
    yield Scenario(
        name="good_large_claims",
        comment="301 addressees: claims of 16384 bytes",
        expect=OPENED,
        forge=Forge(claims_size=16384, addressees=(fixed("reader officer", 16), *many)),
    )
    yield Scenario(
        name="good_large_head",
        comment="a list of 40 parts: head of 8264 bytes",
        expect=OPENED,
        forge=Forge(
            parts=tuple((f"{'附件' * 10}{n}.txt", "text/plain", bytes([n])) for n in range(40))
        ),
    )


def parsing() -> Iterator[Scenario]:
    cases: list[tuple[str, str, str, Edit]] = [
        (
            "truncated",
            "last byte missing",
            "format not-cbor",
            lambda m: replace(m, envelope=m.envelope[:-1]),
        ),
        (
            "extended",
            "one byte more",
            "format not-canonical",
            lambda m: replace(m, envelope=m.envelope + b"\x00"),
        ),
        ("unknown_field", "field 9", "format unknown-field", envelope_with_more),
        ("later_version", "envelope version 1", "format.version unknown-version", envelope(_0=1)),
        (
            "claims_size",
            "claims of 8191 bytes",
            "format claims-size",
            envelope(_4=lambda c: c[:-1]),
        ),
        ("index_outside_tree", "index 4 in a tree of 4", "format capsule-place", envelope(_7=4)),
        (
            "path_too_short",
            "path of one hash",
            "format capsule-place",
            envelope(_7=0, _8=lambda p: p[:1]),
        ),
        (
            "path_hash_size",
            "a path hash of 31 bytes",
            "format path-hash",
            envelope(_8=lambda p: [p[0], p[1][:31]]),
        ),
        ("stanza_role_unknown", "role 3", "format capsule-role", envelope(_5=stanza_with(_0=3))),
    ]
    for name, comment, expect, edit in cases:
        yield Scenario(name=name, comment=comment, expect=expect, edit=edit)
    headers: list[tuple[str, str, str, dict[int, int]]] = [
        ("header_suite", "suite 2", "format.version unknown-suite", {1: 2}),
        ("header_version", "header version 1", "format.version unknown-version", {0: 1}),
        ("header_head_length", "a head length of no bucket", "format capsule-lengths", {6: 2121}),
        (
            "header_payload_length",
            "a payload length that is not padded",
            "format capsule-lengths",
            {7: 4169},
        ),
    ]
    for name, comment, expect, fields in headers:
        yield Scenario(name=name, comment=comment, expect=expect, forge=changed(header=fields))


def envelope_with_more(made: Forged) -> Forged:
    return replace(made, envelope=cbor(cbor2.loads(made.envelope) | {9: 0}))


def unwrapping() -> Iterator[Scenario]:
    other = Forge(object_id=fixed("second object", 16)).make()
    theirs = cbor2.loads(other.envelope)
    yield Scenario(
        name="other_realm",
        comment="the reader's realm is another",
        expect="verification capsule-other-realm",
        reader={"realm": fixed("exercise").hex()},
    )
    yield Scenario(
        name="other_device",
        comment="the reader holds another vault key",
        expect="capsule.not-addressed capsule-other-device",
        reader={"kem-seed": fixed("other kem").hex()},
    )
    yield Scenario(
        name="prekey_gone",
        comment="the reader no longer holds the prekey",
        expect="capsule.not-addressed capsule-prekey-gone",
        forge=Forge(role=2),
        reader={"kem-seed": fixed("other kem").hex()},
    )
    yield Scenario(
        name="stanza_role_swapped",
        comment="a vault stanza presented as one to a prekey of the same key",
        expect="verification.tampered capsule-stanza",
        edit=envelope(_5=stanza_with(_0=2)),
        reader={"kem-role": "2"},
    )
    yield Scenario(
        name="stanza_of_another_object",
        comment="a stanza moved between two objects for the same reader",
        expect="verification.tampered capsule-stanza",
        edit=envelope(_5=theirs[5]),
    )
    yield Scenario(
        name="header_expiry_extended",
        comment="the visible expiry day moved",
        expect="verification.tampered capsule-stanza",
        edit=envelope(_1=lambda header: cbor(cbor2.loads(header) | {8: 30_000})),
    )
    yield Scenario(
        name="claims_of_another_object",
        comment="claims moved between two objects",
        expect="verification.tampered capsule-claims",
        edit=envelope(_4=theirs[4]),
    )
    yield from insiders()


def insiders() -> Iterator[Scenario]:
    tampered = "verification.tampered capsule-"
    cases: list[tuple[str, str, str, Forge]] = [
        (
            "relabelled",
            "a reader re-encrypted the claims with a lower label",
            tampered + "commitment",
            changed(claims=lambda v: v | {2: cut_core(v[2])}),
        ),
        (
            "custody_added",
            "a reader added a custody group",
            tampered + "commitment",
            changed(claims={3: cbor([[MEMBER]])}),
        ),
        (
            "core_other_realm",
            "core and header name different realms",
            tampered + "realm",
            changed(core={1: fixed("exercise")}),
        ),
        (
            "core_other_object",
            "core and header name different objects",
            tampered + "object-id",
            changed(core={2: fixed("second object", 16)}),
        ),
        (
            "core_other_expiry",
            "core and header state different days",
            tampered + "expiry",
            changed(header={8: 20_000}),
        ),
        (
            "core_other_share",
            "the core commits to another share",
            tampered + "share",
            changed(core={18: [fixed("commitment")]}),
        ),
        (
            "stanza_other_core",
            "the stanza promises another core",
            tampered + "core",
            changed(stanza_plain=lambda p: p[:32] + bytes(32)),
        ),
        (
            "claims_padding",
            "the last byte of the padding is 1",
            "format capsule-padding",
            changed(claims_plain=lambda p: p[:-1] + b"\x01"),
        ),
        (
            "claims_too_large",
            "16384 bytes where 8192 suffice",
            "format capsule-padding",
            Forge(claims_size=16384),
        ),
        ("core_kind", "kind 6", "format capsule-kind", changed(core={3: 6})),
        (
            "core_urgency",
            "an urgency with a space",
            "format capsule-urgency",
            changed(core={10: "very urgent"}),
        ),
        (
            "core_addressees",
            "nobody is addressed",
            "format capsule-addressees",
            changed(core={8: []}),
        ),
        (
            "core_times",
            "created after it expires",
            "format capsule-times",
            changed(core={6: NOW + 31 * DAY}),
        ),
        (
            "core_flags",
            "custody is claimed without groups",
            "format capsule-flags",
            changed(core={14: True}),
        ),
        (
            "core_log_head",
            "a head without root",
            "format capsule-log-head",
            changed(core={16: {0: "log", 1: 1, 2: b""}}),
        ),
        (
            "core_commitments",
            "a commitment too many",
            "format capsule-commitments",
            changed(core={14: True, 18: [SHARE, fixed("second")]}),
        ),
        (
            "core_grant_policy",
            "grant policy 3",
            "format capsule-grant-policy",
            changed(core={15: 3}),
        ),
        (
            "custody_malformed",
            "an empty custody group",
            "format capsule-custody",
            changed(custody=lambda _v: [[]]),
        ),
    ]
    for name, comment, expect, forge in cases:
        yield Scenario(name=name, comment=comment, expect=expect, forge=forge)


def verifying() -> Iterator[Scenario]:
    yield Scenario(
        name="expired",
        comment="opened at the second at which it expires",
        expect="verification capsule-expired",
        reader={"now": str(Forge().expires)},
    )
    yield Scenario(
        name="urgency_unknown",
        comment="an urgency in good form that the label's pack does not know",
        expect="format urgency-unknown",
        forge=changed(core={10: "zzz"}),
    )
    yield Scenario(
        name="label_level_unknown",
        comment="a level that the label's pack does not know",
        expect="format label-level-unknown",
        forge=Forge(label=some_label(_1="cn.state-secrets@2024-09-01", _2="zzz")),
    )
    yield Scenario(
        name="custody_missing",
        comment="a level whose handling profile requires custody",
        expect="verification capsule-custody-missing",
        forge=Forge(label=some_label(_1="cn.state-secrets@2024-09-01", _2="juemi")),
    )
    yield Scenario(
        name="custody_unknown",
        comment="a custody group in good form",
        expect="format.version capsule-custody-unknown",
        forge=changed(core={14: True, 18: [SHARE, fixed("second")]}, custody=lambda _v: [[MEMBER]]),
    )
    yield Scenario(
        name="signer_unknown",
        comment="the signing key stands in no roster",
        expect="credential unknown-key",
        forge=Forge(signing_seed=fixed("insider", 64)),
    )
    yield Scenario(
        name="signer_of_another_device",
        comment="the core names a device that does not hold its key",
        expect="verification.signature capsule-originator",
        forge=Forge(signer_device=fixed("other device", 16)),
    )
    yield Scenario(
        name="signature_over_other_roots",
        comment="the signature covers another payload root",
        expect="verification.signature capsule-signature",
        forge=changed(signed=lambda message: message[:32] + bytes(32) + message[64:]),
    )
    yield Scenario(
        name="payload_root_replaced",
        comment="another payload root in the envelope",
        expect="verification.signature capsule-signature",
        edit=envelope(_2=bytes(32)),
    )
    yield Scenario(
        name="stanza_sealed_later",
        comment="a reader sealed the share once more: a good stanza without a place",
        expect="verification.tampered capsule-path",
        edit=envelope(_5=cbor2.loads(Forge().make().envelope)[5]),
    )
    yield Scenario(
        name="blind_replaced",
        comment="another blind",
        expect="verification.tampered capsule-path",
        edit=envelope(_6=bytes(32)),
    )
    yield Scenario(
        name="officer_not_named",
        comment="a stanza for a device whose officer the core does not name",
        expect="capsule.not-addressed capsule-officer-not-named",
        forge=Forge(addressees=(fixed("other officer", 16),)),
    )


def revealing() -> Iterator[Scenario]:
    big = Forge(parts=BIG)
    edits: list[tuple[str, str, str, Edit]] = [
        (
            "leaf_list_short",
            "the leaf list lacks its last hash",
            "format capsule-leaf-list",
            lambda m: replace(m, leaves=m.leaves[:-32]),
        ),
        (
            "leaf_list_changed",
            "a changed hash in the list",
            "verification.tampered capsule-payload-root",
            lambda m: replace(m, leaves=flipped(m.leaves, 40)),
        ),
        (
            "head_changed",
            "a changed byte in the head",
            "verification.tampered capsule-range",
            lambda m: replace(m, body=flipped(m.body, 100)),
        ),
        (
            "range_changed",
            "a changed byte in range 1",
            "verification.tampered capsule-range",
            lambda m: replace(m, body=flipped(m.body, HEAD + 5)),
        ),
        (
            "body_truncated",
            "the last byte of the body is missing",
            "format capsule-body-short",
            lambda m: replace(m, body=m.body[:-1]),
        ),
        (
            "body_extended",
            "one byte more",
            "format capsule-body-long",
            lambda m: replace(m, body=m.body + b"\x00"),
        ),
    ]
    for name, comment, expect, edit in edits:
        yield Scenario(name=name, comment=comment, expect=expect, edit=edit)
    yield Scenario(
        name="ranges_swapped",
        comment="the two ranges in the other order",
        expect="verification.tampered capsule-range",
        forge=big,
        edit=lambda m: replace(m, body=swapped(m.body)),
    )
    yield Scenario(
        name="range_duplicated",
        comment="range 1 once more in place of range 2",
        expect="verification.tampered capsule-range",
        forge=big,
        edit=lambda m: replace(
            m, body=m.body[: HEAD + 65536] + m.body[HEAD:][: len(m.body) - HEAD - 65536]
        ),
    )
    yield from insiders_inside()


def insiders_inside() -> Iterator[Scenario]:
    taken = Forge().make()
    reused = replace(
        Forge(),
        signing_seed=fixed("insider", 64),
        signer_device=fixed("insider device", 16),
        label=some_label(_2="internal"),
        changes={"head": lambda _h: taken.body[:HEAD], "payload": lambda _p: taken.body[HEAD:]},
    )
    yield Scenario(
        name="payload_reused_by_insider",
        comment="a reader who knows the share took head and payload under claims of his own",
        expect="verification.tampered capsule-head",
        forge=reused,
        reader={
            "signer-key": reused.signer.verify_key.octets.hex(),
            "signer-device": reused.signer_device.hex(),
        },
    )
    cases: list[tuple[str, str, str, Forge]] = [
        (
            "payload_of_another_object",
            "head of its own, payload of another object",
            "verification.tampered capsule-payload",
            changed(payload=lambda _p: Forge(object_id=bytes(16)).make().body[HEAD:]),
        ),
        (
            "payload_padding",
            "the last byte of the padding is 1",
            "format capsule-padding",
            changed(payload_plain=lambda p: p[:-1] + b"\x01"),
        ),
        (
            "payload_without_end",
            "the tree is good, the message is cut inside",
            "verification.tampered capsule-payload",
            changed(payload=lambda p: p[:-20] + bytes(20)),
        ),
        (
            "head_padding",
            "the last byte of the padding is 1",
            "format capsule-padding",
            changed(head_plain=lambda p: p[:-1] + b"\x01"),
        ),
        (
            "parts_size",
            "the sizes of the parts lead to another length",
            "format capsule-parts-size",
            changed(payload_plain=lambda p: p + bytes(256)),
        ),
        (
            "part_without_name",
            "a part without a name",
            "format capsule-part",
            changed(record={4: [{0: "", 1: "text/plain", 2: 1}]}),
        ),
    ]
    for name, comment, expect, forge in cases:
        yield Scenario(name=name, comment=comment, expect=expect, forge=forge)


def scenarios() -> list[Scenario]:
    """Return every vector, good ones first, the others in the order in which a reader refuses."""
    return [*good(), *parsing(), *unwrapping(), *verifying(), *revealing()]
