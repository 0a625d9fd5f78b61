"""What the vectors of determination show: one chain each, good or refused for one reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from secure_liaison.crypto.keys import Realm
from secure_liaison.encoding import decode, encode
from secure_liaison.identity import determination_record
from secure_liaison.identity.determination_record import SignedAct
from secure_liaison.labels.acts import (
    Approve,
    Assert,
    Decide,
    Propose,
    Protect,
    ProtectionCause,
    Receive,
    Report,
)
from secure_liaison.labels.period import Period
from tests.identity.case_chain import (
    chain_of,
    determined_chain,
    key,
    opening,
    signed,
)
from tests.labels.cases import BEGUN, DAY, REALM, extension, label, leaf, original

Edit = Callable[[], list[bytes]]
LATE = BEGUN + 4000 * DAY
LONGER = extension(label(period=Period.of_years(15, start=BEGUN)))


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One vector: the acts as bytes and what a reader must make of them."""

    name: str
    comment: str
    expect: str
    acts: Edit
    now: int = BEGUN + 3600
    proven: dict[int, int] = field(default_factory=dict)
    held: int = 0
    held_of: Callable[[], Sequence[SignedAct]] = determined_chain


def octets(*chain: SignedAct) -> list[bytes]:
    return [each.encode() for each in chain]


def resigned(act: SignedAct, who: str, changes: dict[int, object], realm: Realm = REALM) -> bytes:
    """Change fields of a body and sign it again, as its owner could."""
    value = decode(act.body, max_bytes=2**16)
    assert isinstance(value, dict)
    body = encode(value | changes)
    signature = key(who).sign(determination_record._TAG, realm, body)
    return encode({0: 0, 1: body, 2: signature})


def first(changes: dict[int, object], realm: Realm = REALM) -> Edit:
    return lambda: [resigned(determined_chain()[0], "province-1", changes, realm)]


def same_person() -> list[bytes]:
    return octets(*chain_of(opening(), (original(), "province-2"), (Approve(), "province-2")))


def extended(at: int) -> list[bytes]:
    start = determined_chain()
    asked = signed(LONGER, "province-1", start[-1], at=at)
    return octets(*start, asked, signed(Approve(), "province-2", asked, at=at + 60))


def other_actor() -> list[bytes]:
    start = determined_chain()[:2]
    return octets(*start, signed(Approve(), "province-2", start[-1], at=BEGUN + 300, by="city-1"))


def stranger() -> list[bytes]:
    start = determined_chain()[:2]
    return octets(*start, signed(Approve(), "nb-2", start[-1], at=BEGUN + 300, by="nobody"))


def another_way() -> list[bytes]:
    start = determined_chain()[:1]
    other: Propose = original(label("mimi"))
    return octets(*chain_of((other, "province-1"), (Approve(), "province-2"), start=start))


def another_case() -> list[bytes]:
    start = determined_chain()
    raised = Assert(label=label("juemi"), reason="影响更大")
    return octets(*start, signed(raised, "city-1", start[-1], at=BEGUN + 300, case=b"x" * 16))


def chosen_id() -> list[bytes]:
    step, who = opening()
    return octets(signed(step, who, None, at=BEGUN, case=b"x" * 16))


def beyond_authority() -> list[bytes]:
    step, _ = opening()
    made = original(label(owner="county"))
    return octets(*chain_of((step, "county-1"), (made, "county-1"), (Approve(), "county-2")))


def protected() -> list[bytes]:
    draft = Protect(label=label(), cause=ProtectionCause.UNCLEAR)
    return octets(*chain_of(opening(), (draft, "province-1")))


def unclear() -> list[bytes]:
    draft = Protect(label=label(), cause=ProtectionCause.UNCLEAR)
    return octets(
        *chain_of(
            opening(),
            (draft, "province-1"),
            (Report(to=leaf("pb")), "province-1"),
            (Receive(), "pb-1"),
            (Decide(), "pb-2"),
        )
    )


def disputed() -> list[bytes]:
    raised = Assert(label=label("juemi"), reason="影响更大")
    return octets(*chain_of((raised, "city-1"), start=determined_chain()))


def cut_signature() -> list[bytes]:
    last = determined_chain()[-1]
    flipped = last.signature[:-1] + bytes([last.signature[-1] ^ 1])
    return octets(*determined_chain()[:-1], replace(last, signature=flipped))


