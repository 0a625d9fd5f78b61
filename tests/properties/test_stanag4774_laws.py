"""Laws of labels written as STANAG 4774: nobody gains a reader, and everything reads back."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError, LiaisonError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.audience4774 import Unsayable
from secure_liaison.labels.clearance4774 import Reader, clearances_of, reader_of
from secure_liaison.labels.label import Label, Successor
from secure_liaison.labels.label4774 import (
    Category4774,
    CategoryType,
    Clearance4774,
    Label4774,
    LabelRoot,
)
from secure_liaison.labels.lattice import join, may_read
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.labels.release import audience_of
from secure_liaison.labels.stanag4774 import label_of, write_back
from secure_liaison.labels.stanag4774_json import (
    read_clearance_json,
    read_label_json,
    write_clearance_json,
    write_label_json,
)
from secure_liaison.labels.stanag4774_xml import (
    read_clearance_xml,
    read_label_xml,
    write_clearance_xml,
    write_label_xml,
)
from secure_liaison.labels.validity import validate
from tests.labels.access4774 import admits
from tests.labels.pack4774 import (
    CREATED,
    DAY,
    HOMELESS,
    KFOR_HOME,
    LEVELS,
    NATO_HOME,
    OWNER,
    PACK,
    REVIEW,
    label,
)

law = settings(max_examples=max(200, settings().max_examples))

OLD_KFOR = "group:KFOR@2025-01-01"
NATIONS = ("nation:IRL", "nation:SWE", "nation:NZL")
LEAVES = (NATO_HOME, KFOR_HOME, OLD_KFOR, f"group:EAPC@{DAY}", *NATIONS, "officer:aa", OWNER)
STATES = ("nation:USA", *NATIONS, "officer:aa")
RESTRICT = ("sens:atomal", "sens:crypto")
CONTROL = ("ctrl:no-onward",)
RELEASES = ("rel:swe", "rel:irl", "rel:nzl", "rel:eapc")
NAMES = ("only:swe", "only:irl", "only:nato")
VALUES = {
    "Context": ("NATO", "NATO/KFOR", "NATO/KFOR@2025-01-01", "Releasable"),
    "Only": ("Sweden", "Ireland", "NATO"),
    "Releasable To": ("Sweden", "Ireland", "EAPC"),
    "Additional Sensitivity": ("ATOMAL", "CRYPTO"),
    "ctrl": ("No onward release",),
}


def subsets(texts: tuple[str, ...], *, least: int = 0) -> st.SearchStrategy[frozenset[str]]:
    sizes = range(least, len(texts) + 1)
    return st.sampled_from([frozenset(part) for n in sizes for part in combinations(texts, n)])


@st.composite
def valid_labels(draw: st.DrawFn) -> Label:
    """A label as a person makes one by markings; valid under the pack."""
    context = draw(st.sampled_from(["context:nato", "context:kfor"]))
    markings = {context} | draw(subsets(RELEASES)) | draw(subsets(NAMES))
    made = label(
        level=draw(st.sampled_from(LEVELS)),
        audience=audience_of(markings, PACK, owner=OWNER, day=DAY),
        restrict=draw(subsets(RESTRICT)),
        control=draw(subsets(CONTROL)),
        inform=draw(subsets(("admin:staff",))),
    )
    try:
        validate(made, PACK)
    except FormatError:  # `only` may leave nobody of home: then no context is left in normal form
        assume(False)  # noqa: FBT003
    return made


@st.composite
def any_labels(draw: st.DrawFn, pack: PolicyPack = PACK) -> Label:
    """A label whose audience no marking need be able to say."""
    leaves = LEAVES if pack is PACK else STATES
    groups = draw(st.lists(subsets(leaves, least=1), min_size=1, max_size=4))
    made = label(
        policy=pack.policy_id,
        level=draw(st.sampled_from(LEVELS)),
        audience=Audience.of(*groups),
        restrict=draw(subsets(RESTRICT)) if pack is PACK else frozenset(),
        privacy_mark=draw(st.sampled_from([None, "CLEAR"])),
        review_at=draw(st.sampled_from([None, REVIEW])),
    )
    if draw(st.booleans()):
        later = label(policy=pack.policy_id, level="unclassified", audience=made.audience)
        return label(
            **{name: getattr(made, name) for name in ("policy", "level", "audience", "restrict")},
            successor=Successor(at=Instant(CREATED + 1), label=later),
        )
    return made


@st.composite
def readers(draw: st.DrawFn, pack: PolicyPack = PACK) -> Reader:
    leaves = subsets(LEAVES if pack is PACK else STATES)
    return Reader(
        level=draw(st.sampled_from(LEVELS)),
        memberships=draw(leaves) | (draw(subsets(RESTRICT)) if pack is PACK else frozenset()),
        controls=draw(subsets(CONTROL)) if pack is PACK else frozenset(),
    )


def plain_clearance(reader: Reader) -> Clearance4774:
    """Every value of every category by the reader's own leaves; the flag for all."""
    (by_leaf,) = clearances_of(
        Reader(
            level=reader.level,
            memberships=reader.memberships - {NATO_HOME, KFOR_HOME, OLD_KFOR},
            controls=reader.controls,
        ),
        PACK,
        day=DAY,
    )
    names = {NATO_HOME: "NATO", KFOR_HOME: "NATO/KFOR", OLD_KFOR: "NATO/KFOR@2025-01-01"}
    contexts = tuple(name for leaf, name in names.items() if leaf in reader.memberships)
    others = [each for each in by_leaf.categories if each.tag not in {"Context", "Only"}]
    only = [value for each in by_leaf.categories if each.tag == "Only" for value in each.values]
    only += ["NATO"] if NATO_HOME in reader.memberships else []
    held = {"Context": (*contexts, "Releasable"), "Only": tuple(only)}
    return Clearance4774(
        policy="NATO",
        classifications=by_leaf.classifications,
        categories=(
            *others,
            *(
                Category4774(type=CategoryType.PERMISSIVE, tag=tag, values=values)
                for tag, values in held.items()
                if values
            ),
        ),
    )


