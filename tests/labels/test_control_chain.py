from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.clock import Instant
from secure_liaison.errors import FormatError, OutOfOrderError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.bound import Bound
from secure_liaison.labels.control_chain import (
    Act,
    ActKind,
    Consent,
    Controlled,
    Hold,
    Term,
    derived,
    hold_on,
    original,
    relaxed,
    require_free,
    unmet_terms,
)
from secure_liaison.labels.label import Label
from secure_liaison.labels.lattice import dominates
from tests.labels.rich import KFOR, RICH, rich
from tests.labels.samples import CN, CREATED, EMBASSY, MINISTRY, jimi

DAY = 86_400
NOW = Instant(CREATED + DAY)
HOLDER, READER, OUTSIDER = (frozenset({f"officer:{n:02x}"}) for n in (1, 2, 3))
DIGEST = bytes(range(32))


def label(*controls: str, level: str = "confidential", **changes: Any) -> Label:
    audience = Audience.of([MINISTRY, *HOLDER, *READER])
    control = frozenset(f"limit:{name}" for name in controls)
    return rich(level, audience=audience, control=control, **changes)


def item(*controls: str, **changes: Any) -> Controlled:
    return original(label(*controls, **changes), DIGEST)


def act(kind: ActKind, **changes: Any) -> Act:
    to = READER if kind is ActKind.FORWARD else frozenset()
    return replace(Act(kind=kind, by=HOLDER, at=NOW, to=to), **changes)


def consent(bound: Bound, readers: frozenset[str] = READER, **changes: Any) -> Consent:
    made = Consent(
        originator=MINISTRY,
        digest=DIGEST,
        bound=bound,
        readers=readers,
        given=CREATED,
        until=Instant(CREATED + 10 * DAY),
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("control", "kind", "bound"),
    [
        ("orcon", ActKind.FORWARD, Bound.RELEASE),
        ("no-copy", ActKind.COPY, Bound.COPY),
        ("no-extract", ActKind.EXTRACT, Bound.EXTRACT),
    ],
)
def test_what_is_bound_needs_consent_and_nothing_else_does(
    control: str, kind: ActKind, bound: Bound
) -> None:
    held = item(control)
    for other in ActKind:
        if other is not kind:
            require_free(held, act(other), [], RICH)
    with pytest.raises(OutOfOrderError, match="consent-missing"):
        require_free(held, act(kind), [], RICH)
    (unmet,) = unmet_terms(held, act(kind), [], RICH)
    assert (bound, Hold.CONSENT, MINISTRY) == (unmet.bound, unmet.hold, unmet.term.originator)
    who = READER if kind is ActKind.FORWARD else HOLDER
    require_free(held, act(kind), [consent(bound, who)], RICH)


def test_export_is_bound_towards_foreign_sides_only() -> None:
    held, abroad = item("no-export"), act(ActKind.FORWARD, abroad=True)
    require_free(held, act(ActKind.FORWARD), [], RICH)
    with pytest.raises(OutOfOrderError, match="consent-missing"):
        require_free(held, abroad, [consent(Bound.RELEASE)], RICH)
    require_free(held, abroad, [consent(Bound.EXPORT)], RICH)


@pytest.mark.parametrize(
    "wrong",
    [
        consent(Bound.COPY),
        consent(Bound.RELEASE, OUTSIDER),
        consent(Bound.RELEASE, originator=EMBASSY),
        consent(Bound.RELEASE, digest=bytes(32)),
        consent(Bound.RELEASE, given=Instant(NOW + 1)),
        consent(Bound.RELEASE, until=NOW),
        consent(Bound.RELEASE, revoked=NOW),
    ],
)
def test_consent_to_something_else_or_at_another_time_does_not_count(wrong: Consent) -> None:
    with pytest.raises(OutOfOrderError, match="consent-missing"):
        require_free(item("orcon"), act(ActKind.FORWARD), [wrong], RICH)


def test_consent_for_a_group_is_for_its_members_of_that_day() -> None:
    given = [consent(Bound.RELEASE, frozenset({KFOR}))]
    held = original(replace(label("orcon"), audience=Audience.of([KFOR])), DIGEST)
    require_free(held, act(ActKind.FORWARD, to=frozenset({"nation:BEL"})), given, RICH)
    with pytest.raises(OutOfOrderError, match="consent-missing"):
        require_free(held, act(ActKind.FORWARD, to=frozenset({"nation:FIN"})), given, RICH)


