"""The laws of the algebra over every pack: join, meet, membership, portions, releasability."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from secure_liaison.clock import Instant, from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.lattice import dominates, join, join_all, may_read
from secure_liaison.labels.membership import groups_held, meets, permitted
from secure_liaison.labels.period import Period, PeriodForm, period_dominates
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.labels.portions import (
    Portion,
    decode_portions,
    encode_portions,
    portion_of,
    require_whole,
)
from secure_liaison.labels.protection import (
    Protection,
    at_least,
    join_protections,
    meet_protections,
    protection_of,
    protection_of_all,
    readable,
)
from secure_liaison.labels.releasability import releasability
from secure_liaison.labels.rendition import Piece, rendition_for_reader, rendition_under
from secure_liaison.monitor.decision import PartQuestion
from secure_liaison.monitor.person_rules import OUTSIDE
from secure_liaison.monitor.rules import decide
from tests.labels.rich import RICH
from tests.labels.strategies import (
    LEAVES,
    audiences,
    groups,
    labels,
    law,
    packs,
    ranks,
    readers,
    scenes,
    subsets,
)
from tests.monitor.scene import read_question, recipient, seal_question, standing

Scene = tuple[PolicyPack, Label, Label, Label]
Met = Protection | None


def met(a: Met, b: Met, pack: PolicyPack) -> Met:
    """Return the meet, or nothing where it is not defined."""
    if a is None or b is None:
        return None
    try:
        return meet_protections(a, b, pack)
    except FormatError:
        return None


@law
@given(scenes())
def test_join_is_a_semilattice_over_every_pack(scene: Scene) -> None:
    pack, a, b, c = scene
    assert join(a, a, pack) == a
    assert join(a, b, pack) == join(b, a, pack)
    assert join(join(a, b, pack), c, pack) == join(a, join(b, c, pack), pack)


@law
@given(scenes())
def test_join_is_the_least_label_above_both_over_every_pack(scene: Scene) -> None:
    pack, a, b, c = scene
    both = dominates(c, a, pack) and dominates(c, b, pack)
    assert dominates(c, join(a, b, pack), pack) is both


@law
@given(st.data())
def test_reader_of_the_join_is_exactly_a_reader_of_both_over_every_pack(
    data: st.DataObject,
) -> None:
    pack, a, b, _ = data.draw(scenes())
    rank, holds = data.draw(ranks), data.draw(readers(pack))

    def reads(label: Label) -> bool:
        return may_read(label, pack, clearance_rank=rank, memberships=holds)

    assert reads(join(a, b, pack)) is (reads(a) and reads(b))


@law
@given(scenes())
def test_derived_is_at_least_each_source_over_every_pack(scene: Scene) -> None:
    pack, *sources = scene
    whole = protection_of_all(sources, pack)
    for source in sources:
        assert pack.level(whole.level).rank >= pack.level(source.level).rank
        assert period_dominates(whole.period, source.period)
        assert whole.audience.within(source.audience)
        assert whole.restrict >= source.restrict
        assert whole.control >= source.control


@law
@given(scenes())
def test_protection_of_a_collection_is_that_of_the_join(scene: Scene) -> None:
    pack, a, b, c = scene
    joined = protection_of(join(join(a, b, pack), c, pack))
    assert joined == protection_of_all([a, b, c], pack)
    assert joined == join_protections(
        join_protections(protection_of(c), protection_of(a), pack), protection_of(b), pack
    )


@law
@given(scenes())
def test_meet_is_a_semilattice_where_it_is_defined(scene: Scene) -> None:
    pack, *three = scene
    a, b, c = map(protection_of, three)
    assert met(a, a, pack) == a
    assert met(a, b, pack) == met(b, a, pack)
    assert met(met(a, b, pack), c, pack) == met(a, met(b, c, pack), pack)


@law
@given(scenes())
def test_join_and_meet_absorb_each_other(scene: Scene) -> None:
    pack, *three = scene
    a, b, _ = map(protection_of, three)
    assert meet_protections(a, join_protections(a, b, pack), pack) == a
    below = met(a, b, pack)
    assume(below is not None)
    assert below is not None
    assert join_protections(a, below, pack) == a


@law
@given(scenes())
def test_meet_is_the_greatest_protection_below_both(scene: Scene) -> None:
    pack, *three = scene
    a, b, c = map(protection_of, three)
    below = met(a, b, pack)
    both = at_least(a, c, pack) and at_least(b, c, pack)
    assert both is (below is not None and at_least(below, c, pack))


@law
@given(st.data())
def test_reader_of_one_reads_at_the_meet(data: st.DataObject) -> None:
    pack, a, b, _ = data.draw(scenes())
    below = met(protection_of(a), protection_of(b), pack)
    assume(below is not None)
    assert below is not None
    rank, holds = data.draw(ranks), data.draw(readers(pack))
    if any(may_read(each, pack, clearance_rank=rank, memberships=holds) for each in (a, b)):
        assert readable(below, pack, clearance_rank=rank, memberships=holds)


@law
@given(audiences, audiences, audiences)
def test_audiences_are_a_distributive_lattice(a: Audience, b: Audience, c: Audience) -> None:
    assert a.join(b.meet(c)) == a.join(b).meet(a.join(c))
    assert a.meet(b.join(c)) == a.meet(b).join(a.meet(c))


# --- clearance and restriction ----------------------------------------------------------------


@law
@given(st.data())
def test_more_clearance_never_removes_access_over_every_pack(data: st.DataObject) -> None:
    pack, a, *_ = data.draw(scenes())
    rank, holds, more = data.draw(ranks), data.draw(readers(pack)), data.draw(readers(pack))
    if may_read(a, pack, clearance_rank=rank, memberships=holds):
        assert may_read(a, pack, clearance_rank=rank + 1, memberships=holds | more)


@law
@given(st.data())
def test_more_restriction_never_adds_access_over_every_pack(data: st.DataObject) -> None:
    pack, a, b, _ = data.draw(scenes())
    rank, holds = data.draw(ranks), data.draw(readers(pack))
    stricter = replace(
        a,
        audience=a.audience.join(b.audience),
        restrict=a.restrict | b.restrict,
        control=a.control | b.control,
    )
    if may_read(stricter, pack, clearance_rank=rank, memberships=holds):
        assert may_read(a, pack, clearance_rank=rank, memberships=holds)


@law
@given(st.data())
def test_no_read_up_and_no_write_down(data: st.DataObject) -> None:
    pack, high, low, _ = data.draw(scenes())
    rank, holds = data.draw(ranks), data.draw(readers(pack))
    if pack.level(high.level).rank > rank:
        assert not may_read(high, pack, clearance_rank=rank, memberships=holds)
    # What is read flows into what is written: a label that does not dominate it cannot hold it.
    written = join(high, low, pack)
    assert dominates(written, high, pack)
    if not may_read(high, pack, clearance_rank=rank, memberships=holds):
        assert not may_read(written, pack, clearance_rank=rank, memberships=holds)


@law
@given(st.data())
def test_a_thread_rises_to_the_highest_thing_quoted_and_never_sinks(data: st.DataObject) -> None:
    pack = data.draw(packs)
    thread = data.draw(labels(pack))
    for _ in range(data.draw(st.integers(1, 4))):
        quoted = data.draw(labels(pack))
        risen = join(thread, quoted, pack)
        assert dominates(risen, thread, pack)
        assert dominates(risen, quoted, pack)
        thread = risen


@law
@given(scenes())
def test_the_gate_seals_nothing_below_what_is_attached(scene: Scene) -> None:
    pack, whole, *parts = scene
    for label in (whole, join_all([whole, *parts], pack)):
        bound = tuple(PartQuestion(name="annex", label=each, pack=pack) for each in parts)
        question = seal_question(label=label, pack=pack, parts=bound)
        codes = {reason.code for reason in decide(question, ref="").reasons}
        covered = all(dominates(label, part, pack) for part in parts)
        assert covered is not bool({"LABEL_LOWER_THAN_PART", "PART_FOR_FEWER"} & codes)
        assert covered or label is whole


# --- membership -------------------------------------------------------------------------------


@law
@given(st.data())
def test_the_gate_and_the_algebra_agree_on_the_audience(data: st.DataObject) -> None:
    pack, a, *_ = data.draw(scenes())
    who = replace(standing("m.rossi"), memberships=data.draw(readers(pack)))
    inside = permitted(a.audience, who.memberships, pack) and a.restrict <= who.memberships
    reading = decide(read_question(reader=who, label=a, pack=pack), ref="")
    sealing = decide(seal_question(recipient(who), label=a, pack=pack), ref="")
    for decision in (reading, sealing):
        codes = {reason.code for reason in decision.reasons}
        assert inside is OUTSIDE.isdisjoint(codes)


@law
@given(groups, subsets(LEAVES), packs)
def test_who_meets_a_group_holds_one_of_its_leaves(
    group: frozenset[str], holds: frozenset[str], pack: PolicyPack
) -> None:
    plain = {leaf for leaf in group if not leaf.startswith("group:")}
    held = groups_held(group, holds, pack)
    assert held <= group
    assert meets(group, holds, pack) is bool(held or plain & holds)


near = st.sampled_from([-29, -28, -27, -1, 0, 1])
"""Days before and after the boundaries of memberships, from 2026-03-01."""


@law
@given(near | st.integers(-800, 800), st.sampled_from(["BEL", "FIN", "SWE"]))
def test_a_nation_is_a_member_on_the_labels_day_only(days: int, nation: str) -> None:
    day = (date(2026, 3, 1) + timedelta(days=days)).isoformat()
    inside = {
        "BEL": True,
        "FIN": day < "2026-03-01",
        "SWE": day >= "2026-02-01",
    }[nation]
    group = frozenset({f"group:KFOR@{day}"})
    assert meets(group, frozenset({f"nation:{nation}"}), RICH) is inside
    assert not meets(group, frozenset({"nation:AUT", *group}), RICH)


@law
@given(st.data())
def test_releasability_says_what_the_algebra_says(data: st.DataObject) -> None:
    pack, a, *_ = data.draw(scenes())
    holds = data.draw(readers(pack))
    (answer,) = releasability(a, pack, {"reader": holds})
    assert answer.releasable is permitted(a.audience, holds, pack)
    for group in answer.groups:
        assert group.met is any(leaf.standing.value == "held" for leaf in group.leaves)


# --- portions ---------------------------------------------------------------------------------


@law
@given(scenes())
def test_a_document_is_at_least_the_join_of_its_portions(scene: Scene) -> None:
    pack, whole, b, c = scene
    portions = [portion_of(b"b", b), portion_of(b"c", c)]
    together = protection_of_all([b, c], pack)
    reason = refusal(whole, portions, pack)
    if not at_least(whole, together, pack):
        assert "label-below-portions" == reason
    elif at_least(together, whole, pack) or whole.determination.reason:
        assert not reason
    else:
        assert "label-above-portions" == reason


def refusal(whole: Label, portions: list[Portion], pack: PolicyPack) -> str:
    try:
        require_whole(whole, portions, pack)
    except FormatError as error:
        return error.reason
    return ""


@st.composite
def documents(draw: st.DrawFn) -> tuple[PolicyPack, list[Piece]]:
    pack = draw(packs)
    found = draw(st.lists(labels(pack), min_size=1, max_size=6))
    octets = [f"<portion {number} of this object>".encode() for number in range(len(found))]
    return pack, [
        Piece(portion=portion_of(text, label), octets=text)
        for text, label in zip(octets, found, strict=True)
    ]


@law
@given(st.data())
def test_no_octet_of_a_portion_reaches_who_may_not_have_it(data: st.DataObject) -> None:
    pack, pieces = data.draw(documents())
    rank, holds = data.draw(ranks), data.draw(readers(pack))
    made = rendition_for_reader(pieces, pack, clearance_rank=rank, memberships=holds)
    written = repr(made).encode()
    for piece in pieces:
        may = may_read(piece.portion.label, pack, clearance_rank=rank, memberships=holds)
        assert may is (piece in made.pieces)
        assert may is (piece.octets in written)
        assert may or repr(piece.portion.digest).encode() not in written
    if made.protection is not None:
        assert readable(made.protection, pack, clearance_rank=rank, memberships=holds)


@law
@given(st.data())
def test_a_rendition_under_a_label_is_protected_by_it(data: st.DataObject) -> None:
    pack, pieces = data.draw(documents())
    label = data.draw(labels(pack))
    made = rendition_under(label, pieces, pack)
    assert list(made.pieces) == [
        piece for piece in pieces if dominates(label, piece.portion.label, pack)
    ]
    assert made.protection is None or at_least(label, made.protection, pack)


@law
@given(st.data())
def test_objects_that_differ_above_a_reader_have_equal_renditions(data: st.DataObject) -> None:
    pack, pieces = data.draw(documents())
    rank, holds = data.draw(ranks), data.draw(readers(pack))

    def shown(world: list[Piece]) -> bytes:
        made = rendition_for_reader(world, pack, clearance_rank=rank, memberships=holds)
        return repr(made).encode()

    def hidden(label: Label) -> bool:
        return not may_read(label, pack, clearance_rank=rank, memberships=holds)

    other = data.draw(st.lists(labels(pack).filter(hidden), max_size=3))
    second = [piece for piece in pieces if not hidden(piece.portion.label)]
    for number, label in enumerate(other):
        place = data.draw(st.integers(0, len(second)))
        text = f"other {number}".encode()
        second.insert(place, Piece(portion=portion_of(text, label), octets=text))
    assert shown(pieces) == shown(second)


@law
@given(packs.flatmap(labels), st.booleans())
def test_portions_read_back(label: Label, secret: bool) -> None:  # noqa: FBT001  # drawn
    portion = Portion(label=label, digest=bytes(32), secret_point=secret)
    assert Portion.from_value(portion.to_value()) == portion


@law
@given(packs.flatmap(labels), st.integers(0, 2**16), st.binary(max_size=4))
def test_a_damaged_list_of_portions_is_refused_and_nothing_else(
    label: Label, place: int, octets: bytes
) -> None:
    data = encode_portions([portion_of(b"abc", label)])
    place %= len(data)
    damaged = data[:place] + octets + data[place + len(octets) :]
    try:
        assert damaged == encode_portions(decode_portions(damaged))
    except FormatError:
        assert damaged != data


# --- expiry -----------------------------------------------------------------------------------


@law
@given(scenes())
def test_no_join_ends_before_any_of_its_parts(scene: Scene) -> None:
    pack, a, b, _ = scene
    joined = join(a, b, pack).period
    assert period_dominates(joined, a.period)
    assert period_dominates(joined, b.period)
    long = Period(form=PeriodForm.DURATION, value="P999Y", start=Instant(from_iso("2026-03-01")))
    if PeriodForm.OPEN in {a.period.form, b.period.form}:
        assert not period_dominates(long, joined)
