"""The laws of labels: how they combine, who may read, and that marks parse back."""

from dataclasses import replace
from itertools import combinations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.grammar import PeriodStyle
from secure_liaison.labels.label import (
    Determination,
    DeterminationKind,
    Label,
    Successor,
    decode_label,
    encode_label,
)
from secure_liaison.labels.lattice import dominates, join, may_read
from secure_liaison.labels.marking import parse_mark, render
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm, join_periods, period_dominates
from secure_liaison.labels.policy import PolicyPack
from tests.labels.samples import CN, CREATED, GENERIC, MINISTRY

# A law wants more cases than the quick default; the campaign's number is larger and stands.
law = settings(max_examples=max(200, settings().max_examples))

LEAVES = ["nation:AAA", "nation:BBB", "officer:aa", "officer:bb", "group:KFOR@2026-03-01"]
OPEN = Period(form=PeriodForm.OPEN, value="")
PROJECTS = ["project:alpha", "project:bravo", "project:charlie"]


def subsets(texts: list[str]) -> st.SearchStrategy[frozenset[str]]:
    sizes = range(len(texts) + 1)
    return st.sampled_from([frozenset(part) for n in sizes for part in combinations(texts, n)])


packs = st.sampled_from((CN, GENERIC))
instants = st.integers(CREATED, CREATED + 40 * 366 * 86_400).map(Instant)
audiences = st.lists(subsets(LEAVES), max_size=4).map(lambda groups: Audience.of(*groups))
memberships = subsets(LEAVES + PROJECTS)
conditions = st.sampled_from(
    ["会议开始前", "the end of the talks", "文件公布后（第2号）"]
) | st.text(
    st.characters(categories=["L", "P"], exclude_characters="★", codec="utf-8"), max_size=20
).map(lambda text: f"until {text} ends")


@st.composite
def periods(draw: st.DrawFn, *, dated_only: bool = False) -> Period:
    forms = [PeriodForm.DURATION, PeriodForm.MOMENT]
    forms += [] if dated_only else [PeriodForm.CONDITION, PeriodForm.OPEN]
    form = draw(st.sampled_from(forms))
    if form is PeriodForm.OPEN:
        return Period(form=form, value="")
    if form is PeriodForm.CONDITION:
        try:
            return Period(form=form, value=draw(conditions))
        except FormatError:  # a letter that is not in NFC beside its neighbour
            return Period(form=form, value="会议开始前")
    if form is PeriodForm.MOMENT:
        day = draw(st.dates().filter(lambda date: date.year >= 1970))
        return Period(form=form, value=day.isoformat(), start=draw(instants))
    unit = draw(st.sampled_from("YM"))
    length = draw(st.integers(1, 10))
    return Period(form=form, value=f"P{length}{unit}", start=draw(instants))


determinations = st.builds(
    Determination,
    kind=st.sampled_from(DeterminationKind),
    proposer=st.sampled_from(["", "officer:aa"]),
    sources=subsets(["object:" + "0" * 64, "label:" + "1" * 64]),
)


@st.composite
def labels(draw: st.DrawFn, pack: PolicyPack = GENERIC) -> Label:
    label = Label(
        policy=pack.policy_id,
        level=draw(st.sampled_from([level.id for level in pack.levels])),
        audience=draw(audiences),
        owner=draw(st.sampled_from([MINISTRY, "officer:aa"])),
        created=draw(instants),
        period=draw(periods()),
        restrict=draw(subsets(PROJECTS)),
        control=draw(subsets(["limit:no-copy", "limit:no-onward"])),
        inform=draw(subsets(["note:staff", "note:draft"])),
        determination=draw(determinations),
        review_at=draw(st.none() | instants),
        privacy_mark=draw(st.sampled_from([None, "STAFF", "DRAFT", "STAFF / DRAFT"])),
    )
    later = draw(st.sampled_from([None, CREATED + 1, CREATED + 2]))
    if later is None:
        return label
    lower = replace(label, inform=frozenset(), audience=Audience.of())
    return replace(label, successor=Successor(at=Instant(later), label=lower))


@st.composite
def related_labels(draw: st.DrawFn) -> tuple[Label, Label, Label]:
    """Three labels, of which some are equal or already joined, where the laws are easiest lost."""
    a, b, c = draw(labels()), draw(labels()), draw(labels())
    match draw(st.integers(0, 3)):
        case 0:
            b = a
        case 1:
            b = join(a, b, GENERIC)
        case 2:
            b = replace(a, inform=b.inform)
        case _:
            pass
    match draw(st.integers(0, 3)):
        case 0:
            c = join(a, b, GENERIC)
        case 1:
            c = join(b, c, GENERIC)
        case 2:
            c = replace(b, period=c.period)
        case _:
            pass
    return a, b, c


@law
@given(labels())
def test_join_is_idempotent(a: Label) -> None:
    assert join(a, a, GENERIC) == a


@law
@given(related_labels())
def test_join_is_commutative(three: tuple[Label, Label, Label]) -> None:
    a, b, _ = three
    assert join(a, b, GENERIC) == join(b, a, GENERIC)


@law
@given(related_labels())
def test_join_is_associative(three: tuple[Label, Label, Label]) -> None:
    a, b, c = three
    left = join(join(a, b, GENERIC), c, GENERIC)
    assert join(a, join(b, c, GENERIC), GENERIC) == left


@law
@given(related_labels())
def test_join_absorbs_what_went_into_it(three: tuple[Label, Label, Label]) -> None:
    a, b, _ = three
    joined = join(a, b, GENERIC)
    assert join(joined, a, GENERIC) == joined


