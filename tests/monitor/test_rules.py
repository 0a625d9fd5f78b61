from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import Instant
from secure_liaison.errors import Disclosure
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Determination, DeterminationKind, label_digest
from secure_liaison.labels.lattice import may_read
from secure_liaison.monitor.decision import Action, Decision, ReadQuestion, SealQuestion
from secure_liaison.monitor.rules import READ_RULES, SEAL_RULES, decide
from tests.monitor.scene import (
    AGENCY_A,
    AGENCY_B,
    DAY,
    DEVICE,
    GENERIC,
    NOW,
    PACK,
    RETIRED,
    agreement,
    label,
    read_question,
    recipient,
    seal_question,
    standing,
)


def asked(question: SealQuestion | ReadQuestion) -> Decision:
    return decide(question, ref="Q7K2ZD")


def codes(question: SealQuestion | ReadQuestion) -> list[str]:
    return [reason.code for reason in asked(question).reasons]


def test_a_cleared_recipient_may_be_sealed_for() -> None:
    decision = asked(seal_question())
    assert (True, (), "Q7K2ZD", PACK.policy_id) == (
        decision.permitted,
        decision.reasons,
        decision.ref,
        decision.pack,
    )


def test_a_cleared_reader_may_open_and_must_be_registered() -> None:
    decision = asked(read_question())
    assert (True, ("register-read",)) == (decision.permitted, decision.obligations)


def test_the_lists_of_rules_hold_no_rule_twice() -> None:
    for rules in (SEAL_RULES, READ_RULES):
        for part in rules:
            assert len(part) == len(set(part))


def test_a_refusal_names_every_recipient_and_every_unmet_rule() -> None:
    below = recipient(standing("m.rossi", agency=AGENCY_B, level="mimi", person_class="general"))
    nobody = recipient(standing("k.ito", agency=AGENCY_B, clearance=None, clearance_problem="none"))
    decision = asked(seal_question(recipient(), below, replace(nobody, devices=())))
    assert [
        ("m.rossi", "CLEARANCE_BELOW_LABEL"),
        ("m.rossi", "PERSON_CLASS"),
        ("k.ito", "CLEARANCE_MISSING"),
        ("k.ito", "NO_DEVICE"),
    ] == [(reason.subject, reason.code) for reason in decision.reasons]
    assert Disclosure.FULL is decision.disclosure


def test_a_reason_says_rule_what_is_held_needed_and_who_can_change_it() -> None:
    below = recipient(standing("m.rossi", agency=AGENCY_B, level="mimi"), address="m.rossi@EMB-B")
    (reason,) = asked(seal_question(below)).reasons
    assert (
        "CLEARANCE_BELOW_LABEL",
        "clearance.level@cn.state-secrets@2024-09-01",
        "m.rossi@EMB-B",
        "CN MIMI (秘密, 1 of 3)",
        "CN JIMI (机密, 2 of 3)",
        "office.their-security-officer",
    ) == (
        reason.code,
        reason.rule,
        reason.subject,
        reason.have,
        reason.need,
        reason.fixable_by,
    )
    assert "instead.extract" in reason.instead


def test_the_office_that_can_change_it_is_the_own_one_for_own_people() -> None:
    own = recipient(standing("s.wu", level="mimi"), own_agency=True, agreement=None)
    (reason,) = asked(seal_question(own)).reasons
    assert "office.own-security-officer" == reason.fixable_by


OUTSIDE = Audience.of([f"agency:{AGENCY_A.hex()}"])


@pytest.mark.parametrize(
    "audience", [OUTSIDE, Audience.of([]), Audience.of(["officer:" + "ab" * 16])]
)
@pytest.mark.parametrize("action", [Action.LIST, Action.OPEN, Action.ACKNOWLEDGE, Action.EXPORT])
def test_a_reader_outside_the_audience_is_told_nothing(audience: Audience, action: Action) -> None:
    decision = asked(read_question(label=label(audience=audience), action=action))
    assert Disclosure.NONE is decision.disclosure


