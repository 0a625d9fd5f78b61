"""The counter-examples of NATO's combining rules (labels report §0), and what is done here."""

from __future__ import annotations

from collections import Counter
from itertools import chain, combinations, product

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.clearance4774 import Reader, clearances_of
from secure_liaison.labels.label import Label
from secure_liaison.labels.label4774 import Label4774
from secure_liaison.labels.lattice import join, may_read
from secure_liaison.labels.release import audience_of
from secure_liaison.labels.stanag4774 import write_back
from tests.labels.access4774 import admits, clearance, dominant_by_rules_5_and_6
from tests.labels.pack4774 import DAY, KFOR_HOME, LEVELS, NATO_HOME, OWNER, PACK, label

UNCLASSIFIED = label([NATO_HOME], level="unclassified")
KFOR_ONLY = label(
    [KFOR_HOME],
    ["nation:IRL", "nation:SWE", "nation:UKR", NATO_HOME],
    level="confidential",
)
NZL = clearance(
    "CONFIDENTIAL",
    Context=["Releasable"],
    Only=["New Zealand"],
    Releasable_To=["New Zealand"],
)
WSM = clearance("CONFIDENTIAL", Context=["Releasable"], Only=["Samoa"], Releasable_To=["Samoa"])
ALLY_IN_KFOR = clearance("CONFIDENTIAL", Context=["NATO", "NATO/KFOR"], Only=["NATO"])
ALLY_OUTSIDE_KFOR = clearance("CONFIDENTIAL", Context=["NATO"], Only=["NATO"])


def written(one: Label) -> Label4774:
    return write_back(one, PACK, native=False).label


def test_rules_5_and_6_let_new_zealand_and_samoa_read_what_is_for_kfor_only() -> None:
    parts = (written(UNCLASSIFIED), written(KFOR_ONLY))
    dominant = dominant_by_rules_5_and_6(*parts)
    assert ("CONFIDENTIAL", ()) == (dominant.classification, dominant.categories)
    for outsider in (NZL, WSM):
        assert not any(admits(part, outsider) for part in parts)
        assert admits(dominant, outsider)


def test_write_back_keeps_new_zealand_and_samoa_out_of_what_is_for_kfor_only() -> None:
    back = write_back(join(UNCLASSIFIED, KFOR_ONLY, PACK), PACK)
    said = {each.tag: each.values for each in back.label.categories}
    assert said == {"Context": ("NATO/KFOR",), "Only": ("NATO",)}
    assert back.narrowed == ()
    assert not admits(back.label, NZL)
    assert not admits(back.label, WSM)
    assert not admits(back.label, ALLY_OUTSIDE_KFOR)
    assert admits(back.label, ALLY_IN_KFOR)


def test_rule_5_drops_two_releases_with_nobody_in_common_and_write_back_leaves_home() -> None:
    parts = (label([NATO_HOME, "nation:SWE"]), label([NATO_HOME, "nation:WSM"]))
    dominant = dominant_by_rules_5_and_6(*map(written, parts))
    back = write_back(join(*parts, PACK), PACK)
    samoa = clearance("SECRET", Context=["Releasable"], Releasable_To=["Samoa"])
    assert [each.tag for each in dominant.categories] == ["Context"]
    assert admits(dominant, samoa)
    assert not admits(written(parts[0]), samoa)
    assert not admits(back.label, samoa)


def test_rule_6_drops_an_only_that_one_part_lacks_and_write_back_keeps_it() -> None:
    parts = (label([NATO_HOME]), label([NATO_HOME], ["nation:IRL", "nation:SWE"]))
    dominant = dominant_by_rules_5_and_6(*map(written, parts))
    ally = clearance("SECRET", Context=["NATO"])
    assert admits(dominant, ally)
    assert not admits(written(parts[1]), ally)
    assert not admits(written(join(*parts, PACK)), ally)