def reads(one: Label, pack: PolicyPack, reader: Reader) -> bool:
    rank = pack.level(reader.level).rank
    return may_read(one, pack, clearance_rank=rank, memberships=reader.memberships)


def written(one: Label, pack: PolicyPack, unsayable: Unsayable) -> Label4774 | None:
    try:
        return write_back(one, pack, unsayable=unsayable, review_at=REVIEW, native=False).label
    except FormatError as error:
        if error.reason not in {"label4774-nobody", "label4774-audience"}:
            raise
        return None


@law
@given(st.lists(valid_labels(), min_size=1, max_size=3), readers(), st.sampled_from(Unsayable))
def test_who_is_admitted_to_a_join_written_back_may_read_every_part(
    parts: list[Label], reader: Reader, unsayable: Unsayable
) -> None:
    whole = parts[0]
    for part in parts[1:]:
        whole = join(whole, part, PACK)
    one = written(whole, PACK, unsayable)
    holding = (*clearances_of(reader, PACK, day=DAY), plain_clearance(reader))
    admitted = one is not None and any(admits(one, each) for each in holding)
    if admitted:
        assert reads(whole, PACK, reader)
        assert all(reads(part, PACK, reader) for part in parts)
    elif reads(whole, PACK, reader):
        event("refused" if one is None else "kept out")


@law
@given(valid_labels(), readers())
def test_a_label_that_markings_say_is_written_exactly(one: Label, reader: Reader) -> None:
    back = write_back(one, PACK)
    admitted = any(admits(back.label, each) for each in clearances_of(reader, PACK, day=DAY))
    assert back.narrowed == ()
    assert admitted is (reads(one, PACK, reader) and one.control <= reader.controls)


@law
@given(any_labels(), readers(), st.sampled_from(Unsayable))
def test_whatever_the_audience_nobody_is_admitted_who_may_not_read(
    one: Label, reader: Reader, unsayable: Unsayable
) -> None:
    back = written(one, PACK, unsayable)
    for each in (*clearances_of(reader, PACK, day=DAY), plain_clearance(reader)):
        if back is not None and admits(back, each):
            assert reads(one, PACK, reader)


@law
@given(any_labels(HOMELESS), readers(HOMELESS), st.sampled_from(Unsayable))
def test_home_is_never_left_out_where_no_context_names_it(
    one: Label, reader: Reader, unsayable: Unsayable
) -> None:
    back = written(one, HOMELESS, unsayable)
    for each in clearances_of(reader, HOMELESS, day=DAY):
        if back is not None and admits(back, each):
            assert reads(one, HOMELESS, reader)


