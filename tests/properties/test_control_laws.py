"""Chains of copy, quote, derive and forward: what an originator bound reaches nobody without it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import Instant
from secure_liaison.errors import OutOfOrderError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.bound import Bound
from secure_liaison.labels.control_chain import (
    Act,
    ActKind,
    Consent,
    Controlled,
    Term,
    derived,
    original,
    require_free,
    unmet_terms,
)
from secure_liaison.labels.lattice import dominates, join
from tests.labels.rich import RICH, rich
from tests.labels.samples import CREATED
from tests.labels.strategies import law

ORIGINATORS = ["agency:a1", "agency:b2"]
PEOPLE = ["officer:01", "officer:02", "officer:03", "officer:04"]
CONTROLS = ["orcon", "no-copy", "no-onward", "no-extract"]
DAY = 86_400


@dataclass
class World:
    """Who holds what; consents as they stand; every forwarding that was allowed."""

    held: dict[str, list[Controlled]] = field(default_factory=dict)
    consents: list[Consent] = field(default_factory=list)
    passed: list[tuple[Act, Controlled, tuple[Consent, ...]]] = field(default_factory=list)


def number(text: str) -> bytes:
    return text.encode().ljust(32, b"\x00")


@st.composite
def originals(draw: st.DrawFn, owner: str) -> Controlled:
    inside = draw(st.lists(st.sampled_from(PEOPLE), max_size=3))
    controls = draw(st.sets(st.sampled_from(CONTROLS)))
    label = rich(
        "confidential",
        owner=owner,
        audience=Audience.of([owner, *inside]),
        control=frozenset(f"limit:{name}" for name in controls),
    )
    return original(label, number(f"object of {owner}"))


@st.composite
def consents(draw: st.DrawFn, at: int) -> Consent:
    owner = draw(st.sampled_from(ORIGINATORS))
    return Consent(
        originator=owner,
        digest=number(f"object of {owner}"),
        bound=draw(st.sampled_from([Bound.RELEASE, Bound.COPY, Bound.EXTRACT])),
        readers=frozenset(draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2))),
        given=Instant(at),
        until=Instant(at + draw(st.integers(1, 10)) * DAY),
    )


def step(data: st.DataObject, world: World, at: Instant) -> None:
    """Do one thing that may or may not be allowed, by somebody who holds something."""
    match data.draw(st.sampled_from(["act", "act", "act", "consent", "revoke"])):
        case "consent":
            world.consents.append(data.draw(consents(at)))
        case "revoke" if world.consents:
            place = data.draw(st.integers(0, len(world.consents) - 1))
            world.consents[place] = replace(world.consents[place], revoked=at)
        case _:
            act_of_somebody(data, world, at)


def act_of_somebody(data: st.DataObject, world: World, at: Instant) -> None:
    who = data.draw(st.sampled_from(sorted(world.held)))
    item = data.draw(st.sampled_from(world.held[who]))
    kind = data.draw(st.sampled_from(ActKind))
    to = data.draw(st.sampled_from(PEOPLE))
    addressed = frozenset({to}) if kind is ActKind.FORWARD else frozenset()
    act = Act(kind=kind, by=frozenset({who}), at=at, to=addressed)
    try:
        require_free(item, act, world.consents, RICH)
    except OutOfOrderError:
        return
    if kind is ActKind.FORWARD:
        world.passed.append((act, item, tuple(world.consents)))
        world.held.setdefault(to, []).append(item)
    elif kind is ActKind.COPY:
        world.held[who].append(derived([item], RICH))
    else:
        other = data.draw(st.sampled_from(world.held[who]))
        label = replace(join(item.label, other.label, RICH), owner=who)
        work = Term(digest=number(f"work {at}"), label=label)
        try:
            require_free(other, act, world.consents, RICH)
        except OutOfOrderError:
            return
        world.held[who].append(derived([item, other], RICH, work=work))


def allowed(term: Term, act: Act, shown: tuple[Consent, ...]) -> bool:
    """Say by other means whether one original may reach the addressee of an act."""
    if term.originator in act.by:
        return True
    inside = all(group & act.to for group in term.label.audience.groups)
    if inside and "limit:orcon" not in term.label.control:
        return True
    if not inside and "limit:no-onward" in term.label.control:
        return False
    return any(
        consent.originator == term.originator
        and consent.digest == term.digest
        and consent.bound is Bound.RELEASE
        and consent.given <= act.at < consent.until
        and (consent.revoked is None or act.at < consent.revoked)
        and consent.readers & act.to
        for consent in shown
    )


@law
@given(st.data())
def test_no_chain_reaches_anybody_without_every_originators_consent(data: st.DataObject) -> None:
    world = World({owner: [data.draw(originals(owner))] for owner in ORIGINATORS})
    for day in range(data.draw(st.integers(1, 14))):
        step(data, world, Instant(CREATED + day * DAY))
    for act, item, shown in world.passed:
        for term in item.terms:
            assert allowed(term, act, shown)
    for person, items in world.held.items():
        for item in items:
            assert all(dominates(item.label, term.label, RICH) for term in item.terms)
            received = [(act, it) for act, it, _ in world.passed if person in act.to]
            foreign = [term for term in item.terms if term.originator != person]
            # Whatever somebody holds of others came by a forwarding that was allowed.
            assert all(any(term in it.terms for _, it in received) for term in foreign)


@law
@given(st.data())
def test_restriction_travels_with_every_copy(data: st.DataObject) -> None:
    items = [data.draw(originals(owner)) for owner in ORIGINATORS]
    whole = derived(items, RICH)
    again = derived([whole, items[0]], RICH)
    assert whole.terms == items[0].terms | items[1].terms == again.terms
    for item in items:
        assert whole.label.control >= item.label.control
        assert dominates(again.label, item.label, RICH)


@law
@given(st.data())
def test_what_was_done_before_a_revocation_stands_and_nothing_after(data: st.DataObject) -> None:
    owner, reader = ORIGINATORS[0], PEOPLE[0]
    item = original(
        rich(owner=owner, audience=Audience.of([owner]), control=frozenset({"limit:orcon"})),
        number(f"object of {owner}"),
    )
    consent = replace(
        data.draw(consents(CREATED)),
        originator=owner,
        digest=number(f"object of {owner}"),
        bound=Bound.RELEASE,
        readers=frozenset({reader}),
    )
    revoked = Instant(data.draw(st.integers(consent.given, consent.until)))
    at = Instant(data.draw(st.integers(CREATED - DAY, CREATED + 11 * DAY)))
    act = Act(kind=ActKind.FORWARD, by=frozenset({PEOPLE[1]}), at=at, to=frozenset({reader}))
    inside = consent.given <= at < min(consent.until, revoked)
    unmet = unmet_terms(item, act, [replace(consent, revoked=revoked)], RICH)
    assert inside is (not unmet)
