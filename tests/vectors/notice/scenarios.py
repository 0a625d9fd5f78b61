"""What the vectors of notices say: good records, and each way to spoil one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from secure_liaison.capsule.notice import LabelNotice, encode_notice
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest, Realm
from secure_liaison.encoding import decode, encode
from secure_liaison.labels.case import Event
from secure_liaison.labels.in_force import WITHOUT_LABEL, Change
from secure_liaison.labels.label import label_digest
from secure_liaison.wire.header import ObjectId
from tests.labels.samples import CREATED, jimi

REALM = Realm(b"r" * 32)
AT = Instant(CREATED + 86_400)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One vector."""

    name: str
    comment: str
    expect: str
    record: bytes


def notice(event: Event = Event.CHANGED) -> LabelNotice:
    """Return what a good record says."""
    new = None if event in WITHOUT_LABEL else jimi(level="mimi")
    old = None if event is Event.PROTECTED else label_digest(jimi())
    return LabelNotice(
        case=b"c" * 16,
        object_id=ObjectId(b"o" * 16),
        about=Digest(b"d" * 32),
        change=Change(event=event, at=AT, old=old, new=new),
    )


def spoiled(event: Event, change: Callable[[dict[int, Any]], dict[int, Any]]) -> bytes:
    """Return a record with other fields in it."""
    fields: Any = decode(encode_notice(notice(event), REALM), max_bytes=8192)
    return encode(change(dict(fields)))


def scenarios() -> tuple[Scenario, ...]:
    """Return every vector."""
    whole = encode_notice(notice(), REALM)
    changed, ended = Event.CHANGED, Event.DECLASSIFIED
    good = [
        Scenario(
            name=f"good_{event.value.replace('-', '_')}",
            comment="as a desk writes it",
            expect="good",
            record=encode_notice(notice(event), REALM),
        )
        for event in Event
    ]
    bad: list[tuple[str, str, str, bytes]] = [
        ("truncated", "its last byte is missing", "format not-cbor", whole[:-1]),
        ("trailing_byte", "a byte behind its end", "format not-canonical", whole + b"\x00"),
        (
            "unknown_field",
            "a field more",
            "format unknown-field",
            spoiled(changed, lambda f: f | {9: 0}),
        ),
        (
            "missing_field",
            "no moment",
            "format field-missing",
            spoiled(changed, lambda f: {key: value for key, value in f.items() if key != 6}),
        ),
        (
            "later_version",
            "of a later release",
            "format.version unknown-version",
            spoiled(changed, lambda f: f | {0: 1}),
        ),
        (
            "other_realm",
            "of another realm",
            "format notice-realm",
            spoiled(changed, lambda f: f | {1: b"s" * 32}),
        ),
        (
            "unknown_event",
            "an event that no case has",
            "format notice-event",
            spoiled(changed, lambda f: f | {5: "reclassified"}),
        ),
        (
            "declassified_with_label",
            "declassified, and a label all the same",
            "format notice-event",
            spoiled(ended, lambda f: f | {8: jimi().to_value()}),
        ),
        (
            "changed_without_label",
            "changed into nothing",
            "format notice-event",
            spoiled(changed, lambda f: f | {8: None}),
        ),
        (
            "short_digest",
            "the digest of the object is too short",
            "format field-size",
            spoiled(changed, lambda f: f | {4: b"d" * 31}),
        ),
        (
            "old_is_a_label",
            "the whole label before in place of its digest",
            "format field-type",
            spoiled(changed, lambda f: f | {7: jimi().to_value()}),
        ),
        (
            "moment_past_the_calendar",
            "a moment that no calendar has",
            "format field-range",
            spoiled(changed, lambda f: f | {6: 2**62}),
        ),
        (
            "acts_of_the_case",
            "the acts of the case besides",
            "format unknown-field",
            spoiled(changed, lambda f: f | {9: [b"act"]}),
        ),
    ]
    return (
        *good,
        *(
            Scenario(name=name, comment=comment, expect=expect, record=record)
            for name, comment, expect, record in bad
        ),
    )
