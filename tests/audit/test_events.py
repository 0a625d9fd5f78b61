from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.audit.events import (
    Event,
    EventType,
    Outcome,
    decode_own,
    decode_shared,
    encode_own,
    encode_shared,
    shared_part,
)
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language, text
from tests.audit.desk import REALM

FULL = Event(
    type=EventType.DOC_OPEN,
    t_us=1_795_309_200_000_000,
    decision=Outcome.PERMIT.value,
    reason_codes=("CLEARANCE_BELOW_LABEL",),
    object_digest="ab" * 32,
    object_id="cd" * 16,
    label="演练 EXERCISE · 机密 10年",
    actor="j.okafor",
    device="d0" * 16,
    counterpart=("li.wei@EMB-A",),
    ref="Q7K2ZD",
    permit="ef" * 16,
    detail={"size": 7, "pack": "cn.state-secrets@2024-09-01"},
)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(EventType))
def test_every_event_has_a_text(kind: EventType, language: Language) -> None:
    assert text(f"event.{kind.value}", language)


def test_an_event_comes_back_as_it_was() -> None:
    assert decode_own(encode_own(FULL)) == FULL


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    actor=TEXTS,
    label=TEXTS,
    counterpart=st.lists(TEXTS, max_size=4),
    detail=st.dictionaries(
        st.from_regex(r"d[a-z0-9]{0,8}", fullmatch=True),
        st.one_of(TEXTS, st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)),
        max_size=4,
    ),
)
def test_whatever_an_event_says_comes_back(
    actor: str, label: str, counterpart: list[str], detail: dict[str, str | int]
) -> None:
    event = Event(
        type=EventType.DOC_SEAL,
        t_us=5,
        actor=actor,
        label=label,
        counterpart=tuple(counterpart),
        detail=detail,
    )
    assert decode_own(encode_own(event)) == event


def test_names_and_labels_stand_in_the_own_part_only() -> None:
    shared = encode_shared(shared_part(FULL, b"\x01" * 32, REALM))
    assert {"decision", "object", "pad", "pseudonym", "t", "v"} == set(json.loads(shared))
    for private in ("okafor", "li.wei", "机密", "Q7K2ZD", "CLEARANCE"):
        assert private.encode() not in shared


def test_the_pseudonym_cannot_be_led_back_without_the_salt() -> None:
    one, other = (shared_part(FULL, salt * 32, REALM).pseudonym for salt in (b"\x01", b"\x02"))
    assert one != other


def test_the_size_of_a_detail_does_not_tell_what_was_decided() -> None:
    short = Event(type=EventType.GATE_DECISION, decision="deny")
    long = Event(type=EventType.GATE_DECISION, decision="deny", detail={"why_0": "why " * 200})
    assert len(encode_own(short)) == len(encode_own(long)) == 2048


def test_a_shared_part_comes_back_and_has_one_size() -> None:
    shared = shared_part(FULL, b"\x01" * 32, REALM)
    data = encode_shared(shared)
    assert (decode_shared(data), len(data)) == (shared, 256)


@pytest.mark.parametrize(
    "detail",
    [
        {"secret": "x"},
        {"vault_seed": "x"},
        {"subject": "x"},
        {"Upper": "x"},
        {"note": "ab" * 33},
        {"note": "A" * 88},
        {"note": "x" * 5000},
    ],
)
def test_what_looks_like_key_material_is_refused(detail: dict[str, str | int]) -> None:
    with pytest.raises(ValueError, match="event"):
        Event(type=EventType.ADMIN_START, detail=detail)


@pytest.mark.parametrize(
    "wrong",
    [
        {"object_digest": "ab"},
        {"object_id": "AB" * 16},
        {"device": "zz" * 16},
        {"permit": "0"},
        {"decision": "maybe"},
        {"t_us": -1},
        {"actor": "x" * 4097},
        {"counterpart": ("x",) * 257},
    ],
)
def test_a_malformed_event_cannot_be_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"event|Outcome"):
        Event(type=EventType.ADMIN_START, **wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_an_event_cannot_be_changed_through_its_detail() -> None:
    detail: dict[str, str | int] = {"size": 1}
    event = Event(type=EventType.ADMIN_START, detail=detail)
    detail["size"] = 2
    assert event.detail == {"size": 1}


def changed(**members: object) -> bytes:
    value = json.loads(encode_own(FULL)) | members
    short = json.dumps(
        value | {"pad": ""}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    if "pad" not in members:
        value["pad"] = " " * (-len(short.encode()) % 512)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"v": 1}, "ledger-detail-version"),
        ({"pad": "x"}, "ledger-detail-padding"),
        ({"pad": " "}, "ledger-detail-padding"),
        ({"type": "doc.dream"}, "ledger-event-unknown"),
        ({"extra": "x"}, "ledger-member-unknown"),
        ({"actor": 5}, "ledger-member"),
        ({"reasons": "x"}, "ledger-member"),
        ({"reasons": [1]}, "ledger-member"),
        ({"detail": []}, "ledger-member"),
        ({"detail": {"a": []}}, "ledger-member"),
        ({"t": -1}, "ledger-member"),
        ({"t": True}, "ledger-member"),
        ({"object": "ab"}, "ledger-event"),
        ({"decision": "maybe"}, "ledger-event"),
    ],
)
def test_a_malformed_detail_is_refused(members: dict[str, object], reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_own(changed(**members))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ledger-json"),
        (b"\xff", "ledger-json"),
        (b"[]", "ledger-json"),
        (b"{" * 70_000, "too-long"),
        (b"[" * 60_000, "ledger-json"),
        (b'{"a":NaN}', "ledger-json"),
        (b'{"a":9007199254740993}', "ledger-json"),
        (b'{"a":"\\ud800"}', "ledger-json"),
        (b'{"a": 1}', "ledger-json-canonical"),
        (b'{"a":1,"a":1}', "ledger-json-canonical"),
        (b'{"b":1,"a":1}', "ledger-json-canonical"),
    ],
)
def test_what_is_not_canonical_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_own(data)
    assert caught.value.reason == reason


def test_an_event_that_is_too_long_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(ValueError, match="65536"):
        encode_own(Event(type=EventType.DOC_SEAL, counterpart=("x" * 4000,) * 20))
