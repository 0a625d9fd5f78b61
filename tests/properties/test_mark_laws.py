"""The laws of marks: what is written reads back, foreign marks stay foreign, audiences stay small.

They hold for every pack that is built in; a pack that is added is held to them without a change.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cache

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience, dated
from secure_liaison.labels.audience4774 import say_audience
from secure_liaison.labels.grammar import PeriodStyle, ValuesSegment
from secure_liaison.labels.mark_scan import segments_of
from secure_liaison.labels.marking import (
    EXERCISE_PREFIX,
    ParsedMark,
    parse_mark,
    parse_portion,
    printed_markings,
    render,
    render_portion,
    write_mark,
)
from secure_liaison.labels.naming import MarkLanguage
from secure_liaison.labels.pack import builtin_pack, builtin_packs
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import Category, CategoryKind, Level, PolicyPack
from secure_liaison.labels.release import audience_of, home_leaves, markings_in, release_of
from tests.labels.ess_samples import PACK as ESS
from tests.labels.marked import DAY, marked
from tests.labels.pack4774 import HOMELESS
from tests.labels.pack4774 import PACK as ALLIED
from tests.labels.rich import RICH
from tests.labels.samples import MINISTRY

law = settings(max_examples=max(200, settings().max_examples))

PACKS = builtin_packs()
NATO, US = builtin_pack("nato"), builtin_pack("us.eo13526")
LANGUAGES = sorted(MarkLanguage, key=lambda each: each.value)

packs = st.sampled_from(PACKS)
languages = st.sampled_from(LANGUAGES)


def printed(pack: PolicyPack, *, short: bool) -> set[str]:
    """Return the ids of the categories that marks print."""
    return {
        part.category
        for segment in segments_of(pack, short=short)
        if isinstance(segment, ValuesSegment)
        for part in segment.parts
    }


def chosen(category: Category) -> st.SearchStrategy[frozenset[str]]:
    """Return few values of a category; of one that names home, exactly one."""
    values = [f"{category.id}:{value.id}" for value in category.values]
    most = min(1 if category.home else 4, len(values), category.most or 4)
    some = st.lists(
        st.sampled_from(values or [""]),
        min_size=min(category.least, most),
        max_size=most,
        unique=True,
    )
    return some.map(frozenset)


def made(
    pack: PolicyPack, level: Level, parts: tuple[frozenset[str], ...]
) -> tuple[str, frozenset[str]]:
    """Return a level with markings; of a category that the level says itself, just that."""
    said = {marking.partition(":")[0] for marking in level.says}
    free = {each for part in parts for each in part if each.partition(":")[0] not in said}
    # Whom a list of ONLY names is not also released to: such a list would say all that home says.
    # And where the list names home itself, which group is home is not told by the audience.
    lists = {each.id for each in pack.categories if each.kind is CategoryKind.NARROW}
    homes = {each.id for each in pack.categories if each.home}
    listed = leaves(pack, free, lists - homes)
    own = leaves(pack, free | level.says, homes)
    widened = {
        f"{category.id}:{value.id}"
        for category in pack.categories
        if category.kind is CategoryKind.WIDEN
        for value in category.values
        if value.leaf in listed or own & listed
    }
    return level.id, level.says | (free - widened)


def leaves(pack: PolicyPack, markings: AbstractSet[str], categories: AbstractSet[str]) -> set[str]:
    """Return the leaves that the markings of some categories stand for."""
    return {
        value.leaf
        for category in pack.categories
        if category.id in categories
        for value in category.values
        if f"{category.id}:{value.id}" in markings
    }


@cache
def written(pack: PolicyPack) -> st.SearchStrategy[tuple[str, frozenset[str]]]:
    """Return a level, and markings that a label of it may carry."""
    parts = st.tuples(*(chosen(category) for category in pack.categories))
    return st.builds(made, st.just(pack), st.sampled_from(pack.levels), parts)


def shown(markings: frozenset[str], pack: PolicyPack, level: str, *, short: bool) -> set[str]:
    """Return what a mark prints of some markings, and what its level says by itself."""
    names = printed(pack, short=short)
    values = {
        f"{category.id}:{value.id}"
        for category in pack.categories
        if category.id in names
        for value in category.values
        if value.mark is not None
    }
    return set(markings & values) | set(pack.level(level).says)


@law
@given(st.data(), packs, languages, st.booleans())
def test_rendered_mark_reads_back_with_its_markings(
    data: st.DataObject,
    pack: PolicyPack,
    language: MarkLanguage,
    exercise: bool,  # noqa: FBT001  # drawn
) -> None:
    level, markings = data.draw(written(pack))
    label = marked(pack, level, markings)
    found = parse_mark(render(label, pack, language, exercise=exercise), pack)
    assert (found.level, found.exercise) == (level, exercise)
    assert found.markings == shown(printed_markings(label, pack), pack, level, short=False)


@law
@given(st.data(), packs)
def test_rendered_portion_reads_back_with_its_markings(
    data: st.DataObject, pack: PolicyPack
) -> None:
    assume(pack.marking.portion is not None)
    level, markings = data.draw(written(pack))
    label = marked(pack, level, markings)
    found = parse_portion(render_portion(label, pack), pack)
    assert found.level == level
    assert found.markings == shown(printed_markings(label, pack), pack, level, short=True)


@law
@given(st.data(), packs, packs, languages, st.booleans())
def test_a_foreign_mark_is_read_only_where_both_policies_write_the_same_words(
    data: st.DataObject,
    own: PolicyPack,
    foreign: PolicyPack,
    language: MarkLanguage,
    exercise: bool,  # noqa: FBT001  # drawn
) -> None:
    assume(own is not foreign)
    level, markings = data.draw(written(foreign))
    text = render(marked(foreign, level, markings), foreign, language, exercise=exercise)
    try:
        found = parse_mark(text, own)
    except FormatError:
        return
    bare = text.removeprefix(EXERCISE_PREFIX)
    assert bare in homographs(own, foreign)
    assert found.markings == own.level(found.level).says


def homographs(one: PolicyPack, other: PolicyPack) -> set[str]:
    """Return the bare levels that two policies write in the same words."""
    return bare_levels(one) & bare_levels(other)


def bare_levels(pack: PolicyPack) -> set[str]:
    """Return the levels of a pack as they are written alone, with no period and no values."""
    if pack.marking.period is PeriodStyle.STAR:
        return set()
    return {
        write_mark(
            pack,
            level,
            Period(form=PeriodForm.OPEN, value=""),
            language=language,
            exercise=False,
        )
        for level in pack.levels
        for language in pack.marking.languages
    }


def test_words_that_two_policies_share_are_known() -> None:
    assert homographs(US, builtin_pack("generic")) == {"SECRET", "CONFIDENTIAL"}
    assert homographs(NATO, builtin_pack("generic")) & {"NATO SECRET"} == set()


FRAGMENTS = [
    *("NATO", "/KFOR", "COSMIC", "TOP", "SECRET", "CONFIDENTIAL", "UNCLASSIFIED", "(NS)"),
    *("Releasable to", "Communicable à", "Austria", "Guinea", "-Bissau", "ONLY", "UNIQUEMENT"),
    *("//", "/", ",", " ", "  ", "REL TO USA", "GBR", "FVEY", "SI", "-G", "FGI", "JOINT", "NOFORN"),
    *(
        "机密",
        "机 密",
        "★",
        "10年",
        "十",
        "几年",
        "长期",
        "演练 EXERCISE · ",
        " · ",
        "10Y",
        "until: ",
    ),
    *(
        "(北约 第二级)",
        "（",
        "(",
        ")",
        "(S",
        "NF)",
        "–",
        "STAFF",
        "SIOP",
        "SIOP ESI",
        "\u0301",
        "\n",
    ),
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join) | st.text()


@law
@given(texts, packs)
def test_no_text_makes_the_readers_of_marks_fail_otherwise(text: str, pack: PolicyPack) -> None:
    for read in (parse_mark, parse_portion):
        try:
            found = read(text, pack)
        except FormatError:
            continue
        assert isinstance(found, ParsedMark)


@law
@given(texts, packs, languages)
def test_what_is_read_is_written_and_read_the_same(
    text: str, pack: PolicyPack, language: MarkLanguage
) -> None:
    try:
        found = parse_mark(text, pack)
    except FormatError:
        return
    assume(not found.older_practice)
    again = write_mark(
        pack,
        pack.level(found.level),
        found.period,
        language=language,
        exercise=found.exercise,
        markings=found.markings,
    )
    assert parse_mark(again, pack) == found


WORDED = (*PACKS, RICH, ESS, ALLIED, HOMELESS)
"""Every pack that is built in, and those of the tests with other widening, lists and homes."""

worded = st.sampled_from(WORDED)
ALWAYS = ("group:KFOR", "nation:SWE", MINISTRY, "officer:aa", "agency:bb")


@cache
def some_leaves(pack: PolicyPack) -> tuple[str, ...]:
    """Return homes, a few leaves of every category that says an audience, and some of none."""
    said = [
        value.leaf
        for category in pack.categories
        for value in sorted(category.values, key=lambda each: (each.leaf[:1], each.id))[:3]
        if value.leaf
    ]
    found = {*said, *ALWAYS, *([pack.home] if pack.home else [])}
    return tuple(sorted(dated(leaf, DAY) for leaf in found))


@st.composite
def audiences(draw: st.DrawFn, pack: PolicyPack) -> Audience:
    leaves = st.sampled_from(some_leaves(pack))
    return Audience.of(*draw(st.lists(st.sets(leaves, max_size=4), max_size=4)))


@law
@given(st.data(), worded)
def test_what_markings_say_of_an_audience_is_never_wider(
    data: st.DataObject, pack: PolicyPack
) -> None:
    audience = data.draw(audiences(pack))
    release = release_of(audience, pack, MINISTRY)
    try:
        said = audience_of(release.markings, pack, owner=MINISTRY, day=DAY)
    except FormatError:
        # No home stands in it, and this policy says nothing without one.
        assert any(category.home for category in pack.categories)
        assert not release.exact
        return
    for group in release.unsaid:
        said = said.narrowed_to(dated(leaf, DAY) for leaf in group)
    assert said.within(audience)


@law
@given(st.data(), worded)
def test_exact_is_said_of_what_markings_say_exactly_and_of_nothing_else(
    data: st.DataObject, pack: PolicyPack
) -> None:
    audience = data.draw(audiences(pack))
    release = release_of(audience, pack, MINISTRY)
    try:
        said = audience_of(release.markings, pack, owner=MINISTRY, day=DAY)
    except FormatError:
        assert not release.exact
        return
    assert release.exact is (said == audience)


@law
@given(st.data(), worded)
def test_rules_look_at_what_is_said_and_at_what_is_lost(
    data: st.DataObject, pack: PolicyPack
) -> None:
    audience = data.draw(audiences(pack))
    release = release_of(audience, pack, MINISTRY)
    seen = markings_in(audience, pack, MINISTRY)
    assert release.markings <= seen
    assert not release.exact or release.markings == seen


@st.composite
def any_markings(draw: st.DrawFn, pack: PolicyPack) -> frozenset[str]:
    """Return any few values of each category that says an audience, with a home."""
    parts = [
        draw(
            st.sets(
                st.sampled_from(
                    [f"{each.id}:{v.id}" for v in each.values if dated(v.leaf, DAY) in few]
                ),
                min_size=int(each.home),
                max_size=3,
            )
        )
        for few in [some_leaves(pack)]
        for each in pack.categories
        if each.kind in (CategoryKind.WIDEN, CategoryKind.NARROW)
    ]
    return frozenset().union(*parts)


@law
@given(st.data(), worded)
def test_whatever_markings_say_is_said_exactly_again_if_a_home_is_left(
    data: st.DataObject, pack: PolicyPack
) -> None:
    markings = data.draw(any_markings(pack))
    audience = audience_of(markings, pack, owner=MINISTRY, day=DAY)
    release = release_of(audience, pack, MINISTRY)
    homes = {dated(leaf, DAY) for leaf in pack.index.categories.homes}
    # A list may swallow the group of home: then nobody knows any more whose home it was.
    swallowed = homes and not any(group & homes for group in audience.groups)
    assert release.exact is not bool(swallowed)


@law
@given(st.data(), worded)
def test_one_algorithm_serves_marks_and_4774(data: st.DataObject, pack: PolicyPack) -> None:
    """What markings say exactly, 4774 says exactly, where it has a word for home."""
    audience = audience_of(data.draw(any_markings(pack)), pack, owner=MINISTRY, day=DAY)
    assume(release_of(audience, pack, MINISTRY).exact)
    widening = [each for each in pack.categories if each.kind is CategoryKind.WIDEN]
    words = {value.leaf for each in widening for value in each.values}
    named = pack.index.categories.homes or home_leaves(pack, MINISTRY) <= words
    assume(named and len(widening) < 2)
    assert say_audience(audience, pack, MINISTRY).narrowed == ()


@law
@given(st.data(), worded)
def test_a_join_is_sound_even_if_its_home_is_swallowed(
    data: st.DataObject, pack: PolicyPack
) -> None:
    parts = [
        audience_of(data.draw(any_markings(pack)), pack, owner=MINISTRY, day=DAY) for _ in range(2)
    ]
    whole = parts[0].join(parts[1])
    release = release_of(whole, pack, MINISTRY)
    try:
        said = audience_of(release.markings, pack, owner=MINISTRY, day=DAY)
    except FormatError:
        return
    said = Audience.of(*said.groups, *({dated(x, DAY) for x in g} for g in release.unsaid))
    assert all(said.within(part) for part in parts)


@law
@given(st.data(), st.sampled_from([NATO, US]))
def test_markings_make_the_audience_that_says_them(data: st.DataObject, pack: PolicyPack) -> None:
    _, markings = data.draw(written(pack))
    audience = audience_of(markings, pack, owner=MINISTRY, day=DAY)
    release = release_of(audience, pack, MINISTRY)
    assert release.exact
    assert audience_of(release.markings, pack, owner=MINISTRY, day=DAY) == audience
    lists = [each for each in pack.categories if each.kind is CategoryKind.NARROW and not each.home]
    if not any(each.startswith(f"{c.id}:") for c in lists for each in markings):
        kinds = (CategoryKind.WIDEN, CategoryKind.NARROW)
        said = {each.id for each in pack.categories if each.kind in kinds}
        assert release.markings == {each for each in markings if each.partition(":")[0] in said}
