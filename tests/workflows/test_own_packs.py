"""An own pack, used: cleared under, sent, refused, read, waited for, followed by another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import Instant
from secure_liaison.errors import (
    AccessDeniedError,
    CredentialExpiredError,
    FormatError,
    VaultError,
)
from secure_liaison.i18n import Language
from secure_liaison.labels.acts import Propose, Purpose
from secure_liaison.labels.agreement_terms import terms_up_to
from secure_liaison.labels.case import CaseState
from secure_liaison.labels.label import decode_label
from secure_liaison.labels.pack import BUILTIN_PACKS, load_pack
from secure_liaison.monitor.decision import Action, render_refusal
from secure_liaison.office import Office
from secure_liaison.vault.sent import RecipientState
from secure_liaison.workflows import (
    addressing,
    authorising,
    correspondence,
    delivering,
    determining,
    explaining,
    packs,
    registry,
)
from secure_liaison.workflows.determining import DeskCase
from tests.attacks.world import (
    INSIDER,
    SENDER,
    TEXT,
    VICTIM,
    Scene,
    events,
    opened_text,
)
from tests.labels.samples import as_bytes, pack_file
from tests.workflows import casework
from tests.workflows.desks import draft, quarantined
from tests.workflows.own_pack import (
    DAY_S,
    HIGH_EN,
    HIGH_ZH,
    NEXT,
    POLICY,
    A,
    B,
    add,
    agree,
    following,
    prepare,
    publish,
    river,
    sent,
    sign,
)


def lines(desk: Office, kind: EventType) -> list[tuple[object, object]]:
    return [(each.detail["policy"], each.detail.get("reason")) for each in events(desk, kind)]


# --- from the first line to the reader ---------------------------------------------------------


def test_an_own_pack_is_signed_added_cleared_under_sent_under_and_read(scene: Scene) -> None:
    prepare(scene)
    digest = sent(scene)
    assert TEXT == opened_text(scene, VICTIM, digest)
    desk = scene.desk(VICTIM)
    (listed,) = correspondence.inbox(desk)
    assert listed.verified is not None
    label = listed.verified.core.label
    assert (POLICY, "secret") == (label.policy, label.level)
    assert HIGH_ZH in addressing.mark_of(desk, label)
    correspondence.acknowledge(desk, digest.hex())
    correspondence.deliver(desk)
    sender = scene.desk(SENDER)
    correspondence.collect(sender)
    assert [RecipientState.ACKNOWLEDGED] == [
        each.state for each in sender.mail.sent.recipients(digest)
    ]
    assert [(POLICY, None)] == lines(desk, EventType.PACK_ACCEPT)


def test_one_who_is_not_cleared_under_it_is_refused_in_the_readers_language(scene: Scene) -> None:
    prepare(scene)
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(
            scene.desk(SENDER), draft(INSIDER, pack="river", level=HIGH_ZH, period="")
        )
    (reason,) = caught.value.reasons
    assert ("CLEARANCE_BELOW_LABEL", HIGH_EN) == (reason.code, reason.need)
    chinese, english = (render_refusal(caught.value, each) for each in Language)
    assert any(f"需要：{HIGH_ZH}；" in line for line in chinese)
    assert any(f"needed: {HIGH_EN};" in line for line in english)


def test_a_decision_under_it_is_explained_in_the_readers_language(scene: Scene) -> None:
    prepare(scene)
    desk, used = scene.desk(SENDER), set()
    for action in (Action.SEAL, Action.OPEN):
        label, decision = explaining.explain(desk, HIGH_ZH, f"{INSIDER}@{B}", action=action)
        used.add(label.policy)
        assert not decision.permitted
        shown = "\n".join(explaining.render_decision(decision, Language.ZH))
        assert HIGH_ZH in shown
        assert HIGH_EN not in shown
    named, _ = explaining.explain(desk, HIGH_ZH, f"{VICTIM}@{B}", pack="river")
    assert {POLICY} == used | {named.policy}


def test_its_markings_are_put_on_a_label(scene: Scene) -> None:
    prepare(scene)
    marked = draft(pack="river", level=HIGH_ZH, period="", markings=("project:alpha",))
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(scene.desk(SENDER), marked)
    assert {"NO_NEED_TO_KNOW"} == {each.code for each in caught.value.reasons}
    with pytest.raises(FormatError, match="label-marking-unknown"):
        correspondence.send(scene.desk(SENDER), replace(marked, markings=("project:omega",)))


def test_registrars_clear_accredit_designate_and_grant_under_it(scene: Scene) -> None:
    sign(scene, A, river())
    office, keys = scene.registry(A), scene.keys(A).registrars
    registry.clear(office, SENDER, keys[:1], level="川中", person_class="", pack="river")
    registry.accredit(office, keys[:1], level=HIGH_ZH, granted_by="x", basis="y", pack="river")
    made = authorising.designate(
        office,
        SENDER,
        keys,
        levels=[HIGH_ZH],
        since=scene.clock.now(),
        until=None,
        trained_at=None,
        pack="river",
    )
    assert made
    with pytest.raises(FormatError, match="pack-unknown"):
        registry.clear(
            scene.registry(B), VICTIM, keys[:1], level="川中", person_class="", pack="river"
        )


def test_an_agreement_names_own_packs_of_its_own_terms_only(scene: Scene) -> None:
    office, keys = scene.registry(A), scene.keys(A).registrars
    for data in (river(), following(), river(id="hill")):
        packs.sign_policy(office, data, keys, days=30)
    agree(scene)
    found = scene.desk(SENDER).directory.agreement_between(
        scene.agency(A), scene.agency(B), scene.clock.now()
    )
    assert found is not None
    assert {*BUILTIN_PACKS, POLICY, NEXT} == {each.policy for each in found.packs}


def test_what_a_desk_uses_is_listed_with_its_state(scene: Scene) -> None:
    add(scene, SENDER, river(), days=10)
    desk = scene.desk(SENDER)
    (one,) = desk.packs.own()
    assert (POLICY, None, 2) == (one.pack.policy_id, one.refusal, len(one.signed.signers))
    scene.clock.advance(11 * DAY_S)
    (ended,) = desk.packs.own()
    assert ended.refusal is not None
    assert "pack-ended" == ended.refusal.reason


# --- without the pack, and after it came --------------------------------------------------------


def test_what_comes_under_a_pack_that_is_missing_waits_and_is_taken_after_it_was_added(
    scene: Scene,
) -> None:
    prepare(scene, SENDER)
    digest = sent(scene)
    desk = scene.desk(VICTIM)
    assert 1 == correspondence.collect(desk).quarantined
    (row,) = desk.mail.quarantine.rows()
    assert ("pack-unknown", POLICY) == (row.reason, row.policy)
    tried = []
    for _ in range(2):
        scene.clock.advance(1)
        correspondence.collect(desk)
        tried.append([row.times for row in desk.mail.quarantine.rows()])
    assert tried[0] == tried[1]  # nothing has changed: it is not tried again
    add(scene, VICTIM, river())
    assert TEXT == opened_text(scene, VICTIM, digest)
    assert () == desk.mail.quarantine.rows()


def test_a_partners_pack_counts_after_the_own_registrars_signed_the_same_file(
    scene: Scene,
) -> None:
    theirs = sign(scene, A, river())
    desk = scene.desk(VICTIM)
    with pytest.raises(Exception, match="other-agency"):
        packs.add_policy(desk, river(), theirs)
    assert packs.verify_policy(desk, river(), theirs, agency=scene.agency(A))
    packs.add_policy(desk, river(), sign(scene, B, river()))
    assert POLICY == desk.packs.to_write().named("river").policy_id


# --- the end of a signature ---------------------------------------------------------------------


def test_after_its_end_nothing_is_sent_and_what_came_is_still_read_and_signed_for(
    scene: Scene,
) -> None:
    prepare(scene, days=10)
    early, late = sent(scene), sent(scene)
    desk, sender = scene.desk(VICTIM), scene.desk(SENDER)
    correspondence.collect(desk)
    scene.clock.advance(11 * DAY_S)
    publish(scene, A, B)
    for login in (SENDER, VICTIM):
        correspondence.collect(scene.desk(login))
    with pytest.raises(CredentialExpiredError, match="pack-ended"):
        correspondence.send(sender, draft(pack="river", level=HIGH_ZH, period=""))
    assert [(POLICY.partition("@")[0], "pack-ended")] == lines(sender, EventType.PACK_REFUSE)
    assert TEXT == opened_text(scene, VICTIM, early)
    correspondence.acknowledge(desk, early.hex())
    correspondence.deliver(desk)
    correspondence.collect(sender)
    states = {each.state for each in sender.mail.sent.recipients(early)}
    assert {RecipientState.ACKNOWLEDGED} == states
    add(scene, SENDER, river())
    add(scene, VICTIM, river())
    assert sent(scene) != late


def test_what_arrives_after_its_end_waits_for_a_new_signature(scene: Scene) -> None:
    prepare(scene, SENDER, INSIDER)
    add(scene, VICTIM, river(), days=1)
    digest = sent(scene)
    scene.clock.advance(DAY_S + 1)
    desk = scene.desk(VICTIM)
    correspondence.collect(desk)
    assert [("credential.expired", "pack-ended")] == quarantined(desk)
    add(scene, VICTIM, river())
    assert TEXT == opened_text(scene, VICTIM, digest)


def test_what_waits_in_the_outbox_when_the_signature_ends_is_not_delivered(scene: Scene) -> None:
    prepare(scene, days=1)
    sender = scene.desk(SENDER)
    digest = correspondence.send(sender, draft(pack="river", level=HIGH_ZH, period=""))
    scene.clock.advance(DAY_S + 1)
    ((found,),) = [correspondence.deliver(sender)]
    assert isinstance(found.error, CredentialExpiredError)
    assert {RecipientState.REFUSED} == {each.state for each in sender.mail.sent.recipients(digest)}
    ((item, _),) = correspondence.sent(sender, ask_relay=False)
    assert HIGH_ZH in addressing.mark_of(sender, decode_label(item.label))


def test_what_waits_while_the_own_roster_has_ended_is_tried_again(scene: Scene) -> None:
    prepare(scene, days=300)
    sender = scene.desk(SENDER)
    digest = correspondence.send(sender, draft(pack="river", level=HIGH_ZH, period=""))
    scene.clock.advance(31 * DAY_S)
    (found,) = delivering.deliver_due(sender)
    assert found.error is not None
    assert ("directory.stale", "expired") == (found.error.code, found.error.reason)
    publish(scene, A, B)
    for login in (SENDER, VICTIM):
        correspondence.collect(scene.desk(login))
    assert TEXT == opened_text(scene, VICTIM, digest)


# --- a second version ---------------------------------------------------------------------------


def test_the_newest_version_is_drafted_under_and_the_older_one_read_by(scene: Scene) -> None:
    prepare(scene)
    old = sent(scene)
    for login in (SENDER, VICTIM):
        add(scene, login, following())
    scene.clock.advance(60)
    agree(scene)
    new = sent(scene)
    assert TEXT == opened_text(scene, VICTIM, old)
    assert TEXT == opened_text(scene, VICTIM, new)
    desk = scene.desk(VICTIM)
    named = {
        line.item.digest: line.verified.core.label.policy
        for line in correspondence.inbox(desk)
        if line.verified is not None
    }
    assert {old: POLICY, new: NEXT} == named
    shelf = desk.packs.to_read()
    assert POLICY == shelf.in_force("river", Instant(scene.clock.now() - 60 * DAY_S)).policy_id
    assert [POLICY, NEXT] == [each.policy_id for each in shelf.versions_of("river")]


def test_a_version_for_later_may_be_added_before_its_first_day(scene: Scene) -> None:
    later = following(version="2027-01-01", valid={"from": "2027-01-01", "to": None})
    add(scene, SENDER, river())
    add(scene, SENDER, later)
    assert POLICY == packs.writable(scene.desk(SENDER), "river").policy_id
    scene.clock.advance(60 * DAY_S)
    publish(scene, A)
    assert "river@2027-01-01" == packs.writable(scene.desk(SENDER), "river").policy_id


def test_a_minimum_version_refuses_the_older_one(scene: Scene) -> None:
    prepare(scene)
    for code in (A, B):
        sign(scene, code, following())
    office = scene.registry(B)
    office.state = replace(office.state, minimum_packs=(NEXT,))
    scene.clock.advance(60)
    agree(scene)
    with pytest.raises(AccessDeniedError) as caught:
        sent(scene)
    assert "PACK_TOO_OLD" in {each.code for each in caught.value.reasons}


def test_a_later_version_of_a_built_in_policy_may_be_the_own_registrars(scene: Scene) -> None:
    name = "cn.state-secrets@2026-06-01"
    value = pack_file("cn.state-secrets") | {
        "version": "2026-06-01",
        "supersedes": "cn.state-secrets@2024-09-01",
        "valid": {"from": "2026-06-01", "to": None},
    }
    for login in (SENDER, VICTIM):
        add(scene, login, as_bytes(value))
    scene.clock.advance(60)
    agree_on_built_in(scene)
    digest = scene.send()
    item = scene.desk(SENDER).mail.sent.get(digest)
    assert item is not None
    assert name == decode_label(item.label).policy
    assert TEXT == opened_text(scene, VICTIM, digest)


def agree_on_built_in(scene: Scene) -> None:
    a, b = scene.registry(A), scene.registry(B)
    terms = terms_up_to("机密", packs=a.packs.to_write())
    proposed = registry.propose_agreement(
        a, scene.keys(B).anchor, scene.keys(A).registrars[:1], name="agr:law", terms=terms
    )
    signed = registry.countersign(b, proposed, scene.keys(B).registrars[:1])
    for each in (a, b):
        registry.adopt_agreement(each, signed)
    publish(scene, A, B)


# --- all or nothing -----------------------------------------------------------------------------


def test_a_desk_that_is_killed_while_adding_has_all_of_it_or_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed, desk = sign(scene, A, river()), scene.desk(SENDER)
    with monkeypatch.context() as broken:

        def full(*_: object) -> None:
            raise VaultError("disk-full")

        broken.setattr(desk.ledger, "append", full)
        with pytest.raises(VaultError):
            packs.add_policy(desk, river(), signed)
    desk = scene.reopen(SENDER)
    assert () == desk.packs.own()
    assert [] == lines(desk, EventType.PACK_ACCEPT)
    _, _, new = packs.add_policy(desk, river(), signed)
    assert new
    desk = scene.reopen(SENDER)
    assert [POLICY] == [each.pack.policy_id for each in desk.packs.own()]
    assert not packs.add_policy(desk, river(), signed)[2]


def test_a_pack_that_was_read_is_kept_for_the_next_question(scene: Scene) -> None:
    add(scene, SENDER, river())
    desk = scene.desk(SENDER)
    first = desk.packs.to_write().named(POLICY)
    assert first is desk.packs.to_read().named(POLICY)
    assert load_pack(river()) == first


# --- registries and cases -----------------------------------------------------------------------


def test_a_registry_stops_using_a_pack_whose_signature_has_ended(scene: Scene) -> None:
    sign(scene, A, river(), days=1)
    scene.clock.advance(DAY_S + 1)
    office, keys = scene.registry(A), scene.keys(A).registrars[:1]
    with pytest.raises(CredentialExpiredError, match="pack-ended"):
        registry.clear(office, SENDER, keys, level="川中", person_class="", pack="river")
    found = [each.event for each in office.ledger.entries()][-1]
    assert EventType.PACK_REFUSE is found.type
    assert "pack-ended" == found.detail["reason"]


def case_under_the_pack(scene: Scene, *, days: int) -> DeskCase:
    """Let m.rossi propose and j.okafor approve a label under the pack."""
    add(scene, INSIDER, river(), days=days)
    add(scene, VICTIM, river(), days=days)
    casework.prepare(scene, designated=False)
    named = casework.designation(scene, levels=(HIGH_ZH,), pack="river")
    for login in (INSIDER, VICTIM):
        authorising.accept(scene.desk(login), named)
    return casework.determined(scene, level=HIGH_ZH, period="2Y", pack="river")


def test_a_case_is_determined_under_an_own_pack(scene: Scene) -> None:
    found = case_under_the_pack(scene, days=30)
    assert CaseState.DETERMINED is found.case.state
    assert found.case.label is not None
    assert POLICY == found.case.label.policy
    assert found.case == determining.load(scene.desk(INSIDER), found.case.id).case


def test_after_the_end_a_case_is_read_and_no_act_is_added(scene: Scene) -> None:
    found = case_under_the_pack(scene, days=1)
    scene.clock.advance(DAY_S + 1)
    desk = scene.desk(INSIDER)
    assert found.case == determining.load(desk, found.case.id).case
    ending = Propose(purpose=Purpose.DECLASSIFY, label=None, reason="")
    with pytest.raises(CredentialExpiredError, match="pack-ended"):
        determining.act(desk, found.case.id, ending)
    with pytest.raises(CredentialExpiredError, match="pack-ended"):
        casework.first_label(desk, found, level=HIGH_ZH, period="2Y", pack="river")
    reasons = [each.detail["reason"] for each in events(desk, EventType.CASE_REFUSE)]
    assert ["pack-ended"] == reasons