def test_a_reader_inside_the_audience_is_told_the_own_standing() -> None:
    withdrawn = standing("j.okafor", agency=AGENCY_B, clearance=None, clearance_problem="withdrawn")
    decision = asked(read_question(reader=withdrawn))
    assert (Disclosure.FULL, ["CLEARANCE_WITHDRAWN"]) == (
        decision.disclosure,
        [reason.code for reason in decision.reasons],
    )


def test_an_outsider_whose_clearance_is_withdrawn_too_is_told_nothing() -> None:
    withdrawn = standing("j.okafor", agency=AGENCY_B, clearance=None, clearance_problem="withdrawn")
    question = read_question(reader=withdrawn, label=label(audience=OUTSIDE))
    assert Disclosure.NONE is asked(question).disclosure


def test_the_senders_side_sees_why_someone_is_outside() -> None:
    decision = asked(seal_question(label=label(audience=OUTSIDE)))
    assert (Disclosure.FULL, ["NOT_RELEASABLE_TO"]) == (
        decision.disclosure,
        [reason.code for reason in decision.reasons],
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pack": GENERIC}, ["LABEL_INVALID", "CLEARANCE_MISSING"]),
        ({"label": label("no-such-level")}, ["LABEL_INVALID"]),
        ({"label": label(created=Instant(0))}, ["LABEL_INVALID"]),
        ({"expires": NOW}, ["EXPIRED"]),
        ({"agreement": None}, ["NO_AGREEMENT"]),
        ({"agreement": agreement(packs=())}, ["PACK_NOT_AGREED"]),
        ({"agreement": agreement("mimi")}, ["AGREEMENT_CEILING"]),
        ({"agreement": agreement(None)}, ["AGREEMENT_CEILING"]),
        ({"agreement": agreement(valid_to=NOW)}, ["NO_AGREEMENT"]),
        ({"device": RETIRED}, ["DEVICE_REVOKED"]),
        ({"device": replace(DEVICE, not_after=NOW)}, ["DEVICE_REVOKED"]),
        ({"device": replace(DEVICE, not_before=Instant(NOW + DAY))}, ["DEVICE_REVOKED"]),
        ({"directory_age_s": 168 * 3600}, []),
        ({"directory_age_s": 168 * 3600 + 1}, ["DIRECTORY_STALE"]),
        ({"exercise": False}, ["NOT_ACCREDITED", "NOT_ACCREDITED"]),
        ({"own_agency": True, "agreement": None}, []),
    ],
)
def test_each_rule_about_reading(changes: dict[str, Any], expected: list[str]) -> None:
    assert expected == codes(read_question(**changes))


def reader(**changes: Any) -> ReadQuestion:
    return read_question(reader=standing("j.okafor", agency=AGENCY_B, **changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"clearance": None, "clearance_problem": "none"}, ["CLEARANCE_MISSING"]),
        ({"clearance": None, "clearance_problem": "expired"}, ["CLEARANCE_EXPIRED"]),
        ({"clearance": None, "clearance_problem": "not-yet"}, ["CLEARANCE_NOT_YET"]),
        ({"policy": "generic"}, ["CLEARANCE_MISSING"]),
        ({"level": "no-such-level"}, ["CLEARANCE_BELOW_LABEL"]),
        ({"person_class": ""}, ["PERSON_CLASS"]),
        ({"person_class": "no-such-class"}, ["PERSON_CLASS"]),
        ({"briefed_until": None}, ["BRIEFING_MISSING"]),
        ({"briefed_until": NOW}, ["BRIEFING_MISSING"]),
        ({"pledged": None}, ["BRIEFING_MISSING"]),
        ({"pledged": Instant(NOW - 366 * DAY)}, []),
        ({"pledged": Instant(NOW - 366 * DAY - 1)}, ["BRIEFING_MISSING"]),
        ({"statements_current": False}, ["BOOK_OUTDATED"]),
    ],
)
def test_each_rule_about_a_person(changes: dict[str, Any], expected: list[str]) -> None:
    assert expected == codes(reader(**changes))