@law
@given(related_labels())
def test_join_is_an_upper_bound(three: tuple[Label, Label, Label]) -> None:
    a, b, _ = three
    joined = join(a, b, GENERIC)
    assert dominates(joined, a, GENERIC)
    assert dominates(joined, b, GENERIC)


@law
@given(related_labels())
def test_join_is_the_least_upper_bound(three: tuple[Label, Label, Label]) -> None:
    a, b, c = three
    both = dominates(c, a, GENERIC) and dominates(c, b, GENERIC)
    assert dominates(c, join(a, b, GENERIC), GENERIC) is both


@law
@given(related_labels())
def test_domination_is_reflexive_and_transitive(three: tuple[Label, Label, Label]) -> None:
    a, b, c = three
    assert dominates(a, a, GENERIC)
    if dominates(a, b, GENERIC) and dominates(b, c, GENERIC):
        assert dominates(a, c, GENERIC)


@law
@given(related_labels(), st.integers(0, 3), memberships)
def test_reader_of_the_join_is_exactly_a_reader_of_both(
    three: tuple[Label, Label, Label], rank: int, holds: frozenset[str]
) -> None:
    a, b, _ = three

    def reads(label: Label) -> bool:
        return may_read(label, GENERIC, clearance_rank=rank, memberships=holds)

    assert reads(join(a, b, GENERIC)) is (reads(a) and reads(b))


@law
@given(related_labels(), st.integers(0, 3), memberships)
def test_reader_of_the_higher_reads_the_lower(
    three: tuple[Label, Label, Label], rank: int, holds: frozenset[str]
) -> None:
    high, low, _ = three
    if dominates(high, low, GENERIC) and may_read(
        high, GENERIC, clearance_rank=rank, memberships=holds
    ):
        assert may_read(low, GENERIC, clearance_rank=rank, memberships=holds)


@law
@given(st.lists(labels(), min_size=1, max_size=4))
def test_derived_is_at_least_each_source_in_level_period_and_audience(parts: list[Label]) -> None:
    derived = parts[0]
    for part in parts[1:]:
        derived = join(derived, part, GENERIC)
    for part in parts:
        assert GENERIC.level(derived.level).rank >= GENERIC.level(part.level).rank
        assert period_dominates(derived.period, part.period)
        assert derived.audience.within(part.audience)


@law
@given(labels(), st.integers(0, 3), memberships, memberships)
def test_more_clearance_never_removes_access(
    label: Label, rank: int, holds: frozenset[str], more: frozenset[str]
) -> None:
    if may_read(label, GENERIC, clearance_rank=rank, memberships=holds):
        assert may_read(label, GENERIC, clearance_rank=rank + 1, memberships=holds | more)


@law
@given(labels(), subsets(PROJECTS), audiences, memberships)
def test_more_restriction_never_adds_access(
    label: Label, more: frozenset[str], audience: Audience, holds: frozenset[str]
) -> None:
    stricter = replace(
        label, restrict=label.restrict | more, audience=label.audience.join(audience)
    )
    if may_read(stricter, GENERIC, clearance_rank=3, memberships=holds):
        assert may_read(label, GENERIC, clearance_rank=3, memberships=holds)


@law
@given(audiences, audiences, memberships)
def test_within_agrees_with_who_is_permitted(
    one: Audience, other: Audience, holds: frozenset[str]
) -> None:
    if one.within(other) and one.permits(holds):
        assert other.permits(holds)


@law
@given(audiences)
def test_audience_reads_back_and_has_one_form(audience: Audience) -> None:
    assert Audience.from_value(audience.to_lists()) == audience


@law
@given(periods(), periods(), periods())
def test_join_of_periods_is_a_semilattice(a: Period, b: Period, c: Period) -> None:
    assert join_periods(a, b) == join_periods(b, a)
    assert join_periods(a, a) == a
    assert join_periods(join_periods(a, b), c) == join_periods(a, join_periods(b, c))


@law
@given(labels())
def test_label_reads_back(label: Label) -> None:
    assert decode_label(encode_label(label)) == label


@law
@given(packs.flatmap(labels), st.sampled_from(Language), st.booleans())
def test_rendered_mark_parses_back(
    label: Label,
    language: Language,
    exercise: bool,  # noqa: FBT001  # drawn
) -> None:
    pack = builtin_pack(label.policy)
    style = pack.marking.period
    text = render(label, pack, language, exercise=exercise)
    found = parse_mark(text, pack)
    printed = OPEN if style is PeriodStyle.NONE else replace(label.period, start=None)
    assert (found.level, found.period, found.exercise) == (label.level, printed, exercise)
    assert ("★" in text) is (style is PeriodStyle.STAR and not exercise)
    assert text.startswith("演练 EXERCISE · ") is exercise


@law
@given(packs.flatmap(labels), packs, st.sampled_from(Language), st.booleans())
def test_mark_of_one_policy_never_parses_as_anothers(
    label: Label,
    foreign: PolicyPack,
    language: Language,
    exercise: bool,  # noqa: FBT001  # drawn
) -> None:
    own = builtin_pack(label.policy)
    assume(own is not foreign)
    assert parsed(render(label, own, language, exercise=exercise), foreign) is None


@law
@given(st.text(), packs)
def test_no_text_makes_the_reader_of_marks_fail_otherwise(text: str, pack: PolicyPack) -> None:
    for written in (text, f"机密★{text}", f"SECRET · {text}"):
        parsed(written, pack)


def parsed(text: str, pack: PolicyPack) -> object:
    try:
        return parse_mark(text, pack)
    except FormatError:
        return None
