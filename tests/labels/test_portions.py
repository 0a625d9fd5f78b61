import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from secure_liaison.encoding import Value, encode
from secure_liaison.errors import FormatError, TamperedError, UnsupportedVersionError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.compilation import compilation_findings
from secure_liaison.labels.label import Determination
from secure_liaison.labels.period import Period
from secure_liaison.labels.portions import (
    MAX_PORTIONS,
    Portion,
    compilation_reason,
    decode_portions,
    encode_portions,
    portion_of,
    require_whole,
)
from secure_liaison.labels.protection import protection_of
from secure_liaison.labels.rendition import Piece, rendition_for_reader, rendition_under
from tests.labels.rich import RICH, rich
from tests.labels.samples import CN, CREATED, EMBASSY, MINISTRY, generic, jimi

SPEC = Path(__file__).parents[2] / "docs" / "spec" / "labels.md"
READER = frozenset({"nation:BEL"})


def test_the_example_of_the_specification_is_what_is_encoded() -> None:
    text = SPEC.read_text(encoding="utf-8").partition("Example: one portion")[2]
    written = re.sub(r"\s", "", text.split("```")[1].removeprefix("text"))
    data = encode_portions([portion_of(b"abc", jimi(level="mimi"))])
    assert written == data.hex()


def test_portions_read_back_in_their_order() -> None:
    portions = (
        portion_of(b"one", jimi(), secret_point=True),
        portion_of(b"two", jimi(level="mimi")),
    )
    assert portions == decode_portions(encode_portions(portions))
    assert hashlib.sha256(b"one").digest() == portions[0].digest


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({0: 0, 1: []}, "portion-count"),
        ({0: 0, 1: [{0: jimi().to_value(), 1: bytes(31), 2: False}]}, "field-size"),
        ({0: 0, 1: [{0: jimi().to_value(), 1: bytes(32)}]}, "field-missing"),
        ({0: 0, 1: [{0: jimi().to_value(), 1: bytes(32), 2: 1}]}, "field-type"),
        ({0: 0, 1: [{0: jimi().to_value(), 1: bytes(32), 2: False, 3: 0}]}, "unknown-field"),
        ({0: 0, 1: [{0: None, 1: bytes(32), 2: False}]}, "not-a-map"),
        ({0: 0, 1: [portion_of(b"", jimi()).to_value()], 2: 0}, "unknown-field"),
        ({0: 0}, "field-missing"),
    ],
)
def test_a_list_of_another_form_is_refused(value: Value, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        decode_portions(encode(value))


def test_a_list_of_another_version_is_refused() -> None:
    with pytest.raises(UnsupportedVersionError, match="unknown-version"):
        decode_portions(encode({0: 1, 1: []}))


def test_a_list_has_its_limits() -> None:
    portion = portion_of(b"", jimi())
    for count in (0, MAX_PORTIONS + 1):
        with pytest.raises(FormatError, match="portion-count"):
            encode_portions([portion] * count)
    with pytest.raises(FormatError, match="portion-list-too-large"):
        encode_portions([portion] * MAX_PORTIONS)
    with pytest.raises(FormatError, match="portion-digest"):
        Portion(label=jimi(), digest=b"")


# --- the whole --------------------------------------------------------------------------------


def test_a_label_below_a_portion_is_refused_with_the_portion_named() -> None:
    portions = [portion_of(b"a", jimi(level="mimi")), portion_of(b"b", jimi(level="juemi"))]
    with pytest.raises(FormatError, match="label-below-portions") as caught:
        require_whole(jimi(), portions, CN)
    assert {"number": 2} == caught.value.facts


def test_equal_protection_is_the_rule_and_needs_no_reason() -> None:
    parts = [jimi(level="mimi"), jimi(audience=Audience.of([MINISTRY]))]
    whole = jimi(audience=Audience.of([MINISTRY]))
    require_whole(whole, [portion_of(b"", part) for part in parts], CN)


def test_higher_protection_needs_a_reason_in_level_period_and_audience() -> None:
    portions = [portion_of(b"", jimi())]
    why = Determination(reason="aggregated")
    for higher in (
        jimi(level="juemi", determination=why),
        jimi(period=Period.of_years(20, start=CREATED), determination=why),
        jimi(audience=Audience.of([MINISTRY], [EMBASSY]), determination=why),
    ):
        require_whole(higher, portions, CN)
        assert "aggregated" == compilation_reason(higher, CN)
        with pytest.raises(FormatError, match="label-above-portions"):
            require_whole(replace(higher, determination=Determination()), portions, CN)


def test_a_free_text_is_a_reason_but_no_code() -> None:
    for reason in ("因汇编", "changed", ""):
        assert not compilation_reason(rich(determination=Determination(reason=reason)), RICH)
    assert "together" == compilation_reason(
        rich(determination=Determination(reason="together")), RICH
    )


# --- compilation ------------------------------------------------------------------------------


def test_compilation_is_reported_for_a_person_and_never_applied() -> None:
    whole, parts = rich("confidential"), [rich("confidential"), rich("secret")]
    assert () == compilation_findings(whole, parts, RICH)
    (finding,) = compilation_findings(whole, [*parts, rich("confidential")], RICH)
    assert ("three-confidential", 3) == (finding.rule.id, finding.counted)
    assert ("secret", False) == (finding.raise_to.id, finding.met)
    assert "confidential" == whole.level
    (met,) = compilation_findings(rich("secret"), [*parts, parts[0]], RICH)
    assert met.met


def test_compilation_counts_markings_and_leaves_out_other_policies() -> None:
    alpha = rich("internal", restrict=frozenset({"project:alpha"}))
    foreign = generic("secret", restrict=frozenset({"project:alpha"}))
    assert () == compilation_findings(alpha, [alpha, foreign, foreign, foreign], RICH)
    (finding,) = compilation_findings(alpha, [alpha, alpha], RICH)
    assert ("two-alpha", 2, False) == (finding.rule.id, finding.counted, finding.met)


# --- renditions -------------------------------------------------------------------------------


def pieces() -> list[Piece]:
    labels = [rich("secret"), rich("internal"), rich(restrict=frozenset({"project:alpha"}))]
    return [
        Piece(portion=portion_of(octets, label), octets=octets)
        for octets, label in zip((b"one", b"two", b"three"), labels, strict=True)
    ]


def test_a_rendition_holds_whole_portions_in_their_order() -> None:
    made = rendition_for_reader(pieces(), RICH, clearance_rank=3, memberships=READER)
    assert [b"one", b"two"] == [piece.octets for piece in made.pieces]
    assert protection_of(rich("secret")) == made.protection


def test_a_rendition_for_nobody_is_empty() -> None:
    made = rendition_for_reader(pieces(), RICH, clearance_rank=3, memberships=frozenset())
    assert ((), None) == (made.pieces, made.protection)


def test_a_rendition_under_a_label_holds_what_the_label_dominates() -> None:
    made = rendition_under(rich("internal"), pieces(), RICH)
    assert [b"two"] == [piece.octets for piece in made.pieces]


def test_octets_that_are_not_the_portions_are_refused() -> None:
    with pytest.raises(TamperedError, match="portion-changed"):
        Piece(portion=portion_of(b"one", rich()), octets=b"One")