def test_a_clearance_that_ends_while_a_standing_is_kept_does_not_count() -> None:
    kept = standing("j.okafor", agency=AGENCY_B)
    assert kept.clearance is not None
    over = replace(kept, clearance=replace(kept.clearance, not_after=NOW))
    assert ["CLEARANCE_EXPIRED"] == codes(read_question(reader=over))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"directory_age_s": 24 * 3600}, []),
        ({"directory_age_s": 24 * 3600 + 1}, ["DIRECTORY_STALE"]),
        ({"devices": ()}, ["NO_DEVICE"]),
        ({"devices": (DEVICE, RETIRED)}, ["DEVICE_REVOKED"]),
        ({"standing": None, "address": "x@NOBODY"}, ["AGENCY_UNVERIFIED"]),
    ],
)
@pytest.mark.parametrize("action", [Action.SEAL, Action.DELIVER])
def test_each_rule_about_a_recipient(
    action: Action, changes: dict[str, Any], expected: list[str]
) -> None:
    assert expected == codes(seal_question(recipient(**changes), action=action))


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ({"level": "mimi"}, ["CLEARANCE_BELOW_LABEL"]),
        ({"briefed_until": None}, ["BRIEFING_MISSING"]),
        ({"statements_current": False}, ["BOOK_OUTDATED"]),
    ],
)
def test_the_sender_needs_a_standing_too(who: dict[str, Any], expected: list[str]) -> None:
    decision = asked(seal_question(sender=standing(**who)))
    assert [("li.wei", code) for code in expected] == [
        (reason.subject, reason.code) for reason in decision.reasons
    ]


def test_the_top_level_without_a_custodian_is_refused() -> None:
    who = standing("j.okafor", agency=AGENCY_B, level="juemi", person_class="core")
    question = seal_question(
        recipient(who, agreement=agreement("juemi")),
        label=label("juemi"),
        sender=standing(level="juemi", person_class="core"),
    )
    decision = asked(question)
    assert (["CUSTODY_REQUIRED"], ("custody",)) == (
        [reason.code for reason in decision.reasons],
        decision.obligations,
    )
    assert [] == codes(replace(question, custody_groups=1))


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ({"forward_secrecy": True}, "FORWARD_SECRECY_REQUIRED"),
        ({"min_suite": 2}, "SUITE_TOO_LOW"),
    ],
)
def test_what_the_handling_asks_for_is_required(profile: dict[str, Any], code: str) -> None:
    handling = tuple(replace(each, **profile) for each in PACK.handling)
    pack = replace(PACK, handling=handling)
    assert [code] == codes(seal_question(pack=pack))
    assert [code] == codes(read_question(pack=pack))


def test_forward_secrecy_that_is_there_is_enough() -> None:
    handling = tuple(replace(each, forward_secrecy=True) for each in PACK.handling)
    question = seal_question(pack=replace(PACK, handling=handling), forward_secrecy=True)
    assert [] == codes(question)


def test_what_several_persons_must_open_is_not_opened_by_one() -> None:
    handling = tuple(replace(each, open_persons=2) for each in PACK.handling)
    assert ["SECOND_PERSON"] == codes(read_question(pack=replace(PACK, handling=handling)))


