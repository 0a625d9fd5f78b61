"""A partner's material: held under an agreement, at its level or higher, with its label first."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from secure_liaison.capsule.head import PartEntry
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import AccessDeniedError, LiaisonError
from secure_liaison.i18n import Language
from secure_liaison.labels.acts import Approve, Propose, Purpose
from secure_liaison.labels.agreement import Ceiling, Equivalence, Onward, Treatment
from secure_liaison.labels.agreement_terms import Terms
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.case import CaseState
from secure_liaison.labels.held_mark import render_held
from secure_liaison.labels.label import DeterminationKind, Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.workflows import (
    addressing,
    correspondence,
    determining,
    enrolment,
    holding,
    proposing,
    registry,
)
from secure_liaison.workflows.agreed import check_onward
from secure_liaison.workflows.content import ContentDigest, SubjectSink
from secure_liaison.workflows.holding import Material
from secure_liaison.workflows.proposing import Words
from tests.attacks.world import FOUNDED, SENDER, VICTIM, Scene
from tests.workflows.casework import APPROVER, PROPOSER, carried, did, prepare
from tests.workflows.desks import draft, forge, plant

GENERIC = builtin_pack("generic")
CN = builtin_pack("cn.state-secrets")
FOREIGN = Propose(purpose=Purpose.FOREIGN, label=None)
PLAIN = Words(period="10年")


def equivalence(level: str, to_level: str) -> Equivalence:
    return Equivalence(
        from_policy=GENERIC.id,
        from_level=level,
        to_policy=CN.id,
        to_level=to_level,
        treatment=Treatment.PROTECT_AS,
        article="5.1",
        valid_from=FOUNDED,
    )


def agreed(scene: Scene, **terms: Any) -> None:
    """Let both agencies compare levels; li.wei is cleared under the policy that EMB-A uses."""
    prepare(scene)
    scene.clock.advance(60)
    values: dict[str, Any] = {
        "ceilings": (
            Ceiling(policy=CN.id, level="jimi"),
            Ceiling(policy=GENERIC.id, level="secret"),
        ),
        "equivalences": (equivalence("confidential", "mimi"),),
        **terms,
    }
    a, b = scene.registry("EMB-A"), scene.registry("EMB-B")
    keys = {code: scene.keys(code) for code in ("EMB-A", "EMB-B")}
    signers = keys["EMB-A"].registrars[:1]
    registry.clear(a, SENDER, signers, level="secret", person_class="important", pack=GENERIC.id)
    proposed = registry.propose_agreement(
        a, keys["EMB-B"].anchor, signers, name="agr:held", terms=Terms(**values)
    )
    signed = registry.countersign(b, proposed, keys["EMB-B"].registrars[:1])
    for each in (a, b):
        registry.adopt_agreement(each, signed)
    for code in keys:
        made = scene.publish(code)
        for login in (SENDER, VICTIM, PROPOSER):
            enrolment.import_book(scene.desk(login), made.book)


def received(scene: Scene, level: str = "confidential", period: str = "5年") -> Digest:
    """Let li.wei send an object under EMB-A's own policy to both desks of EMB-B."""
    digest = scene.send(to=(PROPOSER, APPROVER), level=level, period=period, pack=GENERIC.id)
    correspondence.collect(scene.desk(PROPOSER))
    return digest


def held(scene: Scene, digest: Digest, words: Words = PLAIN, **fields: Any) -> Any:
    desk = scene.desk(PROPOSER)
    material = holding.material_received(desk, digest.hex())
    return holding.hold(desk, material, words, replace(FOREIGN, **fields))


def test_a_received_object_is_held_with_its_originators_label_first(scene: Scene) -> None:
    agreed(scene)
    digest = received(scene)
    found = held(scene, digest)
    carried(scene, found.case.id, PROPOSER, APPROVER)
    found = did(scene, APPROVER, found, Approve(), PROPOSER)
    label = found.case.label
    assert label is not None
    assert (DeterminationKind.FOREIGN, "mimi") == (label.determination.kind, label.level)
    (theirs,) = label.alternatives
    item = scene.desk(SENDER).mail.sent.get(digest)
    assert item is not None
    assert ("agr:held", "agr:held art. 5.1") == (theirs.agreement, theirs.article)
    assert "confidential" == theirs.label.level
    assert label.audience.within(theirs.label.audience)
    shown = addressing.mark_of(scene.desk(PROPOSER), label)
    original, _, own = shown.partition(" / ")
    assert "CONFIDENTIAL" in original
    assert "秘密" in own
    assert "秘密" not in original


def test_what_is_held_goes_on_within_both_parties(scene: Scene) -> None:
    agreed(scene)
    digest = received(scene)
    found = held(scene, digest)
    carried(scene, found.case.id, PROPOSER, APPROVER)
    found = did(scene, APPROVER, found, Approve(), PROPOSER)
    sent = draft(APPROVER, case=found.case.id, level="", period="")
    assert correspondence.send(scene.desk(PROPOSER), sent)
    other = draft(APPROVER, case=found.case.id, level="", period="", text="something else")
    with pytest.raises(LiaisonError, match="case-other-content"):
        correspondence.send(scene.desk(PROPOSER), other)