def test_a_reader_outside_the_audience_needs_consent_even_where_nothing_is_bound() -> None:
    outside = act(ActKind.FORWARD, to=OUTSIDER)
    with pytest.raises(OutOfOrderError, match="consent-missing"):
        require_free(item(), outside, [], RICH)
    require_free(item(), outside, [consent(Bound.RELEASE, OUTSIDER)], RICH)


def test_no_onward_lets_nobody_in_whatever_is_shown() -> None:
    given = [consent(Bound.RELEASE, OUTSIDER)]
    outside = act(ActKind.FORWARD, to=OUTSIDER)
    with pytest.raises(OutOfOrderError, match="act-never-allowed"):
        require_free(item("no-onward"), outside, given, RICH)
    require_free(item("no-onward"), act(ActKind.FORWARD), [], RICH)
    with pytest.raises(FormatError, match="consent-onward"):
        consent(Bound.ONWARD)


def test_the_originator_is_not_bound_by_its_own_terms() -> None:
    by = frozenset({MINISTRY, "officer:09"})
    for kind in ActKind:
        require_free(item("orcon", "no-copy", "no-extract"), act(kind, by=by), [], RICH)


def test_consent_has_dates_in_order_and_readers_that_exist() -> None:
    with pytest.raises(FormatError, match="consent-dates"):
        consent(Bound.COPY, until=CREATED)
    with pytest.raises(FormatError, match="label-audience-leaf"):
        consent(Bound.COPY, frozenset({"everybody"}))


# --- handling ---------------------------------------------------------------------------------


def test_the_top_level_is_bound_by_its_handling() -> None:
    top, middle = jimi(level="juemi"), jimi()
    found = {bound: hold_on(top, bound, CN) for bound in Bound}
    assert {
        Bound.COPY: Hold.CONSENT,
        Bound.EXTRACT: Hold.CONSENT,
        Bound.RELEASE: Hold.NEVER,
        Bound.EXPORT: Hold.NEVER,
        Bound.ONWARD: Hold.FREE,
    } == found
    assert {Hold.FREE} == {hold_on(middle, bound, CN) for bound in Bound}
    marked = replace(middle, control=frozenset({"limit:no-copy"}))
    assert [Hold.CONSENT] * 2 == [hold_on(marked, b, CN) for b in (Bound.COPY, Bound.EXTRACT)]


def test_a_control_that_the_pack_does_not_list_is_refused() -> None:
    with pytest.raises(FormatError, match="label-marking-unknown"):
        hold_on(label("invented"), Bound.COPY, RICH)


# --- chains -----------------------------------------------------------------------------------


def test_a_copy_carries_the_terms_and_the_label_of_its_source() -> None:
    held = item("orcon")
    assert held == derived([held], RICH)


def test_a_work_carries_every_term_and_its_own() -> None:
    one, two = item("orcon"), original(label(owner=EMBASSY), bytes(32))
    work = Term(digest=b"w" * 32, label=label("orcon", "seen", owner="officer:09"))
    made = derived([one, two], RICH, work=work)
    assert one.terms | two.terms | {work} == made.terms
    assert work.label == made.label
    missing = unmet_terms(made, act(ActKind.FORWARD), [consent(Bound.RELEASE)], RICH)
    assert ["officer:09"] == [each.term.originator for each in missing]


def test_a_work_below_its_sources_is_refused() -> None:
    with pytest.raises(FormatError, match="label-below-source"):
        derived([item("orcon")], RICH, work=Term(digest=b"w" * 32, label=label()))


def test_the_originator_relaxes_its_own_term_and_nothing_of_others() -> None:
    mine, theirs = item("orcon"), original(label("no-copy", owner=EMBASSY), bytes(32))
    both = derived([mine, theirs], RICH)
    (term,) = mine.terms
    freed = relaxed(both, term, label(), RICH, by=frozenset({MINISTRY}))
    require_free(freed, act(ActKind.FORWARD), [], RICH)
    assert frozenset({"limit:no-copy"}) == freed.label.control
    assert all(dominates(freed.label, each.label, RICH) for each in freed.terms)


def test_nobody_else_relaxes_a_term() -> None:
    held = item("orcon")
    (term,) = held.terms
    for term_, new, by in (
        (term, label(), EMBASSY),
        (term, label(owner=EMBASSY), MINISTRY),
        (replace(term, digest=bytes(32)), label(), MINISTRY),
    ):
        with pytest.raises(OutOfOrderError, match="not-the-originator"):
            relaxed(held, term_, new, RICH, by=frozenset({by}))
