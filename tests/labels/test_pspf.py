"""The Australian e-mail header: one grammar, read strictly and written back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.errors import FormatError
from secure_liaison.labels.pspf import (
    MAX_HEADER,
    PspfAccess,
    PspfCaveat,
    PspfCaveatKind,
    PspfLevel,
    PspfMarking,
    parse_pspf,
    render_pspf,
)

START = "VER=2018.4, NS=gov.au, "
FULL = (
    "VER=2018.4, NS=gov.au, SEC=TOP-SECRET, CAVEAT=C:BLUE WREN, CAVEAT=RI:AUSTEO, "
    "CAVEAT=SH:EXCLUSIVE-FOR AFG, EXPIRES=2030-10-01, DOWNTO=OFFICIAL:Sensitive, "
    "ACCESS=Legal-Privilege, ACCESS=Personal-Privacy, NOTE=drafts\\, first, ORIGIN=a@example.gov.au"
)
EVERYTHING = PspfMarking(
    level=PspfLevel.TOP_SECRET,
    caveats=(
        PspfCaveat(kind=PspfCaveatKind.CODEWORD, text="BLUE WREN"),
        PspfCaveat(kind=PspfCaveatKind.RELEASABILITY, text="AUSTEO"),
        PspfCaveat(kind=PspfCaveatKind.SPECIAL_HANDLING, text="EXCLUSIVE-FOR AFG"),
    ),
    expires="2030-10-01",
    down_to=PspfLevel.OFFICIAL_SENSITIVE,
    access=(PspfAccess.LEGAL_PRIVILEGE, PspfAccess.PERSONAL_PRIVACY),
    note="drafts, first",
    origin="a@example.gov.au",
)

texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128)
caveats = st.builds(PspfCaveat, kind=st.sampled_from(PspfCaveatKind), text=texts)


@st.composite
def markings(draw: st.DrawFn) -> PspfMarking:
    ends = draw(st.booleans())
    return PspfMarking(
        level=draw(st.sampled_from(PspfLevel)),
        caveats=tuple(draw(st.lists(caveats, max_size=3, unique=True))),
        expires=draw(texts) if ends else "",
        down_to=draw(st.sampled_from(PspfLevel)) if ends else None,
        access=tuple(draw(st.lists(st.sampled_from(PspfAccess), unique=True))),
        note=draw(st.just("") | texts),
        origin=draw(st.just("") | texts),
    )


def test_every_field_is_read_and_written() -> None:
    assert parse_pspf(FULL) == EVERYTHING
    assert render_pspf(EVERYTHING) == FULL


@pytest.mark.parametrize("level", list(PspfLevel))
def test_least_header_is_the_level_alone(level: PspfLevel) -> None:
    assert parse_pspf(f"{START}SEC={level.value}") == PspfMarking(level=level)


def test_folded_header_is_read() -> None:
    assert parse_pspf("VER=2018.4,\r\n NS=gov.au,SEC=SECRET") == PspfMarking(level=PspfLevel.SECRET)


def test_escaped_colon_is_read() -> None:
    assert parse_pspf(f"{START}SEC=OFFICIAL, NOTE=a\\:b").note == "a:b"


@given(markings())
def test_what_is_written_reads_back_the_same(marking: PspfMarking) -> None:
    text = render_pspf(marking)
    assert parse_pspf(text) == marking
    assert text.isprintable()


@given(st.text(max_size=60), st.sampled_from(["", START, f"{START}SEC=SECRET, "]))
def test_no_text_makes_the_reader_fail_otherwise(text: str, start: str) -> None:
    try:
        found = parse_pspf(start + text)
    except FormatError:
        return
    assert parse_pspf(render_pspf(found)) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "pspf-field"),
        ("SEC=SECRET, ", "pspf-field"),
        ("SECRET", "pspf-field"),
        (f"{START}SEC=SECRET,", "pspf-field"),
        (f"{START}SEC=SECRET, SEC=SECRET", "pspf-field"),
        (f"{START}SEC=SECRET, NS=gov.au", "pspf-field"),
        (f"{START}SEC=SECRET, COLOUR=red", "pspf-field"),
        (f"{START}SEC=SECRET, NOTE=a, ACCESS=Legal-Privilege", "pspf-field"),
        (f"{START}SEC=SECRET, NOTE=a\\b", "pspf-field"),
        ("VER=2018.4, VER=2018.4, NS=gov.au, SEC=SECRET", "pspf-field"),
        ("SEC=SECRET", "pspf-value"),
        ("VER=2012.3, NS=gov.au, SEC=SECRET", "pspf-value"),
        ("VER=2018.4, NS=example.org, SEC=SECRET", "pspf-value"),
        (START + "NOTE=a", "pspf-value"),
        (f"{START}SEC=RESTRICTED", "pspf-value"),
        (f"{START}SEC=secret", "pspf-value"),
        (f"{START}SEC=机密", "pspf-value"),
        (f"{START}SEC=SECRET, CAVEAT=AUSTEO", "pspf-value"),
        (f"{START}SEC=SECRET, CAVEAT=XX:AUSTEO", "pspf-value"),
        (f"{START}SEC=SECRET, CAVEAT=RI:", "pspf-value"),
        (f"{START}SEC=SECRET, EXPIRES=2030-01-01", "pspf-value"),
        (f"{START}SEC=SECRET, DOWNTO=OFFICIAL", "pspf-value"),
        (f"{START}SEC=SECRET, ACCESS=Everybody", "pspf-value"),
        (f"{START}SEC=SECRET, NOTE=", "pspf-value"),
        (f"{START}SEC=SECRET, NOTE=é", "pspf-value"),
        (f"{START}SEC=SECRET, NOTE=a\r\nBcc: x", "pspf-value"),
        (f"{START}SEC=SECRET, NOTE={'a' * 129}", "pspf-value"),
        (f"{START}SEC=SECRET, CAVEAT=RI:REL, CAVEAT=RI:REL", "pspf-repeated"),
        (
            f"{START}SEC=SECRET, ACCESS=Legal-Privilege, ACCESS=Legal-Privilege",
            "pspf-repeated",
        ),
        ("V" * (MAX_HEADER + 1), "mark-too-long"),
    ],
)
def test_header_that_is_not_in_form_is_refused(text: str, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_pspf(text)
    assert caught.value.reason == reason


def test_place_of_a_fault_is_named() -> None:
    with pytest.raises(FormatError) as caught:
        parse_pspf(f"{START}SEC=SECRET, COLOUR=red")
    assert caught.value.facts == {"column": 36}