def test_a_level_that_the_agreement_does_not_compare_is_refused(scene: Scene) -> None:
    agreed(scene)
    desk = scene.desk(PROPOSER)
    label = their_label(scene, level="secret")
    with pytest.raises(LiaisonError, match="case-no-equivalence") as caught:
        holding.hold(desk, material(scene, label), PLAIN, FOREIGN)
    assert "agr:held" in str(caught.value.facts["article"])
    assert () == determining.cases(desk)  # neither opened nor proposed


def test_without_an_agreement_nothing_is_held(scene: Scene) -> None:
    prepare(scene)
    desk = scene.desk(PROPOSER)
    own = replace(material(scene, their_label(scene)), partner=desk.agency)
    with pytest.raises(LiaisonError, match="case-agreement-unknown"):
        holding.hold(desk, own, PLAIN, FOREIGN)


def their_label(scene: Scene, level: str = "confidential", **changes: Any) -> Label:
    home, ours = (f"agency:{scene.agency(code).hex()}" for code in ("EMB-A", "EMB-B"))
    now = scene.clock.now()
    made = Label(
        policy=GENERIC.policy_id,
        level=level,
        audience=Audience.of([home, ours]),
        owner=home,
        created=now,
        period=Period.of_years(5, start=now),
    )
    return replace(made, **changes)


def material(scene: Scene, label: Label) -> Material:
    desk = scene.desk(PROPOSER)
    subject = proposing.subject_of(desk, [io.BytesIO(b"their paper")])
    return Material(label=label, partner=scene.agency("EMB-A"), subject=subject)


def test_the_level_is_raised_and_never_lowered(scene: Scene) -> None:
    agreed(scene, equivalences=(equivalence("confidential", "jimi"),))
    desk, theirs = scene.desk(PROPOSER), their_label(scene)
    with pytest.raises(LiaisonError, match="case-below-equivalence"):
        holding.hold(desk, material(scene, theirs), replace(PLAIN, level="秘密"), FOREIGN)
    made = holding.hold(desk, material(scene, theirs), PLAIN, FOREIGN)
    assert made.case.floor is not None
    assert "jimi" == made.case.floor.level


OPEN = Period(form=PeriodForm.OPEN, value="")


def test_a_period_of_theirs_is_kept_or_outlasted(scene: Scene) -> None:
    agreed(scene)
    desk, theirs = scene.desk(PROPOSER), their_label(scene)
    made = holding.hold(desk, material(scene, theirs), Words(), FOREIGN)
    assert made.case.floor is not None
    assert theirs.period == made.case.floor.period
    open_ended = material(scene, their_label(scene, period=OPEN))
    for words, reason in (
        (Words(), "case-period-unsaid"),
        (Words(period="10年"), "case-shorter-than-originator"),
    ):
        with pytest.raises(LiaisonError, match=reason):
            holding.hold(desk, open_ended, words, FOREIGN)
    condition = Words(period="来源方解密")
    assert CaseState.PROPOSED is holding.hold(desk, open_ended, condition, FOREIGN).case.state
    consented = replace(FOREIGN, consent="照会〔2026〕9号")
    shorter = holding.hold(desk, material(scene, theirs), Words(period="1年"), consented)
    assert CaseState.PROPOSED is shorter.case.state
    with pytest.raises(LiaisonError, match="case-shorter-than-originator"):
        holding.hold(desk, material(scene, theirs), Words(period="1年"), FOREIGN)


def test_nobody_is_added_whom_the_originator_keeps_out(scene: Scene) -> None:
    agreed(scene)
    desk, theirs = scene.desk(PROPOSER), their_label(scene)
    made = holding.hold(desk, material(scene, theirs), Words(agencies=("EMB-A",)), FOREIGN)
    assert made.case.floor is not None
    assert theirs.audience == made.case.floor.audience
    label = replace(made.case.floor, audience=Audience.of([theirs.owner, "agency:" + "00" * 32]))
    asked = Propose(purpose=Purpose.FOREIGN, label=label)
    with pytest.raises(LiaisonError, match="case-wider-than-originator"):
        determining.begin(desk, made.case.subject, propose=lambda _: asked)


def test_a_label_that_is_itself_a_reading_is_not_read_again(scene: Scene) -> None:
    agreed(scene)
    desk = scene.desk(PROPOSER)
    made = holding.hold(desk, material(scene, their_label(scene)), PLAIN, FOREIGN)
    assert made.case.floor is not None
    nested = material(scene, their_label(scene, alternatives=made.case.floor.alternatives))
    with pytest.raises(LiaisonError, match="case-foreign-nested"):
        holding.hold(desk, nested, PLAIN, FOREIGN)