@pytest.mark.parametrize(
    ("changes", "link", "expected"),
    [
        ({}, None, ["accreditation.own", "accreditation.link"]),
        ({"accreditation": "mimi"}, "jimi", ["accreditation.own"]),
        ({"accreditation": "jimi"}, "mimi", ["accreditation.link"]),
        ({"accreditation": "no-such"}, "jimi", ["accreditation.own"]),
        ({"accreditation": "jimi"}, "jimi", []),
        ({"accreditation": "juemi", "relay_ceiling": "jimi"}, "juemi", []),
        ({"accreditation": "juemi", "relay_ceiling": "mimi"}, "juemi", ["accreditation.relay"]),
    ],
)
def test_outside_an_exercise_the_lowest_accreditation_is_honoured(
    changes: dict[str, Any], link: str | None, expected: list[str]
) -> None:
    granted = agreement("juemi").ceilings
    ceilings = tuple(replace(each, level=link) for each in granted) if link else ()
    to = recipient(agreement=agreement("juemi", accreditation=ceilings))
    decision = asked(seal_question(to, exercise=False, **changes))
    assert expected == [reason.rule.partition("@")[0] for reason in decision.reasons]
    assert {"NOT_ACCREDITED"} >= {reason.code for reason in decision.reasons}


@pytest.mark.parametrize(
    ("least", "expected"),
    [
        ((), []),
        (("cn.state-secrets@2024-09-01", "generic@2999-01-01"), []),
        (("cn.state-secrets@2024-09-02",), ["PACK_TOO_OLD"]),
    ],
)
def test_a_label_under_a_pack_older_than_an_agency_accepts_is_refused(
    least: tuple[str, ...], expected: list[str]
) -> None:
    assert expected == codes(seal_question(minimum_packs=least))
    assert expected == codes(read_question(minimum_packs=least))


def test_a_level_that_the_law_does_not_reserve_needs_no_accreditation() -> None:
    own = standing(level="secret", policy="generic")
    question = seal_question(
        recipient(own, own_agency=True, agreement=None),
        label=label("secret", policy=GENERIC.policy_id),
        pack=GENERIC,
        sender=own,
        exercise=False,
    )
    assert [] == codes(question)


def test_the_lowest_rank_needs_no_clearance() -> None:
    anyone = standing(clearance=None, clearance_problem="none")
    question = seal_question(
        recipient(anyone, own_agency=True, agreement=None),
        label=label("public", policy=GENERIC.policy_id, audience=Audience.of()),
        pack=GENERIC,
        sender=anyone,
    )
    assert [] == codes(question)


def test_a_restrictive_marking_must_be_held() -> None:
    alpha = label("secret", policy=GENERIC.policy_id, restrict=frozenset({"project:alpha"}))
    outside = standing(level="secret", policy="generic")
    inside = standing(level="secret", policy="generic", extra={"project:alpha"})
    for who, expected in ((outside, ["NO_NEED_TO_KNOW"]), (inside, [])):
        to = recipient(who, own_agency=True, agreement=None)
        assert expected == codes(seal_question(to, label=alpha, pack=GENERIC, sender=inside))


LEAVES = [f"agency:{AGENCY_A.hex()}", f"agency:{AGENCY_B.hex()}", "officer:ab", "nation:FRA"]
AUDIENCES = st.lists(
    st.frozensets(st.sampled_from(LEAVES), max_size=3), min_size=1, max_size=3
).map(lambda groups: Audience.of(*groups))


@given(
    level=st.sampled_from(["mimi", "jimi"]),
    held=st.sampled_from(["mimi", "jimi", "juemi"]),
    audience=AUDIENCES,
    extra=st.frozensets(st.sampled_from(LEAVES)),
    sealing=st.booleans(),
)
def test_permitted_means_that_clearance_and_need_to_know_dominate_the_label(
    *, level: str, held: str, audience: Audience, extra: frozenset[str], sealing: bool
) -> None:
    who = standing("j.okafor", agency=AGENCY_B, level=held, person_class="core", extra=extra)
    marked = label(level, audience=audience)
    question = (
        seal_question(recipient(who), label=marked)
        if sealing
        else read_question(reader=who, label=marked)
    )
    expected = may_read(
        marked, PACK, clearance_rank=PACK.level(held).rank, memberships=who.memberships
    )
    assert expected is asked(question).permitted