@pytest.mark.parametrize(
    ("groups", "readers"),
    [
        ([[NATO_HOME, "nation:NZL"]], "GBR NZL"),
        ([[NATO_HOME]], "GBR"),
        ([[NATO_HOME], ["nation:IRL", NATO_HOME]], "GBR"),
        ([[KFOR_HOME]], "GBR"),
    ],
    ids=["released", "home", "only", "kfor"],
)
def test_matrix_of_readers_has_the_shape_of_the_printed_one(
    groups: list[list[str]], readers: str
) -> None:
    """GBR and NZL read what is released to New Zealand, GBR alone the rest, WSM nothing.

    The outcomes are the report's (§3.1); it does not print the labels and the clearances, so these
    are made here.
    """
    holders = {
        "GBR": frozenset({NATO_HOME, KFOR_HOME}),
        "NZL": frozenset({"nation:NZL"}),
        "WSM": frozenset({"nation:WSM"}),
    }
    one = written(label(*groups))
    admitted = [
        name
        for name, memberships in holders.items()
        for reader in [Reader(level="secret", memberships=memberships)]
        if any(admits(one, each) for each in clearances_of(reader, PACK, day=DAY))
    ]
    assert readers.split() == admitted


# Every label that three contexts, two releases and two names make, and every reader of these.
CONTEXTS = ("context:nato", "context:kfor")
RELEASES = ("rel:swe", "rel:irl")
NAMES = ("only:swe", "only:nato")
LEAVES = (NATO_HOME, KFOR_HOME, "nation:SWE", "nation:IRL")


def subsets(texts: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(texts, n) for n in range(len(texts) + 1)))


def every_label() -> list[Label]:
    return [
        label(level="secret", audience=audience)
        for context, released, names in product(CONTEXTS, subsets(RELEASES), subsets(NAMES))
        for audience in [audience_of((context, *released, *names), PACK, owner=OWNER, day=DAY)]
    ]


READERS = [frozenset(each) for each in subsets(LEAVES)]
CLEARANCES = {
    held: clearances_of(Reader(level="secret", memberships=held), PACK, day=DAY) for held in READERS
}


def reads(held: frozenset[str], *parts: Label) -> bool:
    rank = LEVELS.index("secret")
    return all(may_read(each, PACK, clearance_rank=rank, memberships=held) for each in parts)


def outcomes(whole: Label4774 | None, *parts: Label) -> Counter[str]:
    """Count readers: who is admitted, and who may read every part."""
    counts: Counter[str] = Counter()
    for held in READERS:
        admitted = whole is not None and any(admits(whole, each) for each in CLEARANCES[held])
        may = reads(held, *parts)
        counts[
            "leak" if admitted and not may else "kept out" if may and not admitted else "exact"
        ] += 1
    return counts


def written_or_refused(one: Label) -> Label4774 | None:
    try:
        return written(one)
    except FormatError as error:
        if error.reason != "label4774-nobody":
            raise
        return None


def test_every_label_by_itself_is_written_exactly() -> None:
    counts = sum((outcomes(written(one), one) for one in every_label()), Counter())
    assert {"exact": 512} == dict(counts)


def count_ours() -> Counter[str]:
    """Count over every pair and every reader, for what is written here."""
    counts: Counter[str] = Counter()
    for one, other in combinations(every_label(), 2):
        counts += outcomes(written_or_refused(join(one, other, PACK)), one, other)
    return counts


def count_rules_5_and_6() -> Counter[str]:
    """Count the same for NATO's dominant label."""
    counts: Counter[str] = Counter()
    for one, other in combinations(every_label(), 2):
        dominant = dominant_by_rules_5_and_6(written(one), written(other))
        counts += outcomes(dominant, one, other)
    return counts


def test_no_pair_of_labels_leaks_and_those_kept_out_are_counted() -> None:
    assert {"exact": 7788, "kept out": 148} == dict(count_ours())


def test_rules_5_and_6_leak_among_the_same_pairs() -> None:
    assert 2634 == count_rules_5_and_6()["leak"]


def test_public_and_nobody_are_not_confused() -> None:
    with pytest.raises(FormatError, match="label4774-nobody"):
        write_back(label(audience=Audience.of([])), PACK)
    public = write_back(label(level="unclassified", audience=Audience.of()), PACK)
    assert public.label.categories == ()