def picked(*numbers: int) -> Edit:
    return lambda: octets(*(determined_chain()[number] for number in numbers))


def scenarios() -> tuple[Scenario, ...]:
    tampered, workflow = "verification.tampered", "workflow"
    made = (
        ("good_determined", "opened, proposed, approved by another person", "determined", None),
        (
            "good_unclear",
            "protected, reported, received, decided by a bureau",
            "determined",
            unclear,
        ),
        ("good_disputed", "another body asserts a higher level", "disputed", disputed),
        ("good_protected", "protected before anybody decided", "provisional", protected),
        (
            "same_person",
            "the approver is the proposer",
            "workflow.second-person case-same-person",
            same_person,
        ),
        (
            "reordered",
            "the approval stands before the proposal",
            f"{tampered} determination-number",
            picked(0, 2, 1),
        ),
        (
            "missing_link",
            "the proposal is cut out",
            f"{tampered} determination-number",
            picked(0, 2),
        ),
        (
            "missing_first",
            "the opening is cut off",
            f"{tampered} determination-number",
            picked(1, 2),
        ),
        (
            "repeated",
            "one act stands twice",
            f"{tampered} determination-number",
            picked(0, 1, 1, 2),
        ),
        (
            "other_link",
            "the numbers are right and the digest of the act before is not",
            f"{tampered} determination-previous",
            lambda: [
                *octets(*determined_chain()[:2]),
                resigned(determined_chain()[2], "province-2", {4: bytes(32)}),
            ],
        ),
        (
            "other_case",
            "the last act belongs to another case",
            f"{tampered} determination-case",
            another_case,
        ),
        (
            "chosen_id",
            "the id is not that of the opening",
            f"{tampered} determination-case",
            chosen_id,
        ),
        (
            "foreign_realm",
            "signed for another realm",
            "format determination-realm",
            first({1: b"s" * 32}, Realm(b"s" * 32)),
        ),
        (
            "trailing_bytes",
            "a byte follows the record",
            "format not-canonical",
            lambda: [determined_chain()[0].encode() + b"\x00"],
        ),
        ("unknown_field", "the body has a field 11", "format unknown-field", first({11: 0})),
        (
            "unknown_content",
            "the content has a field 2",
            "format unknown-field",
            first({10: {0: "object:" + "5e" * 32, 1: bytes(range(16)), 2: 0}}),
        ),
        ("unknown_act", "an act of number 12", "format field-range", first({9: 12})),
        ("later_version", "a body of version 1", "format.version unknown-version", first({0: 1})),
        (
            "signature_changed",
            "one bit of the signature",
            "verification.signature ed25519",
            cut_signature,
        ),
        (
            "signer_unknown",
            "a device that the directory does not list",
            "verification.signature wrong-signer",
            stranger,
        ),
        (
            "other_actor",
            "signed by another officer's device",
            "verification.signature determination-actor",
            other_actor,
        ),
        (
            "no_authority",
            "a body without authority approves its own 机密",
            f"{workflow} authority-level",
            beyond_authority,
        ),
    )
    plain = [
        Scenario(name=name, comment=comment, expect=expect, acts=acts or picked(0, 1, 2))
        for name, comment, expect, acts in made
    ]
    before = BEGUN + 3000 * DAY
    times = {0: BEGUN, 1: BEGUN + 60, 2: BEGUN + 120}
    return (
        *plain,
        Scenario(
            name="good_extended",
            comment="extended before the end, and witnessed then",
            expect="determined",
            acts=lambda: extended(before),
            now=LATE,
            proven=times | {3: before, 4: before + 60},
        ),
        Scenario(
            name="backdated_extension",
            comment="dated before the end, first seen after it",
            expect="workflow.order case-expired",
            acts=lambda: extended(before),
            now=LATE,
            proven=times,
        ),
        Scenario(
            name="expired",
            comment="nobody extended it",
            expect="declassified",
            acts=picked(0, 1, 2),
            now=LATE,
            proven=times,
        ),
        Scenario(
            name="rolled_back",
            comment="the reader already holds the approval",
            expect=f"{tampered} determination-rolled-back",
            acts=picked(0, 1),
            held=3,
        ),
        Scenario(
            name="forked",
            comment="another way on from what the reader holds",
            expect=f"{tampered} determination-forked",
            acts=another_way,
            held=3,
        ),
    )
