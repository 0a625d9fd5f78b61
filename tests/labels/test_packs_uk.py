"""United Kingdom: three levels, markings, and two levels of the past (labels report §3.6, §9)."""

from dataclasses import replace

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language, cause
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import (
    Determination,
    DeterminationKind,
    Label,
    Successor,
    label_digest,
)
from secure_liaison.labels.lattice import join
from secure_liaison.labels.marking import parse_mark, render
from secure_liaison.labels.pack import builtin_pack, load_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.validity import validate
from tests.labels.samples import CREATED, EMBASSY, MINISTRY, as_bytes, generic, pack_file

UK = builtin_pack("uk.gscp-2024")
SOURCE = frozenset({"label:" + "1" * 64})
SENSITIVE = frozenset({"sensitivity:sensitive"})


def label(level: str = "secret", kind: DeterminationKind = DeterminationKind.ORIGINAL) -> Label:
    sources = SOURCE if kind is DeterminationKind.DERIVED else frozenset()
    return Label(
        policy=UK.policy_id,
        level=level,
        audience=Audience.of([MINISTRY, EMBASSY]),
        owner=MINISTRY,
        created=CREATED,
        period=Period(form=PeriodForm.OPEN, value=""),
        determination=Determination(kind=kind, sources=sources),
    )


def test_levels_in_use_are_three() -> None:
    assert [level.id for level in UK.levels if not level.obsolete] == [
        "official",
        "secret",
        "top-secret",
    ]
    for level in ("official", "secret", "top-secret"):
        validate(label(level), UK)


@pytest.mark.parametrize("level", ["restricted", "confidential"])
@pytest.mark.parametrize(
    "kind",
    [DeterminationKind.ORIGINAL, DeterminationKind.PROVISIONAL, DeterminationKind.DISPUTED],
)
def test_legacy_level_is_never_given_anew(level: str, kind: DeterminationKind) -> None:
    with pytest.raises(FormatError, match="label-obsolete") as caught:
        validate(label(level, kind), UK)
    assert caught.value.facts == {"name": level}
    for language in Language:
        assert level in cause(caught.value, language)


@pytest.mark.parametrize("level", ["restricted", "confidential"])
@pytest.mark.parametrize("kind", [DeterminationKind.FOREIGN, DeterminationKind.DERIVED])
def test_legacy_level_is_accepted_inbound_and_in_what_derives_from_it(
    level: str, kind: DeterminationKind
) -> None:
    source = label(level, DeterminationKind.FOREIGN)
    named = frozenset({f"label:{label_digest(source).hex()}"})
    made = replace(label(level), determination=Determination(kind=kind, sources=named))
    validate(made, UK, follows=(source,))
    if kind is DeterminationKind.DERIVED:
        with pytest.raises(FormatError, match="label-obsolete"):
            validate(made, UK)


def test_derived_legacy_label_without_its_source_is_refused() -> None:
    made = replace(
        label("confidential"), determination=Determination(kind=DeterminationKind.DERIVED)
    )
    with pytest.raises(FormatError, match="label-without-source"):
        validate(made, UK)


def test_legacy_level_as_a_successor_is_refused() -> None:
    later = Successor(at=Instant(CREATED + 1), label=label("restricted"))
    with pytest.raises(FormatError, match="label-obsolete"):
        validate(replace(label(), successor=later), UK)


def test_obsolete_marking_is_refused_on_a_new_label() -> None:
    value = pack_file("generic")
    value["categories"][0]["values"][0]["obsolete"] = True
    pack = load_pack(as_bytes(value))
    made = generic(restrict=frozenset({"project:alpha"}))
    with pytest.raises(FormatError, match="label-obsolete") as caught:
        validate(made, pack)
    assert caught.value.facts == {"name": "project:alpha"}
    validate(generic(restrict=frozenset({"project:bravo"})), pack)
    foreign = Determination(kind=DeterminationKind.FOREIGN)
    validate(replace(made, determination=foreign), pack)


def test_sensitive_is_a_marking_of_official_and_said_by_every_other_level() -> None:
    made = replace(label("official"), control=SENSITIVE)
    assert render(made, UK, Language.EN, exercise=False) == "UK OFFICIAL-SENSITIVE"
    whole = join(made, label("secret"), UK)
    assert whole.control == SENSITIVE
    assert render(whole, UK, Language.EN, exercise=False) == "UK SECRET"


def test_uk_eyes_only_narrows_to_british_readers() -> None:
    made = label()
    narrow = replace(made, audience=made.audience.narrowed_to(["nation:GBR"]))
    validate(narrow, UK)
    assert render(narrow, UK, Language.EN, exercise=False) == "UK SECRET UK EYES ONLY"
    assert not narrow.audience.permits(frozenset({EMBASSY}))
    assert narrow.audience.permits(frozenset({EMBASSY, "nation:GBR"}))


def test_descriptors_inform_and_protect_nothing() -> None:
    made = replace(label("official"), inform=frozenset({"descriptor:commercial"}))
    validate(made, UK)
    assert render(made, UK, Language.EN, exercise=False) == "UK OFFICIAL COMMERCIAL"


def test_handling_instructions_bind() -> None:
    made = replace(label("official"), control=frozenset({"handling:recipients-only"}))
    validate(made, UK)
    assert render(made, UK, Language.EN, exercise=False) == "UK OFFICIAL [RECIPIENTS ONLY]"


@pytest.mark.parametrize("word", ["SECRET", "TOP SECRET", "CONFIDENTIAL", "RESTRICTED"])
def test_words_of_many_states_are_not_read_without_the_prefix(word: str) -> None:
    with pytest.raises(FormatError, match="mark-level"):
        parse_mark(word, UK)