@law
@given(any_labels(), st.sampled_from(Unsayable), st.booleans())
def test_what_is_written_reads_back_within_the_label(
    one: Label,
    unsayable: Unsayable,
    all_days: bool,  # noqa: FBT001  # drawn
) -> None:
    try:
        back = write_back(one, PACK, unsayable=unsayable, review_at=REVIEW, all_days=all_days)
    except FormatError:
        return
    assert read_label_xml(write_label_xml(back.label)) == back.label
    assert read_label_json(write_label_json(back.label)) == back.label
    assert label_of(back.label, PACK).label == one
    bare = written(one, PACK, unsayable)
    assert bare is not None
    heard = label_of(bare, PACK).label
    assert heard.audience.within(one.audience)
    assert (heard.audience == one.audience) is (back.narrowed == ())
    assert (heard.level, heard.restrict, heard.owner) == (one.level, one.restrict, one.owner)


@st.composite
def categories(draw: st.DrawFn) -> tuple[Category4774, ...]:
    return tuple(
        Category4774(
            type=CategoryType.RESTRICTIVE
            if tag in {"Additional Sensitivity", "ctrl"}
            else CategoryType.PERMISSIVE,
            tag=tag,
            values=values,
        )
        for tag in VALUES
        for values in [tuple(sorted(draw(subsets(VALUES[tag]))))]
        if values
    )


@law
@given(st.sampled_from(LEVELS), categories(), readers())
def test_who_may_read_what_was_read_is_admitted_by_the_usual_check(
    level: str, said: tuple[Category4774, ...], reader: Reader
) -> None:
    """Reading a foreign label gives nobody more than its own system would, with controls."""
    foreign = Label4774(
        policy="NATO",
        classification=level.replace("-", " ").upper(),
        created=CREATED,
        categories=said,
    )
    try:
        heard = label_of(foreign, PACK, owner=OWNER).label
    except FormatError as error:
        if error.reason not in {"label-marking-count", "label4774-releasable"}:
            raise
        return
    if reads(heard, PACK, reader) and heard.control <= reader.controls:
        assert any(admits(foreign, each) for each in clearances_of(reader, PACK, day=DAY))


@law
@given(readers())
def test_a_clearance_reads_back_as_no_more_and_keeps_what_has_words(reader: Reader) -> None:
    held: set[str] = set()
    for clearance in clearances_of(reader, PACK, day=DAY):
        assert read_clearance_xml(write_clearance_xml(clearance)) == clearance
        assert read_clearance_json(write_clearance_json(clearance)) == clearance
        found = reader_of(clearance, PACK, day=DAY)
        assert found.dropped == ()
        assert found.reader.level == reader.level
        assert found.reader.memberships <= reader.memberships
        assert found.reader.controls == reader.controls
        held |= found.reader.memberships
    assert held == reader.memberships - {"officer:aa", OWNER}


@law
@given(st.lists(st.sampled_from(LEVELS), min_size=1, unique=True), categories())
def test_a_clearance_is_never_read_as_more_levels_than_it_lists(
    levels: list[str], said: tuple[Category4774, ...]
) -> None:
    names = tuple(each.replace("-", " ").upper() for each in levels)
    clearance = Clearance4774(policy="NATO", classifications=names, categories=said)
    try:
        found = reader_of(clearance, PACK, day=DAY).reader
    except FormatError as error:
        if error.reason != "clearance4774-levels" or LEVELS[0] in levels:
            raise
        return
    assert set(LEVELS[: LEVELS.index(found.level) + 1]) <= set(levels)


@law
@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_make_the_readers_fail_otherwise(octets: bytes) -> None:
    for reader in (read_label_xml, read_label_json, read_clearance_xml, read_clearance_json):
        with suppress(LiaisonError):
            reader(octets)


@law
@given(valid_labels(), st.data())
def test_no_change_of_bytes_makes_the_readers_fail_otherwise(
    one: Label, data: st.DataObject
) -> None:
    back = write_back(one, PACK, root=data.draw(st.sampled_from(LabelRoot))).label
    for write, read in ((write_label_xml, read_label_xml), (write_label_json, read_label_json)):
        octets = bytearray(write(back))
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, len(octets) - 1))
            octets[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=3))
        try:
            found = read(bytes(octets))
            heard = label_of(found, PACK, owner=OWNER)
        except LiaisonError:
            continue
        if heard.native:
            assert heard.label == one