def test_an_approval_counts_while_the_agreement_is_in_force_only(scene: Scene) -> None:
    agreed(scene)
    found = held(scene, received(scene))
    carried(scene, found.case.id, PROPOSER, APPROVER)
    agreed_again(scene)
    with pytest.raises(LiaisonError, match="case-agreement-unknown"):
        did(scene, APPROVER, found, Approve())
    # What was accepted before stays what it is.
    assert CaseState.PROPOSED is determining.load(scene.desk(PROPOSER), found.case.id).case.state


def agreed_again(scene: Scene) -> None:
    """Let a newer agreement take the place of the one that compared levels."""
    scene.clock.advance(60)
    a, b = scene.registry("EMB-A"), scene.registry("EMB-B")
    signers = {code: scene.keys(code).registrars[:1] for code in ("EMB-A", "EMB-B")}
    terms = Terms(ceilings=(Ceiling(policy=CN.id, level="jimi"),))
    proposed = registry.propose_agreement(
        a, scene.keys("EMB-B").anchor, signers["EMB-A"], name="agr:newest", terms=terms
    )
    signed = registry.countersign(b, proposed, signers["EMB-B"])
    for each in (a, b):
        registry.adopt_agreement(each, signed)
    for code in signers:
        made = scene.publish(code)
        for login in (VICTIM, PROPOSER):
            enrolment.import_book(scene.desk(login), made.book)


@pytest.mark.parametrize("onward", Onward)
def test_a_third_agency_gets_it_only_where_the_agreement_allows_it(
    scene: Scene, onward: Onward
) -> None:
    agreed(scene, onward=onward)
    desk = scene.desk(PROPOSER)
    third = scene.agency("EMB-X")
    made = holding.hold(desk, material(scene, their_label(scene)), PLAIN, FOREIGN)
    assert made.case.floor is not None
    check_onward(desk, made.case.floor, [desk.agency, scene.agency("EMB-A")])
    if onward is Onward.NEVER:
        with pytest.raises(LiaisonError, match="case-onward-never"):
            check_onward(desk, made.case.floor, [third])
    else:
        check_onward(desk, made.case.floor, [third])
    check_onward(desk, None, [third])


def test_an_object_that_may_not_be_read_is_not_held(scene: Scene) -> None:
    agreed(scene)
    with pytest.raises(AccessDeniedError):
        held(scene, Digest(bytes(32)))


def test_a_mark_of_a_policy_that_is_not_known_is_named(scene: Scene) -> None:
    agreed(scene)
    made = holding.hold(scene.desk(PROPOSER), material(scene, their_label(scene)), PLAIN, FOREIGN)
    assert made.case.floor is not None
    (theirs,) = made.case.floor.alternatives
    unknown = replace(theirs, label=replace(theirs.label, policy="elsewhere@2020-01-01"))
    label = replace(made.case.floor, alternatives=(unknown,))
    shown = render_held(label, CN, Language.ZH, exercise=True, foreign=True)
    assert shown.startswith("elsewhere@2020-01-01 confidential / ")
    assert " / " not in render_held(label, CN, Language.ZH, exercise=True)


def test_content_has_one_digest_however_it_comes(scene: Scene) -> None:
    realm = scene.desk(PROPOSER).realm
    octets = bytes(range(256)) * 9000
    whole, pieces = ContentDigest(realm), ContentDigest(realm)
    whole.update(octets)
    for begin in range(0, len(octets), 999_999):
        pieces.update(octets[begin : begin + 999_999])
    assert whole.finish() == pieces.finish()
    even = ContentDigest(realm)
    even.update(bytes(2**20))
    assert even.finish() != ContentDigest(realm).finish()


def test_under_an_agreement_that_ended_nothing_goes_on(scene: Scene) -> None:
    agreed(scene)
    desk = scene.desk(PROPOSER)
    made = holding.hold(desk, material(scene, their_label(scene)), PLAIN, FOREIGN)
    assert made.case.floor is not None
    (theirs,) = made.case.floor.alternatives
    label = replace(made.case.floor, alternatives=(replace(theirs, agreement="agr:gone"),))
    with pytest.raises(LiaisonError, match="case-agreement-unknown"):
        check_onward(desk, label, [scene.agency("EMB-X")])


def test_what_came_through_a_third_is_not_held(scene: Scene) -> None:
    """The agreement with whoever passed it on says nothing about its originator's levels."""
    agreed(scene)
    desk = scene.desk(PROPOSER)
    label = their_label(scene, owner="agency:" + "77" * 32)
    digest = plant(scene, desk, forge(scene.desk(SENDER), desk, label))
    correspondence.collect(desk)
    with pytest.raises(LiaisonError, match="case-foreign-nested"):
        held(scene, digest)


def test_an_object_without_content_has_no_subject(scene: Scene) -> None:
    sink = SubjectSink(scene.desk(PROPOSER).realm)
    sink.begin(PartEntry(name="a", media_type="text/plain", size=0))
    with pytest.raises(LiaisonError, match="case-without-content"):
        sink.subject()
    sink.write(b"begun")
    sink.abort()
    with pytest.raises(LiaisonError, match="case-without-content"):
        sink.subject()