@given(
    first=st.booleans(), second=st.booleans(), third=st.booleans(), stale=st.integers(0, 30 * 3600)
)
def test_one_refused_recipient_refuses_the_whole(
    *, first: bool, second: bool, third: bool, stale: int
) -> None:
    levels = ["jimi" if cleared else "mimi" for cleared in (first, second, third)]
    people = [standing("x", agency=AGENCY_B, level=level) for level in levels]
    question = seal_question(*(recipient(each, directory_age_s=stale) for each in people))
    assert (first and second and third and stale <= 24 * 3600) is asked(question).permitted


def test_a_question_of_the_wrong_kind_cannot_be_asked() -> None:
    with pytest.raises(ValueError, match="ReadQuestion"):
        seal_question(action=Action.OPEN)
    with pytest.raises(ValueError, match="SealQuestion"):
        read_question(action=Action.SEAL)
    with pytest.raises(ValueError, match="recipients"):
        replace(seal_question(), recipients=())


UNCLEARED: dict[str, dict[str, Any]] = {
    "no clearance": {"clearance": None, "clearance_problem": "none"},
    "withdrawn": {"clearance_problem": "withdrawn"},
    "below": {"level": "mimi"},
    "no briefing": {"briefed_until": None, "pledged": None},
}


@pytest.mark.parametrize("why", UNCLEARED)
def test_what_is_declassified_asks_nothing_for_its_level(why: str) -> None:
    reader = standing("j.okafor", agency=AGENCY_B, **UNCLEARED[why])
    question = read_question(reader=reader)
    assert not asked(question).permitted
    decision = asked(replace(question, level_asked=False))
    assert decision.permitted
    silent = {each.rule for each in decision.findings if each.why == "not-asked.declassified"}
    assert {"clearance.held", "clearance.in-force", "clearance.level"} <= silent
    assert {"clearance.briefing", "agreement.equivalence"} <= silent


def test_what_is_declassified_asks_for_no_class_of_post() -> None:
    reader = standing("j.okafor", agency=AGENCY_B, person_class="general")
    question = read_question(reader=reader, label=label("juemi"))
    assert "PERSON_CLASS" in codes(question)
    assert "PERSON_CLASS" not in codes(replace(question, level_asked=False))


def test_what_is_declassified_stays_need_to_know() -> None:
    outside = label(audience=Audience.of([f"agency:{AGENCY_A.hex()}"]))
    question = read_question(label=outside, level_asked=False)
    decision = asked(question)
    assert (False, Disclosure.NONE) == (decision.permitted, decision.disclosure)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"device": RETIRED}, "DEVICE_REVOKED"),
        ({"agreement": None}, "NO_AGREEMENT"),
        ({"expires": NOW}, "EXPIRED"),
        ({"exercise": False, "provider_ceiling": None}, "NOT_ACCREDITED"),
    ],
)
def test_what_is_declassified_keeps_all_else(changes: dict[str, Any], code: str) -> None:
    assert {code} == set(codes(read_question(level_asked=False, **changes)))


def test_an_obsolete_level_goes_out_only_where_a_source_that_bears_it_is_shown() -> None:
    obsolete = replace(PACK.level("jimi"), obsolete=True)
    others = tuple(each for each in PACK.levels if each.id != "jimi")
    ranked = sorted((*others, obsolete), key=lambda each: each.rank)
    pack = replace(PACK, levels=tuple(ranked))
    source = label()
    named = frozenset({f"label:{label_digest(source).hex()}"})
    made = Determination(kind=DeterminationKind.DERIVED, sources=named)
    derived = {"label": label(determination=made), "pack": pack}
    assert "LABEL_INVALID" in codes(seal_question(**derived))
    assert "LABEL_INVALID" not in codes(seal_question(**derived, follows=(source,)))
    # Whoever receives it does not hold the source; nor is it asked for when it goes out at last.
    assert "LABEL_INVALID" not in codes(read_question(**derived))
    assert "LABEL_INVALID" not in codes(seal_question(**derived, action=Action.DELIVER))
